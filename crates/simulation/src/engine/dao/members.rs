//! Balances and delegations: who holds what, and who votes with it.

use super::parameters::Delegation;
use crate::engine::hazard::{ONE, product};
use crate::engine::population::Population;
use crate::engine::random::Key;

/// The state of members that changes: 24 bytes each. With rate and ideology that is 32.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Members {
    /// Tokens held.
    pub(super) balances: Vec<u64>,
    /// Who votes with them; oneself where not delegated.
    pub(super) delegates: Vec<u32>,
    /// Power that each votes with: what it did not delegate and what it received.
    pub(super) powers: Vec<u64>,
    /// Attention, as a share of [`ONE`].
    pub(super) attentions: Vec<u32>,
    /// The sum of balances, and of powers.
    pub(super) supply: u64,
}

impl Members {
    /// The start: `share` of members delegate, each to a member drawn in proportion to balances.
    pub(super) fn new(population: &Population, delegation: &Delegation, who: Key, whom: Key) -> Self {
        let balances = population.powers().to_vec();
        let mut below = 0_u64;
        let ends: Vec<u64> = balances
            .iter()
            .map(|balance| {
                below = below.wrapping_add(*balance);
                below
            })
            .collect();
        let supply = population.supply();
        let mut members = Self {
            delegates: (0..balances.len() as u32).collect(),
            powers: balances.clone(),
            attentions: vec![ONE; balances.len()],
            balances,
            supply,
        };
        for member in 0..members.balances.len() as u32 {
            if who.uniform(member) < delegation.share {
                // The draw has 64 bits, so that every token of a large supply can be hit.
                let draw = u64::from(whom.bits(member)) << 32 | u64::from(who.bits(member ^ 1 << 31));
                let token = ((u128::from(draw) * u128::from(supply)) >> 64) as u64;
                members.delegate(member, ends.partition_point(|end| *end <= token) as u32);
            }
        }
        members
    }

    /// Copies another state into this one's memory.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.balances.clone_from(&other.balances);
        self.delegates.clone_from(&other.delegates);
        self.powers.clone_from(&other.powers);
        self.attentions.clone_from(&other.attentions);
        self.supply = other.supply;
    }

    /// Lets another vote with what a member holds; oneself to take it back.
    pub(super) fn delegate(&mut self, member: u32, to: u32) {
        let balance = self.balances[member as usize];
        self.powers[self.delegates[member as usize] as usize] -= balance;
        self.powers[to as usize] += balance;
        self.delegates[member as usize] = to;
    }

    /// Moves tokens, and with them the power of whoever votes with them; `amount` is at most the balance.
    pub(super) fn transfer(&mut self, from: u32, to: u32, amount: u64) {
        self.balances[from as usize] -= amount;
        self.powers[self.delegates[from as usize] as usize] -= amount;
        self.supply -= amount;
        self.receive(to, amount);
    }

    /// Hands tokens to a member that no member had.
    pub(super) fn receive(&mut self, to: u32, amount: u64) {
        self.balances[to as usize] += amount;
        self.powers[self.delegates[to as usize] as usize] += amount;
        self.supply += amount;
    }

    /// What voting costs in attention.
    pub(super) fn tire(&mut self, member: u32, kept: u32) {
        let attention = &mut self.attentions[member as usize];
        *attention = product(*attention, kept);
    }

    /// What a step gives back of it.
    pub(super) fn recover(&mut self, recovery: u32) {
        for attention in &mut self.attentions {
            *attention = attention.wrapping_add(product(ONE.wrapping_sub(*attention), recovery));
        }
    }

    /// The share of supply that is delegated.
    pub(super) fn delegated(&self) -> f64 {
        let away = |(member, (delegate, balance)): (usize, (&u32, &u64))| {
            if *delegate as usize == member { 0 } else { *balance }
        };
        let delegated: u64 = self.delegates.iter().zip(&self.balances).enumerate().map(away).sum();
        delegated as f64 / self.supply as f64
    }

    /// The share of power of the ten with the most.
    pub(super) fn concentration(&self) -> f64 {
        let mut largest = [0_u64; 10];
        for &power in &self.powers {
            if power > largest[9] {
                largest[9] = power;
                largest.sort_unstable_by(|a, b| b.cmp(a));
            }
        }
        largest.iter().sum::<u64>() as f64 / self.supply as f64
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::engine::population::Description;
    use daotwin_core::{Limits, random::Seed};

    #[test]
    fn power_is_what_is_held_whatever_happens() {
        let population =
            Population::drawn(&Description { agents: 500, ..Description::default() }, 3, &Limits::default())
                .unwrap();
        let delegation = Delegation { share: 0.4, ..Delegation::default() };
        let key = |purpose| Key::new(3, 0, purpose, 0);
        let mut members = Members::new(&population, &delegation, key(1), key(2));
        let mut stream = Seed(3).stream("members");
        for _ in 0..20_000 {
            let mut any = || stream.below(500) as u32;
            let (one, other) = (any(), any());
            match any() % 3 {
                0 => members.delegate(one, other),
                1 => members.transfer(one, other, members.balances[one as usize] / 2),
                _ => members.receive(one, 3),
            }
        }
        let mut expected = vec![0; 500];
        for (delegate, balance) in members.delegates.iter().zip(&members.balances) {
            expected[*delegate as usize] += balance;
        }
        assert_eq!(members.powers, expected);
        assert_eq!(members.supply, members.balances.iter().sum::<u64>());
        assert_eq!(members.supply, members.powers.iter().sum::<u64>());
        assert!(members.supply > population.supply());
    }

    #[test]
    fn the_share_that_delegates_is_the_given_one() {
        let population = Population::drawn(
            &Description { agents: 40_000, ..Description::default() },
            3,
            &Limits::default(),
        )
        .unwrap();
        let delegation = Delegation { share: 0.4, ..Delegation::default() };
        let members = Members::new(&population, &delegation, Key::new(3, 0, 1, 0), Key::new(3, 0, 2, 0));
        let away = members.delegates.iter().enumerate().filter(|(at, to)| **to as usize != *at).count();
        // Hoeffding: sqrt(ln(2e6) / 80000) = 0.0135 with probability 1e-6. Some draw themselves, fewer than one in a
        // thousand.
        assert!((away as f64 / 40_000.0 - 0.4).abs() < 0.0145, "{away}");
        assert!(members.delegated() > 0.2 && members.concentration() > 0.05);
    }
}
