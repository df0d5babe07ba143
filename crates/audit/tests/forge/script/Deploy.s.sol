// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.0;

import "../src/Token.sol";

interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// Deploys a token and gives the first unit away.
contract Maker {
    Token public made;

    function make(uint256 supply, address to) external {
        made = new Token(supply);
        made.transfer(to, 1);
    }
}

/// A token made directly, one at an address that a salt decides, and one by another contract.
contract Deploy {
    Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    bool public IS_SCRIPT = true;

    function run() external {
        vm.startBroadcast();
        Token direct = new Token(1000);
        direct.transfer(address(0xBEEF), 7);
        new Token{salt: bytes32(uint256(5))}(50);
        new Maker().make(100, address(0xBEEF));
        vm.stopBroadcast();
    }
}
