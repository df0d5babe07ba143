//! `governance-core`: sixteen DAOs in one relational schema, four CSV files (daos, members, proposals,
//! votes). Token units as decimal text, times in Unix seconds.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::Run;

use super::ballot::{self, DAY};
use super::rows::{Row, Rows, check_rows};
use super::{Importer, Source};
use crate::amount;
use crate::builder::{Cell, HistoryBuilder, VoteRow};
use crate::error::Result;
use crate::schema::{Precision, Table};

const FORMAT: &str = "governance-core CSV";

const DAOS: [&str; 5] = ["dao_id", "name", "platform", "vp_unit", "vp_total_supply"];
const MEMBERS: [&str; 4] = ["dao_id", "member", "n_votes", "first_vote"];
const PROPOSALS: [&str; 12] = [
    "dao_id",
    "proposal_id",
    "author",
    "title",
    "type",
    "choices",
    "created",
    "start",
    "end",
    "state",
    "scores",
    "quorum",
];
const VOTES: [&str; 6] = ["dao_id", "proposal_id", "voter", "choice", "vp", "created"];

/// The words that the set uses for how ballots are cast and counted; another word in the column `type` is
/// the DAO's own category, and its ballots name one choice.
const SYSTEMS: [&str; 14] = [
    "governor-alpha",
    "governor-bravo",
    "oz-governor",
    "aave-governance-v2",
    "aragon-voting",
    "genesis-protocol",
    "single-choice",
    "basic",
    "approval",
    "ranked-choice",
    "weighted",
    "quadratic",
    "copeland",
    "custom",
];

/// The systems whose windows are block numbers turned into times.
const BLOCK_WINDOWS: [&str; 4] = ["governor-alpha", "governor-bravo", "oz-governor", "aave-governance-v2"];

/// Reader of the governance-core set.
#[derive(Debug)]
pub(crate) struct GovernanceCore;

impl Importer for GovernanceCore {
    fn name(&self) -> &'static str {
        "governance-core"
    }

    fn description(&self) -> &'static str {
        "DAOs, members, proposals and votes as four CSV files with the columns of the governance-core set \
         (dao_id, proposal_id, voter, choice, vp in token units, created in Unix seconds)"
    }

    fn recognises(&self, source: &Source) -> bool {
        table_of(source).is_some()
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let of = |table| sources.iter().filter(move |source| table_of(source) == Some(table));
        let mut set = Set::default();
        for source in of(Table::Votes) {
            set.scan_votes(source, run)?;
        }
        for source in of(Table::Proposals) {
            set.proposals(source, builder, run)?;
        }
        for source in of(Table::Daos) {
            set.daos(source, builder, run)?;
        }
        for source in of(Table::Members) {
            set.members(source, builder, run)?;
        }
        for source in of(Table::Votes) {
            set.votes(source, builder, run)?;
        }
        set.complete(builder)
    }
}

fn table_of(source: &Source) -> Option<Table> {
    let columns = source.csv_columns();
    let has = |names: &[&str]| names.iter().all(|name| columns.iter().any(|column| column == name));
    if has(&VOTES) {
        Some(Table::Votes)
    } else if has(&PROPOSALS) {
        Some(Table::Proposals)
    } else if has(&MEMBERS) {
        Some(Table::Members)
    } else if has(&DAOS) {
        Some(Table::Daos)
    } else {
        None
    }
}

/// What is known while the files are read.
#[derive(Debug, Default)]
struct Set {
    /// The DAOs of which at least one ballot's time is not a midnight.
    to_the_second: BTreeSet<String>,
    /// The labels of each proposal.
    labels: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// A voting system of each DAO: tells what its quorum means.
    systems: BTreeMap<String, String>,
    daos: BTreeSet<String>,
    members: BTreeMap<String, BTreeSet<String>>,
    /// Voters that no members file lists, with their first ballot.
    unlisted: BTreeMap<(String, String), (i64, Precision)>,
}

impl Set {
    /// Learns which DAOs give a ballot's day only: all of its times are midnights.
    fn scan_votes(&mut self, source: &Source, run: &Run) -> Result<()> {
        let mut rows = Rows::open(source, FORMAT, run)?;
        let [dao, created] = rows.indices(["dao_id", "created"])?;
        while let Some(row) = rows.next(run)? {
            let Ok(row) = row else { continue };
            if seconds(row.get(created)).is_some_and(|at| at % DAY != 0)
                && !self.to_the_second.contains(row.get(dao))
            {
                self.to_the_second.insert(row.get(dao).to_owned());
            }
        }
        Ok(())
    }

    fn precision(&self, dao: &str) -> Precision {
        if self.to_the_second.contains(dao) { Precision::Second } else { Precision::Day }
    }

    fn proposals(&mut self, source: &Source, builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let mut rows = Rows::open(source, FORMAT, run)?;
        let columns = rows.indices(PROPOSALS)?;
        while let Some(row) = rows.next(run)? {
            let read = row.and_then(|row| self.proposal(row, columns, builder));
            match read {
                Ok(row) => row?,
                Err(reason) => builder.set_aside(&source.name(), Table::Proposals, reason),
            }
            check_rows(builder, Table::Proposals)?;
        }
        Ok(())
    }

    fn proposal(
        &mut self,
        row: Row<'_>,
        [dao, proposal, author, title, kind, choices, created, start, end, state, scores, quorum]: [usize;
            12],
        builder: &mut HistoryBuilder,
    ) -> std::result::Result<Result<()>, &'static str> {
        let (dao, proposal) = (row.get(dao), row.get(proposal));
        if dao.is_empty() || proposal.is_empty() {
            return Err("the proposal has no `dao_id` or no `proposal_id`");
        }
        let known = self.labels.entry(dao.to_owned()).or_default();
        if known.contains_key(proposal) {
            return Err("the proposal's id is repeated");
        }
        let labels = texts(row.get(choices)).ok_or("`choices` is not a JSON array of texts")?;
        if labels.len() as u64 > builder.limits().max_choices {
            return Err(ballot::TOO_MANY);
        }
        let scores = amounts(row.get(scores), builder)?;
        let quorum = row.text(quorum).map(|text| builder.amount(text)).transpose()?;
        let kind = row.text(kind);
        let system = kind.filter(|kind| SYSTEMS.contains(kind));
        known.insert(proposal.to_owned(), labels.clone());
        self.systems.entry(dao.to_owned()).or_insert_with(|| system.unwrap_or("single-choice").to_owned());
        let precision = self.precision(dao);
        let window = if system.is_some_and(|name| BLOCK_WINDOWS.contains(&name)) {
            Precision::Block
        } else {
            precision
        };
        let time = |index, precision| -> std::result::Result<Cell<'_>, &'static str> {
            match row.text(index) {
                None => Ok(Cell::Null),
                Some(text) => {
                    seconds(text).map(|at| Cell::Time(at, precision)).ok_or("a time is not Unix seconds")
                }
            }
        };
        let author = row.text(author).map(str::to_ascii_lowercase);
        let cells = [
            Cell::Text(dao),
            Cell::Text(proposal),
            author.as_deref().into(),
            row.text(title).into(),
            kind.filter(|_| system.is_none()).into(),
            Cell::Text(system.unwrap_or("single-choice")),
            Cell::Choices(&labels),
            time(created, precision)?,
            Cell::Null,
            time(start, window)?,
            Cell::Null,
            time(end, window)?,
            Cell::Null,
            quorum.into(),
            row.text(state).into(),
            if scores.is_empty() { Cell::Null } else { Cell::Amounts(&scores) },
        ];
        Ok(builder.table(Table::Proposals).push(&cells))
    }

    fn daos(&mut self, source: &Source, builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let mut rows = Rows::open(source, FORMAT, run)?;
        let [dao, name, platform, unit, supply] = rows.indices(DAOS)?;
        while let Some(row) = rows.next(run)? {
            let row = match row {
                Ok(row) if !row.get(dao).is_empty() && self.daos.insert(row.get(dao).to_owned()) => row,
                Ok(_) => {
                    builder.set_aside(&source.name(), Table::Daos, "`dao_id` is blank or repeated");
                    continue;
                }
                Err(reason) => {
                    builder.set_aside(&source.name(), Table::Daos, reason);
                    continue;
                }
            };
            // Where no single supply exists the set writes a sentence instead of a number.
            let supply = row.text(supply).and_then(|text| builder.amount(text).ok());
            let system = self.systems.get(row.get(dao)).map(String::as_str);
            let rule = match system {
                Some("genesis-protocol") => {
                    Some("`quorum` is the total reputation when the proposal was made, not a threshold")
                }
                Some("single-choice") => Some("`quorum` is the voting power that a proposal needs to pass"),
                _ => None,
            };
            builder.table(Table::Daos).push_named(&[
                ("dao", Cell::Text(row.get(dao))),
                ("name", row.text(name).into()),
                ("platform", row.text(platform).into()),
                ("power_unit", row.text(unit).into()),
                ("token_supply", supply.into()),
                ("quorum_rule", rule.into()),
            ])?;
        }
        Ok(())
    }

    fn members(&mut self, source: &Source, builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let mut rows = Rows::open(source, FORMAT, run)?;
        let [dao, member, _, first] = rows.indices(MEMBERS)?;
        while let Some(row) = rows.next(run)? {
            let row = match row {
                Ok(row) => row,
                Err(reason) => {
                    builder.set_aside(&source.name(), Table::Members, reason);
                    continue;
                }
            };
            let address = row.lower(member);
            let dao = row.get(dao);
            if address.is_empty() || dao.is_empty() {
                builder.set_aside(&source.name(), Table::Members, "the member has no `dao_id` or no address");
                continue;
            }
            if !self.members.entry(dao.to_owned()).or_default().insert(address.clone()) {
                builder.set_aside(&source.name(), Table::Members, "the member is repeated");
                continue;
            }
            let first = row.text(first).and_then(seconds).map(|at| (at, self.precision(dao)));
            builder.table(Table::Members).push_named(&[
                ("dao", Cell::Text(dao)),
                ("member", Cell::Text(&address)),
                ("first_seen_at", first.into()),
            ])?;
            check_rows(builder, Table::Members)?;
        }
        Ok(())
    }

    fn votes(&mut self, source: &Source, builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let mut rows = Rows::open(source, FORMAT, run)?;
        let columns = rows.indices(VOTES)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next(run)? {
            let read = row.and_then(|row| self.vote(row, columns, &mut entries, builder));
            match read {
                Ok(row) => row?,
                Err(reason) => builder.set_aside(&source.name(), Table::Votes, reason),
            }
            check_rows(builder, Table::Votes)?;
        }
        Ok(())
    }

    fn vote(
        &mut self,
        row: Row<'_>,
        [dao, proposal, voter, choice, vp, created]: [usize; 6],
        entries: &mut Vec<(i32, f64)>,
        builder: &mut HistoryBuilder,
    ) -> std::result::Result<Result<()>, &'static str> {
        let (dao, proposal, member) = (row.get(dao), row.get(proposal), row.lower(voter));
        if member.is_empty() {
            return Err("the ballot has no voter");
        }
        let labels = self.labels.get(dao).and_then(|known| known.get(proposal));
        let labels = labels.ok_or("the ballot's proposal has no row")?;
        ballot::parse(row.get(choice), labels, builder.limits().max_choices, entries)?;
        let power = builder.amount(row.get(vp))?;
        let cast_at = row.text(created).map(|text| seconds(text).ok_or("a time is not Unix seconds"));
        let cast_at = cast_at.transpose()?;
        let precision = self.precision(dao);
        if !self.members.get(dao).is_some_and(|members| members.contains(&member)) {
            let first = (cast_at.unwrap_or_default(), precision);
            let known = self.unlisted.entry((dao.to_owned(), member.clone())).or_insert(first);
            *known = (*known).min(first);
        }
        let row = VoteRow { dao, proposal, member: &member, cast_at, precision, choice: entries, power };
        Ok(builder.table(Table::Votes).push_vote(&row))
    }

    /// Adds the rows that other rows refer to and that no file gave.
    fn complete(self, builder: &mut HistoryBuilder) -> Result<()> {
        for ((dao, member), first) in self.unlisted {
            builder.table(Table::Members).push_named(&[
                ("dao", Cell::Text(&dao)),
                ("member", Cell::Text(&member)),
                ("first_seen_at", Some(first).into()),
            ])?;
        }
        for dao in self.labels.keys().chain(self.members.keys()).collect::<BTreeSet<_>>() {
            if !self.daos.contains(dao) {
                builder.table(Table::Daos).push_named(&[("dao", Cell::Text(dao))])?;
            }
        }
        Ok(())
    }
}

/// Unix seconds, also where a table tool wrote them as `1587955312.0`.
fn seconds(text: &str) -> Option<i64> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// A JSON array of texts; empty for a blank cell.
fn texts(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    serde_json::from_str(text).ok()
}

/// A JSON array of numbers as exact amounts; empty for a blank cell.
fn amounts(text: &str, builder: &HistoryBuilder) -> std::result::Result<Vec<i128>, &'static str> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<serde_json::Number> =
        serde_json::from_str(text).map_err(|_| "`scores` is not a JSON array of numbers")?;
    let digits = builder.limits().max_amount_digits;
    let parse = |number: &serde_json::Number| {
        amount::parse_non_negative(&number.to_string(), builder.decimals(), digits)
    };
    numbers.iter().map(|number| parse(number).map_err(amount::AmountError::reason)).collect()
}
