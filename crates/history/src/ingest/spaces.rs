//! What Snapshot's formats share: the spaces, proposals and members that their files name, so that a ballot of
//! one file finds its proposal in another, whichever format each is in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use daotwin_core::Run;

use super::Source;
use super::members::{At, Members};
use super::snapshot_csv;
use super::snapshot_json::{Pass, Reading};
use crate::builder::{Cell, HistoryBuilder, VoteRow};
use crate::error::Result;
use crate::schema::Table;

/// Reads Snapshot's sources of all formats together: proposals first, because a ballot may name a choice by
/// its label.
///
/// # Errors
/// As [`super::Importer::read`].
pub(crate) fn read(sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
    let (sheets, documents): (Vec<&Source>, Vec<&Source>) =
        sources.iter().partition(|source| snapshot_csv::is_sheet(source));
    let mut reading = Reading::new(builder, run);
    for source in &documents {
        reading.source(source, Pass::Proposals)?;
    }
    snapshot_csv::read_proposals(&sheets, &mut reading.spaces, reading.builder, run)?;
    for source in &documents {
        reading.source(source, Pass::Votes)?;
    }
    snapshot_csv::read_votes(&sheets, &mut reading.spaces, reading.builder, run)?;
    reading.complete()
}

/// A proposal as its ballots need it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) dao: String,
    pub(crate) labels: Vec<String>,
    pub(crate) system: Option<String>,
    /// Ballots are still encrypted.
    pub(crate) sealed: bool,
}

impl Known {
    /// Whether a ballot's entries are what the voting system wants.
    pub(crate) fn takes(&self, entries: &[(i32, f64)]) -> std::result::Result<(), &'static str> {
        if matches!(self.system.as_deref(), Some("single-choice" | "basic")) && entries.len() != 1 {
            return Err("the ballot does not name exactly one choice, as its voting system wants");
        }
        Ok(())
    }
}

/// Proposals by id; two DAOs may number theirs alike.
#[derive(Debug, Default)]
pub(crate) struct Proposals(HashMap<String, Vec<Known>>);

impl Proposals {
    /// The proposal with this id: of the space that a record names, or the only one.
    pub(crate) fn find(&self, id: &str, space: Option<&str>) -> Option<&Known> {
        let known = self.0.get(id)?;
        match space {
            Some(space) => known.iter().find(|known| known.dao == space),
            None => known.first().filter(|_| known.len() == 1),
        }
    }

    /// Adds a proposal.
    pub(crate) fn add(&mut self, id: &str, known: Known) {
        self.0.entry(id.to_owned()).or_default().push(known);
    }

    /// Whether some space has a proposal with this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}

/// What the files of one import name.
#[derive(Debug, Default)]
pub(crate) struct Spaces {
    pub(crate) proposals: Proposals,
    /// The DAOs of which some source lists proposals.
    pub(crate) listed: HashSet<String>,
    pub(crate) members: Members,
    /// The DAOs met, with their token's symbol.
    pub(crate) daos: BTreeMap<String, Option<String>>,
    /// The space of a symbol, where a file tells it.
    symbols: BTreeMap<String, String>,
    max_members: u64,
}

impl Spaces {
    pub(crate) fn new(max_members: u64) -> Self {
        Self { max_members, ..Self::default() }
    }

    /// Notes a DAO, its token's symbol, and a member.
    pub(crate) fn note(
        &mut self,
        dao: &str,
        member: Option<&str>,
        seen: Option<At>,
        symbol: Option<&str>,
    ) -> Result<()> {
        let known = self.daos.entry(dao.to_owned()).or_default();
        if let (None, Some(symbol)) = (&known, symbol) {
            *known = Some(symbol.to_owned());
            self.symbols.entry(symbol.to_owned()).or_insert_with(|| dao.to_owned());
        }
        match member {
            Some(member) => self.members.note(dao, member, seen, self.max_members),
            None => Ok(()),
        }
    }

    /// The space with this symbol; the symbol itself where no file tells.
    pub(crate) fn of_symbol<'s>(&'s self, symbol: &'s str) -> &'s str {
        self.symbols.get(symbol).map_or(symbol, String::as_str)
    }

    /// Gives a proposal that no source lists a row with what its ballots tell, so that their key resolves.
    pub(crate) fn bare_proposal(
        &mut self,
        id: &str,
        known: Known,
        symbol: Option<&str>,
        builder: &mut HistoryBuilder,
    ) -> Result<()> {
        builder.table(Table::Proposals).push_named(&[
            ("dao", Cell::Text(&known.dao)),
            ("proposal", Cell::Text(id)),
            ("voting_system", known.system.as_deref().into()),
            ("choices", if known.labels.is_empty() { Cell::Null } else { Cell::Choices(&known.labels) }),
        ])?;
        self.note(&known.dao, None, None, symbol)?;
        self.proposals.add(id, known);
        Ok(())
    }

    /// Adds a ballot on a proposal that is known, and its voter.
    pub(crate) fn vote(
        &mut self,
        (proposal, space): (&str, Option<&str>),
        member: &str,
        at: Option<At>,
        entries: &[(i32, f64)],
        power: i128,
        builder: &mut HistoryBuilder,
    ) -> Result<()> {
        let Some(known) = self.proposals.find(proposal, space) else { return Ok(()) };
        builder.table(Table::Votes).push_vote(&VoteRow {
            dao: &known.dao,
            proposal,
            member,
            cast_at: at.map(|at| at.0),
            precision: at.map(|at| at.1).unwrap_or_default(),
            choice: entries,
            power,
        })?;
        self.members.note(&known.dao, member, at, self.max_members)
    }

    /// Adds the DAOs and members that the files name, but for the tables that a file gave as they are.
    pub(crate) fn complete(self, given: &BTreeSet<Table>, builder: &mut HistoryBuilder) -> Result<()> {
        if !given.contains(&Table::Daos) {
            for (dao, symbol) in &self.daos {
                builder.table(Table::Daos).push_named(&[
                    ("dao", Cell::Text(dao)),
                    ("platform", Cell::Text("snapshot")),
                    ("power_unit", symbol.as_deref().into()),
                ])?;
            }
        }
        if given.contains(&Table::Members) { Ok(()) } else { self.members.write(builder) }
    }
}
