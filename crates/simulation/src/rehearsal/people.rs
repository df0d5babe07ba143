//! The members of a run as behaviours see them: what each has done so far, what it can see of a vote, and who else comes.
//!
//! A utility below what the model learned keeps ballots away by thinning; one above brings members who had not come. Drawing
//! more voters from the model and thinning those would change who they are: with twice the voters, half of them kept,
//! Compound Bravo needs 10 members for half of its power instead of 5. So what is above comes as a second Poisson
//! process of the same run's members, each at its recent rate of voting x (e^utility - 1), with the power of its last ballot.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use daotwin_history::Side;

use crate::engine::math;
use crate::engine::random::Key;
use crate::scenario::behaviours::terms::State;
use crate::scenario::behaviours::{Acts, BEHAVIOURS};
use crate::scenario::{RuleChange, Scenario, Strength};

use super::MOST_TURNOUT;
use super::electorate::{Ballot, Electorate, Question};
use super::policy::{Policy, Tally};

/// Proposals over which a member's rate of voting is taken.
const MEMORY: f64 = 20.0;
/// A rate below which a member is taken to have gone.
const GONE: f64 = 0.002;
/// Times of a window at which members who had not come may come.
pub(super) const CALLS: usize = 8;
/// Days in which closed proposals are forgotten, and silent members' habit.
const RECOVERY: f64 = 7.0;
const SILENCE: f64 = 90.0;
const DAY: f64 = 86_400.0;
/// Ballots of the DAO that are added to a member's own record.
const OWN: f64 = 2.0;
/// Most powerful members that others know by name.
const KNOWN: u32 = 10;
const LARGEST: u32 = 3;

/// The strengths of a run, by place in [`BEHAVIOURS`]; 0 where off.
pub(super) fn strengths(scenario: &Scenario, draws: Key) -> Vec<f64> {
    let strength = |place: usize| {
        let behaviour = &BEHAVIOURS[place];
        match scenario.behaviours.get(behaviour.name) {
            None | Some(Strength::Off) => 0.0,
            Some(Strength::Fixed(strength)) => *strength,
            Some(Strength::Prior) => {
                let (low, high) = behaviour.bounds;
                behaviour.prior.quantile(draws.uniform(place as u32)).clamp(low, high)
            }
        }
    };
    (0..BEHAVIOURS.len()).map(strength).collect()
}

/// What a ballot becomes under a change of the log odds for against: `share` is the chance for, `draw` uniform.
pub(super) fn turn(side: Side, share: f64, change: f64, draw: f64) -> Side {
    let (from, share, change) = match side {
        Side::For if change < 0.0 => (Side::Against, 1.0 - share, -change),
        Side::Against if change > 0.0 => (Side::For, share, change),
        _ => return side,
    };
    // From p to p e^d / (1 - p + p e^d) by turning a part of the rest.
    let more = share * (math::exp(change.min(100.0)) - 1.0);
    if draw < more / (1.0 + more) { from } else { side }
}

/// The change of the log odds by which a part `chance` of those on the other side, of share `1 - share`, turns.
pub(super) fn change_by(chance: f64, share: f64) -> f64 {
    let chance = chance.min(1.0 - 1e-12);
    math::ln(1.0 + chance / (share * (1.0 - chance)))
}

/// The share for among ballots for and against, with one ballot of this share added.
pub(super) fn share_for(ballots: &[Ballot], prior: f64) -> f64 {
    let of = |side: Side| ballots.iter().filter(|ballot| ballot.side == side).count() as f64;
    let (votes_for, against) = (of(Side::For), of(Side::Against));
    (votes_for + prior) / (votes_for + against + 1.0)
}

/// What is above the learned rate at most after so many calls of a window, as a factor on it.
fn above_at_most(utility: f64, calls: usize) -> f64 {
    (math::exp(utility).min(MOST_TURNOUT) - 1.0).max(0.0) * (CALLS - calls) as f64 / CALLS as f64
}

/// What can be seen of a vote.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cues {
    tally: Tally,
    largest: [(u128, f64); 3],
    known: (f64, f64),
}

impl Cues {
    pub(super) fn add(&mut self, side: Side, power: u128, weight: u128, rank: u32) {
        self.tally.add(side, power, weight);
        let sign = match side {
            Side::For => 1.0,
            Side::Against => -1.0,
            _ => return,
        };
        if rank < KNOWN {
            self.known = (self.known.0 + sign, self.known.1 + 1.0);
        }
        if let Some(place) = self.largest.iter().position(|(known, _)| power > *known) {
            self.largest[place..].rotate_right(1);
            self.largest[place] = (power, sign);
        }
    }

    /// Lead, openness, how contested, largest, known; nothing before the first ballot.
    fn seen(&self, policy: &Policy) -> Option<[f64; 5]> {
        let [votes_for, against, ..] = self.tally.weight.map(|weight| weight as f64);
        let cast = votes_for + against;
        if policy.shielded || cast <= 0.0 {
            return None;
        }
        let lead = (votes_for - against) / cast;
        let contested = 1.0 - lead.abs();
        let met = policy.met(&self.tally);
        let open = if met < 1.0 { contested.max(met) } else { contested };
        let power = self.largest.iter().map(|(power, _)| *power as f64).sum::<f64>().max(1.0);
        let largest = self.largest.iter().map(|(power, sign)| *power as f64 * sign).sum::<f64>() / power;
        Some([lead, open, contested, largest, self.known.0 / self.known.1.max(1.0)])
    }
}

/// The DAO's ordinary state: means over its ballots as they were drawn, under the rule as it is.
#[derive(Debug, Clone, Default)]
struct Ordinary {
    seen: [f64; 5],
    years: f64,
    /// Logarithm of the odds for against.
    odds: f64,
    /// Logarithm of each proposal's load, from their mean.
    loads: Vec<f64>,
}

impl Ordinary {
    fn of(electorate: &Electorate, rule: &RuleChange) -> Self {
        let mut sums = [0.0; 5];
        let (mut seen, mut years) = (0.0, 0.0);
        let mut first = vec![i64::MAX; electorate.peak.len()];
        for question in &electorate.questions {
            let policy = Policy::of(question, rule, electorate);
            let mut cues = Cues::default();
            for ballot in &electorate.ballots[question.ballots.clone()] {
                if let Some(found) = cues.seen(&policy) {
                    seen += 1.0;
                    sums.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
                }
                let began = &mut first[ballot.member as usize];
                *began = (*began).min(ballot.at);
                years += (ballot.at - *began) as f64 / DAY / 365.25;
                let rank = electorate.rank_of[ballot.member as usize];
                cues.add(ballot.side, ballot.power, policy.weight(ballot.power), rank);
            }
        }
        let share = share_for(&electorate.ballots, 0.5);
        Self {
            seen: sums.map(|sum| if seen > 0.0 { sum / seen } else { 0.0 }),
            years: years / (electorate.ballots.len() as f64).max(1.0),
            odds: math::ln(share / (1.0 - share)),
            loads: loads(electorate),
        }
    }
}

/// Logarithm of each proposal's load at its start, from their mean.
fn loads(electorate: &Electorate) -> Vec<f64> {
    let questions = &electorate.questions;
    let mut order: Vec<usize> = (0..questions.len()).collect();
    order.sort_by_key(|place| (questions[*place].start, *place));
    let mut loads = vec![0.0; questions.len()];
    let mut open: BinaryHeap<Reverse<i64>> = BinaryHeap::new();
    let (mut closed, mut last) = (0.0, i64::MIN);
    let fade = |seconds: i64| math::exp(-(seconds as f64) / DAY / RECOVERY);
    for place in order {
        let now = questions[place].start;
        closed *= if last == i64::MIN { 0.0 } else { fade(now - last) };
        last = now;
        while let Some(Reverse(end)) = open.peek().copied().filter(|Reverse(end)| *end <= now) {
            open.pop();
            closed += fade(now - end);
        }
        open.push(Reverse(questions[place].end));
        loads[place] = math::ln(open.len() as f64 + closed);
    }
    let mean = loads.iter().sum::<f64>() / (loads.len() as f64).max(1.0);
    loads.iter_mut().for_each(|load| *load -= mean);
    loads
}

/// What a member has done so far in this run.
#[derive(Debug, Clone, Copy)]
struct Memory {
    /// Its rate of voting as of proposal `updated`.
    rate: f64,
    updated: u32,
    first: i64,
    last: i64,
    power: u128,
    sided: [f64; 2],
    /// The proposal, counted from 1, on which it has a ballot of its own.
    comes: u32,
    active: bool,
}

/// A member that had not come, and may.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    member: u32,
    rate: f64,
    /// What is left of its exponential clock.
    left: f64,
    /// The greatest logarithm of its rate over what was learned that is its own.
    own: f64,
    state: State,
}

/// Somebody who comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called {
    pub(super) member: u32,
    pub(super) power: u128,
    pub(super) side: Side,
    /// Money that it sells its vote for.
    pub(super) paid: f64,
}

/// What happens to one member at one time, apart from what it sees.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct World {
    pub(super) discouraged: f64,
    pub(super) factor: f64,
    pub(super) fee: f64,
    pub(super) fall: f64,
    pub(super) doubt: f64,
    pub(super) load: f64,
    pub(super) pay: f64,
    /// What its vote costs who buys it.
    pub(super) price: f64,
}

/// The keys of one proposal's draws.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) clock: Key,
    pub(super) side: Key,
}

/// The greatest that terms can be, times their strengths.
#[derive(Debug, Clone, Copy)]
struct Highest {
    /// What everybody sees, and what is paid.
    open: f64,
    /// Of reactivation, for a member long silent.
    contested: f64,
    /// Of decline, for the oldest or the newest member.
    years: f64,
    /// The strength of decline.
    decline: f64,
}

/// The members of a run.
pub(super) struct People<'e> {
    electorate: &'e Electorate,
    /// What is on, with its strength.
    on: Vec<(f64, Acts)>,
    ordinary: Ordinary,
    memory: Vec<Memory>,
    active: Vec<u32>,
    /// (1 - 1/20)^n.
    fading: Vec<f64>,
    /// Whether anything but the effort to meet a quorum can bring more than come.
    raises: bool,
    /// Whether nothing is on but what looks at quorums alone.
    plain: bool,
    effort: f64,
    relief: f64,
    attention: f64,
    highest: Highest,
    pub(super) leaving: f64,
    /// Whether members come to sell their vote.
    pub(super) sells: bool,
    lateness: f64,
    // Of the proposal that is voted on.
    place: u32,
    share: f64,
    pub(super) cues: Cues,
    /// What is seen, from its mean.
    sight: Option<[f64; 5]>,
    candidates: Option<Vec<Candidate>>,
    calls: usize,
    /// Times the chance with which the model was asked.
    drawn: f64,
}

impl<'e> People<'e> {
    /// Nobody where nothing is on. `bribed`: whether votes can be sold.
    pub(super) fn new(
        electorate: &'e Electorate,
        strengths: Vec<f64>,
        rule: &RuleChange,
        drawn: f64,
        bribed: bool,
    ) -> Option<Self> {
        if strengths.iter().all(|strength| *strength == 0.0) {
            return None;
        }
        let strength = |name: &str| {
            let place = BEHAVIOURS.iter().position(|behaviour| behaviour.name == name);
            place.map_or(0.0, |place| strengths[place])
        };
        let (effort, leaving, lateness) =
            (strength("quorum_effort"), strength("delegation_inertia"), strength("timing"));
        let raising = ["pivotality", "attention", "decline", "reactivation", "vote_selling"];
        let raises = raising.iter().any(|name| strength(name) != 0.0);
        let relief = strength("relief");
        let plain = BEHAVIOURS.iter().zip(&strengths).all(|(behaviour, strength)| {
            *strength == 0.0
                || matches!(behaviour.name, "quorum_effort" | "relief")
                || matches!(behaviour.acts, Acts::Time | Acts::Delegation)
        });
        let blank = Memory {
            rate: 0.0,
            updated: 0,
            first: i64::MAX,
            last: i64::MIN,
            power: 0,
            sided: [0.0; 2],
            comes: 0,
            active: false,
        };
        let mut fading = vec![1.0];
        while fading[fading.len() - 1] > GONE {
            fading.push(fading[fading.len() - 1] * (1.0 - 1.0 / MEMORY));
        }
        let ordinary = if plain { Ordinary::default() } else { Ordinary::of(electorate, rule) };
        // Openness and contest are between 0 and 1, as is silence; years between 0 and what is played.
        let greatest = |strength: f64, mean: f64, most: f64| (-strength * mean).max(strength * (most - mean));
        let [_, open, contested, ..] = ordinary.seen;
        let (start, end) = electorate.span();
        let played = (end - start) as f64 / DAY / 365.25;
        let sells = strength("vote_selling") > 0.0 && bribed;
        let highest = Highest {
            open: greatest(strength("pivotality"), open, 1.0) + if sells { MOST_TURNOUT } else { 0.0 },
            contested: greatest(strength("reactivation"), contested, 1.0).max(0.0),
            years: greatest(-strength("decline"), ordinary.years, played),
            decline: strength("decline"),
        };
        let attention = strength("attention");
        let on = strengths.iter().zip(BEHAVIOURS).filter(|(strength, _)| **strength != 0.0);
        Some(Self {
            electorate,
            on: on.map(|(strength, behaviour)| (*strength, behaviour.acts)).collect(),
            ordinary,
            memory: vec![blank; electorate.peak.len()],
            active: Vec::new(),
            fading,
            plain,
            raises,
            effort,
            relief,
            attention,
            highest,
            leaving,
            sells,
            lateness,
            place: 0,
            share: 0.5,
            cues: Cues::default(),
            sight: None,
            candidates: None,
            calls: 0,
            drawn,
        })
    }

    /// The times at which the largest vote, put off towards the end of the window.
    pub(super) fn put_off(&self, question: &Question, ballots: &[Ballot]) -> Option<Vec<Ballot>> {
        let length = (question.end - question.start) as f64;
        if self.lateness == 0.0 || length <= 0.0 {
            return None;
        }
        let whales = (self.electorate.peak.len() as u32 / 20).max(LARGEST);
        let mut ballots = ballots.to_vec();
        for ballot in &mut ballots {
            if self.electorate.rank_of[ballot.member as usize] < whales {
                let left = (question.end - ballot.at) as f64 / length;
                ballot.at = question.end - (math::power(left, 1.0 + self.lateness) * length) as i64;
            }
        }
        ballots.sort_by_key(|ballot| ballot.at);
        Some(ballots)
    }

    /// Voting on a proposal begins.
    pub(super) fn begin(&mut self, place: usize, ballots: &[Ballot], share: f64) {
        (self.place, self.share) = (place as u32, share);
        (self.cues, self.candidates, self.calls) = (Cues::default(), None, 0);
        for ballot in ballots {
            self.memory[ballot.member as usize].comes = self.place + 1;
        }
    }

    /// A member's ballot was drawn and it stays at home: it may still be called.
    pub(super) fn stays(&mut self, member: u32, at: i64, policy: &Policy, keys: &Keys) {
        self.memory[member as usize].comes = 0;
        if self.candidates.is_some() {
            let candidate = self.candidate(member, at, keys, self.common(policy));
            self.candidates.as_mut().into_iter().for_each(|all| all.extend(candidate));
        }
    }

    /// Voting on a proposal is over: members remember the ballots that were drawn for them.
    pub(super) fn end(&mut self, ballots: &[Ballot]) {
        for ballot in ballots {
            let rate = self.rate(ballot.member);
            let memory = &mut self.memory[ballot.member as usize];
            memory.rate = (rate + (1.0 - rate) / MEMORY).min(0.99);
            memory.updated = self.place;
            memory.first = memory.first.min(ballot.at);
            memory.last = memory.last.max(ballot.at);
            memory.power = ballot.power;
            match ballot.side {
                Side::For => memory.sided[0] += 1.0,
                Side::Against => memory.sided[1] += 1.0,
                _ => {}
            }
            if !memory.active {
                memory.active = true;
                self.active.push(ballot.member);
            }
        }
    }

    /// The share of recent proposals that a member voted on.
    fn rate(&self, member: u32) -> f64 {
        let memory = &self.memory[member as usize];
        let since = self.place.saturating_sub(memory.updated) as usize;
        memory.rate * self.fading.get(since).copied().unwrap_or(0.0)
    }

    /// What is of a member alone.
    fn own(&self, member: u32, at: i64) -> State {
        let memory = &self.memory[member as usize];
        let days = |since: i64| ((at - since) as f64 / DAY).max(0.0);
        let known = memory.first <= at;
        let prior = math::logistic(self.ordinary.odds);
        let [votes_for, against] = memory.sided;
        let odds = (votes_for + OWN * prior) / (against + OWN * (1.0 - prior));
        State {
            habit: self.rate(member),
            leaning: if votes_for + against > 0.0 { math::ln(odds) - self.ordinary.odds } else { 0.0 },
            years: if known { days(memory.first) / 365.25 } else { 0.0 } - self.ordinary.years,
            silence: if known { 1.0 - math::exp(-days(memory.last) / SILENCE) } else { 0.0 },
            ..State::default()
        }
    }

    /// Looks at the vote as it stands.
    fn see(&mut self, policy: &Policy) {
        let ordinary = &self.ordinary.seen;
        let seen = if self.plain { None } else { self.cues.seen(policy) };
        self.sight = seen.map(|seen| std::array::from_fn(|which| seen[which] - ordinary[which]));
    }

    /// Adds what a member sees and what happens.
    fn look(&self, state: &mut State, member: u32, world: &World) {
        if let Some([lead, open, contested, whales, delegates]) = self.sight {
            let rank = self.electorate.rank_of[member as usize];
            (state.lead, state.open, state.contested) = (lead, open, contested);
            state.whales = if rank < LARGEST { 0.0 } else { whales };
            state.delegates = if rank < KNOWN { 0.0 } else { delegates };
        }
        let load = self.ordinary.loads.get(self.place as usize).copied().unwrap_or(0.0);
        (state.discouraged, state.fee, state.fall) = (world.discouraged, world.fee, world.fall);
        (state.doubt, state.pay, state.load) = (world.doubt, world.pay, load + world.load);
    }

    /// The sum over behaviours of the logarithm of the rate of voting.
    fn vote(&self, state: &State) -> f64 {
        let term = |(strength, acts): &(f64, Acts)| match acts {
            Acts::Vote(term) | Acts::Both(term, _) => strength * term(state),
            Acts::Side(_) | Acts::Time | Acts::Delegation => 0.0,
        };
        self.on.iter().map(term).sum()
    }

    /// That of the odds for against.
    fn odds(&self, state: &State) -> f64 {
        let term = |(strength, acts): &(f64, Acts)| match acts {
            Acts::Side(term) | Acts::Both(_, term) => strength * term(state),
            Acts::Vote(_) | Acts::Time | Acts::Delegation => 0.0,
        };
        self.on.iter().map(term).sum()
    }

    /// What behaviours add for a ballot that was drawn.
    pub(super) fn add(
        &mut self,
        ballot: &Ballot,
        elapsed: f64,
        policy: &Policy,
        world: &World,
    ) -> (f64, f64) {
        let short = ballot.side == Side::For && self.short(elapsed, policy);
        let (short, met) = (f64::from(u8::from(short)), self.met(policy));
        if self.plain {
            return (self.effort * short - self.relief * met, 0.0);
        }
        self.see(policy);
        let mut state = self.own(ballot.member, ballot.at);
        self.look(&mut state, ballot.member, world);
        (state.short, state.met) = (short, met);
        (self.vote(&state), self.odds(&state))
    }

    /// 1 where the side for leads and a quorum is met.
    fn met(&self, policy: &Policy) -> f64 {
        let [votes_for, against, ..] = self.cues.tally.weight;
        let met =
            policy.quorum > 0 && !policy.shielded && votes_for > against && policy.quorate(&self.cues.tally);
        f64::from(u8::from(met))
    }

    /// Whether voters for are called.
    fn short(&self, elapsed: f64, policy: &Policy) -> bool {
        let [votes_for, against, ..] = self.cues.tally.weight;
        elapsed > 0.5 && !policy.shielded && votes_for > against && !policy.quorate(&self.cues.tally)
    }

    /// A member who may come in what is left of the window, where `common` is the most that is for everybody.
    fn candidate(&self, member: u32, at: i64, keys: &Keys, common: f64) -> Option<Candidate> {
        let calls = self.calls.saturating_sub(1);
        let most = above_at_most(common + self.highest.contested + self.highest.years, calls);
        let uniform = keys.clock.uniform(member);
        let share = self.rate(member);
        // -ln u is at least 1 - u, and -ln(1 - r) at most r / (1 - r): most members need no logarithm.
        if (1.0 - uniform) * (1.0 - share) > share * most {
            return None;
        }
        // The rate of a Poisson process whose chance of one event at least is the share of proposals voted on.
        let (rate, left) = (-math::ln(1.0 - share), -math::ln(uniform));
        let state = if self.plain { State::default() } else { self.own(member, at) };
        let own = self.highest.contested * state.silence - self.highest.decline * state.years;
        (rate * above_at_most(common + own, calls) > left).then_some(Candidate {
            member,
            rate,
            left,
            own,
            state,
        })
    }

    /// The greatest logarithm of the rate over what was learned that a proposal can have for everybody.
    fn common(&self, policy: &Policy) -> f64 {
        let effort = if policy.quorum > 0 { self.effort } else { 0.0 };
        let load = self.ordinary.loads.get(self.place as usize).copied().unwrap_or(0.0);
        // A scenario only adds to the load.
        let attention = if self.attention < 0.0 { MOST_TURNOUT } else { -self.attention * load };
        effort + if self.raises { self.highest.open + attention } else { 0.0 }
    }

    /// The next time, as a share of the window, at which members who had not come may come.
    pub(super) fn next_call(&self) -> Option<f64> {
        (self.calls < CALLS && (self.raises || self.effort > 0.0))
            .then(|| (self.calls + 1) as f64 / CALLS as f64)
    }

    /// Members who had not come and come now.
    pub(super) fn call(
        &mut self,
        at: i64,
        policy: &Policy,
        keys: &Keys,
        world: impl Fn(u32, u128) -> Option<World>,
        mut come: impl FnMut(&mut Self, Called),
    ) {
        self.calls += 1;
        let elapsed = self.calls as f64 / CALLS as f64;
        let short = self.effort > 0.0 && self.short(elapsed, policy);
        if !short && !self.raises {
            return;
        }
        let mut candidates = match self.candidates.take() {
            Some(candidates) => candidates,
            None => {
                let gone: Vec<u32> =
                    self.active.iter().copied().filter(|member| self.rate(*member) < GONE).collect();
                for member in gone {
                    self.memory[member as usize].active = false;
                }
                let memory = &self.memory;
                self.active.retain(|member| memory[*member as usize].active);
                let free =
                    self.active.iter().filter(|member| self.memory[**member as usize].comes <= self.place);
                let common = self.common(policy);
                free.filter_map(|member| self.candidate(*member, at, keys, common)).collect()
            }
        };
        let mut effort = if short { self.effort } else { 0.0 };
        self.see(policy);
        // Who would not come at the greatest factor for all of the rest needs no further look.
        let common = self.common(policy);
        let learned = math::ln(self.share / (1.0 - self.share));
        candidates.retain_mut(|candidate| {
            if effort == 0.0 && !self.raises {
                return true;
            }
            let Candidate { member, rate, mut left, own, mut state } = *candidate;
            let power = self.memory[member as usize].power;
            let Some(world) = world(member, power) else { return false };
            let mut utility = 0.0;
            if !self.plain {
                self.look(&mut state, member, &world);
                state.met = self.met(policy);
                utility = self.vote(&state);
            }
            let above = |utility: f64| {
                let factor = (world.factor / self.drawn * math::exp(utility.min(50.0))).min(MOST_TURNOUT);
                (factor - 1.0).max(0.0) * rate / CALLS as f64
            };
            // Everybody who may come for another reason, and those for it who are called.
            let (any, called) = (above(utility), above(utility + effort));
            if called == 0.0 {
                return true;
            }
            let sells = world.pay > 0.0 && world.price > 0.0;
            let share = if sells {
                1.0
            } else if self.plain {
                self.share
            } else {
                math::logistic(learned + self.odds(&state))
            };
            let votes_for = share * called;
            let rate = votes_for + (1.0 - share) * any;
            left -= rate;
            if left > 0.0 {
                candidate.left = left;
                return left < candidate.rate * above_at_most(common + own, self.calls);
            }
            let votes_for = keys.side.uniform(member) * rate < votes_for;
            let side = if votes_for { Side::For } else { Side::Against };
            let paid = if sells { world.price } else { 0.0 };
            come(self, Called { member, power, side, paid });
            self.see(policy);
            // Once the quorum is met nobody is called any more.
            if !self.short(elapsed, policy) {
                effort = 0.0;
            }
            false
        });
        self.candidates = Some(candidates);
    }
}
