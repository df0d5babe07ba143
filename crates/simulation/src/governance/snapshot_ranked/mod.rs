//! Snapshot's ranked choice: an instant run-off weighted by power.

use serde_json::Value;

use super::snapshot::{LIMITS, Outcome, Round, Type, decide, list};
use super::{Card, Family, Rule};
use crate::Result;

/// An instant run-off. It keeps its ballots; a count costs a pass over them for each round.
#[derive(Debug, Clone)]
pub struct RankedChoice {
    choices: usize,
    partial: bool,
    /// Rankings, one after the other.
    ranked: Vec<u32>,
    /// Where each ranking ends, and its power.
    ballots: Vec<(usize, f64)>,
    total: f64,
    seen: Vec<u64>,
    cast: u64,
}

/// What an instant run-off found.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOff {
    /// By choice: power in the last round, zero where eliminated before.
    pub scores: Vec<f64>,
    /// The last round from the highest score down, then the eliminated from the last one out, then those nobody ranked.
    pub order: Vec<u32>,
    /// Every round, from the highest score down; equal ones by number.
    pub rounds: Vec<Round>,
}

impl RankedChoice {
    /// An empty count among so many choices. Snapshot takes full rankings alone; `partial` takes any without a choice
    /// twice, and counts by the same steps.
    pub fn new(choices: u32, partial: bool) -> Self {
        let choices = choices as usize;
        Self {
            choices,
            partial,
            ranked: Vec::new(),
            ballots: Vec::new(),
            total: 0.0,
            seen: vec![0; choices],
            cast: 0,
        }
    }

    /// Takes a ranking, most preferred first, choices from 1; whether it is valid.
    pub fn cast(&mut self, ranking: &[u32], power: f64) -> bool {
        self.total += power;
        self.cast += 1;
        let length = if self.partial { 1..=self.choices } else { self.choices..=self.choices };
        if !length.contains(&ranking.len()) {
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
        self.ranked.extend_from_slice(ranking);
        self.ballots.push((self.ranked.len(), power));
        true
    }

    /// Power of all ballots, invalid ones included.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Counts what was cast.
    pub fn count(&self) -> RunOff {
        let mut standing = vec![false; self.choices];
        for &choice in &self.ranked {
            standing[choice as usize - 1] = true;
        }
        // Where each ballot's highest choice that still stands is found; at its end the ballot is exhausted.
        let mut tops: Vec<usize> = std::iter::once(0)
            .chain(self.ballots.iter().map(|&(end, _)| end))
            .take(self.ballots.len())
            .collect();
        let (mut rounds, mut eliminated): (Vec<Round>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut scores = vec![0.0; self.choices];
        loop {
            // From zero in every round: to move power on from the eliminated would round otherwise.
            scores.fill(0.0);
            let mut remaining = 0.0;
            for (top, &(end, power)) in tops.iter_mut().zip(&self.ballots) {
                while *top < end && !standing[self.ranked[*top] as usize - 1] {
                    *top += 1;
                }
                if *top < end {
                    scores[self.ranked[*top] as usize - 1] += power;
                    remaining += power;
                }
            }
            let mut round: Round = (1..)
                .zip(standing.iter().zip(&scores))
                .filter(|(_, (standing, _))| **standing)
                .map(|(choice, (_, &score))| (choice, score))
                .collect();
            let lowest = round.iter().copied().reduce(|low, next| if next.1 < low.1 { next } else { low });
            // Stable: equal ones stay by number.
            round.sort_by(|left, right| right.1.total_cmp(&left.1));
            let won = round.first().is_some_and(|&(_, score)| score > remaining / 2.0);
            let last = won || round.len() < 3;
            rounds.push(round);
            let Some((out, _)) = lowest.filter(|_| !last) else { break };
            standing[out as usize - 1] = false;
            eliminated.push(out);
        }
        let mut order: Vec<u32> = rounds.last().into_iter().flatten().map(|&(choice, _)| choice).collect();
        order.extend(eliminated.iter().rev());
        let mut listed = vec![false; self.choices];
        for &choice in &order {
            listed[choice as usize - 1] = true;
        }
        order.extend((1..).zip(&listed).filter(|(_, listed)| !**listed).map(|(choice, _)| choice));
        RunOff { scores, order, rounds }
    }
}

impl Type for RankedChoice {
    fn cast(&mut self, choice: &Value, power: f64) -> bool {
        Self::cast(self, &list(choice), power)
    }

    fn fill(&self, outcome: &mut Outcome) {
        let RunOff { scores, order, rounds } = self.count();
        (outcome.scores, outcome.order, outcome.rounds) = (scores, order, rounds);
        outcome.scores_total = self.total;
    }
}

/// The rule.
#[derive(Debug)]
pub struct SnapshotRanked;

pub(super) const NAME: &str = "snapshot-ranked";

impl Rule for SnapshotRanked {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Rankings, counted by an instant run-off weighted by power (Snapshot's `ranked-choice`).",
            definition: "A ballot is valid where it ranks every choice once (with `partial`: one choice at least, none \
                twice). Who stands: choices that a ballot names and that are not eliminated, even if none has them \
                first. A round gives each ballot's power to its highest choice that stands, summed from zero in the \
                ballots' order; ballots that name none any more are exhausted and leave the sum of power too. The count \
                ends where the highest score is strictly above half of that sum, or fewer than three stand; else the \
                lowest score goes, of equal ones the lowest number. Scores are those of the last round, zero for the \
                eliminated. The total is the sum over all ballots, invalid ones included. Equal scores of the last \
                round have no winner; the package lists the lower number first.",
            source: "npm package `@snapshot-labs/snapshot.js` 0.17.5, `src/voting/rankedChoice.ts`: `isValidChoice`, \
                `irv`, `getFinalRound`, `getScores`, `getScoresTotal`",
            limits: LIMITS,
            example: r#"{"choices": 3, "ballots": [{"choice": [2, 1, 3], "power": 10.5}, {"choice": [1, 3, 2], "power": 4}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        decide(NAME, case, RankedChoice::new)
    }
}

#[cfg(test)]
mod test;
