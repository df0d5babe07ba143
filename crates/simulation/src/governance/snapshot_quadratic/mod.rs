//! Snapshot's quadratic voting: quadratic funding's formula over shares of power.

use serde_json::Value;

use super::snapshot::{Outcome, Type, decide, share, shares, sum, valid_shares};
use super::{Card, Family, Rule};
use crate::Result;

/// The square of a sum of roots for each choice. A ballot costs a root for each choice that it names.
#[derive(Debug, Clone)]
pub struct Quadratic {
    roots: Vec<f64>,
    valid: f64,
    total: f64,
}

impl Quadratic {
    /// An empty count among so many choices.
    pub fn new(choices: u32) -> Self {
        Self { roots: vec![0.0; choices as usize], valid: 0.0, total: 0.0 }
    }

    /// Takes a ballot: weights by choice, from 1, choices upwards; whether it is valid. Weights are relative.
    pub fn cast(&mut self, weights: &[(u32, f64)], power: f64) -> bool {
        self.total += power;
        if !valid_shares(weights, self.roots.len()) {
            return false;
        }
        self.valid += power;
        let whole = sum(weights.iter().map(|&(_, weight)| weight));
        for &(choice, weight) in weights {
            if let Some(root) = self.roots.get_mut(choice as usize - 1) {
                *root += (share(weight, whole) * power).sqrt();
            }
        }
        true
    }

    /// Squares by choice, scaled so that they add up to the power of the valid ballots.
    pub fn scores(&self) -> Vec<f64> {
        let squares: Vec<f64> = self.roots.iter().map(|root| root * root).collect();
        let whole = sum(squares.iter().copied());
        squares.iter().map(|&square| self.valid * share(square, whole)).collect()
    }

    /// Power of all ballots, invalid ones included.
    pub fn total(&self) -> f64 {
        self.total
    }
}

impl Type for Quadratic {
    fn cast(&mut self, choice: &Value, power: f64) -> bool {
        let weights = shares(choice, self.roots.len() as u32);
        Self::cast(self, &weights, power)
    }

    fn fill(&self, outcome: &mut Outcome) {
        outcome.scores = self.scores();
        outcome.scores_total = self.total;
    }
}

/// The rule.
#[derive(Debug)]
pub struct SnapshotQuadratic;

const NAME: &str = "snapshot-quadratic";

impl Rule for SnapshotQuadratic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Many small supporters weigh more than one large: the square of summed roots of shares of power \
                (Snapshot's `quadratic`).",
            definition: "A ballot is valid where it is an object of choice to weight with choices of the proposal, no \
                weight below zero and one above. A choice's raw score is (sum over valid ballots, in their order, of \
                sqrt((weight / sum of weights) x power))^2. Its score is (power of the valid ballots) x (raw score / \
                sum of raw scores), so that scores add up to that power. All in doubles in this order; a quotient that \
                is not a number counts zero. The total is the sum over all ballots, invalid ones included. The winner \
                is the choice whose score is above all others' and above zero; the package names none.",
            source: "npm package `@snapshot-labs/snapshot.js` 0.17.5, `src/voting/quadratic.ts`: `isValidChoice`, \
                `calcPercentageOfSum`, `calcSqrt`, `getScores`, `getScoresTotal`",
            limits: "It is not quadratic voting by credits (rule `quadratic-credits`): one who splits power over \
                several accounts gains. Power is a double: scores depend on the order of ballots in their last bits. \
                Scores by strategy are left out; texts that stand for a number spoil a ballot.",
            example: r#"{"choices": 3, "ballots": [{"choice": {"1": 1, "3": 2}, "power": 10.5}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        decide(NAME, case, |choices, _| Quadratic::new(choices))
    }
}

#[cfg(test)]
mod test;
