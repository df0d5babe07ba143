//! Speed, recovery, coverage, simulation-based calibration.

use super::*;
use super::model::{Workspace, prior, simulate};

#[test]
fn one_simulation_is_cheap() {
    let design = Design { agents: 10_000, proposals: 30, ahead: 0, voters: 300.0, timed: true, sided: true };
    let mut memory = Memory::default();
    let start = std::time::Instant::now();
    for number in 0..200 {
        simulations::statistics(&design, &prior(1, number), seed_of(1, 0, number), &mut memory);
    }
    println!("{:.2} ms a simulation", start.elapsed().as_secs_f64() * 5.0);
    let mut workspace = Workspace::default();
    let start = std::time::Instant::now();
    let mut ballots = 0;
    for number in 0..200 {
        simulate(&design, &design.natural(&prior(1, number)), seed_of(1, 0, number), &mut workspace);
        ballots += workspace.record.ballots.len();
    }
    println!("{:.2} ms without statistics, {} ballots", start.elapsed().as_secs_f64() * 5.0, ballots / 200);
}
