// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Citizens have a hundred credits for each round of grants; votes cost their square.
contract Plural {
    struct Grant {
        address to;
        uint256 amount;
        uint256 end;
        uint256 votes;
        bool paid;
    }

    uint256 public constant PERIOD = 3 days;
    uint256 public constant CREDITS = 100;
    uint256 public constant NEEDED = 18;
    mapping(address => bool) public isCitizen;
    Grant[] public grants;
    mapping(uint256 => mapping(address => uint256)) public votesOf;
    mapping(uint256 => mapping(address => uint256)) public spentBy;

    constructor(address[] memory citizens) payable {
        for (uint256 i = 0; i < citizens.length; i++) isCitizen[citizens[i]] = true;
    }

    receive() external payable {}

    function ask(address to, uint256 amount) external returns (uint256 id) {
        require(isCitizen[msg.sender], "no citizen");
        id = grants.length;
        grants.push(Grant(to, amount, block.timestamp + PERIOD, 0, false));
    }

    function vote(uint256 id, uint256 votes) external {
        Grant storage grant = grants[id];
        require(isCitizen[msg.sender] && block.timestamp < grant.end, "refused");
        require(votes > 0 && votes <= CREDITS, "too many");
        votesOf[id][msg.sender] += votes;
        spentBy[id][msg.sender] = votesOf[id][msg.sender] ** 2;
        require(spentBy[id][msg.sender] <= CREDITS, "no credits");
        grant.votes += votes;
    }

    function pay(uint256 id) external {
        Grant storage grant = grants[id];
        require(block.timestamp >= grant.end && !grant.paid && grant.votes >= NEEDED, "not now");
        grant.paid = true;
        (bool paid,) = grant.to.call{value: grant.amount}("");
        require(paid, "not paid");
    }
}
