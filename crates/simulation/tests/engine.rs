//! The engine's promises: the same bytes for any number of threads, any scheduler, any machine.

use daotwin_core::Run;
use daotwin_simulation::engine::Scheduler;
use daotwin_simulation::engine::dao::{self, Condition, Dao};
use daotwin_simulation::engine::ensemble::{Model, ensemble};
use daotwin_simulation::engine::minimal::{Minimal, Parameters, Workspace};
use daotwin_simulation::engine::population::Description;
use daotwin_simulation::engine::tally::{Observer, Outcome};
use sha2::{Digest, Sha256};

#[derive(Default)]
struct Hashed(Sha256);

impl Observer for Hashed {
    fn votes(&mut self, proposal: u32, step: u32, agents: &[u32], _: &[u64], choices: &[u8]) {
        for (&agent, &choice) in agents.iter().zip(choices) {
            for number in [proposal, step, agent, u32::from(choice)] {
                self.0.update(number.to_le_bytes());
            }
        }
    }

    fn closed(&mut self, outcome: &Outcome) {
        self.0.update(outcome.position.to_bits().to_le_bytes());
        self.0.update(outcome.tally.yes.to_le_bytes());
        self.0.update(outcome.tally.no.to_le_bytes());
        self.0.update([u8::from(outcome.passed)]);
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn parameters(agents: u32, activity: f64, window: u32, contention: f64) -> Parameters {
    let population = Description { agents, activity, ..Description::default() };
    Parameters { population, proposals: 6, window, contention, ..Parameters::default() }
}

/// Fixed runs and the SHA-256 (first half) of all their votes and tallies. They change only when the model or its
/// draws are changed on purpose.
#[test]
fn fixed_runs_have_their_golden_hashes() {
    for (parameters, golden) in [
        (parameters(10_000, 0.1, 10, 0.0), "6ca9330500ca499fe1deda3076e3d03c"),
        (parameters(10_000, 0.000_511, 120, 0.0), "cc74d41c144ff8a886187514b08c1502"),
        (parameters(4_097, 0.02, 48, 0.7), "fa5075697bb11f92aef23aeaa8e664e8"),
    ] {
        for scheduler in [Scheduler::Stepped, Scheduler::Events] {
            let model = Minimal::new(parameters, scheduler, 1, &Run::default()).unwrap();
            let mut seen = Hashed::default();
            model.observe(7, 3, &mut Workspace::default(), &Run::default(), &mut seen).unwrap();
            assert_eq!(hex(seen.0), golden, "{scheduler:?} {parameters:?}");
        }
    }
}

#[test]
fn ensembles_are_the_same_bits_on_any_number_of_threads() {
    let model = Minimal::new(parameters(300, 0.05, 20, 0.3), Scheduler::Events, 1, &Run::default()).unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let summaries = pool.install(|| ensemble(&model, 5, 3000, &Run::default())).unwrap();
        serde_json::to_string(&summaries).unwrap()
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(8));
    assert_eq!(model.variables().len(), 5);
    let other = Minimal::new(parameters(300, 0.05, 20, 0.3), Scheduler::Events, 2, &Run::default()).unwrap();
    assert_ne!(one, serde_json::to_string(&ensemble(&other, 5, 3000, &Run::default()).unwrap()).unwrap());
}

/// As [`fixed_runs_have_their_golden_hashes`], for a whole DAO with everything on.
#[test]
fn a_fixed_dao_has_its_golden_hash() {
    let shock = Condition { from: 200, until: 260, activity: 2.0, shock: -0.5, ..Condition::default() };
    let parameters = dao::Parameters { conditions: vec![shock], ..dao::Parameters::default() };
    for scheduler in [Scheduler::Stepped, Scheduler::Events] {
        let model = Dao::new(parameters.clone(), scheduler, 1, &Run::default()).unwrap();
        let mut seen = Hashed::default();
        let end = model.observe(7, 3, &mut dao::Workspace::default(), &Run::default(), &mut seen).unwrap();
        seen.0.update(end.price.to_bits().to_le_bytes());
        seen.0.update(end.treasury.to_le_bytes());
        assert_eq!(hex(seen.0), "747b88ec3d3de069720c4bc5b9d8f67c", "{scheduler:?}");
    }
}
