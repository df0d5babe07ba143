//! Total-variation distances of vote rows on declared bins, one, two and three columns at a time.

use std::collections::BTreeMap;

use daotwin_core::Run;
use daotwin_core::document::{Outcome, Score};
use daotwin_core::statistics::mean;

use crate::context::Context;
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};
use crate::rows::{Rows, column};

/// A binned column: its name in [`crate::rows::COLUMNS`] and the inner edges; a value falls in the bin after
/// the edges that it reaches, and one that does not exist in a bin of its own.
pub const BINS: [(&str, &[f64]); 10] = [
    // Powers of ten of tokens, natural logarithms: 0 | dust | 0.01 | 1 | 10 | 100 | ... | 1e6.
    ("power", &[-22.0, -4.605, 0.0, 2.303, 4.605, 6.908, 9.210, 11.513, 13.816]),
    ("unchanged", &[0.5]),
    ("time_in_window", &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
    ("hour", &[4.0, 8.0, 12.0, 16.0, 20.0]),
    ("leads", &[0.5]),
    ("choice", &[1.5, 2.5, 3.5]),
    ("votes_so_far", &[0.5, 1.5, 3.5, 7.5, 15.5, 31.5]),
    ("gap_proposals", &[1.5, 3.5, 7.5, 15.5]),
    // Ballots of the proposal: 3 | 8 | 20 | 55 | 150 | 400.
    ("proposal_size", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    ("majority_share", &[0.6, 0.8, 0.95, 0.99]),
];

/// The bin of each row in each column of [`BINS`].
fn binned(rows: &Rows) -> Vec<Vec<u8>> {
    BINS.iter()
        .map(|&(name, edges)| {
            let values = &rows.columns[column(name)];
            let bin = |value: &f64| {
                if value.is_nan() {
                    edges.len() as u8 + 1
                } else {
                    edges.partition_point(|e| e <= value) as u8
                }
            };
            values.iter().map(bin).collect()
        })
        .collect()
}

fn shares(bins: &[Vec<u8>], columns: &[usize]) -> BTreeMap<u32, f64> {
    let rows = bins[0].len();
    // At most 12 bins a column, so that a cell is a small number and counting needs no map.
    let mut counts = vec![0_u32; 16_usize.pow(columns.len() as u32)];
    for row in 0..rows {
        counts[columns.iter().fold(0, |cell, &column| cell * 16 + usize::from(bins[column][row]))] += 1;
    }
    let cells = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    cells.map(|(cell, &count)| (cell as u32, f64::from(count) / rows as f64)).collect()
}

/// The total-variation distance of two sets of rows, averaged over all choices of 1, 2 and 3 columns; 1
/// where one side is empty.
///
/// Cost: 175 passes over the rows.
pub fn total_variation(left: &Rows, right: &Rows) -> [f64; 3] {
    if left.is_empty() || right.is_empty() {
        return if left.is_empty() == right.is_empty() { [0.0; 3] } else { [1.0; 3] };
    }
    let (left, right) = (binned(left), binned(right));
    let mut distances = [Vec::new(), Vec::new(), Vec::new()];
    let n = BINS.len();
    let mut add = |columns: &[usize]| {
        let (a, b) = (shares(&left, columns), shares(&right, columns));
        let gap: f64 = a.iter().map(|(cell, share)| (share - b.get(cell).unwrap_or(&0.0)).abs()).sum();
        let rest: f64 = b.iter().filter(|(cell, _)| !a.contains_key(cell)).map(|(_, share)| share).sum();
        distances[columns.len() - 1].push(f64::midpoint(gap, rest));
    };
    for a in 0..n {
        add(&[a]);
        for b in a + 1..n {
            add(&[a, b]);
            for c in b + 1..n {
                add(&[a, b, c]);
            }
        }
    }
    distances.map(|list| mean(&list))
}

/// The metric.
#[derive(Debug)]
pub struct Marginals;

const WAYS: [(&str, &str); 3] =
    [("one_way", "one column"), ("two_way", "two columns"), ("three_way", "three columns")];

impl Metric for Marginals {
    fn id(&self) -> &'static str {
        "fidelity.marginals"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "How much of the vote rows would have to move to match, looking at few columns at a time.",
            source: "Total-variation distance on declared bins; K-marginals as in NIST SDNist",
            limits: "Blind inside a bin and beyond three columns; one column alone says little, as the reference \
                     of independent columns shows.",
        }
    }

    fn ids(&self) -> Vec<String> {
        WAYS.iter().map(|(name, _)| id(self.id(), name)).collect()
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        run.check()?;
        let (real, synthetic) = context.rows();
        let value = total_variation(real, synthetic);
        let (first, second) = context.halves();
        let holdout = total_variation(&Rows::of(first), &Rows::of(second));
        run.check()?;
        let naive = total_variation(real, &Rows::of(context.independent()));
        let scores = WAYS.iter().enumerate().map(|(way, (name, words))| Score {
            id: id(self.id(), name),
            label: format!("total variation of {words}"),
            value: value[way],
            references: vec![
                ("holdout (two real halves)".to_owned(), holdout[way]),
                ("independent columns".to_owned(), naive[way]),
            ],
            outcome: Outcome::Neutral,
            meaning: "share of vote rows that would have to move between bins; 0 is equal, 1 is apart"
                .to_owned(),
            ..Score::default()
        });
        Ok(Measured { scores: scores.collect(), skipped: Vec::new() })
    }
}
