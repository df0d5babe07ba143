//! Contracts on a chain, with people around them: the world that an audit begins in.
//!
//! A [`Scenario`] says what to deploy and how, as a TOML file that people write; without one, [`guess`] writes it from the
//! constructors. A deployment that a forge script has made is taken over by [`Scenario::broadcast`].
//!
//! ```toml
//! [chain]
//! fork = "prague"
//!
//! [[actors]]
//! name = "whale"
//! ether = "10 ether"
//!
//! [[setup]]
//! deploy = "GovToken"
//! name = "token"
//! arguments = [["$attacker", "$whale"], ["100e18", "900e18"]]
//!
//! [[setup]]
//! call = "token.delegate"
//! from = "whale"
//! arguments = ["$whale"]
//! wait = "1 day"
//!
//! [assets]
//! token = "0.01"
//! ```

mod amount;
mod broadcast;
mod guess;
mod key;
mod loans;
mod proxy;
mod read;
mod schema;
mod stage;
mod term;
mod value;

#[cfg(test)]
mod test;

use std::sync::Arc;

use alloy_primitives::{Address, U256};

use crate::artifact::{Artifacts, Callable, Contract};
use crate::chain::{Fork, State, Transaction};
use crate::{Error, Result};

pub use guess::guess;
pub use key::{address_of, secret_of};
pub use read::Scenario;
pub use schema::json_schema;
pub use value::{reason, show};

/// Contracts, people, and what is worth something.
#[derive(Debug, Clone)]
pub struct World {
    /// The state after the deployment, at the beginning of the block that follows it.
    pub state: Arc<State>,
    /// The hard fork.
    pub fork: Fork,
    /// The contracts, in the order in which they came to be.
    pub contracts: Vec<Deployed>,
    /// The people, `deployer` and `attacker` first.
    pub actors: Vec<Actor>,
    /// What is worth something; ether first.
    pub assets: Vec<Asset>,
    /// What members do when a proposal stands, where it is told.
    pub turnout: Option<Turnout>,
    /// The state before the first step, with no account but those that have ether.
    pub genesis: Arc<State>,
    /// What was done, in order, for who wants to do it again elsewhere.
    pub setup: Vec<Done>,
}

/// A contract on the chain.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// How lines of the scenario and findings call it; unique.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// What it is.
    pub contract: Arc<Contract>,
    /// What it hands its calls on to, where it is a proxy: calls to its address have the functions of this one too.
    pub implementation: Option<Arc<Contract>>,
    /// Where that is.
    pub implementation_address: Option<Address>,
}

impl Deployed {
    /// What can be called at its address: its own functions, and those of its implementation that it has not itself.
    pub fn functions(&self) -> impl Iterator<Item = &Callable> {
        let inherited = self.implementation.iter().flat_map(|contract| &contract.functions);
        let inherited = inherited.filter(|callable| self.contract.function(callable.selector).is_none());
        self.contract.functions.iter().chain(inherited)
    }

    /// Whether it takes ether without a function being called.
    pub fn receives(&self) -> bool {
        self.contract.receives() && self.implementation.as_ref().is_none_or(|contract| contract.receives())
    }
}

/// What someone is to the DAO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Wants to take what is not theirs.
    Attacker,
    /// Holds, votes, and does nothing against the others.
    Member,
    /// May do what others may not, and does no harm: what it takes to be harmed by them is no finding.
    Trusted,
}

impl Role {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("attacker", Self::Attacker), ("member", Self::Member), ("trusted", Self::Trusted)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, role)| *role == self).map_or("", |(name, _)| name)
    }
}

/// Someone with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name; unique among actors and contracts.
    pub name: String,
    /// The account: that of the secret key [`secret_of`] the name, as of Foundry's `makeAddr`.
    pub address: Address,
    /// What they are to the DAO.
    pub role: Role,
    /// The ether they begin with, in wei.
    pub ether: U256,
}

/// Something of worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The name: `ether`, or that of the token's contract.
    pub name: String,
    /// The token; none for ether.
    pub token: Option<Address>,
    /// Digits after the point of a unit.
    pub decimals: u8,
    /// What a unit, 10^decimals of the smallest, is worth, in wei.
    pub worth: U256,
}

/// Who votes when an attacker's proposal stands: the share of the voting power of members that votes is drawn from a Beta
/// distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turnout {
    /// The mean of that share.
    pub mean: f64,
    /// How closely it stays around it: the sum of the distribution's two parameters.
    pub concentration: f64,
    /// The share of those votes that goes against the attacker.
    pub against: f64,
}

/// A step of the deployment.
#[derive(Debug, Clone)]
pub struct Done {
    /// The block it is in.
    pub block: u64,
    /// The time of that block.
    pub time: u64,
    /// What was sent.
    pub transaction: Transaction,
    /// The contract that it created, by name: the first of those deployed under it.
    pub created: Option<(String, Address)>,
    /// The function and its arguments as an error or an exporter writes them: `token.delegate(whale)`.
    pub words: String,
}

impl World {
    /// Deploys a scenario.
    ///
    /// # Errors
    /// Every problem of the scenario that can be told before it is carried out, each with its line; then the first line that
    /// fails, with the call and why it was reverted.
    pub fn deploy(scenario: &Scenario, artifacts: &Artifacts) -> Result<Self> {
        stage::deploy(scenario, artifacts)
    }

    /// A contract by name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn contract(&self, name: &str) -> Result<&Deployed> {
        self.contracts.iter().find(|deployed| deployed.name == name).ok_or_else(|| Error::Unknown {
            what: "deployed contract",
            name: name.to_owned(),
            known: self
                .contracts
                .iter()
                .map(|deployed| deployed.name.as_str())
                .collect::<Vec<_>>()
                .join("`, `"),
        })
    }

    /// The contract at an address.
    pub fn at(&self, address: Address) -> Option<&Deployed> {
        self.contracts.iter().find(|deployed| deployed.address == address)
    }

    /// An actor by name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn actor(&self, name: &str) -> Result<&Actor> {
        self.actors.iter().find(|actor| actor.name == name).ok_or_else(|| Error::Unknown {
            what: "actor",
            name: name.to_owned(),
            known: self.actors.iter().map(|actor| actor.name.as_str()).collect::<Vec<_>>().join("`, `"),
        })
    }

    /// The actors of a role.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Actor> {
        self.actors.iter().filter(move |actor| actor.role == role)
    }

    /// The name of an account or contract; its address where it has none.
    pub fn name_of(&self, address: Address) -> String {
        let actor = self.actors.iter().find(|actor| actor.address == address).map(|actor| actor.name.clone());
        let contract = || self.at(address).map(|deployed| deployed.name.clone());
        actor.or_else(contract).unwrap_or_else(|| address.to_string())
    }
}
