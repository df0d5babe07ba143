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

contract Elm is Votes {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Elm", "ELM") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Ether that its owner spends.
contract Treasury {
    address public owner = msg.sender;

    constructor() payable {}

    receive() external payable {}

    function transferOwnership(address owner_) external {
        require(msg.sender == owner, "not the owner");
        owner = owner_;
    }

    function pay(address to, uint256 amount) external {
        require(msg.sender == owner, "not the owner");
        (bool paid,) = to.call{value: amount}("");
        require(paid, "not paid");
    }
}

/// @notice Holders vote on grants out of the treasury.
contract Assembly {
    struct Grant {
        address to;
        uint256 amount;
        uint256 snapshot;
        uint256 end;
        uint256 yes;
        uint256 no;
        bool paid;
    }

    /// @dev A fifth of all tokens.
    uint256 public constant QUORUM = 20_000e18;
    uint256 public constant PERIOD = 4 days;
    Elm public immutable token;
    Treasury public immutable treasury;
    mapping(bytes32 => Grant) public grants;
    mapping(bytes32 => mapping(address => bool)) public voted;

    constructor(Elm token_, Treasury treasury_) {
        token = token_;
        treasury = treasury_;
    }

    function ask(address to, uint256 amount, string calldata reason) external returns (bytes32 id) {
        id = keccak256(abi.encode(to, amount, reason));
        require(grants[id].end == 0, "asked");
        grants[id] = Grant(to, amount, block.number - 1, block.timestamp + PERIOD, 0, 0, false);
    }

    function vote(bytes32 id, bool support) external {
        Grant storage grant = grants[id];
        require(block.timestamp < grant.end && !voted[id][msg.sender], "not now");
        voted[id][msg.sender] = true;
        uint256 votes = token.getPastVotes(msg.sender, grant.snapshot);
        if (support) grant.yes += votes;
        else grant.no += votes;
    }

    function pay(bytes32 id) external {
        Grant storage grant = grants[id];
        require(grant.end > 0 && block.timestamp >= grant.end && !grant.paid, "not now");
        require(grant.yes >= QUORUM && grant.yes > grant.no, "not passed");
        grant.paid = true;
        treasury.pay(grant.to, grant.amount);
    }
}
