//! What importers of CSV files with fixed columns share: telling the files apart, and the loop over their rows.

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

/// The files of a format that has one file a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheets<'a> {
    pub(crate) format: &'static str,
    /// The columns by which a table's file is known. A file is of the first table whose columns it has.
    pub(crate) tables: &'a [(Table, &'a [&'a str])],
    pub(crate) sources: &'a [Source],
}

/// The table that a file is of.
pub(crate) fn table_of(source: &Source, tables: &[(Table, &[&str])]) -> Option<Table> {
    tables.iter().find(|(_, columns)| has(source, columns)).map(|(table, _)| *table)
}

impl<'a> Sheets<'a> {
    /// The files of a table.
    pub(crate) fn of(self, table: Table) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(move |source| table_of(source, self.tables) == Some(table))
    }

    /// [`each`] over the files of a table.
    pub(crate) fn each<const N: usize>(
        self,
        table: Table,
        names: [&str; N],
        builder: &mut HistoryBuilder,
        run: &Run,
        mut read: impl FnMut(Row<'_>, [usize; N], &mut HistoryBuilder) -> Outcome,
    ) -> Result<()> {
        self.of(table)
            .try_for_each(|source| each(source, (self.format, table), names, builder, run, &mut read))
    }
}
