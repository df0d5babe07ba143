//! Governors of a world, recognised by what they can be asked.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::Address;

use crate::traffic::Session;
use crate::traffic::session::selector;
use crate::world::{Deployed, World};
use crate::{Error, Result};

/// Which governor a contract is, by its interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// OpenZeppelin's Governor, 4.3 and later: proposals by the hash of what they do.
    OpenZeppelin,
    /// Compound's Governor Bravo: numbered proposals, abstaining.
    Bravo,
    /// Compound's Governor Alpha: numbered proposals, yes and no.
    Alpha,
}

impl Generation {
    /// What proposes.
    pub const fn propose(self) -> &'static str {
        match self {
            Self::OpenZeppelin => "propose(address[],uint256[],bytes[],string)",
            Self::Bravo | Self::Alpha => "propose(address[],uint256[],string[],bytes[],string)",
        }
    }

    /// What votes.
    pub const fn cast(self) -> &'static str {
        match self {
            Self::OpenZeppelin | Self::Bravo => "castVote(uint256,uint8)",
            Self::Alpha => "castVote(uint256,bool)",
        }
    }

    /// The rule of the simulation that decides the same.
    pub const fn native(self) -> &'static str {
        match self {
            Self::OpenZeppelin => "governor",
            Self::Bravo => "governor-bravo",
            Self::Alpha => "governor-alpha",
        }
    }
}

/// A governor of a world.
#[derive(Debug, Clone)]
pub struct Governor {
    /// Its name in the world.
    pub name: String,
    /// Its address.
    pub address: Address,
    /// Which one it is.
    pub generation: Generation,
    /// Whose holders vote.
    pub token: Address,
    /// What a won vote waits in.
    pub timelock: Option<Address>,
    /// Whether its clock counts seconds and not blocks.
    pub seconds: bool,
}

/// Whether a contract has a function, itself or by what it stands for.
fn has(deployed: &Deployed, signature: &str) -> bool {
    let selector = selector(signature);
    let contracts = [Some(&deployed.contract), deployed.implementation.as_ref()];
    contracts.into_iter().flatten().any(|contract| contract.function(selector).is_some())
}

/// What tells how much power someone had.
pub(in crate::traffic) const PAST_VOTES: [&str; 2] =
    ["getPastVotes(address,uint256)", "getPriorVotes(address,uint256)"];

fn generation(deployed: &Deployed) -> Option<Generation> {
    [Generation::OpenZeppelin, Generation::Bravo, Generation::Alpha].into_iter().find(|generation| {
        [generation.propose(), generation.cast(), "state(uint256)"]
            .iter()
            .all(|signature| has(deployed, signature))
    })
}

impl Governor {
    /// The governors of a world, in the order of their deployment: contracts with the functions of one that name a contract
    /// of the world whose holders have votes.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn all(world: &World) -> Result<Vec<Self>> {
        let mut session = Session::new(world);
        let mut governors = Vec::new();
        for deployed in &world.contracts {
            let Some(generation) = generation(deployed) else { continue };
            let Some(token) = votes_of(world, deployed, &mut session)? else { continue };
            let address = deployed.address;
            let mode = session.ask(address, "CLOCK_MODE()", Vec::new())?;
            governors.push(Self {
                name: deployed.name.clone(),
                address,
                generation,
                token,
                timelock: session.address(address, "timelock()")?,
                seconds: mode.is_some_and(|mode| {
                    mode.windows(b"mode=timestamp".len()).any(|part| part == b"mode=timestamp")
                }),
            });
        }
        Ok(governors)
    }

    /// The governor of that name, or the only one.
    ///
    /// # Errors
    /// There is none, several and no name, or none of that name; a defect of the interpreter.
    pub fn find(world: &World, name: Option<&str>) -> Result<Self> {
        let mut governors = Self::all(world)?;
        let names: Vec<String> = governors.iter().map(|governor| governor.name.clone()).collect();
        let refuse = |message: String| Err(Error::Contract { message });
        match name {
            Some(name) => governors.into_iter().find(|governor| governor.name == name).map_or_else(
                || {
                    refuse(format!(
                        "`{name}` is no governor with votes; governors are `{}`",
                        names.join("`, `")
                    ))
                },
                Ok,
            ),
            None if governors.len() == 1 => Ok(governors.remove(0)),
            None if governors.is_empty() => refuse(
                "no contract here is a governor: one has `propose`, `castVote` and `state` as OpenZeppelin's Governor, \
                Governor Bravo or Governor Alpha have, and names a token with `getPastVotes` or `getPriorVotes` that is \
                deployed too"
                    .to_owned(),
            ),
            None => refuse(format!("there are several governors: say which, `{}`", names.join("` or `"))),
        }
    }
}

/// The contract that a governor counts votes of: the first that a view without arguments names and that knows past votes.
fn votes_of(world: &World, governor: &Deployed, session: &mut Session) -> Result<Option<Address>> {
    let contracts = [Some(&governor.contract), governor.implementation.as_ref()];
    for callable in contracts.into_iter().flatten().flat_map(|contract| &contract.functions) {
        if !callable.view() || !callable.inputs.is_empty() || callable.outputs != [DynSolType::Address] {
            continue;
        }
        let Some(address) = session.address(governor.address, &callable.signature())? else { continue };
        let named = world.contracts.iter().find(|deployed| deployed.address == address);
        if named.is_some_and(|named| PAST_VOTES.iter().any(|signature| has(named, signature))) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}
