//! What a History tells of a treasury: what it holds, what it pays and what it earns.
//!
//! Amounts are summed as exact integers; dollars are made of the sums, with the price of the day.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, TimestampSecondType, i256};
use daotwin_history::amount::to_tokens;
use daotwin_history::{Error as HistoryError, History, Table};
use serde::Serialize;

use crate::Result;
use crate::market::prices::Prices;
pub use crate::market::prices::asset_name;

/// Tokens that are worth a dollar by what they promise.
pub const DOLLARS: [&str; 18] = [
    "USD", "USDC", "USDC.E", "USDT", "DAI", "XDAI", "WXDAI", "USDS", "SUSD", "LUSD", "GUSD", "TUSD", "BUSD",
    "FRAX", "PYUSD", "USDP", "FEI", "MAI",
];
/// Words in a purpose or a counterparty that tell a move between assets from a payment.
const MOVES: [&str; 6] = ["swap", "endowment", "invest", "exchange", "bridge", "sale"];
/// Seconds of the last year, and of a day.
const YEAR: i64 = 365 * 86_400;
const DAY: i64 = 86_400;

/// Whether an asset is worth a dollar by what it promises.
pub fn is_dollar(asset: &str) -> bool {
    DOLLARS.contains(&asset)
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Records {
    /// Accounts taken for the treasury's, with the rows that each stands in.
    pub accounts: Vec<(String, u64)>,
    /// Whether the accounts were told, and not guessed.
    pub told: bool,
    /// Tokens held, by asset: what came in less what went out, or the last holdings where there are some.
    pub holdings: BTreeMap<String, f64>,
    /// Assets of which more went out than came in: what was there before is not in the records.
    pub incomplete: Vec<String>,
    /// Dollars a month that went out in the last year of the records, grants apart.
    pub payments: f64,
    /// Dollars a month of grants.
    pub grants: f64,
    /// Grants a month.
    pub grants_count: f64,
    /// Dollars a month that came in.
    pub revenue: f64,
    /// Payments of the last year, by purpose, in dollars; the largest first.
    pub purposes: Vec<(String, f64)>,
    /// Assets in which something was paid and that have no price, with how many payments.
    pub unpriced: Vec<(String, u64)>,
    /// Seconds since 1970 of the last row.
    pub last: Option<i64>,
    /// Months that the figures are of: 12, or fewer where the records are younger.
    pub months: f64,
}

struct Texts<'a>(&'a arrow::array::DictionaryArray<Int32Type>, &'a arrow::array::StringArray);

impl<'a> Texts<'a> {
    fn new(batch: &'a RecordBatch, name: &str) -> Result<Self> {
        let defect = || HistoryError::Defect(format!("column `{name}` is not of the schema"));
        let array = batch.column_by_name(name).and_then(|column| column.as_dictionary_opt::<Int32Type>());
        let array = array.ok_or_else(defect)?;
        Ok(Self(array, array.values().as_string_opt::<i32>().ok_or_else(defect)?))
    }

    fn get(&self, row: usize) -> &'a str {
        if self.0.is_valid(row) { self.1.value(self.0.keys().value(row) as usize) } else { "" }
    }
}

fn amounts(batch: &RecordBatch) -> Result<impl Fn(usize) -> Option<i128> + '_> {
    let column =
        batch.column_by_name("amount").and_then(|column| column.as_primitive_opt::<Decimal256Type>());
    let column =
        column.ok_or_else(|| HistoryError::Defect("column `amount` is not of the schema".to_owned()))?;
    Ok(move |row: usize| column.is_valid(row).then(|| column.value(row)).and_then(i256::to_i128))
}

fn times(batch: &RecordBatch) -> Result<impl Fn(usize) -> Option<i64> + '_> {
    let column =
        batch.column_by_name("at").and_then(|column| column.as_primitive_opt::<TimestampSecondType>());
    let column = column.ok_or_else(|| HistoryError::Defect("column `at` is not of the schema".to_owned()))?;
    Ok(move |row: usize| column.is_valid(row).then(|| column.value(row)))
}

/// Adds the prices that a History itself holds.
///
/// # Errors
/// A column that is not of the schema.
pub fn prices_of(history: &History, prices: &mut Prices) -> Result<()> {
    let Some(batch) = history.table(Table::Prices) else { return Ok(()) };
    let (assets, at) = (Texts::new(batch, "asset")?, times(batch)?);
    let close = batch.column_by_name("close").and_then(|column| column.as_primitive_opt::<Float64Type>());
    let close =
        close.ok_or_else(|| HistoryError::Defect("column `close` is not of the schema".to_owned()))?;
    for row in 0..batch.num_rows() {
        if let (Some(at), true) = (at(row), close.is_valid(row)) {
            prices.insert(assets.get(row), at, close.value(row));
        }
    }
    prices.cut();
    Ok(())
}

/// The names of the DAOs in the tables that a plan reads.
fn wanted<'a>(batch: &'a RecordBatch, dao: Option<&'a str>) -> Result<impl Fn(usize) -> bool + 'a> {
    let daos = Texts::new(batch, "dao")?;
    Ok(move |row: usize| dao.is_none_or(|dao| daos.get(row) == dao))
}

/// Accounts that stand on a side of nine rows in ten, fewest first; at most eight.
fn guess(rows: &[(String, String)]) -> Vec<(String, u64)> {
    let mut left: Vec<&(String, String)> = rows.iter().collect();
    let mut found = vec![];
    while found.len() < 8 && left.len() * 10 > rows.len() {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (from, to) in &left {
            for side in [from, to] {
                if !side.is_empty() {
                    *counts.entry(side.as_str()).or_default() += 1;
                }
            }
        }
        // The first of equals, so that the order of rows does not matter.
        let Some((account, count)) = counts.into_iter().rev().max_by_key(|(_, count)| *count) else { break };
        let account = account.to_owned();
        left.retain(|(from, to)| *from != account && *to != account);
        found.push((account, count));
    }
    found
}

/// Reads what a History tells. `accounts` are the treasury's where they are known; `prices` turn tokens into dollars.
///
/// # Errors
/// Columns that are not of the schema.
pub fn read(history: &History, dao: Option<&str>, accounts: &[String], prices: &Prices) -> Result<Records> {
    let mut records = Records { told: !accounts.is_empty(), ..Records::default() };
    let decimals = history.decimals();
    let mut exact: BTreeMap<String, i128> = BTreeMap::new();
    if let Some(batch) = history.table(Table::Transfers) {
        let (from, to, assets) =
            (Texts::new(batch, "from")?, Texts::new(batch, "to")?, Texts::new(batch, "asset")?);
        let (purposes, at, amount, wanted) =
            (Texts::new(batch, "purpose")?, times(batch)?, amounts(batch)?, wanted(batch, dao)?);
        let rows: Vec<usize> = (0..batch.num_rows()).filter(|row| wanted(*row)).collect();
        records.last = rows.iter().filter_map(|row| at(*row)).max();
        let sides: Vec<(String, String)> =
            rows.iter().map(|row| (from.get(*row).to_owned(), to.get(*row).to_owned())).collect();
        records.accounts = if accounts.is_empty() {
            guess(&sides)
        } else {
            let count =
                |account: &String| sides.iter().filter(|(from, to)| from == account || to == account).count();
            accounts.iter().map(|account| (account.clone(), count(account) as u64)).collect()
        };
        let ours: BTreeSet<&str> = records.accounts.iter().map(|(account, _)| account.as_str()).collect();
        let last = records.last.unwrap_or(0);
        let first = rows.iter().filter_map(|row| at(*row)).min().unwrap_or(last);
        // The last year is twelve months long, whatever its first row; younger records are as long as they are.
        records.months = ((last - first) as f64 / (YEAR as f64 / 12.0)).clamp(1.0, 12.0);
        let mut by_purpose: BTreeMap<String, f64> = BTreeMap::new();
        let mut unpriced: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows {
            let (ours_from, ours_to) = (ours.contains(from.get(row)), ours.contains(to.get(row)));
            let (Some(amount), true) = (amount(row), ours_from != ours_to) else { continue };
            let asset = asset_name(assets.get(row));
            let sum = exact.entry(asset.clone()).or_default();
            *sum = if ours_to { sum.saturating_add(amount) } else { sum.saturating_sub(amount) };
            let Some(at) = at(row).filter(|at| *at > last - YEAR) else { continue };
            let other = if ours_from { to.get(row) } else { from.get(row) };
            let purpose = purposes.get(row);
            let words = format!("{purpose} {other}").to_lowercase();
            if MOVES.iter().any(|word| words.contains(word)) {
                continue;
            }
            let price = if is_dollar(&asset) { Some(1.0) } else { prices.at(&asset, at.div_euclid(DAY)) };
            let Some(price) = price else {
                *unpriced.entry(asset).or_default() += 1;
                continue;
            };
            let dollars = to_tokens(amount, decimals) * price / records.months;
            if ours_to {
                records.revenue += dollars;
                continue;
            }
            if words.contains("grant") {
                records.grants += dollars;
                records.grants_count += 1.0 / records.months;
            } else {
                records.payments += dollars;
            }
            let purpose = if purpose.is_empty() { "not said" } else { purpose };
            *by_purpose.entry(purpose.to_owned()).or_default() += dollars;
        }
        records.purposes = by_purpose.into_iter().collect();
        records.purposes.sort_by(|left, right| right.1.total_cmp(&left.1));
        records.unpriced = unpriced.into_iter().collect();
    }
    for (asset, sum) in &exact {
        if *sum < 0 {
            records.incomplete.push(asset.clone());
        }
        records.holdings.insert(asset.clone(), to_tokens((*sum).max(0), decimals));
    }
    last_holdings(history, dao, decimals, &mut records)?;
    records.holdings.retain(|_, tokens| *tokens > 0.0);
    Ok(records)
}

/// Holdings of the treasury's accounts, which count before sums of transfers: the last of each account and asset.
fn last_holdings(history: &History, dao: Option<&str>, decimals: u8, records: &mut Records) -> Result<()> {
    let Some(batch) = history.table(Table::Holdings) else { return Ok(()) };
    let (members, assets) = (Texts::new(batch, "member")?, Texts::new(batch, "asset")?);
    let (at, amount, wanted) = (times(batch)?, amounts(batch)?, wanted(batch, dao)?);
    let ours: BTreeSet<&str> = records.accounts.iter().map(|(account, _)| account.as_str()).collect();
    let mut last: BTreeMap<(&str, &str), (i64, i128)> = BTreeMap::new();
    for row in (0..batch.num_rows()).filter(|row| wanted(*row) && ours.contains(members.get(*row))) {
        let Some(amount) = amount(row) else { continue };
        let at = at(row).unwrap_or(i64::MIN);
        let entry = last.entry((members.get(row), assets.get(row))).or_insert((at, amount));
        if at >= entry.0 {
            *entry = (at, amount);
        }
    }
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    for ((_, asset), (_, amount)) in last {
        let sum = sums.entry(asset_name(asset)).or_default();
        *sum = sum.saturating_add(amount);
    }
    for (asset, sum) in sums {
        records.incomplete.retain(|other| *other != asset);
        records.holdings.insert(asset, to_tokens(sum.max(0), decimals));
    }
    Ok(())
}

/// The ids of the DAOs that a History has, in order.
///
/// # Errors
/// A column that is not of the schema.
pub fn daos(history: &History) -> Result<Vec<String>> {
    let mut found = BTreeSet::new();
    for table in [Table::Daos, Table::Transfers] {
        if let Some(batch) = history.table(table) {
            let ids = Texts::new(batch, "dao")?;
            found.extend((0..batch.num_rows()).map(|row| ids.get(row).to_owned()));
        }
    }
    found.remove("");
    Ok(found.into_iter().collect())
}

/// What the first DAO's power is counted in.
///
/// # Errors
/// A column that is not of the schema.
pub fn power_unit(history: &History) -> Result<Option<String>> {
    let Some(batch) = history.table(Table::Daos).filter(|batch| batch.num_rows() > 0) else {
        return Ok(None);
    };
    Ok(Some(Texts::new(batch, "power_unit")?.get(0).to_owned()).filter(|unit| !unit.is_empty()))
}
