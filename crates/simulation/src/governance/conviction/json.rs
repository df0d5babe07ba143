//! Cases in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{D, Parameters, Pool, Refusal, State, blocks_to, max_conviction};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    decay: u64,
    max_ratio: u64,
    weight: u64,
    min_stake: Amount,
    supply: Amount,
    funds: Amount,
    balances: Powers,
    proposals: Vec<Amount>,
    events: Vec<Event>,
    at: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Stake(Change),
    Withdraw(Change),
    Execute(Step),
    Cancel(Step),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    block: u64,
    member: String,
    proposal: u32,
    amount: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    block: u64,
    proposal: u32,
}

#[derive(Debug, Serialize)]
struct Outcome {
    proposals: Vec<Standing>,
    staked: Amount,
    funds: Amount,
    /// Events that the contract would revert: their places, from 0, and why.
    refused: Vec<(usize, Refusal)>,
}

#[derive(Debug, Serialize)]
struct Standing {
    state: State,
    staked: Amount,
    conviction: Amount,
    max_conviction: Amount,
    /// None where it asks for too much, or for nothing.
    threshold: Option<String>,
    /// From `at` on, by the closed form; none where it is never reached.
    blocks_to_pass: Option<f64>,
}

/// Decides a case.
pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    let mut problems = check(&case);
    let members: BTreeMap<&str, u32> = case.balances.keys().map(String::as_str).zip(0..).collect();
    let known = |place: usize, proposal: u32, member: Option<&str>, problems: &mut Vec<String>| {
        if proposal as usize >= case.proposals.len() {
            problems.push(format!(
                "`events[{place}].proposal` is {proposal}; there are {} proposals, from 0",
                case.proposals.len()
            ));
        }
        if let Some(name) = member.filter(|name| !members.contains_key(name)) {
            problems.push(format!("`events[{place}].member` is `{name}`, who has no entry in `balances`"));
        }
    };
    for (place, event) in case.events.iter().enumerate() {
        let (Event::Stake(Change { block, .. })
        | Event::Withdraw(Change { block, .. })
        | Event::Execute(Step { block, .. })
        | Event::Cancel(Step { block, .. })) = event;
        if *block > case.at {
            problems.push(format!("`events[{place}].block` is {block}; the case ends `at` {}", case.at));
        }
        match event {
            Event::Stake(Change { member, proposal, .. })
            | Event::Withdraw(Change { member, proposal, .. }) => {
                known(place, *proposal, Some(member), &mut problems);
            }
            Event::Execute(step) | Event::Cancel(step) => known(place, step.proposal, None, &mut problems),
        }
    }
    if !problems.is_empty() {
        let problems = problems.iter().map(|problem| format!("case of rule `{rule}`: {problem}")).collect();
        return Err(Error::Case { problems });
    }
    let parameters = Parameters {
        decay: case.decay,
        max_ratio: case.max_ratio,
        weight: case.weight,
        min_stake: case.min_stake.0,
    };
    let balances = case.balances.values().map(|balance| balance.0).collect();
    let mut pool = Pool::new(parameters, case.supply.0, case.funds.0, balances);
    for requested in &case.proposals {
        pool.propose(requested.0);
    }
    let mut refused = Vec::new();
    for (place, event) in case.events.iter().enumerate() {
        let member = |name: &str| members.get(name).copied().unwrap_or_default();
        let done = match event {
            Event::Stake(Change { block, member: name, proposal, amount }) => {
                pool.stake(member(name), *proposal, amount.0, *block)
            }
            Event::Withdraw(Change { block, member: name, proposal, amount }) => {
                pool.withdraw(member(name), *proposal, amount.0, *block)
            }
            Event::Execute(Step { block, proposal }) => pool.execute(*proposal, *block),
            Event::Cancel(Step { block, proposal }) => pool.cancel(*proposal, *block),
        };
        refused.extend(done.err().map(|refusal| (place, refusal)));
    }
    let overflow = || Error::Case {
        problems: vec![format!(
            "case of rule `{rule}`: conviction at `at` leaves 256 bits; ask for smaller stakes"
        )],
    };
    let mut proposals = Vec::with_capacity(case.proposals.len());
    for (number, proposal) in (0..).zip(pool.proposals().iter().copied()) {
        let active = proposal.state == State::Active && proposal.block > 0;
        let conviction = match pool.conviction_at(number, case.at) {
            Ok(conviction) if active => conviction,
            Err(Refusal::Overflow) if active => return Err(overflow()),
            _ => proposal.conviction,
        };
        let threshold = if proposal.requested == 0 { None } else { pool.threshold_of(number).ok() };
        let alpha = case.decay as f64 / D as f64;
        let blocks_to_pass = threshold.filter(|_| active).and_then(|threshold| {
            blocks_to(alpha, threshold.to_f64(), conviction as f64, proposal.staked as f64)
        });
        proposals.push(Standing {
            state: proposal.state,
            staked: Amount(proposal.staked),
            conviction: Amount(conviction),
            max_conviction: Amount(max_conviction(case.decay, proposal.staked).ok_or_else(overflow)?),
            threshold: threshold.map(|threshold| threshold.to_string()),
            blocks_to_pass,
        });
    }
    let outcome = Outcome { proposals, staked: Amount(pool.staked()), funds: Amount(pool.funds()), refused };
    write_outcome(rule, &outcome)
}

/// What no pool can have.
fn check(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    if case.decay >= D {
        problems.push(format!("`decay` is {}; it is below {D}, which stands for 1", case.decay));
    }
    if case.max_ratio == 0 || case.max_ratio > D {
        problems.push(format!(
            "`max_ratio` is {}; it is above 0 and at most {D}, which stands for 1",
            case.max_ratio
        ));
    }
    if case.supply == Amount::ZERO {
        problems.push("`supply` is 0; there is a token to stake".to_owned());
    }
    let sum = case.balances.values().try_fold(Amount::ZERO, |sum, &balance| sum.checked_add(balance));
    if sum.is_none_or(|sum| sum > case.supply) {
        problems.push(format!("`balances` add up to more than `supply`, which is {}", case.supply));
    }
    problems
}
