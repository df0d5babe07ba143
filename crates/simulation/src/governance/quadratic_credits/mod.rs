//! Quadratic voting by credits: v votes on an option cost v^2 credits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Card, Family, Rule, read_case};
use crate::{Error, Result};

/// Votes of one ballot at most, for or against: their square stays below 2^64.
pub const MOST_VOTES: i64 = 1 << 31;

/// Options times members in a case, at most.
const MOST_HOLDINGS: usize = 10_000_000;

/// Votes bought with credits. A ballot costs the same however many there are; none is allocated for.
///
/// ```
/// use daotwin_simulation::governance::quadratic_credits::QuadraticCredits;
///
/// let mut count = QuadraticCredits::new(1, vec![100]);
/// assert!(count.cast(0, 0, 10));
/// assert!(!count.cast(0, 0, 11), "121 credits are not there");
/// assert!(count.cast(0, 0, -6), "the 100 come back first");
/// assert_eq!((count.net(0), count.left(0)), (-6, 64));
/// ```
#[derive(Debug, Clone)]
pub struct QuadraticCredits {
    options: usize,
    left: Vec<u64>,
    /// By member and option: votes held, below zero against.
    held: Vec<i64>,
    /// By option: votes for and against.
    sides: Vec<(u128, u128)>,
    spent: u128,
}

impl QuadraticCredits {
    /// Nothing cast yet: so many options, and credits by member.
    pub fn new(options: usize, credits: Vec<u64>) -> Self {
        Self {
            options,
            held: vec![0; options * credits.len()],
            left: credits,
            sides: vec![(0, 0); options],
            spent: 0,
        }
    }

    /// Sets a member's votes on an option, below zero for votes against, in place of those it had there; whether it
    /// could pay. The credits of what is replaced come back first. Members and options from 0; votes of more than
    /// [`MOST_VOTES`] nobody can pay.
    pub fn cast(&mut self, member: usize, option: usize, votes: i64) -> bool {
        if option >= self.options || member >= self.left.len() || votes.unsigned_abs() > MOST_VOTES as u64 {
            return false;
        }
        let held = &mut self.held[member * self.options + option];
        let (returned, cost) = (square(*held), square(votes));
        // In 128 bits: credits may fill 64.
        let Some(left) = (u128::from(self.left[member]) + u128::from(returned)).checked_sub(cost.into())
        else {
            return false;
        };
        let Ok(left) = u64::try_from(left) else { return false };
        let side = &mut self.sides[option];
        for (votes, sign) in [(*held, false), (votes, true)] {
            let side = if votes > 0 { &mut side.0 } else { &mut side.1 };
            let votes = u128::from(votes.unsigned_abs());
            *side = if sign { *side + votes } else { *side - votes };
        }
        self.spent = self.spent - u128::from(returned) + u128::from(cost);
        self.left[member] = left;
        *held = votes;
        true
    }

    /// Votes for an option less votes against it.
    pub fn net(&self, option: usize) -> i128 {
        let (favour, against) = self.sides[option];
        favour as i128 - against as i128
    }

    /// Votes for an option, and against it.
    pub fn sides(&self, option: usize) -> (u128, u128) {
        self.sides[option]
    }

    /// Credits that a member has left.
    pub fn left(&self, member: usize) -> u64 {
        self.left[member]
    }

    /// Credits spent by all.
    pub fn spent(&self) -> u128 {
        self.spent
    }

    /// The option whose net votes are above all others' and above zero.
    pub fn winner(&self) -> Option<usize> {
        let best = (0..self.options).max_by_key(|&option| self.net(option))?;
        let others = (0..self.options).filter(|&option| option != best);
        let clear = others.map(|option| self.net(option)).all(|net| net < self.net(best));
        (clear && self.net(best) > 0).then_some(best)
    }
}

/// What so many votes cost; votes are checked before.
const fn square(votes: i64) -> u64 {
    votes.unsigned_abs().pow(2)
}

/// The rule.
#[derive(Debug)]
pub struct Credits;

const NAME: &str = "quadratic-credits";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    options: usize,
    credits: BTreeMap<String, u64>,
    ballots: Vec<Ballot>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ballot {
    member: String,
    option: usize,
    votes: i64,
}

#[derive(Debug, Serialize)]
struct Outcome<'a> {
    net: Vec<i64>,
    votes_for: Vec<String>,
    votes_against: Vec<String>,
    left: BTreeMap<&'a str, u64>,
    spent: String,
    refused: Vec<usize>,
    winner: Option<usize>,
}

impl Rule for Credits {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Members buy votes with credits, v votes on an option for v^2 credits, so that strength of \
                preference counts and costs.",
            definition: "Votes are whole, below zero against. A ballot sets a member's votes on an option and replaces \
                those it had there: it counts where credits left + (votes held)^2 >= (new votes)^2, which then is what \
                is left; else it is left out. An option's net votes are the sum over members. The winner has more net \
                votes than every other and more than zero; one option alone passes where its net votes are above zero. \
                Options from 1.",
            source: "Lalley, Weyl: Quadratic Voting (AEA Papers and Proceedings 108, 2018), section 1: price v^2, sign of \
                the sum decides; replacement and the check of credits as MACI has them \
                (`privacy-scaling-explorations/maci`, circuit `messageValidator.circom`: balance + old^2 >= new^2; its \
                votes are never below zero)",
            limits: "Needs one account a person: who splits credits over n accounts has sqrt(n) times the votes. Buying \
                is exact in whole votes alone.",
            example: r#"{"options": 2, "credits": {"ann": 100, "bob": 25}, "ballots": [
                {"member": "ann", "option": 1, "votes": 8}, {"member": "bob", "option": 1, "votes": -5}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = Vec::new();
        let members = case.credits.len();
        if case.options == 0 || case.options.saturating_mul(members) > MOST_HOLDINGS {
            let found = case.options;
            problems.push(format!(
                "case of rule `{NAME}`: `options` is {found}; there is one at least, and options times members \
                ({members}) are {MOST_HOLDINGS} at most"
            ));
        }
        let members: BTreeMap<&str, usize> = case.credits.keys().map(String::as_str).zip(0..).collect();
        let mut ballots = Vec::with_capacity(case.ballots.len());
        for (place, ballot) in case.ballots.iter().enumerate() {
            let at = format!("case of rule `{NAME}`: `ballots[{place}]");
            let member = members.get(ballot.member.as_str());
            if member.is_none() {
                problems.push(format!("{at}.member` is `{}`, who has no entry in `credits`", ballot.member));
            }
            if !(1..=case.options).contains(&ballot.option) {
                problems.push(format!(
                    "{at}.option` is {}; options go from 1 to {}",
                    ballot.option, case.options
                ));
            }
            if ballot.votes.unsigned_abs() > MOST_VOTES as u64 {
                problems.push(format!(
                    "{at}.votes` is {}; a ballot has {MOST_VOTES} votes at most, for or against",
                    ballot.votes
                ));
            }
            ballots.extend(member.map(|&member| (member, ballot.option, ballot.votes)));
        }
        if !problems.is_empty() {
            return Err(Error::Case { problems });
        }
        let mut count = QuadraticCredits::new(case.options, case.credits.values().copied().collect());
        let mut refused = Vec::new();
        for (place, (member, option, votes)) in ballots.into_iter().enumerate() {
            if !count.cast(member, option - 1, votes) {
                refused.push(place);
            }
        }
        let sides = || (0..case.options).map(|option| count.sides(option));
        let outcome = Outcome {
            // Votes are below 2^31 and their number is that of ballots: 64 bits hold them.
            net: (0..case.options).map(|option| count.net(option) as i64).collect(),
            votes_for: sides().map(|(favour, _)| favour.to_string()).collect(),
            votes_against: sides().map(|(_, against)| against.to_string()).collect(),
            left: members.iter().map(|(&name, &member)| (name, count.left(member))).collect(),
            spent: count.spent().to_string(),
            refused,
            winner: count.winner().map(|option| option + 1),
        };
        super::write_outcome(NAME, &outcome)
    }
}

#[cfg(test)]
mod test;
