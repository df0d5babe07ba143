//! Plays deeds in the order of time, and writes down what happens.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, U256};
use daotwin_core::Run;
use daotwin_history::builder::{Cell, HistoryBuilder, ProposalRow, VoteRow};
use daotwin_history::schema::{Precision, Table};
use daotwin_history::view::DaoView;
use daotwin_history::{History, Manifest, Side};

use super::rows::{Deed, Names, others, side};
use super::{Act, Failure, Load, Options, Windows};
use crate::artifact::Callable;
use crate::sequence::{BLOCK_SECONDS, Step, Wait};
use crate::traffic::chronicle::Sent;
use crate::traffic::session::{Answer, Session, selector, uint};
use crate::traffic::voting::{Generation, Governor, address_of, minter};
use crate::traffic::{Recorded, Recording};
use crate::world::{Role, World};
use crate::{Error, Result};

/// Failures that are kept in full.
const MOST_FAILURES: usize = 1_000;

/// What waits for its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Hands out the power that a proposal's voters have.
    Ready(usize),
    Deed(Deed),
    Queue(usize),
    Execute(usize),
}

/// A proposal on the chain.
#[derive(Debug, Clone, Default)]
struct Made {
    id: U256,
    /// All arguments of `propose`.
    arguments: Vec<DynSolValue>,
    by: usize,
    snapshot: u64,
    deadline: u64,
    at: u64,
}

pub(super) struct Play<'p> {
    view: &'p DaoView,
    options: &'p Options,
    world: World,
    session: Session,
    governor: Governor,
    names: Names,
    addresses: Vec<Address>,
    /// Who sells and buys, and whether it mints what it sells.
    market: (Address, bool),
    threshold: U256,
    /// Powers of ten between amounts of the History and of the token.
    scale: (u32, u32),
    tasks: BinaryHeap<Reverse<(u64, u64, Task)>>,
    sequence: u64,
    /// The first time of the History, at the first time of the chain.
    begin: (i64, u64),
    made: BTreeMap<usize, Made>,
    /// When the latest proposal of an account ends.
    busy: BTreeMap<usize, u64>,
    callables: BTreeMap<(Address, [u8; 4]), Arc<Callable>>,
    builder: HistoryBuilder,
    load: Load,
}

impl<'p> Play<'p> {
    pub(super) fn new(
        history: &History,
        view: &'p DaoView,
        world: &World,
        options: &'p Options,
    ) -> Result<Self> {
        let governor = Governor::find(world, options.governor.as_deref())?;
        let mut names = Names::default();
        for member in &view.members {
            names.number(member);
        }
        let mut deeds = others(history, &view.dao, &mut names);
        let most = options.proposals.unwrap_or(usize::MAX);
        for (number, proposal) in view.proposals.iter().enumerate().take(most) {
            if let Some(at) = began(view, number) {
                deeds.push((at, Deed::Propose(number)));
                names.number(proposal.author.as_deref().unwrap_or("dao"));
            }
        }
        let first = deeds.iter().map(|(at, _)| *at).min().unwrap_or(0);
        let mut session = Session::new(world);
        let token = governor.token;
        let holders: Vec<Address> = world.actors.iter().map(|actor| actor.address).collect();
        let mut richest = (U256::ZERO, super::super::voting::address_of("market"));
        for holder in &holders {
            let held = session.number(token, "balanceOf(address)", vec![DynSolValue::Address(*holder)])?;
            richest = richest.max((held.unwrap_or_default(), *holder));
        }
        let market = match minter(&mut Session::new(world), token, &holders)? {
            Some(minter) => (minter, true),
            None => (richest.1, false),
        };
        let decimals = session.number(token, "decimals()", Vec::new())?;
        let decimals = decimals.and_then(|word| u32::try_from(word).ok()).unwrap_or(18).min(36);
        let own = u32::from(history.decimals()).min(36);
        let threshold = session.number(governor.address, "proposalThreshold()", Vec::new())?;
        // An hour for what has to stand before the first act.
        let begin = (first, world.state.time + 3600);
        let mut play = Self {
            view,
            options,
            world: world.clone(),
            session,
            governor,
            addresses: names.all.iter().map(|name| actor(world, name)).collect(),
            names,
            market,
            threshold: threshold.unwrap_or_default(),
            scale: (decimals.saturating_sub(own), own.saturating_sub(decimals)),
            tasks: BinaryHeap::new(),
            sequence: 0,
            begin,
            made: BTreeMap::new(),
            busy: BTreeMap::new(),
            callables: BTreeMap::new(),
            builder: HistoryBuilder::new(history.decimals(), daotwin_core::Limits::default()),
            load: Load {
                history: History::new(Manifest::default()),
                recording: Recording::of(world)?,
                sent: Vec::new(),
                counts: BTreeMap::new(),
                failures: Vec::new(),
                gas: 0,
                world: world.clone(),
            },
        };
        deeds.sort_unstable();
        for (at, deed) in deeds {
            let time = play.chain(at);
            if let Deed::Propose(number) = deed {
                // Power counts that was there a block before.
                play.wait(time.saturating_sub(2 * BLOCK_SECONDS), Task::Ready(number));
            }
            play.wait(time, Task::Deed(deed));
        }
        Ok(play)
    }

    fn chain(&self, at: i64) -> u64 {
        self.begin.1 + u64::try_from(at - self.begin.0).unwrap_or(0)
    }

    fn known(&self, time: u64) -> i64 {
        self.begin.0 + i64::try_from(time).unwrap_or(i64::MAX) - i64::try_from(self.begin.1).unwrap_or(0)
    }

    fn wait(&mut self, time: u64, task: Task) {
        self.sequence += 1;
        self.tasks.push(Reverse((time, self.sequence, task)));
    }

    /// Units of the token.
    fn units(&self, amount: u128) -> U256 {
        let ten = |power: u32| U256::from(10).pow(U256::from(power));
        U256::from(amount).saturating_mul(ten(self.scale.0)) / ten(self.scale.1)
    }

    /// Base units of the History.
    fn amount(&self, units: U256) -> i128 {
        let ten = |power: u32| U256::from(10).pow(U256::from(power));
        i128::try_from(units / ten(self.scale.0) * ten(self.scale.1)).unwrap_or(i128::MAX)
    }

    /// The clock of a second, and the second of a clock.
    fn time_of(&self, clock: u64) -> u64 {
        let state = &self.world.state;
        if self.governor.seconds {
            clock
        } else {
            state.time + (clock.saturating_sub(state.block)).saturating_mul(BLOCK_SECONDS)
        }
    }

    pub(super) fn run(mut self, run: &Run) -> Result<Load> {
        let total = self.tasks.len() as u64;
        let mut done = 0;
        let mut last = self.world.state.time;
        while let Some(Reverse((time, _, task))) = self.tasks.pop() {
            if done % 64 == 0 {
                run.step("benign load", done.min(total), total)?;
            }
            done += 1;
            last = last.max(time);
            let block = self.world.state.block + (last - self.world.state.time) / BLOCK_SECONDS;
            // Whatever comes in a block has its time.
            let time = self.world.state.time + (block - self.world.state.block) * BLOCK_SECONDS;
            self.session.set_clock(block, time);
            match task {
                Task::Ready(number) => self.ready(number)?,
                Task::Deed(deed) => self.deed(deed)?,
                Task::Queue(number) => self.queue(number)?,
                Task::Execute(number) => self.execute(number)?,
            }
        }
        self.finish()
    }

    fn callable(&mut self, to: Address, signature: &str) -> Option<Arc<Callable>> {
        let selector = selector(signature);
        if let Some(known) = self.callables.get(&(to, *selector)) {
            return Some(Arc::clone(known));
        }
        let deployed = self.world.contracts.iter().find(|deployed| deployed.address == to)?;
        let contracts = [Some(&deployed.contract), deployed.implementation.as_ref()];
        let callable = contracts.into_iter().flatten().find_map(|contract| contract.function(selector))?;
        let callable = Arc::new(callable.clone());
        self.callables.insert((to, *selector), Arc::clone(&callable));
        Some(callable)
    }

    /// Calls, and writes down what came of it.
    fn act(
        &mut self,
        (act, member, proposal): (Act, usize, Option<usize>),
        (from, to): (Address, Address),
        function: Option<Arc<Callable>>,
        arguments: Vec<DynSolValue>,
        value: U256,
    ) -> Result<Option<Answer>> {
        let step =
            Step { sender: from, to, function, arguments, value, wait: Wait::default(), inner: Vec::new() };
        if !value.is_zero() && self.session.state.balance(from) < value {
            Arc::make_mut(&mut self.session.state).set_balance(from, value);
        }
        let (block, time) = (self.session.state.block, self.session.state.time);
        let deployed = self.world.contracts.iter().find(|deployed| deployed.address == to);
        let contract =
            deployed.map(|deployed| deployed.implementation.as_ref().unwrap_or(&deployed.contract));
        let transaction = step.transaction();
        let came = self.session.transact(&transaction, contract.map(|contract| &**contract))?;
        self.load.sent.push(Sent { transaction, block, time });
        let count = self.load.counts.entry(act).or_default();
        let name = self.names.all.get(member).cloned().unwrap_or_default();
        let (success, output, gas) = match &came {
            Ok(answer) => {
                count.done += 1;
                (true, answer.output.clone(), answer.gas)
            }
            Err(refused) => {
                count.refused += 1;
                if self.load.failures.len() < MOST_FAILURES {
                    self.load.failures.push(Failure {
                        act,
                        member: name.clone(),
                        proposal: proposal.map(|number| self.view.proposals[number].proposal.clone()),
                        time,
                        reason: refused.0.clone(),
                    });
                }
                (false, alloy_primitives::Bytes::new(), 0)
            }
        };
        self.load.gas += gas;
        let to_name = deployed.map_or_else(|| to.to_string(), |deployed| deployed.name.clone());
        let signature = step.function.as_ref().map_or_else(String::new, |function| function.signature());
        let at = self.known(time);
        self.builder
            .table(Table::Transactions)
            .push_named(&[
                ("dao", Cell::Text(&self.view.dao)),
                ("at", Cell::Time(at, Precision::Second)),
                ("block", Cell::Integer(i64::try_from(block).unwrap_or(i64::MAX))),
                ("from", Cell::Text(&name)),
                ("to", Cell::Text(&to_name)),
                ("value", Cell::Text(&value.to_string())),
                ("function", Cell::Text(&signature)),
                ("gas_used", Cell::Integer(i64::try_from(gas).unwrap_or(i64::MAX))),
                ("status", Cell::Text(if success { "success" } else { "reverted" })),
                ("label", Cell::Text("benign")),
            ])
            .map_err(Error::from)?;
        let trusted =
            self.world.actors.iter().any(|actor| actor.address == from && actor.role == Role::Trusted);
        let role = if trusted { Role::Trusted } else { Role::Member };
        // What keeps powers at what the History says is the market's doing and no member's.
        if act != Act::Trade {
            self.load.recording.calls.push(Recorded { step, role, output, success, block, time });
        }
        Ok(came.ok())
    }

    fn call(
        &mut self,
        what: (Act, usize, Option<usize>),
        parties: (Address, Address),
        signature: &str,
        arguments: Vec<DynSolValue>,
    ) -> Result<Option<Answer>> {
        let Some(function) = self.callable(parties.1, signature) else { return Ok(None) };
        self.act(what, parties, Some(function), arguments, U256::ZERO)
    }

    fn held(&mut self, account: Address) -> Result<U256> {
        let arguments = vec![DynSolValue::Address(account)];
        Ok(self.session.number(self.governor.token, "balanceOf(address)", arguments)?.unwrap_or_default())
    }

    /// Lets a member have so much of the token.
    fn trade(&mut self, member: usize, power: U256, votes: bool) -> Result<()> {
        let (own, token) = (self.addresses[member], self.governor.token);
        let (market, mints) = self.market;
        if own == market {
            return Ok(());
        }
        let held = self.held(own)?;
        let what = (Act::Trade, member, None);
        if held < power {
            let signature = if mints { "mint(address,uint256)" } else { "transfer(address,uint256)" };
            let arguments = vec![DynSolValue::Address(own), uint(power - held)];
            self.call(what, (market, token), signature, arguments)?;
        } else if held > power {
            let arguments = vec![DynSolValue::Address(market), uint(held - power)];
            self.call(what, (own, token), "transfer(address,uint256)", arguments)?;
        }
        if votes && !power.is_zero() {
            let arguments = vec![DynSolValue::Address(own)];
            let delegate = self.session.number(token, "delegates(address)", arguments.clone())?;
            if delegate != Some(U256::from_be_slice(own.into_word().as_slice())) {
                self.call((Act::Delegate, member, None), (own, token), "delegate(address)", arguments)?;
            }
        }
        Ok(())
    }

    fn ballots(&self, number: usize) -> Vec<(usize, U256)> {
        let proposal = &self.view.proposals[number];
        let votes = &self.view.votes[proposal.votes.clone()];
        votes
            .iter()
            .map(|vote| (vote.member as usize, self.units(u128::try_from(vote.power).unwrap_or(0))))
            .collect()
    }

    /// The account that proposes: Compound's governors take one live proposal an account.
    fn proposer(&mut self, number: usize) -> usize {
        let author = self.view.proposals[number].author.clone().unwrap_or_else(|| "dao".to_owned());
        let now = self.session.state.time;
        let mut name = author.clone();
        let mut alias = 1;
        loop {
            let place = self.names.number(&name);
            if place == self.addresses.len() {
                self.addresses.push(actor(&self.world, &name));
            }
            let free = self.busy.get(&place).is_none_or(|until| *until < now);
            if free || self.governor.generation == Generation::OpenZeppelin {
                return place;
            }
            alias += 1;
            name = format!("{author} ({alias})");
        }
    }

    fn ready(&mut self, number: usize) -> Result<()> {
        for (member, power) in self.ballots(number) {
            self.trade(member, power, true)?;
        }
        let by = self.proposer(number);
        // Kept until the proposal is made, one block later.
        self.busy.insert(by, self.session.state.time + 2 * BLOCK_SECONDS);
        self.made.insert(number, Made { by, ..Made::default() });
        let needed = self.threshold + U256::from(1);
        // What it holds may not be delegated yet.
        let held = self.held(self.addresses[by])?;
        self.trade(by, held.max(needed), true)?;
        Ok(())
    }

    fn deed(&mut self, deed: Deed) -> Result<()> {
        let token = self.governor.token;
        match deed {
            Deed::Propose(number) => self.propose(number)?,
            Deed::Vote(ballot) => self.vote(ballot)?,
            Deed::Delegate { from, to } => {
                let arguments = vec![DynSolValue::Address(self.addresses[to])];
                let parties = (self.addresses[from], token);
                if self.call((Act::Delegate, from, None), parties, "delegate(address)", arguments)?.is_some()
                {
                    let at = self.known(self.session.state.time);
                    let row = [
                        ("dao", Cell::Text(&self.view.dao)),
                        ("delegator", Cell::Text(&self.names.all[from])),
                        ("to_delegate", Cell::Text(&self.names.all[to])),
                        ("at", Cell::Time(at, Precision::Second)),
                    ];
                    self.builder.table(Table::Delegations).push_named(&row).map_err(Error::from)?;
                }
            }
            Deed::Transfer { from, to, amount } => {
                let units = self.units(amount);
                if self.held(self.addresses[from])? < units {
                    self.trade(from, units, false)?;
                }
                let arguments = vec![DynSolValue::Address(self.addresses[to]), uint(units)];
                let parties = (self.addresses[from], token);
                let what = (Act::Transfer, from, None);
                if self.call(what, parties, "transfer(address,uint256)", arguments)?.is_some() {
                    let at = self.known(self.session.state.time);
                    let row = [
                        ("dao", Cell::Text(&self.view.dao)),
                        ("at", Cell::Time(at, Precision::Second)),
                        ("from", Cell::Text(&self.names.all[from])),
                        ("to", Cell::Text(&self.names.all[to])),
                        ("amount", Cell::Amount(self.amount(units))),
                    ];
                    self.builder.table(Table::Transfers).push_named(&row).map_err(Error::from)?;
                }
            }
            Deed::Deposit { from, amount } => self.put(from, amount)?,
            Deed::Claim { by } => self.take(by)?,
        }
        Ok(())
    }

    fn propose(&mut self, number: usize) -> Result<()> {
        let Some(Made { by, .. }) = self.made.get(&number).cloned() else { return Ok(()) };
        let own = self.addresses[by];
        let generation = self.governor.generation;
        let each = |value| DynSolValue::Array(vec![value]);
        // A message of nothing to the author: the load is about voting, not about what is voted on.
        let mut arguments = vec![each(DynSolValue::Address(own)), each(uint(U256::ZERO))];
        if generation != Generation::OpenZeppelin {
            arguments.push(each(DynSolValue::String(String::new())));
        }
        arguments.push(each(DynSolValue::Bytes(Vec::new())));
        arguments.push(DynSolValue::String(self.view.proposals[number].proposal.clone()));
        let governor = self.governor.address;
        let what = (Act::Propose, by, Some(number));
        let answer = self.call(what, (own, governor), generation.propose(), arguments.clone())?;
        let Some(id) = answer.and_then(|answer| answer.output.get(..32).map(U256::from_be_slice)) else {
            self.made.remove(&number);
            return Ok(());
        };
        let clock = |word: Option<U256>| word.and_then(|word| u64::try_from(word).ok());
        let (snapshot, deadline) = if generation == Generation::OpenZeppelin {
            let mut of = |signature| self.session.number(governor, signature, vec![uint(id)]);
            (clock(of("proposalSnapshot(uint256)")?), clock(of("proposalDeadline(uint256)")?))
        } else {
            let output =
                self.session.ask(governor, "proposals(uint256)", vec![uint(id)])?.unwrap_or_default();
            // Id, proposer and eta stand in front of the two.
            let word = |place: usize| output.get(32 * place..32 * place + 32).map(U256::from_be_slice);
            (clock(word(3)), clock(word(4)))
        };
        let (Some(snapshot), Some(deadline)) = (snapshot, deadline) else { return Ok(()) };
        let at = self.session.state.time;
        self.made.insert(number, Made { id, arguments, by, snapshot, deadline, at });
        self.busy.insert(by, self.time_of(deadline));
        // Nobody keeps what it needed for the threshold alone.
        let ballots = self.ballots(number);
        let kept = ballots.iter().find(|(member, _)| *member == by).map_or(U256::ZERO, |(_, power)| *power);
        if own != self.market.0 {
            self.trade(by, kept, true)?;
        }
        let proposal = &self.view.proposals[number];
        let start = began(self.view, number).unwrap_or_default();
        for ballot in proposal.votes.clone() {
            let vote = &self.view.votes[ballot];
            let time = match (self.options.windows, vote.at) {
                (Windows::Own, Some(cast)) => at + u64::try_from(cast - start).unwrap_or(0),
                _ => {
                    let share = self.view.time_in_window(vote).unwrap_or(0.5);
                    let (first, last) = (self.time_of(snapshot + 1), self.time_of(deadline));
                    first + (share * (last.saturating_sub(first)) as f64) as u64
                }
            };
            self.wait(time, Task::Deed(Deed::Vote(ballot)));
        }
        self.wait(self.time_of(deadline + 1) + BLOCK_SECONDS, Task::Queue(number));
        Ok(())
    }

    fn vote(&mut self, ballot: usize) -> Result<()> {
        let vote = self.view.votes[ballot];
        let number = vote.proposal as usize;
        let Some(Made { id, snapshot, .. }) = self.made.get(&number).cloned() else { return Ok(()) };
        let side = side(self.view, ballot);
        let alpha = self.governor.generation == Generation::Alpha;
        let support = match side {
            Side::Abstain | Side::Other if alpha => return Ok(()),
            side if alpha => DynSolValue::Bool(side == Side::For),
            Side::For => DynSolValue::Uint(U256::from(1), 8),
            Side::Against => DynSolValue::Uint(U256::ZERO, 8),
            Side::Abstain | Side::Other => DynSolValue::Uint(U256::from(2), 8),
        };
        let member = vote.member as usize;
        let own = self.addresses[member];
        let what = (Act::Vote, member, Some(number));
        let parties = (own, self.governor.address);
        let arguments = vec![uint(id), support];
        if self.call(what, parties, self.governor.generation.cast(), arguments)?.is_none() {
            return Ok(());
        }
        let power = self.power(own, snapshot)?;
        let power = self.amount(power);
        let place = match side {
            Side::Against => 1,
            Side::For => 2,
            Side::Abstain | Side::Other => 3,
        };
        let at = self.known(self.session.state.time);
        self.builder
            .table(Table::Votes)
            .push_vote(&VoteRow {
                dao: &self.view.dao,
                proposal: &self.view.proposals[number].proposal,
                member: &self.names.all[member],
                cast_at: Some(at),
                precision: Precision::Second,
                choice: &[(place, 1.0)],
                power,
            })
            .map_err(Error::from)?;
        Ok(())
    }

    fn power(&mut self, account: Address, clock: u64) -> Result<U256> {
        for signature in ["getPastVotes(address,uint256)", "getPriorVotes(address,uint256)"] {
            let arguments = vec![DynSolValue::Address(account), uint(U256::from(clock))];
            if let Some(power) = self.session.number(self.governor.token, signature, arguments)? {
                return Ok(power);
            }
        }
        Ok(U256::ZERO)
    }

    fn state(&mut self, id: U256) -> Result<u8> {
        let word = self.session.number(self.governor.address, "state(uint256)", vec![uint(id)])?;
        Ok(word.and_then(|word| u8::try_from(word).ok()).unwrap_or(u8::MAX))
    }

    /// Queue and execute: by the hash of all arguments, or by number.
    fn later(&mut self, act: Act, number: usize, made: &Made) -> Result<bool> {
        let openzeppelin = self.governor.generation == Generation::OpenZeppelin;
        let name = act.name();
        let (signature, arguments) = if openzeppelin {
            let mut arguments = made.arguments.clone();
            if let Some(DynSolValue::String(text)) = arguments.pop() {
                arguments.push(DynSolValue::FixedBytes(alloy_primitives::keccak256(text), 32));
            }
            (format!("{name}(address[],uint256[],bytes[],bytes32)"), arguments)
        } else {
            (format!("{name}(uint256)"), vec![uint(made.id)])
        };
        let parties = (self.addresses[made.by], self.governor.address);
        Ok(self.call((act, made.by, Some(number)), parties, &signature, arguments)?.is_some())
    }

    fn queue(&mut self, number: usize) -> Result<()> {
        const SUCCEEDED: u8 = 4;
        let Some(made) = self.made.get(&number).cloned() else { return Ok(()) };
        if self.state(made.id)? != SUCCEEDED {
            return Ok(());
        }
        let now = self.session.state.time;
        if self.governor.timelock.is_none() {
            self.wait(now + BLOCK_SECONDS, Task::Execute(number));
            return Ok(());
        }
        if self.later(Act::Queue, number, &made)? {
            let timelock = self.governor.timelock.unwrap_or_default();
            let mut delay = None;
            for signature in ["getMinDelay()", "delay()"] {
                delay = delay.or(self.session.number(timelock, signature, Vec::new())?);
            }
            let delay = delay.and_then(|delay| u64::try_from(delay).ok()).unwrap_or(0);
            self.wait(now.saturating_add(delay) + BLOCK_SECONDS, Task::Execute(number));
        }
        Ok(())
    }

    fn execute(&mut self, number: usize) -> Result<()> {
        if let Some(made) = self.made.get(&number).cloned() {
            self.later(Act::Execute, number, &made)?;
        }
        Ok(())
    }

    /// The first function of a contract beside the governor, its token and its timelock that one of these words begins.
    fn offered(&mut self, words: &[&str]) -> Option<(Address, Arc<Callable>)> {
        let busy = [Some(self.governor.address), Some(self.governor.token), self.governor.timelock];
        for deployed in &self.world.contracts {
            if busy.contains(&Some(deployed.address)) {
                continue;
            }
            let contracts = [Some(&deployed.contract), deployed.implementation.as_ref()];
            for callable in contracts.into_iter().flatten().flat_map(|contract| &contract.functions) {
                let name = callable.name().to_lowercase();
                let simple = |kind: &DynSolType| matches!(kind, DynSolType::Uint(_) | DynSolType::Address);
                if !callable.view()
                    && words.iter().any(|word| name.starts_with(word))
                    && callable.inputs.iter().all(simple)
                {
                    return Some((deployed.address, Arc::new(callable.clone())));
                }
            }
        }
        None
    }

    fn filled(callable: &Callable, own: Address, units: U256) -> Vec<DynSolValue> {
        let fill = |kind: &DynSolType| match kind {
            DynSolType::Address => DynSolValue::Address(own),
            DynSolType::Uint(bits) => DynSolValue::Uint(units, *bits),
            _ => DynSolValue::Bool(false),
        };
        callable.inputs.iter().map(fill).collect()
    }

    fn put(&mut self, from: usize, amount: u128) -> Result<()> {
        let Some((to, callable)) =
            self.offered(&["deposit", "stake", "donate", "contribute", "join", "lock"])
        else {
            return Ok(());
        };
        let (own, units) = (self.addresses[from], self.units(amount));
        let value = if callable.payable() { units } else { U256::ZERO };
        if !callable.payable() {
            if self.held(own)? < units {
                self.trade(from, units, false)?;
            }
            let arguments = vec![DynSolValue::Address(to), uint(units)];
            let token = self.governor.token;
            self.call((Act::Deposit, from, None), (own, token), "approve(address,uint256)", arguments)?;
        }
        let arguments = Self::filled(&callable, own, units);
        self.act((Act::Deposit, from, None), (own, to), Some(callable), arguments, value)?;
        Ok(())
    }

    fn take(&mut self, by: usize) -> Result<()> {
        let Some((to, callable)) = self.offered(&["claim", "collect", "harvest"]) else { return Ok(()) };
        let own = self.addresses[by];
        let arguments = Self::filled(&callable, own, U256::from(1));
        self.act((Act::Claim, by, None), (own, to), Some(callable), arguments, U256::ZERO)?;
        Ok(())
    }

    /// Power against, for and abstaining.
    fn scores(&mut self, id: U256) -> Result<[i128; 3]> {
        let openzeppelin = self.governor.generation == Generation::OpenZeppelin;
        let signature = if openzeppelin { "proposalVotes(uint256)" } else { "proposals(uint256)" };
        let output = self.session.ask(self.governor.address, signature, vec![uint(id)])?.unwrap_or_default();
        let word = |place: usize| {
            output.get(32 * place..32 * place + 32).map(U256::from_be_slice).unwrap_or_default()
        };
        let words = match self.governor.generation {
            Generation::OpenZeppelin => [word(0), word(1), word(2)],
            Generation::Bravo => [word(6), word(5), word(7)],
            Generation::Alpha => [word(6), word(5), U256::ZERO],
        };
        Ok(words.map(|word| self.amount(word)))
    }

    fn quorum(&mut self, made: &Made) -> Result<Option<i128>> {
        let arguments = vec![uint(U256::from(made.snapshot))];
        let quorum = match self.governor.generation {
            Generation::OpenZeppelin => {
                self.session.number(self.governor.address, "quorum(uint256)", arguments)?
            }
            _ => self.session.number(self.governor.address, "quorumVotes()", Vec::new())?,
        };
        Ok(quorum.map(|quorum| self.amount(quorum)))
    }

    fn finish(mut self) -> Result<Load> {
        const STATES: [&str; 8] =
            ["pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed"];
        let dao = self.view.dao.clone();
        let labels = ["Against", "For", "Abstain"].map(str::to_owned);
        for (number, made) in std::mem::take(&mut self.made) {
            let state = self.state(made.id)?;
            let scores = self.scores(made.id)?;
            let quorum = self.quorum(&made)?;
            let proposal = &self.view.proposals[number];
            let (start, end) = (self.time_of(made.snapshot), self.time_of(made.deadline));
            let row = ProposalRow {
                dao: &dao,
                proposal: &proposal.proposal,
                author: Some(proposal.author.as_deref().unwrap_or("dao")),
                title: None,
                category: proposal.category.as_deref(),
                voting_system: Some(self.governor.generation.native()),
                choices: &labels,
                created_at: Some(self.known(made.at)),
                start_at: Some(self.known(start)),
                end_at: Some(self.known(end)),
                precision: Precision::Second,
                quorum,
                state: STATES.get(usize::from(state)).copied(),
                scores: &scores,
            };
            self.builder.table(Table::Proposals).push_proposal(&row).map_err(Error::from)?;
        }
        for name in &self.names.all {
            let row = [("dao", Cell::Text(&dao)), ("member", Cell::Text(name))];
            self.builder.table(Table::Members).push_named(&row).map_err(Error::from)?;
        }
        let supply =
            self.session.number(self.governor.token, "totalSupply()", Vec::new())?.unwrap_or_default();
        let row = [
            ("dao", Cell::Text(&dao)),
            ("platform", Cell::Text("evm")),
            ("power_unit", Cell::Text("token")),
            ("token_decimals", Cell::Integer(self.builder.decimals().into())),
            ("token_supply", Cell::Amount(self.amount(supply))),
        ];
        self.builder.table(Table::Daos).push_named(&row).map_err(Error::from)?;
        self.builder.source(format!("benign load on governor `{}`", self.governor.name));
        let mut history = self.builder.finish().map_err(Error::from)?;
        history.manifest_mut().synthetic = true;
        self.load.history = history;
        self.load.world = World { state: self.session.state, ..self.world };
        Ok(self.load)
    }
}

/// When a proposal was put up: as it says, or its first ballot.
fn began(view: &DaoView, number: usize) -> Option<i64> {
    let proposal = &view.proposals[number];
    let first = || view.votes[proposal.votes.clone()].iter().filter_map(|vote| vote.at).min();
    proposal.start_at.or(proposal.created_at).or_else(first)
}

/// The address of a member: an actor of that name, or one of its own.
fn actor(world: &World, name: &str) -> Address {
    let known = world.actors.iter().find(|actor| actor.name == name);
    known.map_or_else(|| address_of(name), |actor| actor.address)
}
