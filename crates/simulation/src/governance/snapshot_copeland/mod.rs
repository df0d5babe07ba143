//! Snapshot's Copeland voting: contests between every two choices.

use serde_json::Value;

use super::snapshot::{LIMITS, Outcome, Type, decide, list, sum};
use super::{Card, Family, Rule};
use crate::Result;

/// Contests between every two choices. A ballot costs a sum for every pair of choices.
#[derive(Debug, Clone)]
pub struct Copeland {
    choices: usize,
    /// By the first choice and the second: power that prefers the first less power that prefers the second.
    margins: Vec<f64>,
    /// By choice: power that prefers it, over all its contests.
    support: Vec<f64>,
    total: f64,
    seen: Vec<u64>,
    cast: u64,
}

impl Copeland {
    /// An empty count among so many choices.
    pub fn new(choices: u32) -> Self {
        let choices = choices as usize;
        Self {
            choices,
            margins: vec![0.0; choices * choices],
            support: vec![0.0; choices],
            total: 0.0,
            seen: vec![0; choices],
            cast: 0,
        }
    }

    /// Takes a ranking of every choice, most preferred first, choices from 1; whether it is valid.
    pub fn cast(&mut self, ranking: &[u32], power: f64) -> bool {
        self.cast += 1;
        if ranking.len() != self.choices {
            return false;
        }
        for &choice in ranking {
            let Some(seen) = (choice as usize).checked_sub(1).and_then(|place| self.seen.get_mut(place))
            else {
                return false;
            };
            if std::mem::replace(seen, self.cast) == self.cast {
                return false;
            }
        }
        self.total += power;
        for (rank, &preferred) in ranking.iter().enumerate() {
            let preferred = preferred as usize - 1;
            for &lower in &ranking[rank + 1..] {
                let lower = lower as usize - 1;
                self.margins[preferred * self.choices + lower] += power;
                self.margins[lower * self.choices + preferred] -= power;
                self.support[preferred] += power;
            }
        }
        true
    }

    /// Power of the valid ballots.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Points by choice: two for a contest won, one for a tie, and less than one for support.
    pub fn points(&self) -> Vec<f64> {
        let mut points = vec![0.0; self.choices];
        for choice in 0..self.choices {
            for opponent in (0..self.choices).filter(|&opponent| opponent != choice) {
                let margin = self.margins[choice * self.choices + opponent];
                if margin > 0.0 {
                    points[choice] += 1.0;
                } else if margin < 0.0 {
                    points[opponent] += 1.0;
                } else {
                    points[choice] += 0.5;
                    points[opponent] += 0.5;
                }
            }
        }
        if self.total > 0.0 && self.choices > 1 {
            let contests = (self.choices - 1) as f64;
            for (points, support) in points.iter_mut().zip(&self.support) {
                *points += 0.5 * (support / (contests * self.total));
            }
        }
        points
    }

    /// The power of the valid ballots, shared out by points.
    pub fn scores(&self) -> Vec<f64> {
        let points = self.points();
        let whole = sum(points.iter().copied());
        if whole > 0.0 {
            points.iter().map(|points| points / whole * self.total).collect()
        } else {
            vec![self.total / self.choices as f64; self.choices]
        }
    }
}

impl Type for Copeland {
    fn cast(&mut self, choice: &Value, power: f64) -> bool {
        Self::cast(self, &list(choice), power)
    }

    fn fill(&self, outcome: &mut Outcome) {
        outcome.scores = self.scores();
        outcome.scores_total = self.total;
    }
}

/// The rule.
#[derive(Debug)]
pub struct SnapshotCopeland;

const NAME: &str = "snapshot-copeland";

impl Rule for SnapshotCopeland {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Rankings, counted by contests between every two choices (Snapshot's `copeland`).",
            definition: "A ballot is valid where it ranks every choice once. In the contest of two choices a ballot's \
                power goes to the one it ranks higher. Each contest is looked at from both sides: a choice has 2 points \
                for one that it wins, 1 for a tie; where power above zero was cast, also 0.5 x (power that preferred it \
                over all its contests / (contests of a choice x power of the valid ballots)), which settles equal points \
                and never overturns a contest. A choice's score is points / sum of points x power of the valid ballots; \
                with no points at all (one choice, no power) that power in equal parts. The total is the power of \
                the valid ballots alone, unlike the other types'. The winner is the choice whose score is above all \
                others' and above zero; the package names none.",
            source: "npm package `@snapshot-labs/snapshot.js` 0.17.5, `src/voting/copeland.ts`: `isValidChoice`, \
                `getScores`, `getScoresTotal`",
            limits: LIMITS,
            example: r#"{"choices": 3, "ballots": [{"choice": [2, 1, 3], "power": 10.5}, {"choice": [1, 3, 2], "power": 4}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        decide(NAME, case, |choices, _| Copeland::new(choices))
    }
}

#[cfg(test)]
mod test;
