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

contract Swrv is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Swerve", "SWRV") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Usd is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Swerve USD", "swUSD") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Tokens locked for a year, which vote.
contract VotingEscrow {
    uint256 public constant TERM = 365 days;
    Swrv public immutable token;
    uint256 public totalLocked;
    mapping(address => uint256) public lockedOf;
    mapping(address => uint256) public lockedAt;

    constructor(Swrv token_) {
        token = token_;
    }

    function lock(uint256 amount) external {
        require(amount > 0, "nothing");
        lockedOf[msg.sender] += amount;
        totalLocked += amount;
        lockedAt[msg.sender] = block.timestamp;
        require(token.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function withdraw() external {
        require(block.timestamp >= lockedAt[msg.sender] + TERM, "locked");
        uint256 amount = lockedOf[msg.sender];
        lockedOf[msg.sender] = 0;
        totalLocked -= amount;
        require(token.transfer(msg.sender, amount), "not paid");
    }
}

/// @title Votes of locked tokens, after Swerve
/// @notice Three tenths of what is locked are enough, however little that is (Swerve, March 2023).
contract Voting {
    struct Vote {
        address target;
        bytes data;
        uint256 start;
        uint256 power;
        uint256 yes;
        uint256 no;
        bool executed;
    }

    uint256 public constant PERIOD = 7 days;
    VotingEscrow public immutable escrow;
    Vote[] public votes;
    mapping(uint256 => mapping(address => bool)) public voted;

    constructor(VotingEscrow escrow_) {
        escrow = escrow_;
    }

    function newVote(address target, bytes calldata data) external returns (uint256 id) {
        require(escrow.lockedOf(msg.sender) >= 2500e18, "too few votes");
        id = votes.length;
        votes.push(Vote(target, data, block.timestamp, escrow.totalLocked(), 0, 0, false));
    }

    /// @notice Votes with what was locked before the vote began.
    function vote(uint256 id, bool support) external {
        Vote storage one = votes[id];
        require(block.timestamp < one.start + PERIOD, "over");
        require(!voted[id][msg.sender], "voted");
        require(escrow.lockedAt(msg.sender) < one.start, "locked too late");
        voted[id][msg.sender] = true;
        if (support) one.yes += escrow.lockedOf(msg.sender);
        else one.no += escrow.lockedOf(msg.sender);
    }

    function executeVote(uint256 id) external {
        Vote storage one = votes[id];
        require(block.timestamp >= one.start + PERIOD, "voting");
        require(!one.executed, "executed");
        require(one.yes * 100 >= one.power * 30, "no quorum");
        require(one.yes > one.no, "refused");
        one.executed = true;
        (bool done,) = one.target.call(one.data);
        require(done, "failed");
    }
}

/// @notice A pool of stable coins that the votes own.
contract Pool {
    Usd public immutable usd;
    address public owner;

    constructor(Usd usd_, address owner_) {
        usd = usd_;
        owner = owner_;
    }

    function transferOwnership(address owner_) external {
        require(msg.sender == owner, "not the owner");
        owner = owner_;
    }

    function withdraw(address to, uint256 amount) external {
        require(msg.sender == owner, "not the owner");
        require(usd.transfer(to, amount), "not paid");
    }
}
