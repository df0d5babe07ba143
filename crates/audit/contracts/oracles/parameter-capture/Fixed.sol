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

contract Pine is Votes {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Pine", "PINE") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Holders vote on calls; the quorum is a share of all tokens.
contract Moot {
    struct Motion {
        address target;
        uint256 value;
        bytes data;
        uint256 snapshot;
        uint256 end;
        uint256 yes;
        uint256 no;
        bool done;
    }

    uint256 public constant PERIOD = 3 days;
    Pine public immutable token;
    /// @dev Of a hundred.
    uint256 public quorum = 40;
    Motion[] public motions;
    mapping(uint256 => mapping(address => bool)) public voted;

    constructor(Pine token_) payable {
        token = token_;
    }

    receive() external payable {}

    /// @notice Tunes the quorum within bounds, by a motion.
    function setQuorum(uint256 quorum_) external {
        require(msg.sender == address(this) && quorum_ >= 20 && quorum_ <= 60, "refused");
        quorum = quorum_;
    }

    function move(address target, uint256 value, bytes calldata data) external returns (uint256 id) {
        require(token.getPastVotes(msg.sender, block.number - 1) >= 100e18, "too few votes");
        id = motions.length;
        motions.push(Motion(target, value, data, block.number - 1, block.timestamp + PERIOD, 0, 0, false));
    }

    function vote(uint256 id, bool support) external {
        Motion storage motion = motions[id];
        require(block.timestamp < motion.end && !voted[id][msg.sender], "refused");
        voted[id][msg.sender] = true;
        uint256 votes = token.getPastVotes(msg.sender, motion.snapshot);
        if (support) motion.yes += votes;
        else motion.no += votes;
    }

    function carry(uint256 id) external {
        Motion storage motion = motions[id];
        require(block.timestamp >= motion.end && !motion.done, "not now");
        uint256 supply = token.getPastTotalSupply(motion.snapshot);
        require(motion.yes > motion.no && motion.yes * 100 >= supply * quorum, "not carried");
        motion.done = true;
        (bool done,) = motion.target.call{value: motion.value}(motion.data);
        require(done, "failed");
    }
}
