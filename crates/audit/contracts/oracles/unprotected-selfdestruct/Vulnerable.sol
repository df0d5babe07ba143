// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Collects gifts for a cause until its keeper closes it.
contract Collection {
    address public immutable keeper = msg.sender;
    uint256 public given;

    function give() external payable {
        given += msg.value;
    }

    function close(address payable to) external {
        require(given > 0, "nothing given");
        selfdestruct(to);
    }
}
