// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Wages that workers fetch.
contract Payroll {
    address public immutable employer = msg.sender;
    mapping(address => uint256) public wagesOf;
    uint256 public owed;

    function credit(address worker) external payable {
        require(msg.sender == employer, "not the employer");
        wagesOf[worker] += msg.value;
        owed += msg.value;
    }

    /// @notice Pays the caller's wages to an account of its choice.
    function fetch(address payable to) external {
        uint256 amount = wagesOf[msg.sender];
        require(amount > 0, "no wages");
        wagesOf[msg.sender] = 0;
        owed -= amount;
        (bool paid,) = to.call{value: amount}("");
        require(paid, "not paid");
    }
}
