//! `snapshot-csv`: the report of one proposal's votes that Snapshot offers for download, and tables of
//! several spaces' votes and proposals (`symbol, proposal_id, voter, voting_power, choice, created`).
//!
//! The report (`address, choice | choice.1 .. choice.N, voting_power, timestamp, author_ipfs_hash, reason`)
//! does not name its proposal: it is taken from the file's name (`snapshot-votes-report-<id>.csv`, or any
//! name that holds an id), and the space from the option `--dao`. Nor does it name the voting type. Where
//! every row fills its cells from the left with different indices the cells are a list (approval, or a
//! ranking if every ballot names all choices), otherwise weights. The cells of encrypted ballots are blank.

use std::collections::BTreeSet;

use daotwin_core::Run;

use super::members::At;
use super::rows::{Row, Rows};
use super::sheet::{self, Outcome};
use super::snapshot_json::SnapshotJson;
use super::spaces::{self, Known, Spaces};
use super::{Importer, Source, ballot, times};
use crate::builder::{Cell, HistoryBuilder};
use crate::error::Result;
use crate::schema::Table;

const FORMAT: &str = "Snapshot CSV";

const MIXED_VOTES: [&str; 6] = ["symbol", "proposal_id", "voter", "voting_power", "choice", "created"];
const MIXED_PROPOSALS: [&str; 10] =
    ["symbol", "space_id", "proposal_id", "title", "type", "state", "start", "end", "quorum", "author"];

/// Reader of Snapshot's CSV.
#[derive(Debug)]
pub(crate) struct SnapshotCsv;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Report,
    MixedVotes,
    MixedProposals,
}

impl Importer for SnapshotCsv {
    fn name(&self) -> &'static str {
        "snapshot-csv"
    }

    fn description(&self) -> &'static str {
        "Snapshot's downloadable votes report (address, choice or choice.1 .. choice.N, voting_power, \
         timestamp; the proposal's id in the file's name) and tables of votes and proposals of several spaces"
    }

    fn recognises(&self, source: &Source) -> bool {
        shape_of(source).is_some()
    }

    fn read_with(&self) -> &'static str {
        SnapshotJson.name()
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        spaces::read(sources, builder, run)
    }
}

/// Whether a source is one of these tables.
pub(crate) fn is_sheet(source: &Source) -> bool {
    shape_of(source).is_some()
}

fn shape_of(source: &Source) -> Option<Shape> {
    if sheet::has(source, &MIXED_VOTES) {
        return Some(Shape::MixedVotes);
    }
    if sheet::has(source, &MIXED_PROPOSALS) {
        return Some(Shape::MixedProposals);
    }
    let columns = source.csv_columns();
    let has = |names: &[&str]| columns.iter().any(|column| names.contains(&column.as_str()));
    let report = has(&["address", "voter"])
        && has(&["choice", "choice.1"])
        && has(&["voting_power", "vp"])
        && has(&["timestamp", "created"]);
    (report && !has(&["dao_id", "symbol", "proposal_id", "proposal"])).then_some(Shape::Report)
}

/// The proposal's id in a report's name: the longest run that is a hash, else the name without
/// `snapshot-votes-report-`.
fn id_in_name(source: &Source) -> String {
    let stem = source.stem();
    let hash = stem.split(|char: char| !char.is_ascii_alphanumeric()).find(|part| {
        part.starts_with("0x") && part.len() == 66 || part.starts_with("Qm") && part.len() == 46
    });
    match hash {
        Some(hash) => hash.to_owned(),
        None => stem.strip_prefix("snapshot-votes-report-").unwrap_or(&stem).to_owned(),
    }
}

/// How a report writes ballots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ballots {
    One,
    List,
    Ranking,
    Weights,
}

impl Ballots {
    /// Snapshot's name of the voting system that is written so.
    const fn system(self) -> &'static str {
        match self {
            Self::One => "single-choice",
            Self::List => "approval",
            Self::Ranking => "ranked-choice",
            Self::Weights => "weighted",
        }
    }
}

const BAD_TIME: &str = "a time is neither Unix seconds nor ISO 8601";

fn time(row: Row<'_>, index: usize) -> std::result::Result<Option<At>, &'static str> {
    row.text(index).map(|text| times::parse(text).ok_or(BAD_TIME)).transpose()
}

/// Reads the tables of proposals.
///
/// # Errors
/// As [`Importer::read`].
pub(crate) fn read_proposals(
    sources: &[&Source],
    spaces: &mut Spaces,
    builder: &mut HistoryBuilder,
    run: &Run,
) -> Result<()> {
    let at = (FORMAT, Table::Proposals);
    for source in sources.iter().filter(|source| shape_of(source) == Some(Shape::MixedProposals)) {
        sheet::each(source, at, MIXED_PROPOSALS, builder, run, |row, columns, builder| {
            mixed_proposal(row, columns, spaces, builder)
        })?;
    }
    Ok(())
}

/// Reads the tables of votes and the reports.
///
/// # Errors
/// As [`Importer::read`].
pub(crate) fn read_votes(
    sources: &[&Source],
    spaces: &mut Spaces,
    builder: &mut HistoryBuilder,
    run: &Run,
) -> Result<()> {
    let mut reading = Reading { spaces, entries: Vec::new() };
    let at = (FORMAT, Table::Votes);
    for source in sources.iter().filter(|source| shape_of(source) == Some(Shape::MixedVotes)) {
        sheet::each(source, at, MIXED_VOTES, builder, run, |row, columns, builder| {
            reading.mixed_vote(row, columns, builder)
        })?;
    }
    for source in sources.iter().filter(|source| shape_of(source) == Some(Shape::Report)) {
        reading.report(source, builder, run)?;
    }
    Ok(())
}

struct Reading<'s> {
    spaces: &'s mut Spaces,
    entries: Vec<(i32, f64)>,
}

impl Reading<'_> {
    fn mixed_vote(&mut self, row: Row<'_>, columns: [usize; 6], builder: &mut HistoryBuilder) -> Outcome {
        let [symbol, proposal, voter, power, choice, created] = columns;
        let (symbol, proposal, member) = (row.get(symbol), row.get(proposal), row.lower(voter));
        if member.is_empty() {
            return Err("the ballot has no voter");
        }
        let power = builder.amount(row.get(power))?;
        let at = time(row, created)?;
        // A symbol is no key: it is asked only where the proposal's id alone does not tell.
        let dao = self.spaces.of_symbol(symbol).to_owned();
        let space = self.spaces.proposals.find(proposal, None).is_none().then_some(dao.as_str());
        let max_choices = builder.limits().max_choices;
        let labels = self.spaces.proposals.find(proposal, space).map_or(&[][..], |known| &known.labels);
        ballot::parse(row.get(choice), labels, max_choices, &mut self.entries)?;
        match self.spaces.proposals.find(proposal, space) {
            Some(known) => known.takes(&self.entries)?,
            None if self.spaces.proposals.has(proposal) => {
                return Err("several spaces have a proposal with the ballot's id");
            }
            None if self.spaces.listed.contains(&dao) => return Err("the ballot's proposal has no row"),
            None => {
                let known = Known { dao: dao.clone(), labels: Vec::new(), system: None, sealed: false };
                let symbol = Some(symbol).filter(|symbol| !symbol.is_empty());
                if let Err(error) = self.spaces.bare_proposal(proposal, known, symbol, builder) {
                    return Ok(Err(error));
                }
            }
        }
        Ok(self.spaces.vote((proposal, space), &member, at, &self.entries, power, builder))
    }

    fn report(&mut self, source: &Source, builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let proposal = id_in_name(source);
        let rows = Rows::open(source, FORMAT, run)?;
        let find = |names: &[&str]| names.iter().find_map(|name| rows.index(name)).unwrap_or_default();
        let voter = find(&["address", "voter"]);
        let power = find(&["voting_power", "vp"]);
        let created = find(&["timestamp", "created"]);
        let single = rows.index("choice");
        let cells: Vec<usize> = match single {
            Some(index) => vec![index],
            None => (1..).map_while(|number| rows.index(&format!("choice.{number}"))).collect(),
        };
        drop(rows);
        // The space of `--dao` decides where several have this proposal.
        let option = source.options().dao.as_deref();
        let space =
            self.spaces.proposals.find(&proposal, None).is_none().then_some(option.unwrap_or("snapshot"));
        let known = self.spaces.proposals.find(&proposal, space);
        let kind = match (single, known.and_then(|known| known.system.as_deref())) {
            (Some(_), _) => Ballots::One,
            (None, Some("approval")) => Ballots::List,
            (None, Some("ranked-choice" | "copeland")) => Ballots::Ranking,
            (None, Some("weighted" | "quadratic")) => Ballots::Weights,
            (None, _) => kind_of(source, &cells, run)?,
        };
        let labels = known.map(|known| known.labels.clone()).unwrap_or_default();
        if known.is_none() {
            let labels: Vec<String> = match kind {
                Ballots::One => Vec::new(),
                _ => (1..=cells.len()).map(|number| format!("choice.{number}")).collect(),
            };
            let dao = option.unwrap_or("snapshot").to_owned();
            let known = Known { dao, labels, system: Some(kind.system().to_owned()), sealed: false };
            self.spaces.bare_proposal(&proposal, known, None, builder)?;
        }
        let max_choices = builder.limits().max_choices;
        sheet::each(source, (FORMAT, Table::Votes), [], builder, run, |row, [], builder| {
            let member = row.lower(voter);
            if member.is_empty() {
                return Err("the ballot has no voter");
            }
            read_ballot(row, kind, &cells, &labels, max_choices, &mut self.entries)?;
            if let Some(known) = self.spaces.proposals.find(&proposal, space) {
                known.takes(&self.entries)?;
            }
            let power = builder.amount(row.get(power))?;
            let at = time(row, created)?;
            Ok(self.spaces.vote((&proposal, space), &member, at, &self.entries, power, builder))
        })
    }
}

fn mixed_proposal(
    row: Row<'_>,
    columns: [usize; 10],
    spaces: &mut Spaces,
    builder: &mut HistoryBuilder,
) -> Outcome {
    let [symbol, space, id, title, system, state, start, end, quorum, author] = columns;
    let (dao, proposal, author) = (row.get(space), row.get(id), row.lower(author));
    if dao.is_empty() || proposal.is_empty() {
        return Err("the proposal has no id or no space");
    }
    if spaces.proposals.find(proposal, Some(dao)).is_some() {
        return Err("the proposal's id is repeated");
    }
    let (start, end) = (time(row, start)?, time(row, end)?);
    let quorum = row.text(quorum).map(|text| builder.amount(text)).transpose()?;
    let author = Some(author.as_str()).filter(|author| !author.is_empty());
    let system = row.text(system);
    let pushed = builder.table(Table::Proposals).push_named(&[
        ("dao", Cell::Text(dao)),
        ("proposal", Cell::Text(proposal)),
        ("author", author.into()),
        ("title", row.text(title).into()),
        ("voting_system", system.into()),
        ("choices", Cell::Choices(&[])),
        ("start_at", start.into()),
        ("end_at", end.into()),
        ("quorum", quorum.into()),
        ("state", row.text(state).into()),
    ]);
    let system = system.map(str::to_owned);
    let known = Known { dao: dao.to_owned(), labels: Vec::new(), system, sealed: false };
    spaces.proposals.add(proposal, known);
    spaces.listed.insert(dao.to_owned());
    let noted = spaces.note(dao, author, start, row.text(symbol));
    Ok(pushed.and(noted))
}

/// Tells lists from weights by all rows of a report.
fn kind_of(source: &Source, cells: &[usize], run: &Run) -> Result<Ballots> {
    let mut rows = Rows::open(source, FORMAT, run)?;
    let (mut list, mut ranking) = (true, true);
    while let Some(row) = rows.next(run)? {
        let Ok(row) = row else { continue };
        let filled: Vec<&str> = cells.iter().map(|&cell| row.get(cell).trim()).collect();
        let count = filled.iter().filter(|cell| !cell.is_empty()).count();
        if count == 0 {
            continue;
        }
        let indices: BTreeSet<i64> = filled[..count]
            .iter()
            .filter_map(|cell| ballot::whole_number(cell))
            .filter(|index| (1..=cells.len() as i64).contains(index))
            .collect();
        list &= indices.len() == count;
        ranking &= count == cells.len();
    }
    Ok(match (list, ranking) {
        (true, true) => Ballots::Ranking,
        (true, false) => Ballots::List,
        _ => Ballots::Weights,
    })
}

fn read_ballot(
    row: Row<'_>,
    kind: Ballots,
    cells: &[usize],
    labels: &[String],
    max_choices: u64,
    entries: &mut Vec<(i32, f64)>,
) -> std::result::Result<(), &'static str> {
    entries.clear();
    if cells.iter().all(|&cell| row.get(cell).trim().is_empty()) {
        return Err("the choice is blank: it is encrypted, or the ballot has none");
    }
    if kind == Ballots::One {
        return ballot::parse(row.get(cells[0]), labels, max_choices, entries);
    }
    let choices = if labels.is_empty() { cells.len() } else { labels.len() };
    for (position, &cell) in cells.iter().enumerate() {
        let text = row.get(cell).trim();
        if text.is_empty() {
            continue;
        }
        if ballot::is_encrypted(text) {
            return Err(ballot::ENCRYPTED);
        }
        if kind == Ballots::Weights {
            let weight = text.parse().map_err(|_| ballot::BAD_WEIGHT)?;
            ballot::push(entries, position as i64 + 1, weight, choices, max_choices)?;
        } else {
            let index = ballot::whole_number(text).ok_or(ballot::OUT_OF_RANGE)?;
            ballot::push(entries, index, 1.0, choices, max_choices)?;
        }
    }
    Ok(())
}
