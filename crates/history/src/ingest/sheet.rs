//! The loop over a CSV file's rows that importers of fixed columns share.

use daotwin_core::Run;

use super::Source;
use super::rows::{Row, Rows, check_rows};
use crate::builder::HistoryBuilder;
use crate::error::Result;
use crate::schema::Table;

/// What became of a row: pushed, or the reason to set it aside.
pub(crate) type Outcome = std::result::Result<Result<()>, &'static str>;

/// Whether a source is CSV and has these columns.
pub(crate) fn has(source: &Source, names: &[&str]) -> bool {
    let columns = source.csv_columns();
    names.iter().all(|name| columns.iter().any(|column| column == name))
}

/// Hands every row of a file to `read`, with the positions of the named columns, and sets aside the rows
/// that it refuses.
pub(crate) fn each<const N: usize>(
    source: &Source,
    (format, table): (&'static str, Table),
    names: [&str; N],
    builder: &mut HistoryBuilder,
    run: &Run,
    mut read: impl FnMut(Row<'_>, [usize; N], &mut HistoryBuilder) -> Outcome,
) -> Result<()> {
    let mut rows = Rows::open(source, format, run)?;
    let columns = rows.indices(names)?;
    while let Some(row) = rows.next(run)? {
        match row.and_then(|row| read(row, columns, builder)) {
            Ok(pushed) => pushed?,
            Err(reason) => builder.set_aside(&source.name(), table, reason),
        }
        check_rows(builder, table)?;
    }
    Ok(())
}
