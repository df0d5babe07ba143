// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice A staged lock: every step opens the next one only for the right argument.
contract Chain {
    uint256 public stage;
    uint256 public key;
    bool public open;

    function range(uint64 x) external {
        if (stage == 0 && x > 2_000_000 && x % 11 == 5) stage = 1;
    }

    function offset(uint64 x, uint64 y) external {
        if (stage == 1 && x == y + 73) {
            stage = 2;
            key = x;
        }
    }

    function word(uint64 x) external {
        if (stage == 2 && x == 0xBADC0DE) stage = 3;
    }

    function remember(uint256 x) external {
        if (stage == 3 && x == key * 3 + 2) stage = 4;
    }

    function window(uint64 x) external {
        if (stage == 4 && x > 700 && x < 800) stage = 5;
    }

    function finish() external {
        if (stage == 5) open = true;
    }

    function restart() external {
        if (stage != 0 && key % 2 == 0) stage = 0;
    }

    /// @notice What must hold after every call.
    function echidna_closed() external view returns (bool) {
        return !open;
    }
}
