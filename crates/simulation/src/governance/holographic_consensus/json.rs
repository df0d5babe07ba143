//! Cases of the rule as JSON: an organisation, and who does what when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Execution, MOST_STAKED, Machine, Parameters, Refusal, Rewards, State, Step};
use crate::governance::replay::{Names, Reverted, out_of_order};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "parameters": {"queued_vote_required_percentage": 50, "queued_vote_period": 2592000,
                   "boosted_vote_period": 345600, "pre_boosted_vote_period": 86400, "threshold_const": 1200,
                   "quiet_ending_period": 172800, "minimum_dao_bounty": 150, "dao_bounty_const": 10},
    "reputation": {"ann": "10", "bob": "20", "cleo": "70"},
    "events": [
        {"at": 0, "by": "ann", "do": {"propose": {}}},
        {"at": 10, "by": "dan", "do": {"stake": {"proposal": 0, "yes": true, "amount": "151"}}},
        {"at": 86410, "by": "dan", "do": {"execute": {"proposal": 0}}},
        {"at": 86500, "by": "ann", "do": {"vote": {"proposal": 0, "yes": true}}},
        {"at": 432010, "by": "dan", "do": {"execute_boosted": {"proposal": 0}}},
        {"at": 432020, "by": "dan", "do": {"redeem": {"proposal": 0}}}
    ]}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    parameters: Parameters,
    reputation: Powers,
    /// All reputation; the sum of `reputation` where it is left out.
    total_reputation: Option<Amount>,
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    at: u64,
    by: String,
    r#do: Act,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Propose {},
    Vote {
        proposal: u32,
        yes: bool,
        /// All of the voter's where it is left out.
        #[serde(default)]
        reputation: Amount,
    },
    Stake {
        proposal: u32,
        yes: bool,
        amount: Amount,
    },
    Execute {
        proposal: u32,
    },
    ExecuteBoosted {
        proposal: u32,
    },
    Redeem {
        proposal: u32,
        /// Whether the organisation itself redeems.
        #[serde(default)]
        organisation: bool,
    },
    RedeemBounty {
        proposal: u32,
        organisation_has: Amount,
    },
}

#[derive(Debug, Serialize)]
struct Outcome {
    boosted: u64,
    proposals: Vec<Decided>,
    paid: Vec<Paid>,
    ignored: Vec<usize>,
    reverted: Vec<Reverted>,
}

#[derive(Debug, Serialize)]
struct Decided {
    state: State,
    execution: Option<Execution>,
    passes: bool,
    votes_for: Amount,
    votes_against: Amount,
    stakes_for: Amount,
    stakes_against: Amount,
}

#[derive(Debug, Serialize)]
struct Paid {
    event: usize,
    #[serde(flatten)]
    rewards: Rewards,
}

fn problems(case: &Case) -> Vec<String> {
    let mut problems = case.parameters.problems();
    let sum = case.reputation.values().try_fold(Amount::ZERO, |sum, &power| sum.checked_add(power));
    match (sum, case.total_reputation) {
        (Some(sum), _) if sum.0 > MOST_STAKED => {
            problems.push(format!("`reputation` sums to {sum}, above 2^120"));
        }
        (None, _) => problems.push("`reputation` sums to more than 2^128".to_owned()),
        (Some(sum), Some(total)) if total < sum => {
            problems.push(format!("`total_reputation` is {total}, less than the {sum} that members have"));
        }
        (Some(Amount::ZERO), _) => problems.push("`reputation` is empty; nobody could vote".to_owned()),
        _ => {}
    }
    problems.extend(out_of_order(case.events.iter().map(|event| event.at)));
    problems
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    Error::refuse(rule, problems(&case))?;
    let total = case.total_reputation.unwrap_or(Amount(case.reputation.values().map(|power| power.0).sum()));
    let mut accounts = Names::default();
    let mut machine = Machine::new(case.parameters);
    let (mut paid, mut ignored, mut reverted) = (Vec::new(), Vec::new(), Vec::new());
    let reputation: BTreeMap<&str, Amount> =
        case.reputation.iter().map(|(name, &power)| (name.as_str(), power)).collect();
    for (place, event) in case.events.iter().enumerate() {
        let by = accounts.number(&event.by);
        let tokens = |amount: u128| Rewards { tokens: Amount(amount), ..Rewards::default() };
        let done: std::result::Result<(Step, Option<Rewards>), Refusal> = match event.r#do {
            Act::Propose {} => {
                machine.propose(event.at, by, total.0);
                Ok((Step::Taken, None))
            }
            Act::Vote { proposal, yes, reputation: with } => {
                let own = reputation.get(event.by.as_str()).copied().unwrap_or_default();
                machine.vote(event.at, proposal, by, yes, own.0, with.0).map(|step| (step, None))
            }
            Act::Stake { proposal, yes, amount } => {
                machine.stake(event.at, proposal, by, yes, amount.0).map(|step| (step, None))
            }
            Act::Execute { proposal } => machine.execute(event.at, proposal).map(|step| (step, None)),
            Act::ExecuteBoosted { proposal } => machine
                .execute_boosted(event.at, proposal)
                .map(|bounty| (Step::Decided, Some(tokens(bounty)))),
            Act::Redeem { proposal, organisation } => {
                machine.redeem(proposal, by, organisation).map(|rewards| (Step::Taken, Some(rewards)))
            }
            Act::RedeemBounty { proposal, organisation_has } => machine
                .redeem_bounty(proposal, by, organisation_has.0)
                .map(|bounty| (Step::Taken, Some(tokens(bounty)))),
        };
        match done {
            Ok((Step::Ignored, _)) => ignored.push(place),
            Ok((_, Some(rewards))) => paid.push(Paid { event: place, rewards }),
            Ok(_) => {}
            Err(refusal) => reverted.push(Reverted { event: place, reason: refusal.to_string() }),
        }
    }
    let proposals = machine
        .proposals()
        .iter()
        .map(|proposal| Decided {
            state: proposal.state(),
            execution: proposal.execution(),
            passes: proposal.winner(),
            votes_for: Amount(proposal.votes().yes),
            votes_against: Amount(proposal.votes().no),
            stakes_for: Amount(proposal.stakes().yes),
            stakes_against: Amount(proposal.stakes().no),
        })
        .collect();
    write_outcome(rule, &Outcome { boosted: machine.boosted(), proposals, paid, ignored, reverted })
}
