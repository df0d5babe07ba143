//! What incidents are made of.

use daotwin_core::Run;
use serde::Serialize;

use super::report::{self, Report};
use crate::Result;
use crate::engine::math;
use crate::engine::random::Key;

/// How a number got into a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Anyone could have looked it up before the vote opened.
    PublicBefore,
    /// What the attacker had in hand; the attacker knew it before the vote, everyone else after it.
    AttackerMeans,
    /// Nobody measured it for this DAO: a stated range, from evidence elsewhere or from judgement.
    Assumed,
    /// Chosen so that the replay meets something that the incident itself showed.
    Fitted,
    /// Comes out of the replay.
    Predicted,
    /// What is on record of the incident; compared, never used.
    Published,
}

/// How far a source is from the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The chain, the contract's code, the DAO's own documents and forum.
    Primary,
    /// Press, encyclopaedias, analyses by others.
    Secondary,
    /// Judgement or general evidence; see the text.
    Judgement,
}

/// Where a number is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Name or address.
    pub place: &'static str,
    /// How far from the event.
    pub grade: Grade,
}

impl Source {
    /// A primary source.
    pub const fn primary(place: &'static str) -> Self {
        Self { place, grade: Grade::Primary }
    }

    /// A secondary source.
    pub const fn secondary(place: &'static str) -> Self {
        Self { place, grade: Grade::Secondary }
    }

    /// Judgement, with its reason.
    pub const fn judgement(place: &'static str) -> Self {
        Self { place, grade: Grade::Judgement }
    }
}

/// A number, or what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// One number.
    Exact(f64),
    /// Anything between these, all alike.
    Uniform(f64, f64),
    /// Anything between these, all magnitudes alike; both above zero.
    LogUniform(f64, f64),
}

impl Quantity {
    /// The quantile.
    pub fn at(self, uniform: f64) -> f64 {
        match self {
            Self::Exact(value) => value,
            Self::Uniform(low, high) => low + uniform * (high - low),
            Self::LogUniform(low, high) => low * math::exp(uniform * math::ln(high / low)),
        }
    }
}

/// A number that a replay uses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Input {
    /// What it is; unique in its incident, and the name of its draws.
    pub name: &'static str,
    /// Its value.
    pub value: Quantity,
    /// Its unit.
    pub unit: &'static str,
    /// How it got here.
    pub role: Role,
    /// The day for which it holds (for `public-before`: not after the vote opened), or when the evidence is from.
    pub date: &'static str,
    /// Where it is from.
    pub source: Source,
    /// What other sources say instead.
    pub disagrees: &'static [&'static str],
}

impl Input {
    /// An input that no other source contradicts.
    pub const fn new(
        name: &'static str,
        value: Quantity,
        unit: &'static str,
        role: Role,
        date: &'static str,
        source: Source,
    ) -> Self {
        Self { name, value, unit, role, date, source, disagrees: &[] }
    }

    /// With what other sources say.
    pub const fn but(mut self, disagrees: &'static [&'static str]) -> Self {
        self.disagrees = disagrees;
        self
    }

    /// Whether its value is a range.
    pub const fn is_range(&self) -> bool {
        !matches!(self.value, Quantity::Exact(_))
    }

    /// The number, where it is one; the middle of its range else.
    pub fn middle(&self) -> f64 {
        self.value.at(0.5)
    }
}

/// A figure on record, beside which the replay puts its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// What is on record.
    pub published: f64,
    /// Where it is from; whether the replay has to come within 5 % depends on its grade.
    pub source: Source,
    /// What other sources say instead.
    pub disagrees: &'static [&'static str],
    /// Whether the replay finds it (`predicted`) or only does sums with what was declared.
    pub reading: Reading,
}

/// What a figure's agreement means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// Found by agents and rule from what was known before.
    Predicted,
    /// Follows from the declared inputs by arithmetic or by the rule alone: agreement checks the sums, not the behaviour.
    Arithmetic,
}

/// One thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counterfactual {
    /// Its name, in lower case with hyphens.
    pub name: &'static str,
    /// In words.
    pub change: &'static str,
}

/// What an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The DAO.
    pub dao: &'static str,
    /// When it was decided.
    pub date: &'static str,
    /// What happened.
    pub happened: &'static str,
    /// The rule that it runs on, and how the DAO's own maps to it.
    pub rule: &'static str,
    /// Who takes part and how they behave.
    pub agents: &'static str,
    /// What counts as the recorded outcome.
    pub outcome: &'static str,
    /// What is weak.
    pub limits: &'static str,
}

/// What one replicate came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Whether the recorded outcome came about.
    pub recorded: bool,
    /// A number for each of [`Incident::figures`]; NaN where this replicate has none.
    pub figures: Vec<f64>,
}

/// What to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The seed of every draw.
    pub seed: u64,
    /// How many replicates, each as it was and once more for each counterfactual; at least 1.
    pub replicates: u64,
    /// Replays with this one thing changed, and nothing else.
    pub counterfactual: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, replicates: 2_000, counterfactual: None }
    }
}

/// An incident. One folder and one line in [`super::registry::INCIDENTS`].
pub trait Incident: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// Every number that a replay uses.
    fn inputs(&self) -> &'static [Input];

    /// The figures on record.
    fn figures(&self) -> &'static [Figure];

    /// What may be changed.
    fn counterfactuals(&self) -> &'static [Counterfactual];

    /// One replicate: `change` is the place of a counterfactual in [`Incident::counterfactuals`], none for what
    /// happened. A function of the draws and the change alone.
    ///
    /// # Errors
    /// The rule refused an act that the agents took for possible.
    fn trial(&self, draws: Draws, change: Option<usize>) -> Result<Trial>;
}

impl dyn Incident {
    /// Replays it: the outcome's probability with its interval, the figures, and each counterfactual. The same bytes for
    /// the same options on any number of threads.
    ///
    /// # Errors
    /// No such counterfactual, no replicates, or the run was cancelled.
    pub fn replay(&self, options: &Options, run: &Run) -> Result<Report> {
        report::replay(self, options, run)
    }
}

/// The draws of one replicate, by the name of what is drawn: a counterfactual meets the same people and the same luck.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    seed: u64,
    replicate: u64,
    held: Option<(&'static str, f64)>,
}

/// 64 bits of a name (FNV-1a).
const fn bits(name: &str) -> u64 {
    let (bytes, mut hash, mut place) = (name.as_bytes(), 0xCBF2_9CE4_8422_2325_u64, 0);
    while place < bytes.len() {
        hash = (hash ^ bytes[place] as u64).wrapping_mul(0x0100_0000_01B3);
        place += 1;
    }
    hash
}

impl Draws {
    /// The draws of this replicate.
    pub const fn new(seed: u64, replicate: u64) -> Self {
        Self { seed, replicate, held: None }
    }

    /// The same draws, with this input held at one quantile of its range.
    pub const fn holding(self, input: &Input, quantile: f64) -> Self {
        Self { held: Some((input.name, quantile)), ..self }
    }

    /// The draws of this name, for many agents.
    pub const fn key(self, name: &str) -> Key {
        Key::new(self.seed, self.replicate, bits(name), 0)
    }

    /// Uniform in (0, 1), of this agent.
    pub const fn uniform(self, name: &str, agent: u32) -> f64 {
        self.key(name).uniform(agent)
    }

    /// The input in this replicate.
    pub fn of(self, input: &Input) -> f64 {
        self.each(input, 0)
    }

    /// The input for this agent in this replicate.
    pub fn each(self, input: &Input, agent: u32) -> f64 {
        match self.held {
            Some((name, quantile)) if name == input.name => input.value.at(quantile),
            _ => input.value.at(self.uniform(input.name, agent)),
        }
    }

    /// Whether something of this chance happens to this agent.
    pub fn happens(self, name: &str, chance: f64, agent: u32) -> bool {
        self.uniform(name, agent) < chance
    }

    /// How long this agent waits for something of constant hazard: exponential with this mean.
    pub fn wait(self, name: &str, mean: f64, agent: u32) -> f64 {
        -math::ln(self.uniform(name, agent)) * mean
    }

    /// Standard normal of this agent.
    pub fn normal(self, name: &str, agent: u32) -> f64 {
        math::normal_quantile(self.uniform(name, agent))
    }
}
