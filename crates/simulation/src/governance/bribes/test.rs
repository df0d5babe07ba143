use super::auction::{Terms, hold};
use super::*;
use crate::governance::Amount;

fn offer(reward: f64, fixed: f64, interest: f64) -> Offer {
    Offer { reward, fixed, interest }
}

fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn payments_never_exceed_the_reward() {
    let mut draw = draws(5);
    for _ in 0..500 {
        let reward = Amount(u128::from(draw(1 << 30)));
        let powers: Vec<Amount> = (0..=draw(9)).map(|_| Amount(u128::from(draw(1_000)))).collect();
        let (fee, parts) = shares(reward, 40_000, &powers);
        let paid: u128 = parts.iter().map(|part| part.0).sum();
        let all: u128 = powers.iter().map(|power| power.0).sum();
        assert!(paid + fee.0 <= reward.0);
        assert!(all == 0 || reward.0 - fee.0 - paid < powers.len() as u128);
        assert_eq!(fee.0, reward.0 * 40_000 / 1_000_000);
    }
}

/// No mobile voter can gain by moving, all mobile votes are somewhere, and without fixed votes or interests the split is
/// that of the rewards.
#[test]
fn nobody_gains_by_moving() {
    let mut draw = draws(9);
    for _ in 0..300 {
        let offers: Vec<Offer> = (0..=draw(6))
            .map(|_| offer(draw(1_000) as f64, draw(200) as f64, draw(5) as f64 * 0.1))
            .collect();
        let mobile = draw(500) as f64 + 1.0;
        let (votes, price) = equilibrium(&offers, mobile);
        assert!((votes.iter().sum::<f64>() - mobile).abs() < 1e-6 * mobile, "{offers:?} {votes:?}");
        for (offer, &votes) in offers.iter().zip(&votes) {
            let here = if offer.fixed + votes > 0.0 { offer.reward / (offer.fixed + votes) } else { 0.0 };
            let here = here + offer.interest;
            assert!(here <= price * (1.0 + 1e-6) + 1e-9, "{offers:?} {price} {here}");
            if votes > mobile * 1e-6 {
                assert!((here - price).abs() <= 1e-6 * price + 1e-9, "{offers:?} {price} {here}");
            }
        }
    }
    let (votes, price) = equilibrium(&[offer(300.0, 0.0, 0.0), offer(100.0, 0.0, 0.0)], 40.0);
    assert!((votes[0] - 30.0).abs() < 1e-9 && (votes[1] - 10.0).abs() < 1e-9 && (price - 10.0).abs() < 1e-9);
}

#[test]
fn the_reward_that_attracts_does() {
    let mut draw = draws(13);
    for _ in 0..200 {
        let others: Vec<Offer> =
            (0..=draw(4)).map(|_| offer(draw(1_000) as f64 + 1.0, draw(100) as f64, 0.0)).collect();
        let (mobile, own) = (200.0, offer(0.0, draw(50) as f64, 0.0));
        let wanted = draw(150) as f64 + 1.0;
        let reward = reward_to_attract(&others, mobile, own, wanted).unwrap();
        let mut all = others.clone();
        all.push(Offer { reward, ..own });
        let (votes, _) = equilibrium(&all, mobile);
        let found = votes[others.len()];
        assert!((found - wanted).abs() < 1e-6 * mobile, "{others:?} {wanted} {found}");
    }
    assert_eq!(reward_to_attract(&[], 10.0, offer(0.0, 0.0, 0.0), 10.0), None);
}

#[test]
fn the_instant_price_ends_the_auction() {
    let terms = Terms { minimum: Amount(5), instant: Some(Amount(50)), fee_millionths: 100_000 };
    let sale =
        hold(terms, 3, &[(0, Amount(30)), (1, Amount(4)), (1, Amount(20)), (1, Amount(30)), (0, Amount(90))]);
    assert_eq!((sale.winner, sale.price, sale.instant, sale.fee), (Some(1), Amount(50), true, Amount(5)));
    assert_eq!(sale.taken, [false, false, true, true, false]);
    let tie = hold(Terms { instant: None, ..terms }, 2, &[(1, Amount(10)), (0, Amount(10))]);
    assert_eq!((tie.winner, tie.instant), (Some(1), false));
    assert_eq!(hold(terms, 1, &[(0, Amount(4))]).winner, None);
}

#[test]
fn what_passes_needs_is_the_least_that_passes() {
    for (in_favour, against, quorum) in [(0, 0, 0), (5, 5, 0), (5, 9, 20), (30, 9, 20), (5, 30, 20)] {
        let needed = needed_to_pass(Amount(in_favour), Amount(against), Amount(quorum)).0;
        let passes = |more: u128| in_favour + more > against && in_favour + more >= quorum;
        assert!(passes(needed) && (needed == 0 || !passes(needed - 1)), "{in_favour} {against} {quorum}");
    }
}

#[test]
fn ways_cost_what_they_say() {
    assert_eq!(Way::Buy { price: 2.0, resale: 0.9 }.cost(10.0).map(|(capital, _)| capital), Some(20.0));
    assert_eq!(Way::Borrow { price: 2.0, collateral: 0.0, fee: 0.0009 }.cost(10.0), Some((0.018, 0.018)));
    let pool = Way::Pool { tokens: 100.0, money: 100.0, fee: 0.0, resale: 0.0 };
    assert_eq!(pool.cost(50.0), Some((100.0, 100.0)));
    assert_eq!(pool.cost(100.0), None);
    let bribe = Way::Bribe { sellers: vec![(3.0, 10.0), (1.0, 5.0), (2.0, 5.0)] };
    assert_eq!(bribe.cost(10.0), Some((20.0, 20.0)));
    assert_eq!(bribe.cost(10.5), Some((31.5, 31.5)));
    assert_eq!(bribe.cost(21.0), None);
}
