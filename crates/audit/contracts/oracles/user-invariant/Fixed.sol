// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Stakes that can be handed on.
contract Stakes {
    mapping(address => uint256) public stakeOf;
    uint256 public staked;

    function put() external payable {
        stakeOf[msg.sender] += msg.value;
        staked += msg.value;
    }

    function hand(address to) external {
        uint256 amount = stakeOf[msg.sender];
        stakeOf[msg.sender] = 0;
        uint256 sum = stakeOf[to] + amount;
        stakeOf[to] = sum;
    }

    function take(uint256 amount) external {
        stakeOf[msg.sender] -= amount;
        staked -= amount;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }

    /// @notice No account has more than there is.
    function invariant_backed() external view {
        assert(staked <= address(this).balance);
    }
}
