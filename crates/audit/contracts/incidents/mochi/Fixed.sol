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

contract Mochi is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Mochi", "MOCHI") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Dai is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Dai", "DAI") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

contract Cvx is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Convex", "CVX") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice The vault's coin.
contract Usdm is ERC20 {
    address public immutable vault;

    constructor() ERC20("Mochi USD", "USDM") {
        vault = msg.sender;
    }

    function mint(address to, uint256 amount) external {
        require(msg.sender == vault, "not the vault");
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        require(msg.sender == vault, "not the vault");
        _burn(from, amount);
    }
}

/// @title Mints a dollar coin on collateral, after Mochi
/// @notice Only the vault's owner lists tokens, with a price and a ceiling of the debt on them.
contract Vault {
    uint256 public constant LOAN_TO_VALUE = 90;
    Usdm public immutable usdm = new Usdm();
    address public immutable owner = msg.sender;
    mapping(address => address) public listedBy;
    mapping(address => uint256) public priceOf;
    mapping(address => uint256) public ceilingOf;
    mapping(address => uint256) public mintedOn;
    mapping(address => mapping(address => uint256)) public collateralOf;
    mapping(address => mapping(address => uint256)) public debtOf;

    /// @notice Takes a token as collateral at a price in dollars (of 1e18), for debts up to a ceiling.
    function list(address token, uint256 price, uint256 ceiling) external {
        require(msg.sender == owner, "not the owner");
        listedBy[token] = msg.sender;
        priceOf[token] = price;
        ceilingOf[token] = ceiling;
    }

    function deposit(ERC20 token, uint256 amount) external {
        require(priceOf[address(token)] > 0, "not listed");
        collateralOf[address(token)][msg.sender] += amount;
        require(token.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function withdraw(ERC20 token, uint256 amount) external {
        require(listedBy[address(token)] != address(0), "not listed");
        collateralOf[address(token)][msg.sender] -= amount;
        _check(address(token));
        require(token.transfer(msg.sender, amount), "not paid");
    }

    function mint(address token, uint256 amount) external {
        debtOf[token][msg.sender] += amount;
        mintedOn[token] += amount;
        require(mintedOn[token] <= ceilingOf[token], "over the ceiling");
        _check(token);
        usdm.mint(msg.sender, amount);
    }

    function repay(address token, uint256 amount) external {
        debtOf[token][msg.sender] -= amount;
        mintedOn[token] -= amount;
        usdm.burn(msg.sender, amount);
    }

    function _check(address token) private view {
        uint256 value = collateralOf[token][msg.sender] * priceOf[token] / 1e18;
        require(debtOf[token][msg.sender] * 100 <= value * LOAN_TO_VALUE, "too little collateral");
    }
}

/// @notice Changes USDM and DAI one for one, out of what depositors brought.
contract Pool {
    ERC20 public immutable usdm;
    ERC20 public immutable dai;
    uint256 public totalShares;
    mapping(address => uint256) public sharesOf;

    constructor(ERC20 usdm_, ERC20 dai_) {
        usdm = usdm_;
        dai = dai_;
    }

    function deposit(uint256 amount) external {
        sharesOf[msg.sender] += amount;
        totalShares += amount;
        require(dai.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    /// @notice Pays a depositor out: DAI first, then USDM.
    function withdraw(uint256 shares) external {
        sharesOf[msg.sender] -= shares;
        totalShares -= shares;
        uint256 available = dai.balanceOf(address(this));
        uint256 first = shares < available ? shares : available;
        require(dai.transfer(msg.sender, first), "not paid");
        if (shares > first) require(usdm.transfer(msg.sender, shares - first), "not paid");
    }

    function usdmToDai(uint256 amount) external {
        require(usdm.transferFrom(msg.sender, address(this), amount), "not paid");
        require(dai.transfer(msg.sender, amount), "not paid");
    }

    function daiToUsdm(uint256 amount) external {
        require(dai.transferFrom(msg.sender, address(this), amount), "not paid");
        require(usdm.transfer(msg.sender, amount), "not paid");
    }
}

/// @notice Locked CVX votes for pools, and pools' friends pay for votes in MOCHI.
contract GaugeVotes {
    struct Bribe {
        address pool;
        address payer;
        uint256 amount;
        uint256 left;
        uint256 end;
    }

    uint256 public constant TERM = 16 weeks;
    uint256 public constant ROUND = 2 weeks;
    Cvx public immutable cvx;
    Mochi public immutable mochi;
    uint256 public totalLocked;
    mapping(address => uint256) public lockedOf;
    mapping(address => uint256) public lockedAt;
    mapping(address => address) public choiceOf;
    mapping(address => uint256) public weightOf;
    Bribe[] public bribes;
    mapping(uint256 => mapping(address => bool)) public claimed;

    constructor(Cvx cvx_, Mochi mochi_) {
        cvx = cvx_;
        mochi = mochi_;
    }

    function lock(uint256 amount) external {
        _weigh(false);
        lockedOf[msg.sender] += amount;
        totalLocked += amount;
        lockedAt[msg.sender] = block.timestamp;
        _weigh(true);
        require(cvx.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function unlock() external {
        require(block.timestamp >= lockedAt[msg.sender] + TERM, "locked");
        _weigh(false);
        uint256 amount = lockedOf[msg.sender];
        lockedOf[msg.sender] = 0;
        totalLocked -= amount;
        require(cvx.transfer(msg.sender, amount), "not paid");
    }

    function vote(address pool) external {
        _weigh(false);
        choiceOf[msg.sender] = pool;
        _weigh(true);
    }

    /// @notice Promises tokens to those whose votes are on the pool when the round ends.
    function bribe(address pool, uint256 amount) external returns (uint256 id) {
        id = bribes.length;
        bribes.push(Bribe(pool, msg.sender, amount, amount, block.timestamp + ROUND));
        require(mochi.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    /// @notice A voter's part of a bribe, by all the locked votes there are; for two rounds after the end.
    function claim(uint256 id) external {
        Bribe storage one = bribes[id];
        require(block.timestamp >= one.end && block.timestamp < one.end + 2 * ROUND, "not now");
        require(choiceOf[msg.sender] == one.pool && lockedAt[msg.sender] + ROUND <= one.end, "no vote");
        require(!claimed[id][msg.sender], "claimed");
        claimed[id][msg.sender] = true;
        uint256 part = one.amount * lockedOf[msg.sender] / totalLocked;
        one.left -= part;
        require(mochi.transfer(msg.sender, part), "not paid");
    }

    /// @notice What nobody claimed goes back.
    function reclaim(uint256 id) external {
        Bribe storage one = bribes[id];
        require(msg.sender == one.payer && block.timestamp >= one.end + 2 * ROUND, "not now");
        uint256 left = one.left;
        one.left = 0;
        require(mochi.transfer(msg.sender, left), "not paid");
    }

    function _weigh(bool add) private {
        if (add) weightOf[choiceOf[msg.sender]] += lockedOf[msg.sender];
        else weightOf[choiceOf[msg.sender]] -= lockedOf[msg.sender];
    }
}
