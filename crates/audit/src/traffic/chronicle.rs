//! Transactions on a governor and its token as the History that their logs give, without looking at any log: from the calls
//! that were made, inner ones included, and from what the contracts answer before and after.
//!
//! What [`daotwin_history::ingest`] reads out of `eth_getLogs` of the same transactions has to be the same, table by table:
//! members, proposals, actions, events of proposals, votes, delegations, transfers, voting power. Names are addresses, times are
//! those of blocks, words are the importer's. Votes by signature, and tokens that move without one of the usual functions, are
//! not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use daotwin_core::Limits;
use daotwin_history::History;
use daotwin_history::builder::{Cell, HistoryBuilder, VoteRow};
use daotwin_history::schema::{Precision, Table};
use serde_json::{Value, json};

use super::session::{Session, selector, uint};
use super::voting::{Generation, Governor};
use crate::chain::{CallKind, State, Transaction};
use crate::world::World;
use crate::{BLOCK_SECONDS, Result};

/// Decimals of the History's amounts.
const DECIMALS: u8 = 18;
/// Bytes of a title that are kept, as by the importer.
const MOST_TITLE: usize = 200;

/// A transaction with its place on the chain.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What is sent.
    pub transaction: Transaction,
    /// The block that it is in.
    pub block: u64,
    /// The block's time, in seconds since 1970.
    pub time: u64,
}

/// A log with its place on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Who logged it.
    pub address: Address,
    /// Its topics.
    pub topics: Vec<B256>,
    /// Its data.
    pub data: Bytes,
    /// The block that it is in.
    pub block: u64,
    /// The block's time.
    pub time: u64,
    /// Its transaction, counted over all.
    pub transaction: u64,
    /// Its place in the block.
    pub index: u64,
}

/// What transactions came to.
#[derive(Debug, Clone)]
pub struct Chronicle {
    /// The History.
    pub history: History,
    /// The logs, in their order.
    pub logs: Vec<Logged>,
    /// Blocks and times that the History speaks of: those with a transaction, and where votes begin and end.
    pub clock: BTreeMap<u64, u64>,
}

impl Chronicle {
    /// The logs as a node answers `eth_getLogs`.
    pub fn node_answer(&self) -> Value {
        let word = |number: u64| format!("0x{number:x}");
        let logs = self.logs.iter().map(|log| {
            json!({
                "address": log.address,
                "topics": log.topics,
                "data": log.data,
                "blockNumber": word(log.block),
                "blockHash": keccak256(format!("block {}", log.block)),
                "blockTimestamp": word(log.time),
                "transactionHash": keccak256(format!("transaction {}", log.transaction)),
                "transactionIndex": "0x0",
                "logIndex": word(log.index),
                "removed": false,
            })
        });
        json!({"jsonrpc": "2.0", "id": 1, "result": logs.collect::<Vec<_>>()})
    }

    /// The table `block_number,timestamp` that `ingest` takes beside logs.
    pub fn clock_table(&self) -> String {
        let rows = self.clock.iter().map(|(block, time)| format!("{block},{time}\n"));
        std::iter::once("block_number,timestamp\n".to_owned()).chain(rows).collect()
    }
}

/// Plays transactions on a world and writes down what they came to. The world's blocks are twelve seconds apart.
///
/// # Errors
/// There is no such governor; a defect of the interpreter.
pub fn chronicle(world: &World, sent: &[Sent], governor: Option<&str>, dao: &str) -> Result<Chronicle> {
    let governor = Governor::find(world, governor)?;
    let mut session = Session::new(world);
    let decimals = session.number(governor.token, "decimals()", Vec::new())?;
    let decimals = decimals.and_then(|word| u8::try_from(word).ok()).unwrap_or(DECIMALS).min(DECIMALS);
    let mut writer = Writer {
        dao: dao.to_owned(),
        base: (world.state.block, world.state.time),
        unit: 10_i128.pow(u32::from(DECIMALS - decimals)),
        decimals,
        governor,
        session,
        builder: HistoryBuilder::new(DECIMALS, Limits::default()),
        proposals: Vec::new(),
        first: BTreeMap::new(),
        logs: Vec::new(),
        clock: BTreeMap::new(),
        in_block: (0, 0),
    };
    for (number, one) in sent.iter().enumerate() {
        writer.take(number as u64, one)?;
    }
    writer.finish()
}

struct Proposal {
    id: U256,
    author: Address,
    title: Option<String>,
    created: u64,
    snapshot: u64,
    deadline: u64,
}

struct Writer {
    dao: String,
    base: (u64, u64),
    unit: i128,
    decimals: u8,
    governor: Governor,
    session: Session,
    builder: HistoryBuilder,
    proposals: Vec<Proposal>,
    /// When each member was first seen.
    first: BTreeMap<Address, u64>,
    logs: Vec<Logged>,
    clock: BTreeMap<u64, u64>,
    /// The block, and how many logs it has.
    in_block: (u64, u64),
}

/// A call that counts: who made it, with what.
struct Made {
    caller: Address,
    target: Address,
    input: Bytes,
    output: Bytes,
}

impl Made {
    /// The arguments of a function, where it is this one.
    fn arguments(&self, signature: &str) -> Option<Vec<DynSolValue>> {
        let rest = self.input.strip_prefix(&selector(signature)[..])?;
        let (_, types) = signature.split_once('(')?;
        let tuple: DynSolType = format!("({types}").parse().ok()?;
        match tuple.abi_decode_params(rest) {
            Ok(DynSolValue::Tuple(values)) => Some(values),
            _ => None,
        }
    }

    fn answer(&self) -> Option<U256> {
        self.output.get(..32).map(U256::from_be_slice)
    }
}

fn hex(address: Address) -> String {
    format!("0x{}", alloy_primitives::hex::encode(address))
}

fn address_at(values: &[DynSolValue], place: usize) -> Address {
    values.get(place).and_then(DynSolValue::as_address).unwrap_or_default()
}

fn number_at(values: &[DynSolValue], place: usize) -> U256 {
    values.get(place).and_then(DynSolValue::as_uint).map_or(U256::ZERO, |(number, _)| number)
}

fn second<'c>(time: u64) -> Cell<'c> {
    Cell::Time(i64::try_from(time).unwrap_or(i64::MAX), Precision::Second)
}

/// The first line that says something, without the marks of a heading.
fn title(description: &str) -> Option<String> {
    let lines = description.lines().map(|line| line.trim_start_matches('#').trim());
    let line = lines.into_iter().find(|line| !line.is_empty())?;
    let fits = |(at, character): (usize, char)| at + character.len_utf8();
    let end = line.char_indices().map(fits).take_while(|end| *end <= MOST_TITLE).last().unwrap_or(0);
    Some(line[..end].to_owned())
}

impl Writer {
    fn amount(&self, units: U256) -> i128 {
        i128::try_from(units).unwrap_or(i128::MAX).saturating_mul(self.unit)
    }

    fn see(&mut self, member: Address, time: u64) {
        if !member.is_zero() {
            self.first.entry(member).or_insert(time);
        }
    }

    /// An answer of the token in a state.
    fn asked(&mut self, state: &Arc<State>, signatures: &[&str], arguments: &[DynSolValue]) -> Result<U256> {
        let now = std::mem::replace(&mut self.session.state, Arc::clone(state));
        let mut found = None;
        for signature in signatures {
            found = self.session.number(self.governor.token, signature, arguments.to_vec())?;
            if found.is_some() {
                break;
            }
        }
        self.session.state = now;
        Ok(found.unwrap_or_default())
    }

    fn delegate_of(&mut self, state: &Arc<State>, member: Address) -> Result<Address> {
        if member.is_zero() {
            return Ok(Address::ZERO);
        }
        let word = self.asked(state, &["delegates(address)"], &[DynSolValue::Address(member)])?;
        Ok(Address::from_word(word.into()))
    }

    fn votes_of(&mut self, state: &Arc<State>, member: Address) -> Result<U256> {
        let names = ["getVotes(address)", "getCurrentVotes(address)"];
        self.asked(state, &names, &[DynSolValue::Address(member)])
    }

    fn take(&mut self, number: u64, sent: &Sent) -> Result<()> {
        self.session.set_clock(sent.block, sent.time);
        let before = Arc::clone(&self.session.state);
        let outcome = self.session.machine().run(&before, &sent.transaction)?;
        self.clock.insert(sent.block, sent.time);
        if !outcome.success() {
            return Ok(());
        }
        let calls = &self.session.machine().trace().calls;
        // What fails takes all that it called with it.
        let counts = |number: usize| {
            let mut number = Some(number);
            while let Some(call) = number.and_then(|number| calls.get(number)) {
                if !call.success {
                    return false;
                }
                number = call.parent.map(|parent| parent as usize);
            }
            true
        };
        let made: Vec<Made> = calls
            .iter()
            .enumerate()
            .filter(|(number, call)| call.kind == CallKind::Call && counts(*number))
            .map(|(_, call)| Made {
                caller: call.caller,
                target: call.target,
                input: call.input.clone(),
                output: call.output.clone(),
            })
            .collect();
        let after = Arc::new(outcome.after(&before));
        if self.in_block.0 != sent.block {
            self.in_block = (sent.block, 0);
        }
        for log in &outcome.logs {
            self.logs.push(Logged {
                address: log.address,
                topics: log.data.topics().to_vec(),
                data: log.data.data.clone(),
                block: sent.block,
                time: sent.time,
                transaction: number,
                index: self.in_block.1,
            });
            self.in_block.1 += 1;
        }
        self.session.state = Arc::clone(&after);
        let mut moved = BTreeSet::new();
        for call in &made {
            if call.target == self.governor.address {
                self.governor_call(call, sent.time)?;
            } else if call.target == self.governor.token {
                self.token_call(call, (&before, &after), sent.time, &mut moved)?;
            }
        }
        // Power as the transaction leaves it.
        for member in moved {
            let power = self.votes_of(&after, member)?;
            if power != self.votes_of(&before, member)? {
                self.see(member, sent.time);
                let asset = format!("votes:{}", hex(self.governor.token));
                let row = [
                    ("dao", Cell::Text(&self.dao)),
                    ("member", Cell::Text(&hex(member))),
                    ("at", second(sent.time)),
                    ("asset", Cell::Text(&asset)),
                    ("amount", Cell::Amount(self.amount(power))),
                ];
                self.builder.table(Table::Holdings).push_named(&row)?;
            }
        }
        Ok(())
    }

    fn event(&mut self, id: U256, time: u64, event: &str) -> Result<()> {
        let row = [
            ("dao", Cell::Text(&self.dao)),
            ("proposal", Cell::Text(&id.to_string())),
            ("at", second(time)),
            ("event", Cell::Text(event)),
        ];
        Ok(self.builder.table(Table::ProposalEvents).push_named(&row)?)
    }

    fn governor_call(&mut self, call: &Made, time: u64) -> Result<()> {
        const LATER: [(&str, &str); 3] =
            [("queue", "queued"), ("execute", "executed"), ("cancel", "cancelled")];
        if let Some(arguments) = call.arguments(self.governor.generation.propose()) {
            return self.proposed(call, &arguments, time);
        }
        for (name, event) in LATER {
            if let Some(arguments) = call.arguments(&format!("{name}(uint256)")) {
                return self.event(number_at(&arguments, 0), time, event);
            }
            if call.arguments(&format!("{name}(address[],uint256[],bytes[],bytes32)")).is_some() {
                return self.event(call.answer().unwrap_or_default(), time, event);
            }
        }
        let reasoned = "castVoteWithReason(uint256,uint8,string)";
        for signature in [self.governor.generation.cast(), reasoned] {
            if let Some(arguments) = call.arguments(signature) {
                return self.voted(call.caller, &arguments, time);
            }
        }
        Ok(())
    }

    fn proposed(&mut self, call: &Made, arguments: &[DynSolValue], time: u64) -> Result<()> {
        let Some(id) = call.answer() else { return Ok(()) };
        let governor = self.governor.address;
        let clock = |word: Option<U256>| word.and_then(|word| u64::try_from(word).ok()).unwrap_or(0);
        let (snapshot, deadline) = if self.governor.generation == Generation::OpenZeppelin {
            let mut of = |signature| self.session.number(governor, signature, vec![uint(id)]);
            (clock(of("proposalSnapshot(uint256)")?), clock(of("proposalDeadline(uint256)")?))
        } else {
            let output =
                self.session.ask(governor, "proposals(uint256)", vec![uint(id)])?.unwrap_or_default();
            // Id, proposer and eta stand in front of the two.
            let word = |place: usize| output.get(32 * place..32 * place + 32).map(U256::from_be_slice);
            (clock(word(3)), clock(word(4)))
        };
        let description = arguments.last().and_then(DynSolValue::as_str).unwrap_or_default();
        self.see(call.caller, time);
        self.event(id, time, "created")?;
        let list = |place: usize| arguments.get(place).and_then(DynSolValue::as_array).unwrap_or_default();
        let compound = self.governor.generation != Generation::OpenZeppelin;
        let name = id.to_string();
        for (place, target) in list(0).iter().enumerate() {
            let value = number_at(list(1), place).to_string();
            let signature = list(2).get(place).and_then(DynSolValue::as_str).unwrap_or_default();
            let data = list(if compound { 3 } else { 2 }).get(place).and_then(DynSolValue::as_bytes);
            let data = format!("0x{}", alloy_primitives::hex::encode(data.unwrap_or_default()));
            let row = [
                ("dao", Cell::Text(&self.dao)),
                ("proposal", Cell::Text(&name)),
                ("index", Cell::Integer(place as i64)),
                ("target", Cell::Text(&hex(target.as_address().unwrap_or_default()))),
                ("value", Cell::Text(&value)),
                ("signature", Cell::Text(if compound { signature } else { "" })),
                ("calldata", Cell::Text(&data)),
            ];
            self.builder.table(Table::Actions).push_named(&row)?;
        }
        let title = title(description);
        let made = Proposal { id, author: call.caller, title, created: time, snapshot, deadline };
        self.proposals.push(made);
        Ok(())
    }

    fn voted(&mut self, member: Address, arguments: &[DynSolValue], time: u64) -> Result<()> {
        let id = number_at(arguments, 0);
        let Some(proposal) = self.proposals.iter().find(|proposal| proposal.id == id) else {
            return Ok(());
        };
        let asked = [DynSolValue::Address(member), uint(U256::from(proposal.snapshot))];
        let state = Arc::clone(&self.session.state);
        let power = self.asked(&state, &super::voting::PAST_VOTES, &asked)?;
        let choice = match arguments.get(1) {
            Some(DynSolValue::Bool(true)) => 1,
            Some(DynSolValue::Bool(false)) => 2,
            _ => match u8::try_from(number_at(arguments, 1)) {
                Ok(0) => 2,
                Ok(1) => 1,
                _ => 3,
            },
        };
        self.see(member, time);
        self.builder.table(Table::Votes).push_vote(&VoteRow {
            dao: &self.dao,
            proposal: &id.to_string(),
            member: &hex(member),
            cast_at: i64::try_from(time).ok(),
            precision: Precision::Second,
            choice: &[(choice, 1.0)],
            power: i128::try_from(power).unwrap_or(i128::MAX).saturating_mul(self.unit),
        })?;
        Ok(())
    }

    fn token_call(
        &mut self,
        call: &Made,
        (before, after): (&Arc<State>, &Arc<State>),
        time: u64,
        moved: &mut BTreeSet<Address>,
    ) -> Result<()> {
        if let Some(arguments) = call.arguments("delegate(address)") {
            let (from, to) = (self.delegate_of(before, call.caller)?, address_at(&arguments, 0));
            moved.extend([from, to].into_iter().filter(|member| !member.is_zero()));
            for member in [call.caller, from, to] {
                self.see(member, time);
            }
            let [old, new] = [from, to].map(|member| (!member.is_zero()).then(|| hex(member)));
            let row = [
                ("dao", Cell::Text(&self.dao)),
                ("delegator", Cell::Text(&hex(call.caller))),
                ("from_delegate", old.as_deref().into()),
                ("to_delegate", new.as_deref().into()),
                ("at", second(time)),
            ];
            return Ok(self.builder.table(Table::Delegations).push_named(&row)?);
        }
        let movement = [
            ("transfer(address,uint256)", Some(call.caller), 0, 1),
            ("transferFrom(address,address,uint256)", None, 1, 2),
            ("mint(address,uint256)", Some(Address::ZERO), 0, 1),
            ("burn(uint256)", Some(call.caller), usize::MAX, 0),
        ]
        .into_iter()
        .find_map(|(signature, from, to, amount)| {
            let arguments = call.arguments(signature)?;
            let from = from.unwrap_or_else(|| address_at(&arguments, 0));
            Some((from, address_at(&arguments, to), number_at(&arguments, amount)))
        });
        let Some((from, to, amount)) = movement else { return Ok(()) };
        for member in [from, to] {
            self.see(member, time);
            let delegate = self.delegate_of(after, member)?;
            moved.extend((!delegate.is_zero()).then_some(delegate));
        }
        let [giver, taker] = [from, to].map(|member| (!member.is_zero()).then(|| hex(member)));
        let purpose = match (from.is_zero(), to.is_zero()) {
            (true, _) => Some("mint"),
            (false, true) => Some("burn"),
            _ => None,
        };
        let row = [
            ("dao", Cell::Text(&self.dao)),
            ("at", second(time)),
            ("from", giver.as_deref().into()),
            ("to", taker.as_deref().into()),
            ("asset", Cell::Text(&hex(self.governor.token))),
            ("amount", Cell::Amount(self.amount(amount))),
            ("purpose", purpose.into()),
        ];
        Ok(self.builder.table(Table::Transfers).push_named(&row)?)
    }

    /// The time of a clock of the governor.
    fn time_of(&mut self, clock: u64) -> u64 {
        if self.governor.seconds {
            return clock;
        }
        let time = self.base.1 + clock.saturating_sub(self.base.0).saturating_mul(BLOCK_SECONDS);
        self.clock.insert(clock, time);
        time
    }

    fn finish(mut self) -> Result<Chronicle> {
        let system = match self.governor.generation {
            Generation::OpenZeppelin => "openzeppelin-governor",
            Generation::Bravo => "governor-bravo",
            Generation::Alpha => "governor-alpha",
        };
        let words = if self.governor.generation == Generation::Alpha { 2 } else { 3 };
        let choices: Vec<String> =
            ["for", "against", "abstain"][..words].iter().map(ToString::to_string).collect();
        for proposal in std::mem::take(&mut self.proposals) {
            let (start, end) = (self.time_of(proposal.snapshot), self.time_of(proposal.deadline));
            let governor = self.governor.address;
            let state = self.session.number(governor, "state(uint256)", vec![uint(proposal.id)])?;
            // Nothing is logged where a vote is lost or runs out.
            let state = match state.and_then(|state| u8::try_from(state).ok()) {
                Some(2) => Some("cancelled"),
                Some(5 | 6) => Some("queued"),
                Some(7) => Some("executed"),
                _ => None,
            };
            let row = [
                ("dao", Cell::Text(&self.dao)),
                ("proposal", Cell::Text(&proposal.id.to_string())),
                ("author", Cell::Text(&hex(proposal.author))),
                ("title", proposal.title.as_deref().into()),
                ("voting_system", Cell::Text(system)),
                ("choices", Cell::Choices(&choices)),
                ("created_at", second(proposal.created)),
                ("start_at", second(start)),
                ("end_at", second(end)),
                ("state", state.into()),
            ];
            self.builder.table(Table::Proposals).push_named(&row)?;
        }
        for (member, time) in &self.first {
            let row = [
                ("dao", Cell::Text(&self.dao)),
                ("member", Cell::Text(&hex(*member))),
                ("first_seen_at", second(*time)),
            ];
            self.builder.table(Table::Members).push_named(&row)?;
        }
        let row = [
            ("dao", Cell::Text(&self.dao)),
            ("platform", Cell::Text(system)),
            ("power_unit", Cell::Text("token")),
            ("token_decimals", Cell::Integer(self.decimals.into())),
        ];
        self.builder.table(Table::Daos).push_named(&row)?;
        self.builder.source(format!("transactions on governor `{}`", self.governor.name));
        let history = self.builder.finish()?;
        Ok(Chronicle { history, logs: self.logs, clock: self.clock })
    }
}
