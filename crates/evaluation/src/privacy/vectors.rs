//! A member's whole record as one point, and distances between such points.

use daotwin_core::statistics::{mean, standard_deviation};
use daotwin_history::view::DaoView;
use rayon::prelude::*;

use crate::rows::{Rows, column};

/// How many numbers describe a member.
pub(super) const WIDTH: usize = 11;
/// A member's record as a point.
pub(super) type Point = [f64; WIDTH];
/// At most so many points a side are looked at.
pub(super) const MAX_POINTS: usize = 3_000;

/// One point for each voter, in order of the view's members.
///
/// All of it is of the member alone. Whether it votes with the winner is not: half of a DAO can have another
/// winner than the other half, and a point that knew of it would say which half it is from.
pub(super) fn points(view: &DaoView) -> Vec<Point> {
    let rows = Rows::of(view);
    let mut of_member = vec![Vec::new(); view.voters()];
    for (row, &member) in rows.member.iter().enumerate() {
        of_member[member as usize].push(row);
    }
    let proposals = view.proposals.len().max(1) as f64;
    of_member
        .iter()
        .map(|list| {
            let values = |name: &str| -> Vec<f64> {
                let values = &rows.columns[column(name)];
                list.iter().map(|&row| values[row]).filter(|value| value.is_finite()).collect()
            };
            let place =
                |row: Option<&usize>| row.map_or(0.0, |&row| f64::from(rows.proposal[row]) / proposals);
            let (powers, times) = (values("power"), values("time_in_window"));
            // Unchanged to a hundredth: a copy whose last digits were moved stays near what it copies.
            let steady: Vec<f64> =
                values("power_step").iter().map(|step| f64::from(u8::from(step.abs() < 0.01))).collect();
            let first = powers.first().copied().unwrap_or(-23.0);
            [
                (list.len() as f64).ln_1p(),
                mean(&powers),
                first,
                standard_deviation(&powers),
                place(list.first()),
                place(list.last()),
                mean(&times),
                standard_deviation(&times),
                mean(&steady),
                mean(&values("choice")),
                mean(&values("hour")) / 24.0,
            ]
        })
        .collect()
}

/// At most [`MAX_POINTS`] of the points, evenly spread.
pub(super) fn thin(points: Vec<Point>) -> Vec<Point> {
    let n = points.len();
    if n <= MAX_POINTS {
        return points;
    }
    (0..MAX_POINTS).map(|index| points[index * n / MAX_POINTS]).collect()
}

/// Brings all sets to unit spread, by the spread of the first.
pub(super) fn standardise(sets: &mut [&mut Vec<Point>]) {
    let Some(reference) = sets.first() else { return };
    let scale: Vec<f64> = (0..WIDTH)
        .map(|axis| {
            let values: Vec<f64> = reference.iter().map(|point| point[axis]).collect();
            standard_deviation(&values).max(1e-6)
        })
        .collect();
    for set in sets {
        for point in set.iter_mut() {
            for (value, scale) in point.iter_mut().zip(&scale) {
                *value /= scale;
            }
        }
    }
}

fn squared(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// For each point of `from`, the distances to its `k` nearest of `to`, ascending; infinite where there are
/// fewer. With `skip_self`, a point of the same index is left out.
pub(super) fn nearest(from: &[Point], to: &[Point], k: usize, skip_self: bool) -> Vec<Vec<f64>> {
    from.par_iter()
        .enumerate()
        .map(|(index, point)| {
            let mut best = vec![f64::INFINITY; k];
            for (other, candidate) in to.iter().enumerate() {
                if skip_self && other == index {
                    continue;
                }
                let distance = squared(point, candidate);
                if distance < best[k - 1] {
                    let place = best.partition_point(|&kept| kept <= distance);
                    best.insert(place, distance);
                    best.pop();
                }
            }
            best.iter().map(|distance| distance.sqrt()).collect()
        })
        .collect()
}

/// The index of the nearest point by some axes only; `None` where there is no point.
pub(super) fn nearest_by(point: &Point, to: &[Point], axes: &[usize]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, candidate) in to.iter().enumerate() {
        let distance: f64 = axes.iter().map(|&axis| (point[axis] - candidate[axis]).powi(2)).sum();
        if best.is_none_or(|(_, least)| distance < least) {
            best = Some((index, distance));
        }
    }
    best.map(|(index, _)| index)
}
