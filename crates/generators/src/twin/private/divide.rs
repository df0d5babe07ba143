//! How divided the proposals are, from noisy tallies.
//!
//! A tally of one proposal says little under noise; all of them together say how often proposals are close and
//! how often power and heads part. So the outcomes follow a mixture over pairs of the leading choice's share
//! of heads and of power, whose weights are the most likely ones given all noisy tallies (deconvolution by
//! expectation maximisation, as in Laird 1978, "Nonparametric maximum likelihood estimation of a mixing
//! distribution"), with the pairs of other DAOs as a weak prior. Each proposal's outcome is then drawn from
//! what its own tallies leave possible.

use daotwin_core::Stream;
use daotwin_core::statistics::{mean, standard_deviation};

use super::super::estimate::Counts;
use super::super::measure::Query;
use super::super::model::Slot;
use super::super::outcome::Outcome;
use super::super::prior::Pooled;
use super::{NEXT_PART, led, members, power, project, usual_leads};

/// Share of all power that ballots below [`heavy`] hold.
const LIGHT_POWER: f64 = 0.03;
/// The pairs of other DAOs weigh as much as this many proposals.
const PRIOR_PROPOSALS: f64 = 12.0;
/// Part of the prior in which heads and power are independent: any pair is possible.
const INDEPENDENT: f64 = 0.2;
/// Rounds of expectation maximisation.
const ROUNDS: usize = 40;
/// Proposals that the weights are found from; of more, equally spaced ones.
const MOST_PROPOSALS: usize = 2_000;
/// How far a tally of heads lies from the share of all heads: a vote of an active member counts less, so the
/// variance of votes drawn from a share is that of fewer, larger ones.
const HEAD_WEIGHT: f64 = 0.7;
/// How powerful ballots may fall: how far from heads towards power, and the spread of their share around that
/// where it is one half (as for drawn votes, there is none where all agree). What fits the tallies best is taken.
const LEANS: [(f64, f64); 6] = [(0.4, 0.15), (0.4, 0.3), (0.7, 0.15), (0.7, 0.3), (1.0, 0.15), (1.0, 0.3)];

/// The power in tokens from which on a ballot counts in full for [`Query::Heavy`]: members below hold
/// [`LIGHT_POWER`] of the power.
pub(super) fn heavy(counts: &Counts) -> f64 {
    let found =
        power(counts.get(Query::Power), counts.sigma(Query::Power), counts.grid, members(counts), None);
    let held = |(bin, members): (usize, &f64)| match bin {
        0 => 0.0,
        bin => members * 10_f64.powf(counts.grid.edges(bin).1),
    };
    let total: f64 = found.iter().enumerate().map(held).sum();
    let mut below = 0.0;
    let first = found.iter().enumerate().position(|bin| {
        below += held(bin);
        below > LIGHT_POWER * total
    });
    first.filter(|bin| *bin > 0).map_or(0.0, |bin| 10_f64.powf(counts.grid.edges(bin).0))
}

/// What is known of one positive quantity of each proposal.
struct Sizes {
    mean: Vec<f64>,
    variance: f64,
}

/// Noisy sizes drawn towards their mean by the part of their spread that is noise.
fn sizes(noisy: &[f64], sigma: f64) -> Sizes {
    let center = mean(noisy).max(0.1 * sigma).max(1e-9);
    let own = (standard_deviation(noisy).powi(2) - sigma * sigma).max((0.3 * center).powi(2));
    let trust = own / (own + sigma * sigma);
    let mean = noisy.iter().map(|size| (center + trust * (size - center)).max(0.2 * center)).collect();
    Sizes { mean, variance: trust * sigma * sigma }
}

/// A possible outcome: which choice leads, and its shares.
#[derive(Debug, Clone, Copy)]
struct Possible {
    /// Whether it is the first choice that leads.
    first: bool,
    heads: f64,
    power: f64,
    /// How often it happens, before anything is measured.
    usual: f64,
}

impl Possible {
    /// The first choice's part of what the leading one's share is.
    fn of_first(&self, share: f64, choices: u32) -> f64 {
        match (self.first, choices) {
            (true, _) => share,
            (false, 2) => 1.0 - share,
            (false, _) => (1.0 - share) * NEXT_PART,
        }
    }
}

/// All pairs of the prior's shares, each as likely as there, but for a part in which they are independent.
fn pairs(prior: &Pooled) -> Vec<[f64; 3]> {
    let list: Vec<[f64; 3]> = prior.outcomes.iter().map(|pair| pair.map(f64::from)).collect();
    let total: f64 = list.iter().map(|pair| pair[2]).sum::<f64>().max(1e-300);
    let mut found: std::collections::BTreeMap<(u64, u64), f64> = std::collections::BTreeMap::new();
    for own in &list {
        let mut add = |heads: f64, power: f64, weight: f64| {
            *found.entry((heads.to_bits(), power.to_bits())).or_default() += weight;
        };
        add(own[0], own[1], (1.0 - INDEPENDENT) * own[2] / total);
        for other in &list {
            add(own[0], other[1], INDEPENDENT * own[2] * other[2] / (total * total));
        }
    }
    found
        .into_iter()
        .map(|((heads, power), weight)| [f64::from_bits(heads), f64::from_bits(power), weight])
        .collect()
}

/// The outcomes that are possible for proposals with this many choices.
fn possible(pairs: &[[f64; 3]], choices: u32, first: f64) -> Vec<Possible> {
    let mut list: Vec<Possible> = Vec::new();
    for &[heads, power, weight] in pairs {
        // Of two choices the one with less than half leads in nothing.
        if choices == 2 && power < 0.5 {
            continue;
        }
        for (leads, chance) in [(true, first), (false, 1.0 - first)] {
            list.push(Possible { first: leads, heads, power, usual: weight * chance });
        }
    }
    let total: f64 = list.iter().map(|possible| possible.usual).sum::<f64>().max(1e-300);
    list.iter_mut().for_each(|possible| possible.usual /= total);
    list
}

/// The outcomes of all proposals, drawn from what the noisy tallies leave possible.
pub(crate) fn outcomes(slots: &[Slot], counts: &Counts, prior: &Pooled, stream: &mut Stream) -> Vec<Outcome> {
    let chosen = counts.get(Query::Choice);
    let chosen = project(chosen, chosen.iter().sum::<f64>().max(0.0));
    let total: f64 = chosen.iter().sum();
    let shares: Vec<f64> = chosen.iter().map(|count| count / total.max(1e-9)).collect();
    let tallies = Tallies::new(counts, slots.len());
    let mut pairs = pairs(prior);
    if pairs.is_empty() {
        pairs.push([1.0; 3]);
    }
    let mut outcomes = vec![Outcome::default(); slots.len()];
    // Two choices are for and against; with more, another kind of question is asked.
    for kind in [1..2, 2..3, 3..u32::MAX] {
        let own: Vec<usize> =
            (0..slots.len()).filter(|&slot| kind.contains(&slots[slot].choices.max(1))).collect();
        let Some(&example) = own.first() else { continue };
        let usual = usual_leads(slots[example].choices as usize, &shares);
        let first = usual[0] / usual.iter().sum::<f64>();
        let possible = possible(&pairs, kind.start, if kind.start == 1 { 1.0 } else { first });
        let mut best: Option<(f64, Vec<f64>, (f64, f64))> = None;
        for lean in LEANS {
            let some = own.iter().step_by(own.len().div_ceil(MOST_PROPOSALS));
            let logs: Vec<Vec<f64>> =
                some.map(|&slot| tallies.chances(slot, &possible, kind.start, lean)).collect();
            let (likelihood, weights) = mixed(&logs, &possible);
            if best.as_ref().is_none_or(|best| likelihood > best.0) {
                best = Some((likelihood, weights, lean));
            }
        }
        let Some((_, weights, lean)) = best else { continue };
        for &slot in &own {
            let chances = relative(&tallies.chances(slot, &possible, kind.start, lean)).1;
            let left: Vec<f64> =
                chances.iter().zip(&weights).map(|(chance, weight)| chance * weight).collect();
            let drawn = possible[stream.weighted(&left)];
            let lead = if drawn.first {
                0
            } else {
                let mut usual = usual_leads(slots[slot].choices as usize, &shares);
                usual[0] = 0.0;
                stream.weighted(&usual)
            };
            outcomes[slot] = led(&slots[slot], lead, drawn.heads, drawn.power);
        }
    }
    outcomes
}

/// The noisy tallies of all proposals.
struct Tallies<'a> {
    margin: &'a [f64],
    margin_sigma: f64,
    ballots: Sizes,
    heavy_margin: Vec<f64>,
    heavy_sigma: f64,
    heavy: Sizes,
}

impl<'a> Tallies<'a> {
    fn new(counts: &'a Counts, proposals: usize) -> Self {
        let sides = counts.get(Query::Heavy);
        let pairs = || sides.chunks_exact(2).take(proposals);
        // Sums and differences of two cells have independent noise of twice the variance.
        let heavy_sigma = counts.sigma(Query::Heavy) * 2.0_f64.sqrt();
        Self {
            margin: counts.get(Query::Margin),
            margin_sigma: counts.sigma(Query::Margin),
            ballots: sizes(counts.get(Query::Popularity), counts.sigma(Query::Popularity)),
            heavy_margin: pairs().map(|pair| pair[0] - pair[1]).collect(),
            heavy_sigma,
            heavy: sizes(&pairs().map(|pair| pair[0] + pair[1]).collect::<Vec<_>>(), heavy_sigma),
        }
    }

    /// The logarithms of how likely a proposal's tallies are under each possible outcome, up to a constant.
    fn chances(
        &self,
        slot: usize,
        possible: &[Possible],
        choices: u32,
        (lean, spread): (f64, f64),
    ) -> Vec<f64> {
        let log_normal =
            |distance: f64, variance: f64| -0.5 * (distance * distance / variance + variance.ln());
        let (ballots, heavy) = (self.ballots.mean[slot], self.heavy.mean[slot]);
        possible
            .iter()
            .map(|possible| {
                let heads = possible.of_first(possible.heads, choices);
                let margin = 2.0 * heads - 1.0;
                let variance = self.margin_sigma.powi(2)
                    + margin * margin * self.ballots.variance
                    + 4.0 * heads * (1.0 - heads) * ballots * HEAD_WEIGHT;
                let first = log_normal(self.margin[slot] - margin * ballots, variance.max(1e-9));
                let power = possible.of_first(possible.power, choices);
                let share = heads + lean * (power - heads);
                let margin = 2.0 * share - 1.0;
                let variance = self.heavy_sigma.powi(2)
                    + margin * margin * self.heavy.variance
                    + share * (1.0 - share) * (4.0 * spread * heavy).powi(2);
                first + log_normal(self.heavy_margin[slot] - margin * heavy, variance.max(1e-9))
            })
            .collect()
    }
}

/// The largest of these logarithms, and all numbers relative to it.
fn relative(logs: &[f64]) -> (f64, Vec<f64>) {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (most, logs.iter().map(|log| (log - most).exp()).collect())
}

/// The most likely weights of the possible outcomes given the logarithms of each proposal's chances, with the
/// logarithm of how likely the tallies are under them.
fn mixed(logs: &[Vec<f64>], possible: &[Possible]) -> (f64, Vec<f64>) {
    let chances: Vec<(f64, Vec<f64>)> = logs.iter().map(|logs| relative(logs)).collect();
    let mut weights: Vec<f64> = possible.iter().map(|possible| possible.usual).collect();
    let mut likelihood = 0.0;
    for _ in 0..ROUNDS {
        let mut sums: Vec<f64> = possible.iter().map(|possible| PRIOR_PROPOSALS * possible.usual).collect();
        likelihood = 0.0;
        for (most, chances) in &chances {
            let total: f64 = chances.iter().zip(&weights).map(|(chance, weight)| chance * weight).sum();
            if total > 0.0 {
                likelihood += most + total.ln();
                for ((sum, chance), weight) in sums.iter_mut().zip(chances).zip(&weights) {
                    *sum += chance * weight / total;
                }
            }
        }
        let total: f64 = sums.iter().sum();
        weights = sums.into_iter().map(|sum| sum / total.max(1e-300)).collect();
    }
    (likelihood, weights)
}
