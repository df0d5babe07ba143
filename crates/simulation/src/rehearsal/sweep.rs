//! Sweeps: every combination of values of a scenario's parameters, each rehearsed, streamed to a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use daotwin_core::{Error as CoreError, Run, Seed};
use daotwin_history::synthesizer::Fitted;
use serde::Serialize;
use serde_json::Value;

use super::effort::with_effort;
use super::electorate::{Ballot, Electorate};
use super::play::{self, Stage, VARIABLES, play};
use super::{Options, impossible, sample, strange, view};
use crate::engine::ensemble::Model;
use crate::engine::sweep::{self, Plan};
use crate::scenario::{Axis, RuleChange, Scenario, Setting, with};
use crate::{Error, Result};

/// Combinations of one sweep, at most.
pub const MOST_COMBINATIONS: u64 = 10_000;

/// Memory for draws that are kept from one combination to the next.
const KEPT_BYTES: usize = 256 << 20;

/// Runs that keep the threads busy: so many are done between two checkpoints at least.
const BETWEEN_CHECKPOINTS: u64 = 64;

const NAMES: [&str; VARIABLES.len()] = {
    let mut names = [""; VARIABLES.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = VARIABLES[place].0;
        place += 1;
    }
    names
};

/// A number of one combination, over runs; NaN where no run has one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// Runs that have one.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// 5, 50 and 95 % quantiles.
    pub quantiles: [f64; 3],
}

/// A combination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// A value of each axis.
    pub settings: Vec<Setting>,
    /// Its numbers, in the order of [`VARIABLES`].
    pub figures: Vec<Figure>,
}

/// A sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Swept {
    /// The DAO.
    pub dao: String,
    /// What was varied.
    pub scenario: Scenario,
    /// The seed.
    pub seed: Seed,
    /// Runs of each combination.
    pub runs: u64,
    /// Members that takeovers are by.
    pub largest: usize,
    /// The parameters.
    pub axes: Vec<Axis>,
    /// Every combination; the last axis changes fastest.
    pub points: Vec<Point>,
}

/// What stands for a combination in the file.
#[derive(Debug, Clone, Serialize)]
struct Configuration {
    settings: BTreeMap<String, Setting>,
    scenario: Scenario,
}

/// Rehearses a scenario with every combination of the axes' values and writes `target`, JSON lines as
/// [`crate::engine::sweep::sweep`] does: the plan, then a line a combination with its settings, its whole scenario and
/// each of the [`VARIABLES`] summed up. The numbers are those of [`rehearse`](super::rehearse) for the same scenarios; all
/// combinations meet the same draws of the model.
///
/// A sweep that was interrupted goes on from the folder `<target>.parts` to the same bytes, on any number of threads.
/// Draws are kept for the next combinations in at most 256 MiB, and drawn again beyond, so that memory grows with neither
/// runs nor combinations. Costs a pass over a draw's ballots for each run and combination, and a draw where none is kept.
///
/// # Errors
/// Options, axes and combinations that this DAO cannot have, many problems at once; more than [`MOST_COMBINATIONS`]; parts
/// of another sweep; a `target` that exists; the model's own; cancellation; failures of files.
pub fn sweep(
    model: &dyn Fitted,
    baseline: &RuleChange,
    scenario: &Scenario,
    axes: &[Axis],
    options: &Options,
    target: &Path,
    run: &Run,
) -> Result<Swept> {
    let combinations =
        axes.iter().fold(1_u64, |product, axis| product.saturating_mul(axis.values.len() as u64));
    let mut problems = strange(options);
    if !(1..=MOST_COMBINATIONS).contains(&combinations) {
        problems.push(format!("{combinations} combinations; 1 to {MOST_COMBINATIONS} are allowed"));
    }
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    if target.exists() {
        return Err(CoreError::Exists { path: target.to_path_buf() }.into());
    }
    let drawn = sample(model, 1.0, options, 0, run)?;
    let first = Electorate::of(&view(&drawn, options)?)?;
    let plan = Plan {
        // A draw tells models apart that give other numbers.
        model: format!(
            "rehearsal of `{}`, draw {}, largest {}, proposals {}",
            first.dao,
            drawn.fingerprint()?,
            options.largest,
            options.proposals.map_or_else(|| "as learned".to_owned(), |count| count.to_string())
        ),
        seed: options.seed.0,
        configurations: combinations,
        replicates: options.runs,
        checkpoint: BETWEEN_CHECKPOINTS.div_ceil(options.runs),
    };
    drop(drawn);
    // What the baseline says holds where nothing else is said, and may go together with what is varied.
    let base = with_effort(Scenario { rule: baseline.then(&scenario.rule), ..scenario.clone() }, options);
    let configuration = |number: u64| {
        let settings = settings(axes, number);
        let named: Vec<(&str, &Setting)> =
            axes.iter().map(|axis| axis.path.as_str()).zip(&settings).collect();
        let scenario = with(&base, &named)?;
        let problems = impossible(&scenario, play::bound(&scenario), &first);
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let settings = axes.iter().map(|axis| axis.path.clone()).zip(settings).collect();
        Ok(Configuration { settings, scenario })
    };
    let draws = Draws { model, options, kept: Mutex::default() };
    let rehearsed = |configuration: &Configuration| {
        let scenario = configuration.scenario.clone();
        let bound = play::bound(&scenario);
        Ok(Rehearsed { draws: &draws, baseline, bound, span: first.span(), scenario })
    };
    sweep::sweep(&plan, configuration, rehearsed, target, run)?;
    Ok(Swept {
        dao: first.dao.clone(),
        scenario: scenario.clone(),
        seed: options.seed,
        runs: options.runs,
        largest: options.largest,
        axes: axes.to_vec(),
        points: points(axes, target)?,
    })
}

/// The values of a combination; the last axis changes fastest.
fn settings(axes: &[Axis], number: u64) -> Vec<Setting> {
    let mut rest = number as usize;
    let mut settings: Vec<Setting> = axes
        .iter()
        .rev()
        .map(|axis| {
            let value = axis.values[rest % axis.values.len()].clone();
            rest /= axis.values.len();
            value
        })
        .collect();
    settings.reverse();
    settings
}

/// Reads back what a sweep wrote.
fn points(axes: &[Axis], target: &Path) -> Result<Vec<Point>> {
    let io = |source| CoreError::Io { action: "read", path: target.to_path_buf(), source };
    let file = BufReader::new(File::open(target).map_err(io)?);
    let mut points = Vec::new();
    for (number, line) in file.lines().skip(1).enumerate() {
        let line: Value = serde_json::from_str(&line.map_err(io)?).map_err(|error| {
            let problem = format!("`{}` line {}: {error}", target.display(), number + 2);
            Error::Parameters { problems: vec![problem] }
        })?;
        let figures = NAMES.iter().map(|name| {
            let summary = &line["variables"][name];
            let number = |name: &str| summary[name].as_f64().unwrap_or(f64::NAN);
            Figure {
                count: summary["count"].as_u64().unwrap_or(0),
                mean: number("mean"),
                standard_error: number("standard_error"),
                quantiles: ["q05", "q50", "q95"].map(number),
            }
        });
        points.push(Point { settings: settings(axes, number as u64), figures: figures.collect() });
    }
    Ok(points)
}

/// Draws of the model, by how many times the turnout they have and by run.
struct Draws<'m> {
    model: &'m dyn Fitted,
    options: &'m Options,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The bits of a positive number ascend with it.
    draws: BTreeMap<(u64, u64), Arc<Electorate>>,
    bytes: usize,
}

impl Kept {
    /// Keeps a draw where there is room; draws of another turnout make room, they were for earlier combinations.
    fn keep(&mut self, key: (u64, u64), draw: &Arc<Electorate>) {
        let bytes = size(draw);
        while self.bytes + bytes > KEPT_BYTES {
            let other = self.draws.keys().find(|(bound, _)| *bound != key.0).copied();
            let Some(gone) = other.and_then(|other| self.draws.remove(&other)) else { return };
            self.bytes -= size(&gone);
        }
        if self.draws.insert(key, Arc::clone(draw)).is_none() {
            self.bytes += bytes;
        }
    }
}

/// About what a draw takes in memory.
fn size(electorate: &Electorate) -> usize {
    electorate.ballots.len() * size_of::<Ballot>()
        + electorate.peak.len() * (size_of::<u128>() + 2 * size_of::<u32>())
        + electorate.questions.len() * size_of::<super::electorate::Question>()
}

impl Draws<'_> {
    fn get(&self, bound: f64, number: u64, run: &Run) -> Result<Arc<Electorate>> {
        let key = (bound.to_bits(), number);
        // Nothing is left half done under this lock.
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().draws.get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        // Drawn outside of the lock: drawing lends the thread to other runs, which ask for it too.
        let draw = Arc::new(super::draw(self.model, bound, self.options, number, run)?);
        kept().keep(key, &draw);
        Ok(draw)
    }
}

/// A combination as what can be run again and again.
struct Rehearsed<'d> {
    draws: &'d Draws<'d>,
    baseline: &'d RuleChange,
    scenario: Scenario,
    bound: f64,
    span: (i64, i64),
}

impl Model for Rehearsed<'_> {
    type Workspace = ();

    fn variables(&self) -> &[&'static str] {
        &NAMES
    }

    fn replicate(&self, seed: u64, replicate: u64, (): &mut (), run: &Run, values: &mut [f64]) -> Result<()> {
        run.check()?;
        let electorate = self.draws.get(self.bound, replicate, run)?;
        let Self { scenario, baseline, span, .. } = self;
        let stage = Stage {
            scenario,
            baseline,
            largest: self.draws.options.largest,
            span: *span,
            seed,
            referee: None,
        };
        values.copy_from_slice(&play(&electorate, &stage, self.bound, replicate).values);
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::super::test_model::Stub;
    use super::super::{history, rehearse};
    use super::*;
    use crate::scenario::{axes, read};

    fn options(runs: u64) -> Options {
        Options { seed: Seed(5), runs, ..Options::default() }
    }

    fn downturn() -> Scenario {
        read("title = 't'\n[[conditions]]\nkind = 'downturn'\ndepth = 0.5\n").unwrap()
    }

    fn go(varied: &[&str], runs: u64, target: &Path, run: &Run) -> Result<Swept> {
        let (scenario, rule) = (downturn(), RuleChange::default());
        let varied: Vec<String> = varied.iter().map(|text| (*text).to_owned()).collect();
        let axes = axes(&scenario, &varied)?;
        sweep(&Stub::random(), &rule, &scenario, &axes, &options(runs), target, run)
    }

    #[test]
    fn a_sweep_of_one_parameter_is_a_rehearsal_of_its_scenarios() {
        let folder = tempfile::tempdir().unwrap();
        let depths = [0.0, 0.45, 0.9];
        let swept =
            go(&["downturn.depth=0:0.9:3"], 12, &folder.path().join("s.jsonl"), &Run::default()).unwrap();
        let scenarios: Vec<Scenario> = depths
            .iter()
            .map(|depth| with(&downturn(), &[("downturn.depth", &Setting::Number(*depth))]).unwrap())
            .collect();
        let rule = RuleChange::default();
        let found =
            rehearse(&Stub::random(), None, &rule, &scenarios, &options(12), &Run::default()).unwrap();
        let mut voters = Vec::new();
        for ((point, arm), depth) in swept.points.iter().zip(&found.arms[1..]).zip(depths) {
            assert_eq!(point.settings, [Setting::Number(depth)]);
            for (figure, variable) in point.figures.iter().zip(&arm.variables) {
                assert_eq!(figure.mean.to_bits(), variable.mean.to_bits(), "{} at {depth}", variable.name);
                assert_eq!(figure.quantiles[0].to_bits(), variable.quantiles[0].to_bits());
            }
            voters.push(point.figures[2].mean);
        }
        assert!(voters[0] > voters[1] && voters[1] > voters[2], "{voters:?}");
    }

    #[test]
    fn an_interrupted_sweep_resumes_to_the_same_bytes_on_any_number_of_threads() {
        let folder = tempfile::tempdir().unwrap();
        let varied = ["rule.quorum=0.01,0.2", "downturn.depth=0.2:0.8:4"];
        let whole = folder.path().join("whole.jsonl");
        let swept = go(&varied, 20, &whole, &Run::default()).unwrap();
        assert_eq!(swept.points.len(), 8);
        let bytes = std::fs::read(&whole).unwrap();
        for threads in [1, 2, 8] {
            let target = folder.path().join(format!("{threads}.jsonl"));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let cancel = daotwin_core::Cancel::default();
            let raise = cancel.clone();
            let mut run = Run::with_listener(move |step| {
                if step.done >= 100 {
                    raise.cancel();
                }
            });
            run.cancel = cancel;
            let stopped = pool.install(|| go(&varied, 20, &target, &run));
            assert!(matches!(stopped, Err(Error::Core(CoreError::Cancelled))), "{stopped:?}");
            assert!(!target.exists() && target.with_extension("jsonl.parts").exists());
            pool.install(|| go(&varied, 20, &target, &Run::default())).unwrap();
            assert!(std::fs::read(&target).unwrap() == bytes, "{threads} threads");
        }
    }

    #[test]
    fn problems_are_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("s.jsonl");
        let told = |varied: &[&str]| go(varied, 2, &target, &Run::default()).unwrap_err().to_string();
        let message = told(&[
            "rule.quorm=0.1",
            "downturn.depht=0.1",
            "rule.quorum=2",
            "rule.weighting=token",
            "downturn.depth=0.1:0.2",
            "price",
            "rule.approval=0.5,0.5",
            "rule.shielded=perhaps",
        ]);
        for expected in [
            "no parameter `rule.quorm`; did you mean `rule.quorum`?",
            "no parameter `downturn.depht`; did you mean `downturn.depth`?",
            "`rule.quorum`: `2` is not a number from 0 to 1",
            "`rule.weighting`: `token` is unknown; did you mean `tokens`?",
            "`downturn.depth`: `0.1:0.2` is not a number",
            "`price` is not `PATH=VALUE",
            "`rule.approval`: `0.5` is given twice",
            "`perhaps` is not true or false",
        ] {
            assert!(message.contains(expected), "{expected}\n--\n{message}");
        }
        assert!(told(&["rule.weighting=capped,tokens"]).contains("go together"));
        let many = ["rule.quorum=0:1:200", "downturn.depth=0:0.9:200"];
        assert!(told(&many).contains("40000 combinations; 1 to 10000"));
        assert!(!target.exists());
    }

    #[test]
    fn documents_draw_what_was_varied() {
        let folder = tempfile::tempdir().unwrap();
        for (number, varied) in [
            &["downturn.depth=0.2:0.8:3"][..],
            &["rule.weighting=tokens,members"],
            &["rule.quorum=0.01,0.2", "downturn.depth=0.2,0.8"],
            &["rule.quorum=0.01,0.2", "downturn.depth=0.2,0.8", "rule.approval=0.5,0.6"],
        ]
        .iter()
        .enumerate()
        {
            let target = folder.path().join(format!("{number}.jsonl"));
            let document = go(varied, 4, &target, &Run::default()).unwrap().document(None);
            let charts = document
                .sections
                .iter()
                .flat_map(|section| &section.blocks)
                .filter(|block| matches!(block, daotwin_core::document::Block::Chart(_)))
                .count();
            assert_eq!(charts > 8, varied.len() < 3, "{varied:?}: {charts}");
        }
    }

    #[test]
    fn a_run_as_a_history_tallies_like_the_rehearsal() {
        let scenario =
            read("title = 't'\n[[conditions]]\nkind = 'whale'\ntokens = 50\n[[conditions]]\nkind = 'downturn'\ndepth = 0.9\n")
                .unwrap();
        let (stub, rule, options) = (Stub::random(), RuleChange::default(), options(1));
        let written = history(&stub, &rule, &scenario, &options, 0, &Run::default()).unwrap();
        let found = rehearse(&stub, None, &rule, &[scenario], &options, &Run::default()).unwrap();
        let read = view(&written, &options).unwrap();
        let voters = read.votes.len() as f64 / read.proposals.len() as f64;
        assert_eq!(voters, found.arms[1].variable("voters").unwrap().mean);
        let executed =
            read.proposals.iter().filter(|proposal| proposal.state.as_deref() == Some("executed")).count();
        let passed = found.arms[1].variable("passed").unwrap().mean;
        assert_eq!(executed as f64 / read.proposals.len() as f64, passed);
    }
}
