//! Rehearsals: what a DAO would decide under another rule, or if something happened.
//!
//! Members, what they hold, on what they vote, when and how come from a model of the DAO, drawn anew for every run: with
//! nothing happening and the recorded rule, a rehearsal **is** that model's sample, as close to the DAO as the model. A
//! [`Scenario`] then changes who comes ([`Condition`](crate::scenario::Condition)s), what they say, who acts against the
//! DAO, and what the rule makes of it. All scenarios of a rehearsal meet the same draws, so that their difference is
//! told more exactly than either.
//!
//! Of a ballot for several choices the first counts. Proposals without a choice for them count in turnout only.

mod advise;
pub mod attack;
mod compare;
mod document;
mod effort;
pub(crate) mod electorate;
mod history;
mod people;
mod play;
mod policy;
mod polling;
pub mod proposal;
mod rows;
mod sweep;
mod sweep_document;
#[cfg(test)]
mod test;
#[cfg(test)]
mod test_model;
#[cfg(test)]
mod test_people;

use daotwin_core::statistics::{quantile, wilson};
use daotwin_core::{Run, Seed};
use daotwin_history::History;
use daotwin_history::synthesizer::{Fitted, SampleOptions};
use daotwin_history::view::DaoView;
use rayon::prelude::*;
use serde::Serialize;

use crate::engine::summary::Summary;
use crate::governance::referee::{Decided, Referee};
use crate::scenario::{Behaviours, RuleChange, Scenario, Weighting};
use crate::{Error, Result};

pub(crate) use document::{amount, percent};

pub use advise::{Advice, Candidate, Goal, advise};
pub use compare::{Comparison, Difference, compare, one_at_a_time};
pub use effort::{Effort, effort};
pub use history::{history, history_on};
pub use play::{SERIES, STEPS, VARIABLES};
pub use sweep::{Figure, MOST_COMBINATIONS, Point, Swept, sweep};

use effort::{only_effort, with_effort};
use electorate::Electorate;
use play::{NEEDED, Played, Stage, play};

/// Runs that are in memory at once.
const BLOCK: u64 = 64;

/// The most that a scenario may raise turnout: the model is asked for as many times the voters.
const MOST_TURNOUT: f64 = 20.0;

/// How a rehearsal is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Drives every draw.
    pub seed: Seed,
    /// How many times the DAO is drawn.
    pub runs: u64,
    /// The DAO, where the model holds several.
    pub dao: Option<String>,
    /// So many of the largest members are asked whether they could decide alone.
    pub largest: usize,
    /// Proposals of a run; as many as the model learned where not given.
    pub proposals: Option<u64>,
    /// Strengths of `quorum_effort` and `relief` wherever a scenario says none or their prior, as [`effort()`] fits them to
    /// records.
    pub effort: Option<[f64; 2]>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: Seed(0), runs: 100, dao: None, largest: 3, proposals: None, effort: None }
    }
}

/// A number over runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variable {
    /// Its name, of [`VARIABLES`].
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Mean over runs; NaN where no run has one.
    pub mean: f64,
    /// 90 % interval of the mean: Student's for numbers, Wilson's for what is 0 or 1 in a run.
    pub interval: (f64, f64),
    /// Its 5, 25, 50, 75 and 95 % quantiles over runs.
    pub quantiles: [f64; 5],
    /// The same number of the recorded ballots, where they were given.
    pub recorded: Option<f64>,
}

/// A number over time and runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Course {
    /// Its name, of [`SERIES`].
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// For each step the 5, 25, 50, 75 and 95 % quantiles over runs; NaN where no run has a proposal.
    pub bands: Vec<[f64; 5]>,
    /// The same number of the recorded ballots.
    pub recorded: Option<Vec<f64>>,
}

/// What one scenario came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Arm {
    /// The scenario.
    pub scenario: Scenario,
    /// Its numbers, in the order of [`VARIABLES`].
    pub variables: Vec<Variable>,
    /// Differences to the first scenario, run by run: mean and its 90 % interval, in the same order.
    pub differences: Vec<(f64, (f64, f64))>,
    /// Its courses, in the order of [`SERIES`].
    pub courses: Vec<Course>,
    /// Tokens with which somebody new passes 0, 5, ... 100 % of the proposals against all who vote: 5, 50 and 95 %
    /// quantiles over runs; infinite where no amount does.
    pub attack: Vec<[f64; 3]>,
    /// Share of the runs in which each proposal passes, with its 90 % interval (Wilson); empty where runs differ in
    /// the number of their proposals.
    pub proposals: Vec<(f64, (f64, f64))>,
}

impl Arm {
    /// A number of it.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}

/// A rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rehearsal {
    /// The DAO.
    pub dao: String,
    /// The seed.
    pub seed: Seed,
    /// How many runs there were.
    pub runs: u64,
    /// How many of the largest members takeovers are by.
    pub largest: usize,
    /// When each step of the courses begins, in seconds since 1970.
    pub steps: Vec<i64>,
    /// The supply in tokens, where known.
    pub supply: Option<f64>,
    /// Share of the proposals whose quorum neither the records nor the baseline knows: any turnout is enough.
    pub without_quorum: f64,
    /// The scenarios; the first is the rule as it is with nothing happening.
    pub arms: Vec<Arm>,
    /// Who decided in place of the rule's arithmetic, where somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// Every run's numbers: by run, then scenario, then in the order of [`VARIABLES`].
    #[serde(skip)]
    pub values: Vec<Vec<[f64; VARIABLES.len()]>>,
    /// Every run's courses: by run, then scenario, then in the order of [`SERIES`].
    #[serde(skip)]
    pub series: Vec<Vec<[[f64; STEPS]; SERIES.len()]>>,
}

/// Rehearses scenarios on a model of a DAO, each beside the rule as it is with nothing happening: the recorded one, with
/// what `baseline` says of it (records often know no quorum) and the effort to meet quorums that the options say.
/// Scenarios change that rule. Records, where given, are
/// played once under each rule and shown beside the runs.
///
/// Deterministic for a seed on any number of threads. Costs a sample of the model a run (two where a scenario raises
/// turnout) and a pass over its ballots a scenario.
///
/// # Errors
/// Options and scenarios that this DAO cannot have, every problem at once; the model's own; cancellation.
pub fn rehearse(
    model: &dyn Fitted,
    records: Option<&History>,
    baseline: &RuleChange,
    scenarios: &[Scenario],
    options: &Options,
    run: &Run,
) -> Result<Rehearsal> {
    let first = draw(model, 1.0, options, 0, run)?;
    rehearse_from(&first, None, model, records, baseline, scenarios, (options, run))
}

/// The same before a referee, who decides every proposal of every run in place of the rule's arithmetic, and of the records
/// too. The rule as it is has the referee's quorum; neither the baseline nor a scenario may say what the referee decides.
/// What somebody would need, and how people answer a quorum that binds, is reckoned from its settings.
///
/// Deterministic as [`rehearse`]; costs what the referee takes for every ballot besides.
///
/// # Errors
/// Those of [`rehearse`]; votes that the referee cannot hold.
pub fn rehearse_on(
    referee: &dyn Referee,
    model: &dyn Fitted,
    records: Option<&History>,
    baseline: &RuleChange,
    scenarios: &[Scenario],
    options: &Options,
    run: &Run,
) -> Result<Rehearsal> {
    let first = draw(model, 1.0, options, 0, run)?;
    let baseline = ruled(referee, baseline, scenarios, &first)?;
    rehearse_from(&first, Some(referee), model, records, &baseline, scenarios, (options, run))
}

/// The rule as it is of [`rehearse_on`]: the baseline with what the referee keeps to.
///
/// # Errors
/// A baseline that says what the referee decides; the model's own; cancellation.
pub fn rule_of(
    referee: &dyn Referee,
    model: &dyn Fitted,
    baseline: &RuleChange,
    options: &Options,
    run: &Run,
) -> Result<RuleChange> {
    ruled(referee, baseline, &[], &draw(model, 1.0, options, 0, run)?)
}

/// What the contract decides, and no file can say.
fn said(rule: &RuleChange) -> Vec<&'static str> {
    let keys = [
        ("quorum", rule.quorum.is_some()),
        ("quorum_tokens", rule.quorum_tokens.is_some()),
        ("quorum_counts", rule.quorum_counts.is_some()),
        ("approval", rule.approval.is_some()),
        ("weighting", rule.weighting.is_some()),
        ("cap", rule.cap.is_some()),
        ("power_at_vote", rule.power_at_vote.is_some()),
    ];
    keys.into_iter().filter_map(|(key, said)| said.then_some(key)).collect()
}

/// The baseline with the rule that a referee keeps to.
fn ruled(
    referee: &dyn Referee,
    baseline: &RuleChange,
    scenarios: &[Scenario],
    first: &Electorate,
) -> Result<RuleChange> {
    let by_scenario = scenarios.iter().flat_map(|scenario| {
        let rules = scenario.conditions.iter().filter_map(|condition| condition.rule);
        let place = format!("scenario `{}`", scenario.title);
        rules.chain([scenario.rule]).map(move |rule| (place.clone(), rule))
    });
    let all = std::iter::once(("the baseline".to_owned(), *baseline)).chain(by_scenario);
    let problems: Vec<String> = all
        .flat_map(|(place, rule)| said(&rule).into_iter().map(move |key| (place.clone(), key)))
        .map(|(place, key)| {
            format!(
                "{place}: `{key}` is what the contract decides: leave it out, or deploy the contract with other settings"
            )
        })
        .collect();
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let quorum = referee.quorum(first.supply, first.decimals)?;
    let rule = RuleChange {
        quorum_tokens: Some(first.tokens(quorum)),
        quorum_counts: Some(referee.counts()),
        approval: Some(0.5),
        weighting: Some(Weighting::Tokens),
        ..RuleChange::default()
    };
    Ok(baseline.then(&rule))
}

fn rehearse_from(
    first: &Electorate,
    referee: Option<&dyn Referee>,
    model: &dyn Fitted,
    records: Option<&History>,
    baseline: &RuleChange,
    scenarios: &[Scenario],
    (options, run): (&Options, &Run),
) -> Result<Rehearsal> {
    let all = beside(baseline, scenarios, options);
    let bounds: Vec<f64> = all.iter().map(play::bound).collect();
    check(&all, &bounds, first, options)?;
    let recorded = records.map(|records| view(records, options)).transpose()?;
    let recorded = recorded.as_ref().map(Electorate::of).transpose()?;
    let span = recorded.as_ref().map_or_else(|| first.span(), Electorate::span);
    let (largest, seed) = (options.largest, options.seed.0);
    let stage = |scenario| Stage { scenario, baseline, largest, span, seed, referee };

    let mut played: Vec<Vec<Played>> = Vec::new();
    while (played.len() as u64) < options.runs {
        let from = played.len() as u64;
        run.step("rehearse", from, options.runs)?;
        let until = options.runs.min(from + BLOCK);
        let block: Result<Vec<Vec<Played>>> = (from..until)
            .into_par_iter()
            .map(|number| {
                run.check()?;
                let mut drawn: Vec<(f64, Electorate)> = Vec::new();
                let mut arms = Vec::with_capacity(all.len());
                for (scenario, &bound) in all.iter().zip(&bounds) {
                    if drawn.iter().all(|(known, _)| *known != bound) {
                        drawn.push((bound, draw(model, bound, options, number, run)?));
                    }
                    let electorate = drawn.iter().find(|(known, _)| *known == bound).map(|(_, drawn)| drawn);
                    if let Some(electorate) = electorate {
                        arms.push(held(play(electorate, &stage(scenario), bound, number))?);
                    }
                }
                Ok(arms)
            })
            .collect();
        played.extend(block?);
    }
    run.step("rehearse", options.runs, options.runs)?;

    let (start, end) = span;
    let arms = all.iter().enumerate().map(|(place, scenario)| {
        let alone = Scenario { behaviours: Behaviours::new(), ..scenario.clone() };
        let records = recorded
            .as_ref()
            .map(|electorate| play(electorate, &Stage { scenario: &alone, ..stage(scenario) }, 1.0, 0))
            .map(held)
            .transpose()?;
        // What happens in a scenario never happened to the records, and their voters were called already; a rule can be
        // asked what it makes of them.
        let rule_alone = scenario.conditions.is_empty() && only_effort(scenario);
        Ok(arm(scenario, place, &played, records.filter(|_| rule_alone)))
    });
    let arms = arms.collect::<Result<Vec<Arm>>>()?;
    Ok(Rehearsal {
        dao: first.dao.clone(),
        seed: options.seed,
        runs: options.runs,
        largest: options.largest,
        steps: (0..STEPS as i64).map(|step| start + (end - start) * step / STEPS as i64).collect(),
        supply: first.supply.map(|supply| first.tokens(supply)),
        without_quorum: if baseline.quorum.or(baseline.quorum_tokens).is_some() {
            0.0
        } else {
            first.without_quorum()
        },
        arms,
        decided: referee.map(Referee::decided),
        values: played.iter().map(|arms| arms.iter().map(|played| played.values).collect()).collect(),
        series: played.iter().map(|arms| arms.iter().map(|played| played.series).collect()).collect(),
    })
}

/// What a run came to, where all its votes were held.
fn held(played: Played) -> Result<Played> {
    match played.problem {
        Some(problem) => Err(Error::Parameters { problems: vec![problem] }),
        None => Ok(played),
    }
}

/// The rule as it is with nothing happening, then the scenarios on top of it; with the effort that the options say.
fn beside(baseline: &RuleChange, scenarios: &[Scenario], options: &Options) -> Vec<Scenario> {
    let on_top = scenarios
        .iter()
        .cloned()
        .map(|scenario| Scenario { rule: baseline.then(&scenario.rule), ..scenario });
    let all = std::iter::once(play::as_it_is(*baseline)).chain(on_top);
    all.map(|scenario| with_effort(scenario, options)).collect()
}

fn view(history: &History, options: &Options) -> Result<DaoView> {
    Ok(DaoView::one(history, options.dao.as_deref())?)
}

/// Samples a DAO with so many times the turnout.
fn sample(model: &dyn Fitted, bound: f64, options: &Options, number: u64, run: &Run) -> Result<History> {
    let raised = (bound > 1.0).then(|| ("turnout".to_owned(), bound.to_string()));
    let sample = SampleOptions {
        seed: Seed(play::sample_seed(options.seed.0, number)),
        proposals: options.proposals,
        conditions: raised.into_iter().collect(),
        ..SampleOptions::default()
    };
    // Progress is that of the runs.
    let mut quiet = Run::default();
    (quiet.cancel, quiet.limits) = (run.cancel.clone(), run.limits);
    Ok(model.sample(&sample, &quiet)?)
}

/// Draws a DAO with so many times the turnout.
fn draw(model: &dyn Fitted, bound: f64, options: &Options, number: u64, run: &Run) -> Result<Electorate> {
    Electorate::of(&view(&sample(model, bound, options, number, run)?, options)?)
}

/// Refuses what the DAO cannot have.
fn check(scenarios: &[Scenario], bounds: &[f64], first: &Electorate, options: &Options) -> Result<()> {
    let mut problems = strange(options);
    problems.extend(
        scenarios.iter().zip(bounds).flat_map(|(scenario, bound)| impossible(scenario, *bound, first)),
    );
    if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
}

/// What is wrong with options.
fn strange(options: &Options) -> Vec<String> {
    let mut problems = Vec::new();
    if !(1..=1_000_000).contains(&options.runs) {
        problems.push(format!("{} runs; 1 to 1000000 are allowed", options.runs));
    }
    if options.largest == 0 {
        problems.push("takeovers are by 1 member at least".to_owned());
    }
    problems
}

/// Why this DAO cannot have a scenario.
fn impossible(scenario: &Scenario, bound: f64, first: &Electorate) -> Vec<String> {
    let mut problems = Vec::new();
    let title = &scenario.title;
    if bound > MOST_TURNOUT {
        problems.push(format!(
            "scenario `{title}`: its conditions raise turnout up to {bound} times; at most {MOST_TURNOUT} are allowed"
        ));
    }
    let rules = scenario.conditions.iter().filter_map(|condition| condition.rule);
    let needs_supply = |rule: &RuleChange| rule.quorum.is_some() || rule.cap.is_some();
    if first.supply.is_none() && rules.chain([scenario.rule]).any(|rule| needs_supply(&rule)) {
        problems.push(format!(
            "scenario `{title}`: `quorum` and `cap` are shares of a supply, and the DAO's is not known; give \
             `quorum_tokens`"
        ));
    }
    if scenario.conditions.iter().filter(|condition| condition.kind == "delegation").count() > 1 {
        problems.push(format!("scenario `{title}`: at most one `delegation` is allowed"));
    }
    problems
}

const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Quantiles of the numbers that are there.
fn bands<const N: usize>(values: impl Iterator<Item = f64>, at: [f64; N]) -> [f64; N] {
    let known: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    at.map(|q| if known.is_empty() { f64::NAN } else { quantile(&known, q) })
}

fn mean_of(values: impl Iterator<Item = f64>, of_shares: bool) -> (f64, (f64, f64)) {
    let mut summary = Summary::default();
    values.for_each(|value| summary.add(value));
    let interval = if of_shares {
        wilson((summary.mean() * summary.count() as f64).round() as u64, summary.count(), 0.1)
    } else {
        summary.interval(0.9)
    };
    (summary.mean(), interval)
}

/// Sums a scenario's runs up.
fn arm(scenario: &Scenario, place: usize, played: &[Vec<Played>], recorded: Option<Played>) -> Arm {
    let own = || played.iter().map(|arms| &arms[place]);
    let variables = VARIABLES.iter().enumerate().map(|(number, &(name, meaning))| {
        let values = || own().map(|played| played.values[number]);
        let (mean, interval) = mean_of(values(), name == "taken_over");
        let recorded = recorded.as_ref().map(|recorded| recorded.values[number]);
        Variable { name, meaning, mean, interval, quantiles: bands(values(), QUANTILES), recorded }
    });
    let differences = (0..VARIABLES.len()).map(|number| {
        mean_of(played.iter().map(|arms| arms[place].values[number] - arms[0].values[number]), false)
    });
    let courses = SERIES.iter().enumerate().map(|(number, &(name, meaning))| Course {
        name,
        meaning,
        bands: (0..STEPS)
            .map(|step| bands(own().map(|played| played.series[number][step]), QUANTILES))
            .collect(),
        recorded: recorded.as_ref().map(|recorded| recorded.series[number].to_vec()),
    });
    let attack = (0..NEEDED).map(|q| {
        // Infinities have no place between each other, numbers beyond all amounts do.
        let finite = bands(own().map(|played| played.needed[q].min(f64::MAX)), [0.05, 0.5, 0.95]);
        finite.map(|tokens| if tokens > 1e100 { f64::INFINITY } else { tokens })
    });
    let count = played[0][place].passes.len();
    let alike = own().all(|played| played.passes.len() == count);
    let runs = played.len() as u64;
    let proposals = (0..if alike { count } else { 0 }).map(|proposal| {
        let passed = own().filter(|played| played.passes[proposal]).count() as u64;
        (passed as f64 / runs as f64, wilson(passed, runs, 0.1))
    });
    Arm {
        scenario: scenario.clone(),
        variables: variables.collect(),
        differences: differences.collect(),
        courses: courses.collect(),
        attack: attack.collect(),
        proposals: proposals.collect(),
    }
}
