// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Gifts of ether are granted by the votes of stakes, which are cast by delegates.
contract Delegates {
    struct Grant {
        address to;
        uint256 amount;
        uint256 end;
        uint256 votes;
        bool paid;
    }

    uint256 public constant PERIOD = 6 days;
    uint256 public total;
    uint256 public gifts;
    mapping(address => uint256) public stakeOf;
    mapping(address => address) public delegateOf;
    mapping(address => uint256) public votesOf;
    mapping(address => uint256) public busyUntil;
    Grant[] public grants;
    mapping(uint256 => mapping(address => bool)) public voted;

    function give() external payable {
        gifts += msg.value;
    }

    function stake() external payable {
        stakeOf[msg.sender] += msg.value;
        total += msg.value;
        if (delegateOf[msg.sender] != address(0)) votesOf[delegateOf[msg.sender]] += msg.value;
    }

    function unstake(uint256 amount) external {
        address to = delegateOf[msg.sender];
        require(block.timestamp >= busyUntil[to], "voting");
        stakeOf[msg.sender] -= amount;
        total -= amount;
        if (to != address(0)) votesOf[to] -= amount;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }

    /// @notice Gives one's votes to another, or to oneself; not while they are cast.
    function delegate(address to) external {
        address old = delegateOf[msg.sender];
        require(to != address(0) && block.timestamp >= busyUntil[old], "refused");
        delegateOf[msg.sender] = to;
        votesOf[to] += stakeOf[msg.sender];
    }

    function ask(address to, uint256 amount) external returns (uint256 id) {
        require(stakeOf[msg.sender] > 0, "no stake");
        id = grants.length;
        grants.push(Grant(to, amount, block.timestamp + PERIOD, 0, false));
    }

    function vote(uint256 id) external {
        Grant storage grant = grants[id];
        require(block.timestamp < grant.end && !voted[id][msg.sender], "refused");
        voted[id][msg.sender] = true;
        if (grant.end > busyUntil[msg.sender]) busyUntil[msg.sender] = grant.end;
        grant.votes += votesOf[msg.sender];
    }

    function pay(uint256 id) external {
        Grant storage grant = grants[id];
        require(block.timestamp >= grant.end && !grant.paid, "not now");
        require(grant.votes * 2 > total && total >= 50 ether, "not passed");
        grant.paid = true;
        gifts -= grant.amount;
        (bool paid,) = grant.to.call{value: grant.amount}("");
        require(paid, "not paid");
    }
}
