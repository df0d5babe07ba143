//! The models of contagion that users can name.

use super::Model;
use crate::{Error, Result};

/// Every model, in the order in which they are listed.
pub const MODELS: &[&dyn Model] = &[
    &super::IndependentCascade,
    &super::LinearThreshold,
    &super::ComplexContagion { needed: 2 },
    &super::Rumour { heeded: 0.5, corrected: 1.0 },
];

/// The model with this name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<&'static dyn Model> {
    MODELS.iter().copied().find(|model| model.name() == name).ok_or_else(|| Error::Unknown {
        what: "model of contagion",
        name: name.to_owned(),
        known: MODELS.iter().map(|model| format!("`{}`", model.name())).collect::<Vec<_>>().join(", "),
    })
}
