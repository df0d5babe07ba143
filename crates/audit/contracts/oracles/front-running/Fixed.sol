// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Pays for work that is known by the hash of its result.
contract Bounties {
    struct Bounty {
        bytes32 result;
        address poster;
        address worker;
        uint256 reward;
        uint256 takenAt;
    }

    uint256 public constant TERM = 30 days;
    Bounty[] public bounties;

    function post(bytes32 result) external payable {
        require(msg.value > 0, "no reward");
        bounties.push(Bounty(result, msg.sender, address(0), msg.value, 0));
    }

    /// @notice Takes a bounty, first come.
    function take(uint256 id) external {
        Bounty storage one = bounties[id];
        require(one.reward > 0, "paid");
        require(one.worker == address(0), "taken");
        require(msg.sender != one.poster, "one's own");
        (one.worker, one.takenAt) = (msg.sender, block.timestamp);
    }

    /// @notice Shows the result and is paid.
    function deliver(uint256 id, bytes32 work) external {
        Bounty storage one = bounties[id];
        uint256 reward = one.reward;
        require(reward > 0 && keccak256(abi.encode(work)) == one.result, "not the work");
        require(msg.sender == one.worker, "not the worker");
        one.reward = 0;
        (bool paid,) = msg.sender.call{value: reward}("");
        require(paid, "not paid");
    }

    /// @notice Takes an offer back that nobody took, or nobody finished in a month.
    function cancel(uint256 id) external {
        Bounty storage one = bounties[id];
        require(msg.sender == one.poster, "not the poster");
        require(one.worker == address(0) || block.timestamp > one.takenAt + TERM, "taken");
        uint256 reward = one.reward;
        one.reward = 0;
        (bool paid,) = one.poster.call{value: reward}("");
        require(paid, "not paid");
    }
}
