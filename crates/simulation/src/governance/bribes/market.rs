//! Rewards that are paid pro rata, and where votes go for them.

use super::WHOLE_FEE;
use crate::governance::Amount;

/// What is offered for votes on a choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// What is shared by all votes on the choice.
    pub reward: f64,
    /// Votes that are there whatever is paid.
    pub fixed: f64,
    /// What the choice itself is worth to a mobile voter, a vote.
    pub interest: f64,
}

/// A reward less its fee in millionths, and what each of these powers gets of it; rounded down.
pub fn shares(reward: Amount, fee_millionths: u128, powers: &[Amount]) -> (Amount, Vec<Amount>) {
    let fee = reward.times(fee_millionths, WHOLE_FEE).unwrap_or_default();
    let net = Amount(reward.0.saturating_sub(fee.0));
    let all = powers.iter().fold(0_u128, |all, power| all.saturating_add(power.0));
    let part =
        |power: &Amount| if all == 0 { Amount::ZERO } else { net.times(power.0, all).unwrap_or_default() };
    (fee, powers.iter().map(part).collect())
}

/// Mobile votes on a choice where a vote must pay this price.
fn attracted(offer: &Offer, price: f64) -> f64 {
    let paid = price - offer.interest;
    if paid <= 0.0 { f64::INFINITY } else { (offer.reward / paid - offer.fixed).max(0.0) }
}

/// The price a vote at which all mobile votes have gone somewhere, by bisection to the last bit: the sum of attracted
/// votes falls in the price.
fn clearing(offers: &[Offer], mobile: f64) -> f64 {
    let all = |price: f64| offers.iter().map(|offer| attracted(offer, price)).sum::<f64>();
    let most = offers.iter().map(|offer| offer.interest).fold(f64::NEG_INFINITY, f64::max);
    let rewards: f64 = offers.iter().map(|offer| offer.reward).sum();
    // At the greatest interest plus all rewards a mobile vote, no more than the mobile votes are attracted.
    let (mut low, mut high) = (most, most + rewards / mobile);
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if all(middle) > mobile {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Where mobile votes go, an entry an offer, and the price of a vote that they all then get (interest included). Votes
/// that no reward holds go to the choices of the greatest interest, in equal parts; there must be an offer and the
/// mobile votes be above zero. O(offers).
pub fn equilibrium(offers: &[Offer], mobile: f64) -> (Vec<f64>, f64) {
    let price = clearing(offers, mobile);
    let mut votes: Vec<f64> = offers
        .iter()
        .map(|offer| attracted(offer, price))
        .map(|votes| if votes.is_finite() { votes } else { 0.0 })
        .collect();
    let rest = mobile - votes.iter().sum::<f64>();
    // What is left by rounding, or by offers that pay nothing, goes where the interest is greatest.
    let best = offers.iter().map(|offer| offer.interest).fold(f64::NEG_INFINITY, f64::max);
    let places: Vec<usize> = (0..offers.len()).filter(|&place| offers[place].interest == best).collect();
    if rest > mobile * 1e-9 {
        for &place in &places {
            votes[place] += rest / places.len() as f64;
        }
    }
    (votes, price)
}

/// The reward that brings this many mobile votes to a choice, given what others offer: the price a vote is that at which
/// the rest of the mobile votes are content elsewhere. None where it takes all mobile votes or more, as no reward then
/// sets the price.
pub fn reward_to_attract(others: &[Offer], mobile: f64, own: Offer, wanted: f64) -> Option<f64> {
    if wanted >= mobile {
        return None;
    }
    let price = if others.is_empty() { own.interest } else { clearing(others, mobile - wanted) };
    Some(((price - own.interest) * (own.fixed + wanted)).max(0.0))
}
