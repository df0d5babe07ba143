// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Owners who confirm payments, after Parity's wallet
/// @dev Wallets run this code in their own storage.
contract WalletLibrary {
    address internal code; // The first slot of a wallet names its library.
    uint256 public required;
    address[] public owners;
    mapping(address => bool) public isOwner;
    mapping(bytes32 => mapping(address => bool)) public confirmed;
    mapping(bytes32 => uint256) public confirmations;
    mapping(bytes32 => bool) public executed;

    modifier onlyOwner() {
        require(isOwner[msg.sender], "not an owner");
        _;
    }

    /// @dev The library itself belongs to nobody.
    constructor() {
        required = type(uint256).max;
    }

    /// @notice Sets the owners, once.
    function initWallet(address[] calldata owners_, uint256 required_) external payable {
        require(required == 0, "initialised");
        require(required_ > 0 && required_ <= owners_.length, "not so many");
        owners = owners_;
        for (uint256 i = 0; i < owners_.length; i++) {
            require(owners_[i] != address(0) && !isOwner[owners_[i]], "named twice");
            isOwner[owners_[i]] = true;
        }
        required = required_;
    }

    /// @notice Confirms a payment; the last confirmation needed makes it.
    function execute(address to, uint256 value, bytes calldata data, uint256 nonce) external onlyOwner {
        bytes32 id = keccak256(abi.encode(to, value, data, nonce));
        require(!executed[id], "made");
        require(!confirmed[id][msg.sender], "confirmed");
        confirmed[id][msg.sender] = true;
        confirmations[id] += 1;
        if (confirmations[id] < required) return;
        executed[id] = true;
        (bool paid,) = to.call{value: value}(data);
        require(paid, "not paid");
    }

    /// @notice Closes the wallet, when all owners who are required say so.
    function kill(address payable to) external onlyOwner {
        bytes32 id = keccak256(abi.encode("kill", to));
        require(!confirmed[id][msg.sender], "confirmed");
        confirmed[id][msg.sender] = true;
        confirmations[id] += 1;
        if (confirmations[id] >= required) selfdestruct(to);
    }
}

/// @notice Holds ether, and hands every other call to its library.
contract Wallet {
    address public library_;

    event Deposit(address indexed from, uint256 value);

    constructor(address library__, address[] memory owners, uint256 required) payable {
        library_ = library__;
        (bool done,) = library__.delegatecall(abi.encodeCall(WalletLibrary.initWallet, (owners, required)));
        require(done, "not initialised");
    }

    receive() external payable {
        emit Deposit(msg.sender, msg.value);
    }

    fallback() external payable {
        address target = library_;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch done
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}
