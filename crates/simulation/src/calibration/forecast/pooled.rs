//! Several DAOs' forecasts taken together.

use daotwin_core::{Seed, Stream, statistics as core};
use serde::Serialize;

use super::{BASELINES, Forecast, Score};

/// One figure over DAOs, each DAO weighing the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pooled {
    /// The figure.
    pub figure: &'static str,
    /// DAOs judged.
    pub daos: usize,
    /// Mean CRPS of the forecast.
    pub model: f64,
    /// Mean CRPS of the calibrated DAO alone.
    pub simulated: f64,
    /// Mean CRPS of each baseline.
    pub baselines: [f64; 3],
    /// Which baseline is best: the bar.
    pub best: usize,
    /// Mean difference of CRPS to the best baseline; negative where the forecast is better.
    pub difference: f64,
    /// Its 95 % interval for DAOs like these: DAOs are drawn with replacement, then blocks of following proposals of each.
    pub interval: (f64, f64),
    /// Its 95 % interval for these DAOs: blocks of following proposals of each are drawn.
    pub these: (f64, f64),
    /// DAOs where the forecast is better than that baseline.
    pub wins: usize,
    /// Share of the proposals that 90 % intervals held; NaN for what is 0 or 1.
    pub coverage: f64,
}

/// The mean of a resample in circular blocks of about the square root of the length (Politis and Romano 1992).
fn blocks(values: &[f64], stream: &mut Stream) -> f64 {
    let n = values.len();
    let block = (n as f64).sqrt().ceil() as usize;
    let (mut sum, mut taken) = (0.0, 0);
    while taken < n {
        let start = stream.below(n as u64) as usize;
        for at in 0..block.min(n - taken) {
            sum += values[(start + at) % n];
        }
        taken += block;
    }
    sum / n as f64
}

/// A figure over forecasts; `None` where no forecast has it.
pub fn pooled(forecasts: &[Forecast], figure: &'static str, seed: Seed) -> Option<Pooled> {
    const RESAMPLES: usize = 4_000;
    let scores: Vec<&Score> =
        forecasts.iter().flat_map(|one| one.scores.iter().filter(|score| score.figure == figure)).collect();
    if scores.is_empty() {
        return None;
    }
    let n = scores.len();
    let mean =
        |of: &dyn Fn(&Score) -> f64| core::mean(&scores.iter().map(|score| of(score)).collect::<Vec<_>>());
    let baselines: [f64; BASELINES.len()] = std::array::from_fn(|at| mean(&|score| score.baselines[at]));
    let best = (0..baselines.len()).min_by(|a, b| baselines[*a].total_cmp(&baselines[*b])).unwrap_or(0);
    let apart: Vec<Vec<f64>> =
        scores.iter().map(|score| score.apart.iter().map(|row| row[best]).collect()).collect();
    let mut stream = seed.stream("forecast intervals");
    let mut resampled = |others: bool| {
        let one = |_| {
            let mut sum = 0.0;
            for at in 0..n {
                let dao = if others { stream.below(n as u64) as usize } else { at };
                sum += blocks(&apart[dao], &mut stream);
            }
            sum / n as f64
        };
        let ascending = core::sorted(&(0..RESAMPLES).map(one).collect::<Vec<_>>());
        (core::quantile_sorted(&ascending, 0.025), core::quantile_sorted(&ascending, 0.975))
    };
    let all: usize = scores.iter().map(|score| score.proposals).sum();
    Some(Pooled {
        figure,
        daos: n,
        model: mean(&|score| score.model),
        simulated: mean(&|score| score.simulated),
        baselines,
        best,
        difference: core::mean(&apart.iter().map(|values| core::mean(values)).collect::<Vec<_>>()),
        interval: resampled(true),
        these: resampled(false),
        wins: scores.iter().filter(|score| score.model < score.baselines[best]).count(),
        coverage: scores.iter().map(|score| score.coverage * score.proposals as f64).sum::<f64>()
            / all as f64,
    })
}
