//! The checks, in the order in which they run. One check is one function and one line in [`TEST`].

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::{agents, contracts, instructions, peers, real, snapshot, tools, treasury};

/// What a check is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Variables for the commands it starts.
    variables: &'static [(&'static str, &'static str)],
}

/// How a check ended, if it did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It found nothing wrong.
    Passed,
    /// It could not be done here, and why.
    Skipped(String),
}

/// A check's answer; the error says what failed.
pub(crate) type Answer = Result<Outcome, String>;

/// A heading and what stands under it.
pub(crate) type Step = (&'static str, fn(&Context) -> Answer);

/// What `cargo xtask test` runs. The tests come last, so that their closing line ends the output.
pub(crate) const TEST: &[Step] = &[
    ("format", format),
    ("lints", lints),
    ("licences and sources", deny),
    ("advisories", audit),
    ("doctests", doctests),
    ("instructions", instructions::check),
    ("tests", tests),
];

/// What `cargo xtask verify` runs.
pub(crate) const VERIFY: &[Step] = &[
    ("format", format),
    ("lints", lints),
    ("licences and sources", deny),
    ("advisories", audit),
    ("doctests", doctests),
    ("instructions", instructions::check),
    ("tests in full length", tests),
    ("fidelity", fidelity),
    ("price of privacy", price),
    ("speed", speed),
    ("import", import),
    ("a hundred million votes", scale),
    ("detection", detection),
    ("models of parts", parts),
    ("membership", membership),
    ("forecast", forecast),
    ("tables", tables),
    ("large tables", large_tables),
    ("engine", engine),
    ("recorded proposals", replay),
    ("incidents", incidents),
    ("calibration", calibration),
    ("out of sample", out_of_sample),
    ("one proposal", outlook),
    ("market facts", market_facts),
    ("portfolios", treasury::portfolios),
    ("treasury policy", treasury_policy),
    ("rewards", rewards),
    ("community facts", community_facts),
    ("mitigation", mitigation),
    ("reach of detection", reach),
    ("snapshot rules", snapshot::rules),
    ("audit search", audit_search),
    ("audit fuzz", audit_fuzz),
    ("learned traffic", learned_traffic),
    ("contracts", contracts::verify),
    ("real contracts", real::contracts),
    ("fork", real::fork),
    ("exported tests", contracts::exported),
    ("audit peers", contracts::race),
    ("simulation peers", agents::frameworks),
    ("market speed", treasury::speed),
    ("sentiment", peers::sentiment),
    ("relational peer", peers::relational),
    ("table peers", peers::tables),
    ("k-marginal", peers::kmarginal),
];

/// What `cargo xtask instructions` runs, and with `--renew`.
pub(crate) const INSTRUCTIONS: &[Step] = &[("instructions", instructions::check)];
pub(crate) const RENEW: &[Step] = &[("instructions", instructions::renew)];

/// What `cargo xtask contracts` runs, and with `--check`.
pub(crate) const CONTRACTS: &[Step] = &[("contracts", contracts::renew)];
pub(crate) const CONTRACTS_CHECK: &[Step] = &[("contracts", contracts::check)];

/// What `cargo xtask prior` runs.
pub(crate) const PRIOR: &[Step] = &[("prior", prior)];

/// What `cargo xtask twin` runs.
pub(crate) const TWIN: &[Step] = &[("demo twin", twin)];

/// Real data beside a checkout.
const DATA: &str = "../shared/data/governance-core";

/// The variables that make long tests run in full length.
pub(crate) const LONG: &[(&str, &str)] = &[("DAOTWIN_KILLS", "10000"), ("DAOTWIN_LONG", "1")];

/// Runs the checks one after the other. A failed one does not stop the next: all problems show at once.
pub(crate) fn run(
    steps: &[Step],
    variables: &'static [(&'static str, &'static str)],
) -> Result<(), Vec<String>> {
    let context = Context::new(variables);
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for (heading, step) in steps {
        println!("\n=== {heading} ===");
        let start = Instant::now();
        let outcome = match step(&context) {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(reason)) => format!("skipped: {reason}"),
            Err(reason) => {
                failed.push((*heading).to_owned());
                format!("FAILED: {reason}")
            }
        };
        let line = format!("{heading:<22} {:>7.1} s   {outcome}", start.elapsed().as_secs_f64());
        println!("--- {line}");
        lines.push(line);
    }
    println!("\n=== summary ===");
    for line in lines {
        println!("{line}");
    }
    if failed.is_empty() { Ok(()) } else { Err(failed) }
}

/// Runs the named ones of the long checks.
pub(crate) fn some(names: &[&str]) -> Result<(), Vec<String>> {
    let unknown = names.iter().filter(|name| VERIFY.iter().all(|(heading, _)| heading != *name));
    let unknown: Vec<String> = unknown
        .map(|name| {
            let known: Vec<&str> = VERIFY.iter().map(|(heading, _)| *heading).collect();
            format!("there is no step `{name}`; there are `{}`", known.join("`, `"))
        })
        .collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let chosen: Vec<Step> = VERIFY.iter().copied().filter(|(heading, _)| names.contains(heading)).collect();
    run(&chosen, LONG)
}

impl Context {
    fn new(variables: &'static [(&'static str, &'static str)]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self { root: root.canonicalize().unwrap_or(root), variables }
    }

    /// Runs a command in the root with its output shown.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Answer {
        let program = program.as_ref();
        println!("$ {} {}", Path::new(program).display(), arguments.join(" "));
        let status = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .envs(self.variables.iter().copied())
            .status()
            .map_err(|error| format!("cannot start `{}`: {error}", Path::new(program).display()))?;
        if status.success() { Ok(Outcome::Passed) } else { Err(format!("{status}")) }
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Answer {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
    }
}

fn format(context: &Context) -> Answer {
    context.cargo(&["fmt", "--all", "--check"])
}

fn lints(context: &Context) -> Answer {
    context.cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

fn doctests(context: &Context) -> Answer {
    context.cargo(&["test", "--release", "--workspace", "--doc", "--quiet"])
}

fn tests(context: &Context) -> Answer {
    if tools::answers("cargo", &["nextest", "--version"]) {
        return context.cargo(&["nextest", "run", "--release", "--workspace", "--no-fail-fast"]);
    }
    println!("cargo-nextest is not installed; `cargo test` runs the same tests, more slowly");
    context.cargo(&["test", "--release", "--workspace", "--all-targets", "--no-fail-fast"])
}

/// The figures of one example on the shared data.
pub(crate) fn example(context: &Context, name: &str, arguments: &[&str]) -> Answer {
    if !context.root.join(DATA).is_dir() {
        return Ok(Outcome::Skipped(format!("no data at `{DATA}`")));
    }
    // Built with the whole workspace: for a package alone cargo would choose other features and compile the
    // dependencies once more.
    context.cargo(&["build", "--release", "--quiet", "--workspace", "--example", name])?;
    context.command(tools::target(&context.root).join("release/examples").join(name), arguments)
}

fn engine(context: &Context) -> Answer {
    example(context, "governance_speed", &[])
}

fn replay(context: &Context) -> Answer {
    example(context, "replay", &[])
}

fn incidents(context: &Context) -> Answer {
    example(context, "incidents", &["all"])
}

fn calibration(context: &Context) -> Answer {
    example(context, "calibration", &["check", "20000", "1000"])?;
    example(context, "calibration", &["check", "20000", "1000", "120", "2000", "60"])
}

fn out_of_sample(context: &Context) -> Answer {
    example(context, "calibration", &["forecast", "2000"])
}

fn outlook(context: &Context) -> Answer {
    example(context, "outlook", &[])
}

/// Stylised facts of market models on days that they did not learn from.
fn market_facts(context: &Context) -> Answer {
    example(context, "market_facts", &[])
}

/// The 36-month problem, from two draws of the search.
fn treasury_policy(context: &Context) -> Answer {
    example(context, "treasury_policy", &["--seed", "1"])?;
    example(context, "treasury_policy", &["--seed", "2"])
}

/// Published rounds replayed, incidents, and the model of members on periods held back.
fn rewards(context: &Context) -> Answer {
    example(context, "rewards", &[])
}

/// Streams drawn from models of two communities beside the records.
fn community_facts(context: &Context) -> Answer {
    example(context, "community_facts", &[])
}

/// What policies avoid of each attack's harm, and what they cost.
fn mitigation(context: &Context) -> Answer {
    example(context, "mitigation", &[])
}

/// Detectors on real records and on attacks that they did not learn from.
fn reach(context: &Context) -> Answer {
    example(context, "reach", &[])
}

fn audit_search(context: &Context) -> Answer {
    example(context, "audit_search", &["incidents", "all", "10", "5"])?;
    example(context, "audit_search", &["held-out", "all", "4"])
}

/// What reads artifacts, interfaces, code, deployments, findings and logs, half a minute each on changed copies of good ones;
/// and contracts that are bombs.
fn audit_fuzz(context: &Context) -> Answer {
    let seconds = "env.DAOTWIN_FUZZ_SECONDS='30'";
    context.cargo(&[
        "test",
        "--release",
        "--workspace",
        "--config",
        seconds,
        "--test",
        "fuzz",
        "--test",
        "hostile",
        "--",
        "--nocapture",
        "--test-threads",
        "1",
    ])
}

/// What models of traffic are worth to the search, and which traffic each figure is of.
fn learned_traffic(context: &Context) -> Answer {
    example(context, "learned", &[])
}

fn fidelity(context: &Context) -> Answer {
    example(context, "fidelity", &[])
}

fn price(context: &Context) -> Answer {
    example(context, "price", &[])
}

fn speed(context: &Context) -> Answer {
    example(context, "speed", &[])
}

fn import(context: &Context) -> Answer {
    example(context, "import_speed", &["1000000"])
}

fn scale(context: &Context) -> Answer {
    let folder = tools::target(&context.root);
    example(context, "speed", &[DATA, "100000000", &folder.to_string_lossy()])
}

/// One seed: the figures are means over random halves of the members already.
fn membership(context: &Context) -> Answer {
    example(context, "membership", &[DATA, "1"])
}

fn detection(context: &Context) -> Answer {
    example(context, "detection", &[])
}

/// Mixture and forest: a network takes a hundred times the seconds; its choices can be named to the example.
fn parts(context: &Context) -> Answer {
    let mut arguments = vec![DATA, "2", "twin"];
    arguments.extend(["votes=forest", "votes=mixture", "proposals=forest", "proposals=mixture"]);
    example(context, "parts", &arguments)
}

fn forecast(context: &Context) -> Answer {
    example(context, "forecast", &[])
}

/// Trees without privacy on Adult by the command, and private graphical models at epsilon 1 and 3, in even bins as the
/// released implementations have them.
fn tables(context: &Context) -> Answer {
    let data = context.root.join("../shared/data/benchmark-tables");
    if !data.is_dir() {
        return Ok(Outcome::Skipped("no data at `../shared/data/benchmark-tables`".to_owned()));
    }
    let [train, test] = ["train", "test"].map(|part| format!("{}/adult_{part}.csv.gz", data.display()));
    for epsilon in ["1", "3"] {
        for model in ["mst", "aim", "aim-grem"] {
            example(context, "marginals", &[&train, model, epsilon, "4", "bin_share=0"])?;
        }
    }
    context.cargo(&["build", "--release", "--quiet", "--workspace", "--bin", "daotwin"])?;
    let program = tools::target(&context.root).join("release/daotwin");
    let folder = tools::target(&context.root).join("tables");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .map_err(|error| format!("cannot empty `{}`: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    let [model, rows, report] =
        ["model", "rows.csv", "report.html"].map(|name| folder.join(name).display().to_string());
    context.command(&program, &["fit", &train, "--out", &model, "--model", "trees"])?;
    context.command(&program, &["sample", &model, "--out", &rows, "--seed", "2"])?;
    let compared = ["evaluate", "--real", &train, "--synthetic", &rows, "--holdout", &test];
    context.command(&program, &[&compared[..], &["--target", "income", "--out", &report]].concat())
}

fn large_tables(context: &Context) -> Answer {
    let folder = tools::target(&context.root);
    let train = "../shared/data/benchmark-tables/adult_train.csv.gz";
    example(context, "table_scale", &[train, "1000000", "10000000", &folder.to_string_lossy()])
}

/// What `cargo xtask matrix` runs: which model is for what.
pub(crate) fn matrix(arguments: &[String]) -> Result<(), Vec<String>> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match example(&Context::new(&[]), "matrix", &arguments) {
        Ok(Outcome::Passed) => Ok(()),
        Ok(Outcome::Skipped(reason)) | Err(reason) => Err(vec![format!("matrix: {reason}")]),
    }
}

/// Pools the prior anew from public histories.
fn prior(context: &Context) -> Answer {
    let out = "crates/generators/src/twin/prior.json";
    example(context, "prior", &[DATA, out])
}

/// Fits the demo's twin anew, with fresh noise, and charges the ledger of `DAOTWIN_LEDGER`.
fn twin(context: &Context) -> Answer {
    let Some(ledger) = std::env::var_os("DAOTWIN_LEDGER") else {
        return Err("name the ledger that pays, in the variable `DAOTWIN_LEDGER`".to_owned());
    };
    let out = context.root.join("target/demo-twin");
    if out.exists() {
        return Err(format!("`{}` exists; remove it first", out.display()));
    }
    let (out, ledger) = (out.to_string_lossy(), ledger.to_string_lossy());
    example(context, "demo_twin", &["../shared/data/decentraland", &out, &ledger])?;
    for name in ["manifest.json", "model.json", "weights.safetensors"] {
        let (from, to) = (format!("{out}/{name}"), context.root.join("crates/cli/demo").join(name));
        std::fs::copy(&from, to).map_err(|error| format!("cannot copy `{from}`: {error}"))?;
    }
    Ok(Outcome::Passed)
}

fn deny(context: &Context) -> Answer {
    let program = tools::ensure(context, "cargo-deny", "0.20")?;
    context.command(program, &["--locked", "check", "bans", "licenses", "sources"])
}

fn audit(context: &Context) -> Answer {
    // Advisories are a git repository that builds must not fetch; a snapshot stands beside a checkout.
    let database = context.root.join("../shared/advisory-db");
    if !database.is_dir() {
        return Ok(Outcome::Skipped("no advisory database at `../shared/advisory-db`".to_owned()));
    }
    let program = tools::ensure(context, "cargo-audit", "0.22")?;
    context.command(program, &["audit", "--db", "../shared/advisory-db", "--no-fetch", "--stale"])
}
