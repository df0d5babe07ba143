use std::path::Path;
use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::Run;
use daotwin_core::random::Seed;

use super::{Campaign, Options};
use crate::artifact;
use crate::chain::{Fork, Machine, State, Transaction};
use crate::world::{Actor, Deployed, Role, World};

/// A world of one contract without arguments.
fn world(file: &str, name: &str) -> World {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/contracts");
    let artifacts = artifact::read(&Path::new(folder).join(file), &daotwin_core::Limits::default()).unwrap();
    let contract = Arc::clone(artifacts.find(name).unwrap());
    let (deployer, attacker) = (Address::repeat_byte(0xde), Address::repeat_byte(0xa7));
    let mut state = State::new(1, 1_700_000_000);
    for actor in [deployer, attacker] {
        state.set_balance(actor, U256::from(10).pow(U256::from(20)));
    }
    let mut machine = Machine::new(Fork::default());
    let data = Bytes::from(contract.creation.bytes.clone());
    let create = Transaction { sender: deployer, to: None, value: U256::ZERO, data };
    let state = Arc::new(state);
    let outcome = machine.run(&state, &create).unwrap();
    assert!(outcome.success(), "{}", outcome.reason());
    let address = outcome.created.unwrap();
    let actor = |name: &str, address, role| Actor { name: name.to_owned(), address, role };
    World {
        state: Arc::new(outcome.after(&state)),
        fork: Fork::default(),
        contracts: vec![Deployed { name: name.to_lowercase(), address, contract, implementation: None }],
        actors: vec![actor("deployer", deployer, Role::Trusted), actor("attacker", attacker, Role::Attacker)],
        assets: Vec::new(),
    }
}

#[test]
fn six_steps_in_their_order_are_found() {
    for seed in 0..5 {
        let world = world("small/chain/Vulnerable.json", "Chain");
        let options = Options { seed: Seed(seed), executions: Some(256), ..Options::default() };
        let mut campaign = Campaign::new(world, options).unwrap();
        let start = std::time::Instant::now();
        let mut executions = 0;
        while executions < 400_000
            && !campaign.reaches(|state, at| state.storage(at, U256::from(2)) != U256::ZERO)
        {
            let report = campaign.run(&Run::default(), &mut |_| ()).unwrap();
            executions = report.executions;
            campaign.extend(256);
        }
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "seed {seed}: {executions} executions, {seconds:.3} s, {:.0} a second, corpus {}",
            executions as f64 / seconds,
            campaign.size()
        );
    }
}
