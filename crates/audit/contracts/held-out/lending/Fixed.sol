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

contract Stable is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Stable", "STB") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Lends a stable coin against ether at a price that the owner keeps.
contract Market {
    Stable public immutable stable;
    address public immutable owner = msg.sender;
    /// @dev Coins for an ether.
    uint256 public price;
    mapping(address => uint256) public savedBy;
    mapping(address => uint256) public etherOf;
    mapping(address => uint256) public debtOf;

    constructor(Stable stable_, uint256 price_) {
        stable = stable_;
        price = price_;
    }

    function setPrice(uint256 price_) external {
        require(msg.sender == owner && price_ > 0, "refused");
        price = price_;
    }

    function save(uint256 amount) external {
        savedBy[msg.sender] += amount;
        require(stable.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function unsave(uint256 amount) external {
        savedBy[msg.sender] -= amount;
        require(stable.transfer(msg.sender, amount), "not paid");
    }

    function pledge() external payable {
        etherOf[msg.sender] += msg.value;
    }

    function unpledge(uint256 amount) external {
        etherOf[msg.sender] -= amount;
        require(healthy(msg.sender), "in debt");
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }

    function borrow(uint256 amount) external {
        debtOf[msg.sender] += amount;
        require(healthy(msg.sender), "too little ether");
        require(stable.transfer(msg.sender, amount), "not paid");
    }

    function repay(uint256 amount) external {
        debtOf[msg.sender] -= amount;
        require(stable.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    /// @notice Two thirds of what the ether is worth may be lent.
    function healthy(address account) public view returns (bool) {
        return etherOf[account] * price * 2 >= debtOf[account] * 3;
    }
}
