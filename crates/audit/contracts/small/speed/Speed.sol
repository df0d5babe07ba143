// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Guards, arithmetic and storage as they are in small contracts, and a promise that holds.
contract Speed {
    uint256 public stage;
    uint256 public key;
    uint256 public sum;
    mapping(address => uint256) public scores;

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

    function add(uint64 x) external {
        scores[msg.sender] += x % 100;
        sum += x % 100;
    }

    function take(uint64 x) external {
        uint256 score = scores[msg.sender];
        if (x <= score) {
            scores[msg.sender] = score - x;
            sum -= x;
        }
    }

    function restart() external {
        if (stage != 0 && key % 2 == 0) stage = 0;
    }

    /// @notice What must hold after every call.
    function echidna_stages() external view returns (bool) {
        return stage < 4;
    }
}
