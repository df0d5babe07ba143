use std::path::Path;

use alloy_primitives::U256;
use daotwin_core::random::Seed;
use daotwin_core::{Limits, Run};

use super::{Campaign, Options};
use crate::artifact;
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
