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

contract Wood is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Wood", "WOOD") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Iron is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Iron", "IRON") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Members bring as much wood as iron, and may leave with their part of either.
contract Guild {
    mapping(address => bool) public isTreasure;
    ERC20 public immutable wood;
    ERC20 public immutable iron;
    uint256 public totalShares;
    mapping(address => uint256) public sharesOf;

    constructor(ERC20 wood_, ERC20 iron_) {
        wood = wood_;
        iron = iron_;
        isTreasure[address(wood_)] = true;
        isTreasure[address(iron_)] = true;
    }

    function join(uint256 amount) external {
        require(amount > 0, "nothing");
        sharesOf[msg.sender] += amount;
        totalShares += amount;
        require(wood.transferFrom(msg.sender, address(this), amount), "not paid");
        require(iron.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    /// @notice Leaves with a part of the tokens named; the others are left to the guild.
    function leave(uint256 shares, ERC20[] calldata tokens) external {
        uint256 all = totalShares;
        sharesOf[msg.sender] -= shares;
        totalShares -= shares;
        for (uint256 i = 0; i < tokens.length; i++) {
            require(isTreasure[address(tokens[i])], "no treasure");
            uint256 amount = tokens[i].balanceOf(address(this)) * shares / all;
            require(tokens[i].transfer(msg.sender, amount), "not paid");
        }
    }
}
