//! A finding as a JSON file that says everything and is enough to play it again: the world it begins in is in it, so that
//! neither project nor compiler is needed.

use std::path::Path;
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_json_abi::{Function, StateMutability};
use alloy_primitives::{Address, Bytes, Selector, U256};
use daotwin_core::Limits;
use daotwin_core::files::read_limited;
use revm::bytecode::Bytecode;
use serde::{Deserialize, Serialize};

use crate::artifact::Callable;
use crate::chain::{Fork, State};
use crate::cost::Cost;
use crate::finding::{Confidence, Effect, Explained, Finding, Impact};
use crate::oracle;
use crate::sequence::{Step, Wait, encode};
use crate::shrink::Shrunk;
use crate::words::Words;
use crate::world::{Role, World};
use crate::{Error, Result};

/// The version of the file; [`json_schema`] describes it.
pub const VERSION: u32 = 1;
/// The JSON Schema of the file (draft 2020-12).
pub fn json_schema() -> serde_json::Value {
    serde_json::from_str(include_str!("finding.schema.json")).unwrap_or_default()
}

/// Steps of a file, accounts, words of storage, and callbacks of a step.
const MOST: usize = 100_000;

/// Where a finding comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The version of the program.
    pub daotwin: String,
    /// The project, as it was named.
    pub project: String,
    /// The deployment, as it was named; empty where it was guessed.
    pub scenario: String,
    /// The seed of the search.
    pub seed: u64,
}

/// A finding as a file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Always [`VERSION`].
    pub version: u32,
    /// Where it comes from.
    pub origin: Origin,
    /// The oracle.
    pub oracle: String,
    /// How much harm.
    pub impact: Impact,
    /// How sure.
    pub confidence: Confidence,
    /// The contract at fault.
    pub contract: String,
    /// The function at fault; empty where it is the contract as a whole.
    pub function: String,
    /// What happens.
    pub title: String,
    /// The rule that was broken.
    pub rule: String,
    /// Calls until it was found.
    pub executions: u64,
    /// Whether no call can be left out and no value made simpler.
    pub minimal: bool,
    /// Calls of the sequence that was found, before it was made minimal.
    pub calls_before: usize,
    /// The steps.
    pub steps: Vec<Call>,
    /// What is so after them, and was not before.
    pub effects: Vec<Harm>,
    /// What is known about the values.
    pub explained: Vec<Explained>,
    /// Other oracles that see the same steps.
    #[serde(default)]
    pub also: Vec<String>,
    /// What it takes, where it is an attack on governance.
    #[serde(default)]
    pub cost: Option<Cost>,
    /// The world that they begin in.
    pub world: Start,
}

/// A step, or a call of the attacker's contract during one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// In words.
    pub words: String,
    /// Blocks and seconds that pass before.
    pub wait: Wait,
    /// Who calls.
    pub sender: Address,
    /// Whom.
    pub to: Address,
    /// Wei sent along.
    pub value: U256,
    /// The input.
    pub data: Bytes,
    /// The declaration of the function, where it is known.
    pub function: Option<Function>,
    /// Types of the arguments.
    pub types: Vec<String>,
    /// The arguments, as people write them.
    pub arguments: Vec<String>,
    /// What the sender's contract does when it is called back.
    pub callbacks: Vec<Call>,
}

/// An effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Harm {
    /// In words.
    pub words: String,
    /// What it is.
    pub check: Check,
}

/// What an effect checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of `Effect`")]
pub enum Check {
    /// [`Effect::EtherGained`].
    EtherGained { account: Address, least: U256 },
    /// [`Effect::EtherLost`].
    EtherLost { account: Address, least: U256 },
    /// [`Effect::TokenGained`].
    TokenGained { token: Address, account: Address, least: U256 },
    /// [`Effect::TokenLost`].
    TokenLost { token: Address, account: Address, least: U256 },
    /// [`Effect::Stored`].
    Stored { account: Address, slot: U256, value: U256 },
    /// [`Effect::Gone`].
    Gone { account: Address },
    /// [`Effect::Answers`].
    Answers { sender: Address, to: Address, data: Bytes, output: Bytes },
    /// [`Effect::Fails`].
    Fails { sender: Address, to: Address, value: U256, data: Bytes },
    /// [`Effect::Succeeds`].
    Succeeds { sender: Address, to: Address, value: U256, data: Bytes },
    /// [`Effect::Prevents`].
    Prevents { sender: Address, to: Address, value: U256, data: Bytes, wait: u64 },
    /// [`Effect::Panics`].
    Panics { sender: Address, to: Address, value: U256, data: Bytes },
    /// [`Effect::Costs`].
    Costs { sender: Address, to: Address, value: U256, data: Bytes, least: u64 },
    /// [`Effect::Phished`].
    Phished { origin: Address, sender: Address, to: Address, data: Bytes },
}

/// The world that the steps begin in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The hard fork.
    pub fork: String,
    /// The block.
    pub block: u64,
    /// Its time.
    pub time: u64,
    /// Names of people and contracts.
    pub names: Vec<Name>,
    /// Every account.
    pub accounts: Vec<Account>,
}

/// Someone or something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The name.
    pub name: String,
    /// The address.
    pub address: Address,
    /// `attacker`, `member`, `trusted`, or `contract`.
    pub role: String,
    /// Of a contract, its source and name in the build.
    pub artifact: Option<String>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The address.
    pub address: Address,
    /// Wei.
    pub balance: U256,
    /// Contracts created or transactions sent.
    pub nonce: u64,
    /// Its code.
    pub code: Bytes,
    /// Its storage: word and value.
    pub storage: Vec<(U256, U256)>,
}

impl File {
    /// The file of a finding in its world.
    pub fn new(world: &World, shrunk: &Shrunk, origin: Origin) -> Self {
        let words = Words::new(world);
        let finding = &shrunk.finding;
        let effects = finding.effects.iter();
        Self {
            version: VERSION,
            origin,
            oracle: finding.oracle.to_owned(),
            impact: finding.impact,
            confidence: finding.confidence,
            contract: finding.contract.clone(),
            function: finding.function.clone(),
            title: finding.title.clone(),
            rule: finding.rule.clone(),
            executions: finding.executions,
            minimal: shrunk.simpler.is_empty(),
            calls_before: shrunk.calls_before,
            steps: finding.steps.iter().map(|step| call(step, &words)).collect(),
            effects: effects
                .map(|effect| Harm { words: words.effect(effect), check: effect.into() })
                .collect(),
            explained: shrunk.explained.clone(),
            also: shrunk.also.iter().map(|oracle| (*oracle).to_owned()).collect(),
            cost: shrunk.cost.clone(),
            world: Start::new(world),
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read or is too large; what in it is none of a finding, with its place.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let bytes = read_limited(path, limits.max_file_bytes)?;
        let file: Self = serde_json::from_slice(&bytes)
            .map_err(|error| problem(path, &format!("this is no finding: {error}")))?;
        if file.version != VERSION {
            let text =
                format!("the file is of version {}; this program reads version {VERSION}", file.version);
            return Err(problem(path, &text));
        }
        if file.steps.len() > MOST || file.world.accounts.len() > MOST {
            return Err(problem(path, &format!("more than {MOST} steps or accounts, the limit")));
        }
        file.finding().map_err(|text| problem(path, &text))?;
        file.world.fork.parse::<Fork>()?;
        Ok(file)
    }

    /// The hard fork.
    ///
    /// # Errors
    /// One that does not exist.
    pub fn fork(&self) -> Result<Fork> {
        self.world.fork.parse()
    }

    /// The first state.
    pub fn state(&self) -> Arc<State> {
        let mut state = State::new(self.world.block, self.world.time);
        for account in &self.world.accounts {
            state.set_balance(account.address, account.balance);
            state.set_nonce(account.address, account.nonce);
            if !account.code.is_empty() {
                state.set_code(account.address, Bytecode::new_legacy(account.code.clone()));
            }
            for (slot, value) in &account.storage {
                state.set_storage(account.address, *slot, *value);
            }
        }
        Arc::new(state)
    }

    /// The first state of another world, in which the same people deployed another build to the same addresses, with the
    /// attacker's contract where the search had put it.
    pub fn onto(&self, world: &World) -> Arc<State> {
        let mut state = (*world.state).clone();
        let people = self.world.names.iter().filter(|name| name.artifact.is_none());
        let accounts = self.world.accounts.iter().filter(|account| !account.code.is_empty());
        for account in accounts.filter(|account| people.clone().any(|name| name.address == account.address)) {
            state.set_code(account.address, Bytecode::new_legacy(account.code.clone()));
        }
        Arc::new(state)
    }

    /// The finding.
    ///
    /// # Errors
    /// What in it contradicts itself, in words.
    pub fn finding(&self) -> std::result::Result<Finding, String> {
        let steps = self.steps.iter().enumerate();
        let steps: std::result::Result<Vec<Step>, String> =
            steps.map(|(number, call)| step(call, &format!("step {}", number + 1))).collect();
        let known = oracle::all().into_iter().map(|oracle| oracle.card().name);
        Ok(Finding {
            // A file of another version may name an oracle that this one has not.
            oracle: known.into_iter().find(|name| *name == self.oracle).unwrap_or("unknown"),
            impact: self.impact,
            confidence: self.confidence,
            contract: self.contract.clone(),
            function: self.function.clone(),
            title: self.title.clone(),
            rule: self.rule.clone(),
            steps: steps?,
            effects: self.effects.iter().map(|harm| Effect::from(&harm.check)).collect(),
            executions: self.executions,
        })
    }
}

fn problem(path: &Path, text: &str) -> Error {
    Error::Artifacts { problems: vec![format!("`{}`: {text}", path.display())] }
}

impl Start {
    fn new(world: &World) -> Self {
        let state = &world.state;
        let actors = world.actors.iter().map(|actor| Name {
            name: actor.name.clone(),
            address: actor.address,
            role: Role::name(actor.role).to_owned(),
            artifact: None,
        });
        let contracts = world.contracts.iter().map(|deployed| Name {
            name: deployed.name.clone(),
            address: deployed.address,
            role: "contract".to_owned(),
            artifact: Some(deployed.contract.full_name()),
        });
        let account = |address: Address| Account {
            address,
            balance: state.balance(address),
            nonce: state.nonce(address),
            code: state.code(address).original_bytes(),
            storage: state.slots(address),
        };
        Self {
            fork: world.fork.name().to_owned(),
            block: state.block,
            time: state.time,
            names: actors.chain(contracts).collect(),
            accounts: state.addresses().into_iter().map(account).collect(),
        }
    }

    /// The name of an address; the address where it has none.
    pub fn name(&self, address: Address) -> String {
        let known = self.names.iter().find(|name| name.address == address);
        known.map_or_else(|| address.to_string(), |name| name.name.clone())
    }
}

fn call(step: &Step, words: &Words<'_>) -> Call {
    let function = step.function.as_deref();
    Call {
        words: words.sentence(step),
        wait: step.wait,
        sender: step.sender,
        to: step.to,
        value: step.value,
        data: step.data(),
        function: function.and_then(|callable| callable.function.clone()),
        types: function.iter().flat_map(|callable| &callable.inputs).map(ToString::to_string).collect(),
        arguments: step.arguments.iter().map(|argument| words.value(argument)).collect(),
        callbacks: step.inner.iter().map(|inner| call(inner, words)).collect(),
    }
}

fn step(call: &Call, place: &str) -> std::result::Result<Step, String> {
    let inner = call.callbacks.iter().enumerate();
    let inner = inner.map(|(number, callback)| {
        if callback.callbacks.is_empty() {
            step(callback, &format!("{place}, callback {}", number + 1))
        } else {
            Err(format!("{place}, callback {}: a callback has none of its own", number + 1))
        }
    });
    let inner = inner.collect::<std::result::Result<Vec<Step>, String>>()?;
    let mut function = None;
    let mut arguments = Vec::new();
    if let Some((selector, rest)) = call.data.split_at_checked(4) {
        let types = call
            .types
            .iter()
            .map(|name| DynSolType::parse(name).map_err(|error| format!("{place}: type `{name}`: {error}")));
        let inputs = types.collect::<std::result::Result<Vec<DynSolType>, String>>()?;
        let decoded = DynSolType::Tuple(inputs.clone()).abi_decode_params(rest);
        let decoded = decoded.map_err(|error| format!("{place}: `data` is not of `types`: {error}"))?;
        arguments = match decoded {
            DynSolValue::Tuple(values) => values,
            other => vec![other],
        };
        let mut again = selector.to_vec();
        encode(&arguments, &mut again);
        if again != call.data {
            return Err(format!("{place}: `data` has more in it than arguments of `types`"));
        }
        let selector = Selector::from_slice(selector);
        if let Some(declared) = &call.function
            && declared.selector() != selector
        {
            return Err(format!("{place}: `data` is no call of `{}`", declared.signature()));
        }
        let outputs = call.function.iter().flat_map(|declared| &declared.outputs);
        let outputs = outputs.filter_map(|output| crate::artifact::abi::resolve(output).ok()).collect();
        let mutability =
            call.function.as_ref().map_or(StateMutability::Payable, |declared| declared.state_mutability);
        let callable = Callable { selector, function: call.function.clone(), inputs, outputs, mutability };
        function = Some(Arc::new(callable));
    } else if !call.data.is_empty() {
        return Err(format!("{place}: `data` of less than four bytes is no call"));
    }
    let (sender, to, value, wait) = (call.sender, call.to, call.value, call.wait);
    Ok(Step { sender, to, function, arguments, value, wait, inner })
}

macro_rules! checks {
    ($($kind:ident { $($field:ident),+ }),+ $(,)?) => {
        impl From<&Effect> for Check {
            fn from(effect: &Effect) -> Self {
                match effect {
                    $(Effect::$kind { $($field),+ } => Self::$kind { $($field: $field.clone()),+ },)+
                }
            }
        }

        impl From<&Check> for Effect {
            fn from(check: &Check) -> Self {
                match check {
                    $(Check::$kind { $($field),+ } => Self::$kind { $($field: $field.clone()),+ },)+
                }
            }
        }
    };
}

checks! {
    EtherGained { account, least },
    EtherLost { account, least },
    TokenGained { token, account, least },
    TokenLost { token, account, least },
    Stored { account, slot, value },
    Gone { account },
    Answers { sender, to, data, output },
    Fails { sender, to, value, data },
    Succeeds { sender, to, value, data },
    Prevents { sender, to, value, data, wait },
    Panics { sender, to, value, data },
    Costs { sender, to, value, data, least },
    Phished { origin, sender, to, data },
}
