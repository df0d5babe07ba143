//! Snapshot's weighted voting.

use serde_json::Value;

use super::snapshot::{LIMITS, Outcome, Type, decide, share, shares, sum, valid_shares};
use super::{Card, Family, Rule};
use crate::Result;

/// Power split over choices in proportion to weights. A ballot costs a quotient for each choice that it names.
#[derive(Debug, Clone)]
pub struct Weighted {
    given: Vec<f64>,
    valid: f64,
    total: f64,
}

impl Weighted {
    /// An empty count among so many choices.
    pub fn new(choices: u32) -> Self {
        Self { given: vec![0.0; choices as usize], valid: 0.0, total: 0.0 }
    }

    /// Takes a ballot: weights by choice, from 1, choices upwards; whether it is valid. Weights are relative.
    pub fn cast(&mut self, weights: &[(u32, f64)], power: f64) -> bool {
        self.total += power;
        if !valid_shares(weights, self.given.len()) {
            return false;
        }
        self.valid += power;
        let whole = sum(weights.iter().map(|&(_, weight)| weight));
        for &(choice, weight) in weights {
            if let Some(given) = self.given.get_mut(choice as usize - 1) {
                *given += percent(weight, whole) / 100.0 * power;
            }
        }
        true
    }

    /// Power by choice, scaled so that it adds up to that of the valid ballots.
    pub fn scores(&self) -> Vec<f64> {
        let whole = sum(self.given.iter().copied());
        self.given.iter().map(|&given| self.valid / 100.0 * percent(given, whole)).collect()
    }

    /// Power of all ballots, invalid ones included.
    pub fn total(&self) -> f64 {
        self.total
    }
}

/// How many hundredths of the whole a part is; zero where the quotient is not a number.
fn percent(part: f64, whole: f64) -> f64 {
    share(part, whole) * 100.0
}

impl Type for Weighted {
    fn cast(&mut self, choice: &Value, power: f64) -> bool {
        let weights = shares(choice, self.given.len() as u32);
        Self::cast(self, &weights, power)
    }

    fn fill(&self, outcome: &mut Outcome) {
        outcome.scores = self.scores();
        outcome.scores_total = self.total;
    }
}

/// The rule.
#[derive(Debug)]
pub struct SnapshotWeighted;

const NAME: &str = "snapshot-weighted";

impl Rule for SnapshotWeighted {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Every ballot splits its power over choices by relative weights (Snapshot's `weighted`).",
            definition: "A ballot is valid where it is an object of choice to weight with choices of the proposal, no \
                weight below zero and one above. To a choice it gives ((weight / sum of weights) x 100) / 100 x power; \
                what ballots give is summed in their order. A choice's score is (power of the valid ballots / 100) x \
                (what it was given / what all were given x 100). All in doubles in this order; a quotient that is not \
                a number counts zero. The total is the sum over all ballots, invalid ones included. The winner is \
                the choice whose score is above all others' and above zero; the package names none.",
            source: "npm package `@snapshot-labs/snapshot.js` 0.17.5, `src/voting/weighted.ts`: `isValidChoice`, \
                `percentageOfTotal`, `weightedPower`, `getScores`, `getScoresTotal`",
            limits: LIMITS,
            example: r#"{"choices": 3, "ballots": [{"choice": {"1": 1, "3": 2}, "power": 10.5}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        decide(NAME, case, |choices, _| Weighted::new(choices))
    }
}

#[cfg(test)]
mod test;
