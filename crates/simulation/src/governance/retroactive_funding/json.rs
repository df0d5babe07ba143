//! Cases of the rule as JSON: ballots and a pot.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Fate, Minimum, Scoring, Settings, allocate};
use crate::governance::{read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "scoring": "median", "quorum": 2, "minimum": {"score": 1500}, "pot": 100000,
    "ballots": {
        "ann": {"client": 2000, "docs": 4000},
        "bob": {"client": 3000, "docs": 5000, "memes": 6000}
    }}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    scoring: Scoring,
    quorum: usize,
    minimum: Minimum,
    pot: f64,
    /// What a ballot may give away in all.
    ballot_limit: Option<f64>,
    /// What a ballot may give to one project.
    vote_limit: Option<f64>,
    ballots: BTreeMap<String, BTreeMap<String, f64>>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    projects: BTreeMap<String, Fate>,
}

fn problems(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    if !(case.pot > 0.0 && case.pot.is_finite()) {
        problems.push(format!("`pot` is {}; it must be above 0", case.pot));
    }
    let (Minimum::Score(least) | Minimum::Payment(least)) = case.minimum;
    if !(least >= 0.0 && least.is_finite()) {
        problems.push(format!("`minimum` is {least}; it must be 0 or more"));
    }
    for (what, limit) in [("ballot_limit", case.ballot_limit), ("vote_limit", case.vote_limit)] {
        if let Some(limit) = limit
            && !(limit > 0.0 && limit.is_finite())
        {
            problems.push(format!("`{what}` is {limit}; it must be above 0"));
        }
    }
    for (voter, ballot) in &case.ballots {
        for (project, &amount) in ballot {
            if !(amount >= 0.0 && amount.is_finite()) {
                problems.push(format!("`ballots.{voter}.{project}` is {amount}; it must be 0 or more"));
            } else if case.vote_limit.is_some_and(|limit| amount > limit) {
                problems.push(format!("`ballots.{voter}.{project}` is {amount}, above the `vote_limit`"));
            }
        }
        let all: f64 = ballot.values().sum();
        if case.ballot_limit.is_some_and(|limit| all > limit) {
            problems.push(format!("`ballots.{voter}` gives {all} away, above the `ballot_limit`"));
        }
    }
    problems
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    Error::refuse(rule, problems(&case))?;
    let projects: BTreeSet<&String> = case.ballots.values().flat_map(BTreeMap::keys).collect();
    let mut votes: Vec<Vec<f64>> = projects
        .iter()
        .map(|project| case.ballots.values().filter_map(|ballot| ballot.get(*project).copied()).collect())
        .collect();
    let Case { scoring, quorum, minimum, pot, .. } = case;
    let fates = allocate(&mut votes, Settings { scoring, quorum, minimum, pot });
    let projects = projects.into_iter().cloned().zip(fates).collect();
    write_outcome(rule, &Outcome { projects })
}
