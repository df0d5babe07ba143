//! Statistics that undo the noise of counting: what turnout and odds were before few or many voters were drawn from
//! them. Each is the estimate of a model close to the simulated one, quick enough for every simulation; what is not
//! exact about it is the same for records and simulations.

use super::record::Record;
use crate::engine::math;

/// What turnout was made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level {
    /// Its logarithm at the last proposal, without that proposal's own shock.
    pub(crate) last: f64,
    /// The standard deviation over the record of what moves slowly.
    pub(crate) walk: f64,
    /// The standard deviation of what every proposal has of its own.
    pub(crate) shock: f64,
    /// The share of the first in the variance of both.
    pub(crate) share: f64,
}

/// A memory of [`level`].
#[derive(Debug, Default)]
pub(crate) struct Series {
    observed: Vec<(f64, f64)>,
    filtered: Vec<(f64, f64)>,
}

/// The standard deviations over the record, of a walk and of shocks, that are weighed against each other.
const WALKS: [f64; 10] = [0.02, 0.08, 0.16, 0.26, 0.4, 0.6, 0.85, 1.2, 1.8, 2.6];
const SHOCKS: [f64; 8] = [0.03, 0.12, 0.22, 0.34, 0.48, 0.64, 0.82, 1.0];

/// A walk with steps of variance `step` under shocks of variance `shock` on observations of known variance (a local
/// level model; Durbin and Koopman 2012, section 2.2): the log likelihood, and what is known after each observation.
fn filter(
    observed: &[(f64, f64)],
    step: f64,
    shock: f64,
    mut each: impl FnMut(f64, f64),
) -> (f64, (f64, f64)) {
    let (mut mean, mut variance) = (observed[0].0, observed[0].1 + shock);
    each(mean, variance);
    let (mut squares, mut product, mut logs) = (0.0, 1.0, 0.0);
    for (value, noise) in &observed[1..] {
        variance += step;
        let spread = variance + shock + noise;
        let (apart, gain) = (value - mean, variance / spread);
        squares += apart * apart / spread;
        product *= spread;
        // One logarithm for many factors, before they leave the range of numbers.
        if !(1e-200..1e200).contains(&product) {
            logs += math::ln(product);
            product = 1.0;
        }
        mean += gain * apart;
        variance *= 1.0 - gain;
        each(mean, variance);
    }
    (-0.5 * (squares + logs + math::ln(product)), (mean, variance))
}

/// What turnout was made of, given the voters of each proposal: posterior means over a grid of walks and shocks.
pub(crate) fn level(voters: impl Iterator<Item = f64>, series: &mut Series) -> Level {
    let Series { observed, filtered } = series;
    observed.clear();
    // The logarithm of a Poisson count has about its inverse as variance.
    observed.extend(voters.map(|voters| (math::ln(voters + 0.5), 1.0 / (voters + 0.5))));
    if observed.is_empty() {
        return Level { last: f64::NAN, walk: f64::NAN, shock: f64::NAN, share: f64::NAN };
    }
    // A walk whose whole way has variance 1 spreads by 1/6 around its mean.
    let step = |walk: f64| 6.0 * walk * walk / observed.len() as f64;
    let mut found = [[(0.0, 0.0); SHOCKS.len()]; WALKS.len()];
    let mut most = f64::NEG_INFINITY;
    for (row, walk) in found.iter_mut().zip(WALKS) {
        for (cell, shock) in row.iter_mut().zip(SHOCKS) {
            let (likelihood, (last, _)) = filter(observed, step(walk), shock * shock, |_, _| {});
            *cell = (likelihood, last);
            most = most.max(likelihood);
        }
    }
    let (mut weight, mut last, mut law, mut shocks, mut share) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (at, (row, walk)) in found.iter().zip(WALKS).enumerate() {
        // Uniform over walks: a cell stands for what lies between its neighbours.
        let (before, after) = (WALKS[at.saturating_sub(1)], WALKS[(at + 1).min(WALKS.len() - 1)]);
        for (cell, shock) in row.iter().zip(SHOCKS) {
            let w = (after - before) * math::exp(cell.0 - most);
            weight += w;
            last += w * cell.1;
            law += w * walk;
            shocks += w * shock;
            share += w * walk * walk / (walk * walk + shock * shock);
        }
    }
    let (law, shock) = (law / weight, shocks / weight);
    // Smoothed backwards at the means (the same, section 2.4): the variance of the way itself.
    filtered.clear();
    let step = step(law);
    filter(observed, step, shock * shock, |mean, variance| filtered.push((mean, variance)));
    let (mut mean, mut variance) = filtered[filtered.len() - 1];
    let (mut sum, mut squares, mut open) = (mean, mean * mean, variance);
    for (known, spread) in filtered.iter().rev().skip(1) {
        let gain = spread / (spread + step);
        mean = known + gain * (mean - known);
        variance = spread + gain * gain * (variance - spread - step);
        sum += mean;
        squares += mean * mean;
        open += variance;
    }
    let n = filtered.len() as f64;
    // Neighbours err alike, so their common error does not spread the way.
    let error = (open / n).min(step * n / 6.0);
    let way = (squares / n - sum / n * (sum / n)).max(0.0) + 0.5 * error;
    Level { last: last / weight, walk: way.sqrt(), shock, share: share / weight }
}

/// What sides were drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Odds {
    /// The mean of proposals' log odds of a ballot in favour, without the tally's pull.
    pub(crate) mean: f64,
    /// Their standard deviation.
    pub(crate) deviation: f64,
    /// The pull of the running tally.
    pub(crate) pull: f64,
    /// The logarithm of the error of `pull`.
    pub(crate) pull_error: f64,
    /// The mean error of a proposal's log odds.
    pub(crate) error: f64,
}

/// Ballots that met about the same tally: how many, how many in favour, the sum of tallies and then their mean.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    count: f64,
    favour: f64,
    tally: f64,
}

/// A memory of [`odds`].
#[derive(Debug, Default)]
pub(crate) struct Bins {
    bins: Vec<Bin>,
    /// Where the bins of each proposal end, and its log odds.
    proposals: Vec<(u32, f64)>,
}

const BINS: usize = 16;
const ROUNDS: usize = 24;

/// A logistic regression of sides on the tally before them with a normal intercept for each proposal, by Laplace's
/// approximation in [`ROUNDS`] rounds of Newton steps (Breslow and Clayton 1993), with a wide normal prior on the pull.
pub(crate) fn odds(record: &Record, memory: &mut Bins) -> Odds {
    let Bins { bins, proposals } = memory;
    bins.clear();
    proposals.clear();
    let (mut all, mut favour) = (1.0, 0.5);
    for proposal in 0..record.proposals() {
        let mut here = [Bin::default(); BINS];
        let (mut yes, mut cast) = (0.0, 0.0);
        for ballot in record.of_proposal(proposal).iter().filter(|ballot| ballot.side != 0) {
            let tally = if cast > 0.0 { 2.0 * yes / cast - 1.0 } else { 0.0 };
            let side = f64::from(u8::from(ballot.side == 1));
            let bin = &mut here[(((tally + 1.0) * 0.5 * BINS as f64) as usize).min(BINS - 1)];
            bin.count += 1.0;
            bin.favour += side;
            bin.tally += tally;
            cast += ballot.power;
            yes += side * ballot.power;
        }
        for bin in here.iter().filter(|bin| bin.count > 0.0) {
            bins.push(Bin { tally: bin.tally / bin.count, ..*bin });
            all += bin.count;
            favour += bin.favour;
        }
        if proposals.last().map_or(0, |last| last.0) < bins.len() as u32 {
            proposals.push((bins.len() as u32, 0.0));
        }
    }
    let n = proposals.len() as f64;
    if n == 0.0 {
        let none = f64::NAN;
        return Odds { mean: none, deviation: none, pull: none, pull_error: none, error: none };
    }
    /// The pull's prior: what a uniform one from 0 to 4 has as mean, and the inverse of its variance.
    const PULL: (f64, f64) = (2.0, 0.75);
    let (mut mean, mut variance, mut pull) = (math::ln(favour / (all - favour)), 1.0, 0.5);
    proposals.iter_mut().for_each(|proposal| proposal.1 = mean);
    let (mut information, mut error) = (PULL.1, 1.0);
    for _ in 0..ROUNDS {
        let (mut sum, mut squares, mut open) = (0.0, 0.0, 0.0);
        let mut slope = PULL.1 * (PULL.0 - pull);
        information = PULL.1;
        let mut first = 0;
        for (end, intercept) in proposals.iter_mut() {
            let (mut gradient, mut curve, mut along, mut across, mut tallies) =
                ((mean - *intercept) / variance, 1.0 / variance, 0.0, 0.0, 0.0);
            for bin in &bins[first as usize..*end as usize] {
                let chance = math::logistic(*intercept + pull * bin.tally);
                let (left, weight) = (bin.favour - bin.count * chance, bin.count * chance * (1.0 - chance));
                gradient += left;
                curve += weight;
                along += left * bin.tally;
                across += weight * bin.tally;
                tallies += weight * bin.tally * bin.tally;
            }
            first = *end;
            let moved = (gradient / curve).clamp(-1.0, 1.0);
            // The slope at where the intercept goes.
            slope += along - across * moved;
            information += (tallies - across * across / curve).max(0.0);
            *intercept += moved;
            sum += *intercept;
            squares += *intercept * *intercept;
            open += 1.0 / curve;
        }
        mean = sum / n;
        variance = ((squares / n - mean * mean).max(0.0) + open / n).clamp(1e-3, 50.0);
        error = (open / n).sqrt();
        pull += (slope / information).clamp(-0.7, 0.7);
    }
    Odds { mean, deviation: variance.sqrt(), pull, pull_error: -0.5 * math::ln(information), error }
}
