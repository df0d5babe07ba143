//! Synthesizers of flat tables.
//!
//! [`registry`] lists them; [`sample`] draws rows of any of them in parallel blocks, so that the rows depend on
//! the seed and never on the number of threads. One model is one folder and one line in the registry.

pub mod autoregressive;
pub mod checkpoint;
pub mod conditions;
pub mod constrained;
pub mod copula;
mod deep;
pub mod diffusion;
mod dpsgd;
pub mod files;
pub mod forest;
pub mod gan;
pub mod independent;
pub mod marginals;
pub mod mixture;
mod private;
pub mod registry;
pub mod sample;
pub mod sequences;
pub mod trees;
pub mod vae;

pub use sample::{sample, sample_to};

use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{Setting, TableFitOptions, TableSynthesizer};

use crate::error::{Error, Result};

/// A setting of a card.
pub(crate) const fn setting(
    name: &'static str,
    default: f64,
    bounds: (f64, f64),
    purpose: &'static str,
) -> Setting {
    Setting { name, default, bounds, purpose }
}

/// The values of a model's settings, by name.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    settings: &'static [Setting],
    /// In the order of the card.
    pub values: Vec<f64>,
    pub options: &'a TableFitOptions,
}

impl Given<'_> {
    /// A setting's value; 0 of a setting that the card does not have.
    pub(crate) fn get(&self, name: &str) -> f64 {
        let place = self.settings.iter().position(|setting| setting.name == name);
        place.and_then(|place| self.values.get(place)).copied().unwrap_or_default()
    }

    /// A setting's value of a private fit, which has a default of its own.
    pub(crate) fn private(&self, name: &str, default: f64) -> f64 {
        let asked = self.options.settings.iter().any(|(given, _)| given == name);
        if asked { self.get(name) } else { default }
    }
}

/// What every fit begins with: the values of the model's settings.
///
/// # Errors
/// A table without rows or columns; settings that are not known or out of their bounds; a private fit of a
/// model that has none.
pub(crate) fn begin<'a>(
    model: &dyn TableSynthesizer,
    frame: &Frame,
    options: &'a TableFitOptions,
) -> Result<Given<'a>> {
    let card = model.card();
    let (values, mut problems) = match options.settings(&card) {
        Ok(values) => (values, Vec::new()),
        Err(problems) => (Vec::new(), problems),
    };
    if options.privacy.is_some() && card.privacy.is_none() {
        let name = model.name();
        problems.push(format!("model `{name}` has no private fit; `daotwin models` says which have one"));
    }
    if !problems.is_empty() {
        return Err(Error::Options { problems });
    }
    // How many rows there are is protected too: a private fit of none is noise like any other.
    if frame.columns().is_empty() || (frame.rows() == 0 && options.privacy.is_none()) {
        let what = if frame.columns().is_empty() { "column" } else { "row" };
        return Err(Error::Nothing(format!("the table has no {what} to learn from")));
    }
    Ok(Given { settings: card.settings, values, options })
}

/// Lets so many columns and rows at most into a fit.
///
/// # Errors
/// There are more.
pub(crate) fn at_most(name: &str, frame: &Frame, columns: usize, rows: usize) -> Result<()> {
    if frame.columns().len() <= columns && frame.rows() <= rows {
        return Ok(());
    }
    let what = format!(
        "model `{name}` takes at most {columns} columns and {rows} rows; take fewer, or draw a sample of the rows"
    );
    Err(Error::Options { problems: vec![what] })
}
