//! Rules that end an attack when they are changed.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::Run;
use daotwin_core::random::Seed;
use revm::bytecode::Bytecode;

use super::scene::Scene;
use super::turnout::Ballot;
use super::{EXACT, Remedy};
use crate::Result;
use crate::campaign::{Campaign, Options};
use crate::chain::{State, Transaction, push_size};
use crate::sequence::{Step, Wait};
use crate::world::World;

/// Calls of the search that a change must stand.
const SEARCH: u64 = 20_000;

/// A rule of the contracts.
struct Rule {
    contract: Address,
    name: String,
    data: Bytes,
    value: U256,
    place: Place,
}

/// Where a rule lies.
enum Place {
    /// In a word of storage.
    Stored(U256),
    /// In the code, as instructions that push it: where their operands begin and how long they are.
    Pushed(Vec<(usize, usize)>),
}

impl Scene<'_> {
    /// Rules whose change alone ends the attack, the smallest change first, and how many were tried.
    pub(super) fn remedies(&mut self, seed: Seed) -> Result<(Vec<Remedy>, usize)> {
        let state = &self.world.state;
        let mut rules = Vec::new();
        for (contract, name, data, value, slot) in self.facts.rules() {
            let place = match slot {
                Some(slot) if state.storage(contract, slot) == value => Place::Stored(slot),
                Some(_) => continue,
                None => match pushed(state.code(contract).original_byte_slice(), value) {
                    places if places.is_empty() => continue,
                    places => Place::Pushed(places),
                },
            };
            rules.push(Rule { contract, name: name.to_owned(), data: data.clone(), value, place });
        }
        let tried = rules.len();
        let mut found: Vec<(f64, Remedy)> = Vec::new();
        for rule in rules {
            for up in [true, false] {
                let Some(to) = self.nearest(&rule, up)? else { continue };
                let Some(state) = self.changed(&rule, to)? else { continue };
                if !self.alive(&rule, to, &state)? {
                    continue;
                }
                let Some(searched) = self.stands(state, seed)? else { continue };
                let size =
                    (f64::from(to.max(U256::from(1))) / f64::from(rule.value.max(U256::from(1)))).ln().abs();
                let contract = self.world.name_of(rule.contract);
                found.push((
                    size,
                    Remedy { contract, rule: rule.name.clone(), from: rule.value, to, searched },
                ));
                break;
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok((found.into_iter().map(|(_, remedy)| remedy).collect(), tried))
    }

    /// The world with another value; none where it does not fit in the place of the old one, or the getter says otherwise.
    fn changed(&mut self, rule: &Rule, to: U256) -> Result<Option<Arc<State>>> {
        let mut state = (*self.world.state).clone();
        match &rule.place {
            Place::Stored(slot) => state.set_storage(rule.contract, *slot, to),
            Place::Pushed(places) => {
                let mut code = state.code(rule.contract).original_byte_slice().to_vec();
                for (at, size) in places {
                    if to.byte_len() > *size {
                        return Ok(None);
                    }
                    code[*at..at + size].copy_from_slice(&to.to_be_bytes::<32>()[32 - size..]);
                }
                state.set_code(rule.contract, Bytecode::new_legacy(code.into()));
            }
        }
        let state = Arc::new(state);
        let (sender, value, data) = (self.attacker, U256::ZERO, rule.data.clone());
        let ask = Transaction { sender, to: Some(rule.contract), value, data };
        let answer = self.machine.run(&state, &ask)?;
        Ok((answer.success() && answer.output.as_ref() == to.to_be_bytes::<32>()).then_some(state))
    }

    /// The nearest value that ends the attack in one direction, by doubling and halving; none where none does.
    fn nearest(&mut self, rule: &Rule, up: bool) -> Result<Option<U256>> {
        let two = U256::from(2);
        let mut near = rule.value;
        let mut far = None;
        for _ in 0..96 {
            let next = match up {
                true if near.is_zero() => U256::from(1),
                true => near.saturating_mul(two),
                false => near / two,
            };
            if next == near || next.bit_len() > 128 {
                break;
            }
            match self.ends(rule, next)? {
                Some(true) => {
                    far = Some(next);
                    break;
                }
                Some(false) => near = next,
                None => break,
            }
        }
        let Some(mut far) = far else { return Ok(None) };
        while far.abs_diff(near) > U256::from(1) && far.abs_diff(near) * U256::from(EXACT) > far.max(near) {
            let middle = near.min(far) + far.abs_diff(near) / two;
            if self.ends(rule, middle)? == Some(true) {
                far = middle;
            } else {
                near = middle;
            }
        }
        Ok(Some(far))
    }

    /// Whether the attack fails with another value, though the attacker uses all there is and waits longer; none where the
    /// rule cannot have that value.
    fn ends(&mut self, rule: &Rule, to: U256) -> Result<Option<bool>> {
        let Some(state) = self.changed(rule, to)? else { return Ok(None) };
        for steps in self.patient(rule, to) {
            if self.works(&state, &steps)? {
                return Ok(Some(false));
            }
        }
        Ok(Some(true))
    }

    /// Whether a majority still decides with another value: the same works when all members vote for it. What stops everybody
    /// is no remedy.
    fn alive(&mut self, rule: &Rule, to: U256, state: &Arc<State>) -> Result<bool> {
        let Some((place, vote)) = self.vote() else { return Ok(true) };
        let all = vec![Ballot::For; self.facts.members.len()];
        for steps in self.patient(rule, to) {
            if let (Some(voted), rest) = self.contested(state, steps, place, &vote, &all)?
                && self.works(&voted, &rest)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The attack as it is and with all there is, each as it is and with longer waits: one of them, or all, by as much as a rule
    /// grows.
    fn patient(&self, rule: &Rule, to: U256) -> Vec<Vec<Step>> {
        let longer = u64::try_from(to.saturating_sub(rule.value)).ok();
        let longer = longer.filter(|longer| (1..1 << 40).contains(longer));
        let mut all = Vec::new();
        for steps in [self.finding.steps.clone(), self.steps(&self.held())] {
            for more in longer.into_iter().flat_map(|longer| [Wait::seconds(longer), Wait::blocks(longer)]) {
                let later = |step: &Step| {
                    let wait = Wait {
                        blocks: step.wait.blocks + more.blocks,
                        seconds: step.wait.seconds + more.seconds,
                    };
                    Step { wait, ..step.clone() }
                };
                all.extend((0..steps.len()).map(|place| {
                    let mut patient = steps.clone();
                    patient[place] = later(&patient[place]);
                    patient
                }));
                all.push(steps.iter().map(later).collect());
            }
            all.push(steps);
        }
        all
    }

    /// The calls of a new search on a changed state that finds nothing of the kind; none where it does.
    fn stands(&self, state: Arc<State>, seed: Seed) -> Result<Option<u64>> {
        let world = World { state, ..self.world.clone() };
        let options = Options {
            seed,
            oracles: vec![self.finding.oracle.to_owned()],
            executions: Some(SEARCH),
            findings: Some(1),
            ..Options::default()
        };
        let report = Campaign::new(world, options)?.run(&Run::default(), &mut |_| ())?;
        Ok(report.findings.is_empty().then_some(report.executions))
    }
}

/// Where a code pushes a number of at least two bytes: smaller ones stand for too many other things.
fn pushed(code: &[u8], value: U256) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let mut counter = 0;
    while counter < code.len() && value.byte_len() >= 2 {
        let size = push_size(code[counter]);
        if let Some(operand) = code.get(counter + 1..counter + 1 + size)
            && size > 0
            && U256::from_be_slice(operand) == value
        {
            places.push((counter + 1, size));
        }
        counter += 1 + size;
    }
    places
}
