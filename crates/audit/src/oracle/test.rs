use std::path::{Path, PathBuf};

use daotwin_core::random::Seed;
use daotwin_core::{Limits, Run};

use crate::artifact;
use crate::campaign::{Campaign, Options};
use crate::finding::Finding;
use crate::world::{Scenario, World};

/// The folder of cases.
fn cases() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")).to_owned()
}

/// The world of one twin of a case.
fn world(case: &str, twin: &str) -> Option<World> {
    let folder = cases().join(case);
    let compiled = folder.join(format!("{twin}.json"));
    if !compiled.exists() {
        return None;
    }
    let artifacts = artifact::read(&compiled, &Limits::default()).unwrap();
    let scenario = Scenario::open(&folder.join("audit.toml"), &Limits::default()).unwrap();
    Some(World::deploy(&scenario, &artifacts).unwrap_or_else(|error| panic!("{case} {twin}: {error}")))
}

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
                let Some(world) = world(&format!("{group}/{name}"), twin) else { continue };
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
