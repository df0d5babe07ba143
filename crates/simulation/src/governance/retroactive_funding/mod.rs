//! Retroactive funding: badge-holders say what past work was worth, and a pot is shared out by their scores.
//!
//! [`allocate`] takes every project's votes; a project without votes gets nothing. Amounts are floating-point and run
//! in the originals' order. O(votes log votes) by the median, O(votes) otherwise, and O(projects) a round of
//! elimination.

mod json;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Card, Family, Rule};
use crate::Result;

/// How a project's votes become its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// The middle vote; of an even number, the mean of the middle two.
    Median,
    /// All votes together.
    Sum,
    /// The mean of those who voted on the project.
    Mean,
}

/// What a score must reach, and where.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Minimum {
    /// The score itself, before it is scaled to the pot (Optimism).
    Score(f64),
    /// The part of the pot: who is below it is taken out and the others are scaled anew, until none is (Filecoin).
    Payment(f64),
}

/// What a round is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How votes become scores.
    pub scoring: Scoring,
    /// Votes that a project needs at least.
    pub quorum: usize,
    /// What a score must reach.
    pub minimum: Minimum,
    /// What is shared out.
    pub pot: f64,
}

/// What became of a project.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It gets this part of the pot.
    Funded(f64),
    /// Too few votes.
    Quorum,
    /// Below the minimum.
    Minimum,
}

/// A project's score; `votes` are put into order for the median. None where there is no vote.
pub fn score(votes: &mut [f64], scoring: Scoring) -> Option<f64> {
    if votes.is_empty() {
        return None;
    }
    Some(match scoring {
        Scoring::Median => {
            votes.sort_by(f64::total_cmp);
            let middle = votes.len() / 2;
            if votes.len() % 2 == 1 { votes[middle] } else { (votes[middle - 1] + votes[middle]) / 2.0 }
        }
        Scoring::Sum => votes.iter().sum(),
        Scoring::Mean => votes.iter().sum::<f64>() / votes.len() as f64,
    })
}

/// Shares out the pot, a fate a project.
pub fn allocate(votes: &mut [Vec<f64>], settings: Settings) -> Vec<Fate> {
    let Settings { scoring, quorum, minimum, pot } = settings;
    let scores: Vec<Option<f64>> = votes
        .iter_mut()
        .map(|votes| if votes.len() < quorum { None } else { score(votes, scoring) })
        .collect();
    let mut fates: Vec<Fate> =
        scores.iter().map(|score| score.map_or(Fate::Quorum, |_| Fate::Funded(0.0))).collect();
    let funded = |fates: &[Fate]| -> Vec<(usize, f64)> {
        let scored = scores.iter().enumerate().zip(fates);
        scored
            .filter_map(|((project, score), fate)| {
                Some((project, (*score)?)).filter(|_| matches!(fate, Fate::Funded(_)))
            })
            .collect()
    };
    match minimum {
        Minimum::Score(least) => {
            for (project, score) in funded(&fates) {
                if score < least {
                    fates[project] = Fate::Minimum;
                }
            }
            let left = funded(&fates);
            let total: f64 = left.iter().map(|&(_, score)| score).sum();
            let scale = if total > 0.0 { pot / total } else { 0.0 };
            for (project, score) in left {
                fates[project] = Fate::Funded(score * scale);
            }
        }
        Minimum::Payment(least) => loop {
            let left = funded(&fates);
            let total: f64 = left.iter().map(|&(_, score)| score).sum();
            let mut again = false;
            for (project, score) in left {
                let payment = if total > 0.0 { score / total * pot } else { 0.0 };
                again |= payment < least;
                fates[project] = if payment < least { Fate::Minimum } else { Fate::Funded(payment) };
            }
            if !again {
                break;
            }
        },
    }
    fates
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct RetroactiveFunding;

impl Rule for RetroactiveFunding {
    fn name(&self) -> &'static str {
        "retroactive-funding"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Funding,
            purpose: "Badge-holders score past work by median, sum or mean, and a pot is shared out by the scores",
            definition: "A vote is an amount >= 0; who leaves a project out does not vote on it. A project needs votes \
                >= quorum. Its score is the median (mean of the middle two), the sum or the mean of its votes. With \
                minimum score: score >= minimum, then payment = score x (pot / sum of scores). With minimum payment: \
                payment = score / (sum of scores) x pot; all projects with payment < minimum are taken out at once and \
                the rest is paid anew, until none is below.",
            source: "Optimism RetroPGF 3: ethereum-optimism/op-analytics, rpgf/rpgf3/rpgf_calculator/core/allocator.py \
                (median, quorum 17, minimum 1,500 OP, pot 30 M OP); FIL-RetroPGF 1 (median), 2 and 3 (sum): \
                fil-retropgf/rpgf3, notebooks/rpgf3lib.py, get_allocations (round 3: quorum 4, minimum 500 FIL, pot \
                510,000 FIL)",
            limits: "RetroPGF 3's median resists single large votes; the sum does not, and pays closer to a power law. \
                Who may vote, delegation by lists and votes by metrics (rounds 4 and later) are left out.",
            example: json::EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(self.name(), case)
    }
}

#[cfg(test)]
mod test;
