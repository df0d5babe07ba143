// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

interface IToken {
    function balanceOf(address account) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

interface IFlashBorrower {
    function onFlashLoan(address initiator, address token, uint256 amount, uint256 fee, bytes calldata data)
        external
        payable
        returns (bytes32);
}

/// @notice Lends what it has for the time of a call, for nothing: tokens as ERC-3156 has it, and ether under address zero, which
/// is sent along with the callback and sent back before its end.
contract Loans {
    bytes32 private constant ANSWER = keccak256("ERC3156FlashBorrower.onFlashLoan");

    constructor() payable {}

    receive() external payable {}

    function flashLoan(address receiver, address token, uint256 amount, bytes calldata data) external returns (bool) {
        uint256 before = _has(token);
        bool ether_ = token == address(0);
        if (!ether_) IToken(token).transfer(receiver, amount);
        bytes32 answer = IFlashBorrower(receiver).onFlashLoan{value: ether_ ? amount : 0}(msg.sender, token, amount, 0, data);
        require(answer == ANSWER, "not a borrower");
        if (!ether_ && _has(token) < before) IToken(token).transferFrom(receiver, address(this), amount);
        require(_has(token) >= before, "not repaid");
        return true;
    }

    function _has(address token) private view returns (uint256) {
        return token == address(0) ? address(this).balance : IToken(token).balanceOf(address(this));
    }
}
