//! Rounds of tries, and what the corpus takes in.

mod corpus;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::map::{HashMap, HashSet};
use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::Run;
use daotwin_core::random::Stream;
use rayon::prelude::*;

use super::coverage::Coverage;
use super::knowledge::Knowledge;
use super::payload::{self, Payload};
use super::report::{Called, Options, Progress, Report, Taken};
use super::shape::{lent, shape, together};
use super::tries::{Failure, Origin, Planned, Tried, Trier, Ways};
use crate::Result;
use crate::artifact::Callable;
use crate::chain::{Machine, Site, State, Trace, reason};
use crate::finding::Finding;
use crate::oracle::{self, Oracle};
use crate::puppet;
use crate::sequence::{Step, Wait};
use crate::traffic::learned::{Bound, Past};
use crate::world::World;
use corpus::{CORPUS, amounts, approvals};
pub(crate) use corpus::{Entry, Loan};

/// What all tries of a round see.
pub(super) struct Frozen<'f> {
    pub(super) world: &'f World,
    pub(super) facts: &'f oracle::Facts,
    pub(super) knowledge: &'f Knowledge,
    pub(super) payloads: &'f [Payload],
    pub(super) corpus: &'f [Entry],
    /// How many of the first are where everything begins.
    firsts: usize,
    pub(super) coverage: &'f Coverage,
    pub(super) ways: &'f Ways,
    pub(super) waits: &'f [Wait],
    pub(super) oracles: &'f [&'static dyn Oracle],
    /// What proposes calls as they were seen, and how often.
    pub(super) learned: Option<(&'f Bound, f64, Taken)>,
    /// Payloads as it takes them.
    pub(super) harm: &'f [(Address, U256, Bytes)],
    /// How many of a hundred states that reach nothing new are kept for a while.
    pub(super) volatile: f64,
    /// The most ether that the attacker had after each target, without and with calls from within.
    pub(super) richest: &'f [[U256; 2]],
    /// Words that failures read.
    pub(super) readers: &'f HashMap<(Address, U256), Vec<usize>>,
    /// How often failures of a kind were kept.
    failed: &'f HashMap<(usize, u32), u8>,
    /// The same words by contract, where they are few.
    few: &'f HashMap<Address, Vec<U256>>,
    /// How values of those words went together on states kept for that alone.
    together: &'f HashSet<u64>,
    again: &'f HashMap<u64, u32>,
    folds: &'f HashSet<u64>,
    loans: &'f HashMap<u64, u32>,
    /// Sums of the weights of entries and of targets.
    entries: &'f [f64],
    targets: &'f [f64],
}

impl Frozen<'_> {
    pub(super) fn pick(&self, stream: &mut Stream) -> usize {
        let last = self.corpus.len() - 1;
        match stream.below(10) {
            0 => stream.below(self.firsts as u64) as usize,
            1 => last - stream.below(16.min(self.corpus.len() as u64)) as usize,
            _ => weighted(self.entries, stream),
        }
    }

    pub(super) fn pick_target(&self, stream: &mut Stream) -> usize {
        weighted(self.targets, stream)
    }

    /// Whether a call with these functions within was made only a few times so far.
    pub(super) fn fresh_shape(&self, step: &Step) -> bool {
        self.again.get(&shape(std::slice::from_ref(step))).is_none_or(|times| *times < SAME_SHAPE)
    }

    /// How the values of the words that failures read of a contract go together, where a transaction wrote one of them and
    /// no state was kept for it yet.
    ///
    /// What a condition asks for later may be decided early: a state that takes no branch for the first time is worth going
    /// on from when it takes an old one with another value at hand.
    pub(super) fn anew_together(&self, state: &State, trace: &Trace) -> Option<u64> {
        let written = trace.accesses.iter().filter(|access| access.write);
        let mut groups = written.filter_map(|access| {
            let slots = self.few.get(&access.address)?;
            (slots.len() <= FEW_WORDS && slots.contains(&access.slot)).then_some((access.address, slots))
        });
        let (address, slots) = groups.next()?;
        let values = slots.iter().map(|slot| kind(state.storage(address, *slot)));
        let number = together(address, values);
        (!self.together.contains(&number)).then_some(number)
    }

    /// Whether another failure of this kind would be kept.
    pub(super) fn wants_failure(&self, target: usize, end: u32) -> bool {
        self.failed.get(&(target, end)).is_none_or(|times| *times < SAME_FAILURE)
    }

    /// A number for a loan on a state, and how often there was one on a state that the same functions led to.
    pub(super) fn lent(&self, entry: &Entry, lender: Address, token: Option<Address>) -> (u64, u32) {
        let number = lent(&entry.path, entry.aged.seconds, lender, token);
        (number, self.loans.get(&number).copied().unwrap_or_default())
    }

    /// Whether something was done with a loan before: the same functions, and numbers as large.
    pub(super) fn folded(&self, fold: u64) -> bool {
        self.folds.contains(&fold)
    }

    pub(super) fn function(&self, to: Address, signature: &str) -> Option<Arc<Callable>> {
        let fits = |target: &&super::knowledge::Target| {
            target.to == to
                && target.function.as_ref().is_some_and(|function| function.signature() == signature)
        };
        self.knowledge.targets.iter().find(fits).and_then(|target| target.function.clone())
    }
}

/// An index, by sums of weights.
fn weighted(sums: &[f64], stream: &mut Stream) -> usize {
    let total = sums.last().copied().unwrap_or_default();
    let at = stream.uniform() * total;
    sums.partition_point(|sum| *sum <= at).min(sums.len().saturating_sub(1))
}

/// What a thread runs calls on: machines cannot be sent from one to another.
#[derive(Debug)]
struct Machines {
    /// Shown the codes of the world.
    tracing: Machine,
    /// For calls beside.
    plain: Machine,
}

impl Machines {
    fn new(world: &World) -> Self {
        let mut tracing = Machine::new(world.fork);
        for deployed in &world.contracts {
            tracing.learn(&world.state.code(deployed.address));
        }
        Self { tracing, plain: Machine::new(world.fork) }
    }
}

thread_local! {
    /// The machines of a thread of a search: each search has threads of its own.
    static MACHINES: RefCell<Option<Machines>> = const { RefCell::new(None) };
}

/// A search.
pub struct Campaign {
    world: World,
    options: Options,
    oracles: Vec<&'static dyn Oracle>,
    facts: oracle::Facts,
    knowledge: Knowledge,
    payloads: Vec<Payload>,
    learned: Option<Bound>,
    harm: Vec<(Address, U256, Bytes)>,
    /// Tries and gains of calls made up, and of calls proposed.
    arms: [(f64, f64); 2],
    machines: Machines,
    tokens: Vec<Address>,
    corpus: Vec<Entry>,
    firsts: usize,
    kept: u64,
    /// Where the next state is looked for that gives way to another.
    cursor: usize,
    /// States that take the place of others when the round is over: until then its tries are about the others.
    pending: Vec<(usize, Entry)>,
    coverage: Coverage,
    ways: Ways,
    failures: Vec<Failure>,
    /// The words that failures read, by contract.
    few: HashMap<Address, Vec<U256>>,
    together: HashSet<u64>,
    /// Calls that took a branch for the first time, by the target of the call before them.
    footsteps: HashMap<usize, Vec<(usize, Step)>>,
    /// Failures that read a word.
    readers: HashMap<(Address, U256), Vec<usize>>,
    /// How often a failure of the same kind was kept.
    failed: HashMap<(usize, u32), u8>,
    plans: VecDeque<Planned>,
    urgent: VecDeque<Planned>,
    planned: HashSet<u64>,
    waits: Vec<Wait>,
    richest: Vec<[U256; 2]>,
    again: HashMap<u64, u32>,
    folds: HashSet<u64>,
    /// Loans, by the functions that led to them.
    loans: HashMap<u64, u32>,
    /// Entries that were let grow older, and by how much.
    ages: HashSet<(u64, u64)>,
    aged: usize,
    /// Successes of each target, and why it failed how often.
    answers: Vec<(u64, Vec<(Bytes, u64)>)>,
    /// Tries and gains of each target.
    tries: Vec<(f64, f64)>,
    findings: Vec<Finding>,
    executions: u64,
    round: u64,
    points: Vec<(u64, u64)>,
}

impl std::fmt::Debug for Campaign {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Campaign").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Tries that share a stream of random numbers.
const CHUNK: usize = 32;
/// Chunks of a round.
const CHUNKS: usize = 8;
/// Ages, in seconds, and how many of them, at which a state is kept too where a payload was handed over.
const LATER: std::ops::RangeInclusive<u64> = 3600..=90 * 86_400;
const AGES: usize = 3;
/// Failures of the same kind kept.
const SAME_FAILURE: u8 = 6;
/// Words of a contract whose values are looked at together.
const FEW_WORDS: usize = 8;
/// Calls that are made again after a call of the same target.
const FOOTSTEPS: usize = 6;
/// Of how many states one may be kept because values go together as on no other.
const TOGETHER: usize = 4;
/// Reasons of failure kept of a function.
const REASONS: usize = 12;
/// Calls back of the same functions that are tried without anything new.
const SAME_SHAPE: u32 = 1000;
/// Calls of a path.
const DEPTH: usize = 24;
/// Gas for looking the contracts over before the search: thousands of calls, or tens of bombs.
const LOOKING: u64 = 1_000_000_000;

impl Campaign {
    /// Prepares a search: asks the contracts what they hold, and looks for calls that would do harm in another's name.
    ///
    /// # Errors
    /// An oracle that does not exist; a defect of the interpreter.
    pub fn new(mut world: World, options: Options) -> Result<Self> {
        let oracles = oracle::named(&options.oracles)?;
        let mut machine = Machine::new(world.fork);
        machine.allow(Some(LOOKING));
        let knowledge = Knowledge::new(&world, &mut machine)?;
        let mut first = (*world.state).clone();
        if first.code(knowledge.attacker).is_empty() {
            first.set_code(knowledge.attacker, puppet::code(&[]));
        }
        world.state = Arc::new(first);
        let facts = oracle::Facts::new(&world, &mut machine)?;
        let tokens = payload::tokens(&world);
        let amounts = amounts(&world, &knowledge, &tokens, &world.state, &mut machine)?;
        let mut stream = options.seed.stream("audit payloads");
        let (payloads, executions) =
            payload::search(&world, &knowledge, &amounts, &mut machine, &mut stream)?;
        let machines = Machines::new(&world);
        let root = Entry {
            serial: 0,
            state: Arc::clone(&world.state),
            path: Arc::default(),
            parent: None,
            target: 0,
            past: Arc::default(),
            memory: Arc::default(),
            amounts: Arc::new(amounts),
            loan: None,
            aged: Wait::default(),
            carrying: false,
            left: left(&world, &knowledge, &world.state),
            votes: 1.0,
            visits: 0.0,
        };
        let ready = approvals(&world, &facts, &knowledge, &root, &mut machine)?;
        let corpus: Vec<Entry> = std::iter::once(root).chain(ready).collect();
        let tries = vec![(0.0, 0.0); knowledge.targets.len()];
        let learned = options.learned.as_ref().map(|model| model.bind(&world)).transpose()?;
        let harm =
            payloads.iter().map(|payload| (payload.target, payload.value, payload.data.clone())).collect();
        Ok(Self {
            world,
            facts,
            options,
            oracles,
            knowledge,
            payloads,
            learned,
            harm,
            arms: [(0.0, 0.0); 2],
            machines,
            tokens,
            firsts: corpus.len(),
            kept: corpus.len() as u64,
            cursor: 0,
            pending: Vec::new(),
            corpus,
            coverage: Coverage::default(),
            ways: Ways::default(),
            failures: Vec::new(),
            few: HashMap::default(),
            together: HashSet::default(),
            footsteps: HashMap::default(),
            readers: HashMap::default(),
            failed: HashMap::default(),
            plans: VecDeque::new(),
            urgent: VecDeque::new(),
            planned: HashSet::default(),
            waits: Vec::new(),
            richest: vec![[U256::ZERO; 2]; tries.len()],
            again: HashMap::default(),
            folds: HashSet::default(),
            loans: HashMap::default(),
            ages: HashSet::default(),
            aged: 0,
            answers: vec![(0, Vec::new()); tries.len()],
            tries,
            findings: Vec::new(),
            executions,
            round: 0,
            points: Vec::new(),
        })
    }

    /// The world that it searches: that which it was given, with the attacker's contract in its place. Findings are about it.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The states that were kept so far: every one on which something new was reached, as far as there was room.
    pub fn states(&self) -> impl Iterator<Item = &Arc<State>> {
        self.corpus.iter().map(|entry| &entry.state)
    }

    /// When the search ends: it goes on when it is run again with other limits. The seed, the oracles and the model of traffic
    /// stay what they were.
    pub fn options(&mut self) -> &mut Options {
        &mut self.options
    }

    /// Searches until executions, seconds or findings are reached, or the run is cancelled, and says what it came to.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn run(&mut self, run: &Run, report: &mut dyn FnMut(&Progress)) -> Result<Report> {
        let start = Instant::now();
        let threads = rayon::ThreadPoolBuilder::new().num_threads(self.options.workers.max(1)).build();
        let threads = threads.map_err(|error| crate::Error::Transaction { reason: error.to_string() })?;
        let mut told = 0.0;
        loop {
            let seconds = start.elapsed().as_secs_f64();
            if seconds - told > 0.2 {
                told = seconds;
                report(&self.progress(seconds));
            }
            let over = self.knowledge.targets.is_empty()
                || self.options.executions.is_some_and(|most| self.executions >= most)
                || self.options.seconds.is_some_and(|most| seconds >= most)
                || self.options.findings.is_some_and(|most| self.findings.len() >= most)
                || run.check().is_err();
            if over {
                report(&self.progress(seconds));
                return Ok(self.report(seconds));
            }
            // Within a round too: a call may take a tenth of a second, and a round makes hundreds.
            let ends = self.options.seconds.filter(|most| *most < 1e9).map(Duration::from_secs_f64);
            self.round(&threads, &|| {
                run.check().is_err() || ends.is_some_and(|most| start.elapsed() >= most)
            })?;
        }
    }

    fn progress(&self, seconds: f64) -> Progress {
        Progress {
            executions: self.executions,
            seconds,
            edges: self.coverage.count,
            corpus: self.corpus.len(),
            findings: self.findings.len(),
        }
    }

    fn report(&self, seconds: f64) -> Report {
        let codes = self.machines.tracing.trace().codes();
        let covered = self.coverage.all().map(|edge| {
            let Site { code, counter } = codes.site(edge / 2);
            (codes.hash(code), counter, edge % 2 == 1)
        });
        Report {
            findings: self.findings.clone(),
            executions: self.executions,
            seconds,
            edges: self.coverage.count,
            corpus: self.corpus.len(),
            functions: self.called(),
            coverage: self.points.clone(),
            covered: covered.collect(),
            gains: self.arms,
        }
    }

    fn called(&self) -> Vec<Called> {
        let targets = self.knowledge.targets.iter().zip(&self.answers).filter(|(target, _)| target.own);
        let called = targets.map(|(target, (successes, failures))| {
            let mut failures: Vec<(String, u64)> =
                failures.iter().map(|(output, times)| (reason(output), *times)).collect();
            failures.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
            Called {
                contract: self.world.name_of(target.to),
                function: target.function.as_ref().map_or_else(String::new, |function| function.signature()),
                successes: *successes,
                failures,
            }
        });
        called.collect()
    }

    /// How often a call is proposed and not made up: by what either gained a try so far.
    fn share(&self) -> f64 {
        let rate = |(tries, gains): (f64, f64)| (gains + 1.0) / (tries + 100.0);
        let [made, learned] = self.arms.map(rate);
        (learned / (made + learned)).clamp(0.1, 0.4)
    }

    /// One round: plans first, then calls made up.
    fn round(&mut self, threads: &rayon::ThreadPool, over: &(dyn Fn() -> bool + Sync)) -> Result<()> {
        let size = CHUNK * CHUNKS;
        let mut planned: Vec<Option<Planned>> = Vec::with_capacity(size);
        while planned.len() < size / 4 * 3 {
            let next = match self.urgent.pop_front() {
                Some(next) => next,
                None if planned.len() < size / 2 => match self.plans.pop_front() {
                    Some(next) => next,
                    None => break,
                },
                None => break,
            };
            planned.push(Some(next));
        }
        planned.resize_with(size, || None);
        // Plans are spread over the chunks, so that every thread has some.
        let mut chunks: Vec<Vec<Option<Planned>>> = (0..CHUNKS).map(|_| Vec::with_capacity(CHUNK)).collect();
        for (index, plan) in planned.into_iter().enumerate() {
            chunks[index % CHUNKS].push(plan);
        }
        let entries = sums(
            self.corpus
                .iter()
                .map(|entry| if entry.path.len() >= DEPTH { 0.0 } else { entry.weight() * entry.left }),
        );
        let targets = sums(self.knowledge.targets.iter().zip(&self.tries).map(|(target, (tries, gains))| {
            let weight = (gains + 1.0) / (tries + 20.0) * 20.0;
            (weight + 0.25) * if target.own { 1.0 } else { 0.2 }
        }));
        let frozen = Frozen {
            world: &self.world,
            facts: &self.facts,
            knowledge: &self.knowledge,
            payloads: &self.payloads,
            corpus: &self.corpus,
            firsts: self.firsts,
            coverage: &self.coverage,
            ways: &self.ways,
            waits: &self.waits,
            oracles: &self.oracles,
            learned: self.learned.as_ref().map(|learned| (learned, self.share(), self.options.taken)),
            harm: &self.harm,
            volatile: 0.005,
            richest: &self.richest,
            readers: &self.readers,
            failed: &self.failed,
            few: &self.few,
            together: &self.together,
            again: &self.again,
            folds: &self.folds,
            loans: &self.loans,
            entries: &entries,
            targets: &targets,
        };
        let streams = self.options.seed.streams("audit tries");
        let first = self.round * CHUNKS as u64;
        let work = |machines: &mut Machines, index: usize, chunk: Vec<Option<Planned>>| {
            let mut stream = streams.stream(first + index as u64);
            let Machines { tracing, plain } = machines;
            let mut trier = Trier { frozen: &frozen, machine: tracing, probe: plain };
            let mut tried = Vec::with_capacity(chunk.len());
            for plan in chunk {
                if over() {
                    break;
                }
                let plan = match plan {
                    Some(plan) => trier.planned(plan, &mut stream),
                    None => trier.fresh(&mut stream),
                };
                tried.push(trier.make(plan, &mut stream)?);
            }
            Ok::<_, crate::Error>((index, tried))
        };
        let chunks: Vec<(usize, Vec<Option<Planned>>)> = chunks.into_iter().enumerate().collect();
        let done: Vec<(usize, Vec<Tried>)> = if self.options.workers <= 1 {
            let machines = &mut self.machines;
            chunks.into_iter().map(|(index, chunk)| work(machines, index, chunk)).collect::<Result<_>>()?
        } else {
            let world = &self.world;
            let on_thread = |(index, chunk)| {
                MACHINES.with_borrow_mut(|machines| {
                    work(machines.get_or_insert_with(|| Machines::new(world)), index, chunk)
                })
            };
            threads.install(|| chunks.into_par_iter().map(on_thread).collect::<Result<_>>())?
        };
        self.round += 1;
        let edges = self.coverage.count;
        for tried in done.into_iter().flat_map(|(_, tried)| tried) {
            self.executions += 1;
            self.take(tried)?;
        }
        for (number, entry) in std::mem::take(&mut self.pending) {
            self.corpus[number] = entry;
        }
        if self.coverage.count > edges {
            self.points.push((self.executions, self.coverage.count));
        }
        Ok(())
    }

    /// Takes in what a try reached.
    fn take(&mut self, tried: Tried) -> Result<()> {
        let Tried {
            entry,
            target,
            step,
            success,
            why,
            kept,
            reverted,
            failure,
            plans,
            later,
            loan,
            ways,
            findings,
            origin,
        } = tried;
        let arm = match origin {
            Origin::Fresh | Origin::Changed => Some(0),
            Origin::Learned => Some(1),
            _ => None,
        };
        if let Some(arm) = arm {
            self.arms[arm].0 += 1.0;
        }
        self.tries[target].0 += 1.0;
        self.corpus[entry].visits += 1.0;
        let answers = &mut self.answers[target];
        match why {
            None => answers.0 += 1,
            Some(why) => match answers.1.iter().position(|(known, _)| *known == why) {
                Some(place) => answers.1[place].1 += 1,
                None if answers.1.len() < REASONS => answers.1.push((why, 1)),
                None => {}
            },
        }
        for (place, way) in ways {
            self.ways.add(target, place, way);
        }
        for mut finding in findings {
            let known = self.findings.iter().any(|known| known.key() == finding.key());
            if !known {
                finding.executions = self.executions;
                self.findings.push(finding);
            }
        }
        if !step.inner.is_empty() {
            *self.again.entry(shape(std::slice::from_ref(&step))).or_default() += 1;
        }
        plans.into_iter().for_each(|plan| self.plan(plan));
        if later {
            self.age(entry, step.wait);
        }
        if let Some(loan) = loan {
            let (loan, state) = *loan;
            self.lend(loan, state, entry, target)?;
        }
        if let Some(failure) = failure {
            self.failed(failure);
        }
        if let Some(reached) = reverted
            && self.coverage.add(&reached)
        {
            self.tries[target].1 += 0.5;
        }
        let Some(kept) = kept else { return Ok(()) };
        let news = self.coverage.add(&kept.reached);
        let fresh = kept.fold.is_some_and(|fold| self.folds.insert(fold));
        if kept.fold.is_some() && !fresh || kept.fold.is_none() && !news && !kept.reached.is_empty() {
            return Ok(());
        }
        debug_assert!(success, "only what went well is kept");
        if let Some(number) = kept.together
            && (self.together.len() * TOGETHER > self.corpus.len() + 256
                || self.corpus.len() >= CORPUS / 2
                || !self.together.insert(number))
        {
            return Ok(());
        }
        let richest = &mut self.richest[target][usize::from(!step.inner.is_empty())];
        *richest = (*richest).max(kept.after.balance(self.knowledge.attacker));
        if news {
            let gain = if kept.reached.branches() { 1.0 } else { 0.2 };
            self.tries[target].1 += gain;
            self.corpus[entry].votes += gain;
            if let Some(arm) = arm {
                self.arms[arm].1 += gain;
            }
        }
        if !step.wait.is_none() && !self.waits.contains(&step.wait) {
            self.waits.push(step.wait);
            if self.waits.len() > 32 {
                self.waits.remove(0);
            }
        }
        let parent = &self.corpus[entry];
        let few =
            |word: &(Address, U256)| self.few.get(&word.0).is_some_and(|slots| slots.len() <= FEW_WORDS);
        let follows = !kept.reached.branches() && !parent.carrying && kept.written.iter().any(few);
        if kept.reached.branches() && parent.loan.is_none() && step.inner.is_empty() {
            let before = if parent.path.is_empty() { usize::MAX } else { parent.target };
            let calls = self.footsteps.entry(before).or_default();
            calls.retain(|(known, _)| *known != target);
            calls.push((target, step.clone()));
            if calls.len() > FOOTSTEPS {
                calls.remove(0);
            }
        }
        let mut path = (*parent.path).clone();
        let mut memory = (*parent.memory).clone();
        let loan = parent.loan.as_ref().map(|loan| {
            let mut loan = (**loan).clone();
            loan.used.push(step.clone());
            Arc::new(loan)
        });
        let mut past = Arc::clone(&parent.past);
        if self.learned.is_some() {
            let (block, time) = (kept.after.block, kept.after.time);
            Arc::make_mut(&mut past).push(Past {
                step: step.clone(),
                answers: kept.answers.clone(),
                block,
                time,
            });
        }
        memory.extend(&step, kept.answers);
        let aged = parent.aged;
        path.push(Step {
            wait: Wait { blocks: step.wait.blocks + aged.blocks, seconds: step.wait.seconds + aged.seconds },
            ..step
        });
        // What someone with rights may now run in the attacker's interest.
        let loaded = kept.reached.carried() || kept.reached.replaced();
        let carried = if loaded { 4.0 } else { 0.0 };
        let carrying = parent.carrying || loaded;
        let votes = match (news, kept.reached.branches()) {
            _ if fresh => 0.0,
            (false, _) => -0.7,
            (true, false) => 0.2,
            (true, true) => carried + parent.votes.clamp(0.0, 4.0) * 0.5 + 1.0,
        };
        let amounts =
            amounts(&self.world, &self.knowledge, &self.tokens, &kept.after, &mut self.machines.plain)?;
        let left = left(&self.world, &self.knowledge, &kept.after);
        let number = self.keep(Entry {
            serial: 0,
            state: kept.after,
            path: Arc::new(path),
            past,
            parent: Some(entry),
            target,
            memory: Arc::new(memory),
            amounts: Arc::new(amounts),
            loan,
            aged: Wait::default(),
            carrying,
            left,
            votes,
            visits: 0.0,
        });
        if loaded {
            // What was handed over comes to pass later: when, the contracts' own spans of time may say.
            let spans: Vec<u64> =
                self.knowledge.spans.iter().copied().filter(|span| LATER.contains(span)).collect();
            let first = self.kept as usize * AGES;
            for span in (first..first + AGES).filter_map(|index| spans.get(index % spans.len().max(1))) {
                self.age(number, Wait::seconds(*span));
            }
        }
        if fresh {
            self.explore(number);
        }
        self.again_on(number, &kept.written);
        if follows {
            self.follow(number, target);
        }
        Ok(())
    }
}

/// A value as conditions tell values apart: small ones exactly, others by their size.
fn kind(value: U256) -> u64 {
    if value < U256::from(8) { value.to::<u64>() } else { 8 + value.bit_len() as u64 }
}

/// How much of the ether that they began with the attacker has, a tenth at least.
fn left(world: &World, knowledge: &Knowledge, state: &State) -> f64 {
    let begun = f64::from(world.state.balance(knowledge.attacker)).max(1.0);
    (f64::from(state.balance(knowledge.attacker)) / begun).clamp(0.1, 1.0)
}

fn sums(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

#[cfg(test)]
impl Campaign {
    pub(super) fn reaches(&self, test: impl Fn(&State, Address) -> bool) -> bool {
        let at = self.world.contracts[0].address;
        self.corpus.iter().any(|entry| test(&entry.state, at))
    }

    pub(super) fn extend(&mut self, executions: u64) {
        self.options.executions = Some(self.executions + executions);
    }

    pub(super) fn size(&self) -> usize {
        self.corpus.len()
    }
}
