//! The models of opinions that users can name.

use super::Model;
use crate::{Error, Result};

/// Every model, in the order in which they are listed.
pub const MODELS: &[&dyn Model] = &[
    &super::DeGroot { own: 0.5, rounds: 1_000 },
    &super::FriedkinJohnsen { open: 0.7, rounds: 1_000 },
    &super::Deffuant { bound: 0.5, pull: 0.5, meetings: 200 },
    &super::HegselmannKrause { bound: 0.4, rounds: 1_000 },
    &super::Voter { meetings: 200 },
];

/// The model with this name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<&'static dyn Model> {
    MODELS.iter().copied().find(|model| model.name() == name).ok_or_else(|| Error::Unknown {
        what: "model of opinions",
        name: name.to_owned(),
        known: MODELS.iter().map(|model| format!("`{}`", model.name())).collect::<Vec<_>>().join(", "),
    })
}
