//! What a sample will hold: its proposals, how many vote on each, and how the members are divided into
//! blocks that are drawn independently and in parallel.

use daotwin_core::{Error as CoreError, Limits, Seed, Stream};
use daotwin_history::synthesizer::SampleOptions;

use super::drift::{Drift, later_power};
use super::model::{DaoModel, Slot, Turnout};
use super::parts::{Calendar, Part, Parts};
use crate::error::{Error, Result};

/// Members of a block, where there are more than one.
const BLOCK_MEMBERS: f64 = 20_000.0;
/// Votes of a block, where there are more than one and the learned DAO has fewer.
const BLOCK_VOTES: f64 = 500_000.0;
/// The limit `max_sampled_proposals`: the outline, the names and the tallies of proposals are held in memory,
/// about 1 kB each.
const MAX_SAMPLED_PROPOSALS: u64 = 200_000;

/// The conditions that can be set, with what they mean.
pub const CONDITIONS: [(&str, &str); 5] = [
    (
        "turnout",
        "factor on the voters of every proposal, above 0; above 1 members vote more often, below 1 there are fewer",
    ),
    ("newcomers", "factor on the members that vote for the first time, above 0"),
    ("power_exponent", "exponent on power around its median: above 1 concentrates, below 1 evens out"),
    ("duration", "factor on the length of voting windows, above 0"),
    ("category", "only proposals of this category"),
];

/// The conditions of a sample.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conditions {
    pub(crate) turnout: f64,
    pub(crate) newcomers: f64,
    pub(crate) power_exponent: f64,
    pub(crate) duration: f64,
    pub(crate) category: Option<String>,
}

impl Conditions {
    /// Reads `name=value` pairs.
    ///
    /// # Errors
    /// [`Error::Options`] with every pair that is not one of [`CONDITIONS`].
    pub(crate) fn read(pairs: &[(String, String)]) -> Result<Self> {
        let mut conditions =
            Self { turnout: 1.0, newcomers: 1.0, power_exponent: 1.0, duration: 1.0, category: None };
        let mut problems = Vec::new();
        for (name, value) in pairs {
            let field = match name.as_str() {
                "turnout" => &mut conditions.turnout,
                "newcomers" => &mut conditions.newcomers,
                "power_exponent" => &mut conditions.power_exponent,
                "duration" => &mut conditions.duration,
                "category" => {
                    conditions.category = Some(value.clone());
                    continue;
                }
                _ => {
                    let known = CONDITIONS.map(|(name, _)| format!("`{name}`")).join(", ");
                    problems.push(format!("there is no condition `{name}`; conditions are {known}"));
                    continue;
                }
            };
            match value.parse::<f64>() {
                Ok(number) if number > 0.0 && number <= 1e3 => *field = number,
                _ => problems.push(format!(
                    "condition `{name}` cannot be `{value}`; it is a number above 0 and at most 1000"
                )),
            }
        }
        if problems.is_empty() { Ok(conditions) } else { Err(Error::Options { problems }) }
    }
}

/// A proposal to be sampled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// Index of the learned proposal whose law it follows.
    pub(crate) slot: usize,
    /// Index into the categories.
    pub(crate) category: Option<u32>,
    /// Quorum in tokens.
    pub(crate) quorum: Option<f64>,
    pub(crate) created_at: Option<i64>,
    pub(crate) start_at: Option<i64>,
    pub(crate) end_at: Option<i64>,
    /// The class of its turnout.
    pub(crate) size: u8,
    /// Voters in each block, on average.
    pub(crate) turnout: Turnout,
}

/// A sample's outline.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) conditions: Conditions,
    pub(crate) proposals: Vec<Planned>,
    pub(crate) blocks: u64,
    /// How many proposals follow the learned history as it was; those after them go on from its end.
    pub(crate) known: usize,
    /// The exponent and the factor on the power of members that come after those.
    pub(crate) later_power: (f64, f64),
}

/// The order of learned proposals that a sample follows. The learned history comes first, as it was; what
/// goes beyond it (or differs from it by a condition) follows runs of the later half, of geometric length
/// (stationary bootstrap: Politis and Romano 1994).
fn order(model: &DaoModel, proposals: usize, category: Option<u32>, stream: &mut Stream) -> Vec<usize> {
    let learned = model.slots.len();
    let fits = |slot: &usize| category.is_none() || model.slots[*slot].category == category;
    let pool: Vec<usize> = (0..learned).filter(fits).collect();
    let mut order: Vec<usize> = if proposals >= pool.len() { pool.clone() } else { Vec::new() };
    let run = (pool.len() as f64 / 8.0).clamp(1.0, 24.0);
    let recent = if proposals > pool.len() { pool.len() / 2 } else { 0 };
    let mut at = 0;
    while order.len() < proposals {
        if order.is_empty() || order.len() == pool.len() && proposals > pool.len() || stream.chance(1.0 / run)
        {
            at = recent + stream.below((pool.len() - recent) as u64) as usize;
        }
        order.push(pool[at]);
        at = if at + 1 < pool.len() { at + 1 } else { recent };
    }
    order
}

/// The factors on each proposal's newcomers and returning voters. Proposals beyond those that were seen share a
/// level that is not known exactly, drawn once a sample, and drift from there.
fn levels(model: &DaoModel, order: &[usize], category: Option<u32>, seed: Seed) -> Vec<[f64; 2]> {
    let fits = |slot: &&Slot| category.is_none() || slot.category == category;
    let seen = model.slots.iter().take(model.observed).filter(fits).count();
    let drawn = streams(seed, "level", &model.dao).stream(0).normal();
    let level = (model.level_spread * drawn).exp();
    // A sample smaller than what was seen is a part of it.
    let seen = if order.len() < seen { order.len() } else { seen };
    let mut stream = streams(seed, "drift", &model.dao).stream(0);
    let mut drift = Drift::new(&model.turnout, &mut stream);
    let factors = |index: usize| match index {
        index if index < seen => [1.0; 2],
        // What was imagined from the prior has no course that could go on.
        _ if model.observed == 0 => [level; 2],
        _ => drift.next(&mut stream).map(|factor| factor * level),
    };
    (0..order.len()).map(factors).collect()
}

/// Newcomers and returning voters of each proposal, over all blocks.
fn wanted(
    model: &DaoModel,
    order: &[usize],
    levels: &[[f64; 2]],
    conditions: &Conditions,
    members: Option<u64>,
) -> Vec<Turnout> {
    let learned = order.iter().zip(levels).map(|(&slot, level)| (model.turnout[slot], level));
    let mut list: Vec<Turnout> = learned
        .map(|(turnout, [newcomers, returning])| Turnout {
            newcomers: turnout.newcomers * newcomers,
            returning: turnout.returning * returning,
        })
        .collect();
    let newcomers: f64 = list.iter().map(|turnout| turnout.newcomers).sum();
    if newcomers <= 0.0 {
        return vec![Turnout { newcomers: 0.0, returning: 0.0 }; order.len()];
    }
    // Members asked for are met through the newcomers; returning voters grow with those there are to return.
    let scale = members.map_or(1.0, |members| members as f64 / newcomers);
    let fewer = conditions.turnout.min(1.0);
    for turnout in &mut list {
        turnout.newcomers *= scale * if members.is_some() { 1.0 } else { fewer };
        turnout.returning *= scale * fewer;
    }
    if conditions.turnout > 1.0 {
        vote_more(&mut list, conditions.turnout);
    }
    if members.is_none() {
        for turnout in &mut list {
            turnout.newcomers *= conditions.newcomers;
        }
    }
    list
}

/// Multiplies the voters by `factor` and keeps the members: they return more often, as far as those seen
/// before suffice. What they cannot give early on, they give later.
fn vote_more(list: &mut [Turnout], factor: f64) {
    let more = |turnout: &Turnout| (factor - 1.0) * turnout.newcomers + factor * turnout.returning;
    let mut known = 0.0;
    let limits: Vec<f64> = list
        .iter()
        .map(|turnout| {
            known += turnout.newcomers;
            known - turnout.newcomers
        })
        .collect();
    let target: f64 = list.iter().map(more).sum();
    let reached = |stretch: f64| -> f64 {
        list.iter().zip(&limits).map(|(turnout, limit)| (stretch * more(turnout)).min(*limit)).sum()
    };
    let (mut low, mut high) = (1.0, 64.0);
    for _ in 0..60 {
        let middle: f64 = (low + high) / 2.0;
        if reached(middle) < target { low = middle } else { high = middle }
    }
    for (turnout, limit) in list.iter_mut().zip(limits) {
        turnout.returning = (high * more(turnout)).min(limit);
    }
}

impl Plan {
    /// The outline of a sample.
    ///
    /// # Errors
    /// Conditions that do not exist, counts over a limit.
    pub(crate) fn new(
        model: &DaoModel,
        parts: &Parts,
        options: &SampleOptions,
        limits: &Limits,
    ) -> Result<Self> {
        let conditions = Conditions::read(&options.conditions)?;
        let category = match &conditions.category {
            Some(name) => match model.categories.iter().position(|category| category == name) {
                Some(index) => Some(index as u32),
                None => {
                    let known = model.categories.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
                    return Err(Error::Options {
                        problems: vec![format!(
                            "the twin of `{}` knows no category `{name}`; categories are {}",
                            model.dao,
                            known.join(", ")
                        )],
                    });
                }
            },
            None => None,
        };
        let learned = model.slots.len() as u64;
        let proposals = options.proposals.unwrap_or(learned);
        for (what, limit, found, allowed) in [
            ("the number of members", "max_members", options.members.unwrap_or(0), limits.max_members),
            ("the number of proposals", "max_proposals", proposals, limits.max_proposals),
        ] {
            if found > allowed {
                return Err(CoreError::Limit { what: what.to_owned(), limit, found, allowed }.into());
            }
        }
        if proposals > MAX_SAMPLED_PROPOSALS.max(learned) {
            let allowed = MAX_SAMPLED_PROPOSALS.max(learned);
            return Err(Error::TooManyProposals { found: proposals, allowed });
        }
        let mut stream = options.seed.streams(&format!("twin plan {}", model.dao)).stream(0);
        let order =
            if learned == 0 { Vec::new() } else { order(model, proposals as usize, category, &mut stream) };
        let levels = levels(model, &order, category, options.seed);
        let turnout = wanted(model, &order, &levels, &conditions, options.members);
        let members: f64 = turnout.iter().map(|turnout| turnout.newcomers).sum();
        let votes = members + turnout.iter().map(|turnout| turnout.returning).sum::<f64>();
        // A block is as large as the learned DAO at least: members of a smaller one would meet fewer others.
        let block = BLOCK_MEMBERS.min(BLOCK_VOTES * members / votes.max(1.0)).max(model.members());
        let blocks = if members > 2.0 * block { (members / block).round() as u64 } else { 1 };
        let mut proposals = Vec::with_capacity(order.len());
        let sizes = model.sizes();
        let mut start = model.epoch;
        let part = parts.get(Part::Proposals);
        let mut calendar = Calendar::new(model);
        let mut drawn_by = streams(options.seed, "proposals part", &model.dao).stream(0);
        for (index, &slot) in order.iter().enumerate() {
            let learned = &model.slots[slot];
            // The calendar is public; small shifts keep samples from being told apart by it.
            let mut jitter = |seconds: i64| (seconds as f64 * (0.9 + 0.2 * stream.uniform())).round() as i64;
            let drawn = match part {
                Some(part) => Some(calendar.draw(part, model, slot, category, &mut drawn_by)?),
                None => None,
            };
            let gap = drawn.map_or_else(|| jitter(learned.gap.unwrap_or(0)), |drawn| drawn.gap);
            // Where only days are known, the hour of the start decides on which side of it a day falls.
            let hour = learned.gap.unwrap_or(0).rem_euclid(86_400);
            let days = (gap - hour + 43_200).div_euclid(86_400);
            let gap = if model.day_precision { hour + days * 86_400 } else { gap };
            start = start.map(|start| start + if index == 0 { 0 } else { gap.max(0) });
            let duration = drawn.map_or(learned.duration, |drawn| drawn.duration);
            let duration = duration.map(|seconds| seconds as f64 * conditions.duration);
            let delay = match drawn {
                Some(drawn) => drawn.delay,
                None => start.and(learned.delay).map(|delay| jitter(delay.max(0))),
            };
            let created_at = start.zip(delay).map(|(start, delay)| start - delay);
            proposals.push(Planned {
                slot,
                size: sizes[slot],
                category: drawn.map_or(learned.category, |drawn| drawn.category),
                quorum: drawn.map_or(learned.quorum, |drawn| drawn.quorum),
                created_at,
                start_at: start,
                end_at: start.zip(duration).map(|(start, duration)| start + duration as i64),
                turnout: Turnout {
                    newcomers: turnout[index].newcomers / blocks as f64,
                    returning: turnout[index].returning / blocks as f64,
                },
            });
        }
        // How many proposals repeat the learned history; what comes after them may differ in power too.
        let known = if order.len() > model.slots.len() && category.is_none() {
            model.slots.len()
        } else {
            order.len()
        };
        let later_power = later_power(&mut streams(options.seed, "later power", &model.dao).stream(0));
        Ok(Self { conditions, proposals, blocks, known, later_power })
    }
}

/// The streams of one DAO's samples.
pub(crate) fn streams(seed: Seed, purpose: &str, dao: &str) -> daotwin_core::Streams {
    seed.streams(&format!("twin {purpose} {dao}"))
}
