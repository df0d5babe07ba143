//! The twin with each model of tables that can draw its parts, under the same checks as every synthesizer.

use std::path::Path;

use daotwin_core::Run;
use daotwin_generators::registry;
use daotwin_generators::twin::Twin;
use daotwin_history::History;
use daotwin_history::synthesizer::{Card, Failure, FitOptions, Fitted, Synthesizer};

/// A twin whose parts are all drawn by the named model.
#[derive(Debug)]
pub(crate) struct Parted(pub(crate) &'static str);

pub(crate) static FOREST: Parted = Parted("twin+forest");
pub(crate) static MIXTURE: Parted = Parted("twin+mixture");
pub(crate) static AUTOREGRESSIVE: Parted = Parted("twin+autoregressive");

impl Synthesizer for Parted {
    fn name(&self) -> &'static str {
        Twin.name()
    }

    fn card(&self) -> Card {
        Twin.card()
    }

    fn fit(&self, history: &History, options: &FitOptions, run: &Run) -> Result<Box<dyn Fitted>, Failure> {
        let (model, parts) = registry::find_with_parts(self.0).unwrap();
        model.fit(history, &FitOptions { parts, ..options.clone() }, run)
    }

    fn load(&self, folder: &Path, run: &Run) -> Result<Box<dyn Fitted>, Failure> {
        Twin.load(folder, run)
    }
}
