//! What is owed and earned over time: streams, vesting, payroll, revenue, buy-backs and emissions.
//!
//! Each flow says how much of it has come due by a moment, as a function of that moment alone, so that settling every
//! second, every block or once gives the same sums.

#[cfg(test)]
mod test;

use super::ledger::{Account, Ledger};
use super::share;
use crate::market::impact::{Impact, Pressure};
use crate::{Error, Result};

/// Seconds of a month of payroll: a twelfth of 365 days.
pub const MONTH: u64 = 365 * 86_400 / 12;

/// An amount that flows evenly from `start` over `seconds`, as Sablier's linear streams do; nothing before `cliff`
/// seconds have passed, then all that has come due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name, also of its escrow.
    pub name: String,
    /// The token.
    pub asset: String,
    /// Who is paid.
    pub recipient: String,
    /// The whole, in base units.
    pub total: u128,
    /// Seconds since 1970.
    pub start: u64,
    /// How long it flows; 0 for all at once.
    pub seconds: u64,
    /// Seconds from the start before which nothing is due; 0 for a stream, a year for common vesting.
    pub cliff: u64,
    /// Seconds between steps, as vesting by month has; 1 for a stream.
    pub step: u64,
    /// When it was revoked: what came due until then stays due, the rest goes back to the treasury.
    pub revoked: Option<u64>,
    /// What was paid out so far.
    pub paid: u128,
    /// Whether the escrow holds the rest.
    pub funded: bool,
}

impl Stream {
    /// A stream without a cliff.
    pub fn new(name: &str, asset: &str, recipient: &str, total: u128, start: u64, seconds: u64) -> Self {
        Self {
            name: name.to_owned(),
            asset: asset.to_owned(),
            recipient: recipient.to_owned(),
            total,
            start,
            seconds,
            cliff: 0,
            step: 1,
            revoked: None,
            paid: 0,
            funded: false,
        }
    }

    /// How much has come due by a moment: never falls, and is the whole at the end.
    pub fn due(&self, at: u64) -> u128 {
        let at = self.revoked.map_or(at, |revoked| at.min(revoked));
        if at < self.start.saturating_add(self.cliff) {
            return 0;
        }
        let passed = at - self.start;
        if passed >= self.seconds {
            return self.total;
        }
        let step = self.step.max(1);
        share(self.total, passed - passed % step, self.seconds)
    }

    /// Sets the whole aside.
    ///
    /// # Errors
    /// [`Error::Parameters`] where the treasury holds less; a second time.
    pub fn fund(&mut self, ledger: &mut Ledger) -> Result<()> {
        if self.funded {
            return Err(Error::Parameters {
                problems: vec![format!("`{}` is funded already; fund it once", self.name)],
            });
        }
        ledger.transfer(&self.asset, &Account::Treasury, Account::Escrow(self.name.clone()), self.total)?;
        self.funded = true;
        Ok(())
    }

    /// Pays what has come due and was not paid yet. Returns it.
    ///
    /// # Errors
    /// [`Error::Parameters`] where it was not funded.
    pub fn settle(&mut self, at: u64, ledger: &mut Ledger) -> Result<u128> {
        let amount = self.due(at).saturating_sub(self.paid);
        let to = Account::Recipient(self.recipient.clone());
        ledger.transfer(&self.asset, &Account::Escrow(self.name.clone()), to, amount)?;
        self.paid += amount;
        Ok(amount)
    }

    /// Ends it: what has come due stays in the escrow until it is settled, the rest goes back. Returns what went back.
    ///
    /// # Errors
    /// [`Error::Parameters`] where it was not funded.
    pub fn revoke(&mut self, at: u64, ledger: &mut Ledger) -> Result<u128> {
        if self.revoked.is_some_and(|before| before <= at) {
            return Ok(0);
        }
        // Nothing that was paid comes back.
        let kept = self.due(at).max(self.paid);
        let escrow = Account::Escrow(self.name.clone());
        let back = ledger.balance(&self.asset, &escrow).saturating_sub(kept - self.paid);
        ledger.transfer(&self.asset, &escrow, Account::Treasury, back)?;
        self.revoked = Some(at);
        Ok(back)
    }
}

/// A salary: an amount at the end of every period, by the second for a period that is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salary {
    /// Who is paid.
    pub recipient: String,
    /// The token.
    pub asset: String,
    /// A period's pay, in base units.
    pub amount: u128,
    /// Seconds of a period: [`MONTH`].
    pub period: u64,
    /// First second of work, since 1970.
    pub start: u64,
    /// When it ends, where that is known.
    pub end: Option<u64>,
    /// What was paid so far.
    pub paid: u128,
}

impl Salary {
    /// What was earned by a moment: whole periods, and after the end the part of the last one.
    pub fn due(&self, at: u64) -> u128 {
        let ended = self.end.is_some_and(|end| at >= end);
        let worked = self.end.map_or(at, |end| at.min(end)).saturating_sub(self.start);
        let whole = worked / self.period.max(1);
        let rest =
            if ended { share(self.amount, worked % self.period.max(1), self.period.max(1)) } else { 0 };
        self.amount.saturating_mul(u128::from(whole)).saturating_add(rest)
    }

    /// Pays what is due, as far as the treasury has it. Returns what is missing: 0 where all was paid.
    ///
    /// # Errors
    /// Never where the ledger is right; see [`Ledger::transfer`].
    pub fn settle(&mut self, at: u64, ledger: &mut Ledger) -> Result<u128> {
        let owed = self.due(at).saturating_sub(self.paid);
        let amount = owed.min(ledger.balance(&self.asset, &Account::Treasury));
        ledger.transfer(
            &self.asset,
            &Account::Treasury,
            Account::Recipient(self.recipient.clone()),
            amount,
        )?;
        self.paid += amount;
        Ok(owed - amount)
    }
}

/// Tokens made over time: an amount in every epoch, of which `keep` over `of` is left in the next, up to a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emission {
    /// The token.
    pub asset: String,
    /// Base units of the first epoch.
    pub first: u128,
    /// Numerator of what is left of an epoch's amount in the next.
    pub keep: u64,
    /// Denominator, at least `keep`.
    pub of: u64,
    /// Seconds of an epoch.
    pub epoch: u64,
    /// Seconds since 1970.
    pub start: u64,
    /// Base units made at most.
    pub cap: u128,
    /// What was made so far.
    pub made: u128,
}

impl Emission {
    /// What is to be made by a moment: whole epochs, each rounded down from the last.
    pub fn due(&self, at: u64) -> u128 {
        let epochs = at.saturating_sub(self.start) / self.epoch.max(1);
        let (mut amount, mut sum) = (self.first, 0_u128);
        for epoch in 0..epochs {
            if amount == 0 || sum >= self.cap {
                break;
            }
            if self.keep >= self.of {
                // Nothing decays: the rest of the epochs are alike.
                sum = sum.saturating_add(amount.saturating_mul(u128::from(epochs - epoch)));
                break;
            }
            sum = sum.saturating_add(amount);
            amount = share(amount, self.keep, self.of);
        }
        sum.min(self.cap)
    }

    /// Makes what is due and was not made yet. Returns it.
    ///
    /// # Errors
    /// Beyond 128 bits.
    pub fn settle(&mut self, at: u64, ledger: &mut Ledger) -> Result<u128> {
        let amount = self.due(at).saturating_sub(self.made);
        ledger.mint(&self.asset, Account::Treasury, amount)?;
        self.made += amount;
        Ok(amount)
    }
}

/// Revenue that comes in evenly: base units in every second, over a denominator for rates below one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// The token.
    pub asset: String,
    /// Base units in every `seconds` seconds.
    pub amount: u128,
    /// See `amount`.
    pub seconds: u64,
    /// Seconds since 1970.
    pub start: u64,
    /// What was received so far.
    pub received: u128,
}

impl Revenue {
    /// What has come in by a moment.
    pub fn due(&self, at: u64) -> u128 {
        share(self.amount, at.saturating_sub(self.start), self.seconds)
    }

    /// Receives what is due. Returns it.
    ///
    /// # Errors
    /// Beyond 128 bits.
    pub fn settle(&mut self, at: u64, ledger: &mut Ledger) -> Result<u128> {
        let amount = self.due(at).saturating_sub(self.received);
        ledger.receive(&self.asset, Account::Treasury, amount)?;
        self.received += amount;
        Ok(amount)
    }
}

/// The share of revenue that buys the own token back, in ten-thousandths, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyBack {
    /// What is paid with.
    pub asset: String,
    /// Its decimals.
    pub decimals: u8,
    /// The own token.
    pub own: String,
    /// Its decimals.
    pub own_decimals: u8,
    /// Ten-thousandths of the revenue.
    pub share: u64,
    /// Whether what was bought is destroyed; else the treasury keeps it.
    pub burn: bool,
}

impl BuyBack {
    /// Spends its share of `revenue` at a venue where the own token costs `price` dollars. Returns base units spent and
    /// bought; the venue's quote is rounded down to base units, in the venue's favour.
    ///
    /// # Errors
    /// Where the treasury holds less than the share; beyond 128 bits.
    pub fn settle(
        &self,
        revenue: u128,
        price: f64,
        impact: &Impact,
        pressure: &mut Pressure,
        ledger: &mut Ledger,
    ) -> Result<(u128, u128)> {
        let spent = super::share(revenue, self.share.min(10_000), 10_000);
        let trade = impact.buy(spent as f64 / 10_f64.powi(i32::from(self.decimals)), price, pressure);
        let bought = (trade.tokens * 10_f64.powi(i32::from(self.own_decimals))) as u128;
        ledger.send(&self.asset, &Account::Treasury, spent)?;
        ledger.receive(&self.own, Account::Treasury, bought)?;
        if self.burn {
            ledger.burn(&self.own, &Account::Treasury, bought)?;
        }
        Ok((spent, bought))
    }
}
