//! What one attacker gets out of many accounts.

use super::super::{Donation, Give, Interaction, Lock, Reward, Round, Stake, metrics};
use crate::Result;

/// The round with an attacker of `accounts` accounts, who come last. It holds a hundredth of
/// all stakes and donates a hundredth of all donations, whatever the number of accounts: money is split among them, and everything is
/// spent on its own first account. Points, which every account gets anew, go round in a ring, as do traces of use, as many as the
/// middle member leaves. Judges are chosen, and salaries agreed: it is no judge and has no salary.
pub fn attacked(round: &Round, accounts: usize) -> Round {
    let first = round.members as u32;
    let own = |account: usize| first + account as u32;
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let by_member = |entries: &mut dyn Iterator<Item = (u32, f64)>| {
        let mut sums = vec![0.0; round.members];
        entries.for_each(|(member, amount)| sums[member as usize] += amount);
        sums.into_iter().filter(|&sum| sum > 0.0).collect::<Vec<f64>>()
    };
    let mut attacked = round.clone();
    attacked.members += accounts;
    let gift = 0.01 * round.donations.iter().map(|gift| gift.amount).sum::<f64>();
    let trace = middle(by_member(&mut round.interactions.iter().map(|trace| (trace.from, trace.weight))));
    let stake = round.stakes.iter().map(|stake| stake.amount).sum::<u128>() / 100;
    let seconds = round.stakes.first().map_or(0, |stake| stake.seconds);
    for account in 0..accounts {
        if gift > 0.0 {
            attacked.donations.push(Donation {
                from: own(account),
                to: own(0),
                amount: gift / accounts as f64,
            });
        }
        let next = own((account + 1) % accounts);
        if !round.gives.is_empty() {
            attacked.gives.push(Give { from: own(account), to: next, points: 100 });
        }
        if trace > 0.0 {
            attacked.interactions.push(Interaction { from: own(account), to: next, weight: trace });
        }
        let part = stake / accounts as u128;
        if part > 0 {
            attacked.stakes.push(Stake { member: own(account), amount: part, seconds });
            attacked.locks.push(Lock {
                member: own(account),
                amount: part,
                weeks: 208,
                votes: vec![(own(0), 10_000)],
            });
        }
        if !attacked.salaries.is_empty() {
            attacked.salaries.push(0);
        }
    }
    attacked
}

/// The share of the budget that the attacker gets with this many accounts.
///
/// # Errors
/// What the rule refuses.
pub fn share(rule: &dyn Reward, round: &Round, accounts: usize) -> Result<f64> {
    let paid = rule.pay(&attacked(round, accounts))?;
    Ok(metrics::share_of(&paid, |member| member >= round.members))
}
