//! The private side of the fit: noisy counts, and the model made from them without a further look at the
//! data.

mod divide;
mod smooth;

use std::collections::BTreeMap;

use daotwin_core::Stream;
use daotwin_core::statistics::{mean, normal_quantile, ranks, standard_deviation};
use daotwin_privacy::noise::Noise;
use daotwin_privacy::{Measurer, quantise_contribution};

use super::bins::{COUNT_STARTS, PowerGrid, size_classes};
use super::estimate::Counts;
use super::measure::{Frame, Query, Record, contribution};
use super::model::{Slot, Turnout};
use super::outcome::Outcome;
use super::prior::Pooled;
use crate::error::Result;
pub(crate) use divide::outcomes;
pub(crate) use smooth::{count, power, reconcile};

/// Lattice units of a contribution of 1.
const SCALE: u32 = 1 << 20;

/// The square of how far [`lattice_sums`] move, at most, when a member comes or goes.
const SENSITIVITY_SQUARED: u128 = (SCALE as u128) * (SCALE as u128);

/// The sums of one query over the members in lattice units, each member's contribution held to an L2 norm of
/// [`SCALE`]. A record does not see the others, so a member that comes or goes moves the sums by its own
/// contribution and nothing else.
fn lattice_sums(query: Query, records: &[Record], frame: &Frame) -> Vec<i64> {
    let mut sums = vec![0_i64; query.cells(frame.grid, frame.proposals)];
    for record in records {
        let cells = contribution(query, record, frame);
        let weights: Vec<f64> = cells.iter().map(|(_, weight)| *weight).collect();
        for ((cell, _), units) in cells.iter().zip(quantise_contribution(&weights, SCALE)) {
            sums[*cell] += units;
        }
    }
    sums
}

/// Measures all queries. Each member's contribution to each has an L2 norm of at most 1, so the sum moves by
/// at most 1 when a member comes or goes, and the noise follows from the query's share of the budget alone.
///
/// # Errors
/// The budget; the operating system's randomness.
pub(crate) fn measured<N: Noise>(
    records: &[Record],
    grid: PowerGrid,
    proposals: usize,
    measurer: &mut Measurer<N>,
) -> Result<Counts> {
    let mut counts = Counts { grid, values: BTreeMap::new(), sigma: BTreeMap::new(), bounded: true };
    let mut frame = Frame::new(grid, proposals);
    for query in Query::ALL {
        prepare(query, &counts, &mut frame);
        let sums = lattice_sums(query, records, &frame);
        let noisy = measurer.measure(query.name(), &sums, SENSITIVITY_SQUARED, query.budget_share())?;
        let scale = f64::from(SCALE);
        counts.values.insert(query, noisy.values.iter().map(|value| value / scale).collect());
        counts.sigma.insert(query, noisy.sigma / scale);
    }
    Ok(counts)
}

/// What a query needs to know of the data comes from the noisy counts before it: a function of what was
/// released already.
fn prepare(query: Query, counts: &Counts, frame: &mut Frame) {
    match query {
        Query::Size => frame.sizes = size_classes(counts.get(Query::Popularity)),
        Query::Heavy => frame.heavy = divide::heavy(counts),
        _ => {}
    }
}

/// The closest vector (in Euclidean distance) without negative values that sums to `total`: what is left
/// after taking the same amount from every value and cutting at zero.
pub(crate) fn project(values: &[f64], total: f64) -> Vec<f64> {
    if values.is_empty() || total <= 0.0 {
        return vec![0.0; values.len()];
    }
    let mut descending = values.to_vec();
    descending.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut level) = (0.0, 0.0);
    for (index, value) in descending.iter().enumerate() {
        sum += value;
        let candidate = (sum - total) / (index + 1) as f64;
        if candidate < *value {
            level = candidate;
        }
    }
    values.iter().map(|value| (value - level).max(0.0)).collect()
}

/// Shares that borrow from a prior: as if `strength` further members followed it.
pub(crate) fn borrow(values: &[f64], prior: &[f64], strength: f64) -> Vec<f64> {
    let total: f64 = prior.iter().sum();
    values
        .iter()
        .zip(prior)
        .map(|(value, share)| value.max(0.0) + strength * share / total.max(1e-300))
        .collect()
}

/// How many members voted: the two sums that count each member once, weighted by their precision.
pub(crate) fn members(counts: &Counts) -> f64 {
    let mut weighted = (0.0, 0.0);
    for query in [Query::Count, Query::Power] {
        let values = counts.get(query);
        let variance = (counts.sigma(query).powi(2) * values.len() as f64).max(1e-12);
        weighted.0 += values.iter().sum::<f64>() / variance;
        weighted.1 += 1.0 / variance;
    }
    (weighted.0 / weighted.1).max(1.0)
}

/// How many votes there were, from members by bucket of votes.
///
/// Within a bucket the number of members falls as a power of the number of votes, the one that joins the bucket
/// to the one before. The last bucket, which is wide and holds few, falls at least as the square.
pub(crate) fn votes(count: &[f64], proposals: usize) -> f64 {
    let most = proposals as f64;
    let range = |bucket: usize| {
        let low = f64::from(COUNT_STARTS[bucket]).min(most);
        let high = COUNT_STARTS.get(bucket + 1).map_or(most, |&next| f64::from(next - 1));
        (low, high.min(most).max(low))
    };
    let place = |bucket: usize| {
        let (low, high) = range(bucket);
        ((low * high).sqrt().ln(), (count[bucket].max(1e-9) / (high - low + 1.0)).ln())
    };
    let mut sum = 0.0;
    for (bucket, members) in count.iter().enumerate() {
        let (low, high) = range(bucket);
        let mut mean = low;
        if high > low {
            let (here, before) = (place(bucket), place(bucket - 1));
            let fall = (before.1 - here.1) / (here.0 - before.0).max(1e-9);
            let least = if high >= most { 2.0 } else { 0.0 };
            let fall = fall.clamp(least, 4.0);
            let (mut total, mut votes) = (0.0, 0.0);
            for number in low as u32..=high as u32 {
                let weight = f64::from(number).powf(-fall);
                total += weight;
                votes += weight * f64::from(number);
            }
            mean = votes / total;
        }
        sum += members * mean;
    }
    sum
}

/// The sums of the values before each index; one more than values.
fn running_sums(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let sums = values.iter().map(|value| {
        sum += value;
        sum
    });
    std::iter::once(0.0).chain(sums).collect()
}

/// The turnout of each proposal.
///
/// The noisy profile keeps its order; its spread is corrected for the noise, and its values are laid on the
/// log-normal law with the corrected mean and spread, because turnouts are positive and skewed.
pub(crate) fn turnout(counts: &Counts, members: f64, votes: f64) -> Vec<Turnout> {
    let profile = counts.get(Query::Popularity);
    if profile.is_empty() {
        return Vec::new();
    }
    let noise = counts.sigma(Query::Popularity);
    let center = mean(profile).max(noise * 0.1).max(1e-9);
    let spread = standard_deviation(profile);
    // At least the spread of a Poisson count of the mean turnout.
    let average = votes / profile.len() as f64;
    let square = ((spread * spread - noise * noise) / (center * center)).clamp(1.0 / average.max(1.0), 25.0);
    let width = (1.0 + square).ln().sqrt();
    let order = ranks(profile);
    let count = profile.len() as f64;
    let mut levels: Vec<f64> =
        order.iter().map(|rank| (width * normal_quantile((rank - 0.5) / count)).exp()).collect();
    let sum: f64 = levels.iter().sum();
    for level in &mut levels {
        *level *= votes / sum;
    }
    // Newcomers arrive at a rate that changes slowly, as a share of the voters.
    let first = counts.get(Query::First);
    let half = (profile.len() / 12).max(2);
    let (level_sums, first_sums) = (running_sums(&levels), running_sums(first));
    let mut shares: Vec<f64> = (0..profile.len())
        .map(|index| {
            let (from, to) = (index.saturating_sub(half), (index + half + 1).min(profile.len()));
            let voters = level_sums[to] - level_sums[from];
            ((first_sums[to] - first_sums[from]) / voters.max(1e-9)).clamp(0.01, 1.0)
        })
        .collect();
    shares[0] = 1.0;
    // The newcomers are the members: one factor makes them so.
    let mut newcomers: Vec<f64> = levels.iter().zip(&shares).map(|(level, share)| level * share).collect();
    for _ in 0..8 {
        let factor = members / newcomers.iter().sum::<f64>().max(1e-9);
        for (new, level) in newcomers.iter_mut().zip(&levels) {
            *new = (*new * factor).min(*level);
        }
    }
    levels
        .iter()
        .zip(newcomers)
        .map(|(level, newcomers)| Turnout { newcomers, returning: (level - newcomers).max(0.0) })
        .collect()
}

/// What the next choice gets of the ballots that the ones before left.
const NEXT_PART: f64 = 0.7;

/// How often each choice leads, up to a factor: those that are chosen more lead more than in proportion.
fn usual_leads(choices: usize, shares: &[f64]) -> Vec<f64> {
    (0..choices.clamp(1, 1_000))
        .map(|choice| shares.get(choice).copied().unwrap_or(0.0).powi(2) + 1e-6)
        .collect()
}

/// One outcome from the prior, led by the first choice.
pub(crate) fn outcome(slot: &Slot, prior: &Pooled, stream: &mut Stream) -> Outcome {
    let weights: Vec<f64> = prior.outcomes.iter().map(|pair| f64::from(pair[2])).collect();
    let pair = prior.outcomes.get(stream.weighted(&weights)).copied().unwrap_or([1.0; 3]);
    led(slot, 0, f64::from(pair[0]), f64::from(pair[1]))
}

/// The outcome in which the choice `lead` gets these shares of heads and of power. What is left goes to the
/// others, each getting [`NEXT_PART`] of what the ones before left.
fn led(slot: &Slot, lead: usize, heads: f64, power: f64) -> Outcome {
    let choices = (slot.choices as usize).clamp(1, 1_000);
    if choices == 1 {
        return Outcome { heads: vec![1.0], core: vec![1.0], power: vec![1.0] };
    }
    let spread = |share: f64| {
        let mut list = vec![0.0_f32; choices];
        list[lead] = share as f32;
        let mut left = 1.0 - share;
        let others: Vec<usize> = (0..choices).filter(|&choice| choice != lead).collect();
        for (index, &choice) in others.iter().enumerate() {
            let part = if index + 1 == others.len() { left } else { left * NEXT_PART };
            list[choice] = part as f32;
            left -= part;
        }
        list
    };
    let heads = spread(heads);
    Outcome { core: heads.clone(), heads, power: spread(power) }
}

#[cfg(test)]
mod audit;
#[cfg(test)]
mod test;
