//! Copies and near copies: what rows give away about the rows that were learned from.

use std::collections::HashSet;

use daotwin_core::Seed;
use daotwin_core::statistics::area_under_curve;
use daotwin_history::frame::{Frame, MISSING, Values};
use rayon::prelude::*;

/// Rows of a side that distances are measured between.
const MAX_ROWS: usize = 4_000;

/// Fewer rows of a side give no figure.
const MIN_ROWS: usize = 20;

/// Nearest reference rows whose mean distance stands for the density without the model.
const NEIGHBOURS: usize = 3;

/// The share of rows of `other` that equal a row of `real` in every column.
pub(super) fn copies(real: &Frame, other: &Frame) -> f64 {
    let keys = |frame: &Frame| -> Vec<Vec<u64>> {
        (0..frame.rows())
            .map(|row| {
                (0..frame.columns().len())
                    .map(|column| match frame.values(column) {
                        Values::Number(values) if values[row].is_nan() => u64::MAX,
                        // Adding zero makes the two zeros one.
                        Values::Number(values) => (values[row] + 0.0).to_bits(),
                        Values::Code(codes) => u64::from(codes[row]),
                    })
                    .collect()
            })
            .collect()
    };
    let known: HashSet<Vec<u64>> = keys(real).into_iter().collect();
    let copied = keys(other).into_iter().filter(|key| known.contains(key)).count();
    copied as f64 / other.rows().max(1) as f64
}

/// Rows as points: numbers by their rank among the real ones in [0, 1], labels by their code.
struct Points {
    numbers: Vec<Vec<f32>>,
    codes: Vec<Vec<u32>>,
    rows: usize,
}

/// Ranks of numbers are taken among these rows.
struct Scale {
    sorted: Vec<Option<Vec<f64>>>,
}

impl Scale {
    fn of(real: &Frame) -> Self {
        let sorted = (0..real.columns().len())
            .map(|column| match real.values(column) {
                Values::Number(values) => {
                    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
                    sorted.sort_unstable_by(f64::total_cmp);
                    Some(sorted)
                }
                Values::Code(_) => None,
            })
            .collect();
        Self { sorted }
    }

    fn points(&self, frame: &Frame, rows: &[usize]) -> Points {
        let mut points = Points { numbers: Vec::new(), codes: Vec::new(), rows: rows.len() };
        for (column, sorted) in self.sorted.iter().enumerate() {
            match (frame.values(column), sorted) {
                (Values::Number(values), Some(sorted)) => {
                    let rank = |&row: &usize| {
                        let below = sorted.partition_point(|known| *known < values[row]);
                        // A missing number is as far from every number as two labels are.
                        if values[row].is_nan() { 2.0 } else { below as f32 / sorted.len().max(1) as f32 }
                    };
                    points.numbers.push(rows.iter().map(rank).collect());
                }
                (values, _) => {
                    points.codes.push(
                        rows.iter().map(|&row| values.codes().get(row).copied().unwrap_or(MISSING)).collect(),
                    );
                }
            }
        }
        points
    }
}

/// For each row of `from`, the mean distance (Gower 1971) to its `k` nearest of `to`.
fn distances(from: &Points, to: &Points, k: usize) -> Vec<f32> {
    (0..from.rows)
        .into_par_iter()
        .map(|row| {
            let mut all = vec![0.0_f32; to.rows];
            for (own, others) in from.numbers.iter().zip(&to.numbers) {
                let own = own[row];
                all.iter_mut().zip(others).for_each(|(sum, other)| *sum += (own - other).abs().min(1.0));
            }
            for (own, others) in from.codes.iter().zip(&to.codes) {
                let own = own[row];
                all.iter_mut()
                    .zip(others)
                    .for_each(|(sum, &other)| *sum += f32::from(u8::from(own != other)));
            }
            let k = k.min(all.len());
            all.select_nth_unstable_by(k - 1, f32::total_cmp);
            all[..k].iter().sum::<f32>() / k as f32
        })
        .collect()
}

/// `count` places of `total`, evenly spread.
fn spread(total: usize, count: usize) -> Vec<usize> {
    (0..count).map(|index| index * total / count).collect()
}

/// The share of `other`'s rows that lie nearer to a real than to a held-out row, equally many of both; ties
/// count half. None with too few rows.
pub(super) fn nearest(real: &Frame, holdout: &Frame, other: &Frame) -> Option<f64> {
    let each = real.rows().min(holdout.rows()).min(MAX_ROWS);
    let count = other.rows().min(MAX_ROWS);
    if each.min(count) < MIN_ROWS {
        return None;
    }
    let scale = Scale::of(real);
    let points = |frame: &Frame, count: usize| scale.points(frame, &spread(frame.rows(), count));
    let own = points(other, count);
    let (inside, outside) =
        (distances(&own, &points(real, each), 1), distances(&own, &points(holdout, each), 1));
    let nearer = inside.iter().zip(&outside).map(|(a, b)| match a.total_cmp(b) {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    });
    Some(nearer.sum::<f64>() / count as f64)
}

/// The area under the curve with which a density ratio tells learned rows from unseen ones: near the synthetic
/// rows and far from a reference sample means learned (van Breugel and others 2023, with nearest neighbours
/// for densities). The attacker's reference is one half of the holdout, the unseen rows are the other. None
/// with too few rows.
pub(super) fn membership(real: &Frame, holdout: &Frame, other: &Frame, seed: Seed) -> Option<f64> {
    let half = (holdout.rows() / 2).min(MAX_ROWS);
    if half.min(real.rows()).min(other.rows()) < MIN_ROWS {
        return None;
    }
    let mut stream = seed.stream("table membership");
    let mut order: Vec<usize> = (0..holdout.rows()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, stream.below(place as u64 + 1) as usize);
    }
    let scale = Scale::of(real);
    let reference = scale.points(holdout, &order[..half]);
    let unseen = scale.points(holdout, &order[half..2 * half]);
    let learned = scale.points(real, &spread(real.rows(), half.min(real.rows())));
    let own = scale.points(other, &spread(other.rows(), other.rows().min(MAX_ROWS * 4)));
    let mut ratios = Vec::new();
    let mut labels = Vec::new();
    for (points, label) in [(&learned, true), (&unseen, false)] {
        // One near copy gives a row away, however far its other neighbours are.
        let near = distances(points, &own, 1);
        let far = distances(points, &reference, NEIGHBOURS);
        ratios.extend(near.iter().zip(&far).map(|(near, far)| f64::from((far + 1e-6) / (near + 1e-6))));
        labels.extend(vec![label; points.rows]);
    }
    Some(area_under_curve(&ratios, &labels))
}
