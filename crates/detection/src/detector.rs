//! What a detector is.

use daotwin_community::stream::Stream;
use daotwin_core::Seed;

use crate::Result;
use crate::event::Event;

/// What a method of detection says of itself. A registered one without these does not pass the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Card {
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// What its score is, with its unit.
    pub score: &'static str,
    /// Where it is from: paper and equation.
    pub source: &'static str,
    /// Where it should not be used.
    pub limits: &'static str,
    /// What it learns from: nothing, streams without their labels, or streams with them.
    pub learns: Learns,
}

/// What a method learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Learns {
    /// Nothing: its settings are all it has.
    Nothing,
    /// Streams as they are.
    Unlabelled,
    /// Streams whose attacks are known.
    Labelled,
}

/// Scores events as they come.
pub trait Detector: Send {
    /// How suspicious an event is, given all before it; larger is more. Events come in order of time; one that is earlier
    /// than the one before is taken as simultaneous with it. Always finite. Deterministic.
    fn score(&mut self, event: &Event<'_>) -> f64;

    /// Why the last act got its score: at most three reasons with their weight, largest first; empty where the score has only
    /// the reason that its method's card tells.
    fn reasons(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// What it remembers takes so many bytes, whatever was seen.
    fn bytes(&self) -> usize;

    /// What it has learned, for [`Method::load`]; what it has seen since is not in it.
    ///
    /// # Errors
    /// A defect.
    fn learned(&self) -> Result<serde_json::Value>;
}

/// A way to make a detector. One folder and one line in [`registry::METHODS`](crate::registry::METHODS).
pub trait Method: Sync + std::fmt::Debug {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// A detector that has seen nothing yet of what it will judge. Deterministic in streams and seed, on one thread.
    ///
    /// # Errors
    /// A method that learns from labels refuses streams in which nothing, or everything, is malicious.
    fn train(&self, streams: &[Stream], seed: Seed) -> Result<Box<dyn Detector>>;

    /// A detector from what one had learned ([`Detector::learned`]), which has seen nothing yet. The value is untrusted.
    ///
    /// # Errors
    /// A value that is no such thing.
    fn load(&self, learned: serde_json::Value) -> Result<Box<dyn Detector>>;
}
