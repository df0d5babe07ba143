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

/// @dev Every holder votes with the balance of a past block.
abstract contract Votes is ERC20 {
    struct Checkpoint {
        uint64 at;
        uint192 value;
    }

    mapping(address => Checkpoint[]) private balances;
    Checkpoint[] private supplies;

    function getPastVotes(address account, uint256 at) external view returns (uint256) {
        return _past(balances[account], at);
    }

    function getPastTotalSupply(uint256 at) external view returns (uint256) {
        return _past(supplies, at);
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        _write(balances[from], balanceOf[from]);
        _write(balances[to], balanceOf[to]);
    }

    function _mint(address to, uint256 amount) internal override {
        super._mint(to, amount);
        _write(balances[to], balanceOf[to]);
        _write(supplies, totalSupply);
    }

    function _write(Checkpoint[] storage history, uint256 value) private {
        require(value <= type(uint192).max, "too much");
        uint256 length = history.length;
        if (length > 0 && history[length - 1].at == block.number) history[length - 1].value = uint192(value);
        else history.push(Checkpoint(uint64(block.number), uint192(value)));
    }

    function _past(Checkpoint[] storage history, uint256 at) private view returns (uint256) {
        require(at < block.number, "not yet past");
        uint256 low = 0;
        uint256 high = history.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (history[middle].at > at) high = middle;
            else low = middle + 1;
        }
        return low == 0 ? 0 : history[low - 1].value;
    }
}

contract Fts is Votes {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Fortress", "FTS") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Dai is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Dai", "DAI") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @title A price that validators sign, after Umbrella's chain
/// @notice Two thirds of the validators' power must sign.
contract PriceChain {
    mapping(address => uint256) public powerOf;
    uint256 public totalPower;
    uint256 public price;
    uint256 public dataTimestamp;

    struct Signature {
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    constructor(address[] memory validators, uint256[] memory powers, uint256 price_) {
        for (uint256 i = 0; i < validators.length; i++) {
            powerOf[validators[i]] = powers[i];
            totalPower += powers[i];
        }
        price = price_;
    }

    /// @notice Takes a newer price. Signers come in the order of their addresses.
    function submit(uint256 timestamp, uint256 price_, Signature[] calldata signatures) external {
        require(timestamp > dataTimestamp && timestamp <= block.timestamp, "not newer");
        bytes32 digest = keccak256(abi.encode(block.chainid, address(this), timestamp, price_));
        uint256 power = 0;
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = ecrecover(digest, signatures[i].v, signatures[i].r, signatures[i].s);
            require(signer > last, "out of order");
            last = signer;
            power += powerOf[signer];
        }
        require(power * 3 >= totalPower * 2, "too little power");
        dataTimestamp = timestamp;
        price = price_;
    }
}

/// @title Holders vote on calls, after Fortress
contract Governor {
    struct Proposal {
        address target;
        bytes data;
        uint256 snapshot;
        uint256 start;
        uint256 yes;
        uint256 no;
        bool executed;
    }

    uint256 public constant VOTING_PERIOD = 3 days;
    uint256 public constant DELAY = 2 days;
    /// @dev Four per cent of the supply.
    /// @dev Thirty per cent of the supply.
    uint256 public constant QUORUM = 3_000_000e18;
    Fts public immutable token;
    Proposal[] public proposals;
    mapping(uint256 => mapping(address => bool)) public voted;

    constructor(Fts token_) {
        token = token_;
    }

    function propose(address target, bytes calldata data) external returns (uint256 id) {
        require(token.getPastVotes(msg.sender, block.number - 1) >= 100_000e18, "too few votes");
        id = proposals.length;
        proposals.push(Proposal(target, data, block.number - 1, block.timestamp, 0, 0, false));
    }

    function castVote(uint256 id, bool support) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp < proposal.start + VOTING_PERIOD, "over");
        require(!voted[id][msg.sender], "voted");
        voted[id][msg.sender] = true;
        uint256 votes = token.getPastVotes(msg.sender, proposal.snapshot);
        if (support) proposal.yes += votes;
        else proposal.no += votes;
    }

    function execute(uint256 id) external {
        Proposal storage proposal = proposals[id];
        require(block.timestamp >= proposal.start + VOTING_PERIOD + DELAY, "too early");
        require(!proposal.executed, "executed");
        require(proposal.yes >= QUORUM && proposal.yes > proposal.no, "not passed");
        proposal.executed = true;
        (bool done,) = proposal.target.call(proposal.data);
        require(done, "failed");
    }
}

/// @notice Lends DAI against FTS, as far as governance lets FTS count.
contract Comptroller {
    Fts public immutable fts;
    Dai public immutable dai;
    PriceChain public immutable chain;
    address public immutable governor;
    /// @dev What a unit of collateral counts, of 1e18.
    uint256 public collateralFactor;
    mapping(address => uint256) public lent;
    mapping(address => uint256) public collateral;
    mapping(address => uint256) public debt;

    constructor(Fts fts_, Dai dai_, PriceChain chain_, address governor_) {
        fts = fts_;
        dai = dai_;
        chain = chain_;
        governor = governor_;
    }

    function setCollateralFactor(uint256 factor) external {
        require(msg.sender == governor && factor <= 0.9e18, "refused");
        collateralFactor = factor;
    }

    function lend(uint256 amount) external {
        lent[msg.sender] += amount;
        require(dai.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function redeem(uint256 amount) external {
        lent[msg.sender] -= amount;
        require(dai.transfer(msg.sender, amount), "not paid");
    }

    function deposit(uint256 amount) external {
        collateral[msg.sender] += amount;
        require(fts.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function withdraw(uint256 amount) external {
        collateral[msg.sender] -= amount;
        require(healthy(msg.sender), "in debt");
        require(fts.transfer(msg.sender, amount), "not paid");
    }

    function borrow(uint256 amount) external {
        debt[msg.sender] += amount;
        require(healthy(msg.sender), "too little collateral");
        require(dai.transfer(msg.sender, amount), "not paid");
    }

    function repay(uint256 amount) external {
        debt[msg.sender] -= amount;
        require(dai.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function healthy(address account) public view returns (bool) {
        return collateral[account] * chain.price() / 1e18 * collateralFactor / 1e18 >= debt[account];
    }
}
