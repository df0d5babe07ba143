//! What an attack on governance takes: capital, time, luck with who votes, and which rule of the contracts ends it.
//!
//! Everything is measured by running the attack on the bytecode again: with less money, with members who vote, with another
//! rule. A rule counts as an end only where waiting longer does not help and a new search finds nothing of the kind.

mod remedy;
mod scene;
mod turnout;

#[cfg(test)]
mod test;

use alloy_primitives::{Address, U256};
use daotwin_core::random::Seed;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::chain::Machine;
use crate::finding::Finding;
use crate::oracle::{self, Facts};
use crate::shrink::Shrunk;
use crate::words::units;
use crate::world::World;
use scene::Scene;

/// How exactly capital is told: to one part in so many.
const EXACT: u64 = 64;

/// What an attack on governance takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The least that the attacker must own of each asset, at most 1/64 too much; assets that are not needed are left out.
    pub capital: Vec<Amount>,
    /// What that is worth, in wei, where every asset of it has a price.
    pub worth: Option<f64>,
    /// What is borrowed and paid back within one transaction.
    pub borrowed: Vec<Amount>,
    /// Seconds from the first call to the last.
    pub seconds: u64,
    /// How often it works when members vote as the scenario says; none where the scenario says nothing of turnout.
    pub success: Option<Success>,
    /// Rules of the contracts that end it when they are changed alone, the smallest change first.
    pub remedies: Vec<Remedy>,
    /// Rules that were tried.
    pub rules: usize,
}

/// So much of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Its name.
    pub asset: String,
    /// The token; none is ether.
    pub token: Option<Address>,
    /// How much, in the smallest unit.
    pub amount: U256,
    /// Digits after the point of one.
    pub decimals: u8,
}

/// How often an attack works.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// Draws of who votes.
    pub trials: u64,
    /// Those in which it works with what the attacker has in the scenario.
    pub successes: u64,
    /// The Clopper-Pearson interval of that share, 95 %.
    pub interval: (f64, f64),
    /// Those in which it works with the least capital.
    pub with_least: u64,
    /// The interval of that.
    pub interval_with_least: (f64, f64),
    /// Whether members could vote against it: else nothing but their staying away counts.
    pub opposed: bool,
}

/// A rule whose change alone ends an attack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// The contract.
    pub contract: String,
    /// The getter of the rule.
    pub rule: String,
    /// What it is.
    pub from: U256,
    /// What ends it: the nearest such value that was found, at most 1/64 too far away.
    pub to: U256,
    /// Calls of the search that found no such attack with the new value.
    pub searched: u64,
}

/// Prices attacks on governance: of every other finding nothing is told.
///
/// The same for the same input. Cost: some ten thousand runs of each attack, a second or two.
///
/// # Errors
/// A defect of the interpreter.
pub fn price(world: &World, findings: &mut [Shrunk], seed: Seed) -> Result<()> {
    let mut machine = Machine::new(world.fork);
    let facts = Facts::new(world, &mut machine)?;
    for shrunk in findings {
        shrunk.cost = of(world, &facts, &shrunk.finding, seed, &mut machine)?;
    }
    Ok(())
}

/// What an attack takes; none where it is none on governance, or does not hold.
///
/// # Errors
/// A defect of the interpreter.
pub fn of(
    world: &World,
    facts: &Facts,
    finding: &Finding,
    seed: Seed,
    machine: &mut Machine,
) -> Result<Option<Cost>> {
    let governs = |step: &crate::Step| {
        facts.is_governance(step.to) || step.inner.iter().any(|inner| facts.is_governance(inner.to))
    };
    if !GOVERNANCE.contains(&finding.oracle) || !finding.steps.iter().any(governs) {
        return Ok(None);
    }
    let Some(mut scene) = Scene::new(world, facts, finding, machine)? else { return Ok(None) };
    let least = scene.least()?;
    let held = scene.held();
    let mut capital = Vec::new();
    let mut worth = Some(0.0);
    for (asset, amount) in scene.assets.iter().zip(&least) {
        if amount.is_zero() {
            continue;
        }
        let one = asset.amount(*amount);
        worth = worth.zip(asset.worth).map(|(sum, worth)| sum + worth * f64::from(*amount));
        match capital.iter_mut().find(|other: &&mut Amount| other.token == one.token) {
            Some(other) => other.amount += one.amount,
            None => capital.push(one),
        }
    }
    let borrowed = scene.borrowed()?;
    let success = scene.success(&held, &least, seed)?;
    let (remedies, rules) = scene.remedies(seed)?;
    let seconds = finding.steps.iter().skip(1).map(|step| step.wait.seconds).sum();
    Ok(Some(Cost { capital, worth, borrowed, seconds, success, remedies, rules }))
}

/// Oracles of attacks on how a DAO decides.
const GOVERNANCE: [&str; 9] = [
    "takeover",
    "quorum-bypass",
    "timelock-bypass",
    "double-vote",
    "flash-vote",
    "proposal-mutation",
    "parameter-capture",
    "veto-loss",
    "unprotected-delegatecall",
];

impl Cost {
    /// What it takes, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let list = |amounts: &[Amount]| {
            let parts: Vec<String> = amounts
                .iter()
                .map(|amount| format!("{} {}", units(amount.amount, amount.decimals), amount.asset))
                .collect();
            parts.join(" and ")
        };
        let mut sentences = Vec::new();
        let worth = self.worth.filter(|worth| *worth > 0.0);
        let worth = worth.map_or_else(String::new, |worth| format!(", worth {}", oracle::ether(worth)));
        sentences.push(if self.capital.is_empty() {
            "Takes no capital of its own.".to_owned()
        } else {
            format!("Takes {} of its own{worth}.", list(&self.capital))
        });
        if !self.borrowed.is_empty() {
            sentences.push(format!("Borrows {} for one transaction.", list(&self.borrowed)));
        }
        let wait = crate::words::wait(crate::Wait { blocks: 0, seconds: self.seconds });
        sentences.push(match self.seconds {
            0 => "Takes no time.".to_owned(),
            _ => format!("Takes {wait}."),
        });
        if let Some(success) = self.success {
            let share = |successes: u64, (low, high): (f64, f64)| {
                format!(
                    "{:.1} % ({:.1} to {:.1}, 95 %)",
                    100.0 * successes as f64 / success.trials.max(1) as f64,
                    100.0 * low,
                    100.0 * high
                )
            };
            sentences.push(format!(
                "Works in {} of draws of who votes, and with the least capital in {}{}.",
                share(success.successes, success.interval),
                share(success.with_least, success.interval_with_least),
                if success.opposed { "" } else { "; there is no vote against it" }
            ));
        }
        match self.remedies.first() {
            Some(remedy) => sentences.push(format!(
                "Ends with `{}` of `{}` at {} instead of {}: a search of {} calls finds nothing of the kind then.",
                remedy.rule, remedy.contract, remedy.to, remedy.from, remedy.searched
            )),
            None => sentences.push(format!(
                "No rule of the contracts ends it alone ({} tried).",
                self.rules
            )),
        }
        sentences
    }
}
