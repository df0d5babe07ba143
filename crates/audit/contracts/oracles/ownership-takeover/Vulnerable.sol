// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Keeps royalties for an owner who can hand it on.
contract Royalties {
    address public owner = msg.sender;
    address public pendingOwner;
    uint256 public paidIn;

    function pay() external payable {
        paidIn += msg.value;
    }

    function transferOwnership(address next) external {
        require(msg.sender == owner, "not the owner");
        pendingOwner = next;
    }

    function acceptOwnership() external {
        require(pendingOwner == address(0) || msg.sender == pendingOwner, "not the next owner");
        owner = msg.sender;
        pendingOwner = address(0);
    }

    function collect(address payable to) external {
        require(msg.sender == owner, "not the owner");
        (bool paid,) = to.call{value: address(this).balance}("");
        require(paid, "not paid");
    }
}
