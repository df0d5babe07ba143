//! Cells as text, exactly and both ways: what the CSV export writes and its importer reads.
//!
//! Ids and texts stand as they are; amounts are decimal numbers of tokens; times are ISO 8601, or Unix
//! seconds outside the years 0 to 9999; choices are a JSON array of labels, scores one of numbers, and a
//! ballot one of pairs `[[index,weight],..]`.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, Int64Type, TimestampSecondType, i256};
use daotwin_core::Limits;

use super::times;
use crate::amount;
use crate::builder::{Cell, HistoryBuilder};
use crate::error::{Error, Result};
use crate::schema::{Kind, Precision, Table};

/// Appends a cell's text; false where the cell is null.
///
/// # Errors
/// [`Error::Defect`] if the column is not of its kind, or an amount is over 128 bits.
pub(crate) fn write(
    column: &ArrayRef,
    kind: Kind,
    row: usize,
    decimals: u8,
    out: &mut String,
) -> Result<bool> {
    let defect = || Error::Defect(format!("a column is not of kind {kind:?}"));
    if column.is_null(row) {
        return Ok(false);
    }
    // Writing into a `String` cannot fail.
    match kind {
        Kind::Id | Kind::Precision => {
            let ids = column.as_dictionary_opt::<Int32Type>().ok_or_else(defect)?;
            let values = ids.values().as_string_opt::<i32>().ok_or_else(defect)?;
            out.push_str(values.value(ids.keys().value(row) as usize));
        }
        Kind::Text => out.push_str(column.as_string_opt::<i32>().ok_or_else(defect)?.value(row)),
        Kind::Amount => {
            let amounts = column.as_primitive_opt::<Decimal256Type>().ok_or_else(defect)?;
            out.push_str(&tokens(amounts.value(row), decimals)?);
        }
        Kind::Amounts => {
            let items = column.as_list_opt::<i32>().ok_or_else(defect)?.value(row);
            let items = items.as_primitive_opt::<Decimal256Type>().ok_or_else(defect)?;
            out.push('[');
            for (index, &item) in items.values().iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                out.push_str(&tokens(item, decimals)?);
            }
            out.push(']');
        }
        Kind::Time => {
            let times = column.as_primitive_opt::<TimestampSecondType>().ok_or_else(defect)?;
            out.push_str(&times::format(times.value(row)));
        }
        Kind::Integer => {
            let integers = column.as_primitive_opt::<Int64Type>().ok_or_else(defect)?;
            write!(out, "{}", integers.value(row)).ok();
        }
        Kind::Float => {
            let floats = column.as_primitive_opt::<Float64Type>().ok_or_else(defect)?;
            write!(out, "{}", floats.value(row)).ok();
        }
        Kind::Choices => {
            let items = column.as_list_opt::<i32>().ok_or_else(defect)?.value(row);
            let items = items.as_string_opt::<i32>().ok_or_else(defect)?;
            let labels: Vec<&str> = items.iter().flatten().collect();
            out.push_str(&serde_json::to_string(&labels).map_err(|error| Error::Defect(error.to_string()))?);
        }
        Kind::Choice => {
            out.push('[');
            for (at, (index, weight)) in ballot(column, row)?.into_iter().enumerate() {
                write!(out, "{}[{index},{weight}]", if at == 0 { "" } else { "," }).ok();
            }
            out.push(']');
        }
    }
    Ok(true)
}

/// A ballot's entries.
///
/// # Errors
/// [`Error::Defect`] if the column is no `choice`.
pub(crate) fn ballot(column: &ArrayRef, row: usize) -> Result<Vec<(i32, f64)>> {
    let defect = || Error::Defect("the column `choice` is not of the schema".to_owned());
    let entries = column.as_list_opt::<i32>().ok_or_else(defect)?.value(row);
    let entries = entries.as_struct_opt().ok_or_else(defect)?;
    let indices = entries.column(0).as_primitive_opt::<Int32Type>().ok_or_else(defect)?;
    let weights = entries.column(1).as_primitive_opt::<Float64Type>().ok_or_else(defect)?;
    Ok(indices.values().iter().copied().zip(weights.values().iter().copied()).collect())
}

fn tokens(value: i256, decimals: u8) -> Result<String> {
    let value = value.to_i128().ok_or_else(|| Error::Defect("an amount is over 128 bits".to_owned()))?;
    Ok(amount::format(value, decimals))
}

/// A cell that owns its value.
#[derive(Debug, Clone, Default)]
enum Owned {
    #[default]
    Null,
    Text(String),
    Amount(i128),
    Amounts(Vec<i128>),
    Time(i64),
    Integer(i64),
    Float(f64),
    Choices(Vec<String>),
    Choice(Vec<(i32, f64)>),
}

/// A row read from texts, reused from one to the next.
#[derive(Debug)]
pub(crate) struct OwnedRow {
    table: Table,
    cells: Vec<Owned>,
}

impl OwnedRow {
    /// An empty row.
    pub(crate) fn new(table: Table) -> Self {
        Self { table, cells: vec![Owned::Null; table.columns().len()] }
    }

    /// Forgets the row before.
    pub(crate) fn clear(&mut self) {
        self.cells.fill(Owned::Null);
    }

    /// Reads a cell.
    ///
    /// # Errors
    /// The reason, fit for [`HistoryBuilder::set_aside`].
    pub(crate) fn set(
        &mut self,
        column: usize,
        text: &str,
        decimals: u8,
        limits: &Limits,
    ) -> std::result::Result<(), &'static str> {
        let tokens = |text: &str| {
            amount::parse(text, decimals, limits.max_amount_digits).map_err(amount::AmountError::reason)
        };
        self.cells[column] = match self.table.columns()[column].kind {
            Kind::Id | Kind::Text | Kind::Precision => Owned::Text(text.to_owned()),
            Kind::Amount => Owned::Amount(tokens(text)?),
            Kind::Amounts => {
                let numbers: Vec<serde_json::Number> = serde_json::from_str(text)
                    .map_err(|_| "a list of amounts is no JSON array of numbers")?;
                let parsed = numbers.iter().map(|number| tokens(&number.to_string()));
                Owned::Amounts(parsed.collect::<std::result::Result<_, _>>()?)
            }
            Kind::Time => {
                let time = times::parse(text).ok_or("a time is neither ISO 8601 nor Unix seconds")?;
                Owned::Time(time.0)
            }
            Kind::Integer => Owned::Integer(text.parse().map_err(|_| "an integer is none")?),
            Kind::Float => Owned::Float(text.parse().map_err(|_| "a number is none")?),
            Kind::Choices => Owned::Choices(
                serde_json::from_str(text).map_err(|_| "`choices` is not a JSON array of texts")?,
            ),
            Kind::Choice => {
                let entries: Vec<(i32, f64)> = serde_json::from_str(text)
                    .map_err(|_| "`choice` is not a JSON array of pairs `[index,weight]`")?;
                Owned::Choice(entries)
            }
        };
        Ok(())
    }

    /// Checks that no required cell is missing and that no ballot has negative power.
    ///
    /// # Errors
    /// The reason, fit for [`HistoryBuilder::set_aside`].
    pub(crate) fn complete(&self) -> std::result::Result<(), &'static str> {
        for (column, cell) in self.table.columns().iter().zip(&self.cells) {
            if !column.nullable && matches!(cell, Owned::Null) {
                return Err("a required cell is empty");
            }
            if column.name == "power" && matches!(cell, Owned::Amount(power) if *power < 0) {
                return Err(amount::AmountError::Negative.reason());
            }
        }
        Ok(())
    }

    /// Appends the row to its table.
    ///
    /// # Errors
    /// As [`crate::builder::TableBuilder::push`].
    pub(crate) fn push(&self, builder: &mut HistoryBuilder) -> Result<()> {
        let cells: Vec<Cell<'_>> = self
            .cells
            .iter()
            .enumerate()
            .map(|(index, cell)| match cell {
                Owned::Null => Cell::Null,
                Owned::Text(_) if self.table.columns()[index].kind == Kind::Precision => Cell::Null,
                Owned::Text(text) => Cell::Text(text),
                Owned::Amount(amount) => Cell::Amount(*amount),
                Owned::Amounts(amounts) => Cell::Amounts(amounts),
                Owned::Time(at) => Cell::Time(*at, self.precision(index + 1)),
                Owned::Integer(integer) => Cell::Integer(*integer),
                Owned::Float(float) => Cell::Float(*float),
                Owned::Choices(labels) => Cell::Choices(labels),
                Owned::Choice(entries) => Cell::Choice(entries),
            })
            .collect();
        builder.table(self.table).push(&cells)
    }

    /// The precision column stands after its time.
    fn precision(&self, index: usize) -> Precision {
        match self.cells.get(index) {
            Some(Owned::Text(name)) => Precision::from_name(name),
            _ => Precision::Second,
        }
    }
}
