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

contract Ash is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Ash", "ASH") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Positions of locked tokens vote on payments.
contract LockVoting {
    struct Position {
        address owner;
        uint256 amount;
        uint256 busyUntil;
    }

    struct Payment {
        address to;
        uint256 amount;
        uint256 end;
        uint256 yes;
        uint256 no;
        bool paid;
    }

    uint256 public constant PERIOD = 5 days;
    /// @dev Two fifths of all tokens.
    uint256 public constant QUORUM = 40_000e18;
    Ash public immutable token;
    Position[] public positions;
    Payment[] public payments;
    mapping(uint256 => mapping(uint256 => bool)) public voted;

    constructor(Ash token_) payable {
        token = token_;
    }

    receive() external payable {}

    function lock(uint256 amount) external returns (uint256 position) {
        require(amount > 0, "nothing");
        position = positions.length;
        positions.push(Position(msg.sender, amount, 0));
        require(token.transferFrom(msg.sender, address(this), amount), "not paid");
    }

    function unlock(uint256 position) external {
        Position storage one = positions[position];
        require(msg.sender == one.owner, "not the owner");
        require(block.timestamp >= one.busyUntil, "voting");
        uint256 amount = one.amount;
        one.amount = 0;
        require(token.transfer(msg.sender, amount), "not paid");
    }

    function ask(address to, uint256 amount) external returns (uint256 id) {
        id = payments.length;
        payments.push(Payment(to, amount, block.timestamp + PERIOD, 0, 0, false));
    }

    function vote(uint256 id, uint256 position, bool support) external {
        Payment storage payment = payments[id];
        Position storage one = positions[position];
        require(msg.sender == one.owner && block.timestamp < payment.end, "refused");
        require(!voted[id][position], "voted");
        voted[id][position] = true;
        if (payment.end > one.busyUntil) one.busyUntil = payment.end;
        if (support) payment.yes += one.amount;
        else payment.no += one.amount;
    }

    function pay(uint256 id) external {
        Payment storage payment = payments[id];
        require(block.timestamp >= payment.end && !payment.paid, "not now");
        require(payment.yes > payment.no && payment.yes >= QUORUM, "not passed");
        payment.paid = true;
        (bool paid,) = payment.to.call{value: payment.amount}("");
        require(paid, "not paid");
    }
}
