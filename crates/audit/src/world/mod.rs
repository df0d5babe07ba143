//! The world that an audit begins in: contracts deployed, actors with what they hold, and what things are worth.

use std::sync::Arc;

use alloy_primitives::Address;

use crate::artifact::Contract;
use crate::chain::{Fork, State};

/// What an actor is to the contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Tries to gain, at the cost of whom it may be.
    Attacker,
    /// Holds and uses what the contracts give, in good faith.
    Member,
    /// Has rights by design: a deployer, an owner, a council.
    Trusted,
}

/// Someone who sends transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name.
    pub name: String,
    /// The address.
    pub address: Address,
    /// What it is to the contracts.
    pub role: Role,
}

/// A contract that stands in the world.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The name that findings use.
    pub name: String,
    /// The address.
    pub address: Address,
    /// What was deployed.
    pub contract: Arc<Contract>,
    /// What a proxy stands for: calls to the address have the functions of this one too.
    pub implementation: Option<Arc<Contract>>,
}

/// Something that is worth ether.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    /// The name.
    pub name: String,
    /// The token.
    pub token: Address,
    /// Ether for one whole token.
    pub ether: f64,
    /// Decimal places of a whole token.
    pub decimals: u8,
}

/// The world that an audit begins in.
#[derive(Debug, Clone)]
pub struct World {
    /// The state.
    pub state: Arc<State>,
    /// The hard fork.
    pub fork: Fork,
    /// The contracts, in the order of their deployment.
    pub contracts: Vec<Deployed>,
    /// The actors.
    pub actors: Vec<Actor>,
    /// Tokens that have a price; ether always has.
    pub assets: Vec<Asset>,
}
