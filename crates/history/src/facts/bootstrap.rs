//! How far a DAO is from itself: the distance of each fact between the DAO and its bootstraps (Efron 1979).
//!
//! Over members: as many members are drawn with replacement, each draw another person with that member's
//! whole record. Over proposals, for facts about proposals: as many proposals are drawn with replacement,
//! each with its own votes, outcome and share of returning voters. The last point matters: were the drawn
//! proposals put in a row and persistence measured anew, more than a third of them would be followed by
//! their own copy, everybody would "return", and the floor would excuse anything.

use daotwin_core::Seed;
use daotwin_core::statistics::{mean, quantile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ballots::Ballots;
use super::compare::{FACTS, FactId};
use super::measure::Facts;
use crate::view::DaoView;

/// The distance that chance alone makes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// The fact.
    pub id: FactId,
    /// The larger of the two below.
    pub value: f64,
    /// 95th percentile over bootstraps of the members.
    pub members: f64,
    /// 95th percentile over bootstraps of the proposals; 0 where the fact is not about proposals.
    pub proposals: f64,
}

/// The floors of a DAO, in the order of [`FACTS`], from `replicates` bootstraps of each sort.
///
/// Deterministic in `seed`, on any number of threads. Cost: about a microsecond for each vote and replicate.
pub fn floors(view: &DaoView, replicates: usize, seed: Seed) -> Vec<Floor> {
    let ballots = Ballots::new(view);
    let ones = vec![1; ballots.voters];
    let real = Facts::weighted(&ballots, &ones);
    let over_members = seed.streams("facts bootstrap members");
    let over_proposals = seed.streams("facts bootstrap proposals");
    let distances: Vec<[(f64, f64); FACTS.len()]> = (0..replicates as u64)
        .into_par_iter()
        .map(|replicate| {
            let mut stream = over_members.stream(replicate);
            let mut weights = vec![0; ballots.voters];
            for _ in 0..ballots.voters {
                weights[stream.below(ballots.voters as u64) as usize] += 1;
            }
            let members = Facts::weighted(&ballots, &weights);

            let mut stream = over_proposals.stream(replicate);
            let mut draw = |list: &[f64]| -> Vec<f64> {
                list.iter().map(|_| list[stream.below(list.len() as u64) as usize]).collect()
            };
            let mut proposals = Facts {
                votes_per_proposal: draw(&real.votes_per_proposal),
                returning_share: draw(&real.returning_share),
                majority_share: draw(&real.majority_share),
                ..Facts::default()
            };
            proposals.persistence = mean(&proposals.returning_share);
            FACTS.map(|fact| {
                let over_proposals =
                    if fact.about_proposals { fact.distance(&real, &proposals) } else { 0.0 };
                (fact.distance(&real, &members), over_proposals)
            })
        })
        .collect();
    FACTS
        .iter()
        .enumerate()
        .map(|(index, fact)| {
            let percentile = |pick: fn(&(f64, f64)) -> f64| {
                let values: Vec<f64> = distances.iter().map(|row| pick(&row[index])).collect();
                if values.is_empty() { 0.0 } else { quantile(&values, 0.95) }
            };
            let (members, proposals) = (percentile(|pair| pair.0), percentile(|pair| pair.1));
            Floor { id: fact.id, value: members.max(proposals), members, proposals }
        })
        .collect()
}
