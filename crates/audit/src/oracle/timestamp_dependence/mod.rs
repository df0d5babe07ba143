//! The second in which a call is made decides who wins.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{Machine, State};
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct TimestampDependence;

static CARD: Card = Card {
    name: "timestamp-dependence",
    about: "attackers win or lose by the second in which they call",
    rule: "an attacker's call reads the time and pays the attacker ether; with the time moved by up to fifteen seconds and all \
           else the same it pays and does not pay in turns, changing more than once",
    source: "SWC-116, Block values as a proxy for time; L. Luu et al., Making Smart Contracts Smarter, CCS 2016",
    limits: "a single edge, as a deadline has, is no dependence; sees gains in ether alone",
};

/// Moves of the block that are tried.
const MOVES: u64 = 16;
/// Gains below this do not count, in wei.
const LEAST: u64 = 1_000_000_000_000_000;

impl Look<'_> {
    /// Whether the step pays the attacker, and pays and does not pay in turns as the block is moved.
    pub(super) fn wavers(&self, shift: impl Fn(&mut State, u64), probe: &mut Machine) -> Result<bool> {
        let who = self.step.sender;
        let least = alloy_primitives::U256::from(LEAST);
        let gain =
            |before: &State, after: &State| after.balance(who).saturating_sub(before.balance(who)) >= least;
        if !self.step.inner.is_empty() || !gain(self.before, self.after) || !self.attack() {
            return Ok(false);
        }
        let mut changes = 0;
        let mut last = true;
        for by in 1..=MOVES {
            let mut moved = (**self.before).clone();
            shift(&mut moved, by);
            let moved = std::sync::Arc::new(moved);
            let outcome = probe.run(&moved, &self.step.transaction())?;
            let wins = outcome.success() && gain(&moved, &outcome.after(&moved));
            changes += u32::from(wins != last);
            last = wins;
        }
        Ok(changes >= 2)
    }

    /// What the attacker has more than at first, in ether, as an effect.
    pub(super) fn won(&self) -> Vec<Effect> {
        let account = self.step.sender;
        let least = self.after.balance(account).saturating_sub(self.world.state.balance(account));
        if least.is_zero() { Vec::new() } else { vec![Effect::EtherGained { account, least }] }
    }
}

impl Oracle for TimestampDependence {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::TIME
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.signs.any(Signs::ETHER) || !look.trace.environment.time {
            return Ok(Vec::new());
        }
        if !look.wavers(|state, by| state.time += by, probe)? {
            return Ok(Vec::new());
        }
        let place = (look.step.to, look.function());
        let title = format!("`{}` of `{}` pays by the second", place.1, look.name(place.0));
        look.finding(&CARD, place, (Impact::Medium, Confidence::High), title, look.won(), probe)
    }
}
