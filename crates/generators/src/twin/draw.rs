//! Drawing one block: members, who votes on what, with which power, when and for what.

use daotwin_core::{Run, Seed, Stream};
use daotwin_history::amount;

use super::bins::{
    LEVEL_BINS, SESSION_EDGES, STEADY_BINS, TIME_BINS, bucket, in_session, level_value, steady_value,
};
use super::calibrate::{People, round_systematically};
use super::estimate::{core, steady_row};
use super::measure::{JOINT_STARTS, whole_days};
use super::model::{DaoModel, PowerPiece};
use super::outcome::{Form, Voter, assign, assign_leaning, assign_sets, ballot};
use super::participation::{CellWeights, Participation};
use super::parts::{Part, Parts, Setting, Voting};
use super::plan::{Plan, streams};
use crate::error::Result;

/// The ballots of one block by proposal, then time.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Members of this block.
    pub(crate) members: u32,
    /// Where each proposal's ballots start; one more entry than proposals.
    pub(crate) starts: Vec<u32>,
    pub(crate) member: Vec<u32>,
    pub(crate) at: Vec<Option<i64>>,
    /// Base units.
    pub(crate) power: Vec<i128>,
    /// First choices, 0-based.
    pub(crate) choice: Vec<u16>,
    /// For ballots with several entries: all of them, by ballot; empty where the system takes one.
    pub(crate) entries: std::collections::BTreeMap<u32, Vec<u16>>,
}

/// Exponent of the time between two ballots in the hazard that the power changed. Below 1: those whose power
/// changes readily change it soon (in the public histories of `governance-core`, 0.6 to 0.8).
const HAZARD_EXPONENT: f64 = 0.65;
/// Standard deviation, between members of equal exposure, of the logarithm of what their steadiness is ranked
/// by: luck and habit. Same source.
const HABIT: f64 = 1.6;

/// For each ballot, how much the time since its member's previous ballot counts towards a change of power; 0
/// for first ballots and where times are not known. Ballots as in [`by_member`].
fn exposures((starts, list): &(Vec<u32>, Vec<u32>), proposal_of: &[u32], plan: &Plan) -> Vec<f64> {
    let start = |vote: u32| plan.proposals[proposal_of[vote as usize] as usize].start_at;
    let mut exposures = vec![0.0; proposal_of.len()];
    for pair in starts.windows(2) {
        for votes in list[pair[0] as usize..pair[1] as usize].windows(2) {
            if let (Some(before), Some(now)) = (start(votes[0]), start(votes[1])) {
                exposures[votes[1] as usize] = ((now - before).max(0) as f64).powf(HAZARD_EXPONENT);
            }
        }
    }
    exposures
}

/// Each member's share of unchanged powers. The shares of members with about as many ballots follow the
/// learned law, stratified; they fall in the order of the time between ballots, but for habit.
fn steadiness(
    model: &DaoModel,
    (starts, list): &(Vec<u32>, Vec<u32>),
    exposures: &[f64],
    stream: &mut Stream,
) -> Vec<f64> {
    let mut rows: Vec<Vec<(f64, u32)>> = vec![Vec::new(); model.steady.len() / STEADY_BINS];
    for (member, pair) in starts.windows(2).enumerate() {
        let steps = (pair[1] - pair[0]).saturating_sub(1);
        if steps > 0 {
            let votes = &list[pair[0] as usize..pair[1] as usize];
            let total: f64 = votes.iter().map(|&vote| exposures[vote as usize]).sum();
            let score = (total / f64::from(steps) + 1.0).ln() + HABIT * stream.normal();
            rows[steady_row(steps + 1)].push((score, member as u32));
        }
    }
    let mut shares = vec![1.0; starts.len() - 1];
    for (row, members) in rows.iter_mut().enumerate() {
        members.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let law = Table::new(&model.steady[row * STEADY_BINS..(row + 1) * STEADY_BINS]);
        let count = members.len() as f64;
        for (rank, &(_, member)) in members.iter().enumerate() {
            let bin = law.at((rank as f64 + stream.uniform()) / count);
            shares[member as usize] = steady_value(bin, stream.uniform());
        }
    }
    shares
}

/// The hazard with which a member's steps stay unchanged with the mean probability `unchanged`; `None` where
/// the steps' exposures cannot tell them apart.
fn hazard(unchanged: f64, exposures: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let steps = exposures.clone().count() as f64;
    let mean = exposures.clone().sum::<f64>() / steps;
    if unchanged <= 0.0 || mean <= 0.0 {
        return None;
    }
    // Newton's method from the left of the root of a convex falling function: it never oversteps.
    let mut hazard = -unchanged.ln() / mean;
    for _ in 0..5 {
        let (mut value, mut slope) = (0.0, 0.0);
        for exposure in exposures.clone() {
            let stays = (-hazard * exposure).exp();
            value += stays;
            slope += exposure * stays;
        }
        hazard += (value - unchanged * steps).max(0.0) / slope.max(1e-300);
    }
    Some(hazard)
}

/// A member's powers from ballot to ballot, relative to its mean: it keeps its level, or takes another one
/// from the law of levels of its class of spread, the likelier the longer its last ballot is ago.
fn power_path(
    model: &DaoModel,
    unchanged: f64,
    votes: &[u32],
    exposures: &[f64],
    stream: &mut Stream,
    path: &mut Vec<f64>,
) {
    path.clear();
    path.push(1.0);
    if votes.len() < 2 {
        return;
    }
    if unchanged >= 1.0 {
        path.resize(votes.len(), 1.0);
        return;
    }
    let class = stream.weighted(&model.spread) * (LEVEL_BINS + 1);
    let levels = &model.level[class..=class + LEVEL_BINS];
    let level = |stream: &mut Stream| match stream.weighted(levels) {
        LEVEL_BINS => 0.0,
        bin => 10_f64.powf(level_value(bin, stream.uniform())),
    };
    path[0] = level(stream);
    let steps = votes[1..].iter().map(|&vote| exposures[vote as usize]);
    let hazard = hazard(unchanged, steps.clone());
    for exposure in steps {
        let before = path[path.len() - 1];
        let stays = hazard.map_or(unchanged, |hazard| (-hazard * exposure).exp());
        let next = if stream.chance(stays) { before } else { level(stream) };
        path.push(next);
    }
}

/// Draws from a table of shares: the running sums, searched.
#[derive(Debug)]
struct Table {
    sums: Vec<f64>,
}

impl Table {
    fn new(weights: &[f64]) -> Self {
        let mut sum = 0.0;
        let sums = weights.iter().map(|weight| {
            sum += weight.max(0.0);
            sum
        });
        Self { sums: sums.collect() }
    }

    fn draw(&self, stream: &mut Stream) -> usize {
        self.at(stream.uniform())
    }

    /// The index at `share` (0 to 1) of the weights; at that share of the indices where there are none.
    fn at(&self, share: f64) -> usize {
        let total = self.sums.last().copied().unwrap_or(0.0);
        if total <= 0.0 {
            return ((share * self.sums.len() as f64) as usize).min(self.sums.len() - 1);
        }
        let target = share * total;
        self.sums.partition_point(|&sum| sum <= target).min(self.sums.len() - 1)
    }
}

/// The tables that are drawn from for every ballot.
#[derive(Debug)]
pub(crate) struct Tables {
    weights: CellWeights,
    time: [Table; 2],
    session: Table,
    hour_accept: Vec<f64>,
    /// For each group and coarse bucket of votes: running sums of members over the pieces of power.
    powers: Vec<Vec<(f64, PowerPiece)>>,
    median: f64,
}

impl Tables {
    pub(crate) fn new(model: &DaoModel) -> Self {
        let (newcomers, returning) = model.time.split_at(TIME_BINS);
        let most = model.hour.iter().copied().fold(1e-300, f64::max);
        let mut powers = vec![Vec::new(); model.groups() * JOINT_STARTS.len()];
        for (row, members) in model.power_by_count.chunks(model.power.len()).enumerate() {
            for (piece, members) in model.power.iter().zip(members) {
                let list: &mut Vec<(f64, PowerPiece)> =
                    &mut powers[usize::from(piece.group) * JOINT_STARTS.len() + row];
                let below = list.last().map_or(0.0, |(sum, _)| *sum);
                // A cell that nobody was counted in borrows a little from the law of all.
                list.push((below + members + 1e-3 * piece.weight, *piece));
            }
        }
        let mut below = 0.0;
        let half = 0.5 * model.power.iter().map(|piece| piece.weight).sum::<f64>();
        let median = model.power.iter().find(|piece| {
            below += piece.weight;
            below >= half
        });
        Self {
            weights: CellWeights::new(&model.weights),
            time: [Table::new(newcomers), Table::new(returning)],
            session: Table::new(&model.session),
            // Of times known to the day, the hour says nothing.
            hour_accept: if model.day_precision {
                vec![1.0; model.hour.len()]
            } else {
                model.hour.iter().map(|share| share / most).collect()
            },
            powers,
            median: median.map_or(1.0, |piece| piece.at(0.5)).max(1e-12),
        }
    }

    /// The mean power of the member at rank `share` (0 to 1) of its cell of group and bucket of votes.
    fn power(&self, cell: usize, share: f64) -> f64 {
        let pieces = &self.powers[cell];
        let Some((total, last)) = pieces.last() else { return 0.0 };
        let target = share * total;
        let index = pieces.partition_point(|(sum, _)| *sum <= target);
        let Some((sum, piece)) = pieces.get(index) else { return last.high };
        let below = index.checked_sub(1).map_or(0.0, |before| pieces[before].0);
        piece.at(((target - below) / (sum - below).max(1e-300)).clamp(0.0, 1.0))
    }

    /// A time in the window.
    fn time(&self, returning: bool, start: i64, end: i64, stream: &mut Stream) -> i64 {
        let mut at = start;
        for _ in 0..4 {
            let bin = self.time[usize::from(returning)].draw(stream);
            let position = (bin as f64 + stream.uniform()) / TIME_BINS as f64;
            at = start + ((end - start) as f64 * position) as i64;
            if stream.chance(self.hour_accept[(at.rem_euclid(86_400) / 3_600) as usize]) {
                break;
            }
        }
        at
    }
}

/// Draws a block.
///
/// Determinism: the draws depend on the seed, the DAO and the block's number alone.
///
/// # Errors
/// Cancellation.
pub(crate) fn block(
    model: &DaoModel,
    parts: &Parts,
    tables: &Tables,
    plan: &Plan,
    seed: Seed,
    number: u64,
    run: &Run,
) -> Result<Block> {
    let mut stream = streams(seed, "participation", &model.dao).stream(number);
    let newcomers = round_systematically(plan.proposals.iter().map(|p| p.turnout.newcomers), &mut stream);
    let returning = round_systematically(plan.proposals.iter().map(|p| p.turnout.returning), &mut stream);
    let members = newcomers.iter().sum::<u64>() as usize;
    let known = newcomers[..plan.known.min(newcomers.len())].iter().sum::<u64>() as usize;
    let people = People { shares: &model.group_shares(), early_power: model.early_power };
    let (groups, scores) = people.arrive(known, members, &mut stream);
    let mut process = Participation::new(&tables.weights);
    let mut result = Block { members: members as u32, starts: vec![0], ..Block::default() };
    let mut old = Vec::new();
    let mut next = 0;
    for (index, (&new, &back)) in newcomers.iter().zip(&returning).enumerate() {
        if index % 64 == 0 {
            run.check()?;
        }
        let arriving = &groups[next..next + new as usize];
        next += new as usize;
        result.member.extend_from_slice(process.next(
            plan.proposals[index].size,
            back,
            arriving,
            &mut stream,
        ));
        let from = result.starts[index] as usize;
        old.resize(from, false);
        old.resize(from + process.returning(), true);
        old.resize(result.member.len(), false);
        result.starts.push(result.member.len() as u32);
    }
    let votes = result.member.len();
    let by_member = by_member(&result.member, members);
    run.check()?;

    // Stratified powers: within a group, members take the ranks in random order, or in that of their scores.
    let mut anchors = anchors((&groups, &scores), &by_member.0, tables, plan, &mut stream);
    if plan.known < plan.proposals.len() {
        let (exponent, factor) = plan.later_power;
        for anchor in anchors[known..].iter_mut().filter(|anchor| **anchor > 0.0) {
            *anchor = factor * tables.median * (*anchor / tables.median).powf(exponent);
        }
    }
    result.power = vec![0; votes];
    result.at = vec![None; votes];
    let mut dissent = vec![1.0_f64; members];
    let mut tokens = vec![0.0_f64; votes];
    let mut stream = streams(seed, "member", &model.dao).stream(number);
    let proposal_of = proposal_of(&result.starts);
    // Ballots whose power is their member's own, not their proposal's.
    let equal: Vec<Option<f64>> =
        plan.proposals.iter().map(|planned| model.equal_power(planned.slot)).collect();
    let filtered;
    let own = if equal.iter().any(Option::is_some) {
        filtered = kept(&by_member, |vote| equal[proposal_of[vote as usize] as usize].is_none());
        for (vote, &proposal) in proposal_of.iter().enumerate() {
            if let Some(power) = equal[proposal as usize] {
                result.power[vote] = amount::from_tokens(power, model.decimals);
                tokens[vote] = amount::to_tokens(result.power[vote], model.decimals);
            }
        }
        &filtered
    } else {
        &by_member
    };
    let exposures = exposures(own, &proposal_of, plan);
    let unchanged = steadiness(model, own, &exposures, &mut stream);
    let mut path = Vec::new();
    let part = parts.get(Part::Votes);
    for member in 0..members {
        if model.dissent_shape.is_finite() && !of(&by_member, member).is_empty() {
            dissent[member] = stream.gamma(model.dissent_shape) / model.dissent_shape;
        }
        let list = of(own, member);
        if !list.is_empty() {
            power_path(model, unchanged[member], list, &exposures, &mut stream, &mut path);
            let mean = path.iter().sum::<f64>() / path.len() as f64;
            let mut before = f64::NAN;
            let mut units = 0;
            for (&vote, &relative) in list.iter().zip(&path) {
                let vote = vote as usize;
                if relative != before {
                    before = relative;
                    tokens[vote] = if mean > 0.0 { anchors[member] * relative / mean } else { 0.0 };
                    units = amount::from_tokens(tokens[vote], model.decimals);
                }
                tokens[vote] = amount::to_tokens(units, model.decimals);
                result.power[vote] = units;
            }
        }
        if part.is_some() {
            // The part's model draws times too.
            continue;
        }
        let mut last: Option<i64> = None;
        for &vote in of(&by_member, member) {
            let vote = vote as usize;
            let planned = &plan.proposals[proposal_of[vote] as usize];
            if let (Some(start), Some(end)) = (planned.start_at, planned.end_at) {
                last = Some(vote_time(model, tables, (start, end), last, old[vote], &mut stream));
                result.at[vote] = last;
            }
        }
    }
    run.check()?;
    let mut voting = part.map(|part| {
        let streams = streams(seed, "votes part", &model.dao);
        Voting::new(part, model, members, streams, (number, plan.proposals.len()))
    });
    choose(model, plan, (seed, number), (&tokens, &dissent), voting.as_mut(), &mut result, run)?;
    Ok(order_by_time(result))
}

/// Ballots of each member in order of proposals: starts and list.
fn by_member(votes: &[u32], members: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; members + 1];
    for &member in votes {
        starts[member as usize + 1] += 1;
    }
    for member in 0..members {
        starts[member + 1] += starts[member];
    }
    let mut fill = starts.clone();
    let mut list = vec![0_u32; votes.len()];
    for (vote, &member) in votes.iter().enumerate() {
        list[fill[member as usize] as usize] = vote as u32;
        fill[member as usize] += 1;
    }
    (starts, list)
}

/// A member's ballots.
fn of((starts, list): &(Vec<u32>, Vec<u32>), member: usize) -> &[u32] {
    &list[starts[member] as usize..starts[member + 1] as usize]
}

/// The lists without some of their ballots.
fn kept((starts, list): &(Vec<u32>, Vec<u32>), keep: impl Fn(u32) -> bool) -> (Vec<u32>, Vec<u32>) {
    let mut kept = (vec![0], Vec::with_capacity(list.len()));
    for pair in starts.windows(2) {
        kept.1.extend(list[pair[0] as usize..pair[1] as usize].iter().copied().filter(|&vote| keep(vote)));
        kept.0.push(kept.1.len() as u32);
    }
    kept
}

fn proposal_of(starts: &[u32]) -> Vec<u32> {
    let mut list = Vec::with_capacity(starts.last().copied().unwrap_or(0) as usize);
    for (proposal, pair) in starts.windows(2).enumerate() {
        list.extend(std::iter::repeat_n(proposal as u32, (pair[1] - pair[0]) as usize));
    }
    list
}

/// Each member's mean power: stratified, so that the law of a cell of group and bucket of votes is met as
/// closely as its members allow.
fn anchors(
    (groups, scores): (&[u8], &[f64]),
    starts: &[u32],
    tables: &Tables,
    plan: &Plan,
    stream: &mut Stream,
) -> Vec<f64> {
    let mut cells: Vec<Vec<u32>> = vec![Vec::new(); tables.powers.len()];
    for (member, &group) in groups.iter().enumerate() {
        let votes = starts[member + 1] - starts[member];
        cells[usize::from(group) * JOINT_STARTS.len() + bucket(&JOINT_STARTS, votes)].push(member as u32);
    }
    let mut anchors = vec![0.0; groups.len()];
    let exponent = plan.conditions.power_exponent;
    for (cell, members) in cells.iter_mut().enumerate() {
        if scores.is_empty() {
            stream.shuffle(members);
        } else {
            members.sort_unstable_by(|&left, &right| {
                scores[left as usize].total_cmp(&scores[right as usize]).then(left.cmp(&right))
            });
        }
        let count = members.len() as f64;
        for (rank, &member) in members.iter().enumerate() {
            let power = tables.power(cell, (rank as f64 + stream.uniform()) / count);
            anchors[member as usize] = if exponent == 1.0 || power <= 0.0 {
                power
            } else {
                tables.median * (power / tables.median).powf(exponent)
            };
        }
    }
    anchors
}

fn vote_time(
    model: &DaoModel,
    tables: &Tables,
    (start, end): (i64, i64),
    last: Option<i64>,
    returning: bool,
    stream: &mut Stream,
) -> i64 {
    let mut at = None;
    if let Some(last) = last.filter(|&last| last >= start) {
        let class = tables.session.draw(stream);
        if in_session(class) {
            let (low, high) = (SESSION_EDGES[class - 1], SESSION_EDGES[class]);
            at = Some(last + low + ((high - low) as f64 * stream.uniform()) as i64);
        }
    }
    let at = at.unwrap_or_else(|| {
        let (start, end) = if model.day_precision { whole_days(start, end) } else { (start, end) };
        tables.time(returning, start, end, stream)
    });
    let at = if model.day_precision { at - at.rem_euclid(86_400) } else { at };
    at.clamp(start, end)
}

fn choose(
    model: &DaoModel,
    plan: &Plan,
    (seed, number): (Seed, u64),
    (tokens, dissent): (&[f64], &[f64]),
    mut voting: Option<&mut Voting<'_>>,
    result: &mut Block,
    run: &Run,
) -> Result<()> {
    let streams = super::plan::streams(seed, "choice", &model.dao);
    result.choice = vec![0; result.member.len()];
    let mut counts = vec![0_u32; dissent.len()];
    let mut first = vec![(u32::MAX, None); dissent.len()];
    for (proposal, pair) in result.starts.windows(2).enumerate() {
        for vote in pair[0] as usize..pair[1] as usize {
            let member = result.member[vote] as usize;
            counts[member] += 1;
            first[member] = first[member].min((proposal as u32, result.at[vote]));
        }
    }
    let in_core = core(&counts, model.core, |member| first[member]);
    // Blocks are parts of one DAO: they share the outcomes, which the first stream draws.
    let mut outcomes =
        draw_outcomes(model, plan, &mut super::plan::streams(seed, "outcomes", &model.dao).stream(0));
    if plan.blocks == 1 {
        make_feasible(model, tokens, &result.starts, &mut outcomes);
    }
    let exchanged = later_outcomes(model, plan, seed, &mut outcomes);
    let mut voters = Vec::new();
    let mut order: Vec<u32> = Vec::new();
    for (proposal, planned) in plan.proposals.iter().enumerate() {
        let range = result.starts[proposal] as usize..result.starts[proposal + 1] as usize;
        if range.is_empty() {
            continue;
        }
        let mut stream = streams.stream(number * plan.proposals.len() as u64 + proposal as u64);
        voters.clear();
        voters.extend(range.clone().map(|vote| {
            let member = result.member[vote] as usize;
            Voter { power: tokens[vote], dissent: dissent[member], core: in_core[member] }
        }));
        order.clear();
        order.extend(0..voters.len() as u32);
        order.sort_unstable_by(|&a, &b| voters[b as usize].power.total_cmp(&voters[a as usize].power));
        let other;
        let mut outcome = &model.outcomes[outcomes[proposal]];
        if exchanged.get(proposal) == Some(&true) {
            other = outcome.exchanged();
            outcome = &other;
        }
        let form = model.form(planned.slot);
        let choices = (model.slots[planned.slot].choices as usize).max(outcome.heads.len()).max(1);
        let mut leans = None;
        let window = planned.start_at.zip(planned.end_at);
        let setting = Setting::new(form, model.slots[planned.slot].choices, outcome, voters.len(), window);
        if let Some(voting) = voting.as_mut() {
            run.check()?;
            let ballots: Vec<(u32, f64)> =
                range.clone().map(|vote| (result.member[vote], tokens[vote])).collect();
            let active: Vec<bool> = voters.iter().map(|voter| voter.core).collect();
            let decides = form != Form::Set && outcome.heads.len() > 1;
            let drawn =
                voting.draw(&setting, proposal as u32, &ballots, decides.then_some(active.as_slice()))?;
            result.at[range.clone()].copy_from_slice(&drawn.0);
            leans = drawn.1;
        }
        if form == Form::Set {
            let sets = assign_sets(outcome, &voters, &order, &model.ballot_size, &mut stream);
            for (vote, entries) in range.clone().zip(sets) {
                result.choice[vote] = entries.first().copied().unwrap_or(0);
                result.entries.insert(vote as u32, entries);
            }
        } else {
            let chosen = match &leans {
                Some(leans) => {
                    let lean = |voter, choice| leans.at(voter, choice);
                    assign_leaning(outcome, &voters, &order, lean, &mut stream)
                }
                None => assign(outcome, &voters, &order, &mut stream),
            };
            if form == Form::Ranking {
                for (vote, &first) in range.clone().zip(&chosen) {
                    let entries = ballot(first, choices, choices, &outcome.heads, &mut stream);
                    result.entries.insert(vote as u32, entries);
                }
            }
            result.choice[range.clone()].copy_from_slice(&chosen);
        }
        if let Some(voting) = voting.as_mut() {
            for vote in range {
                voting.record(
                    &setting,
                    proposal as u32,
                    result.member[vote],
                    result.at[vote],
                    result.choice[vote],
                );
            }
        }
    }
    Ok(())
}

/// Which learned proposal's outcome each proposal gets: that of a proposal near its own in the learned order,
/// of the same category, number of choices and class of turnout.
fn draw_outcomes(model: &DaoModel, plan: &Plan, stream: &mut Stream) -> Vec<usize> {
    let alike =
        |slot: usize| (model.slots[slot].category, model.form(slot), model.outcomes[slot].heads.len());
    let sizes = model.sizes();
    let reach = (model.slots.len() / 6).max(4);
    if model.slots.len() < 3 * reach {
        // Too few to lend each other anything.
        return plan.proposals.iter().map(|planned| planned.slot).collect();
    }
    plan.proposals
        .iter()
        .map(|planned| {
            let own = planned.slot;
            let near = own.saturating_sub(reach)..(own + reach + 1).min(model.slots.len());
            for _ in 0..48 {
                let slot = near.start + stream.below(near.len() as u64) as usize;
                if alike(slot) == alike(own) && sizes[slot] == sizes[own] {
                    return slot;
                }
            }
            own
        })
        .collect()
}

/// Gives the proposals beyond the learned history outcomes that pass as often as the level of that history,
/// which wanders on, says. True for those whose outcome is to be met with its first two choices exchanged,
/// because no learned proposal like them ended so.
fn later_outcomes(model: &DaoModel, plan: &Plan, seed: Seed, outcomes: &mut [usize]) -> Vec<bool> {
    let ahead = outcomes.len() - plan.known.min(outcomes.len());
    if ahead == 0 {
        return Vec::new();
    }
    let mut stream = super::plan::streams(seed, "later outcomes", &model.dao).stream(0);
    let lead = |slot: usize| model.outcomes[slot].lead() == 0;
    let voted = |slot: &usize| model.turnout[*slot].newcomers + model.turnout[*slot].returning > 0.0;
    let learned: Vec<usize> = (0..model.slots.len()).filter(voted).collect();
    let passed: Vec<bool> = learned.iter().map(|&slot| lead(slot)).collect();
    let rate = super::drift::pass_rate(&passed, ahead, &mut stream);
    let mut exchanged = vec![false; outcomes.len()];
    for (proposal, outcome) in outcomes.iter_mut().enumerate().skip(plan.known) {
        let passes = stream.chance(rate);
        let alike = |slot: usize| {
            lead(slot) == passes
                && model.slots[slot].category == model.slots[*outcome].category
                && model.form(slot) == model.form(*outcome)
                && model.outcomes[slot].heads.len() == model.outcomes[*outcome].heads.len()
        };
        if lead(*outcome) == passes || learned.is_empty() {
            continue;
        }
        let mut tries = (0..64).map(|_| learned[stream.below(learned.len() as u64) as usize]);
        match tries.find(|&slot| alike(slot)) {
            Some(slot) => *outcome = slot,
            None => exchanged[proposal] = true,
        }
    }
    exchanged
}

/// Exchanges outcomes between proposals of the same number of choices where the voters of one cannot meet its
/// own: one voter holds more than the winner should get, or the winner's few heads cannot hold as much power
/// as they should.
fn make_feasible(model: &DaoModel, tokens: &[f64], starts: &[u32], outcomes: &mut [usize]) {
    let prefixes: Vec<Vec<f64>> = starts
        .windows(2)
        .map(|pair| {
            let mut powers = tokens[pair[0] as usize..pair[1] as usize].to_vec();
            powers.sort_unstable_by(|a, b| b.total_cmp(a));
            let total: f64 = powers.iter().sum::<f64>().max(1e-300);
            let mut sum = 0.0;
            powers
                .iter()
                .map(|power| {
                    sum += power / total;
                    sum
                })
                .collect()
        })
        .collect();
    let targets: Vec<(f64, f64)> = model
        .outcomes
        .iter()
        .map(|outcome| {
            let share = |list: &[f32]| f64::from(list.get(outcome.lead()).copied().unwrap_or(1.0));
            (share(&outcome.heads), share(&outcome.power))
        })
        .collect();
    let fits = |proposal: usize, slot: usize| {
        let prefix = &prefixes[proposal];
        let (heads, power) = targets[slot];
        let most = (heads * prefix.len() as f64).ceil() as usize;
        let reachable = prefix.get(most.min(prefix.len().saturating_sub(1))).copied().unwrap_or(1.0);
        prefix.first().is_none_or(|&top| top <= power + 0.02) && reachable >= 0.9 * power
    };
    let count = outcomes.len();
    for here in 0..count {
        if fits(here, outcomes[here]) {
            continue;
        }
        // The nearest in order first: neighbours are alike.
        let near = (1..count).flat_map(|step| [here.checked_sub(step), Some(here + step)]).flatten();
        let exchange = |&there: &usize| {
            there < count && {
                let (size, other) = (prefixes[here].len(), prefixes[there].len());
                let (slot, fetched) = (outcomes[here], outcomes[there]);
                other < 2 * size
                    && size < 2 * other
                    && model.outcomes[slot].heads.len() == model.outcomes[fetched].heads.len()
                    && model.form(slot) == model.form(fetched)
                    && fits(there, slot)
                    && fits(here, fetched)
            }
        };
        if let Some(there) = near.take(400).find(exchange) {
            outcomes.swap(here, there);
        }
    }
}

/// Puts each proposal's ballots in order of time.
fn order_by_time(mut block: Block) -> Block {
    let mut order: Vec<u32> = (0..block.member.len() as u32).collect();
    for pair in block.starts.windows(2) {
        let range = pair[0] as usize..pair[1] as usize;
        order[range].sort_unstable_by_key(|&vote| (block.at[vote as usize], vote));
    }
    let pick = |vote: &u32| *vote as usize;
    block.member = order.iter().map(|vote| block.member[pick(vote)]).collect();
    block.at = order.iter().map(|vote| block.at[pick(vote)]).collect();
    block.power = order.iter().map(|vote| block.power[pick(vote)]).collect();
    block.choice = order.iter().map(|vote| block.choice[pick(vote)]).collect();
    if !block.entries.is_empty() {
        block.entries = order
            .iter()
            .enumerate()
            .filter_map(|(new, old)| block.entries.remove(old).map(|entries| (new as u32, entries)))
            .collect();
    }
    block
}
