//! Cases in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ballot, Level, Poll, Refusal, Track};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    period: u64,
    most_votes: usize,
    issuance: Amount,
    balances: Powers,
    polls: u32,
    events: Vec<Event>,
    at: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    block: u64,
    member: Option<String>,
    vote: Option<Vote>,
    remove: Option<Remove>,
    delegate: Option<Delegate>,
    #[serde(default)]
    undelegate: bool,
    #[serde(default)]
    unlock: bool,
    complete: Option<Complete>,
    cancel: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vote {
    poll: u32,
    standard: Option<Standard>,
    split: Option<Split>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standard {
    aye: bool,
    conviction: u8,
    balance: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Split {
    aye: Amount,
    nay: Amount,
    #[serde(default)]
    abstain: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    poll: u32,
    #[serde(default)]
    by_other: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delegate {
    to: String,
    conviction: u8,
    balance: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Complete {
    poll: u32,
    approved: bool,
}

#[derive(Debug, Serialize)]
struct Outcome<'a> {
    polls: Vec<Standing>,
    locked: BTreeMap<&'a str, Amount>,
    /// Events that the pallet refuses: their places, from 0, and why.
    refused: Vec<(usize, Refusal)>,
}

#[derive(Debug, Serialize)]
struct Standing {
    state: &'static str,
    ayes: Amount,
    nays: Amount,
    support: Amount,
    approval_billionths: u32,
    support_billionths: u32,
}

/// What an event does, with members and polls as numbers.
enum Step {
    Vote(u32, u32, Ballot),
    Remove(u32, Remove),
    Delegate(u32, u32, Level, u128),
    Undelegate(u32),
    Unlock(u32),
    Close(u32, Poll),
}

/// Decides a case.
pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let mut case: Case = read_case(rule, case)?;
    let members: BTreeMap<String, u32> = case.balances.keys().cloned().zip(0..).collect();
    let mut problems = Vec::new();
    let sum = case.balances.values().try_fold(Amount::ZERO, |sum, &balance| sum.checked_add(balance));
    if sum.is_none_or(|sum| sum > case.issuance) {
        problems.push(format!("`balances` add up to more than `issuance`, which is {}", case.issuance));
    }
    if case.polls > 10_000 {
        problems.push(format!("`polls` is {}; a case has 10000 at most", case.polls));
    }
    let mut steps = Vec::new();
    let mut last = 0;
    for (place, event) in std::mem::take(&mut case.events).into_iter().enumerate() {
        if event.block < last || event.block > case.at {
            problems.push(format!(
                "`events[{place}].block` is {}; blocks go upwards, from {last} to {}, where the case ends",
                event.block, case.at
            ));
        }
        last = last.max(event.block);
        let block = event.block;
        match step(event, &members, case.polls) {
            Ok(step) => steps.push((block, step)),
            Err(problem) => problems.push(format!("`events[{place}]`: {problem}")),
        }
    }
    if !problems.is_empty() {
        let problems = problems.iter().map(|problem| format!("case of rule `{rule}`: {problem}")).collect();
        return Err(Error::Case { problems });
    }
    let balances: Vec<u128> = case.balances.values().map(|balance| balance.0).collect();
    let mut track = Track::new(case.period, case.most_votes, &balances);
    for _ in 0..case.polls {
        track.open();
    }
    let mut refused = Vec::new();
    for (place, (block, step)) in steps.into_iter().enumerate() {
        let done = track.advance(block).and_then(|()| match step {
            Step::Vote(member, poll, ballot) => track.vote(member, poll, ballot),
            Step::Remove(member, Remove { poll, by_other }) => track.remove(member, poll, by_other),
            Step::Delegate(member, to, conviction, balance) => {
                track.delegate(member, to, conviction, balance)
            }
            Step::Undelegate(member) => track.undelegate(member),
            Step::Unlock(member) => {
                track.unlock(member);
                Ok(())
            }
            Step::Close(poll, Poll::Completed(_, approved)) => {
                track.close(poll, Poll::Completed(block, approved))
            }
            Step::Close(poll, to) => track.close(poll, to),
        });
        refused.extend(done.err().map(|refusal| (place, refusal)));
    }
    let standing = |poll| {
        let (state, tally) = track.poll(poll);
        Standing {
            state: match state {
                Poll::Ongoing => "ongoing",
                Poll::Completed(_, true) => "approved",
                Poll::Completed(_, false) => "rejected",
                Poll::Cancelled => "cancelled",
            },
            ayes: Amount(tally.ayes),
            nays: Amount(tally.nays),
            support: Amount(tally.support),
            approval_billionths: tally.approval(),
            support_billionths: tally.share(case.issuance.0),
        }
    };
    let outcome = Outcome {
        polls: (0..case.polls).map(standing).collect(),
        locked: members.iter().map(|(name, &member)| (name.as_str(), Amount(track.locked(member)))).collect(),
        refused,
    };
    write_outcome(rule, &outcome)
}

/// The one thing that an event does.
fn step(event: Event, members: &BTreeMap<String, u32>, polls: u32) -> std::result::Result<Step, String> {
    let member =
        |name: &str| members.get(name).copied().ok_or_else(|| format!("`{name}` has no entry in `balances`"));
    let own = || member(event.member.as_deref().ok_or("it has no `member`")?);
    let poll = |poll: u32| {
        if poll < polls { Ok(poll) } else { Err(format!("poll {poll}; there are {polls}, from 0")) }
    };
    let level = |level: u8| Level::new(level).ok_or_else(|| format!("`conviction` is {level}; it is 0 to 6"));
    let mut steps = Vec::new();
    if let Some(vote) = event.vote {
        let ballot = match (vote.standard, vote.split) {
            (Some(Standard { aye, conviction, balance }), None) => {
                Ballot::Standard { aye, conviction: level(conviction)?, balance: balance.0 }
            }
            (None, Some(Split { aye, nay, abstain })) => {
                Ballot::Split { aye: aye.0, nay: nay.0, abstain: abstain.0 }
            }
            _ => return Err("a `vote` is `standard` or `split`, one of them".to_owned()),
        };
        steps.push(Step::Vote(own()?, poll(vote.poll)?, ballot));
    }
    if let Some(remove) = event.remove {
        poll(remove.poll)?;
        steps.push(Step::Remove(own()?, remove));
    }
    if let Some(Delegate { to, conviction, balance }) = event.delegate {
        steps.push(Step::Delegate(own()?, member(&to)?, level(conviction)?, balance.0));
    }
    if event.undelegate {
        steps.push(Step::Undelegate(own()?));
    }
    if event.unlock {
        steps.push(Step::Unlock(own()?));
    }
    if let Some(Complete { poll: number, approved }) = event.complete {
        steps.push(Step::Close(poll(number)?, Poll::Completed(event.block, approved)));
    }
    if let Some(number) = event.cancel {
        steps.push(Step::Close(poll(number)?, Poll::Cancelled));
    }
    let found = steps.len();
    steps.pop().filter(|_| found == 1).ok_or_else(|| {
        format!(
            "it does {found} things; an event does one of `vote`, `remove`, `delegate`, `undelegate`, `unlock`, \
            `complete`, `cancel`"
        )
    })
}
