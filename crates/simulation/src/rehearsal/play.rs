//! One rehearsal: the ballots that would be cast, what happens to them, and what the rule makes of them.
//!
//! Ballots come in order of time. Each is kept with the chance that the conditions of its time leave it, relative to the
//! greatest chance that any time of the scenario has (thinning under an upper bound: Lewis and Shedler 1979), so that
//! more turnout needs more ballots to draw from and never copies one.

use daotwin_core::statistics::{gini, nakamoto, quantile_sorted};

use crate::engine::math;
use crate::engine::random::Key;
use crate::governance::referee::{Poll, Referee};
use crate::scenario::{Condition, RuleChange, Scenario};

use daotwin_history::Side;

use super::electorate::{Ballot, Electorate, Question};
use super::people::{self, CALLS, Called, Keys, People, World};
use super::policy::{Policy, Tally};
use super::polling::{BallotBox, first_problem};

/// What a draw is for.
#[derive(Clone, Copy)]
enum Purpose {
    Sample,
    Keep,
    Reach,
    Doubt,
    Delegate,
    Delegated,
    Reserve,
    Strength,
    Leave,
    Clock,
    Called,
}

/// A seed for the sample of this run.
pub(crate) fn sample_seed(seed: u64, run: u64) -> u64 {
    let key = Key::new(seed, run, Purpose::Sample as u64, 0);
    u64::from(key.bits(0)) << 32 | u64::from(key.bits(1))
}

/// The numbers that a run comes to, in the order of [`Played::values`].
pub const VARIABLES: [(&str, &str); 13] = [
    ("passed", "share of the proposals with a yes and a no that pass"),
    ("quorate", "share of the proposals that reach their quorum"),
    ("voters", "mean voters of a proposal"),
    ("power", "mean power cast on a proposal, in tokens"),
    ("turnout", "mean share of the supply that is cast on a proposal"),
    ("support", "mean share of the weight for, among for and against"),
    ("margin", "mean distance between the shares for and against"),
    ("gini", "Gini coefficient of the power that members cast in all"),
    ("nakamoto", "members that cast half of all power"),
    (
        "takeover",
        "share of the proposals that the largest members could pass alone, against all others who vote",
    ),
    ("taken_over", "1 where there is such a proposal"),
    ("needed", "median tokens with which somebody new passes a proposal against all who vote"),
    ("carried", "share of the proposals that pass by the ballots of attackers alone"),
];

/// What is followed over time, in the order of [`Played::series`].
pub const SERIES: [(&str, &str); 5] = [
    ("passed", "share of the proposals that pass"),
    ("voters", "voters of a proposal"),
    ("power", "power cast on a proposal, in tokens"),
    ("largest", "share of the power cast on a proposal that is of its largest ballot"),
    ("needed", "tokens with which somebody new passes a proposal"),
];

/// Steps of time that are followed.
pub const STEPS: usize = 24;

/// Quantiles of what an outsider needs: at 0, 5, ... 100 %.
pub(crate) const NEEDED: usize = 21;

/// What a run came to.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    pub(crate) values: [f64; VARIABLES.len()],
    pub(crate) series: [[f64; STEPS]; SERIES.len()],
    pub(crate) needed: [f64; NEEDED],
    /// Whether each proposal passes.
    pub(crate) passes: Vec<bool>,
    /// Why a vote could not be held, where a referee says so; what passes is then no result.
    pub(crate) problem: Option<String>,
}

/// What is played: a scenario, and how it is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage<'s> {
    pub(crate) scenario: &'s Scenario,
    /// The rule as it is: behaviours answer departures from what it makes of the ballots that are drawn.
    pub(crate) baseline: &'s RuleChange,
    /// Members that a takeover is by.
    pub(crate) largest: usize,
    /// The time that steps divide.
    pub(crate) span: (i64, i64),
    pub(crate) seed: u64,
    /// Who decides in place of the rule's arithmetic.
    pub(crate) referee: Option<&'s dyn Referee>,
}

/// Elasticity of turnout to a `price_shock`, which has none of its own; that of `downturn` where it says none.
const SHOCK: f64 = 0.3;

/// The greatest factor on any member's chance to vote that a scenario has at any time.
pub(crate) fn bound(scenario: &Scenario) -> f64 {
    let greatest = |condition: &Condition| match condition.kind {
        "turnout" | "voter_drive" | "feature_launch" => condition.number("factor").max(1.0),
        "exploit_news" => condition.number("attention"),
        _ => 1.0,
    };
    scenario.conditions.iter().map(greatest).product()
}

/// A member's factor under one condition.
fn factor(condition: &Condition, power: f64, at: i64, reached: impl Fn(f64) -> bool) -> f64 {
    let number = |name| condition.number(name);
    match condition.kind {
        "turnout" => number("factor"),
        "downturn" => math::power(1.0 - number("depth"), number("sensitivity")),
        "exploit_news" => number("attention"),
        "voter_drive" if reached(number("reach")) => number("factor"),
        "fee_spike" if power + number("cost") > 0.0 => power / (power + number("cost")),
        "feature_launch" if power + number("cost") > 0.0 => {
            1.0 + (number("factor") - 1.0) * number("cost") / (power + number("cost"))
        }
        "apathy" => {
            let days = condition.from.map_or(0.0, |from| (at - from) as f64 / 86_400.0);
            math::power(0.5, days / number("half_life"))
        }
        "fatigue" => math::power(number("factor"), -number("sensitivity")),
        _ => 1.0,
    }
}

/// Who hands its power to whom.
struct Delegations {
    /// The delegate of each member that delegates; its own number otherwise.
    to: Vec<u32>,
    /// Power that each delegate received.
    received: Vec<u128>,
}

impl Delegations {
    fn new(electorate: &Electorate, condition: Option<&Condition>, seed: u64, run: u64) -> Self {
        let members = electorate.peak.len();
        let mut delegations = Self { to: (0..members as u32).collect(), received: vec![0; members] };
        let Some(condition) = condition else { return delegations };
        let delegates = &electorate.ranks[..(condition.number("delegates") as usize).min(members)];
        let mut sums = Vec::with_capacity(delegates.len());
        let mut total = 0.0;
        for member in delegates {
            total += electorate.tokens(electorate.peak[*member as usize]);
            sums.push(total);
        }
        let [whether, whom] =
            [Purpose::Delegate, Purpose::Delegated].map(|purpose| Key::new(seed, run, purpose as u64, 0));
        for &member in electorate.ranks.iter().skip(delegates.len()) {
            if whether.uniform(member) < condition.number("share") {
                let place = sums.partition_point(|sum| *sum <= whom.uniform(member) * total);
                let delegate = delegates[place.min(delegates.len() - 1)];
                delegations.to[member as usize] = delegate;
                delegations.received[delegate as usize] += electorate.peak[member as usize];
            }
        }
        delegations
    }

    /// A member votes itself from now on.
    fn take_back(&mut self, electorate: &Electorate, member: u32) {
        let delegate = std::mem::replace(&mut self.to[member as usize], member);
        self.received[delegate as usize] -= electorate.peak[member as usize];
    }
}

/// Who casts a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voter {
    /// A member, and whether this is the ballot that was drawn for it: a coalition's members vote without one.
    Member { member: u32, drawn: bool },
    /// An account of somebody new, the same number on every proposal.
    Attacker(u64),
}

/// A ballot as it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast {
    pub(crate) voter: Voter,
    /// Seconds since 1970.
    pub(crate) at: i64,
    pub(crate) side: Side,
    /// In the smallest unit, with what was delegated.
    pub(crate) power: u128,
}

/// Looks on while a run is played.
pub(crate) trait Observer {
    /// A run begins in which each member's ballot has so much power: what it holds and receives, none where it delegates.
    fn begins(&mut self, _power: &dyn Fn(u32) -> u128) {}
    /// Voting on the next proposal opens; so many of the most powerful members have left.
    fn opens(&mut self, _left: u32) {}
    /// A ballot counts.
    fn cast(&mut self, _ballot: Cast) {}
    /// All ballots of the proposal at this place are cast; its voting closes at `closed`.
    fn decided(&mut self, _place: usize, _closed: i64, _policy: &Policy, _passed: bool) {}
}

/// Nobody looks.
impl Observer for () {}

/// Plays a run on an electorate that was drawn with `drawn` times the chance to vote.
pub(crate) fn play(electorate: &Electorate, stage: &Stage<'_>, drawn: f64, run: u64) -> Played {
    watch(electorate, stage, drawn, run, &mut ())
}

/// What happens to a member with this power at this time, with the price of its vote where it would sell.
fn world(scene: &Scene<'_>, member: u32, power: u128, at: i64) -> World {
    let mut world = World { factor: 1.0, ..World::default() };
    if scene.scenario.conditions.is_empty() {
        return world;
    }
    let tokens = scene.electorate.tokens(power);
    for condition in scene.scenario.conditions.iter().filter(|condition| condition.holds(at)) {
        let number = |name| condition.number(name);
        let factor = factor(condition, tokens, at, |share| scene.reach.uniform(member) < share);
        world.factor *= factor;
        if factor < 1.0 {
            world.discouraged += math::ln(factor.max(1e-9));
        }
        match condition.kind {
            "fee_spike" => world.fee += math::ln(factor.max(1e-9)),
            "downturn" => {
                world.fall += number("sensitivity") * math::ln(1.0 - number("depth"));
                world.doubt += number("depth");
            }
            "price_shock" if number("factor") < 1.0 => {
                world.fall += SHOCK * math::ln(number("factor"));
                world.doubt += 1.0 - number("factor");
            }
            "exploit_news" => world.doubt += number("doubt"),
            "fatigue" => world.load += math::ln(number("factor")),
            "bribe" if scene.sells => {
                let offered = number("price") / reserved(condition, scene.reserve, member);
                let price = tokens * number("price");
                if offered > 1.0 && scene.spent + price <= number("budget") {
                    (world.pay, world.price) = (math::ln(offered), price);
                }
            }
            _ => {}
        }
    }
    world
}

/// The price a token below which a member does not sell.
fn reserved(condition: &Condition, reserve: Key, member: u32) -> f64 {
    condition.number("median") * math::exp(condition.number("spread") * reserve.normal(member))
}

/// Where and when [`world`] looks.
struct Scene<'s> {
    scenario: &'s Scenario,
    electorate: &'s Electorate,
    reach: Key,
    reserve: Key,
    /// Whether members come to sell their vote.
    sells: bool,
    /// Money that was spent on the proposal.
    spent: f64,
}

/// How a proposal's ballots are counted.
struct Count<'c, O> {
    policy: Policy,
    electorate: &'c Electorate,
    delegations: &'c Delegations,
    largest: u32,
    /// Power that each member cast in all.
    cast: &'c mut [f64],
    observer: &'c mut O,
    tally: Tally,
    /// As if all but the largest were against.
    others: Tally,
    poll: Option<BallotBox>,
}

impl<O: Observer> Count<'_, O> {
    /// A member's ballot counts, with what was delegated to it; what it weighs.
    fn member(&mut self, member: u32, drawn: bool, at: i64, side: Side, own: u128) -> (u128, u128) {
        let power = own + self.delegations.received[member as usize];
        self.cast[member as usize] += self.electorate.tokens(power);
        let weight = self.policy.weight(power);
        self.tally.add(side, power, weight);
        let ballot = Cast { voter: Voter::Member { member, drawn }, at, side, power };
        if let Some(ballots) = &mut self.poll {
            ballots.put(&ballot);
        }
        self.observer.cast(ballot);
        if self.electorate.rank_of[member as usize] >= self.largest {
            self.others.add(Side::Against, power, weight);
        }
        (power, weight)
    }
}

/// Plays a run before somebody who looks on.
pub(crate) fn watch(
    electorate: &Electorate,
    stage: &Stage<'_>,
    drawn: f64,
    run: u64,
    observer: &mut impl Observer,
) -> Played {
    let Stage { scenario, baseline, largest, span, seed, referee } = *stage;
    let key = |purpose: Purpose, step: usize| Key::new(seed, run, purpose as u64, step as u64);
    let first = |kind: &str| scenario.conditions.iter().find(|condition| condition.kind == kind);
    let mut delegations = Delegations::new(electorate, first("delegation"), seed, run);
    observer.begins(&|member| {
        let stays = delegations.to[member as usize] == member;
        if stays { electorate.peak[member as usize] + delegations.received[member as usize] } else { 0 }
    });
    let strengths = people::strengths(scenario, key(Purpose::Strength, 0));
    let mut people = People::new(electorate, strengths, baseline, drawn, first("bribe").is_some());
    let reach = key(Purpose::Reach, 0);
    let overall = people::share_for(&electorate.ballots, 0.5);
    let mut cast = vec![0.0; electorate.peak.len()];
    let mut sums = Sums::default();
    let mut needed_all = Vec::new();
    let mut passes = Vec::with_capacity(electorate.questions.len());
    let mut problem = None;

    for (place, question) in electorate.questions.iter().enumerate() {
        let at_start = || scenario.conditions.iter().filter(move |condition| condition.holds(question.start));
        let change = at_start()
            .filter_map(|condition| condition.rule)
            .fold(scenario.rule, |rule, new| rule.then(&new));
        let mut policy = Policy::of(question, &change, electorate);
        if let Some(referee) = referee {
            first_problem(&mut problem, policy.keep_to(referee, electorate));
        }
        let policy = policy;
        // The most powerful so many, by their rank.
        let most = |kind: &str| {
            let counts = at_start().filter(|condition| condition.kind == kind);
            counts.map(|condition| condition.number("count") as u32).max().unwrap_or(0)
        };
        let (left, cartel) = (most("whale_exit"), most("cartel"));
        observer.opens(left);
        let rank = |member: u32| electorate.rank_of[member as usize];
        let window = ((question.end - question.start) as f64 * policy.window) as i64;
        let closed = question.start + window;
        let (keep, turns) = (key(Purpose::Keep, place), key(Purpose::Doubt, place));
        let keys = Keys { clock: key(Purpose::Clock, place), side: key(Purpose::Called, place) };
        let reserve = key(Purpose::Reserve, place);
        let sells = people.as_ref().is_some_and(|people| people.sells);
        let mut scene = Scene { scenario, electorate, reach, reserve, sells, spent: 0.0 };

        let ballots = &electorate.ballots[question.ballots.clone()];
        let put_off = people.as_ref().and_then(|people| people.put_off(question, ballots));
        let ballots = put_off.as_deref().unwrap_or(ballots);
        // The learned chance of a ballot to be for, among for and against.
        let share = people::share_for(ballots, overall);
        if let Some(people) = &mut people {
            people.begin(place, ballots, share);
        }
        let mut count = Count {
            policy,
            electorate,
            delegations: &delegations,
            largest: largest as u32,
            cast: &mut cast,
            observer: &mut *observer,
            tally: Tally::default(),
            others: Tally::default(),
            poll: referee.map(|_| BallotBox::new(question.start, window)),
        };
        let absent =
            |member: u32| delegations.to[member as usize] != member || rank(member) < left.max(cartel);
        let leaves = people.as_ref().map_or(0.0, |people| people.leaving);
        let mut unheard = Vec::new();
        let mut sided = Vec::new();
        // Members who had not come and do, until this share of the window.
        let call =
            |people: &mut Option<People<'_>>, count: &mut Count<'_, _>, scene: &mut Scene<'_>, until: f64| {
                let Some(people) = people.as_mut().filter(|_| question.passable) else { return };
                while let Some(elapsed) = people.next_call().filter(|elapsed| *elapsed <= until) {
                    let at = question.start + (window as f64 * elapsed) as i64;
                    let spent = std::cell::Cell::new(scene.spent);
                    let world = |member: u32, power: u128| {
                        let scene = Scene { spent: spent.get(), ..*scene };
                        (!absent(member)).then(|| world(&scene, member, power, at))
                    };
                    people.call(at, &policy, &keys, world, |people, called| {
                        let Called { member, power, side, paid } = called;
                        spent.set(spent.get() + paid);
                        // Some time since the last call, so that written ballots do not all carry one.
                        let before = keys.clock.uniform(member) * window as f64 / CALLS as f64;
                        let (power, weight) = count.member(member, false, at - before as i64, side, power);
                        people.cues.add(side, power, weight, rank(member));
                    });
                    scene.spent = spent.get();
                }
            };
        for ballot in ballots {
            let Ballot { member, at, power, mut side } = *ballot;
            if at > closed || absent(member) {
                if leaves > 0.0 && delegations.to[member as usize] != member {
                    unheard.push((member, side));
                }
                continue;
            }
            let elapsed = if window > 0 { (at - question.start) as f64 / window as f64 } else { 1.0 };
            call(&mut people, &mut count, &mut scene, elapsed);
            let tokens = electorate.tokens(power);
            let now = || scenario.conditions.iter().filter(|condition| condition.holds(at));
            let factors =
                now().map(|condition| factor(condition, tokens, at, |share| reach.uniform(member) < share));
            let mut chance = factors.product::<f64>() / drawn;
            let mut change = 0.0;
            if let Some(people) = &mut people {
                let world = world(&scene, member, power, at);
                let (vote, odds) = people.add(ballot, elapsed, &policy, &world);
                chance *= math::exp(vote);
                change = odds;
            }
            // Odds of 1 keep what was drawn: a uniform below 1 is always below.
            if keep.uniform(member) >= chance {
                people.as_mut().into_iter().for_each(|people| people.stays(member, at, &policy, &keys));
                continue;
            }
            let [leading, trailing, ..] = count.tally.weight;
            for condition in now() {
                let number = |name| condition.number(name);
                match condition.kind {
                    "exploit_news" => change -= people::change_by(number("doubt"), 1.0 - share),
                    "herding" if !policy.shielded && leading > trailing => {
                        change += people::change_by(number("strength"), share);
                    }
                    "herding" if !policy.shielded && leading < trailing => {
                        change -= people::change_by(number("strength"), 1.0 - share);
                    }
                    _ => {}
                }
            }
            if change != 0.0 {
                side = people::turn(side, share, change, turns.uniform(member));
            }
            if matches!(side, Side::Against | Side::Abstain) {
                for condition in now().filter(|condition| condition.kind == "bribe") {
                    let (price, reserved) = (condition.number("price"), reserved(condition, reserve, member));
                    if reserved < price && scene.spent + tokens * price <= condition.number("budget") {
                        scene.spent += tokens * price;
                        side = Side::For;
                        break;
                    }
                }
            }
            let (power, weight) = count.member(member, true, at, side, power);
            if let Some(people) = &mut people {
                people.cues.add(side, power, weight, rank(member));
            }
            if leaves > 0.0 && delegations.received[member as usize] > 0 {
                sided.push((member, side));
            }
        }
        call(&mut people, &mut count, &mut scene, 1.0);
        if let Some(people) = &mut people {
            people.end(&electorate.ballots[question.ballots.clone()]);
        }
        let Count { mut tally, others, mut poll, .. } = count;
        let acting = electorate.ranks.iter().take(cartel as usize).skip(left as usize);
        // Who delegated has given its power away: it votes with its delegate.
        for &member in acting.filter(|member| delegations.to[**member as usize] == **member) {
            let power = electorate.peak[member as usize] + delegations.received[member as usize];
            cast[member as usize] += electorate.tokens(power);
            tally.add(Side::For, power, policy.weight(power));
            let voter = Voter::Member { member, drawn: false };
            let ballot = Cast { voter, at: closed, side: Side::For, power };
            poll.iter_mut().for_each(|poll| poll.put(&ballot));
            observer.cast(ballot);
        }
        let mut decide = |tally: &Tally, poll: &Option<BallotBox>| {
            let reckoned = policy.passes(tally);
            let (Some(referee), Some(poll), true) = (referee, poll, question.passable) else {
                return reckoned;
            };
            let (supply, decimals) = (electorate.supply, electorate.decimals);
            let poll = Poll { supply, decimals, ballots: poll.ballots() };
            first_problem(&mut problem, referee.passes(&poll, reckoned)).unwrap_or(false)
        };
        let honest = decide(&tally, &poll);
        let members_alone = tally.voters;
        let needed = policy.needed(&tally);
        let mut account = 0;
        for condition in &scenario.conditions {
            let accounts = accounts(condition);
            if condition.holds(closed) {
                attack(condition, &policy, electorate, |number, side, power| {
                    tally.add(side, power, policy.weight(power));
                    let ballot = Cast { voter: Voter::Attacker(account + number), at: closed, side, power };
                    poll.iter_mut().for_each(|poll| poll.put(&ballot));
                    observer.cast(ballot);
                });
            }
            account += accounts;
        }
        let passed = if tally.voters == members_alone { honest } else { decide(&tally, &poll) };
        observer.decided(place, closed, &policy, passed);
        let mut alone = others;
        for &member in electorate.ranks.iter().take(largest).skip(left as usize) {
            let power = electorate.peak[member as usize] + delegations.received[member as usize];
            alone.add(Side::For, power, policy.weight(power));
        }
        passes.push(passed);
        let needed = needed.map_or(f64::NAN, |units| electorate.tokens(units));
        if question.passable {
            needed_all.push(if needed.is_nan() { f64::INFINITY } else { needed });
        }
        let supply = electorate.supply.map_or(f64::NAN, |supply| electorate.tokens(supply));
        sums.add(
            step(question, span),
            question.passable,
            &Decided {
                passed,
                quorate: policy.quorate(&tally),
                carried: passed && !honest,
                alone: policy.passes(&alone),
                power: electorate.tokens(tally.power.iter().sum()),
                supply,
                needed,
            },
            &tally,
        );
        let leave = key(Purpose::Leave, place);
        for (member, side) in unheard {
            let delegate = delegations.to[member as usize];
            let voted = sided.iter().find(|(known, _)| *known == delegate).map(|(_, side)| *side);
            let opposed =
                matches!((side, voted), (Side::For, Some(Side::Against)) | (Side::Against, Some(Side::For)));
            if opposed && leave.uniform(member) < 1.0 - math::exp(-leaves) {
                delegations.take_back(electorate, member);
            }
        }
    }
    needed_all.sort_by(f64::total_cmp);
    let needed = std::array::from_fn(|place| {
        // Interpolation between infinities is none.
        let place = place * needed_all.len().saturating_sub(1) / (NEEDED - 1);
        needed_all.get(place).copied().unwrap_or(f64::NAN)
    });
    Played { problem, ..sums.finish(&cast, &needed_all, needed, passes) }
}

/// How many accounts a condition's attackers have.
fn accounts(condition: &Condition) -> u64 {
    match condition.kind {
        "whale" | "flash_loan" => 1,
        "sybil" => condition.number("identities") as u64,
        _ => 0,
    }
}

/// The ballots of those who are not members: account, side, power.
fn attack(
    condition: &Condition,
    policy: &Policy,
    electorate: &Electorate,
    mut cast: impl FnMut(u64, Side, u128),
) {
    let power = || electorate.units(condition.number("tokens"));
    match condition.kind {
        "whale" => {
            let side = if condition.number("against") >= 0.5 { Side::Against } else { Side::For };
            cast(0, side, power());
        }
        "flash_loan" if policy.power_at_vote => cast(0, Side::For, power()),
        "sybil" => {
            let identities = accounts(condition);
            let each = power() / u128::from(identities);
            (0..identities).for_each(|number| cast(number, Side::For, each));
        }
        _ => {}
    }
}

/// The step of time of a proposal.
fn step(question: &Question, (start, end): (i64, i64)) -> usize {
    let length = (end - start).max(1) as f64;
    ((((question.start - start) as f64 / length) * STEPS as f64).max(0.0) as usize).min(STEPS - 1)
}

/// What became of a proposal.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer about the proposal")]
struct Decided {
    passed: bool,
    quorate: bool,
    carried: bool,
    alone: bool,
    power: f64,
    supply: f64,
    needed: f64,
}

/// Sums over proposals.
#[derive(Default)]
struct Sums {
    passable: f64,
    passed: f64,
    carried: f64,
    alone: f64,
    all: f64,
    quorate: f64,
    voters: f64,
    power: f64,
    turnout: f64,
    decided: f64,
    support: f64,
    margin: f64,
    steps: [[(f64, f64); STEPS]; SERIES.len()],
}

impl Sums {
    fn add(&mut self, step: usize, passable: bool, decided: &Decided, tally: &Tally) {
        let voters = f64::from(tally.voters);
        self.all += 1.0;
        self.quorate += f64::from(u8::from(decided.quorate));
        self.voters += voters;
        self.power += decided.power;
        self.turnout += decided.power / decided.supply;
        let passed = f64::from(u8::from(decided.passed));
        if passable {
            self.passable += 1.0;
            self.passed += passed;
            self.carried += f64::from(u8::from(decided.carried));
            self.alone += f64::from(u8::from(decided.alone));
            let [votes_for, against, ..] = tally.weight.map(|weight| weight as f64);
            if votes_for + against > 0.0 {
                self.decided += 1.0;
                self.support += votes_for / (votes_for + against);
                self.margin += (votes_for - against).abs() / (votes_for + against);
            }
        }
        let passed = if passable { passed } else { f64::NAN };
        let cast: u128 = tally.power.iter().sum();
        let largest = tally.largest as f64 / cast as f64;
        let values = [passed, voters, decided.power, largest, decided.needed];
        for (series, value) in self.steps.iter_mut().zip(values) {
            if value.is_finite() {
                series[step].0 += value;
                series[step].1 += 1.0;
            }
        }
    }

    fn finish(self, cast: &[f64], needed: &[f64], quantiles: [f64; NEEDED], passes: Vec<bool>) -> Played {
        let voted: Vec<f64> = cast.iter().copied().filter(|power| *power > 0.0).collect();
        let median = quantile_sorted(needed, 0.5);
        let mean = |sum: f64, of: f64| if of > 0.0 { sum / of } else { f64::NAN };
        let values = [
            mean(self.passed, self.passable),
            mean(self.quorate, self.all),
            mean(self.voters, self.all),
            mean(self.power, self.all),
            mean(self.turnout, self.all),
            mean(self.support, self.decided),
            mean(self.margin, self.decided),
            gini(&voted),
            nakamoto(&voted) as f64,
            mean(self.alone, self.passable),
            f64::from(u8::from(self.alone > 0.0)),
            if median.is_finite() { median } else { f64::NAN },
            mean(self.carried, self.passable),
        ];
        let series = self.steps.map(|steps| steps.map(|(sum, of)| mean(sum, of)));
        Played { values, series, needed: quantiles, passes, problem: None }
    }
}

/// The scenario in which nothing happens and the recorded rule holds, with what is known better.
pub(crate) fn as_it_is(rule: RuleChange) -> Scenario {
    Scenario { title: "as it is".to_owned(), rule, ..Scenario::default() }
}
