// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice A vault whose last lock asks for a number that only some keys leave room for.
contract Vault {
    uint256 public stage;
    uint256 public key;

    function seal(uint256 x) external {
        if (stage == 0 && x > 0) {
            stage = 1;
            key = uint256(keccak256(abi.encode(x, "seal")));
        }
    }

    function turn(uint64 x) external {
        if (stage == 1 && x > 1_559_200 && x % 6 == 1) stage = 2;
    }

    function sign(address who) external {
        if (stage == 2 && who == msg.sender) stage = 3;
    }

    function open(uint256 x) external {
        if (stage == 3 && x == key * 8 + 294) stage = 4;
    }

    function restart(uint8 x) external {
        if (stage < 4 && x == 7) stage = 0;
    }

    /// @notice What must hold after every call.
    function echidna_closed() external view returns (bool) {
        return stage < 4;
    }
}
