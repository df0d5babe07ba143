//! Votes held on a DAO's own contracts.
//!
//! [`Bytecode`] takes a governor that stands in a world ([`Governor`]: OpenZeppelin's, Governor Bravo, Governor Alpha) and
//! decides cases as the native rules of `daotwin_simulation::governance` do, but for one thing: every ballot is a
//! transaction, and what came of it is what the contract's `state` says. Powers are handed out beforehand, in the token's own
//! units, by transfers (or by minting, where somebody of the world may) and delegations to oneself.

mod case;
mod governor;
mod referee;
mod vote;

#[cfg(test)]
mod test;

use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, keccak256};
use daotwin_simulation::engine::dao::Decision;
use daotwin_simulation::engine::tally::Tally;
use daotwin_simulation::governance::Amount;
use daotwin_simulation::governance::lifecycle::{Moment, State, Support};

use super::session::{Session, uint};
use crate::artifact::Contract;
use crate::world::World;
use crate::{Error, Result};

pub(in crate::traffic) use governor::PAST_VOTES;
pub use governor::{Generation, Governor};
pub use referee::Judge;
pub use vote::{Came, Vote};

/// The address of somebody who is known by name alone.
pub fn address_of(name: &str) -> Address {
    Address::from_slice(&keccak256(format!("daotwin member {name}"))[12..])
}

/// A ballot of a vote that is only asked for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ballot {
    /// Whose: any address that nobody else votes by.
    pub voter: Address,
    /// What it says.
    pub support: Support,
    /// With what power at the snapshot, in the token's smallest unit.
    pub power: Amount,
}

/// What the contract keeps to, in the clock of the contract and the token's smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// From making to snapshot.
    pub voting_delay: u64,
    /// From snapshot to deadline.
    pub voting_period: u64,
    /// What a proposer needs.
    pub proposal_threshold: Amount,
    /// Above and below the line of the quorum's share of the supply; none where it is a fixed amount.
    pub quorum_fraction: Option<(u64, u64)>,
    /// The quorum where it is a fixed amount.
    pub quorum_votes: Option<Amount>,
    /// Seconds in the timelock; none without one.
    pub timelock_delay: Option<u64>,
    /// Seconds after that in which it can be executed; none where that does not end.
    pub grace: Option<u64>,
}

/// A voting rule that is a contract.
#[derive(Debug, Clone)]
pub struct Bytecode {
    world: World,
    governor: Governor,
    contract: Arc<Contract>,
    settings: Settings,
    /// Alpha's guardian; nobody elsewhere.
    guardian: Address,
    /// Who may mint the token; none where nobody was found to.
    minter: Option<Address>,
    /// All of the token that there is.
    supply: U256,
    /// The token's smallest units in one unit of [`Decision`].
    unit: u128,
}

/// Where the token lies that nobody votes with.
fn bank() -> Address {
    Address::from_slice(&keccak256("daotwin bank")[12..])
}

pub(super) fn amount(word: U256) -> Option<Amount> {
    u128::try_from(word).ok().map(Amount)
}

impl Bytecode {
    /// The governor of a world by its name, or the only one there is. What actors and contracts hold of its token is put
    /// aside, and its state there is the one that every vote begins on.
    ///
    /// # Errors
    /// There is no such governor, or it does not tell its settings; a defect of the interpreter.
    pub fn new(world: &World, governor: Option<&str>) -> Result<Self> {
        let governor = Governor::find(world, governor)?;
        let mut world = world.clone();
        let mut session = Session::new(&world);
        let settings = settings(&governor, &mut session)?;
        let token = governor.token;
        let actors = world.actors.iter().map(|actor| actor.address);
        let contracts = world.contracts.iter().map(|deployed| deployed.address);
        let holders: Vec<Address> = actors.chain(contracts).filter(|holder| *holder != token).collect();
        // One block later: a token may keep one state of power a block.
        session.set_clock(world.state.block + 1, world.state.time + 1);
        for holder in &holders {
            let held = session.number(token, "balanceOf(address)", vec![DynSolValue::Address(*holder)])?;
            if held.is_some_and(|held| !held.is_zero()) {
                let arguments = vec![DynSolValue::Address(bank()), uint(held.unwrap_or_default())];
                // What cannot be moved stays, and counts in the supply.
                drop(session.send(*holder, token, "transfer(address,uint256)", arguments)?);
            }
        }
        let supply = session.number(token, "totalSupply()", Vec::new())?.unwrap_or_default();
        let guardian = match governor.generation {
            Generation::Alpha => session.address(governor.address, "guardian()")?.unwrap_or_default(),
            _ => Address::ZERO,
        };
        let state = Arc::clone(&session.state);
        let minter = minter(&mut session, token, &holders)?;
        world.state = state;
        let deployed = world.contracts.iter().find(|deployed| deployed.address == governor.address);
        let contract = deployed
            .map(|deployed| Arc::clone(deployed.implementation.as_ref().unwrap_or(&deployed.contract)));
        Ok(Self {
            world,
            governor,
            contract: contract.unwrap_or_default(),
            settings,
            guardian,
            minter,
            supply,
            unit: 1,
        })
    }

    /// The governor.
    pub const fn governor(&self) -> &Governor {
        &self.governor
    }

    /// What the contract keeps to.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same, where a unit of [`Decision`] is so many of the token's smallest: 10^18 for whole tokens of most.
    #[must_use]
    pub const fn with_unit(mut self, unit: u128) -> Self {
        self.unit = unit;
        self
    }

    /// Holds a whole vote: everybody's power is handed out, somebody proposes, all ballots are cast in their order while
    /// voting is open, and the state one clock unit after the deadline is the answer. `supply` is what there is of the token
    /// in all; as much as there is in the world, or as all ballots have, where not given.
    ///
    /// A ballot that the contract refuses (a second one of the same voter, abstaining where that is not known) does not
    /// count, as on the chain. Cost: about four transactions a ballot, 0.1 ms.
    ///
    /// # Errors
    /// The token cannot be made to have that supply or these powers, or nobody has enough power to propose; a defect of the
    /// interpreter.
    pub fn ballot(&self, supply: Option<Amount>, ballots: &[Ballot]) -> Result<State> {
        let ballots: Vec<(Ballot, u32)> = ballots.iter().map(|ballot| (*ballot, 0)).collect();
        Ok(self.poll(supply, &ballots)?.0)
    }

    /// The same, of ballots that come in the order of their moment, in millionths of the time in which votes are taken; and
    /// how many the contract refused.
    fn poll(&self, supply: Option<Amount>, ballots: &[(Ballot, u32)]) -> Result<(State, u64)> {
        let powers = referee::powers(ballots);
        let made = Moment { clock: 2, second: 2 };
        let mut vote = self.prepare(supply, &powers, made)?;
        let proposer = vote.anybody(&powers)?;
        vote.propose(proposer, 1)??;
        let open = 2 + self.settings.voting_delay + 1;
        let last = self.settings.voting_period.saturating_sub(1);
        let moment = |clock: u64| {
            let second =
                if self.governor.seconds { clock } else { clock.saturating_mul(crate::BLOCK_SECONDS) };
            Moment { clock, second }
        };
        let mut refused = 0;
        for (ballot, when) in ballots {
            let clock = open + (u128::from(last) * u128::from((*when).min(1_000_000)) / 1_000_000) as u64;
            // A ballot that the governor refuses counts for nothing.
            refused += u64::from(vote.cast(moment(clock), ballot.voter, ballot.support)?.is_err());
        }
        let deadline = vote.deadline()?;
        Ok((vote.state(moment(deadline.saturating_add(1)))?, refused))
    }
}

/// The first of these who may mint a token; the session is left in any state.
pub(super) fn minter(
    session: &mut Session,
    token: Address,
    candidates: &[Address],
) -> Result<Option<Address>> {
    let supply = session.number(token, "totalSupply()", Vec::new())?.unwrap_or_default();
    for candidate in candidates {
        let arguments = vec![DynSolValue::Address(bank()), uint(U256::from(1))];
        if session.send(*candidate, token, "mint(address,uint256)", arguments)?.is_ok()
            && session.number(token, "totalSupply()", Vec::new())? == supply.checked_add(U256::from(1))
        {
            return Ok(Some(*candidate));
        }
    }
    Ok(None)
}

fn settings(governor: &Governor, session: &mut Session) -> Result<Settings> {
    let mut missing = Vec::new();
    let mut number = |to: Address, signature: &'static str, needed: bool| -> Result<Option<U256>> {
        let value = session.number(to, signature, Vec::new())?;
        if value.is_none() && needed {
            missing.push(signature);
        }
        Ok(value)
    };
    let short = |value: Option<U256>| value.map(|value| u64::try_from(value).unwrap_or(u64::MAX));
    let own = governor.address;
    let openzeppelin = governor.generation == Generation::OpenZeppelin;
    let fraction = match number(own, "quorumNumerator()", false)? {
        Some(above) => Some((above, number(own, "quorumDenominator()", true)?.unwrap_or_default())),
        None => None,
    };
    let quorum_votes = number(own, "quorumVotes()", !openzeppelin)?;
    let (timelock_delay, grace) = match governor.timelock {
        Some(timelock) => match number(timelock, "getMinDelay()", false)? {
            Some(delay) => (Some(delay), None),
            None => (number(timelock, "delay()", true)?, number(timelock, "GRACE_PERIOD()", true)?),
        },
        None => (None, None),
    };
    let settings = Settings {
        voting_delay: short(number(own, "votingDelay()", true)?).unwrap_or_default(),
        voting_period: short(number(own, "votingPeriod()", true)?).unwrap_or_default(),
        proposal_threshold: number(own, "proposalThreshold()", false)?.and_then(amount).unwrap_or_default(),
        quorum_fraction: fraction
            .and_then(|(above, below)| Some((u64::try_from(above).ok()?, u64::try_from(below).ok()?))),
        quorum_votes: quorum_votes.and_then(amount),
        timelock_delay: short(timelock_delay),
        grace: short(grace),
    };
    if missing.is_empty() {
        Ok(settings)
    } else {
        let message = format!(
            "governor `{}`, or its timelock, does not answer `{}`",
            governor.name,
            missing.join("`, `")
        );
        Err(Error::Contract { message })
    }
}

/// The contract decides between yes and no of an engine's DAO: one ballot for, one against.
///
/// A vote that cannot be held on the contract passes nothing.
impl Decision for Bytecode {
    fn quorum(&self, electorate: u64) -> Option<u64> {
        match (self.settings.quorum_fraction, self.settings.quorum_votes) {
            (Some((above, below)), _) if below > 0 => {
                u64::try_from(u128::from(electorate) * u128::from(above) / u128::from(below)).ok()
            }
            (_, Some(votes)) => u64::try_from(votes.0.div_ceil(self.unit.max(1))).ok(),
            _ => None,
        }
    }

    fn passes(&self, tally: &Tally, electorate: u64) -> bool {
        let units = |value: u64| Amount(u128::from(value).saturating_mul(self.unit));
        let ballots = [("for", Support::For, tally.yes), ("against", Support::Against, tally.no)];
        let ballots = ballots.map(|(name, support, power)| Ballot {
            voter: address_of(name),
            support,
            power: units(power),
        });
        matches!(self.ballot(Some(units(electorate)), &ballots), Ok(State::Succeeded))
    }
}
