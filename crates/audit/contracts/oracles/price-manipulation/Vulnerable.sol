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

contract Gem is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Gem", "GEM") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Usd is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Dollar", "USD") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice A pool of two tokens whose product stays, for three tenths of a per cent.
contract Pair {
    Gem public immutable gem;
    Usd public immutable usd;
    uint256 public gems;
    uint256 public usds;
    uint256 public totalShares;
    mapping(address => uint256) public sharesOf;

    constructor(Gem gem_, Usd usd_) {
        gem = gem_;
        usd = usd_;
    }

    /// @notice Adds to both sides; who begins says the price, later ones keep it.
    function provide(uint256 gemAmount, uint256 usdAmount) external {
        uint256 shares = gemAmount;
        if (totalShares > 0) {
            shares = gemAmount * totalShares / gems;
            usdAmount = (gemAmount * usds + gems - 1) / gems;
        }
        require(shares > 0 && usdAmount > 0, "too little");
        sharesOf[msg.sender] += shares;
        totalShares += shares;
        gems += gemAmount;
        usds += usdAmount;
        require(gem.transferFrom(msg.sender, address(this), gemAmount), "not paid");
        require(usd.transferFrom(msg.sender, address(this), usdAmount), "not paid");
    }

    function remove(uint256 shares) external {
        uint256 gemAmount = gems * shares / totalShares;
        uint256 usdAmount = usds * shares / totalShares;
        sharesOf[msg.sender] -= shares;
        totalShares -= shares;
        gems -= gemAmount;
        usds -= usdAmount;
        require(gem.transfer(msg.sender, gemAmount), "not paid");
        require(usd.transfer(msg.sender, usdAmount), "not paid");
    }

    function sellGem(uint256 amount, uint256 least) external {
        uint256 net = amount * 997 / 1000;
        uint256 out = usds * net / (gems + net);
        require(out >= least, "too little");
        gems += amount;
        usds -= out;
        require(gem.transferFrom(msg.sender, address(this), amount), "not paid");
        require(usd.transfer(msg.sender, out), "not paid");
    }

    function sellUsd(uint256 amount, uint256 least) external {
        uint256 net = amount * 997 / 1000;
        uint256 out = gems * net / (usds + net);
        require(out >= least, "too little");
        usds += amount;
        gems -= out;
        require(usd.transferFrom(msg.sender, address(this), amount), "not paid");
        require(gem.transfer(msg.sender, out), "not paid");
    }
}

/// @notice The price of a gem as somebody outside says it.
contract Feed {
    address public immutable feeder;
    uint256 public price;

    constructor(address feeder_, uint256 price_) {
        feeder = feeder_;
        price = price_;
    }

    function set(uint256 price_) external {
        require(msg.sender == feeder && price_ > 0, "refused");
        price = price_;
    }
}

/// @notice Lends dollars for half of what gems are worth.
contract Lender {
    Gem public immutable gem;
    Usd public immutable usd;
    Pair public immutable pair;
    Feed public immutable feed;
    mapping(address => uint256) public fundedBy;
    mapping(address => uint256) public collateralOf;
    mapping(address => uint256) public debtOf;

    constructor(Gem gem_, Usd usd_, Pair pair_, Feed feed_) {
        gem = gem_;
        usd = usd_;
        pair = pair_;
        feed = feed_;
    }

    function price() public view returns (uint256) {
        return pair.usds() * 1e18 / pair.gems();
    }

    function fund(uint256 amount) external {
        fundedBy[msg.sender] += amount;
        require(usd.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function unfund(uint256 amount) external {
        fundedBy[msg.sender] -= amount;
        require(usd.transfer(msg.sender, amount), "not paid");
    }

    function borrow(uint256 collateral, uint256 amount) external {
        collateralOf[msg.sender] += collateral;
        debtOf[msg.sender] += amount;
        require(collateralOf[msg.sender] * price() / 1e18 >= 2 * debtOf[msg.sender], "too little collateral");
        require(gem.transferFrom(msg.sender, address(this), collateral), "not paid");
        require(usd.transfer(msg.sender, amount), "not paid");
    }

    /// @notice Pays all of one's debt and takes the collateral back.
    function repay() external {
        uint256 amount = debtOf[msg.sender];
        uint256 collateral = collateralOf[msg.sender];
        debtOf[msg.sender] = 0;
        collateralOf[msg.sender] = 0;
        require(usd.transferFrom(msg.sender, address(this), amount), "not paid");
        require(gem.transfer(msg.sender, collateral), "not paid");
    }
}
