//! The models of graphs that users can name.

use super::Model;
use crate::{Error, Result};

/// Every model, in the order in which they are listed.
pub const MODELS: &[&dyn Model] = &[
    &super::barabasi_albert::BarabasiAlbert,
    &super::holme_kim::HolmeKim,
    &super::watts_strogatz::WattsStrogatz,
    &super::configuration::Configuration,
    &super::block_model::BlockModel,
    &super::bipartite::Bipartite,
];

/// The model with this name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<&'static dyn Model> {
    MODELS.iter().copied().find(|model| model.name() == name).ok_or_else(|| Error::Unknown {
        what: "model of graphs",
        name: name.to_owned(),
        known: MODELS.iter().map(|model| format!("`{}`", model.name())).collect::<Vec<_>>().join(", "),
    })
}
