//! What an audit finds.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};

use crate::Result;
use crate::chain::{Machine, State, Transaction};
use crate::puppet;
use crate::sequence::{Step, Wait};

/// How much harm is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// Nothing is lost yet.
    Low,
    /// Some lose something, or the contracts stand still for a while.
    Medium,
    /// Funds or rights are lost.
    High,
    /// All funds of a contract, or the rule over it.
    Critical,
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A pattern was seen.
    Low,
    /// A pattern was seen at work.
    Medium,
    /// The harm was done and measured.
    High,
}

/// A harm that can be checked on the state after the steps. Shrinking, replay and the exported test check the same.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// An account has at least so much more ether than at first, in wei.
    EtherGained {
        /// The account.
        account: Address,
        /// How much more, in wei.
        least: U256,
    },
    /// An account has at least so much less ether than at first, in wei.
    EtherLost {
        /// The account.
        account: Address,
        /// How much less, in wei.
        least: U256,
    },
    /// An account has at least so much more of a token.
    TokenGained {
        /// The token.
        token: Address,
        /// The account.
        account: Address,
        /// How much more, in the token's smallest unit.
        least: U256,
    },
    /// An account has at least so much less of a token.
    TokenLost {
        /// The token.
        token: Address,
        /// The account.
        account: Address,
        /// How much less, in the token's smallest unit.
        least: U256,
    },
    /// A word of storage holds a value that it did not hold at first.
    Stored {
        /// Whose storage.
        account: Address,
        /// Which word.
        slot: U256,
        /// The value.
        value: U256,
    },
    /// A contract has no code any more.
    Gone {
        /// The contract.
        account: Address,
    },
    /// A call answers this, and did not at first.
    Answers {
        /// Who asks.
        sender: Address,
        /// Whom.
        to: Address,
        /// The input.
        data: Bytes,
        /// The answer.
        output: Bytes,
    },
    /// A call that went well at first is reverted now, or used up its gas.
    Fails {
        /// Who calls.
        sender: Address,
        /// Whom.
        to: Address,
        /// Wei sent along.
        value: U256,
        /// The input.
        data: Bytes,
    },
    /// A call that was reverted at first goes well now.
    Succeeds {
        /// Who calls.
        sender: Address,
        /// Whom.
        to: Address,
        /// Wei sent along.
        value: U256,
        /// The input.
        data: Bytes,
    },
    /// A call that would go well so long after the last state, had the steps not been made, is refused.
    Prevents {
        /// Who calls.
        sender: Address,
        /// Whom.
        to: Address,
        /// Wei sent along.
        value: U256,
        /// The input.
        data: Bytes,
        /// Seconds after the last state.
        wait: u64,
    },
    /// A call fails an assertion.
    Panics {
        /// Who calls.
        sender: Address,
        /// Whom.
        to: Address,
        /// Wei sent along.
        value: U256,
        /// The input.
        data: Bytes,
    },
    /// A call that goes well takes at least so much more gas than at first.
    Costs {
        /// Who calls.
        sender: Address,
        /// Whom.
        to: Address,
        /// Wei sent along.
        value: U256,
        /// The input.
        data: Bytes,
        /// How much more gas.
        least: u64,
    },
    /// A call by an attacker's contract goes well within a transaction of someone else, and not within the attacker's own.
    Phished {
        /// Who begins the transaction.
        origin: Address,
        /// Whose contract calls.
        sender: Address,
        /// Whom.
        to: Address,
        /// The input.
        data: Bytes,
    },
}

impl Effect {
    /// Whether it holds on a state that came from the first one.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn holds(&self, machine: &mut Machine, first: &Arc<State>, last: &Arc<State>) -> Result<bool> {
        Ok(match self {
            Self::EtherGained { account, least } => {
                last.balance(*account) >= first.balance(*account).saturating_add(*least)
            }
            Self::EtherLost { account, least } => {
                first.balance(*account) >= last.balance(*account).saturating_add(*least)
            }
            Self::TokenGained { token, account, least } => {
                let before = balance(machine, first, *token, *account)?;
                let after = balance(machine, last, *token, *account)?;
                after >= before.saturating_add(*least)
            }
            Self::TokenLost { token, account, least } => {
                let before = balance(machine, first, *token, *account)?;
                let after = balance(machine, last, *token, *account)?;
                before >= after.saturating_add(*least)
            }
            Self::Stored { account, slot, value } => {
                last.storage(*account, *slot) == *value && first.storage(*account, *slot) != *value
            }
            Self::Gone { account } => last.code(*account).is_empty() && !first.code(*account).is_empty(),
            Self::Answers { sender, to, data, output } => {
                let answer = |machine: &mut Machine, state| {
                    let call =
                        Transaction { sender: *sender, to: Some(*to), value: U256::ZERO, data: data.clone() };
                    machine.run(state, &call).map(|outcome| outcome.success() && outcome.output == *output)
                };
                answer(machine, last)? && !answer(machine, first)?
            }
            Self::Fails { sender, to, value, data } | Self::Succeeds { sender, to, value, data } => {
                let call = Transaction { sender: *sender, to: Some(*to), value: *value, data: data.clone() };
                let before = machine.run(first, &call)?.success();
                let after = machine.run(last, &call)?.success();
                if matches!(self, Self::Fails { .. }) { before && !after } else { !before && after }
            }
            Self::Prevents { sender, to, value, data, wait } => {
                let call = Transaction { sender: *sender, to: Some(*to), value: *value, data: data.clone() };
                let pass = Wait::seconds(*wait);
                let at = |state: &State| {
                    let mut state = state.clone();
                    (state.block, state.time) = (last.block + pass.blocks, last.time + pass.seconds);
                    Arc::new(state)
                };
                machine.run(&at(first), &call)?.success() && !machine.run(&at(last), &call)?.success()
            }
            Self::Panics { sender, to, value, data } => {
                let call = Transaction { sender: *sender, to: Some(*to), value: *value, data: data.clone() };
                machine.run(last, &call)?.asserts()
            }
            Self::Costs { sender, to, value, data, least } => {
                let call = Transaction { sender: *sender, to: Some(*to), value: *value, data: data.clone() };
                let (before, after) = (machine.run(first, &call)?, machine.run(last, &call)?);
                before.success() && after.success() && after.gas >= before.gas.saturating_add(*least)
            }
            Self::Phished { origin, sender, to, data } => {
                let mut trap = (**last).clone();
                trap.set_code(*sender, puppet::forwarder(*to));
                let trap = Arc::new(trap);
                let call = |from: Address| Transaction {
                    sender: from,
                    to: Some(*sender),
                    value: U256::ZERO,
                    data: data.clone(),
                };
                let own = Address::repeat_byte(0x9e);
                machine.run(&trap, &call(*origin))?.success() && !machine.run(&trap, &call(own))?.success()
            }
        })
    }
}

/// How much of a token an account has; zero where the token does not answer.
///
/// # Errors
/// A defect of the interpreter.
pub fn balance(machine: &mut Machine, state: &Arc<State>, token: Address, account: Address) -> Result<U256> {
    let mut data = vec![0x70, 0xa0, 0x82, 0x31];
    data.extend_from_slice(account.into_word().as_slice());
    let call = Transaction { sender: account, to: Some(token), value: U256::ZERO, data: data.into() };
    let outcome = machine.run(state, &call)?;
    Ok(match outcome.output.get(..32) {
        Some(word) if outcome.success() => U256::from_be_slice(word),
        _ => U256::ZERO,
    })
}

/// A value of a step, in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Explained {
    /// Which step, from 0.
    pub step: usize,
    /// Which call of the attacker's contract during it, from 0; none is the step itself.
    pub call: Option<usize>,
    /// What has the value: `wait`, `value` (the ether sent along), or the parameter, as `calldatas[0]`.
    pub place: String,
    /// The value, as people write it.
    pub value: String,
    /// Why this one: `all tokens of treasury`.
    pub why: String,
}

/// Something that is wrong with the contracts, and the calls that show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The oracle that saw it.
    pub oracle: &'static str,
    /// How much harm.
    pub impact: Impact,
    /// How sure.
    pub confidence: Confidence,
    /// The contract at fault, by its name in the world.
    pub contract: String,
    /// The function at fault, by signature; empty where it is the contract as a whole.
    pub function: String,
    /// What happens, in one sentence.
    pub title: String,
    /// The rule that was broken, in words.
    pub rule: String,
    /// The calls.
    pub steps: Vec<Step>,
    /// What is so after them, and was not before. All hold.
    pub effects: Vec<Effect>,
    /// Executions until it was found.
    pub executions: u64,
}

impl Finding {
    /// What makes two findings the same: the rule and the place.
    pub fn key(&self) -> (&'static str, &str, &str) {
        (self.oracle, &self.contract, &self.function)
    }

    /// Whether all effects hold on a state that came from the first one.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn harms(&self, machine: &mut Machine, first: &Arc<State>, last: &Arc<State>) -> Result<bool> {
        for effect in &self.effects {
            if !effect.holds(machine, first, last)? {
                return Ok(false);
            }
        }
        Ok(!self.effects.is_empty())
    }

    /// Whether the steps, one after the other from this state, all go well and bring about all effects.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn holds(&self, machine: &mut Machine, first: &Arc<State>) -> Result<bool> {
        match play(machine, first, &self.steps)? {
            Some(last) => self.harms(machine, first, &last),
            None => Ok(false),
        }
    }
}

/// What came of each of some steps, one after the other, though some fail: what a chain does with transactions. A step that
/// fails changes nothing but that time has passed.
///
/// # Errors
/// A defect of the interpreter.
pub fn replay(
    machine: &mut Machine,
    first: &Arc<State>,
    steps: &[Step],
) -> Result<(Vec<Replayed>, Arc<State>)> {
    let mut state = Arc::clone(first);
    let mut played = Vec::with_capacity(steps.len());
    for step in steps {
        let ran = step.run(machine, &state)?;
        let success = ran.outcome.success();
        let (reason, output) = (ran.outcome.reason(), ran.outcome.output.clone());
        let gas = ran.outcome.gas;
        state = if success {
            ran.after(step)
        } else {
            let mut before = (*state).clone();
            before.block = ran.before.block;
            before.time = ran.before.time;
            Arc::new(before)
        };
        played.push(Replayed { success, reason, output, gas, after: Arc::clone(&state) });
    }
    Ok((played, state))
}

/// A step that was played again.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Whether it went well.
    pub success: bool,
    /// Why it was reverted, in words; `success` where it was not.
    pub reason: String,
    /// What it answered.
    pub output: Bytes,
    /// Gas used.
    pub gas: u64,
    /// The state afterwards.
    pub after: Arc<State>,
}

/// The state after steps that all go well; none where one does not.
///
/// # Errors
/// A defect of the interpreter.
pub fn play(machine: &mut Machine, first: &Arc<State>, steps: &[Step]) -> Result<Option<Arc<State>>> {
    let mut state = Arc::clone(first);
    for step in steps {
        let ran = step.run(machine, &state)?;
        if !ran.outcome.success() {
            return Ok(None);
        }
        state = ran.after(step);
    }
    Ok(Some(state))
}
