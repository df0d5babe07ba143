//! Drawing the holdings and delegations of one block.

use arrow::array::RecordBatch;
use daotwin_core::{Error as CoreError, Limits, Seed, Stream};
use daotwin_history::builder::{Cell, TableBuilder};
use daotwin_history::schema::Precision;
use daotwin_history::{Table, amount};

use super::super::calibrate::spread;
use super::super::draw::Block;
use super::super::model::DaoModel;
use super::super::plan::{Plan, streams};
use super::{
    Asset, CELLS, DELEGATES, Delegations, HOLDS, Holdings, KINDS, LIFE_BINS, ROLES, SHARE_BINS, cell,
    draw_count, draw_ratio,
};
use crate::error::Result;

/// A balance of a member.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Balance {
    member: u32,
    asset: usize,
    at: Option<i64>,
    amount: i128,
}

/// A change of delegate.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Change {
    member: u32,
    from: Option<u32>,
    to: Option<u32>,
    at: Option<i64>,
    amount: Option<i128>,
}

/// The holdings and delegations of a block. Members are numbered as in the block, those without a vote after
/// them.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Members with and without a vote.
    pub(crate) members: u32,
    /// When each was first seen holding or delegating.
    pub(crate) seen: Vec<Option<i64>>,
    /// Whether each is named anywhere.
    pub(crate) used: Vec<bool>,
    holdings: Vec<Balance>,
    changes: Vec<Change>,
}

/// Moves a time to the midnight before, where only days are known.
fn exact(at: i64, precision: Precision) -> i64 {
    if precision == Precision::Day { at - at.rem_euclid(86_400) } else { at }
}

/// `count` times in ascending order, no two alike; `None` where the law is empty.
fn times(
    law: &[f64],
    count: u32,
    [start, end]: [i64; 2],
    precision: Precision,
    stream: &mut Stream,
) -> Option<Vec<i64>> {
    let (first, later) = law.split_at(LIFE_BINS);
    if first.iter().sum::<f64>() <= 0.0 {
        return None;
    }
    let within = |share: f64| start + ((end - start) as f64 * share) as i64;
    let mut draw = |law: &[f64]| within((stream.weighted(law) as f64 + stream.uniform()) / LIFE_BINS as f64);
    let earliest = draw(first);
    let mut list = vec![earliest];
    let known = later.iter().sum::<f64>() > 0.0;
    for _ in 1..count {
        let found = (0..8).filter(|_| known).map(|_| draw(later)).find(|at| *at > earliest);
        list.push(found.unwrap_or(i64::MAX));
    }
    for at in list.iter_mut().filter(|at| **at == i64::MAX) {
        *at = earliest + ((end - earliest).max(0) as f64 * stream.uniform()) as i64;
    }
    list.sort_unstable();
    let step = if precision == Precision::Day { 86_400 } else { 1 };
    let mut before = i64::MIN;
    for at in &mut list {
        *at = exact(*at, precision).max(before.saturating_add(step));
        before = *at;
    }
    Some(list)
}

/// First and last second of the sample's life.
fn life(holdings: &Holdings, plan: &Plan) -> [i64; 2] {
    let start = plan.proposals.iter().filter_map(|planned| planned.start_at).min();
    let end = plan.proposals.iter().filter_map(|planned| planned.end_at.or(planned.start_at)).max();
    match start.zip(end) {
        Some((start, end)) => [start - holdings.beyond[0], (end + holdings.beyond[1]).max(start)],
        None => holdings.life,
    }
}

/// The role of each member: as in its cell, as evenly as whole members allow.
fn roles(holdings: &Holdings, cells: &[Vec<u32>], members: usize, stream: &mut Stream) -> Vec<u8> {
    let row = |cell: usize| &holdings.roles[cell * ROLES..(cell + 1) * ROLES];
    let mut pooled = [0.0; ROLES];
    for cell in 1..CELLS {
        pooled.iter_mut().zip(row(cell)).for_each(|(sum, count)| *sum += count);
    }
    if pooled.iter().sum::<f64>() <= 0.0 {
        // No voter was seen: those who vote in the sample are like those who hold.
        pooled.copy_from_slice(row(0));
        pooled[0] = 0.0;
    }
    let mut roles = vec![0; members];
    for (cell, list) in cells.iter().enumerate() {
        let own = row(cell);
        let shares = if own.iter().sum::<f64>() > 0.0 { own } else { &pooled };
        for (&member, role) in list.iter().zip(spread(shares, list.len(), stream)) {
            roles[member as usize] = role;
        }
    }
    roles
}

/// Tokens as base units, no more than fit.
fn units(tokens: f64, decimals: u8, most: f64) -> i128 {
    amount::from_tokens(tokens.min(most).min(10_f64.powi(37 - i32::from(decimals))), decimals)
}

/// The rows of one holder of one asset, ending with `last` tokens.
fn balances(
    asset: &Asset,
    last: f64,
    life: [i64; 2],
    precision: Precision,
    stream: &mut Stream,
) -> Vec<(Option<i64>, f64)> {
    let count = draw_count(&asset.rows, stream);
    let times = times(&asset.times, count, life, precision, stream);
    let mut rows: Vec<(Option<i64>, f64)> = vec![(None, last); count as usize];
    for index in (0..rows.len().saturating_sub(1)).rev() {
        rows[index].1 = (rows[index + 1].1 * draw_ratio(&asset.steps, stream)).min(1e30);
    }
    if let Some(times) = times {
        rows.iter_mut().zip(times).for_each(|(row, at)| row.0 = Some(at));
    }
    rows
}

/// Who was named how often: the two-parameter Chinese restaurant.
#[derive(Debug)]
struct Restaurant<'a> {
    law: &'a Delegations,
    named: Vec<u32>,
    sizes: Vec<u32>,
    delegates: usize,
    /// Members that were not named yet, by cell; the next one last.
    waiting: Vec<Vec<u32>>,
}

impl Restaurant<'_> {
    /// A delegate for `member`, other than itself and the one before.
    fn name(&mut self, member: u32, before: Option<u32>, stream: &mut Stream) -> Option<u32> {
        let [discount, strength] = self.law.attachment;
        for _ in 0..32 {
            let total = self.named.len() as f64;
            let opens = (strength + discount * self.delegates as f64) / (total + strength);
            let found = if self.named.is_empty() || stream.chance(opens) {
                self.open(member, stream)
            } else {
                let found = self.named[stream.below(self.named.len() as u64) as usize];
                let keeps = 1.0 - discount / f64::from(self.sizes[found as usize]);
                stream.chance(keeps).then_some(found)
            };
            if let Some(found) = found.filter(|&found| found != member && Some(found) != before) {
                self.named.push(found);
                self.sizes[found as usize] += 1;
                self.delegates += usize::from(self.sizes[found as usize] == 1);
                return Some(found);
            }
        }
        None
    }

    /// A member that was never named, from a cell drawn by the law; from the next cell where it is empty.
    fn open(&mut self, member: u32, stream: &mut Stream) -> Option<u32> {
        let drawn = stream.weighted(&self.law.delegates);
        (0..CELLS).map(|step| (drawn + step) % CELLS).find_map(|cell| {
            let list = &mut self.waiting[cell];
            let index = list.iter().rposition(|&waiting| waiting != member)?;
            Some(list.remove(index))
        })
    }
}

/// How much of a holding a change delegates.
fn delegated(law: &Delegations, held: Option<i128>, decimals: u8, stream: &mut Stream) -> Option<i128> {
    let Some(held) = held else {
        let known = !stream.chance(law.unknown);
        return known.then(|| units(law.amounts.at(stream.uniform()), decimals, f64::INFINITY));
    };
    if law.shares.iter().sum::<f64>() <= 0.0 {
        return Some(held);
    }
    match stream.weighted(&law.shares) {
        SHARE_BINS => Some(held),
        bin if bin == SHARE_BINS + 1 => Some(0),
        bin if bin > SHARE_BINS => None,
        bin => {
            let share = (bin as f64 + stream.uniform()) / SHARE_BINS as f64;
            Some(((held as f64 * share) as i128).clamp(0, held))
        }
    }
}

/// Mean power of each voter, and its votes.
fn voters(block: &Block, decimals: u8) -> Vec<(f64, u32)> {
    let mut sums = vec![(0.0, 0_u32); block.members as usize];
    for (&member, &power) in block.member.iter().zip(&block.power) {
        let entry = &mut sums[member as usize];
        entry.0 += amount::to_tokens(power, decimals);
        entry.1 += 1;
    }
    sums.into_iter().map(|(sum, votes)| (sum / f64::from(votes.max(1)), votes)).collect()
}

/// Draws the holdings and delegations of a block.
///
/// Determinism: the draws depend on the seed, the DAO, the block and its number alone.
///
/// # Errors
/// More members without a vote than the limits allow.
pub(crate) fn draw(
    model: &DaoModel,
    plan: &Plan,
    block: &Block,
    seed: Seed,
    number: u64,
    limits: &Limits,
) -> Result<Part> {
    let Some(holdings) = &model.holdings else { return Ok(Part::default()) };
    let mut stream = streams(seed, "holdings", &model.dao).stream(number);
    let stream = &mut stream;
    let share = match holdings.voters {
        voters if voters > 0.0 => f64::from(block.members) / voters,
        _ => 1.0 / plan.blocks as f64,
    };
    let others = (holdings.roles[..ROLES].iter().sum::<f64>() * share).round();
    let all = (others * plan.blocks as f64) as u64;
    if all > limits.max_members {
        let what = "the number of members without a vote".to_owned();
        let (limit, allowed) = ("max_members", limits.max_members);
        return Err(CoreError::Limit { what, limit, found: all, allowed }.into());
    }
    let powers = voters(block, model.decimals);
    let members = block.members + others as u32;
    let mut cells: Vec<Vec<u32>> = vec![Vec::new(); CELLS];
    for member in 0..members {
        cells[cell(powers.get(member as usize).map_or(0, |(_, votes)| *votes))].push(member);
    }
    let roles = roles(holdings, &cells, members as usize, stream);
    let mut part = Part {
        members,
        seen: vec![None; members as usize],
        used: (0..members).map(|member| member < block.members).collect(),
        ..Part::default()
    };
    let life = life(holdings, plan);
    // When delegators change, so that their holdings begin no later.
    let mut events: Vec<(Option<i64>, u32)> = Vec::new();
    let mut first_change: Vec<Option<i64>> = vec![None; members as usize];
    if let Some(law) = &holdings.delegations {
        let precision = Precision::from_name(&law.precision);
        for member in (0..members).filter(|&member| roles[member as usize] & DELEGATES != 0) {
            let count = draw_count(&law.changes, stream);
            let times = times(&law.times, count, life, precision, stream);
            first_change[member as usize] = times.as_ref().and_then(|times| times.first().copied());
            match times {
                Some(times) => events.extend(times.into_iter().map(|at| (Some(at), member))),
                None => events.extend((0..count).map(|_| (None, member))),
            }
        }
        events.sort_unstable();
    }
    let starts = hold(model, holdings, &powers, &roles, &first_change, life, &mut part, stream);
    if let Some(law) = &holdings.delegations {
        delegate(law, model.decimals, cells, &roles, &events, &starts, &mut part, stream);
    }
    let times = part.holdings.iter().map(|row| (row.member, row.at));
    let times = times.chain(part.changes.iter().map(|row| (row.member, row.at)));
    for (member, at) in times {
        let member = member as usize;
        part.used[member] = true;
        part.seen[member] = match (part.seen[member], at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    for change in &part.changes {
        if let Some(to) = change.to {
            part.used[to as usize] = true;
        }
    }
    Ok(part)
}

/// The last balance of each of the asset's holders, in tokens, as a list over all members.
fn last_balances(
    asset: &Asset,
    holders: &[usize],
    powers: &[(f64, u32)],
    members: usize,
    stream: &mut Stream,
) -> Vec<f64> {
    let mut last = vec![0.0; members];
    // Members without power take the ranks of their law in random order, the others in order of what the
    // ratio gave them.
    let (mut powerless, mut differing) = (Vec::new(), Vec::new());
    for &member in holders {
        match powers.get(member) {
            Some(&(power, _)) if power > 0.0 => match draw_ratio(&asset.to_power, stream) {
                1.0 => last[member] = power,
                ratio => differing.push((power * ratio, member)),
            },
            _ => powerless.push((stream.uniform(), member)),
        }
    }
    for (list, law) in [(&mut powerless, &asset.balances), (&mut differing, &asset.differing)] {
        list.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let count = list.len() as f64;
        for (rank, &(_, member)) in list.iter().enumerate() {
            last[member] = law.at((rank as f64 + stream.uniform()) / count);
        }
    }
    last
}

/// Fills the balances; the answer says where each member's rows of the first asset start, one entry more
/// than there are members.
#[expect(clippy::too_many_arguments, reason = "the laws, the members and what is filled")]
fn hold(
    model: &DaoModel,
    holdings: &Holdings,
    powers: &[(f64, u32)],
    roles: &[u8],
    first_change: &[Option<i64>],
    life: [i64; 2],
    part: &mut Part,
    stream: &mut Stream,
) -> Vec<u32> {
    let precision = Precision::from_name(&holdings.precision);
    let most = model.supply.unwrap_or(f64::INFINITY);
    let shares: Vec<f64> = holdings.assets.iter().map(|asset| asset.share).collect();
    let mut starts = vec![0_u32; roles.len() + 1];
    let mut wanted: Vec<Vec<bool>> = Vec::new();
    for &role in roles {
        let mut own: Vec<bool> =
            shares.iter().map(|&share| role & HOLDS != 0 && stream.chance(share)).collect();
        if role & HOLDS != 0 && !own.is_empty() && own.iter().all(|held| !held) {
            own[stream.weighted(&shares)] = true;
        }
        wanted.push(own);
    }
    for (number, asset) in holdings.assets.iter().enumerate() {
        let own: Vec<usize> = (0..roles.len()).filter(|&member| wanted[member][number]).collect();
        let last = last_balances(asset, &own, powers, roles.len(), stream);
        for member in 0..roles.len() {
            if wanted[member][number] {
                let mut rows = balances(asset, last[member], life, precision, stream);
                if let (Some(first), Some(change)) = (rows[0].0, first_change[member]) {
                    rows[0].0 = Some(first.min(exact(change, precision)));
                }
                part.holdings.extend(rows.into_iter().map(|(at, tokens)| Balance {
                    member: member as u32,
                    asset: number,
                    at,
                    amount: units(tokens, model.decimals, most),
                }));
            }
            if number == 0 {
                starts[member + 1] = part.holdings.len() as u32;
            }
        }
    }
    starts
}

/// Fills the changes, in order of time. `starts` is the answer of [`hold`].
#[expect(clippy::too_many_arguments, reason = "the law, the members and what is filled")]
fn delegate(
    law: &Delegations,
    decimals: u8,
    mut cells: Vec<Vec<u32>>,
    roles: &[u8],
    events: &[(Option<i64>, u32)],
    starts: &[u32],
    part: &mut Part,
    stream: &mut Stream,
) {
    for list in &mut cells {
        stream.shuffle(list);
        // Those who neither vote, hold nor delegate are there to be named.
        list.sort_by_key(|&member| roles[member as usize] == 0 && !part.used[member as usize]);
    }
    let sizes = vec![0; roles.len()];
    let mut restaurant = Restaurant { law, named: Vec::new(), sizes, delegates: 0, waiting: cells };
    let mut current: Vec<Option<Option<u32>>> = vec![None; roles.len()];
    for &(at, member) in events {
        let before = current[member as usize];
        let state = match before {
            None => 0,
            Some(None) => 1,
            Some(Some(to)) if to == member => 2,
            Some(Some(_)) => 3,
        };
        let from = before.flatten();
        let steps = &law.steps[state * KINDS..(state + 1) * KINDS];
        let kind = if steps.iter().sum::<f64>() > 0.0 { stream.weighted(steps) } else { KINDS - 1 };
        let to = match kind {
            0 => None,
            1 => Some(member),
            2 => from,
            _ => restaurant.name(member, from, stream).or(Some(member)),
        };
        current[member as usize] = Some(to);
        let own = &part.holdings[starts[member as usize] as usize..starts[member as usize + 1] as usize];
        // The holding at that time; where times are unknown, one that was never undercut.
        let now = at.and_then(|at| own.iter().rev().find(|row| row.at.is_some_and(|from| from <= at)));
        let held = now.or(own.iter().min_by_key(|row| row.amount));
        let amount = delegated(law, held.map(|row| row.amount), decimals, stream);
        part.changes.push(Change { member, from, to, at, amount });
    }
}

impl Part {
    /// The rows of `holdings`.
    ///
    /// # Errors
    /// [`crate::Error::Defect`] if a cell does not fit its column.
    pub(crate) fn holdings(&self, model: &DaoModel, names: &[String], decimals: u8) -> Result<RecordBatch> {
        let mut table = TableBuilder::new(Table::Holdings, decimals);
        if let Some(holdings) = &model.holdings {
            let precision = Precision::from_name(&holdings.precision);
            for row in &self.holdings {
                table.push(&[
                    Cell::Text(&model.dao),
                    Cell::Text(&names[row.member as usize]),
                    row.at.map(|at| (at, precision)).into(),
                    Cell::Null,
                    holdings.assets[row.asset].name.as_deref().into(),
                    Cell::Amount(row.amount),
                ])?;
            }
        }
        Ok(table.take()?)
    }

    /// The rows of `delegations`.
    ///
    /// # Errors
    /// [`crate::Error::Defect`] if a cell does not fit its column.
    pub(crate) fn delegations(
        &self,
        model: &DaoModel,
        names: &[String],
        decimals: u8,
    ) -> Result<RecordBatch> {
        let mut table = TableBuilder::new(Table::Delegations, decimals);
        let law = model.holdings.as_ref().and_then(|holdings| holdings.delegations.as_ref());
        let precision = law.map_or(Precision::Second, |law| Precision::from_name(&law.precision));
        let name = |member: Option<u32>| Cell::from(member.map(|member| names[member as usize].as_str()));
        for row in &self.changes {
            table.push(&[
                Cell::Text(&model.dao),
                name(Some(row.member)),
                name(row.from),
                name(row.to),
                row.at.map(|at| (at, precision)).into(),
                Cell::Null,
                row.amount.into(),
            ])?;
        }
        Ok(table.take()?)
    }
}
