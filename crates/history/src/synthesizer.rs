//! What a synthesizer is: something that learns from a History and samples new ones.

use std::path::{Path, PathBuf};

use daotwin_core::{ErrorKind, Run, Seed};

use crate::history::{History, Manifest};

/// Why a synthesizer failed, whatever its own error type.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Failure {
    /// The kind, hence the exit code.
    pub kind: ErrorKind,
    /// The synthesizer's own error.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What a synthesizer says of itself. A registered one without these does not pass the tests.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// The papers or documents it follows.
    pub source: &'static str,
    /// Where it should not be used.
    pub limits: &'static str,
    /// Peak memory of a fit in bytes a vote, beyond the History itself.
    pub bytes_per_vote: u64,
}

/// The guarantee asked of a fit: a member's whole record is hidden up to (epsilon, delta).
#[derive(Debug, Clone, PartialEq)]
pub struct PrivacyOptions {
    /// Epsilon.
    pub epsilon: f64,
    /// Delta.
    pub delta: f64,
    /// The ledger's file.
    pub ledger: PathBuf,
    /// The ledger's account: the registered DAO. The DAO's own id where not given.
    pub account: Option<String>,
    /// Noise from a seed, for tests. The twin then carries no privacy claim.
    pub test_noise: Option<Seed>,
}

/// How to fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FitOptions {
    /// Drives everything but privacy noise.
    pub seed: Seed,
    /// The DAO to learn, where the History holds several; all of them where not given.
    pub dao: Option<String>,
    /// The guarantee; none where not given.
    pub privacy: Option<PrivacyOptions>,
    /// Models of tables that draw parts of the History, as (part, model): `votes`, `mixture`. What is not named
    /// is drawn as the synthesizer finds best.
    pub parts: Vec<(String, String)>,
}

/// How much to sample, and under which conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleOptions {
    /// Drives every draw.
    pub seed: Seed,
    /// Members with a vote; the learned DAO's own number where not given.
    pub members: Option<u64>,
    /// Proposals; the learned DAO's own number where not given.
    pub proposals: Option<u64>,
    /// Shifts of what the twin learned, by name: `turnout=2`, `power_exponent=1.2`, `category=grant`.
    pub conditions: Vec<(String, String)>,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { seed: Seed(0), members: None, proposals: None, conditions: Vec::new() }
    }
}

/// A kind of model. One folder and one line in the registry of the `generators` room.
pub trait Synthesizer: Sync {
    /// The stable name users give to `--model`.
    fn name(&self) -> &'static str;

    /// What it is for, where it comes from, and its limits.
    fn card(&self) -> Card;

    /// Learns from a History.
    ///
    /// # Errors
    /// Input, limits, cancellation, and for private fits the budget.
    fn fit(&self, history: &History, options: &FitOptions, run: &Run) -> Result<Box<dyn Fitted>, Failure>;

    /// Reads what [`Fitted::save`] wrote. The files are untrusted input.
    ///
    /// # Errors
    /// Input and limits.
    fn load(&self, folder: &Path, run: &Run) -> Result<Box<dyn Fitted>, Failure>;
}

/// How large a DAO is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Members with a vote.
    pub members: u64,
    /// Proposals.
    pub proposals: u64,
}

/// A model that has learned.
pub trait Fitted: Send + Sync {
    /// The size that [`Fitted::sample`] gives where none is asked for; of a private model, what the model
    /// paid to know.
    fn size(&self) -> Size;

    /// Samples a History in memory.
    ///
    /// # Errors
    /// Conditions that do not exist, limits, cancellation.
    fn sample(&self, options: &SampleOptions, run: &Run) -> Result<History, Failure>;

    /// Samples into a new History folder in memory that does not grow with the number of votes; the rows
    /// are those of [`Fitted::sample`].
    ///
    /// # Errors
    /// As [`Fitted::sample`], and I/O.
    fn sample_to(&self, folder: &Path, options: &SampleOptions, run: &Run) -> Result<Manifest, Failure>;

    /// Writes the model as a new folder: whole or not at all.
    ///
    /// # Errors
    /// I/O; the folder exists.
    fn save(&self, folder: &Path) -> Result<(), Failure>;
}
