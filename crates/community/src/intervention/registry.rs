//! The interventions that users can name.

use super::{Deliberation, Intervention, Moderation, Onboarding, Recognition};
use crate::{Error, Result};

/// Every intervention, in the order in which they are listed.
pub const INTERVENTIONS: &[&dyn Intervention] = &[&Onboarding, &Recognition, &Moderation, &Deliberation];

/// The intervention with this name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<&'static dyn Intervention> {
    INTERVENTIONS.iter().copied().find(|known| known.name() == name).ok_or_else(|| Error::Unknown {
        what: "intervention",
        name: name.to_owned(),
        known: INTERVENTIONS.iter().map(|known| format!("`{}`", known.name())).collect::<Vec<_>>().join(", "),
    })
}
