//! How far a synthetic table is from the real one, what it is good for, and what it gives away.
//!
//! Every figure stands beside the same figure of rows that the model did not see (holdout) and of the real
//! columns made independent of each other: what a perfect sample and what a worthless one would reach.

mod classifiers;
mod document;
mod marginals;
mod neighbours;
#[cfg(test)]
mod test;

use std::collections::BTreeMap;
use std::sync::Arc;

use daotwin_core::document::{Outcome, Score};
use daotwin_core::statistics::{kolmogorov_smirnov, quantile_sorted, sorted};
use daotwin_core::{Run, Seed};
use daotwin_history::frame::{Column, Frame, Kind, Values};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::metric::at_most;

/// The version of the JSON that [`TableEvaluation`] gives.
pub const SCHEMA: &str = "daotwin.table-evaluation/1";

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct TableOptions {
    /// Drives every draw.
    pub seed: Seed,
    /// The column that the utility test predicts; none, no such test.
    pub target: Option<String>,
}

/// The evaluation of a synthetic table against a real one. Not private.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableEvaluation {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of daotwin.
    pub version: &'static str,
    /// The seed.
    pub seed: u64,
    /// Always false: an evaluation on real data carries no privacy claim.
    pub private: bool,
    /// Rows of the real, the synthetic and, where there is one, the holdout table.
    pub rows: (usize, usize, Option<usize>),
    /// Every score, beside its references.
    pub scores: Vec<Score>,
    /// Scores that could not be given: id and reason.
    pub skipped: Vec<(String, String)>,
    #[serde(skip)]
    pictures: Vec<document::Picture>,
}

/// A figure of every table: its id, name in words, meaning, and the largest value accepted.
struct Figure {
    id: &'static str,
    label: &'static str,
    meaning: &'static str,
    bar: Option<f64>,
}

const fn figure(id: &'static str, label: &'static str, meaning: &'static str) -> Figure {
    Figure { id, label, meaning, bar: None }
}

/// The figures that do not depend on the columns' names, in the order of the report.
const FIGURES: &[Figure] = &[
    figure(
        "table.fidelity.marginals1",
        "distance of single columns",
        "total variation distance of a column's distribution over 16 quantile bins, averaged over columns",
    ),
    figure(
        "table.fidelity.marginals2",
        "distance of pairs of columns",
        "the same of two columns together, averaged over pairs",
    ),
    figure(
        "table.fidelity.marginals3",
        "distance of triples of columns",
        "the same of three columns together, averaged over triples",
    ),
    figure(
        "table.fidelity.kmarginal2",
        "k-marginal score of pairs of columns",
        "NIST's score: 1000 (1 - L / 2), L the sum of absolute differences of densities over 20 bins of equal \
         rank, averaged over pairs; 1000 is equal",
    ),
    figure(
        "table.fidelity.kmarginal3",
        "k-marginal score of triples of columns",
        "the same of three columns together, averaged over triples",
    ),
    Figure {
        bar: Some(0.65),
        ..figure(
            "table.detection.auc",
            "real against synthetic rows, boosted trees",
            "chance that the trees rank a synthetic row above a real one, folded at one half: 0.5 cannot be \
             told apart, 1 is told apart at once",
        )
    },
    figure(
        "table.utility.auc",
        "train on synthetic, test on real: area under the curve",
        "how well boosted trees that learned from these rows rank the target's rarer value on the holdout",
    ),
    figure(
        "table.utility.f1",
        "train on synthetic, test on real: F1",
        "harmonic mean of precision and recall of the target's rarer value on the holdout",
    ),
    figure(
        "table.privacy.copies",
        "rows that are copies",
        "share of the rows that equal a real row in every column",
    ),
    Figure {
        bar: Some(0.55),
        ..figure(
            "table.privacy.nearest",
            "rows nearer to learned than to unseen rows",
            "share of rows whose nearest real row was learned from rather than held out; 0.5 is as it should be",
        )
    },
    Figure {
        bar: Some(0.55),
        ..figure(
            "table.privacy.membership",
            "membership inference by density ratio",
            "chance that an attacker who compares densities ranks a learned row above an unseen one; 0.5 is a \
             guess",
        )
    },
];

/// Compares a synthetic table with the real one. `holdout` holds real rows that the model did not learn from;
/// without it there is no utility and no membership test.
///
/// Cost: seconds for 26,000 rows of 15 columns; triples are counted exactly up to 1,000 of them, then evenly
/// chosen. Deterministic in the seed.
///
/// # Errors
/// Tables whose columns differ, all differences named; a target that is not a column of labels; cancellation.
pub fn evaluate_table(
    real: &Frame,
    synthetic: &Frame,
    holdout: Option<&Frame>,
    options: &TableOptions,
    run: &Run,
) -> Result<TableEvaluation> {
    let tables: Vec<&Frame> = [Some(real), Some(synthetic), holdout].into_iter().flatten().collect();
    let aligned = align(&tables)?;
    let (real, synthetic, holdout) = (&aligned[0], &aligned[1], aligned.get(2));
    for (frame, name) in [(real, "real"), (synthetic, "synthetic")] {
        if frame.rows() == 0 {
            return Err(Error::Incomparable { reason: format!("the {name} table has no row") });
        }
    }
    let target = options.target.as_ref().map(|name| classifiers::Target::of(real, name)).transpose()?;

    let independent = independent(real, options.seed);
    let mut skipped = Vec::new();
    let measure = |stage: &str, done: u64, other: &Frame, is_holdout: bool| -> Result<BTreeMap<&str, f64>> {
        run.step(&format!("compare {stage}"), done, 4)?;
        let mut figures = BTreeMap::new();
        let marginals = marginals::Marginals::of(real, other, marginals::Cut::Quantiles);
        for (id, width) in [
            ("table.fidelity.marginals1", 1),
            ("table.fidelity.marginals2", 2),
            ("table.fidelity.marginals3", 3),
        ] {
            run.check()?;
            figures.extend(marginals.distance(width).map(|distance| (id, distance)));
        }
        let marginals = marginals::Marginals::of(real, other, marginals::Cut::Ranks);
        for (id, width) in [("table.fidelity.kmarginal2", 2), ("table.fidelity.kmarginal3", 3)] {
            run.check()?;
            figures.extend(marginals.score(width).map(|score| (id, score)));
        }
        figures.extend(
            classifiers::detection(real, other, options.seed)?.map(|area| ("table.detection.auc", area)),
        );
        run.check()?;
        if let (Some(target), Some(holdout), false) = (&target, holdout, is_holdout) {
            let (area, f1) = target.utility(other, holdout)?;
            figures.extend([("table.utility.auc", area), ("table.utility.f1", f1)]);
        }
        figures.insert("table.privacy.copies", neighbours::copies(real, other));
        if let (Some(holdout), false) = (holdout, is_holdout) {
            run.check()?;
            figures.extend(
                neighbours::nearest(real, holdout, other).map(|share| ("table.privacy.nearest", share)),
            );
            figures.extend(
                neighbours::membership(real, holdout, other, options.seed)
                    .map(|area| ("table.privacy.membership", area)),
            );
        }
        Ok(figures)
    };
    let own = measure("synthetic rows", 0, synthetic, false)?;
    let unrelated = measure("independent columns", 1, &independent, false)?;
    let unseen = holdout.map(|holdout| measure("holdout rows", 2, holdout, true)).transpose()?;
    let itself = match (&target, holdout) {
        (Some(target), Some(holdout)) => Some(target.utility(real, holdout)?),
        _ => None,
    };
    run.step("compare columns", 3, 4)?;
    let mut scores = Vec::new();
    for figure in FIGURES {
        let Some(&value) = own.get(figure.id) else {
            let reason = match figure.id {
                id if id.starts_with("table.utility") => "needs a holdout and a target",
                id if id.starts_with("table.privacy") => "needs a holdout of at least 20 rows",
                _ => "needs more columns or rows",
            };
            skipped.push((figure.id.to_owned(), reason.to_owned()));
            continue;
        };
        let mut references = Vec::new();
        references.extend(unseen.as_ref().and_then(|f| f.get(figure.id)).map(|&v| ("holdout".to_owned(), v)));
        match (figure.id, itself) {
            ("table.utility.auc", Some((area, _))) => references.push(("train on real".to_owned(), area)),
            ("table.utility.f1", Some((_, f1))) => references.push(("train on real".to_owned(), f1)),
            _ => {}
        }
        references.extend(unrelated.get(figure.id).map(|&value| ("independent columns".to_owned(), value)));
        let outcome = figure.bar.map_or(Outcome::Neutral, |bar| at_most(value, bar));
        scores.push(Score {
            id: figure.id.to_owned(),
            label: figure.label.to_owned(),
            value,
            references,
            bar: figure.bar,
            outcome,
            meaning: figure.meaning.to_owned(),
            ..Score::default()
        });
    }
    scores.extend(column_scores(real, synthetic, holdout));
    run.step("compare columns", 4, 4)?;
    Ok(TableEvaluation {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        seed: options.seed.0,
        private: false,
        rows: (real.rows(), synthetic.rows(), holdout.map(Frame::rows)),
        scores,
        skipped,
        pictures: document::pictures(real, synthetic),
    })
}

/// The same tables under common columns: the labels of all of them together.
///
/// # Errors
/// Columns that one table lacks or has of another kind, all of them named.
fn align(frames: &[&Frame]) -> Result<Vec<Frame>> {
    let Some(first) = frames.first() else { return Ok(Vec::new()) };
    let columns: Vec<Column> = first
        .columns()
        .iter()
        .map(|column| {
            let Some(_) = column.kind.labels() else { return column.clone() };
            let mut labels: Vec<String> = frames
                .iter()
                .filter_map(|frame| frame.columns()[frame.index(&column.name)?].kind.labels())
                .flatten()
                .cloned()
                .collect();
            labels.sort_unstable();
            labels.dedup();
            Column { kind: Kind::Categorical { labels }, ..column.clone() }
        })
        .collect();
    let columns: Arc<[Column]> = columns.into();
    let mut aligned = Vec::new();
    for (frame, name) in frames.iter().zip(["real", "synthetic", "holdout"]) {
        aligned.push(frame.conform(&columns).map_err(|error| Error::Incomparable {
            reason: format!("the {name} table has other columns than the real one: {error}"),
        })?);
    }
    Ok(aligned)
}

/// The real columns, each shuffled by itself.
fn independent(real: &Frame, seed: Seed) -> Frame {
    let streams = seed.streams("independent columns");
    let values = (0..real.columns().len())
        .map(|index| {
            let mut stream = streams.stream(index as u64);
            let mut order: Vec<usize> = (0..real.rows()).collect();
            for place in (1..order.len()).rev() {
                order.swap(place, stream.below(place as u64 + 1) as usize);
            }
            match real.values(index) {
                Values::Number(values) => Values::Number(order.iter().map(|&row| values[row]).collect()),
                Values::Code(codes) => Values::Code(order.iter().map(|&row| codes[row]).collect()),
            }
        })
        .collect();
    Frame::new(Arc::clone(real.columns()), values).unwrap_or_else(|_| real.clone())
}

/// Distances and tails of each column of numbers.
fn column_scores(real: &Frame, synthetic: &Frame, holdout: Option<&Frame>) -> Vec<Score> {
    let known = |frame: &Frame, index: usize| -> Vec<f64> {
        sorted(&frame.values(index).numbers().iter().copied().filter(|v| !v.is_nan()).collect::<Vec<_>>())
    };
    let mut scores = Vec::new();
    for (index, column) in real.columns().iter().enumerate() {
        if column.kind.labels().is_some() {
            continue;
        }
        let (own, other) = (known(real, index), known(synthetic, index));
        if own.is_empty() || other.is_empty() {
            continue;
        }
        let unseen = holdout.map(|holdout| known(holdout, index)).filter(|values| !values.is_empty());
        let mut push = |what: &str, label: &str, meaning: &str, measure: &dyn Fn(&[f64]) -> f64| {
            let mut references = Vec::new();
            references.extend(unseen.as_ref().map(|unseen| ("holdout".to_owned(), measure(unseen))));
            scores.push(Score {
                id: format!("table.fidelity.{what}.{}", column.name),
                label: format!("{}: {label}", column.name),
                value: measure(&other),
                references,
                meaning: meaning.to_owned(),
                ..Score::default()
            });
        };
        push(
            "ks",
            "distance of the distribution",
            "largest gap between the two distribution functions",
            &|values| kolmogorov_smirnov(&own, values),
        );
        if own[0] < 0.0 {
            continue;
        }
        push(
            "tail",
            "ratio of the 99.9th percentile",
            "synthetic over real: 1 is as it should be",
            &|values| {
                // Two columns that are zero up to there have equal tails.
                let ends = [values, &own].map(|values| quantile_sorted(values, 0.999) + 1e-9);
                ends[0] / ends[1]
            },
        );
        let top = |values: &[f64]| {
            let count = (values.len() / 100).max(1);
            let total: f64 = values.iter().sum();
            values[values.len() - count..].iter().sum::<f64>() / total.max(1e-9)
        };
        push(
            "top",
            "share of the largest hundredth",
            "share of the column's sum in its largest hundredth of rows, synthetic minus real: 0 is as it should be",
            &|values| top(values) - top(&own),
        );
    }
    scores
}

impl TableEvaluation {
    /// The score with this id.
    pub fn score(&self, id: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.id == id)
    }
}
