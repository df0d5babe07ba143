
    /// Sends a transaction; whether it goes well does not matter.
    function call(address from_, address to_, uint256 value_, bytes memory data_) private {
        vm.prank(from_, from_);
        (bool done_,) = to_.call{gas: 30000000, value: value_}(data_);
        done_;
    }

    function setUpCall(address from_, address to_, uint256 value_, bytes memory data_) private {
        vm.prank(from_, from_);
        (bool done_,) = to_.call{gas: 30000000, value: value_}(data_);
        require(done_, "the deployment fails on this build");
    }

    /// Creates a contract as the account's transaction of this number does.
    function deploy(address from_, uint64 nonce_, uint256 value_, address at_, bytes memory code_) private {
        vm.setNonceUnsafe(from_, nonce_);
        vm.prank(from_, from_);
        address created_;
        assembly {
            created_ := create(value_, add(code_, 32), mload(code_))
        }
        require(created_ == at_, "the deployment fails on this build");
    }

    function balance(address token_, address account_) private view returns (uint256 amount_) {
        (bool done_, bytes memory output_) = token_.staticcall(abi.encodeWithSignature("balanceOf(address)", account_));
        if (done_ && output_.length >= 32) amount_ = abi.decode(output_, (uint256));
    }

    function hasCode(address account_) private view returns (bool) {
        uint256 size_;
        assembly {
            size_ := extcodesize(account_)
        }
        return size_ > 0;
    }

    /// Tries a call out, and undoes it.
    function probe(address from_, address to_, uint256 value_, bytes memory data_)
        private
        returns (bool done_, bytes memory output_)
    {
        uint256 id_ = vm.snapshotState();
        vm.prank(from_, from_);
        (done_, output_) = to_.call{gas: 30000000, value: value_}(data_);
        vm.revertToState(id_);
    }

    function answers(address from_, address to_, bytes memory data_, bytes memory answer_) private returns (bool) {
        (bool done_, bytes memory output_) = probe(from_, to_, 0, data_);
        return done_ && keccak256(output_) == keccak256(answer_);
    }

    function succeeds(address from_, address to_, uint256 value_, bytes memory data_) private returns (bool done_) {
        (done_,) = probe(from_, to_, value_, data_);
    }

    /// Tries a call out at another block and time, and undoes it.
    function succeedsAt(
        address from_,
        address to_,
        uint256 value_,
        bytes memory data_,
        uint256 block_,
        uint256 time_
    ) private returns (bool done_) {
        uint256 id_ = vm.snapshotState();
        vm.roll(block_);
        vm.warp(time_);
        (done_,) = probe(from_, to_, value_, data_);
        vm.revertToState(id_);
    }

    /// Whether a call fails an assertion.
    function asserts(address from_, address to_, uint256 value_, bytes memory data_) private returns (bool) {
        (bool done_, bytes memory output_) = probe(from_, to_, value_, data_);
        return !done_ && keccak256(output_) == keccak256(abi.encodeWithSignature("Panic(uint256)", 1));
    }

    /// The gas that a call takes; nothing where it fails.
    function cost(address from_, address to_, uint256 value_, bytes memory data_) private returns (uint256 gas_) {
        uint256 id_ = vm.snapshotState();
        // The first look at an account in a transaction costs more than later ones.
        require(hasCode(to_), "there is no contract to call");
        vm.prank(from_, from_);
        uint256 before_ = gasleft();
        (bool done_,) = to_.call{gas: 30000000, value: value_}(data_);
        gas_ = done_ ? before_ - gasleft() : 0;
        vm.revertToState(id_);
    }

    /// Whether a call through an attacker's contract goes well in someone else's transaction and not in a stranger's.
    function phished(address origin_, address trap_, bytes memory data_, bytes memory code_) private returns (bool) {
        uint256 id_ = vm.snapshotState();
        vm.etch(trap_, code_);
        bool lured_ = succeeds(origin_, trap_, 0, data_);
        bool own_ = succeeds(address(uint160(0x009e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e)), trap_, 0, data_);
        vm.revertToState(id_);
        return lured_ && !own_;
    }
