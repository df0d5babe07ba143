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

contract Gold is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Gold", "XAU") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Silver is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Silver", "XAG") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Changes gold for silver at a fixed rate, out of its owner's stock.
contract Desk {
    uint256 public constant RATE = 80;
    address public immutable owner = msg.sender;
    Gold public immutable gold;
    Silver public immutable silver;

    constructor(Gold gold_, Silver silver_) {
        gold = gold_;
        silver = silver_;
    }

    /// @notice Pays silver to the receiver for gold of the caller.
    function change(uint256 amount, address receiver) external {
        require(gold.transferFrom(msg.sender, address(this), amount), "not paid");
        require(silver.transfer(receiver, amount * RATE), "not paid");
    }

    function collect(ERC20 token, uint256 amount) external {
        require(msg.sender == owner, "not the owner");
        require(token.transfer(owner, amount), "not paid");
    }
}

/// @notice Takes a user's gold to a venue and makes the call there.
contract Router {
    Gold public immutable gold;
    mapping(address => bool) public isVenue;

    constructor(Gold gold_, address venue) {
        gold = gold_;
        isVenue[venue] = true;
    }

    function trade(uint256 amount, address venue, bytes calldata data) external {
        require(isVenue[venue], "unknown venue");
        require(amount > 0, "nothing");
        require(gold.transferFrom(msg.sender, address(this), amount), "not paid");
        gold.approve(venue, amount);
        (bool done,) = venue.call(data);
        require(done, "failed");
        gold.approve(venue, 0);
        uint256 left = gold.balanceOf(address(this));
        if (left > 0) require(gold.transfer(msg.sender, left), "not returned");
    }
}
