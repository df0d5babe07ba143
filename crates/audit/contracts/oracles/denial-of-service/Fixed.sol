// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice The highest bid of three days.
contract Auction {
    uint256 public constant TERM = 3 days;
    address public immutable seller = msg.sender;
    uint256 public immutable start = block.timestamp;
    address public bidder;
    address public refundTo;
    uint256 public highest;
    bool public closed;
    mapping(address => uint256) public pending;

    function bid(address refundTo_) external payable {
        require(block.timestamp < start + TERM, "over");
        require(msg.value > highest, "too low");
        address last = bidder;
        uint256 amount = highest;
        (bidder, refundTo, highest) = (msg.sender, refundTo_, msg.value);
        pending[last] += amount;
    }

    /// @notice Fetches what was overbid.
    function withdraw(address to) external {
        uint256 amount = pending[msg.sender];
        require(amount > 0, "nothing there");
        pending[msg.sender] = 0;
        (bool paid,) = to.call{value: amount}("");
        require(paid, "not paid");
    }

    function close(address to) external {
        require(msg.sender == seller && !closed && block.timestamp >= start + TERM, "refused");
        closed = true;
        (bool paid,) = to.call{value: highest}("");
        require(paid, "not paid");
    }
}
