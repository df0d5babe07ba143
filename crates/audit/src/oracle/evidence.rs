//! What oracles share: whose steps they were, who wrote a payload, what was lost, and how a finding is made of it.

use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, B256, U256, keccak256};

use super::facts::{Known, Purpose};
use super::{Look, holding};
use crate::Result;
use crate::chain::{CallKind, CallRecord, Machine, State, Trace};
use crate::finding::{Confidence, Effect, Finding, Impact, balance};
use crate::sequence::Step;

/// Words of storage named in one finding.
const MOST_STORED: usize = 4;

impl Look<'_> {
    /// Whether all steps are attackers' own: what a member or one who is trusted gives away is no attack.
    pub(super) fn attack(&self) -> bool {
        self.facts.is_attacker(self.step.sender)
            && self.path.iter().all(|step| self.facts.is_attacker(step.sender))
    }

    /// The name of a contract.
    pub(super) fn name(&self, address: Address) -> String {
        let found = self.world.contracts.iter().find(|deployed| deployed.address == address);
        found.map_or_else(|| address.to_string(), |deployed| deployed.name.clone())
    }

    /// The signature of the function that a call was made to.
    pub(super) fn signature(&self, call: &CallRecord) -> String {
        let Some(selector) = call.selector() else { return String::new() };
        let deployed = self.world.contracts.iter().find(|deployed| deployed.address == call.target);
        let known = deployed.and_then(|deployed| {
            super::facts::functions(deployed).find(|callable| callable.selector == selector)
        });
        known.map_or_else(
            || alloy_primitives::hex::encode_prefixed(selector),
            super::super::artifact::abi::Callable::signature,
        )
    }

    /// The signature of the function of the step.
    pub(super) fn function(&self) -> String {
        self.step.function.as_ref().map(|function| function.signature()).unwrap_or_default()
    }

    /// The contract and function at fault where a call of a contract's own is: those of the call it was made in.
    pub(super) fn made_in(&self, call: &CallRecord) -> (Address, String) {
        let mut at = call.parent;
        let mut place = (call.caller, self.function());
        while let Some(parent) = at.and_then(|parent| self.trace.calls.get(parent as usize)) {
            if parent.target != call.caller {
                break;
            }
            place = (parent.target, self.signature(parent));
            // Code that was only handed on stands under the function that handed it on.
            if parent.kind != CallKind::Delegate {
                break;
            }
            at = parent.parent;
        }
        place
    }

    /// Whether neither a call nor one that it was made in was reverted.
    pub(super) fn stands(&self, call: &CallRecord) -> bool {
        let parent = call.parent.and_then(|parent| self.trace.calls.get(parent as usize));
        call.success && parent.is_none_or(|parent| self.stands(parent))
    }

    /// Whether a call hands on what its caller was called with, as proxies do.
    pub(super) fn hands_on(call: &CallRecord, trace: &Trace) -> bool {
        let parent = call.parent.and_then(|parent| trace.calls.get(parent as usize));
        parent.is_some_and(|parent| parent.input == call.input && !call.input.is_empty())
    }

    /// Calls that only some could make when the world began, and that an attacker can make now.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn usurped(
        &self,
        wanted: impl Fn(&Known) -> bool,
        probe: &mut Machine,
    ) -> Result<Vec<(&Known, Effect)>> {
        let mut found = Vec::new();
        let privileged = self.facts.calls.iter().filter(|known| known.purpose == Purpose::Privileged);
        for known in privileged.filter(|known| wanted(known)) {
            for attacker in &self.facts.attackers {
                if probe.run(self.before, &known.of(*attacker))?.success() {
                    continue;
                }
                let outcome = probe.run(self.after, &known.of(*attacker))?;
                let wrote = probe.trace().accesses.iter().any(|access| access.write);
                if outcome.success() && (wrote || probe.trace().calls.len() > 1) {
                    let (sender, to) = (*attacker, known.to);
                    let effect =
                        Effect::Succeeds { sender, to, value: known.value, data: known.data.clone() };
                    found.push((known, effect));
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Whether a word of storage holds an address, at any place in it.
    pub(super) fn names(state: &State, contract: Address, slot: U256, who: Address) -> bool {
        let stored = state.storage(contract, slot);
        let mask = (U256::from(1) << 160) - U256::from(1);
        (0..=96).step_by(8).any(|shift: usize| (stored >> shift) & mask == super::facts::word(who))
    }

    /// The step, from the first, in which an attacker wrote the payload of a call: its whole input among the bytes of an
    /// argument, or its arguments there beside its signature. The step itself counts too; its number is the length of the
    /// path.
    pub(super) fn author(&self, call: &CallRecord) -> Option<usize> {
        let payload = Payload::of(self, call);
        let steps = self.path.iter().chain([self.step]);
        steps.enumerate().find(|(_, step)| payload.stands_in(step)).map(|(number, _)| number)
    }

    /// Whether a call has its payload from what attackers wrote: with other bytes there it is another call, or none.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn caused(&self, call: &CallRecord, probe: &mut Machine) -> Result<bool> {
        let payload = Payload::of(self, call);
        let mut steps = self.steps();
        for step in &mut steps {
            if call.input.is_empty() {
                spoil_payment(step, call);
            } else {
                payload.spoil(step);
            }
        }
        let well = self.instead(&steps, probe)?;
        let mut calls = probe.trace().calls.iter();
        Ok(!well
            || !calls.any(|other| {
                other.success
                    && other.caller == call.caller
                    && other.target == call.target
                    && other.input == call.input
                    && other.value == call.value
            }))
    }

    /// Whether a word stands in the input of a step.
    pub(super) fn supplied(&self, value: U256) -> bool {
        let word = value.to_be_bytes::<32>();
        self.path.iter().chain([self.step]).any(|step| mentions(step, &word))
    }

    /// What was lost and gained since the world began, as effects: ether and tokens of contracts that held them, code, and
    /// what attackers have.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn losses(&self, probe: &mut Machine) -> Result<Vec<Effect>> {
        let mut effects = Vec::new();
        for account in self.facts.members.iter().chain(&self.facts.trusted).copied() {
            let (had, has) = (self.world.state.balance(account), self.after.balance(account));
            if has < had {
                effects.push(Effect::EtherLost { account, least: had - has });
            }
            for token in self.facts.tokens.iter().map(|token| token.address) {
                let had = balance(probe, &self.world.state, token, account)?;
                let has = balance(probe, self.after, token, account)?;
                if has < had {
                    effects.push(Effect::TokenLost { token, account, least: had - has });
                }
            }
        }
        for holding in &self.facts.holdings {
            let left = self.after.balance(holding.contract);
            if left < holding.ether {
                effects.push(Effect::EtherLost { account: holding.contract, least: holding.ether - left });
            }
            for (token, had) in &holding.tokens {
                let has = balance(probe, self.after, *token, holding.contract)?;
                if has < *had {
                    let least = *had - has;
                    effects.push(Effect::TokenLost { token: *token, account: holding.contract, least });
                }
            }
        }
        Ok(effects)
    }

    /// What attackers gained since the world began, as effects.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn gains(&self, probe: &mut Machine) -> Result<Vec<Effect>> {
        let mut effects = Vec::new();
        for attacker in &self.facts.attackers {
            let (had, has) = (self.world.state.balance(*attacker), self.after.balance(*attacker));
            if has > had {
                effects.push(Effect::EtherGained { account: *attacker, least: has - had });
            }
            for token in &self.facts.tokens {
                let had = balance(probe, &self.world.state, token.address, *attacker)?;
                let has = balance(probe, self.after, token.address, *attacker)?;
                if has > had {
                    let (token, account) = (token.address, *attacker);
                    effects.push(Effect::TokenGained { token, account, least: has - had });
                }
            }
        }
        Ok(effects)
    }

    /// Words of contracts' storage that were written within a call and are other than when the world began, as effects.
    /// What accounts have of tokens is left to [`Self::losses`].
    pub(super) fn stored(&self, call: &CallRecord) -> Vec<Effect> {
        let mut words: Vec<(Address, U256)> = self
            .trace
            .accesses
            .iter()
            .filter(|access| access.write && access.clock > call.begin && access.clock < call.end)
            .filter(|access| self.facts.is_protocol(access.address))
            .map(|access| (access.address, access.slot))
            .collect();
        words.sort_unstable();
        words.dedup();
        let changed = words.into_iter().filter_map(|(account, slot)| {
            let value = self.after.storage(account, slot);
            (value != self.world.state.storage(account, slot)).then_some(Effect::Stored {
                account,
                slot,
                value,
            })
        });
        changed.take(MOST_STORED).collect()
    }

    /// What was lost, else what was stored within a call.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn damage(&self, call: &CallRecord, probe: &mut Machine) -> Result<Vec<Effect>> {
        // What went before this step was told before.
        let mut effects = Vec::new();
        for effect in self.losses(probe)? {
            let now = match &effect {
                Effect::EtherLost { account, .. } => {
                    self.after.balance(*account) < self.before.balance(*account)
                }
                Effect::TokenLost { token, account, .. } => {
                    balance(probe, self.after, *token, *account)?
                        < balance(probe, self.before, *token, *account)?
                }
                _ => true,
            };
            effects.extend(now.then_some(effect));
        }
        let stored = self.stored(call);
        let lost = !effects.is_empty();
        // Balances that moved are told as losses: as words they would pin amounts that do not matter.
        effects.extend(stored.into_iter().filter(|effect| match effect {
            Effect::Stored { account, .. } => !lost || self.facts.token(*account).is_none(),
            _ => true,
        }));
        Ok(effects)
    }

    /// Whether code that a contract hands control to may not be of the world's own making: an attacker's, or other than what
    /// stood there when the world began, or named by an attacker. Whether naming it made the difference, [`Self::smuggled`]
    /// tells.
    pub(super) fn foreign(&self, call: &CallRecord) -> bool {
        let at = call.code_address;
        call.kind == CallKind::Delegate
            && self.facts.is_protocol(call.target)
            && at != call.target
            && (self.facts.is_attacker(at) || {
                let (then, now) = (code_hash(&self.world.state, at), code_hash(self.before, at));
                let chosen = || !self.facts.is_protocol(at) && self.supplied(super::facts::word(at));
                now.is_some() && (then != now || chosen())
            })
    }

    /// Takes other steps from the first state on, going on where one fails. The trace is the last one's; whether that went
    /// well.
    fn instead(&self, steps: &[Step], probe: &mut Machine) -> Result<bool> {
        let mut state = Arc::clone(&self.world.state);
        let mut well = false;
        for step in steps {
            let ran = step.run(probe, &state)?;
            well = ran.outcome.success();
            state = if well {
                ran.after(step)
            } else {
                Step { inner: Vec::new(), ..step.clone() }.before(&state)
            };
        }
        Ok(well)
    }

    /// Whether a contract runs foreign code because of what attackers did: the code is theirs, or was put there since the
    /// world began, or the contract runs something else once the steps name another address in its place.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn smuggled(&self, call: &CallRecord, probe: &mut Machine) -> Result<bool> {
        let at = call.code_address;
        if !self.foreign(call) {
            return Ok(false);
        }
        if self.facts.is_attacker(at) || code_hash(&self.world.state, at) != code_hash(self.before, at) {
            return Ok(true);
        }
        let mut steps = self.steps();
        let (old, new) = (super::facts::word(at), super::facts::word(super::facts::NOBODY));
        steps.iter_mut().for_each(|step| exchange(step, old, new));
        let well = self.instead(&steps, probe)?;
        let mut calls = probe.trace().calls.iter();
        Ok(!well
            || !calls.any(|other| {
                other.success
                    && other.kind == CallKind::Delegate
                    && other.target == call.target
                    && other.code_address == at
            }))
    }

    /// A finding whose effects all hold; none where none does.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn finding(
        &self,
        card: &'static super::Card,
        place: (Address, String),
        harm: (Impact, Confidence),
        title: String,
        effects: Vec<Effect>,
        probe: &mut Machine,
    ) -> Result<Vec<Finding>> {
        let effects = holding(effects, self, probe)?;
        if effects.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Finding {
            oracle: card.name,
            impact: harm.0,
            confidence: harm.1,
            contract: self.name(place.0),
            function: place.1,
            title,
            rule: card.rule.to_owned(),
            steps: self.steps(),
            effects,
            executions: 0,
        }])
    }
}

/// Whether a step, or what the attacker's contract does during it, has these bytes in its input.
pub(super) fn mentions(step: &Step, bytes: &[u8]) -> bool {
    contains(&step.data(), bytes) || step.inner.iter().any(|inner| mentions(inner, bytes))
}

/// What a call was made with, as an attacker may have written it.
struct Payload {
    input: Vec<u8>,
    signature: String,
}

impl Payload {
    fn of(look: &Look<'_>, call: &CallRecord) -> Self {
        Self { input: call.input.to_vec(), signature: look.signature(call) }
    }

    fn stands_in(&self, step: &Step) -> bool {
        if self.input.is_empty() {
            return false;
        }
        let whole =
            self.input.len() >= 4 && step.arguments.iter().any(|argument| holds(argument, &self.input));
        let parts = || {
            step.arguments.iter().any(|argument| names(argument, &self.signature))
                && (self.input.len() == 4
                    || step.arguments.iter().any(|argument| holds(argument, &self.input[4..])))
        };
        whole || (self.input.len() >= 4 && parts()) || step.inner.iter().any(|inner| self.stands_in(inner))
    }

    /// Writes something else wherever it stands.
    fn spoil(&self, step: &mut Step) {
        for argument in &mut step.arguments {
            spoil(argument, &self.input, &self.signature);
        }
        step.inner.iter_mut().for_each(|inner| self.spoil(inner));
    }
}

/// Whether a step says whom to pay and how much.
pub(super) fn writes_payment(step: &Step, call: &CallRecord) -> bool {
    let has =
        |wanted: &dyn Fn(&DynSolValue) -> bool| step.arguments.iter().any(|argument| any(argument, wanted));
    has(&|value| value.as_address() == Some(call.target))
        && has(&|value| value.as_uint().is_some_and(|(amount, _)| amount == call.value))
}

fn any(value: &DynSolValue, wanted: &dyn Fn(&DynSolValue) -> bool) -> bool {
    wanted(value) || parts(value).iter().any(|part| any(part, wanted))
}

/// Writes another amount wherever a payment's stands.
fn spoil_payment(step: &mut Step, call: &CallRecord) {
    if writes_payment(step, call) {
        for argument in &mut step.arguments {
            lower(argument, call.value);
        }
    }
}

fn lower(value: &mut DynSolValue, amount: U256) {
    match value {
        DynSolValue::Uint(number, _) if *number == amount => *number -= U256::from(1),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) | DynSolValue::Tuple(values) => {
            values.iter_mut().for_each(|value| lower(value, amount));
        }
        _ => {}
    }
}

/// Writes another word in the place of one, wherever it stands in a step.
pub(crate) fn exchange(step: &mut Step, old: U256, new: U256) {
    fn walk(value: &mut DynSolValue, old: U256, new: U256) {
        match value {
            DynSolValue::Uint(number, _) if *number == old => *number = new,
            DynSolValue::Address(address) if super::facts::word(*address) == old => {
                *address = super::facts::address_of(new);
            }
            DynSolValue::Bytes(bytes) => {
                let word = old.to_be_bytes::<32>();
                for at in 0..=bytes.len().saturating_sub(32) {
                    if bytes.get(at..at + 32) == Some(&word[..]) {
                        bytes[at..at + 32].copy_from_slice(&new.to_be_bytes::<32>());
                    }
                }
            }
            DynSolValue::Array(values) | DynSolValue::FixedArray(values) | DynSolValue::Tuple(values) => {
                values.iter_mut().for_each(|value| walk(value, old, new));
            }
            _ => {}
        }
    }
    step.arguments.iter_mut().for_each(|argument| walk(argument, old, new));
    step.inner.iter_mut().for_each(|inner| exchange(inner, old, new));
}

fn parts(value: &DynSolValue) -> &[DynSolValue] {
    match value {
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) | DynSolValue::Tuple(values) => values,
        _ => &[],
    }
}

fn holds(value: &DynSolValue, payload: &[u8]) -> bool {
    match value {
        DynSolValue::Bytes(bytes) => contains(bytes, payload),
        _ => parts(value).iter().any(|part| holds(part, payload)),
    }
}

fn names(value: &DynSolValue, signature: &str) -> bool {
    match value {
        DynSolValue::String(text) => text == signature,
        _ => parts(value).iter().any(|part| names(part, signature)),
    }
}

fn spoil(value: &mut DynSolValue, payload: &[u8], signature: &str) {
    match value {
        DynSolValue::Bytes(bytes) => {
            let arguments = payload.get(4..).filter(|arguments| !arguments.is_empty());
            for part in [Some(payload), arguments].into_iter().flatten() {
                let found = bytes.windows(part.len().max(1)).position(|window| window == part);
                if let Some(last) = found.map(|at| at + part.len() - 1) {
                    bytes[last] ^= 1;
                    return;
                }
            }
        }
        DynSolValue::String(text) if text == signature => text.push('x'),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) | DynSolValue::Tuple(values) => {
            values.iter_mut().for_each(|value| spoil(value, payload, signature));
        }
        _ => {}
    }
}

fn contains(long: &[u8], short: &[u8]) -> bool {
    let Some(first) = short.first() else { return false };
    if short.len() > long.len() {
        return false;
    }
    let last = long.len() - short.len();
    (0..=last).any(|at| long[at] == *first && long[at..at + short.len()] == *short)
}

/// The code hash at an address; none where there is no code.
pub(super) fn code_hash(state: &State, address: Address) -> Option<B256> {
    let code = state.code(address);
    (!code.is_empty()).then(|| keccak256(code.original_byte_slice()))
}

/// The states after each step of a path, the first state first; shorter where a step fails.
///
/// # Errors
/// A defect of the interpreter.
pub(super) fn replay(machine: &mut Machine, first: &Arc<State>, steps: &[Step]) -> Result<Vec<Arc<State>>> {
    let mut states = vec![Arc::clone(first)];
    for step in steps {
        let Some(state) = states.last() else { break };
        let ran = step.run(machine, state)?;
        if !ran.outcome.success() {
            break;
        }
        states.push(ran.after(step));
    }
    Ok(states)
}

/// Ether in words.
pub(super) fn ether(wei: f64) -> String {
    format!("{:.4} ether", wei / 1e18)
}

impl Look<'_> {
    /// The contract that lost most since the world began, and the share of what it held that it lost.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn loser(&self, probe: &mut Machine) -> Result<(Option<Address>, f64)> {
        let mut most = (None, 0.0, 0.0);
        for holding in &self.facts.holdings {
            let had = self.facts.wealth_of(holding.contract, &self.world.state, probe)?;
            let lost = had - self.facts.wealth_of(holding.contract, self.after, probe)?;
            if lost > most.1 {
                most = (Some(holding.contract), lost, lost / had);
            }
        }
        Ok((most.0, most.2))
    }

    /// Whether a contract made a call that it was not made to make: of a function that its code does not name, or of code
    /// that is not of the world.
    pub(super) fn suspicious(&self) -> bool {
        self.trace.calls.iter().skip(1).any(|call| match call.kind {
            CallKind::Static | CallKind::Create => false,
            CallKind::Delegate => self.foreign(call),
            CallKind::Call => {
                self.facts.is_protocol(call.caller)
                    && match call.selector() {
                        None => !call.value.is_zero(),
                        Some(selector) => {
                            self.facts.is_governance(call.caller)
                                || !self.facts.pushes(call.caller, selector)
                                || self.step.arguments.iter().any(|argument| holds(argument, &call.input))
                        }
                    }
            }
        })
    }

    /// Steps that move what a contract has to the attacker, were they the contract's own.
    pub(super) fn seizures(&self, contract: Address) -> Vec<Step> {
        let Some(holding) = self.facts.holding(contract) else { return Vec::new() };
        let attacker = self.step.sender;
        let mut steps = Vec::new();
        let blank = Step {
            sender: attacker,
            to: attacker,
            function: None,
            arguments: Vec::new(),
            value: U256::ZERO,
            wait: crate::sequence::Wait::default(),
            inner: Vec::new(),
        };
        for (token, amount) in &holding.tokens {
            let Some(deployed) = self.world.contracts.iter().find(|deployed| deployed.address == *token)
            else {
                continue;
            };
            let wanted = super::facts::selector("transfer(address,uint256)");
            if let Some(callable) =
                super::facts::functions(deployed).find(|callable| callable.selector == wanted)
            {
                steps.push(Step {
                    to: *token,
                    function: Some(Arc::new(callable.clone())),
                    arguments: vec![DynSolValue::Address(attacker), DynSolValue::Uint(*amount, 256)],
                    ..blank.clone()
                });
            }
        }
        if !holding.ether.is_zero() {
            // To an account without code: the attacker's own contract is at work.
            steps.push(Step { to: Address::repeat_byte(0x5b), value: holding.ether, ..blank });
        }
        steps
    }
}

impl Look<'_> {
    /// The most that a view of a contract says of the sender before the step: a deposit, a lock, votes.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn stake(&self, contract: Address, probe: &mut Machine) -> Result<U256> {
        self.stake_on(self.before, contract, self.step.sender, probe)
    }

    /// The most that a view of a contract says of an account on a state.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub(super) fn stake_on(
        &self,
        state: &Arc<State>,
        contract: Address,
        who: Address,
        probe: &mut Machine,
    ) -> Result<U256> {
        let mut most = U256::ZERO;
        let deployed = self.world.contracts.iter().find(|deployed| deployed.address == contract);
        for callable in deployed.into_iter().flat_map(super::facts::functions) {
            let asks = callable.view()
                && callable.inputs[..] == [alloy_dyn_abi::DynSolType::Address]
                && matches!(callable.outputs[..], [alloy_dyn_abi::DynSolType::Uint(bits)] if bits >= 96);
            if !asks {
                continue;
            }
            let mut data = callable.selector.to_vec();
            data.extend(super::facts::word(who).to_be_bytes::<32>());
            if let Some(answer) = super::facts::ask(probe, state, contract, data.into())? {
                most = most.max(answer.word);
            }
        }
        Ok(most)
    }
}
