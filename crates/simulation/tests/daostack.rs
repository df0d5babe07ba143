//! Holographic consensus replayed: every recorded vote and stake of DAOstack's organisations goes through the machine, and
//! out come the recorded decisions.
//!
//! What is read off the records: the queue's period (a proposal's expiry less its making), the waits before and in the
//! boost (the least recorded, cut off to the hour), the least bounty (stakes against less the recorded ones). What is
//! fitted, one value for each voting scheme: `threshold_const` and the quiet ending, by the decisions themselves. A vote
//! that the records lack (they keep the tallies of all) is cast in the second before the decision, and a proposal with
//! such votes is replayed for what it does to the others, but not counted.
//!
//! What does not come out has two causes. Proposals of several schemes of one organisation cannot be told apart where they
//! have the same period in the queue: then thresholds rise with boosted proposals that are not the scheme's own, or the
//! scheme has another boosted period. And an expiry is against by the contract's own line, where a dozen records keep the
//! name of the side that was ahead: after an expiry the side is not compared.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use daotwin_simulation::governance::holographic_consensus::{Execution, Machine, Parameters, State};

/// Schemes with fewer proposals than this are left out: there is too little to read their settings from.
const LEAST_PROPOSALS: usize = 15;
/// The part of the counted proposals whose decision (how, and which way) must come out.
const LEAST_RIGHT: f64 = 0.96;

type Row = BTreeMap<String, String>;

/// The rows of a table; none where the data is not there.
fn table(name: &str) -> Option<Vec<Row>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/daostack"));
    let file = File::open(path.join(format!("{name}.csv.gz"))).ok()?;
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    Some(reader.deserialize().map(|row| row.unwrap()).collect())
}

fn time(row: &Row, column: &str) -> Option<u64> {
    row[column].parse::<f64>().ok().map(|seconds| seconds as u64)
}

fn amount(row: &Row, column: &str) -> u128 {
    row[column].parse().unwrap()
}

/// What happens to a proposal, in the order of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Propose,
    Stake { staker: u32, yes: bool, amount: u128 },
    Vote { voter: u32, yes: bool, reputation: u128 },
    Execute,
}

/// A proposal of the records.
#[derive(Debug)]
struct Recorded {
    reputation: u128,
    execution: Option<Execution>,
    passed: bool,
    whole: bool,
}

/// A voting scheme: its proposals, what happened, and what is read off.
#[derive(Debug, Default)]
struct Scheme {
    proposals: Vec<Recorded>,
    events: Vec<(u64, usize, Event)>,
    pre_boosted: Option<u64>,
    boosted: Option<u64>,
    bounty: Option<u128>,
}

fn least<T: Ord>(least: &mut Option<T>, value: T) {
    if least.as_ref().is_none_or(|least| value < *least) {
        *least = Some(value);
    }
}

/// Proposals by scheme: organisation, network, queue's period and percentage.
fn schemes() -> Option<BTreeMap<(String, String, u64, u128), Scheme>> {
    let (proposals, votes, stakes) = (table("proposals")?, table("votes")?, table("stakes")?);
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    let mut number = |name: &str| {
        let next = names.len() as u32;
        *names.entry(name.to_owned()).or_insert(next)
    };
    let mut by_proposal: BTreeMap<&str, Vec<(u64, Event)>> = BTreeMap::new();
    for row in &votes {
        let event = Event::Vote {
            voter: number(&row["voter"]),
            yes: row["outcome"] == "Pass",
            reputation: amount(row, "reputation"),
        };
        by_proposal.entry(&row["proposal"]).or_default().push((time(row, "createdAt").unwrap(), event));
    }
    for row in &stakes {
        let event = Event::Stake {
            staker: number(&row["staker"]),
            yes: row["outcome"] == "Pass",
            amount: amount(row, "amount"),
        };
        by_proposal.entry(&row["proposal"]).or_default().push((time(row, "createdAt").unwrap(), event));
    }
    let mut schemes: BTreeMap<_, Scheme> = BTreeMap::new();
    for row in &proposals {
        let created = time(row, "createdAt").unwrap();
        let period = time(row, "expiresInQueueAt").unwrap() - created;
        let key =
            (row["dao"].clone(), row["network"].clone(), period, amount(row, "queuedVoteRequiredPercentage"));
        let scheme = schemes.entry(key).or_default();
        let place = scheme.proposals.len();
        let execution = match row["executionState"].as_str() {
            "QueueBarCrossed" => Some(Execution::QueueBarCrossed),
            "QueueTimeOut" => Some(Execution::QueueTimeOut),
            "PreBoostedBarCrossed" => Some(Execution::PreBoostedBarCrossed),
            "BoostedTimeOut" => Some(Execution::BoostedTimeOut),
            "BoostedBarCrossed" => Some(Execution::BoostedBarCrossed),
            _ => None,
        };
        let (pre_boosted, boosted) = (time(row, "preBoostedAt"), time(row, "boostedAt"));
        let executed = time(row, "executedAt");
        if let (Some(from), Some(to)) = (pre_boosted, boosted) {
            least(&mut scheme.pre_boosted, to - from);
        }
        if let (Some(from), Some(to), Some(Execution::BoostedTimeOut)) = (boosted, executed, execution) {
            least(&mut scheme.boosted, to - from);
        }
        let (mut yes_left, mut no_left) = (amount(row, "votesFor"), amount(row, "votesAgainst"));
        let mut bounty = amount(row, "stakesAgainst");
        scheme.events.push((created, place, Event::Propose));
        for &(at, event) in by_proposal.get(row["id"].as_str()).into_iter().flatten() {
            match event {
                Event::Vote { yes: true, reputation, .. } => yes_left = yes_left.saturating_sub(reputation),
                Event::Vote { reputation, .. } => no_left = no_left.saturating_sub(reputation),
                Event::Stake { yes: false, amount, .. } => bounty = bounty.saturating_sub(amount),
                _ => {}
            }
            scheme.events.push((at, place, event));
        }
        if bounty > 0 {
            least(&mut scheme.bounty, bounty);
        }
        for at in [pre_boosted, boosted, executed].into_iter().flatten() {
            scheme.events.push((at, place, Event::Execute));
        }
        for (yes, reputation) in [(true, yes_left), (false, no_left)] {
            if let (Some(at), true) = (executed, reputation > 0) {
                let vote = Event::Vote { voter: u32::MAX - u32::from(yes), yes, reputation };
                scheme.events.push((at.saturating_sub(1).max(created), place, vote));
            }
        }
        scheme.proposals.push(Recorded {
            reputation: amount(row, "totalRepWhenCreated"),
            execution,
            passed: row["winningOutcome"] == "Pass",
            whole: yes_left == 0 && no_left == 0,
        });
    }
    schemes.retain(|_, scheme| scheme.proposals.len() >= LEAST_PROPOSALS && scheme.boosted.is_some());
    for scheme in schemes.values_mut() {
        scheme.events.sort_by_key(|&(at, place, event)| (at, matches!(event, Event::Execute), place, event));
    }
    Some(schemes)
}

/// How many of the counted proposals come out as recorded.
fn replay(scheme: &Scheme, parameters: Parameters) -> usize {
    let mut machine = Machine::new(parameters);
    let mut numbers = vec![0; scheme.proposals.len()];
    for &(at, place, event) in &scheme.events {
        let number = numbers[place];
        // What the contract refused is not in its log; what it takes without effect is nothing here either.
        match event {
            Event::Propose => numbers[place] = machine.propose(at, 0, scheme.proposals[place].reputation),
            Event::Stake { staker, yes, amount } => _ = machine.stake(at, number, staker, yes, amount),
            Event::Vote { voter, yes, reputation } => _ = machine.vote(at, number, voter, yes, reputation, 0),
            Event::Execute => _ = machine.execute(at, number),
        }
    }
    let right = scheme.proposals.iter().zip(&numbers).filter(|(recorded, number)| {
        let replayed = &machine.proposals()[**number as usize];
        let way = replayed.state() != State::Executed || replayed.winner() == recorded.passed;
        recorded.whole && replayed.execution() == recorded.execution && way
    });
    right.count()
}

/// The settings under which most decisions come out. `shift` is added to the wait before the boost.
fn fitted(key: &(String, String, u64, u128), scheme: &Scheme, shift: u64) -> usize {
    let hour = |seconds: u64| seconds / 3_600 * 3_600;
    let boosted = hour(scheme.boosted.unwrap());
    let mut best = 0;
    for threshold_const in [1_100, 1_200, 1_300, 1_500, 2_000] {
        for quiet in [0, 1, 2, 3, 4].map(|quarters| hour(boosted * quarters / 4)) {
            let parameters = Parameters {
                queued_vote_required_percentage: key.3,
                queued_vote_period: key.2,
                boosted_vote_period: boosted,
                pre_boosted_vote_period: hour(scheme.pre_boosted.unwrap_or(0)) + shift,
                threshold_const,
                quiet_ending_period: quiet,
                proposing_reputation_reward: 0,
                voters_reputation_loss_ratio: 0,
                minimum_dao_bounty: scheme.bounty.unwrap_or(1),
                dao_bounty_const: 10,
            };
            best = best.max(replay(scheme, parameters));
        }
    }
    best
}

#[test]
fn recorded_decisions_come_out() {
    let Some(schemes) = schemes() else {
        println!("skipped: the records of DAOstack are not beside the repository");
        return;
    };
    let (mut right, mut counted, mut late) = (0, 0, 0);
    for (key, scheme) in &schemes {
        let of = scheme.proposals.iter().filter(|recorded| recorded.whole).count();
        let found = fitted(key, scheme, 0);
        println!("{} {} {} s: {found} of {of}", &key.0[..10], key.1, key.2);
        right += found;
        counted += of;
        // A control: where the wait before the boost is two hours longer, decisions must be lost.
        late += fitted(key, scheme, 7_200);
    }
    println!(
        "{right} of {counted} proposals of {} schemes; {late} with a wait two hours longer",
        schemes.len()
    );
    assert!(counted > 1_000, "only {counted} proposals are whole");
    assert!(right as f64 >= LEAST_RIGHT * counted as f64, "{right} of {counted}");
    assert!((late as f64) < 0.9 * right as f64, "{late} against {right}: the wait makes no difference");
}
