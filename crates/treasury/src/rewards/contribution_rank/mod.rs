//! Ranking of members on the graph of who used whose work.

use super::{Card, Reward, Round, Spends, apportion_by};
use crate::Result;

/// At every step the walk starts again from the seeds with this chance, the one of Brin and Page 1998.
pub const RESTART: f64 = 0.15;

/// How much of an interaction's weight leads back.
pub const BACKWARD: f64 = 0.25;

/// The rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContributionRank;

/// The stationary shares of a walk over members: from each along its interactions, to whom it used with their weight, and
/// back with [`BACKWARD`] of it; with chance [`RESTART`], and from who has no interaction, to a member drawn by seeds.
/// Found by repetition until a step moves less than 1e-15 x [`RESTART`] together, so the shares are right to 1e-15, as each step
/// shrinks an error by 1 - [`RESTART`]; shares sum to 1. O(interactions) a step, some two hundred steps.
pub fn shares(round: &Round) -> Vec<f64> {
    let members = round.members;
    if members == 0 {
        return Vec::new();
    }
    let total: f64 = round.seeds.iter().sum();
    let seeds: Vec<f64> = if total > 0.0 {
        round.seeds.iter().map(|seed| seed / total).collect()
    } else {
        vec![1.0 / members as f64; members]
    };
    let mut out = vec![0.0; members];
    let own = |from: u32, to: u32| from == to;
    for trace in round.interactions.iter().filter(|trace| !own(trace.from, trace.to)) {
        out[trace.from as usize] += trace.weight;
        out[trace.to as usize] += BACKWARD * trace.weight;
    }
    let mut shares = seeds.clone();
    for _ in 0..1_000 {
        let lost: f64 = shares.iter().zip(&out).filter(|(_, out)| **out <= 0.0).map(|(share, _)| share).sum();
        let mut next: Vec<f64> = seeds.iter().map(|seed| seed * (RESTART + (1.0 - RESTART) * lost)).collect();
        for trace in round.interactions.iter().filter(|trace| !own(trace.from, trace.to)) {
            let (from, to) = (trace.from as usize, trace.to as usize);
            if out[from] > 0.0 {
                next[to] += (1.0 - RESTART) * shares[from] * trace.weight / out[from];
            }
            if out[to] > 0.0 {
                next[from] += (1.0 - RESTART) * shares[to] * BACKWARD * trace.weight / out[to];
            }
        }
        let moved: f64 = next.iter().zip(&shares).map(|(next, last)| (next - last).abs()).sum();
        shares = next;
        if moved < 1e-15 * RESTART {
            break;
        }
    }
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}

impl Reward for ContributionRank {
    fn name(&self) -> &'static str {
        "contribution-rank"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Pays by rank on the graph of who used whose work, so that being used by those who are used counts more",
            definition: "Stationary shares of a walk that follows interactions (weight forward, a quarter of it backward), starts \
                again from the seeds with chance 0.15 and from members without interactions; largest remainders. Interactions \
                of a member with itself are left out.",
            source: "Brin and Page 1998 (PageRank); in the manner of SourceCred's CredRank, whose chain has members, \
                contributions and epochs as nodes; here members alone",
            goes_by: "interactions, seeds",
            spends: Spends::All,
            limits: "Members who interact with each other alone keep what they get; chance of starting again and backward weight are \
                judgements; everyone with a seed is paid something",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        if round.interactions.iter().all(|trace| trace.weight <= 0.0 || trace.from == trace.to) {
            return Ok(vec![0; round.members]);
        }
        Ok(apportion_by(round.budget, &shares(round)))
    }
}
