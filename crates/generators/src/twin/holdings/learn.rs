//! Learning from the rows.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, DictionaryArray, RecordBatch, StringArray};
use arrow::datatypes::{Decimal256Type, Int32Type, TimestampSecondType};
use daotwin_history::schema::Precision;
use daotwin_history::view::DaoView;
use daotwin_history::{History, Table, amount};

use super::super::bins::{COUNT_STARTS, LEVEL_BINS, PowerGrid, bucket};
use super::super::model::PowerPiece;
use super::{
    ASSETS, Amounts, Asset, CELLS, DELEGATES, Delegations, HOLDS, Holdings, KINDS, LIFE_BINS, RATIO_CELLS,
    ROLES, SHARE_BINS, SHARE_CELLS, cell, ratio_cell,
};
use crate::error::{Error, Result};

/// Seconds from 1970 beyond which a time is unknown here: differences then fit everywhere.
pub(super) const FARTHEST: i64 = 100_000_000_000;
/// An amount that this many hold is kept as it is: it says nothing of any one of them.
const SHARED: f64 = 5.0;

/// The columns of one table.
pub(super) struct Rows<'a>(pub(super) &'a RecordBatch);

impl<'a> Rows<'a> {
    fn column(&self, name: &str) -> Result<&'a dyn Array> {
        let column = self.0.column_by_name(name).map(AsRef::as_ref);
        column.ok_or_else(|| Error::Defect(format!("column `{name}` is not of the schema")))
    }

    fn words(&self, name: &str) -> Result<(&'a DictionaryArray<Int32Type>, &'a StringArray)> {
        let defect = || Error::Defect(format!("column `{name}` is not of the schema"));
        let array = self.column(name)?.as_dictionary_opt::<Int32Type>().ok_or_else(defect)?;
        Ok((array, array.values().as_string_opt::<i32>().ok_or_else(defect)?))
    }

    pub(super) fn word(&self, name: &str, row: usize) -> Result<Option<&'a str>> {
        let (array, values) = self.words(name)?;
        Ok(array.is_valid(row).then(|| values.value(array.keys().value(row) as usize)))
    }

    /// The rows of one DAO.
    pub(super) fn of(&self, dao: &str) -> Result<Vec<usize>> {
        let (array, values) = self.words("dao")?;
        let mine =
            |row: &usize| array.is_valid(*row) && values.value(array.keys().value(*row) as usize) == dao;
        Ok((0..self.0.num_rows()).filter(mine).collect())
    }

    pub(super) fn at(&self, row: usize) -> Result<Option<i64>> {
        let times = self.column("at")?.as_primitive_opt::<TimestampSecondType>();
        let times = times.ok_or_else(|| Error::Defect("column `at` is not of the schema".to_owned()))?;
        Ok(times.is_valid(row).then(|| times.value(row)).filter(|at| at.unsigned_abs() <= FARTHEST as u64))
    }

    /// Base units; amounts that are negative or too large are unknown here.
    pub(super) fn amount(&self, row: usize) -> Result<Option<i128>> {
        let amounts = self.column("amount")?.as_primitive_opt::<Decimal256Type>();
        let amounts =
            amounts.ok_or_else(|| Error::Defect("column `amount` is not of the schema".to_owned()))?;
        let valid = amounts.is_valid(row).then(|| amounts.value(row).to_i128()).flatten();
        Ok(valid.filter(|amount| *amount >= 0))
    }
}

/// Members by id; voters have the numbers of the view.
struct Members<'a> {
    numbers: BTreeMap<&'a str, usize>,
}

impl<'a> Members<'a> {
    fn number(&mut self, id: &'a str) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(id).or_insert(next)
    }
}

/// One row of `holdings`.
#[derive(Debug, Clone, Copy)]
struct Held {
    asset: usize,
    member: usize,
    at: Option<i64>,
    amount: i128,
}

/// One row of `delegations`.
#[derive(Debug, Clone, Copy)]
struct Change {
    member: usize,
    at: Option<i64>,
    to: Option<usize>,
    amount: Option<i128>,
}

/// The most frequent precision.
fn precision(rows: &Rows<'_>, of: &[usize]) -> Result<String> {
    let mut counts = [0_usize; 3];
    for &row in of {
        if let Some(name) = rows.word("at_precision", row)? {
            counts[Precision::from_name(name) as usize] += 1;
        }
    }
    let all = [Precision::Second, Precision::Block, Precision::Day];
    let most = (0..3).max_by_key(|&index| (counts[index], 3 - index)).unwrap_or(0);
    Ok(all[most].name().to_owned())
}

/// The law of amounts in base units.
fn law(amounts: &[i128], decimals: u8) -> Amounts {
    let grid = PowerGrid::FINE;
    let mut sorted = amounts.to_vec();
    sorted.sort_unstable();
    let mut bins = vec![0.0; grid.len()];
    let mut pieces = Vec::new();
    let least = (amounts.len() as f64 * 0.002).max(SHARED);
    for same in sorted.chunk_by(|a, b| a == b) {
        let (value, count) = (amount::to_tokens(same[0], decimals), same.len() as f64);
        if same[0] == 0 || count >= least {
            pieces.push(PowerPiece { low: value, high: value, weight: count, group: 0 });
        } else {
            bins[grid.bin(value)] += count;
        }
    }
    for (bin, weight) in bins.into_iter().enumerate().filter(|(_, weight)| *weight > 0.0) {
        let (low, high) = grid.edges(bin);
        pieces.push(PowerPiece { low: 10_f64.powf(low), high: 10_f64.powf(high), weight, group: 0 });
    }
    pieces.sort_by(|a, b| a.low.total_cmp(&b.low));
    Amounts(pieces)
}

/// Adds a time to a law of first (0) or later (1) times.
fn count_time(times: &mut [f64], later: bool, at: i64, [start, end]: [i64; 2]) {
    let share = if end > start { (at - start) as f64 / (end - start) as f64 } else { 0.0 };
    let bin = ((share * LIFE_BINS as f64).max(0.0) as usize).min(LIFE_BINS - 1);
    times[usize::from(later) * LIFE_BINS + bin] += 1.0;
}

/// The asset's laws. `rows` are its rows by member, then time.
fn asset(
    name: Option<String>,
    rows: &[Held],
    holders: usize,
    powers: &[(f64, u32)],
    life: [i64; 2],
    decimals: u8,
) -> Asset {
    let mut to_power = vec![0.0; RATIO_CELLS];
    let (mut counts, mut steps) = (vec![0.0; COUNT_STARTS.len()], vec![0.0; RATIO_CELLS]);
    let mut times = vec![0.0; 2 * LIFE_BINS];
    let (mut balances, mut differing, mut own) = (Vec::new(), Vec::new(), 0.0);
    for rows in rows.chunk_by(|a, b| a.member == b.member) {
        own += 1.0;
        let last = rows[rows.len() - 1].amount;
        match powers.get(rows[0].member) {
            Some(&(power, votes)) if votes > 0 && power > 0.0 => {
                let cell = ratio_cell(amount::to_tokens(last, decimals) / power);
                to_power[cell] += 1.0;
                if cell != LEVEL_BINS {
                    differing.push(last);
                }
            }
            _ => balances.push(last),
        }
        counts[bucket(&COUNT_STARTS, rows.len() as u32)] += 1.0;
        for pair in rows.windows(2).filter(|pair| pair[1].amount > 0) {
            steps[ratio_cell(pair[0].amount as f64 / pair[1].amount as f64)] += 1.0;
        }
        for (index, row) in rows.iter().enumerate() {
            if let Some(at) = row.at {
                count_time(&mut times, index > 0, at, life);
            }
        }
    }
    let share = own / (holders as f64).max(1.0);
    let (balances, differing) = (law(&balances, decimals), law(&differing, decimals));
    Asset { name, share, balances, to_power, differing, rows: counts, steps, times }
}

/// Discount and strength of the two-parameter Chinese restaurant process, by maximum likelihood on a grid,
/// from how often each delegate was named. The likelihood is Pitman's partition formula (1995, equation 16).
pub(super) fn attachment(sizes: &[u32]) -> [f64; 2] {
    let named: u32 = sizes.iter().sum();
    let most = sizes.iter().copied().max().unwrap_or(0);
    // How many delegates were named more than m times, from m = 1.
    let more: Vec<f64> =
        (1..most).map(|times| sizes.iter().filter(|&&size| size > times).count() as f64).collect();
    let mut best = (f64::NEG_INFINITY, [0.0, 1.0]);
    let strengths: Vec<f64> = (-4..=16).map(|step| 10_f64.powf(f64::from(step) / 4.0)).collect();
    let drawn: Vec<f64> = strengths
        .iter()
        .map(|strength| (1..named).map(|before| (strength + f64::from(before)).ln()).sum())
        .collect();
    for step in 0..20 {
        let discount = f64::from(step) / 20.0;
        let grown: f64 =
            more.iter().enumerate().map(|(times, count)| count * (times as f64 + 1.0 - discount).ln()).sum();
        for (&strength, drawn) in strengths.iter().zip(&drawn) {
            let opened: f64 = (1..sizes.len()).map(|table| (strength + table as f64 * discount).ln()).sum();
            let value = opened + grown - drawn;
            if value > best.0 {
                best = (value, [discount, strength]);
            }
        }
    }
    best.1
}

/// The state before a change, and what it goes to: a row and a column of [`Delegations::steps`]. `first` says
/// that there was no change before.
fn step(member: usize, first: bool, before: Option<usize>, to: Option<usize>) -> (usize, usize) {
    let kind = |delegate: Option<usize>| match delegate {
        None => 0,
        Some(delegate) if delegate == member => 1,
        Some(_) => 3,
    };
    if first {
        return (0, kind(to));
    }
    let state = match kind(before) {
        0 => 1,
        1 => 2,
        _ => 3,
    };
    (state, if before == to { 2 } else { kind(to) })
}

/// The laws of delegations. `changes` are the rows by member, then time; `held` the first asset's rows.
fn delegations(
    changes: &[Change],
    held: &[Held],
    powers: &[(f64, u32)],
    life: [i64; 2],
    decimals: u8,
    precision: String,
) -> Delegations {
    let mut counts = vec![0.0; COUNT_STARTS.len()];
    let (mut steps, mut shares) = (vec![0.0; KINDS * KINDS], vec![0.0; SHARE_CELLS]);
    let mut times = vec![0.0; 2 * LIFE_BINS];
    let mut named: BTreeMap<usize, u32> = BTreeMap::new();
    let (mut amounts, mut unknown, mut without) = (Vec::new(), 0.0, 0.0);
    for changes in changes.chunk_by(|a, b| a.member == b.member) {
        let member = changes[0].member;
        counts[bucket(&COUNT_STARTS, changes.len() as u32)] += 1.0;
        let own = &held[held.partition_point(|row| row.member < member)..];
        let own = &own[..own.partition_point(|row| row.member == member)];
        let mut before: Option<usize> = None;
        for (index, change) in changes.iter().enumerate() {
            let (state, kind) = step(member, index == 0, before, change.to);
            steps[state * KINDS + kind] += 1.0;
            before = change.to;
            if let Some(to) = change.to.filter(|&to| kind == 3 && to != member) {
                *named.entry(to).or_default() += 1;
            }
            if let Some(at) = change.at {
                count_time(&mut times, index > 0, at, life);
            }
            let held = own.iter().rev().find(|row| row.at <= change.at).or(own.first());
            match (held, change.amount) {
                (Some(_), None) => shares[SHARE_BINS + 2] += 1.0,
                (Some(_), Some(0)) => shares[SHARE_BINS + 1] += 1.0,
                (Some(held), Some(amount)) if amount >= held.amount => shares[SHARE_BINS] += 1.0,
                (Some(held), Some(amount)) => {
                    let share = amount as f64 / held.amount as f64;
                    shares[((share * SHARE_BINS as f64) as usize).min(SHARE_BINS - 1)] += 1.0;
                }
                (None, amount) => {
                    without += 1.0;
                    match amount {
                        Some(amount) => amounts.push(amount),
                        None => unknown += 1.0,
                    }
                }
            }
        }
    }
    let mut delegates = vec![0.0; CELLS];
    for &to in named.keys() {
        delegates[cell(powers.get(to).map_or(0, |(_, votes)| *votes))] += 1.0;
    }
    let sizes: Vec<u32> = named.into_values().collect();
    Delegations {
        changes: counts,
        steps,
        delegates,
        attachment: attachment(&sizes),
        times,
        shares,
        amounts: law(&amounts, decimals),
        unknown: if without > 0.0 { unknown / without } else { 0.0 },
        precision,
    }
}

/// Mean power and votes of each voter.
fn powers(view: &DaoView) -> Vec<(f64, u32)> {
    let mut sums = vec![(0.0, 0_u32); view.voters()];
    for vote in &view.votes {
        let entry = &mut sums[vote.member as usize];
        entry.0 += view.tokens(vote);
        entry.1 += 1;
    }
    sums.into_iter().map(|(sum, votes)| (sum / f64::from(votes.max(1)), votes)).collect()
}

/// The last balance of each member of a DAO, in tokens: the largest over assets. Of rows of one second the last
/// counts, and a row without a time comes before all others.
///
/// # Errors
/// [`Error::Defect`] if the table's columns are not of the schema.
pub(crate) fn last_balances<'a>(history: &'a History, view: &DaoView) -> Result<BTreeMap<&'a str, f64>> {
    let Some(rows) = history.table(Table::Holdings).map(Rows) else { return Ok(BTreeMap::new()) };
    let mut last: BTreeMap<(&str, Option<&str>), (Option<i64>, i128)> = BTreeMap::new();
    for row in rows.of(&view.dao)? {
        let (Some(member), Some(amount)) = (rows.word("member", row)?, rows.amount(row)?) else { continue };
        let found = (rows.at(row)?, amount);
        let kept = last.entry((member, rows.word("asset", row)?)).or_insert(found);
        if found.0 >= kept.0 {
            *kept = found;
        }
    }
    let mut largest: BTreeMap<&str, f64> = BTreeMap::new();
    for ((member, _), (_, amount)) in last {
        let balance = largest.entry(member).or_default();
        *balance = balance.max(amount::to_tokens(amount, view.decimals));
    }
    Ok(largest)
}

/// Learns the holdings and delegations of one DAO; nothing where it has neither. `voters` is how many voters
/// the DAO's model has.
///
/// # Errors
/// [`Error::Defect`] if a table's columns are not of the schema.
pub(crate) fn learn(history: &History, view: &DaoView, voters: f64) -> Result<Option<Holdings>> {
    let held = history.table(Table::Holdings).map(Rows);
    let changed = history.table(Table::Delegations).map(Rows);
    let of = |rows: &Option<Rows<'_>>| rows.as_ref().map_or(Ok(Vec::new()), |rows| rows.of(&view.dao));
    let (held_rows, changed_rows) = (of(&held)?, of(&changed)?);
    if held_rows.is_empty() && changed_rows.is_empty() {
        return Ok(None);
    }
    let mut members = Members { numbers: BTreeMap::new() };
    for member in &view.members {
        members.number(member);
    }
    let mut names: Vec<Option<String>> = Vec::new();
    let mut holdings: Vec<Held> = Vec::new();
    let mut exact = [Precision::Second.name().to_owned(), Precision::Second.name().to_owned()];
    if let Some(rows) = &held {
        exact[0] = precision(rows, &held_rows)?;
        for row in held_rows {
            let (Some(member), Some(amount)) = (rows.word("member", row)?, rows.amount(row)?) else {
                continue;
            };
            let name = rows.word("asset", row)?;
            let known = names.iter().position(|known| known.as_deref() == name);
            let asset = known.unwrap_or_else(|| {
                if names.len() < ASSETS {
                    names.push(name.map(str::to_owned));
                }
                names.len() - 1
            });
            holdings.push(Held { asset, member: members.number(member), at: rows.at(row)?, amount });
        }
    }
    let mut changes: Vec<Change> = Vec::new();
    if let Some(rows) = &changed {
        exact[1] = precision(rows, &changed_rows)?;
        for row in changed_rows {
            let Some(member) = rows.word("delegator", row)? else { continue };
            let member = members.number(member);
            let to = rows.word("to_delegate", row)?.map(|to| members.number(to));
            changes.push(Change { member, at: rows.at(row)?, to, amount: rows.amount(row)? });
        }
    }
    // Stable sorts: rows of one second keep the order of their source.
    holdings.sort_by_key(|row| (row.asset, row.member, row.at));
    changes.sort_by_key(|row| (row.member, row.at));
    let times = || holdings.iter().filter_map(|row| row.at).chain(changes.iter().filter_map(|row| row.at));
    let rows_life = times().min().zip(times().max());
    let starts = view.proposals.iter().filter_map(|p| p.start_at).min();
    let ends = view.proposals.iter().filter_map(|p| p.end_at.or(p.start_at)).max();
    let life = match (rows_life, starts.zip(ends)) {
        (Some((a, b)), Some((c, d))) => [a.min(c), b.max(d)],
        (Some((a, b)), None) | (None, Some((a, b))) => [a, b],
        (None, None) => [0, 0],
    };
    let beyond = starts.zip(ends).map_or([0, 0], |(start, end)| [start - life[0], life[1] - end]);
    let powers = powers(view);
    let mut role = vec![0_u8; members.numbers.len()];
    let mut seen = vec![false; role.len()];
    for row in &holdings {
        (role[row.member], seen[row.member]) = (role[row.member] | HOLDS, true);
    }
    for change in &changes {
        (role[change.member], seen[change.member]) = (role[change.member] | DELEGATES, true);
        if let Some(to) = change.to {
            seen[to] = true;
        }
    }
    let mut roles = vec![0.0; CELLS * ROLES];
    for (member, &role) in role.iter().enumerate() {
        let votes = powers.get(member).map_or(0, |(_, votes)| *votes);
        if votes > 0 || seen[member] {
            roles[cell(votes) * ROLES + usize::from(role)] += 1.0;
        }
    }
    let holders = role.iter().filter(|role| *role & HOLDS != 0).count();
    // Rows of the asset that most hold come first: delegations are of it.
    let mut parts: Vec<&[Held]> = holdings.chunk_by(|a, b| a.asset == b.asset).collect();
    parts.sort_by_key(|rows| (std::cmp::Reverse(rows.len()), rows[0].asset));
    let decimals = view.decimals;
    let assets = parts
        .iter()
        .map(|rows| asset(names[rows[0].asset].clone(), rows, holders, &powers, life, decimals))
        .collect();
    let [exact_held, exact_changed] = exact;
    let first = parts.first().copied().unwrap_or_default();
    let delegations =
        (!changes.is_empty()).then(|| delegations(&changes, first, &powers, life, decimals, exact_changed));
    Ok(Some(Holdings { roles, voters, life, beyond, assets, delegations, precision: exact_held }))
}
