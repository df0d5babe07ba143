//! Worlds with a governor, for tests.

use std::path::Path;
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, keccak256};
use daotwin_core::Limits;

use super::session::{Session, uint};
use super::voting::address_of;
use crate::artifact::{Artifacts, read};
use crate::chain::{Fork, Machine, State, Transaction};
use crate::world::{Actor, Deployed, Role, World};

fn artifacts(name: &str) -> Artifacts {
    let path = format!("{}/governors/{name}/Governor.json", env!("CARGO_MANIFEST_DIR"));
    read(Path::new(&path), &Limits::default()).unwrap()
}

/// An empty world with a deployer.
pub(crate) struct Site {
    pub(crate) world: World,
    deployer: Address,
    artifacts: Artifacts,
}

impl Site {
    pub(crate) fn new(name: &str) -> Self {
        let deployer = address_of("deployer");
        let world = World {
            state: Arc::new(State::new(100, 1_700_000_000)),
            fork: Fork::default(),
            contracts: Vec::new(),
            actors: vec![Actor {
                name: "deployer".to_owned(),
                address: deployer,
                role: Role::Trusted,
                ether: U256::ZERO,
            }],
            assets: Vec::new(),
            turnout: None,
            genesis: Arc::default(),
            setup: Vec::new(),
        };
        Self { world, deployer, artifacts: artifacts(name) }
    }

    pub(crate) fn deploy(&mut self, contract: &str, name: &str, arguments: Vec<DynSolValue>) -> Address {
        let contract = Arc::clone(self.artifacts.find(contract).unwrap());
        let mut data = contract.creation.bytes.clone();
        data.extend(DynSolValue::Tuple(arguments).abi_encode_params());
        let creation = Transaction { sender: self.deployer, to: None, value: U256::ZERO, data: data.into() };
        let outcome = Machine::new(self.world.fork).run(&self.world.state, &creation).unwrap();
        assert!(outcome.success(), "{name}: {}", outcome.reason());
        let address = outcome.created.unwrap();
        self.world.state = Arc::new(outcome.after(&self.world.state));
        self.world.contracts.push(Deployed {
            name: name.to_owned(),
            address,
            contract,
            implementation: None,
            implementation_address: None,
        });
        address
    }

    pub(crate) fn call(&mut self, to: Address, signature: &str, arguments: Vec<DynSolValue>) {
        let mut session = Session::new(&self.world);
        session.send(self.deployer, to, signature, arguments).unwrap().unwrap();
        self.world.state = session.state;
    }
}

pub(crate) fn address(address: Address) -> DynSolValue {
    DynSolValue::Address(address)
}

pub(crate) fn number(number: u64) -> DynSolValue {
    uint(U256::from(number))
}

/// Delay, period, threshold, quorum, seconds in the timelock.
pub(crate) type Numbers = (u64, u64, u64, u64, Option<u64>);

pub(crate) fn governor((delay, period, threshold, quorum, lock): Numbers) -> World {
    let mut site = Site::new("openzeppelin");
    let holders = DynSolValue::Array(vec![address(address_of("whale"))]);
    let token = site.deploy("Votes", "token", vec![holders, DynSolValue::Array(vec![number(0)])]);
    let rest = [number(delay), number(period), number(threshold), number(quorum)];
    if let Some(seconds) = lock {
        let timelock = site.deploy("Timelock", "timelock", vec![number(seconds)]);
        let both = [address(token), address(timelock)];
        let dao = site.deploy("TimelockedGovernor", "dao", both.into_iter().chain(rest).collect());
        for role in ["PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE"] {
            let role = DynSolValue::FixedBytes(keccak256(role), 32);
            site.call(timelock, "grantRole(bytes32,address)", vec![role, address(dao)]);
        }
    } else {
        site.deploy("PlainGovernor", "dao", std::iter::once(address(token)).chain(rest).collect());
    }
    site.world
}

pub(crate) fn compound(contract: &str, (delay, period, threshold, quorum, lock): Numbers) -> World {
    let mut site = Site::new("compound");
    let none = DynSolValue::Array(Vec::new());
    let token = site.deploy("Votes", "token", vec![none.clone(), none]);
    let timelock = site.deploy("CompoundTimelock", "timelock", vec![number(lock.unwrap())]);
    let mut arguments = vec![address(token), address(timelock)];
    if contract == "GovernorAlpha" {
        arguments.push(address(address_of("m0")));
    }
    arguments.extend([delay, period, threshold, quorum].map(number));
    let dao = site.deploy(contract, "dao", arguments);
    site.call(timelock, "setAdmin(address)", vec![address(dao)]);
    site.world
}
