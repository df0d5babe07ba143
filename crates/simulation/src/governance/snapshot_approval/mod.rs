//! Snapshot's approval voting.

use serde_json::Value;

use super::snapshot::{LIMITS, Outcome, Type, decide, list};
use super::{Card, Family, Rule};
use crate::Result;

/// All power of a ballot to each choice that it approves. A ballot costs a sum for each.
#[derive(Debug, Clone)]
pub struct Approval {
    scores: Vec<f64>,
    total: f64,
    /// Which ballot, counted from 1, named a choice last: finds one named twice without a set.
    seen: Vec<u64>,
    ballots: u64,
}

impl Approval {
    /// An empty count among so many choices.
    pub fn new(choices: u32) -> Self {
        let choices = choices as usize;
        Self { scores: vec![0.0; choices], total: 0.0, seen: vec![0; choices], ballots: 0 }
    }

    /// Takes a ballot that approves these choices, from 1; whether it is valid. One that approves nothing is.
    pub fn cast(&mut self, approved: &[u32], power: f64) -> bool {
        self.total += power;
        self.ballots += 1;
        for &choice in approved {
            let Some(seen) = (choice as usize).checked_sub(1).and_then(|place| self.seen.get_mut(place))
            else {
                return false;
            };
            if std::mem::replace(seen, self.ballots) == self.ballots {
                return false;
            }
        }
        for &choice in approved {
            self.scores[choice as usize - 1] += power;
        }
        true
    }

    /// Power by choice.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Power of all ballots, invalid ones included.
    pub fn total(&self) -> f64 {
        self.total
    }
}

impl Type for Approval {
    fn cast(&mut self, choice: &Value, power: f64) -> bool {
        Self::cast(self, &list(choice), power)
    }

    fn fill(&self, outcome: &mut Outcome) {
        outcome.scores.clone_from(&self.scores);
        outcome.scores_total = self.total;
    }
}

/// The rule.
#[derive(Debug)]
pub struct SnapshotApproval;

const NAME: &str = "snapshot-approval";

impl Rule for SnapshotApproval {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Every ballot gives all its power to each choice that it approves (Snapshot's `approval`).",
            definition: "A ballot is valid where it is a list of choices of the proposal, none twice; the empty list is \
                valid and gives nothing. A choice's score is the sum of the power of the valid ballots that approve it, \
                in their order. The total is the sum over all ballots once each, invalid ones included: scores can \
                add up to more. The winner is the choice whose score is above all others' and above zero; the package \
                names none.",
            source: "npm package `@snapshot-labs/snapshot.js` 0.17.5, `src/voting/approval.ts`: `isValidChoice`, \
                `getScores`, `getScoresTotal`",
            limits: LIMITS,
            example: r#"{"choices": 3, "ballots": [{"choice": [1, 3], "power": 10.5}, {"choice": [], "power": 2}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        decide(NAME, case, |choices, _| Approval::new(choices))
    }
}

#[cfg(test)]
mod test;
