//! The evaluation of synthetic Histories, as data.

use daotwin_core::document::{Outcome, Score};
use daotwin_core::statistics::sorted;
use daotwin_core::{ErrorKind, Run};
use daotwin_history::facts::{self, FactTable};
use daotwin_history::view::DaoView;
use daotwin_history::{History, facts::Facts};
use serde::Serialize;

use crate::context::{Context, Options};
use crate::error::{Error, Result};
use crate::fidelity;
use crate::gates::{GateOutcome, Gates, near};
use crate::metric::{self, METRICS, Metric};
use crate::rows::{Rows, column};

/// The version of the JSON that [`Evaluation`] gives; `schema.json` of this crate describes it.
pub const SCHEMA: &str = "daotwin.evaluation/1";

/// The evaluation of synthetic Histories against a real one. Not private.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of daotwin.
    pub version: &'static str,
    /// The seed.
    pub seed: u64,
    /// Fingerprint of the real History.
    pub real: String,
    /// Fingerprint of each synthetic History.
    pub synthetic: Vec<String>,
    /// Always false: an evaluation on real data carries no privacy claim.
    pub private: bool,
    /// One entry a DAO.
    pub daos: Vec<DaoEvaluation>,
    /// How the gates stood, where there are any.
    pub gates: Vec<GateOutcome>,
}

/// The evaluation of one DAO.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DaoEvaluation {
    /// The real DAO.
    pub dao: String,
    /// Votes, voters and proposals with a vote of the real DAO.
    pub size: Size,
    /// The same of the first sample.
    pub synthetic_size: Size,
    /// Samples compared.
    pub samples: usize,
    /// Every score, beside its references.
    pub scores: Vec<Score>,
    /// Scores that could not be given: id and reason.
    pub skipped: Vec<(String, String)>,
    /// The facts with their floors, where they were measured.
    pub facts: Option<FactTable>,
    /// What the pictures show.
    #[serde(skip)]
    pub pictures: Pictures,
}

/// How large a DAO is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Counting ballots.
    pub votes: usize,
    /// Members with one.
    pub voters: usize,
    /// Proposals with one.
    pub proposals: usize,
}

impl Size {
    fn of(view: &DaoView) -> Self {
        let proposals = view.proposals.iter().filter(|proposal| !proposal.votes.is_empty()).count();
        Self { votes: view.votes.len(), voters: view.voters(), proposals }
    }
}

/// What the pictures of one side show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// The DAO's facts.
    pub facts: Facts,
    /// Turnout over time.
    pub turnout: Vec<(f64, f64)>,
    /// Who votes with whom.
    pub co_voting: facts::CoVoting,
    /// Spearman correlations of [`CORRELATED`], row by row.
    pub correlations: Vec<f64>,
}

/// What the pictures show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pictures {
    /// The real DAO.
    pub real: Side,
    /// The first sample.
    pub synthetic: Side,
}

/// The columns of vote rows whose correlations are drawn.
pub const CORRELATED: [&str; 10] = [
    "power",
    "time_in_window",
    "hour",
    "leads",
    "votes_so_far",
    "gap_proposals",
    "recent_share",
    "rank_share",
    "proposal_size",
    "majority_share",
];

/// The most active members that the co-voting picture shows.
pub const CO_VOTERS: usize = 40;

impl Side {
    fn of(view: &DaoView, facts: &Facts, rows: &Rows) -> Self {
        let columns = CORRELATED.map(column);
        let mut correlations = Vec::with_capacity(columns.len() * columns.len());
        for a in columns {
            for b in columns {
                correlations.push(correlation(&rows.columns[a], &rows.columns[b]));
            }
        }
        Self {
            facts: facts.clone(),
            turnout: facts::turnout(view),
            co_voting: facts::co_voting(view, CO_VOTERS),
            correlations,
        }
    }
}

/// Spearman's correlation over the rows where both values exist.
fn correlation(left: &[f64], right: &[f64]) -> f64 {
    let (a, b): (Vec<f64>, Vec<f64>) =
        left.iter().zip(right).filter(|(a, b)| a.is_finite() && b.is_finite()).unzip();
    if a.len() < 3 { f64::NAN } else { daotwin_core::statistics::spearman(&a, &b) }
}

impl DaoEvaluation {
    /// The score with this id.
    pub fn score(&self, id: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.id == id)
    }

    /// Facts outside their tolerance; 0 where they were not measured.
    pub fn facts_outside(&self) -> usize {
        self.facts.as_ref().map_or(0, FactTable::outside)
    }
}

impl Evaluation {
    /// Compares the scores with gates and keeps the outcome; a gate applies to every DAO.
    pub fn apply(&mut self, gates: &Gates) {
        self.gates = self
            .daos
            .iter()
            .flat_map(|dao| {
                gates.0.iter().map(|gate| {
                    let value = dao.score(&gate.id).map(|score| score.value);
                    GateOutcome {
                        dao: dao.dao.clone(),
                        gate: gate.clone(),
                        value,
                        passed: value.is_some_and(|value| gate.comparison.holds(value, gate.bar)),
                    }
                })
            })
            .collect();
    }

    /// Whether every gate passed.
    pub fn passed(&self) -> bool {
        self.gates.iter().all(|gate| gate.passed)
    }

    /// The scores that are outside their bars: DAO and score.
    pub fn bad(&self) -> Vec<(&str, &Score)> {
        let scores = self.daos.iter().flat_map(|dao| dao.scores.iter().map(move |s| (dao.dao.as_str(), s)));
        scores.filter(|(_, score)| score.outcome == Outcome::Bad).collect()
    }

    /// The median over DAOs of a score; `None` where no DAO has it.
    pub fn median(&self, id: &str) -> Option<f64> {
        let values: Vec<f64> = self.daos.iter().filter_map(|dao| Some(dao.score(id)?.value)).collect();
        (!values.is_empty()).then(|| daotwin_core::statistics::quantile_sorted(&sorted(&values), 0.5))
    }
}

/// Compares synthetic Histories with the real one, DAO by DAO.
///
/// A DAO of a synthetic History belongs to the real one with its id; where each has one DAO, they belong
/// together whatever their ids. `holdout` holds members of the real DAO that the model did not learn from.
///
/// Deterministic in `options.seed`, on any number of threads. Cost: seconds for 20,000 votes, and the fits
/// where a synthesizer is given.
///
/// # Errors
/// [`Error::Incomparable`] without a DAO that both sides have; [`Error::UnknownMetric`]; cancellation; a synthesizer's failure.
pub fn evaluate(
    real: &History,
    synthetic: &[History],
    holdout: Option<&History>,
    options: &Options<'_>,
    run: &Run,
) -> Result<Evaluation> {
    let incomparable = |reason: String| Error::Incomparable { reason };
    if synthetic.is_empty() {
        return Err(incomparable("there is no synthetic History; give at least one".to_owned()));
    }
    check_metrics(&options.metrics)?;
    let reals = match &options.dao {
        Some(dao) => vec![DaoView::one(real, Some(dao))?],
        None => DaoView::all(real)?,
    };
    let load = |histories: &[History]| -> Result<Vec<Vec<DaoView>>> {
        histories.iter().map(|history| Ok(DaoView::all(history)?)).collect()
    };
    let (samples, forecasts) = (load(synthetic)?, load(options.forecasts)?);
    let holdouts = holdout.map(DaoView::all).transpose()?;
    let of = |views: &[DaoView], dao: &str| -> Option<DaoView> {
        let only = (views.len() == 1 && reals.len() == 1).then(|| views.first()).flatten();
        views.iter().find(|view| view.dao == dao).or(only).cloned()
    };
    let mut daos = Vec::new();
    for view in reals.iter().filter(|view| !view.votes.is_empty()) {
        let samples: Vec<DaoView> = samples.iter().filter_map(|views| of(views, &view.dao)).collect();
        if samples.is_empty() {
            continue;
        }
        let forecasts: Vec<DaoView> = forecasts.iter().filter_map(|views| of(views, &view.dao)).collect();
        let holdout = holdouts.as_deref().and_then(|views| of(views, &view.dao));
        let context = Context::new(view, &samples, holdout.as_ref(), &forecasts, Some(real), options);
        daos.push(evaluate_dao(&context, run)?);
    }
    if daos.is_empty() {
        let names = |views: &[DaoView]| {
            views.iter().take(10).map(|view| format!("`{}`", view.dao)).collect::<Vec<_>>().join(", ")
        };
        return Err(incomparable(format!(
            "the real one has votes for {}, the synthetic one for {}; they must share a DAO, or have one each",
            names(&reals),
            names(&samples[0])
        )));
    }
    Ok(Evaluation {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        seed: options.seed.0,
        real: real.fingerprint()?,
        synthetic: synthetic.iter().map(|history| Ok(history.fingerprint()?)).collect::<Result<_>>()?,
        private: false,
        daos,
        gates: Vec::new(),
    })
}

/// Refuses names that no metric's id starts with.
fn check_metrics(names: &[String]) -> Result<()> {
    let known = metric::ids();
    let unknown = names.iter().filter(|name| !known.iter().any(|id| id.starts_with(name.as_str())));
    let problems: Vec<String> = unknown
        .map(|name| {
            let near: Vec<String> = near(name, &known).map(|id| format!("`{id}`")).collect();
            format!("there is no metric `{name}`; near are {}", near.join(", "))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::UnknownMetric { problems }) }
}

/// Runs the metrics asked for on one DAO.
///
/// # Errors
/// Cancellation; a synthesizer's failure.
pub fn evaluate_dao(context: &Context<'_>, run: &Run) -> Result<DaoEvaluation> {
    let wanted = |metric: &&&dyn Metric| {
        let names = &context.options.metrics;
        let id = metric.id();
        names.is_empty()
            || names.iter().any(|name| id.starts_with(name.as_str()) || name.starts_with(&format!("{id}.")))
    };
    let metrics: Vec<&&dyn Metric> = METRICS.iter().filter(wanted).collect();
    let stage = format!("evaluate {}", context.real.dao);
    let (mut scores, mut skipped, mut facts) = (Vec::new(), Vec::new(), None);
    for (index, metric) in metrics.iter().enumerate() {
        run.step(&stage, index as u64, metrics.len() as u64)?;
        if metric.id() == fidelity::facts::Facts.id() {
            // The table is kept beside the scores, and is not worth measuring twice.
            let table = fidelity::facts::fact_table(context);
            scores.extend(fidelity::facts::scores(context, &table));
            facts = Some(table);
            continue;
        }
        match metric.measure(context, run) {
            Ok(measured) => {
                scores.extend(measured.scores);
                skipped.extend(measured.skipped);
            }
            // An attack trains the model on half of the members; a DAO too small for that is still evaluated.
            Err(error @ Error::Synthesizer(_)) if error.kind() == ErrorKind::Input => {
                skipped.extend(metric.ids().into_iter().map(|id| (id, error.to_string())));
            }
            Err(error) => return Err(error),
        }
    }
    // A figure that is not finite has no place in JSON, nor in a picture.
    scores.retain(|score: &Score| {
        if !score.value.is_finite() {
            skipped.push((score.id.clone(), "the figure is not finite".to_owned()));
        }
        score.value.is_finite()
    });
    for score in &mut scores {
        score.references.retain(|(_, value)| value.is_finite());
    }
    run.step(&stage, metrics.len() as u64, metrics.len() as u64)?;
    let ((real_facts, sample_facts), (real_rows, sample_rows)) = (context.facts(), context.rows());
    Ok(DaoEvaluation {
        dao: context.real.dao.clone(),
        size: Size::of(context.real),
        synthetic_size: Size::of(&context.samples[0]),
        samples: context.samples.len(),
        scores,
        skipped,
        facts,
        pictures: Pictures {
            real: Side::of(context.real, real_facts, real_rows),
            synthetic: Side::of(&context.samples[0], &sample_facts[0], sample_rows),
        },
    })
}
