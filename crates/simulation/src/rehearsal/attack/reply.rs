//! Best responses: the least with which an attacker passes, or fails, a proposal whose other ballots are known.

use daotwin_history::Side;

use crate::rehearsal::policy::{Policy, Tally};
use crate::scenario::Weighting;

/// A member as attackers see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Holder {
    /// In the smallest unit.
    pub(super) power: u128,
    /// Whether it votes, and so is counted among those against.
    pub(super) present: bool,
    /// Money a unit for which it sells its vote.
    pub(super) price: f64,
}

/// The least k for which the first k of these members, all for, pass a proposal against all others of `against`.
///
/// For tokens and members alike a member that comes first in power weighs no less, so that no other k pass where these
/// do not, but for ties of presence.
pub(super) fn cartel(policy: &Policy, against: &Tally, holders: &[Holder]) -> Option<usize> {
    let mut tally = *against;
    for (place, holder) in holders.iter().enumerate() {
        turn(policy, &mut tally, holder);
        if policy.passes(&tally) {
            return Some(place + 1);
        }
    }
    None
}

/// A member votes for, instead of against or not at all.
fn turn(policy: &Policy, tally: &mut Tally, holder: &Holder) {
    let weight = policy.weight(holder.power);
    if holder.present {
        remove(tally, Side::Against, holder.power, weight);
    }
    tally.add(Side::For, holder.power, weight);
}

fn remove(tally: &mut Tally, side: Side, power: u128, weight: u128) {
    tally.power[side as usize] -= power;
    tally.weight[side as usize] -= weight;
    tally.voters -= 1;
}

/// What a briber pays at least, cheapest votes first.
///
/// Who was bought early and is not needed with those bought last is left out, the dearest first: with one constraint that
/// binds the payment is above the least by less than one member's price (the bound of the linear relaxation: Dantzig
/// 1957).
pub(super) fn bribes(policy: &Policy, against: &Tally, holders: &[Holder]) -> Option<f64> {
    if policy.passes(against) {
        return Some(0.0);
    }
    let approval = policy.approval as f64 / 1e6;
    // By how much a bought ballot moves the majority, a unit of money: one that was against counts twice.
    let dear = |holder: &Holder| {
        let weight = policy.weight(holder.power) as f64;
        let moved = if holder.present { weight } else { weight * (1.0 - approval) };
        holder.price * holder.power as f64 / moved
    };
    let by = |order: &dyn Fn(&Holder) -> f64| -> Option<f64> {
        let mut ranked: Vec<&Holder> = holders.iter().filter(|holder| holder.power > 0).collect();
        ranked.sort_by(|left, right| order(left).total_cmp(&order(right)));
        let mut tally = *against;
        let mut bought: Vec<&Holder> = Vec::new();
        for holder in ranked {
            turn(policy, &mut tally, holder);
            bought.push(holder);
            if policy.passes(&tally) {
                break;
            }
        }
        if !policy.passes(&tally) {
            return None;
        }
        let pay = |holder: &Holder| holder.price * holder.power as f64;
        bought.sort_by(|left, right| pay(right).total_cmp(&pay(left)));
        let mut paid = 0.0;
        for holder in bought {
            let weight = policy.weight(holder.power);
            let mut without = tally;
            remove(&mut without, Side::For, holder.power, weight);
            if holder.present {
                without.add(Side::Against, holder.power, weight);
            }
            if policy.passes(&without) {
                tally = without;
            } else {
                paid += pay(holder);
            }
        }
        Some(paid)
    };
    // The majority may bind, or a quorum of tokens; few large members or many small ones may overshoot less.
    let orders: [&dyn Fn(&Holder) -> f64; 4] =
        [&dear, &|holder| holder.price, &|holder| -(holder.power as f64), &|holder| {
            holder.price * holder.power as f64
        }];
    orders.into_iter().filter_map(by).min_by(f64::total_cmp)
}

/// What a holder that splits pays at least: tokens in the smallest unit, and accounts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    pub(super) tokens: u128,
    pub(super) accounts: f64,
}

/// The cheapest split of tokens over accounts with which somebody new passes a proposal against all of `against`, where a
/// unit costs `price` and an account `account`.
///
/// Of W that all others weigh, W' = W a / (1 - a) must be exceeded. With square roots n accounts of x tokens in all weigh
/// sqrt(x n), so that x = W'^2 / n; price x + account n is least at n = W' sqrt(price / account). One member, one vote needs
/// W' + 1 accounts and the quorum's tokens; a cap c needs x / c accounts.
pub(super) fn split(policy: &Policy, against: &Tally, price: f64, account: f64) -> Option<Split> {
    let whole = Policy { weighting: Weighting::Tokens, ..*policy };
    // With weights as they are and tokens counted one by one, what is needed is the larger of majority and quorum.
    let majority = Policy { quorum: 0, ..whole }.needed(against)?;
    let quorum = whole.needed(&Tally { weight: [0; 4], ..*against })?;
    match policy.weighting {
        Weighting::Tokens => Some(Split { tokens: majority.max(quorum), accounts: 1.0 }),
        Weighting::Members => Some(Split { tokens: quorum.max(majority), accounts: majority as f64 }),
        Weighting::Capped => {
            let tokens = majority.max(quorum);
            Some(Split { tokens, accounts: majority.div_ceil(policy.cap.max(1)) as f64 })
        }
        Weighting::SquareRoot => {
            let weight = majority as f64;
            let square = weight * weight;
            let free = if account > 0.0 { weight * (price / account).sqrt() } else { weight };
            // At least one account and one unit in each; no more tokens than one account needs.
            let accounts = free.clamp(1.0, weight.max(1.0)).round().max(1.0);
            let tokens = (square / accounts).ceil().max(quorum as f64);
            // A quorum that asks for more tokens spares accounts.
            let accounts = (square / tokens).ceil().clamp(1.0, accounts);
            Some(Split { tokens: tokens as u128, accounts })
        }
    }
}

/// The tokens against with which a proposal that would pass fails; none where no amount in one account does.
pub(super) fn denial(policy: &Policy, tally: &Tally) -> Option<u128> {
    let [votes_for, against, ..] = tally.weight;
    if policy.approval == 0 || votes_for == 0 {
        return None;
    }
    // for <= approval (for + against + x)
    let least = (votes_for * 1_000_000).div_ceil(policy.approval).saturating_sub(votes_for + against);
    let power = match policy.weighting {
        Weighting::Tokens => least,
        Weighting::SquareRoot => least.checked_mul(least)?,
        Weighting::Members => (least <= 1).then_some(least)?,
        Weighting::Capped => (least <= policy.cap).then_some(least)?,
    };
    // Shares are rounded down to a unit, so that one more may be needed.
    (power..power.saturating_add(4)).find(|&power| {
        let mut with = *tally;
        with.add(Side::Against, power, policy.weight(power));
        !policy.passes(&with)
    })
}

/// The least k for which a proposal fails when the first k of those for it stay away; `voters` in order of power.
pub(super) fn boycott(policy: &Policy, tally: &Tally, voters: &[u128]) -> Option<usize> {
    let mut tally = *tally;
    for (place, &power) in voters.iter().enumerate() {
        remove(&mut tally, Side::For, power, policy.weight(power));
        if !policy.passes(&tally) {
            return Some(place + 1);
        }
    }
    None
}

/// Tokens, in days' volumes, that an arbitrageur buys below book: up to where the next one costs what it redeems for.
///
/// With a mean price of p (1 + l y + r sqrt(y)) for y volumes the last token costs p (1 + 2 l y + 1.5 r sqrt(y)); at
/// `premium` = book / p - 1 that is a quadratic in sqrt(y).
pub(super) fn redeemed(premium: f64, linear: f64, root: f64) -> f64 {
    if premium <= 0.0 {
        return 0.0;
    }
    let (square, line) = (2.0 * linear, 1.5 * root);
    let y = if square > 0.0 {
        // The stable form of the positive solution.
        2.0 * premium / (line + (line * line + 4.0 * square * premium).sqrt())
    } else if line > 0.0 {
        premium / line
    } else {
        return f64::INFINITY;
    };
    y * y
}
