// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Does what the council scheduled, two days later; anyone may carry it out.
contract Timelock {
    uint256 public constant DELAY = 2 days;
    address public immutable council;
    mapping(bytes32 => uint256) public readyAt;
    mapping(bytes32 => bool) public done;

    constructor(address council_) payable {
        council = council_;
    }

    receive() external payable {}

    function idOf(address target, uint256 value, bytes calldata data, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(target, value, data, salt));
    }

    function schedule(address target, uint256 value, bytes calldata data, bytes32 salt) external {
        bytes32 id = idOf(target, value, data, salt);
        require(msg.sender == council && readyAt[id] == 0, "refused");
        readyAt[id] = block.timestamp + DELAY;
    }

    function cancel(bytes32 id) external {
        require(msg.sender == council && !done[id], "refused");
        done[id] = true;
    }

    function execute(address target, uint256 value, bytes calldata data, bytes32 salt) external {
        bytes32 id = idOf(target, value, data, salt);
        require(readyAt[id] != 0, "not scheduled");
        require(block.timestamp >= readyAt[id], "too early");
        require(!done[id], "done");
        done[id] = true;
        (bool success,) = target.call{value: value}(data);
        require(success, "failed");
    }
}
