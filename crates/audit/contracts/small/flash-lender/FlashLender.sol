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

interface IFlashBorrower {
    function onFlashLoan(address initiator, address token, uint256 amount, uint256 fee, bytes calldata data)
        external
        returns (bytes32);
}

/// @notice Lends its whole balance for the time of a call, for nine hundredths of a per cent (ERC-3156).
contract FlashLender {
    bytes32 private constant ANSWER = keccak256("ERC3156FlashBorrower.onFlashLoan");
    Coin public immutable coin;
    address public immutable owner;

    constructor(Coin coin_) {
        coin = coin_;
        owner = msg.sender;
    }

    function maxFlashLoan(address token) external view returns (uint256) {
        return token == address(coin) ? coin.balanceOf(address(this)) : 0;
    }

    function flashFee(address token, uint256 amount) public view returns (uint256) {
        require(token == address(coin), "unknown token");
        return (amount * 9 + 9999) / 10_000;
    }

    function flashLoan(address receiver, address token, uint256 amount, bytes calldata data) external returns (bool) {
        uint256 fee = flashFee(token, amount);
        require(coin.transfer(receiver, amount), "not lent");
        bytes32 answer = IFlashBorrower(receiver).onFlashLoan(msg.sender, token, amount, fee, data);
        require(answer == ANSWER, "not a borrower");
        require(coin.transferFrom(receiver, address(this), amount + fee), "not repaid");
        return true;
    }

    function withdraw(uint256 amount) external {
        require(msg.sender == owner, "not the owner");
        require(coin.transfer(owner, amount), "not paid");
    }
}
