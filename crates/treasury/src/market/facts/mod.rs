//! Stylised facts of returns: what a market model must show to be trusted with ruin (Cont 2001, Quantitative Finance 1).

#[cfg(test)]
mod test;

use daotwin_core::statistics::{mean, pearson, quantile_sorted, sorted, standard_deviation};

use super::{FittedMarket, Panel, Paths};
use crate::Result;

/// Lags over which autocorrelations are averaged: one lag alone is mostly noise.
pub const LAGS: usize = 10;
/// The share of days that the tail index is taken from.
pub const TAIL: f64 = 0.05;

/// A fact of one asset's returns, or of several assets'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Fourth central moment over the squared variance, less 3.
    ExcessKurtosis,
    /// Autocorrelation of absolute returns, mean of lags 1 to [`LAGS`].
    AbsoluteAutocorrelation,
    /// Autocorrelation of squared returns, mean of lags 1 to [`LAGS`].
    SquaredAutocorrelation,
    /// Hill's (1975) tail index of absolute returns, from the largest [`TAIL`] of them; small is heavy.
    TailIndex,
    /// The largest fall from a peak, as a share of it.
    Drawdown,
    /// Pearson correlation of two assets' returns, mean over pairs.
    CrossCorrelation,
}

impl Fact {
    /// Every fact.
    pub const ALL: [Self; 6] = [
        Self::ExcessKurtosis,
        Self::AbsoluteAutocorrelation,
        Self::SquaredAutocorrelation,
        Self::TailIndex,
        Self::Drawdown,
        Self::CrossCorrelation,
    ];

    /// Its name in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExcessKurtosis => "excess kurtosis",
            Self::AbsoluteAutocorrelation => "autocorrelation of absolute returns",
            Self::SquaredAutocorrelation => "autocorrelation of squared returns",
            Self::TailIndex => "tail index",
            Self::Drawdown => "largest drawdown",
            Self::CrossCorrelation => "correlation between assets",
        }
    }

    /// The fact of one asset's daily log returns; `None` for [`Fact::CrossCorrelation`], which needs several.
    pub fn of(self, returns: &[f64]) -> Option<f64> {
        Some(match self {
            Self::ExcessKurtosis => {
                let (centre, n) = (mean(returns), returns.len() as f64);
                let moment = |power: i32| returns.iter().map(|x| (x - centre).powi(power)).sum::<f64>() / n;
                moment(4) / moment(2).powi(2) - 3.0
            }
            Self::AbsoluteAutocorrelation => {
                autocorrelation(&returns.iter().map(|value| value.abs()).collect::<Vec<_>>())
            }
            Self::SquaredAutocorrelation => {
                autocorrelation(&returns.iter().map(|value| value * value).collect::<Vec<_>>())
            }
            Self::TailIndex => tail_index(returns),
            Self::Drawdown => drawdown(returns),
            Self::CrossCorrelation => return None,
        })
    }
}

/// Mean autocorrelation over lags 1 to [`LAGS`].
fn autocorrelation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let variance: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let at = |lag: usize| -> f64 {
        values.iter().zip(values.iter().skip(lag)).map(|(a, b)| (a - centre) * (b - centre)).sum::<f64>()
            / variance
    };
    (1..=LAGS).map(at).sum::<f64>() / LAGS as f64
}

/// Hill's estimate over the largest [`TAIL`] of distances from the mean.
fn tail_index(returns: &[f64]) -> f64 {
    let centre = mean(returns);
    let sizes = sorted(&returns.iter().map(|value| (value - centre).abs()).collect::<Vec<_>>());
    let count = ((sizes.len() as f64 * TAIL) as usize).max(5).min(sizes.len().saturating_sub(1));
    let threshold = sizes[sizes.len() - 1 - count].max(f64::MIN_POSITIVE);
    let logs = sizes[sizes.len() - count..].iter().map(|size| (size / threshold).ln());
    count as f64 / logs.sum::<f64>()
}

/// The largest fall from a peak, as a share.
pub fn drawdown(returns: &[f64]) -> f64 {
    let (mut level, mut peak, mut worst) = (0.0_f64, 0.0_f64, 0.0_f64);
    for value in returns {
        level += value;
        peak = peak.max(level);
        worst = worst.max(peak - level);
    }
    1.0 - (-worst).exp()
}

/// The mean correlation over all pairs of columns; 0 for one column.
pub fn cross_correlation(columns: &[Vec<f64>]) -> f64 {
    let mut sum = 0.0;
    let mut count = 0.0;
    for (place, left) in columns.iter().enumerate() {
        for right in &columns[..place] {
            sum += pearson(left, right);
            count += 1.0;
        }
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

/// One fact of one asset (or of all): as it was, and the band in which simulated paths of the same length have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The fact.
    pub fact: Fact,
    /// The asset; empty for what concerns all.
    pub asset: String,
    /// On the days held back.
    pub real: f64,
    /// Quantiles of the simulated: lower end, median, upper end.
    pub simulated: (f64, f64, f64),
}

impl Check {
    /// Whether the real figure lies in the band.
    pub fn holds(&self) -> bool {
        self.simulated.0 <= self.real && self.real <= self.simulated.2
    }
}

/// Every fact of held-back days beside the central band of simulated paths, which are as long. `level` is the band's mass:
/// 0.95.
///
/// # Errors
/// As [`FittedMarket::simulate`].
pub fn checks(held: &Panel, paths: &Paths, level: f64) -> Vec<Check> {
    let assets = held.assets().len();
    let mut list = vec![];
    let band = |values: Vec<f64>| {
        let values = sorted(&values);
        let side = 0.5 * (1.0 - level);
        (quantile_sorted(&values, side), quantile_sorted(&values, 0.5), quantile_sorted(&values, 1.0 - side))
    };
    for (asset, name) in held.assets().iter().enumerate() {
        let real = held.column(asset);
        let drawn: Vec<Vec<f64>> = (0..paths.paths).map(|path| paths.series(path, asset).collect()).collect();
        for fact in Fact::ALL {
            let Some(real) = fact.of(&real) else { continue };
            let simulated = band(drawn.iter().filter_map(|series| fact.of(series)).collect());
            list.push(Check { fact, asset: name.clone(), real, simulated });
        }
    }
    if assets > 1 {
        let columns =
            |path: usize| (0..assets).map(|asset| paths.series(path, asset).collect()).collect::<Vec<_>>();
        let simulated = band((0..paths.paths).map(|path| cross_correlation(&columns(path))).collect());
        let real = cross_correlation(&(0..assets).map(|asset| held.column(asset)).collect::<Vec<_>>());
        list.push(Check { fact: Fact::CrossCorrelation, asset: String::new(), real, simulated });
    }
    list
}

/// Simulates paths as long as the held-back days and checks every fact.
///
/// # Errors
/// As [`FittedMarket::simulate`].
pub fn check(
    model: &dyn FittedMarket,
    held: &Panel,
    paths: usize,
    level: f64,
    seed: daotwin_core::Seed,
    run: &daotwin_core::Run,
) -> Result<Vec<Check>> {
    Ok(checks(held, &model.simulate(paths, held.steps(), seed, run)?, level))
}

/// Annual volatility of daily log returns, with 365 days a year.
pub fn annual_volatility(returns: &[f64]) -> f64 {
    standard_deviation(returns) * 365.0_f64.sqrt()
}
