
    /// Sends a transaction; whether it goes well does not matter.
    function call(address from, address to, uint256 value, bytes memory data) private {
        vm.prank(from, from);
        (bool done,) = to.call{gas: 30000000, value: value}(data);
        done;
    }

    function setUpCall(address from, address to, uint256 value, bytes memory data) private {
        vm.prank(from, from);
        (bool done,) = to.call{gas: 30000000, value: value}(data);
        require(done, "the deployment fails on this build");
    }

    /// Creates a contract as the account's transaction of this number does.
    function deploy(address from, uint64 nonce, uint256 value, address at, bytes memory code) private {
        vm.setNonceUnsafe(from, nonce);
        vm.prank(from, from);
        address created;
        assembly {
            created := create(value, add(code, 32), mload(code))
        }
        require(created == at, "the deployment fails on this build");
    }

    function balance(address token, address account) private view returns (uint256 amount) {
        (bool done, bytes memory output) = token.staticcall(abi.encodeWithSignature("balanceOf(address)", account));
        if (done && output.length >= 32) amount = abi.decode(output, (uint256));
    }

    function hasCode(address account) private view returns (bool) {
        uint256 size;
        assembly {
            size := extcodesize(account)
        }
        return size > 0;
    }

    /// Tries a call out, and undoes it.
    function probe(address from, address to, uint256 value, bytes memory data)
        private
        returns (bool done, bytes memory output)
    {
        uint256 id = vm.snapshotState();
        vm.prank(from, from);
        (done, output) = to.call{gas: 30000000, value: value}(data);
        vm.revertToState(id);
    }

    function answers(address from, address to, bytes memory data, bytes memory answer) private returns (bool) {
        (bool done, bytes memory output) = probe(from, to, 0, data);
        return done && keccak256(output) == keccak256(answer);
    }

    function succeeds(address from, address to, uint256 value, bytes memory data) private returns (bool done) {
        (done,) = probe(from, to, value, data);
    }
