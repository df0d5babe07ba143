//! Cases in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Escrow, Refusal};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

/// Times are at most this: centuries from now, so that sums of times fit.
const MOST_TIME: u64 = 1 << 40;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    events: Vec<Event>,
    at: Vec<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    at: u64,
    member: String,
    create: Option<Create>,
    add: Option<Amount>,
    extend: Option<u64>,
    #[serde(default)]
    withdraw: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    amount: Amount,
    until: u64,
}

#[derive(Debug, Serialize)]
struct Outcome {
    /// At the times asked for.
    power: Vec<Powers>,
    total: Vec<Amount>,
    locked: BTreeMap<String, (Amount, u64)>,
    /// Events that the contract would revert: their places, from 0, and why.
    refused: Vec<(usize, Refusal)>,
}

/// Decides a case.
pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    let mut problems = Vec::new();
    let mut sum = Amount::ZERO;
    for (place, event) in case.events.iter().enumerate() {
        let things = [event.create.is_some(), event.add.is_some(), event.extend.is_some(), event.withdraw];
        let found = things.iter().filter(|&&thing| thing).count();
        if found != 1 {
            problems.push(format!(
                "`events[{place}]` does {found} things; an event does one of `create`, `add`, `extend`, `withdraw`"
            ));
        }
        let times = [Some(event.at), event.create.as_ref().map(|create| create.until), event.extend];
        if let Some(time) = times.into_iter().flatten().find(|&time| time > MOST_TIME) {
            problems
                .push(format!("`events[{place}]` has the time {time}; times are seconds up to {MOST_TIME}"));
        }
        let amount = event.create.as_ref().map(|create| create.amount).or(event.add).unwrap_or_default();
        match sum.checked_add(amount).filter(|sum| sum.0 < 1 << 126) {
            Some(next) => sum = next,
            None => problems.push(format!("`events[{place}]`: amounts add up to 2^126 or more")),
        }
    }
    if let Some(time) = case.at.iter().find(|&&time| time > MOST_TIME) {
        problems.push(format!("`at` has the time {time}; times are seconds up to {MOST_TIME}"));
    }
    if !problems.is_empty() {
        let problems = problems.iter().map(|problem| format!("case of rule `{rule}`: {problem}")).collect();
        return Err(Error::Case { problems });
    }
    let mut members: BTreeMap<&str, u32> = BTreeMap::new();
    for event in &case.events {
        let next = members.len() as u32;
        members.entry(&event.member).or_insert(next);
    }
    let mut escrow = Escrow::new(members.len());
    let mut refused = Vec::new();
    for (place, event) in case.events.iter().enumerate() {
        let (member, now) = (members[event.member.as_str()], event.at);
        let done = match (&event.create, event.add, event.extend) {
            (Some(Create { amount, until }), ..) => escrow.create(member, amount.0, *until, now),
            (_, Some(amount), _) => escrow.add(member, amount.0, now),
            (.., Some(until)) => escrow.extend(member, until, now),
            _ => escrow.withdraw(member, now).map(|_| ()),
        };
        refused.extend(done.err().map(|refusal| (place, refusal)));
    }
    let names = || members.iter().map(|(&name, &member)| (name.to_owned(), member));
    let outcome = Outcome {
        power: case
            .at
            .iter()
            .map(|&at| names().map(|(name, member)| (name, Amount(escrow.power(member, at)))).collect())
            .collect(),
        total: case.at.iter().map(|&at| Amount(escrow.total(at))).collect(),
        locked: names()
            .map(|(name, member)| {
                let lock = escrow.lock(member);
                (name, (Amount(lock.amount.unsigned_abs()), lock.end))
            })
            .collect(),
        refused,
    };
    write_outcome(rule, &outcome)
}
