//! What Snapshot's voting types share: how their ballots are read, and what an outcome says.
//!
//! Power there is a double of JavaScript, and so it is here: every sum and quotient is taken in the package's order, so
//! that scores are equal to the bit. Choices are numbered from 1.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read_case;
use crate::{Error, Result};

/// Where not to use any of the types.
pub(super) const LIMITS: &str = "Power is a double: sums of many powers round, and scores depend on the order of \
    ballots in their last bits; take a rule of exact amounts for what runs on a chain. Scores by strategy are left out. \
    The package turns texts and truth values that stand for a number into one; here they spoil a ballot.";

/// Choices that a proposal has at most.
const MOST_CHOICES: u32 = 1_000;

/// Power of a ballot at most: sums and squares of such powers stay finite.
const MOST_POWER: f64 = 1e100;

/// A case of any of the types.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    choices: u32,
    ballots: Vec<Ballot>,
    #[serde(default)]
    partial: bool,
}

/// One ballot; its choice is read by the rule, which leaves out what it cannot read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ballot {
    pub(super) choice: Value,
    pub(super) power: f64,
}

/// A round of an instant run-off: who still stood, from the highest score down.
pub type Round = Vec<(u32, f64)>;

/// What a rule found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Outcome {
    /// By choice.
    pub(super) scores: Vec<f64>,
    /// What quorums are compared with.
    pub(super) scores_total: f64,
    /// Ballots that count.
    valid: usize,
    /// Places in the list of the ballots that do not, from 0.
    invalid: Vec<usize>,
    /// Choices from the highest score down; equal ones by number.
    pub(super) order: Vec<u32>,
    /// The choice whose score is above all others'.
    winner: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rounds: Vec<Round>,
}

/// A voting type as ballots in JSON see it.
pub(super) trait Type {
    /// Takes a ballot; whether it is valid.
    fn cast(&mut self, choice: &Value, power: f64) -> bool;

    /// Fills in scores, their total, and the order where it is not that of the scores.
    fn fill(&self, outcome: &mut Outcome);
}

/// Decides a case by a type that is made of the number of choices and of whether rankings may be partial.
pub(super) fn decide<T: Type>(rule: &str, case: &Value, make: impl FnOnce(u32, bool) -> T) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    let mut problems = Vec::new();
    if !(1..=MOST_CHOICES).contains(&case.choices) {
        let found = case.choices;
        problems.push(format!(
            "case of rule `{rule}`: `choices` is {found}; a proposal has 1 to {MOST_CHOICES} choices"
        ));
    }
    if case.partial && rule != super::snapshot_ranked::NAME {
        problems.push(format!(
            "case of rule `{rule}`: `partial` is for `{}` alone",
            super::snapshot_ranked::NAME
        ));
    }
    for (place, ballot) in case.ballots.iter().enumerate() {
        if !(0.0..=MOST_POWER).contains(&ballot.power) {
            let found = ballot.power;
            problems.push(format!(
                "case of rule `{rule}`: `ballots[{place}].power` is {found}; a power is from 0 to {MOST_POWER:e}"
            ));
        }
    }
    if !problems.is_empty() {
        return Err(Error::Case { problems });
    }
    let mut counted = make(case.choices, case.partial);
    let mut outcome = Outcome::default();
    for (place, ballot) in case.ballots.iter().enumerate() {
        if counted.cast(&ballot.choice, ballot.power) {
            outcome.valid += 1;
        } else {
            outcome.invalid.push(place);
        }
    }
    counted.fill(&mut outcome);
    if outcome.order.is_empty() {
        outcome.order = order(&outcome.scores);
    }
    outcome.winner = winner(&outcome.scores);
    super::write_outcome(rule, &outcome)
}

/// Choices from the highest score down; equal ones by number.
pub fn order(scores: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (1..).take(scores.len()).collect();
    let score = |choice: u32| scores.get(choice as usize - 1).copied().unwrap_or_default();
    order.sort_by(|&left, &right| score(right).total_cmp(&score(left)));
    order
}

/// The choice whose score is above zero and above all others'.
pub fn winner(scores: &[f64]) -> Option<u32> {
    let order = order(scores);
    let score = |place: usize| order.get(place).map_or(0.0, |&choice| scores[choice as usize - 1]);
    order.first().copied().filter(|_| score(0) > score(1) && score(0) > 0.0)
}

/// A choice by number; 0, which no proposal has, for what is none.
pub(super) fn one(choice: &Value) -> u32 {
    let number = choice.as_f64().filter(|_| choice.is_number()).unwrap_or_default();
    if (1.0..=f64::from(u32::MAX)).contains(&number) && number.fract() == 0.0 { number as u32 } else { 0 }
}

/// A list of choices by number; one that no rule takes for what is none.
pub(super) fn list(choice: &Value) -> Vec<u32> {
    choice.as_array().map_or_else(|| vec![0], |list| list.iter().map(one).collect())
}

/// Weights by choice in the order in which JavaScript sums them: whole-number keys upwards, then the others as they
/// stand. A key that only reads as a choice's number, like `01`, is worth its weight in the sum and for nothing else; it
/// has the choice [`STRAY`]. What no rule takes, for what is none.
pub(super) fn shares(choice: &Value, choices: u32) -> Vec<(u32, f64)> {
    let none = || vec![(0, 0.0)];
    let Some(map) = choice.as_object() else { return none() };
    let (mut plain, mut strays) = (Vec::with_capacity(map.len()), Vec::new());
    for (key, weight) in map {
        let Some(weight) = weight.as_f64().filter(|_| weight.is_number()) else { return none() };
        match key.parse::<u32>() {
            Ok(number) if number.to_string() == *key => plain.push((number, weight)),
            _ if stray(key).is_some_and(|number| (1..=choices).contains(&number)) => {
                strays.push((STRAY, weight));
            }
            _ => return none(),
        }
    }
    plain.sort_by_key(|&(number, _)| number);
    plain.append(&mut strays);
    plain
}

/// Stands for a key that is no choice's own spelling but reads as its number.
pub const STRAY: u32 = u32::MAX;

/// The choice that a decimal text reads as.
fn stray(key: &str) -> Option<u32> {
    let text = key.trim();
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number: f64 = if decimal { text.parse().ok()? } else { return None };
    Some(one(&Value::from(number)))
}

/// Whether weights by choice count: one at least above zero, none below, choices of the proposal, each once.
pub(super) fn valid_shares(shares: &[(u32, f64)], choices: usize) -> bool {
    let known = |&(choice, weight): &(u32, f64)| {
        (choice == STRAY || (1..=choices).contains(&(choice as usize))) && weight >= 0.0
    };
    let upwards = |pair: &[(u32, f64)]| pair[0].0 < pair[1].0 || pair[1].0 == STRAY;
    shares.iter().all(known)
        && shares.windows(2).all(upwards)
        && shares.iter().any(|&(_, weight)| weight > 0.0)
}

/// `part / whole`, and zero where that is not a number.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    let quotient = part / whole;
    if quotient.is_nan() { 0.0 } else { quotient }
}

/// The sum from zero upwards in order.
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    // `Iterator::sum` starts from minus zero.
    values.into_iter().fold(0.0, |sum, value| sum + value)
}
