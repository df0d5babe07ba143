//! Two houses: one votes by tokens, one by heads, and what is approved may still be vetoed. Optimism's.
//!
//! The Token House is one group, whose members vote with what is delegated to them. The Citizens' House has three groups
//! of one vote a head: end users, apps, chains. Where groups are weighed together, each of the three counts alike, and in a
//! joint house the Token House counts as much as the three together. Shares are in parts of 10^18 rounded down; each bar
//! is met where a share is at least the bar.

mod decide;
#[cfg(test)]
mod test;

use serde::{Deserialize, Serialize};

pub use decide::DualHouse;

use super::Amount;

/// 100 % of a share.
const WHOLE: u128 = 1_000_000_000_000_000_000;

/// Parts of a share in a hundredth of a percent.
const POINT: u128 = WHOLE / 10_000;

/// How a group voted: tokens, or heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// All that may vote: the votable supply, or the group's members.
    pub eligible: Amount,
    /// In favour.
    #[serde(default, rename = "for")]
    pub in_favour: Amount,
    /// Against.
    #[serde(default)]
    pub against: Amount,
    /// Present.
    #[serde(default)]
    pub abstain: Amount,
    /// In the time of the veto, for it.
    #[serde(default)]
    pub veto: Amount,
}

/// A share in parts of 10^18, rounded down; zero of nothing.
fn share(part: u128, whole: u128) -> u128 {
    Amount(part).times(WHOLE, whole).map_or(0, |share| share.0)
}

impl Group {
    /// All ballots of the vote; at most 2^128 - 1.
    const fn ballots(&self) -> u128 {
        self.in_favour.0.saturating_add(self.against.0).saturating_add(self.abstain.0)
    }

    /// Whether no more vote than may.
    pub fn fits(&self) -> bool {
        let ballots = self
            .in_favour
            .checked_add(self.against)
            .and_then(|sum| sum.checked_add(self.abstain))
            .is_some_and(|sum| sum <= self.eligible);
        ballots && self.veto <= self.eligible
    }

    /// The part of those who may that votes, abstaining included.
    pub fn turnout(&self) -> u128 {
        share(self.ballots(), self.eligible.0)
    }

    /// The part for of for and against; zero where nobody says either.
    pub fn approval(&self) -> u128 {
        share(self.in_favour.0, self.in_favour.0.saturating_add(self.against.0))
    }

    /// The part of those who may that vetoes.
    pub fn vetoing(&self) -> u128 {
        share(self.veto.0, self.eligible.0)
    }
}

/// The two houses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Houses {
    /// By tokens.
    pub token: Group,
    /// By heads: end users, apps, chains.
    pub citizens: [Group; 3],
}

/// Who approves. Bars are in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Approval {
    /// Nobody has to: it is approved unless vetoed.
    Optimistic,
    /// The Token House.
    Token {
        /// The part of all that may vote which has to.
        quorum: u32,
        /// The part for of for and against.
        approval: u32,
    },
    /// The Citizens' House, groups weighed alike.
    Citizens {
        /// As before.
        quorum: u32,
        /// As before.
        approval: u32,
    },
    /// Both houses, each with half of the weight.
    Joint {
        /// As before.
        quorum: u32,
        /// As before.
        approval: u32,
    },
}

/// Who may veto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Veto {
    /// Nobody.
    None,
    /// The Token House.
    Token {
        /// The part of all that may vote, in hundredths of a percent.
        threshold: u32,
    },
    /// The Citizens' House, groups weighed alike.
    Citizens {
        /// As before.
        threshold: u32,
    },
    /// The Citizens' House as one body of heads, as in its first seasons.
    Heads {
        /// As before.
        threshold: u32,
    },
    /// Two, three or all four groups, each past a bar that falls with their number; it rises after a first veto.
    Stakeholders {
        /// Whether the proposal was vetoed before.
        appeal: bool,
    },
}

/// The bars of two, three and four groups, in hundredths of a percent of those who may vote.
const BARS: [u128; 3] = [1_700, 1_400, 1_100];

/// The bars after a veto.
const BARS_OF_APPEAL: [u128; 3] = [2_300, 2_000, 1_700];

/// What came of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Too few voted.
    NoQuorum,
    /// Enough voted, too few for it.
    Rejected,
    /// Approved, then vetoed.
    Vetoed,
    /// Approved and not vetoed.
    Passed,
}

impl Houses {
    /// The Citizens' House's share of something: the mean of its groups.
    fn of_citizens(&self, of: impl Fn(&Group) -> u128) -> u128 {
        self.citizens.iter().map(of).sum::<u128>() / 3
    }

    /// The joint share of something: half the Token House's, a sixth of each group's.
    fn of_both(&self, of: impl Fn(&Group) -> u128) -> u128 {
        (3 * of(&self.token) + self.citizens.iter().map(&of).sum::<u128>()) / 6
    }

    /// Whether a vote has its quorum and is approved.
    pub fn approves(&self, approval: Approval) -> (bool, bool) {
        let bar = |points: u32| u128::from(points) * POINT;
        match approval {
            Approval::Optimistic => (true, true),
            Approval::Token { quorum, approval } => {
                // The contract rounds the quorum down in tokens and the share in hundredths of a percent.
                let needed = self.token.eligible.times(quorum.into(), 10_000);
                let met = needed.is_some_and(|needed| needed.0 <= self.token.ballots());
                (met, approval == 0 || self.token.approval() / POINT >= approval.into())
            }
            Approval::Citizens { quorum, approval } => (
                self.of_citizens(Group::turnout) >= bar(quorum),
                self.of_citizens(Group::approval) >= bar(approval),
            ),
            Approval::Joint { quorum, approval } => {
                (self.of_both(Group::turnout) >= bar(quorum), self.of_both(Group::approval) >= bar(approval))
            }
        }
    }

    /// Whether what is approved is vetoed.
    pub fn vetoes(&self, veto: Veto) -> bool {
        let bar = |points: u32| u128::from(points) * POINT;
        match veto {
            Veto::None => false,
            Veto::Token { threshold } => self.token.vetoing() >= bar(threshold),
            Veto::Citizens { threshold } => self.of_citizens(Group::vetoing) >= bar(threshold),
            Veto::Heads { threshold } => {
                let sum = |of: fn(&Group) -> Amount| {
                    self.citizens.iter().fold(0_u128, |sum, group| sum.saturating_add(of(group).0))
                };
                share(sum(|group| group.veto), sum(|group| group.eligible)) >= bar(threshold)
            }
            Veto::Stakeholders { appeal } => {
                let bars = if appeal { BARS_OF_APPEAL } else { BARS };
                (2..=4).zip(bars).any(|(groups, bar)| {
                    let past = |group: &&Group| group.vetoing() >= bar * POINT;
                    self.citizens.iter().chain([&self.token]).filter(past).count() >= groups
                })
            }
        }
    }

    /// What comes of a proposal.
    pub fn outcome(&self, approval: Approval, veto: Veto) -> Outcome {
        match self.approves(approval) {
            (false, _) => Outcome::NoQuorum,
            (true, false) => Outcome::Rejected,
            (true, true) if self.vetoes(veto) => Outcome::Vetoed,
            (true, true) => Outcome::Passed,
        }
    }
}
