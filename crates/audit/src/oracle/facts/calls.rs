//! Calls that work when the world begins: what others rely on, and what only some may do.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, Bytes, U256};

use super::{Facts, NOBODY, balance_slot, functions, word};
use crate::Result;
use crate::artifact::Callable;
use crate::chain::{CallKind, Machine, State, Transaction};
use crate::finding::balance;
use crate::sequence::{Step, Wait};
use crate::world::{Deployed, World};

/// Choices of arguments tried for one function and sender.
const CHOICES: usize = 10;
/// Calls tried in one world.
const BUDGET: usize = 30_000;
/// Time after which what is locked for a while is free.
const LONG: u64 = 400 * 24 * 3600;

/// What a call that works is to its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// It gives the sender ether or tokens that a contract held.
    Exit,
    /// It works for one who is trusted, or for a contract, and is refused to attackers and strangers whatever they hold.
    Privileged,
    /// It works, and changes something.
    Use,
}

/// A call that works when the world begins.
#[derive(Debug, Clone)]
pub struct Known {
    /// What it is to its sender.
    pub purpose: Purpose,
    /// Who calls.
    pub sender: Address,
    /// Which contract.
    pub to: Address,
    /// The function's signature.
    pub function: String,
    /// The input.
    pub data: Bytes,
    /// Wei sent along.
    pub value: U256,
    /// Seconds that pass before, where it needs them.
    pub wait: u64,
    /// Gas used.
    pub gas: u64,
    /// Calls that contracts make within it, with what they carry.
    pub makes: Vec<(Address, U256, Bytes)>,
    /// Words of storage that decide who may make it.
    pub authority: Vec<(Address, U256)>,
    /// Words of storage that it reads.
    pub reads: Vec<(Address, U256)>,
}

impl Known {
    /// The transaction, perhaps of another sender.
    pub fn of(&self, sender: Address) -> Transaction {
        Transaction { sender, to: Some(self.to), value: self.value, data: self.data.clone() }
    }
}

/// What is tried, and with what.
struct Tries<'t> {
    world: &'t World,
    /// The world with attackers who are rich.
    rich: Arc<State>,
    /// What attackers put in before.
    deposits: Vec<(U256, f64, Option<Address>)>,
    budget: usize,
}

impl Facts {
    pub(super) fn find_calls(&mut self, world: &World, machine: &mut Machine) -> Result<()> {
        let mut rich = (*world.state).clone();
        let much = U256::from(10).pow(U256::from(30));
        for stranger in self.attackers.iter().chain([&NOBODY]) {
            rich.set_balance(*stranger, much);
            for token in &self.tokens {
                if let Some(slot) = balance_slot(machine, &world.state, token.address, *stranger)? {
                    rich.set_storage(token.address, slot, much);
                }
            }
        }
        let deposits = self.replay_deposits(world, machine)?;
        self.entitled = deposits.iter().map(|(amount, worth, _)| f64::from(*amount) * worth).sum();
        let mut tries = Tries { world, rich: Arc::new(rich), deposits, budget: BUDGET };
        for deployed in &world.contracts {
            if !self.is_protocol(deployed.address) {
                continue;
            }
            for callable in functions(deployed).filter(|callable| !callable.view()) {
                self.try_function(&mut tries, machine, deployed.address, callable)?;
            }
            self.entitled += self.entitlement(&mut tries, machine, deployed)?;
        }
        Ok(())
    }

    fn try_function(
        &mut self,
        tries: &mut Tries<'_>,
        machine: &mut Machine,
        to: Address,
        callable: &Callable,
    ) -> Result<()> {
        let people: Vec<Address> = self.members.iter().chain(&self.trusted).copied().collect();
        let mut used = false;
        for sender in &people {
            let mut exit = false;
            let governed = self.is_governance(to);
            for choice in 0..CHOICES {
                for wait in [0, LONG] {
                    if exit || tries.budget == 0 || (choice > 0 && callable.inputs.is_empty()) {
                        break;
                    }
                    let Some(known) = self.attempt(tries, machine, to, callable, *sender, choice, wait)?
                    else {
                        continue;
                    };
                    match known.purpose {
                        Purpose::Exit => {
                            exit = true;
                            self.calls.push(known);
                        }
                        _ if used || (wait > 0 && (!governed || known.makes.is_empty())) => {}
                        _ => {
                            used = true;
                            self.calls.push(known);
                        }
                    }
                    break;
                }
            }
        }
        let powers: Vec<Address> = self.trusted.iter().chain(&self.protocol).copied().collect();
        for sender in powers.into_iter().filter(|sender| *sender != to) {
            for choice in 0..CHOICES {
                if tries.budget == 0 || (choice > 0 && callable.inputs.is_empty()) {
                    break;
                }
                if let Some(known) = self.privilege(tries, machine, to, callable, sender, choice)? {
                    self.calls.push(known);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What attackers put into contracts before the world began: amounts, with what a unit of each is worth.
    pub(super) fn replay_deposits(
        &self,
        world: &World,
        machine: &mut Machine,
    ) -> Result<Vec<(U256, f64, Option<Address>)>> {
        let mut state = Arc::clone(&world.genesis);
        let mut deposits = Vec::new();
        for done in &world.setup {
            let mut before = (*state).clone();
            (before.block, before.time) = (done.block, done.time);
            let before = Arc::new(before);
            let outcome = machine.run(&before, &done.transaction)?;
            if !outcome.success() {
                return Ok(Vec::new());
            }
            let after = Arc::new(outcome.after(&before));
            let sender = done.transaction.sender;
            if self.is_attacker(sender) {
                let spent = before.balance(sender).saturating_sub(after.balance(sender));
                deposits.push((spent, 1.0, None));
                for token in &self.tokens {
                    let worth = token.worth.unwrap_or_default();
                    let had = balance(machine, &before, token.address, sender)?;
                    let has = balance(machine, &after, token.address, sender)?;
                    deposits.push((had.saturating_sub(has), worth, Some(token.address)));
                }
            }
            state = after;
        }
        deposits.retain(|(amount, ..)| !amount.is_zero());
        Ok(deposits)
    }

    /// What a contract owes attackers beside what they put in, in wei: what it says of them in a view, and pays in one call.
    fn entitlement(&self, tries: &mut Tries<'_>, machine: &mut Machine, deployed: &Deployed) -> Result<f64> {
        let mut sum = 0.0;
        for attacker in &self.attackers {
            let mut owed = Self::amounts(tries.world, machine, deployed.address, *attacker)?;
            owed.retain(|amount| tries.deposits.iter().all(|(deposit, ..)| deposit != amount));
            let mut most = 0.0_f64;
            for callable in functions(deployed).filter(|callable| !callable.view() && !owed.is_empty()) {
                for (choice, wait) in (0..CHOICES).flat_map(|choice| [(choice, 0), (choice, LONG)]) {
                    if tries.budget == 0 || (choice > 0 && callable.inputs.is_empty()) {
                        break;
                    }
                    tries.budget -= 1;
                    let state = later(&tries.world.state, wait);
                    let Some(data) = self.data(callable, *attacker, &owed, choice) else { continue };
                    let to = Some(deployed.address);
                    let call = Transaction { sender: *attacker, to, value: U256::ZERO, data };
                    let outcome = machine.run(&state, &call)?;
                    if !outcome.success() {
                        continue;
                    }
                    let after = Arc::new(outcome.after(&state));
                    let mut paid = 0.0;
                    let gained = after.balance(*attacker).saturating_sub(state.balance(*attacker));
                    if owed.contains(&gained) {
                        paid += f64::from(gained);
                    }
                    for token in self.tokens.iter().filter(|token| token.address != deployed.address) {
                        let had = balance(machine, &state, token.address, *attacker)?;
                        let gained = balance(machine, &after, token.address, *attacker)?.saturating_sub(had);
                        if owed.contains(&gained) {
                            paid += f64::from(gained) * token.worth.unwrap_or_default();
                        }
                    }
                    most = most.max(paid);
                }
            }
            sum += most;
        }
        Ok(sum)
    }

    /// Tries a call; none where it fails or changes nothing.
    #[expect(clippy::too_many_arguments, reason = "one call is made of them")]
    fn attempt(
        &self,
        tries: &mut Tries<'_>,
        machine: &mut Machine,
        to: Address,
        callable: &Callable,
        sender: Address,
        choice: usize,
        wait: u64,
    ) -> Result<Option<Known>> {
        tries.budget -= 1;
        let state = later(&tries.world.state, wait);
        let amounts = Self::amounts(tries.world, machine, to, sender)?;
        let Some(data) = self.data(callable, sender, &amounts, choice) else { return Ok(None) };
        let mut value = U256::ZERO;
        let mut outcome =
            machine.run(&state, &Transaction { sender, to: Some(to), value, data: data.clone() })?;
        if !outcome.success() && callable.payable() {
            value = U256::from(1_000_000_000_000_000_000_u64);
            outcome =
                machine.run(&state, &Transaction { sender, to: Some(to), value, data: data.clone() })?;
        }
        let trace = machine.trace();
        let wrote = trace.accesses.iter().any(|access| access.write)
            || trace.calls.iter().any(|call| !call.value.is_zero());
        if !outcome.success() || !wrote {
            return Ok(None);
        }
        let mut reads: Vec<(Address, U256)> =
            machine.trace().accesses.iter().map(|access| (access.address, access.slot)).collect();
        reads.sort_unstable();
        reads.dedup();
        let gas = outcome.gas;
        let made = machine.trace().calls.iter().skip(1);
        let made = made.filter(|call| call.kind == CallKind::Call && self.is_protocol(call.caller));
        let makes = made.map(|call| (call.target, call.value, call.input.clone())).collect();
        let after = Arc::new(outcome.after(&state));
        let mut gained = after.balance(sender) > state.balance(sender);
        for token in self.tokens.iter().filter(|token| token.address != to) {
            gained |= balance(machine, &after, token.address, sender)?
                > balance(machine, &state, token.address, sender)?;
        }
        let purpose = if gained && value.is_zero() { Purpose::Exit } else { Purpose::Use };
        Ok(Some(Known {
            purpose,
            sender,
            to,
            function: callable.signature(),
            data,
            value,
            wait,
            gas,
            makes,
            authority: Vec::new(),
            reads,
        }))
    }

    /// Whether somebody gets something out of a contract by one call, at once or after long.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(in super::super) fn leaves(
        &self,
        world: &World,
        machine: &mut Machine,
        state: &Arc<State>,
        contract: Address,
    ) -> Result<bool> {
        let people = self.members.iter().chain(&self.trusted).chain(&self.attackers);
        for sender in people.copied() {
            let amounts = Self::amounts(world, machine, contract, sender)?;
            let deployed = world.contracts.iter().filter(|deployed| deployed.address == contract);
            for callable in deployed.flat_map(functions).filter(|callable| !callable.view()) {
                for (choice, wait) in (0..CHOICES).flat_map(|choice| [(choice, 0), (choice, LONG)]) {
                    if choice > 0 && callable.inputs.is_empty() {
                        break;
                    }
                    let Some(data) = self.data(callable, sender, &amounts, choice) else { continue };
                    let state = later(state, wait);
                    let call = Transaction { sender, to: Some(contract), value: U256::ZERO, data };
                    let outcome = machine.run(&state, &call)?;
                    if !outcome.success() {
                        continue;
                    }
                    let after = Arc::new(outcome.after(&state));
                    let mut less = after.balance(contract) < state.balance(contract);
                    for token in &self.tokens {
                        less |= balance(machine, &after, token.address, contract)?
                            < balance(machine, &state, token.address, contract)?;
                    }
                    if less {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Tries a call that strangers are refused; none where it is none.
    fn privilege(
        &self,
        tries: &mut Tries<'_>,
        machine: &mut Machine,
        to: Address,
        callable: &Callable,
        sender: Address,
        choice: usize,
    ) -> Result<Option<Known>> {
        tries.budget = tries.budget.saturating_sub(1);
        let Some(data) = self.data(callable, sender, &[], choice) else { return Ok(None) };
        let call = |sender| Transaction { sender, to: Some(to), value: U256::ZERO, data: data.clone() };
        let outcome = machine.run(&tries.rich, &call(sender))?;
        if !outcome.success() {
            return Ok(None);
        }
        let accesses = machine.trace().accesses.clone();
        if !accesses.iter().any(|access| access.write) && machine.trace().calls.len() < 2 {
            return Ok(None);
        }
        let mut authority = BTreeSet::new();
        for stranger in self.attackers.iter().chain(self.members.iter()).chain([&NOBODY]) {
            if machine.run(&tries.rich, &call(*stranger))?.success() {
                return Ok(None);
            }
            // What was read last before the refusal decides it: who owns the contract, or whether the caller has a role.
            let refused: Vec<_> = machine.trace().accesses.iter().filter(|access| !access.write).collect();
            let Some(last) = refused.last() else { return Ok(None) };
            let reads: Vec<_> = accesses.iter().filter(|access| !access.write).collect();
            let Some(same) = reads.get(refused.len() - 1) else { return Ok(None) };
            let named = (0..=96).step_by(8).any(|shift: usize| {
                ((same.value >> shift) & ((U256::from(1) << 160) - U256::from(1))) == word(sender)
            });
            let flagged = same.slot != last.slot && last.value.is_zero() && same.value <= U256::from(255);
            if same.address != last.address || !((same.slot == last.slot && named) || flagged) {
                return Ok(None);
            }
            if self.is_attacker(*stranger) {
                authority.insert((last.address, last.slot));
            }
        }
        Ok(Some(Known {
            purpose: Purpose::Privileged,
            sender,
            to,
            function: callable.signature(),
            data: data.clone(),
            value: U256::ZERO,
            wait: 0,
            gas: outcome.gas,
            makes: Vec::new(),
            authority: authority.into_iter().collect(),
            reads: Vec::new(),
        }))
    }

    /// Amounts that mean something to an account: what views of a contract say of it, and what it has of tokens.
    fn amounts(world: &World, machine: &mut Machine, to: Address, who: Address) -> Result<Vec<U256>> {
        let mut amounts = BTreeSet::new();
        for deployed in world.contracts.iter().filter(|deployed| deployed.address == to) {
            for callable in functions(deployed).filter(|callable| callable.view()) {
                if callable.inputs[..] != [DynSolType::Address] {
                    continue;
                }
                let mut data = callable.selector.to_vec();
                data.extend(word(who).to_be_bytes::<32>());
                if let Some(answer) = super::ask(machine, &world.state, to, data.into())? {
                    amounts.insert(answer.word);
                }
            }
        }
        let mut amounts: Vec<U256> = amounts.into_iter().filter(|amount| !amount.is_zero()).collect();
        amounts.reverse();
        amounts.truncate(4);
        Ok(amounts)
    }

    /// The input of a call with one choice of arguments.
    fn data(&self, callable: &Callable, sender: Address, amounts: &[U256], choice: usize) -> Option<Bytes> {
        let mut arguments = Vec::with_capacity(callable.inputs.len());
        for (place, kind) in callable.inputs.iter().enumerate() {
            // The first choices go through the values of all parameters side by side, later ones cross them.
            let pick = if choice < 4 { choice } else { choice / 2 + place * (choice % 3 + 1) };
            arguments.push(self.value(kind, sender, amounts, pick, 0)?);
        }
        let step = Step {
            sender,
            to: Address::ZERO,
            function: Some(Arc::new(callable.clone())),
            arguments,
            value: U256::ZERO,
            wait: Wait::default(),
            inner: Vec::new(),
        };
        Some(step.data())
    }

    fn value(
        &self,
        kind: &DynSolType,
        sender: Address,
        amounts: &[U256],
        pick: usize,
        depth: usize,
    ) -> Option<DynSolValue> {
        if depth > 4 {
            return None;
        }
        Some(match kind {
            DynSolType::Bool => DynSolValue::Bool(pick.is_multiple_of(2)),
            DynSolType::Uint(bits) => {
                let mut pool = amounts.to_vec();
                pool.extend([U256::from(1), U256::ZERO, U256::from(10).pow(U256::from(18))]);
                let value = pool[pick % pool.len()];
                DynSolValue::Uint(if value.bit_len() > *bits { U256::from(1) } else { value }, *bits)
            }
            DynSolType::Int(bits) => {
                let value = i32::from(pick.is_multiple_of(2));
                DynSolValue::Int(alloy_primitives::I256::try_from(value).ok()?, *bits)
            }
            DynSolType::Address => {
                let mut pool = vec![sender, Address::repeat_byte(0x5b)];
                pool.extend(self.tokens.iter().map(|token| token.address).take(4));
                pool.extend(self.protocol.iter().copied().take(4));
                DynSolValue::Address(pool[pick % pool.len()])
            }
            DynSolType::FixedBytes(size) => DynSolValue::FixedBytes(alloy_primitives::B256::ZERO, *size),
            DynSolType::Bytes => DynSolValue::Bytes(Vec::new()),
            DynSolType::String => DynSolValue::String("a".repeat(pick % 2)),
            DynSolType::Array(inner) => {
                let inner = self.value(inner, sender, amounts, pick, depth + 1)?;
                DynSolValue::Array(if pick % 3 == 2 { Vec::new() } else { vec![inner] })
            }
            DynSolType::FixedArray(inner, length) => {
                let inner = self.value(inner, sender, amounts, pick, depth + 1)?;
                DynSolValue::FixedArray(vec![inner; *length])
            }
            DynSolType::Tuple(kinds) => {
                let values = kinds.iter().map(|kind| self.value(kind, sender, amounts, pick, depth + 1));
                DynSolValue::Tuple(values.collect::<Option<Vec<_>>>()?)
            }
            DynSolType::Function => return None,
        })
    }
}

/// The state some time later.
pub(in super::super) fn later(state: &Arc<State>, seconds: u64) -> Arc<State> {
    if seconds == 0 {
        return Arc::clone(state);
    }
    let wait = Wait::seconds(seconds);
    let mut state = (**state).clone();
    state.block += wait.blocks;
    state.time += wait.seconds;
    Arc::new(state)
}
