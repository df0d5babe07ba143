//! What helps against attacks: policies simulated on streams with a campaign written in, their harm avoided beside the friction
//! that they cause to honest members, with paired intervals.
//!
//! A policy sees what a community's tools see (who writes, how old the account is, links, channels, first payments) and holds,
//! refuses or lets pass every act, honest or not, by one rule; that is where friction comes from. Where people look at what was
//! held, they mostly see what it is (the policy says how often). What harm is left follows from the acts that remain: a
//! member's loss needs its lure, its payment and a victim that is not warned; a decision needs support above what opposes it.
//!
//! Policies are one line each in [`registry::POLICIES`]; [`trial::run`] plays campaigns against all of them and sets of them,
//! [`recommend`] says what to do in a community.

mod delegate_cool_down;
mod funding_screen;
mod link_quarantine;
mod member_alerts;
mod payee_confirmation;
mod rate_limit;
mod recommend;
pub mod registry;
mod reputation_gate;
pub mod scene;
mod stand_in;
#[cfg(test)]
mod test;
pub mod trial;
mod two_person_announcements;

use daotwin_core::Seed;

use crate::attack::Parameters;

pub use recommend::{Recommendation, TOLERANCE, recommend};
pub use registry::POLICIES;
pub use scene::Scene;
pub use stand_in::StandIns;
pub use trial::{Interval, Trials};

/// A hold without end: the act is refused.
pub const NEVER: i64 = i64::MAX;

/// What a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// What it does, in a sentence.
    pub purpose: &'static str,
    /// What somebody has to set up, for the recommendation.
    pub how: &'static str,
    /// Attacks by name that it is made for.
    pub against: &'static [&'static str],
    /// Attacks by name that it cannot touch: controls, against which it must avoid nothing.
    pub blind_to: &'static [&'static str],
    /// Where it and its numbers come from; what is judged says so.
    pub source: &'static str,
    /// Where not to use it.
    pub limits: &'static str,
}

/// A policy. One file and one line in [`registry::POLICIES`].
pub trait Policy: Sync + std::fmt::Debug {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// What it does to every act of a stream. Deterministic in scene and seed.
    fn respond(&self, scene: &Scene<'_>, seed: Seed) -> Response;

    /// How an attacker who knows of it changes its campaign.
    fn provoke(&self, _parameters: &mut Parameters) {}
}

/// What policies do to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Of each message, for how many seconds it is held; 0 passes, [`NEVER`] is refused.
    pub messages: Vec<i64>,
    /// Of each transfer, the same.
    pub transfers: Vec<i64>,
    /// Of each account, when it is warned, in Unix seconds; [`NEVER`] where it is not.
    pub warned: Vec<i64>,
    /// Notices of false alarms that honest members read.
    pub notices: u64,
}

impl Response {
    /// Everything passes.
    pub fn nothing(scene: &Scene<'_>) -> Self {
        Self {
            messages: vec![0; scene.stream.messages.len()],
            transfers: vec![0; scene.stream.transfers.len()],
            warned: vec![NEVER; scene.stream.accounts.len()],
            notices: 0,
        }
    }
}
