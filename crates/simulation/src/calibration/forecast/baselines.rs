//! What a forecast has to beat, each from the learned values of one figure alone.

use daotwin_core::{Stream, statistics as core};

use super::pool::Ensemble;

/// Draws of a beta law with this mean and variance; the mean alone where no beta law has them.
fn beta(mean: f64, variance: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    let size = mean * (1.0 - mean) / variance - 1.0;
    if !(size.is_finite() && size > 0.0) {
        return vec![mean; count];
    }
    let mut draw = || {
        let (a, b) = (stream.gamma(mean * size), stream.gamma((1.0 - mean) * size));
        if a + b > 0.0 { a / (a + b) } else { mean }
    };
    (0..count).map(|_| draw()).collect()
}

/// What beta-binomial laws are told: the members who voted, and all power that could be cast, in units of the figures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole {
    pub(super) members: f64,
    pub(super) voters: f64,
    pub(super) power: f64,
}

/// The last value; the last ten, equally likely; a beta-binomial law by moments (of the share of members for voters, of
/// the share of power for turnout, a beta law for shares, Laplace's rule for what is 0 or 1).
pub(super) fn baselines(figure: usize, learned: &[f64], whole: Whole, stream: &mut Stream) -> [Ensemble; 3] {
    const DRAWS: usize = 1_000;
    let last = learned.last().copied();
    let ten = learned[learned.len().saturating_sub(10)..].to_vec();
    let n = learned.len() as f64;
    let variance = |values: &[f64]| core::standard_deviation(values).powi(2);
    let law: Vec<f64> = match figure {
        0 => {
            let most = learned.iter().copied().fold(whole.power, f64::max);
            let shares: Vec<f64> = learned.iter().map(|value| value / most).collect();
            let draws = beta(core::mean(&shares), variance(&shares).max(1e-12), DRAWS, stream);
            draws.into_iter().map(|share| share * most).collect()
        }
        1 => {
            let Whole { members, voters, .. } = whole;
            let shares: Vec<f64> = learned.iter().map(|value| value * voters / members).collect();
            let mean = core::mean(&shares);
            // The binomial part of the variance is not the beta law's.
            let between = (variance(&shares) - mean * (1.0 - mean) / members).max(1e-12);
            let chances = beta(mean, between, DRAWS, stream);
            let mut binomial = |chance: f64| {
                let spread = (chance * (1.0 - chance) * members).sqrt();
                (chance * members + spread * stream.normal()).round().max(0.0) / voters
            };
            chances.into_iter().map(&mut binomial).collect()
        }
        2 => {
            let chance = (learned.iter().sum::<f64>() + 1.0) / (n + 2.0);
            (0..DRAWS)
                .map(|draw| f64::from(u8::from((draw as f64 + 0.5) / (DRAWS as f64) < chance)))
                .collect()
        }
        _ => beta(core::mean(learned), variance(learned).max(1e-9), DRAWS, stream),
    };
    [Ensemble::equal(last), Ensemble::equal(ten), Ensemble::equal(law)]
}
