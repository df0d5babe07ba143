//! What a replay comes to.

use daotwin_core::{Run, statistics};
use serde::Serialize;

use super::frame::{Card, Draws, Figure, Incident, Input, Options, Role, Trial};
use crate::engine::ensemble::{Model, ensemble};
use crate::engine::summary::Summary;
use crate::{Error, Result};

/// How likely something is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Likelihood {
    /// Share of replicates.
    pub probability: f64,
    /// Lower end of its 95 % interval (Wilson 1927): the error of counting replicates, not that of the inputs.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Replicates.
    pub replicates: u64,
}

/// A figure on record beside the replay's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// What is on record.
    #[serde(flatten)]
    pub figure: Figure,
    /// Always `predicted`: what the replay found.
    pub role: Role,
    /// Mean over the replicates that have it; none where no replicate has.
    pub simulated: Option<f64>,
    /// From 5 % of the replicates.
    pub low: Option<f64>,
    /// To 95 % of them.
    pub high: Option<f64>,
    /// simulated / published - 1.
    pub relative_error: Option<f64>,
}

/// A counterfactual's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Its name.
    pub name: &'static str,
    /// In words.
    pub change: &'static str,
    /// How likely the recorded outcome is with it.
    pub outcome: Likelihood,
    /// Whether the probability is on the other side of one half.
    pub flips: bool,
}

/// A replay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The incident's name.
    pub incident: &'static str,
    /// What it is.
    #[serde(flatten)]
    pub card: Card,
    /// The counterfactual under which it was replayed.
    pub under: Option<&'static str>,
    /// The seed.
    pub seed: u64,
    /// How likely the recorded outcome is.
    pub probability: Likelihood,
    /// Whether it is the likely one: above one half.
    pub likely: bool,
    /// Figures.
    pub figures: Vec<Measured>,
    /// What one change does; empty where the replay itself is under one.
    pub counterfactuals: Vec<Changed>,
    /// Every number that went in.
    pub inputs: &'static [Input],
}

/// An incident under a change, as the engine runs it.
struct Replay<'a> {
    incident: &'a dyn Incident,
    change: Option<usize>,
    variables: Vec<&'static str>,
}

impl<'a> Replay<'a> {
    fn new(incident: &'a dyn Incident, change: Option<usize>) -> Self {
        let figures = incident.figures().iter().map(|figure| figure.name);
        Self { incident, change, variables: std::iter::once("recorded").chain(figures).collect() }
    }

    /// The likelihood, and a summary a figure.
    fn run(&self, options: &Options, run: &Run) -> Result<(Likelihood, Vec<Summary>)> {
        let mut summaries = ensemble(self, options.seed, options.replicates, run)?;
        let recorded = summaries.remove(0);
        let replicates = recorded.count();
        let successes = (recorded.mean() * replicates as f64).round() as u64;
        let (low, high) = statistics::wilson(successes, replicates, 0.05);
        let probability = successes as f64 / replicates as f64;
        Ok((Likelihood { probability, low, high, replicates }, summaries))
    }
}

impl Model for Replay<'_> {
    type Workspace = ();

    fn variables(&self) -> &[&'static str] {
        &self.variables
    }

    fn replicate(&self, seed: u64, replicate: u64, (): &mut (), run: &Run, values: &mut [f64]) -> Result<()> {
        run.check()?;
        let Trial { recorded, figures } = self.incident.trial(Draws::new(seed, replicate), self.change)?;
        values[0] = f64::from(u8::from(recorded));
        values[1..].copy_from_slice(&figures);
        Ok(())
    }
}

fn measured(figure: &Figure, summary: &Summary) -> Measured {
    let known = |value: f64| value.is_finite().then_some(value);
    let simulated = known(summary.mean());
    let low = known(summary.quantile(0.05));
    let high = known(summary.quantile(0.95));
    let relative_error = simulated.map(|simulated| simulated / figure.published - 1.0);
    Measured { figure: *figure, role: Role::Predicted, simulated, low, high, relative_error }
}

pub(super) fn replay(incident: &dyn Incident, options: &Options, run: &Run) -> Result<Report> {
    let changes = incident.counterfactuals();
    let under = match &options.counterfactual {
        None => None,
        Some(name) => Some(changes.iter().position(|change| change.name == name).ok_or_else(|| {
            let known: Vec<String> = changes.iter().map(|change| format!("`{}`", change.name)).collect();
            Error::Unknown { what: "counterfactual", name: name.clone(), known: known.join(", ") }
        })?),
    };
    if options.replicates == 0 {
        let problem = "`replicates` is 0; a replay needs at least 1".to_owned();
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let (probability, summaries) = Replay::new(incident, under).run(options, run)?;
    let likely = probability.probability > 0.5;
    let mut counterfactuals = Vec::new();
    if under.is_none() {
        for (place, change) in changes.iter().enumerate() {
            let (outcome, _) = Replay::new(incident, Some(place)).run(options, run)?;
            let flips = (outcome.probability > 0.5) != likely;
            counterfactuals.push(Changed { name: change.name, change: change.change, outcome, flips });
        }
    }
    let figures =
        incident.figures().iter().zip(&summaries).map(|(figure, summary)| measured(figure, summary));
    Ok(Report {
        incident: incident.name(),
        card: incident.card(),
        under: under.map(|place| changes[place].name),
        seed: options.seed,
        probability,
        likely,
        figures: figures.collect(),
        counterfactuals,
        inputs: incident.inputs(),
    })
}
