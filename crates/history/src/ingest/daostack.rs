//! `daostack`: DAOstack's DAOs (holographic consensus) as five CSV files: daos, proposals, votes, stakes,
//! reputation holders. Reputation and stakes are counted in 10^-18 units.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::Run;

use super::members::Members;
use super::rows::Row;
use super::sheet::{self, Outcome, Sheets};
use super::{Importer, Source, times};
use crate::amount;
use crate::builder::{Cell, HistoryBuilder, VoteRow};
use crate::error::Result;
use crate::schema::{Precision, Table};

const FORMAT: &str = "DAOstack CSV";

const DAOS: [&str; 5] = ["id", "name", "nativeToken", "nativeReputation", "network"];
const PROPOSALS: [&str; 15] = [
    "id",
    "dao",
    "proposer",
    "createdAt",
    "closingAt",
    "executedAt",
    "expiresInQueueAt",
    "preBoostedAt",
    "boostedAt",
    "stage",
    "winningOutcome",
    "totalRepWhenCreated",
    "votesFor",
    "votesAgainst",
    "network",
];
const VOTES: [&str; 6] = ["dao", "proposal", "voter", "outcome", "reputation", "createdAt"];
const STAKES: [&str; 6] = ["dao", "proposal", "staker", "outcome", "amount", "createdAt"];
const HOLDERS: [&str; 5] = ["dao", "address", "balance", "createdAt", "contract"];

/// Asked in this order: the first whose columns are there.
const TABLES: [(Table, &[&str]); 5] = [
    (Table::Proposals, &PROPOSALS),
    (Table::Votes, &VOTES),
    (Table::Contributions, &STAKES),
    (Table::Holdings, &HOLDERS),
    (Table::Daos, &DAOS),
];

const OUTCOMES: [&str; 2] = ["Pass", "Fail"];

/// A vote that is not boosted has a closing time of centuries ahead; no real window is this long.
const LONGEST_WINDOW: i64 = 10 * 366 * 86_400;

/// Reader of the DAOstack set.
///
/// Stakes on a proposal's outcome become contributions of kind `stake-pass` and `stake-fail` whose receiver
/// is the proposal. Reputation was minted row by row; each mint becomes the holder's balance after it.
#[derive(Debug)]
pub(crate) struct Daostack;

impl Importer for Daostack {
    fn name(&self) -> &'static str {
        "daostack"
    }

    fn description(&self) -> &'static str {
        "DAOstack DAOs as CSV: daos, proposals, votes, stakes and reputation holders, as the DAOstack subgraph \
         names their columns (amounts in 10^-18 units)"
    }

    fn recognises(&self, source: &Source) -> bool {
        sheet::table_of(source, &TABLES).is_some()
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let sheets = Sheets { format: FORMAT, tables: &TABLES, sources };
        let mut set = Set { max_members: run.limits.max_members, ..Set::default() };
        sheets
            .each(Table::Daos, DAOS, builder, run, |row, columns, builder| set.dao(row, columns, builder))?;
        sheets.each(Table::Proposals, PROPOSALS, builder, run, |row, columns, builder| {
            set.proposal(row, columns, builder)
        })?;
        sheets.each(Table::Votes, VOTES, builder, run, |row, columns, builder| {
            set.vote(row, columns, builder)
        })?;
        sheets.each(Table::Contributions, STAKES, builder, run, |row, columns, builder| {
            set.stake(row, columns, builder)
        })?;
        sheets.each(Table::Holdings, HOLDERS, builder, run, |row, columns, builder| {
            set.mint(row, columns, builder)
        })?;
        set.complete(builder)
    }
}

#[derive(Debug, Default)]
struct Set {
    daos: BTreeSet<String>,
    proposals: BTreeMap<String, BTreeSet<String>>,
    /// Mints by DAO and holder: (time, amount).
    mints: BTreeMap<(String, String), Vec<(i64, i128)>>,
    members: Members,
    max_members: u64,
}

fn base_units(text: &str, builder: &HistoryBuilder) -> std::result::Result<i128, &'static str> {
    // 10^-18 units are this History's units when it has 18 decimals.
    let mut text = text.strip_suffix(".0").unwrap_or(text).to_owned();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.is_empty() {
        return Err("an amount is no whole number of 10^-18 units");
    }
    text.push_str("e-18");
    builder.amount(&text).map_err(|_| amount::AmountError::TooLarge.reason())
}

fn seconds(row: Row<'_>, index: usize) -> std::result::Result<Option<i64>, &'static str> {
    row.text(index)
        .map(|text| times::parse(text).map(|time| time.0).ok_or("a time is not Unix seconds"))
        .transpose()
}

impl Set {
    fn dao(
        &mut self,
        row: Row<'_>,
        [id, name, _, _, _]: [usize; 5],
        builder: &mut HistoryBuilder,
    ) -> Outcome {
        let dao = row.lower(id);
        if dao.is_empty() || !self.daos.insert(dao.clone()) {
            return Err("the DAO's id is blank or repeated");
        }
        Ok(push_dao(builder, &dao, row.text(name)))
    }

    fn proposal(&mut self, row: Row<'_>, columns: [usize; 15], builder: &mut HistoryBuilder) -> Outcome {
        let [id, dao, proposer, created, closing, executed, expires, pre_boosted, boosted, rest @ ..] =
            columns;
        let [stage, winning, total, votes_for, votes_against, _] = rest;
        let (dao, proposal) = (row.lower(dao), row.get(id));
        if dao.is_empty() || proposal.is_empty() {
            return Err("the proposal has no id or no DAO");
        }
        if self.proposals.get(&dao).is_some_and(|known| known.contains(proposal)) {
            return Err("the proposal's id is repeated");
        }
        let (created, executed) = (seconds(row, created)?, seconds(row, executed)?);
        let closing = seconds(row, closing)?
            .filter(|&at| created.is_none_or(|created| at <= created.saturating_add(LONGEST_WINDOW)));
        let end = match (closing, executed) {
            (Some(closing), Some(executed)) => Some(closing.min(executed)),
            (closing, executed) => closing.or(executed),
        };
        let end = end.or(seconds(row, expires)?);
        let quorum = row.text(total).map(|text| base_units(text, builder)).transpose()?;
        let scores = [base_units(row.get(votes_for), builder)?, base_units(row.get(votes_against), builder)?];
        let author = row.lower(proposer);
        let state = format!("{}:{}", row.get(stage), row.get(winning));
        let events = [
            ("pre-boosted", seconds(row, pre_boosted)?),
            ("boosted", seconds(row, boosted)?),
            ("executed", executed),
        ];
        let second = |at: Option<i64>| Cell::from(at.map(|at| (at, Precision::Second)));
        let choices = OUTCOMES.map(str::to_owned);
        let mut push = || -> Result<()> {
            builder.table(Table::Proposals).push_named(&[
                ("dao", Cell::Text(&dao)),
                ("proposal", Cell::Text(proposal)),
                ("author", Some(author.as_str()).filter(|author| !author.is_empty()).into()),
                ("voting_system", Cell::Text("genesis-protocol")),
                ("choices", Cell::Choices(&choices)),
                ("created_at", second(created)),
                ("start_at", second(created)),
                ("end_at", second(end)),
                ("quorum", quorum.into()),
                ("state", Cell::Text(&state)),
                ("scores", Cell::Amounts(&scores)),
            ])?;
            for (event, at) in events {
                if at.is_some() {
                    builder.table(Table::ProposalEvents).push_named(&[
                        ("dao", Cell::Text(&dao)),
                        ("proposal", Cell::Text(proposal)),
                        ("at", second(at)),
                        ("event", Cell::Text(event)),
                    ])?;
                }
            }
            self.member(&dao, &author, created)
        };
        let pushed = push();
        self.proposals.entry(dao).or_default().insert(proposal.to_owned());
        Ok(pushed)
    }

    fn member(&mut self, dao: &str, member: &str, at: Option<i64>) -> Result<()> {
        if member.is_empty() {
            return Ok(());
        }
        self.members.note(dao, member, at.map(|at| (at, Precision::Second)), self.max_members)
    }

    fn knows(&self, dao: &str, proposal: &str) -> bool {
        self.proposals.get(dao).is_some_and(|known| known.contains(proposal))
    }

    fn vote(&mut self, row: Row<'_>, columns: [usize; 6], builder: &mut HistoryBuilder) -> Outcome {
        let [dao, proposal, voter, outcome, reputation, created] = columns;
        let (dao, member, proposal) = (row.lower(dao), row.lower(voter), row.get(proposal));
        if member.is_empty() {
            return Err("the ballot has no voter");
        }
        if !self.knows(&dao, proposal) {
            return Err("the ballot's proposal has no row");
        }
        let power = base_units(row.get(reputation), builder)?;
        let index = OUTCOMES.iter().position(|&name| name == row.get(outcome));
        let choice = [(index.ok_or("`outcome` is neither `Pass` nor `Fail`")? as i32 + 1, 1.0)];
        let cast_at = seconds(row, created)?;
        let (dao, precision) = (dao.as_str(), Precision::Second);
        let vote = VoteRow { dao, proposal, member: &member, cast_at, precision, choice: &choice, power };
        let pushed = builder.table(Table::Votes).push_vote(&vote);
        Ok(pushed.and_then(|()| self.member(dao, &member, cast_at)))
    }

    fn stake(&mut self, row: Row<'_>, columns: [usize; 6], builder: &mut HistoryBuilder) -> Outcome {
        let [dao, proposal, staker, outcome, amount, created] = columns;
        let (dao, member, proposal) = (row.lower(dao), row.lower(staker), row.get(proposal));
        if !self.knows(&dao, proposal) {
            return Err("the stake's proposal has no row");
        }
        let kind = match row.get(outcome) {
            "Pass" => "stake-pass",
            "Fail" => "stake-fail",
            _ => return Err("`outcome` is neither `Pass` nor `Fail`"),
        };
        let amount = base_units(row.get(amount), builder)?;
        let at = seconds(row, created)?;
        let pushed = builder.table(Table::Contributions).push_named(&[
            ("dao", Cell::Text(&dao)),
            ("at", at.map(|at| (at, Precision::Second)).into()),
            ("from", Cell::Text(&member)),
            ("to", Cell::Text(proposal)),
            ("kind", Cell::Text(kind)),
            ("amount", Cell::Amount(amount)),
        ]);
        Ok(pushed.and_then(|()| self.member(&dao, &member, at)))
    }

    fn mint(&mut self, row: Row<'_>, columns: [usize; 5], builder: &mut HistoryBuilder) -> Outcome {
        let [dao, address, balance, created, _] = columns;
        let (dao, member) = (row.lower(dao), row.lower(address));
        if dao.is_empty() || member.is_empty() {
            return Err("the holder has no address or no DAO");
        }
        let amount = base_units(row.get(balance), builder)?;
        let at = seconds(row, created)?.ok_or("the mint has no time")?;
        let noted = self.member(&dao, &member, Some(at));
        self.mints.entry((dao, member)).or_default().push((at, amount));
        Ok(noted)
    }

    fn complete(mut self, builder: &mut HistoryBuilder) -> Result<()> {
        for ((dao, member), mut mints) in self.mints {
            mints.sort_by_key(|mint| mint.0);
            let mut balance = 0_i128;
            for (at, minted) in mints {
                // Each mint is far below 128 bits, and so is any number of them that a file can hold.
                balance = balance.saturating_add(minted);
                builder.table(Table::Holdings).push_named(&[
                    ("dao", Cell::Text(&dao)),
                    ("member", Cell::Text(&member)),
                    ("at", Cell::Time(at, Precision::Second)),
                    ("asset", Cell::Text("reputation")),
                    ("amount", Cell::Amount(balance)),
                ])?;
            }
        }
        for dao in self.members.daos().chain(self.proposals.keys().map(String::as_str)) {
            if self.daos.insert(dao.to_owned()) {
                push_dao(builder, dao, None)?;
            }
        }
        self.members.write(builder)
    }
}

fn push_dao(builder: &mut HistoryBuilder, dao: &str, name: Option<&str>) -> Result<()> {
    builder.table(Table::Daos).push_named(&[
        ("dao", Cell::Text(dao)),
        ("name", name.into()),
        ("platform", Cell::Text("onchain-daostack")),
        ("power_unit", Cell::Text("reputation")),
        (
            "quorum_rule",
            Cell::Text("`quorum` is the total reputation when the proposal was made, not a threshold"),
        ),
    ])
}
