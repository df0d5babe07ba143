//! Distances of the joint distributions of one, two and three columns.

use std::collections::HashMap;

use daotwin_core::statistics::{quantile_sorted, sorted};
use daotwin_history::frame::{Frame, MISSING, Values};
use rayon::prelude::*;

/// Where the numbers of a column are cut.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// At 16 quantiles of the left column.
    Quantiles,
    /// At twentieths of the mean rank in the left column; equal values stay together. As SDNist 2.4 does for its
    /// k-marginal score (`percentile_rank_target` and `percentile_rank_synthetic` of `report/dataset/binning.py`).
    Ranks,
}

impl Cut {
    const fn bins(self) -> usize {
        match self {
            Self::Quantiles => 16,
            Self::Ranks => 20,
        }
    }

    /// The ends of the bins of a sorted column, the last one open: where a bin begins for quantiles, its greatest
    /// value for ranks.
    fn edges(self, known: &[f64]) -> Vec<f64> {
        let bins = self.bins();
        match self {
            Self::Quantiles => {
                let mut edges: Vec<f64> =
                    (1..bins).map(|bin| quantile_sorted(known, bin as f64 / bins as f64)).collect();
                edges.dedup();
                edges
            }
            Self::Ranks => {
                let mut ends: Vec<(usize, f64)> = Vec::new();
                let mut from = 0;
                for equal in known.chunk_by(|a, b| a == b) {
                    // Twice the mean rank of equal values: whole numbers, so that no rounding moves an edge.
                    let twice = 2 * from + equal.len() + 1;
                    let bin = (bins * twice / (2 * known.len())).min(bins - 1);
                    match ends.last_mut() {
                        Some((last, end)) if *last == bin => *end = equal[0],
                        _ => ends.push((bin, equal[0])),
                    }
                    from += equal.len();
                }
                ends.pop();
                ends.into_iter().map(|(_, end)| end).collect()
            }
        }
    }

    /// The bin of a value; a missing one has its own.
    fn code(self, edges: &[f64], value: f64) -> u32 {
        let bin = match self {
            _ if value.is_nan() => self.bins(),
            Self::Quantiles => edges.partition_point(|edge| *edge <= value),
            Self::Ranks => edges.partition_point(|edge| *edge < value),
        };
        bin as u32
    }
}

/// Sets of columns counted at most; beyond, evenly chosen ones.
const MAX_SETS: usize = 1_000;

/// Cells that are counted in a dense array; more go into a map.
const DENSE: usize = 1 << 20;

/// Two tables as codes over the same bins.
pub(super) struct Marginals {
    left: Vec<Vec<u32>>,
    right: Vec<Vec<u32>>,
    sizes: Vec<usize>,
}

impl Marginals {
    /// Cuts numbers into bins of the left table; a missing value has its own bin.
    pub(super) fn of(left: &Frame, right: &Frame, cut: Cut) -> Self {
        let coded: Vec<(Vec<u32>, Vec<u32>, usize)> = (0..left.columns().len())
            .into_par_iter()
            .map(|index| match (left.values(index), right.values(index)) {
                (Values::Number(a), Values::Number(b)) => {
                    let known =
                        sorted(&a.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>());
                    let edges = cut.edges(&known);
                    let codes =
                        |values: &[f64]| values.iter().map(|&value| cut.code(&edges, value)).collect();
                    (codes(a), codes(b), cut.bins() + 1)
                }
                (a, b) => {
                    let labels = left.columns()[index].kind.labels().map_or(0, <[String]>::len) as u32;
                    let code = |&code: &u32| if code == MISSING { labels } else { code };
                    let codes = |values: &Values| values.codes().iter().map(code).collect();
                    (codes(a), codes(b), labels as usize + 1)
                }
            })
            .collect();
        let mut marginals = Self { left: Vec::new(), right: Vec::new(), sizes: Vec::new() };
        for (left, right, size) in coded {
            marginals.left.push(left);
            marginals.right.push(right);
            marginals.sizes.push(size);
        }
        marginals
    }

    /// The total variation distance of sets of `width` columns, averaged; none where there are fewer columns.
    pub(super) fn distance(&self, width: usize) -> Option<f64> {
        let sets = sets(self.sizes.len(), width);
        if sets.is_empty() {
            return None;
        }
        let kept = sets.len().min(MAX_SETS);
        let distances: Vec<f64> =
            (0..kept).into_par_iter().map(|index| self.of_set(&sets[index * sets.len() / kept])).collect();
        Some(distances.iter().sum::<f64>() / kept as f64)
    }

    /// The k-marginal score of NIST for sets of `width` columns: `1000 (1 - L / 2)`, L the sum of the absolute
    /// differences of densities, averaged over sets. 1,000 is equal; none where there are fewer columns.
    pub(super) fn score(&self, width: usize) -> Option<f64> {
        self.distance(width).map(|distance| 1_000.0 * (1.0 - distance))
    }

    fn of_set(&self, set: &[usize]) -> f64 {
        let size: usize = set.iter().fold(1, |size, &column| size.saturating_mul(self.sizes[column]));
        let cells = |codes: &[Vec<u32>]| -> Vec<u64> {
            let rows = codes[set[0]].len();
            (0..rows)
                .map(|row| {
                    set.iter().fold(0_u64, |cell, &column| {
                        cell * self.sizes[column] as u64 + u64::from(codes[column][row])
                    })
                })
                .collect()
        };
        let (left, right) = (cells(&self.left), cells(&self.right));
        let (n, m) = (left.len() as i128, right.len() as i128);
        // Whole numbers, so that the order of the cells does not change the sum.
        let gap = |counts: &[i64; 2]| (i128::from(counts[0]) * m - i128::from(counts[1]) * n).unsigned_abs();
        let total: u128 = if size <= DENSE {
            let mut counts = vec![[0_i64; 2]; size];
            left.iter().for_each(|&cell| counts[cell as usize][0] += 1);
            right.iter().for_each(|&cell| counts[cell as usize][1] += 1);
            counts.iter().map(gap).sum()
        } else {
            let mut counts: HashMap<u64, [i64; 2]> = HashMap::new();
            left.iter().for_each(|&cell| counts.entry(cell).or_default()[0] += 1);
            right.iter().for_each(|&cell| counts.entry(cell).or_default()[1] += 1);
            counts.into_values().map(|counts| gap(&counts)).sum()
        };
        total as f64 / (2 * n * m) as f64
    }
}

/// All sets of `width` places below `count`, in ascending order.
fn sets(count: usize, width: usize) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..width {
        sets = sets
            .into_iter()
            .flat_map(|set| {
                let from = set.last().map_or(0, |last| last + 1);
                (from..count).map(move |next| {
                    let mut set = set.clone();
                    set.push(next);
                    set
                })
            })
            .collect();
    }
    sets
}
