//! Cases in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Delegation, Graph, Keep, Overridable, Refusal, WHOLE};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

/// Choices are below this.
const MOST_CHOICES: u32 = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    mode: Mode,
    powers: Powers,
    delegations: Vec<Given>,
    topic: Option<String>,
    now: u64,
    keep: Option<(u64, u64)>,
    undelegated: Option<Undelegated>,
    ballots: Vec<Ballot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    SingleHop,
    Transitive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Undelegated {
    Own,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    from: String,
    to: String,
    #[serde(default = "whole")]
    parts: u32,
    topic: Option<String>,
    expires: Option<u64>,
}

fn whole() -> u32 {
    WHOLE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ballot {
    member: String,
    choice: u32,
    #[serde(default, rename = "override")]
    taken_back: bool,
}

#[derive(Debug, Serialize)]
struct Outcome<'a> {
    votes: BTreeMap<u32, Amount>,
    /// Power that each voter exercised, own and given.
    exercised: BTreeMap<&'a str, Amount>,
    unrepresented: Amount,
    circular: Amount,
    decayed: Amount,
    /// Ballots that do not count: their places, from 0, and why.
    refused: Vec<(usize, Refusal)>,
}

/// Decides a case.
pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    let names: Vec<&str> = case.powers.keys().map(String::as_str).collect();
    let numbers: BTreeMap<&str, u32> = names.iter().copied().zip(0..).collect();
    let mut problems = Vec::new();
    let mut number = |place: &str, name: &str| {
        let found = numbers.get(name).copied();
        if found.is_none() {
            problems.push(format!("`{place}` is `{name}`, who has no entry in `powers`"));
        }
        found.unwrap_or_default()
    };
    let mut topics: BTreeMap<&str, u32> = BTreeMap::new();
    let mut delegations = Vec::with_capacity(case.delegations.len());
    for (place, given) in case.delegations.iter().enumerate() {
        let (from, to) = (
            number(&format!("delegations[{place}].from"), &given.from),
            number(&format!("delegations[{place}].to"), &given.to),
        );
        let topic = given.topic.as_deref().map(|name| {
            let next = topics.len() as u32;
            *topics.entry(name).or_insert(next)
        });
        delegations.push(Delegation { from, to, parts: given.parts, topic, expires: given.expires });
    }
    let voters: Vec<u32> = case
        .ballots
        .iter()
        .enumerate()
        .map(|(place, ballot)| number(&format!("ballots[{place}].member"), &ballot.member))
        .collect();
    check(&case, &mut problems);
    let graph = if problems.is_empty() {
        // A topic that no delegation is for leaves the general ones.
        let topic = case.topic.as_deref().map(|name| topics.get(name).copied().unwrap_or(u32::MAX));
        Graph::new(names.len(), &delegations, topic, case.now).map_err(|over| {
            over.iter()
                .map(|&member| format!("`{}` gives more than {WHOLE} parts", names[member as usize]))
                .collect()
        })
    } else {
        Err(problems)
    };
    let graph = graph.map_err(|problems: Vec<String>| Error::Case {
        problems: problems.iter().map(|problem| format!("case of rule `{rule}`: {problem}")).collect(),
    })?;
    let powers: Vec<u128> = case.powers.values().map(|power| power.0).collect();
    let keep = case.keep.map_or(Keep::ALL, |(numerator, denominator)| Keep { numerator, denominator });
    let mut outcome = Outcome {
        votes: case.ballots.iter().map(|ballot| (ballot.choice, Amount::ZERO)).collect(),
        exercised: BTreeMap::new(),
        unrepresented: Amount::ZERO,
        circular: Amount::ZERO,
        decayed: Amount::ZERO,
        refused: Vec::new(),
    };
    let ballots = || case.ballots.iter().zip(&voters).enumerate();
    if case.mode == Mode::Transitive {
        let mut votes = vec![false; names.len()];
        for (place, (_, &voter)) in ballots() {
            if std::mem::replace(&mut votes[voter as usize], true) {
                outcome.refused.push((place, Refusal::AlreadyCast));
            }
        }
        let flow = graph.transitive(&powers, &votes, keep);
        for (_, (ballot, &voter)) in ballots() {
            if std::mem::replace(&mut votes[voter as usize], false) {
                let reached = flow.reached[voter as usize];
                outcome.exercised.insert(names[voter as usize], Amount(reached));
                outcome.votes.entry(ballot.choice).or_default().0 += reached;
            }
        }
        outcome.unrepresented = Amount(flow.unrepresented);
        outcome.circular = Amount(flow.circular);
        outcome.decayed = Amount(flow.decayed);
    } else {
        let choices = case.ballots.iter().map(|ballot| ballot.choice as usize + 1).max().unwrap_or_default();
        let own = case.undelegated.unwrap_or(Undelegated::None) == Undelegated::Own;
        let mut count = Overridable::new(&graph, &powers, choices, keep, own);
        let mut own_votes = BTreeMap::new();
        let mut given_votes = Vec::new();
        for (place, (ballot, &voter)) in ballots() {
            let done = if ballot.taken_back {
                count.cast_override(voter, ballot.choice).map(|power| {
                    own_votes.insert(voter, power);
                })
            } else {
                count.cast(voter, ballot.choice).map(|_| given_votes.push(voter))
            };
            outcome.refused.extend(done.err().map(|refusal| (place, refusal)));
        }
        // Weights after all overrides: those cast before them have shrunk since.
        for voter in given_votes {
            outcome.exercised.insert(names[voter as usize], Amount(count.weight(voter)));
        }
        for (voter, power) in own_votes {
            outcome.exercised.entry(names[voter as usize]).or_default().0 += power;
        }
        for (&choice, votes) in &mut outcome.votes {
            *votes = Amount(count.votes()[choice as usize]);
        }
        let voted: u128 = count.votes().iter().sum();
        outcome.decayed = Amount(count.decayed());
        outcome.unrepresented = Amount(powers.iter().sum::<u128>() - voted - count.decayed());
    }
    write_outcome(rule, &outcome)
}

/// What no case can have.
fn check(case: &Case, problems: &mut Vec<String>) {
    let sum = case.powers.values().try_fold(Amount::ZERO, |sum, &power| sum.checked_add(power));
    if sum.is_none() {
        problems.push("`powers` add up to 2^128 or more".to_owned());
    }
    if let Some((numerator, denominator)) = case.keep
        && (denominator == 0 || numerator > denominator)
    {
        problems.push(format!("`keep` is {numerator} / {denominator}; a hop keeps a share from 0 to 1"));
    }
    if case.mode == Mode::Transitive && case.undelegated.is_some() {
        problems.push(
            "`undelegated` is for mode `single_hop`; who votes in mode `transitive` has its own".to_owned(),
        );
    }
    for (place, given) in case.delegations.iter().enumerate() {
        if !(1..=WHOLE).contains(&given.parts) {
            problems.push(format!("`delegations[{place}].parts` is {}; it is 1 to {WHOLE}", given.parts));
        }
    }
    for (place, ballot) in case.ballots.iter().enumerate() {
        if ballot.choice >= MOST_CHOICES {
            problems.push(format!(
                "`ballots[{place}].choice` is {}; choices are below {MOST_CHOICES}",
                ballot.choice
            ));
        }
        if ballot.taken_back && case.mode == Mode::Transitive {
            problems.push(format!(
                "`ballots[{place}].override`: in mode `transitive` every vote takes the power back; leave it out"
            ));
        }
    }
}
