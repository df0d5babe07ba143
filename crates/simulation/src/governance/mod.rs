//! Rules: what counts as power, how ballots become an outcome, what an outcome must still pass, how a pot is shared.
//!
//! One rule is one folder: typed functions and state that the engine and users of the library call, a card, and
//! `vectors.json`, worked cases with their source. The same rule takes a case as JSON ([`Rule::decide`]): so the
//! command, the service and the conformance suite ask every rule in one way.

pub mod aave_governance;
pub mod aragon_voting;
pub mod bribes;
mod case;
pub mod commit_reveal;
pub mod conviction;
pub mod conviction_lock;
pub mod council;
pub mod delegation;
pub mod dual_governance;
pub mod dual_house;
pub mod futarchy;
pub mod gauge;
pub mod governor;
pub mod governor_alpha;
pub mod governor_bravo;
pub mod holographic_consensus;
pub mod lifecycle;
pub mod moloch;
pub mod nouns_fork;
pub mod optimistic;
pub mod quadratic_credits;
pub mod quadratic_funding;
pub mod referee;
pub mod registry;
mod replay;
pub mod retroactive_funding;
mod script;
pub mod shielded;
pub mod snapshot;
pub mod snapshot_approval;
pub mod snapshot_copeland;
pub mod snapshot_quadratic;
pub mod snapshot_ranked;
pub mod snapshot_single;
pub mod snapshot_weighted;
pub mod vote_escrow;
pub mod wide;

pub use case::{Amount, Powers, read_case, write_outcome};
pub use referee::{Referee, Refereed};
pub use wide::Wide;

use serde_json::Value;

use crate::Result;

/// Which question a rule answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// What a member's power is: delegation, locks, escrow.
    Power,
    /// How ballots become an outcome.
    Counting,
    /// What happens to a proposal from its making to its effect.
    Lifecycle,
    /// How a pot is shared out.
    Funding,
    /// How members leave with their share.
    Exit,
    /// What buying influence costs.
    Market,
}

/// What a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Card {
    /// Which question it answers.
    pub family: Family,
    /// In one sentence, what it is.
    pub purpose: &'static str,
    /// The exact definition: formulas, comparisons (strict or not), rounding, ties.
    pub definition: &'static str,
    /// Where the definition is from: contract and function, package and file, or paper and equation.
    pub source: &'static str,
    /// What it leaves out, and where not to use it.
    pub limits: &'static str,
    /// An example of a case, as JSON; the conformance suite decides it.
    pub example: &'static str,
}

/// A rule. One folder and one line in [`registry::RULES`].
pub trait Rule: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// Worked cases: a JSON list of `{"name", "source", "case", "outcome"}`, or `"refused"` (a part of the error's text)
    /// in place of `"outcome"`.
    fn vectors(&self) -> &'static str;

    /// Decides a case. A function of the case alone.
    ///
    /// # Errors
    /// A case that this rule cannot decide, with every problem and its place.
    fn decide(&self, case: &Value) -> Result<Value>;
}
