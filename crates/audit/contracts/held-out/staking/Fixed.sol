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

contract Ore is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Ore", "ORE") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Stakes share the rewards that are brought, by the stakes of that moment.
contract Mine {
    Ore public immutable ore;
    uint256 public totalStaked;
    uint256 public perStake;
    mapping(address => uint256) public stakeOf;
    mapping(address => uint256) public settledAt;
    mapping(address => uint256) public rewardOf;

    constructor(Ore ore_) {
        ore = ore_;
    }

    function reward(uint256 amount) external {
        require(totalStaked > 0, "nobody stakes");
        perStake += amount * 1e18 / totalStaked;
        require(ore.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function stake(uint256 amount) external {
        _settle();
        stakeOf[msg.sender] += amount;
        totalStaked += amount;
        require(ore.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function unstake(uint256 amount) external {
        _settle();
        stakeOf[msg.sender] -= amount;
        totalStaked -= amount;
        require(ore.transfer(msg.sender, amount), "not paid");
    }

    function collect() external {
        _settle();
        uint256 amount = rewardOf[msg.sender];
        rewardOf[msg.sender] = 0;
        require(ore.transfer(msg.sender, amount), "not paid");
    }

    function _settle() private {
        rewardOf[msg.sender] += stakeOf[msg.sender] * (perStake - settledAt[msg.sender]) / 1e18;
        settledAt[msg.sender] = perStake;
    }
}
