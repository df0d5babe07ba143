//! Policies tuned on some futures and judged on others.
//!
//! All policies of one comparison meet the same futures, so that their difference is resampled by path: the interval is
//! the percentile bootstrap of the difference of two tenth percentiles over paths drawn together (Efron and Tibshirani
//! 1993, chapter 13). Runways are counted to the end of the futures, which must be well beyond the plan: a tenth percentile
//! at the end of the futures says only that they are too short.

use daotwin_core::{Run, Seed, statistics};
use serde::Serialize;

use super::evolution::{Search, minimise};
use super::policy::{FAMILIES, Family, Parameter, TreasuryPolicy, build, usual};
use super::simulator::{Futures, Outcomes, Treasury, first_orders, simulate_while};
use crate::{Error, Result};

/// The figures of a policy on some futures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Months that nine paths in ten last at least.
    pub runway_p10: f64,
    /// Months that half of the paths last at least.
    pub runway_p50: f64,
    /// The share of paths on which bills could not be paid within the plan.
    pub ruin: f64,
    /// Mean dollars at the end of the plan over the worst twentieth of paths; ruined ones count 0.
    pub worst_value: f64,
    /// Mean dollars at the end of the plan.
    pub mean_value: f64,
    /// Dollars traded in a year, as a share of the treasury at the start; mean.
    pub turnover: f64,
    /// Largest fall of the treasury's value beyond what bills took; median.
    pub drawdown: f64,
    /// The share of paths that last to the end of the futures: their runway is longer than is counted.
    pub censored: f64,
}

/// The figures of some outcomes.
pub fn score(outcomes: &Outcomes) -> Score {
    let runway = statistics::sorted(&outcomes.runway);
    let values = statistics::sorted(&outcomes.value);
    let count = runway.len().max(1) as f64;
    let tail = values.len().div_ceil(20).max(1).min(values.len());
    let share =
        |test: &dyn Fn(f64) -> bool| runway.iter().filter(|&&value| test(value)).count() as f64 / count;
    Score {
        runway_p10: statistics::quantile_sorted(&runway, 0.1),
        runway_p50: statistics::quantile_sorted(&runway, 0.5),
        ruin: share(&|months| months < outcomes.plan as f64),
        worst_value: statistics::mean(&values[..tail]),
        mean_value: statistics::mean(&values),
        turnover: statistics::mean(&outcomes.turnover),
        drawdown: statistics::quantile(&outcomes.drawdown, 0.5),
        censored: share(&|months| months >= outcomes.months as f64),
    }
}

/// The difference of two policies' tenth percentiles of runway, in months.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The first policy's less the second's.
    pub months: f64,
    /// Bounds of the 95 % interval.
    pub interval: (f64, f64),
}

/// The value below which a tenth of these lie; reorders them.
fn tenth(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let at = values.len() / 10;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// How much longer nine paths in ten last under one policy than under another on the same futures, with a paired
/// bootstrap of this many resamples.
///
/// # Errors
/// Outcomes of different numbers of paths.
pub fn difference(first: &Outcomes, second: &Outcomes, resamples: usize, seed: Seed) -> Result<Difference> {
    let count = first.runway.len();
    if count != second.runway.len() || count == 0 {
        return Err(Error::Parameters {
            problems: vec![format!(
                "{count} paths are compared with {}; simulate both policies on the same futures",
                second.runway.len()
            )],
        });
    }
    let streams = seed.streams("paired bootstrap");
    let mut found: Vec<f64> = (0..resamples)
        .map(|resample| {
            let mut stream = streams.stream(resample as u64);
            let (mut left, mut right) = (Vec::with_capacity(count), Vec::with_capacity(count));
            for _ in 0..count {
                let path = stream.below(count as u64) as usize;
                left.push(first.runway[path]);
                right.push(second.runway[path]);
            }
            tenth(&mut left) - tenth(&mut right)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    Ok(Difference {
        months: tenth(&mut first.runway.clone()) - tenth(&mut second.runway.clone()),
        interval: (statistics::quantile_sorted(&found, 0.025), statistics::quantile_sorted(&found, 0.975)),
    })
}

/// How long to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Evaluations of a rule; families that plan get a fifth of them, each on a fifth of the paths.
    pub evaluations: usize,
    /// Paths of each evaluation.
    pub paths: usize,
    /// The seed of the search.
    pub seed: Seed,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { evaluations: 800, paths: 1_500, seed: Seed(0) }
    }
}

/// What a policy is tuned to: the mean of the quantiles of runway from 0.06 to 0.14, which moves less by chance than one
/// of them does, and a hundredth of the median, so that ties fall to the longer one.
fn aim(outcomes: &Outcomes) -> f64 {
    let runway = statistics::sorted(&outcomes.runway);
    let low: f64 =
        (0..9).map(|step| statistics::quantile_sorted(&runway, 0.06 + 0.01 * f64::from(step))).sum::<f64>()
            / 9.0;
    low + 0.01 * statistics::quantile_sorted(&runway, 0.5)
}

/// The values of a family's parameters that are best on `futures`, by covariance matrix adaptation from the usual ones.
///
/// # Errors
/// What the family refuses; cancellation.
pub fn tune(
    family: &dyn Family,
    treasury: &Treasury,
    futures: &Futures,
    tuning: &Tuning,
    run: &Run,
) -> Result<Vec<f64>> {
    let parameters = family.parameters();
    let start = usual(family);
    if parameters.is_empty() {
        return Ok(start);
    }
    let heavy = family.cost() > 1.0;
    let few = futures.first(if heavy { (tuning.paths / 5).max(40) } else { tuning.paths });
    let evaluations = if heavy { (tuning.evaluations / 5).max(20) } else { tuning.evaluations };
    let population = 4 + (3.0 * (parameters.len() as f64).ln()) as usize;
    let mut failure = None;
    let mut evaluate = |values: &[f64], futures: &Futures| -> f64 {
        let played = build(family, values, treasury, futures)
            .and_then(|policy| simulate_while(treasury, futures, policy.as_ref(), run));
        match played {
            Ok(outcomes) => -aim(&outcomes),
            Err(error) => {
                failure.get_or_insert(error);
                f64::INFINITY
            }
        }
    };
    let search = Search {
        bounds: parameters.iter().map(|parameter| (parameter.low, parameter.high)).collect(),
        start: start.clone(),
        step: 0.15,
        population: 0,
        generations: evaluations.div_ceil(population),
    };
    let found = minimise(&search, tuning.seed, |values| evaluate(values, &few));
    // The best of one sample may owe it to luck: judged again with its neighbours on more paths.
    let more = futures.first(if heavy { tuning.paths } else { 4 * tuning.paths });
    let mut best = (f64::INFINITY, start.clone());
    for values in [start, found.point, found.mean] {
        let value = evaluate(&values, &more);
        if value < best.0 {
            best = (value, values);
        }
    }
    failure.map_or(Ok(best.1), Err)
}

/// A policy with the values it was given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tuned {
    /// The family's name.
    pub family: &'static str,
    /// Each parameter and its value.
    pub values: Vec<(Parameter, f64)>,
}

impl Tuned {
    /// The values alone.
    pub fn numbers(&self) -> Vec<f64> {
        self.values.iter().map(|(_, value)| *value).collect()
    }

    /// The policy.
    ///
    /// # Errors
    /// As [`build`].
    pub fn policy(&self, treasury: &Treasury, futures: &Futures) -> Result<Box<dyn TreasuryPolicy>> {
        build(super::policy::find(self.family)?, &self.numbers(), treasury, futures)
    }
}

/// Every family, tuned on `futures`.
///
/// # Errors
/// As [`tune`].
pub fn tune_all(treasury: &Treasury, futures: &Futures, tuning: &Tuning, run: &Run) -> Result<Vec<Tuned>> {
    let tuned = FAMILIES.iter().enumerate().map(|(at, &family)| {
        run.step("tune treasury policies", at as u64, FAMILIES.len() as u64)?;
        let values = tune(family, treasury, futures, tuning, run)?;
        Ok(Tuned { family: family.name(), values: family.parameters().iter().copied().zip(values).collect() })
    });
    tuned.collect()
}

/// Why a policy is recommended: a figure beside what it is to be compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// What is compared, with its unit.
    pub what: String,
    /// The recommended policy's.
    pub value: f64,
    /// What it is compared with: a policy's name.
    pub against: &'static str,
    /// The other's.
    pub reference: f64,
    /// The interval of the difference, where one was computed.
    pub interval: Option<(f64, f64)>,
}

/// What a parameter of the recommended policy is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trigger {
    /// The parameter, with its meaning.
    pub parameter: Parameter,
    /// The value that was found.
    pub value: f64,
    /// Months of runway P10 that are lost where it has its usual value instead and the others stay; below 0 the usual
    /// value would have done better on the unseen futures.
    pub lost: f64,
}

/// A recommended policy, and how all did on futures that none was tuned on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// The policy that nine paths in ten last longest under, on the futures it was tuned on.
    pub chosen: Tuned,
    /// Every policy and its figures on the unseen futures.
    pub table: Vec<(Tuned, Score)>,
    /// The chosen policy's lead over every other on the unseen futures.
    pub leads: Vec<(&'static str, Difference)>,
    /// The reasons, in values.
    pub reasons: Vec<Reason>,
    /// What each of its parameters is worth, on the unseen futures.
    pub triggers: Vec<Trigger>,
    /// What it does now: asset, and dollars to buy (above 0) or sell (below 0); what is sold goes to cash.
    pub orders: Vec<(String, f64)>,
}

/// Tunes every family on `learned`, chooses the one with the longest tenth percentile of runway on such of its paths as no search
/// saw (`learned` has at least twice `tuning.paths` for that), and judges all on
/// `unseen`.
///
/// # Errors
/// As [`tune`].
pub fn recommend(
    treasury: &Treasury,
    learned: &Futures,
    unseen: &Futures,
    tuning: &Tuning,
    run: &Run,
) -> Result<Recommendation> {
    let tuned = tune_all(treasury, learned, tuning, run)?;
    // On paths that no search saw: a family with many parameters fits those of its search better than one with few.
    let choosing = learned.part(tuning.paths, tuning.paths);
    let mut best = (f64::NEG_INFINITY, 0);
    let mut outcomes = vec![];
    for (at, candidate) in tuned.iter().enumerate() {
        let policy = candidate.policy(treasury, learned)?;
        let value = aim(&simulate_while(treasury, &choosing, policy.as_ref(), run)?);
        if value > best.0 {
            best = (value, at);
        }
        outcomes.push(simulate_while(treasury, unseen, policy.as_ref(), run)?);
        run.step("judge treasury policies", at as u64 + 1, tuned.len() as u64)?;
    }
    let scores: Vec<Score> = outcomes.iter().map(score).collect();
    let chosen = best.1;
    let (mut leads, mut reasons) = (vec![], vec![]);
    for (at, other) in tuned.iter().enumerate().filter(|&(at, _)| at != chosen) {
        let lead = difference(&outcomes[chosen], &outcomes[at], 1_000, tuning.seed)?;
        leads.push((other.family, lead));
        reasons.push(Reason {
            what: "runway P10 (months)".to_owned(),
            value: scores[chosen].runway_p10,
            against: other.family,
            reference: scores[at].runway_p10,
            interval: Some(lead.interval),
        });
    }
    if let Some((at, hold)) =
        tuned.iter().enumerate().find(|(at, other)| *at != chosen && other.family == "hold")
    {
        let pairs = [
            ("probability of ruin within the plan", scores[chosen].ruin, scores[at].ruin),
            (
                "dollars left in the worst twentieth of paths",
                scores[chosen].worst_value,
                scores[at].worst_value,
            ),
            ("largest fall of value, median", scores[chosen].drawdown, scores[at].drawdown),
            ("traded in a year, share of the treasury", scores[chosen].turnover, scores[at].turnover),
        ];
        reasons.extend(pairs.map(|(what, value, reference)| Reason {
            what: what.to_owned(),
            value,
            against: hold.family,
            reference,
            interval: None,
        }));
    }
    let policy = tuned[chosen].policy(treasury, learned)?;
    let judging = unseen.first(tuning.paths);
    let tenth_of = |policy: &dyn TreasuryPolicy| -> Result<f64> {
        Ok(tenth(&mut simulate_while(treasury, &judging, policy, run)?.runway))
    };
    let whole = tenth_of(policy.as_ref())?;
    let mut triggers = vec![];
    for (at, &(parameter, value)) in tuned[chosen].values.iter().enumerate() {
        let mut without = tuned[chosen].clone();
        without.values[at].1 = parameter.usual;
        let lost = whole - tenth_of(without.policy(treasury, learned)?.as_ref())?;
        triggers.push(Trigger { parameter, value, lost });
    }
    let names = treasury.assets.iter().map(|asset| asset.name.clone());
    Ok(Recommendation {
        orders: names.zip(first_orders(treasury, learned, policy.as_ref())).collect(),
        triggers,
        chosen: tuned[chosen].clone(),
        table: tuned.into_iter().zip(scores).collect(),
        leads,
        reasons,
    })
}
