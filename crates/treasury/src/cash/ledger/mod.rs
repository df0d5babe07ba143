//! Accounts of several assets, with everything that came in and went out.

#[cfg(test)]
mod test;

use std::collections::BTreeMap;

use crate::{Error, Result};

/// Whose an amount is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// The DAO's treasury.
    Treasury,
    /// Promised and set aside, by the name of the stream or grant.
    Escrow(String),
    /// Paid to somebody.
    Recipient(String),
}

/// What became of one asset in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Came in from outside: revenue, what a venue paid.
    pub received: u128,
    /// Went outside: what was paid to a venue.
    pub sent: u128,
    /// Was made.
    pub minted: u128,
    /// Was destroyed.
    pub burned: u128,
}

/// Balances in base units. Every change is checked: no balance is ever below zero or beyond 128 bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    balances: BTreeMap<(String, Account), u128>,
    totals: BTreeMap<String, Totals>,
}

fn refuse(problem: String) -> Error {
    Error::Parameters { problems: vec![problem] }
}

impl Ledger {
    /// What an account holds of an asset.
    pub fn balance(&self, asset: &str, account: &Account) -> u128 {
        self.balances.get(&(asset.to_owned(), account.clone())).copied().unwrap_or(0)
    }

    /// The sum of an asset over all accounts; `None` beyond 128 bits.
    pub fn held(&self, asset: &str) -> Option<u128> {
        self.balances
            .iter()
            .filter(|((name, _), _)| name == asset)
            .try_fold(0_u128, |sum, (_, balance)| sum.checked_add(*balance))
    }

    /// What became of an asset in total.
    pub fn totals(&self, asset: &str) -> Totals {
        self.totals.get(asset).copied().unwrap_or_default()
    }

    /// Whether of every asset all that came in or was made is still held, went out or was destroyed.
    pub fn conserves(&self) -> bool {
        self.totals.iter().all(|(asset, totals)| {
            let into = totals.received.checked_add(totals.minted);
            let out =
                self.held(asset).and_then(|held| held.checked_add(totals.sent)?.checked_add(totals.burned));
            into.is_some() && into == out
        })
    }

    fn put(&mut self, asset: &str, account: Account, amount: u128) -> Result<()> {
        // The sum over accounts is at most what came in, which is checked first and fits.
        let balance = self.balances.entry((asset.to_owned(), account)).or_default();
        *balance = balance
            .checked_add(amount)
            .ok_or_else(|| refuse(format!("{amount} more base units of `{asset}` do not fit 128 bits")))?;
        Ok(())
    }

    fn take(&mut self, asset: &str, account: &Account, amount: u128) -> Result<()> {
        let key = (asset.to_owned(), account.clone());
        let there = self.balances.get(&key).copied().unwrap_or(0);
        let left = there.checked_sub(amount).ok_or_else(|| {
            refuse(format!(
                "{account:?} holds {there} base units of `{asset}` and cannot give {amount}; give at most what is there"
            ))
        })?;
        if left == 0 {
            self.balances.remove(&key);
        } else {
            self.balances.insert(key, left);
        }
        Ok(())
    }

    /// All that ever came in or was made, with `amount` more.
    fn room(&self, asset: &str, amount: u128) -> Result<()> {
        let totals = self.totals(asset);
        let sum = totals.received.checked_add(totals.minted).and_then(|sum| sum.checked_add(amount));
        sum.map(|_| ()).ok_or_else(|| {
            refuse(format!("{amount} more base units of `{asset}` do not fit 128 bits; use larger units"))
        })
    }

    /// An amount comes in from outside.
    ///
    /// # Errors
    /// [`Error::Parameters`] beyond 128 bits.
    pub fn receive(&mut self, asset: &str, account: Account, amount: u128) -> Result<()> {
        self.room(asset, amount)?;
        self.put(asset, account, amount)?;
        self.totals.entry(asset.to_owned()).or_default().received += amount;
        Ok(())
    }

    /// An amount goes outside.
    ///
    /// # Errors
    /// [`Error::Parameters`] where the account holds less.
    pub fn send(&mut self, asset: &str, account: &Account, amount: u128) -> Result<()> {
        self.take(asset, account, amount)?;
        self.totals.entry(asset.to_owned()).or_default().sent += amount;
        Ok(())
    }

    /// An amount is made.
    ///
    /// # Errors
    /// [`Error::Parameters`] beyond 128 bits.
    pub fn mint(&mut self, asset: &str, account: Account, amount: u128) -> Result<()> {
        self.room(asset, amount)?;
        self.put(asset, account, amount)?;
        self.totals.entry(asset.to_owned()).or_default().minted += amount;
        Ok(())
    }

    /// An amount is destroyed.
    ///
    /// # Errors
    /// [`Error::Parameters`] where the account holds less.
    pub fn burn(&mut self, asset: &str, account: &Account, amount: u128) -> Result<()> {
        self.take(asset, account, amount)?;
        self.totals.entry(asset.to_owned()).or_default().burned += amount;
        Ok(())
    }

    /// Moves an amount between accounts.
    ///
    /// # Errors
    /// [`Error::Parameters`] where the first holds less.
    pub fn transfer(&mut self, asset: &str, from: &Account, to: Account, amount: u128) -> Result<()> {
        self.take(asset, from, amount)?;
        self.put(asset, to, amount)
    }
}
