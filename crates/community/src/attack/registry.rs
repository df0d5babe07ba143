//! The attacks that users can name.

use super::AttackScript;
use crate::{Error, Result};

/// Every attack, in the order in which they are listed.
pub const ATTACKS: &[&dyn AttackScript] = &[
    // Words.
    &super::hijacked_announcement::HijackedAnnouncement,
    &super::impersonating_message::ImpersonatingMessage,
    &super::look_alike_proposal::LookAlikeProposal,
    &super::airdrop_lure::AirdropLure,
    // Votes.
    &super::long_con_delegate::LongConDelegate,
    &super::sybil_brigade::SybilBrigade,
    &super::vote_buying::VoteBuying,
    // Transactions.
    &super::phishing_drain::PhishingDrain,
    &super::address_poisoning::AddressPoisoning,
    &super::sybil_funding::SybilFunding,
];

/// The attack with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn AttackScript> {
    ATTACKS.iter().copied().find(|script| script.name() == name).ok_or_else(|| {
        let known: Vec<String> = ATTACKS.iter().map(|script| format!("`{}`", script.name())).collect();
        Error::Unknown { what: "attack", name: name.to_owned(), known: known.join(", ") }
    })
}
