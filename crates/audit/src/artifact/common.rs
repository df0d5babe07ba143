//! Functions that many contracts have, so that code without an ABI has names and types where it follows a standard.

use std::collections::BTreeMap;

use alloy_json_abi::Function;
use alloy_primitives::Selector;

/// Declarations from standards (ERC-20, 165, 173, 721, 2612, 3156, 4626, 5805) and from the governance contracts in wide
/// use (Compound's Bravo, OpenZeppelin's Governor and TimelockController).
const DECLARATIONS: &[&str] = &[
    "allowance(address owner, address spender) view returns (uint256)",
    "approve(address spender, uint256 amount) returns (bool)",
    "balanceOf(address owner) view returns (uint256)",
    "burn(uint256 amount)",
    "decimals() view returns (uint8)",
    "decreaseAllowance(address spender, uint256 amount) returns (bool)",
    "increaseAllowance(address spender, uint256 amount) returns (bool)",
    "mint(address to, uint256 amount)",
    "name() view returns (string)",
    "symbol() view returns (string)",
    "totalSupply() view returns (uint256)",
    "transfer(address to, uint256 amount) returns (bool)",
    "transferFrom(address from, address to, uint256 amount) returns (bool)",
    "DOMAIN_SEPARATOR() view returns (bytes32)",
    "nonces(address owner) view returns (uint256)",
    "permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
    "checkpoints(address account, uint32 index) view returns (uint32, uint96)",
    "clock() view returns (uint48)",
    "delegate(address delegatee)",
    "delegateBySig(address delegatee, uint256 nonce, uint256 expiry, uint8 v, bytes32 r, bytes32 s)",
    "delegates(address account) view returns (address)",
    "getCurrentVotes(address account) view returns (uint96)",
    "getPastTotalSupply(uint256 timepoint) view returns (uint256)",
    "getPastVotes(address account, uint256 timepoint) view returns (uint256)",
    "getPriorVotes(address account, uint256 block) view returns (uint96)",
    "getVotes(address account) view returns (uint256)",
    "acceptOwnership()",
    "owner() view returns (address)",
    "renounceOwnership()",
    "transferOwnership(address owner)",
    "supportsInterface(bytes4 id) view returns (bool)",
    "DEFAULT_ADMIN_ROLE() view returns (bytes32)",
    "getRoleAdmin(bytes32 role) view returns (bytes32)",
    "grantRole(bytes32 role, address account)",
    "hasRole(bytes32 role, address account) view returns (bool)",
    "renounceRole(bytes32 role, address account)",
    "revokeRole(bytes32 role, address account)",
    "pause()",
    "paused() view returns (bool)",
    "unpause()",
    "getApproved(uint256 id) view returns (address)",
    "isApprovedForAll(address owner, address operator) view returns (bool)",
    "ownerOf(uint256 id) view returns (address)",
    "safeTransferFrom(address from, address to, uint256 id)",
    "safeTransferFrom(address from, address to, uint256 id, bytes data)",
    "setApprovalForAll(address operator, bool approved)",
    "tokenURI(uint256 id) view returns (string)",
    "asset() view returns (address)",
    "convertToAssets(uint256 shares) view returns (uint256)",
    "convertToShares(uint256 assets) view returns (uint256)",
    "deposit(uint256 assets, address receiver) returns (uint256)",
    "maxDeposit(address receiver) view returns (uint256)",
    "maxMint(address receiver) view returns (uint256)",
    "maxRedeem(address owner) view returns (uint256)",
    "maxWithdraw(address owner) view returns (uint256)",
    "mint(uint256 shares, address receiver) returns (uint256)",
    "previewDeposit(uint256 assets) view returns (uint256)",
    "previewMint(uint256 shares) view returns (uint256)",
    "previewRedeem(uint256 shares) view returns (uint256)",
    "previewWithdraw(uint256 assets) view returns (uint256)",
    "redeem(uint256 shares, address receiver, address owner) returns (uint256)",
    "totalAssets() view returns (uint256)",
    "withdraw(uint256 assets, address receiver, address owner) returns (uint256)",
    "flashFee(address token, uint256 amount) view returns (uint256)",
    "flashLoan(address receiver, address token, uint256 amount, bytes data) returns (bool)",
    "maxFlashLoan(address token) view returns (uint256)",
    "castVote(uint256 proposal, uint8 support) returns (uint256)",
    "castVote(uint256 proposal, bool support)",
    "castVoteWithReason(uint256 proposal, uint8 support, string reason) returns (uint256)",
    "cancel(uint256 proposal)",
    "execute(uint256 proposal) payable",
    "execute(address[] targets, uint256[] values, bytes[] calldatas, bytes32 descriptionHash) payable returns (uint256)",
    "hashProposal(address[] targets, uint256[] values, bytes[] calldatas, bytes32 descriptionHash) view returns (uint256)",
    "proposalCount() view returns (uint256)",
    "proposalDeadline(uint256 proposal) view returns (uint256)",
    "proposalSnapshot(uint256 proposal) view returns (uint256)",
    "proposalThreshold() view returns (uint256)",
    "propose(address[] targets, uint256[] values, bytes[] calldatas, string description) returns (uint256)",
    "propose(address[] targets, uint256[] values, string[] signatures, bytes[] calldatas, string description) returns (uint256)",
    "queue(uint256 proposal)",
    "queue(address[] targets, uint256[] values, bytes[] calldatas, bytes32 descriptionHash) returns (uint256)",
    "quorum(uint256 timepoint) view returns (uint256)",
    "quorumVotes() view returns (uint256)",
    "state(uint256 proposal) view returns (uint8)",
    "votingDelay() view returns (uint256)",
    "votingPeriod() view returns (uint256)",
    "acceptAdmin()",
    "admin() view returns (address)",
    "cancelTransaction(address target, uint256 value, string signature, bytes data, uint256 eta)",
    "delay() view returns (uint256)",
    "executeTransaction(address target, uint256 value, string signature, bytes data, uint256 eta) payable returns (bytes)",
    "queueTransaction(address target, uint256 value, string signature, bytes data, uint256 eta) returns (bytes32)",
    "setDelay(uint256 delay)",
    "setPendingAdmin(address admin)",
    "execute(address target, uint256 value, bytes payload, bytes32 predecessor, bytes32 salt) payable",
    "executeBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt) payable",
    "getMinDelay() view returns (uint256)",
    "schedule(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt, uint256 delay)",
    "scheduleBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt, uint256 delay)",
    "updateDelay(uint256 delay)",
    "implementation() view returns (address)",
    "initialize()",
    "proxiableUUID() view returns (bytes32)",
    "upgradeTo(address implementation)",
    "upgradeToAndCall(address implementation, bytes data) payable",
    "deposit() payable",
    "withdraw(uint256 amount)",
];

/// The declarations, by selector.
pub(super) fn functions() -> BTreeMap<Selector, Function> {
    let functions = DECLARATIONS.iter().filter_map(|text| Function::parse(text).ok());
    functions.map(|function| (function.selector(), function)).collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_declaration_is_one_and_has_its_own_selector() {
        for text in DECLARATIONS {
            assert!(Function::parse(text).is_ok(), "{text}");
        }
        let functions = functions();
        assert_eq!(functions.len(), DECLARATIONS.len());
        let transfer = functions.values().find(|function| function.name == "transfer").unwrap();
        assert_eq!(transfer.selector().to_string(), "0xa9059cbb");
    }
}
