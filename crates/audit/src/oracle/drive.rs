//! Plays sequences that tests write down as text, and asks all oracles about every step.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, hex};
use daotwin_core::Limits;

use super::{Facts, Look, Signs, all};
use crate::artifact::{self, Callable};
use crate::chain::Machine;
use crate::finding::Finding;
use crate::sequence::{Step, Wait};
use crate::world::{Role, Scenario, World};

/// The folder of cases.
pub(super) fn cases() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")).to_owned()
}

/// The world of one twin of a case, attackers with their own contracts that take what comes.
pub(crate) fn world(case: &str, twin: &str) -> World {
    let folder = cases().join(case);
    let compiled = folder.join(format!("{twin}.json"));
    let artifacts = artifact::read(&compiled, &Limits::default()).unwrap();
    let scenario = Scenario::open(&folder.join("audit.toml"), &Limits::default()).unwrap();
    let mut world =
        World::deploy(&scenario, &artifacts).unwrap_or_else(|error| panic!("{case} {twin}: {error}"));
    let mut state = (*world.state).clone();
    for attacker in world.actors.iter().filter(|actor| actor.role == Role::Attacker) {
        state.set_code(attacker.address, crate::puppet::code(&[]));
    }
    world.state = Arc::new(state);
    world
}

/// What came of a sequence.
pub(crate) struct Played {
    /// What the oracles found, in order.
    pub(crate) findings: Vec<Finding>,
    /// Why a step failed, where one did.
    pub(super) failed: Option<String>,
}

impl Played {
    /// The oracles that found something.
    pub(super) fn oracles(&self) -> BTreeSet<&'static str> {
        self.findings.iter().map(|finding| finding.oracle).collect()
    }
}

/// Plays a sequence, one step a line; lines that begin with `>` are what the sender's contract does during the step before.
///
/// Lines before, that begin with `!`, are made before the world begins.
pub(crate) fn play(world: &World, text: &str) -> Played {
    let mut world = world.clone();
    let (first, rest): (Vec<&str>, Vec<&str>) =
        text.lines().map(str::trim).partition(|line| line.starts_with('!'));
    for step in steps(&world, &first.join("\n").replace('!', "")) {
        let ran = step.run(&mut Machine::new(world.fork), &world.state).unwrap();
        assert!(ran.outcome.success(), "{}", ran.outcome.reason());
        world.state = ran.after(&step);
    }
    let (world, text) = (&world, rest.join("\n"));
    let mut machine = Machine::new(world.fork);
    let mut probe = Machine::new(world.fork);
    let facts = Facts::new(world, &mut probe).unwrap();
    let oracles = all();
    let mut state = Arc::clone(&world.state);
    let mut path: Vec<Step> = Vec::new();
    let mut played = Played { findings: Vec::new(), failed: None };
    for step in steps(world, &text) {
        let ran = step.run(&mut machine, &state).unwrap();
        let before = Arc::clone(&ran.before);
        let outcome = ran.outcome.clone();
        let signs = Signs::of(&facts, &step, machine.trace(), &outcome);
        let success = outcome.success();
        let after = if success { ran.after(&step) } else { Arc::clone(&before) };
        let look = Look {
            world,
            facts: &facts,
            path: &path,
            step: &step,
            before: &before,
            after: &after,
            outcome: &outcome,
            trace: machine.trace(),
            signs,
        };
        if success {
            played.findings.extend(super::step(&oracles, &look, &mut probe).unwrap());
            played.findings.extend(super::kept(&oracles, &look, &mut probe).unwrap());
        } else {
            played.findings.extend(super::refused(&oracles, &look, &mut probe).unwrap());
            played.failed = Some(format!("step {}: {}", path.len(), outcome.reason()));
            break;
        }
        path.push(step);
        state = after;
    }
    for finding in &played.findings {
        assert!(finding.holds(&mut probe, &world.state).unwrap(), "{finding:?}");
    }
    played
}

/// The steps of a text.
pub(super) fn steps(world: &World, text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix('>') {
            Some(inner) => {
                let outer = steps.last_mut().unwrap();
                let sender = outer.sender;
                outer.inner.push(call(world, sender, inner.trim()));
            }
            None => {
                let (wait, rest) = match line.strip_prefix('[') {
                    Some(rest) => rest.split_once(']').unwrap(),
                    None => ("0", line),
                };
                let (sender, rest) = rest.split_once(':').unwrap();
                let mut step = call(world, address(world, sender.trim()), rest.trim());
                step.wait = Wait::seconds(wait.parse().unwrap());
                steps.push(step);
            }
        }
    }
    steps
}

fn address(world: &World, name: &str) -> Address {
    if let Ok(address) = name.parse() {
        return address;
    }
    if name == "$copy" {
        // What a factory made: named after nothing that the scenario says.
        let factory = address(world, "factory");
        let mut function = world.contracts.iter().flat_map(super::super::world::Deployed::functions);
        let function = function.find(|callable| callable.name() == "addressOf").unwrap().clone();
        let arguments = vec![DynSolValue::Uint(U256::from(20), 256)];
        let data = Step { function: Some(Arc::new(function)), arguments, ..blank(factory) }.data();
        let mut machine = Machine::new(world.fork);
        let answer = super::facts::ask(&mut machine, &world.state, factory, data).unwrap().unwrap();
        return super::facts::address_of(answer.word);
    }
    if let Some((contract, view)) = name.split_once('.') {
        let view = &format!("{view}()");
        let to = address(world, contract);
        let (function, arguments) = parse(world, to, view);
        let data = Step { function: Some(function), arguments, ..blank(to) }.data();
        let mut machine = Machine::new(world.fork);
        let answer = super::facts::ask(&mut machine, &world.state, to, data).unwrap().unwrap();
        return super::facts::address_of(answer.word);
    }
    let actor = world.actors.iter().find(|actor| actor.name == name).map(|actor| actor.address);
    let contract = || world.contracts.iter().find(|deployed| deployed.name == name);
    actor.or_else(|| contract().map(|deployed| deployed.address)).unwrap_or_else(|| panic!("no `{name}`"))
}

fn blank(to: Address) -> Step {
    Step {
        sender: to,
        to,
        function: None,
        arguments: Vec::new(),
        value: U256::ZERO,
        wait: Wait::default(),
        inner: Vec::new(),
    }
}

/// `token.transfer{1e18}($dao, 5)`, or `token{1e18}` for ether alone.
fn call(world: &World, sender: Address, text: &str) -> Step {
    let (head, value) = match (text.find('{'), text.find('(')) {
        (Some(open), paren) if paren.is_none_or(|paren| open < paren) => {
            let close = text.find('}').unwrap();
            (format!("{}{}", &text[..open], &text[close + 1..]), number(&text[open + 1..close]))
        }
        _ => (text.to_owned(), U256::ZERO),
    };
    let name = head.split('(').next().unwrap();
    let (to, function, arguments) = match name.rsplit_once('.') {
        Some((contract, _)) => {
            let to = address(world, contract);
            let (function, arguments) = parse(world, to, &head[contract.len() + 1..]);
            (to, Some(function), arguments)
        }
        None => (address(world, name), None, Vec::new()),
    };
    Step { sender, function, arguments, value, ..blank(to) }
}

/// A function of a contract and its arguments.
fn parse(world: &World, to: Address, text: &str) -> (Arc<Callable>, Vec<DynSolValue>) {
    let (name, rest) = text.split_once('(').unwrap();
    let inside = rest.strip_suffix(')').unwrap();
    let parts = split(inside);
    let mut contracts: Vec<_> = world.contracts.iter().filter(|deployed| deployed.address == to).collect();
    contracts.extend(world.contracts.iter());
    let function = contracts
        .iter()
        .flat_map(|deployed| deployed.functions())
        .find(|callable| callable.name() == name && callable.inputs.len() == parts.len())
        .unwrap_or_else(|| panic!("no function `{text}`"));
    let arguments = parts.iter().zip(&function.inputs).map(|(part, kind)| {
        let part = resolve(world, part.trim());
        kind.coerce_str(&part).unwrap_or_else(|error| panic!("`{part}` as `{kind}`: {error}"))
    });
    (Arc::new(function.clone()), arguments.collect())
}

/// Parts between commas that stand in no brackets.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for letter in text.chars() {
        match letter {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' | '>' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn resolve(world: &World, text: &str) -> String {
    if let Some(name) = text.strip_prefix('$') {
        return address(world, name).to_string();
    }
    if let Some(inside) = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')) {
        let step = call(world, Address::ZERO, inside);
        return hex::encode_prefixed(step.data());
    }
    if let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let parts: Vec<String> = split(inside).iter().map(|part| resolve(world, part.trim())).collect();
        return format!("[{}]", parts.join(","));
    }
    if text.contains('e') && !text.starts_with("0x") && text.bytes().all(|b| b.is_ascii_digit() || b == b'e')
    {
        return number(text).to_string();
    }
    if text == "max" { U256::MAX.to_string() } else { text.to_owned() }
}

fn number(text: &str) -> U256 {
    match text.split_once('e') {
        Some((digits, zeros)) => {
            digits.parse::<U256>().unwrap() * U256::from(10).pow(U256::from(zeros.parse::<u32>().unwrap()))
        }
        None => text.parse().unwrap(),
    }
}
