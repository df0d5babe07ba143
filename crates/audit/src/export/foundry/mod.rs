//! A finding as a Foundry test of its own: it fails as long as the harm can be done, and passes when it cannot.
//!
//! The test needs nothing but the contracts' project. `setUp` deploys the contracts as the scenario did, from the artifacts of
//! the build that it stands in (`vm.getCode`), from the same accounts to the same addresses; a corrected build takes the place
//! of the vulnerable one without a change of the test. Steps that a corrected build reverts are passed over.

mod solidity;

use alloy_primitives::{Address, B256, hex, keccak256};

use crate::Result;
use crate::chain::Machine;
use crate::finding::{Effect, Explained, Finding};
use crate::puppet;
use crate::sequence::Wait;
use crate::shrink::Codec;
use crate::words::Words;
use crate::world::{Done, World};

use solidity::{Names, bytes, input, text, word};

/// Contracts that an account may have made before the one in question.
const MOST_NONCES: u64 = 100_000;

/// A test file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Its name: `audit_01_flash_vote.t.sol`.
    pub file: String,
    /// The contract in it.
    pub contract: String,
    /// The Solidity.
    pub text: String,
}

/// Writes a finding as a test, under a number that makes its name unique.
///
/// # Errors
/// A defect of the interpreter.
pub fn foundry(world: &World, finding: &Finding, explained: &[Explained], number: usize) -> Result<Test> {
    let names = Names::new(world);
    let codec = Codec::new(world);
    let writer = Writer { world, words: Words::new(world), names, codec, seen: seen(world, finding)? };
    let short = finding.oracle.replace('-', "_");
    let camel: String = finding
        .oracle
        .split('-')
        .flat_map(|part| {
            let mut letters = part.chars();
            letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect();
    let contract = format!("Audit{number:02}{camel}Test");
    let text = writer.test(finding, explained, &contract, &short);
    Ok(Test { file: format!("audit_{number:02}_{short}.t.sol"), contract, text })
}

/// What a test has to know of how the steps went.
#[derive(Debug, Default)]
struct Seen {
    /// Whether some step looks at what is random on a chain, so that the test must say what it is.
    random: bool,
    /// Steps in which a contract destroys itself, from 0.
    destroying: Vec<usize>,
    /// Block and time after the steps.
    end: (u64, u64),
}

fn seen(world: &World, finding: &Finding) -> Result<Seen> {
    let mut machine = Machine::new(world.fork);
    let mut state = world.state.clone();
    let mut seen = Seen::default();
    for (number, step) in finding.steps.iter().enumerate() {
        let ran = step.run(&mut machine, &state)?;
        seen.random |= machine.trace().environment.random;
        let destroyed: Vec<Address> = machine.trace().destroyed.iter().map(|(account, _)| *account).collect();
        let after = ran.after(step);
        if destroyed.iter().any(|account| after.code(*account).is_empty()) {
            seen.destroying.push(number);
        }
        state = after;
    }
    seen.end = (state.block, state.time);
    Ok(seen)
}

struct Writer<'w> {
    world: &'w World,
    words: Words<'w>,
    names: Names,
    codec: Codec,
    seen: Seen,
}

impl Writer<'_> {
    fn test(&self, finding: &Finding, explained: &[Explained], contract: &str, short: &str) -> String {
        let mut text_ = String::new();
        let mut line = |depth: usize, line: &str| {
            if !line.is_empty() {
                text_.push_str(&"    ".repeat(depth));
            }
            text_.push_str(line);
            text_.push('\n');
        };
        line(0, "// SPDX-License-Identifier: MIT");
        line(0, "pragma solidity >=0.6.2 <0.9.0;");
        if !self.seen.destroying.is_empty() {
            line(0, "pragma experimental ABIEncoderV2;");
        }
        line(0, "");
        for comment in self.head(finding) {
            line(0, format!("// {comment}").trim_end());
        }
        let destroying = !self.seen.destroying.is_empty();
        for part in VM.lines() {
            if part == "}" && destroying {
                DESTROYING_VM.lines().for_each(|part| line(0, part));
            }
            line(0, part);
        }
        line(0, "");
        line(0, &format!("contract {contract} {{"));
        line(1, "Vm private constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);");
        line(0, "");
        let body = self.body(finding, explained, short);
        for (name, address) in self.names.all() {
            // An account that is not spoken of needs no name.
            let used = body.iter().any(|part| {
                part.1
                    .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .any(|w| w == name)
            });
            if used {
                line(1, &format!("address private constant {name} = {};", address.to_checksum(None)));
            }
        }
        for (depth, part) in body {
            line(depth, &part);
        }
        HELPERS.lines().for_each(|part| line(0, part));
        if destroying {
            DESTROYING.lines().for_each(|part| line(0, part));
        }
        line(0, "}");
        text_
    }

    /// What the file says before it begins.
    fn head(&self, finding: &Finding) -> Vec<String> {
        let mut head = vec![
            format!("{} in {}: {}", finding.oracle, place(finding), clean(&finding.title)),
            String::new(),
            format!("Rule: {}", clean(&finding.rule)),
            "This test fails as long as the following can be done, and passes when it cannot:".to_owned(),
        ];
        for (number, step) in finding.steps.iter().enumerate() {
            head.push(clean(&format!("{}. {}", number + 1, self.words.sentence(step))));
            for call in &step.inner {
                head.push(clean(&format!("   - called back, it calls {}", self.words.call(call))));
            }
        }
        head.push("After it:".to_owned());
        for effect in &finding.effects {
            head.push(clean(&format!("   - {}", self.words.effect(effect))));
        }
        head
    }

    fn body(&self, finding: &Finding, explained: &[Explained], short: &str) -> Vec<(usize, String)> {
        let mut body: Vec<(usize, String)> = Vec::new();
        let before = finding.effects.iter().enumerate().filter_map(|(number, effect)| {
            Some((1, format!("{} private before{};", self.before(effect)?.0, number + 1)))
        });
        body.extend(before);
        body.push((0, String::new()));
        body.push((1, "function setUp() public {".to_owned()));
        body.extend(self.setup().into_iter().map(|line| (2, line)));
        body.push((1, "}".to_owned()));
        body.push((0, String::new()));
        body.push((1, "/// forge-config: default.isolate = true".to_owned()));
        body.push((1, format!("/// forge-config: default.evm_version = \"{}\"", self.evm_version())));
        body.push((1, format!("function test_{short}() public {{")));
        for (number, effect) in finding.effects.iter().enumerate() {
            if let Some((_, value)) = self.before(effect) {
                body.push((2, format!("before{} = {value};", number + 1)));
            }
        }
        for number in 1..=finding.steps.len() {
            body.push((2, format!("step{number}();")));
        }
        body.push((2, "bool harm = true;".to_owned()));
        for (number, effect) in finding.effects.iter().enumerate() {
            body.push((2, clean(&format!("// {}", self.words.effect(effect)))));
            body.push((2, format!("harm = harm && {};", self.after(effect, number + 1))));
        }
        let message = clean(&format!("{} in {}: {}", finding.oracle, place(finding), finding.title));
        body.push((2, format!("require(!harm, {});", text(&message))));
        body.push((1, "}".to_owned()));
        let (mut block, mut time) = (self.world.state.block, self.world.state.time);
        for (number, step) in finding.steps.iter().enumerate() {
            body.push((0, String::new()));
            body.push((1, clean(&format!("// {}", self.words.sentence(step)))));
            for note in explained.iter().filter(|note| note.step == number) {
                let whose = match note.call {
                    Some(call) => format!("of callback {}", call + 1),
                    None => String::new(),
                };
                let note = format!("//   {} {whose} = {}: {}", note.place, note.value, note.why);
                body.push((1, clean(&note.replace("  =", " ="))));
            }
            body.push((1, format!("function step{}() private {{", number + 1)));
            block += step.wait.blocks;
            time += step.wait.seconds;
            if !step.wait.is_none() || (self.seen.random && number == 0) {
                body.extend(self.moment(block, time).into_iter().map(|line| (2, line)));
            }
            let sender = self.names.address(step.sender);
            if !step.inner.is_empty() {
                body.push((
                    2,
                    "// The attacker's contract: called back for the first time, it calls".to_owned(),
                ));
                for call in &step.inner {
                    body.push((2, clean(&format!("//   {}", self.words.call(call)))));
                }
                let code = puppet::code(&step.inner);
                body.push((
                    2,
                    format!("vm.etch({sender}, hex\"{}\");", hex::encode(code.original_byte_slice())),
                ));
            }
            let (statements, data) = input(step, &self.names, &self.codec);
            body.extend(statements.into_iter().map(|line| (2, line)));
            let value = crate::words::number(step.value, 0);
            let to = self.names.address(step.to);
            let destroying = self.seen.destroying.contains(&number);
            if destroying {
                body.push((2, "vm.startStateDiffRecording();".to_owned()));
            }
            body.push((2, format!("call({sender}, {to}, {value}, {data});")));
            if destroying {
                body.push((2, "bury(vm.stopAndReturnStateDiff());".to_owned()));
            }
            if !step.inner.is_empty() {
                let idle = puppet::code(&[]);
                body.push((
                    2,
                    format!("vm.etch({sender}, hex\"{}\");", hex::encode(idle.original_byte_slice())),
                ));
            }
            body.push((1, "}".to_owned()));
        }
        body
    }

    /// The fork as Foundry names it: the oldest ones are not told apart there.
    fn evm_version(&self) -> &'static str {
        match self.world.fork.name() {
            "frontier" => "homestead",
            "tangerine" => "tangerineWhistle",
            "spurious-dragon" => "spuriousDragon",
            "amsterdam" => "osaka",
            name => name,
        }
    }

    fn moment(&self, block: u64, time: u64) -> Vec<String> {
        let mut lines = vec![format!("vm.roll({block});"), format!("vm.warp({time});")];
        if self.seen.random {
            lines.push(format!("vm.prevrandao({});", word(crate::chain::random(block))));
            if block > 0 {
                let hash = keccak256((block - 1).to_be_bytes());
                lines.push(format!("vm.setBlockhash({}, {});", block - 1, word(hash)));
            }
        }
        lines
    }

    /// Brings about the state that the steps begin in.
    fn setup(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let genesis = &self.world.genesis;
        for address in genesis.addresses() {
            let name = self.names.address(address);
            let balance = genesis.balance(address);
            if !balance.is_zero() {
                lines.push(format!("vm.deal({name}, {});", crate::words::number(balance, 0)));
            }
            let code = genesis.code(address);
            if !code.is_empty() {
                lines.push(format!("vm.etch({name}, hex\"{}\");", hex::encode(code.original_byte_slice())));
            }
            if genesis.nonce(address) > 0 {
                lines.push(format!("vm.setNonceUnsafe({name}, {});", genesis.nonce(address)));
            }
            for (slot, value) in genesis.slots(address) {
                lines.push(format!("vm.store({name}, {}, {});", word(slot.into()), word(value.into())));
            }
        }
        let mut moment = (0, 0);
        for done in &self.world.setup {
            if moment != (done.block, done.time) {
                moment = (done.block, done.time);
                lines.extend(self.moment(done.block, done.time));
            }
            lines.push(clean(&format!("// {}: {}", self.words.name(done.transaction.sender), done.words)));
            lines.push(self.done(done));
        }
        lines.extend(self.moment(self.world.state.block, self.world.state.time));
        for actor in &self.world.actors {
            // The attacker's contract, before it has something to do.
            let code = self.world.state.code(actor.address);
            if !code.is_empty() && genesis.code(actor.address).is_empty() {
                let name = self.names.address(actor.address);
                lines.push(format!("vm.etch({name}, hex\"{}\");", hex::encode(code.original_byte_slice())));
            }
        }
        lines
    }

    fn done(&self, done: &Done) -> String {
        let sender = self.names.address(done.transaction.sender);
        let value = crate::words::number(done.transaction.value, 0);
        if let Some(to) = done.transaction.to {
            let to = self.names.address(to);
            return format!("setUpCall({sender}, {to}, {value}, {});", bytes(&done.transaction.data));
        }
        let at = done.created.as_ref().map_or(Address::ZERO, |(_, address)| *address);
        let nonce =
            (0..MOST_NONCES).find(|nonce| done.transaction.sender.create(*nonce) == at).unwrap_or_default();
        let contract = self.world.contracts.iter().find(|deployed| deployed.address == at);
        // Code that a build has to link is not in its artifacts: it is written out.
        let plain =
            contract.filter(|deployed| deployed.contract.creation.links.is_empty()).and_then(|deployed| {
                Some((deployed, done.transaction.data.strip_prefix(&deployed.contract.creation.bytes[..])?))
            });
        let code = match plain {
            Some((deployed, [])) => format!("vm.getCode({})", text(&deployed.contract.full_name())),
            Some((deployed, arguments)) => {
                let name = text(&deployed.contract.full_name());
                format!("abi.encodePacked(vm.getCode({name}), hex\"{}\")", hex::encode(arguments))
            }
            None => bytes(&done.transaction.data),
        };
        format!("deploy({sender}, {nonce}, {value}, {}, {code});", self.names.address(at))
    }

    /// What has to be known of the first state to judge an effect: its type and its expression.
    fn before(&self, effect: &Effect) -> Option<(&'static str, String)> {
        let name = |address: &Address| self.names.address(*address);
        Some(match effect {
            Effect::EtherGained { account, .. } | Effect::EtherLost { account, .. } => {
                ("uint256", format!("{}.balance", name(account)))
            }
            Effect::TokenGained { token, account, .. } | Effect::TokenLost { token, account, .. } => {
                ("uint256", format!("balance({}, {})", name(token), name(account)))
            }
            Effect::Stored { account, slot, .. } => {
                ("bytes32", format!("vm.load({}, {})", name(account), word((*slot).into())))
            }
            Effect::Gone { account } => ("bool", format!("hasCode({})", name(account))),
            Effect::Costs { .. } => ("uint256", self.asked(effect)?),
            Effect::Answers { .. }
            | Effect::Fails { .. }
            | Effect::Succeeds { .. }
            | Effect::Prevents { .. } => ("bool", self.asked(effect)?),
            Effect::Panics { .. } | Effect::Phished { .. } => return None,
        })
    }

    /// The question that an effect asks of a state, as an expression.
    fn asked(&self, effect: &Effect) -> Option<String> {
        let name = |address: &Address| self.names.address(*address);
        Some(match effect {
            Effect::Answers { sender, to, data, output } => {
                format!("answers({}, {}, {}, {})", name(sender), name(to), bytes(data), bytes(output))
            }
            Effect::Fails { sender, to, value, data } | Effect::Succeeds { sender, to, value, data } => {
                let value = crate::words::number(*value, 0);
                format!("succeeds({}, {}, {value}, {})", name(sender), name(to), bytes(data))
            }
            Effect::Prevents { sender, to, value, data, wait } => {
                let (value, pass) = (crate::words::number(*value, 0), Wait::seconds(*wait));
                let (block, time) = (self.seen.end.0 + pass.blocks, self.seen.end.1 + pass.seconds);
                format!(
                    "succeedsAt({}, {}, {value}, {}, {block}, {time})",
                    name(sender),
                    name(to),
                    bytes(data)
                )
            }
            Effect::Panics { sender, to, value, data } => {
                let value = crate::words::number(*value, 0);
                format!("asserts({}, {}, {value}, {})", name(sender), name(to), bytes(data))
            }
            Effect::Costs { sender, to, value, data, .. } => {
                let value = crate::words::number(*value, 0);
                format!("cost({}, {}, {value}, {})", name(sender), name(to), bytes(data))
            }
            Effect::Phished { origin, sender, to, data } => {
                let trap = bytes(&crate::puppet::forwarder(*to).original_bytes());
                format!("phished({}, {}, {}, {trap})", name(origin), name(sender), bytes(data))
            }
            _ => return None,
        })
    }

    fn after(&self, effect: &Effect, number: usize) -> String {
        let before = format!("before{number}");
        let value = |value: &alloy_primitives::U256| crate::words::number(*value, 0);
        let name = |address: &Address| self.names.address(*address);
        match effect {
            Effect::EtherGained { account, least } => {
                format!("{}.balance >= {before} + {}", name(account), value(least))
            }
            Effect::EtherLost { account, least } => {
                format!("{}.balance + {} <= {before}", name(account), value(least))
            }
            Effect::TokenGained { token, account, least } => {
                format!("balance({}, {}) >= {before} + {}", name(token), name(account), value(least))
            }
            Effect::TokenLost { token, account, least } => {
                format!("balance({}, {}) + {} <= {before}", name(token), name(account), value(least))
            }
            Effect::Stored { account, slot, value } => {
                let value = word(B256::from(*value));
                let slot = word((*slot).into());
                format!("{before} != {value} && vm.load({}, {slot}) == {value}", name(account))
            }
            Effect::Gone { account } => format!("{before} && !hasCode({})", name(account)),
            Effect::Answers { .. } | Effect::Succeeds { .. } => {
                format!("!{before} && {}", self.asked(effect).unwrap_or_default())
            }
            Effect::Fails { .. } | Effect::Prevents { .. } => {
                format!("{before} && !{}", self.asked(effect).unwrap_or_default())
            }
            Effect::Panics { .. } | Effect::Phished { .. } => self.asked(effect).unwrap_or_default(),
            Effect::Costs { least, .. } => {
                // The test's own call is measured too, and takes some gas more or less.
                let least = least - least / 16;
                format!("{before} > 0 && {} >= {before} + {least}", self.asked(effect).unwrap_or_default())
            }
        }
    }
}

/// Contract and function at fault.
fn place(finding: &Finding) -> String {
    if finding.function.is_empty() {
        finding.contract.clone()
    } else {
        format!("{}.{}", finding.contract, finding.function)
    }
}

/// A line that ends no comment and is ASCII.
fn clean(line: &str) -> String {
    line.chars().map(|letter| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '?' }).collect()
}

const VM: &str = include_str!("vm.sol");

/// What every test has; its gas is that of [`Machine::GAS`].
const HELPERS: &str = include_str!("helpers.sol");

/// What tests of contracts that destroy themselves have besides.
const DESTROYING_VM: &str = include_str!("destroying_vm.sol");
const DESTROYING: &str = include_str!("destroying.sol");
