// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice The board pays after a week, unless the guardian says no.
contract Guarded {
    struct Payment {
        address to;
        uint256 amount;
        uint256 readyAt;
        bool closed;
    }

    uint256 public constant DELAY = 7 days;
    uint256 public constant SILENCE = 30 days;
    address public immutable board;
    address public guardian;
    uint256 public lastSeen = block.timestamp;
    Payment[] public payments;

    constructor(address guardian_, address board_) payable {
        guardian = guardian_;
        board = board_;
    }

    receive() external payable {}

    function plan(address to, uint256 amount) external returns (uint256 id) {
        require(msg.sender == board, "not the board");
        id = payments.length;
        payments.push(Payment(to, amount, block.timestamp + DELAY, false));
    }

    function veto(uint256 id) external {
        require(msg.sender == guardian && !payments[id].closed, "refused");
        lastSeen = block.timestamp;
        payments[id].closed = true;
    }

    /// @notice Says that the guardian is there.
    function wave() external {
        require(msg.sender == guardian, "not the guardian");
        lastSeen = block.timestamp;
    }

    /// @notice Puts another guardian in the place of a silent one.
    function replaceGuardian(address guardian_) external {
        require(msg.sender == guardian || block.timestamp > lastSeen + SILENCE, "not silent");
        guardian = guardian_;
        lastSeen = block.timestamp;
    }

    function pay(uint256 id) external {
        Payment storage payment = payments[id];
        require(!payment.closed && block.timestamp >= payment.readyAt, "not now");
        payment.closed = true;
        (bool paid,) = payment.to.call{value: payment.amount}("");
        require(paid, "not paid");
    }
}
