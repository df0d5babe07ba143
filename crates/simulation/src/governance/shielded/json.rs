//! Cases of the rule as JSON: ballots, keypers, and when one looks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ballots, Keypers, Seen, Settings, chance_of_break, chance_of_loss};
use crate::governance::replay::{Names, Reverted, out_of_order};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "settings": {"closes_at": 100, "keypers": 5, "threshold": 3}, "choices": ["yes", "no"],
    "ballots": [{"at": 1, "by": "ann", "choice": "yes", "power": "10"}, {"at": 99, "by": "bob", "choice": "no", "power": "4"}],
    "look_at": 50, "colluding": 2, "answering": 5}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: Settings,
    choices: Vec<String>,
    ballots: Vec<Ballot>,
    look_at: u64,
    #[serde(default)]
    colluding: u32,
    #[serde(default)]
    answering: u32,
    /// The chance that a keyper colludes.
    colludes: Option<f64>,
    /// The chance that a keyper does not answer.
    fails: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ballot {
    at: u64,
    by: String,
    choice: String,
    power: Amount,
}

#[derive(Debug, Serialize)]
struct View {
    ballots: u64,
    power: Amount,
    tally: Option<Powers>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    public: View,
    colluders: View,
    chance_of_break: Option<f64>,
    chance_of_loss: Option<f64>,
    reverted: Vec<Reverted>,
}

fn problems(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let Settings { keypers, threshold, .. } = case.settings;
    if keypers == 0 || keypers > 1_000 || threshold == 0 || threshold > keypers {
        problems.push(format!(
            "`settings`: {threshold} of {keypers} keypers; the threshold must be from 1 to the keypers, who are 1 to 1000"
        ));
    }
    for (what, number) in [("colluding", case.colluding), ("answering", case.answering)] {
        if number > keypers {
            problems.push(format!("`{what}` is {number}, more than the {keypers} keypers"));
        }
    }
    for (what, chance) in [("colludes", case.colludes), ("fails", case.fails)] {
        if let Some(chance) = chance
            && !(0.0..=1.0).contains(&chance)
        {
            problems.push(format!("`{what}` is {chance}; it is a chance, from 0 to 1"));
        }
    }
    if case.choices.is_empty() {
        problems.push("`choices` is empty".to_owned());
    }
    let order = out_of_order(case.ballots.iter().map(|ballot| ballot.at));
    problems.extend(
        order.iter().map(|problem| problem.replace("events", "ballots").replace("an event", "a ballot")),
    );
    problems
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    Error::refuse(rule, problems(&case))?;
    let mut voters = Names::default();
    let mut ballots = Ballots::new(case.settings, case.choices.len());
    let mut reverted = Vec::new();
    // What is seen at a time is what was cast by then.
    for (place, ballot) in case.ballots.iter().enumerate().filter(|(_, ballot)| ballot.at <= case.look_at) {
        let choice = case.choices.iter().position(|choice| *choice == ballot.choice);
        let choice = choice.map_or(u32::MAX, |choice| choice as u32);
        if !ballots.cast(ballot.at, voters.number(&ballot.by), choice, ballot.power) {
            reverted.push(Reverted {
                event: place,
                reason: "the vote is closed, or power leaves 128 bits".to_owned(),
            });
        }
    }
    let keypers = Keypers { colluding: case.colluding, answering: case.answering };
    let view = |seen: Seen| View {
        ballots: seen.ballots,
        power: seen.power,
        tally: seen.tally.map(|tally| case.choices.iter().cloned().zip(tally).collect::<BTreeMap<_, _>>()),
    };
    let outcome = Outcome {
        public: view(ballots.public(case.look_at, keypers)),
        colluders: view(ballots.colluders(case.look_at, keypers)),
        chance_of_break: case.colludes.map(|chance| chance_of_break(case.settings, chance)),
        chance_of_loss: case.fails.map(|chance| chance_of_loss(case.settings, chance)),
        reverted,
    };
    write_outcome(rule, &outcome)
}
