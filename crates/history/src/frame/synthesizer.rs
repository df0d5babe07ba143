//! What a synthesizer of tables is: something that learns from a frame and samples new rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daotwin_core::{Run, Seed, Stream};

use super::{Column, Frame};
use crate::synthesizer::{Failure, PrivacyOptions};

/// What a synthesizer of tables says of itself. A registered one without these does not pass the tests.
#[derive(Debug, Clone, Copy)]
pub struct TableCard {
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// The papers or documents it follows.
    pub source: &'static str,
    /// Where it should not be used.
    pub limits: &'static str,
    /// What a private fit guarantees and how; none where there is no private fit.
    pub privacy: Option<&'static str>,
    /// The settings it knows, each with its default and what it does.
    pub settings: &'static [Setting],
    /// Peak memory of a fit in bytes a cell, beyond the frame itself and a fixed 64 MiB.
    pub bytes_per_cell: u64,
}

/// A number that steers a fit.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value where not given.
    pub default: f64,
    /// The least and greatest value allowed.
    pub bounds: (f64, f64),
    /// What it does, in a sentence.
    pub purpose: &'static str,
}

/// How to fit a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableFitOptions {
    /// Drives everything but privacy noise.
    pub seed: Seed,
    /// The guarantee; none where not given. It is for all rows of a member where the frame says whose they are
    /// ([`Frame::with_members`](super::Frame::with_members)), else for a row.
    pub privacy: Option<PrivacyOptions>,
    /// Settings that differ from their default, by name; checked by [`TableFitOptions::settings`].
    pub settings: Vec<(String, f64)>,
    /// Where a long fit keeps what it has learned so far, to go on from after an interruption.
    pub checkpoint: Option<PathBuf>,
}

impl TableFitOptions {
    /// The value of every setting of a card, in its order.
    ///
    /// # Errors
    /// One message a setting that is not known or out of its bounds.
    pub fn settings(&self, card: &TableCard) -> Result<Vec<f64>, Vec<String>> {
        let known = || {
            card.settings.iter().map(|setting| format!("`{}`", setting.name)).collect::<Vec<_>>().join(", ")
        };
        let mut problems = Vec::new();
        for (name, value) in &self.settings {
            match card.settings.iter().find(|setting| setting.name == name) {
                None => problems.push(format!("setting `{name}` is not known; known are {}", known())),
                Some(Setting { bounds: (low, high), .. }) if !(low..=high).contains(&value) => {
                    problems.push(format!("setting `{name}` is {value}; allowed is {low} to {high}"));
                }
                Some(_) => {}
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let given = |name: &str| self.settings.iter().rev().find(|(known, _)| known == name);
        let value = |setting: &Setting| given(setting.name).map_or(setting.default, |(_, value)| *value);
        Ok(card.settings.iter().map(value).collect())
    }
}

/// What a sampled row must hold in one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// This label; [`super::MISSING`] asks for a missing one.
    Code(u32),
    /// A number in this closed range; equal ends ask for one value, NaN ends for a missing one.
    Range(f64, f64),
}

/// Conditions on columns, by place; a column stands here at most once.
pub type Conditions = Vec<(usize, Condition)>;

/// A kind of model of tables. One folder and one line in the registry of the `generators` room.
pub trait TableSynthesizer: Sync {
    /// The stable name users give to `--model`.
    fn name(&self) -> &'static str;

    /// What it is for, where it comes from, and its limits.
    fn card(&self) -> TableCard;

    /// Learns from a frame. Deterministic for a seed on any number of threads, privacy noise excepted.
    ///
    /// # Errors
    /// Settings, limits, cancellation, and for private fits the budget.
    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> Result<Box<dyn FittedTable>, Failure>;

    /// Reads what [`FittedTable::save`] wrote. The files are untrusted input.
    ///
    /// # Errors
    /// Input and limits.
    fn load(&self, folder: &Path, run: &Run) -> Result<Box<dyn FittedTable>, Failure>;
}

/// A model that has learned a table.
pub trait FittedTable: Send + Sync {
    /// The columns it samples, in order.
    fn columns(&self) -> &Arc<[Column]>;

    /// How many rows it learned from; of a private model, what it paid to know.
    fn rows(&self) -> u64;

    /// How many rows one call of [`FittedTable::sample_block`] should draw at most: fewer where a row costs much, so
    /// that a long sample stops within a second when asked. Part of what a seed means: another number gives other
    /// rows.
    fn block_rows(&self) -> u64 {
        8_192
    }

    /// Draws a block of rows, each independent of the others, that meet the conditions.
    ///
    /// # Errors
    /// Conditions that no row of the model meets.
    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> Result<Frame, Failure>;

    /// The natural logarithm of each row's density (probability for labels), where the model knows it.
    fn log_density(&self, _frame: &Frame) -> Option<Vec<f64>> {
        None
    }

    /// The frame with every missing value drawn given the other values of its row, where the model can: a frame
    /// of the model's own columns. Values that are there stay as they are.
    fn impute(&self, _frame: &Frame, _stream: &mut Stream) -> Option<Frame> {
        None
    }

    /// Writes the model as a new folder: whole or not at all.
    ///
    /// # Errors
    /// I/O; the folder exists.
    fn save(&self, folder: &Path) -> Result<(), Failure>;
}
