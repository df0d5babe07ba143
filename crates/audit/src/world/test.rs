use std::path::Path;
use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::Limits;

use super::*;
use crate::artifact;
use crate::chain::Machine;

fn contracts() -> std::path::PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")).to_path_buf()
}

/// Answers of a view function without arguments.
fn ask(world: &World, name: &str, signature: &str, arguments: &[u8]) -> Vec<u8> {
    let mut data = alloy_primitives::keccak256(signature)[..4].to_vec();
    data.extend(arguments);
    let to = Some(world.contract(name).unwrap().address);
    let transaction = Transaction { sender: Address::ZERO, to, value: U256::ZERO, data: data.into() };
    let outcome = Machine::new(world.fork).run(&world.state, &transaction).unwrap();
    assert!(outcome.success(), "{name}.{signature}: {}", outcome.reason());
    outcome.output.to_vec()
}

#[test]
fn every_case_is_deployed_in_both_twins() {
    let mut deployed = 0;
    for group in std::fs::read_dir(contracts())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        for case in std::fs::read_dir(&group).unwrap().map(|entry| entry.unwrap().path()) {
            let scenario = Scenario::open(&case.join("audit.toml"), &Limits::default()).unwrap();
            let mut builds: Vec<_> =
                std::fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path()).collect();
            builds.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
            builds.sort();
            let mut addresses: Vec<Vec<(String, Address)>> = Vec::new();
            for build in builds {
                let artifacts = artifact::read(&build, &Limits::default()).unwrap();
                let world = World::deploy(&scenario, &artifacts)
                    .unwrap_or_else(|error| panic!("{}: {error}", build.display()));
                assert!(!world.contracts.is_empty());
                for found in &world.contracts {
                    assert!(
                        found
                            .contract
                            .runtime
                            .is_source_of(world.state.code(found.address).original_byte_slice())
                    );
                    assert!(!found.contract.lines().is_empty(), "{} has no lines", found.name);
                }
                addresses
                    .push(world.contracts.iter().map(|found| (found.name.clone(), found.address)).collect());
                deployed += 1;
            }
            assert!(addresses.windows(2).all(|pair| pair[0] == pair[1]), "{}", case.display());
        }
    }
    assert!(deployed >= 4, "{deployed} builds");
}
