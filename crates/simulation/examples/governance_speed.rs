//! Measures the engine on the smallest model of governance.
//!
//! `governance_speed [stepped|events|memory|dao|sweep|all]`: agent-steps a second of one thread, the equivalent of
//! the event-driven scheduler at 3 % turnout, peak memory with ten million agents, and a sweep of 1,000
//! configurations by 100 replicates of 1,000 agents over 720 steps. Prints wall time and processor time: the machine
//! may be shared.
//!
//! `governance_speed peer AGENTS STEPS WINDOW ACTIVITY stepped|events` runs it once and prints one line of JSON as the
//! peers' scripts do, with the turnout that this population has in expectation.

use std::time::Instant;

use daotwin_core::Run;
use daotwin_simulation::engine::Scheduler;
use daotwin_simulation::engine::dao::{self, Dao};
use daotwin_simulation::engine::hazard;
use daotwin_simulation::engine::minimal::{Minimal, Parameters, Workspace};
use daotwin_simulation::engine::population::Description;
use daotwin_simulation::engine::sweep::{self, Grid, Plan};
use daotwin_simulation::engine::tally::Outcome;
use serde_json::Map;

/// Processor seconds of this process, all threads.
fn processor() -> f64 {
    let line = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted from the state after the command's closing bracket; the unit is 1/100 s on Linux.
    let fields: Vec<&str> = line.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(11) + ticks(12)) / 100.0
}

/// Peak resident memory in MiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// Runs `work` and returns its wall and processor seconds.
fn time(work: impl FnOnce() -> daotwin_simulation::Result<()>) -> daotwin_simulation::Result<(f64, f64)> {
    let (wall, busy) = (Instant::now(), processor());
    work()?;
    Ok((wall.elapsed().as_secs_f64(), processor() - busy))
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn one(name: &str, parameters: Parameters, scheduler: Scheduler) -> daotwin_simulation::Result<()> {
    let start = Instant::now();
    let model = Minimal::new(parameters, scheduler, 1, &Run::default())?;
    let ready = start.elapsed().as_secs_f64();
    let mut workspace = Workspace::default();
    let mut outcomes: Vec<Outcome> = vec![];
    let run = Run::default();
    let (wall, busy) = time(|| model.observe(7, 0, &mut workspace, &run, &mut outcomes))?;
    let (agents, steps) = (f64::from(parameters.population.agents), f64::from(parameters.window));
    let work = agents * steps * f64::from(parameters.proposals);
    let supply = model.population().supply() as f64;
    let count = outcomes.len() as f64;
    let turnout =
        outcomes.iter().map(|o| o.tally.yes as f64 + o.tally.no as f64).sum::<f64>() / supply / count;
    let voters = outcomes.iter().map(|o| f64::from(o.tally.voters)).sum::<f64>() / agents / count;
    let passed = outcomes.iter().filter(|o| o.passed).count();
    println!(
        "{name}: {agents} agents, {} proposals of {steps} steps: {:.0} M agent-steps a second of wall time, {:.0} M of \
         processor time ({wall:.3} s, {busy:.2} s; made in {ready:.3} s); {:.2} % of agents and {:.2} % of power vote, \
         {passed} passed; peak {:.1} MiB",
        parameters.proposals,
        work / wall / 1e6,
        work / busy / 1e6,
        voters * 100.0,
        turnout * 100.0,
        peak(),
    );
    Ok(())
}

fn parameters(agents: u32, activity: f64, proposals: u32, window: u32) -> Parameters {
    let population = Description { agents, activity, ..Description::default() };
    Parameters { population, proposals, window, ..Parameters::default() }
}

/// 1,000 configurations of 1,000 agents over 72 proposals of 10 steps, 100 replicates each, all threads.
#[expect(clippy::print_stdout, reason = "an example prints")]
fn sweep(scheduler: Scheduler) -> daotwin_simulation::Result<()> {
    let numbers =
        |values: std::ops::Range<u32>, unit: f64| values.map(|n| (f64::from(n) * unit).into()).collect();
    let grid = Grid {
        base: Map::from_iter([(
            "population".to_owned(),
            Map::from_iter([("agents".to_owned(), 1_000.into())]).into(),
        )]),
        axes: vec![
            ("population.activity".to_owned(), numbers(1..11, 0.01)),
            ("herding".to_owned(), numbers(0..10, 0.2)),
            ("quorum_millionths".to_owned(), (0..10).map(|n| (n * 20_000).into()).collect()),
        ],
    };
    let plan = Plan {
        model: "minimal".to_owned(),
        seed: 1,
        configurations: grid.len(),
        replicates: 100,
        checkpoint: 16,
    };
    let target = std::env::current_exe()
        .map(|path| path.with_file_name(format!("sweep-{}.jsonl", std::process::id())))
        .unwrap_or_default();
    let model = |parameters: &Parameters| Minimal::new(*parameters, scheduler, plan.seed, &Run::default());
    let (wall, busy) =
        time(|| sweep::sweep(&plan, |number| grid.configuration(number), model, &target, &Run::default()))?;
    let bytes = std::fs::read(&target).unwrap_or_default();
    std::fs::remove_file(&target).ok();
    println!(
        "sweep, {scheduler:?}: {} configurations x {} replicates x 1000 agents x 720 steps: {wall:.1} s wall, {busy:.1} s of \
         processor time on {} threads; peak {:.1} MiB; {} bytes written",
        plan.configurations,
        plan.replicates,
        rayon::current_num_threads(),
        peak(),
        bytes.len(),
    );
    Ok(())
}

/// The whole DAO with everything on, 720 steps, proposals open for 120.
#[expect(clippy::print_stdout, reason = "an example prints")]
fn whole(agents: u32, activity: f64, scheduler: Scheduler) -> daotwin_simulation::Result<()> {
    let population = Description { agents, activity, ..Description::default() };
    let parameters = dao::Parameters { population, ..dao::Parameters::default() };
    let steps = f64::from(parameters.steps);
    let model = Dao::new(parameters, scheduler, 1, &Run::default())?;
    let mut workspace = dao::Workspace::default();
    let mut outcomes: Vec<Outcome> = vec![];
    let replicates = 2_000_000 / u64::from(agents);
    let (wall, busy) = time(|| {
        (0..replicates).try_for_each(|replicate| {
            model.observe(7, replicate, &mut workspace, &Run::default(), &mut outcomes).map(|_| ())
        })
    })?;
    let work = f64::from(agents) * steps * replicates as f64;
    let voters = outcomes.iter().map(|o| f64::from(o.tally.voters)).sum::<f64>() / outcomes.len() as f64;
    println!(
        "whole DAO, {scheduler:?}: {agents} members, {steps} steps, {:.1} proposals with {voters:.0} voters a replicate: \
         {:.0} M agent-steps a second of wall time, {:.0} M of processor time ({wall:.3} s, {busy:.2} s); peak {:.1} MiB",
        outcomes.len() as f64 / replicates as f64,
        work / wall / 1e6,
        work / busy / 1e6,
        peak(),
    );
    Ok(())
}

/// One run, told as the peers tell theirs. `expected`, `variance` and `largest` are of the turnout of one proposal given
/// the population: agents act independently, each with chance 1 - (1 - a)^window.
#[expect(clippy::print_stdout, reason = "an example prints")]
fn peer(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let [agents, steps, window, activity, scheduler] = arguments else {
        return Err("usage: governance_speed peer AGENTS STEPS WINDOW ACTIVITY stepped|events".into());
    };
    let scheduler = if scheduler == "events" { Scheduler::Events } else { Scheduler::Stepped };
    let (agents, steps, window): (u32, u32, u32) = (agents.parse()?, steps.parse()?, window.parse()?);
    let parameters = parameters(agents, activity.parse()?, steps.div_ceil(window), window);
    let model = Minimal::new(parameters, scheduler, 1, &Run::default())?;
    let (mut workspace, mut outcomes) = (Workspace::default(), vec![]);
    let (wall, _) = time(|| model.observe(7, 0, &mut workspace, &Run::default(), &mut outcomes))?;
    let population = model.population();
    let supply = population.supply() as f64;
    let (mut expected, mut variance, mut largest) = (0.0, 0.0, 0.0_f64);
    for (rate, power) in population.rates().iter().zip(population.powers()) {
        let share = *power as f64 / supply;
        let acts = 1.0 - (1.0 - hazard::chance(*rate)).powi(window as i32);
        expected += share * acts;
        variance += share * share * acts * (1.0 - acts);
        largest = largest.max(share);
    }
    let cast: f64 = outcomes.iter().map(|o: &Outcome| (o.tally.yes + o.tally.no) as f64).sum();
    println!(
        "{}",
        serde_json::json!({
            "framework": format!("daotwin-{scheduler:?}").to_lowercase(),
            "version": env!("CARGO_PKG_VERSION"),
            "n": agents,
            "t": steps.div_ceil(window) * window,
            "secs": wall,
            "peak_rss_mib": peak(),
            "proposals": outcomes.len(),
            "passed": outcomes.iter().filter(|outcome| outcome.passed).count(),
            "turnout": cast / supply / outcomes.len() as f64,
            "expected": expected,
            "variance": variance,
            "largest": largest,
        })
    );
    Ok(())
}

/// Activity up to this chance a step makes 3 % of agents vote within 120 steps.
const SPARSE: f64 = 0.000_511;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let what = arguments.first().map_or("all", String::as_str);
    if what == "peer" {
        return peer(&arguments[1..]);
    }
    let wanted = |name: &str| what == name || what == "all";
    if wanted("stepped") {
        one("stepped", parameters(10_000, 0.1, 10_000, 10), Scheduler::Stepped)?;
        one("stepped", parameters(100_000, 0.1, 1_000, 10), Scheduler::Stepped)?;
        one("stepped, 3 % turnout", parameters(10_000, SPARSE, 1_000, 120), Scheduler::Stepped)?;
    }
    if wanted("events") {
        one("events, 3 % turnout", parameters(10_000, SPARSE, 50_000, 120), Scheduler::Events)?;
        one("events, 3 % turnout", parameters(100_000, SPARSE, 5_000, 120), Scheduler::Events)?;
        let thinned = Parameters { contention: 0.5, ..parameters(10_000, SPARSE, 20_000, 120) };
        one("events, interest falls with the margin", thinned, Scheduler::Events)?;
    }
    if wanted("memory") {
        one("events", parameters(10_000_000, SPARSE, 10, 120), Scheduler::Events)?;
        one("stepped", parameters(10_000_000, 0.1, 2, 10), Scheduler::Stepped)?;
    }
    if wanted("dao") {
        for (agents, activity) in [(10_000, 0.000_5), (100_000, 0.000_5), (10_000, 0.01)] {
            whole(agents, activity, Scheduler::Events)?;
        }
        whole(10_000, 0.000_5, Scheduler::Stepped)?;
    }
    if wanted("sweep") {
        sweep(Scheduler::Stepped)?;
        sweep(Scheduler::Events)?;
    }
    Ok(())
}
