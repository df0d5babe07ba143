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
use daotwin_history::frame::synthesizer::{TableFitOptions, TableSynthesizer};

use crate::error::{Error, Result};

/// What every fit begins with: the values of the model's settings, in its card's order.
///
/// # Errors
/// A table without rows or columns; settings that are not known or out of their bounds; a private fit of a
/// model that has none.
pub(crate) fn begin(
    model: &dyn TableSynthesizer,
    frame: &Frame,
    options: &TableFitOptions,
) -> Result<Vec<f64>> {
    let card = model.card();
    let (settings, mut problems) = match options.settings(&card) {
        Ok(settings) => (settings, Vec::new()),
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
    Ok(settings)
}
