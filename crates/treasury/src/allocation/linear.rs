//! Linear programmes of a few dozen variables, by projections.
//!
//! The proximal point method (R. T. Rockafellar 1976, "Monotone operators and the proximal point algorithm", SIAM Journal on
//! Control and Optimization 14, section 4): a step against the cost, then the projection onto the rows. On a linear
//! programme it ends after finitely many steps, and the projection's multipliers are then the programme's.

use super::projection::{Projection, Rows, dot, project_with};

/// The optimum of a linear programme.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Optimum {
    pub(crate) point: Vec<f64>,
    /// Cost of the point.
    pub(crate) value: f64,
    /// No point within the rows costs less than this, but for rounding.
    pub(crate) bound: f64,
    /// Row and multiplier: what the cost grows by for one more in the row's bound.
    pub(crate) multipliers: Vec<(usize, f64)>,
}

/// Length of a step, in lengths of the cost; variables are of the order of one.
const STEP: f64 = 30.0;

/// The point within `rows` of least `cost`, from `start` on. None where there is no point, no least one, or rounding kept the
/// method from ending.
pub(crate) fn minimise(cost: &[f64], rows: &Rows, start: &[f64]) -> Option<Optimum> {
    let length = dot(cost, cost).sqrt();
    let step = if length > 0.0 { STEP / length } else { 1.0 };
    let mut point = start.to_vec();
    let mut multipliers = vec![];
    for _ in 0..200 {
        let origin: Vec<f64> = point.iter().zip(cost).map(|(value, cost)| value - step * cost).collect();
        let Projection::Nearest(next) = project_with(&origin, rows, &mut multipliers) else { return None };
        let moved = next.iter().zip(&point).map(|(next, point)| (next - point).abs()).fold(0.0, f64::max);
        point = next;
        if moved <= 1e-10 {
            multipliers.iter_mut().for_each(|(_, multiplier)| *multiplier /= step);
            let bound = multipliers.iter().map(|&(row, multiplier)| multiplier * rows.bound(row)).sum();
            return Some(Optimum { value: dot(cost, &point), bound, point, multipliers });
        }
    }
    None
}
