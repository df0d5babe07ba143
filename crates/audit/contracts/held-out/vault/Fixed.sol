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

contract Coin is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Coin", "COIN") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice A purse in shares, that an investor of the owner's choice brings gains to.
contract Vault {
    Coin public immutable coin;
    address public immutable owner = msg.sender;
    uint256 public totalShares;
    uint256 public totalCoins;
    mapping(address => uint256) public sharesOf;
    bool public paused;

    constructor(Coin coin_) {
        coin = coin_;
    }

    function enter(uint256 amount) external {
        require(!paused, "paused");
        uint256 shares = totalShares == 0 ? amount : amount * totalShares / totalCoins;
        require(shares > 0, "too little");
        sharesOf[msg.sender] += shares;
        totalShares += shares;
        totalCoins += amount;
        require(coin.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function leave(uint256 shares) external {
        require(!paused, "paused");
        _pay(shares);
    }

    /// @notice Pays all of one's shares at once, also in a pause.
    function leaveInEmergency() external {
        uint256 shares = sharesOf[msg.sender];
        require(shares > 0, "no shares");
        _pay(shares);
    }

    function bringGain(uint256 amount) external {
        require(msg.sender == owner && totalShares > 0, "refused");
        totalCoins += amount;
        require(coin.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function pause(bool paused_) external {
        require(msg.sender == owner, "not the owner");
        paused = paused_;
    }

    function _pay(uint256 shares) private {
        uint256 amount = shares * totalCoins / totalShares;
        sharesOf[msg.sender] -= shares;
        totalShares -= shares;
        totalCoins -= amount;
        require(coin.transfer(msg.sender, amount), "not paid");
    }
}
