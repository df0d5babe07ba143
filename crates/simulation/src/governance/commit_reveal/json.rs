//! Cases of the rule as JSON: a poll, and who commits and reveals what.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Commitment, Poll, Settings, commitment};
use crate::governance::bribes::WHOLE_FEE;
use crate::governance::replay::{Names, Reverted, out_of_order};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "settings": {"commit_end": 100, "reveal_end": 200, "vote_quorum": 50, "penalty_millionths": 1000},
    "events": [
        {"at": 0, "by": "ann", "do": {"commit": {"choice": "1", "salt": "7", "tokens": "60"}}},
        {"at": 100, "by": "bob", "do": {"commit": {"choice": "0", "salt": "9", "tokens": "5000"}}},
        {"at": 101, "by": "ann", "do": {"reveal": {"choice": "1", "salt": "7"}}}
    ]}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: Settings,
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
    /// A hash, or the choice and salt that it is made of.
    Commit {
        hash: Option<String>,
        choice: Option<Amount>,
        salt: Option<Amount>,
        tokens: Amount,
    },
    Reveal {
        choice: Amount,
        salt: Amount,
    },
}

#[derive(Debug, Serialize)]
struct Outcome {
    passes: bool,
    r#for: Amount,
    against: Amount,
    committed: Amount,
    penalties: Powers,
    reverted: Vec<Reverted>,
}

/// 32 bytes of a text of 64 hexadecimal digits after `0x`.
fn hash(text: &str) -> Option<Commitment> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64 && digits.is_ascii())?;
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

fn hidden(act: &Act) -> Option<Commitment> {
    match act {
        Act::Commit { hash: Some(text), choice: None, salt: None, .. } => hash(text),
        Act::Commit { hash: None, choice: Some(choice), salt: Some(salt), .. } => {
            Some(commitment(choice.0, salt.0))
        }
        _ => None,
    }
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    let mut problems = out_of_order(case.events.iter().map(|event| event.at));
    let settings = case.settings;
    if settings.reveal_end <= settings.commit_end {
        problems.push(format!(
            "`settings.reveal_end` is {}; it must be after `commit_end`, {}",
            settings.reveal_end, settings.commit_end
        ));
    }
    if settings.vote_quorum > 100 {
        problems.push(format!(
            "`settings.vote_quorum` is {}; it is a percentage, from 0 to 100",
            settings.vote_quorum
        ));
    }
    if u128::from(settings.penalty_millionths) > WHOLE_FEE {
        problems.push(format!(
            "`settings.penalty_millionths` is {}; it must be from 0 to 1000000",
            settings.penalty_millionths
        ));
    }
    for (place, event) in case.events.iter().enumerate() {
        if matches!(event.r#do, Act::Commit { .. }) && hidden(&event.r#do).is_none() {
            problems.push(format!(
                "`events[{place}]` commits neither a `hash` of 0x and 64 hexadecimal digits nor a `choice` and a `salt`"
            ));
        }
    }
    Error::refuse(rule, problems)?;
    let mut voters = Names::default();
    let mut poll = Poll::new(settings);
    let mut reverted = Vec::new();
    for (place, event) in case.events.iter().enumerate() {
        let voter = voters.number(&event.by);
        let done = match &event.r#do {
            act @ Act::Commit { tokens, .. } => {
                poll.commit(event.at, voter, hidden(act).unwrap_or_default(), tokens.0)
            }
            Act::Reveal { choice, salt } => poll.reveal(event.at, voter, choice.0, salt.0),
        };
        if let Err(refusal) = done {
            reverted.push(Reverted { event: place, reason: refusal.to_string() });
        }
    }
    let (in_favour, against) = poll.revealed();
    let outcome = Outcome {
        passes: poll.passes(),
        r#for: Amount(in_favour),
        against: Amount(against),
        committed: Amount(poll.committed()),
        penalties: voters
            .all()
            .map(|(voter, name)| (name.to_owned(), Amount(poll.penalty(voter))))
            .filter(|(_, penalty)| *penalty > Amount::ZERO)
            .collect(),
        reverted,
    };
    write_outcome(rule, &outcome)
}
