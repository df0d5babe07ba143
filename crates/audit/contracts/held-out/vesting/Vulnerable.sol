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

contract Stock is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Stock", "STK") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Grants become their holders' over a year.
contract Vesting {
    struct Grant {
        uint256 amount;
        uint256 released;
        uint256 start;
    }

    uint256 public constant TERM = 365 days;
    Stock public immutable stock;
    address public immutable owner = msg.sender;
    mapping(address => Grant) public grants;

    constructor(Stock stock_) {
        stock = stock_;
    }

    function grant(address holder, uint256 amount) external {
        require(msg.sender == owner && grants[holder].amount == 0, "refused");
        grants[holder] = Grant(amount, 0, block.timestamp);
        require(stock.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    /// @notice Moves a grant to another account of its holder's.
    function move(address from, address to) external {
        require(msg.sender == from || msg.sender == owner || grants[to].amount == 0, "refused");
        require(grants[from].amount > 0 && from != to && to != address(0), "no grant");
        grants[to] = grants[from];
        delete grants[from];
    }

    function release() external {
        Grant storage one = grants[msg.sender];
        uint256 passed = block.timestamp - one.start;
        uint256 vested = passed >= TERM ? one.amount : one.amount * passed / TERM;
        uint256 amount = vested - one.released;
        one.released = vested;
        require(stock.transfer(msg.sender, amount), "not paid");
    }
}
