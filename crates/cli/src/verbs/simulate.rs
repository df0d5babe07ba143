//! `daotwin simulate`: scenarios rehearsed on a DAO.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use daotwin::audit::traffic::voting::Judge;
use daotwin::core::Seed;
use daotwin::core::files::read_limited;
use daotwin::generators::registry;
use daotwin::history::History;
use daotwin::history::synthesizer::{FitOptions, Fitted};
use daotwin::simulation::described::{Described, members};
use daotwin::simulation::governance::Referee;
use daotwin::simulation::governance::referee::Decided;
use daotwin::simulation::incidents::{self, registry::INCIDENTS};
use daotwin::simulation::rehearsal::{self, Options, Rehearsal};
use daotwin::simulation::scenario::{RuleChange, Scenario, gallery, read};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, table};
use crate::verbs::report::Format;
use crate::verbs::{check_new, check_parent};
use crate::{Answer, arguments};

/// Rehearses scenarios on a DAO: other rules, downturns, attacks. Each stands beside the rule as it is with nothing
/// happening, with ranges over many runs.
///
/// Members and ballots are drawn anew in every run from a twin; of a History a twin is fitted on the way, without
/// privacy, and the records stand beside the runs. `daotwin scenarios` lists ready scenarios and what a file may say.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin simulate history --scenario low-quorum --out report.html\n  \
        daotwin simulate twin --scenario quorum.toml --scenario downturn --runs 400 --out report.html --rows runs.parquet\n  \
        daotwin simulate history --scenario cartel --largest 5 --out report.html --json\n  \
        daotwin simulate twin --scenario whale-exit --out report.html --history run\n  \
        daotwin simulate --population population.toml --out report.html --history run\n  \
        daotwin simulate history --contracts my-dao/out --deploy audit.toml --out report.html\n  \
        daotwin simulate --incident beanstalk\n"
)]
pub(crate) struct Simulate {
    /// A twin's folder, or a History's.
    #[arg(required_unless_present_any = ["incident", "population"])]
    dao_folder: Option<PathBuf>,
    /// A scenario: a TOML file, or the name of a ready one; several are shown side by side.
    #[arg(long = "scenario", required_unless_present_any = ["incident", "population", "contracts"], value_name = "FILE or NAME")]
    scenarios: Vec<String>,
    /// Simulate a DAO that this TOML file describes instead, without any data: members, behaviour, market, treasury, a
    /// `[rule]`. Where a History's folder is given, its members stand in place of described ones. The book lists the keys and what they are where not said.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenarios", "incident", "rows", "proposals", "baseline"])]
    population: Option<PathBuf>,
    /// Decide on the DAO's own contracts: a Foundry or Hardhat project or its build with a Governor of OpenZeppelin's or
    /// Compound's (Bravo, Alpha). Every ballot is a transaction; what passes is what the contract says.
    #[arg(long, value_name = "FOLDER", conflicts_with = "incident")]
    contracts: Option<PathBuf>,
    /// How the contracts are deployed; `audit.toml` in the project where there is one, otherwise it is guessed.
    #[arg(long, value_name = "FILE", requires = "contracts")]
    deploy: Option<PathBuf>,
    /// The name of the governor in the deployment, where there are several.
    #[arg(long, value_name = "NAME", requires = "contracts")]
    governor: Option<String>,
    /// Replay this incident instead, from what was public before it (`daotwin incidents` lists them).
    #[arg(long, value_name = "NAME", conflicts_with_all = ["dao_folder", "scenarios", "rows", "history", "proposals", "dao", "baseline", "effort"])]
    incident: Option<String>,
    /// Replay the incident with this one thing changed.
    #[arg(long, value_name = "NAME", requires = "incident")]
    counterfactual: Option<String>,
    /// The rule as it is: a scenario's file whose `[rule]` says what the records do not, such as a quorum.
    #[arg(long, value_name = "FILE or NAME")]
    baseline: Option<String>,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(
        long,
        short,
        required_unless_present = "incident",
        conflicts_with = "incident",
        value_name = "FILE"
    )]
    out: Option<PathBuf>,
    /// Every number of every run, a row each: `.parquet` or `.csv`.
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// The first run of the scenario, as a History's new folder: the ballots that were cast, and what became of them.
    #[arg(long, value_name = "FOLDER")]
    history: Option<PathBuf>,
    /// How many times the DAO is drawn; 100 where not given, 2000 of an incident.
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// So many of the largest members are asked whether they could decide alone.
    #[arg(long, value_name = "N", default_value_t = 3)]
    largest: usize,
    /// Proposals of a run; as many as were learned where not given.
    #[arg(long, value_name = "N")]
    proposals: Option<u64>,
    /// How hard voters are called where a quorum binds, and how many stay at home once it is met: `off`, or the strengths of
    /// `quorum_effort` and `relief`; fitted to the records where not given.
    #[arg(long, value_name = "EFFORT,RELIEF", conflicts_with = "incident")]
    effort: Option<String>,
    /// The DAO, where there are several.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Drives every draw.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// The scenario of a file, or the ready one of this name.
pub(super) fn scenario(name: &str, context: &Context) -> Result<Scenario, Failure> {
    let path = PathBuf::from(name);
    let text = match gallery::find(name) {
        Some(text) if !path.exists() => text.to_owned(),
        _ if path.exists() || path.extension().is_some() => {
            let bytes = read_limited(&path, context.run.limits.max_file_bytes)?;
            String::from_utf8(bytes).map_err(|_| Failure::usage(format!("`{name}` is not text in UTF-8")))?
        }
        _ => {
            let known: Vec<&str> = gallery::GALLERY.iter().map(|(name, _)| *name).collect();
            return Err(output::unknown("scenario", name, &known));
        }
    };
    read(&text).map_err(|error| {
        let lines: Vec<String> = error.to_string().lines().map(|line| format!("`{name}`: {line}")).collect();
        Failure::new(error.kind(), lines.join("\n"))
    })
}

/// The scenarios of these names, with the problems of all at once.
pub(super) fn scenarios(names: &[String], context: &Context) -> Result<Vec<Scenario>, Failure> {
    let mut scenarios = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        match scenario(name, context) {
            Ok(read) => scenarios.push(read),
            Err(Failure::Error { message, .. }) => problems.push(message),
            Err(other) => return Err(other),
        }
    }
    if problems.is_empty() { Ok(scenarios) } else { Err(Failure::usage(problems.join("\n"))) }
}

/// The rule as it is, where a file says what the records do not.
pub(super) fn baseline(name: Option<&str>, context: &Context) -> Result<RuleChange, Failure> {
    let Some(name) = name else { return Ok(RuleChange::default()) };
    let read = scenario(name, context)?;
    if !read.conditions.is_empty() || !read.behaviours.is_empty() {
        return Err(Failure::usage(format!(
            "`{name}`: a baseline says the rule as it is; nothing happens in it, and behaviours belong to scenarios"
        )));
    }
    Ok(read.rule)
}

/// The twin of a folder that holds one.
pub(super) fn twin(folder: &Path, context: &Context) -> Result<Option<Box<dyn Fitted>>, Failure> {
    let is_twin = super::manifest(folder).is_ok_and(|manifest| manifest.get("synthesizer").is_some());
    Ok(is_twin.then(|| registry::load(folder, &context.run)).transpose()?)
}

/// A model of a DAO: the twin of a folder, or one that is fitted on the folder's History, with the History.
pub(super) fn model(
    folder: &Path,
    dao: Option<&str>,
    context: &Context,
) -> Result<(Box<dyn Fitted>, Option<History>), Failure> {
    if let Some(twin) = twin(folder, context)? {
        return Ok((twin, None));
    }
    let history = History::read(folder, &context.run)?;
    let options = FitOptions { dao: dao.map(str::to_owned), ..FitOptions::default() };
    Ok((registry::SYNTHESIZERS[0].fit(&history, &options, &context.run)?, Some(history)))
}

/// With the effort to meet quorums that was asked for, or that the records tell.
pub(super) fn with_effort(
    options: Options,
    asked: Option<&str>,
    model: &dyn Fitted,
    records: Option<&History>,
    baseline: &RuleChange,
    context: &Context,
) -> Result<Options, Failure> {
    let effort = match (asked, records) {
        (Some("off"), _) | (None, None) => None,
        (Some(text), _) => {
            let numbers: Vec<f64> = text.split(',').filter_map(|number| number.trim().parse().ok()).collect();
            match numbers[..] {
                [effort, relief] if [effort, relief].iter().all(|number| (0.0..=10.0).contains(number)) => {
                    Some([effort, relief])
                }
                _ => {
                    return Err(Failure::usage(format!(
                        "`--effort {text}`: `off` and two numbers from 0 to 10 are allowed, such as `1.5,0.2`"
                    )));
                }
            }
        }
        (None, Some(records)) => {
            let fitted = rehearsal::effort(model, records, baseline, &options, &context.run)?;
            if let Some(fitted) = &fitted {
                context.note(&format!(
                    "voters are called where a quorum binds, as hard as the records tell: `--effort {},{}`; {:.1} % of the proposals pass as it is, without it {:.1} %, of the records {:.1} %",
                    fitted.strengths[0],
                    fitted.strengths[1],
                    fitted.with * 100.0,
                    fitted.without * 100.0,
                    fitted.recorded * 100.0
                ));
            }
            fitted.map(|fitted| fitted.strengths)
        }
    };
    Ok(Options { effort, ..options })
}

impl Simulate {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        if let (Some(population), Some(out)) = (&self.population, &self.out) {
            return self.describe(population, out, context);
        }
        let (Some(folder), Some(out)) = (&self.dao_folder, &self.out) else {
            return self.replay(context);
        };
        let format = Format::of(out)?;
        check_parent(out)?;
        if let Some(rows) = &self.rows {
            check_new(rows)?;
        }
        if let Some(history) = &self.history {
            check_new(history)?;
            if self.scenarios.len() > 1 {
                return Err(Failure::usage(format!(
                    "`--history` writes a run of one scenario, and {} are given; give one `--scenario`",
                    self.scenarios.len()
                )));
            }
        }
        let judge = self.judge(context)?;
        let scenarios = scenarios(&self.scenarios, context)?;
        let baseline = baseline(self.baseline.as_deref(), context)?;
        let (model, records) = model(folder, self.dao.as_deref(), context)?;
        let options = Options {
            seed: Seed(self.seed.unwrap_or_default()),
            runs: self.runs.unwrap_or(Options::default().runs),
            dao: self.dao.clone(),
            largest: self.largest,
            proposals: self.proposals,
            ..Options::default()
        };
        let rule = match &judge {
            Some(judge) => {
                rehearsal::rule_of(judge.as_ref(), model.as_ref(), &baseline, &options, &context.run)?
            }
            None => baseline,
        };
        let options =
            with_effort(options, self.effort.as_deref(), model.as_ref(), records.as_ref(), &rule, context)?;
        let begun = Instant::now();
        let (model, records, run) = (model.as_ref(), records.as_ref(), &context.run);
        let found = match &judge {
            Some(judge) => {
                rehearsal::rehearse_on(judge.as_ref(), model, records, &baseline, &scenarios, &options, run)?
            }
            None => rehearsal::rehearse(model, records, &baseline, &scenarios, &options, run)?,
        };
        told(judge.as_deref(), found.decided.as_ref(), begun, context);
        format.write(&found.document(), out)?;
        if let Some(rows) = &self.rows {
            daotwin::history::frame::write(rows, &found.rows()?, &context.run)?;
        }
        let unchanged = Scenario { title: "as it is".to_owned(), ..Scenario::default() };
        if let Some(folder) = &self.history {
            let scenario = scenarios.first().unwrap_or(&unchanged);
            let first = match &judge {
                Some(judge) => {
                    rehearsal::history_on(judge.as_ref(), model, &baseline, scenario, &options, 0, run)?
                }
                None => rehearsal::history(model, &baseline, scenario, &options, 0, run)?,
            };
            first.write(folder)?;
            context.note(&format!("run 0 of `{}` written to `{}`", scenario.title, folder.display()));
        }
        context.print(&text(&found), &found)?;
        let private =
            if records.is_some() { "; it is computed from the records and is not private" } else { "" };
        context.note(&format!("report written to `{}`{private}", out.display()));
        Ok(Answer::Yes)
    }
}

/// Says what was decided on bytecode, and how fast.
fn told(judge: Option<&Judge>, decided: Option<&Decided>, begun: Instant, context: &Context) {
    let (Some(judge), Some(decided)) = (judge, decided) else { return };
    let seconds = begun.elapsed().as_secs_f64().max(1e-9);
    context.note(&decided.sentence());
    context.note(&format!("{:.0} votes a second, on the contract", decided.ballots as f64 / seconds));
    for note in judge.notes() {
        context.note(&note);
    }
}

impl Simulate {
    /// The governor of the contracts, where they are to decide.
    fn judge(&self, context: &Context) -> Result<Option<Arc<Judge>>, Failure> {
        let Some(contracts) = &self.contracts else { return Ok(None) };
        let world = super::audit::deployed(contracts, self.deploy.as_deref(), context)?;
        let shown = contracts.display();
        let judge = Judge::new(&world, self.governor.as_deref())
            .map_err(|error| Failure::new(error.kind(), format!("`--contracts {shown}`: {error}")))?;
        Ok(Some(Arc::new(judge)))
    }

    /// A DAO without data.
    fn describe(&self, population: &Path, out: &Path, context: &Context) -> Result<Answer, Failure> {
        let format = Format::of(out)?;
        check_parent(out)?;
        if let Some(history) = &self.history {
            check_new(history)?;
        }
        let shown = population.display();
        let bytes = read_limited(population, context.run.limits.max_file_bytes)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::usage(format!("`{shown}` is not text in UTF-8")))?;
        let mut described = Described::read(&text).map_err(|error| {
            let lines: Vec<String> =
                error.to_string().lines().map(|line| format!("`{shown}`: {line}")).collect();
            Failure::new(error.kind(), lines.join("\n"))
        })?;
        let seed = Seed(self.seed.unwrap_or_default());
        if let Some(folder) = &self.dao_folder {
            let history = History::read(folder, &context.run)?;
            let window = described.parameters.window;
            described.members = Some(members(&history, self.dao.as_deref(), window, seed.0)?);
        }
        let runs = self.runs.unwrap_or(Options::default().runs);
        let judge = self.judge(context)?;
        let referee = judge.clone().map(|judge| -> Arc<dyn Referee> { judge });
        let begun = Instant::now();
        let found = match &referee {
            Some(referee) => described.simulate_on(referee, seed, runs, &context.run)?,
            None => described.simulate(seed, runs, &context.run)?,
        };
        told(judge.as_deref(), found.decided.as_ref(), begun, context);
        format.write(&found.document(), out)?;
        if let Some(folder) = &self.history {
            let history = match &referee {
                Some(referee) => described.history_on(referee, seed, 0, &context.run)?,
                None => described.history(seed, 0, &context.run)?,
            };
            history.write(folder)?;
            context.note(&format!("run 0 written to `{}`", folder.display()));
        }
        let number = super::evaluate::number;
        let rows: Vec<Vec<String>> = found
            .variables
            .iter()
            .map(|variable| {
                let (low, high) = variable.interval;
                let figures = [variable.mean, low, high].into_iter().chain(variable.quantiles);
                std::iter::once(variable.name.to_owned()).chain(figures.map(number)).collect()
            })
            .collect();
        let heading = ["variable", "mean", "from", "to", "5 %", "25 %", "50 %", "75 %", "95 %"];
        context.print(&format!("{}\n\n{}", found.sentences().join("\n"), table(&heading, &rows)), &found)?;
        context.note(&format!("report written to `{}`", out.display()));
        Ok(Answer::Yes)
    }

    /// An incident, as it was and with one thing changed at a time.
    fn replay(&self, context: &mut Context) -> Result<Answer, Failure> {
        let name = self.incident.as_deref().unwrap_or_default();
        let names: Vec<&str> = INCIDENTS.iter().map(|incident| incident.name()).collect();
        let incident =
            incidents::registry::find(name).map_err(|_| output::unknown("incident", name, &names))?;
        let defaults = incidents::Options::default();
        let options = incidents::Options {
            seed: self.seed.unwrap_or(defaults.seed),
            replicates: self.runs.unwrap_or(defaults.replicates),
            counterfactual: self.counterfactual.clone(),
        };
        let report = incident.replay(&options, &context.run)?;
        context.print(&incidents::render(&report), &report)?;
        Ok(Answer::Yes)
    }
}

/// The sentences of each scenario, and the means.
fn text(found: &Rehearsal) -> String {
    let mut text = String::new();
    for arm in &found.arms[1..] {
        text.push_str(&found.sentences(arm).join("\n"));
        text.push_str("\n\n");
    }
    let mut heading = vec!["variable"];
    heading.extend(found.arms.iter().map(|arm| arm.scenario.title.as_str()));
    let rows: Vec<Vec<String>> = found.arms[0]
        .variables
        .iter()
        .enumerate()
        .map(|(place, variable)| {
            let means = found.arms.iter().map(|arm| super::evaluate::number(arm.variables[place].mean));
            std::iter::once(variable.name.to_owned()).chain(means).collect()
        })
        .collect();
    text.push_str(&table(&heading, &rows));
    text
}
