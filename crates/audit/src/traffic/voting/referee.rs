//! A governor that decides the votes of a simulation.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use alloy_primitives::{Address, U256};
use daotwin_simulation::governance::Amount;
use daotwin_simulation::governance::lifecycle::State;
use daotwin_simulation::governance::referee::{Decided, Poll, Referee};
use daotwin_simulation::scenario::QuorumCounts;

use super::{Ballot, Bytecode, Generation, address_of, bank};
use crate::traffic::session::{Session, uint};
use crate::world::World;
use crate::{Error, Result};

/// A governor of a deployment, as the [`Referee`] of a simulation: every ballot is a transaction on its code.
///
/// Powers are brought to the unit of the token, and its supply to the DAO's by minting or burning. Where that cannot be done
/// and the quorum is a share of the supply, powers are held in proportion instead ([`Judge::notes`] says so).
#[derive(Debug)]
pub struct Judge {
    bytecode: Bytecode,
    decimals: u8,
    burns: bool,
    scaled: AtomicU64,
    proposals: AtomicU64,
    ballots: AtomicU64,
    refused: AtomicU64,
    different: AtomicU64,
}

impl Judge {
    /// The governor of that name, or the only one.
    ///
    /// # Errors
    /// There is no such governor, or it does not tell its settings; a defect of the interpreter.
    pub fn new(world: &World, governor: Option<&str>) -> Result<Self> {
        let bytecode = Bytecode::new(world, governor)?;
        let mut session = Session::new(world);
        let decimals = session.number(bytecode.governor.token, "decimals()", Vec::new())?;
        let decimals = decimals.and_then(|decimals| u8::try_from(decimals).ok()).unwrap_or(18);
        let mut session = Session::new(&bytecode.world);
        let one = vec![uint(U256::from(1))];
        let burns = session.send(bank(), bytecode.governor.token, "burn(uint256)", one)?.is_ok();
        let zero = || AtomicU64::new(0);
        Ok(Self {
            bytecode,
            decimals,
            burns,
            scaled: zero(),
            proposals: zero(),
            ballots: zero(),
            refused: zero(),
            different: zero(),
        })
    }

    /// The rule that it is asked.
    pub const fn bytecode(&self) -> &Bytecode {
        &self.bytecode
    }

    /// What somebody should know of how votes are held.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.scaled.load(Relaxed) > 0 {
            notes.push(format!(
                "the token of `{}` can neither be minted nor burnt to the DAO's supply: powers were held in proportion to its \
                 own supply of {}",
                self.bytecode.governor.name, self.bytecode.supply
            ));
        }
        notes
    }

    /// Whether powers are brought to the supply of the token, instead of the supply to that of the DAO.
    fn scales(&self, supply: u128) -> bool {
        match U256::from(supply).cmp(&self.bytecode.supply) {
            Ordering::Less => !self.burns,
            Ordering::Equal => false,
            Ordering::Greater => self.bytecode.minter.is_none(),
        }
    }

    /// How many units of the token one of a DAO with so many decimals is.
    fn factor(&self, decimals: u8) -> Result<u128> {
        let finer = self.decimals.checked_sub(decimals).and_then(|more| 10_u128.checked_pow(u32::from(more)));
        finer.ok_or_else(|| Error::Contract {
            message: format!(
                "the token of `{}` has {} decimals, and the DAO's amounts have {decimals}: deploy a token with as many",
                self.bytecode.governor.name, self.decimals
            ),
        })
    }

    fn hold(&self, poll: &Poll<'_>) -> Result<(State, u64)> {
        let factor = self.factor(poll.decimals)?;
        let over = || Error::Contract { message: "powers beyond 2^128 - 1 units of the token".to_owned() };
        let mut ballots = Vec::with_capacity(poll.ballots.len());
        let mut sum = 0_u128;
        for ballot in poll.ballots {
            let power = ballot.power.checked_mul(factor).ok_or_else(over)?;
            sum = sum.checked_add(power).ok_or_else(over)?;
            let voter = address_of(&format!("voter {}", ballot.voter));
            ballots.push((Ballot { voter, support: ballot.support, power: Amount(power) }, ballot.moment));
        }
        ballots.sort_by_key(|(_, moment)| *moment);
        let known = poll.supply.map(|supply| supply.checked_mul(factor).ok_or_else(over)).transpose()?;
        let mut supply = known.map(|supply| supply.max(sum));
        let shares = self.bytecode.settings.quorum_fraction.is_some();
        if shares && supply.is_none() && U256::from(sum) > self.bytecode.supply {
            let governor = &self.bytecode.governor.name;
            let message = format!(
                "the DAO's supply is not known, the quorum of `{governor}` is a share of it, and more is cast on one proposal than \
                 the {} units that the deployment mints: deploy the token with the supply that the DAO has",
                self.bytecode.supply
            );
            return Err(Error::Contract { message });
        }
        if !shares {
            // A fixed quorum looks at no supply: there only has to be enough.
            supply = (U256::from(sum) > self.bytecode.supply).then_some(sum);
        } else if let Some(of) = supply.filter(|of| *of > 0 && self.scales(*of)) {
            self.scaled.fetch_add(1, Relaxed);
            let own = self.bytecode.supply;
            for (ballot, _) in &mut ballots {
                let share = U256::from(ballot.power.0).saturating_mul(own) / U256::from(of);
                ballot.power = super::amount(share).ok_or_else(over)?;
            }
            supply = None;
        }
        self.bytecode.poll(supply.map(Amount), &ballots)
    }
}

impl From<Error> for daotwin_simulation::Error {
    fn from(error: Error) -> Self {
        Self::Parameters { problems: vec![error.to_string()] }
    }
}

impl Referee for Judge {
    fn quorum(&self, supply: Option<u128>, decimals: u8) -> daotwin_simulation::Result<u128> {
        let factor = self.factor(decimals)?;
        let settings = &self.bytecode.settings;
        Ok(match (settings.quorum_fraction, settings.quorum_votes) {
            (Some((above, below)), _) if below > 0 => {
                // Reckoned in the token's unit, as the contract does, and reached by whole units of the DAO.
                let own = || super::amount(self.bytecode.supply).unwrap_or_default().0;
                let supply = supply.map_or_else(own, |supply| supply.saturating_mul(factor));
                let quorum = U256::from(supply) * U256::from(above) / U256::from(below);
                super::amount(quorum).unwrap_or(Amount(u128::MAX)).0.div_ceil(factor)
            }
            (_, Some(votes)) => votes.0.div_ceil(factor),
            _ => 0,
        })
    }

    fn counts(&self) -> QuorumCounts {
        match self.bytecode.governor.generation {
            Generation::OpenZeppelin => QuorumCounts::ForAndAbstain,
            Generation::Bravo | Generation::Alpha => QuorumCounts::For,
        }
    }

    fn passes(&self, poll: &Poll<'_>, expected: bool) -> daotwin_simulation::Result<bool> {
        let (state, refused) = self.hold(poll)?;
        let passed = state == State::Succeeded;
        self.proposals.fetch_add(1, Relaxed);
        self.ballots.fetch_add(poll.ballots.len() as u64, Relaxed);
        self.refused.fetch_add(refused, Relaxed);
        self.different.fetch_add(u64::from(passed != expected), Relaxed);
        Ok(passed)
    }

    fn decided(&self) -> Decided {
        let governor = &self.bytecode.governor;
        let kind = match governor.generation {
            Generation::OpenZeppelin => "an OpenZeppelin Governor",
            Generation::Bravo => "a Governor Bravo",
            Generation::Alpha => "a Governor Alpha",
        };
        Decided {
            by: format!("Contract `{}`, {kind},", governor.name),
            proposals: self.proposals.load(Relaxed),
            ballots: self.ballots.load(Relaxed),
            refused: self.refused.load(Relaxed),
            different: self.different.load(Relaxed),
        }
    }
}

/// Members of a poll, whose powers are handed out.
pub(super) fn powers(ballots: &[(Ballot, u32)]) -> Vec<(Address, Amount)> {
    ballots.iter().map(|(ballot, _)| (ballot.voter, ballot.power)).collect()
}
