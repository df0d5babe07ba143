//! `exported_tests FOLDER [EXECUTIONS]`: writes attacks on the crate's own contracts as Foundry tests, known ones and those
//! that a search of so many calls finds, each beside the vulnerable contracts in one project and beside the repaired ones in
//! another, a project for each hard fork. One line each says what is minimal about it.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the checks")]

#[path = "../tests/known/mod.rs"]
mod known;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daotwin_audit::campaign::{Campaign, Options};
use daotwin_audit::chain::{Machine, State};
use daotwin_audit::export::foundry;
use daotwin_audit::shrink::{Budget, Shrunk, shrink};
use daotwin_audit::world::World;
use daotwin_audit::{Finding, replay};
use daotwin_core::Run;
use daotwin_core::files::atomic_write;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let folder = PathBuf::from(&words[1]);
    let executions: u64 = words.get(2).map_or(0, |word| word.parse().unwrap());
    let mut all: Vec<(String, World, Finding)> = Vec::new();
    for (case, world, finding) in known::all() {
        all.push((case.to_owned(), world, finding));
    }
    if executions > 0 {
        for case in known::cases() {
            let options = Options { executions: Some(executions), ..Options::default() };
            let mut campaign = Campaign::new(known::world(&case, "Vulnerable"), options).unwrap();
            let report = campaign.run(&Run::default(), &mut |_| ()).unwrap();
            for finding in report.findings {
                all.push((case.clone(), campaign.world().clone(), finding));
            }
        }
    }
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let (mut minimal, mut quick) = (0, 0);
    let mut promised = Vec::new();
    for (case, world, finding) in &all {
        let mut machine = Machine::new(world.fork);
        let begun = std::time::Instant::now();
        let Some(shrunk) = shrink(&mut machine, world, finding, Budget::default()).unwrap() else {
            println!("{case} {}: does not hold", finding.oracle);
            continue;
        };
        let seconds = begun.elapsed().as_secs_f64();
        let calls: usize = shrunk.finding.steps.iter().map(|step| 1 + step.inner.len()).sum();
        let rest = shrunk.simpler.len();
        minimal += usize::from(rest == 0);
        quick += usize::from(seconds < 2.0);
        println!(
            "{case} {}: {} -> {calls} calls, {} transactions, {seconds:.3} s, {rest} simpler",
            finding.oracle, shrunk.calls_before, shrunk.transactions
        );
        let number = numbers.entry(case.clone()).or_insert(0);
        *number += 1;
        let fixed = repaired(case, world);
        let (_, last) = replay(&mut machine, &fixed, &shrunk.finding.steps).unwrap();
        let still = shrunk.finding.harms(&mut machine, &fixed, &last).unwrap();
        let file = write(&folder, case, world, &shrunk, *number);
        let fork = world.fork;
        let expected = if still { "fails" } else { "passes" };
        promised.push(format!("{fork} {file} {expected}"));
    }
    atomic_write(&folder.join("promised.txt"), (promised.join("\n") + "\n").as_bytes()).unwrap();
    println!("{} findings, {minimal} of them minimal, {quick} in under 2 s", all.len());
    assert!(minimal.min(quick) * 100 >= all.len() * 95, "fewer than 95 % are minimal in under 2 s");
}

/// The first state with the repaired contracts, and the attacker's contract where the search had put it.
fn repaired(case: &str, world: &World) -> Arc<State> {
    let mut state = (*known::world(case, "Fixed").state).clone();
    for actor in &world.actors {
        let code = world.state.code(actor.address);
        if !code.is_empty() {
            state.set_code(actor.address, code);
        }
    }
    Arc::new(state)
}

/// Writes the two projects of a finding; the name of its test there.
fn write(folder: &Path, case: &str, world: &World, shrunk: &Shrunk, number: usize) -> String {
    let slug = case.replace('/', "-");
    let mut world = world.clone();
    for deployed in &mut world.contracts {
        let mut contract = (*deployed.contract).clone();
        contract.source = format!("{slug}/Vulnerable.sol");
        deployed.contract = Arc::new(contract);
    }
    let test = foundry(&world, &shrunk.finding, &shrunk.explained, number).unwrap();
    for twin in ["Vulnerable", "Fixed"] {
        let project = folder.join(world.fork.name()).join(twin);
        let put = |path: PathBuf, bytes: &[u8]| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            atomic_write(&path, bytes).unwrap();
        };
        let source = std::fs::read(known::contracts().join(case).join(format!("{twin}.sol"))).unwrap();
        // The repaired contracts take the place of the vulnerable ones.
        put(project.join("src").join(&slug).join("Vulnerable.sol"), &source);
        put(project.join("test").join(&slug).join(&test.file), test.text.as_bytes());
        let settings = format!(
            "[profile.default]\nevm_version = \"{}\"\noptimizer = true\noffline = true\n",
            world.fork
        );
        put(project.join("foundry.toml"), settings.as_bytes());
    }
    format!("test/{slug}/{}", test.file)
}
