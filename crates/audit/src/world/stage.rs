//! Carries out a deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::names::nearest;

use super::key::address_of;
use super::read::{Action, BLOCK, ETHER, Scenario, Step, TIME};
use super::term::{Call, Term};
use super::value::{Scope, all, blank, reason, show, value};
use super::{Actor, Asset, Deployed, Done, Role, World, broadcast, proxy};
use crate::artifact::abi::resolve;
use crate::artifact::{Artifacts, Callable, Contract, Link};
use crate::chain::{Asking, CallKind, Machine, Outcome, Remote, State, Transaction};
use crate::problems::Problems;
use crate::{BLOCK_SECONDS, Error, Result};

/// Ether of the deployer and of those who sent the transactions of a broadcast, where nothing is said: 10,000.
const DEPLOYER_ETHER: U256 = U256::from_limbs([1_864_712_049_423_024_128, 542, 0, 0]);
/// Libraries that need libraries that need libraries.
const MOST_LIBRARIES: usize = 16;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) address: Address,
    /// What is there, where it is a contract.
    pub(super) contract: Option<Arc<Contract>>,
    /// What it hands its calls on to, where the scenario says so.
    pub(super) implementation: Option<Arc<Contract>>,
}

/// A deployment under way.
pub(super) struct Stage<'a> {
    pub(super) artifacts: &'a Artifacts,
    pub(super) machine: Machine,
    pub(super) state: Arc<State>,
    /// Whether only what can be told beforehand is looked at, and nothing is run.
    dry: bool,
    pub(super) names: BTreeMap<String, Named>,
    pub(super) actors: Vec<Actor>,
    pub(super) deployed: Vec<Deployed>,
    /// Libraries by full name.
    libraries: BTreeMap<String, Address>,
    /// Names that lines further on give, for lines before them: contracts may need each other.
    later: BTreeSet<String>,
    /// Where what they deploy will be, and how many transactions each account has sent by then.
    foreseen: BTreeMap<String, Address>,
    nonces: BTreeMap<Address, u64>,
    pub(super) done: Vec<Done>,
}

/// Why a line fails: the author's fault, told with its line, or a failure of another kind.
pub(super) enum Failure {
    Line(String),
    Other(Error),
}

impl From<String> for Failure {
    fn from(problem: String) -> Self {
        Self::Line(problem)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Contract { message } => Self::Line(message),
            other => Self::Other(other),
        }
    }
}

pub(super) type Answer<T> = std::result::Result<T, Failure>;

pub(super) fn deploy(scenario: &Scenario, artifacts: &Artifacts) -> Result<World> {
    let actors = actors(scenario);
    let mut genesis = match &scenario.node {
        Some((line, url)) => {
            let asking = Asking { block: scenario.block, cache: scenario.cache.clone(), ..Asking::default() };
            let remote = Remote::open(url, &asking).map_err(|error| match error {
                Error::Remote { message } => Error::Remote { message: format!("line {line}: {message}") },
                other => other,
            })?;
            State::of(Arc::new(remote))
        }
        None => State::new(scenario.block.unwrap_or(BLOCK), scenario.time.unwrap_or(TIME)),
    };
    for actor in &actors {
        genesis.set_balance(actor.address, actor.ether);
    }
    let named = |actor: &Actor| {
        (actor.name.clone(), Named { address: actor.address, contract: None, implementation: None })
    };
    let mut stage = Stage {
        artifacts,
        machine: Machine::new(scenario.fork),
        state: Arc::new(genesis),
        dry: false,
        names: actors.iter().map(named).collect(),
        actors,
        deployed: Vec::new(),
        libraries: BTreeMap::new(),
        later: scenario.steps.iter().filter_map(|step| step.name.clone()).collect(),
        foreseen: BTreeMap::new(),
        nonces: BTreeMap::new(),
        done: Vec::new(),
    };
    let mut genesis = Arc::clone(&stage.state);
    if let Some((line, path)) = &scenario.broadcast {
        let replayed = broadcast::replay(&mut stage, path);
        let at = |problem: String| if *line == 0 { problem } else { format!("line {line}: {problem}") };
        genesis = replayed.map_err(|failure| match failure {
            Failure::Line(problem) => Error::Deployment { problems: vec![at(problem)] },
            Failure::Other(error) => error,
        })?;
    }
    stage.rehearse(scenario)?;
    for (line, name, term) in &scenario.libraries {
        let address = stage.address_of(term);
        let address = address.map_err(|problem| failed(*line, Failure::Line(problem)))?;
        stage.libraries.insert(name.clone(), address);
    }
    for step in &scenario.steps {
        stage.step(step).map_err(|failure| failed(step.line, failure))?;
    }
    stage.find_implementations()?;
    let assets = stage.assets(scenario)?;
    if scenario.loans {
        stage.lend(&assets).map_err(|failure| match failure {
            Failure::Line(problem) => Error::Deployment { problems: vec![format!("`loans`: {problem}")] },
            Failure::Other(error) => error,
        })?;
    }
    // What follows is in another block: whatever a contract keeps of this one is past by then.
    stage.wait(1, BLOCK_SECONDS);
    Ok(World {
        state: stage.state,
        fork: scenario.fork,
        contracts: stage.deployed,
        actors: stage.actors,
        assets,
        turnout: scenario.turnout,
        genesis,
        setup: stage.done,
    })
}

fn failed(line: usize, failure: Failure) -> Error {
    match failure {
        Failure::Line(problem) => Error::Deployment { problems: vec![format!("line {line}: {problem}")] },
        Failure::Other(error) => error,
    }
}

/// The people of a scenario, with the two who are always there.
fn actors(scenario: &Scenario) -> Vec<Actor> {
    let always = [("deployer", Role::Trusted, DEPLOYER_ETHER), ("attacker", Role::Attacker, ETHER)];
    let mut actors: Vec<Actor> = always
        .into_iter()
        .filter(|(name, ..)| scenario.actors.iter().all(|actor| actor.name != *name))
        .map(|(name, role, ether)| Actor { name: name.to_owned(), address: address_of(name), role, ether })
        .collect();
    actors.extend(scenario.actors.iter().map(|actor| Actor {
        name: actor.name.clone(),
        address: address_of(&actor.name),
        role: actor.role,
        ether: actor.ether,
    }));
    let rank = |actor: &Actor| match actor.name.as_str() {
        "deployer" => 0,
        "attacker" => 1,
        _ => 2,
    };
    actors.sort_by_key(rank);
    actors
}

impl Stage<'_> {
    /// Looks through all lines without running any.
    fn rehearse(&mut self, scenario: &Scenario) -> Result<()> {
        let mut problems = Problems::new(scenario.most_problems);
        let kept = (self.names.clone(), self.deployed.len());
        self.dry = true;
        for (line, name, term) in &scenario.libraries {
            match self.address_of(term) {
                Ok(address) => _ = self.libraries.insert(name.clone(), address),
                Err(problem) => problems.add(format!("line {line}: library `{name}`: {problem}")),
            }
        }
        for step in &scenario.steps {
            match self.step(step) {
                Ok(()) => {}
                Err(Failure::Line(problem)) => problems.add(format!("line {}: {problem}", step.line)),
                Err(Failure::Other(error)) => return Err(error),
            }
            // Lines after one that fails speak of what it would have deployed.
            if let Some(name) = &step.name
                && !self.names.contains_key(name)
            {
                let contract = match &step.action {
                    Action::Deploy(name) | Action::At(name, _) => self.artifacts.find(name).ok().cloned(),
                    Action::Call(_) => None,
                };
                let named = Named { address: address_of(name), contract, implementation: None };
                self.names.insert(name.clone(), named);
            }
        }
        for (line, name, _) in &scenario.assets {
            if !self.names.contains_key(name) {
                problems.add(format!("line {line}: {}", self.unknown(name)));
            }
        }
        self.dry = false;
        self.names = kept.0;
        self.deployed.truncate(kept.1);
        self.libraries.clear();
        if problems.is_empty() { Ok(()) } else { Err(Error::Deployment { problems: problems.into_lines() }) }
    }

    pub(super) fn wait(&mut self, blocks: u64, seconds: u64) {
        let state = Arc::make_mut(&mut self.state);
        state.block = state.block.saturating_add(blocks);
        state.time = state.time.saturating_add(seconds);
    }

    fn step(&mut self, step: &Step) -> Answer<()> {
        if !self.dry && (step.blocks > 0 || step.seconds > 0) {
            self.wait(step.blocks, step.seconds);
        }
        let implementation = match &step.implementation {
            Some(name) => Some(Arc::clone(self.artifacts.find(name)?)),
            None => None,
        };
        let from = match self.names.get(&step.from) {
            Some(named) => named.address,
            None => step.from.parse().map_err(|_| self.unknown(&step.from))?,
        };
        let amount = match value(&step.value, &DynSolType::Uint(256), &[], self)? {
            DynSolValue::Uint(amount, _) => amount,
            _ => U256::ZERO,
        };
        match &step.action {
            Action::At(contract, place) => {
                let contract = Arc::clone(self.artifacts.find(contract)?);
                let address = self.address_of(place)?;
                if !self.dry && self.state.code(address).original_byte_slice().is_empty() {
                    return Err(Failure::Line(format!("there is no contract at {address}")));
                }
                // A name that was given to it before, by itself, goes.
                self.deployed.retain(|known| known.address != address || self.dry);
                self.add(step.name.clone(), address, contract, implementation);
            }
            Action::Deploy(name) => {
                let contract = Arc::clone(self.artifacts.find(name)?);
                if !contract.deployable() {
                    let what = "an interface or an abstract contract, or the build left no code of it";
                    return Err(Failure::Line(format!("`{name}` cannot be deployed: it is {what}")));
                }
                let inputs =
                    contract.abi.constructor.as_ref().map_or(&[][..], |constructor| &constructor.inputs);
                let kinds: Vec<DynSolType> =
                    inputs.iter().map(resolve).collect::<std::result::Result<_, _>>()?;
                let values = all(&step.arguments, inputs, &kinds, self)
                    .map_err(|problem| format!("constructor of `{name}`: {problem}"))?;
                let mut path = vec![contract.full_name()];
                let mut data = self.linked(&contract, &mut path)?;
                data.extend(DynSolValue::Tuple(values.clone()).abi_encode_params());
                let words = format!("new {}({})", contract.name, self.shown(&values));
                let known = step.name.clone().unwrap_or_else(|| self.free_name(&contract.name));
                let address = if self.dry {
                    let address = from.create(self.sent(from));
                    self.foreseen.insert(known.clone(), address);
                    address
                } else {
                    let transaction =
                        Transaction { sender: from, to: None, value: amount, data: data.into() };
                    self.create(transaction, words, &known)?
                };
                if self.foreseen.get(&known).is_some_and(|foreseen| *foreseen != address) {
                    let problem = "has another address than lines before were told; deploy it before them";
                    return Err(Failure::Line(format!("`{known}` {problem}")));
                }
                self.add(step.name.clone(), address, contract, implementation);
                self.factories(address);
            }
            Action::Call(call) => {
                let (name, function) =
                    call.split_once('.').map_or((call.as_str(), None), |(n, f)| (n, Some(f)));
                let name = name.strip_prefix('$').unwrap_or(name);
                let target = self.names.get(name).cloned().ok_or_else(|| self.unknown(name))?;
                let (data, words) = match function {
                    None if step.arguments.is_empty() => (Vec::new(), format!("{name}.receive()")),
                    None => {
                        return Err(Failure::Line(format!(
                            "`{call}` names no function: write `{name}.function`"
                        )));
                    }
                    Some(function) => {
                        let count = step.arguments.len();
                        match self.function(name, &target, function, Some(count))? {
                            None => (Vec::new(), String::new()),
                            Some(callable) => {
                                if !callable.payable() && !amount.is_zero() {
                                    let signature = callable.signature();
                                    return Err(Failure::Line(format!(
                                        "`{name}.{signature}` takes no ether"
                                    )));
                                }
                                let values = self.values(&callable, &step.arguments);
                                let values = values.map_err(|problem| format!("`{call}`: {problem}"))?;
                                let words = format!("{name}.{}({})", callable.name(), self.shown(&values));
                                (encode(&callable, values), words)
                            }
                        }
                    }
                };
                if self.dry {
                    self.sent(from);
                } else {
                    let to = Some(target.address);
                    self.run(
                        Transaction { sender: from, to, value: amount, data: data.into() },
                        words,
                        None,
                    )?;
                    self.factories(target.address);
                }
            }
        }
        Ok(())
    }

    /// Counts a transaction that is not run; the number of those before it.
    fn sent(&mut self, sender: Address) -> u64 {
        let nonce = self.nonces.entry(sender).or_insert_with(|| self.state.nonce(sender));
        *nonce += 1;
        *nonce - 1
    }

    /// Runs a transaction that must end well.
    pub(super) fn run(
        &mut self,
        transaction: Transaction,
        words: String,
        name: Option<&str>,
    ) -> Answer<Outcome> {
        let outcome = self.machine.run(&self.state, &transaction)?;
        if !outcome.success() {
            let who = self.name_of(transaction.sender);
            let why = reason(&outcome, self.artifacts);
            return Err(Failure::Line(format!("`{words}` from `{who}` fails: {why}")));
        }
        let created = name.and_then(|name| Some((name.to_owned(), outcome.created?)));
        self.done.push(Done { block: self.state.block, time: self.state.time, transaction, created, words });
        self.state = Arc::new(outcome.after(&self.state));
        Ok(outcome)
    }

    /// Runs a transaction that creates a contract.
    pub(super) fn create(&mut self, transaction: Transaction, words: String, name: &str) -> Answer<Address> {
        let outcome = self.run(transaction, words.clone(), Some(name))?;
        let created = outcome.created.filter(|at| !self.state.code(*at).original_byte_slice().is_empty());
        created.ok_or_else(|| Failure::Line(format!("`{words}` leaves no code")))
    }

    /// Gives a contract its name.
    pub(super) fn add(
        &mut self,
        name: Option<String>,
        address: Address,
        contract: Arc<Contract>,
        implementation: Option<Arc<Contract>>,
    ) {
        let name = name.unwrap_or_else(|| self.free_name(&contract.name));
        let named =
            Named { address, contract: Some(Arc::clone(&contract)), implementation: implementation.clone() };
        self.names.insert(name.clone(), named);
        self.deployed.push(Deployed {
            name,
            address,
            contract,
            implementation,
            implementation_address: None,
        });
    }

    /// Names contracts that the last transaction created on its way, where the build knows their code.
    pub(super) fn factories(&mut self, known: Address) {
        if self.dry {
            return;
        }
        let created =
            self.machine.trace().calls.iter().filter(|call| call.kind == CallKind::Create && call.success);
        let created: BTreeSet<Address> = created.map(|call| call.target).filter(|at| *at != known).collect();
        for address in created {
            if self.deployed.iter().any(|known| known.address == address) {
                continue;
            }
            let code = self.state.code(address);
            if let Some(contract) = self.artifacts.of_code(code.original_byte_slice()) {
                self.add(None, address, Arc::clone(contract), None);
            }
        }
    }

    /// A name for a contract that nobody gave one: `GovToken` is `govToken`, a second one `govToken2`.
    pub(super) fn free_name(&self, contract: &str) -> String {
        let mut letters = contract.chars();
        let base: String =
            letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
        let mut name = base.clone();
        let mut number = 2;
        while self.names.contains_key(&name) {
            name = format!("{base}{number}");
            number += 1;
        }
        name
    }

    /// Creation code with the addresses of its libraries, which are deployed where they are not yet.
    fn linked(&mut self, contract: &Arc<Contract>, path: &mut Vec<String>) -> Answer<Vec<u8>> {
        let mut addresses: BTreeMap<&Link, Address> = BTreeMap::new();
        for link in &contract.creation.links {
            let told = self.libraries.iter().find(|(name, _)| {
                let (source, name) = name.rsplit_once(':').unwrap_or(("", name));
                link.is_for(source, name)
            });
            if let Some((_, address)) = told {
                addresses.insert(link, *address);
                continue;
            }
            let library =
                self.artifacts.contracts.iter().find(|library| link.is_for(&library.source, &library.name));
            let Some(library) = library.cloned() else {
                return Err(Failure::Line(format!(
                    "`{}` needs the library `{}`, which is not among the contracts; give its address under \
                     `[libraries]`",
                    contract.name, link.library
                )));
            };
            let full = library.full_name();
            if path.contains(&full) || path.len() >= MOST_LIBRARIES {
                let circle = path.join("` needs `");
                return Err(Failure::Line(format!(
                    "`{circle}` needs `{full}`: libraries that need each other"
                )));
            }
            path.push(full.clone());
            let data = self.linked(&library, path)?;
            path.pop();
            let sender = self.names.get("deployer").map_or(Address::ZERO, |named| named.address);
            let address = if self.dry {
                let address = sender.create(self.sent(sender));
                self.libraries.insert(full, address);
                address
            } else {
                let transaction = Transaction { sender, to: None, value: U256::ZERO, data: data.into() };
                let words = format!("new {}()", library.name);
                let name = self.free_name(&library.name);
                let address = self.create(transaction, words, &name)?;
                self.libraries.insert(full, address);
                self.add(None, address, library, None);
                address
            };
            addresses.insert(link, address);
        }
        let linked = contract.creation.linked(|link| addresses.get(link).copied());
        linked.map_err(|link| Failure::Line(format!("the library `{}` has no address", link.library)))
    }

    /// The function of a contract; none where only the chain will tell what a proxy has.
    fn function(
        &mut self,
        name: &str,
        target: &Named,
        function: &str,
        count: Option<usize>,
    ) -> std::result::Result<Option<Callable>, String> {
        let Some(contract) = &target.contract else {
            return if self.dry && !self.actors.iter().any(|actor| actor.name == name) {
                Ok(None)
            } else {
                Err(format!("`{name}` is no contract"))
            };
        };
        let mut contracts = vec![Arc::clone(contract)];
        contracts.extend(target.implementation.clone());
        if !self.dry
            && target.implementation.is_none()
            && let Ok(Some(address)) = proxy::implementation(&mut self.machine, &self.state, target.address)
        {
            contracts.extend(self.contract_at(address));
        }
        let bare = function.split('(').next().unwrap_or(function);
        let mut found: Vec<&Callable> = contracts.iter().flat_map(|contract| contract.named(bare)).collect();
        if function != bare {
            found.retain(|callable| callable.signature() == function);
        }
        let named = found.len();
        if let Some(count) = count
            && named > 1
        {
            found.retain(|callable| callable.inputs.len() == count);
        }
        let mut signatures = BTreeSet::new();
        found.retain(|callable| signatures.insert(callable.signature()));
        match found[..] {
            [callable] => Ok(Some(callable.clone())),
            [] if named == 0 => {
                // A proxy's functions are known only when it stands.
                if self.dry && contract.abi.fallback.is_some() {
                    return Ok(None);
                }
                let functions = contracts.iter().flat_map(|contract| &contract.functions);
                let known: Vec<String> = functions.map(Callable::name).collect();
                let hint = match nearest(bare, known.iter().map(String::as_str)) {
                    Some(near) if near != function => format!("; did you mean `{near}`?"),
                    _ => {
                        let few: Vec<&str> = known.iter().map(String::as_str).take(30).collect();
                        format!("; there are `{}`", few.join("`, `"))
                    }
                };
                Err(format!("`{name}` has no function `{function}`{hint}"))
            }
            _ => {
                let all: Vec<String> = contracts
                    .iter()
                    .flat_map(|contract| contract.named(bare))
                    .map(Callable::signature)
                    .collect();
                Err(format!("`{name}` has several functions `{bare}`: say which, `{}`", all.join("` or `")))
            }
        }
    }

    /// The contract at an address, by what is known of it.
    fn contract_at(&self, address: Address) -> Option<Arc<Contract>> {
        let known = self.deployed.iter().find(|known| known.address == address);
        known.map(|known| Arc::clone(&known.contract)).or_else(|| {
            let code = self.state.code(address);
            self.artifacts.of_code(code.original_byte_slice()).cloned()
        })
    }

    fn values(
        &mut self,
        callable: &Callable,
        terms: &[Term],
    ) -> std::result::Result<Vec<DynSolValue>, String> {
        let inputs = callable.function.as_ref().map_or(&[][..], |function| &function.inputs);
        let (inputs, kinds) = (inputs.to_vec(), callable.inputs.clone());
        all(terms, &inputs, &kinds, self)
    }

    fn address_of(&mut self, term: &Term) -> std::result::Result<Address, String> {
        match value(term, &DynSolType::Address, &[], self)? {
            DynSolValue::Address(address) => Ok(address),
            _ => Err(format!("`{}` is no address", term.shown())),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        match nearest(name, known.iter().copied()) {
            Some(near) => format!("there is no `{name}` yet; did you mean `{near}`?"),
            None => format!("there is no `{name}` yet; there are `{}`", known.join("`, `")),
        }
    }

    fn name_of(&self, address: Address) -> String {
        let named = self.names.iter().find(|(_, named)| named.address == address);
        named.map_or_else(|| address.to_string(), |(name, _)| name.clone())
    }

    /// Values in a line, with names for addresses.
    fn shown(&self, values: &[DynSolValue]) -> String {
        let mut text = values.iter().map(show).collect::<Vec<_>>().join(", ");
        for (name, named) in &self.names {
            text = text.replace(&named.address.to_string(), name);
        }
        text
    }

    /// Which of the contracts are proxies, and of what.
    fn find_implementations(&mut self) -> Result<()> {
        for index in 0..self.deployed.len() {
            let address = self.deployed[index].address;
            let Some(target) = proxy::implementation(&mut self.machine, &self.state, address)? else {
                continue;
            };
            let found = self.contract_at(target);
            let proxy = &mut self.deployed[index];
            // What the author says counts: the build may have the code twice under two names.
            proxy.implementation = proxy.implementation.take().or(found);
            proxy.implementation_address = Some(target);
        }
        Ok(())
    }

    fn assets(&mut self, scenario: &Scenario) -> Result<Vec<Asset>> {
        let ether = U256::from(10).pow(U256::from(18));
        let mut assets = vec![Asset { name: "ether".to_owned(), token: None, decimals: 18, worth: ether }];
        for (line, name, worth) in &scenario.assets {
            let Some(named) = self.names.get(name) else {
                return Err(failed(*line, Failure::Line(self.unknown(name))));
            };
            let token = named.address;
            // `decimals()`; tokens that do not say have 18.
            let data = Bytes::from_static(&[0x31, 0x3c, 0xe5, 0x67]);
            let sender = address_of("deployer");
            let transaction = Transaction { sender, to: Some(token), value: U256::ZERO, data };
            let outcome = self.machine.run(&self.state, &transaction)?;
            let answer = U256::try_from_be_slice(&outcome.output).filter(|_| outcome.output.len() == 32);
            let decimals =
                answer.and_then(|answer| u8::try_from(answer).ok()).filter(|decimals| *decimals <= 77);
            let decimals = decimals.filter(|_| outcome.success()).unwrap_or(18);
            assets.push(Asset { name: name.clone(), token: Some(token), decimals, worth: *worth });
        }
        Ok(assets)
    }
}

impl Scope for Stage<'_> {
    fn address(&mut self, name: &str) -> std::result::Result<Address, String> {
        let known = self.names.get(name).map(|named| named.address);
        let known = known.or_else(|| self.foreseen.get(name).copied());
        // What a later line deploys has a place already.
        let placeholder = || (self.dry && self.later.contains(name)).then(|| address_of(name));
        known.or_else(placeholder).ok_or_else(|| self.unknown(name))
    }

    fn view(&mut self, call: &Call) -> std::result::Result<Option<DynSolValue>, String> {
        let Some((target, callable, values)) = self.resolve(call)? else { return Ok(None) };
        if callable.outputs.is_empty() {
            return Err(format!("`{}.{}` answers nothing", call.name, callable.signature()));
        }
        if self.dry {
            let mut blanks: Vec<DynSolValue> = callable.outputs.iter().map(blank).collect();
            return Ok(Some(if blanks.len() == 1 { blanks.remove(0) } else { DynSolValue::Tuple(blanks) }));
        }
        let words = format!("{}.{}({})", call.name, callable.name(), self.shown(&values));
        let sender = address_of("deployer");
        let data = encode(&callable, values).into();
        let transaction = Transaction { sender, to: Some(target), value: U256::ZERO, data };
        let outcome = self.machine.run(&self.state, &transaction).map_err(|error| error.to_string())?;
        if !outcome.success() {
            return Err(format!("`{words}` fails: {}", reason(&outcome, self.artifacts)));
        }
        let kind = DynSolType::Tuple(callable.outputs.clone());
        match kind.abi_decode_params(&outcome.output) {
            Ok(DynSolValue::Tuple(mut values)) if values.len() == 1 => Ok(Some(values.remove(0))),
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(format!("what `{words}` answers cannot be read: {error}")),
        }
    }

    fn calldata(&mut self, call: &Call) -> std::result::Result<Vec<u8>, String> {
        Ok(self.resolve(call)?.map(|(_, callable, values)| encode(&callable, values)).unwrap_or_default())
    }
}

impl Stage<'_> {
    /// A call within a text; none where only the chain will tell.
    fn resolve(
        &mut self,
        call: &Call,
    ) -> std::result::Result<Option<(Address, Callable, Vec<DynSolValue>)>, String> {
        let target = self.names.get(&call.name).cloned().ok_or_else(|| self.unknown(&call.name))?;
        let count = Some(call.arguments.len());
        let Some(callable) = self.function(&call.name, &target, &call.function, count)? else {
            return Ok(None);
        };
        let values = self.values(&callable, &call.arguments);
        let values = values.map_err(|problem| format!("`{}.{}`: {problem}", call.name, call.function))?;
        Ok(Some((target.address, callable, values)))
    }
}

/// The input of a call.
fn encode(callable: &Callable, values: Vec<DynSolValue>) -> Vec<u8> {
    let mut data = callable.selector.to_vec();
    data.extend(DynSolValue::Tuple(values).abi_encode_params());
    data
}
