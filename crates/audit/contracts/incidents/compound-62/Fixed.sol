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

contract Comp is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Compound", "COMP") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Tusd is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("TrueUSD", "TUSD") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @title Rewards for suppliers by an index, after Compound's Comptroller
/// @notice An earlier supplier starts at the initial index.
contract Comptroller {
    uint256 public constant INITIAL_INDEX = 1e36;
    address public immutable admin;
    Comp public immutable comp;
    Tusd public immutable tusd;
    uint256 public speed;
    uint256 public supplyIndex;
    uint256 public updated;
    uint256 public totalSupplied;
    mapping(address => uint256) public supplied;
    mapping(address => uint256) public supplierIndex;
    mapping(address => uint256) public compAccrued;

    constructor(Comp comp_, Tusd tusd_) {
        admin = msg.sender;
        comp = comp_;
        tusd = tusd_;
        updated = block.timestamp;
    }

    /// @notice Takes rewards by the index up: what the upgrade does to every market.
    function startRewards() external {
        require(msg.sender == admin && supplyIndex == 0, "refused");
        supplyIndex = INITIAL_INDEX;
        updated = block.timestamp;
    }

    /// @notice COMP a second for the whole market.
    function setSpeed(uint256 speed_) external {
        require(msg.sender == admin && supplyIndex > 0 && speed_ <= 1e18, "refused");
        updateIndex();
        speed = speed_;
    }

    function supply(uint256 amount) external {
        updateIndex();
        distribute(msg.sender);
        supplied[msg.sender] += amount;
        totalSupplied += amount;
        require(tusd.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function redeem(uint256 amount) external {
        updateIndex();
        distribute(msg.sender);
        supplied[msg.sender] -= amount;
        totalSupplied -= amount;
        require(tusd.transfer(msg.sender, amount), "not paid");
    }

    function claimComp() external {
        updateIndex();
        distribute(msg.sender);
        uint256 amount = compAccrued[msg.sender];
        uint256 remaining = comp.balanceOf(address(this));
        if (amount > 0 && amount <= remaining) {
            compAccrued[msg.sender] = 0;
            require(comp.transfer(msg.sender, amount), "not paid");
        }
    }

    /// @notice What lies here and the market does not need goes back.
    function grant(address to, uint256 amount) external {
        require(msg.sender == admin, "not the admin");
        require(comp.transfer(to, amount), "not paid");
    }

    function updateIndex() internal {
        if (totalSupplied > 0) supplyIndex += speed * (block.timestamp - updated) * 1e36 / totalSupplied;
        updated = block.timestamp;
    }

    function distribute(address supplier) internal {
        uint256 index = supplierIndex[supplier];
        supplierIndex[supplier] = supplyIndex;
        if (index == 0 && supplyIndex >= INITIAL_INDEX) index = INITIAL_INDEX;
        compAccrued[supplier] += supplied[supplier] * (supplyIndex - index) / 1e36;
    }
}
