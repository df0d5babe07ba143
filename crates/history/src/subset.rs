//! Parts of a History: some members only, or the first proposals only. For holdouts, attacks and forecasts.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;

use crate::error::{Error, Result};
use crate::history::History;
use crate::schema::Table;
use crate::view::DaoView;

/// Columns that name a member, in any table.
const MEMBER_COLUMNS: [&str; 8] =
    ["member", "author", "delegator", "from_delegate", "to_delegate", "from", "to", "recipient"];

/// For each row, whether all its cells in the column satisfy `keep`; rows without a value pass.
fn rows_where(batch: &RecordBatch, name: &str, keep: &dyn Fn(&str) -> bool) -> Option<Vec<bool>> {
    let array = batch.column_by_name(name)?.as_dictionary_opt::<Int32Type>()?;
    let values = array.values().as_string_opt::<i32>()?;
    let kept: Vec<bool> = (0..values.len()).map(|code| keep(values.value(code))).collect();
    Some((0..array.len()).map(|row| !array.is_valid(row) || kept[array.keys().value(row) as usize]).collect())
}

fn filter(table: Table, batch: &RecordBatch, mask: Vec<bool>) -> Result<RecordBatch> {
    filter_record_batch(batch, &BooleanArray::from(mask))
        .map_err(|source| Error::Arrow { table: table.name(), source })
}

/// The batch with a nullable column emptied.
fn without(table: Table, batch: &RecordBatch, name: &str) -> Result<RecordBatch> {
    let Some(index) = batch.schema().fields().iter().position(|field| field.name() == name) else {
        return Ok(batch.clone());
    };
    let mut columns = batch.columns().to_vec();
    columns[index] = new_null_array(columns[index].data_type(), batch.num_rows());
    RecordBatch::try_new(batch.schema(), columns)
        .map_err(|source| Error::Arrow { table: table.name(), source })
}

/// The History as it would be had only some members taken part: rows that name another member are left out,
/// authors among the others are forgotten, and so are the proposals' scores, which would still tell of them.
///
/// # Errors
/// [`Error::Arrow`] if Arrow refuses the columns.
pub fn with_members(history: &History, keep: &dyn Fn(&str) -> bool) -> Result<History> {
    let mut part = History::new(history.manifest().clone());
    for (table, batch) in history.tables() {
        let batch = if table == Table::Proposals {
            let batch = without(table, batch, "scores")?;
            without(table, &batch, "author")?
        } else {
            let mut mask = vec![true; batch.num_rows()];
            for name in MEMBER_COLUMNS {
                for (keep, row) in mask.iter_mut().zip(rows_where(batch, name, keep).into_iter().flatten()) {
                    *keep &= row;
                }
            }
            filter(table, batch, mask)?
        };
        part.set(table, batch);
    }
    Ok(part)
}

/// One DAO of the History with the first `proposals` proposals of `view` and their votes; what else names
/// the DAO's members is kept only for those seen by then.
///
/// # Errors
/// [`Error::Arrow`] if Arrow refuses the columns.
pub fn first_proposals(history: &History, view: &DaoView, proposals: usize) -> Result<History> {
    let early: BTreeSet<&str> =
        view.proposals.iter().take(proposals).map(|proposal| proposal.proposal.as_str()).collect();
    let end = view.proposals.iter().take(proposals).map(|proposal| proposal.votes.end).max().unwrap_or(0);
    let seen: BTreeSet<&str> =
        view.votes[..end].iter().map(|vote| view.members[vote.member as usize].as_str()).collect();
    let mut part = History::new(history.manifest().clone());
    for (table, batch) in history.tables() {
        let mut mask = vec![true; batch.num_rows()];
        let mut and = |name: &str, keep: &dyn Fn(&str) -> bool| {
            for (keep, row) in mask.iter_mut().zip(rows_where(batch, name, keep).into_iter().flatten()) {
                *keep &= row;
            }
        };
        and("dao", &|dao| dao == view.dao);
        and("proposal", &|proposal| early.contains(proposal));
        if !matches!(table, Table::Votes | Table::Proposals) {
            for name in MEMBER_COLUMNS {
                and(name, &|member| seen.contains(member));
            }
        }
        part.set(table, filter(table, batch, mask)?);
    }
    Ok(part)
}
