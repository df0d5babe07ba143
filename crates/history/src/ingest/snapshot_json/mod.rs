//! `snapshot-json`: what Snapshot's hub answers to GraphQL queries for proposals and votes, and the flat
//! arrays into which people save it.
//!
//! The document is read as a stream, twice: proposals first, because a ballot may name a choice by its
//! label, then votes. One record at a time is held. A record with a wrong or missing cell is set aside with
//! its reason; a document that is cut off or no JSON is refused as a whole, because nobody can tell which
//! records are missing from it.

mod record;
#[cfg(test)]
mod test;

use std::collections::{BTreeSet, HashSet};

use daotwin_core::Run;
use sha2::{Digest, Sha256};

use self::record::{Field, Record};
use super::json::{JsonReader, Kind};
use super::rows::check_rows;
use super::spaces::{self, Known, Spaces};
use super::{Importer, Source, ballot, cells};
use crate::amount;
use crate::builder::{Cell, HistoryBuilder};
use crate::error::Result;
use crate::schema::Table;

const FORMAT: &str = "Snapshot JSON";
const STEP_RECORDS: u64 = 8_192;

/// The key under which daotwin's own export puts the tables that Snapshot's shape has no place for.
pub(crate) const SECTION: &str = "daotwin";

/// Reader of Snapshot's JSON.
#[derive(Debug)]
pub(crate) struct SnapshotJson;

impl Importer for SnapshotJson {
    fn name(&self) -> &'static str {
        "snapshot-json"
    }

    fn description(&self) -> &'static str {
        "Snapshot hub GraphQL answers {\"data\":{\"proposals\":[..]}} and {\"data\":{\"votes\":[..]}} (fields \
         of the hub's schema), pages of them, and flat arrays of such records"
    }

    fn recognises(&self, source: &Source) -> bool {
        let head = String::from_utf8_lossy(source.head());
        let head = head.trim_start_matches('\u{feff}').trim_start();
        if !head.starts_with(['{', '[']) {
            return false;
        }
        let has = |key: &str| head.contains(&format!("\"{key}\""));
        let listed = has("data") && ["proposals", "votes", "spaces", "follows"].into_iter().any(has);
        let flat_votes = has("voter") && has("choice");
        let flat_proposals = has("title") && (has("choices") || has("body"));
        (listed || flat_votes || flat_proposals) && !has("topics") && !has("onchain_id")
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        spaces::read(sources, builder, run)
    }
}

/// What is taken of a document on the way through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Proposals,
    Votes,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Proposal,
    Vote,
    Space,
    Follow,
}

/// The reading of all of an import's documents.
pub(crate) struct Reading<'a> {
    pub(crate) builder: &'a mut HistoryBuilder,
    run: &'a Run,
    pub(crate) spaces: Spaces,
    /// The ballots' ids, shortened by a hash: clients page by time and meet some ballots twice.
    seen: HashSet<[u8; 16]>,
    /// The tables that daotwin's own section gave, which are therefore not derived.
    given: BTreeSet<Table>,
    records: u64,
    entries: Vec<(i32, f64)>,
}

/// The source being read, and how.
struct At<'a> {
    name: String,
    /// The DAO of records that name none.
    dao: String,
    stage: String,
    pass: Pass,
    reader: JsonReader<'a>,
    record: Record,
    key: Vec<u8>,
    scratch: Vec<u8>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(builder: &'a mut HistoryBuilder, run: &'a Run) -> Self {
        Self {
            builder,
            run,
            spaces: Spaces::new(run.limits.max_members),
            seen: HashSet::new(),
            given: BTreeSet::new(),
            records: 0,
            entries: Vec::new(),
        }
    }

    /// Reads a document, of which `pass` says what is taken.
    pub(crate) fn source(&mut self, source: &Source, pass: Pass) -> Result<()> {
        let stem = source.stem();
        let stem = stem.strip_suffix("_votes").or_else(|| stem.strip_suffix("_proposals")).unwrap_or(&stem);
        let mut at = At {
            name: source.name(),
            dao: source.options().dao.clone().unwrap_or_else(|| stem.to_owned()),
            stage: format!("read {}", source.name()),
            pass,
            reader: JsonReader::open(source, FORMAT, &self.run.limits)?,
            record: Record::default(),
            key: Vec::new(),
            scratch: Vec::new(),
        };
        // Pages are also saved one a line.
        loop {
            match at.reader.peek()? {
                Kind::Object => drop(self.object(&mut at, None)?),
                Kind::Array => self.array(&mut at, None)?,
                _ => return Err(at.reader.syntax("an object or an array was expected")),
            }
            if at.reader.at_end()? {
                return Ok(());
            }
        }
    }

    fn aside(&mut self, at: &At<'_>, table: Table, reason: &str) {
        self.builder.set_aside(&at.name, table, reason);
    }

    /// Reads an array of records, or of pages. Those of the other pass are passed over.
    fn array(&mut self, at: &mut At<'_>, listed: Option<What>) -> Result<()> {
        let mine = |what: What, pass| (what == What::Vote) == (pass == Pass::Votes);
        if listed.is_some_and(|what| !mine(what, at.pass)) {
            return at.reader.skip(&mut at.scratch);
        }
        at.reader.open_container()?;
        let mut first_item = true;
        // The first record of a flat array tells what all of them are.
        let mut homogeneous: Option<What> = None;
        while at.reader.next_item(&mut first_item)? {
            if self.records.is_multiple_of(STEP_RECORDS) {
                self.run.step(&at.stage, self.records, 0)?;
            }
            self.records += 1;
            if listed.is_none() && homogeneous.is_some_and(|what| !mine(what, at.pass)) {
                at.reader.skip(&mut at.scratch)?;
                continue;
            }
            match at.reader.peek()? {
                Kind::Object => {
                    let what = self.object(at, listed.map_or(homogeneous.map(Err), |what| Some(Ok(what))))?;
                    homogeneous = homogeneous.or(what);
                }
                Kind::Array if listed.is_none() => self.array(at, None)?,
                _ => {
                    at.reader.skip(&mut at.scratch)?;
                    if listed.is_some() || at.pass == Pass::Proposals {
                        let table = if listed == Some(What::Vote) { Table::Votes } else { Table::Proposals };
                        self.aside(at, table, "the record is no object");
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads a page or a record. `expected` is what it is by its list's name (`Ok`), or by the record that
    /// came first (`Err`). Returns what the record is.
    fn object(
        &mut self,
        at: &mut At<'_>,
        expected: Option<std::result::Result<What, What>>,
    ) -> Result<Option<What>> {
        at.record.clear();
        at.reader.open_container()?;
        let mut first = true;
        let mut page = false;
        let mut key = std::mem::take(&mut at.key);
        while at.reader.next_key(&mut first, &mut key)? {
            let kind = at.reader.peek()?;
            let list = match key.as_slice() {
                b"proposals" => Some(What::Proposal),
                b"votes" => Some(What::Vote),
                b"spaces" => Some(What::Space),
                b"follows" => Some(What::Follow),
                _ => None,
            };
            match (list, kind) {
                (Some(what), Kind::Array) if !matches!(expected, Some(Ok(_))) => {
                    page = true;
                    self.array(at, Some(what))?;
                }
                (None, Kind::Object) if key == b"data" => {
                    page = true;
                    self.object(at, None)?;
                }
                (None, Kind::Array) if key == b"errors" => {
                    return Err(at.reader.syntax("the hub answered with `errors` instead of data"));
                }
                (None, Kind::Object) if key == SECTION.as_bytes() => {
                    page = true;
                    self.section(at)?;
                }
                _ => at.record.take(&key, &mut at.reader)?,
            }
        }
        at.key = key;
        if page {
            return Ok(None);
        }
        let own = if at.record.has(Field::Voter) {
            Some(What::Vote)
        } else if at.record.has(Field::Follower) {
            Some(What::Follow)
        } else if [Field::Choices, Field::Title, Field::Body, Field::Author]
            .into_iter()
            .any(|field| at.record.has(field))
        {
            Some(What::Proposal)
        } else {
            None
        };
        let what = match expected {
            Some(Ok(what)) => Some(what),
            Some(Err(first)) if own.is_some_and(|own| own != first) => {
                let table = if first == What::Vote { Table::Proposals } else { Table::Votes };
                self.aside(at, table, "the record is of another kind than the first of its list");
                return Ok(Some(first));
            }
            _ => own,
        };
        self.record(at, what)?;
        Ok(what)
    }

    fn record(&mut self, at: &At<'_>, what: Option<What>) -> Result<()> {
        let table = match what {
            Some(What::Vote) => Table::Votes,
            Some(What::Follow) => Table::Members,
            Some(What::Space) => Table::Daos,
            _ => Table::Proposals,
        };
        let read = match (what, at.pass) {
            (Some(What::Vote), Pass::Votes) => self.vote(at),
            (Some(What::Proposal), Pass::Proposals) => self.proposal(at),
            (Some(What::Space), Pass::Proposals) => Err("a space's record is not read"),
            (Some(What::Follow), Pass::Proposals) => Err("a follow is not read"),
            (None, Pass::Proposals) => Err("the record is neither a proposal nor a ballot"),
            _ => return Ok(()),
        };
        match read {
            Ok(pushed) => pushed?,
            Err(reason) => self.aside(at, table, reason),
        }
        check_rows(self.builder, table)
    }

    fn proposal(&mut self, at: &At<'_>) -> std::result::Result<Result<()>, &'static str> {
        let record = &at.record;
        let id = record.text(Field::Id)?.ok_or("the proposal has no id")?;
        let dao = record.text(Field::Space)?.unwrap_or(&at.dao);
        if self.spaces.proposals.find(id, Some(dao)).is_some() {
            return Err("the proposal's id is repeated");
        }
        let limits = self.run.limits;
        let labels = labels(record, limits.max_choices)?;
        let scores = match record.text(Field::Scores)? {
            Some(text) => amounts(text, self.builder)?,
            None => Vec::new(),
        };
        let quorum = record.text(Field::Quorum)?.map(|text| self.builder.amount(text)).transpose()?;
        let times = [
            record.time(Field::Created, Field::CreatedPrecision)?,
            record.time(Field::Start, Field::StartPrecision)?,
            record.time(Field::End, Field::EndPrecision)?,
        ];
        let author = record.text(Field::Author)?.map(str::to_ascii_lowercase);
        let (system, state) = (record.text(Field::System)?, record.text(Field::State)?);
        let [created, start, end] = times.map(Cell::from);
        let cells = [
            Cell::Text(dao),
            Cell::Text(id),
            author.as_deref().into(),
            record.text(Field::Title)?.into(),
            record.text(Field::Category)?.into(),
            system.into(),
            labels.as_deref().map_or(Cell::Null, Cell::Choices),
            created,
            Cell::Null,
            start,
            Cell::Null,
            end,
            Cell::Null,
            quorum.into(),
            state.into(),
            if scores.is_empty() { Cell::Null } else { Cell::Amounts(&scores) },
        ];
        let symbol = record.text(Field::Symbol)?;
        let sealed = record.text(Field::Privacy)?.is_some() && state != Some("closed");
        let pushed = self.builder.table(Table::Proposals).push(&cells);
        let noted = self.spaces.note(dao, author.as_deref(), times[0], symbol);
        self.spaces.listed.insert(dao.to_owned());
        let labels = labels.unwrap_or_default();
        let known = Known { dao: dao.to_owned(), system: system.map(str::to_owned), labels, sealed };
        self.spaces.proposals.add(id, known);
        Ok(pushed.and(noted))
    }

    fn vote(&mut self, at: &At<'_>) -> std::result::Result<Result<()>, &'static str> {
        let record = &at.record;
        let proposal = record.text(Field::Proposal)?.ok_or("the ballot names no proposal")?;
        let member = record.text(Field::Voter)?.ok_or("the ballot has no voter")?.to_ascii_lowercase();
        let power = self.builder.amount(record.text(Field::Power)?.ok_or("the ballot has no power")?)?;
        let cast_at = record.time(Field::Created, Field::CreatedPrecision)?;
        let limits = self.run.limits;
        let space = record.text(Field::Space)?;
        if self.spaces.proposals.find(proposal, space).is_none() {
            let dao = space.unwrap_or(&at.dao);
            if self.spaces.listed.contains(dao) {
                return Err("the ballot's proposal has no row");
            }
            // No source lists this DAO's proposals: a bare row keeps the key resolved.
            let labels = labels(record, limits.max_choices)?.unwrap_or_default();
            let system = record.text(Field::System)?.map(str::to_owned);
            let known = Known { dao: dao.to_owned(), system, labels, sealed: false };
            if let Err(error) = self.spaces.bare_proposal(proposal, known, None, self.builder) {
                return Ok(Err(error));
            }
        }
        let known = self.spaces.proposals.find(proposal, space).ok_or("the ballot's proposal has no row")?;
        let choice = record.text(Field::Choice)?.ok_or("the ballot has no choice")?;
        let read = ballot::parse_json(choice, &known.labels, limits.max_choices, &mut self.entries);
        if known.sealed && choice.starts_with('"') && read.is_err() {
            return Err(ballot::ENCRYPTED);
        }
        read?;
        known.takes(&self.entries)?;
        if let Some(id) = record.text(Field::Id)? {
            let mut short = [0; 16];
            short.copy_from_slice(&Sha256::digest(id.as_bytes())[..16]);
            if !self.seen.insert(short) {
                return Err("the ballot's id is repeated");
            }
        }
        let at = (proposal, space);
        Ok(self.spaces.vote(at, &member, cast_at, &self.entries, power, self.builder))
    }

    /// Reads daotwin's own section: `{"tables": {"daos": [{"dao": "..", ..}, ..], ..}}`, cells as text.
    fn section(&mut self, at: &mut At<'_>) -> Result<()> {
        if at.pass == Pass::Votes {
            return at.reader.skip(&mut at.scratch);
        }
        let mut key = Vec::new();
        let (mut first, mut first_table) = (true, true);
        at.reader.open_container()?;
        while at.reader.next_key(&mut first, &mut key)? {
            if key != b"tables" || at.reader.peek()? != Kind::Object {
                at.reader.skip(&mut at.scratch)?;
                continue;
            }
            at.reader.open_container()?;
            while at.reader.next_key(&mut first_table, &mut key)? {
                let table = std::str::from_utf8(&key).ok().and_then(Table::from_name);
                let table = table.filter(|table| !matches!(table, Table::Proposals | Table::Votes));
                match (table, at.reader.peek()?) {
                    (Some(table), Kind::Array) => self.section_table(at, table)?,
                    _ => return Err(at.reader.syntax("the section `daotwin` lists no such table")),
                }
            }
        }
        Ok(())
    }

    fn section_table(&mut self, at: &mut At<'_>, table: Table) -> Result<()> {
        self.given.insert(table);
        let mut row = cells::OwnedRow::new(table);
        let (mut key, mut value) = (Vec::new(), Vec::new());
        let mut first = true;
        at.reader.open_container()?;
        while at.reader.next_item(&mut first)? {
            if self.records.is_multiple_of(STEP_RECORDS) {
                self.run.step(&at.stage, self.records, 0)?;
            }
            self.records += 1;
            if at.reader.peek()? != Kind::Object {
                return Err(at.reader.syntax("a row is an object"));
            }
            row.clear();
            let mut read = Ok(());
            let mut first_key = true;
            at.reader.open_container()?;
            while at.reader.next_key(&mut first_key, &mut key)? {
                if at.reader.peek()? != Kind::Text {
                    return Err(at.reader.syntax("a cell is a text; a cell without a value is left out"));
                }
                value.clear();
                at.reader.text(&mut value)?;
                let cell = std::str::from_utf8(&value).map_err(|_| "a text is not UTF-8");
                let column = std::str::from_utf8(&key).ok().and_then(|name| table.column_index(name));
                let set = column
                    .ok_or("an unknown column")
                    .and_then(|column| row.set(column, cell?, self.builder.decimals(), &self.run.limits));
                read = read.and(set);
            }
            match read.and_then(|()| row.complete()) {
                Ok(()) => row.push(self.builder)?,
                Err(reason) => self.aside(at, table, reason),
            }
            check_rows(self.builder, table)?;
        }
        Ok(())
    }

    /// Adds the DAOs and members that the records name.
    pub(crate) fn complete(self) -> Result<()> {
        self.spaces.complete(&self.given, self.builder)
    }
}

/// The choices of a proposal; flat exports print the list as text.
fn labels(record: &Record, max_choices: u64) -> std::result::Result<Option<Vec<String>>, &'static str> {
    let Some(raw) = record.text(Field::Choices)? else { return Ok(None) };
    let labels: Vec<String> = serde_json::from_str(raw)
        .ok()
        .or_else(|| {
            let text: String = serde_json::from_str(raw).ok()?;
            serde_json::from_value(ballot::json_or_python(&text)?).ok()
        })
        .ok_or("`choices` is not a list of texts")?;
    if labels.len() as u64 > max_choices { Err(ballot::TOO_MANY) } else { Ok(Some(labels)) }
}

/// Scores: a list of numbers; flat exports print the list as text.
fn amounts(raw: &str, builder: &HistoryBuilder) -> std::result::Result<Vec<i128>, &'static str> {
    let numbers: Vec<serde_json::Number> = serde_json::from_str(raw)
        .ok()
        .or_else(|| {
            let text: String = serde_json::from_str(raw).ok()?;
            serde_json::from_str(&text).ok()
        })
        .ok_or("`scores` is not a list of numbers")?;
    let digits = builder.limits().max_amount_digits;
    numbers
        .iter()
        .map(|number| {
            amount::parse_non_negative(&number.to_string(), builder.decimals(), digits)
                .map_err(amount::AmountError::reason)
        })
        .collect()
}
