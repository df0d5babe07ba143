//! The eleven facts of a DAO and two counts of its outcomes.

use daotwin_core::Run;
use daotwin_core::document::{Outcome, Score};
use daotwin_history::facts::{FACTS, FactTable, floors, table};

use crate::context::Context;
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};

/// The metric.
#[derive(Debug)]
pub struct Facts;

/// The table behind the scores.
pub(crate) fn fact_table(context: &Context<'_>) -> FactTable {
    let (real, samples) = context.facts();
    let floors = floors(context.real, context.options.replicates, context.options.seed);
    table(&context.real.dao, real, samples, &floors)
}

/// Samples below which an interval of their counts says nothing: one sample's is a point, which nearly always
/// misses.
const LEAST_SAMPLES: usize = 5;

/// Whether the real count lies in the samples' interval, where there are samples enough for one.
pub(crate) fn count_outcome(holds: bool, samples: usize) -> Outcome {
    match (samples < LEAST_SAMPLES, holds) {
        (true, _) => Outcome::Neutral,
        (false, true) => Outcome::Good,
        (false, false) => Outcome::Bad,
    }
}

/// The scores of a table, with the distance of independent columns as a reference.
pub(crate) fn scores(context: &Context<'_>, table: &FactTable) -> Vec<Score> {
    let (real, _) = context.facts();
    let naive = daotwin_history::facts::Facts::of(context.independent());
    let mut scores: Vec<Score> = table
        .rows
        .iter()
        .zip(FACTS)
        .map(|(row, fact)| {
            // The facts' own values have another unit than their distances: they stand in the table.
            let references = vec![
                ("bootstrap floor".to_owned(), row.floor),
                ("independent columns".to_owned(), fact.distance(real, &naive)),
            ];
            let spread = row.distances.iter().copied();
            let interval = (row.distances.len() > 1).then(|| {
                (spread.clone().fold(f64::INFINITY, f64::min), spread.fold(f64::NEG_INFINITY, f64::max))
            });
            Score {
                id: id(Facts.id(), &row.name),
                label: row.label.clone(),
                value: row.distance,
                interval,
                references,
                bar: Some(row.tolerance),
                outcome: if row.holds { Outcome::Good } else { Outcome::Bad },
                meaning: format!(
                    "{}, mean over {} sample{}; 0 is equal; the interval spans the samples; the bar is the \
                     larger of {:.3} and the bootstrap floor",
                    fact.distance,
                    row.distances.len(),
                    if row.distances.len() == 1 { "" } else { "s" },
                    row.bar
                ),
            }
        })
        .collect();
    let samples = context.samples.len();
    scores.extend(table.counts.iter().filter(|check| check.median.is_finite()).map(|check| Score {
        id: id(Facts.id(), &check.name),
        label: check.label.clone(),
        value: check.median,
        interval: (samples > 1).then_some((check.low, check.high)),
        references: vec![("real value".to_owned(), check.real)],
        bar: None,
        outcome: count_outcome(check.holds, samples),
        meaning: format!(
            "median count of the samples with their 90 % interval, which should hold the real count; judged \
                 from {LEAST_SAMPLES} samples on"
        ),
    }));
    scores
}

impl Metric for Facts {
    fn id(&self) -> &'static str {
        "fidelity.facts"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether people take part, hold power, agree and time their votes as in the real DAO.",
            source: "Kolmogorov-Smirnov and Wasserstein distances; floors by the bootstrap (Efron 1979)",
            limits: "Facts of the whole history: a DAO that changed its ways halfway may be matched on average only.",
        }
    }

    fn ids(&self) -> Vec<String> {
        let facts = FACTS.iter().map(|fact| fact.name);
        facts.chain(["contested", "mismatch"]).map(|name| id(self.id(), name)).collect()
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        run.check()?;
        Ok(Measured { scores: scores(context, &fact_table(context)), skipped: Vec::new() })
    }
}
