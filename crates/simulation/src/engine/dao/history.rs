//! A run as a History: members, what they hold, proposals, votes, delegations, transfers, posts, prices.

use daotwin_core::Run;
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::schema::Precision;
use daotwin_history::{History, HistoryBuilder, Table};

use super::{Dao, Draws, MOMENT, Workspace};
use crate::Result;
use crate::engine::tally::{Moment, Observer, Opening, Outcome};

/// When steps are, and what the DAO is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// The DAO's id.
    pub dao: String,
    /// When the first step begins, in seconds since 1970.
    pub start: i64,
    /// How long a step is, in seconds.
    pub step: i64,
}

impl Default for Calendar {
    /// Hours from 1 January 2024.
    fn default() -> Self {
        Self { dao: "simulated".to_owned(), start: 1_704_067_200, step: 3_600 }
    }
}

/// One replicate as a History, which [`daotwin_history`] and all that reads Histories take.
///
/// Tokens have no decimals. Members are `member-1`, `member-2`, ...; the treasury is `treasury`. A vote's power is what it
/// weighs under the rule, its time a moment of its step drawn for it alone. The supply is what members and treasury hold at
/// the start. Proposals that are open at the end have the state `active`. The manifest says that it is synthetic, of which
/// seed and replicate.
///
/// Deterministic; costs a replicate and its rows, all in memory.
///
/// # Errors
/// Too many rows for the limits; cancellation.
pub fn history(dao: &Dao, calendar: &Calendar, seed: u64, replicate: u64, run: &Run) -> Result<History> {
    let mut writer = Writer {
        dao,
        calendar,
        draws: Draws { seed, replicate },
        builder: HistoryBuilder::new(0, run.limits),
        open: Vec::new(),
        price: dao.parameters.market.price,
        posts: 0,
        problem: None,
    };
    writer.start()?;
    dao.observe(seed, replicate, &mut Workspace::default(), run, &mut writer)?;
    let left = std::mem::take(&mut writer.open);
    for open in &left {
        writer.proposal(open, "active")?;
    }
    if let Some(problem) = writer.problem {
        return Err(problem);
    }
    writer.builder.source("simulation of a described DAO");
    let mut history = writer.builder.finish()?;
    let manifest = history.manifest_mut();
    manifest.synthetic = true;
    let facts = [
        ("simulation_seed", seed.to_string()),
        ("simulation_run", replicate.to_string()),
        ("simulated_by", concat!("daotwin ", env!("CARGO_PKG_VERSION")).to_owned()),
    ];
    manifest.provenance.extend(facts.map(|(name, value)| (name.to_owned(), value)));
    Ok(history)
}

/// A proposal whose row waits for its outcome.
struct Waiting {
    opening: Opening,
    scores: [i128; 2],
}

struct Writer<'d> {
    dao: &'d Dao,
    calendar: &'d Calendar,
    draws: Draws,
    builder: HistoryBuilder,
    open: Vec<Waiting>,
    price: f64,
    posts: u64,
    problem: Option<crate::Error>,
}

fn member(number: u32) -> String {
    format!("member-{}", number + 1)
}

fn id(proposal: u32) -> String {
    format!("proposal-{}", proposal + 1)
}

const TREASURY: &str = "treasury";
const ASSET: &str = "token";

impl Writer<'_> {
    fn at(&self, step: u32) -> i64 {
        self.calendar.start + i64::from(step) * self.calendar.step
    }

    fn time<'c>(&self, step: u32) -> Cell<'c> {
        Cell::Time(self.at(step), Precision::Second)
    }

    /// What there is before the first step.
    fn start(&mut self) -> Result<()> {
        let (dao, population) = (self.calendar.dao.as_str(), &self.dao.population);
        let held = i128::from(population.supply()) + i128::from(self.dao.treasury);
        self.builder.table(Table::Daos).push_named(&[
            ("dao", Cell::Text(dao)),
            ("name", Cell::Text(dao)),
            ("platform", Cell::Text("simulated")),
            ("power_unit", Cell::Text(ASSET)),
            ("token_decimals", Cell::Integer(0)),
            ("token_supply", Cell::Amount(held)),
        ])?;
        let at = self.time(0);
        for number in 0..population.len() as u32 {
            let name = member(number);
            self.builder.table(Table::Members).push_named(&[
                ("dao", Cell::Text(dao)),
                ("member", Cell::Text(&name)),
                ("first_seen_at", at),
            ])?;
            self.builder.table(Table::Holdings).push_named(&[
                ("dao", Cell::Text(dao)),
                ("member", Cell::Text(&name)),
                ("at", at),
                ("asset", Cell::Text(ASSET)),
                ("amount", Cell::Amount(i128::from(population.powers()[number as usize]))),
            ])?;
        }
        self.builder.table(Table::Members).push_named(&[
            ("dao", Cell::Text(dao)),
            ("member", Cell::Text(TREASURY)),
            ("kind", Cell::Text("treasury")),
        ])?;
        for (number, delegate) in (0..).zip(&self.dao.start.delegates) {
            if *delegate != number {
                self.delegation(0, number, None, *delegate, self.dao.start.balances[number as usize])?;
            }
        }
        Ok(())
    }

    fn delegation(&mut self, step: u32, who: u32, from: Option<u32>, to: u32, amount: u64) -> Result<()> {
        let (at, dao) = (self.time(step), self.calendar.dao.as_str());
        let (who, from, to) = (member(who), from.map(member), member(to));
        let mut row = vec![
            ("dao", Cell::Text(dao)),
            ("delegator", Cell::Text(&who)),
            ("to_delegate", Cell::Text(&to)),
            ("at", at),
            ("amount", Cell::Amount(i128::from(amount))),
        ];
        if let Some(from) = &from {
            row.push(("from_delegate", Cell::Text(from)));
        }
        Ok(self.builder.table(Table::Delegations).push_named(&row)?)
    }

    fn proposal(&mut self, waiting: &Waiting, state: &str) -> Result<()> {
        let Opening { proposal, step, author, electorate } = waiting.opening;
        let choices = ["for", "against"].map(str::to_owned);
        let start = self.at(step);
        let (name, author, title) = (id(proposal), member(author), format!("Proposal {}", proposal + 1));
        let quorum = self.dao.decision.quorum(electorate).filter(|quorum| *quorum > 0).map(i128::from);
        self.builder.table(Table::Proposals).push_proposal(&ProposalRow {
            dao: &self.calendar.dao,
            proposal: &name,
            author: Some(&author),
            title: Some(&title),
            voting_system: Some("single-choice"),
            choices: &choices,
            created_at: Some(start),
            start_at: Some(start),
            end_at: Some(start + i64::from(self.dao.parameters.window) * self.calendar.step),
            precision: Precision::Second,
            quorum,
            state: Some(state),
            scores: &waiting.scores,
            ..ProposalRow::default()
        })?;
        Ok(())
    }

    fn ballots(&mut self, place: usize, age: u32, list: impl Iterator<Item = (u32, u64, u8)>) -> Result<()> {
        let Opening { proposal, step, .. } = self.open[place].opening;
        let begin = self.at(step + age);
        let key = self.draws.key(MOMENT, u64::from(proposal) << 32 | u64::from(age));
        let name = id(proposal);
        for (agent, weight, choice) in list {
            let against = usize::from(choice == 0);
            self.open[place].scores[against] += i128::from(weight);
            let moment = u32::try_from(self.calendar.step).unwrap_or(u32::MAX).max(1);
            self.builder.table(Table::Votes).push_vote(&VoteRow {
                dao: &self.calendar.dao,
                proposal: &name,
                member: &member(agent),
                cast_at: Some(begin + i64::from(key.below(agent, moment))),
                precision: Precision::Second,
                choice: &[(against as i32 + 1, 1.0)],
                power: i128::from(weight),
            })?;
        }
        Ok(())
    }

    fn transfer(&mut self, step: u32, from: Option<u32>, to: u32, amount: u64) -> Result<()> {
        let (at, dao) = (self.time(step), self.calendar.dao.as_str());
        let (purpose, to) = (if from.is_some() { "trade" } else { "grant" }, member(to));
        let from = from.map_or_else(|| TREASURY.to_owned(), member);
        Ok(self.builder.table(Table::Transfers).push_named(&[
            ("dao", Cell::Text(dao)),
            ("at", at),
            ("from", Cell::Text(&from)),
            ("to", Cell::Text(&to)),
            ("asset", Cell::Text(ASSET)),
            ("amount", Cell::Amount(i128::from(amount))),
            ("purpose", Cell::Text(purpose)),
        ])?)
    }

    fn message(&mut self, step: u32, proposal: u32, author: u32, favours: bool) -> Result<()> {
        self.posts += 1;
        let (at, dao) = (self.time(step), self.calendar.dao.as_str());
        let (name, author, topic) = (format!("post-{}", self.posts), member(author), id(proposal));
        Ok(self.builder.table(Table::Messages).push_named(&[
            ("dao", Cell::Text(dao)),
            ("message", Cell::Text(&name)),
            ("member", Cell::Text(&author)),
            ("at", at),
            ("channel", Cell::Text("forum")),
            ("topic", Cell::Text(&topic)),
            ("sentiment", Cell::Float(if favours { 1.0 } else { -1.0 })),
        ])?)
    }

    fn price(&mut self, step: u32, close: f64) -> Result<()> {
        let (at, dao) = (self.time(step), self.calendar.dao.as_str());
        let open = std::mem::replace(&mut self.price, close);
        Ok(self.builder.table(Table::Prices).push_named(&[
            ("dao", Cell::Text(dao)),
            ("asset", Cell::Text(ASSET)),
            ("at", at),
            ("open", Cell::Float(open)),
            ("high", Cell::Float(open.max(close))),
            ("low", Cell::Float(open.min(close))),
            ("close", Cell::Float(close)),
        ])?)
    }

    /// Keeps the first problem.
    fn keep(&mut self, done: Result<()>) {
        if let (None, Err(problem)) = (&self.problem, done) {
            self.problem = Some(problem);
        }
    }

    fn place(&self, proposal: u32) -> Option<usize> {
        self.open.iter().position(|open| open.opening.proposal == proposal)
    }
}

impl Observer for Writer<'_> {
    fn opened(&mut self, opening: &Opening) {
        self.open.push(Waiting { opening: *opening, scores: [0; 2] });
    }

    fn votes(&mut self, proposal: u32, step: u32, agents: &[u32], weights: &[u64], choices: &[u8]) {
        if let Some(place) = self.place(proposal) {
            let list = agents.iter().zip(weights).zip(choices);
            let done =
                self.ballots(place, step, list.map(|((agent, weight), choice)| (*agent, *weight, *choice)));
            self.keep(done);
        }
    }

    fn closed(&mut self, outcome: &Outcome) {
        if let Some(place) = self.place(outcome.proposal) {
            let waiting = self.open.remove(place);
            let done = self.proposal(&waiting, if outcome.passed { "executed" } else { "defeated" });
            self.keep(done);
        }
    }

    fn delegated(&mut self, step: u32, member: u32, from: u32, to: u32, amount: u64) {
        let done = self.delegation(step, member, Some(from), to, amount);
        self.keep(done);
    }

    fn transferred(&mut self, step: u32, from: Option<u32>, to: u32, amount: u64) {
        if amount > 0 {
            let done = self.transfer(step, from, to, amount);
            self.keep(done);
        }
    }

    fn posted(&mut self, step: u32, proposal: u32, member: u32, favours: bool) {
        let done = self.message(step, proposal, member, favours);
        self.keep(done);
    }

    fn stepped(&mut self, step: u32, moment: &Moment) {
        let done = self.price(step, moment.price);
        self.keep(done);
    }
}
