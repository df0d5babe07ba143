//! The dense view of one DAO that facts and models work on: integers instead of ids, proposals in order,
//! the counting ballots only.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, DictionaryArray, RecordBatch};
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, Int64Type, TimestampSecondType};

use crate::amount;
use crate::error::{Error, Result};
use crate::history::History;
use crate::schema::{Precision, Table};

/// One DAO, dense.
#[derive(Debug, Clone, Default)]
pub struct DaoView {
    /// The DAO's id.
    pub dao: String,
    /// Its platform, as the source spells it.
    pub platform: String,
    /// What power is counted in.
    pub power_unit: String,
    /// The decimals of power.
    pub decimals: u8,
    /// The token's supply in tokens, where known.
    pub supply: Option<f64>,
    /// The members' ids: those with a vote first, in order of their first counting vote, then the others.
    pub members: Vec<String>,
    /// The proposals by start, then creation, then id.
    pub proposals: Vec<ProposalView>,
    /// The counting ballots by proposal, then time, then row.
    pub votes: Vec<VoteView>,
    /// The choice entries of all ballots; see [`VoteView::entries`].
    pub entries: Vec<(i32, f64)>,
    /// Ballots replaced by a later one of the same member on the same proposal.
    pub replaced_votes: usize,
    /// Ballots whose proposal has no row.
    pub orphan_votes: usize,
}

/// One proposal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProposalView {
    /// Its id.
    pub proposal: String,
    /// Who made it.
    pub author: Option<String>,
    /// Its kind in the DAO's own words.
    pub category: Option<String>,
    /// How ballots are cast and counted.
    pub voting_system: Option<String>,
    /// How many choices it offers; 0 where unknown.
    pub choices: u32,
    /// Their labels in the source's order; as many, or none where the reader of a view did not say.
    pub labels: Vec<String>,
    /// When it was made, in seconds since 1970.
    pub created_at: Option<i64>,
    /// When voting starts.
    pub start_at: Option<i64>,
    /// When voting ends; never before it starts.
    pub end_at: Option<i64>,
    /// Quorum in tokens.
    pub quorum: Option<f64>,
    /// The state in the source's words.
    pub state: Option<String>,
    /// The proposal's ballots, as a range of [`DaoView::votes`].
    pub votes: std::ops::Range<usize>,
}

/// One counting ballot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoteView {
    /// Index into [`DaoView::proposals`].
    pub proposal: u32,
    /// Index into [`DaoView::members`].
    pub member: u32,
    /// When, in seconds since 1970.
    pub at: Option<i64>,
    /// How exact the time is.
    pub precision: Precision,
    /// Base units.
    pub power: i128,
    /// First choice, 1-based; 0 for an empty ballot.
    pub choice: i32,
    /// Where the ballot's entries start in [`DaoView::entries`].
    pub entries_start: u32,
    /// How many entries it has.
    pub entries_len: u32,
}

impl DaoView {
    /// A ballot's entries: (1-based index, weight).
    pub fn entries(&self, vote: &VoteView) -> &[(i32, f64)] {
        let start = vote.entries_start as usize;
        &self.entries[start..start + vote.entries_len as usize]
    }

    /// A ballot's power in tokens.
    pub fn tokens(&self, vote: &VoteView) -> f64 {
        amount::to_tokens(vote.power, self.decimals)
    }

    /// A ballot's time as a share of its proposal's window, 0 the start and 1 the end, held within them;
    /// `None` where a time is unknown or the window is empty.
    pub fn time_in_window(&self, vote: &VoteView) -> Option<f64> {
        let proposal = &self.proposals[vote.proposal as usize];
        let (start, end) = (proposal.start_at?, proposal.end_at?);
        let at = vote.at?;
        (end > start).then(|| ((at - start) as f64 / (end - start) as f64).clamp(0.0, 1.0))
    }

    /// Each member's ballots as indices into [`DaoView::votes`], in order of proposals. Members without a
    /// ballot have an empty list.
    pub fn votes_by_member(&self) -> Vec<Vec<u32>> {
        let mut lists = vec![Vec::new(); self.members.len()];
        for (index, vote) in self.votes.iter().enumerate() {
            lists[vote.member as usize].push(index as u32);
        }
        lists
    }

    /// How many members have a counting ballot; they are the first in [`DaoView::members`].
    pub fn voters(&self) -> usize {
        self.votes.iter().map(|vote| vote.member as usize + 1).max().unwrap_or(0)
    }

    /// The views of all DAOs of a History, in order of their ids.
    ///
    /// # Errors
    /// [`Error::Defect`] if a table's columns are not of the schema.
    pub fn all(history: &History) -> Result<Vec<Self>> {
        Loader::new(history)?.finish()
    }

    /// The view of the only DAO, or of the named one.
    ///
    /// # Errors
    /// [`Error::Problems`] if there is no such DAO, or none is named and there are several.
    pub fn one(history: &History, dao: Option<&str>) -> Result<Self> {
        let mut views = Self::all(history)?;
        let names = views.iter().map(|view| format!("`{}`", view.dao)).collect::<Vec<_>>().join(", ");
        let found = match dao {
            Some(dao) => views.iter().position(|view| view.dao == dao),
            None if views.len() == 1 => Some(0),
            None => None,
        };
        match found {
            Some(index) => Ok(views.swap_remove(index)),
            None => Err(Error::Problems {
                problems: vec![match dao {
                    _ if names.is_empty() => {
                        "the folder holds no DAO: no row of `daos`, `proposals` or `votes`; expected is a History, as `daotwin \
                         ingest` or `daotwin sample` writes it"
                            .to_owned()
                    }
                    Some(dao) => format!("there is no DAO `{dao}`; the History holds {names}"),
                    None => format!("the History holds {} DAOs; name one with `--dao`: {names}", views.len()),
                }],
            }),
        }
    }
}

/// Text cells of an id column.
#[derive(Debug, Clone, Copy)]
struct Ids<'a> {
    array: &'a DictionaryArray<Int32Type>,
    values: &'a arrow::array::StringArray,
}

impl<'a> Ids<'a> {
    fn new(batch: &'a RecordBatch, name: &str) -> Result<Self> {
        let defect = || Error::Defect(format!("column `{name}` is not of the schema"));
        let array = batch
            .column_by_name(name)
            .and_then(|column| column.as_dictionary_opt::<Int32Type>())
            .ok_or_else(defect)?;
        let values = array.values().as_string_opt::<i32>().ok_or_else(defect)?;
        Ok(Self { array, values })
    }

    fn code(&self, row: usize) -> Option<usize> {
        self.array.is_valid(row).then(|| self.array.keys().value(row) as usize)
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        self.code(row).map(|code| self.values.value(code))
    }
}

fn column<'a, T: ?Sized>(
    batch: &'a RecordBatch,
    name: &str,
    cast: impl FnOnce(&'a dyn Array) -> Option<&'a T>,
) -> Result<&'a T> {
    batch
        .column_by_name(name)
        .and_then(|column| cast(column.as_ref()))
        .ok_or_else(|| Error::Defect(format!("column `{name}` is not of the schema")))
}

/// Seconds from 1970 that a time may be away, about 3,000 years. A time beyond is unknown here: differences
/// of times then fit everywhere.
const FARTHEST: u64 = 100_000_000_000;

fn near(time: i64) -> Option<i64> {
    (time.unsigned_abs() <= FARTHEST).then_some(time)
}

fn at(batch: &RecordBatch, name: &str, row: usize) -> Result<Option<i64>> {
    let times = column(batch, name, |array| array.as_primitive_opt::<TimestampSecondType>())?;
    Ok(times.is_valid(row).then(|| times.value(row)).and_then(near))
}

fn tokens(batch: &RecordBatch, name: &str, row: usize, decimals: u8) -> Result<Option<f64>> {
    let amounts = column(batch, name, |array| array.as_primitive_opt::<Decimal256Type>())?;
    Ok(amounts
        .is_valid(row)
        .then(|| amounts.value(row).to_i128().map(|value| amount::to_tokens(value, decimals)))
        .flatten())
}

struct Loader<'a> {
    history: &'a History,
    views: BTreeMap<String, DaoView>,
    /// Index of each proposal in its DAO's view, before ordering.
    proposals: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Loader<'a> {
    fn new(history: &'a History) -> Result<Self> {
        let mut loader = Self { history, views: BTreeMap::new(), proposals: BTreeMap::new() };
        loader.daos()?;
        loader.load_proposals()?;
        Ok(loader)
    }

    fn view(&mut self, dao: &str) -> &mut DaoView {
        let decimals = self.history.decimals();
        self.views.entry(dao.to_owned()).or_insert_with(|| DaoView {
            dao: dao.to_owned(),
            decimals,
            ..DaoView::default()
        })
    }

    fn daos(&mut self) -> Result<()> {
        let Some(batch) = self.history.table(Table::Daos) else { return Ok(()) };
        let (ids, platforms) = (Ids::new(batch, "dao")?, Ids::new(batch, "platform")?);
        let units = Ids::new(batch, "power_unit")?;
        for row in 0..batch.num_rows() {
            let supply = tokens(batch, "token_supply", row, self.history.decimals())?;
            let view = self.view(ids.get(row).unwrap_or_default());
            view.platform = platforms.get(row).unwrap_or_default().to_owned();
            view.power_unit = units.get(row).unwrap_or_default().to_owned();
            view.supply = supply;
        }
        Ok(())
    }

    fn load_proposals(&mut self) -> Result<()> {
        let Some(batch) = self.history.table(Table::Proposals) else { return Ok(()) };
        let (daos, ids) = (Ids::new(batch, "dao")?, Ids::new(batch, "proposal")?);
        let (authors, categories) = (Ids::new(batch, "author")?, Ids::new(batch, "category")?);
        let (systems, states) = (Ids::new(batch, "voting_system")?, Ids::new(batch, "state")?);
        let choices = column(batch, "choices", |array| array.as_list_opt::<i32>())?;
        for row in 0..batch.num_rows() {
            let (Some(dao), Some(proposal)) = (daos.get(row), ids.get(row)) else { continue };
            let text = |ids: Ids<'_>| ids.get(row).map(str::to_owned);
            let start_at = at(batch, "start_at", row)?;
            let labels = if choices.is_valid(row) { texts(&choices.value(row))? } else { Vec::new() };
            let entry = ProposalView {
                proposal: proposal.to_owned(),
                author: text(authors),
                category: text(categories),
                voting_system: text(systems),
                choices: labels.len() as u32,
                labels,
                created_at: at(batch, "created_at", row)?,
                start_at,
                // A window that ends before it starts has no known end.
                end_at: at(batch, "end_at", row)?.filter(|end| start_at.is_none_or(|start| *end >= start)),
                quorum: tokens(batch, "quorum", row, self.history.decimals())?,
                state: text(states),
                votes: 0..0,
            };
            let view = self.view(dao);
            view.proposals.push(entry);
            let index = view.proposals.len() - 1;
            self.proposals.insert((dao, proposal), index);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<DaoView>> {
        // Each DAO's proposals in order; `rank` maps the index before ordering to the one after.
        let mut ranks: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for view in self.views.values_mut() {
            let mut order: Vec<usize> = (0..view.proposals.len()).collect();
            order.sort_by(|&a, &b| {
                let key = |index: usize| {
                    let proposal = &view.proposals[index];
                    (proposal.start_at, proposal.created_at)
                };
                key(a).cmp(&key(b)).then_with(|| view.proposals[a].proposal.cmp(&view.proposals[b].proposal))
            });
            let mut rank = vec![0; order.len()];
            for (new, &old) in order.iter().enumerate() {
                rank[old] = new as u32;
            }
            view.proposals = order.iter().map(|&old| view.proposals[old].clone()).collect();
            ranks.insert(view.dao.clone(), rank);
        }
        self.votes(&ranks)?;
        self.members()?;
        Ok(self.views.into_values().collect())
    }

    fn votes(&mut self, ranks: &BTreeMap<String, Vec<u32>>) -> Result<()> {
        let Some(batch) = self.history.table(Table::Votes) else { return Ok(()) };
        let (daos, proposals) = (Ids::new(batch, "dao")?, Ids::new(batch, "proposal")?);
        let (members, precisions) = (Ids::new(batch, "member")?, Ids::new(batch, "cast_at_precision")?);
        let times = column(batch, "cast_at", |array| array.as_primitive_opt::<TimestampSecondType>())?;
        let powers = column(batch, "power", |array| array.as_primitive_opt::<Decimal256Type>())?;
        let ballots = column(batch, "choice", |array| array.as_list_opt::<i32>())?;
        let items = ballots.values().as_struct_opt();
        let items = items.ok_or_else(|| Error::Defect("column `choice` is not of the schema".to_owned()))?;
        let indices = items.column(0).as_primitive::<Int32Type>();
        let weights = items.column(1).as_primitive::<Float64Type>();
        // Rows of each DAO; the dictionary code stands for the member until the order is known.
        let mut rows: BTreeMap<&str, Vec<(u32, usize, Option<i64>, usize)>> = BTreeMap::new();
        // The same (dao, proposal) pair comes in long runs, so the last answer is kept.
        let mut last: Option<(&str, &str, Option<u32>)> = None;
        for row in 0..batch.num_rows() {
            let (Some(dao), Some(proposal)) = (daos.get(row), proposals.get(row)) else { continue };
            let rank = match last {
                Some((d, p, rank)) if d == dao && p == proposal => rank,
                _ => {
                    let index = self.proposals.get(&(dao, proposal));
                    let rank = index.and_then(|&index| ranks.get(dao).map(|rank| rank[index]));
                    last = Some((dao, proposal, rank));
                    rank
                }
            };
            match (rank, members.code(row)) {
                (Some(rank), Some(member)) => {
                    let time = times.is_valid(row).then(|| times.value(row)).and_then(near);
                    rows.entry(dao).or_default().push((rank, member, time, row));
                }
                _ => self.view(dao).orphan_votes += 1,
            }
        }
        for (dao, mut rows) in rows {
            // Of several ballots of one member on one proposal the last in time, then in the file, counts.
            rows.sort_unstable_by_key(|&(rank, member, time, row)| (rank, member, time, row));
            let before = rows.len();
            let mut counting: Vec<_> = rows
                .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
                .filter_map(|ballots| ballots.last().copied())
                .collect();
            counting.sort_unstable_by_key(|&(rank, _, time, row)| (rank, time, row));
            let view = self.view(dao);
            view.replaced_votes = before - counting.len();
            let mut dense: BTreeMap<usize, u32> = BTreeMap::new();
            for (rank, code, time, row) in counting {
                let next = dense.len() as u32;
                let member = *dense.entry(code).or_insert_with(|| {
                    view.members.push(members.values.value(code).to_owned());
                    next
                });
                let entries_start = view.entries.len() as u32;
                let range = ballots.value_offsets()[row] as usize..ballots.value_offsets()[row + 1] as usize;
                view.entries.extend(range.map(|index| (indices.value(index), weights.value(index))));
                let entries_len = view.entries.len() as u32 - entries_start;
                view.votes.push(VoteView {
                    proposal: rank,
                    member,
                    at: time,
                    precision: precisions.get(row).map(Precision::from_name).unwrap_or_default(),
                    power: powers.value(row).to_i128().unwrap_or(i128::MAX),
                    choice: view.entries.get(entries_start as usize).map_or(0, |entry| entry.0),
                    entries_start,
                    entries_len,
                });
            }
            let mut start = 0;
            for (rank, proposal) in view.proposals.iter_mut().enumerate() {
                let mut end = start;
                while view.votes.get(end).is_some_and(|vote| vote.proposal as usize == rank) {
                    end += 1;
                }
                proposal.votes = start..end;
                start = end;
            }
        }
        Ok(())
    }

    /// Adds the members that never voted.
    fn members(&mut self) -> Result<()> {
        let Some(batch) = self.history.table(Table::Members) else { return Ok(()) };
        let (daos, ids) = (Ids::new(batch, "dao")?, Ids::new(batch, "member")?);
        let mut seen: BTreeMap<&str, std::collections::BTreeSet<String>> = BTreeMap::new();
        for row in 0..batch.num_rows() {
            let (Some(dao), Some(member)) = (daos.get(row), ids.get(row)) else { continue };
            let view = self.view(dao);
            let known = seen.entry(dao).or_insert_with(|| view.members.iter().cloned().collect());
            if known.insert(member.to_owned()) {
                view.members.push(member.to_owned());
            }
        }
        Ok(())
    }
}

/// The texts of a list; a missing one is empty.
fn texts(list: &arrow::array::ArrayRef) -> Result<Vec<String>> {
    let texts = list.as_string_opt::<i32>();
    let texts = texts.ok_or_else(|| Error::Defect("column `choices` is not of the schema".to_owned()))?;
    Ok((0..texts.len())
        .map(|row| if texts.is_valid(row) { texts.value(row).to_owned() } else { String::new() })
        .collect())
}

/// The integer cells of a column, for the rows that have one.
///
/// # Errors
/// [`Error::Defect`] if the column is not of the schema.
pub fn integers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>> {
    let values = column(batch, name, |array| array.as_primitive_opt::<Int64Type>())?;
    Ok((0..batch.num_rows()).map(|row| values.is_valid(row).then(|| values.value(row))).collect())
}
