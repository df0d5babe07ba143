// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Collects pledges for a maker, all or nothing, for a month.
contract Campaign {
    uint256 public constant TERM = 30 days;
    address public immutable maker = msg.sender;
    uint256 public immutable goal;
    uint256 public immutable start = block.timestamp;
    uint256 public raised;
    bool public paidOut;
    mapping(address => uint256) public pledgeOf;

    constructor(uint256 goal_) {
        goal = goal_;
    }

    function pledge() external payable {
        require(block.timestamp < start + TERM, "over");
        pledgeOf[msg.sender] += msg.value;
        raised += msg.value;
    }

    function payOut() external {
        require(msg.sender == maker && !paidOut, "refused");
        require(raised >= goal, "not the goal");
        require(block.timestamp >= start + TERM, "too early");
        paidOut = true;
        (bool paid,) = maker.call{value: raised}("");
        require(paid, "not paid");
    }

    function payBack() external {
        require(block.timestamp >= start + TERM && raised < goal, "not now");
        uint256 amount = pledgeOf[msg.sender];
        pledgeOf[msg.sender] = 0;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }
}
