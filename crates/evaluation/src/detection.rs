//! Can boosted trees tell real vote rows from synthetic ones? (classifier two-sample test, Lopez-Paz and
//! Oquab 2017)
//!
//! Vote rows repeat what is constant for a member (its power) or a proposal (its size), so that a random
//! split would let the trees learn single members and proposals by heart: they would recognise them on the
//! other side of the split, and every generator that does not copy would look detectable. So members and
//! proposals are split, each into two halves, real and synthetic apart: trees learn on rows whose member is
//! in half A and whose proposal is in half C, and are judged on rows with neither, (B, D). The four such
//! pairings are averaged.

use daotwin_core::document::Score;
use daotwin_core::random::Streams;
use daotwin_core::{Run, Seed};

use crate::context::Context;
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, at_most, id};
use crate::rows::{COLUMNS, Rows};
use crate::trees::{Samples, auc};
use crate::variants;

/// A pairing with fewer rows of a side, in training or test, is left out.
const MIN_ROWS: usize = 20;

/// The area under the curve with which trees tell the rows of two DAOs apart, before folding at one half;
/// `None` where there are too few rows.
///
/// # Errors
/// Cancellation.
pub fn separation(left: &Rows, right: &Rows, max_rows: usize, seed: Seed, run: &Run) -> Result<Option<f64>> {
    let (members, proposals) = (seed.streams("detection members"), seed.streams("detection proposals"));
    let half = |streams: &Streams, key: u64| streams.stream(key).bits() & 1 == 1;
    let cells = |rows: &Rows| -> Vec<u8> {
        let halves = |keys: &[u64], streams: &Streams| -> Vec<bool> {
            keys.iter().map(|&key| half(streams, key)).collect()
        };
        let (of_member, of_proposal) =
            (halves(&rows.member_keys, &members), halves(&rows.proposal_keys, &proposals));
        let pairs = rows.member.iter().zip(&rows.proposal);
        pairs
            .map(|(&m, &p)| u8::from(of_member[m as usize]) * 2 + u8::from(of_proposal[p as usize]))
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
