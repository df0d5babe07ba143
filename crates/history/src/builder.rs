//! Building a History row by row, with the rows that cannot be read set aside and counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, Decimal256Builder, Float64Builder, Int32Builder, Int64Builder, ListBuilder,
    RecordBatch, StringBuilder, StringDictionaryBuilder, StructBuilder, TimestampSecondBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, i256};
use daotwin_core::Limits;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::history::{History, Manifest};
use crate::schema::{Kind, Precision, Table, choice_fields};

/// A value for one cell.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// For ids and texts.
    Text(&'a str),
    /// Base units, for amounts.
    Amount(i128),
    /// Base units, one a choice.
    Amounts(&'a [i128]),
    /// Seconds since 1970 and how exact they are; fills the precision column beside it too.
    Time(i64, Precision),
    /// For integers.
    Integer(i64),
    /// For floats.
    Float(f64),
    /// Choice labels.
    Choices(&'a [String]),
    /// What a ballot chose: (1-based index, weight).
    Choice(&'a [(i32, f64)]),
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<i128>> for Cell<'_> {
    fn from(amount: Option<i128>) -> Self {
        amount.map_or(Self::Null, Self::Amount)
    }
}

impl From<Option<(i64, Precision)>> for Cell<'_> {
    fn from(time: Option<(i64, Precision)>) -> Self {
        time.map_or(Self::Null, |(at, precision)| Self::Time(at, precision))
    }
}

/// A ballot.
#[derive(Debug, Clone, Copy)]
pub struct VoteRow<'a> {
    /// The DAO.
    pub dao: &'a str,
    /// The proposal.
    pub proposal: &'a str,
    /// The voter.
    pub member: &'a str,
    /// When, in seconds since 1970.
    pub cast_at: Option<i64>,
    /// How exact the time is.
    pub precision: Precision,
    /// (1-based index, weight) of each choice.
    pub choice: &'a [(i32, f64)],
    /// Base units.
    pub power: i128,
}

/// A proposal.
#[derive(Debug, Clone, Default)]
pub struct ProposalRow<'a> {
    /// The DAO.
    pub dao: &'a str,
    /// The proposal.
    pub proposal: &'a str,
    /// Who made it.
    pub author: Option<&'a str>,
    /// Its title.
    pub title: Option<&'a str>,
    /// Its kind in the DAO's own words: `grant`, `poll`.
    pub category: Option<&'a str>,
    /// How ballots are cast and counted: `single-choice`, `approval`, `governor-bravo`.
    pub voting_system: Option<&'a str>,
    /// The labels, in order.
    pub choices: &'a [String],
    /// When it was made.
    pub created_at: Option<i64>,
    /// When voting starts.
    pub start_at: Option<i64>,
    /// When voting ends.
    pub end_at: Option<i64>,
    /// How exact the three times are.
    pub precision: Precision,
    /// Base units.
    pub quorum: Option<i128>,
    /// `executed`, `closed`, in the source's words.
    pub state: Option<&'a str>,
    /// Base units, one a choice; empty where unknown.
    pub scores: &'a [i128],
}

/// Rows that could not be read, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The file's name.
    pub source: String,
    /// The table the rows would have gone to.
    pub table: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub rows: u64,
}

enum Values {
    Id(StringDictionaryBuilder<Int32Type>),
    Text(StringBuilder),
    Amount(Decimal256Builder),
    Amounts(ListBuilder<Decimal256Builder>),
    Time(TimestampSecondBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Choices(ListBuilder<StringBuilder>),
    Choice(ListBuilder<StructBuilder>),
}

impl Values {
    fn new(kind: Kind, decimals: u8) -> Self {
        let item = |data_type| Arc::new(Field::new_list_field(data_type, false));
        let amount = kind_of_amount(decimals);
        match kind {
            Kind::Id | Kind::Precision => Self::Id(StringDictionaryBuilder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Amount => Self::Amount(Decimal256Builder::new().with_data_type(amount)),
            Kind::Amounts => Self::Amounts(
                ListBuilder::new(Decimal256Builder::new().with_data_type(amount.clone()))
                    .with_field(item(amount)),
            ),
            Kind::Time => Self::Time(TimestampSecondBuilder::new().with_timezone("UTC")),
            Kind::Integer => Self::Integer(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Choices => {
                Self::Choices(ListBuilder::new(StringBuilder::new()).with_field(item(DataType::Utf8)))
            }
            Kind::Choice => {
                let builders: Vec<Box<dyn ArrayBuilder>> =
                    vec![Box::new(Int32Builder::new()), Box::new(Float64Builder::new())];
                Self::Choice(
                    ListBuilder::new(StructBuilder::new(choice_fields(), builders))
                        .with_field(item(DataType::Struct(choice_fields()))),
                )
            }
        }
    }

    /// Appends a cell; false where its type is not the column's.
    fn push(&mut self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (Self::Id(values), Cell::Text(text)) => return values.append(text).is_ok(),
            (Self::Id(values), Cell::Null) => values.append_null(),
            (Self::Text(values), Cell::Text(text)) => values.append_value(text),
            (Self::Text(values), Cell::Null) => values.append_null(),
            (Self::Amount(values), Cell::Amount(amount)) => values.append_value(i256::from_i128(amount)),
            (Self::Amount(values), Cell::Null) => values.append_null(),
            (Self::Amounts(values), Cell::Amounts(amounts)) => {
                for &amount in amounts {
                    values.values().append_value(i256::from_i128(amount));
                }
                values.append(true);
            }
            (Self::Amounts(values), Cell::Null) => values.append(false),
            (Self::Time(values), Cell::Time(at, _)) => values.append_value(at),
            (Self::Time(values), Cell::Null) => values.append_null(),
            (Self::Integer(values), Cell::Integer(integer)) => values.append_value(integer),
            (Self::Integer(values), Cell::Null) => values.append_null(),
            (Self::Float(values), Cell::Float(float)) => values.append_value(float),
            (Self::Float(values), Cell::Null) => values.append_null(),
            (Self::Choices(values), Cell::Choices(labels)) => {
                for label in labels {
                    values.values().append_value(label);
                }
                values.append(true);
            }
            (Self::Choices(values), Cell::Null) => values.append(false),
            (Self::Choice(values), Cell::Choice(entries)) => {
                for &(index, weight) in entries {
                    let entry = values.values();
                    if let Some(indices) = entry.field_builder::<Int32Builder>(0) {
                        indices.append_value(index);
                    }
                    if let Some(weights) = entry.field_builder::<Float64Builder>(1) {
                        weights.append_value(weight);
                    }
                    entry.append(true);
                }
                values.append(true);
            }
            (Self::Choice(values), Cell::Null) => values.append(false),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Id(values) => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
            Self::Amount(values) => Arc::new(values.finish()),
            Self::Amounts(values) => Arc::new(values.finish()),
            Self::Time(values) => Arc::new(values.finish()),
            Self::Integer(values) => Arc::new(values.finish()),
            Self::Float(values) => Arc::new(values.finish()),
            Self::Choices(values) => Arc::new(values.finish()),
            Self::Choice(values) => Arc::new(values.finish()),
        }
    }
}

fn kind_of_amount(decimals: u8) -> DataType {
    Kind::Amount.data_type(decimals)
}

/// Builds the columns of one table.
pub struct TableBuilder {
    table: Table,
    decimals: u8,
    columns: Vec<Values>,
    rows: usize,
}

impl std::fmt::Debug for TableBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TableBuilder").field("table", &self.table).field("rows", &self.rows).finish()
    }
}

impl TableBuilder {
    /// An empty table, with `decimals` of its amounts.
    pub fn new(table: Table, decimals: u8) -> Self {
        let columns = table.columns().iter().map(|column| Values::new(column.kind, decimals)).collect();
        Self { table, decimals, columns, rows: 0 }
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends a row given as a cell a column, in the schema's order. A [`Cell::Time`] fills the precision
    /// column after it, so that column's own cell is passed as [`Cell::Null`].
    ///
    /// # Errors
    /// [`Error::Defect`] where a cell's type is not its column's, or a required cell is null.
    pub fn push(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let columns = self.table.columns();
        if cells.len() != columns.len() {
            return Err(Error::Defect(format!("{} cells for table `{}`", cells.len(), self.table.name())));
        }
        let mut precision = Cell::Null;
        for ((column, values), &cell) in columns.iter().zip(&mut self.columns).zip(cells) {
            let cell = if column.kind == Kind::Precision { precision } else { cell };
            if column.kind == Kind::Time {
                precision = match cell {
                    Cell::Time(_, precision) => Cell::Text(precision.name()),
                    _ => Cell::Null,
                };
            }
            let required = !column.nullable && matches!(cell, Cell::Null);
            if required || !values.push(cell) {
                return Err(Error::Defect(format!(
                    "column `{}` of table `{}` cannot take {cell:?}",
                    column.name,
                    self.table.name()
                )));
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Appends a row given by column name; the columns not named are null.
    ///
    /// # Errors
    /// [`Error::Defect`] for an unknown column, and as [`TableBuilder::push`].
    pub fn push_named(&mut self, named: &[(&str, Cell<'_>)]) -> Result<()> {
        let mut cells = vec![Cell::Null; self.table.columns().len()];
        for &(name, cell) in named {
            let index = self
                .table
                .column_index(name)
                .ok_or_else(|| Error::Defect(format!("no column `{name}` in `{}`", self.table.name())))?;
            cells[index] = cell;
        }
        self.push(&cells)
    }

    /// Appends a ballot (table [`Table::Votes`] only).
    ///
    /// # Errors
    /// As [`TableBuilder::push`].
    pub fn push_vote(&mut self, row: &VoteRow<'_>) -> Result<()> {
        self.push(&[
            Cell::Text(row.dao),
            Cell::Text(row.proposal),
            Cell::Text(row.member),
            row.cast_at.map(|at| (at, row.precision)).into(),
            Cell::Null,
            Cell::Choice(row.choice),
            Cell::Amount(row.power),
        ])
    }

    /// Appends a proposal (table [`Table::Proposals`] only).
    ///
    /// # Errors
    /// As [`TableBuilder::push`].
    pub fn push_proposal(&mut self, row: &ProposalRow<'_>) -> Result<()> {
        let time = |at: Option<i64>| Cell::from(at.map(|at| (at, row.precision)));
        self.push(&[
            Cell::Text(row.dao),
            Cell::Text(row.proposal),
            row.author.into(),
            row.title.into(),
            row.category.into(),
            row.voting_system.into(),
            Cell::Choices(row.choices),
            time(row.created_at),
            Cell::Null,
            time(row.start_at),
            Cell::Null,
            time(row.end_at),
            Cell::Null,
            row.quorum.into(),
            row.state.into(),
            if row.scores.is_empty() { Cell::Null } else { Cell::Amounts(row.scores) },
        ])
    }

    /// Takes the rows so far out as a batch and starts anew.
    ///
    /// # Errors
    /// [`Error::Arrow`] if Arrow refuses the columns.
    pub fn take(&mut self) -> Result<RecordBatch> {
        let arrays = self.columns.iter_mut().map(Values::finish).collect();
        self.rows = 0;
        RecordBatch::try_new(self.table.schema(self.decimals), arrays)
            .map_err(|source| Error::Arrow { table: self.table.name(), source })
    }
}

/// Builds a whole History.
#[derive(Debug)]
pub struct HistoryBuilder {
    decimals: u8,
    limits: Limits,
    tables: BTreeMap<Table, TableBuilder>,
    set_aside: BTreeMap<(String, &'static str, String), u64>,
    sources: Vec<String>,
    notes: BTreeMap<String, String>,
}

impl HistoryBuilder {
    /// An empty History whose amounts have `decimals` decimals (18 for most tokens).
    pub fn new(decimals: u8, limits: Limits) -> Self {
        let (tables, set_aside) = (BTreeMap::new(), BTreeMap::new());
        Self { decimals, limits, tables, set_aside, sources: Vec::new(), notes: BTreeMap::new() }
    }

    /// The decimals of the amounts.
    pub fn decimals(&self) -> u8 {
        self.decimals
    }

    /// The limits to obey.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The builder of a table.
    pub fn table(&mut self, table: Table) -> &mut TableBuilder {
        let decimals = self.decimals;
        self.tables.entry(table).or_insert_with(|| TableBuilder::new(table, decimals))
    }

    /// Rows of a table so far.
    pub fn rows(&self, table: Table) -> usize {
        self.tables.get(&table).map_or(0, TableBuilder::rows)
    }

    /// Notes a source in the manifest.
    pub fn source(&mut self, name: impl Into<String>) {
        self.sources.push(name.into());
    }

    /// Notes a fact about the import for the manifest: what was assumed, and for how many rows.
    pub fn note(&mut self, name: &str, value: &str) {
        self.notes.insert(name.to_owned(), value.to_owned());
    }

    /// Counts a row that could not be read. The reason names columns and rules, never a cell.
    pub fn set_aside(&mut self, source: &str, table: Table, reason: &str) {
        // A hostile file could make up reasons without end.
        let known = self.set_aside.len() < 1_000;
        let key = (source.to_owned(), table.name(), if known { reason } else { "other" }.to_owned());
        *self.set_aside.entry(key).or_default() += 1;
    }

    /// Amount text as base units of this History.
    ///
    /// # Errors
    /// The reason, fit for [`HistoryBuilder::set_aside`].
    pub fn amount(&self, text: &str) -> std::result::Result<i128, &'static str> {
        crate::amount::parse_non_negative(text, self.decimals, self.limits.max_amount_digits)
            .map_err(crate::amount::AmountError::reason)
    }

    /// The finished History.
    ///
    /// # Errors
    /// [`Error::Arrow`] if Arrow refuses the columns.
    pub fn finish(mut self) -> Result<History> {
        let mut history = History::new(Manifest {
            decimals: self.decimals,
            sources: self.sources,
            provenance: self.notes,
            set_aside: self
                .set_aside
                .into_iter()
                .map(|((source, table, reason), rows)| SetAside {
                    source,
                    table: table.to_owned(),
                    reason,
                    rows,
                })
                .collect(),
            ..Manifest::default()
        });
        for (table, builder) in &mut self.tables {
            if builder.rows > 0 {
                history.set(*table, builder.take()?);
            }
        }
        Ok(history)
    }
}
