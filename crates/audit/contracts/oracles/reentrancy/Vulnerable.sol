// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Keeps ether, which holders may also pass on inside.
contract Savings {
    mapping(address => uint256) public balanceOf;
    uint256 public total;

    function deposit() external payable {
        balanceOf[msg.sender] += msg.value;
        total += msg.value;
    }

    function transfer(address to, uint256 amount) external {
        require(to != msg.sender, "to oneself");
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function withdraw() external {
        uint256 amount = balanceOf[msg.sender];
        require(amount > 0, "nothing there");
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
        balanceOf[msg.sender] = 0;
        if (total >= amount) total -= amount;
    }
}
