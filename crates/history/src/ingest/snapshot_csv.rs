//! `snapshot-csv`: the report of one proposal's votes that Snapshot offers for download, and tables of
//! several spaces' votes and proposals (`symbol, proposal_id, voter, voting_power, choice, created`).
//!
//! The report (`address, choice | choice.1 .. choice.N, voting_power, timestamp, author_ipfs_hash, reason`)
//! does not name its proposal: it is taken from the file's name (`snapshot-votes-report-<id>.csv`, or any
//! name that holds an id), and the space from the option `--dao`. Nor does it name the voting type. Where
//! every row fills its cells from the left with different indices the cells are a list (approval, or a
//! ranking if every ballot names all choices), otherwise weights. The cells of encrypted ballots are blank.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::Run;

use super::members::Members;
use super::rows::{Row, Rows};
use super::sheet::{self, Outcome};
use super::{Importer, Source, ballot, times};
use crate::builder::{Cell, HistoryBuilder, VoteRow};
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

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let of = |shape| sources.iter().filter(move |source| shape_of(source) == Some(shape));
        let mut set = Set { max_members: run.limits.max_members, ..Set::default() };
        for source in of(Shape::MixedProposals) {
            let at = (FORMAT, Table::Proposals);
            sheet::each(source, at, MIXED_PROPOSALS, builder, run, |row, columns, builder| {
                set.mixed_proposal(row, columns, builder)
            })?;
        }
        for source in of(Shape::MixedVotes) {
            sheet::each(
                source,
                (FORMAT, Table::Votes),
                MIXED_VOTES,
                builder,
                run,
                |row, columns, builder| set.mixed_vote(row, columns, builder),
            )?;
        }
        for source in of(Shape::Report) {
            set.report(source, builder, run)?;
        }
        for (dao, symbol) in &set.daos {
            builder.table(Table::Daos).push_named(&[
                ("dao", Cell::Text(dao)),
                ("platform", Cell::Text("snapshot")),
                ("power_unit", symbol.as_deref().into()),
            ])?;
        }
        set.members.write(builder)
    }
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

#[derive(Debug, Default)]
struct Set {
    max_members: u64,
    daos: BTreeMap<String, Option<String>>,
    /// The space of a symbol, where a file tells it.
    spaces: BTreeMap<String, String>,
    /// The DAO of each proposal.
    proposals: BTreeMap<String, String>,
    listed: BTreeSet<String>,
    members: Members,
    entries: Vec<(i32, f64)>,
}

/// How a report writes ballots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ballots {
    One,
    List,
    Ranking,
    Weights,
}

const BAD_TIME: &str = "a time is neither Unix seconds nor ISO 8601";

fn time(row: Row<'_>, index: usize) -> std::result::Result<Option<super::members::At>, &'static str> {
    row.text(index).map(|text| times::parse(text).ok_or(BAD_TIME)).transpose()
}

impl Set {
    fn mixed_proposal(
        &mut self,
        row: Row<'_>,
        columns: [usize; 10],
        builder: &mut HistoryBuilder,
    ) -> Outcome {
        let [symbol, space, id, title, system, state, start, end, quorum, author] = columns;
        let (dao, proposal, author) = (row.get(space), row.get(id), row.lower(author));
        if dao.is_empty() || proposal.is_empty() {
            return Err("the proposal has no id or no space");
        }
        if self.proposals.contains_key(proposal) {
            return Err("the proposal's id is repeated");
        }
        let (start, end) = (time(row, start)?, time(row, end)?);
        let quorum = row.text(quorum).map(|text| builder.amount(text)).transpose()?;
        let pushed = builder.table(Table::Proposals).push_named(&[
            ("dao", Cell::Text(dao)),
            ("proposal", Cell::Text(proposal)),
            ("author", Some(author.as_str()).filter(|author| !author.is_empty()).into()),
            ("title", row.text(title).into()),
            ("voting_system", row.text(system).into()),
            ("choices", Cell::Choices(&[])),
            ("start_at", start.into()),
            ("end_at", end.into()),
            ("quorum", quorum.into()),
            ("state", row.text(state).into()),
        ]);
        self.proposals.insert(proposal.to_owned(), dao.to_owned());
        self.listed.insert(dao.to_owned());
        self.spaces.entry(row.get(symbol).to_owned()).or_insert_with(|| dao.to_owned());
        self.daos.entry(dao.to_owned()).or_insert_with(|| row.text(symbol).map(str::to_owned));
        Ok(pushed.and_then(|()| {
            if author.is_empty() {
                return Ok(());
            }
            self.members.note(dao, &author, start, self.max_members)
        }))
    }

    fn mixed_vote(&mut self, row: Row<'_>, columns: [usize; 6], builder: &mut HistoryBuilder) -> Outcome {
        let [symbol, proposal, voter, power, choice, created] = columns;
        let (symbol, proposal, member) = (row.get(symbol), row.get(proposal), row.lower(voter));
        if member.is_empty() {
            return Err("the ballot has no voter");
        }
        ballot::parse(row.get(choice), &[], builder.limits().max_choices, &mut self.entries)?;
        let power = builder.amount(row.get(power))?;
        let at = time(row, created)?;
        if !self.proposals.contains_key(proposal) {
            let dao = self.spaces.get(symbol).map_or(symbol, String::as_str).to_owned();
            if self.listed.contains(&dao) {
                return Err("the ballot's proposal has no row");
            }
            if let Err(error) = self.bare_proposal(&dao, proposal, None, &[], builder) {
                return Ok(Err(error));
            }
            self.daos.insert(dao, Some(symbol.to_owned()));
        }
        let dao = self.proposals[proposal].clone();
        Ok(self.push(&dao, proposal, &member, at, power, builder))
    }

    fn bare_proposal(
        &mut self,
        dao: &str,
        proposal: &str,
        system: Option<&str>,
        choices: &[String],
        builder: &mut HistoryBuilder,
    ) -> Result<()> {
        self.proposals.insert(proposal.to_owned(), dao.to_owned());
        self.daos.entry(dao.to_owned()).or_default();
        builder.table(Table::Proposals).push_named(&[
            ("dao", Cell::Text(dao)),
            ("proposal", Cell::Text(proposal)),
            ("voting_system", system.into()),
            ("choices", Cell::Choices(choices)),
        ])
    }

    fn push(
        &mut self,
        dao: &str,
        proposal: &str,
        member: &str,
        at: Option<super::members::At>,
        power: i128,
        builder: &mut HistoryBuilder,
    ) -> Result<()> {
        builder.table(Table::Votes).push_vote(&VoteRow {
            dao,
            proposal,
            member,
            cast_at: at.map(|at| at.0),
            precision: at.map(|at| at.1).unwrap_or_default(),
            choice: &self.entries,
            power,
        })?;
        self.members.note(dao, member, at, self.max_members)
    }

    fn report(&mut self, source: &Source, builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let proposal = id_in_name(source);
        let dao = source.options().dao.clone().unwrap_or_else(|| "snapshot".to_owned());
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
        let kind = if single.is_some() { Ballots::One } else { kind_of(source, &cells, run)? };
        let system = match kind {
            Ballots::One => "single-choice",
            Ballots::List => "approval",
            Ballots::Ranking => "ranked-choice",
            Ballots::Weights => "weighted",
        };
        let labels: Vec<String> = match kind {
            Ballots::One => Vec::new(),
            _ => (1..=cells.len()).map(|number| format!("choice.{number}")).collect(),
        };
        if !self.proposals.contains_key(&proposal) {
            self.bare_proposal(&dao, &proposal, Some(system), &labels, builder)?;
        }
        let dao = self.proposals[&proposal].clone();
        let max_choices = builder.limits().max_choices;
        sheet::each(source, (FORMAT, Table::Votes), [], builder, run, |row, [], builder| {
            let member = row.lower(voter);
            if member.is_empty() {
                return Err("the ballot has no voter");
            }
            read_ballot(row, kind, &cells, max_choices, &mut self.entries)?;
            let power = builder.amount(row.get(power))?;
            let at = time(row, created)?;
            Ok(self.push(&dao, &proposal, &member, at, power, builder))
        })
    }
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
    max_choices: u64,
    entries: &mut Vec<(i32, f64)>,
) -> std::result::Result<(), &'static str> {
    entries.clear();
    if cells.iter().all(|&cell| row.get(cell).trim().is_empty()) {
        return Err("the choice is blank: it is encrypted, or the ballot has none");
    }
    if kind == Ballots::One {
        return ballot::parse(row.get(cells[0]), &[], max_choices, entries);
    }
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
            ballot::push(entries, position as i64 + 1, weight, cells.len(), max_choices)?;
        } else {
            let index = ballot::whole_number(text).ok_or(ballot::OUT_OF_RANGE)?;
            ballot::push(entries, index, 1.0, cells.len(), max_choices)?;
        }
    }
    Ok(())
}
