//! The events that are read, each once: signature, hash, which arguments are topics.

use super::abi::{Word, nibble};

/// What an event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ProposalCreated,
    ProposalCanceled,
    ProposalExecuted,
    ProposalQueued,
    ProposalExtended,
    VoteCast,
    VoteCastWithParams,
    VoteCastAlpha,
    AaveProposalCreated,
    AaveVoteEmitted,
    AaveProposalQueued,
    AaveProposalExecuted,
    StartVote,
    CastVote,
    CastObjection,
    ExecuteVote,
    ChangeVoteTime,
    Transfer,
    DelegateChanged,
    DelegateVotesChanged,
    /// Tells that the contract is an OpenZeppelin Governor; holds no row.
    OpenZeppelinSetting,
    /// Tells that the contract is a Governor Bravo; holds no row.
    BravoSetting,
    /// Shared by both, or without a place in a History; holds no row.
    Setting,
}

/// An event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    /// As it is hashed. Read by the test that recomputes the hash.
    #[cfg_attr(not(test), expect(dead_code, reason = "documents the hash, which a test recomputes"))]
    pub(crate) signature: &'static str,
    /// Keccak-256 of the signature.
    pub(crate) topic: Word,
    /// The positions of the arguments that are topics; several where contracts differ, told by their count.
    pub(crate) indexed: &'static [&'static [usize]],
}

const fn event(
    kind: Kind,
    signature: &'static str,
    topic: &str,
    indexed: &'static [&'static [usize]],
) -> Event {
    let digits = topic.as_bytes();
    let mut word = [0; 32];
    let mut index = 0;
    while index < 32 {
        word[index] = match (nibble(digits[2 * index]), nibble(digits[2 * index + 1])) {
            (Some(high), Some(low)) => high << 4 | low,
            _ => 0,
        };
        index += 1;
    }
    Event { kind, signature, topic: word, indexed }
}

/// Every event that is read. Index flags are those of the contracts' published ABIs.
pub(crate) const EVENTS: &[Event] = &[
    event(
        Kind::ProposalCreated,
        "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)",
        "7d84a6263ae0d98d3329bd7b46bb4e8d6f98cd35a7adb45c274c8b7fd5ebd5e0",
        &[&[], &[0], &[0, 1]],
    ),
    event(
        Kind::ProposalCanceled,
        "ProposalCanceled(uint256)",
        "789cf55be980739dad1d0699b93b58e806b51c9d96619bfa8fe0a28abaa7b30c",
        &[&[], &[0]],
    ),
    event(
        Kind::ProposalExecuted,
        "ProposalExecuted(uint256)",
        "712ae1383f79ac853f8d882153778e0260ef8f03b504e2866e0593e04d2b291f",
        &[&[], &[0]],
    ),
    event(
        Kind::ProposalQueued,
        "ProposalQueued(uint256,uint256)",
        "9a2e42fd6722813d69113e7d0079d3d940171428df7373df9c7f7617cfda2892",
        &[&[], &[0]],
    ),
    event(
        Kind::ProposalExtended,
        "ProposalExtended(uint256,uint64)",
        "541f725fb9f7c98a30cc9c0ff32fbb14358cd7159c847a3aa20a2bdc442ba511",
        &[&[0], &[]],
    ),
    event(
        Kind::VoteCast,
        "VoteCast(address,uint256,uint8,uint256,string)",
        "b8e138887d0aa13bab447e82de9d5c1777041ecd21ca36ba824ff1e6c07ddda4",
        &[&[0], &[], &[0, 1]],
    ),
    event(
        Kind::VoteCastWithParams,
        "VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)",
        "e2babfbac5889a709b63bb7f598b324e08bc5a4fb9ec647fb3cbc9ec07eb8712",
        &[&[0], &[], &[0, 1]],
    ),
    event(
        Kind::VoteCastAlpha,
        "VoteCast(address,uint256,bool,uint256)",
        "877856338e13f63d0c36822ff0ef736b80934cd90574a3a5bc9262c39d217c46",
        &[&[], &[0], &[0, 1]],
    ),
    event(
        Kind::AaveProposalCreated,
        "ProposalCreated(uint256,address,address,address[],uint256[],string[],bytes[],bool[],uint256,uint256,address,bytes32)",
        "d272d67d2c8c66de43c1d2515abb064978a5020c173e15903b6a2ab3bf7440ec",
        &[&[1, 2]],
    ),
    event(
        Kind::AaveVoteEmitted,
        "VoteEmitted(uint256,address,bool,uint256)",
        "0c611e7b6ae0de26f4772260e1bbdb5f58cbb7c275fe2de14671968d29add8d6",
        &[&[1], &[]],
    ),
    event(
        Kind::AaveProposalQueued,
        "ProposalQueued(uint256,uint256,address)",
        "11a0b38e70585e4b09b794bd1d9f9b1a51a802eb8ee2101eeee178d0349e73fe",
        &[&[2], &[]],
    ),
    event(
        Kind::AaveProposalExecuted,
        "ProposalExecuted(uint256,address)",
        "9c85b616f29fca57a17eafe71cf9ff82ffef41766e2cf01ea7f8f7878dd3ec24",
        &[&[1], &[]],
    ),
    event(
        Kind::StartVote,
        "StartVote(uint256,address,string)",
        "4d72fe0577a3a3f7da968d7b892779dde102519c25527b29cf7054f245c791b9",
        &[&[0, 1]],
    ),
    event(
        Kind::CastVote,
        "CastVote(uint256,address,bool,uint256)",
        "b34ee265e3d4f5ec4e8b52d59b2a9be8fceca2f274ebc080d8fba797fea9391f",
        &[&[0, 1]],
    ),
    event(
        Kind::CastObjection,
        "CastObjection(uint256,address,uint256)",
        "fa539989fcfb5d8fa8c97a1102d1777a34c3543f0725fb8ab66109619bb9de18",
        &[&[0, 1]],
    ),
    event(
        Kind::ExecuteVote,
        "ExecuteVote(uint256)",
        "bf8e2b108bb7c980e08903a8a46527699d5e84905a082d56dacb4150725c8cab",
        &[&[0]],
    ),
    event(
        Kind::ChangeVoteTime,
        "ChangeVoteTime(uint64)",
        "776dcd10c15e7a1bd4fbb6c824d2a80fa8a40a3a6b401fddc678696b7fb06abe",
        &[&[]],
    ),
    event(
        Kind::Transfer,
        "Transfer(address,address,uint256)",
        "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
        &[&[0, 1]],
    ),
    event(
        Kind::DelegateChanged,
        "DelegateChanged(address,address,address)",
        "3134e8a2e6d97e929a7e54011ea5485d7d196dd5f0ba4d4ef95803e8e3fc257f",
        &[&[0, 1, 2]],
    ),
    event(
        Kind::DelegateVotesChanged,
        "DelegateVotesChanged(address,uint256,uint256)",
        "dec2bacdd2f05b59de34da9b523dff8be42e5e38e818c82fdb0bae774387a724",
        &[&[0]],
    ),
    event(
        Kind::OpenZeppelinSetting,
        "QuorumNumeratorUpdated(uint256,uint256)",
        "0553476bf02ef2726e8ce5ced78d63e26e602e4a2257b1f559418e24b4633997",
        &[&[]],
    ),
    event(
        Kind::OpenZeppelinSetting,
        "TimelockChange(address,address)",
        "08f74ea46ef7894f65eabfb5e6e695de773a000b47c529ab559178069b226401",
        &[&[]],
    ),
    event(
        Kind::OpenZeppelinSetting,
        "LateQuorumVoteExtensionSet(uint64,uint64)",
        "7ca4ac117ed3cdce75c1161d8207c440389b1a15d69d096831664657c07dafc2",
        &[&[]],
    ),
    event(
        Kind::BravoSetting,
        "NewImplementation(address,address)",
        "d604de94d45953f9138079ec1b82d533cb2160c906d1076d1f7ed54befbca97a",
        &[&[]],
    ),
    event(
        Kind::BravoSetting,
        "NewPendingAdmin(address,address)",
        "ca4f2f25d0898edd99413412fb94012f9e54ec8142f9b093e7720646a95b16a9",
        &[&[]],
    ),
    event(
        Kind::BravoSetting,
        "NewAdmin(address,address)",
        "f9ffabca9c8276e99321725bcb43fb076a6c66a54b7f21c4e8146d8519b417dc",
        &[&[]],
    ),
    event(
        Kind::BravoSetting,
        "WhitelistAccountExpirationSet(address,uint256)",
        "4e7b7545bc5744d0e30425959f4687475774b6c7edad77d24cb51c7d967d4515",
        &[&[]],
    ),
    event(
        Kind::BravoSetting,
        "WhitelistGuardianSet(address,address)",
        "80a07e73e552148844a9c216d9724212d609cfa54e9c1a2e97203bdd2c4ad341",
        &[&[]],
    ),
    event(
        Kind::Setting,
        "VotingDelaySet(uint256,uint256)",
        "c565b045403dc03c2eea82b81a0465edad9e2e7fc4d97e11421c209da93d7a93",
        &[&[]],
    ),
    event(
        Kind::Setting,
        "VotingPeriodSet(uint256,uint256)",
        "7e3f7f0708a84de9203036abaa450dccc85ad5ff52f78c170f3edb55cf5e8828",
        &[&[]],
    ),
    event(
        Kind::Setting,
        "ProposalThresholdSet(uint256,uint256)",
        "ccb45da8d5717e6c4544694297c4ba5cf151d455c9bb0ed4fc7a38411bc05461",
        &[&[]],
    ),
    event(
        Kind::Setting,
        "ChangeSupportRequired(uint64)",
        "903b617f7f36eb047a29b89d1bf7885fdae31d250c3320fccf11d045c11b396e",
        &[&[]],
    ),
    event(
        Kind::Setting,
        "ChangeMinQuorum(uint64)",
        "3172f2e9273c729c2a47cc8bf7e7f18506e3e3035126d562602bd2155bc78a50",
        &[&[]],
    ),
    event(
        Kind::Setting,
        "ChangeObjectionPhaseTime(uint64)",
        "f2eb32f215d9f6d0f4ace97038141d2574af9f8c3bb509239254ace3d9c27000",
        &[&[]],
    ),
    event(
        Kind::Setting,
        "Approval(address,address,uint256)",
        "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925",
        &[&[0, 1]],
    ),
];

/// The event with this hash.
pub(crate) fn find(topic: &Word) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.topic == *topic)
}
