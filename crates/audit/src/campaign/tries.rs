//! One try: a call made on a state of the corpus, and what came of it.

use std::borrow::Cow;
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::random::Stream;

use super::coverage::{Reached, holds};
use super::engine::{Entry, Frozen, Loan};
use super::knowledge::decode;
use super::report::Taken;
use super::shape;
use super::values::{Maker, leaves, near, put};
use crate::Result;
use crate::chain::{CallKind, Machine, State, Trace};
use crate::finding::Finding;
use crate::oracle::{self, Look, Signs, exchange};
use crate::sequence::{Step, Wait};
use crate::traffic::learned::{Bound, Context, Proposer};

/// A call to be made on a state.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// The number of the entry whose state it is made on.
    pub(super) entry: usize,
    /// The number of the target.
    pub(super) target: usize,
    /// The call.
    pub(super) step: Step,
    /// How it came about.
    pub(super) origin: Origin,
    /// The number of the payload that its arguments carry.
    pub(super) carried: Option<u16>,
    /// Where the same call ended without the time that it waits now.
    pub(super) sooner: Option<u32>,
    /// Whether the function is called with other arguments, made up on the state.
    pub(super) made_anew: bool,
}

impl Planned {
    /// What was called before, called again on another state.
    pub(super) const fn again(entry: usize, target: usize, step: Step) -> Self {
        Self { entry, target, step, origin: Origin::Again, carried: None, sooner: None, made_anew: false }
    }
}

/// How a try came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Origin {
    /// Made up.
    Fresh,
    /// Proposed by a model of traffic.
    Learned,
    /// An earlier call with something changed.
    Changed,
    /// A comparison's other side put in.
    Compared,
    /// Failed before, on a state that has changed since.
    Again,
    /// With something to do when called back.
    CalledBack,
    /// A loan taken, used and paid back in one call.
    Loan,
}

/// A call that failed, or did nothing.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) target: usize,
    pub(super) step: Step,
    /// The words that it read.
    pub(super) read: Vec<(Address, U256)>,
    /// The last branch that it took first.
    pub(super) end: u32,
}

/// What is kept of a try that reached further.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) after: Arc<State>,
    pub(super) reached: Reached,
    pub(super) written: Vec<(Address, U256)>,
    /// Where it is kept for nothing but values that go together as on no other state: how they do.
    pub(super) together: Option<u64>,
    /// What was done with a loan, as a number.
    pub(super) fold: Option<u64>,
    pub(super) answers: Vec<DynSolValue>,
}

/// A try made.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) entry: usize,
    pub(super) target: usize,
    pub(super) step: Step,
    pub(super) success: bool,
    /// Why it failed, where it did, as the contract wrote it.
    pub(super) why: Option<Bytes>,
    pub(super) kept: Option<Kept>,
    /// Branches that were reached although it was reverted.
    pub(super) reverted: Option<Reached>,
    pub(super) failure: Option<Failure>,
    pub(super) plans: Vec<Planned>,
    /// Ways in which comparisons came out for the first time.
    pub(super) ways: Vec<(u32, bool)>,
    /// Whether waiting brought the call further.
    pub(super) later: bool,
    /// A loan that was handed out on the way, and the state with it.
    pub(super) loan: Option<Box<(Loan, Arc<State>)>>,
    pub(super) findings: Vec<Finding>,
    pub(super) origin: Origin,
}

/// Ways in which comparisons came out, by function and place: 1 false, 2 true.
#[derive(Debug, Clone, Default)]
pub(super) struct Ways(Vec<Vec<u8>>);

impl Ways {
    pub(super) fn seen(&self, target: usize, place: u32, way: bool) -> bool {
        let ways = self.0.get(target).and_then(|places| places.get(place as usize)).copied().unwrap_or(0);
        ways & (1 << u8::from(way)) != 0
    }

    pub(super) fn add(&mut self, target: usize, place: u32, way: bool) {
        if self.0.len() <= target {
            self.0.resize(target + 1, Vec::new());
        }
        let places = &mut self.0[target];
        if places.len() <= place as usize {
            places.resize(place as usize + 1, 0);
        }
        places[place as usize] |= 1 << u8::from(way);
    }
}

/// Makes tries on one machine.
pub(super) struct Trier<'t> {
    pub(super) frozen: &'t Frozen<'t>,
    pub(super) machine: &'t mut Machine,
    pub(super) probe: &'t mut Machine,
}

impl Trier<'_> {
    /// A call made up.
    pub(super) fn fresh(&self, stream: &mut Stream) -> Planned {
        let frozen = self.frozen;
        let number = frozen.pick(stream);
        let entry = &frozen.corpus[number];
        if let Some((learned, share, taken)) = frozen.learned
            && entry.loan.is_none()
            && stream.chance(share)
            && let Some(planned) = self.learned((learned, taken), number, stream)
        {
            return planned;
        }
        // A third changes the call that led to the state instead of adding one.
        if let (Some(parent), Some(last)) = (entry.parent, entry.path.last())
            && entry.loan.is_none()
            && stream.chance(0.25)
        {
            let step = self.changed(parent, last, entry.target, stream);
            return Planned {
                entry: parent,
                target: entry.target,
                step,
                origin: Origin::Changed,
                carried: None,
                sooner: None,
                made_anew: false,
            };
        }
        let target = frozen.pick_target(stream);
        let (step, carried) = self.made_up(entry, target, stream);
        Planned {
            entry: number,
            target,
            step,
            origin: Origin::Fresh,
            carried,
            sooner: None,
            made_anew: false,
        }
    }

    /// A call as a model of traffic proposes it.
    fn learned(
        &self,
        (learned, taken): (&Bound, Taken),
        number: usize,
        stream: &mut Stream,
    ) -> Option<Planned> {
        let frozen = self.frozen;
        let entry = &frozen.corpus[number];
        let context = Context {
            path: &entry.past,
            state: &entry.state,
            senders: std::slice::from_ref(&frozen.knowledge.attacker),
            balances: &entry.amounts,
            constants: &[],
            payloads: frozen.harm,
        };
        let step = learned.next(&context, stream)?;
        let target = frozen.knowledge.targets.iter().position(|target| {
            target.to == step.to
                && target.function.as_ref().map(|function| function.selector)
                    == step.function.as_ref().map(|function| function.selector)
        })?;
        if taken == Taken::Order {
            let (made, carried) = self.made_up(entry, target, stream);
            let step = Step { wait: step.wait, ..made };
            let (origin, sooner) = (Origin::Learned, None);
            return Some(Planned { entry: number, target, step, origin, carried, sooner, made_anew: false });
        }
        let carries =
            |data: &[u8]| frozen.harm.iter().position(|(_, _, harm)| !harm.is_empty() && **harm == *data);
        let carried = step.arguments.iter().find_map(|argument| match argument {
            DynSolValue::Bytes(data) => carries(data),
            DynSolValue::Array(values) => values.iter().find_map(|value| match value {
                DynSolValue::Bytes(data) => carries(data),
                _ => None,
            }),
            _ => None,
        });
        let carried = carried.and_then(|carried| u16::try_from(carried).ok());
        let (origin, sooner) = (Origin::Learned, None);
        Some(Planned { entry: number, target, step, origin, carried, sooner, made_anew: false })
    }

    fn maker<'m>(&'m self, entry: &'m Entry) -> Maker<'m> {
        let ether = entry.state.balance(self.frozen.knowledge.attacker);
        let (memory, amounts) = (&*entry.memory, &*entry.amounts);
        let lent = entry.loan.as_ref().map(|loan| loan.amount);
        Maker {
            knowledge: self.frozen.knowledge,
            memory,
            payloads: self.frozen.payloads,
            ether,
            amounts,
            lent,
        }
    }

    fn made_up(&self, entry: &Entry, target: usize, stream: &mut Stream) -> (Step, Option<u16>) {
        let maker = self.maker(entry);
        let goal = &self.frozen.knowledge.targets[target];
        let made = goal.function.as_ref().map(|function| maker.arguments(function, stream));
        let (arguments, carried) = made.unwrap_or_default();
        let value = if goal.payable { maker.sent(stream) } else { U256::ZERO };
        let wait =
            if entry.loan.is_none() && stream.chance(0.12) { self.wait(stream) } else { Wait::default() };
        let step = Step {
            sender: self.frozen.knowledge.attacker,
            to: goal.to,
            function: goal.function.clone(),
            arguments,
            value,
            wait,
            inner: Vec::new(),
        };
        (step, carried)
    }

    fn wait(&self, stream: &mut Stream) -> Wait {
        let spans = &self.frozen.knowledge.spans;
        let waits = self.frozen.waits;
        if !waits.is_empty() && stream.chance(0.5) {
            return waits[stream.below(waits.len() as u64) as usize];
        }
        let span = spans[stream.below(spans.len() as u64) as usize];
        if span < 100_000 && stream.chance(0.3) {
            Wait::blocks(span + 1)
        } else {
            Wait::seconds(span + stream.below(2))
        }
    }

    fn changed(&self, parent: usize, last: &Step, target: usize, stream: &mut Stream) -> Step {
        let maker = self.maker(&self.frozen.corpus[parent]);
        let mut step = last.clone();
        if let Some(function) = &step.function {
            for _ in 0..=stream.below(2) {
                if step.arguments.is_empty() {
                    break;
                }
                let index = stream.below(step.arguments.len() as u64) as usize;
                let words = leaves(std::slice::from_ref(&step.arguments[index]));
                if stream.chance(0.5) && !words.is_empty() {
                    let leaf = stream.below(words.len() as u64) as usize;
                    let word = if stream.chance(0.5) {
                        near(words[leaf].into(), stream)
                    } else {
                        maker.number(stream)
                    };
                    put(std::slice::from_mut(&mut step.arguments[index]), leaf, word);
                } else {
                    step.arguments[index] = maker.value(&function.inputs[index], 1, 0, stream);
                }
            }
        }
        if self.frozen.knowledge.targets[target].payable && stream.chance(0.3) {
            step.value = maker.sent(stream);
        }
        if stream.chance(0.15) {
            step.wait = self.wait(stream);
        }
        if !step.inner.is_empty() && stream.chance(0.8) {
            self.change_inner(&mut step, parent, stream);
        }
        step
    }

    /// Adds, replaces or removes something that is done when called back.
    fn change_inner(&self, step: &mut Step, parent: usize, stream: &mut Stream) {
        let payloads = self.frozen.payloads;
        let payload = &payloads[stream.below(payloads.len() as u64) as usize];
        let inner = match payload.step(step.sender) {
            Some(payload) if stream.chance(0.4) => payload,
            _ => {
                let target = self.frozen.pick_target(stream);
                let (made, _) = self.made_up(&self.frozen.corpus[parent], target, stream);
                Step { wait: Wait::default(), ..made }
            }
        };
        match stream.below(3) {
            0 if step.inner.len() > 1 => {
                step.inner.remove(stream.below(step.inner.len() as u64) as usize);
            }
            1 => {
                let index = stream.below(step.inner.len() as u64) as usize;
                step.inner[index] = inner;
            }
            _ if step.inner.len() < 8 => {
                let index = stream.below(step.inner.len() as u64 + 1) as usize;
                step.inner.insert(index, inner);
            }
            _ => {}
        }
    }

    /// The call of a plan, with arguments made up where the plan says so.
    pub(super) fn planned(&self, mut plan: Planned, stream: &mut Stream) -> Planned {
        if plan.made_anew {
            let (step, carried) = self.made_up(&self.frozen.corpus[plan.entry], plan.target, stream);
            (plan.step, plan.carried) = (step, carried);
        }
        plan
    }

    /// Makes a call and looks at what came of it.
    pub(super) fn make(&mut self, planned: Planned, stream: &mut Stream) -> Result<Tried> {
        let Planned { entry: number, target, step, origin, carried, sooner, .. } = planned;
        let frozen = self.frozen;
        let entry = &frozen.corpus[number];
        let before = step.before(&entry.state);
        let outcome = self.machine.run(&before, &step.transaction())?;
        let success = outcome.success();
        let trace = self.machine.trace();
        let read = |address, slot| frozen.readers.contains_key(&(address, slot));
        // The state on which a payload is handed over decides what becomes of it: some are kept of each.
        // What is only handed on, as with a loan, is kept by nobody, and an address alone is a payload for governance only.
        let noted = || {
            let bytes =
                |value: &DynSolValue| !matches!(value, DynSolValue::Address(_) | DynSolValue::Uint(..));
            entry.loan.is_none()
                && (frozen.facts.is_governance(step.to) || step.arguments.iter().any(bytes))
                && trace.accesses.iter().any(|access| access.write && access.address == step.to)
        };
        let carried = carried.filter(|_| noted()).map(|payload| (target, payload)).filter(|key| {
            let times = frozen.coverage.times_carried(*key);
            times < 4 || stream.chance(2.0 / f64::from(times * times))
        });
        let mut news = frozen.coverage.news(trace, success, read, carried);
        let mut tried = Tried {
            entry: number,
            target,
            success,
            why: (!success).then(|| outcome.output.clone()),
            kept: None,
            reverted: None,
            failure: None,
            plans: Vec::new(),
            ways: Vec::new(),
            later: false,
            loan: None,
            findings: Vec::new(),
            origin,
            step,
        };
        for comparison in &trace.comparisons {
            let way = holds(comparison);
            if !frozen.ways.seen(target, comparison.place, way) {
                tried.ways.push((comparison.place, way));
            }
        }
        let end = trace.edges().last().map_or(0, |(edge, _)| edge);
        tried.later = sooner.is_some_and(|sooner| sooner != end);
        // What was compared is looked at where something new was reached, and now and then elsewhere.
        if !news.is_empty() || stream.chance(0.05) || !success && stream.chance(0.15) {
            let mut plans = Vec::new();
            hints(frozen, trace, &tried, &before, stream, &mut plans);
            tried.plans = plans;
        }
        called_back(frozen, trace, &mut tried, &before, stream, self.probe)?;
        let written = trace.accesses.iter().any(|access| access.write);
        if (!success || !written && trace.calls.iter().all(|call| call.value.is_zero()))
            && tried.step.inner.is_empty()
            && frozen.wants_failure(target, end)
        {
            tried.failure = Some(failure(trace, target, &tried.step));
        }
        if !success {
            tried.reverted = (!news.is_empty()).then_some(news);
            return Ok(tried);
        }
        let mut after = outcome.after(&before);
        if !tried.step.inner.is_empty() {
            after.set_code(tried.step.sender, crate::puppet::code(&[]));
        }
        let after = Arc::new(after);
        frozen.coverage.codes(self.machine.trace(), frozen.world, &after, &mut news);
        let within = !tried.step.inner.is_empty();
        let richer = entry.loan.is_none()
            && after.balance(frozen.knowledge.attacker) > frozen.richest[target][usize::from(within)];
        let volatile = written && stream.chance(if within { 10.0 } else { 1.0 } * frozen.volatile);
        let keep = !news.is_empty() || volatile || richer;
        let together = if keep || !written || within || entry.loan.is_some() {
            None
        } else {
            frozen.anew_together(&after, self.machine.trace())
        };
        let mut keep = keep || together.is_some();
        let mut fold = None;
        if let Some(loan) = &entry.loan {
            let trace = self.machine.trace();
            let elsewhere =
                trace.accesses.iter().filter(|access| access.write && Some(access.address) != loan.token);
            let bits = elsewhere.map(|access| access.value.bit_len() as u16).max();
            // With the token alone nothing is done but to hand it to a contract: allowances are given before, and when the
            // loan is paid back.
            let hands = |argument: &DynSolValue| {
                argument.as_address().is_some_and(|to| frozen.facts.is_protocol(to) && to != loan.lender)
            };
            let used_so = bits.is_some()
                || Some(tried.step.to) == loan.token
                    && tried.step.function.as_ref().is_some_and(|function| function.name() == "transfer")
                    && tried.step.arguments.first().is_some_and(hands);
            let mut used = loan.used.clone();
            used.push(tried.step.clone());
            let again = tried.target == loan.target;
            let number = shape::used(frozen.corpus[loan.base].serial, &used, bits.unwrap_or_default());
            fold = number.filter(|number| written && used_so && !again && !frozen.folded(*number));
            keep = fold.is_some();
            if keep {
                repay(frozen, loan, used, entry, &after, self.probe, &mut tried.plans)?;
            }
        } else {
            let mut full = Cow::Borrowed(&tried.step);
            if !entry.aged.is_none() {
                let wait = &mut full.to_mut().wait;
                wait.seconds += entry.aged.seconds;
                wait.blocks += entry.aged.blocks;
            }
            let signs = Signs::of(frozen.facts, &full, self.machine.trace(), &outcome);
            let look = Look {
                world: frozen.world,
                facts: frozen.facts,
                signs,
                path: &entry.path,
                step: &full,
                before: &before,
                after: &after,
                outcome: &outcome,
                trace: self.machine.trace(),
            };
            let mut findings = oracle::step(frozen.oracles, &look, self.probe)?;
            if keep {
                findings.extend(oracle::kept(frozen.oracles, &look, self.probe)?);
            }
            tried.findings = findings;
        }
        if keep {
            let trace = self.machine.trace();
            let mut written: Vec<(Address, U256)> = trace
                .accesses
                .iter()
                .filter(|access| access.write)
                .map(|access| (access.address, access.slot))
                .collect();
            written.sort_unstable();
            written.dedup();
            let function = tried.step.function.as_ref();
            let answers = function.map_or_else(Vec::new, |function| decode(function, &outcome.output));
            tried.kept = Some(Kept { after, reached: news, written, together, fold, answers });
        }
        Ok(tried)
    }
}

fn failure(trace: &Trace, target: usize, step: &Step) -> Failure {
    let mut read: Vec<(Address, U256)> =
        trace.accesses.iter().map(|access| (access.address, access.slot)).collect();
    read.sort_unstable();
    read.dedup();
    read.truncate(32);
    let end = trace.edges().last().map_or(0, |(edge, _)| edge);
    Failure { target, step: step.clone(), read, end }
}

/// The longest that a call waits for: four years.
const LONGEST: u64 = 126_144_000;

/// Calls that could make a comparison come out the other way.
fn hints(
    frozen: &Frozen<'_>,
    trace: &Trace,
    tried: &Tried,
    before: &Arc<State>,
    stream: &mut Stream,
    plans: &mut Vec<Planned>,
) {
    let words = leaves(&tried.step.arguments);
    let (time, block) = (U256::from(before.time), U256::from(before.block));
    let patient = frozen.corpus[tried.entry].loan.is_none();
    let end = trace.edges().last().map_or(0, |(edge, _)| edge);
    let mut plan = |step: Step| {
        let sooner = (step.wait != tried.step.wait).then_some(end);
        plans.push(Planned {
            entry: tried.entry,
            target: tried.target,
            step,
            origin: Origin::Compared,
            carried: None,
            sooner,
            made_anew: false,
        });
    };
    for comparison in &trace.comparisons {
        let way = holds(comparison);
        if frozen.ways.seen(tried.target, comparison.place, !way) && !stream.chance(0.02) {
            continue;
        }
        let one = U256::from(1);
        for (side, other) in [(comparison.left, comparison.right), (comparison.right, comparison.left)] {
            // What the side should be so that the comparison comes out the other way.
            let lower = side == comparison.left;
            let wanted = match (comparison.kind, way) {
                (crate::chain::ComparisonKind::Equal, false) => other,
                (crate::chain::ComparisonKind::Equal, true) => other.wrapping_add(one),
                // left < right is false: the left must fall below, or the right rise above.
                (_, false) => {
                    if lower {
                        other.wrapping_sub(one)
                    } else {
                        other.wrapping_add(one)
                    }
                }
                (_, true) => other,
            };
            let mut direct = false;
            for (leaf, word) in words.iter().enumerate() {
                let word = U256::from_be_bytes(word.0);
                if word != side {
                    continue;
                }
                let mut step = tried.step.clone();
                if put(&mut step.arguments, leaf, wanted) {
                    direct = true;
                    plan(step);
                }
            }
            if side == tried.step.value && frozen.knowledge.targets[tried.target].payable {
                let mut step = tried.step.clone();
                step.value = wanted;
                plan(step);
                direct = true;
            }
            // An argument that went through a sum, a difference or a product.
            if !direct && !words.is_empty() && stream.chance(0.25) {
                let leaf = stream.below(words.len() as u64) as usize;
                let word = U256::from_be_bytes(words[leaf].0);
                let guess = if word.is_zero() || stream.chance(0.6) {
                    word.wrapping_add(wanted.wrapping_sub(side))
                } else if side > word {
                    wanted / (side / word)
                } else if side.is_zero() {
                    continue;
                } else {
                    wanted.wrapping_mul(word / side)
                };
                let mut step = tried.step.clone();
                if put(&mut step.arguments, leaf, guess) {
                    plan(step);
                }
            }
            // Time: the clock itself, or what has passed since.
            if patient && (trace.environment.time || trace.environment.block) && wanted > side {
                let Ok(span) = u64::try_from(wanted - side) else { continue };
                if span > LONGEST {
                    continue;
                }
                let exact = side == time || side == block;
                if trace.environment.time && side != block && (exact || stream.chance(0.3)) {
                    let mut step = tried.step.clone();
                    let passed = Wait::seconds(span);
                    step.wait.seconds += passed.seconds;
                    step.wait.blocks += passed.blocks;
                    plan(step);
                }
                if trace.environment.block && side != time && (exact || stream.chance(0.3)) {
                    let mut step = tried.step.clone();
                    let passed = Wait::blocks(span);
                    step.wait.seconds += passed.seconds;
                    step.wait.blocks += passed.blocks;
                    plan(step);
                }
            }
        }
    }
}

/// What can be done where the attacker's contract was called.
fn called_back(
    frozen: &Frozen<'_>,
    trace: &Trace,
    tried: &mut Tried,
    before: &Arc<State>,
    stream: &mut Stream,
    probe: &mut Machine,
) -> Result<()> {
    let attacker = frozen.knowledge.attacker;
    let entry = &frozen.corpus[tried.entry];
    if entry.loan.is_some() || !tried.step.inner.is_empty() {
        return Ok(());
    }
    let back = trace.calls.iter().enumerate().skip(1).find(|(_, call)| {
        call.target == attacker
            && call.kind == CallKind::Call
            && (call.input.len() >= 4 || !call.value.is_zero())
    });
    let Some((number, back)) = back else { return Ok(()) };
    // The same call again, from within.
    let mut again = tried.step.clone();
    again.wait = Wait::default();
    let mut step = tried.step.clone();
    step.inner = vec![again];
    if frozen.fresh_shape(&step) {
        tried.plans.push(Planned {
            entry: tried.entry,
            target: tried.target,
            step,
            origin: Origin::CalledBack,
            carried: None,
            sooner: None,
            made_anew: false,
        });
    }
    // Something lent: tokens or ether that came before or with the call, from the one who calls.
    let lent = trace.calls[..number].iter().rev().find_map(|call| {
        let transfer = call.selector() == Some([0xa9, 0x05, 0x9c, 0xbb]) && call.success;
        let words = call.input.get(4..68)?;
        (transfer && Address::from_slice(&words[12..32]) == attacker)
            .then(|| (Some(call.target), U256::from_be_slice(&words[32..])))
    });
    let lent = lent.or((!back.value.is_zero() && back.input.len() >= 4).then_some((None, back.value)));
    let Some((token, amount)) = lent else { return Ok(()) };
    let lender = back.caller;
    let (kind, times) = frozen.lent(entry, lender, token);
    let share = 2.0 / f64::from(1 + times * times);
    if amount.is_zero()
        || back.input.len() < 4
        || !stream.chance(share * if entry.carrying { 0.5 } else { 0.1 })
    {
        return Ok(());
    }
    // As much as there is: what less would do, more does, and what is left over is found by shrinking.
    let all = match token {
        None => before.balance(lender),
        Some(token) => crate::finding::balance(probe, before, token, lender)?,
    };
    let mut step = tried.step.clone();
    exchange(&mut step, amount, all);
    probe.run(before, &step.transaction())?;
    let whole = probe.trace().calls.iter().any(|call| match token {
        None => call.target == attacker && call.value == all,
        Some(token) => call.target == token && call.success && call.input == transfer(attacker, all),
    });
    let (step, amount) = if whole { (step, all) } else { (tried.step.clone(), amount) };
    let mut state = (**before).clone();
    match token {
        None => {
            let balance = state.balance(lender);
            if balance < amount {
                return Ok(());
            }
            state.set_balance(lender, balance - amount);
            let own = state.balance(attacker);
            state.set_balance(attacker, own + amount);
        }
        Some(token) => {
            let data = transfer(attacker, amount);
            let call = crate::chain::Transaction { sender: lender, to: Some(token), value: U256::ZERO, data };
            let outcome = probe.run(before, &call)?;
            if !outcome.success() {
                return Ok(());
            }
            state = outcome.after(before);
        }
    }
    let loan =
        Loan { step, target: tried.target, base: tried.entry, token, amount, lender, kind, used: Vec::new() };
    tried.loan = Some(Box::new((loan, Arc::new(state))));
    Ok(())
}

fn transfer(to: Address, amount: U256) -> Bytes {
    let mut data = vec![0xa9, 0x05, 0x9c, 0xbb];
    data.extend_from_slice(to.into_word().as_slice());
    data.extend_from_slice(&amount.to_be_bytes::<32>());
    data.into()
}

/// Plans the call that takes the loan, uses it as the search did, and pays it back, where that seems possible.
fn repay(
    frozen: &Frozen<'_>,
    loan: &Loan,
    used: Vec<Step>,
    entry: &Entry,
    after: &Arc<State>,
    probe: &mut Machine,
    plans: &mut Vec<Planned>,
) -> Result<()> {
    let attacker = frozen.knowledge.attacker;
    let held = match loan.token {
        None => after.balance(attacker),
        Some(token) => crate::finding::balance(probe, after, token, attacker)?,
    };
    if held < loan.amount || entry.path.len() > 12 {
        return Ok(());
    }
    let call = |to: Address, signature: &str, arguments: Vec<DynSolValue>| {
        frozen.function(to, signature).map(|function| Step {
            sender: attacker,
            to,
            function: Some(function),
            arguments,
            value: U256::ZERO,
            wait: Wait::default(),
            inner: Vec::new(),
        })
    };
    let payments = match loan.token {
        None => vec![Some(Step {
            sender: attacker,
            to: loan.lender,
            function: None,
            arguments: Vec::new(),
            value: loan.amount,
            wait: Wait::default(),
            inner: Vec::new(),
        })],
        Some(token) => {
            let amount = |factor: u64| DynSolValue::Uint(loan.amount.saturating_mul(U256::from(factor)), 256);
            let lender = DynSolValue::Address(loan.lender);
            vec![
                call(token, "approve(address,uint256)", vec![lender.clone(), amount(2)]),
                call(token, "transfer(address,uint256)", vec![lender, amount(1)]),
            ]
        }
    };
    for payment in payments.into_iter().flatten() {
        let mut whole = loan.step.clone();
        whole.inner = used.clone();
        whole.inner.push(payment);
        plans.push(Planned {
            entry: loan.base,
            target: loan.target,
            step: whole,
            origin: Origin::Loan,
            carried: None,
            sooner: None,
            made_anew: false,
        });
    }
    Ok(())
}
