//! A deployment where nobody wrote one: constructors tell what they want by the types and names of their parameters.
//!
//! The answer is a scenario file: what was guessed stands there to be read, corrected and kept. Every line of it was tried.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_json_abi::Param;
use alloy_primitives::{U256, hex};

use super::{Scenario, World};
use crate::Result;
use crate::artifact::abi::resolve;
use crate::artifact::{Artifacts, Callable, Contract};
use crate::chain::{Machine, Transaction};

/// Contracts that are deployed without being named: more are left out.
const MOST: usize = 100;
/// People beside the deployer and the attacker, and what each gets of the deployer's tokens, in percent.
const MEMBERS: [(&str, u64); 3] = [("member1", 30), ("member2", 20), ("member3", 10)];
/// What the attacker gets of them.
const ATTACKER: u64 = 1;
/// Folders of sources that are not the DAO's own.
const FOREIGN: [&str; 9] =
    ["test/", "tests/", "script/", "scripts/", "lib/", "node_modules/", "mock/", "mocks/", "forge-std/"];

/// Writes a scenario for a build: every contract that can be deployed with arguments guessed from types and names, tokens
/// handed out to three members and a little to the attacker.
///
/// # Errors
/// A defect of the interpreter. What cannot be deployed is a comment of the scenario.
pub fn guess(artifacts: &Artifacts) -> Result<String> {
    let mut draft = Draft { artifacts, text: head(), world: None, left: Vec::new() };
    draft.world = Some(World::deploy(&Scenario::read(&draft.text, Path::new(""))?, artifacts)?);
    let mut waiting: Vec<&Arc<Contract>> =
        artifacts.contracts.iter().filter(|contract| ours(contract)).collect();
    if waiting.is_empty() {
        waiting = artifacts
            .contracts
            .iter()
            .filter(|contract| contract.deployable() && !library(contract))
            .collect();
    }
    waiting.truncate(MOST);
    // Whoever needs no other goes first; who needs others when they stand; at last who can do with any address.
    for patience in [Patience::Certain, Patience::Any] {
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for contract in waiting {
                if !draft.deploy(contract, patience)? {
                    still.push(contract);
                }
            }
            waiting = still;
            if waiting.len() == before {
                break;
            }
        }
    }
    draft.initialise()?;
    draft.hand_out()?;
    draft.grant()?;
    draft.fund()?;
    let mut text = draft.text.clone();
    let world = draft.world.as_ref();
    let tokens: Vec<&str> = world
        .iter()
        .flat_map(|world| &world.contracts)
        .filter(|found| token(found))
        .map(|found| found.name.as_str())
        .collect();
    if !tokens.is_empty() {
        text.push_str("\n# What a unit is worth in ether: the true prices belong here.\n[assets]\n");
        for name in tokens {
            text.push_str(&format!("{name} = \"0.01\"\n"));
        }
    }
    text.push_str("\n[attack]\nloans = true\n");
    draft.left.sort();
    draft.left.dedup();
    if !draft.left.is_empty() {
        text.push('\n');
        for line in &draft.left {
            text.push_str(&format!("# {line}\n"));
        }
    }
    Ok(text)
}

/// Whether a doubtful address is better than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Wait for the contract that is wanted.
    Certain,
    /// Take the deployer.
    Any,
}

fn head() -> String {
    let mut text = "# Guessed from the constructors. Every step was tried; what is wrong with them is yours to correct.\n".to_owned();
    for (name, _) in MEMBERS {
        text.push_str(&format!("\n[[actors]]\nname = \"{name}\"\n"));
    }
    text
}

struct Draft<'a> {
    artifacts: &'a Artifacts,
    text: String,
    world: Option<World>,
    /// What was not deployed, and why.
    left: Vec<String>,
}

impl Draft<'_> {
    /// Keeps lines that can be carried out.
    fn attempt(&mut self, lines: &str) -> Result<std::result::Result<(), String>> {
        let text = format!("{}{lines}", self.text);
        let deployed = Scenario::read(&text, Path::new(""))
            .and_then(|scenario| World::deploy(&scenario, self.artifacts));
        match deployed {
            Ok(world) => {
                self.world = Some(world);
                self.text = text;
                Ok(Ok(()))
            }
            Err(crate::Error::Deployment { problems }) => {
                let problem = problems.first().map_or("", String::as_str);
                let problem = problem.split_once(": ").map_or(problem, |(_, problem)| problem);
                Ok(Err(problem.chars().take(200).flat_map(char::escape_debug).collect()))
            }
            Err(error) => Err(error),
        }
    }

    /// Deploys a contract; false where it has to wait.
    fn deploy(&mut self, contract: &Arc<Contract>, patience: Patience) -> Result<bool> {
        let inputs = contract.abi.constructor.as_ref().map_or(&[][..], |constructor| &constructor.inputs);
        let Some(arguments) = self.arguments(inputs, patience) else { return Ok(false) };
        let mut lines = format!("\n[[setup]]\ndeploy = {}\n", quoted(&self.name_of(contract)));
        if !arguments.is_empty() {
            lines.push_str(&format!("arguments = [{}]\n", arguments.join(", ")));
        }
        match self.attempt(&lines)? {
            Ok(()) => Ok(true),
            Err(_) if patience == Patience::Certain => Ok(false),
            Err(problem) => {
                self.left.push(format!("`{}` was left out: {problem}", contract.name));
                Ok(true)
            }
        }
    }

    /// How a scenario names a contract.
    fn name_of(&self, contract: &Contract) -> String {
        match self.artifacts.find(&contract.name) {
            Ok(_) => contract.name.clone(),
            Err(_) => contract.full_name(),
        }
    }

    fn arguments(&self, inputs: &[Param], patience: Patience) -> Option<Vec<String>> {
        inputs.iter().map(|input| self.argument(input, &resolve(input).ok()?, patience)).collect()
    }

    /// What a parameter gets; none where it should wait.
    fn argument(&self, input: &Param, kind: &DynSolType, patience: Patience) -> Option<String> {
        let name = input.name.trim_matches('_').to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        Some(match kind {
            DynSolType::Address => quoted(&format!("${}", self.address(input, &name, patience)?)),
            DynSolType::Bool => "true".to_owned(),
            DynSolType::Uint(bits) => {
                let number = if has(&["decimals"]) {
                    U256::from(18)
                } else if has(&["delay", "period", "duration", "window", "interval", "timeout", "lock"]) {
                    // OpenZeppelin counts in blocks where nothing else is said, and sets 48 bits aside for times.
                    U256::from(if has(&["block"]) || *bits == 32 { 7_200 } else { 86_400 })
                } else if has(&["quorum", "percent", "fraction", "numerator"]) {
                    U256::from(4)
                } else if has(&["threshold", "index", "start"]) {
                    U256::ZERO
                } else if has(&["fee", "bps", "rate"]) {
                    U256::from(30)
                } else if has(&["deadline", "expiry", "end"]) {
                    U256::from(2_000_000_000_u64)
                } else {
                    U256::from(10).pow(U256::from(24))
                };
                let most = U256::MAX >> (256 - bits);
                if number > most { "1".to_owned() } else { quoted(&number.to_string()) }
            }
            DynSolType::Int(_) => "1".to_owned(),
            DynSolType::String if has(&["symbol"]) => quoted("TKN"),
            DynSolType::String => quoted("Token"),
            DynSolType::Bytes => quoted(""),
            DynSolType::FixedBytes(length) => quoted(&hex::encode_prefixed(vec![0; *length])),
            DynSolType::Function => quoted(&hex::encode_prefixed([0; 24])),
            DynSolType::Array(inner) => match **inner {
                DynSolType::Address
                    if has(&["owner", "admin", "proposer", "executor", "guardian", "signer", "keeper"]) =>
                {
                    format!("[{}]", quoted("$deployer"))
                }
                DynSolType::Address => {
                    let members = MEMBERS.iter().map(|(name, _)| quoted(&format!("${name}")));
                    let all: Vec<String> =
                        [quoted("$deployer"), quoted("$attacker")].into_iter().chain(members).collect();
                    format!("[{}]", all.join(", "))
                }
                DynSolType::Uint(bits) if bits >= 96 => {
                    let shares = [390_000_u64, 10_000, 300_000, 200_000, 100_000];
                    let all: Vec<String> =
                        shares.iter().map(|share| quoted(&format!("{share}e18"))).collect();
                    format!("[{}]", all.join(", "))
                }
                _ => "[]".to_owned(),
            },
            DynSolType::FixedArray(inner, length) => {
                let one = Param { ty: inner.to_string(), ..input.clone() };
                let one = self.argument(&one, inner, patience)?;
                format!("[{}]", vec![one; *length].join(", "))
            }
            DynSolType::Tuple(kinds) => {
                let members = input.components.iter().zip(kinds);
                let members: Option<Vec<String>> =
                    members.map(|(member, kind)| self.argument(member, kind, patience)).collect();
                format!("[{}]", members?.join(", "))
            }
        })
    }

    /// The name of the actor or contract that an address parameter speaks of.
    fn address(&self, input: &Param, name: &str, patience: Patience) -> Option<String> {
        let world = self.world.as_ref()?;
        let wanted = input.internal_type.as_ref().and_then(|kind| kind.as_contract());
        if let Some(wanted) = wanted {
            let same = world.contracts.iter().find(|found| found.contract.name == wanted);
            if let Some(found) = same {
                return Some(found.name.clone());
            }
            // An interface is met by who has all its functions; of several by who is named alike.
            let interface =
                self.artifacts.find(wanted).ok().filter(|interface| !interface.functions.is_empty());
            if let Some(interface) = interface {
                let meets = |found: &&super::Deployed| {
                    interface
                        .functions
                        .iter()
                        .all(|needed| found.functions().any(|has| has.selector == needed.selector))
                };
                let meeting: Vec<_> = world.contracts.iter().filter(meets).collect();
                let alike = meeting.iter().find(|found| alike(&found.name, name));
                if let Some(found) = alike.or_else(|| meeting.first()) {
                    return Some(found.name.clone());
                }
            }
            return (patience == Patience::Any).then(|| "deployer".to_owned());
        }
        if let Some(found) = world.contracts.iter().find(|found| alike(&found.name, name)) {
            return Some(found.name.clone());
        }
        let people = [
            "owner",
            "admin",
            "deployer",
            "guardian",
            "minter",
            "holder",
            "recipient",
            "multisig",
            "account",
            "beneficiary",
        ];
        let person = people.iter().any(|word| name.contains(word));
        (person || patience == Patience::Any).then(|| "deployer".to_owned())
    }

    /// Calls initialisers of contracts that are not behind a proxy.
    fn initialise(&mut self) -> Result<()> {
        let found = self.world.iter().flat_map(|world| &world.contracts).flat_map(|found| {
            let initialisers = found.contract.functions.iter().filter(|callable| {
                !callable.view() && ["initialize", "init", "initialise"].contains(&callable.name().as_str())
            });
            initialisers.map(|callable| (found.name.clone(), callable.clone()))
        });
        for (name, callable) in found.collect::<Vec<_>>() {
            let inputs = callable.function.as_ref().map_or(&[][..], |function| &function.inputs);
            if let Some(arguments) = self.arguments(inputs, Patience::Any) {
                let call = quoted(&format!("{name}.{}", callable.signature()));
                let lines = format!("\n[[setup]]\ncall = {call}\narguments = [{}]\n", arguments.join(", "));
                // One that refuses is initialised by its constructor.
                self.attempt(&lines)?.ok();
            }
        }
        Ok(())
    }

    /// Gives tokens to the members and to the attacker, and lets members vote with theirs.
    fn hand_out(&mut self) -> Result<()> {
        let names: Vec<String> = self.tokens();
        for name in names {
            let mut supply = self.balance(&name, "deployer")?;
            if supply.is_zero() && self.has(&name, "mint(address,uint256)") {
                let lines = step(&name, "mint", None, &["$deployer", "1000000e18"]);
                if self.attempt(&lines)?.is_ok() {
                    supply = self.balance(&name, "deployer")?;
                }
            }
            for (person, percent) in MEMBERS.into_iter().chain([("attacker", ATTACKER)]) {
                // A constructor may have done it.
                if !self.balance(&name, person)?.is_zero() {
                    continue;
                }
                let share = supply / U256::from(100) * U256::from(percent);
                if !share.is_zero() {
                    let lines = step(&name, "transfer", None, &[&format!("${person}"), &share.to_string()]);
                    self.attempt(&lines)?.ok();
                }
            }
            if self.has(&name, "delegate(address)") {
                for (person, _) in MEMBERS {
                    let lines = step(&name, "delegate", Some(person), &[&format!("${person}")]);
                    self.attempt(&lines)?.ok();
                }
            }
        }
        Ok(())
    }

    /// Lets a governor act through a timelock that asks for roles.
    fn grant(&mut self) -> Result<()> {
        let having = |draft: &Self, signature: &str| -> Vec<String> {
            let names = draft.world.iter().flat_map(|world| &world.contracts).map(|found| found.name.clone());
            names.filter(|name| draft.has(name, signature)).collect()
        };
        for timelock in having(self, "PROPOSER_ROLE()") {
            for governor in having(self, "propose(address[],uint256[],bytes[],string)") {
                for role in ["PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE"] {
                    let role = format!("${timelock}.{role}()");
                    let lines = step(&timelock, "grantRole", None, &[&role, &format!("${governor}")]);
                    self.attempt(&lines)?.ok();
                }
            }
        }
        Ok(())
    }

    /// Gives ether to contracts that take it, so that there is something to lose.
    fn fund(&mut self) -> Result<()> {
        let found = self.world.iter().flat_map(|world| &world.contracts).filter(|found| found.receives());
        for name in found.map(|found| found.name.clone()).collect::<Vec<_>>() {
            let lines = format!("\n[[setup]]\ncall = {}\nvalue = \"100 ether\"\n", quoted(&name));
            self.attempt(&lines)?.ok();
        }
        Ok(())
    }

    fn tokens(&self) -> Vec<String> {
        let contracts = self.world.iter().flat_map(|world| &world.contracts);
        contracts.filter(|found| token(found)).map(|found| found.name.clone()).collect()
    }

    fn has(&self, name: &str, signature: &str) -> bool {
        let found = self.world.as_ref().and_then(|world| world.contract(name).ok());
        found.is_some_and(|found| found.functions().any(|callable| callable.signature() == signature))
    }

    fn balance(&self, token: &str, person: &str) -> Result<U256> {
        let Some(world) = &self.world else { return Ok(U256::ZERO) };
        let owner = world.actor(person)?.address;
        let mut data = vec![0x70, 0xa0, 0x82, 0x31];
        data.extend(DynSolValue::Address(owner).abi_encode());
        let to = Some(world.contract(token)?.address);
        let transaction = Transaction { sender: owner, to, value: U256::ZERO, data: data.into() };
        let outcome = Machine::new(world.fork).run(&world.state, &transaction)?;
        Ok(outcome.output.get(..32).map_or(U256::ZERO, U256::from_be_slice))
    }
}

/// Whether a contract is to be deployed: none of a library's, a test's or a script's.
fn ours(contract: &Arc<Contract>) -> bool {
    let names: BTreeSet<String> = contract.functions.iter().map(Callable::name).collect();
    let harness = ["IS_TEST", "IS_SCRIPT", "setUp"].iter().any(|name| names.contains(*name));
    let foreign = FOREIGN
        .iter()
        .any(|folder| contract.source.starts_with(folder) || contract.source.contains(&format!("/{folder}")))
        || contract.source.starts_with('@');
    contract.deployable() && !harness && !foreign && !library(contract)
}

/// Whether it is a library: its code begins with its own address, which it compares with where it runs.
fn library(contract: &Contract) -> bool {
    let begins = |code: &[u8]| code.first() == Some(&0x73) && code.get(21..23) == Some(&[0x30, 0x14]);
    begins(&contract.runtime.bytes)
}

/// Whether it is a token: balances and transfers.
fn token(found: &super::Deployed) -> bool {
    ["balanceOf(address)", "transfer(address,uint256)"]
        .iter()
        .all(|signature| found.functions().any(|callable| callable.signature() == *signature))
}

/// Whether a parameter's name speaks of a contract: `govToken` is `token`, and `_timelock` is `timelockController`.
fn alike(contract: &str, parameter: &str) -> bool {
    let contract = contract.to_lowercase();
    parameter.len() >= 3
        && (contract.contains(parameter) || (contract.len() >= 4 && parameter.contains(&contract)))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A call as lines of a scenario.
fn step(name: &str, function: &str, from: Option<&str>, arguments: &[&str]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
    let from = from.map(|from| format!("from = {}\n", quoted(from))).unwrap_or_default();
    let call = quoted(&format!("{name}.{function}"));
    format!("\n[[setup]]\ncall = {call}\n{from}arguments = [{}]\n", arguments.join(", "))
}
