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

/// @notice Money without decimals.
contract Cents is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Cents", "CENT") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Shares of a growing purse (ERC-4626).
contract Vault is ERC20 {
    Cents private immutable money;

    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares
    );

    constructor(Cents money_) ERC20("Shares of cents", "sCENT") {
        money = money_;
    }

    function asset() external view returns (address) {
        return address(money);
    }

    function totalAssets() public view returns (uint256) {
        return money.balanceOf(address(this));
    }

    /// @dev A share and a cent that nobody has make it dear to shift the price of a share.
    function _shares(uint256 assets, bool up) private view returns (uint256) {
        uint256 divisor = totalAssets() + 1;
        return (assets * (totalSupply + 1) + (up ? divisor - 1 : 0)) / divisor;
    }

    function _assets(uint256 shares, bool up) private view returns (uint256) {
        uint256 divisor = totalSupply + 1;
        return (shares * (totalAssets() + 1) + (up ? divisor - 1 : 0)) / divisor;
    }

    function convertToShares(uint256 assets) external view returns (uint256) {
        return _shares(assets, false);
    }

    function convertToAssets(uint256 shares) external view returns (uint256) {
        return _assets(shares, false);
    }

    function maxDeposit(address) external pure returns (uint256) {
        return type(uint128).max;
    }

    function maxMint(address) external pure returns (uint256) {
        return type(uint128).max;
    }

    function maxWithdraw(address owner) external view returns (uint256) {
        return _assets(balanceOf[owner], false);
    }

    function maxRedeem(address owner) external view returns (uint256) {
        return balanceOf[owner];
    }

    function previewDeposit(uint256 assets) public view returns (uint256) {
        return _shares(assets, false);
    }

    function previewMint(uint256 shares) public view returns (uint256) {
        return _assets(shares, true);
    }

    function previewWithdraw(uint256 assets) public view returns (uint256) {
        return _shares(assets, true);
    }

    function previewRedeem(uint256 shares) public view returns (uint256) {
        return _assets(shares, false);
    }

    function deposit(uint256 assets, address receiver) external returns (uint256 shares) {
        shares = previewDeposit(assets);
        _enter(assets, shares, receiver);
    }

    function mint(uint256 shares, address receiver) external returns (uint256 assets) {
        assets = previewMint(shares);
        _enter(assets, shares, receiver);
    }

    function withdraw(uint256 assets, address receiver, address owner) external returns (uint256 shares) {
        shares = previewWithdraw(assets);
        _leave(assets, shares, receiver, owner);
    }

    function redeem(uint256 shares, address receiver, address owner) external returns (uint256 assets) {
        assets = previewRedeem(shares);
        _leave(assets, shares, receiver, owner);
    }

    function _enter(uint256 assets, uint256 shares, address receiver) private {
        require(shares > 0, "too little");
        require(money.transferFrom(msg.sender, address(this), assets), "not paid");
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    function _leave(uint256 assets, uint256 shares, address receiver, address owner) private {
        if (msg.sender != owner) allowance[owner][msg.sender] -= shares;
        _burn(owner, shares);
        require(money.transfer(receiver, assets), "not paid");
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
    }
}
