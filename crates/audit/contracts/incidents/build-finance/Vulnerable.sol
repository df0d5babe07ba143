// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @dev A plain ERC-20: transfers revert when they cannot be made.
abstract contract ERC20 {
    string public name;
    string public symbol;
    uint8 public constant decimals = 18;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);

    constructor(string memory name_, string memory symbol_) {
        name = name_;
        symbol = symbol_;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) internal virtual {
        require(to != address(0), "no receiver");
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        emit Transfer(from, to, amount);
    }

    function _mint(address to, uint256 amount) internal virtual {
        require(to != address(0), "no receiver");
        totalSupply += amount;
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }

    function _burn(address from, uint256 amount) internal virtual {
        balanceOf[from] -= amount;
        totalSupply -= amount;
        emit Transfer(from, address(0), amount);
    }
}

contract Build is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Build Finance", "BUILD") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @title Locked tokens vote, after Build Finance
/// @notice No share of the tokens need take part (Build Finance, February 2022).
contract Governance {
    struct Proposal {
        bytes32 action;
        uint256 end;
        uint256 yes;
        uint256 no;
        bool executed;
    }

    uint256 public constant PERIOD = 2 days;
    Build public immutable token;
    Proposal[] public proposals;
    mapping(uint256 => mapping(address => uint256)) public locked;

    constructor(Build token_) {
        token = token_;
    }

    /// @notice Proposes a call that this contract shall make. Needs a hundred tokens.
    function propose(address target, uint256 value, bytes calldata data) external returns (uint256 id) {
        require(token.balanceOf(msg.sender) >= 100e18, "too few tokens");
        id = proposals.length;
        bytes32 action = keccak256(abi.encode(target, value, data));
        proposals.push(Proposal(action, block.timestamp + PERIOD, 0, 0, false));
    }

    /// @notice Locks tokens until the vote is over.
    function vote(uint256 id, bool support, uint256 amount) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp < proposal.end, "over");
        if (support) proposal.yes += amount;
        else proposal.no += amount;
        locked[id][msg.sender] += amount;
        require(token.transferFrom(msg.sender, address(this), amount), "not locked");
    }

    function unlock(uint256 id) external {
        require(block.timestamp >= proposals[id].end, "voting");
        uint256 amount = locked[id][msg.sender];
        locked[id][msg.sender] = 0;
        require(token.transfer(msg.sender, amount), "not paid");
    }

    function passed(uint256 id) public view returns (bool) {
        Proposal storage proposal = proposals[id];
        return proposal.yes > proposal.no;
    }

    function execute(uint256 id, address target, uint256 value, bytes calldata data) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp >= proposal.end, "voting");
        require(!proposal.executed && passed(id), "not passed");
        require(proposal.action == keccak256(abi.encode(target, value, data)), "another call");
        proposal.executed = true;
        (bool done,) = target.call{value: value}(data);
        require(done, "failed");
    }
}
