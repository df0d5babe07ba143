//! Real proposals under the rules that decided them: every ballot and act that a chain recorded is put to the rule, and
//! what comes out is compared with what was recorded.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use daotwin_simulation::governance::Amount;
use daotwin_simulation::governance::aave_governance::{self, Executor};
use daotwin_simulation::governance::aragon_voting::{self, Vote};
use daotwin_simulation::governance::governor::{self, Counting, Guardian, Quorum, Timelock};
use daotwin_simulation::governance::governor_bravo::{self, Proposer};
use daotwin_simulation::governance::lifecycle::{Moment, Revert, State, Support};
use flate2::read::GzDecoder;
use serde_json::Value;

/// Where a difference between rule and record comes from. Each is checked against the data, proposal by proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The recorded scores add up every ballot of a member who voted again; the contract keeps the last. Checked: with
    /// all ballots added up, the recorded scores come out.
    ReVote,
    /// The source lists one member's ballot twice, in neighbouring blocks; the contract takes one a member, so the
    /// second is refused. Checked: with both added up, the recorded score comes out.
    ListedTwice,
    /// The record's catch-all state (`defeated_or_other`, `not_executed`) stands where the rule says expired: the vote
    /// was won and queued, nobody executed it in time. Checked: no execution is in the events.
    CatchAllExpired,
    /// The catch-all stands where the rule says succeeded: the vote was won, nobody queued or executed it. Checked: as
    /// before.
    CatchAllWon,
    /// The catch-all stands where the vote is still open when the events end.
    CatchAllOpen,
    /// The record says queued as the last act; the rule says that its time to be executed ran out before the events end.
    QueuedExpired,
    /// The record says executed or queued, which votes cannot tell: the source has no such acts. Compared instead: the
    /// votes win.
    ActsNotInSource,
}

impl Cause {
    /// In words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::ReVote => "scores: the record adds up re-votes, the contract keeps the last ballot",
            Self::ListedTwice => {
                "scores: the source lists a ballot twice in neighbouring blocks, the contract takes one"
            }
            Self::CatchAllExpired => {
                "states: recorded as `other`; won and queued, never executed, so expired"
            }
            Self::CatchAllWon => "states: recorded as `other`; won, never queued or executed, so succeeded",
            Self::CatchAllOpen => "states: recorded as `other`; still open or pending where the events end",
            Self::QueuedExpired => {
                "states: recorded as queued, the last act; its time ran out before the events end"
            }
            Self::ActsNotInSource => {
                "states: queueing and executing are not in the source; compared instead: the votes win"
            }
        }
    }
}

/// What came of one DAO.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The DAO.
    pub(crate) dao: &'static str,
    /// The rule.
    pub(crate) rule: &'static str,
    /// Proposals compared.
    pub(crate) proposals: usize,
    /// Ballots put to the rule.
    pub(crate) ballots: usize,
    /// Ballots of the normalised table that equal the chain's: proposal, voter, side, power.
    pub(crate) ballots_equal: usize,
    /// Other acts put to the rule: made, queued, executed, canceled; each was accepted, with its recorded times.
    pub(crate) acts: usize,
    /// Proposals whose scores are the recorded ones.
    pub(crate) scores_equal: usize,
    /// Proposals whose state is the recorded one.
    pub(crate) states_equal: usize,
    /// Proposals that differ, by cause.
    pub(crate) explained: BTreeMap<Cause, Vec<String>>,
    /// What has no explanation.
    pub(crate) unexplained: Vec<String>,
}

impl Line {
    fn explain(&mut self, cause: Cause, proposal: &str) {
        self.explained.entry(cause).or_default().push(proposal.to_owned());
    }

    /// An act on the chain has happened, so the rule has to take it.
    fn took(&mut self, proposal: &str, act: &str, result: Result<(), Revert>) {
        match result {
            Ok(()) => self.acts += 1,
            Err(revert) => self.unexplained.push(format!("{proposal}: {act}: {revert}")),
        }
    }

    fn check(&mut self, holds: bool, proposal: &str, what: impl fmt::Display) {
        if !holds {
            self.unexplained.push(format!("{proposal}: {what}"));
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<16} {:<16} {:>9} {:>8} {:>13} {:>5} {:>12} {:>12} {:>11}",
            self.dao,
            self.rule,
            self.proposals,
            self.ballots,
            self.ballots_equal,
            self.acts,
            self.scores_equal,
            self.states_equal,
            self.unexplained.len()
        )?;
        for (cause, proposals) in &self.explained {
            writeln!(f, "    {} x {}: {}", proposals.len(), cause.words(), proposals.join(" "))?;
        }
        for problem in &self.unexplained {
            writeln!(f, "    UNEXPLAINED {problem}")?;
        }
        Ok(())
    }
}

/// The table's head.
pub(crate) fn head() -> String {
    format!(
        "{:<16} {:<16} {:>9} {:>8} {:>13} {:>5} {:>12} {:>12} {:>11}",
        "dao",
        "rule",
        "proposals",
        "ballots",
        "ballots equal",
        "acts",
        "scores equal",
        "states equal",
        "unexplained"
    )
}

/// Where the data lies.
pub(crate) fn data() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"))
}

type Row = BTreeMap<String, String>;

fn open(path: &Path) -> impl Read {
    GzDecoder::new(File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn table(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(open(path));
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// The events of a contract, in the order of the chain.
fn events(data: &Path, file: &str) -> Vec<Row> {
    let mut rows = table(&data.join("evm-governor-events/decoded").join(file));
    // A setting that an execution changes is logged before the execution itself, which was judged under the old one.
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for row in &rows {
        let end = ends.entry(row["txhash"].clone()).or_default();
        *end = number(&row["log_index"]).max(*end);
    }
    rows.sort_by_key(|row| {
        let changes = row["event_name"].starts_with("Change");
        let index = if changes { ends[&row["txhash"]] } else { number(&row["log_index"]) };
        (number(&row["block_number"]), index, changes)
    });
    rows
}

fn number(text: &str) -> u64 {
    // The source writes some whole numbers as `13140.0`.
    text.strip_suffix(".0")
        .unwrap_or(text)
        .parse()
        .unwrap_or_else(|_| panic!("`{text}` is not a whole number"))
}

fn amount(text: &str) -> Amount {
    Amount(text.parse().unwrap_or_else(|_| panic!("`{text}` is not an amount")))
}

/// Seconds since 1970 of `2020-04-27T02:41:52`, by the count of days of the Gregorian calendar.
fn second(text: &str) -> u64 {
    let part = |from: usize, to: usize| number(&text[from..to]);
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    // March is month 0, so that the leap day is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // 719,468 days from 1 March 0 to 1 January 1970.
    (days - 719_468) * 86_400 + part(11, 13) * 3_600 + part(14, 16) * 60 + part(17, 19)
}

fn moment(row: &Row) -> Moment {
    Moment { clock: number(&row["block_number"]), second: second(&row["timestamp"]) }
}

/// Numbers members in the order in which they appear.
#[derive(Default)]
struct Members(BTreeMap<String, u32>);

impl Members {
    fn number(&mut self, name: &str) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(name.to_ascii_lowercase()).or_insert(next)
    }
}

/// A proposal of the normalised table.
struct Record {
    state: String,
    scores: Vec<f64>,
    votes: usize,
}

/// A ballot: proposal, voter, side, power.
type Ballot = (String, String, String, Amount);

/// The normalised tables of a DAO.
struct Records {
    proposals: BTreeMap<String, Record>,
    ballots: Vec<(String, String, String, f64)>,
}

impl Records {
    fn read(data: &Path, dao: &str) -> Self {
        let core = data.join("governance-core");
        let proposals = table(&core.join("proposals.csv.gz"))
            .into_iter()
            .filter(|row| row["dao_id"] == dao)
            .map(|row| {
                let record = Record {
                    state: row["state"].clone(),
                    scores: serde_json::from_str(&row["scores"]).unwrap(),
                    votes: number(&row["votes_count"]) as usize,
                };
                (row["proposal_id"].clone(), record)
            })
            .collect();
        let ballots = table(&core.join("votes.csv.gz"))
            .into_iter()
            .filter(|row| row["dao_id"] == dao)
            .map(|mut row| {
                let mut take = |name| row.remove(name).unwrap();
                (take("proposal_id"), take("voter"), take("choice"), take("vp").parse().unwrap())
            })
            .collect();
        Self { proposals, ballots }
    }

    /// Compares the ballots of both sources, as sets with repetition.
    fn compare_ballots(&self, line: &mut Line, mut ballots: Vec<Ballot>) {
        line.ballots = ballots.len();
        ballots.sort();
        let mut recorded: Vec<_> = self.ballots.iter().collect();
        recorded.sort_by(|left, right| {
            (&left.0, &left.1, &left.2).cmp(&(&right.0, &right.1, &right.2)).then(left.3.total_cmp(&right.3))
        });
        line.check(
            recorded.len() == ballots.len(),
            "ballots",
            format_args!("the table has {}", recorded.len()),
        );
        for (ballot, record) in ballots.iter().zip(recorded) {
            let same = (&ballot.0, &ballot.1, &ballot.2) == (&record.0, &record.1, &record.2)
                && close(ballot.3, record.3, 1);
            line.ballots_equal += usize::from(same);
            line.check(same, &ballot.0, format_args!("{ballot:?} is recorded as {record:?}"));
        }
    }
}

/// Whether a recorded sum of floating-point numbers can be this one: n roundings of at most half a unit in the last
/// place each, of parts in tokens and of running sums, none of which is above the sum.
fn close(exact: Amount, recorded: f64, terms: usize) -> bool {
    let tokens = exact.0 as f64 / 1e18;
    (tokens - recorded).abs() <= (2 * terms + 2) as f64 * f64::EPSILON * tokens
}

fn all_close(exact: &[Amount], record: &Record) -> bool {
    exact.len() == record.scores.len()
        && exact.iter().zip(&record.scores).all(|(exact, recorded)| close(*exact, *recorded, record.votes))
}

/// Compares a state with the recorded one.
fn compare_state(line: &mut Line, id: &str, found: State, recorded: &str) {
    let catch_all = matches!(recorded, "defeated_or_other" | "not_executed");
    match found {
        State::Defeated if catch_all => line.states_equal += 1,
        _ if found.name() == recorded => line.states_equal += 1,
        State::Expired if catch_all => line.explain(Cause::CatchAllExpired, id),
        State::Succeeded if catch_all => line.explain(Cause::CatchAllWon, id),
        State::Active | State::Pending if catch_all => line.explain(Cause::CatchAllOpen, id),
        State::Expired if recorded == "queued" => line.explain(Cause::QueuedExpired, id),
        _ => line.check(false, id, format_args!("is {} and recorded as {recorded}", found.name())),
    }
}

/// Compound's governors, Alpha and Bravo.
fn compound(
    data: &Path,
    file: &str,
    dao: &'static str,
    rule: &'static str,
    mut settings: governor_bravo::Settings,
) -> Line {
    let mut line = Line { dao, rule, ..Line::default() };
    let records = Records::read(data, dao);
    let (mut members, mut proposals, mut ballots) = (Members::default(), BTreeMap::new(), Vec::new());
    let mut last = Moment::of_second(0);
    for row in events(data, file) {
        let now = moment(&row);
        last = last.max(now);
        let id = row["id"].clone();
        match row["event_name"].as_str() {
            "ProposalCreated" => {
                // The proposer's power is not in the events; that the chain took the proposal says that it sufficed.
                let proposer = Proposer {
                    member: members.number(&row["proposer"]),
                    power: Amount(u128::MAX),
                    whitelisted: false,
                    latest: None,
                };
                let proposal = governor_bravo::Proposal::propose(&settings, now, &proposer, 1, 0).unwrap();
                let times = (number(&row["startBlock"]), number(&row["endBlock"]));
                line.check((proposal.start(), proposal.end()) == times, &id, "its blocks are others");
                line.acts += 1;
                proposals.insert(id, (proposal, proposer.member));
            }
            "VoteCast" => {
                let id = row["proposalId"].clone();
                let (support, side) = match row["support"].as_str() {
                    "True" | "1" => (Support::For, "for"),
                    "False" | "0" => (Support::Against, "against"),
                    "2" => (Support::Abstain, "abstain"),
                    other => panic!("support `{other}`"),
                };
                let power = amount(&row["votes"]);
                let (proposal, _) = proposals.get_mut(&id).unwrap();
                let result = proposal.cast(&settings, now, members.number(&row["voter"]), support, power);
                line.check(result.is_ok(), &id, format_args!("ballot of {}: {result:?}", row["voter"]));
                ballots.push((id, row["voter"].to_ascii_lowercase(), side.to_owned(), power));
            }
            "ProposalQueued" => {
                let (proposal, _) = proposals.get_mut(&id).unwrap();
                let result = proposal.queue(&settings, now);
                line.check(proposal.eta() == Some(number(&row["eta"])), &id, "its eta is another");
                line.took(&id, "queue", result);
            }
            "ProposalExecuted" => {
                let result = proposals.get_mut(&id).unwrap().0.execute(&settings, now);
                line.took(&id, "execute", result);
            }
            "ProposalCanceled" => {
                // Who cancels and what power the proposer has then are not in the events either.
                let (proposal, _) = proposals.get_mut(&id).unwrap();
                let result = proposal.cancel(&settings, now, u32::MAX, Amount::ZERO, false);
                line.took(&id, "cancel", result);
            }
            "VotingDelaySet" => {
                line.check(number(&row["oldVotingDelay"]) == settings.voting_delay, "settings", "delay");
                settings.voting_delay = number(&row["newVotingDelay"]);
            }
            "VotingPeriodSet" => {
                line.check(number(&row["oldVotingPeriod"]) == settings.voting_period, "settings", "period");
                settings.voting_period = number(&row["newVotingPeriod"]);
            }
            "ProposalThresholdSet" => {
                let new =
                    row["newProposalThreshold"].strip_suffix(".0").unwrap_or(&row["newProposalThreshold"]);
                settings.proposal_threshold = amount(new);
            }
            "NewImplementation" => {}
            other => panic!("event `{other}`"),
        }
    }
    line.proposals = proposals.len();
    line.check(records.proposals.len() == proposals.len(), "proposals", "the table has another number");
    for (id, (proposal, _)) in &proposals {
        let (record, tally) = (&records.proposals[id], proposal.tally());
        let scores = [tally.in_favour, tally.against, tally.abstain];
        let same = all_close(&scores[..record.scores.len()], record);
        line.scores_equal += usize::from(same);
        line.check(same, id, format_args!("scores {scores:?} are recorded as {:?}", record.scores));
        compare_state(&mut line, id, proposal.state(&settings, last), &record.state);
    }
    records.compare_ballots(&mut line, ballots);
    line
}

/// Aave's governance, version 2.
fn aave(data: &Path) -> Line {
    // Neither the AAVE token's supply nor an executor's figures are in the events: 16,000,000 AAVE have been there since
    // the migration, and the README of the contracts has the figures of the three executors.
    let supply = Amount(16_000_000_000_000_000_000_000_000);
    let executors = BTreeMap::from([
        ("0xEE56e2B3D491590B5b31738cC34d5232F378a8D5", Executor::SHORT),
        ("0x61910EcD7e8e942136CE7Fe7943f956cea1CC2f7", Executor::LONG),
        ("0x79426A1c24B2978D90d7A5070a46C65B07bC4299", Executor::LONG_SINCE_106),
    ]);
    let mut line = Line { dao: "aave-v2", rule: "aave-governance", ..Line::default() };
    let records = Records::read(data, line.dao);
    let (mut members, mut proposals, mut ballots) = (Members::default(), BTreeMap::new(), Vec::new());
    let (mut last, mut delay) = (Moment::of_second(0), 0);
    for row in events(data, "aave_governance_v2.csv.gz") {
        let now = moment(&row);
        last = last.max(now);
        let id = row["id"].clone();
        match row["event_name"].as_str() {
            "ProposalCreated" => {
                // The proposer's power is not in the events; that the chain took the proposal says that it sufficed.
                let executor = &executors[row["executor"].as_str()];
                let power = (supply, supply);
                let proposal =
                    aave_governance::Proposal::create(executor, delay, now, power, supply, 1, 0).unwrap();
                let times = (number(&row["startBlock"]), number(&row["endBlock"]));
                line.check((proposal.start(), proposal.end()) == times, &id, "its blocks are others");
                line.acts += 1;
                proposals.insert(id, proposal);
            }
            "VoteEmitted" => {
                let (support, power) = (row["support"] == "True", amount(&row["votingPower"]));
                let proposal = proposals.get_mut(&id).unwrap();
                let result = proposal.cast(now, members.number(&row["voter"]), support, power);
                line.check(result.is_ok(), &id, format_args!("ballot of {}: {result:?}", row["voter"]));
                let side = if support { "for" } else { "against" };
                ballots.push((id, row["voter"].to_ascii_lowercase(), side.to_owned(), power));
            }
            "ProposalQueued" => {
                let proposal = proposals.get_mut(&id).unwrap();
                let result = proposal.queue(now);
                let time = number(&row["executionTime"]);
                line.check(proposal.execution_time() == Some(time), &id, "its execution time is another");
                line.took(&id, "queue", result);
            }
            "ProposalExecuted" => {
                let result = proposals.get_mut(&id).unwrap().execute(now);
                line.took(&id, "execute", result);
            }
            "ProposalCanceled" => {
                let result = proposals.get_mut(&id).unwrap().cancel(now, true, (supply, supply));
                line.took(&id, "cancel", result);
            }
            "VotingDelayChanged" => delay = number(&row["newVotingDelay"]),
            "OwnershipTransferred" | "ExecutorAuthorized" | "GovernanceStrategyChanged" => {}
            other => panic!("event `{other}`"),
        }
    }
    line.proposals = proposals.len();
    line.check(records.proposals.len() == proposals.len(), "proposals", "the table has another number");
    for (id, proposal) in &proposals {
        let record = &records.proposals[id];
        let scores = [proposal.sides().in_favour, proposal.sides().against];
        let same = all_close(&scores, record);
        line.scores_equal += usize::from(same);
        line.check(same, id, format_args!("scores {scores:?} are recorded as {:?}", record.scores));
        compare_state(&mut line, id, proposal.state(last), &record.state);
    }
    records.compare_ballots(&mut line, ballots);
    line
}

/// Lido's votes in Aragon.
fn lido(data: &Path) -> Line {
    // The supply is not in the events: 1,000,000,000 LDO were minted at the start and none since.
    let supply = Amount(1_000_000_000_000_000_000_000_000_000);
    let mut line = Line { dao: "lido-aragon", rule: "aragon-voting", ..Line::default() };
    let records = Records::read(data, line.dao);
    let (mut members, mut votes, mut ballots) = (Members::default(), BTreeMap::new(), Vec::new());
    let mut settings = aragon_voting::Settings::LIDO;
    let mut last = 0;
    for row in events(data, "lido_governance.csv.gz") {
        let now = second(&row["timestamp"]);
        last = last.max(now);
        let id = row["voteId"].clone();
        match row["event_name"].as_str() {
            "StartVote" => {
                votes.insert(id, (Vote::start(now, supply, 0).unwrap(), [Amount::ZERO; 2], Vec::new()));
                line.acts += 1;
            }
            "CastVote" => {
                let (support, power) = (row["supports"] == "True", amount(&row["stake"]));
                let (vote, all, voters) = votes.get_mut(&id).unwrap();
                let member = members.number(&row["voter"]);
                let result = vote.cast(&settings, now, member, support, power);
                line.check(result.is_ok(), &id, format_args!("ballot of {}: {result:?}", row["voter"]));
                let all = &mut all[usize::from(!support)];
                *all = all.checked_add(power).unwrap();
                voters.push(member);
                let side = if support { "for" } else { "against" };
                ballots.push((id, row["voter"].to_ascii_lowercase(), side.to_owned(), power));
            }
            "CastObjection" => {
                // Says beside a `CastVote` that it fell into the objection phase.
                let phase = votes[&id].0.phase(&settings, now);
                line.check(phase == aragon_voting::Phase::Objection, &id, format_args!("{phase:?}"));
            }
            "ExecuteVote" => {
                let result = votes.get_mut(&id).unwrap().0.execute(&settings, now);
                line.took(&id, "execute", result);
            }
            "ChangeVoteTime" => settings.vote_time = number(&row["voteTime"]),
            "ChangeObjectionPhaseTime" => {
                settings.objection_phase = number(&row["objectionPhaseTime"]);
                settings.early_execution = false;
            }
            "ScriptResult" => {}
            other => panic!("event `{other}`"),
        }
    }
    line.proposals = votes.len();
    line.check(settings == aragon_voting::Settings::LIDO_TWO_PHASES, "settings", "end as others");
    line.check(records.proposals.len() == votes.len(), "proposals", "the table has another number");
    for (id, (vote, all, voters)) in &mut votes {
        let record = &records.proposals[id];
        let scores = [vote.sides().in_favour, vote.sides().against];
        voters.sort_unstable();
        let again = voters.windows(2).any(|pair| pair[0] == pair[1]);
        if all_close(&scores, record) {
            line.scores_equal += 1;
        } else if again && all_close(all, record) {
            line.explain(Cause::ReVote, id);
        } else {
            line.check(false, id, format_args!("scores {scores:?} are recorded as {:?}", record.scores));
        }
        let state = if vote.executed() {
            State::Executed
        } else if vote.can_execute(&settings, last) {
            State::Succeeded
        } else if vote.phase(&settings, last) == aragon_voting::Phase::Closed {
            State::Defeated
        } else {
            State::Active
        };
        compare_state(&mut line, id, state, &record.state);
    }
    records.compare_ballots(&mut line, ballots);
    line
}

/// The Governor of ENS.
fn ens(data: &Path) -> Line {
    let mut line = Line { dao: "ens-governor", rule: "governor", ..Line::default() };
    let records = Records::read(data, line.dao);
    let settings = governor::Settings {
        voting_delay: 1,
        voting_period: 45_818,
        proposal_threshold: Amount::ZERO,
        quorum: Quorum::Fraction { numerator: 1, denominator: 100 },
        super_quorum: None,
        counting: Counting::Simple,
        late_quorum_extension: None,
        guardian: Guardian::Absent,
        timelock: Timelock::Control { delay: 2 * 86_400 },
    };
    // 100,000,000 ENS have been there since the start.
    let supply = Amount(100_000_000_000_000_000_000_000_000);
    let listed: Vec<Value> =
        serde_json::from_reader(open(&data.join("ens-dao/tally_proposals.json.gz"))).unwrap();
    let mut proposals = BTreeMap::new();
    for proposal in listed {
        let id = proposal["id"].as_str().unwrap().to_owned();
        // Four newer proposals have no votes in the source.
        if !records.proposals.contains_key(&id) {
            continue;
        }
        let made = Moment { clock: proposal["block_number"].as_u64().unwrap(), second: 0 };
        let found = governor::Proposal::propose(&settings, made, 0, Amount::ZERO, supply, 0).unwrap();
        let times = (proposal["start_block"].as_u64().unwrap(), proposal["end_block"].as_u64().unwrap());
        line.check(
            (found.snapshot(), found.deadline()) == times,
            &id,
            format_args!("its blocks are {times:?}"),
        );
        if let Some(quorum) = proposal["quorum"].as_str() {
            line.check(found.quorum() == amount(quorum), &id, "its quorum is another");
        }
        line.acts += 1;
        proposals.insert(id, (found, Amount::ZERO));
    }
    let mut rows = table(&data.join("ens-dao/tally_votes.csv.gz"));
    rows.sort_by_key(|row| number(&row["block_number"]));
    let (mut members, mut ballots) = (Members::default(), Vec::new());
    let mut cast: BTreeMap<(String, String), (u64, Amount)> = BTreeMap::new();
    for row in rows {
        let (id, voter) = (row["proposal_id"].clone(), row["voter_address"].to_ascii_lowercase());
        let support = match row["vote_type"].as_str() {
            "for" => Support::For,
            "against" => Support::Against,
            "abstain" => Support::Abstain,
            other => panic!("vote type `{other}`"),
        };
        let (power, block) = (amount(&row["weight"]), number(&row["block_number"]));
        let (proposal, twice) = proposals.get_mut(&id).unwrap();
        let now = Moment { clock: block, second: 0 };
        let key = (id.clone(), voter.clone());
        match proposal.cast(&settings, now, members.number(&voter), support, power) {
            Ok(()) => {
                cast.insert(key, (block, power));
            }
            Err(Revert::Voted) if cast[&key].1 == power && block - cast[&key].0 <= 1 => {
                *twice = power;
            }
            Err(revert) => line.check(false, &id, format_args!("ballot of {voter}: {revert}")),
        }
        ballots.push((id, voter, row["vote_type"].clone(), power));
    }
    line.proposals = proposals.len();
    line.check(records.proposals.len() == proposals.len(), "proposals", "the table has another number");
    for (id, (proposal, twice)) in &proposals {
        let (record, tally) = (&records.proposals[id], proposal.tally());
        let scores = [tally.in_favour, tally.against, tally.abstain];
        // The ballot listed twice stands against; where a source had another, this would not come out.
        let both = [tally.in_favour, tally.against.checked_add(*twice).unwrap(), tally.abstain];
        if all_close(&scores, record) {
            line.scores_equal += 1;
        } else if *twice > Amount::ZERO && all_close(&both, record) {
            line.explain(Cause::ListedTwice, id);
        } else {
            line.check(false, id, format_args!("scores {scores:?} are recorded as {:?}", record.scores));
        }
        let state = proposal.state(&settings, Moment { clock: proposal.deadline() + 1, second: 0 });
        if state == State::Succeeded && matches!(record.state.as_str(), "executed" | "queued") {
            line.explain(Cause::ActsNotInSource, id);
        } else {
            compare_state(&mut line, id, state, &record.state);
        }
    }
    records.compare_ballots(&mut line, ballots);
    line
}

/// The votes of Governor Bravo under a rule that did not decide them: Alpha's, with twice its quorum.
pub(crate) fn under_a_wrong_rule(data: &Path) -> Line {
    let quorum_votes = Amount(2 * governor_bravo::Settings::ALPHA.quorum_votes.0);
    let settings = governor_bravo::Settings { quorum_votes, ..governor_bravo::Settings::ALPHA };
    compound(data, "compound_governor_bravo.csv.gz", "compound-bravo", "governor-alpha", settings)
}

/// Every DAO whose votes a rule of this room decided.
pub(crate) fn lines(data: &Path) -> Vec<Line> {
    // Bravo began with Alpha's delay and period; the first proposal of all set others.
    let bravo = governor_bravo::Settings {
        voting_delay: 1,
        voting_period: 17_280,
        proposal_threshold: governor_bravo::Settings::ALPHA.proposal_threshold,
        ..governor_bravo::Settings::BRAVO
    };
    vec![
        compound(
            data,
            "compound_governor_alpha.csv.gz",
            "compound-alpha",
            "governor-alpha",
            governor_bravo::Settings::ALPHA,
        ),
        compound(data, "compound_governor_bravo.csv.gz", "compound-bravo", "governor-bravo", bravo),
        aave(data),
        lido(data),
        ens(data),
    ]
}
