//! Cases in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Controller, MOST_TYPES, Refusal};
use crate::governance::vote_escrow::{MAX_TIME, WEEK};
use crate::governance::{Amount, Wide, read_case, write_outcome};
use crate::{Error, Result};

/// Times are at most this: centuries from now, so that sums of times fit.
const MOST_TIME: u64 = 1 << 40;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    start: u64,
    types: Vec<Amount>,
    gauges: Vec<Kind>,
    voters: BTreeMap<String, Locked>,
    events: Vec<Event>,
    at: Vec<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    r#type: u32,
    #[serde(default)]
    weight: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Locked {
    amount: Amount,
    until: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Vote(Vote),
    TypeWeight(TypeWeight),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vote {
    at: u64,
    member: String,
    gauge: u32,
    part: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeWeight {
    at: u64,
    r#type: u32,
    weight: Amount,
}

#[derive(Debug, Serialize)]
struct Outcome<'a> {
    /// By time, then by gauge: of 10^18.
    shares: Vec<Vec<Amount>>,
    weights: Vec<Vec<Amount>>,
    total: Vec<Wide>,
    used: BTreeMap<&'a str, u64>,
    /// Events that the contract would revert: their places, from 0, and why.
    refused: Vec<(usize, Refusal)>,
}

/// Decides a case.
pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    let told = |problems: &[String]| Error::Case {
        problems: problems.iter().map(|problem| format!("case of rule `{rule}`: {problem}")).collect(),
    };
    let voters: BTreeMap<&str, u32> = case.voters.keys().map(String::as_str).zip(0..).collect();
    let problems = check(&case);
    if !problems.is_empty() {
        return Err(told(&problems));
    }
    let overflow = |_| told(&["weights leave 128 bits; take smaller ones".to_owned()]);
    let mut controller = Controller::new(voters.len(), case.start);
    for weight in &case.types {
        controller.add_type(weight.0, case.start).map_err(overflow)?;
    }
    for gauge in &case.gauges {
        controller.add_gauge(gauge.r#type, gauge.weight.0, case.start).map_err(overflow)?;
    }
    let mut refused = Vec::new();
    for (place, event) in case.events.iter().enumerate() {
        let done = match event {
            Event::Vote(Vote { at, member, gauge, part }) => {
                let lock = &case.voters[member];
                let slope = lock.amount.0 / u128::from(MAX_TIME);
                controller.vote(voters[member.as_str()], *gauge, *part, slope, lock.until / WEEK * WEEK, *at)
            }
            Event::TypeWeight(TypeWeight { at, r#type, weight }) => {
                controller.change_type_weight(*r#type, weight.0, *at)
            }
        };
        refused.extend(done.err().map(|refusal| (place, refusal)));
    }
    let (mut shares, mut weights, mut total) = (Vec::new(), Vec::new(), Vec::new());
    for &at in &case.at {
        // Weeks of the past keep what they had.
        controller.checkpoint(at.max(controller.now())).map_err(overflow)?;
        let gauges = 0..case.gauges.len() as u32;
        let share = |gauge| controller.share(gauge, at).map(Amount).map_err(overflow);
        shares.push(gauges.clone().map(share).collect::<Result<_>>()?);
        weights.push(gauges.map(|gauge| Amount(controller.weight(gauge, at))).collect());
        total.push(controller.total(at));
    }
    let used = voters.iter().map(|(&name, &voter)| (name, controller.used(voter))).collect();
    write_outcome(rule, &Outcome { shares, weights, total, used, refused })
}

/// What no case can have.
fn check(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    if case.types.len() > MOST_TYPES {
        problems.push(format!("`types` are {}; there are {MOST_TYPES} at most", case.types.len()));
    }
    let kind = |place: &str, kind: u32| {
        let types = case.types.len();
        (kind as usize >= types).then(|| format!("`{place}.type` is {kind}; there are {types} types, from 0"))
    };
    for (place, gauge) in case.gauges.iter().enumerate() {
        problems.extend(kind(&format!("gauges[{place}]"), gauge.r#type));
    }
    let mut last = case.start;
    let mut time = |place: &str, at: u64| {
        let wrong = at < last || at > MOST_TIME;
        let problem =
            wrong.then(|| format!("`{place}` is {at}; times go upwards, from {last} to {MOST_TIME}"));
        last = last.max(at);
        problem
    };
    if !(WEEK * 2..=MOST_TIME).contains(&case.start) {
        problems.push(format!(
            "`start` is {}; a controller starts from the third week of time, {}, to {MOST_TIME}",
            case.start,
            WEEK * 2
        ));
    }
    for (place, event) in case.events.iter().enumerate() {
        match event {
            Event::Vote(Vote { at, member, gauge, .. }) => {
                problems.extend(time(&format!("events[{place}].at"), *at));
                if !case.voters.contains_key(member) {
                    problems.push(format!(
                        "`events[{place}].member` is `{member}`, who has no entry in `voters`"
                    ));
                }
                if *gauge as usize >= case.gauges.len() {
                    let gauges = case.gauges.len();
                    problems.push(format!(
                        "`events[{place}].gauge` is {gauge}; there are {gauges} gauges, from 0"
                    ));
                }
            }
            Event::TypeWeight(change) => {
                problems.extend(time(&format!("events[{place}].at"), change.at));
                problems.extend(kind(&format!("events[{place}]"), change.r#type));
            }
        }
    }
    if let Some(at) = case.at.iter().find(|&&at| at > MOST_TIME) {
        problems.push(format!("`at` has the time {at}; times are seconds up to {MOST_TIME}"));
    }
    problems
}
