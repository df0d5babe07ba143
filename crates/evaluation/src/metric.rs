//! What a metric is, and the list of all of them.

use daotwin_core::Run;
use daotwin_core::document::{Outcome, Score};

use crate::context::Context;
use crate::error::Result;
use crate::{detection, fidelity, forecast, privacy, utility};

/// What a metric says of itself. A registered one without these does not pass the tests.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// What it measures, in a sentence.
    pub purpose: &'static str,
    /// The papers or documents it follows.
    pub source: &'static str,
    /// What it cannot see.
    pub limits: &'static str,
}

/// What a metric found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Its scores, each id one of [`Metric::ids`].
    pub scores: Vec<Score>,
    /// The scores it could not give: id and reason.
    pub skipped: Vec<(String, String)>,
}

impl Measured {
    /// No score of `metric`, for one reason.
    pub fn skipped(metric: &dyn Metric, reason: &str) -> Self {
        let skipped = metric.ids().into_iter().map(|id| (id, reason.to_owned())).collect();
        Self { scores: Vec::new(), skipped }
    }
}

/// A way to compare a synthetic DAO with the real one. One file and one line in [`METRICS`].
pub trait Metric: Sync {
    /// The stable name: `fidelity.facts`. All its scores' ids start with it.
    fn id(&self) -> &'static str;

    /// What it measures, where it comes from, and its limits.
    fn card(&self) -> Card;

    /// The ids of all scores it may give.
    fn ids(&self) -> Vec<String>;

    /// Measures. Deterministic in the context's seed, on any number of threads.
    ///
    /// # Errors
    /// Cancellation, and failures of a synthesizer that an attack trains.
    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured>;
}

/// Every metric, in the order of the report.
pub const METRICS: &[&dyn Metric] = &[
    &fidelity::facts::Facts,
    &fidelity::marginals::Marginals,
    &detection::Detection,
    &utility::Utility,
    &privacy::membership::Membership,
    &privacy::shadow::Shadow,
    &privacy::singling_out::SinglingOut,
    &privacy::inference::Inference,
    &privacy::nearest::Nearest,
    &privacy::copies::Copies,
    &forecast::Forecast,
];

/// All ids that any metric may give, in the order of the report.
pub fn ids() -> Vec<String> {
    METRICS.iter().flat_map(|metric| metric.ids()).collect()
}

/// Joins a metric's name and a score's.
pub(crate) fn id(metric: &str, score: &str) -> String {
    format!("{metric}.{score}")
}

/// How a figure stands to the largest one accepted.
pub(crate) fn at_most(value: f64, bar: f64) -> Outcome {
    if value <= bar { Outcome::Good } else { Outcome::Bad }
}
