//! From what was gathered to rows.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::{Error as CoreError, Run};

use super::abi::{self, Address};
use super::collect::{Ballot, Collector, Contract, Moment};
use crate::builder::{Cell, VoteRow};
use crate::error::Result;
use crate::schema::{Precision, Table};

/// Where an Aragon contract's logs do not say how long a vote is: 72 hours, as at Lido.
const ARAGON_VOTE_SECONDS: u64 = 72 * 3_600;
/// Rows between two looks at the cancel flag.
const STEP: usize = 8_192;

type Time = Option<(i64, Precision)>;

/// Where each contract's rows go.
struct Names {
    /// The DAOs, in order of appearance.
    daos: Vec<String>,
    /// Each contract's DAO.
    dao: Vec<usize>,
    /// Each contract's proposals' ids.
    proposals: Vec<Vec<String>>,
}

impl Names {
    fn new(contracts: &[Contract], dao: Option<&str>) -> Self {
        let daos: Vec<String> = match dao {
            Some(dao) => vec![dao.to_owned()],
            None => contracts.iter().map(|contract| abi::to_hex(&contract.address)).collect(),
        };
        let mut taken = BTreeSet::new();
        let mut proposals = Vec::new();
        for (index, contract) in contracts.iter().enumerate() {
            let dao = if dao.is_some() { 0 } else { index };
            let names = contract.proposals.iter().map(|proposal| {
                let id = abi::to_decimal(&proposal.id);
                if taken.insert((dao, id.clone())) {
                    return id;
                }
                // Two governors of one DAO both count from one.
                format!("{}/{id}", abi::to_hex(&contract.address))
            });
            proposals.push(names.collect());
        }
        let dao = (0..contracts.len()).map(|index| if dao.is_some() { 0 } else { index }).collect();
        Self { daos, dao, proposals }
    }

    fn dao(&self, contract: usize) -> &str {
        &self.daos[self.dao[contract]]
    }
}

/// The members of all DAOs with when each was first seen.
#[derive(Default)]
struct Members {
    first: BTreeMap<(usize, Address), Time>,
}

impl Members {
    fn see(&mut self, dao: usize, member: Address, time: Time) {
        // The zero address stands for minting, burning and nobody.
        if member == Address::default() {
            return;
        }
        let first = self.first.entry((dao, member)).or_insert(time);
        if first.is_none() || time.is_some_and(|(at, _)| first.is_some_and(|(earlier, _)| at < earlier)) {
            *first = time;
        }
    }
}

impl Collector<'_> {
    fn time(&self, moment: Moment) -> Time {
        match (moment.time, moment.block) {
            (Some(time), _) => Some((time, Precision::Second)),
            (None, Some(block)) => self.clock.time(block),
            (None, None) => None,
        }
    }

    /// Writes everything as rows.
    pub(super) fn finish(mut self, dao: Option<&str>, decimals: u8, run: &Run) -> Result<()> {
        self.votes.sort_by_key(|vote| vote.moment);
        self.happenings.sort_by_key(|happening| happening.moment);
        self.delegations.sort_by_key(|delegation| delegation.moment);
        self.movements.sort_by_key(|movement| movement.moment);
        self.holdings.sort_by_key(|movement| movement.moment);
        let names = Names::new(&self.contracts, dao);
        let mut members = Members::default();
        self.write_daos(&names, decimals)?;
        self.write_proposals(&names, &mut members)?;
        self.write_votes(&names, &mut members, run)?;
        self.write_happenings(&names)?;
        self.write_tokens(&names, &mut members, run)?;
        self.write_members(&names, &members)?;
        Ok(())
    }

    fn write_daos(&mut self, names: &Names, decimals: u8) -> Result<()> {
        for (index, dao) in names.daos.iter().enumerate() {
            let own = || self.contracts.iter().zip(&names.dao).filter(|(_, dao)| **dao == index);
            // Where the user put a token and its governor together, the governor tells what the DAO is.
            let governor = own().find(|(contract, _)| !contract.proposals.is_empty());
            let Some((contract, _)) = governor.or_else(|| own().next()) else { continue };
            let platform = contract.platform();
            self.builder.table(Table::Daos).push_named(&[
                ("dao", Cell::Text(dao)),
                ("platform", Cell::Text(platform)),
                ("power_unit", Cell::Text("token")),
                ("token_decimals", Cell::Integer(i64::from(decimals))),
            ])?;
        }
        Ok(())
    }

    fn write_proposals(&mut self, names: &Names, members: &mut Members) -> Result<()> {
        let mut unknown = 0_u64;
        let mut assumed = 0_u64;
        let contracts = std::mem::take(&mut self.contracts);
        for (index, contract) in contracts.iter().enumerate() {
            let (dao, platform) = (names.dao(index), contract.platform());
            let in_seconds = contract.counts_seconds();
            let abstains = matches!(platform, "openzeppelin-governor" | "governor-bravo");
            let choices: Vec<String> = ["for", "against", "abstain"][..if abstains { 3 } else { 2 }]
                .iter()
                .map(ToString::to_string)
                .collect();
            for (proposal, name) in contract.proposals.iter().zip(&names.proposals[index]) {
                let created = proposal.created.and_then(|moment| self.time(moment));
                let window = |value: Option<u64>| {
                    let value = value?;
                    if in_seconds {
                        // The year 9999: no later time can be shown as a date.
                        return i64::try_from(value)
                            .ok()
                            .filter(|&at| at <= 253_402_300_799)
                            .map(|at| (at, Precision::Second));
                    }
                    self.clock.time(value)
                };
                let (start, end) = if platform == "aragon-voting" {
                    let set = proposal.created.and_then(|moment| {
                        contract.vote_times.iter().filter(|(at, _)| *at <= moment).max_by_key(|(at, _)| *at)
                    });
                    assumed += u64::from(set.is_none() && created.is_some());
                    let seconds = set.map_or(ARAGON_VOTE_SECONDS, |(_, seconds)| *seconds);
                    let end = created.and_then(|(at, precision)| {
                        let end = at.checked_add(i64::try_from(seconds).ok()?)?;
                        (end <= 253_402_300_799).then_some((end, precision))
                    });
                    (created, end)
                } else {
                    (window(proposal.start), window(proposal.end))
                };
                unknown += u64::from(proposal.created.is_none());
                let author = proposal.author.map(|author| abi::to_hex(&author));
                if let Some(author) = proposal.author {
                    members.see(names.dao[index], author, created);
                }
                let cell = |time: Time| Cell::from(time);
                self.builder.table(Table::Proposals).push_named(&[
                    ("dao", Cell::Text(dao)),
                    ("proposal", Cell::Text(name)),
                    ("author", author.as_deref().into()),
                    ("title", proposal.title.as_deref().into()),
                    ("voting_system", Cell::Text(platform)),
                    ("choices", Cell::Choices(&choices)),
                    ("created_at", cell(created)),
                    ("start_at", cell(start)),
                    ("end_at", cell(end)),
                    ("state", proposal.state.map(|(_, state)| state).into()),
                ])?;
                for (number, action) in proposal.actions.iter().enumerate() {
                    self.builder.table(Table::Actions).push_named(&[
                        ("dao", Cell::Text(dao)),
                        ("proposal", Cell::Text(name)),
                        ("index", Cell::Integer(number as i64)),
                        ("target", Cell::Text(&abi::to_hex(&action.target))),
                        ("value", Cell::Text(&abi::to_decimal(&action.value))),
                        ("signature", Cell::Text(&action.signature)),
                        ("calldata", Cell::Text(&abi::to_hex(&action.calldata))),
                    ])?;
                }
            }
        }
        self.contracts = contracts;
        if unknown > 0 {
            self.builder
                .note("event-logs: proposals known only from votes and later events", &unknown.to_string());
        }
        if assumed > 0 {
            self.builder.note(
                "event-logs: Aragon votes whose length is assumed to be 72 hours",
                &assumed.to_string(),
            );
        }
        Ok(())
    }

    fn write_votes(&mut self, names: &Names, members: &mut Members, run: &Run) -> Result<()> {
        let votes = std::mem::take(&mut self.votes);
        let mut ballots = BTreeSet::new();
        for (number, vote) in votes.iter().enumerate() {
            if number.is_multiple_of(STEP) {
                run.step("write votes", number as u64, votes.len() as u64)?;
            }
            // An objection is logged beside the ballot that it is; older contracts log it alone.
            let key = (vote.contract, vote.proposal, vote.member, vote.moment.block);
            if vote.objection && vote.moment.block.is_some() && ballots.contains(&key) {
                let reason = "objection repeats the ballot logged beside it";
                self.builder.set_aside(&vote.source, Table::Votes, reason);
                continue;
            }
            if self.contracts[vote.contract].emitted.aragon {
                ballots.insert(key);
            }
            let time = self.time(vote.moment);
            let parts: Vec<(i32, f64)> = match vote.ballot {
                Ballot::One(choice) => vec![(choice, 1.0)],
                Ballot::Parts(parts) => (1..).zip(parts).filter(|(_, weight)| *weight > 0.0).collect(),
            };
            members.see(names.dao[vote.contract], vote.member, time);
            self.builder.table(Table::Votes).push_vote(&VoteRow {
                dao: names.dao(vote.contract),
                proposal: &names.proposals[vote.contract][vote.proposal],
                member: &abi::to_hex(&vote.member),
                cast_at: time.map(|(at, _)| at),
                precision: time.map(|(_, precision)| precision).unwrap_or_default(),
                choice: &parts,
                power: vote.power,
            })?;
        }
        Ok(())
    }

    fn write_happenings(&mut self, names: &Names) -> Result<()> {
        let happenings = std::mem::take(&mut self.happenings);
        for happening in &happenings {
            let time = self.time(happening.moment);
            self.builder.table(Table::ProposalEvents).push_named(&[
                ("dao", Cell::Text(names.dao(happening.contract))),
                ("proposal", Cell::Text(&names.proposals[happening.contract][happening.proposal])),
                ("at", time.into()),
                ("event", Cell::Text(happening.event)),
            ])?;
        }
        Ok(())
    }

    fn write_tokens(&mut self, names: &Names, members: &mut Members, run: &Run) -> Result<()> {
        let somebody = |address: &Address| (*address != Address::default()).then(|| abi::to_hex(address));
        for row in &self.delegations {
            let (dao, time) = (names.dao[row.contract], self.time(row.moment));
            for member in [row.delegator, row.from, row.to] {
                members.see(dao, member, time);
            }
            self.builder.table(Table::Delegations).push_named(&[
                ("dao", Cell::Text(&names.daos[dao])),
                ("delegator", Cell::Text(&abi::to_hex(&row.delegator))),
                ("from_delegate", somebody(&row.from).as_deref().into()),
                ("to_delegate", somebody(&row.to).as_deref().into()),
                ("at", time.into()),
            ])?;
        }
        for (number, row) in self.movements.iter().enumerate() {
            if number.is_multiple_of(STEP) {
                run.step("write transfers", number as u64, self.movements.len() as u64)?;
            }
            let (dao, time) = (names.dao[row.contract], self.time(row.moment));
            let from = row.from.unwrap_or_default();
            members.see(dao, from, time);
            members.see(dao, row.to, time);
            let (from, to) = (somebody(&from), somebody(&row.to));
            let purpose = match (&from, &to) {
                (None, _) => Some("mint"),
                (_, None) => Some("burn"),
                _ => None,
            };
            self.builder.table(Table::Transfers).push_named(&[
                ("dao", Cell::Text(&names.daos[dao])),
                ("at", time.into()),
                ("from", from.as_deref().into()),
                ("to", to.as_deref().into()),
                ("asset", Cell::Text(&abi::to_hex(&self.contracts[row.contract].address))),
                ("amount", Cell::Amount(row.amount)),
                ("purpose", purpose.into()),
            ])?;
        }
        for row in &self.holdings {
            let (dao, time) = (names.dao[row.contract], self.time(row.moment));
            members.see(dao, row.to, time);
            // Delegated votes are no balance, so they are an asset of their own.
            let asset = format!("votes:{}", abi::to_hex(&self.contracts[row.contract].address));
            self.builder.table(Table::Holdings).push_named(&[
                ("dao", Cell::Text(&names.daos[dao])),
                ("member", Cell::Text(&abi::to_hex(&row.to))),
                ("at", time.into()),
                ("asset", Cell::Text(&asset)),
                ("amount", Cell::Amount(row.amount)),
            ])?;
        }
        Ok(())
    }

    fn write_members(&mut self, names: &Names, members: &Members) -> Result<()> {
        let (found, allowed) = (members.first.len() as u64, self.builder.limits().max_members);
        if found > allowed {
            let what = "the member count of the event logs".to_owned();
            return Err(CoreError::Limit { what, limit: "max_members", found, allowed }.into());
        }
        for (&(dao, member), &time) in &members.first {
            self.builder.table(Table::Members).push_named(&[
                ("dao", Cell::Text(&names.daos[dao])),
                ("member", Cell::Text(&abi::to_hex(&member))),
                ("first_seen_at", time.into()),
            ])?;
        }
        Ok(())
    }
}
