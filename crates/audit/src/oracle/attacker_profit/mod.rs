//! Attackers end with more than they had.

use super::evidence::{ether, replay};
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};
use crate::sequence::Step;

/// Gains below this are nobody's attack, in wei.
const LEAST: f64 = 1e15;
/// The share of what a contract holds that a reward may be of.
const REWARD: f64 = 0.1;

pub(super) struct AttackerProfit;

static CARD: Card = Card {
    name: "attacker-profit",
    about: "attackers take ether or tokens that are not theirs",
    rule: "by their own calls alone attackers end with more ether and priced tokens than they had and than was theirs by right, \
           not as pay for time that passes, and not as a small reward that anybody may have once",
    source: "L. Zhou et al., On the Just-In-Time Discovery of Profit-Generating Transactions in DeFi Protocols, IEEE S&P 2021; \
             C. Shou, S. Tan, K. Sen, ItyFuzz, ISSTA 2023, section 4",
    limits: "sees only ether and tokens with a price in the scenario; a price that the scenario sets wrong is a profit",
};

impl AttackerProfit {
    /// Whether the same calls with twice the time between them earn more: interest and wages are no attack.
    fn for_time(look: &Look<'_>, gain: f64, probe: &mut Machine) -> Result<bool> {
        let mut steps = look.steps();
        if steps.iter().all(|step| step.wait.is_none()) {
            return Ok(false);
        }
        for step in &mut steps {
            step.wait.blocks *= 2;
            step.wait.seconds *= 2;
        }
        let states = replay(probe, &look.world.state, &steps)?;
        let Some(last) = states.get(steps.len()) else { return Ok(false) };
        Ok(look.facts.wealth_on(last, probe)? - look.facts.wealth > gain * 1.25)
    }

    /// Whether it is a reward: a stranger who makes the last call in the attacker's place gets it too, it is a small part of
    /// what the contract holds, and there is none for the same call again.
    fn reward(look: &Look<'_>, gain: f64, probe: &mut Machine) -> Result<bool> {
        if look.after.code(look.step.sender) != look.before.code(look.step.sender)
            || !look.step.inner.is_empty()
        {
            return Ok(false);
        }
        let held = look.facts.wealth_of(look.step.to, look.before, probe)?;
        if held <= 0.0 || gain > held * REWARD {
            return Ok(false);
        }
        let stranger = super::facts::NOBODY;
        let step = Step { sender: stranger, wait: crate::sequence::Wait::default(), ..look.step.clone() };
        let ran = step.run(probe, look.before)?;
        if !ran.outcome.success() {
            return Ok(false);
        }
        let after = ran.after(&step);
        if look.facts.wealth_of(stranger, &after, probe)? < gain * 0.9 {
            return Ok(false);
        }
        let again = Step { wait: crate::sequence::Wait::default(), ..look.step.clone() };
        let ran = again.run(probe, look.after)?;
        if !ran.outcome.success() {
            return Ok(true);
        }
        let after = ran.after(&again);
        let more = look.facts.wealth_on(&after, probe)? - look.facts.wealth_on(look.after, probe)?;
        Ok(more < gain * 0.1)
    }
}

impl Oracle for AttackerProfit {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::ETHER.and(Signs::BALANCE)
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let wealth = look.facts.wealth_on(look.after, probe)?;
        let gain = wealth - look.facts.wealth - look.facts.entitled;
        if gain < LEAST
            || gain <= look.facts.wealth * 1e-9
            || wealth <= look.facts.wealth_on(look.before, probe)?
            || !look.attack()
            || Self::for_time(look, gain, probe)?
            || Self::reward(look, gain, probe)?
        {
            return Ok(Vec::new());
        }
        let effects = look.gains(probe)?;
        let worthy = |effect: &Effect| match effect {
            Effect::TokenGained { token, .. } => {
                look.facts.token(*token).is_some_and(|token| token.worth.is_some())
            }
            _ => true,
        };
        let effects = effects.into_iter().filter(worthy).collect();
        let (place, loss) = look.loser(probe)?;
        let impact = if loss >= 0.5 { Impact::Critical } else { Impact::High };
        let title = format!("attackers gain {}", ether(gain));
        let place = (place.unwrap_or(look.step.to), look.function());
        look.finding(&CARD, place, (impact, Confidence::High), title, effects, probe)
    }
}
