//! The market models that users can name.

#[cfg(test)]
mod test;

use super::MarketModel;
use crate::{Error, Result};

/// Every model, in the order in which they are listed.
pub const MARKET_MODELS: &[&dyn MarketModel] = &[
    &super::gbm::Gbm,
    &super::merton::Merton,
    &super::kou::Kou,
    &super::garch::GARCH,
    &super::garch::GJR,
    &super::regime::Regime,
    &super::bootstrap::Bootstrap,
    &super::t_copula::StudentCopula,
    &super::vine::VineCopula,
    &super::learned::COPULA,
    &super::learned::TREES,
];

/// The model with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn MarketModel> {
    MARKET_MODELS.iter().copied().find(|model| model.name() == name).ok_or_else(|| {
        let known: Vec<String> = MARKET_MODELS.iter().map(|model| format!("`{}`", model.name())).collect();
        Error::Unknown { what: "market model", name: name.to_owned(), known: known.join(", ") }
    })
}
