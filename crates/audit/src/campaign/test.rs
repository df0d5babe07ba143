use std::path::Path;

use alloy_primitives::{Address, U256};
use daotwin_core::random::Seed;
use daotwin_core::{Limits, Run};

use super::{Campaign, Options};
use crate::artifact;
use crate::chain::State;
use crate::world::{Scenario, World};

/// The world of a case.
fn world(case: &str, twin: &str) -> World {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")).join(case);
    let artifacts = artifact::read(&folder.join(format!("{twin}.json")), &Limits::default()).unwrap();
    let scenario = Scenario::open(&folder.join("audit.toml"), &Limits::default()).unwrap();
    World::deploy(&scenario, &artifacts).unwrap()
}

#[test]
fn six_steps_in_their_order_are_found() {
    for seed in 0..5 {
        let world = world("small/chain", "Vulnerable");
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
        assert!(executions < 20_000, "seed {seed}: {executions} executions");
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "seed {seed}: {executions} executions, {seconds:.3} s, {:.0} a second, corpus {}",
            executions as f64 / seconds,
            campaign.size()
        );
    }
}

/// What a state holds.
fn words(state: &State) -> Vec<(Address, U256, u64, Vec<(U256, U256)>)> {
    let account = |address| (address, state.balance(address), state.nonce(address), state.slots(address));
    let mut words: Vec<_> = state.addresses().into_iter().map(account).collect();
    words.push((Address::ZERO, U256::from(state.time), state.block, Vec::new()));
    words
}

#[test]
fn threads_change_nothing() {
    for case in ["incidents/build-finance", "oracles/price-manipulation", "small/chain"] {
        let told = |workers| {
            let options = Options { seed: Seed(7), workers, executions: Some(30_000), ..Options::default() };
            let mut campaign = Campaign::new(world(case, "Vulnerable"), options).unwrap();
            let report = campaign.run(&Run::default(), &mut |_| ()).unwrap();
            let states: Vec<_> = campaign.states().map(|state| words(state)).collect();
            assert!(report.edges > 20 && states.len() > 20, "{case}: {} edges", report.edges);
            let figures = (report.executions, report.edges, report.coverage, report.covered);
            (format!("{:?}", (report.findings, report.functions, figures)), states)
        };
        let alone = told(1);
        for workers in [2, 5] {
            assert!(told(workers) == alone, "{case}: {workers} workers tell something else");
        }
    }
}

#[test]
fn a_lock_opens_whose_first_key_decides_what_its_last_stage_can_ask() {
    // Seven of eight keys of the first stage make the fourth overflow.
    for seed in 0..3 {
        let world = world("small/key", "Vulnerable");
        let options =
            Options { seed: Seed(seed), executions: Some(40_000), findings: Some(1), ..Options::default() };
        let report = Campaign::new(world, options).unwrap().run(&Run::default(), &mut |_| ()).unwrap();
        assert_eq!(
            report.findings.first().map(|finding| finding.oracle),
            Some("user-invariant"),
            "seed {seed}"
        );
        println!("seed {seed}: {} executions", report.executions);
    }
}
