//! The stationary block bootstrap: stretches of real days, all assets together, of geometric length.
//!
//! Politis and Romano (1994). The mean length is the one that Politis and White (2004, corrected by Patton, Politis and
//! White 2009) find best for the mean of the assets' absolute returns, whose memory is the longest.

#[cfg(test)]
mod test;

use daotwin_core::{Run, Seed};

use super::draws::Draws;
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Blocks of real days.
#[derive(Debug)]
pub struct Bootstrap;

#[derive(Debug)]
struct Fitted {
    panel: Panel,
    mean_length: f64,
}

/// The best mean length of blocks for a series, at least 1. `None` for a series too short or constant.
pub fn best_length(series: &[f64]) -> Option<f64> {
    let n = series.len();
    let count = n as f64;
    let mean = daotwin_core::statistics::mean(series);
    let centred: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let most = (3.0 * count.sqrt()).min(count / 3.0).ceil();
    let run = (count.log10() as usize).max(5);
    let lags = count.sqrt().ceil() as usize + run;
    if n <= lags + 2 {
        return None;
    }
    let covariance = |lag: usize| -> f64 {
        centred[lag..].iter().zip(&centred).map(|(left, right)| left * right).sum::<f64>() / count
    };
    let covariances: Vec<f64> = (0..=lags).map(covariance).collect();
    let variance = covariances[0];
    if variance <= 0.0 {
        return None;
    }
    let negligible = 2.0 * (count.log10() / count).sqrt();
    // The first lag after which so many in a row are negligible; else the last that is not.
    let small = |lag: usize| (covariances[lag] / variance).abs() < negligible;
    let first = (1..=lags + 1 - run).find(|&lag| (lag..lag + run).all(small)).map(|lag| lag - 1);
    let last = first.unwrap_or_else(|| (1..=lags).rev().find(|&lag| !small(lag)).unwrap_or(1));
    let window = (2 * last.max(1)).min(lags);
    let (mut moment, mut spectrum) = (0.0, variance);
    for (lag, covariance) in covariances.iter().enumerate().take(window + 1).skip(1) {
        let share = lag as f64 / window as f64;
        let weight = if share <= 0.5 { 1.0 } else { 2.0 * (1.0 - share) };
        moment += 2.0 * weight * lag as f64 * covariance;
        spectrum += 2.0 * weight * covariance;
    }
    let denominator = 2.0 * spectrum * spectrum;
    let length = (2.0 * moment * moment / denominator).cbrt() * count.cbrt();
    Some(length.clamp(1.0, most))
}

impl MarketModel for Bootstrap {
    fn name(&self) -> &'static str {
        "bootstrap"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "no assumption on laws or on how assets go together: real days, in real order within blocks",
            source: "Politis and Romano 1994; length by Politis and White 2004 and Patton, Politis and White 2009",
            limits: "no day worse than the worst on record; memory beyond a block is lost",
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, _run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), 60)?;
        let sizes: Vec<f64> = panel
            .returns()
            .chunks_exact(panel.assets().len())
            .map(|row| row.iter().map(|value| value.abs()).sum::<f64>())
            .collect();
        let mean_length = best_length(&sizes).unwrap_or(1.0);
        Ok(Box::new(Fitted { panel: panel.clone(), mean_length }))
    }
}

impl FittedMarket for Fitted {
    fn assets(&self) -> &[String] {
        self.panel.assets()
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        vec![("mean_block_days".to_owned(), self.mean_length)]
    }

    fn path(&self, draws: &Draws, path: u64, out: &mut [f64]) {
        let k = self.panel.assets().len();
        let days = self.panel.steps();
        let mut stream = draws.stream(path);
        let jump = 1.0 / self.mean_length;
        let mut day = stream.below(days as u64) as usize;
        for row in out.chunks_exact_mut(k) {
            row.copy_from_slice(&self.panel.returns()[day * k..(day + 1) * k]);
            // The last day is followed by the first.
            day = if stream.chance(jump) { stream.below(days as u64) as usize } else { (day + 1) % days };
        }
    }
}
