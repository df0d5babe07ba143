//! What a treasury has promised by date: streams, vesting and grants with milestones, settled month by month.
//!
//! Each is set aside on a [`Ledger`] when the plan begins and settled at the end of every month, in exact integers, so that
//! what is paid, what comes back and what is still held add up to what was promised. Whether a grant's milestones are met is
//! drawn path by path from the Beta-Bernoulli model of [`super::grants`].

#[cfg(test)]
mod test;

use std::sync::Arc;

use daotwin_core::Stream as Random;

use super::flows::{MONTH, Stream};
use super::grants::{Grant, Success};
use super::ledger::{Account, Ledger};
use crate::{Error, Result};

/// Decimals of base units: a millionth of a token.
pub const DECIMALS: i32 = 6;

/// The second at which the plan's month 0 begins; months before it, down to -1,200, are seconds above 0.
const START: u64 = 1_200 * MONTH;

/// The second at which a month of the plan begins; months before the plan are negative. Clamped to -1,200 to 1,000,000.
pub fn second(month: i64) -> u64 {
    (month.clamp(-1_200, 1_000_000) + 1_200).unsigned_abs() * MONTH
}

/// Base units of so many whole tokens, rounded to the nearest. 0 below 0, and at most 10^27 tokens.
pub fn base_units(tokens: f64) -> u128 {
    (tokens.clamp(0.0, 1e27) * 10_f64.powi(DECIMALS)).round() as u128
}

/// Whole tokens of so many base units.
pub fn tokens(units: u128) -> f64 {
    units as f64 / 10_f64.powi(DECIMALS)
}

/// How likely each milestone of a grant is met.
#[derive(Debug, Clone, PartialEq)]
pub enum Chance {
    /// As likely as said.
    Known(f64),
    /// Drawn for each path from the Beta law of so many successes and failures.
    Beta(f64, f64),
    /// Drawn for each path as for a group of grants without outcomes.
    Learned(Arc<Success>),
}

impl Chance {
    /// Draws it for one path.
    pub fn draw(&self, random: &mut Random) -> f64 {
        match self {
            Self::Known(chance) => *chance,
            Self::Beta(successes, failures) => {
                let (a, b) = (random.gamma(*successes), random.gamma(*failures));
                if a + b > 0.0 { a / (a + b) } else { successes / (successes + failures) }
            }
            Self::Learned(success) => success.draw(usize::MAX, random),
        }
    }
}

/// An amount paid in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// The month, from 0.
    pub month: usize,
    /// The place of its asset in [`Schedule::assets`].
    pub asset: usize,
    /// Base units.
    pub amount: u128,
}

/// An asset of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Paid {
    /// Its name.
    pub name: String,
    /// Dollars a token at the start.
    pub price: f64,
}

/// All that is promised. Names of flows are distinct: each has an escrow of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schedule {
    /// What is paid in.
    pub assets: Vec<Paid>,
    /// Streams and vesting, as they are when the plan begins.
    pub streams: Vec<Stream>,
    /// Grants, and how likely their milestones are met.
    pub grants: Vec<(Grant, Chance)>,
}

impl Schedule {
    /// Whether nothing is promised.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.grants.is_empty()
    }

    fn place(&self, asset: &str) -> Result<usize> {
        self.assets.iter().position(|paid| paid.name == asset).ok_or_else(|| Error::Unknown {
            what: "asset of a schedule",
            name: asset.to_owned(),
            known: self.assets.iter().map(|paid| format!("`{}`", paid.name)).collect::<Vec<_>>().join(", "),
        })
    }

    /// A ledger on which all is set aside, with the payments of streams and vesting in so many months, in order of months.
    /// What came due before the plan was paid before it.
    ///
    /// # Errors
    /// Amounts beyond 128 bits; an asset that is not listed; a grant's name or stream's that stands twice.
    pub fn streamed(&self, months: usize) -> Result<(Vec<Payment>, Ledger)> {
        let mut ledger = Ledger::default();
        let mut streams = self.streams.clone();
        for stream in &mut streams {
            ledger.receive(&stream.asset, Account::Treasury, stream.total)?;
            stream.fund(&mut ledger)?;
            stream.settle(START, &mut ledger)?;
        }
        for (grant, _) in &self.grants {
            ledger.receive(&grant.asset, Account::Treasury, grant.total().unwrap_or(u128::MAX))?;
            grant.fund(&mut ledger)?;
        }
        let mut payments = vec![];
        for month in 0..months {
            for stream in &mut streams {
                let amount = stream.settle(second(month as i64 + 1), &mut ledger)?;
                if amount > 0 {
                    payments.push(Payment { month, asset: self.place(&stream.asset)?, amount });
                }
            }
        }
        Ok((payments, ledger))
    }

    /// The payments of grants on one path, in order of months, settled on a ledger on which they are set aside.
    ///
    /// # Errors
    /// As [`Self::streamed`].
    pub fn granted(&self, months: usize, random: &mut Random, ledger: &mut Ledger) -> Result<Vec<Payment>> {
        let mut payments = vec![];
        for (grant, chance) in &self.grants {
            let success = chance.draw(random);
            let (mut grant, asset) = (grant.clone(), self.place(&grant.asset)?);
            for month in 0..months {
                if grant.ended || grant.judged == grant.milestones.len() {
                    break;
                }
                let (amount, _) = grant.settle(second(month as i64 + 1), success, random, ledger)?;
                if amount > 0 {
                    payments.push(Payment { month, asset, amount });
                }
            }
        }
        payments.sort_by_key(|payment| payment.month);
        Ok(payments)
    }
}
