//! Snapshot's single choice, and its basic voting (for, against, abstain), which counts alike.

use serde_json::Value;

use super::snapshot::{LIMITS, Outcome, Type, decide, one};
use super::{Card, Family, Rule};
use crate::Result;

/// All power of a ballot to one choice. A ballot costs a sum.
///
/// ```
/// use daotwin_simulation::governance::snapshot_single::SingleChoice;
///
/// let mut count = SingleChoice::new(2);
/// assert!(count.cast(1, 0.5));
/// assert!(!count.cast(3, 1.0));
/// assert_eq!((count.scores(), count.total()), (&[0.5, 0.0][..], 1.5));
/// ```
#[derive(Debug, Clone)]
pub struct SingleChoice {
    scores: Vec<f64>,
    total: f64,
}

impl SingleChoice {
    /// An empty count among so many choices.
    pub fn new(choices: u32) -> Self {
        Self { scores: vec![0.0; choices as usize], total: 0.0 }
    }

    /// Takes a ballot for a choice, from 1; whether it is valid.
    pub fn cast(&mut self, choice: u32, power: f64) -> bool {
        self.total += power;
        let score = (choice as usize).checked_sub(1).and_then(|place| self.scores.get_mut(place));
        score.map(|score| *score += power).is_some()
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

impl Type for SingleChoice {
    fn cast(&mut self, choice: &Value, power: f64) -> bool {
        Self::cast(self, one(choice), power)
    }

    fn fill(&self, outcome: &mut Outcome) {
        outcome.scores.clone_from(&self.scores);
        outcome.scores_total = self.total;
    }
}

/// The rule under one of its two names.
#[derive(Debug)]
pub struct Single {
    name: &'static str,
    purpose: &'static str,
    vectors: &'static str,
}

/// Snapshot's `single-choice`.
pub const SINGLE_CHOICE: Single = Single {
    name: "snapshot-single",
    purpose: "Every ballot gives all its power to one of the choices (Snapshot's `single-choice`).",
    vectors: include_str!("vectors.json"),
};

/// Snapshot's `basic`.
pub const BASIC: Single = Single {
    name: "snapshot-basic",
    purpose: "For, against, abstain: choices 1, 2, 3, counted as a single choice (Snapshot's `basic`).",
    vectors: include_str!("basic.json"),
};

impl Rule for Single {
    fn name(&self) -> &'static str {
        self.name
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: self.purpose,
            definition: "A ballot is valid where its choice is a number from 1 to the number of choices. A choice's \
                score is the sum of the power of its valid ballots, in their order. The total is the sum over all \
                ballots, invalid ones included. The winner is the choice whose score is above all others' and above \
                zero; the package names none.",
            source: "npm package `@snapshot-labs/snapshot.js` 0.17.5, `src/voting/singleChoice.ts`: `isValidChoice`, \
                `getScores`, `getScoresTotal`; `src/voting/index.ts` counts `basic` by the same class",
            limits: LIMITS,
            example: r#"{"choices": 3, "ballots": [{"choice": 1, "power": 10.5}, {"choice": 3, "power": 2}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        self.vectors
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        decide(self.name, case, |choices, _| SingleChoice::new(choices))
    }
}

#[cfg(test)]
mod test;
