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

contract Bean is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Bean", "BEAN") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

interface IFlashBorrower {
    function onFlashLoan(address initiator, address token, uint256 amount, uint256 fee, bytes calldata data)
        external
        returns (bytes32);
}

/// @notice Lends beans for the time of a call, for nothing (ERC-3156).
contract FlashLender {
    bytes32 private constant ANSWER = keccak256("ERC3156FlashBorrower.onFlashLoan");
    Bean public immutable bean;
    address public immutable owner;

    constructor(Bean bean_) {
        bean = bean_;
        owner = msg.sender;
    }

    function flashLoan(address receiver, address token, uint256 amount, bytes calldata data) external returns (bool) {
        require(token == address(bean), "unknown token");
        require(bean.transfer(receiver, amount), "not lent");
        require(IFlashBorrower(receiver).onFlashLoan(msg.sender, token, amount, 0, data) == ANSWER, "not a borrower");
        require(bean.transferFrom(receiver, address(this), amount), "not repaid");
        return true;
    }

    function withdraw(uint256 amount) external {
        require(msg.sender == owner, "not the owner");
        require(bean.transfer(owner, amount), "not paid");
    }
}

/// @title Deposits that vote, after Beanstalk
/// @notice What an account has deposited at the moment of its vote is its weight, and a supermajority commits at once
/// (Beanstalk, 17 April 2022, BIP-18).
contract Silo {
    struct Proposal {
        address init;
        bytes data;
        uint256 start;
        uint256 votes;
        uint256 stake;
        bool committed;
    }

    uint256 public constant EMERGENCY_PERIOD = 1 days;
    uint256 public constant VOTING_PERIOD = 7 days;
    Bean public immutable bean;
    uint256 public totalDeposits;
    mapping(address => uint256) public depositOf;
    mapping(address => uint256) public depositedAt;
    mapping(address => uint256) public lastVoted;
    mapping(uint256 => mapping(address => bool)) public voted;
    Proposal[] public proposals;

    constructor(Bean bean_) {
        bean = bean_;
        proposals.push(); // Numbers begin at one.
        proposals[0].committed = true;
    }

    function deposit(uint256 amount) external {
        depositOf[msg.sender] += amount;
        totalDeposits += amount;
        depositedAt[msg.sender] = block.timestamp;
        require(bean.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    /// @notice Who has voted withdraws when the vote is over.
    function withdraw(uint256 amount) external {
        Proposal storage last = proposals[lastVoted[msg.sender]];
        require(last.committed || block.timestamp > last.start + VOTING_PERIOD, "voting");
        depositOf[msg.sender] -= amount;
        totalDeposits -= amount;
        require(bean.transfer(msg.sender, amount), "not paid");
    }

    /// @notice Proposes to run `data` on `init` in the place of this contract. Needs one deposited bean.
    function propose(address init, bytes calldata data) external returns (uint256 id) {
        require(depositOf[msg.sender] >= 1e18, "no stake");
        id = proposals.length;
        proposals.push();
        proposals[id].init = init;
        proposals[id].data = data;
        proposals[id].start = block.timestamp;
        proposals[id].stake = totalDeposits;
    }

    function vote(uint256 id) external {
        Proposal storage proposal = proposals[id];
        require(!proposal.committed && block.timestamp <= proposal.start + VOTING_PERIOD, "over");
        require(!voted[id][msg.sender], "voted");
        voted[id][msg.sender] = true;
        if (id > lastVoted[msg.sender]) lastVoted[msg.sender] = id;
        proposal.votes += depositOf[msg.sender];
    }

    /// @notice Runs a proposal that two thirds voted for, a day after it was made.
    function emergencyCommit(uint256 id) external {
        Proposal storage proposal = proposals[id];
        require(!proposal.committed, "committed");
        require(block.timestamp >= proposal.start + EMERGENCY_PERIOD, "too early");
        require(block.timestamp <= proposal.start + VOTING_PERIOD, "too late");
        require(proposal.votes * 3 >= totalDeposits * 2, "no supermajority");
        proposal.committed = true;
        (bool done,) = proposal.init.delegatecall(proposal.data);
        require(done, "failed");
    }
}
