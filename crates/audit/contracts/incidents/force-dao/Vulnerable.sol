// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice A token that answers `false` where others revert, as MiniMe does.
contract Force {
    string public constant name = "Force";
    string public constant symbol = "FORCE";
    uint8 public constant decimals = 18;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);

    constructor(address[] memory holders, uint256[] memory amounts) {
        for (uint256 i = 0; i < holders.length; i++) {
            balanceOf[holders[i]] += amounts[i];
            totalSupply += amounts[i];
            emit Transfer(address(0), holders[i], amounts[i]);
        }
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (allowance[from][msg.sender] < amount || balanceOf[from] < amount) return false;
        allowance[from][msg.sender] -= amount;
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (to == address(0) || balanceOf[from] < amount) return false;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        emit Transfer(from, to, amount);
        return true;
    }
}

/// @title Shares of a growing purse of FORCE, after xFORCE
/// @notice Expects a token that reverts (Force DAO, 4 April 2021).
contract ProfitSharing {
    Force public immutable token;
    uint256 public totalShares;
    uint256 public held;
    mapping(address => uint256) public sharesOf;

    constructor(Force token_) {
        token = token_;
    }

    /// @notice Pays tokens in and gets shares of what the vault holds.
    function deposit(uint256 amount) external {
        uint256 shares = totalShares == 0 ? amount : amount * totalShares / held;
        require(shares > 0, "too little");
        sharesOf[msg.sender] += shares;
        totalShares += shares;
        token.transferFrom(msg.sender, address(this), amount);
        held = token.balanceOf(address(this));
    }

    /// @notice Gives shares back for their part of the tokens.
    function withdraw(uint256 shares) external {
        uint256 amount = shares * held / totalShares;
        sharesOf[msg.sender] -= shares;
        totalShares -= shares;
        held -= amount;
        require(token.transfer(msg.sender, amount), "not paid");
    }
}
