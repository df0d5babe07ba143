//! Rows of a part, column by column, on their way to a frame.

use std::sync::Arc;

use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};

use crate::error::Result;

/// What a cell holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell {
    /// A number; NaN for a missing one.
    Number(f64),
    /// The place of a label; [`MISSING`] for a missing one.
    Code(u32),
}

/// A column of numbers.
pub(super) fn number(name: &str, optional: bool) -> Column {
    Column { name: name.to_owned(), kind: Kind::Numeric { decimals: None }, optional, bounds: (0.0, 0.0) }
}

/// A column of whole numbers.
pub(super) fn whole(name: &str, optional: bool) -> Column {
    Column { name: name.to_owned(), kind: Kind::Integer, optional, bounds: (0.0, 0.0) }
}

/// A column of labels, in ascending order.
pub(super) fn labels(name: &str, labels: Vec<String>, optional: bool) -> Column {
    Column { name: name.to_owned(), kind: Kind::Categorical { labels }, optional, bounds: (0.0, 0.0) }
}

/// Rows to be.
#[derive(Debug)]
pub(super) struct Sheet {
    columns: Arc<[Column]>,
    values: Vec<Values>,
}

impl Sheet {
    /// No row yet.
    pub(super) fn new(columns: Arc<[Column]>) -> Self {
        let values = columns.iter().map(|column| match column.kind.labels() {
            None => Values::Number(Vec::new()),
            Some(_) => Values::Code(Vec::new()),
        });
        Self { values: values.collect(), columns }
    }

    /// Adds a row, a cell a column.
    pub(super) fn push(&mut self, cells: &[Cell]) {
        for (values, cell) in self.values.iter_mut().zip(cells) {
            match (values, cell) {
                (Values::Number(values), Cell::Number(value)) => {
                    values.push(if value.is_finite() { *value } else { f64::NAN });
                }
                (Values::Code(codes), Cell::Code(code)) => codes.push(*code),
                (Values::Number(values), Cell::Code(_)) => values.push(f64::NAN),
                (Values::Code(codes), Cell::Number(_)) => codes.push(MISSING),
            }
        }
    }

    /// Rows to be learned: the bounds of numbers are read from them.
    ///
    /// # Errors
    /// A defect of the caller: cells that are none of their column.
    pub(super) fn learned(self) -> Result<Frame> {
        let columns = self.columns.iter().zip(&self.values).map(|(column, values)| {
            let known = values.numbers().iter().copied().filter(|value| !value.is_nan());
            let ends = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
            Column { bounds: if ends.0 <= ends.1 { ends } else { (0.0, 0.0) }, ..column.clone() }
        });
        let columns: Arc<[Column]> = columns.collect();
        Ok(Frame::new(columns, self.values)?)
    }

    /// Rows to be filled in.
    ///
    /// # Errors
    /// A defect of the caller: cells that are none of their column.
    pub(super) fn asked(self) -> Result<Frame> {
        Ok(Frame::new(self.columns, self.values)?)
    }
}
