//! The incidents that users can name.

use super::Incident;
use crate::{Error, Result};

/// Every incident, by date.
pub const INCIDENTS: &[&dyn Incident] = &[
    &super::build_finance::BuildFinance,
    &super::beanstalk::Beanstalk,
    &super::mango::Mango,
    &super::rook::Rook,
    &super::aragon::Aragon,
    &super::tornado_cash::TornadoCash,
    &super::nouns_fork::NounsFork,
    &super::synthetify::Synthetify,
    &super::indexed::Indexed,
    &super::compound_289::Compound289,
    &super::lobbyfi::LobbyFi,
];

/// The incident with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Incident> {
    INCIDENTS.iter().copied().find(|incident| incident.name() == name).ok_or_else(|| {
        let known: Vec<String> = INCIDENTS.iter().map(|incident| format!("`{}`", incident.name())).collect();
        Error::Unknown { what: "incident", name: name.to_owned(), known: known.join(", ") }
    })
}
