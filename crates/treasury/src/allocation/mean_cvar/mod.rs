//! Portfolios of least conditional value at risk.
//!
//! R. T. Rockafellar and S. Uryasev (2000), "Optimization of conditional value-at-risk", Journal of Risk 2(3), equation
//! 9: the conditional value at risk of the losses `-R w` at level `a` is the least over `v` of `v + sum (loss - v)+ /
//! ((1 - a) S)`. It is convex in `w`; a subgradient is the mean return, with its sign changed, of the scenarios in the tail.
//! So one pass over the scenarios makes one cut, and the cuts' own bound tells how far from the optimum a portfolio is.

#[cfg(test)]
pub(crate) mod test;

use serde::Serialize;

use super::bundle::{Convex, Domain, Minimum, Row, Stop, minimise};
use super::projection::dot;
use crate::{Error, Result};

/// Joint returns of some assets, equally likely. A return of 0.01 is a gain of 1 %.
#[derive(Debug, Clone)]
pub struct Scenarios {
    assets: Vec<String>,
    count: usize,
    /// Scenario by scenario.
    rows: Vec<f64>,
    /// Asset by asset.
    columns: Vec<f64>,
    means: Vec<f64>,
}

impl Scenarios {
    /// From returns scenario by scenario: `rows[scenario * assets + asset]`.
    ///
    /// # Errors
    /// No asset, no scenario, a part of a scenario, a return that is not a finite number.
    pub fn new(assets: Vec<String>, rows: Vec<f64>) -> Result<Self> {
        let width = assets.len();
        let mut problems = vec![];
        if width == 0 || rows.is_empty() || !rows.len().is_multiple_of(width.max(1)) {
            problems.push(format!(
                "{} returns of {width} assets; give at least one asset and one scenario, and a return of each asset in \
                 each scenario",
                rows.len()
            ));
        } else if let Some(at) = rows.iter().position(|value| !value.is_finite()) {
            problems.push(format!(
                "the return of `{}` in scenario {} is {}; returns are finite numbers",
                assets[at % width],
                at / width,
                rows[at]
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let count = rows.len() / width;
        let mut columns = vec![0.0; rows.len()];
        for (block, rows) in rows.chunks(512 * width).enumerate() {
            for asset in 0..width {
                let column = &mut columns[asset * count + 512 * block..];
                for (value, row) in column.iter_mut().zip(rows.chunks_exact(width)) {
                    *value = row[asset];
                }
            }
        }
        let means =
            columns.chunks_exact(count).map(|column| column.iter().sum::<f64>() / count as f64).collect();
        Ok(Self { assets, count, rows, columns, means })
    }

    /// The assets' names.
    pub fn assets(&self) -> &[String] {
        &self.assets
    }

    /// How many scenarios there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Mean return of each asset.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// The returns scenario by scenario.
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// A given portfolio beside those that are computed: its value is its risk, and nothing is proven of it.
    pub fn portfolio(&self, weights: Vec<f64>, level: f64) -> Portfolio {
        let risk = self.conditional_value_at_risk(&weights, level);
        Portfolio {
            risk,
            mean: dot(&weights, &self.means),
            value: risk,
            bound: f64::NEG_INFINITY,
            passes: 1,
            weights,
        }
    }

    /// The conditional value at risk of the losses of these weights at `level` in (0, 1): Rockafellar and Uryasev's, in
    /// which the scenario at the edge of the tail counts with the part of it that belongs there.
    pub fn conditional_value_at_risk(&self, weights: &[f64], level: f64) -> f64 {
        let mut tail = Tail::new(self, level);
        tail.evaluate(weights, &mut vec![0.0; weights.len()])
    }
}

/// A linear condition on weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What it is called in messages.
    pub name: String,
    /// A coefficient for each asset.
    pub coefficients: Vec<f64>,
    /// The least value of the coefficients times the weights.
    pub at_least: f64,
}

/// What a portfolio must keep to. Weights add up to one.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// The least weight of each asset; 0 or more is long only.
    pub floors: Vec<f64>,
    /// The greatest weight of each asset.
    pub caps: Vec<f64>,
    /// The least mean return.
    pub mean: Option<f64>,
    /// Further conditions.
    pub conditions: Vec<Condition>,
}

impl Limits {
    /// Weights between 0 and 1 of this many assets.
    pub fn long_only(assets: usize) -> Self {
        Self { floors: vec![0.0; assets], caps: vec![1.0; assets], mean: None, conditions: vec![] }
    }

    /// The domain of weights, followed by `more` free variables with these bounds.
    pub(crate) fn domain(&self, means: &[f64], more: &[(f64, f64)]) -> Domain {
        let padded = |row: &[f64]| [row, &vec![0.0; more.len()]].concat();
        let mean = self.mean.map(|mean| (padded(means), mean));
        Domain {
            low: self.floors.iter().copied().chain(more.iter().map(|bounds| bounds.0)).collect(),
            high: self.caps.iter().copied().chain(more.iter().map(|bounds| bounds.1)).collect(),
            equalities: vec![(padded(&vec![1.0; self.floors.len()]), 1.0)],
            at_least: mean
                .into_iter()
                .chain(self.conditions.iter().map(|row| (padded(&row.coefficients), row.at_least)))
                .collect(),
        }
    }

    /// Every problem of shape and number.
    pub(crate) fn problems(&self, assets: &[String]) -> Vec<String> {
        let mut problems = vec![];
        for (what, values) in [("floors", &self.floors), ("caps", &self.caps)] {
            if values.len() != assets.len() {
                problems.push(format!(
                    "{} {what} for {} assets; give one for each",
                    values.len(),
                    assets.len()
                ));
            }
            if let Some(at) = values.iter().position(|value| !(value.is_finite() && value.abs() <= 1e6)) {
                problems.push(format!(
                    "{what}[{at}] is {}; a weight is a number between -1e6 and 1e6",
                    values[at]
                ));
            }
        }
        for ((name, floor), cap) in assets.iter().zip(&self.floors).zip(&self.caps) {
            if floor > cap {
                problems.push(format!(
                    "`{name}` has a floor of {floor} above its cap of {cap}; lower the one or raise the other"
                ));
            }
        }
        for condition in &self.conditions {
            if condition.coefficients.len() != assets.len()
                || !condition.coefficients.iter().chain([&condition.at_least]).all(|value| value.is_finite())
            {
                problems.push(format!(
                    "condition `{}` has {} coefficients for {} assets, or one that is not finite; give a number for each",
                    condition.name,
                    condition.coefficients.len(),
                    assets.len()
                ));
            }
        }
        if self.mean.is_some_and(|mean| !mean.is_finite()) {
            problems.push("the least mean return is not a finite number".to_owned());
        }
        problems
    }

    /// An error that names rows which no weights keep together.
    pub(crate) fn conflict(&self, assets: &[String], rows: &[Row]) -> Error {
        let mut names: Vec<String> = rows
            .iter()
            .map(|&row| match row {
                Row::Equality(_) => "the sum of the weights = 1".to_owned(),
                Row::Low(at) => format!("floor of `{}` >= {}", assets[at], self.floors[at]),
                Row::High(at) => format!("cap of `{}` <= {}", assets[at], self.caps[at]),
                Row::AtLeast(at) => match (self.mean, at) {
                    (Some(mean), 0) => format!("mean return >= {mean}"),
                    (mean, at) => {
                        let condition = &self.conditions[at - usize::from(mean.is_some())];
                        format!("condition `{}` >= {}", condition.name, condition.at_least)
                    }
                },
            })
            .collect();
        names.sort();
        Error::Parameters {
            problems: vec![format!(
                "no weights keep these together: {}; relax one of them",
                names.join(", ")
            )],
        }
    }
}

/// What to minimise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// The level of the conditional value at risk, such as 0.95.
    pub level: f64,
    /// What one unit of mean return counts against one of conditional value at risk; 0 for risk alone.
    pub reward: f64,
    /// Stop when value and proven bound are this near, as a share of the value.
    pub tolerance: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self { level: 0.95, reward: 0.0, tolerance: 1e-7 }
    }
}

impl Objective {
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = vec![];
        if !(self.level > 0.0 && self.level < 1.0) {
            problems.push(format!("the level is {}; it lies between 0 and 1, such as 0.95", self.level));
        }
        if !(self.reward >= 0.0 && self.reward.is_finite()) {
            problems.push(format!("the reward of mean return is {}; it is 0 or more", self.reward));
        }
        if !(self.tolerance >= 1e-12 && self.tolerance < 1.0) {
            problems.push(format!("the tolerance is {}; it lies between 1e-12 and 1", self.tolerance));
        }
        problems
    }

    pub(crate) fn stop(&self) -> Stop {
        Stop { relative: self.tolerance, absolute: 1e-13, evaluations: 5_000 }
    }
}

/// A portfolio and how good it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Portfolio {
    /// A weight for each asset.
    pub weights: Vec<f64>,
    /// Its conditional value at risk: mean loss in the tail; 0.04 is a loss of 4 %.
    pub risk: f64,
    /// Its mean return.
    pub mean: f64,
    /// What was minimised: `risk - reward * mean`, and what the model adds to it.
    pub value: f64,
    /// No portfolio within the limits has a smaller value: proven.
    pub bound: f64,
    /// Passes over the scenarios.
    pub passes: usize,
}

/// The conditional value at risk as a function of weights.
#[derive(Debug)]
pub(crate) struct Tail<'a> {
    scenarios: &'a Scenarios,
    /// How many scenarios, and which part of one, are in the tail.
    mass: f64,
    pub(crate) reward: f64,
    losses: Vec<f64>,
    near: Vec<u32>,
    values: Vec<f64>,
    /// The loss at the edge of the tail of the last pass, and how far the mean of the tail was from it.
    edge: f64,
    depth: f64,
}

impl<'a> Tail<'a> {
    pub(crate) fn new(scenarios: &'a Scenarios, level: f64) -> Self {
        let count = scenarios.count;
        Self {
            scenarios,
            mass: ((1.0 - level) * count as f64).clamp(f64::MIN_POSITIVE, count as f64),
            reward: 0.0,
            losses: vec![0.0; count],
            near: vec![0; count],
            values: vec![],
            edge: f64::INFINITY,
            depth: 0.0,
        }
    }

    fn fill(&mut self, weights: &[f64]) {
        const BLOCK: usize = 1024;
        let count = self.scenarios.count;
        for (block, losses) in self.losses.chunks_mut(BLOCK).enumerate() {
            losses.fill(0.0);
            for (asset, &weight) in weights.iter().enumerate() {
                if weight != 0.0 {
                    let start = asset * count + block * BLOCK;
                    let column = &self.scenarios.columns[start..start + losses.len()];
                    losses.iter_mut().zip(column).for_each(|(loss, value)| *loss -= weight * value);
                }
            }
        }
    }

    /// How many of `near` have a loss of at least this.
    fn gather(&mut self, least: f64) -> usize {
        let mut found = 0;
        for (at, &loss) in self.losses.iter().enumerate() {
            self.near[found] = at as u32;
            found += usize::from(loss >= least);
        }
        found
    }
}

impl Convex for Tail<'_> {
    fn evaluate(&mut self, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let width = self.scenarios.assets.len();
        self.fill(&weights[..width]);
        // Whole scenarios, and the part of one more.
        let whole = (self.mass.floor() as usize).min(self.losses.len());
        let part = self.mass - whole as f64;
        let wanted = (whole + usize::from(part > 0.0)).clamp(1, self.losses.len());
        let mut found = self.gather(self.edge - 0.1 * self.depth);
        if found < wanted {
            found = self.gather(f64::NEG_INFINITY);
        }
        let near = &self.near[..found];
        self.values.clear();
        self.values.extend(near.iter().map(|&at| self.losses[at as usize]));
        self.values.select_nth_unstable_by(wanted - 1, |left, right| right.total_cmp(left));
        let edge = self.values[wanted - 1];
        // Those above the edge count wholly, those on it with what is left of the mass.
        let above = self.values[..wanted - 1].iter().filter(|&&loss| loss > edge).count();
        let mut left = self.mass - above as f64;
        let mut total = left * edge;
        gradient.fill(0.0);
        for &at in near {
            let loss = self.losses[at as usize];
            let share = if loss > edge {
                total += loss;
                1.0
            } else if loss == edge {
                let share = left.min(1.0);
                left -= share;
                share
            } else {
                continue;
            };
            let row = &self.scenarios.rows[at as usize * width..(at as usize + 1) * width];
            gradient[..width].iter_mut().zip(row).for_each(|(sum, value)| *sum -= share * value);
        }
        gradient[..width].iter_mut().for_each(|value| *value /= self.mass);
        let risk = total / self.mass;
        self.edge = edge;
        self.depth = risk - edge;
        for (value, mean) in gradient[..width].iter_mut().zip(&self.scenarios.means) {
            *value -= self.reward * mean;
        }
        risk - self.reward * dot(&weights[..width], &self.scenarios.means)
    }
}

pub(crate) fn portfolio(scenarios: &Scenarios, level: f64, minimum: Minimum) -> Portfolio {
    let width = scenarios.assets.len();
    let mut weights = minimum.point;
    weights.truncate(width);
    Portfolio {
        risk: scenarios.conditional_value_at_risk(&weights, level),
        mean: dot(&weights, &scenarios.means),
        value: minimum.value,
        bound: minimum.bound,
        passes: minimum.evaluations,
        weights,
    }
}

/// The portfolio within `limits` of least `risk - reward * mean`. The same inputs give the same bits.
///
/// # Errors
/// Numbers out of their ranges, all at once; limits that no portfolio keeps, with those that exclude each other.
pub fn least_risk(scenarios: &Scenarios, limits: &Limits, objective: &Objective) -> Result<Portfolio> {
    let assets = &scenarios.assets;
    let problems = [limits.problems(assets), objective.problems()].concat();
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let mut tail = Tail::new(scenarios, objective.level);
    tail.reward = objective.reward;
    let start = vec![1.0 / assets.len() as f64; assets.len()];
    let domain = limits.domain(&scenarios.means, &[]);
    let minimum = minimise(&mut tail, &domain, &start, objective.stop())
        .map_err(|rows| limits.conflict(assets, &rows))?;
    Ok(portfolio(scenarios, objective.level, minimum))
}

/// Portfolios of least risk for `points` mean returns, evenly from that of the least risk of all to the largest that the
/// limits allow.
///
/// # Errors
/// As [`least_risk`].
pub fn frontier(
    scenarios: &Scenarios,
    limits: &Limits,
    objective: &Objective,
    points: usize,
) -> Result<Vec<Portfolio>> {
    let objective = Objective { reward: 0.0, ..*objective };
    let first = least_risk(scenarios, limits, &objective)?;
    let assets = scenarios.assets.len();
    let domain = limits.domain(&scenarios.means, &[]);
    let mut mean = Mean { means: &scenarios.means };
    let start = vec![1.0 / assets as f64; assets];
    let top = minimise(&mut mean, &domain, &start, objective.stop())
        .map_err(|rows| limits.conflict(&scenarios.assets, &rows))?;
    let (low, high) = (first.mean, -top.value);
    let mut found = vec![first];
    for step in 1..points {
        // Slightly below the largest, which only rounding could reach.
        let mean = low + (high - low) * (step as f64 / (points - 1) as f64) * (1.0 - 1e-9);
        found.push(least_risk(scenarios, &Limits { mean: Some(mean), ..limits.clone() }, &objective)?);
    }
    Ok(found)
}

/// The mean return with its sign changed.
struct Mean<'a> {
    means: &'a [f64],
}

impl Convex for Mean<'_> {
    fn evaluate(&mut self, point: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.iter_mut().zip(self.means).for_each(|(value, mean)| *value = -mean);
        -dot(point, self.means)
    }
}
