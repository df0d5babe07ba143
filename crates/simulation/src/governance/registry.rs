//! The rules that users can name.

use super::Rule;
use crate::{Error, Result};

/// Every rule, in the order in which they are listed.
pub const RULES: &[&dyn Rule] = &[
    // Proposals on a chain.
    &super::governor::Governor,
    &super::governor_bravo::GovernorBravo,
    &super::governor_alpha::GovernorAlpha,
    &super::aave_governance::AaveGovernance,
    &super::aragon_voting::AragonVoting,
    // Ballots and power.
    &super::snapshot_single::SINGLE_CHOICE,
    &super::snapshot_single::BASIC,
    &super::snapshot_approval::SnapshotApproval,
    &super::snapshot_weighted::SnapshotWeighted,
    &super::snapshot_quadratic::SnapshotQuadratic,
    &super::snapshot_ranked::SnapshotRanked,
    &super::snapshot_copeland::SnapshotCopeland,
    &super::quadratic_credits::Credits,
    &super::conviction::Conviction,
    &super::conviction_lock::ConvictionLock,
    &super::delegation::Delegating,
    &super::vote_escrow::VoteEscrow,
    &super::gauge::Gauge,
    // Exits, funding and markets.
    &super::moloch::Moloch,
    &super::nouns_fork::NounsFork,
    &super::quadratic_funding::QuadraticFunding,
    &super::retroactive_funding::RetroactiveFunding,
    &super::bribes::Bribes,
    &super::holographic_consensus::HolographicConsensus,
    &super::futarchy::DecisionMarkets,
    &super::commit_reveal::CommitReveal,
    &super::shielded::Shielded,
    &super::council::CouncilRule,
    &super::optimistic::Optimistic,
    &super::dual_governance::DualGovernance,
    &super::dual_house::DualHouse,
];

/// The rule with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.name() == name).ok_or_else(|| {
        let known: Vec<String> = RULES.iter().map(|rule| format!("`{}`", rule.name())).collect();
        Error::Unknown { what: "rule", name: name.to_owned(), known: known.join(", ") }
    })
}
