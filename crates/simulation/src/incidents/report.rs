//! What a replay comes to.

use daotwin_core::{Run, statistics};
use serde::Serialize;

use super::frame::{Card, Draws, Figure, Grade, Incident, Input, Options, Role, Source, Trial};
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
    /// simulated / published - 1; none where nothing is published but a zero.
    pub relative_error: Option<f64>,
    /// Whether what is on record lies between `low` and `high`.
    pub inside: Option<bool>,
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

/// How much the outcome hangs on what is known of one input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The input's name.
    pub input: &'static str,
    /// The recorded outcome's probability with the input at the lower end of its range.
    pub at_low: f64,
    /// At the upper end.
    pub at_high: f64,
    /// Whether the recorded outcome is the likely one at one end only.
    pub decides: bool,
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
    /// What each range does to the outcome, widest first; empty where the replay itself is under a change.
    pub sensitivities: Vec<Sensitivity>,
    /// Every source, the nearest to the event first.
    pub sources: Vec<Source>,
    /// Every number that went in.
    pub inputs: &'static [Input],
}

/// Replicates at either end of a range, at most.
const ENDS: u64 = 500;

/// An incident under a change, as the engine runs it.
struct Replay<'a> {
    incident: &'a dyn Incident,
    change: Option<usize>,
    held: Option<(&'a Input, f64)>,
    variables: Vec<&'static str>,
}

impl<'a> Replay<'a> {
    fn new(incident: &'a dyn Incident, change: Option<usize>) -> Self {
        let figures = incident.figures().iter().map(|figure| figure.name);
        Self { incident, change, held: None, variables: std::iter::once("recorded").chain(figures).collect() }
    }

    /// The likelihood, and a summary a figure.
    fn run(&self, options: &Options, replicates: u64, run: &Run) -> Result<(Likelihood, Vec<Summary>)> {
        let mut summaries = ensemble(self, options.seed, replicates, run)?;
        let recorded = summaries.remove(0);
        let replicates = recorded.count();
        let successes = (recorded.mean() * replicates as f64).round() as u64;
        let (low, high) = statistics::wilson(successes, replicates, 0.05);
        let probability = successes as f64 / replicates as f64;
        // At 0 and at 1 the interval's end is the share itself, but for rounding.
        let (low, high) = (low.min(probability), high.max(probability));
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
        let mut draws = Draws::new(seed, replicate);
        if let Some((input, quantile)) = self.held {
            draws = draws.holding(input, quantile);
        }
        let Trial { recorded, figures } = self.incident.trial(draws, self.change)?;
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
    let relative_error = simulated.and_then(|simulated| known(simulated / figure.published - 1.0));
    let inside = low.zip(high).map(|(low, high)| (low..=high).contains(&figure.published));
    Measured { figure: *figure, role: Role::Predicted, simulated, low, high, relative_error, inside }
}

/// What inputs and figures are from, each once; judgement is none.
fn sources(incident: &dyn Incident) -> Vec<Source> {
    let inputs = incident.inputs().iter().map(|input| input.source);
    let all = inputs.chain(incident.figures().iter().map(|figure| figure.source));
    let mut sources: Vec<Source> = all.filter(|source| source.grade != Grade::Judgement).collect();
    sources.sort_by_key(|source| (source.grade, source.place));
    sources.dedup();
    sources
}

/// The outcome with each range held at its ends.
fn ends(incident: &dyn Incident, options: &Options, run: &Run) -> Result<Vec<Sensitivity>> {
    let mut found = Vec::new();
    for input in incident.inputs().iter().filter(|input| input.is_range()) {
        let at = |quantile: f64| -> Result<f64> {
            let mut replay = Replay::new(incident, None);
            replay.held = Some((input, quantile));
            Ok(replay.run(options, options.replicates.min(ENDS), run)?.0.probability)
        };
        let (at_low, at_high) = (at(0.0)?, at(1.0)?);
        let decides = (at_low > 0.5) != (at_high > 0.5);
        found.push(Sensitivity { input: input.name, at_low, at_high, decides });
    }
    let width = |found: &Sensitivity| (found.at_high - found.at_low).abs();
    found.sort_by(|left, right| width(right).total_cmp(&width(left)));
    Ok(found)
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
    let (probability, summaries) = Replay::new(incident, under).run(options, options.replicates, run)?;
    let likely = probability.probability > 0.5;
    let (mut counterfactuals, mut sensitivities) = (Vec::new(), Vec::new());
    if under.is_none() {
        sensitivities = ends(incident, options, run)?;
        for (place, change) in changes.iter().enumerate() {
            let (outcome, _) = Replay::new(incident, Some(place)).run(options, options.replicates, run)?;
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
        sensitivities,
        sources: sources(incident),
        inputs: incident.inputs(),
    })
}
