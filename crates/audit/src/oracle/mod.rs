//! Oracles: what tells that something went wrong.
//!
//! One folder and one line in [`all`] an oracle. An oracle looks at a step that went well, with its trace and the states
//! around it, and says what harm it sees, as a [`Finding`] with effects that can be checked without it. Rules are about
//! contracts in general; none knows a name of a contract.
//!
//! What oracles must know of a world is gathered once, in [`Facts`]; what stands out in a step, once a step, in [`Signs`].

mod access_control;
mod arbitrary_call;
mod attacker_profit;
mod denial_of_service;
mod double_vote;
mod erc20_laws;
mod erc4626_laws;
mod erc721_laws;
mod evidence;
pub mod facts;
mod flash_vote;
mod front_running;
mod gas_growth;
mod ownership_takeover;
mod parameter_capture;
mod price_manipulation;
mod proposal_denial;
mod proposal_mutation;
mod quorum_bypass;
mod randomness;
mod reentrancy;
mod signs;
mod stuck_funds;
mod takeover;
mod timelock_bypass;
mod timestamp_dependence;
mod tx_origin;
mod unchecked_call;
mod unprotected_delegatecall;
mod unprotected_selfdestruct;
mod user_invariant;
mod veto_loss;
mod wrapped_arithmetic;

#[cfg(test)]
mod drive;
#[cfg(test)]
mod exploits;
#[cfg(test)]
mod test;

use std::sync::Arc;

pub(crate) use evidence::exchange;
pub use facts::Facts;
pub use signs::Signs;

use crate::Result;
use crate::chain::{Machine, Outcome, State, Trace};
use crate::finding::{Effect, Finding};
use crate::sequence::Step;
use crate::world::World;

/// What there is to say about an oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// The name, as findings and options have it.
    pub name: &'static str,
    /// What goes wrong, in a sentence.
    pub about: &'static str,
    /// When it speaks, in words.
    pub rule: &'static str,
    /// Where the rule or the weakness is described.
    pub source: &'static str,
    /// What it does not see, and when it may be wrong.
    pub limits: &'static str,
}

/// A step that went well, and all around it.
#[derive(Debug, Clone, Copy)]
pub struct Look<'l> {
    /// The world that the search began in.
    pub world: &'l World,
    /// What is known of it.
    pub facts: &'l Facts,
    /// The steps before, from the first state on.
    pub path: &'l [Step],
    /// The step.
    pub step: &'l Step,
    /// The state that the call began on, time having passed.
    pub before: &'l Arc<State>,
    /// The state afterwards.
    pub after: &'l Arc<State>,
    /// What came of it.
    pub outcome: &'l Outcome,
    /// What it did on its way.
    pub trace: &'l Trace,
    /// What stands out, of [`Signs::of`].
    pub signs: Signs,
}

impl Look<'_> {
    /// All steps, this one last.
    pub fn steps(&self) -> Vec<Step> {
        self.path.iter().chain([self.step]).cloned().collect()
    }
}

/// An oracle.
pub trait Oracle: Sync {
    /// What there is to say about it.
    fn card(&self) -> &'static Card;

    /// It is asked about steps with one of these signs only.
    fn signs(&self) -> Signs;

    /// Looks at a step that went well. Must be quick where nothing is wrong: it is asked some hundred thousand times a
    /// second. `probe` is a second machine for calls of its own.
    ///
    /// # Errors
    /// A defect of the interpreter.
    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let _ = (look, probe);
        Ok(Vec::new())
    }

    /// Looks at a step whose state the search keeps: some thousands in all, so that it may try things out.
    ///
    /// # Errors
    /// A defect of the interpreter.
    fn kept(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let _ = (look, probe);
        Ok(Vec::new())
    }

    /// Looks at a step that failed; `after` is `before`.
    ///
    /// # Errors
    /// A defect of the interpreter.
    fn refused(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let _ = (look, probe);
        Ok(Vec::new())
    }
}

/// All oracles.
pub fn all() -> Vec<&'static dyn Oracle> {
    vec![
        &attacker_profit::AttackerProfit,
        &takeover::Takeover,
        &flash_vote::FlashVote,
        &unprotected_delegatecall::UnprotectedDelegatecall,
        &unprotected_selfdestruct::UnprotectedSelfdestruct,
        &ownership_takeover::OwnershipTakeover,
        &access_control::AccessControl,
        &proposal_mutation::ProposalMutation,
        &parameter_capture::ParameterCapture,
        &reentrancy::Reentrancy,
        &unchecked_call::UncheckedCall,
        &erc4626_laws::Erc4626Laws,
        &stuck_funds::StuckFunds,
        &quorum_bypass::QuorumBypass,
        &timelock_bypass::TimelockBypass,
        &double_vote::DoubleVote,
        &user_invariant::UserInvariant,
        &arbitrary_call::ArbitraryCall,
        &tx_origin::TxOrigin,
        &wrapped_arithmetic::WrappedArithmetic,
        &timestamp_dependence::TimestampDependence,
        &randomness::Randomness,
        &front_running::FrontRunning,
        &price_manipulation::PriceManipulation,
        &erc20_laws::Erc20Laws,
        &erc721_laws::Erc721Laws,
        &denial_of_service::DenialOfService,
        &gas_growth::GasGrowth,
        &veto_loss::VetoLoss,
        &proposal_denial::ProposalDenial,
    ]
}

/// What oracles say of a step that went well.
///
/// # Errors
/// A defect of the interpreter.
pub fn step(oracles: &[&dyn Oracle], look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for oracle in oracles {
        if look.signs.any(oracle.signs()) {
            findings.extend(oracle.step(look, probe)?);
        }
    }
    Ok(findings)
}

/// What oracles say of a step whose state is kept.
///
/// # Errors
/// A defect of the interpreter.
pub fn kept(oracles: &[&dyn Oracle], look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for oracle in oracles {
        if look.signs.any(oracle.signs()) {
            findings.extend(oracle.kept(look, probe)?);
        }
    }
    Ok(findings)
}

/// What oracles say of a step that failed.
///
/// # Errors
/// A defect of the interpreter.
pub fn refused(oracles: &[&dyn Oracle], look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for oracle in oracles {
        findings.extend(oracle.refused(look, probe)?);
    }
    Ok(findings)
}

/// The oracles of these names; all where none is named.
///
/// # Errors
/// A name that none has.
pub fn named(names: &[String]) -> Result<Vec<&'static dyn Oracle>> {
    let all = all();
    if names.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        all.iter().find(|oracle| oracle.card().name == name).copied().ok_or_else(|| crate::Error::Unknown {
            what: "oracle",
            name: name.clone(),
            known: all.iter().map(|oracle| oracle.card().name).collect::<Vec<_>>().join("`, `"),
        })
    };
    names.iter().map(find).collect()
}

/// Those of a list of effects that hold after steps; what an oracle claims, it has seen.
///
/// # Errors
/// A defect of the interpreter.
pub fn holding(effects: Vec<Effect>, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Effect>> {
    let mut held = Vec::with_capacity(effects.len());
    for effect in effects {
        if effect.holds(probe, &look.world.state, look.after)? {
            held.push(effect);
        }
    }
    Ok(held)
}
