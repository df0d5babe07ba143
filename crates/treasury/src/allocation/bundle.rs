//! The least value of a convex function over a polyhedron, from its values and subgradients: a level bundle.
//!
//! C. Lemaréchal, A. Nemirovskii and Yu. Nesterov (1995), "New variants of bundle methods", Mathematical Programming
//! 69, section 2. Every evaluation adds a cut; the next point is the projection of the best one onto what the cuts leave
//! below a level between the two bounds. Where nothing is left, the multipliers of the projection prove a lower bound,
//! which is computed again from them and the cuts alone, so that it does not hang on the projection's own rounding.

use super::projection::{Projection, Rows, dot, project};

/// A convex function.
pub(crate) trait Convex {
    /// Its value here; writes a subgradient.
    fn evaluate(&mut self, point: &[f64], gradient: &mut [f64]) -> f64;
}

/// A box, and rows beside it.
#[derive(Debug, Clone)]
pub(crate) struct Domain {
    /// The least value of each variable.
    pub(crate) low: Vec<f64>,
    /// The greatest value of each variable.
    pub(crate) high: Vec<f64>,
    /// Equalities first: coefficients and bound.
    pub(crate) equalities: Vec<(Vec<f64>, f64)>,
    /// `coefficients . x >= bound`.
    pub(crate) at_least: Vec<(Vec<f64>, f64)>,
}

/// A row of a [`Domain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Equality(usize),
    AtLeast(usize),
    Low(usize),
    High(usize),
}

impl Domain {
    fn rows(&self) -> Rows {
        let width = self.low.len();
        let mut rows = Rows::new(width);
        for (coefficients, bound) in self.equalities.iter().chain(&self.at_least) {
            rows.push(coefficients.iter().copied(), *bound);
        }
        rows.equalities = self.equalities.len();
        for at in 0..width {
            rows.push((0..width).map(|other| f64::from(u8::from(other == at))), self.low[at]);
        }
        for at in 0..width {
            rows.push((0..width).map(|other| -f64::from(u8::from(other == at))), -self.high[at]);
        }
        rows
    }

    fn row(&self, index: usize) -> Row {
        let (equalities, at_least, width) = (self.equalities.len(), self.at_least.len(), self.low.len());
        if index < equalities {
            Row::Equality(index)
        } else if index < equalities + at_least {
            Row::AtLeast(index - equalities)
        } else if index < equalities + at_least + width {
            Row::Low(index - equalities - at_least)
        } else {
            Row::High(index - equalities - at_least - width)
        }
    }

    /// Adds `multiplier` times a row to a sum of rows; returns what it adds to the bound.
    fn add(&self, index: usize, multiplier: f64, sum: &mut [f64]) -> f64 {
        let mut whole = |coefficients: &[f64]| {
            sum.iter_mut().zip(coefficients).for_each(|(sum, value)| *sum += multiplier * value);
        };
        match self.row(index) {
            Row::Equality(row) => {
                whole(&self.equalities[row].0);
                multiplier * self.equalities[row].1
            }
            Row::AtLeast(row) => {
                whole(&self.at_least[row].0);
                multiplier * self.at_least[row].1
            }
            Row::Low(at) => {
                sum[at] += multiplier;
                multiplier * self.low[at]
            }
            Row::High(at) => {
                sum[at] -= multiplier;
                -multiplier * self.high[at]
            }
        }
    }

    /// The point of the domain that is nearest to `origin`, or rows that leave none.
    pub(crate) fn nearest(&self, origin: &[f64]) -> Result<Vec<f64>, Vec<Row>> {
        match project(origin, &self.rows()) {
            Projection::Nearest(point) => Ok(point),
            Projection::Empty(proof) => Err(proof.iter().map(|&(row, _)| self.row(row)).collect()),
            Projection::Stalled => Err(vec![]),
        }
    }
}

/// What was reached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Minimum {
    pub(crate) point: Vec<f64>,
    pub(crate) value: f64,
    /// No point of the domain has a smaller value than this.
    pub(crate) bound: f64,
    /// How often the function was evaluated.
    pub(crate) evaluations: usize,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// Distance between value and bound, as a share of the value.
    pub(crate) relative: f64,
    /// The same as a distance, for values near zero.
    pub(crate) absolute: f64,
    pub(crate) evaluations: usize,
}

struct Cut {
    gradient: Vec<f64>,
    /// Value at the origin of the linear function.
    constant: f64,
}

/// How far from the lower bound to the upper one the level lies.
const LEVEL: f64 = 0.3;
/// Cuts that are kept, for each variable.
const KEPT: usize = 8;

/// The lower bound that multipliers of an empty level set prove, allowing for the rounding of their sum.
fn proven(domain: &Domain, cuts: &[Cut], first: usize, proof: &[(usize, f64)]) -> Option<f64> {
    let width = domain.low.len();
    let mut sum = vec![0.0; width];
    let (mut bound, mut mass) = (0.0, 0.0);
    for &(row, multiplier) in proof {
        if row >= domain.equalities.len() && multiplier < 0.0 {
            return None;
        }
        if row < first {
            bound += domain.add(row, multiplier, &mut sum);
        } else {
            let cut = &cuts[row - first];
            sum.iter_mut().zip(&cut.gradient).for_each(|(sum, value)| *sum -= multiplier * value);
            bound += multiplier * cut.constant;
            mass += multiplier;
        }
    }
    // The cuts' average is `bound - sum . x` or more within the domain; `sum` is zero but for rounding.
    let rounding: f64 = (0..width).map(|at| (sum[at] * domain.low[at]).max(sum[at] * domain.high[at])).sum();
    (mass > 0.0).then(|| (bound - rounding) / mass)
}

/// The least value of `function` over `domain`, from the domain's point that is nearest to `start`.
///
/// # Errors
/// The rows that leave no point.
pub(crate) fn minimise(
    function: &mut impl Convex,
    domain: &Domain,
    start: &[f64],
    stop: Stop,
) -> Result<Minimum, Vec<Row>> {
    let width = start.len();
    let mut point = domain.nearest(start)?;
    let mut rows = domain.rows();
    let first = rows.len();
    let mut cuts: Vec<Cut> = vec![];
    let mut best =
        Minimum { point: point.clone(), value: f64::INFINITY, bound: f64::NEG_INFINITY, evaluations: 0 };
    while best.evaluations < stop.evaluations {
        let mut gradient = vec![0.0; width];
        let value = function.evaluate(&point, &mut gradient);
        best.evaluations += 1;
        if value < best.value {
            best.value = value;
            best.point.copy_from_slice(&point);
        }
        let corner: f64 = (0..width)
            .map(|at| gradient[at] * if gradient[at] > 0.0 { domain.low[at] } else { domain.high[at] })
            .sum();
        let constant = value - dot(&gradient, &point);
        best.bound = best.bound.max(constant + corner);
        cuts.push(Cut { gradient, constant });
        if cuts.len() > KEPT * width {
            // The cuts that lie lowest at the best point tell least about what is near it.
            let height = |cut: &Cut| cut.constant + dot(&cut.gradient, &best.point);
            cuts.sort_by(|left, right| height(right).total_cmp(&height(left)));
            cuts.truncate(KEPT * width * 3 / 4);
        }
        loop {
            let gap = best.value - best.bound;
            if gap <= (stop.relative * best.value.abs()).max(stop.absolute) {
                return Ok(best);
            }
            let level = best.bound + LEVEL * gap;
            rows.truncate(first);
            for cut in &cuts {
                rows.push(cut.gradient.iter().map(|value| -value), cut.constant - level);
            }
            match project(&best.point, &rows) {
                Projection::Nearest(next) => {
                    point = next;
                    break;
                }
                Projection::Empty(proof) => match proven(domain, &cuts, first, &proof) {
                    Some(bound) if bound > best.bound => best.bound = bound,
                    _ => return Ok(best),
                },
                Projection::Stalled => return Ok(best),
            }
        }
    }
    Ok(best)
}
