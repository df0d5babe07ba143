//! The simulated DAO whose parameters are fitted.
//!
//! Member i has activity a = exp(`activity` x z) and power w = (1 - v)^`dust` / v^`tail` (Hankin and Lee 2006: a Pareto tail
//! of many tokens, and one of few), where v is uniform, n is the normal score of 1 - v and
//! z = `correlation` x n + sqrt(1 - `correlation`^2) e, e normal. At proposal p it votes at the first point of a Poisson
//! process of rate c(p) a over the window, whose density falls as exp(-`haste` x time); c(p) is such that the expected
//! number of voters is exp(`turnout` + walk(p) + `shock` x normal), where walk is a random walk that is 0 at the last
//! proposal and scaled so that its standard deviation over the record is `wander`: that is a property of the record which
//! it can tell, where the variance of the walk's law would be known from one way only. Each seat is taken over by a new member `churn` times over
//! the record. A ballot is in favour with chance logistic(`approval` + `contest` x normal + `herding` x (2 s - 1)), s the
//! share in favour of the power cast before it. A proposal that nobody votes on is not recorded, so the process is
//! conditioned on one point at least.
//!
//! Points are drawn for the whole DAO and handed to members in proportion to activity, so a proposal costs what its
//! voters cost, not what its members cost; the law is exactly that of asking every member (superposition of Poisson
//! processes).

use daotwin_core::statistics;
use serde::{Deserialize, Serialize};

use super::record::{Ballot, Record};
use crate::engine::math;
use crate::engine::random::Key;

/// How many parameters there are.
pub const PARAMETERS: usize = 12;

/// A parameter and its uniform prior.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Where its prior begins and ends.
    pub range: (f64, f64),
}

const fn parameter(name: &'static str, meaning: &'static str, low: f64, high: f64) -> Parameter {
    Parameter { name, meaning, range: (low, high) }
}

/// The parameters; the range of `turnout` lies around the logarithm of the recorded mean number of voters.
pub const PRIOR: [Parameter; PARAMETERS] = [
    parameter("turnout", "logarithm of the expected voters at the last proposal", -1.6, 1.6),
    parameter("wander", "standard deviation over the record of the slow walk of log turnout", 0.02, 1.2),
    parameter("shock", "standard deviation of log turnout between proposals", 0.02, 1.0),
    parameter("activity", "standard deviation of members' log activity", 0.2, 2.6),
    parameter("churn", "times that a member is replaced over the record", 0.0, 4.0),
    parameter("tail", "tail of large power, the inverse of its Pareto exponent", 0.02, 3.0),
    parameter("dust", "tail of small power, the inverse of its exponent", 0.0, 6.0),
    parameter("correlation", "correlation of power and activity", -0.6, 0.95),
    parameter("approval", "log odds of a ballot in favour", -1.5, 5.0),
    parameter("contest", "standard deviation of these log odds between proposals", 0.05, 4.0),
    parameter("herding", "pull of the running tally on these log odds", 0.0, 4.0),
    parameter("haste", "how early members vote: rate at which voting falls over the window", -4.0, 8.0),
];

/// What a simulation is given and does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Members at any one time, voters or not.
    pub agents: u32,
    /// Proposals that the fit sees.
    pub proposals: u32,
    /// Proposals after them.
    pub ahead: u32,
    /// The middle of the prior of turnout, in voters.
    pub voters: f64,
    /// Whether times are known.
    pub timed: bool,
    /// Whether sides are known.
    pub sided: bool,
}

impl Design {
    /// The design of a record: as many proposals, and four times as many members as voted where not given.
    pub fn of(record: &Record, agents: Option<u32>) -> Self {
        let drawn = (4 * record.distinct()).clamp(100, 40_000) as u32;
        Self {
            agents: agents.unwrap_or(drawn),
            proposals: record.proposals() as u32,
            ahead: 0,
            voters: record.ballots.len() as f64 / record.proposals().max(1) as f64,
            timed: record.timed,
            sided: record.sided,
        }
    }

    /// Parameters from normal scores: under the prior the scores are standard normal.
    pub fn natural(&self, scores: &[f64; PARAMETERS]) -> [f64; PARAMETERS] {
        let mut natural = [0.0; PARAMETERS];
        for ((natural, score), parameter) in natural.iter_mut().zip(scores).zip(&PRIOR) {
            let (low, high) = parameter.range;
            *natural = low + (high - low) * statistics::normal_cdf(*score);
        }
        natural[0] += math::ln(self.voters.max(1.0));
        natural
    }
}

/// Normal scores drawn from the prior.
pub fn prior(seed: u64, number: u64) -> [f64; PARAMETERS] {
    let key = Key::new(seed, number, 0, 0);
    std::array::from_fn(|at| key.normal(at as u32))
}

/// Memory that simulations use one after another.
#[derive(Debug, Default)]
pub struct Workspace {
    powers: Vec<f64>,
    /// Running sums of activity.
    sums: Vec<f64>,
    /// Where in `sums` to begin to look for a share of the whole.
    guide: Vec<u32>,
    /// The proposal that last saw a seat, and its ballot's place.
    seen: Vec<(u32, u32)>,
    walk: Vec<f64>,
    /// What the last simulation came to.
    pub record: Record,
}

const POWER: u64 = 1;
const ACTIVITY: u64 = 2;
const WALK: u64 = 3;
const SHOCK: u64 = 4;
const COUNT: u64 = 5;
const MEMBER: u64 = 6;
const TIME: u64 = 7;
const SIDE: u64 = 8;
const QUESTION: u64 = 9;
const PHASE: u64 = 10;

/// Expected voters as a function of c, on a grid of ln c.
struct Turnout {
    voters: [f64; Self::POINTS],
}

impl Turnout {
    const POINTS: usize = 56;
    const FIRST: f64 = -16.0;
    const STEP: f64 = 0.4;

    /// By the trapezoid rule over z.
    fn new(agents: u32, activity: f64) -> Self {
        const NODES: i32 = 24;
        let mut nodes = [(0.0, 0.0); 2 * NODES as usize + 1];
        let mut total = 0.0;
        for (node, at) in nodes.iter_mut().zip(-NODES..=NODES) {
            let z = f64::from(at) * 0.18;
            let weight = math::exp(-0.5 * z * z);
            *node = (math::exp(activity * z), weight);
            total += weight;
        }
        let voters = std::array::from_fn(|point| {
            let c = math::exp(Self::FIRST + Self::STEP * point as f64);
            let share: f64 = nodes.iter().map(|(a, weight)| weight * (1.0 - math::exp(-c * a))).sum();
            f64::from(agents) * share / total
        });
        Self { voters }
    }

    /// The c at which so many are expected; within the grid.
    fn invert(&self, voters: f64) -> f64 {
        let upper = self.voters.partition_point(|known| *known < voters).clamp(1, Self::POINTS - 1);
        let (low, high) = (self.voters[upper - 1], self.voters[upper]);
        // Expected voters are nearly proportional to c where few vote.
        let share =
            ((math::ln(voters.max(1e-9)) - math::ln(low)) / (math::ln(high) - math::ln(low))).clamp(0.0, 1.0);
        math::exp(Self::FIRST + Self::STEP * (upper as f64 - 1.0 + share))
    }
}

/// A Poisson count of at least one.
fn count(key: Key, mean: f64) -> u32 {
    const PART: f64 = 200.0;
    if mean <= PART {
        let none = math::exp(-mean);
        return math::poisson_quantile(none + (1.0 - none) * key.uniform(0), mean).max(1);
    }
    let parts = (mean / PART).ceil() as u32;
    (0..parts)
        .map(|part| math::poisson_quantile(key.uniform(part), mean / f64::from(parts)))
        .sum::<u32>()
        .max(1)
}

/// A random walk over `all` proposals that is 0 at the last of the first `recorded`, over which its standard deviation is
/// `wander`.
fn way(walk: &mut Vec<f64>, all: u32, recorded: u32, wander: f64, steps: Key) {
    walk.clear();
    let mut at = 0.0;
    for proposal in 0..all {
        walk.push(at);
        at += steps.normal(proposal);
    }
    let record = &walk[..recorded.min(all) as usize];
    let deviation = statistics::standard_deviation(record);
    let scale = if deviation > 0.0 { wander / deviation } else { 0.0 };
    let last = record.last().copied().unwrap_or(0.0);
    walk.iter_mut().for_each(|at| *at = scale * (*at - last));
}

/// The most points that a proposal's process may have: guards against rates that no DAO has.
const MOST: f64 = 200_000.0;

/// Simulates a DAO at these parameters into `workspace.record`; the draws depend on the seed and nothing else, so that
/// the same seed at two parameters gives common random numbers.
///
/// Costs what members and ballots cost: some hundred nanoseconds each.
pub fn simulate(design: &Design, natural: &[f64; PARAMETERS], seed: u64, workspace: &mut Workspace) {
    let [turnout, wander, shock, activity, churn, tail, dust, correlation, approval, contest, herding, haste] =
        *natural;
    let Workspace { powers, sums, guide, seen, walk, record } = workspace;
    let agents = design.agents.max(1);
    let (power, active) = (Key::new(seed, 0, POWER, 0), Key::new(seed, 0, ACTIVITY, 0));
    let apart = (1.0 - correlation * correlation).max(0.0).sqrt();
    powers.clear();
    sums.clear();
    let mut sum = 0.0;
    for agent in 0..agents {
        let rank = power.uniform(agent);
        powers.push(math::exp(dust * math::ln(1.0 - rank) - tail * math::ln(rank)));
        let z = apart * active.normal(agent) - correlation * math::normal_quantile(rank);
        sum += math::exp(activity * z);
        sums.push(sum);
    }
    guide.clear();
    let mut at = 0_u32;
    for bucket in 0..agents {
        let from = f64::from(bucket) / f64::from(agents) * sum;
        while sums[at as usize] < from && at + 1 < agents {
            at += 1;
        }
        guide.push(at);
    }
    let all = design.proposals + design.ahead;
    way(walk, all, design.proposals, wander, Key::new(seed, 0, WALK, 0));
    let expected = Turnout::new(agents, activity);
    let (shocks, questions) = (Key::new(seed, 0, SHOCK, 0), Key::new(seed, 0, QUESTION, 0));
    let phase = Key::new(seed, 0, PHASE, 0);
    seen.clear();
    seen.resize(agents as usize, (u32::MAX, 0));
    record.clear();
    record.timed = design.timed;
    record.sided = design.sided;
    let ceiling = 0.8 * f64::from(agents);
    let late = 1.0 - math::exp(-haste);
    let mut generations = 0_u32;
    for proposal in 0..all {
        let level = turnout + walk[proposal as usize] + shock * shocks.normal(proposal);
        let c = expected.invert(math::exp(level.min(20.0)).min(ceiling));
        let points = count(Key::new(seed, 0, COUNT, u64::from(proposal)), (c * sum).min(MOST));
        let step = u64::from(proposal);
        let (who, when) = (Key::new(seed, 0, MEMBER, step), Key::new(seed, 0, TIME, step));
        let first = record.ballots.len();
        let since = f64::from(proposal) / f64::from(design.proposals.max(1)) * churn;
        for point in 0..points {
            let share = who.uniform(point);
            let mut seat = guide[(share * f64::from(agents)) as usize];
            while sums[seat as usize] < share * sum && seat + 1 < agents {
                seat += 1;
            }
            let u = when.uniform(point);
            let time = if haste.abs() < 1e-6 { u } else { -math::ln(1.0 - u * late) / haste };
            let (by, place) = seen[seat as usize];
            if by == proposal {
                let ballot = &mut record.ballots[place as usize];
                ballot.time = ballot.time.min(time as f32);
                continue;
            }
            seen[seat as usize] = (proposal, record.ballots.len() as u32);
            let generation = (since + phase.uniform(seat)) as u32;
            generations = generations.max(generation);
            record.ballots.push(Ballot {
                voter: generation * agents + seat,
                time: time as f32,
                power: powers[seat as usize],
                side: 1,
            });
        }
        let ballots = &mut record.ballots[first..];
        ballots.sort_unstable_by(|a, b| a.time.total_cmp(&b.time).then(a.voter.cmp(&b.voter)));
        let odds = approval + contest * questions.normal(proposal);
        let side = Key::new(seed, 0, SIDE, step);
        let (mut yes, mut cast) = (0.0, 0.0);
        for (place, ballot) in ballots.iter_mut().enumerate() {
            let pull = if cast > 0.0 { herding * (2.0 * yes / cast - 1.0) } else { 0.0 };
            let favour = side.uniform(place as u32) < math::logistic(odds + pull);
            ballot.side = if favour { 1 } else { -1 };
            cast += ballot.power;
            yes += if favour { ballot.power } else { 0.0 };
        }
        record.ends.push(record.ballots.len() as u32);
    }
    record.voters = (generations + 1) * agents;
}
