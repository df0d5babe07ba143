//! `daotwin audit`: attacks on a DAO's own contracts.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use daotwin::audit::artifact::{self, Solc};
use daotwin::audit::campaign::{Campaign, Options, Progress, Report};
use daotwin::audit::chain::{Fork, Machine};
use daotwin::audit::cost::{self, Cost};
use daotwin::audit::export::{self, Figures, File, Origin};
use daotwin::audit::shrink::{self, Budget, Shrunk};
use daotwin::audit::words::Words;
use daotwin::audit::world::{Scenario, World, guess};
use daotwin::audit::{Impact, oracle, replay};
use daotwin::core::Seed;
use daotwin::core::files::atomic_write;
use serde::Serialize;

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::output::{count, table};
use crate::verbs::{check_new, check_parent};
use crate::{Answer, arguments, interrupt};

/// Searches attacks on a DAO's own contracts: real bytecode, deployed as a scenario says, called until something gives.
///
/// Every finding is made minimal, named, and written as a Foundry test that fails as long as the attack works. Exit code 1:
/// something of the impact of `--fail-on` or above was found. Ctrl-C ends the search; what was found until then is
/// written.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin audit my-dao --seconds 60 --out audit\n  \
        daotwin audit out --scenario audit.toml --oracle takeover --oracle flash-vote --fail-on high\n  \
        daotwin audit Governor.sol --solc /usr/bin/solc --executions 500000 --json\n  \
        daotwin audit replay audit/findings/audit_01_takeover.json\n  \
        daotwin audit replay audit/findings/audit_01_takeover.json --against my-dao\n  \
        daotwin audit --list\n",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(crate) struct Audit {
    #[command(subcommand)]
    action: Option<Action>,
    /// A Foundry, Hardhat or Truffle project or its build, a `.sol` file, an artifact, or a file of bytecode.
    #[arg(required_unless_present = "list")]
    project: Option<PathBuf>,
    #[command(flatten)]
    build: Build,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Seconds to search; 60 where neither this nor `--executions` is given.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Calls to make; with these alone, the same seed gives the same findings on any machine and any threads.
    #[arg(long, value_name = "N")]
    executions: Option<u64>,
    /// Ask this oracle only; several may be given (`--list` says what each sees).
    #[arg(long = "oracle", value_name = "NAME")]
    oracles: Vec<String>,
    /// The least impact that makes the exit code 1.
    #[arg(long, value_name = "IMPACT", default_value = "low")]
    fail_on: Level,
    /// A new folder: report, findings, tests, SARIF, Markdown, covered lines.
    #[arg(long, short, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// List the oracles instead.
    #[arg(long, conflicts_with = "project")]
    list: bool,
}

/// What is deployed, and how.
#[derive(Debug, Args)]
struct Build {
    /// The deployment; `audit.toml` in the project where there is one, otherwise it is guessed from constructors.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// A native Solidity compiler, for sources; `solc` on the path, or npm's package, where not given.
    #[arg(long, value_name = "PROGRAM")]
    solc: Option<PathBuf>,
    /// The hard fork, instead of that of the deployment.
    #[arg(long, value_name = "NAME")]
    fork: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Plays a finding again, on the contracts that it was found on or on a corrected build.
    ///
    /// Exit code 1: the harm is done.
    Replay {
        /// The finding's file.
        finding: PathBuf,
        /// A project to try it on instead of the contracts in the file; deployed by the scenario, to the same addresses.
        #[arg(long, value_name = "PROJECT")]
        against: Option<PathBuf>,
        #[command(flatten)]
        build: Build,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Critical,
    High,
    Medium,
    Low,
}

impl From<Level> for Impact {
    fn from(level: Level) -> Self {
        match level {
            Level::Critical => Self::Critical,
            Level::High => Self::High,
            Level::Medium => Self::Medium,
            Level::Low => Self::Low,
        }
    }
}

/// A world, and the name of its scenario.
struct Deployed {
    world: World,
    scenario: String,
}

/// The world of a project, deployed by a scenario: the one given, the project's own, or one that is guessed.
pub(super) fn deployed(project: &Path, scenario: Option<&Path>, context: &Context) -> Result<World, Failure> {
    let build = Build { scenario: scenario.map(Path::to_path_buf), solc: None, fork: None };
    Ok(build.deploy(project, context)?.world)
}

impl Build {
    fn deploy(&self, project: &Path, context: &Context) -> Result<Deployed, Failure> {
        let limits = &context.run.limits;
        let solc = Solc { program: self.solc.clone(), ..Solc::default() };
        context.status("reading the build");
        let artifacts = artifact::read_with(project, &solc, limits)?;
        let beside = [project.join("audit.toml"), project.with_file_name("audit.toml")];
        let found = self.scenario.clone().or_else(|| beside.into_iter().find(|path| path.is_file()));
        let (mut scenario, name) = match &found {
            Some(path) => (Scenario::open(path, limits)?, path.display().to_string()),
            None => {
                let text = guess(&artifacts)?;
                context.detail(&format!("the deployment that was guessed:\n{text}"));
                (Scenario::read(&text, project)?, String::new())
            }
        };
        if let Some(fork) = &self.fork {
            scenario.set_fork(fork.parse::<Fork>()?);
        }
        if name.is_empty() {
            context.note(
                "no scenario given: the deployment is guessed from constructors (`--verbose` shows it)",
            );
        }
        let world = World::deploy(&scenario, &artifacts)?;
        Ok(Deployed { world, scenario: name })
    }
}

impl Audit {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        if let Some(Action::Replay { finding, against, build }) = &self.action {
            return again(finding, against.as_deref(), build, context);
        }
        let Some(project) = &self.project else { return list(context) };
        if let Some(out) = &self.out {
            check_new(out)?;
        }
        if self.seconds.is_some_and(|seconds| !(seconds > 0.0 && seconds <= 1e9)) {
            return Err(Failure::usage("`--seconds` takes a number above 0, up to 1e9"));
        }
        let seconds = self.seconds.or_else(|| self.executions.is_none().then_some(60.0));
        let options = Options {
            seed: Seed(self.seed),
            workers: rayon::current_num_threads(),
            oracles: self.oracles.clone(),
            executions: self.executions,
            seconds,
            ..Options::default()
        };
        oracle::named(&self.oracles)?;
        let deployed = self.build.deploy(project, context)?;
        interrupt::be_patient();
        context.status("looking for calls that would do harm");
        let mut campaign = Campaign::new(deployed.world, options)?;
        let report = campaign.run(&context.run, &mut |progress| context.status(&line(progress)))?;
        let interrupted = context.run.cancel.is_cancelled();
        let world = campaign.world();
        context.status(&format!("{} findings; making them minimal", report.findings.len()));
        let mut findings = shrink::all(world, &report.findings, Budget::default())?;
        context.status("what they take");
        cost::price(world, &mut findings, Seed(self.seed))?;
        let origin = Origin {
            daotwin: env!("CARGO_PKG_VERSION").to_owned(),
            project: project.display().to_string(),
            scenario: deployed.scenario,
            seed: self.seed,
        };
        let written = match &self.out {
            Some(out) => Self::write(out, world, &findings, &report, &origin, interrupted)?,
            None => Vec::new(),
        };
        let summary = Summary::new(world, &findings, &report, &written, interrupted);
        context.print(&text(world, &findings, &summary), &summary)?;
        if let Some(out) = &self.out {
            context.note(&format!("report written to `{}`", out.join("report.html").display()));
            if let Some(first) = written.first() {
                context.next(&format!("daotwin audit replay {}", shown(&out.join(first))));
            }
        }
        if interrupted {
            context.note("interrupted: these are the findings until then");
            return Ok(Answer::Interrupted);
        }
        let grave = findings.iter().any(|shrunk| shrunk.finding.impact >= self.fail_on.into());
        Ok(if grave { Answer::No } else { Answer::Yes })
    }

    /// Writes the folder; the files of the findings, relative to it.
    fn write(
        out: &Path,
        world: &World,
        findings: &[Shrunk],
        report: &Report,
        origin: &Origin,
        interrupted: bool,
    ) -> Result<Vec<PathBuf>, Failure> {
        check_parent(out)?;
        for folder in [out.to_path_buf(), out.join("findings"), out.join("test")] {
            std::fs::create_dir_all(&folder).map_err(|source| daotwin::core::Error::Io {
                action: "create",
                path: folder.clone(),
                source,
            })?;
        }
        let mut written = Vec::new();
        for (number, shrunk) in findings.iter().enumerate() {
            let test = export::foundry(world, &shrunk.finding, &shrunk.explained, number + 1)?;
            atomic_write(&out.join("test").join(&test.file), test.text.as_bytes())?;
            let name = Path::new("findings").join(test.file.replace(".t.sol", ".json"));
            let file = File::new(world, shrunk, origin.clone());
            atomic_write(&out.join(&name), file.text().as_bytes())?;
            written.push(name);
        }
        let figures = Figures {
            project: origin.project.clone(),
            executions: report.executions,
            seconds: report.seconds,
            edges: report.edges,
            corpus: report.corpus,
            coverage: report.coverage.clone(),
            interrupted,
            manifest: vec![
                ("daotwin".to_owned(), origin.daotwin.clone()),
                ("project".to_owned(), origin.project.clone()),
                (
                    "deployment".to_owned(),
                    if origin.scenario.is_empty() { "guessed".to_owned() } else { origin.scenario.clone() },
                ),
                ("hard fork".to_owned(), world.fork.to_string()),
                ("seed".to_owned(), origin.seed.to_string()),
                ("calls".to_owned(), report.executions.to_string()),
            ],
        };
        let document = export::document(world, findings, &figures)?;
        let html = daotwin::report::render_html(&document);
        atomic_write(&out.join("report.html"), html.as_bytes())?;
        atomic_write(&out.join("report.json"), daotwin::report::render_json(&document)?.as_bytes())?;
        atomic_write(&out.join("report.md"), export::markdown(world, findings).as_bytes())?;
        let log = export::sarif(world, findings, "", env!("CARGO_PKG_VERSION"));
        atomic_write(&out.join("findings.sarif"), format!("{log:#}\n").as_bytes())?;
        atomic_write(&out.join("coverage.lcov"), export::lcov(world, &report.covered).as_bytes())?;
        Ok(written)
    }
}

/// How far the search is.
fn line(progress: &Progress) -> String {
    let rate = if progress.seconds > 0.0 { progress.executions as f64 / progress.seconds } else { 0.0 };
    format!(
        "audit  {:.0} s, {} calls, {} a second, {} branches, {} states, {} findings",
        progress.seconds,
        count(progress.executions),
        count(rate as u64),
        count(progress.edges),
        count(progress.corpus as u64),
        progress.findings,
    )
}

#[derive(Debug, Serialize)]
struct Summary {
    findings: Vec<Entry>,
    executions: u64,
    seconds: f64,
    edges: u64,
    corpus: usize,
    interrupted: bool,
}

#[derive(Debug, Serialize)]
struct Entry {
    oracle: String,
    impact: Impact,
    confidence: daotwin::audit::Confidence,
    contract: String,
    function: String,
    title: String,
    steps: Vec<String>,
    effects: Vec<String>,
    minimal: bool,
    executions: u64,
    file: Option<PathBuf>,
}

impl Summary {
    fn new(
        world: &World,
        findings: &[Shrunk],
        report: &Report,
        written: &[PathBuf],
        interrupted: bool,
    ) -> Self {
        let words = Words::new(world);
        let entries = findings.iter().enumerate().map(|(number, shrunk)| {
            let finding = &shrunk.finding;
            let steps = finding.steps.iter().flat_map(|step| {
                let calls = step.inner.iter().map(|call| format!("called back: {}", words.call(call)));
                std::iter::once(words.sentence(step)).chain(calls).collect::<Vec<_>>()
            });
            Entry {
                oracle: finding.oracle.to_owned(),
                impact: finding.impact,
                confidence: finding.confidence,
                contract: finding.contract.clone(),
                function: finding.function.clone(),
                title: finding.title.clone(),
                steps: steps.collect(),
                effects: finding.effects.iter().map(|effect| words.effect(effect)).collect(),
                minimal: shrunk.simpler.is_empty(),
                executions: finding.executions,
                file: written.get(number).cloned(),
            }
        });
        Self {
            findings: entries.collect(),
            executions: report.executions,
            seconds: report.seconds,
            edges: report.edges,
            corpus: report.corpus,
            interrupted,
        }
    }
}

fn text(world: &World, findings: &[Shrunk], summary: &Summary) -> String {
    let words = Words::new(world);
    let mut text = String::new();
    for (number, (shrunk, entry)) in findings.iter().zip(&summary.findings).enumerate() {
        text.push_str(&format!(
            "{}. {} impact, {} confidence: {}\n   {}",
            number + 1,
            export::impact(entry.impact),
            export::confidence(entry.confidence),
            entry.oracle,
            entry.title,
        ));
        let place = export::place(world, &shrunk.finding);
        let place = place.map(|place| match place.line {
            Some(line) => format!("{}:{line}", place.file),
            None => place.file,
        });
        text.push_str(&place.map_or_else(|| "\n".to_owned(), |place| format!(" ({place})\n")));
        for step in &shrunk.finding.steps {
            text.push_str(&format!("   - {}\n", words.sentence(step)));
            for call in &step.inner {
                text.push_str(&format!("       called back: {}\n", words.call(call)));
            }
        }
        for effect in &entry.effects {
            text.push_str(&format!("   => {effect}\n"));
        }
        for line in shrunk.cost.iter().flat_map(Cost::sentences) {
            text.push_str(&format!("   {line}\n"));
        }
        if !shrunk.also.is_empty() {
            text.push_str(&format!("   also seen as {}\n", shrunk.also.join(", ")));
        }
    }
    if !findings.is_empty() {
        text.push('\n');
    }
    let found = match findings.len() {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        some => format!("{some} findings"),
    };
    text.push_str(&format!(
        "{found} in {} calls, {:.1} s, {} branches passed\n",
        count(summary.executions),
        summary.seconds,
        count(summary.edges)
    ));
    text
}

#[derive(Debug, Serialize)]
struct Played {
    harm: bool,
    steps: Vec<PlayedStep>,
    effects: Vec<PlayedEffect>,
}

#[derive(Debug, Serialize)]
struct PlayedStep {
    words: String,
    success: bool,
    reason: String,
    gas: u64,
}

#[derive(Debug, Serialize)]
struct PlayedEffect {
    words: String,
    holds: bool,
}

fn again(
    path: &Path,
    against: Option<&Path>,
    build: &Build,
    context: &mut Context,
) -> Result<Answer, Failure> {
    let file = File::open(path, &context.run.limits)?;
    let finding = file.finding().map_err(Failure::usage)?;
    let (state, fork) = match against {
        Some(project) => {
            let world = build.deploy(project, context)?.world;
            (file.onto(&world), world.fork)
        }
        None => (file.state(), file.fork()?),
    };
    let mut machine = Machine::new(fork);
    let (steps, last) = replay(&mut machine, &state, &finding.steps)?;
    let mut effects = Vec::new();
    for (effect, harm) in finding.effects.iter().zip(&file.effects) {
        let holds = effect.holds(&mut machine, &state, &last)?;
        effects.push(PlayedEffect { words: harm.words.clone(), holds });
    }
    let harm = finding.harms(&mut machine, &state, &last)?;
    let steps = steps.iter().zip(&file.steps).map(|(step, call)| PlayedStep {
        words: call.words.clone(),
        success: step.success,
        reason: step.reason.clone(),
        gas: step.gas,
    });
    let played = Played { harm, steps: steps.collect(), effects };
    let mut text = format!("{}: {}\n", file.oracle, file.title);
    for (number, step) in played.steps.iter().enumerate() {
        let result = if step.success { "ok".to_owned() } else { format!("fails: {}", step.reason) };
        text.push_str(&format!("{}. {}  [{result}]\n", number + 1, step.words));
    }
    for effect in &played.effects {
        text.push_str(&format!("{} {}\n", if effect.holds { "=>" } else { "no longer:" }, effect.words));
    }
    text.push_str(if harm { "the harm is done\n" } else { "the harm is not done\n" });
    context.print(&text, &played)?;
    Ok(if harm { Answer::No } else { Answer::Yes })
}

#[derive(Debug, Serialize)]
struct Listed {
    oracle: &'static str,
    about: &'static str,
    rule: &'static str,
    source: &'static str,
    limits: &'static str,
}

fn list(context: &mut Context) -> Result<Answer, Failure> {
    let cards: Vec<Listed> = oracle::all()
        .into_iter()
        .map(|oracle| {
            let card = oracle.card();
            Listed {
                oracle: card.name,
                about: card.about,
                rule: card.rule,
                source: card.source,
                limits: card.limits,
            }
        })
        .collect();
    let rows: Vec<Vec<String>> =
        cards.iter().map(|card| vec![card.oracle.to_owned(), card.about.to_owned()]).collect();
    context.print(&table(&["oracle", "what it sees"], &rows), &cards)?;
    Ok(Answer::Yes)
}
