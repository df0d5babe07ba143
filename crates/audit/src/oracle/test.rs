use std::collections::BTreeMap;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{U256, keccak256};
use daotwin_core::Run;
use daotwin_core::random::Seed;

use super::drive::{cases, play, world};
use super::exploits;
use crate::campaign::{Campaign, Options};
use crate::finding::Finding;
use crate::world::World;

/// What a search finds in so many executions.
fn search(world: World, executions: u64, seed: u64) -> (Vec<Finding>, f64) {
    let options = Options { seed: Seed(seed), executions: Some(executions), ..Options::default() };
    let mut campaign = Campaign::new(world, options).unwrap();
    let report = campaign.run(&Run::default(), &mut |_| ()).unwrap();
    (report.findings, report.executions as f64 / report.seconds)
}

fn show(world: &World, finding: &Finding) {
    println!(
        "    {} [{} {}] {} after {}",
        finding.oracle, finding.contract, finding.function, finding.title, finding.executions
    );
    for step in &finding.steps {
        show_step(world, step, 3);
    }
    for effect in &finding.effects {
        println!("        {effect:?}");
    }
}

fn show_step(world: &World, step: &crate::Step, depth: usize) {
    let arguments: Vec<String> = step.arguments.iter().map(crate::world::show).collect();
    println!(
        "{}{} -> {}.{}({}) value {} wait {}",
        "    ".repeat(depth),
        world.name_of(step.sender),
        world.name_of(step.to),
        step.function.as_ref().map(|f| f.name()).unwrap_or_default(),
        arguments.join(", "),
        step.value,
        step.wait.seconds
    );
    for inner in &step.inner {
        show_step(world, inner, depth + 1);
    }
}

#[test]
#[ignore = "a look at what is found where"]
fn sweep() {
    let only = std::env::var("CASE").unwrap_or_default();
    let executions = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let seed = std::env::var("SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for group in ["incidents", "oracles", "held-out", "small"] {
        let Ok(entries) = std::fs::read_dir(cases().join(group)) else { continue };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        for name in names.iter().filter(|name| name.contains(&only)) {
            for twin in ["Vulnerable", "Fixed"] {
                if !cases().join(group).join(name).join(format!("{twin}.json")).exists() {
                    continue;
                }
                let world = world(&format!("{group}/{name}"), twin);
                let kept = world.clone();
                let start = std::time::Instant::now();
                let (findings, rate) = search(world, executions, seed);
                println!("{group}/{name} {twin}: {:.1} s, {rate:.0}/s", start.elapsed().as_secs_f64());
                for finding in &findings {
                    show(&kept, finding);
                }
            }
        }
    }
}

/// What `cases.toml` allows of each case.
fn expected() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(cases().join("cases.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    let mut expected = BTreeMap::new();
    for case in document["case"].as_array().unwrap() {
        let words = |key: &str| -> Vec<String> {
            let list = case.get(key).and_then(|list| list.as_array());
            list.into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        expected.insert(case["name"].as_str().unwrap().to_owned(), words("expect"));
    }
    expected
}

/// A text with the number of a grant in place of `ASKED`: a hash of what was asked for.
fn asked(world: &World, text: &str) -> String {
    let attacker = world.actors.iter().find(|actor| actor.name == "attacker").unwrap().address;
    let amount = U256::from(40) * U256::from(10).pow(U256::from(18));
    let grant = [
        DynSolValue::Address(attacker),
        DynSolValue::Uint(amount, 256),
        DynSolValue::String("bread".to_owned()),
    ];
    let hash = keccak256(DynSolValue::Tuple(grant.to_vec()).abi_encode_params());
    text.replace("ASKED", &hash.to_string())
}

#[test]
#[ignore = "a look at what every attack shows"]
fn attacks() {
    let only = std::env::var("CASE").unwrap_or_default();
    let expected = expected();
    for shown in exploits::all().into_iter().filter(|shown| shown.case.contains(&only)) {
        for twin in ["Vulnerable", "Fixed"] {
            let world = world(shown.case, twin);
            for (number, attack) in shown.attacks.iter().enumerate() {
                let played = play(&world, &asked(&world, attack));
                if played.failed.is_some() && number + 1 < shown.attacks.len() && played.findings.is_empty() {
                    continue;
                }
                println!(
                    "{} {twin}: {:?} {} (of {:?})",
                    shown.case,
                    played.oracles(),
                    played.failed.clone().unwrap_or_default(),
                    expected.get(shown.case)
                );
                for finding in &played.findings {
                    let bad = !expected[shown.case].iter().any(|name| name == finding.oracle);
                    if twin == "Fixed" || bad || std::env::var("SHOW").is_ok() {
                        show(&world, finding);
                    }
                }
                if !played.findings.is_empty() {
                    break;
                }
            }
            let used = play(&world, &asked(&world, shown.uses));
            if !used.findings.is_empty() || used.failed.is_some() {
                println!(
                    "{} {twin} USE: {:?} {}",
                    shown.case,
                    used.oracles(),
                    used.failed.clone().unwrap_or_default()
                );
                for finding in &used.findings {
                    show(&world, finding);
                }
            }
        }
    }
}
