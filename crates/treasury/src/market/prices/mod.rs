//! Price histories of people: files of daily prices, as market models want them.

#[cfg(test)]
mod test;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use daotwin_core::{ErrorKind, Run};
use daotwin_history::frame::{self, Declaration};

use super::Panel;
use crate::{Error, Result};

/// A price that changes by more than this factor from one day to the next is taken for a token that was renamed or
/// redenominated, not for a return.
pub const STEP: f64 = 15.0;
/// Tokens that stand for another one.
const WRAPPED: [(&str, &str); 4] = [("WETH", "ETH"), ("STETH", "ETH"), ("WBTC", "BTC"), ("WMATIC", "MATIC")];
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// The name under which prices and plans know an asset: in capitals, and of what it stands for.
pub fn asset_name(asset: &str) -> String {
    let upper = asset.trim().trim_start_matches('$').to_uppercase();
    WRAPPED.iter().find(|(wrapped, _)| *wrapped == upper).map_or(upper, |(_, plain)| (*plain).to_owned())
}

/// Daily prices by asset and day since 1970. Assets are kept and looked up by their [`asset_name`], so that `weth` and `ETH`
/// are one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prices {
    series: BTreeMap<String, BTreeMap<i64, f64>>,
    /// Each with the asset that it is of.
    notes: Vec<(String, String)>,
}

impl Prices {
    /// Reads a CSV or Parquet file (`.gz`, `.zst`), or all of a folder in the order of their names. Each has a column
    /// `symbol` or `asset`, one `day`, `date` or `at`, and one `close` or `price` in dollars. Where files tell the same
    /// asset and day, the first counts; a price of 0 is none. Days before a step by more than [`STEP`] are left out, and told in
    /// [`Prices::notes`].
    ///
    /// # Errors
    /// I/O; [`Error::Parameters`] with every problem of every file.
    pub fn read(path: &Path, run: &Run) -> Result<Self> {
        let mut files: Vec<PathBuf> = vec![];
        if path.is_dir() {
            let failed = |source| daotwin_core::Error::Io { action: "read", path: path.into(), source };
            let entries = path.read_dir().map_err(failed)?;
            for entry in entries {
                let file = entry.map_err(failed)?.path();
                let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
                if [".csv", ".csv.gz", ".csv.zst", ".parquet"].iter().any(|ending| name.ends_with(ending)) {
                    files.push(file);
                }
            }
            files.sort();
            if files.is_empty() {
                return Err(Error::Parameters {
                    problems: vec![format!(
                        "`{}` holds no `.csv`, `.csv.gz`, `.csv.zst` or `.parquet` file of prices",
                        path.display()
                    )],
                });
            }
        } else {
            files.push(path.to_path_buf());
        }
        let mut prices = Self::default();
        let mut problems = vec![];
        for file in &files {
            if let Err(error) = prices.add(file, run) {
                match error {
                    Error::Parameters { problems: more } => problems.extend(more),
                    Error::History(error) if error.kind() == ErrorKind::Input => {
                        problems.push(error.to_string());
                    }
                    other => return Err(other),
                }
            }
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        prices.cut();
        Ok(prices)
    }

    fn add(&mut self, file: &Path, run: &Run) -> Result<()> {
        let shown = file.display();
        let (table, _) = frame::read(file, &Declaration::default(), run)?;
        let mut problems = vec![];
        let mut find = |names: &[&str], what: &str| {
            let found = names.iter().find_map(|name| {
                table.columns().iter().position(|column| column.name.eq_ignore_ascii_case(name))
            });
            if found.is_none() {
                let there: Vec<String> =
                    table.columns().iter().map(|column| format!("`{}`", column.name)).collect();
                problems.push(format!(
                    "`{shown}` has no column of {what}; name one `{}`; it has {}",
                    names.join("` or `"),
                    there.join(", ")
                ));
            }
            found
        };
        let found = (
            find(&["symbol", "asset"], "assets"),
            find(&["day", "date", "at"], "days"),
            find(&["close", "price"], "prices"),
        );
        let (Some(asset), Some(day), Some(price)) = found else { return Err(Error::Parameters { problems }) };
        let labels = table.columns()[asset].kind.labels().unwrap_or(&[]);
        let (days, values) = (table.values(day).numbers(), table.values(price).numbers());
        for (what, column, right) in [
            ("text", asset, !labels.is_empty()),
            ("dates such as 2024-05-31", day, !days.is_empty()),
            ("numbers", price, !values.is_empty()),
        ] {
            if !right {
                problems.push(format!("`{shown}`, column `{}`: give {what}", table.columns()[column].name));
            }
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let names: Vec<String> = labels.iter().map(|label| asset_name(label)).collect();
        let mut unknown: BTreeMap<&str, u64> = BTreeMap::new();
        for (row, code) in table.values(asset).codes().iter().enumerate() {
            let (Some(name), value) = (names.get(*code as usize), values[row]) else { continue };
            if days[row].is_nan() || value.is_nan() {
                continue;
            }
            if value == 0.0 {
                *unknown.entry(name).or_default() += 1;
                continue;
            }
            if value < 0.0 {
                problems.push(format!(
                    "`{shown}`, row {}: the price of `{name}` is {value}; give one above 0",
                    row + 2
                ));
                continue;
            }
            let day = (days[row] / DAY).floor() as i64;
            self.series.entry(name.clone()).or_default().entry(day).or_insert(value);
        }
        for (asset, days) in unknown {
            let note =
                format!("`{shown}`: {days} prices of 0 of `{asset}` are taken for days without a price");
            self.notes.push((asset.to_owned(), note));
        }
        let most = run.limits.max_problems as usize;
        if problems.len() > most {
            let more = problems.len() - most;
            problems.truncate(most);
            problems.push(format!("`{shown}`: and {more} more rows like these"));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
    }

    /// Adds one price; the first of an asset and day counts.
    pub fn insert(&mut self, asset: &str, at_seconds: i64, price: f64) {
        if price > 0.0 && price.is_finite() {
            let days = self.series.entry(asset_name(asset)).or_default();
            days.entry(at_seconds.div_euclid(DAY as i64)).or_insert(price);
        }
    }

    /// Leaves out what lies before a step that no market makes.
    pub fn cut(&mut self) {
        for (asset, days) in &mut self.series {
            let mut before: Option<f64> = None;
            let mut last_step = None;
            for (day, price) in days.iter() {
                if let Some(before) = before
                    && (price / before > STEP || before / price > STEP)
                {
                    last_step = Some((*day, price / before));
                }
                before = Some(*price);
            }
            if let Some((day, factor)) = last_step {
                let left = days.len();
                *days = days.split_off(&day);
                let note = format!(
                    "the price of `{asset}` changes by a factor of {factor:.3} in a day: {} earlier days are left out as \
                     another token's or another unit's",
                    left - days.len()
                );
                self.notes.push((asset.clone(), note));
            }
        }
        self.series.retain(|_, days| !days.is_empty());
    }

    /// What was left out of these assets' prices, a sentence each.
    pub fn notes<'a>(&'a self, assets: &'a [String]) -> impl Iterator<Item = &'a str> {
        let asked: Vec<String> = assets.iter().map(|asset| asset_name(asset)).collect();
        self.notes.iter().filter(move |(asset, _)| asked.contains(asset)).map(|(_, note)| note.as_str())
    }

    /// The day since 1970 whose price [`Prices::at`] gives.
    pub fn day_at(&self, asset: &str, day: i64) -> Option<i64> {
        let days = self.series.get(&asset_name(asset))?;
        days.range(..=day).next_back().or_else(|| days.iter().next()).map(|(day, _)| *day)
    }

    /// The assets, in order of their names.
    pub fn assets(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// The asset of this name, as it is kept.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.series.get_key_value(&asset_name(name)).map(|(asset, _)| asset.as_str())
    }

    /// The days that an asset has.
    pub fn days(&self, asset: &str) -> usize {
        self.series.get(&asset_name(asset)).map_or(0, BTreeMap::len)
    }

    /// The last price of an asset on or before a day since 1970, or its first.
    pub fn at(&self, asset: &str, day: i64) -> Option<f64> {
        self.series.get(&asset_name(asset))?.get(&self.day_at(asset, day)?).copied()
    }

    /// Log returns of these assets over the days from `from` to `to` (both included) on which all have a price. A return
    /// is taken between days that follow each other; a gap gives none.
    ///
    /// # Errors
    /// [`Error::Parameters`]: an asset that is not there; what [`Panel::new`] refuses.
    pub fn panel(&self, assets: &[String], from: i64, to: i64) -> Result<Panel> {
        let missing: Vec<String> = assets
            .iter()
            .filter(|asset| self.find(asset).is_none())
            .map(|asset| {
                let known: Vec<String> = self.assets().map(|name| format!("`{name}`")).collect();
                format!("there are no prices of `{asset}`; there are prices of {}", known.join(", "))
            })
            .collect();
        if !missing.is_empty() {
            return Err(Error::Parameters { problems: missing });
        }
        let series: Vec<&BTreeMap<i64, f64>> =
            assets.iter().filter_map(|asset| self.series.get(&asset_name(asset))).collect();
        let days: BTreeSet<i64> = series.first().map_or_else(BTreeSet::new, |first| {
            first
                .range(from..=to)
                .map(|(day, _)| *day)
                .filter(|day| series.iter().all(|days| days.contains_key(day)))
                .collect()
        });
        let mut returns = vec![];
        for day in &days {
            if days.contains(&(day + 1)) {
                for prices in &series {
                    returns.push((prices[&(day + 1)] / prices[day]).ln());
                }
            }
        }
        if returns.is_empty() {
            let names: Vec<String> = assets.iter().map(|asset| format!("`{asset}`")).collect();
            return Err(Error::Parameters {
                problems: vec![format!(
                    "{} have no two days in a row on which all have a price; give prices of the same days",
                    names.join(", ")
                )],
            });
        }
        Panel::new(assets.to_vec(), returns)
    }
}

/// Days since 1970 of a date in ISO 8601.
pub fn day_of(date: &str) -> Option<i64> {
    frame::read_time(date).map(|seconds| (seconds / DAY).floor() as i64)
}
