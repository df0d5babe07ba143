//! Can boosted trees tell real vote rows from synthetic ones? (classifier two-sample test, Lopez-Paz and
//! Oquab 2017)
//!
//! Vote rows repeat what is constant for a member (its power) or a proposal (its size), so that a random
//! split would let the trees learn single members and proposals by heart: they would recognise them on the
//! other side of the split, and every generator that does not copy would look detectable. So members and
//! proposals are split, each into two halves, real and synthetic apart: trees learn on rows whose member is
//! in half A and whose proposal is in half C, and are judged on rows with neither, (B, D). The four such
//! pairings are averaged.

use std::collections::BTreeMap;

use daotwin_core::document::Score;
use daotwin_core::{Run, Seed, Stream};

use crate::context::Context;
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, at_most, id};
use crate::rows::{COLUMNS, Rows};
use crate::trees::{Samples, auc};
use crate::variants;

/// A pairing with fewer rows of a side, in training or test, is left out.
const MIN_ROWS: usize = 20;

/// Which half each key of both sides falls into. Keys with about equally many rows are paired, and a coin decides
/// which of a pair goes where: with free coins the few most active members would make the halves differ more
/// than the sides do. A key of both sides (a resampled member) falls into one half.
fn halves(sides: [(&[u64], &[u32]); 2], mut stream: Stream) -> BTreeMap<u64, bool> {
    let mut halves = BTreeMap::new();
    for (keys, of_row) in sides {
        let mut rows: BTreeMap<u64, usize> = BTreeMap::new();
        for &index in of_row {
            *rows.entry(keys[index as usize]).or_default() += 1;
        }
        let mut order: Vec<(usize, u64)> = rows
            .into_iter()
            .filter(|(key, _)| !halves.contains_key(key))
            .map(|(key, rows)| (rows, key))
            .collect();
        order.sort_unstable();
        for pair in order.rchunks(2) {
            let first = stream.chance(0.5);
            halves.extend(pair.iter().enumerate().map(|(place, (_, key))| (*key, first == (place == 0))));
        }
    }
    halves
}

/// The area under the curve with which trees tell the rows of two DAOs apart, before folding at one half;
/// `None` where there are too few rows.
///
/// # Errors
/// Cancellation.
pub fn separation(left: &Rows, right: &Rows, max_rows: usize, seed: Seed, run: &Run) -> Result<Option<f64>> {
    let sides = [left, right];
    let members =
        halves(sides.map(|rows| (&*rows.member_keys, &*rows.member)), seed.stream("detection members"));
    let proposals =
        halves(sides.map(|rows| (&*rows.proposal_keys, &*rows.proposal)), seed.stream("detection proposals"));
    let cells = |rows: &Rows| -> Vec<u8> {
        let half =
            |halves: &BTreeMap<u64, bool>, key: u64| u8::from(halves.get(&key).copied().unwrap_or(false));
        let pairs = rows.member.iter().zip(&rows.proposal);
        pairs
            .map(|(&m, &p)| {
                half(&members, rows.member_keys[m as usize]) * 2
                    + half(&proposals, rows.proposal_keys[p as usize])
            })
            .collect()
    };
    let sides = [(left, cells(left), false), (right, cells(right), true)];
    let mut areas = Vec::new();
    // Cell 0 is (A, C), 1 (A, D), 2 (B, C), 3 (B, D); opposite cells share neither half.
    for train_cell in 0..4_u8 {
        run.check()?;
        let [train, test] = [train_cell, 3 - train_cell].map(|wanted| {
            let mut samples = Samples::new(COLUMNS.len());
            for (rows, cells, label) in &sides {
                let chosen: Vec<usize> = (0..rows.len()).filter(|&row| cells[row] == wanted).collect();
                // A quarter of the cap is one cell's share.
                let keep = chosen.len().min(max_rows / 4);
                for index in 0..keep {
                    samples.push(rows.row(chosen[index * chosen.len() / keep]), *label);
                }
            }
            samples
        });
        if train.enough(MIN_ROWS) && test.enough(MIN_ROWS) {
            areas.push(auc(&train, &test)?);
        }
    }
    Ok((!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64))
}

/// The metric.
#[derive(Debug)]
pub struct Detection;

impl Metric for Detection {
    fn id(&self) -> &'static str {
        "detection.trees"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether boosted trees tell real vote rows from synthetic ones of other members and proposals.",
            source: "Classifier two-sample test (Lopez-Paz and Oquab 2017), two-way grouped split",
            limits: "Trees see single rows with aggregates of their past; a pattern over whole proposals may escape.",
        }
    }

    fn ids(&self) -> Vec<String> {
        vec![id(self.id(), "auc")]
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        let (real, synthetic) = context.rows();
        let options = context.options;
        let seeds = (0..2).map(|index| Seed(options.seed.streams("detection").stream(index).bits()));
        let fold = |right: &Rows, left: &Rows| -> Result<Option<f64>> {
            // Two splits, for which half the few largest members are in moves the figure.
            let mut areas = Vec::new();
            for seed in seeds.clone() {
                areas.extend(separation(left, right, options.max_rows, seed, run)?);
            }
            let area = (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64);
            Ok(area.map(|area| area.max(1.0 - area)))
        };
        let Some(value) = fold(synthetic, real)? else {
            return Ok(Measured::skipped(self, "too few vote rows to split by member and by proposal"));
        };
        let mut references = vec![("chance".to_owned(), 0.5)];
        let mut add = |name: &str, left: &Rows, right: &Rows| -> Result<()> {
            references.extend(fold(right, left)?.map(|area| (name.to_owned(), area)));
            Ok(())
        };
        let (first, second) = context.halves();
        add("holdout (two real halves)", &Rows::of(first), &Rows::of(second))?;
        add("real, members resampled", real, &Rows::of(&variants::bootstrap(context.real, options.seed)))?;
        add("independent columns", real, &Rows::of(context.independent()))?;
        Ok(Measured {
            scores: vec![Score {
                id: id(self.id(), "auc"),
                label: "real against synthetic vote rows, boosted trees".to_owned(),
                value,
                references,
                bar: Some(0.65),
                outcome: at_most(value, 0.65),
                meaning:
                    "chance that the trees rank a synthetic row above a real one, folded at one half: 0.5 \
                          cannot be told apart, 1 is told apart at once"
                        .to_owned(),
                ..Score::default()
            }],
            skipped: Vec::new(),
        })
    }
}
