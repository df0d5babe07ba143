//! What must hold in a History, as data: a list of constraints, and one check over the columns.

mod inspect;

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, Int64Type, TimestampSecondType, i256};
use daotwin_core::Run;

pub use inspect::inspect;

use crate::error::{Error, Result};
use crate::history::History;
use crate::schema::{Precision, Table};

/// Row numbers that are named; the rest are counted.
const NAMED_ROWS: usize = 5;

/// What a constraint demands of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// No two rows have the same values in these columns.
    Key,
    /// Like [`Rule::Key`], but where the DAO's platform lets members vote again the repetition is a note.
    OneBallot,
    /// Where every column has a value, the parent table has a row with these values in its own columns.
    Foreign {
        /// The parent.
        parent: Table,
        /// Its columns, in the same order.
        columns: &'static [&'static str],
    },
    /// The first column is not after the second, as exactly as both are known.
    Order,
    /// A ballot lies within its proposal's window, as exactly as the times are known.
    Window,
    /// No value is below zero.
    NotNegative,
    /// Every value is finite.
    Finite,
    /// The second column has one of these values exactly where the first has a value.
    Together(&'static [&'static str]),
    /// Every value is one of these.
    OneOf(&'static [&'static str]),
    /// The scores, one a choice, are the sums of the counting ballots' power.
    ScoresAreSums,
    /// A list of scores is as long as the list of choices.
    ScoreAChoice,
    /// The ballot chooses among its proposal's choices.
    ChoiceExists,
    /// The ballot's weights are finite and positive.
    WeightsPositive,
    /// No choice is named twice in a ballot, and a ranked one names every choice.
    Permutation,
}

/// A constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constraint {
    /// The stable id: `votes.window`.
    pub id: &'static str,
    /// The table.
    pub table: Table,
    /// The columns it is about.
    pub columns: &'static [&'static str],
    /// What must hold.
    pub rule: Rule,
    /// The same in words.
    pub meaning: &'static str,
}

/// How bad a violation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rows contradict the History's rules.
    Error,
    /// The platform allows it; the number is worth knowing.
    Note,
}

/// A constraint that some rows break. It never holds a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// [`Constraint::id`].
    pub constraint: &'static str,
    /// The table.
    pub table: Table,
    /// The columns.
    pub columns: &'static [&'static str],
    /// How bad it is.
    pub severity: Severity,
    /// How many rows break it.
    pub rows: u64,
    /// The first of them, counted from 0.
    pub first_rows: Vec<u64>,
    /// [`Constraint::meaning`].
    pub meaning: &'static str,
}

const fn rule(
    id: &'static str,
    table: Table,
    columns: &'static [&'static str],
    rule: Rule,
    meaning: &'static str,
) -> Constraint {
    Constraint { id, table, columns, rule, meaning }
}

const DAO: &[&str] = &["dao"];
const MEMBER: &[&str] = &["dao", "member"];
const PROPOSAL: &[&str] = &["dao", "proposal"];
const A_DAO: Rule = Rule::Foreign { parent: Table::Daos, columns: DAO };
const A_MEMBER: Rule = Rule::Foreign { parent: Table::Members, columns: MEMBER };
const A_PROPOSAL: Rule = Rule::Foreign { parent: Table::Proposals, columns: PROPOSAL };
const PRECISIONS: Rule = Rule::Together(&["second", "block", "day"]);

/// Everything that must hold.
pub const CONSTRAINTS: &[Constraint] = &[
    rule("daos.key", Table::Daos, DAO, Rule::Key, "a DAO has one row"),
    rule("daos.supply", Table::Daos, &["token_supply"], Rule::NotNegative, "a supply is not negative"),
    rule("members.key", Table::Members, MEMBER, Rule::Key, "a member has one row in a DAO"),
    rule("members.dao", Table::Members, DAO, A_DAO, "a member's DAO exists"),
    rule(
        "members.time",
        Table::Members,
        &["first_seen_at", "first_seen_at_precision"],
        PRECISIONS,
        "a time has its precision, `second`, `block` or `day`",
    ),
    rule("proposals.key", Table::Proposals, PROPOSAL, Rule::Key, "a proposal has one row in a DAO"),
    rule("proposals.dao", Table::Proposals, DAO, A_DAO, "a proposal's DAO exists"),
    rule(
        "proposals.author",
        Table::Proposals,
        &["dao", "author"],
        A_MEMBER,
        "a proposal's author is a member",
    ),
    rule(
        "proposals.created",
        Table::Proposals,
        &["created_at", "start_at"],
        Rule::Order,
        "a proposal is created before voting starts",
    ),
    rule(
        "proposals.window",
        Table::Proposals,
        &["start_at", "end_at"],
        Rule::Order,
        "voting starts before it ends",
    ),
    rule(
        "proposals.created_time",
        Table::Proposals,
        &["created_at", "created_at_precision"],
        PRECISIONS,
        "a time has its precision, `second`, `block` or `day`",
    ),
    rule(
        "proposals.start_time",
        Table::Proposals,
        &["start_at", "start_at_precision"],
        PRECISIONS,
        "a time has its precision, `second`, `block` or `day`",
    ),
    rule(
        "proposals.end_time",
        Table::Proposals,
        &["end_at", "end_at_precision"],
        PRECISIONS,
        "a time has its precision, `second`, `block` or `day`",
    ),
    rule("proposals.quorum", Table::Proposals, &["quorum"], Rule::NotNegative, "a quorum is not negative"),
    rule(
        "proposals.score_a_choice",
        Table::Proposals,
        &["scores", "choices"],
        Rule::ScoreAChoice,
        "there is one score a choice",
    ),
    rule(
        "proposals.scores",
        Table::Proposals,
        &["scores"],
        Rule::ScoresAreSums,
        "scores are the sums of the counting ballots' power",
    ),
    rule("votes.dao", Table::Votes, DAO, A_DAO, "a vote's DAO exists"),
    rule("votes.proposal", Table::Votes, PROPOSAL, A_PROPOSAL, "a vote's proposal exists"),
    rule("votes.member", Table::Votes, MEMBER, A_MEMBER, "a voter is a member"),
    rule(
        "votes.one_ballot",
        Table::Votes,
        &["dao", "proposal", "member"],
        Rule::OneBallot,
        "a member has one ballot on a proposal",
    ),
    rule(
        "votes.window",
        Table::Votes,
        &["cast_at"],
        Rule::Window,
        "a vote is cast while its proposal is open",
    ),
    rule(
        "votes.time",
        Table::Votes,
        &["cast_at", "cast_at_precision"],
        PRECISIONS,
        "a time has its precision, `second`, `block` or `day`",
    ),
    rule("votes.power", Table::Votes, &["power"], Rule::NotNegative, "power is not negative"),
    rule(
        "votes.choice",
        Table::Votes,
        &["choice"],
        Rule::ChoiceExists,
        "a ballot chooses among its proposal's choices",
    ),
    rule(
        "votes.weights",
        Table::Votes,
        &["choice"],
        Rule::WeightsPositive,
        "a ballot's weights are finite and positive",
    ),
    rule(
        "votes.ranking",
        Table::Votes,
        &["choice"],
        Rule::Permutation,
        "a ballot names no choice twice, and a ranking names all",
    ),
    rule("delegations.dao", Table::Delegations, DAO, A_DAO, "a delegation's DAO exists"),
    rule(
        "delegations.delegator",
        Table::Delegations,
        &["dao", "delegator"],
        A_MEMBER,
        "a delegator is a member",
    ),
    rule(
        "delegations.from",
        Table::Delegations,
        &["dao", "from_delegate"],
        A_MEMBER,
        "a delegate is a member",
    ),
    rule("delegations.to", Table::Delegations, &["dao", "to_delegate"], A_MEMBER, "a delegate is a member"),
    rule(
        "delegations.amount",
        Table::Delegations,
        &["amount"],
        Rule::NotNegative,
        "an amount is not negative",
    ),
    rule("transfers.dao", Table::Transfers, DAO, A_DAO, "a transfer's DAO exists"),
    rule("transfers.amount", Table::Transfers, &["amount"], Rule::NotNegative, "an amount is not negative"),
    rule("transactions.dao", Table::Transactions, DAO, A_DAO, "a transaction's DAO exists"),
    rule("messages.key", Table::Messages, &["dao", "message"], Rule::Key, "a message has one row in a DAO"),
    rule("messages.dao", Table::Messages, DAO, A_DAO, "a message's DAO exists"),
    rule("messages.member", Table::Messages, MEMBER, A_MEMBER, "a message's writer is a member"),
    rule(
        "messages.reply_to",
        Table::Messages,
        &["dao", "reply_to"],
        Rule::Foreign { parent: Table::Messages, columns: &["dao", "message"] },
        "a reply answers a message",
    ),
    rule("messages.sentiment", Table::Messages, &["sentiment"], Rule::Finite, "a sentiment is a number"),
    rule("prices.key", Table::Prices, &["dao", "asset", "at"], Rule::Key, "an asset has one price a day"),
    rule("prices.open", Table::Prices, &["open"], Rule::NotNegative, "a price is not negative"),
    rule("prices.high", Table::Prices, &["high"], Rule::NotNegative, "a price is not negative"),
    rule("prices.low", Table::Prices, &["low"], Rule::NotNegative, "a price is not negative"),
    rule("prices.close", Table::Prices, &["close"], Rule::NotNegative, "a price is not negative"),
    rule("grants.dao", Table::Grants, DAO, A_DAO, "a grant's DAO exists"),
    rule("grants.asked", Table::Grants, &["asked"], Rule::NotNegative, "an amount is not negative"),
    rule("grants.granted", Table::Grants, &["granted"], Rule::NotNegative, "an amount is not negative"),
    rule("holdings.member", Table::Holdings, MEMBER, A_MEMBER, "a holder is a member"),
    rule("holdings.amount", Table::Holdings, &["amount"], Rule::NotNegative, "an amount is not negative"),
    rule("actions.key", Table::Actions, &["dao", "proposal", "index"], Rule::Key, "an action has one row"),
    rule("actions.proposal", Table::Actions, PROPOSAL, A_PROPOSAL, "an action's proposal exists"),
    rule(
        "proposal_events.proposal",
        Table::ProposalEvents,
        PROPOSAL,
        A_PROPOSAL,
        "an event's proposal exists",
    ),
    rule(
        "proposal_events.event",
        Table::ProposalEvents,
        &["event"],
        Rule::OneOf(&["created", "queued", "extended", "executed", "cancelled", "vetoed"]),
        "an event is `created`, `queued`, `extended`, `executed`, `cancelled` or `vetoed`",
    ),
    rule("contributions.dao", Table::Contributions, DAO, A_DAO, "a contribution's DAO exists"),
    rule("contributions.from", Table::Contributions, &["dao", "from"], A_MEMBER, "a contributor is a member"),
    rule("contributions.to", Table::Contributions, &["dao", "to"], A_MEMBER, "a receiver is a member"),
    rule(
        "contributions.amount",
        Table::Contributions,
        &["amount"],
        Rule::NotNegative,
        "an amount is not negative",
    ),
];

/// Checks every constraint. The order of the answer is that of [`CONSTRAINTS`]; it does not depend on
/// threads. Cost: one pass a constraint and one sort a key; about a second for a million votes.
///
/// # Errors
/// [`Error::Defect`] if a table's columns are not of the schema; cancellation.
pub fn check(history: &History, run: &Run) -> Result<Vec<Violation>> {
    let mut checker = Checker { history, ids: BTreeMap::new(), interner: Interner::default() };
    let mut violations = Vec::new();
    for (number, constraint) in CONSTRAINTS.iter().enumerate() {
        run.step("check constraints", number as u64, CONSTRAINTS.len() as u64)?;
        let Some(batch) = history.table(constraint.table) else { continue };
        let found = checker.apply(constraint, batch)?;
        for (severity, rows) in [(Severity::Error, found.errors), (Severity::Note, found.notes)] {
            if !rows.is_empty() {
                violations.push(Violation {
                    constraint: constraint.id,
                    table: constraint.table,
                    columns: constraint.columns,
                    severity,
                    rows: rows.len() as u64,
                    first_rows: rows.iter().take(NAMED_ROWS).map(|&row| row as u64).collect(),
                    meaning: constraint.meaning,
                });
            }
        }
    }
    Ok(violations)
}

/// Rows that break a constraint, in order.
#[derive(Default)]
struct Found {
    errors: Vec<usize>,
    notes: Vec<usize>,
}

impl Found {
    fn where_(rows: usize, breaks: impl Fn(usize) -> bool) -> Self {
        Self { errors: (0..rows).filter(|&row| breaks(row)).collect(), notes: Vec::new() }
    }
}

/// Texts as numbers, the same for every table.
#[derive(Default)]
struct Interner {
    numbers: HashMap<String, u32>,
}

impl Interner {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// Stands for no value.
const NONE: u64 = u64::MAX;

struct Checker<'a> {
    history: &'a History,
    /// Columns as comparable numbers.
    ids: BTreeMap<(Table, &'static str), Vec<u64>>,
    interner: Interner,
}

fn defect(name: &str) -> Error {
    Error::Defect(format!("column `{name}` is not of the schema"))
}

fn array<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array> {
    batch.column_by_name(name).map(AsRef::as_ref).ok_or_else(|| defect(name))
}

/// A time column and how exact each value is, in seconds of slack.
struct Times<'a> {
    values: &'a PrimitiveArray<TimestampSecondType>,
    slack: Vec<i64>,
}

impl<'a> Times<'a> {
    fn new(batch: &'a RecordBatch, name: &str) -> Result<Self> {
        let values = array(batch, name)?.as_primitive_opt().ok_or_else(|| defect(name))?;
        let precision = format!("{name}_precision");
        let column = array(batch, &precision)?.as_dictionary_opt::<Int32Type>();
        let column = column.ok_or_else(|| defect(&precision))?;
        let names = column.values().as_string_opt::<i32>().ok_or_else(|| defect(&precision))?;
        let seconds: Vec<i64> = (0..names.len())
            .map(|code| {
                match Precision::from_name(if names.is_valid(code) { names.value(code) } else { "" }) {
                    Precision::Second => 0,
                    // A line between known blocks is minutes off at most.
                    Precision::Block => 3_600,
                    Precision::Day => 86_400,
                }
            })
            .collect();
        let slack = (0..values.len())
            .map(|row| if column.is_valid(row) { seconds[column.keys().value(row) as usize] } else { 0 })
            .collect();
        Ok(Self { values, slack })
    }

    fn get(&self, row: usize) -> Option<(i64, i64)> {
        self.values.is_valid(row).then(|| (self.values.value(row), self.slack[row]))
    }

    /// Whether `earlier` is later than `later` by more than either is inexact.
    fn reversed(earlier: Option<(i64, i64)>, later: Option<(i64, i64)>) -> bool {
        match (earlier, later) {
            (Some((a, slack_a)), Some((b, slack_b))) => a > b.saturating_add(slack_a.max(slack_b)),
            _ => false,
        }
    }
}

/// The ballots of the votes table.
struct Ballots<'a> {
    lists: &'a arrow::array::ListArray,
    indices: &'a PrimitiveArray<Int32Type>,
    weights: &'a PrimitiveArray<Float64Type>,
}

impl<'a> Ballots<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self> {
        let lists = array(batch, "choice")?.as_list_opt::<i32>().ok_or_else(|| defect("choice"))?;
        let items = lists.values().as_struct_opt().filter(|items| items.num_columns() == 2);
        let items = items.ok_or_else(|| defect("choice"))?;
        let indices = items.column(0).as_primitive_opt().ok_or_else(|| defect("choice"))?;
        let weights = items.column(1).as_primitive_opt().ok_or_else(|| defect("choice"))?;
        Ok(Self { lists, indices, weights })
    }

    fn of(&self, row: usize) -> impl Iterator<Item = (i32, f64)> + Clone {
        let offsets = self.lists.value_offsets();
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        range.map(|entry| (self.indices.value(entry), self.weights.value(entry)))
    }
}

/// How ballots of a voting system become scores.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// The whole power goes to each chosen choice.
    Whole,
    /// The power is split by weight.
    Split,
    /// Another rule, that sums do not check.
    Other,
}

impl Counting {
    fn of(system: Option<&str>) -> Self {
        match system {
            Some(system)
                if system.contains("quadratic") || system.contains("rank") || system.contains("copeland") =>
            {
                Self::Other
            }
            Some(system) if system.contains("approval") => Self::Whole,
            _ => Self::Split,
        }
    }
}

impl<'a> Checker<'a> {
    /// A column's values as numbers that are equal where the values are.
    fn codes(&mut self, table: Table, name: &'static str) -> Result<()> {
        if self.ids.contains_key(&(table, name)) {
            return Ok(());
        }
        let Some(batch) = self.history.table(table) else { return Ok(()) };
        let column = array(batch, name)?;
        let interner = &mut self.interner;
        let mut texts = |texts: &StringArray| -> Vec<u64> {
            texts.iter().map(|text| text.map_or(NONE, |text| u64::from(interner.number(text)))).collect()
        };
        let codes = if let Some(column) = column.as_dictionary_opt::<Int32Type>() {
            let numbers = texts(column.values().as_string_opt::<i32>().ok_or_else(|| defect(name))?);
            let keys = column.keys();
            (0..keys.len())
                .map(|row| if keys.is_valid(row) { numbers[keys.value(row) as usize] } else { NONE })
                .collect()
        } else if let Some(column) = column.as_string_opt::<i32>() {
            texts(column)
        } else if let Some(column) = column.as_primitive_opt::<Int64Type>() {
            column.iter().map(|value| value.map_or(NONE, |value| value as u64)).collect()
        } else if let Some(column) = column.as_primitive_opt::<TimestampSecondType>() {
            column.iter().map(|value| value.map_or(NONE, |value| value as u64)).collect()
        } else {
            return Err(defect(name));
        };
        self.ids.insert((table, name), codes);
        Ok(())
    }

    /// The values of some columns of a table, row by row.
    fn keys(&mut self, table: Table, columns: &[&'static str]) -> Result<Vec<[u64; 4]>> {
        let rows = self.history.rows(table);
        let mut keys = vec![[0; 4]; rows];
        for (place, &name) in columns.iter().enumerate().take(4) {
            self.codes(table, name)?;
            if let Some(codes) = self.ids.get(&(table, name)) {
                for (key, &code) in keys.iter_mut().zip(codes) {
                    key[place] = code;
                }
            }
        }
        Ok(keys)
    }

    /// The row of each vote's proposal.
    fn parents(&mut self) -> Result<Vec<Option<usize>>> {
        let proposals: HashMap<[u64; 4], usize> = {
            let keys = self.keys(Table::Proposals, PROPOSAL)?;
            keys.into_iter().enumerate().rev().map(|(row, key)| (key, row)).collect()
        };
        let votes = self.keys(Table::Votes, PROPOSAL)?;
        // Votes of one proposal mostly stand together.
        let mut last = None;
        Ok(votes
            .into_iter()
            .map(|key| match last {
                Some((known, row)) if known == key => row,
                _ => {
                    let row = proposals.get(&key).copied();
                    last = Some((key, row));
                    row
                }
            })
            .collect())
    }

    fn texts(batch: &'a RecordBatch, name: &str) -> Result<impl Fn(usize) -> Option<&'a str>> {
        let column = array(batch, name)?.as_dictionary_opt::<Int32Type>().ok_or_else(|| defect(name))?;
        let values = column.values().as_string_opt::<i32>().ok_or_else(|| defect(name))?;
        Ok(move |row: usize| column.is_valid(row).then(|| values.value(column.keys().value(row) as usize)))
    }

    fn apply(&mut self, constraint: &Constraint, batch: &'a RecordBatch) -> Result<Found> {
        let rows = batch.num_rows();
        let first = constraint.columns[0];
        match constraint.rule {
            Rule::Key | Rule::OneBallot => {
                let repeated = self.repeated(constraint)?;
                if constraint.rule == Rule::Key {
                    return Ok(Found { errors: repeated, notes: Vec::new() });
                }
                let again = self.voting_again()?;
                self.codes(Table::Votes, "dao")?;
                let daos = self.ids.get(&(Table::Votes, "dao")).map(Vec::as_slice).unwrap_or_default();
                let (notes, errors) = repeated.into_iter().partition(|&row| again.contains(&daos[row]));
                Ok(Found { errors, notes })
            }
            Rule::Foreign { parent, columns } => {
                let mut parents = self.keys(parent, columns)?;
                parents.sort_unstable();
                let keys = self.keys(constraint.table, constraint.columns)?;
                let width = constraint.columns.len();
                let mut last = None;
                let mut errors = Vec::new();
                for (row, key) in keys.into_iter().enumerate() {
                    let known = match last {
                        Some((earlier, known)) if earlier == key => known,
                        _ => key[..width].contains(&NONE) || parents.binary_search(&key).is_ok(),
                    };
                    last = Some((key, known));
                    if !known {
                        errors.push(row);
                    }
                }
                Ok(Found { errors, notes: Vec::new() })
            }
            Rule::Order => {
                let (a, b) = (Times::new(batch, first)?, Times::new(batch, constraint.columns[1])?);
                Ok(Found::where_(rows, |row| Times::reversed(a.get(row), b.get(row))))
            }
            Rule::Window => {
                let Some(proposals) = self.history.table(Table::Proposals) else {
                    return Ok(Found::default());
                };
                let cast = Times::new(batch, "cast_at")?;
                let (starts, ends) = (Times::new(proposals, "start_at")?, Times::new(proposals, "end_at")?);
                let parents = self.parents()?;
                Ok(Found::where_(rows, |row| {
                    parents[row].is_some_and(|parent| {
                        let at = cast.get(row);
                        Times::reversed(starts.get(parent), at) || Times::reversed(at, ends.get(parent))
                    })
                }))
            }
            Rule::NotNegative | Rule::Finite => {
                let column = array(batch, first)?;
                if let Some(values) = column.as_primitive_opt::<Decimal256Type>() {
                    return Ok(Found::where_(rows, |row| {
                        values.is_valid(row) && values.value(row) < i256::ZERO
                    }));
                }
                let values = column.as_primitive_opt::<Float64Type>().ok_or_else(|| defect(first))?;
                let low = if constraint.rule == Rule::Finite { f64::NEG_INFINITY } else { 0.0 };
                Ok(Found::where_(rows, |row| {
                    let value = values.value(row);
                    values.is_valid(row) && (!value.is_finite() || value < low)
                }))
            }
            Rule::Together(allowed) => {
                let value = array(batch, first)?;
                let text = Self::texts(batch, constraint.columns[1])?;
                Ok(Found::where_(rows, |row| match text(row) {
                    Some(text) => value.is_null(row) || !allowed.contains(&text),
                    None => value.is_valid(row),
                }))
            }
            Rule::OneOf(allowed) => {
                let text = Self::texts(batch, first)?;
                Ok(Found::where_(rows, |row| text(row).is_some_and(|text| !allowed.contains(&text))))
            }
            Rule::ScoreAChoice => {
                let scores = array(batch, "scores")?.as_list_opt::<i32>().ok_or_else(|| defect("scores"))?;
                let choices =
                    array(batch, "choices")?.as_list_opt::<i32>().ok_or_else(|| defect("choices"))?;
                Ok(Found::where_(rows, |row| {
                    scores.is_valid(row)
                        && choices.is_valid(row)
                        && scores.value_length(row) != choices.value_length(row)
                }))
            }
            Rule::ScoresAreSums => self.scores(batch),
            Rule::ChoiceExists | Rule::Permutation => {
                let Some(proposals) = self.history.table(Table::Proposals) else {
                    return Ok(Found::default());
                };
                let ballots = Ballots::new(batch)?;
                let choices =
                    array(proposals, "choices")?.as_list_opt::<i32>().ok_or_else(|| defect("choices"))?;
                let system = Self::texts(proposals, "voting_system")?;
                let ranked: Vec<bool> = (0..proposals.num_rows())
                    .map(|row| system(row).is_some_and(|system| system.contains("rank")))
                    .collect();
                let parents = self.parents()?;
                let permutation = constraint.rule == Rule::Permutation;
                Ok(Found::where_(rows, |row| {
                    let Some(parent) = parents[row] else { return false };
                    // Without labels the number of choices is not known.
                    let known = choices.is_valid(parent) && choices.value_length(parent) > 0;
                    let length = choices.value_length(parent);
                    let ballot = ballots.of(row);
                    if !permutation {
                        let mut ballot = ballot;
                        return ballot.any(|(index, _)| index < 1 || known && index > length);
                    }
                    let mut indices: Vec<i32> = ballot.map(|(index, _)| index).collect();
                    let entries = indices.len();
                    if entries == 1 && !ranked[parent] {
                        return false;
                    }
                    indices.sort_unstable();
                    indices.dedup();
                    indices.len() != entries || ranked[parent] && known && entries != length as usize
                }))
            }
            Rule::WeightsPositive => {
                let ballots = Ballots::new(batch)?;
                Ok(Found::where_(rows, |row| {
                    ballots.of(row).any(|(_, weight)| !(weight.is_finite() && weight > 0.0))
                }))
            }
        }
    }

    /// Every row whose key an earlier row has.
    fn repeated(&mut self, constraint: &Constraint) -> Result<Vec<usize>> {
        let keys = self.keys(constraint.table, constraint.columns)?;
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_unstable_by_key(|&row| (keys[row as usize], row));
        let mut rows: Vec<usize> = order
            .windows(2)
            .filter(|pair| keys[pair[0] as usize] == keys[pair[1] as usize])
            .map(|pair| pair[1] as usize)
            .collect();
        rows.sort_unstable();
        Ok(rows)
    }

    /// The DAOs, as numbers, whose platform lets a member replace a ballot.
    fn voting_again(&mut self) -> Result<Vec<u64>> {
        let Some(batch) = self.history.table(Table::Daos) else { return Ok(Vec::new()) };
        let platform = Self::texts(batch, "platform")?;
        self.codes(Table::Daos, "dao")?;
        let daos = self.ids.get(&(Table::Daos, "dao")).map(Vec::as_slice).unwrap_or_default();
        let again =
            |name: &str| ["aragon", "snapshot", "decentraland"].iter().any(|known| name.contains(known));
        Ok((0..batch.num_rows())
            .filter(|&row| platform(row).is_some_and(again))
            .map(|row| daos[row])
            .collect())
    }

    fn scores(&mut self, proposals: &'a RecordBatch) -> Result<Found> {
        let Some(votes) = self.history.table(Table::Votes) else { return Ok(Found::default()) };
        let lists = array(proposals, "scores")?.as_list_opt::<i32>().ok_or_else(|| defect("scores"))?;
        let scores = lists.values().as_primitive_opt::<Decimal256Type>().ok_or_else(|| defect("scores"))?;
        let system = Self::texts(proposals, "voting_system")?;
        let powers =
            array(votes, "power")?.as_primitive_opt::<Decimal256Type>().ok_or_else(|| defect("power"))?;
        let cast = array(votes, "cast_at")?.as_primitive_opt::<TimestampSecondType>();
        let cast = cast.ok_or_else(|| defect("cast_at"))?;
        let ballots = Ballots::new(votes)?;
        let parents = self.parents()?;
        let members = self.keys(Table::Votes, &["member"])?;
        // Of several ballots of one member the last in time, then in the table, counts.
        let mut order: Vec<u32> = (0..parents.len() as u32).collect();
        let key = |row: u32| {
            let row = row as usize;
            (parents[row], members[row][0], cast.is_valid(row).then(|| cast.value(row)), row)
        };
        order.sort_unstable_by_key(|&row| key(row));
        let mut sums: HashMap<usize, Vec<f64>> = HashMap::new();
        for same in order.chunk_by(|&a, &b| (key(a).0, key(a).1) == (key(b).0, key(b).1)) {
            let Some(row) = same.last().map(|&row| row as usize) else { continue };
            let Some(parent) = parents[row].filter(|&parent| lists.is_valid(parent)) else { continue };
            let counting = Counting::of(system(parent));
            let sums = sums.entry(parent).or_insert_with(|| vec![0.0; lists.value_length(parent) as usize]);
            let power = powers.value(row).to_i128().unwrap_or(i128::MAX) as f64;
            let total: f64 = ballots.of(row).map(|(_, weight)| weight).sum();
            for (index, weight) in ballots.of(row) {
                let share = if counting == Counting::Whole { 1.0 } else { weight / total };
                if let Some(sum) = usize::try_from(index - 1).ok().and_then(|index| sums.get_mut(index)) {
                    *sum += power * share;
                }
            }
        }
        let unit = 10_f64.powi(i32::from(self.history.decimals()));
        Ok(Found::where_(proposals.num_rows(), |row| {
            if Counting::of(system(row)) == Counting::Other {
                return false;
            }
            // A proposal without any ballot row here may have been voted on elsewhere.
            let Some(sums) = sums.get(&row) else { return false };
            let start = lists.value_offsets()[row] as usize;
            let told = (0..sums.len())
                .map(|choice| scores.value(start + choice).to_i128().unwrap_or(i128::MAX) as f64);
            // Sources print sums of binary floats, so a millionth is no difference.
            let total: f64 = sums.iter().sum();
            let bar = 1e-6 * total.max(unit);
            told.zip(sums).any(|(told, sum)| (told - sum).abs() > bar)
        }))
    }
}
