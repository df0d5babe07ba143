//! A project as forge 1.7.1 leaves it: built, and deployed by a script whose transactions it recorded.

use std::path::Path;

use alloy_primitives::Address;
use daotwin_audit::artifact;
use daotwin_audit::world::{Scenario, World, guess};
use daotwin_core::Limits;

fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/forge"))
}

#[test]
fn the_build_is_read_with_its_lines() {
    let artifacts = artifact::read(project(), &Limits::default()).unwrap();
    let names: Vec<String> = artifacts.contracts.iter().map(|contract| contract.full_name()).collect();
    assert_eq!(
        names,
        [
            "script/Deploy.s.sol:Deploy",
            "script/Deploy.s.sol:Maker",
            "script/Deploy.s.sol:Vm",
            "src/Token.sol:Token"
        ]
    );
    for name in ["Maker", "Token"] {
        let contract = artifacts.find(name).unwrap();
        let lines = contract.lines();
        assert!(!lines.is_empty() && lines.iter().all(|(_, place)| place.file == contract.source), "{name}");
        // A line of a function is named by the text that stands there.
        let text = std::fs::read_to_string(project().join(&contract.source)).unwrap();
        let wanted = if name == "Maker" { "made = new Token(supply);" } else { "balanceOf[from] -= amount;" };
        let line = text.lines().position(|line| line.contains(wanted)).unwrap() + 1;
        assert!(lines.iter().any(|(_, place)| place.line == line), "{name}: line {line}");
    }
}

#[test]
fn the_recorded_deployment_is_done_again() {
    let artifacts = artifact::read(project(), &Limits::default()).unwrap();
    let file = project().join("broadcast/Deploy.s.sol/31337/run-latest.json");
    let world = World::deploy(&Scenario::broadcast(&file), &artifacts).unwrap();
    let found: Vec<(&str, &str)> =
        world.contracts.iter().map(|found| (found.name.as_str(), found.contract.name.as_str())).collect();
    assert_eq!(found, [("token", "Token"), ("token2", "Token"), ("maker", "Maker"), ("token3", "Token")]);
    // The addresses that the chain gave them, that of the salt and that by the other contract too.
    let recorded: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let transactions = recorded["transactions"].as_array().unwrap();
    let address = |value: &serde_json::Value| value.as_str().unwrap().parse::<Address>().unwrap();
    let of_kind = |kind: &str| {
        let all = transactions.iter().filter(|line| line["transactionType"].as_str() == Some(kind));
        all.map(|line| address(&line["contractAddress"])).collect::<Vec<_>>()
    };
    let made = transactions.iter().flat_map(|line| line["additionalContracts"].as_array().unwrap());
    let made: Vec<Address> = made.map(|line| address(&line["address"])).collect();
    let here: Vec<Address> = world.contracts.iter().map(|found| found.address).collect();
    assert_eq!([here[0], here[2]].to_vec(), of_kind("CREATE"));
    assert_eq!(here[1], of_kind("CREATE2")[0]);
    assert_eq!(here[3], made[0]);
}

#[test]
fn a_guess_deploys_what_is_the_projects_own() {
    let artifacts = artifact::read(project(), &Limits::default()).unwrap();
    let text = guess(&artifacts).unwrap();
    let world = World::deploy(&Scenario::read(&text, Path::new("")).unwrap(), &artifacts).unwrap();
    let names: Vec<&str> = world.contracts.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["token", "loans"], "{text}");
}
