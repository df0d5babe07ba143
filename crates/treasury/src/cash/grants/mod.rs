//! Grants with milestones, and how likely a milestone is met.
//!
//! Groups of grants (tiers, categories) have success probabilities of their own that are drawn from one Beta law, so that a
//! group with few outcomes borrows from the others: the hierarchical Beta-Bernoulli model of Gelman et al. (2013,
//! Bayesian Data Analysis, section 5.3), with their prior on the law, (a + b)^(-5/2), integrated over a grid.

#[cfg(test)]
mod test;

use daotwin_core::Stream;

use super::ledger::{Account, Ledger};
use crate::market::numeric::ln_gamma;
use crate::{Error, Result};

/// Outcomes of one group: how many, and how many of them were successes. Shares of an outcome count as parts of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// Successes.
    pub successes: f64,
    /// Outcomes.
    pub trials: f64,
}

/// What is known of success probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Success {
    groups: Vec<Group>,
    /// Weight, mean and strength (a + b) of each point of the grid.
    grid: Vec<(f64, f64, f64)>,
    /// Weights of all points up to each.
    cumulative: Vec<f64>,
}

/// The Decentraland set's outcomes up to May 2022, category by category: of what had vested of a grant, the share that was
/// collected; a team that leaves what vested lie has most often stopped. Community, content, gaming, platform. No other
/// outcomes of grants are known to us, so that plans take these where a DAO says nothing of its own.
pub const DECENTRALAND: [Group; 4] = [
    Group { successes: 2.817, trials: 7.0 },
    Group { successes: 9.214, trials: 12.0 },
    Group { successes: 4.177, trials: 7.0 },
    Group { successes: 8.129, trials: 12.0 },
];

impl Success {
    /// Learns from outcomes by group.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every group whose successes are not between 0 and its outcomes.
    pub fn fit(groups: &[Group]) -> Result<Self> {
        let problems: Vec<String> = groups
            .iter()
            .enumerate()
            .filter(|(_, group)| {
                !(group.successes >= 0.0 && group.successes <= group.trials && group.trials.is_finite())
            })
            .map(|(place, group)| {
                format!(
                    "group {place} has {} successes of {} outcomes; successes lie from 0 to the outcomes",
                    group.successes, group.trials
                )
            })
            .collect();
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let mut grid = vec![];
        // The mean evenly, the strength in equal ratios from 0.25 to 1,000.
        for mean_node in 0..200 {
            let mean = (f64::from(mean_node) + 0.5) / 200.0;
            for strength_node in 0..120 {
                let strength = 0.25 * 4_000.0_f64.powf((f64::from(strength_node) + 0.5) / 120.0);
                let (a, b) = (mean * strength, (1.0 - mean) * strength);
                let likelihood: f64 = groups
                    .iter()
                    .map(|group| {
                        ln_beta(a + group.successes, b + group.trials - group.successes) - ln_beta(a, b)
                    })
                    .sum();
                // (a + b)^(-5/2) da db is strength^(-3/2) dmean dstrength, and the grid is even in ln strength.
                grid.push((likelihood - 0.5 * strength.ln(), mean, strength));
            }
        }
        let top = grid.iter().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = grid.iter().map(|point| (point.0 - top).exp()).sum();
        for point in &mut grid {
            point.0 = (point.0 - top).exp() / total;
        }
        let mut sum = 0.0;
        let cumulative = grid
            .iter()
            .map(|point| {
                sum += point.0;
                sum
            })
            .collect();
        Ok(Self { groups: groups.to_vec(), grid, cumulative })
    }

    /// The expected success probability of a group; of a new one where there is no such group.
    pub fn mean(&self, group: usize) -> f64 {
        let known = self.groups.get(group).copied().unwrap_or(Group { successes: 0.0, trials: 0.0 });
        self.grid
            .iter()
            .map(|(weight, mean, strength)| {
                weight * (mean * strength + known.successes) / (strength + known.trials)
            })
            .sum()
    }

    /// Draws a group's success probability from what is known.
    pub fn draw(&self, group: usize, stream: &mut Stream) -> f64 {
        let known = self.groups.get(group).copied().unwrap_or(Group { successes: 0.0, trials: 0.0 });
        let drawn = stream.uniform();
        let place = self.cumulative.partition_point(|sum| *sum <= drawn).min(self.grid.len() - 1);
        let (_, mean, strength) = self.grid[place];
        let a = stream.gamma(mean * strength + known.successes);
        let b = stream.gamma((1.0 - mean) * strength + known.trials - known.successes);
        if a + b > 0.0 { a / (a + b) } else { mean }
    }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// A part of a grant that is paid when something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// Seconds since 1970 at which it is judged.
    pub at: u64,
    /// Base units.
    pub amount: u128,
}

/// A grant, set aside when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its name, also of its escrow.
    pub name: String,
    /// The token.
    pub asset: String,
    /// Who is paid.
    pub recipient: String,
    /// In order of time.
    pub milestones: Vec<Milestone>,
    /// How many were judged.
    pub judged: usize,
    /// Whether it was ended because a milestone was missed.
    pub ended: bool,
}

impl Grant {
    /// Base units of all milestones; `None` beyond 128 bits.
    pub fn total(&self) -> Option<u128> {
        self.milestones.iter().try_fold(0_u128, |sum, milestone| sum.checked_add(milestone.amount))
    }

    /// Sets the whole aside.
    ///
    /// # Errors
    /// [`Error::Parameters`] where the treasury holds less.
    pub fn fund(&self, ledger: &mut Ledger) -> Result<()> {
        let total = self.total().ok_or_else(|| Error::Parameters {
            problems: vec![format!(
                "the milestones of `{}` do not fit 128 bits; use larger units",
                self.name
            )],
        })?;
        ledger.transfer(&self.asset, &Account::Treasury, Account::Escrow(self.name.clone()), total)
    }

    /// Judges the milestones up to a moment: one that is met, with probability `success`, is paid; the first that is missed
    /// ends the grant, and what is left goes back. Returns base units paid and returned.
    ///
    /// # Errors
    /// [`Error::Parameters`] where it was not funded.
    pub fn settle(
        &mut self,
        at: u64,
        success: f64,
        stream: &mut Stream,
        ledger: &mut Ledger,
    ) -> Result<(u128, u128)> {
        let escrow = Account::Escrow(self.name.clone());
        let mut paid = 0;
        while let Some(milestone) =
            self.milestones.get(self.judged).filter(|milestone| milestone.at <= at && !self.ended)
        {
            self.judged += 1;
            if stream.chance(success) {
                let to = Account::Recipient(self.recipient.clone());
                ledger.transfer(&self.asset, &escrow, to, milestone.amount)?;
                paid += milestone.amount;
            } else {
                self.ended = true;
                let back = ledger.balance(&self.asset, &escrow);
                ledger.transfer(&self.asset, &escrow, Account::Treasury, back)?;
                return Ok((paid, back));
            }
        }
        Ok((paid, 0))
    }
}
