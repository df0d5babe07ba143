//! The policies that users can name.

use super::Policy;
use crate::{Error, Result};

/// Every policy, in the order in which they are listed.
pub const POLICIES: &[&dyn Policy] = &[
    // What is written.
    &super::rate_limit::RateLimit::DEFAULT,
    &super::link_quarantine::LinkQuarantine::DEFAULT,
    &super::two_person_announcements::TwoPersonAnnouncements::DEFAULT,
    &super::reputation_gate::ReputationGate::DEFAULT,
    // Votes.
    &super::delegate_cool_down::DelegateCoolDown::DEFAULT,
    // People.
    &super::member_alerts::MemberAlerts::DEFAULT,
    // Payments.
    &super::payee_confirmation::PayeeConfirmation::DEFAULT,
    &super::funding_screen::FundingScreen::DEFAULT,
];

/// The policy with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Policy> {
    POLICIES.iter().copied().find(|policy| policy.name() == name).ok_or_else(|| {
        let known: Vec<String> = POLICIES.iter().map(|policy| format!("`{}`", policy.name())).collect();
        Error::Unknown { what: "policy", name: name.to_owned(), known: known.join(", ") }
    })
}
