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

/// Length of the first step; variables are of the order of one. Steps double, up to the longest: the longer they are the fewer
/// it takes, and the more of the projection's digits they cost.
const STEP: f64 = 30.0;
const LONGEST: f64 = 1e4;

/// The point within `rows` of least `cost`, from `start` on. None where there is no point, no least one, or rounding kept the
/// method from ending.
pub(crate) fn minimise(cost: &[f64], rows: &Rows, start: &[f64]) -> Option<Optimum> {
    let length = dot(cost, cost).sqrt();
    let length = if length > 0.0 { length } else { 1.0 };
    let mut step = STEP / length;
    let mut point = start.to_vec();
    let mut multipliers = vec![];
    for _ in 0..200 {
        let origin: Vec<f64> = point.iter().zip(cost).map(|(value, cost)| value - step * cost).collect();
        let Projection::Nearest(next) = project_with(&origin, rows, &mut multipliers) else { return None };
        let moved = next.iter().zip(&point).map(|(next, point)| (next - point).abs()).fold(0.0, f64::max);
        point = next;
        if moved <= 1e-9 {
            multipliers.iter_mut().for_each(|(_, multiplier)| *multiplier /= step);
            let bound = multipliers.iter().map(|&(row, multiplier)| multiplier * rows.bound(row)).sum();
            return Some(Optimum { value: dot(cost, &point), bound, point, multipliers });
        }
        step = (2.0 * step).min(LONGEST / length);
    }
    None
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    /// Rows `normal . x >= bound` in three variables within a box.
    fn drawn(seed: u64) -> (Vec<f64>, Vec<([f64; 3], f64)>) {
        let mut stream = Seed(seed).stream("programme");
        let mut rows = vec![];
        for at in 0..3 {
            for sign in [1.0, -1.0] {
                let mut normal = [0.0; 3];
                normal[at] = sign;
                rows.push((normal, -2.0));
            }
        }
        for _ in 0..6 {
            let normal = [stream.normal(), stream.normal(), stream.normal()];
            rows.push((normal, -stream.uniform()));
        }
        ((0..3).map(|_| stream.normal()).collect(), rows)
    }

    fn solved(cost: &[f64], list: &[([f64; 3], f64)]) -> Option<Optimum> {
        let mut rows = Rows::new(3);
        list.iter().for_each(|(normal, bound)| rows.push(normal.iter().copied(), *bound));
        minimise(cost, &rows, &[0.3, -0.2, 0.1])
    }

    /// The least cost of all corners: where three rows meet and the others hold.
    fn by_corners(cost: &[f64], rows: &[([f64; 3], f64)]) -> f64 {
        let determinant = |a: [f64; 3], b: [f64; 3], c: [f64; 3]| {
            a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
                + a[2] * (b[0] * c[1] - b[1] * c[0])
        };
        let mut best = f64::INFINITY;
        for first in 0..rows.len() {
            for second in 0..first {
                for third in 0..second {
                    let ((a, x), (b, y), (c, z)) = (rows[first], rows[second], rows[third]);
                    let whole = determinant(a, b, c);
                    if whole.abs() < 1e-9 {
                        continue;
                    }
                    let point: Vec<f64> = (0..3)
                        .map(|at| {
                            let put = |mut row: [f64; 3], bound| {
                                row[at] = bound;
                                row
                            };
                            determinant(put(a, x), put(b, y), put(c, z)) / whole
                        })
                        .collect();
                    if rows.iter().all(|(normal, bound)| dot(normal, &point) >= bound - 1e-9) {
                        best = best.min(dot(cost, &point));
                    }
                }
            }
        }
        best
    }

    #[test]
    fn no_corner_costs_less_and_multipliers_prove_it() {
        for seed in 0..200 {
            let (cost, rows) = drawn(seed);
            let found = solved(&cost, &rows).unwrap();
            let best = by_corners(&cost, &rows);
            assert!((found.value - best).abs() < 1e-8, "seed {seed}: {} is not {best}", found.value);
            assert!((found.bound - found.value).abs() < 1e-8, "seed {seed}");
            assert!(found.multipliers.iter().all(|(_, multiplier)| *multiplier >= 0.0));
            // More of a row's bound costs its multiplier.
            let (row, multiplier) = found.multipliers[0];
            let mut moved = rows.clone();
            moved[row].1 += 1e-6;
            let slope = (solved(&cost, &moved).unwrap().value - found.value) / 1e-6;
            assert!(
                (slope - multiplier).abs() < 1e-2 * (1.0 + multiplier.abs()),
                "seed {seed}: {slope} {multiplier}"
            );
        }
    }

    #[test]
    fn rows_without_a_point_have_no_optimum() {
        let (cost, mut rows) = drawn(1);
        rows.push(([1.0, 0.0, 0.0], 3.0));
        assert_eq!(solved(&cost, &rows), None);
    }
}
