// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Members share what the cooperative earns, by what they brought.
contract Cooperative {
    mapping(address => uint256) public stakeOf;
    mapping(address => uint256) public earned;
    uint256 public total;
    uint256 private perStake;
    mapping(address => uint256) private settledAt;

    function join() external payable {
        require(msg.value > 0, "nothing");
        _settle();
        stakeOf[msg.sender] += msg.value;
        total += msg.value;
    }

    function distribute() external payable {
        require(total > 0, "no members");
        perStake += msg.value * 1e18 / total;
    }

    function leave() external {
        _settle();
        uint256 amount = stakeOf[msg.sender] + earned[msg.sender];
        require(amount > 0, "nothing");
        total -= stakeOf[msg.sender];
        stakeOf[msg.sender] = 0;
        earned[msg.sender] = 0;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }

    function _settle() private {
        earned[msg.sender] += stakeOf[msg.sender] * (perStake - settledAt[msg.sender]) / 1e18;
        settledAt[msg.sender] = perStake;
    }
}
