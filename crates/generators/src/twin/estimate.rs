//! From counts to the model of one DAO.

use std::collections::BTreeMap;

use daotwin_core::{Run, Seed, statistics};
use daotwin_history::Side;
use daotwin_history::schema::Precision;
use daotwin_history::view::DaoView;

use super::bins::{COUNT_STARTS, LEVEL_BINS, PowerGrid, STEADY_BINS, TIME_BINS, bucket, size_classes};
use super::calibrate::{People, Targets, calibrate};
use super::holdings;
use super::measure::{Frame, JOINT_STARTS, Query, Record, exact, records};
use super::model::{DaoModel, PowerPiece, Slot, Turnout};
use super::outcome::{Form, Outcome, mean_size};
use super::participation::Weights;
use super::prior::Pooled;
use super::private;
use crate::error::Result;

/// The counts that a model is made from.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    pub(crate) grid: PowerGrid,
    pub(crate) values: BTreeMap<Query, Vec<f64>>,
    /// Standard deviation of the noise in each cell; 0 without privacy.
    pub(crate) sigma: BTreeMap<Query, f64>,
    /// Whether contributions were scaled to an L2 norm of 1.
    pub(crate) bounded: bool,
}

impl Counts {
    pub(crate) fn get(&self, query: Query) -> &[f64] {
        self.values.get(&query).map_or(&[], Vec::as_slice)
    }

    /// The counts by the names of their queries.
    pub(crate) fn named(&self) -> BTreeMap<String, Vec<f64>> {
        self.values.iter().map(|(query, values)| (query.name().to_owned(), values.clone())).collect()
    }

    pub(crate) fn sigma(&self, query: Query) -> f64 {
        self.sigma.get(&query).copied().unwrap_or(0.0)
    }
}

/// Shares of a group's upper ends among members with power, from the least powerful.
const GROUP_ENDS: [f64; 8] = [0.25, 0.5, 0.7, 0.84, 0.92, 0.97, 0.99, 1.0];
/// A group holds at least this many members, so that its counts say something.
const GROUP_MEMBERS: f64 = 6.0;

/// The law of members' mean power and its groups.
fn power_law(counts: &Counts, atoms: &[(f64, f64)]) -> Vec<PowerPiece> {
    let bins = counts.get(Query::Power);
    let mut pieces: Vec<PowerPiece> = Vec::new();
    let mut left: Vec<f64> = bins.iter().map(|count| count.max(0.0)).collect();
    for &(value, members) in atoms {
        let bin = counts.grid.bin(value);
        left[bin] = (left[bin] - members).max(0.0);
        pieces.push(PowerPiece { low: value, high: value, weight: members, group: 0 });
    }
    for (bin, &weight) in left.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        let (low, high) = counts.grid.edges(bin);
        let ends = if bin == 0 { (0.0, 0.0) } else { (10_f64.powf(low), 10_f64.powf(high)) };
        pieces.push(PowerPiece { low: ends.0, high: ends.1, weight, group: 0 });
    }
    pieces.sort_unstable_by(|a, b| {
        (a.low, a.high).partial_cmp(&(b.low, b.high)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let total: f64 = pieces.iter().map(|piece| piece.weight).sum();
    for piece in &mut pieces {
        piece.weight /= total.max(1e-300);
    }
    let zero: f64 = pieces.iter().filter(|piece| piece.high <= 0.0).map(|piece| piece.weight).sum();
    let positive = 1.0 - zero;
    let ends: Vec<f64> = {
        let mut kept = Vec::new();
        let mut last = 0.0;
        for end in GROUP_ENDS {
            if (end - last) * positive * total >= GROUP_MEMBERS || end == 1.0 {
                kept.push(end);
                last = end;
            }
        }
        if kept.len() > 1 && (1.0 - kept[kept.len() - 2]) * positive * total < GROUP_MEMBERS {
            kept.remove(kept.len() - 2);
        }
        kept
    };
    let first = u8::from(zero * total >= 1.0);
    let mut below = 0.0;
    let mut group = 0;
    for piece in &mut pieces {
        if piece.high <= 0.0 {
            continue;
        }
        // A piece belongs to the group in which its middle lies; bins are not divided.
        let middle = (below + piece.weight / 2.0) / positive.max(1e-300);
        while group + 1 < ends.len() && middle > ends[group] {
            group += 1;
        }
        piece.group = first + group as u8;
        below += piece.weight;
    }
    // Groups without a piece would leave holes in the numbering.
    let mut used: Vec<u8> = pieces.iter().map(|piece| piece.group).collect();
    used.sort_unstable();
    used.dedup();
    for piece in &mut pieces {
        piece.group = used.partition_point(|&group| group < piece.group) as u8;
    }
    pieces
}

/// Mean powers that several members share exactly, with how many do.
fn shared_powers(records: &[Record]) -> Vec<(f64, f64)> {
    let mut means: Vec<f64> =
        records.iter().filter_map(Record::mean_power).filter(|mean| *mean > 0.0).collect();
    means.sort_unstable_by(f64::total_cmp);
    let least = (means.len() as f64 * 0.002).max(5.0) as usize;
    means
        .chunk_by(|a, b| a == b)
        .filter(|same| same.len() >= least)
        .map(|same| (same[0], same.len() as f64))
        .collect()
}

/// Ballots that a proposal has at least for equal powers to be its rule and not chance.
const EQUAL_BALLOTS: usize = 10;

/// The proposals on which every ballot has the same power, with that power in tokens: those of one member one
/// vote in a DAO whose other proposals weigh members. None where most proposals are so: there, each member
/// simply has that power.
fn equal_powers(view: &DaoView) -> BTreeMap<u32, f64> {
    let equal = view.proposals.iter().enumerate().filter_map(|(index, proposal)| {
        let ballots = &view.votes[proposal.votes.clone()];
        let alike =
            ballots.len() >= EQUAL_BALLOTS && ballots.iter().all(|vote| vote.power == ballots[0].power);
        alike.then(|| (index as u32, view.tokens(&ballots[0])))
    });
    let equal: BTreeMap<u32, f64> = equal.collect();
    if 2 * equal.len() > view.proposals.len() { BTreeMap::new() } else { equal }
}

/// The records without the ballots on these proposals: those whose power is the member's own.
fn own_power(records: &[Record], equal: &BTreeMap<u32, f64>) -> Vec<Record> {
    let mut own = records.to_vec();
    for record in &mut own {
        record.ballots.retain(|ballot| !equal.contains_key(&ballot.proposal));
    }
    own
}

/// Words in order of their first use, with their numbers.
#[derive(Default)]
struct Words {
    list: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Words {
    fn number(&mut self, word: Option<&String>) -> Option<u32> {
        let word = word?;
        if let Some(&number) = self.numbers.get(word) {
            return Some(number);
        }
        let number = self.list.len() as u32;
        self.list.push(word.clone());
        self.numbers.insert(word.clone(), number);
        Some(number)
    }
}

fn slots(view: &DaoView) -> (Vec<Slot>, Vec<String>, Vec<String>) {
    let (mut categories, mut systems) = (Words::default(), Words::default());
    let mut before: Option<i64> = None;
    let slots = view
        .proposals
        .iter()
        .map(|proposal| {
            let gap = proposal.start_at.map(|start| start - before.unwrap_or(start));
            before = proposal.start_at.or(before);
            Slot {
                gap,
                delay: proposal.start_at.zip(proposal.created_at).map(|(start, created)| start - created),
                duration: proposal.start_at.zip(proposal.end_at).map(|(start, end)| end - start),
                category: categories.number(proposal.category.as_ref()),
                voting_system: systems.number(proposal.voting_system.as_ref()),
                choices: proposal.choices,
                sides: proposal.labels.iter().map(|label| Side::of(label).letter()).collect(),
                quorum: proposal.quorum,
            }
        })
        .collect();
    (slots, categories.list, systems.list)
}

/// How many of the most active members have targets of their own for choices.
const CORE_MEMBERS: usize = 150;

/// The votes from which on a member belongs to the core, and the share of those with just so many that do: the
/// ones who came first.
fn core_rule(counts: &[u32]) -> (u32, f64) {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let votes = sorted.get(CORE_MEMBERS - 1).copied().unwrap_or(1);
    if votes < 2 {
        return (2, 1.0);
    }
    let above = sorted.partition_point(|&count| count > votes);
    let tied = sorted.partition_point(|&count| count >= votes) - above;
    (votes, (CORE_MEMBERS - above) as f64 / tied as f64)
}

/// Which members belong to the core. `arrival` orders those with equally many votes.
pub(crate) fn core<T: Ord>(
    counts: &[u32],
    (votes, share): (u32, f64),
    arrival: impl Fn(usize) -> T,
) -> Vec<bool> {
    let mut core: Vec<bool> = counts.iter().map(|&count| count > votes).collect();
    let mut tied: Vec<usize> = (0..counts.len()).filter(|&member| counts[member] == votes).collect();
    tied.sort_by_key(|&member| arrival(member));
    let taken = (share * tied.len() as f64).round() as usize;
    for member in tied.into_iter().take(taken) {
        core[member] = true;
    }
    core
}

/// The share of heads, among all and among the core, and of power of each choice of each proposal.
pub(crate) fn outcomes(view: &DaoView, in_core: &[bool]) -> Vec<Outcome> {
    view.proposals
        .iter()
        .map(|proposal| {
            let form = Form::of(proposal.voting_system.as_deref());
            // Ballots, those of the core, and their power.
            let mut ballots = [0.0_f64; 3];
            let mut heads = vec![0.0_f64; proposal.choices as usize];
            let (mut power, mut core) = (heads.clone(), heads.clone());
            for vote in &view.votes[proposal.votes.clone()] {
                let entries = view.entries(vote);
                let counted = if form == Form::Set { entries } else { &entries[..entries.len().min(1)] };
                let active = f64::from(u8::from(in_core[vote.member as usize]));
                if !entries.is_empty() {
                    ballots[0] += 1.0;
                    ballots[1] += active;
                    ballots[2] += view.tokens(vote);
                }
                for &(choice, _) in counted {
                    let choice = choice.max(1) as usize - 1;
                    if choice < 1_000 && choice >= heads.len() {
                        heads.resize(choice + 1, 0.0);
                        power.resize(choice + 1, 0.0);
                        core.resize(choice + 1, 0.0);
                    }
                    if choice < heads.len() {
                        heads[choice] += 1.0;
                        core[choice] += active;
                        power[choice] += view.tokens(vote);
                    }
                }
            }
            let shares = |values: &[f64], ballots: f64, fallback: (&[f64], f64)| {
                let whole = |values: &[f64], ballots| {
                    if form == Form::Set { ballots } else { values.iter().sum::<f64>() }
                };
                let (values, total) = match whole(values, ballots) {
                    total if total > 0.0 => (values, total),
                    _ => (fallback.0, whole(fallback.0, fallback.1).max(1.0)),
                };
                values.iter().map(|value| (value / total) as f32).collect::<Vec<_>>()
            };
            let all = (heads.as_slice(), ballots[0]);
            Outcome {
                power: shares(&power, ballots[2], all),
                core: shares(&core, ballots[1], all),
                heads: shares(&heads, ballots[0], all),
            }
        })
        .collect()
}

/// The most frequent states of proposals whose first choice won, and of the others.
fn states(view: &DaoView, outcomes: &[Outcome]) -> (String, String) {
    let mut words: [BTreeMap<&str, usize>; 2] = Default::default();
    for (proposal, outcome) in view.proposals.iter().zip(outcomes) {
        if let Some(state) = &proposal.state {
            *words[usize::from(outcome.lead() != 0)].entry(state).or_default() += 1;
        }
    }
    let most = |words: &BTreeMap<&str, usize>, fallback: &str| {
        words.iter().max_by_key(|(_, count)| **count).map_or(fallback, |(word, _)| word).to_owned()
    };
    (most(&words[0], "passed"), most(&words[1], "rejected"))
}

/// How alike members are in leaving the leading choice: the shape of a gamma law of mean 1, by moments.
fn dissent_shape(view: &DaoView, outcomes: &[Outcome]) -> f64 {
    let mut found = vec![(0.0_f64, 0.0_f64, 0.0_f64); view.voters()];
    for vote in &view.votes {
        let outcome = &outcomes[vote.proposal as usize];
        let lead = outcome.lead();
        let expected = 1.0 - f64::from(outcome.heads.get(lead).copied().unwrap_or(1.0));
        let entry = &mut found[vote.member as usize];
        let named = match Form::of(view.proposals[vote.proposal as usize].voting_system.as_deref()) {
            Form::Set => view.entries(vote).iter().any(|entry| entry.0.max(1) as usize - 1 == lead),
            _ => vote.choice.max(1) as usize - 1 == lead,
        };
        entry.0 += f64::from(u8::from(!named));
        entry.1 += expected;
        entry.2 += expected * (1.0 - expected);
    }
    // E[(seen - expected)^2] = noise + expected^2 / shape, summed over members.
    let (mut excess, mut square) = (0.0, 0.0);
    for (seen, expected, noise) in found {
        excess += (seen - expected).powi(2) - noise;
        square += expected * expected;
    }
    if excess <= 0.0 || square <= 0.0 { f64::INFINITY } else { (square / excess).clamp(0.05, 1e3) }
}

/// Members by group of power, then coarse bucket of votes.
fn joint_by_group(model: &DaoModel) -> Vec<f64> {
    let mut joint = vec![0.0; model.groups() * JOINT_STARTS.len()];
    for (row, members) in model.power_by_count.chunks(model.power.len().max(1)).enumerate() {
        for (piece, members) in model.power.iter().zip(members) {
            joint[usize::from(piece.group) * JOINT_STARTS.len() + row] += members;
        }
    }
    joint
}

/// The plain counts.
pub(crate) fn exact_counts(records: &[Record], grid: PowerGrid, proposals: usize) -> Counts {
    let mut frame = Frame::new(grid, proposals);
    let mut counts = Counts { grid, values: BTreeMap::new(), sigma: BTreeMap::new(), bounded: false };
    for query in Query::ALL {
        if query == Query::Size {
            frame.sizes = size_classes(counts.get(Query::Popularity));
        }
        counts.values.insert(query, exact(query, records, &frame));
    }
    counts
}

/// Members by coarse bucket of votes and piece of the power law, each counted where it is. `own` has the
/// members' ballots of their own power.
fn exact_power_by_count(power: &[PowerPiece], records: &[Record], own: &[Record]) -> Vec<f64> {
    let mut table = vec![0.0; JOINT_STARTS.len() * power.len()];
    for (record, own) in records.iter().zip(own) {
        let Some(mean) = own.mean_power() else { continue };
        // A single value and the interval around it may both hold a power: the single value wins.
        let after = power.partition_point(|piece| piece.low <= mean);
        let single = power[..after].iter().rposition(|piece| piece.low == mean && piece.high == mean);
        let piece = single.unwrap_or_else(|| {
            power[..after].iter().rposition(|piece| piece.high > piece.low || mean <= 0.0).unwrap_or(0)
        });
        table[bucket(&JOINT_STARTS, record.ballots.len() as u32) * power.len() + piece] += 1.0;
    }
    table
}

/// How many further members, in each row of a table, are thought to follow the prior.
const PRIOR_MEMBERS: f64 = 0.25;

/// The side of a model that everybody may know.
fn public_side(view: &DaoView) -> DaoModel {
    let (slots, categories, voting_systems) = slots(view);
    DaoModel {
        dao: view.dao.clone(),
        platform: view.platform.clone(),
        power_unit: view.power_unit.clone(),
        supply: view.supply,
        decimals: view.decimals,
        day_precision: false,
        block_precision: false,
        epoch: view.proposals.iter().find_map(|proposal| proposal.start_at),
        categories,
        voting_systems,
        states: ("passed".to_owned(), "rejected".to_owned()),
        turnout: vec![Turnout { newcomers: 0.0, returning: 0.0 }; slots.len()],
        outcomes: vec![Outcome::default(); slots.len()],
        equal_power: BTreeMap::new(),
        core: (u32::MAX, 1.0),
        slots,
        dissent_shape: 1.0,
        power: Vec::new(),
        power_by_count: Vec::new(),
        weights: Weights::flat(1),
        time: Vec::new(),
        session: Vec::new(),
        steady: Vec::new(),
        spread: Vec::new(),
        level: Vec::new(),
        hour: Vec::new(),
        ballot_size: Vec::new(),
        authored: Vec::new(),
        observed: view.proposals.len(),
        level_spread: 0.0,
        early_power: 0.0,
        holdings: None,
    }
}

/// Fills the tables that are counts plus what the prior lends.
fn fill_tables(model: &mut DaoModel, counts: &Counts, prior: &Pooled, strength: f64) {
    let lent = |query: Query| {
        let values = counts.get(query);
        match prior.shares.get(query.name()) {
            Some(shares) if shares.len() == values.len() => private::borrow(values, shares, strength),
            _ => values.to_vec(),
        }
    };
    let lent_rows = |query: Query, width: usize| {
        let mut values = counts.get(query).to_vec();
        if let Some(shares) = prior.shares.get(query.name()).filter(|shares| shares.len() == values.len()) {
            for (row, lent) in values.chunks_mut(width).zip(shares.chunks(width)) {
                let borrowed = private::borrow(row, lent, strength);
                row.copy_from_slice(&borrowed);
            }
        }
        values
    };
    model.time = lent_rows(Query::Time, TIME_BINS);
    model.session = lent(Query::Session);
    model.steady = lent_rows(Query::Steady, STEADY_BINS);
    model.spread = lent(Query::Spread);
    model.level = lent_rows(Query::Level, LEVEL_BINS + 1);
    model.hour = lent(Query::Hour);
    model.ballot_size = lent(Query::BallotSize);
    model.authored = lent(Query::Authored);
}

/// Finds the weights of participation.
fn fit_weights(model: &mut DaoModel, counts: &Counts, pseudo: f64, seed: Seed, run: &Run) -> Result<()> {
    let targets = Targets {
        count: counts.get(Query::Count).to_vec(),
        joint: joint_by_group(model),
        gap: counts.get(Query::Gap).to_vec(),
        previous: counts.get(Query::Previous).to_vec(),
        size: counts.get(Query::Size).to_vec(),
        size_gap: counts.get(Query::SizeGap).to_vec(),
        bounded: counts.bounded,
    };
    let shares = model.group_shares();
    let (mut turnout, mut sizes) = (model.turnout.as_slice(), model.sizes());
    if model.observed == 0 && turnout.len() > IMAGINED_STRETCH {
        // What the prior imagines is alike everywhere, so a stretch stands for all.
        turnout = &turnout[..IMAGINED_STRETCH];
        sizes.truncate(IMAGINED_STRETCH);
    }
    let people = People { shares: &shares, early_power: model.early_power };
    model.weights = calibrate(&targets, turnout, &sizes, people, pseudo, seed, run)?;
    Ok(())
}

/// The share of the most powerful members whose arrival says whether power came first.
const MOST_POWERFUL: f64 = 0.05;

/// The correlation of a Gaussian copula between power and early arrival under which the most powerful members arrive as
/// early on average as they did; 0 where that is within two standard errors of chance.
fn early_power(view: &DaoView) -> f64 {
    let mut sums = vec![(0.0_f64, 0.0_f64); view.voters()];
    for vote in &view.votes {
        let (power, ballots) = &mut sums[vote.member as usize];
        *power += view.tokens(vote);
        *ballots += 1.0;
    }
    // Voters are in order of their first ballot.
    let mut order: Vec<usize> = (0..sums.len()).collect();
    let mean = |member: usize| sums[member].0 / sums[member].1.max(1.0);
    order.sort_by(|&left, &right| mean(right).total_cmp(&mean(left)).then(left.cmp(&right)));
    let members = order.len() as f64;
    let most = ((members * MOST_POWERFUL).ceil() as usize).min(order.len());
    if most < 3 {
        return 0.0;
    }
    let score = |rank: usize| statistics::normal_quantile(1.0 - (rank as f64 + 0.5) / members);
    let arrival = order[..most].iter().map(|&member| score(member)).sum::<f64>() / most as f64;
    let power = (0..most).map(score).sum::<f64>() / most as f64;
    if arrival.abs() < 2.0 / (most as f64).sqrt() {
        return 0.0;
    }
    (arrival / power).clamp(-0.9, 0.9)
}

/// The model of a DAO from exact counts.
///
/// # Errors
/// Cancellation.
pub(crate) fn exact_model(view: &DaoView, prior: &Pooled, seed: Seed, run: &Run) -> Result<DaoModel> {
    let records = records(view, &BTreeMap::new());
    let mut counts = exact_counts(&records, PowerGrid::FINE, view.proposals.len());
    let mut model = public_side(view);
    model.level_spread = level_spread(prior, view.proposals.len());
    model.day_precision = view.votes.iter().any(|vote| vote.precision == Precision::Day);
    let counted: Vec<u32> =
        records[..view.voters()].iter().map(|record| record.ballots.len() as u32).collect();
    model.core = core_rule(&counted);
    // Voters are in order of their first ballot.
    model.outcomes = outcomes(view, &core(&counted, model.core, |member| member));
    model.states = states(view, &model.outcomes);
    model.dissent_shape = dissent_shape(view, &model.outcomes);
    model.early_power = early_power(view);
    model.equal_power = equal_powers(view);
    let own = own_power(&records, &model.equal_power);
    if !model.equal_power.is_empty() {
        let frame = Frame::new(PowerGrid::FINE, view.proposals.len());
        for query in [Query::Power, Query::Steady, Query::Spread, Query::Level] {
            counts.values.insert(query, exact(query, &own, &frame));
        }
    }
    model.power = power_law(&counts, &shared_powers(&own));
    model.power_by_count = exact_power_by_count(&model.power, &records, &own);
    let turnout = counts.get(Query::First).iter().zip(counts.get(Query::Popularity));
    model.turnout =
        turnout.map(|(&first, &all)| Turnout { newcomers: first, returning: all - first }).collect();
    fill_tables(&mut model, &counts, prior, PRIOR_MEMBERS);
    if view.votes.is_empty() {
        without_votes(&mut model, &mut counts, prior, seed);
    }
    fit_weights(&mut model, &counts, 0.5, seed, run)?;
    Ok(model)
}

/// The model of a DAO from noisy counts. It looks at the public columns and at `counts`, nowhere else.
///
/// # Errors
/// Cancellation.
pub(crate) fn private_model(
    view: &DaoView,
    mut counts: Counts,
    prior: &Pooled,
    seed: Seed,
    run: &Run,
) -> Result<DaoModel> {
    let mut model = public_side(view);
    // The calendar is public; a private twin keeps it to ten minutes, which is all that sampling needs.
    for slot in &mut model.slots {
        for seconds in [&mut slot.gap, &mut slot.delay, &mut slot.duration].into_iter().flatten() {
            *seconds = (*seconds + 300).div_euclid(600) * 600;
        }
    }
    let members = private::members(&counts);
    let proposals = view.proposals.len();
    let count = private::count(counts.get(Query::Count), counts.sigma(Query::Count), members, proposals);
    let sigma = counts.sigma(Query::Power);
    let power = private::power(counts.get(Query::Power), sigma, counts.grid, members, view.supply);
    let joint =
        private::reconcile(counts.get(Query::Joint), counts.sigma(Query::Joint), &count, &power, members);
    let mut stream = seed.streams(&format!("twin outcomes {}", view.dao)).stream(0);
    model.outcomes = private::outcomes(&model.slots, &counts, prior, &mut stream);
    let mut by_votes = vec![0.0; JOINT_STARTS.len()];
    for (start, members) in COUNT_STARTS.iter().zip(&count) {
        by_votes[bucket(&JOINT_STARTS, *start)] += members;
    }
    model.holdings = holdings::private(&counts, &by_votes, view.supply, &view.power_unit);
    let votes = private::votes(&count, proposals).max(members);
    model.turnout = private::turnout(&counts, members, votes);
    for query in Query::ALL {
        let values = counts.get(query);
        // The noise of a sum over the cells says how much of it can be believed.
        let total = values.iter().sum::<f64>().max(0.0);
        let projected = match query {
            Query::Count => count.clone(),
            Query::Power => power.clone(),
            Query::Joint => joint.clone(),
            _ => private::project(values, total),
        };
        counts.values.insert(query, projected);
    }
    model.power = power_law(&counts, &[]);
    model.power_by_count = (0..JOINT_STARTS.len())
        .flat_map(|row| {
            let joint = &joint[row * counts.grid.len()..(row + 1) * counts.grid.len()];
            model.power.iter().map(|piece| joint[counts.grid.bin(piece.at(0.5))]).collect::<Vec<_>>()
        })
        .collect();
    fill_tables(&mut model, &counts, prior, 2.0 * counts.sigma(Query::Session));
    widen_sets(&mut model);
    if members <= 1.0 {
        without_votes(&mut model, &mut counts, prior, seed);
    }
    let pseudo = counts.sigma(Query::Count);
    fit_weights(&mut model, &counts, pseudo, seed, run)?;
    Ok(model)
}

/// How far, in logarithms, the level of turnout may lie from what `observed` proposals said: the spread of a
/// normal level between DAOs after that many normal observations.
fn level_spread(prior: &Pooled, observed: usize) -> f64 {
    let [_, between, within] = prior.log_turnout;
    if between <= 0.0 {
        return 0.0;
    }
    (between.powi(-2) + observed as f64 / within.max(1e-3).powi(2)).powf(-0.5)
}

/// Proposals over which members of whom nothing is known are followed at most.
const IMAGINED_STRETCH: usize = 500;

/// Turns outcomes that give each ballot one choice into those of sets, where ballots are sets, by the mean size
/// of ballots.
fn widen_sets(model: &mut DaoModel) {
    let mean = mean_size(&model.ballot_size).max(1.0) as f32;
    for slot in 0..model.slots.len() {
        if model.form(slot) == Form::Set {
            let outcome = &mut model.outcomes[slot];
            for share in [&mut outcome.heads, &mut outcome.core, &mut outcome.power].into_iter().flatten() {
                *share = (*share * mean).min(1.0);
            }
        }
    }
}

/// Proposals that a DAO without any history is given.
const IMAGINED_PROPOSALS: usize = 40;

/// Turns the model of a DAO of which nothing is known into what the prior expects.
fn without_votes(model: &mut DaoModel, counts: &mut Counts, prior: &Pooled, seed: Seed) {
    let mut stream = seed.streams(&format!("twin prior {}", model.dao)).stream(0);
    if model.slots.is_empty() {
        let slot = Slot {
            gap: Some(prior.calendar[0]),
            delay: Some(0),
            duration: Some(prior.calendar[1].max(86_400)),
            category: None,
            voting_system: None,
            choices: 3,
            sides: [Side::For, Side::Against, Side::Abstain].map(Side::letter).iter().collect(),
            quorum: None,
        };
        model.slots = vec![slot; IMAGINED_PROPOSALS];
        model.epoch = Some(0);
    }
    // How far the level may lie from the regime's is drawn with each sample.
    let [level, _, within] = prior.log_turnout;
    (model.observed, model.level_spread) = (0, level_spread(prior, 0));
    model.turnout = model
        .slots
        .iter()
        .enumerate()
        .map(|(index, _)| {
            let voters = (level + within * stream.normal()).exp().max(1.0);
            let share = if index == 0 { 1.0 } else { prior.newcomers };
            Turnout { newcomers: voters * share, returning: voters * (1.0 - share) }
        })
        .collect();
    let shares = super::prior::quantile_shares();
    let edges: Vec<f64> =
        prior.power_quantiles.iter().map(|quantile| (prior.log_power[0] + quantile).exp()).collect();
    model.power = edges
        .windows(2)
        .zip(shares.windows(2))
        .map(|(edges, shares)| PowerPiece {
            low: edges[0],
            high: edges[1],
            weight: (1.0 - prior.no_power) * (shares[1] - shares[0]),
            group: 0,
        })
        .collect();
    if prior.no_power > 0.0 || model.power.is_empty() {
        let weight = if model.power.is_empty() { 1.0 } else { prior.no_power };
        model.power.insert(0, PowerPiece { low: 0.0, high: 0.0, weight, group: 0 });
    }
    // Members return as those of other DAOs do.
    let members = model.members();
    for query in [Query::Count, Query::Gap, Query::Previous] {
        let mut values = prior.shares.get(query.name()).cloned().unwrap_or_default();
        values.resize(counts.get(query).len(), 0.0);
        for value in &mut values {
            *value *= members;
        }
        counts.values.insert(query, values);
    }
    let most = model.slots.len() as u32;
    let mut by_votes = vec![0.0; JOINT_STARTS.len()];
    for (start, count) in COUNT_STARTS.iter().zip(counts.get(Query::Count)) {
        by_votes[bucket(&JOINT_STARTS, (*start).min(most))] += count;
    }
    model.power_by_count =
        by_votes.iter().flat_map(|count| model.power.iter().map(move |piece| count * piece.weight)).collect();
    model.outcomes = model.slots.iter().map(|slot| private::outcome(slot, prior, &mut stream)).collect();
    widen_sets(model);
}

/// The row of [`DaoModel::steady`] for a member with this many votes.
pub(crate) fn steady_row(votes: u32) -> usize {
    bucket(&COUNT_STARTS, votes)
}
