//! The mean-CVaR frontier of a treasury, and what it costs to get there.

use serde::Serialize;

use super::mean_cvar::{self, Limits, Objective, Portfolio, Scenarios};
use super::simulator::{Futures, Kind, Treasury};
use crate::market::impact::Pressure;
use crate::{Error, Result};

/// A point of a frontier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Weights, risk and mean over the months; 0.3 is 30 % of the treasury.
    pub portfolio: Portfolio,
    /// What trading there at once from today's holdings loses, as a share of the treasury: fees, the venue, and the fall
    /// of the own tokens that are kept, as far as it stays.
    pub cost: f64,
}

/// Portfolios of least risk, from the safest to the one of the largest mean, held for some months without bills.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frontier {
    /// The assets' names, in the order of weights.
    pub assets: Vec<String>,
    /// Months that portfolios are held.
    pub months: usize,
    /// The level of the conditional value at risk.
    pub level: f64,
    /// What is held today.
    pub today: Portfolio,
    /// The frontier, from the least mean to the largest.
    pub points: Vec<Point>,
}

/// Returns over the first `months` of the futures, a scenario a path.
///
/// # Errors
/// Months that the futures do not have.
pub fn scenarios(treasury: &Treasury, futures: &Futures, months: usize) -> Result<Scenarios> {
    if !(1..=futures.months()).contains(&months) {
        return Err(Error::Parameters {
            problems: vec![format!(
                "{months} months are asked of futures of {}; give 1 to so many",
                futures.months()
            )],
        });
    }
    let names = treasury.assets.iter().map(|asset| asset.name.clone()).collect();
    let rows = (0..futures.paths())
        .flat_map(|path| futures.growth(path, 0, months).into_iter().map(|growth| growth - 1.0));
    Scenarios::new(names, rows.collect())
}

/// Today's holdings as shares of the treasury.
pub fn weights(treasury: &Treasury) -> Vec<f64> {
    let total = treasury.value();
    treasury.assets.iter().map(|asset| asset.dollars / total).collect()
}

/// What trading at once from today's holdings to these weights loses, as a share of the treasury.
pub fn cost(treasury: &Treasury, weights: &[f64]) -> f64 {
    let total = treasury.value();
    let mut lost = 0.0;
    for (asset, weight) in treasury.assets.iter().zip(weights) {
        let change = weight * total - asset.dollars;
        lost += match asset.kind {
            Kind::Cash => 0.0,
            Kind::Own => {
                let mut pressure = Pressure::default();
                let paid = if change < 0.0 {
                    -change - treasury.impact.sell(-change, 1.0, &mut pressure).dollars
                } else {
                    change - treasury.impact.buy(change, 1.0, &mut pressure).tokens
                };
                let kept = if change < 0.0 { asset.dollars + change } else { 0.0 };
                paid - kept * pressure.permanent.exp_m1()
            }
            Kind::Volatile | Kind::Stable { .. } => asset.fee * change.abs(),
        };
    }
    lost / total
}

/// The mean-CVaR frontier over the first `months` of the futures, in `points` steps of the mean.
///
/// # Errors
/// As [`Treasury::check`] and [`mean_cvar::frontier`]; fewer than 2 points; months that the futures do not have.
pub fn frontier(
    treasury: &Treasury,
    futures: &Futures,
    months: usize,
    level: f64,
    points: usize,
) -> Result<Frontier> {
    treasury.check()?;
    if points < 2 {
        return Err(Error::Parameters {
            problems: vec![format!("a frontier of {points} points; give at least 2")],
        });
    }
    let scenarios = scenarios(treasury, futures, months)?;
    let limits = Limits::long_only(treasury.assets.len());
    let objective = Objective { level, tolerance: 1e-5, ..Objective::default() };
    let found = mean_cvar::frontier(&scenarios, &limits, &objective, points)?;
    Ok(Frontier {
        assets: scenarios.assets().to_vec(),
        months,
        level,
        today: scenarios.portfolio(weights(treasury), level),
        points: found
            .into_iter()
            .map(|portfolio| Point { cost: cost(treasury, &portfolio.weights), portfolio })
            .collect(),
    })
}
