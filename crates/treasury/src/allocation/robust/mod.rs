//! Portfolios of least mean-CVaR under the worst distribution near the scenarios.
//!
//! P. Mohajerin Esfahani and D. Kuhn (2018), "Data-driven distributionally robust optimization using the Wasserstein metric",
//! Mathematical Programming 171, section 7.1 and theorem 6.3: among all distributions of returns within a radius of
//! the scenarios (mean of the summed absolute changes of all assets' returns), the worst one adds the radius times the
//! largest weight times `reward + 1 / (1 - level)` to `risk - reward * mean`. The worst one is reached: it moves the tail
//! against the asset of the largest weight. Radius 0 is the plain problem; as the radius grows, weights become equal.

#[cfg(test)]
mod test;

use super::bundle::{Convex, minimise};
use super::mean_cvar::{Limits, Objective, Portfolio, Scenarios, Tail, portfolio};
use crate::{Error, Result};

struct Robust<'a> {
    tail: Tail<'a>,
    /// What one unit of the largest weight costs.
    price: f64,
}

impl Convex for Robust<'_> {
    fn evaluate(&mut self, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let value = self.tail.evaluate(weights, gradient);
        let mut largest = 0;
        for at in 1..weights.len() {
            if weights[at].abs() > weights[largest].abs() {
                largest = at;
            }
        }
        gradient[largest] += self.price * weights[largest].signum();
        value + self.price * weights[largest].abs()
    }
}

/// The portfolio within `limits` whose `risk - reward * mean` is least under the worst distribution within `radius`
/// (a return: 0.001 is a tenth of a percent, summed over assets and averaged over scenarios). [`Portfolio::value`] is under
/// that distribution, risk and mean are under the scenarios. The same inputs give the same bits.
///
/// # Errors
/// As [`super::mean_cvar::least_risk`]; a radius that is negative or not finite.
pub fn least_robust_risk(
    scenarios: &Scenarios,
    limits: &Limits,
    objective: &Objective,
    radius: f64,
) -> Result<Portfolio> {
    let assets = scenarios.assets();
    let mut problems = [limits.problems(assets), objective.problems()].concat();
    if !(radius >= 0.0 && radius.is_finite()) {
        problems.push(format!("the radius is {radius}; it is a return of 0 or more, such as 0.001"));
    }
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let mut tail = Tail::new(scenarios, objective.level);
    tail.reward = objective.reward;
    let mut robust = Robust { tail, price: radius * (objective.reward + 1.0 / (1.0 - objective.level)) };
    let start = vec![1.0 / assets.len() as f64; assets.len()];
    let domain = limits.domain(scenarios.means(), &[]);
    let minimum = minimise(&mut robust, &domain, &start, objective.stop())
        .map_err(|rows| limits.conflict(assets, &rows))?;
    Ok(portfolio(scenarios, objective.level, minimum))
}
