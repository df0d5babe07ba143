//! What members of a History do, in the order of time.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal256Type, Int32Type, TimestampSecondType, i256};
use daotwin_history::schema::Table;
use daotwin_history::view::DaoView;
use daotwin_history::{History, Side};

/// Something that a member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// Makes the proposal of this number.
    Propose(usize),
    /// Casts the ballot of this number.
    Vote(usize),
    /// Delegates to another member.
    Delegate { from: usize, to: usize },
    /// Sends tokens.
    Transfer { from: usize, to: usize, amount: u128 },
    /// Puts something in.
    Deposit { from: usize, amount: u128 },
    /// Takes something out.
    Claim { by: usize },
}

/// Names by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) all: Vec<String>,
    numbers: std::collections::BTreeMap<String, usize>,
}

impl Names {
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.all.len();
        self.numbers.insert(name.to_owned(), number);
        self.all.push(name.to_owned());
        number
    }
}

/// One table's cells of one DAO.
struct Cells<'b> {
    batch: &'b RecordBatch,
    rows: Vec<usize>,
}

impl<'b> Cells<'b> {
    fn of(history: &'b History, table: Table, dao: &str) -> Option<Self> {
        let batch = history.table(table)?;
        let cells = Self { batch, rows: Vec::new() };
        let rows = (0..batch.num_rows()).filter(|row| cells.text("dao", *row) == Some(dao)).collect();
        Some(Self { batch, rows })
    }

    fn text(&self, name: &str, row: usize) -> Option<&'b str> {
        let column = self.batch.column_by_name(name)?.as_dictionary_opt::<Int32Type>()?;
        let values = column.values().as_string_opt::<i32>()?;
        column.is_valid(row).then(|| values.value(column.keys().value(row) as usize))
    }

    fn time(&self, name: &str, row: usize) -> Option<i64> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<TimestampSecondType>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn amount(&self, name: &str, row: usize) -> Option<u128> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<Decimal256Type>()?;
        let value: Option<i256> = column.is_valid(row).then(|| column.value(row));
        value.and_then(i256::to_i128).and_then(|value| u128::try_from(value).ok())
    }
}

/// What a ballot says: by its first choice's label; where labels say nothing, the first choice is for.
pub(super) fn side(view: &DaoView, ballot: usize) -> Side {
    let vote = &view.votes[ballot];
    let proposal = &view.proposals[vote.proposal as usize];
    let place = usize::try_from(vote.choice - 1).ok();
    let label = place.and_then(|place| proposal.labels.get(place));
    match label.map(|label| Side::of(label)) {
        Some(side) if side != Side::Other => side,
        _ if vote.choice == 1 => Side::For,
        _ if vote.choice == 0 => Side::Abstain,
        _ => Side::Against,
    }
}

/// Everything but proposals and votes, with its time.
pub(super) fn others(history: &History, dao: &str, names: &mut Names) -> Vec<(i64, Deed)> {
    let mut deeds = Vec::new();
    if let Some(cells) = Cells::of(history, Table::Delegations, dao) {
        for &row in &cells.rows {
            let (at, from) = (cells.time("at", row), cells.text("delegator", row));
            if let (Some(at), Some(from)) = (at, from) {
                let from = names.number(from);
                // Who takes it back delegates to itself.
                let to = cells.text("to_delegate", row).map_or(from, |to| names.number(to));
                deeds.push((at, Deed::Delegate { from, to }));
            }
        }
    }
    if let Some(cells) = Cells::of(history, Table::Transfers, dao) {
        for &row in &cells.rows {
            let (at, amount) = (cells.time("at", row), cells.amount("amount", row));
            if let (Some(at), Some(from), Some(to), Some(amount)) =
                (at, cells.text("from", row), cells.text("to", row), amount)
            {
                let (from, to) = (names.number(from), names.number(to));
                deeds.push((at, Deed::Transfer { from, to, amount }));
            }
        }
    }
    if let Some(cells) = Cells::of(history, Table::Contributions, dao) {
        for &row in &cells.rows {
            if let (Some(at), Some(from), Some(amount)) =
                (cells.time("at", row), cells.text("from", row), cells.amount("amount", row))
            {
                deeds.push((at, Deed::Deposit { from: names.number(from), amount }));
            }
        }
    }
    if let Some(cells) = Cells::of(history, Table::Grants, dao) {
        for &row in &cells.rows {
            if let (Some(at), Some(by)) = (cells.time("at", row), cells.text("recipient", row)) {
                deeds.push((at, Deed::Claim { by: names.number(by) }));
            }
        }
    }
    deeds
}
