// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Members pay a fee; the keeper spends it.
contract Club {
    address public immutable keeper = msg.sender;
    uint256 public fee = 1 ether;
    address payable public treasurer = payable(msg.sender);
    mapping(address => bool) public isMember;

    modifier onlyKeeper() {
        require(msg.sender == keeper, "not the keeper");
        _;
    }

    function join() external payable {
        require(msg.value == fee && !isMember[msg.sender], "refused");
        isMember[msg.sender] = true;
    }

    function setFee(uint256 fee_) external onlyKeeper {
        require(fee_ > 0 && fee_ <= 10 ether, "refused");
        fee = fee_;
    }

    function setTreasurer(address payable treasurer_) external onlyKeeper {
        treasurer = treasurer_;
    }

    function collect() external {
        require(msg.sender == treasurer, "not the treasurer");
        (bool paid,) = treasurer.call{value: address(this).balance}("");
        require(paid, "not paid");
    }
}
