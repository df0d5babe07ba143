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

contract Drop is ERC20 {
    constructor(address[] memory holders, uint256[] memory amounts) ERC20("Drop", "DROP") {
        for (uint256 i = 0; i < holders.length; i++) _mint(holders[i], amounts[i]);
    }
}

/// @notice Pays vouchers to whoever presents them; all that were printed hash to one root.
contract Vouchers {
    Drop public immutable token;
    bytes32 public immutable root;
    address public immutable issuer = msg.sender;
    uint256 public immutable start = block.timestamp;
    mapping(bytes32 => bool) public used;

    constructor(Drop token_, bytes32 root_) {
        token = token_;
        root = root_;
    }

    function claim(bytes32 code, uint256 amount, bytes32[] calldata proof) external {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(code, amount))));
        bytes32 mark = leaf;
        require(!used[mark], "used");
        used[mark] = true;
        bytes32 node = leaf;
        for (uint256 i = 0; i < proof.length; i++) {
            (bytes32 left, bytes32 right) = node < proof[i] ? (node, proof[i]) : (proof[i], node);
            node = keccak256(abi.encode(left, right));
        }
        require(node == root, "no voucher");
        require(token.transfer(msg.sender, amount), "not paid");
    }

    /// @notice What nobody claims in a year goes back.
    function reclaim() external {
        require(msg.sender == issuer && block.timestamp > start + 365 days, "refused");
        require(token.transfer(issuer, token.balanceOf(address(this))), "not paid");
    }
}
