// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice One owner's ether.
contract Purse {
    address public immutable owner = msg.sender;

    constructor() payable {}

    function pay(address payable to, uint256 amount) external {
        require(msg.sender == owner, "not the owner");
        (bool paid,) = to.call{value: amount}("");
        require(paid, "not paid");
    }
}
