//! The synthesizers of tables that users can name.

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{FittedTable, TableSynthesizer};
use daotwin_history::synthesizer::{Failure, PrivacyOptions};

use super::files;
use crate::error::Error;

/// Every synthesizer of tables, in the order in which they are listed.
pub const TABLE_SYNTHESIZERS: &[&dyn TableSynthesizer] = &[
    &super::independent::Independent,
    &super::trees::Trees,
    &super::forest::Forest,
    &super::mixture::Mixture,
    &super::copula::Copula,
    &super::marginals::Mst,
    &super::marginals::Aim,
    &super::marginals::AimGrem,
    &super::autoregressive::Autoregressive,
    &super::vae::Vae,
    &super::gan::Gan,
    &super::diffusion::Diffusion,
    &super::diffusion::TabDdpm,
];

/// The synthesizer with this name.
pub fn find(name: &str) -> Option<&'static dyn TableSynthesizer> {
    TABLE_SYNTHESIZERS.iter().copied().find(|synthesizer| synthesizer.name() == name)
}

/// Reads a model's folder, whichever model it holds.
///
/// # Errors
/// A folder that is no model of a table, and the errors of that model's own reader.
pub fn load(folder: &Path, run: &Run) -> Result<Box<dyn FittedTable>, Failure> {
    let model = files::read_manifest(folder, run)?.synthesizer;
    let known = || Error::NotATable {
        path: folder.to_path_buf(),
        reason: "its manifest names a `synthesizer` that is not known".to_owned(),
    };
    let inner = find(&model).ok_or_else(known)?.load(folder, run)?;
    super::constrained::wrap(folder, inner, run)
}

/// The model for a table where the user names none, and why it.
pub fn choose(
    _frame: &Frame,
    privacy: Option<&PrivacyOptions>,
) -> (&'static dyn TableSynthesizer, &'static str) {
    if privacy.is_some() {
        return (&super::marginals::Aim, "of the private models it keeps most relations for a budget");
    }
    (
        &super::trees::Trees,
        "without a guarantee to keep, sequential trees are closest to the table and fit in seconds",
    )
}
