
    /// Removes contracts that destroyed themselves: the transaction is over, and in a test they would stand until its end.
    function bury(Vm.AccountAccess[] memory accesses) private {
        for (uint256 i = 0; i < accesses.length; i++) {
            // The fifth kind is `selfdestruct`.
            if (accesses[i].kind == 5 && !accesses[i].reverted) {
                vm.etch(accesses[i].accessor, "");
                vm.setNonceUnsafe(accesses[i].accessor, 0);
            }
        }
    }
