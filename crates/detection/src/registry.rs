//! The detectors that users can name.

use crate::detector::Method;
use crate::{Error, Result};

/// Every method, in the order in which they are listed: from rules to what learns most.
pub const METHODS: &[&dyn Method] = &[
    &crate::velocity::Velocity,
    &crate::midas::Midas,
    &crate::hawkes::Hawkes,
    &crate::memory::Memory,
    &crate::text::Text,
    &crate::boosting::Boosting,
];

/// The method with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Method> {
    METHODS.iter().copied().find(|method| method.name() == name).ok_or_else(|| {
        let known: Vec<String> = METHODS.iter().map(|method| format!("`{}`", method.name())).collect();
        Error::Unknown { what: "detector", name: name.to_owned(), known: known.join(", ") }
    })
}

#[cfg(test)]
mod test;
