//! Cases of the rule as JSON: one of a market, an equilibrium, an auction and a capture.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::auction::{Terms, hold};
use super::capture::{Way, needed_to_pass};
use super::market::{Offer, equilibrium, shares};
use super::{Capture, WHOLE_FEE};
use crate::governance::replay::Names;
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "market": {
        "rewards": {"gauge a": "1000000", "gauge b": "500000"}, "fee_millionths": 40000,
        "votes": [{"by": "ann", "for": "gauge a", "power": "300"}, {"by": "bob", "for": "gauge a", "power": "100"},
                  {"by": "bob", "for": "gauge b", "power": "50"}]
    }}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    market: Option<Market>,
    equilibrium: Option<Mobile>,
    auction: Option<Auction>,
    capture: Option<Target>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Market {
    rewards: Powers,
    #[serde(default)]
    fee_millionths: u64,
    votes: Vec<Vote>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vote {
    by: String,
    r#for: String,
    power: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mobile {
    mobile: f64,
    offers: BTreeMap<String, Offered>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Offered {
    reward: f64,
    #[serde(default)]
    fixed: f64,
    #[serde(default)]
    interest: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Auction {
    #[serde(default)]
    minimum: Amount,
    instant: Option<Amount>,
    #[serde(default)]
    fee_millionths: u64,
    delegators: Powers,
    bids: Vec<Bid>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bid {
    by: String,
    r#for: String,
    amount: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    #[serde(rename = "for")]
    in_favour: Amount,
    against: Amount,
    #[serde(default)]
    quorum: Amount,
    /// Units of power that one token or vote of `way` has.
    #[serde(default = "one")]
    unit: f64,
    way: Way,
    reward: f64,
    #[serde(default = "one")]
    probability: f64,
}

const fn one() -> f64 {
    1.0
}

#[derive(Debug, Serialize)]
struct Paid {
    paid: Powers,
    fees: Powers,
    left: Powers,
}

#[derive(Debug, Serialize)]
struct Settled {
    votes: BTreeMap<String, f64>,
    price: f64,
}

#[derive(Debug, Serialize)]
struct Sold {
    winner: Option<String>,
    power: Amount,
    price: Amount,
    instant: bool,
    fee: Amount,
    paid: Powers,
    returned: Powers,
}

#[derive(Debug, Serialize)]
struct Captured {
    needed: Amount,
    capture: Option<Capture>,
}

/// Notes an amount that is not a number from 0 on.
fn positive(problems: &mut Vec<String>, what: &str, value: f64) {
    if !(0.0..=1e30).contains(&value) {
        problems.push(format!("`{what}` is {value}; it must be from 0 to 10^30"));
    }
}

fn part(problems: &mut Vec<String>, what: &str, value: f64) {
    if !(0.0..=1.0).contains(&value) {
        problems.push(format!("`{what}` is {value}; it is a part, from 0 to 1"));
    }
}

fn fee(problems: &mut Vec<String>, what: &str, fee: u64) {
    if u128::from(fee) >= WHOLE_FEE / 2 {
        problems.push(format!("`{what}.fee_millionths` is {fee}; it must be below 500000, a half"));
    }
}

fn sums(problems: &mut Vec<String>, what: &str, mut amounts: impl Iterator<Item = Amount>) {
    if amounts.try_fold(Amount::ZERO, Amount::checked_add).is_none() {
        problems.push(format!("`{what}` sum to more than 2^128"));
    }
}

fn market(rule: &str, market: &Market) -> Result<Value> {
    let mut problems = Vec::new();
    fee(&mut problems, "market", market.fee_millionths);
    for (place, vote) in market.votes.iter().enumerate() {
        if !market.rewards.contains_key(&vote.r#for) {
            problems.push(format!(
                "`market.votes[{place}].for` is `{}`, which `rewards` does not list",
                vote.r#for
            ));
        }
    }
    sums(&mut problems, "market.votes", market.votes.iter().map(|vote| vote.power));
    sums(&mut problems, "market.rewards", market.rewards.values().copied());
    Error::refuse(rule, problems)?;
    let mut outcome = Paid { paid: Powers::new(), fees: Powers::new(), left: Powers::new() };
    for (choice, &reward) in &market.rewards {
        let voters: Vec<&Vote> = market.votes.iter().filter(|vote| vote.r#for == *choice).collect();
        let powers: Vec<Amount> = voters.iter().map(|vote| vote.power).collect();
        let (fee, parts) = shares(reward, market.fee_millionths.into(), &powers);
        let mut left = reward.0 - fee.0;
        for (vote, part) in voters.iter().zip(parts) {
            outcome.paid.entry(vote.by.clone()).or_default().0 += part.0;
            left -= part.0;
        }
        outcome.fees.insert(choice.clone(), fee);
        outcome.left.insert(choice.clone(), Amount(left));
    }
    write_outcome(rule, &outcome)
}

fn settle(rule: &str, case: &Mobile) -> Result<Value> {
    let mut problems = Vec::new();
    if !(case.mobile > 0.0 && case.mobile <= 1e30) {
        problems
            .push(format!("`equilibrium.mobile` is {}; it must be above 0 and at most 10^30", case.mobile));
    }
    if case.offers.is_empty() {
        problems.push("`equilibrium.offers` is empty; votes need somewhere to go".to_owned());
    }
    for (choice, offer) in &case.offers {
        positive(&mut problems, &format!("equilibrium.offers.{choice}.reward"), offer.reward);
        positive(&mut problems, &format!("equilibrium.offers.{choice}.fixed"), offer.fixed);
        positive(&mut problems, &format!("equilibrium.offers.{choice}.interest"), offer.interest);
    }
    Error::refuse(rule, problems)?;
    let offers: Vec<Offer> = case
        .offers
        .values()
        .map(|offer| Offer { reward: offer.reward, fixed: offer.fixed, interest: offer.interest })
        .collect();
    let (votes, price) = equilibrium(&offers, case.mobile);
    write_outcome(rule, &Settled { votes: case.offers.keys().cloned().zip(votes).collect(), price })
}

fn sell(rule: &str, case: &Auction) -> Result<Value> {
    let mut problems = Vec::new();
    fee(&mut problems, "auction", case.fee_millionths);
    sums(&mut problems, "auction.delegators", case.delegators.values().copied());
    sums(&mut problems, "auction.bids", case.bids.iter().map(|bid| bid.amount));
    if case.delegators.values().all(|&power| power == Amount::ZERO) {
        problems.push("`auction.delegators` have no power to sell".to_owned());
    }
    if case.instant == Some(Amount::ZERO) {
        problems.push("`auction.instant` is 0; leave it out where there is no instant price".to_owned());
    }
    Error::refuse(rule, problems)?;
    let mut options = Names::default();
    let bids: Vec<(u32, Amount)> =
        case.bids.iter().map(|bid| (options.number(&bid.r#for), bid.amount)).collect();
    let terms =
        Terms { minimum: case.minimum, instant: case.instant, fee_millionths: case.fee_millionths.into() };
    let sale = hold(terms, options.all().count(), &bids);
    let powers: Vec<Amount> = case.delegators.values().copied().collect();
    let (_, parts) = shares(Amount(sale.price.0 - sale.fee.0), 0, &powers);
    let mut returned = Powers::new();
    for (bid, &taken) in case.bids.iter().zip(&sale.taken) {
        if !taken {
            returned.entry(bid.by.clone()).or_default().0 += bid.amount.0;
        }
    }
    let name =
        |number: u32| options.all().find(|&(option, _)| option == number).map(|(_, name)| name.to_owned());
    let outcome = Sold {
        winner: sale.winner.and_then(name),
        power: Amount(powers.iter().map(|power| power.0).sum()),
        price: sale.price,
        instant: sale.instant,
        fee: sale.fee,
        paid: case.delegators.keys().cloned().zip(parts).filter(|(_, part)| *part > Amount::ZERO).collect(),
        returned,
    };
    write_outcome(rule, &outcome)
}

fn price(rule: &str, case: &Target) -> Result<Value> {
    let mut problems = Vec::new();
    positive(&mut problems, "capture.reward", case.reward);
    part(&mut problems, "capture.probability", case.probability);
    if !(case.unit > 0.0 && case.unit.is_finite()) {
        problems.push(format!("`capture.unit` is {}; it must be above 0", case.unit));
    }
    if case.against.0 == u128::MAX {
        problems.push("`capture.against` leaves no power above it".to_owned());
    }
    match &case.way {
        Way::Buy { price, resale } => {
            positive(&mut problems, "capture.way.buy.price", *price);
            part(&mut problems, "capture.way.buy.resale", *resale);
        }
        Way::Pool { tokens, money, fee, resale } => {
            positive(&mut problems, "capture.way.pool.tokens", *tokens);
            positive(&mut problems, "capture.way.pool.money", *money);
            part(&mut problems, "capture.way.pool.resale", *resale);
            if !(0.0..1.0).contains(fee) {
                problems.push(format!("`capture.way.pool.fee` is {fee}; it must be from 0 to below 1"));
            }
        }
        Way::Borrow { price, collateral, fee } => {
            positive(&mut problems, "capture.way.borrow.price", *price);
            positive(&mut problems, "capture.way.borrow.collateral", *collateral);
            positive(&mut problems, "capture.way.borrow.fee", *fee);
        }
        Way::Rent { price } => positive(&mut problems, "capture.way.rent.price", *price),
        Way::Bribe { sellers } => {
            for (place, &(price, power)) in sellers.iter().enumerate() {
                positive(&mut problems, &format!("capture.way.bribe.sellers[{place}][0]"), price);
                positive(&mut problems, &format!("capture.way.bribe.sellers[{place}][1]"), power);
            }
        }
    }
    Error::refuse(rule, problems)?;
    let needed = needed_to_pass(case.in_favour, case.against, case.quorum);
    let capture = case.way.capture(needed.0 as f64 / case.unit, case.reward, case.probability);
    write_outcome(rule, &Captured { needed, capture })
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    match read_case(rule, case)? {
        Case { market: Some(case), equilibrium: None, auction: None, capture: None } => market(rule, &case),
        Case { market: None, equilibrium: Some(case), auction: None, capture: None } => settle(rule, &case),
        Case { market: None, equilibrium: None, auction: Some(case), capture: None } => sell(rule, &case),
        Case { market: None, equilibrium: None, auction: None, capture: Some(case) } => price(rule, &case),
        _ => {
            let what = format!(
                "case of rule `{rule}`: exactly one of `market`, `equilibrium`, `auction` and `capture`"
            );
            Err(Error::Case { problems: vec![what] })
        }
    }
}
