//! `decentraland`: the Decentraland DAO's transparency files: members, votes, proposals, grants and treasury
//! transactions, as CSV.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::Run;

use super::ballot;
use super::members::Members;
use super::rows::{Row, Rows};
use super::sheet::{self, Outcome, Sheets};
use super::{Importer, Source, times};
use crate::builder::{Cell, HistoryBuilder, VoteRow};
use crate::error::Result;
use crate::schema::Table;

const FORMAT: &str = "Decentraland CSV";

const MEMBERS: [&str; 5] = ["Member", "MANA VP", "LAND VP", "NAMES VP", "Delegated VP"];
const VOTES: [&str; 6] = ["Member", "Proposal ID", "Created", "Choice #", "Choice", "VP"];
const PROPOSALS: [&str; 9] =
    ["Snapshot ID", "Author", "Type", "Title", "Started", "Ended", "Threshold", "Status", "Votes"];
const GRANTS: [&str; 7] =
    ["Snapshot ID", "Beneficiary", "Started", "Amount USD", "Tier", "Status", "Vesting Contract"];
const TRANSACTIONS: [&str; 7] = ["Date", "Type", "Tag", "Amount", "Token", "Transfer From", "Transfer To"];

/// Asked in this order: the first whose columns are there.
const TABLES: [(Table, &[&str]); 5] = [
    (Table::Votes, &VOTES),
    (Table::Grants, &GRANTS),
    (Table::Proposals, &PROPOSALS),
    (Table::Members, &MEMBERS),
    (Table::Transfers, &TRANSACTIONS),
];

/// The parts of a member's voting power become holdings under these names.
const POWER_PARTS: [&str; 4] = ["MANA VP", "LAND VP", "NAMES VP", "Delegated VP"];

/// Reader of the Decentraland set.
///
/// A proposal's id is its Snapshot id, to which votes and grants refer; its choices are those that its votes
/// name. The parts of a member's power are holdings without a time, in units of power. A grant's `asked` is
/// its amount in US dollars, `granted` the same where it was enacted, `milestone` its tier.
#[derive(Debug)]
pub(crate) struct Decentraland;

impl Importer for Decentraland {
    fn name(&self) -> &'static str {
        "decentraland"
    }

    fn description(&self) -> &'static str {
        "Decentraland DAO transparency CSV files: members, votes, proposals, grants, treasury transactions"
    }

    fn recognises(&self, source: &Source) -> bool {
        sheet::table_of(source, &TABLES).is_some()
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let sheets = Sheets { format: FORMAT, tables: &TABLES, sources };
        let named = sources.iter().find_map(|source| source.options().dao.clone());
        let mut set = Set {
            dao: named.unwrap_or_else(|| "decentraland".to_owned()),
            max_members: run.limits.max_members,
            labels: BTreeMap::new(),
            proposals: BTreeSet::new(),
            members: Members::default(),
        };
        builder.table(Table::Daos).push_named(&[
            ("dao", Cell::Text(&set.dao)),
            ("name", Cell::Text("Decentraland DAO")),
            ("platform", Cell::Text("snapshot")),
            ("power_unit", Cell::Text("VP (MANA + 2000 a LAND + 100 a NAME + delegated)")),
            ("quorum_rule", Cell::Text("`quorum` is the voting power that a proposal needs to pass")),
        ])?;
        for source in sheets.of(Table::Votes) {
            set.scan_votes(source, run)?;
        }
        sheets.each(Table::Members, MEMBERS, builder, run, |row, columns, builder| {
            set.member(row, columns, builder)
        })?;
        let lists_proposals = sheets.of(Table::Proposals).next().is_some();
        sheets.each(Table::Proposals, PROPOSALS, builder, run, |row, columns, builder| {
            set.proposal(row, columns, builder)
        })?;
        if !lists_proposals {
            set.bare_proposals(builder)?;
        }
        sheets.each(Table::Votes, VOTES, builder, run, |row, columns, builder| {
            set.vote(row, columns, builder)
        })?;
        sheets.each(Table::Grants, GRANTS, builder, run, |row, columns, builder| {
            set.grant(row, columns, builder)
        })?;
        sheets.each(Table::Transfers, TRANSACTIONS, builder, run, |row, columns, builder| {
            set.transfer(row, columns, builder)
        })?;
        set.members.write(builder)
    }
}

struct Set {
    dao: String,
    max_members: u64,
    /// The labels that ballots name, by proposal and 1-based index.
    labels: BTreeMap<String, BTreeMap<usize, String>>,
    proposals: BTreeSet<String>,
    members: Members,
}

const BAD_TIME: &str = "a time is not ISO 8601";

fn time(row: Row<'_>, index: usize) -> std::result::Result<Cell<'static>, &'static str> {
    match row.text(index) {
        None => Ok(Cell::Null),
        Some(text) => times::parse(text).map(|(at, precision)| Cell::Time(at, precision)).ok_or(BAD_TIME),
    }
}

fn present(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

impl Set {
    fn scan_votes(&mut self, source: &Source, run: &Run) -> Result<()> {
        let mut rows = Rows::open(source, FORMAT, run)?;
        let [proposal, index, label] = rows.indices(["Proposal ID", "Choice #", "Choice"])?;
        while let Some(row) = rows.next(run)? {
            let Ok(row) = row else { continue };
            let Some(index) = row.get(index).parse().ok().filter(|index| (1..=1_000).contains(index)) else {
                continue;
            };
            let labels = self.labels.entry(row.get(proposal).to_owned()).or_default();
            labels.entry(index).or_insert_with(|| row.get(label).to_owned());
        }
        Ok(())
    }

    /// A proposal's choices up to the last that a ballot names; one that none names is numbered.
    fn choices(&self, proposal: &str) -> Vec<String> {
        let Some(labels) = self.labels.get(proposal) else { return Vec::new() };
        let last = labels.keys().next_back().copied().unwrap_or(0);
        let label = |index| labels.get(&index).cloned().unwrap_or_else(|| format!("choice {index}"));
        (1..=last).map(label).collect()
    }

    fn member(&mut self, row: Row<'_>, columns: [usize; 5], builder: &mut HistoryBuilder) -> Outcome {
        let member = row.lower(columns[0]);
        if member.is_empty() {
            return Err("the member has no address");
        }
        let mut parts = [0; 4];
        for (part, &column) in parts.iter_mut().zip(&columns[1..]) {
            *part = builder.amount(row.get(column))?;
        }
        let mut push = || -> Result<()> {
            for (asset, amount) in POWER_PARTS.into_iter().zip(parts) {
                builder.table(Table::Holdings).push_named(&[
                    ("dao", Cell::Text(&self.dao)),
                    ("member", Cell::Text(&member)),
                    ("asset", Cell::Text(asset)),
                    ("amount", Cell::Amount(amount)),
                ])?;
            }
            self.members.note(&self.dao, &member, None, self.max_members)
        };
        Ok(push())
    }

    fn proposal(&mut self, row: Row<'_>, columns: [usize; 9], builder: &mut HistoryBuilder) -> Outcome {
        let [id, author, kind, title, started, ended, threshold, status, _] = columns;
        let proposal = row.get(id);
        if proposal.is_empty() || self.proposals.contains(proposal) {
            return Err("the proposal's Snapshot id is blank or repeated");
        }
        let author = row.lower(author);
        let (start, end) = (time(row, started)?, time(row, ended)?);
        let quorum = row.text(threshold).map(|text| builder.amount(text)).transpose()?;
        let choices = self.choices(proposal);
        let pushed = builder.table(Table::Proposals).push_named(&[
            ("dao", Cell::Text(&self.dao)),
            ("proposal", Cell::Text(proposal)),
            ("author", Some(author.as_str()).filter(|author| !author.is_empty()).into()),
            ("title", row.text(title).into()),
            ("category", row.text(kind).into()),
            ("voting_system", Cell::Text("single-choice")),
            ("choices", Cell::Choices(&choices)),
            ("created_at", start),
            ("start_at", start),
            ("end_at", end),
            ("quorum", quorum.into()),
            ("state", row.text(status).into()),
        ]);
        self.proposals.insert(proposal.to_owned());
        let seen = if let Cell::Time(at, precision) = start { Some((at, precision)) } else { None };
        Ok(pushed.and_then(|()| {
            if author.is_empty() {
                return Ok(());
            }
            self.members.note(&self.dao, &author, seen, self.max_members)
        }))
    }

    /// Where no file lists the proposals, those that ballots name get a row.
    fn bare_proposals(&mut self, builder: &mut HistoryBuilder) -> Result<()> {
        for proposal in self.labels.keys() {
            let choices = self.choices(proposal);
            builder.table(Table::Proposals).push_named(&[
                ("dao", Cell::Text(&self.dao)),
                ("proposal", Cell::Text(proposal)),
                ("voting_system", Cell::Text("single-choice")),
                ("choices", Cell::Choices(&choices)),
            ])?;
        }
        self.proposals.extend(self.labels.keys().cloned());
        Ok(())
    }

    fn vote(&mut self, row: Row<'_>, columns: [usize; 6], builder: &mut HistoryBuilder) -> Outcome {
        let [member, proposal, created, index, _, power] = columns;
        let (member, proposal) = (row.lower(member), row.get(proposal));
        if member.is_empty() {
            return Err("the ballot has no voter");
        }
        if !self.proposals.contains(proposal) {
            return Err("the ballot's proposal has no row");
        }
        let index = ballot::whole_number(row.get(index)).filter(|index| (1..=1_000).contains(index));
        let choice = [(index.ok_or(ballot::OUT_OF_RANGE)? as i32, 1.0)];
        let power = builder.amount(row.get(power))?;
        let at = row.text(created).map(|text| times::parse(text).ok_or(BAD_TIME)).transpose()?;
        let vote = VoteRow {
            dao: &self.dao,
            proposal,
            member: &member,
            cast_at: at.map(|at| at.0),
            precision: at.map(|at| at.1).unwrap_or_default(),
            choice: &choice,
            power,
        };
        let pushed = builder.table(Table::Votes).push_vote(&vote);
        Ok(pushed.and_then(|()| self.members.note(&self.dao, &member, at, self.max_members)))
    }

    fn grant(&mut self, row: Row<'_>, columns: [usize; 7], builder: &mut HistoryBuilder) -> Outcome {
        let [project, beneficiary, started, asked, tier, status, _] = columns;
        if row.get(project).is_empty() {
            return Err("the grant has no Snapshot id");
        }
        let at = time(row, started)?;
        let asked = row.text(asked).map(|text| builder.amount(text)).transpose()?;
        let granted = asked.filter(|_| row.get(status) == "enacted");
        let recipient = row.lower(beneficiary);
        Ok(builder.table(Table::Grants).push_named(&[
            ("dao", Cell::Text(&self.dao)),
            ("project", Cell::Text(row.get(project))),
            ("recipient", Some(recipient.as_str()).filter(|text| !text.is_empty()).into()),
            ("at", at),
            ("asked", asked.into()),
            ("granted", granted.into()),
            ("milestone", row.text(tier).into()),
            ("outcome", row.text(status).into()),
        ]))
    }

    fn transfer(&mut self, row: Row<'_>, columns: [usize; 7], builder: &mut HistoryBuilder) -> Outcome {
        let [date, _, tag, amount, token, from, to] = columns;
        let at = time(row, date)?;
        let amount = builder.amount(row.get(amount))?;
        let (from, to) = (row.lower(from), row.lower(to));
        Ok(builder.table(Table::Transfers).push_named(&[
            ("dao", Cell::Text(&self.dao)),
            ("at", at),
            ("from", present(&from).into()),
            ("to", present(&to).into()),
            ("asset", row.text(token).into()),
            ("amount", Cell::Amount(amount)),
            ("purpose", row.text(tag).into()),
        ]))
    }
}
