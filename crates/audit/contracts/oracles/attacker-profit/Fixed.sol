// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Vouchers for ether, that may be given back; who brings others is thanked.
contract Vouchers {
    mapping(address => uint256) public balanceOf;
    mapping(address => uint256) public thanksTo;
    uint256 public sold;

    function buy(address referrer) external payable {
        require(msg.value >= 0.01 ether, "too little");
        balanceOf[msg.sender] += msg.value;
        sold += msg.value;
        uint256 thanks = msg.value / 20;
        thanksTo[referrer] += thanks;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function redeem(uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }
}
