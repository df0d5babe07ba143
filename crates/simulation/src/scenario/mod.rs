//! Scenarios: which rule a DAO has, and what happens to it and when, as a TOML file that people write.
//!
//! ```toml
//! title = "Quorum of 2 % in a downturn"
//!
//! [rule]
//! quorum = 0.02          # share of the supply
//! quorum_counts = "for"
//!
//! [[conditions]]
//! kind = "downturn"
//! from = "2024-03-01"
//! depth = 0.8
//! ```
//!
//! A condition is what happens in the world; `[behaviours]` says how people answer it, each by one line of
//! [`behaviours::BEHAVIOURS`]: `herding = "prior"` draws its strength anew in every run, `herding = 0.8` fixes it.
//!
//! Every kind of condition is one line of [`conditions::CONDITIONS`]: what it does, its evidence, its fields with
//! bounds and defaults. The reader, its messages, the JSON Schema and the book's table come from that list.

pub mod behaviours;
pub mod conditions;
pub mod gallery;
pub(crate) mod read;
mod schema;
mod vary;

use std::collections::BTreeMap;

pub use behaviours::{Behaviours, Strength};
pub use read::read;
pub use schema::json_schema;
pub use vary::{Axis, Setting, axes, with};

/// What is rehearsed.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Scenario {
    /// A name for pictures and sentences.
    pub title: String,
    /// What it is about, in the author's words.
    pub about: String,
    /// What differs from the DAO's recorded rule.
    pub rule: RuleChange,
    /// What a token costs; attacks are priced in it.
    pub price: Option<f64>,
    /// What happens, in the order of the file.
    pub conditions: Vec<Condition>,
    /// How people answer it; what is not named is off.
    #[serde(skip_serializing_if = "Behaviours::is_empty")]
    pub behaviours: Behaviours,
}

/// What differs from a DAO's recorded rule; nothing where a field is none.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct RuleChange {
    /// Quorum as a share of the supply.
    pub quorum: Option<f64>,
    /// Quorum in tokens.
    pub quorum_tokens: Option<f64>,
    /// Which ballots count towards it.
    pub quorum_counts: Option<QuorumCounts>,
    /// The share of the ballots for, among those for and against, that must be exceeded.
    pub approval: Option<f64>,
    /// How much a ballot weighs in that share.
    pub weighting: Option<Weighting>,
    /// With [`Weighting::Capped`]: the largest weight, as a share of the supply.
    pub cap: Option<f64>,
    /// Factor on the length of voting windows.
    pub window: Option<f64>,
    /// Whether nobody sees the tally before the end.
    pub shielded: Option<bool>,
    /// Whether power is what a member holds as it votes, and not at a block before: borrowed tokens vote.
    pub power_at_vote: Option<bool>,
}

/// Which ballots count towards a quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuorumCounts {
    /// Those for (Compound, Aave, Aragon).
    For,
    /// Those for and abstentions (OpenZeppelin's `GovernorCountingSimple`).
    ForAndAbstain,
    /// All (Snapshot).
    All,
}

/// How much a ballot weighs between for and against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// Its tokens.
    Tokens,
    /// The square root of its tokens.
    SquareRoot,
    /// One a member.
    Members,
    /// Its tokens up to a share of the supply.
    Capped,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Condition {
    /// Its kind, a name of [`conditions::CONDITIONS`].
    pub kind: &'static str,
    /// From when on, in seconds since 1970; from the beginning where none.
    pub from: Option<i64>,
    /// Until when, not included; to the end where none.
    pub until: Option<i64>,
    /// Every number of its kind, by name; defaults filled in.
    pub numbers: BTreeMap<&'static str, f64>,
    /// With `new_rule`: what differs from then on.
    pub rule: Option<RuleChange>,
}

impl Condition {
    /// A number of its kind.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.numbers.get(name).copied().unwrap_or(f64::NAN)
    }

    /// Whether it holds at this time.
    pub fn holds(&self, at: i64) -> bool {
        self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until)
    }
}

impl RuleChange {
    /// This change with what a later one says in its place.
    pub fn then(self, later: &Self) -> Self {
        let quorum_said = later.quorum.is_some() || later.quorum_tokens.is_some();
        Self {
            quorum: if quorum_said { later.quorum } else { self.quorum },
            quorum_tokens: if quorum_said { later.quorum_tokens } else { self.quorum_tokens },
            quorum_counts: later.quorum_counts.or(self.quorum_counts),
            approval: later.approval.or(self.approval),
            weighting: later.weighting.or(self.weighting),
            cap: later.cap.or(self.cap),
            window: later.window.or(self.window),
            shielded: later.shielded.or(self.shielded),
            power_at_vote: later.power_at_vote.or(self.power_at_vote),
        }
    }
}

#[cfg(test)]
mod test;
