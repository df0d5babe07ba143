//! Cases of the rules of a proposal's life: who has what power, and acts in the order of time.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lifecycle::{Moment, Revert};
use super::{Amount, Powers};
use crate::{Error, Result};

/// When an act happens.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// The governor's clock: a block's number, or seconds.
    pub(super) at: u64,
    /// Seconds of the timelock; the clock where it is absent.
    #[serde(default)]
    pub(super) second: Option<u64>,
}

impl When {
    /// The moment.
    pub(super) fn moment(self) -> Moment {
        Moment { clock: self.at, second: self.second.unwrap_or(self.at) }
    }
}

/// What came of an act, in a word: `done`, or why it reverts.
pub(super) fn came(result: std::result::Result<(), Revert>) -> String {
    match result {
        Ok(()) => "done".to_owned(),
        Err(revert) => format!("reverts: {revert}"),
    }
}

/// Problems of a case, collected before any is told.
#[derive(Debug)]
pub(super) struct Problems {
    rule: &'static str,
    found: Vec<String>,
}

impl Problems {
    /// None so far.
    pub(super) const fn of(rule: &'static str) -> Self {
        Self { rule, found: Vec::new() }
    }

    /// Notes a problem: the place, then what is wrong and what is allowed.
    pub(super) fn note(&mut self, place: &str, what: impl std::fmt::Display) {
        self.found.push(format!("case of rule `{}`: {place}: {what}", self.rule));
    }

    /// Notes a problem unless the condition holds.
    pub(super) fn check(&mut self, holds: bool, place: &str, what: impl std::fmt::Display) {
        if !holds {
            self.note(place, what);
        }
    }

    /// Reads a list item by item, so that every item that does not fit is told with its number.
    pub(super) fn read_each<T: DeserializeOwned>(&mut self, place: &str, items: &[Value]) -> Vec<T> {
        let mut read = Vec::with_capacity(items.len());
        for (number, item) in items.iter().enumerate() {
            match T::deserialize(item) {
                Ok(item) => read.push(item),
                Err(error) => self.note(&format!("{place} {number}"), error),
            }
        }
        read
    }

    /// Notes times that run backwards.
    pub(super) fn check_order(&mut self, made: Moment, moments: impl Iterator<Item = Moment>) {
        let mut last = made;
        for (number, moment) in moments.enumerate() {
            if moment.clock < last.clock || moment.second < last.second {
                self.note(
                    &format!("acts {number}"),
                    format_args!(
                        "is at clock {}, second {}, before what precedes it (clock {}, second {}): put acts in the order of time",
                        moment.clock, moment.second, last.clock, last.second
                    ),
                );
            }
            last = Moment { clock: last.clock.max(moment.clock), second: last.second.max(moment.second) };
        }
    }

    /// Notes seconds that run backwards.
    pub(super) fn check_seconds(&mut self, start: u64, seconds: impl Iterator<Item = u64>) {
        let mut last = start;
        for (number, second) in seconds.enumerate() {
            if second < last {
                self.note(
                    &format!("acts {number}"),
                    format_args!("is at {second}, before {last}: put acts in the order of time"),
                );
            }
            last = last.max(second);
        }
    }

    /// Fails where any was noted.
    ///
    /// # Errors
    /// All of them.
    pub(super) fn settle(self) -> Result<()> {
        if self.found.is_empty() { Ok(()) } else { Err(Error::Case { problems: self.found }) }
    }
}

/// Members by name, numbered in the order of their names.
#[derive(Debug)]
pub(super) struct Roll {
    numbers: BTreeMap<String, u32>,
    powers: Vec<Amount>,
}

impl Roll {
    /// The members of a case and their powers, whose sum has to fit into 128 bits.
    pub(super) fn new(powers: &Powers, problems: &mut Problems) -> Self {
        let sum = powers.values().try_fold(Amount::ZERO, |sum, power| sum.checked_add(*power));
        problems.check(sum.is_some(), "powers", "add up to more than 2^128 - 1");
        Self {
            numbers: powers.keys().zip(0..).map(|(name, number)| (name.clone(), number)).collect(),
            powers: powers.values().copied().collect(),
        }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.powers.len()
    }

    /// The sum of all powers; at most 2^128 - 1.
    pub(super) fn total(&self) -> Amount {
        Amount(self.powers.iter().fold(0, |sum, power| sum.saturating_add(power.0)))
    }

    /// A member's power.
    pub(super) fn power(&self, member: u32) -> Amount {
        self.powers.get(member as usize).copied().unwrap_or_default()
    }

    /// The member with this name, or its problem.
    pub(super) fn find(&self, name: &str, place: &str, problems: &mut Problems) -> u32 {
        self.numbers.get(name).copied().unwrap_or_else(|| {
            problems.note(
                place,
                format_args!("there is no member `{name}`: give it a power, `\"0\"` where it has none"),
            );
            0
        })
    }

    /// The number of a caller who need not be a member: members first, all others one number beyond.
    pub(super) fn caller(&self, name: &str) -> u32 {
        self.numbers.get(name).copied().unwrap_or(u32::MAX)
    }
}

/// What came of a proposal.
#[derive(Debug, Serialize)]
pub(super) struct Outcome<T: Serialize> {
    /// What came of each act, in order.
    pub(super) acts: Vec<String>,
    /// The power behind each answer.
    pub(super) tally: T,
    /// What the vote needs.
    pub(super) quorum: Amount,
    /// The last moment of the vote, in the governor's clock.
    pub(super) deadline: u64,
    /// When the timelock ends, once queued.
    pub(super) eta: Option<u64>,
}

/// An error of a case with one problem.
pub(super) fn refuse(rule: &str, place: &str, what: impl std::fmt::Display) -> Error {
    Error::Case { problems: vec![format!("case of rule `{rule}`: {place}: {what}")] }
}
