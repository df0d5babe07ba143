//! Measures the mean-CVaR portfolio at 20 assets by 10,000 and 50,000 scenarios beside the libraries that do the same:
//! optimum, processor seconds and memory, each beside what is asked of it.
//!
//! ```text
//! cargo run --release -p daotwin-treasury --example cvar -- --python .venv/bin/python --peers cvxpy,skfolio
//! ```
//!
//! The scenarios are those of `peers/cvar_scenarios.py`, so that a Python with `peers/requirements.txt` is needed; without
//! one nothing is measured and the example says so. `--peers none` measures this library alone. Ends with 1 where a bound
//! is broken.
#![expect(clippy::print_stdout, reason = "the result of an example")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use daotwin_treasury::allocation::mean_cvar::{Limits, Objective, Scenarios, least_risk};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/peers");
const ASSETS: usize = 20;
/// Scenarios, optimum (seven digits, of all peers), seconds asked for.
const CASES: [(usize, f64, f64); 2] = [(10_000, 0.039_398_5, 0.05), (50_000, 0.039_038_4, 0.30)];
const MEBIBYTES: f64 = 64.0;
const REPEATS: usize = 21;

fn output(command: &mut Command) -> Result<String, String> {
    let found = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !found.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&found.stderr)));
    }
    Ok(String::from_utf8_lossy(&found.stdout).into_owned())
}

fn returns(path: &Path) -> Result<Vec<f64>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let words = bytes.chunks_exact(8).skip(2).map(|word| <[u8; 8]>::try_from(word).unwrap_or_default());
    Ok(words.map(f64::from_le_bytes).collect())
}

/// Seconds on the processor so far; the clock on the wall where the system does not tell.
fn processor(start: Instant) -> Duration {
    // Nanoseconds that this thread was on a processor.
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    told.and_then(|text| text.split_whitespace().next()?.parse().ok())
        .map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Largest memory so far, in MiB; none where the system does not tell.
fn memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kibibytes| kibibytes / 1024.0)
}

fn argument(name: &str, otherwise: &str) -> String {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    arguments.next().unwrap_or_else(|| otherwise.to_owned())
}

fn row(what: &str, figure: &str, asked: &str, holds: bool) -> bool {
    println!("{what:<58} {figure:>14} | {asked:<22} {}", if holds { "ok" } else { "BROKEN" });
    holds
}

fn main() -> ExitCode {
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            println!("not measured: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<bool, String> {
    let python = argument("--python", "python3");
    let peers = argument("--peers", "cvxpy");
    if output(Command::new(&python).args(["-c", "import numpy"])).is_err() {
        println!(
            "not measured: `{python}` has no numpy, which draws the scenarios; give --python with one that has"
        );
        return Ok(true);
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut holds = true;
    println!("{:<58} {:>14} | asked", "figure", "reached");
    for (count, optimum, seconds) in CASES {
        let path = folder.path().join("scenarios");
        let script = format!("{HERE}/cvar_scenarios.py");
        output(Command::new(&python).arg(script).args([ASSETS.to_string(), count.to_string()]).arg(&path))?;
        let returns = returns(&path)?;
        let names: Vec<String> = (0..ASSETS).map(|at| format!("asset {at}")).collect();
        let mut limits = Limits { caps: vec![0.4; ASSETS], mean: Some(4e-4), ..Limits::long_only(ASSETS) };
        limits.floors[0] = 0.2;
        let mut walls = vec![];
        let begin = Instant::now();
        let before = processor(begin);
        let mut found = None;
        for _ in 0..REPEATS {
            // From the returns on, as the peers are timed.
            let (names, returns) = (names.clone(), returns.clone());
            let wall = Instant::now();
            let scenarios = Scenarios::new(names, returns).map_err(|error| error.to_string())?;
            let portfolio =
                least_risk(&scenarios, &limits, &Objective::default()).map_err(|error| error.to_string())?;
            walls.push(wall.elapsed().as_secs_f64());
            // The tail of the peers' figure is a whole number of scenarios: of (1 - 0.95) of them in floats, rounded up.
            let whole = ((1.0 - 0.95) * count as f64).ceil();
            let tail = scenarios.conditional_value_at_risk(&portfolio.weights, 1.0 - whole / count as f64);
            found = Some((portfolio, tail));
        }
        // The system counts a thread's time in steps of some milliseconds: all repeats are counted together, and copying
        // the returns and the tail's figure with them.
        let mean = processor(begin).saturating_sub(before).as_secs_f64() / REPEATS as f64;
        walls.sort_by(f64::total_cmp);
        let (found, reached) = found.ok_or("no repeat")?;
        println!("{ASSETS} assets, {count} scenarios ({} passes)", found.passes);
        holds &= row(
            "  CVaR95 of the worst scenarios",
            &format!("{reached:.9}"),
            &format!("{optimum:.7} +- 5e-8"),
            (reached - optimum).abs() <= 0.5e-7,
        );
        let gap = (found.value - found.bound) / found.value;
        holds &= row(
            "  proven distance from the optimum, relative",
            &format!("{gap:.1e}"),
            "<= 1e-6",
            gap <= 1e-6,
        );
        holds &= row(
            "  processor seconds, mean of 21",
            &format!("{mean:.4}"),
            &format!("<= {seconds}"),
            mean <= seconds,
        );
        println!("{:<58} {:>14.4} |", "  seconds on the wall, median of 21", walls[REPEATS / 2]);
        if let Some(used) = memory() {
            holds &=
                row("  memory of the whole process, MiB", &format!("{used:.0}"), "< 64", used < MEBIBYTES);
        }
        for peer in peers.split(',').filter(|peer| *peer != "none") {
            let script = format!("{HERE}/cvar_peers.py");
            match output(Command::new(&python).arg(script).arg(&path).arg(peer)) {
                Ok(line) => {
                    let told: serde_json::Value =
                        serde_json::from_str(&line).map_err(|error| error.to_string())?;
                    let number = |name: &str| told[name].as_f64().unwrap_or(f64::NAN);
                    let ahead = (found.risk - number("cvar")) / number("cvar");
                    holds &= row(
                        &format!("  distance from {peer}'s, relative (below 0 is better)"),
                        &format!("{ahead:.1e}"),
                        "<= 1e-6",
                        ahead <= 1e-6,
                    );
                    println!(
                        "{:<58} {:>14.3} | {} times as long, {} MiB",
                        format!("  processor seconds of {peer}"),
                        number("processor_seconds"),
                        (number("processor_seconds") / mean).round(),
                        number("mebibytes")
                    );
                }
                Err(problem) => println!("  {peer} not measured: {problem}"),
            }
        }
    }
    Ok(holds)
}
