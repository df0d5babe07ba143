//! The fork of Nouns DAO: who disagrees escrows tokens; above a threshold they leave with their part of the treasury,
//! and may then quit the new DAO with theirs.
//!
//! [`Dao`] is the original, [`Fork`] a DAO that came of it. Tokens are counted, not named: only counts move money.
//! Accounts and assets are dense numbers. Every step costs O(1) but for the assets of the treasury.

mod json;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Amount, Card, Family, Rule};
use crate::Result;

/// What a fork is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Hundredths of a percent of the adjusted supply that the escrow must exceed (2,000 with Nouns).
    pub threshold_bps: u64,
    /// Seconds in which others may join (7 days with Nouns).
    pub fork_seconds: u64,
    /// Seconds for which the new DAO waits for tokens that nobody claims (30 days with Nouns).
    pub delay_seconds: u64,
}

/// Why a step is refused; the contracts revert there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// More tokens than the account has there.
    #[error("the account has fewer tokens there")]
    TooFew,
    /// Escrowing, taking back and executing wait for the end of the forking period.
    #[error("a forking period is under way")]
    Forking,
    /// Joining is for the forking period.
    #[error("no forking period is under way")]
    NotForking,
    /// The escrow does not exceed the threshold.
    #[error("the escrow does not exceed the threshold")]
    Threshold,
    /// No token is left outside of the treasury.
    #[error("no token is left outside of the treasury")]
    NoSupply,
    /// There is no such fork.
    #[error("there is no such fork")]
    NoFork,
    /// The new DAO acts once all tokens are claimed, or after the delay.
    #[error("the new DAO waits for tokens to be claimed")]
    Unclaimed,
}

/// Tokens by account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Holdings(Vec<u64>);

impl Holdings {
    fn of(&self, account: u32) -> u64 {
        self.0.get(account as usize).copied().unwrap_or(0)
    }

    fn add(&mut self, account: u32, tokens: u64) {
        if self.0.len() <= account as usize {
            self.0.resize(account as usize + 1, 0);
        }
        self.0[account as usize] += tokens;
    }

    fn take(&mut self, account: u32, tokens: u64) -> std::result::Result<(), Refusal> {
        if self.of(account) < tokens {
            return Err(Refusal::TooFew);
        }
        if tokens > 0 {
            self.0[account as usize] -= tokens;
        }
        Ok(())
    }
}

/// floor(balance x tokens / supply) of every asset, taken out of the treasury.
fn pro_rata(treasury: &mut [u128], tokens: u64, supply: u64) -> Vec<u128> {
    treasury
        .iter_mut()
        .map(|balance| {
            let part = Amount(*balance).times(tokens.into(), supply.into()).unwrap_or_default().0;
            *balance -= part;
            part
        })
        .collect()
}

/// A DAO that was forked off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    ends: u64,
    delayed_until: u64,
    treasury: Vec<u128>,
    escrowed: Holdings,
    holdings: Holdings,
    unclaimed: u64,
    supply: u64,
}

impl Fork {
    /// When the forking period ends.
    pub const fn ends(&self) -> u64 {
        self.ends
    }

    /// What it holds of every asset.
    pub fn treasury(&self) -> &[u128] {
        &self.treasury
    }

    /// Tokens of an account.
    pub fn tokens(&self, account: u32) -> u64 {
        self.holdings.of(account)
    }

    /// Tokens that may still be claimed.
    pub const fn unclaimed(&self) -> u64 {
        self.unclaimed
    }

    /// Tokens outside of its treasury, with those that may still be claimed.
    pub const fn adjusted_supply(&self) -> u64 {
        self.supply + self.unclaimed
    }
}

/// The DAO that is forked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dao {
    settings: Settings,
    holdings: Holdings,
    escrow: Holdings,
    escrowed: u64,
    supply: u64,
    treasury: Vec<u128>,
    forks: Vec<Fork>,
}

impl Dao {
    /// A DAO of these holdings (tokens of its own treasury left out) and this treasury, an entry an asset.
    pub fn new(settings: Settings, holdings: &[u64], treasury: &[u128]) -> Self {
        Self {
            settings,
            holdings: Holdings(holdings.to_vec()),
            escrow: Holdings::default(),
            escrowed: 0,
            supply: holdings.iter().sum(),
            treasury: treasury.to_vec(),
            forks: Vec::new(),
        }
    }

    /// Tokens outside of the treasury and of closed escrows.
    pub const fn adjusted_supply(&self) -> u64 {
        self.supply
    }

    /// Tokens in escrow, which count towards the threshold.
    pub const fn escrowed(&self) -> u64 {
        self.escrowed
    }

    /// Tokens of an account outside of the escrow.
    pub fn tokens(&self, account: u32) -> u64 {
        self.holdings.of(account)
    }

    /// What the treasury holds of every asset.
    pub fn treasury(&self) -> &[u128] {
        &self.treasury
    }

    /// The DAOs that were forked off.
    pub fn forks(&self) -> &[Fork] {
        &self.forks
    }

    /// floor(adjusted supply x bps / 10,000); a fork needs more than this in escrow.
    pub fn threshold(&self) -> u64 {
        (u128::from(self.supply) * u128::from(self.settings.threshold_bps) / 10_000) as u64
    }

    /// What one token would leave with, of every asset; nothing where no token is outside of the treasury. A fork pays
    /// where this is worth more than the market's price.
    pub fn book_value(&self) -> Vec<u128> {
        self.treasury.iter().map(|&balance| balance.checked_div(self.supply.into()).unwrap_or(0)).collect()
    }

    /// Whether others may join the last fork now.
    pub fn forking(&self, now: u64) -> bool {
        self.forks.last().is_some_and(|fork| fork.ends > now)
    }

    /// Gives an account new tokens, as an auction does.
    pub fn mint(&mut self, account: u32, tokens: u64) {
        self.holdings.add(account, tokens);
        self.supply += tokens;
    }

    /// Adds to the treasury; what would leave 128 bits is not added.
    pub fn deposit(&mut self, asset: usize, amount: u128) {
        if let Some(balance) = self.treasury.get_mut(asset) {
            *balance = balance.saturating_add(amount);
        }
    }

    /// Puts tokens into the escrow.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn escrow(&mut self, now: u64, account: u32, tokens: u64) -> std::result::Result<(), Refusal> {
        if self.forking(now) {
            return Err(Refusal::Forking);
        }
        self.holdings.take(account, tokens)?;
        self.escrow.add(account, tokens);
        self.escrowed += tokens;
        Ok(())
    }

    /// Takes tokens back out of the escrow, before the fork.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn withdraw(&mut self, now: u64, account: u32, tokens: u64) -> std::result::Result<(), Refusal> {
        if self.forking(now) {
            return Err(Refusal::Forking);
        }
        self.escrow.take(account, tokens)?;
        self.holdings.add(account, tokens);
        self.escrowed -= tokens;
        Ok(())
    }

    /// Forks; anyone may. The escrow is closed, its tokens are the DAO's, and their part of the treasury is the fork's.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn execute(&mut self, now: u64) -> std::result::Result<(), Refusal> {
        if self.forking(now) {
            return Err(Refusal::Forking);
        }
        if self.escrowed <= self.threshold() {
            return Err(Refusal::Threshold);
        }
        let treasury = pro_rata(&mut self.treasury, self.escrowed, self.supply);
        self.forks.push(Fork {
            ends: now + self.settings.fork_seconds,
            delayed_until: now + self.settings.delay_seconds,
            treasury,
            escrowed: std::mem::take(&mut self.escrow),
            holdings: Holdings::default(),
            unclaimed: self.escrowed,
            supply: 0,
        });
        self.supply -= self.escrowed;
        self.escrowed = 0;
        Ok(())
    }

    /// Joins the fork that is under way; the part of the treasury is that of the treasury and supply left.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn join(&mut self, now: u64, account: u32, tokens: u64) -> std::result::Result<(), Refusal> {
        if !self.forking(now) {
            return Err(Refusal::NotForking);
        }
        if self.supply == 0 {
            return Err(Refusal::NoSupply);
        }
        self.holdings.take(account, tokens)?;
        let parts = pro_rata(&mut self.treasury, tokens, self.supply);
        self.supply -= tokens;
        let Some(fork) = self.forks.last_mut() else { return Err(Refusal::NoFork) };
        for (balance, part) in fork.treasury.iter_mut().zip(parts) {
            *balance += part;
        }
        fork.holdings.add(account, tokens);
        fork.supply += tokens;
        Ok(())
    }

    /// Claims the fork's tokens for tokens that were in escrow.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn claim(&mut self, fork: usize, account: u32, tokens: u64) -> std::result::Result<(), Refusal> {
        let fork = self.forks.get_mut(fork).ok_or(Refusal::NoFork)?;
        fork.escrowed.take(account, tokens)?;
        fork.holdings.add(account, tokens);
        fork.unclaimed -= tokens;
        fork.supply += tokens;
        Ok(())
    }

    /// Quits a fork for floor(balance x tokens / adjusted supply) of every asset of its treasury, which are returned.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn quit(
        &mut self,
        now: u64,
        fork: usize,
        account: u32,
        tokens: u64,
    ) -> std::result::Result<Vec<u128>, Refusal> {
        let fork = self.forks.get_mut(fork).ok_or(Refusal::NoFork)?;
        if now < fork.ends {
            return Err(Refusal::Forking);
        }
        if now < fork.delayed_until && fork.unclaimed > 0 {
            return Err(Refusal::Unclaimed);
        }
        let supply = fork.adjusted_supply();
        if supply == 0 {
            return Err(Refusal::NoSupply);
        }
        fork.holdings.take(account, tokens)?;
        fork.supply -= tokens;
        Ok(pro_rata(&mut fork.treasury, tokens, supply))
    }
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct NounsFork;

impl Rule for NounsFork {
    fn name(&self) -> &'static str {
        "nouns-fork"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Exit,
            purpose: "Nouns' fork: above a threshold in escrow, tokens leave together with their part of the treasury",
            definition: "Adjusted supply = tokens outside of the treasury and of closed escrows. Anyone may execute a \
                fork iff the escrow > floor(adjusted supply x threshold_bps / 10,000). The new DAO gets floor(balance \
                x escrow / adjusted supply) of every asset, the original keeps the tokens, and for fork_seconds \
                (while now < end) holders may join for floor(balance left x tokens / adjusted supply left), and none \
                may escrow, take back or execute. In the new DAO tokens from escrow are claimed; from the end on, and \
                once all are claimed or delay_seconds have passed since the fork, a holder quits for floor(balance x \
                tokens / (its supply outside of its treasury + unclaimed)) of every asset.",
            source: "nounsDAO/nouns-monorepo, packages/nouns-contracts/contracts/governance/fork: NounsDAOFork.sol \
                (escrowToFork, withdrawFromForkEscrow, executeFork, joinFork, forkThreshold, adjustedTotalSupply, \
                sendProRataTreasury), newdao/governance/NounsDAOLogicV1Fork.sol (quit, checkGovernanceActive, \
                adjustedTotalSupply), newdao/token/NounsTokenFork.sol (claimFromEscrow), ForkDAODeployer.sol",
            limits: "Tokens are counted, not named; auctions and votes of the fork, withdrawals of escrowed tokens by \
                the DAO after a fork, and quitting with a choice of assets are left out.",
            example: json::EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(self.name(), case)
    }
}

#[cfg(test)]
mod test;
