// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Pays what enough owners have signed.
contract Multisig {
    struct Signature {
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    address[] public owners;
    uint256 public immutable threshold;
    uint256 public nonce;
    mapping(address => uint256) public placeOf;

    constructor(address[] memory owners_, uint256 threshold_) payable {
        require(threshold_ > 0 && threshold_ <= owners_.length, "refused");
        owners = owners_;
        threshold = threshold_;
        for (uint256 i = 0; i < owners_.length; i++) placeOf[owners_[i]] = i;
    }

    receive() external payable {}

    function digest(address to, uint256 value, uint256 nonce_) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), to, value, nonce_));
    }

    /// @notice Pays with signatures in the order of their signers' addresses.
    function pay(address to, uint256 value, Signature[] calldata signatures) external {
        require(signatures.length >= threshold, "too few");
        bytes32 hash = digest(to, value, nonce);
        nonce += 1;
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = ecrecover(hash, signatures[i].v, signatures[i].r, signatures[i].s);
            require(signer > last, "out of order");
            require(placeOf[signer] < owners.length, "not an owner");
            last = signer;
        }
        (bool paid,) = to.call{value: value}("");
        require(paid, "not paid");
    }
}
