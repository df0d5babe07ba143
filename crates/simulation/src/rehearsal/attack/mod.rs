//! Strategic agents against a DAO: what each attack needs, what it costs, how likely it succeeds, and which single change of
//! the rule removes it.
//!
//! Every run of a rehearsal is looked at while it is played, under any scenario. For each proposal each attacker's best
//! response is computed against the ballots that are cast: those who vote are against a harmful proposal, whatever they said
//! to an ordinary one, with those whom an alarm calls back in time. The size that is needed (tokens, members, money) differs
//! from proposal to proposal; an attacker who has to decide before the ballots are known succeeds with the share of the
//! proposals that its size is enough for.
//!
//! All draws of defenders and sellers are keyed by run, proposal and member, so that rules are compared on common draws.

mod cost;
mod document;
mod estimate;
mod look;
mod registry;
mod remedy;
mod reply;
mod terms;
#[cfg(test)]
mod test;
mod timing;

use daotwin_core::Run;
use daotwin_history::synthesizer::Fitted;
use rayon::prelude::*;
use serde::Serialize;

use super::document::price_factor;
use super::electorate::Electorate;
use super::play::{self, Stage, watch};
use super::{BLOCK, Options, beside, check, draw};
use crate::Result;
use crate::scenario::{RuleChange, Scenario};

pub use cost::Bill;
pub use estimate::Share;
pub use registry::{ATTACKERS, Attacker, Unit, find};
pub use remedy::Remedy;
pub use terms::{TERMS, Terms, json_schema};

use cost::Market;
use estimate::Sizes;
use look::{Look, Plan, Seen};
use remedy::Change;

/// Posts that a spammer tries.
const SPAM: [u32; 4] = [1, 3, 9, 30];

/// The chances of success that are asked for, at the least.
pub const TARGETS: [f64; 2] = [0.5, 0.9];

/// An attack that succeeds often enough.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reached {
    /// The chance that was asked for.
    pub target: f64,
    /// The least size whose chance is above it with its whole interval.
    pub size: f64,
    /// Its chance.
    pub chance: Share,
    /// What it comes to.
    pub bill: Bill,
}

/// What one attacker can do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The attacker, of [`ATTACKERS`].
    pub attacker: &'static str,
    /// What its size counts.
    pub unit: Unit,
    /// Empty proposals that it posts first.
    pub posts: u32,
    /// Proposals that were attacked, over all runs.
    pub attacked: usize,
    /// The chance with all the means there are.
    pub most: Share,
    /// The cheapest attack for each of [`TARGETS`]; none where no size is enough.
    pub reached: [Option<Reached>; TARGETS.len()],
    /// The same where it waits for a moment at which little is expected to be needed, from what was public before; a chance
    /// over runs.
    pub timed: [Option<Reached>; TARGETS.len()],
    /// Chance against size.
    pub curve: Vec<(f64, Share)>,
}

impl Finding {
    /// The better of waiting and not waiting, for a target by its place.
    pub fn best(&self, target: usize) -> Option<&Reached> {
        let both = [&self.reached[target], &self.timed[target]];
        both.into_iter().flatten().min_by(|left, right| left.size.total_cmp(&right.size))
    }
}

/// What attacks a scenario allows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Arm {
    /// The scenario.
    pub title: String,
    /// Share of the proposals that pass with nobody attacking.
    pub passed: f64,
    /// Days from proposing to execution.
    pub days: f64,
    /// What attacks cost and how they are answered, with the scenario's price.
    pub terms: Terms,
    /// Each attacker, in the order of [`ATTACKERS`].
    pub findings: Vec<Finding>,
    /// The changes that were tried, for each attacker that succeeds: the best first.
    pub remedies: Vec<Remedy>,
}

impl Arm {
    /// What an attacker can do.
    pub fn finding(&self, attacker: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.attacker == attacker)
    }

    /// The successful attack that needs least capital, of those that need money; for a target by its place.
    ///
    /// Those that pay nothing but need members to agree, or nobody to look, have no price to compare.
    pub fn cheapest(&self, target: usize) -> Option<(&Finding, &Reached)> {
        let priced = self.findings.iter().filter(|finding| {
            matches!(finding.unit, Unit::Tokens | Unit::Money)
                && !matches!(finding.attacker, "whale, voting first" | "griefer" | "arbitrageur")
        });
        let found = priced.filter_map(|finding| Some((finding, finding.best(target)?)));
        found.min_by(|(_, left), (_, right)| {
            let cost = |reached: &Reached| (reached.bill.capital, reached.bill.lost);
            cost(left).partial_cmp(&cost(right)).unwrap_or(std::cmp::Ordering::Equal)
        })
    }
}

/// Attacks on a DAO.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attacks {
    /// The DAO.
    pub dao: String,
    /// Drives every draw.
    pub seed: u64,
    /// How many times the DAO was drawn.
    pub runs: u64,
    /// Tokens there are, where known.
    pub supply: Option<f64>,
    /// What attacks cost and how they are answered.
    pub terms: Terms,
    /// The rule as it is, then each scenario.
    pub arms: Vec<Arm>,
    /// Of every plan, run and proposal the least size: by arm, then plan, then run.
    #[serde(skip)]
    sizes: Vec<Vec<Vec<Vec<f64>>>>,
    #[serde(skip)]
    plans: Vec<Plan>,
}

/// What one run of one arm under one change came to.
struct Looked {
    seen: Seen,
    passed: f64,
}

/// Searches attacks on a DAO under its rule as it is and under each scenario, and what removes them.
///
/// Deterministic for a seed on any number of threads. Costs a sample of the model a run (two where a scenario raises
/// turnout) and a pass over its ballots for each scenario and each of some twenty changes.
///
/// # Errors
/// As [`rehearse`](super::rehearse).
pub fn attack(
    model: &dyn Fitted,
    baseline: &RuleChange,
    scenarios: &[Scenario],
    terms: &Terms,
    options: &Options,
    run: &Run,
) -> Result<Attacks> {
    let all = beside(baseline, scenarios, options);
    let bounds: Vec<f64> = all.iter().map(play::bound).collect();
    let first = draw(model, 1.0, options, 0, run)?;
    check(&all, &bounds, &first, options)?;
    let supply = first.supply.map(|supply| first.tokens(supply));
    let priced: Vec<Terms> = all.iter().map(|scenario| price(scenario, terms)).collect();
    let changes: Vec<Vec<Change>> =
        all.iter().zip(&priced).map(|(scenario, terms)| remedy::changes(scenario, terms, &first)).collect();
    let plans = look::plans();

    // By run, then arm, then change.
    let mut looked: Vec<Vec<Vec<Looked>>> = Vec::new();
    while (looked.len() as u64) < options.runs {
        let from = looked.len() as u64;
        run.step("attack", from, options.runs)?;
        let block: Result<Vec<Vec<Vec<Looked>>>> = (from..options.runs.min(from + BLOCK))
            .into_par_iter()
            .map(|number| {
                run.check()?;
                let mut drawn: Vec<(f64, Electorate)> = Vec::new();
                let mut arms = Vec::with_capacity(all.len());
                for ((scenario, &bound), changes) in all.iter().zip(&bounds).zip(&changes) {
                    if drawn.iter().all(|(known, _)| *known != bound) {
                        drawn.push((bound, draw(model, bound, options, number, run)?));
                    }
                    let electorate = drawn.iter().find(|(known, _)| *known == bound).map(|(_, drawn)| drawn);
                    let Some(electorate) = electorate else { continue };
                    let mut found = Vec::with_capacity(changes.len());
                    for change in changes {
                        run.check()?;
                        let looked =
                            look(electorate, (scenario, baseline), change, &plans, (bound, number), options);
                        found.push(looked);
                    }
                    arms.push(found);
                }
                Ok(arms)
            })
            .collect();
        looked.extend(block?);
    }
    run.step("attack", options.runs, options.runs)?;

    let mut arms = Vec::new();
    let mut sizes = Vec::new();
    for (place, (scenario, changes)) in all.iter().zip(&changes).enumerate() {
        let under =
            |change: usize| -> Vec<&Looked> { looked.iter().map(|arms| &arms[place][change]).collect() };
        let base = Summed::new(&under(0), &plans, &priced[place], supply);
        let others = (1..changes.len()).map(|change| {
            (&changes[change], Summed::new(&under(change), &plans, &changes[change].terms, supply))
        });
        let remedies = remedy::rank(&base, &others.collect::<Vec<_>>());
        sizes.push(
            (0..plans.len())
                .map(|plan| looked.iter().map(|arms| arms[place][0].seen.sizes[plan].clone()).collect())
                .collect(),
        );
        arms.push(Arm {
            title: scenario.title.clone(),
            passed: base.passed,
            days: base.days,
            terms: priced[place].clone(),
            findings: base.findings,
            remedies,
        });
    }
    Ok(Attacks {
        dao: first.dao.clone(),
        seed: options.seed.0,
        runs: options.runs,
        supply,
        terms: terms.clone(),
        arms,
        sizes,
        plans,
    })
}

/// The terms with the price that a scenario says or changes.
fn price(scenario: &Scenario, terms: &Terms) -> Terms {
    let factor: f64 = scenario.conditions.iter().map(price_factor).product();
    terms.with("price", scenario.price.unwrap_or(terms.number("price")) * factor)
}

/// Plays one run of a scenario under a change before the attackers.
fn look(
    electorate: &Electorate,
    (scenario, baseline): (&Scenario, &RuleChange),
    change: &Change,
    plans: &[Plan],
    (bound, number): (f64, u64),
    options: &Options,
) -> Looked {
    let scenario = Scenario { rule: scenario.rule.then(&change.rule), ..scenario.clone() };
    let stage = Stage {
        referee: None,
        scenario: &scenario,
        baseline,
        largest: options.largest,
        span: electorate.span(),
        seed: options.seed.0,
    };
    let supply = electorate.supply.map(|supply| electorate.tokens(supply));
    let market = Market::new(&change.terms, supply);
    let mut look = Look::new(electorate, &change.terms, market, plans, options.seed.0, number);
    let played = watch(electorate, &stage, bound, number, &mut look);
    Looked { seen: look.seen, passed: played.values[0] }
}

/// All runs of one arm under one change.
struct Summed {
    passed: f64,
    days: f64,
    findings: Vec<Finding>,
}

impl Summed {
    fn new(looked: &[&Looked], plans: &[Plan], terms: &Terms, supply: Option<f64>) -> Self {
        let market = Market::new(terms, supply);
        let known: Vec<f64> =
            looked.iter().map(|looked| looked.passed).filter(|passed| passed.is_finite()).collect();
        let proposals: usize = looked.iter().map(|looked| looked.seen.starts.len()).sum();
        let windows: f64 = looked.iter().map(|looked| looked.seen.window_days).sum();
        let extension = terms.number("extension_hours") / 24.0;
        let days = windows / proposals.max(1) as f64
            + terms.number("delay_days")
            + terms.number("timelock_days")
            + extension;
        let mut findings: Vec<Finding> = Vec::new();
        for (place, plan) in plans.iter().enumerate() {
            let Some(attacker) = find(plan.attacker) else { continue };
            let posts = f64::from(plan.posts);
            let reach = |sizes: &Sizes| {
                TARGETS.map(|target| {
                    sizes.least(target).map(|(size, chance)| Reached {
                        target,
                        size,
                        chance,
                        bill: market.bill(plan.attacker, terms, size, days, posts),
                    })
                })
            };
            let runs = looked.iter().map(|looked| {
                looked.seen.sizes[place].iter().copied().filter(|size| !size.is_nan()).collect::<Vec<f64>>()
            });
            let sizes = Sizes::new(runs.collect());
            let chosen = looked
                .iter()
                .filter_map(|looked| timing::choose(&looked.seen.sizes[place], &looked.seen.starts))
                .map(|size| vec![size]);
            let timed = if matches!(attacker.unit, Unit::Nothing) || plan.attacker == "arbitrageur" {
                [None; TARGETS.len()]
            } else {
                reach(&Sizes::new(chosen.collect()))
            };
            let finding = Finding {
                attacker: plan.attacker,
                unit: attacker.unit,
                posts: plan.posts,
                attacked: sizes.count(),
                most: sizes.at(f64::MAX),
                reached: reach(&sizes),
                timed,
                curve: sizes.curve(),
            };
            // Of a spammer's plans the one that costs least.
            let earlier = findings.last_mut().filter(|known| known.attacker == plan.attacker);
            match earlier {
                Some(known) if cheaper(&finding, known) => *known = finding,
                Some(_) => {}
                None => findings.push(finding),
            }
        }
        let passed = known.iter().sum::<f64>() / known.len().max(1) as f64;
        Self { passed, days, findings }
    }
}

/// Whether a finding needs less capital than another for the first target.
fn cheaper(new: &Finding, known: &Finding) -> bool {
    let capital = |finding: &Finding| finding.best(0).map_or(f64::INFINITY, |reached| reached.bill.capital);
    capital(new) < capital(known)
}
