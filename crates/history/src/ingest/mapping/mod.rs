//! Any CSV or Parquet file through a column mapping in TOML.
//!
//! ```toml
//! [votes]
//! file = "ballots*.csv"        # a name, `*` for any letters
//! delimiter = ";"
//! time = "iso"                 # epoch, epoch-ms, iso, block, day
//! choice = "label"             # index, label, json, for-against-abstain
//! unit = "wei"                 # tokens, wei; `decimals` of the token, 18 where not given
//!
//! [votes.columns]              # our name = their name
//! proposal = "poll"
//! member = "voter"
//! cast_at = "when"
//! choice = "answer"
//! power = { column = "balance", unit = "tokens" }
//!
//! [votes.constants]
//! dao = "my-dao"
//! ```
//!
//! DAOs, members and proposals that rows name but no table of the mapping holds get a row of their own, so
//! that every key resolves. `blocks = "FILE"` at the top names a CSV `block_number,timestamp` beside the
//! mapping, for `time = "block"`.

mod cell;
mod plan;
pub(crate) mod texts;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use daotwin_core::Run;
use daotwin_core::files::read_limited;

use self::cell::{Owned, Reader};
use self::plan::{Choice, Field, Format, Origin, Plan, TablePlan};
use self::texts::Texts;
use super::logs::Clock;
use super::{Importer, Source};
use crate::builder::{Cell, HistoryBuilder};
use crate::error::{Error, Result};
use crate::schema::{Kind, Table};

/// What users see this format called.
const FORMAT: &str = "mapped columns";

/// Reads any CSV or Parquet file through a mapping; see the module.
#[derive(Debug, Clone, Copy)]
pub struct MappedColumns;

impl Importer for MappedColumns {
    fn name(&self) -> &'static str {
        "mapped-columns"
    }

    fn description(&self) -> &'static str {
        "any CSV or Parquet file whose columns a TOML file names, given with `--mapping FILE.toml`"
    }

    fn recognises(&self, source: &Source) -> bool {
        // With a damaged mapping every source comes here, so that its problems are told, not "unrecognised".
        source.options().mapping.is_some()
            && load(source, &daotwin_core::Limits::default())
                .is_none_or(|plan| plan.tables.iter().any(|table| plan::fits(&table.file, &source.name())))
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let Some(first) = sources.first() else { return Ok(()) };
        let Some(path) = &first.options().mapping else { return Ok(()) };
        let bytes = read_limited(path, run.limits.max_file_bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let name = |problem: &String| format!("`{}` {problem}", path.display());
        let plan = plan::parse(&text).map_err(|problems| {
            let shown = usize::try_from(run.limits.max_problems).unwrap_or(usize::MAX);
            Error::Problems { problems: problems.iter().take(shown).map(name).collect() }
        })?;
        let mut clock = Clock::default();
        if let Some(blocks) = &plan.blocks {
            let folder = path.parent().unwrap_or(std::path::Path::new("."));
            clock.read(&Source::open(&folder.join(blocks), first.options(), &run.limits)?, builder)?;
        }
        let mut import = Import::new(&plan, clock, builder);
        for table in &plan.tables {
            for source in sources.iter().filter(|source| plan::fits(&table.file, &source.name())) {
                import.table(table, source, run)?;
            }
        }
        import.finish()
    }
}

/// The mapping, if it is sound.
fn load(source: &Source, limits: &daotwin_core::Limits) -> Option<Plan> {
    let bytes = read_limited(source.options().mapping.as_deref()?, limits.max_file_bytes).ok()?;
    plan::parse(&String::from_utf8_lossy(&bytes)).ok()
}

/// One import through a mapping.
struct Import<'b> {
    reader: Reader,
    builder: &'b mut HistoryBuilder,
    /// Whether the mapping holds proposals; otherwise they are made from what votes say.
    proposals_mapped: bool,
    daos: BTreeSet<String>,
    members: BTreeSet<(String, String)>,
    /// The labels of each proposal, by DAO and proposal.
    choices: BTreeMap<(String, String), Vec<String>>,
    places: HashMap<(String, String), HashMap<String, i32>>,
}

/// The columns of a table that name a member.
fn names_member(table: Table, column: &str) -> bool {
    matches!(column, "member" | "author" | "delegator" | "from_delegate" | "to_delegate")
        || table == Table::Contributions && matches!(column, "from" | "to")
}

impl<'b> Import<'b> {
    fn new(plan: &Plan, clock: Clock, builder: &'b mut HistoryBuilder) -> Self {
        Self {
            reader: Reader::new(clock, builder.decimals(), *builder.limits()),
            builder,
            proposals_mapped: plan.tables.iter().any(|table| table.table == Table::Proposals),
            daos: BTreeSet::new(),
            members: BTreeSet::new(),
            choices: BTreeMap::new(),
            places: HashMap::new(),
        }
    }

    fn table(&mut self, plan: &TablePlan, source: &Source, run: &Run) -> Result<()> {
        let theirs: Vec<&str> = plan
            .fields
            .iter()
            .filter_map(|field| match &field.origin {
                Origin::Column(name) => Some(name.as_str()),
                Origin::Constant(_) => None,
            })
            .collect();
        let mut rows = Texts::open(source, FORMAT, &theirs, plan.delimiter, run)?;
        let mut texts: Vec<String> = Vec::new();
        let name = source.name();
        while let Some(row) = rows.next(&mut texts, run)? {
            let outcome = row.and_then(|()| self.row(plan, &texts));
            match outcome {
                Ok(cells) => self.push(plan, &cells)?,
                Err(reason) => self.builder.set_aside(&name, plan.table, reason),
            }
        }
        Ok(())
    }

    /// Reads a row's cells in the order of the plan's fields.
    fn row(&mut self, plan: &TablePlan, texts: &[String]) -> std::result::Result<Vec<Owned>, &'static str> {
        let mut texts = texts.iter();
        let mut cells = Vec::with_capacity(plan.fields.len());
        let mut label = None;
        for field in &plan.fields {
            let text = match &field.origin {
                Origin::Constant(text) => text.as_str(),
                Origin::Column(_) => texts.next().map_or("", String::as_str),
            };
            if field.format == Format::Choice(Choice::Label) {
                label = Some((cells.len(), text.trim().to_owned()));
                cells.push(Owned::Null);
                continue;
            }
            let cell = self.reader.read(text, field.format)?;
            let column = &plan.table.columns()[field.column];
            if !column.nullable && matches!(cell, Owned::Null) {
                return Err("a cell that every row needs is empty");
            }
            cells.push(cell);
        }
        if let Some((place, label)) = label {
            let key = key(plan, &cells).ok_or("a cell that every row needs is empty")?;
            cells[place] = Owned::Choice(vec![(self.place(key, &label)?, 1.0)]);
        }
        Ok(cells)
    }

    /// The 1-based place of a label among its proposal's choices. Where proposals are not mapped, a new label
    /// is a new choice.
    fn place(&mut self, key: (String, String), label: &str) -> std::result::Result<i32, &'static str> {
        if label.is_empty() {
            return Err("choice is empty");
        }
        let choices = match self.choices.get_mut(&key) {
            Some(choices) => choices,
            None if self.proposals_mapped => return Err("vote's proposal is not in the mapped proposals"),
            None => self.choices.entry(key.clone()).or_default(),
        };
        let places = self.places.entry(key).or_insert_with(|| {
            choices.iter().enumerate().rev().map(|(place, label)| (label.clone(), place as i32 + 1)).collect()
        });
        if let Some(&place) = places.get(label) {
            return Ok(place);
        }
        if self.proposals_mapped {
            return Err("choice is none of its proposal's labels");
        }
        if choices.len() as u64 >= self.builder.limits().max_choices {
            return Err("proposal has more choices than the limit `max_choices`");
        }
        choices.push(label.to_owned());
        let place = choices.len() as i32;
        places.insert(label.to_owned(), place);
        Ok(place)
    }

    fn push(&mut self, plan: &TablePlan, cells: &[Owned]) -> Result<()> {
        let columns = plan.table.columns();
        let mut row = vec![Cell::Null; columns.len()];
        for (field, cell) in plan.fields.iter().zip(cells) {
            row[field.column] = cell.as_cell();
        }
        // A proposal without labels still has a list of them.
        if let Some(choices) = plan.table.column_index("choices").filter(|_| plan.table == Table::Proposals)
            && matches!(row[choices], Cell::Null)
        {
            row[choices] = Cell::Choices(&[]);
        }
        self.builder.table(plan.table).push(&row)?;
        super::rows::check_rows(self.builder, plan.table)?;
        self.learn(plan, cells);
        Ok(())
    }

    /// Notes the DAO, members and proposal that a row names.
    fn learn(&mut self, plan: &TablePlan, cells: &[Owned]) {
        let Some(dao) = text(plan, cells, "dao") else { return };
        if !self.daos.contains(dao) {
            self.daos.insert(dao.to_owned());
        }
        for (field, cell) in plan.fields.iter().zip(cells) {
            if let Owned::Text(member) = cell
                && names_member(plan.table, plan.table.columns()[field.column].name)
            {
                self.members.insert((dao.to_owned(), member.clone()));
            }
        }
        if matches!(plan.table, Table::Proposals | Table::Votes)
            && let Some(key) = key(plan, cells)
            && !self.choices.contains_key(&key)
        {
            let choices = plan.fields.iter().zip(cells).find_map(|(_, cell)| match cell {
                Owned::Choices(choices) => Some(choices.clone()),
                _ => None,
            });
            let asked =
                plan.fields.iter().any(|field| field.format == Format::Choice(Choice::ForAgainstAbstain));
            let governor = || ["for", "against", "abstain"].map(str::to_owned).to_vec();
            self.choices.insert(key, choices.unwrap_or_else(|| if asked { governor() } else { Vec::new() }));
        }
    }

    /// Adds the rows that others name and no table of the mapping holds.
    fn finish(self) -> Result<()> {
        let builder = self.builder;
        if builder.rows(Table::Daos) == 0 {
            for dao in &self.daos {
                builder.table(Table::Daos).push_named(&[("dao", Cell::Text(dao))])?;
            }
        }
        if builder.rows(Table::Members) == 0 {
            for (dao, member) in &self.members {
                let row = [("dao", Cell::Text(dao)), ("member", Cell::Text(member))];
                builder.table(Table::Members).push_named(&row)?;
            }
        }
        if !self.proposals_mapped {
            for ((dao, proposal), choices) in &self.choices {
                builder.table(Table::Proposals).push_named(&[
                    ("dao", Cell::Text(dao)),
                    ("proposal", Cell::Text(proposal)),
                    ("choices", Cell::Choices(choices)),
                ])?;
            }
        }
        Ok(())
    }
}

fn text<'c>(plan: &TablePlan, cells: &'c [Owned], name: &str) -> Option<&'c str> {
    let column = plan.table.column_index(name)?;
    plan.fields.iter().zip(cells).find(|(field, _): &(&Field, _)| field.column == column).and_then(
        |(_, cell)| match cell {
            Owned::Text(text) => Some(text.as_str()),
            _ => None,
        },
    )
}

/// The DAO and proposal that a row names.
fn key(plan: &TablePlan, cells: &[Owned]) -> Option<(String, String)> {
    debug_assert!(
        plan.table.columns().iter().any(|column| column.kind == Kind::Id),
        "every table names its DAO"
    );
    Some((text(plan, cells, "dao")?.to_owned(), text(plan, cells, "proposal")?.to_owned()))
}
