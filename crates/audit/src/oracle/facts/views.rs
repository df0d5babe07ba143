//! Views of contracts that tell who rules and by which rules.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, B256, Bytes, U256};

use super::{Facts, Owner, PROXY_SLOTS, Property, RoleView, Setting, address_of, ask, functions, word};
use crate::Result;
use crate::chain::Machine;
use crate::world::{Deployed, World};

/// Views asked of one contract.
const MOST_VIEWS: usize = 200;

/// Getters that tell a ruler even where there is none yet: of Ownable and its kin.
const RULERS: [&str; 13] = [
    "owner",
    "getOwner",
    "admin",
    "governance",
    "governor",
    "gov",
    "guardian",
    "controller",
    "manager",
    "minter",
    "operator",
    "timelock",
    "authority",
];

/// What the name of a rule of governance speaks of.
const RULES: [&str; 10] = [
    "quorum",
    "threshold",
    "delay",
    "period",
    "required",
    "majority",
    "minimum",
    "duration",
    "support",
    "numerator",
];

impl Facts {
    pub(super) fn find_views(&mut self, world: &World, machine: &mut Machine) -> Result<()> {
        for deployed in &world.contracts {
            self.find_properties(world, machine, deployed)?;
            if !self.is_protocol(deployed.address) {
                continue;
            }
            self.find_getters(world, machine, deployed)?;
            self.find_roles(world, machine, deployed)?;
            for (name, slot) in PROXY_SLOTS {
                let slot = U256::from_be_bytes(slot.0);
                let holder = world.state.storage(deployed.address, slot);
                if !holder.is_zero() {
                    self.owners.push(Owner {
                        contract: deployed.address,
                        slot,
                        holder: address_of(holder),
                        name: name.to_owned(),
                        data: Bytes::new(),
                        ruler: true,
                    });
                }
            }
        }
        Ok(())
    }

    fn find_properties(&mut self, world: &World, machine: &mut Machine, deployed: &Deployed) -> Result<()> {
        for callable in functions(deployed).filter(|callable| callable.inputs.is_empty()) {
            let name = callable.name();
            if !(name.starts_with("invariant") || name.starts_with("echidna_")) {
                continue;
            }
            let answers = callable.outputs.first() == Some(&DynSolType::Bool);
            let data: Bytes = callable.selector.to_vec().into();
            let property = Property { contract: deployed.address, name, data, answers };
            if property.holds(machine, &world.state)? {
                let reads = machine.trace().accesses.iter().filter(|access| !access.write);
                self.read_by_properties.extend(reads.map(|access| (access.address, access.slot)));
                self.properties.push(property);
            }
        }
        Ok(())
    }

    fn find_getters(&mut self, world: &World, machine: &mut Machine, deployed: &Deployed) -> Result<()> {
        let contract = deployed.address;
        let getters = functions(deployed).filter(|callable| callable.inputs.is_empty() && callable.view());
        for callable in getters.take(MOST_VIEWS) {
            let [output] = &callable.outputs[..] else { continue };
            let data: Bytes = callable.selector.to_vec().into();
            let Some(answer) = ask(machine, &world.state, contract, data.clone())? else { continue };
            let name = callable.name();
            let lower = name.to_lowercase();
            if matches!(output, DynSolType::Uint(_)) && lower.contains("delay") {
                let seconds = u64::try_from(answer.word).unwrap_or_default();
                // Times of day are no delays.
                if seconds > 0 && seconds < 1_000_000_000 {
                    self.delays.push((contract, seconds));
                }
            }
            let governed = self.is_governance(contract) || lower.contains("delay");
            let rule = governed && RULES.iter().any(|rule| lower.contains(rule));
            let Some((slot, _)) = answer.place(contract) else {
                if rule && matches!(output, DynSolType::Uint(_)) && !answer.word.is_zero() {
                    self.constants.push((contract, name, data, answer.word));
                }
                continue;
            };
            match output {
                DynSolType::Address => {
                    let holder = address_of(answer.word);
                    let ruler = RULERS.contains(&name.trim_start_matches('_'));
                    let known = self.trusted.contains(&holder) || self.is_protocol(holder);
                    if known || (ruler && !self.is_attacker(holder)) {
                        self.owners.push(Owner { contract, slot, holder, name, data, ruler });
                    }
                }
                DynSolType::Uint(_) if !answer.word.is_zero() => {
                    self.settings.push(Setting { contract, slot, name, data, value: answer.word, rule });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn find_roles(&mut self, world: &World, machine: &mut Machine, deployed: &Deployed) -> Result<()> {
        let contract = deployed.address;
        let mut names = vec![B256::ZERO];
        for callable in functions(deployed).filter(|callable| callable.inputs.is_empty() && callable.view()) {
            if callable.outputs[..] == [DynSolType::FixedBytes(32)]
                && let Some(answer) = ask(machine, &world.state, contract, callable.selector.to_vec().into())?
            {
                names.push(B256::from(answer.word));
            }
        }
        let holders: Vec<Address> = self.trusted.iter().chain(&self.protocol).copied().collect();
        for callable in functions(deployed).filter(|callable| callable.view()).take(MOST_VIEWS) {
            if callable.outputs[..] != [DynSolType::Bool] {
                continue;
            }
            let words: Vec<Option<B256>> = match &callable.inputs[..] {
                [DynSolType::Address] => vec![None],
                [DynSolType::FixedBytes(32), DynSolType::Address] => {
                    names.iter().copied().map(Some).collect()
                }
                _ => continue,
            };
            for role in words {
                let asking = |who: Address| -> Bytes {
                    let mut data = callable.selector.to_vec();
                    data.extend(role.iter().flat_map(|role| role.0));
                    data.extend(word(who).to_be_bytes::<32>());
                    data.into()
                };
                let mut held = false;
                for holder in &holders {
                    let answer = ask(machine, &world.state, contract, asking(*holder))?;
                    held |= answer.is_some_and(|answer| answer.word == U256::from(1));
                }
                if !held {
                    continue;
                }
                for attacker in self.attackers.clone() {
                    let data = asking(attacker);
                    let Some(answer) = ask(machine, &world.state, contract, data.clone())? else { continue };
                    let last = answer.reads.iter().rev().find(|(address, ..)| *address == contract);
                    if let (true, Some((_, slot, _))) = (answer.word.is_zero(), last) {
                        let name = callable.name();
                        self.roles.push(RoleView { contract, name, data, attacker, slot: *slot });
                    }
                }
            }
        }
        Ok(())
    }
}

impl Property {
    /// Whether it holds on a state.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn holds(&self, machine: &mut Machine, state: &std::sync::Arc<crate::chain::State>) -> Result<bool> {
        let call = crate::chain::Transaction {
            sender: super::NOBODY,
            to: Some(self.contract),
            value: U256::ZERO,
            data: self.data.clone(),
        };
        let outcome = machine.run(state, &call)?;
        let truth = || outcome.output.get(..32).is_some_and(|word| word.iter().any(|byte| *byte != 0));
        Ok(outcome.success() && (!self.answers || truth()))
    }
}
