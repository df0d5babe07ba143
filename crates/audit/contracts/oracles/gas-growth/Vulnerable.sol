// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Members share what the cooperative earns, by what they brought.
contract Cooperative {
    mapping(address => uint256) public stakeOf;
    mapping(address => uint256) public earned;
    uint256 public total;
    address[] private members;

    function join() external payable {
        require(msg.value > 0, "nothing");
        members.push(msg.sender);
        stakeOf[msg.sender] += msg.value;
        total += msg.value;
    }

    function distribute() external payable {
        require(total > 0, "no members");
        for (uint256 i = 0; i < members.length; i++) {
            earned[members[i]] += msg.value / members.length;
        }
    }

    function leave() external {
        uint256 amount = stakeOf[msg.sender] + earned[msg.sender];
        require(amount > 0, "nothing");
        total -= stakeOf[msg.sender];
        stakeOf[msg.sender] = 0;
        earned[msg.sender] = 0;
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid, "not paid");
    }
}
