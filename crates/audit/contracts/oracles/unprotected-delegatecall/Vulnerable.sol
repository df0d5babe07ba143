// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @notice Pays ether out of the wallet that runs it.
contract TransferModule {
    function pay(address payable to, uint256 amount) external payable {
        (bool paid,) = to.call{value: amount}("");
        require(paid, "not paid");
    }
}

/// @notice Does what its modules can.
contract Wallet {
    address public owner;
    mapping(address => bool) public isModule;

    constructor(address owner_, address module) payable {
        owner = owner_;
        isModule[module] = true;
    }

    receive() external payable {}

    function setModule(address module, bool enabled) external {
        require(msg.sender == owner, "not the owner");
        isModule[module] = enabled;
    }

    function run(address module, bytes calldata data) external returns (bytes memory) {
        require(module.code.length > 0, "no module");
        (bool done, bytes memory answer) = module.delegatecall(data);
        require(done, "failed");
        return answer;
    }
}
