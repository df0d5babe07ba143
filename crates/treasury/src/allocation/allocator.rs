//! What to hold now: every method that answers it in weights, one line each in [`ALLOCATORS`].

use daotwin_core::Run;

use super::frontier::{scenarios, weights};
use super::mean_cvar::{Limits, Objective, least_risk};
use super::multistage::{Node, Programme, Tranche, solve};
pub use super::policy::Card;
use super::policy::sale_for_move;
use super::robust::least_robust_risk;
use super::simulator::{Futures, Kind, Treasury};
use crate::market::impact::Pressure;
use crate::{Error, Result};

/// What an allocator is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What is held today.
    pub treasury: &'a Treasury,
    /// What may come.
    pub futures: &'a Futures,
    /// Months that are looked ahead.
    pub months: usize,
    /// The level of the conditional value at risk, such as 0.95.
    pub level: f64,
    /// What one unit of mean return counts against one of risk.
    pub reward: f64,
}

/// A method that says what to hold.
pub trait Allocator: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// A weight for each asset of the treasury, of what is left after trading (and, where bills are planned for, after
    /// the month's bill); they add up to 1. Deterministic.
    ///
    /// # Errors
    /// Numbers out of their ranges; cancellation.
    fn allocate(&self, question: &Question<'_>, run: &Run) -> Result<Vec<f64>>;
}

/// Every allocator.
pub const ALLOCATORS: &[&dyn Allocator] = &[&MeanCvar, &RobustMeanCvar, &Multistage];

/// The allocator with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Allocator> {
    ALLOCATORS.iter().copied().find(|allocator| allocator.name() == name).ok_or_else(|| {
        let known: Vec<String> =
            ALLOCATORS.iter().map(|allocator| format!("`{}`", allocator.name())).collect();
        Error::Unknown { what: "allocator", name: name.to_owned(), known: known.join(", ") }
    })
}

fn objective(question: &Question<'_>) -> Objective {
    Objective { level: question.level, reward: question.reward, tolerance: 1e-6 }
}

/// [`least_risk`] over the months.
#[derive(Debug)]
pub struct MeanCvar;

impl Allocator for MeanCvar {
    fn name(&self) -> &'static str {
        "mean-cvar"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "The portfolio of least conditional value at risk, less a reward of mean return, held to the end.",
            source: "Rockafellar and Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk 2(3), by the \
                     level bundle of Lemaréchal, Nemirovskii and Nesterov (1995).",
            limits: "It knows neither bills nor what trading costs, and takes the scenarios for the truth.",
        }
    }

    fn allocate(&self, question: &Question<'_>, _: &Run) -> Result<Vec<f64>> {
        let scenarios = scenarios(question.treasury, question.futures, question.months)?;
        Ok(least_risk(&scenarios, &Limits::long_only(scenarios.assets().len()), &objective(question))?
            .weights)
    }
}

/// [`least_robust_risk`] over the months.
#[derive(Debug)]
pub struct RobustMeanCvar;

/// The radius as a share of what the scenarios' own number makes uncertain.
const RADIUS: f64 = 0.1;

impl Allocator for RobustMeanCvar {
    fn name(&self) -> &'static str {
        "robust-mean-cvar"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "The same under the worst distribution near the scenarios; spreads over more assets.",
            source: "Mohajerin Esfahani and Kuhn (2018), Data-driven distributionally robust optimization using the Wasserstein \
                     metric, Mathematical Programming 171, section 7.1.",
            limits: "Cash is as uncertain to it as any asset, so that a large radius gives every asset the same. The radius is \
                     a tenth of the mean absolute return, summed over assets, divided by the root of the number of scenarios.",
        }
    }

    fn allocate(&self, question: &Question<'_>, _: &Run) -> Result<Vec<f64>> {
        let scenarios = scenarios(question.treasury, question.futures, question.months)?;
        let count = scenarios.count() as f64;
        let spread = scenarios.rows().iter().map(|value| value.abs()).sum::<f64>() / count;
        let limits = Limits::long_only(scenarios.assets().len());
        let radius = RADIUS * spread / count.sqrt();
        Ok(least_robust_risk(&scenarios, &limits, &objective(question), radius)?.weights)
    }
}

/// [`solve`] on a tree of at most three stages.
#[derive(Debug)]
pub struct Multistage;

/// Branches at each stage.
const BRANCHES: [usize; 3] = [8, 5, 3];
/// Moves of the own token's log price up to which a stage's sales are priced apart.
const MOVES: [f64; 7] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6];

impl Allocator for Multistage {
    fn name(&self) -> &'static str {
        "multistage"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "The first step of a plan over three stages, each of which may trade again: bills fall due, and sales of the own \
                      token cost more the more are sold.",
            source: "Birge (1985), Decomposition and partitioning methods for multistage stochastic linear programs, Operations \
                     Research 33(5).",
            limits: "120 ends of equally likely groups of scenarios, stages independent of each other: tails within a group are not \
                     seen. What a sale does to the price later is not planned for.",
        }
    }

    fn allocate(&self, question: &Question<'_>, run: &Run) -> Result<Vec<f64>> {
        let plan = solve(&programme(question)?, run)?;
        let held = plan.holdings.first().map_or(&[][..], Vec::as_slice);
        let total: f64 = held.iter().sum();
        // Where the first bill takes all there is, nothing is left to divide.
        Ok(if total > 0.0 {
            held.iter().map(|held| held / total).collect()
        } else {
            weights(question.treasury)
        })
    }
}

/// The question as a plan on a tree. Growth over a stage is that of groups of paths: sorted by what they do to
/// today's holdings, cut into equal parts, each with its mean, so that every asset's mean growth is kept.
///
/// # Errors
/// Months that the futures do not have.
pub fn programme(question: &Question<'_>) -> Result<Programme> {
    let Question { treasury, futures, months, level, reward } = *question;
    // Checks the months, too.
    let width = scenarios(treasury, futures, months)?.assets().len();
    let stages = BRANCHES.len().min(months);
    let today = weights(treasury);
    // The programme spends; what comes in beyond the bills is left out of it.
    let bill = futures.mean_bills(0, 1).max(0.0);
    let mut tree = vec![Node { parent: None, probability: 1.0, growth: vec![1.0; width], bill }];
    let mut ends = vec![0];
    for (stage, &wanted) in BRANCHES.iter().enumerate().take(stages) {
        let (from, until) = (months * stage / stages, months * (stage + 1) / stages);
        let mut growths: Vec<Vec<f64>> =
            (0..futures.paths()).map(|path| futures.growth(path, from, until - from)).collect();
        let value = |growth: &[f64]| -> f64 {
            growth.iter().zip(&today).map(|(growth, weight)| growth * weight).sum()
        };
        growths.sort_by(|left, right| value(left).total_cmp(&value(right)));
        let branches = wanted.min(growths.len());
        let groups: Vec<(f64, Vec<f64>)> = (0..branches)
            .map(|branch| {
                let group =
                    &growths[growths.len() * branch / branches..growths.len() * (branch + 1) / branches];
                let mean = (0..width)
                    .map(|at| group.iter().map(|growth| growth[at]).sum::<f64>() / group.len() as f64);
                (group.len() as f64 / growths.len() as f64, mean.collect())
            })
            .collect();
        // The first month's bill is paid at the root, those of a stage at its end.
        let bill = futures.mean_bills(from.max(1), until - from.max(1).min(until)).max(0.0);
        let mut next = vec![];
        for parent in ends {
            for (probability, growth) in &groups {
                next.push(tree.len());
                tree.push(Node {
                    parent: Some(parent),
                    probability: *probability,
                    growth: growth.clone(),
                    bill,
                });
            }
        }
        ends = next;
    }
    let sales = treasury.assets.iter().map(|asset| match asset.kind {
        Kind::Own => own_tranches(treasury),
        Kind::Cash => vec![],
        Kind::Volatile | Kind::Stable { .. } => {
            vec![Tranche { size: 1e3 * treasury.value(), cost: asset.fee }]
        }
    });
    let purchases = treasury.assets.iter().map(|asset| match asset.kind {
        // A purchase that costs more the more is bought would take tranches too, and buying back is no plan of a treasury.
        Kind::Own | Kind::Cash => None,
        Kind::Volatile | Kind::Stable { .. } => Some(asset.fee),
    });
    Ok(Programme {
        sales: sales.collect(),
        purchases: purchases.collect(),
        tree,
        start: treasury.assets.iter().map(|asset| asset.dollars).collect(),
        cash: treasury.cash(),
        level,
        reward,
        unpaid: 2.0 * (reward + 1.0 / (1.0 - level.min(0.999))),
        tolerance: 1e-4,
    })
}

/// What the venue takes of sales of more and more of the own token, each tranche at its mean.
fn own_tranches(treasury: &Treasury) -> Vec<Tranche> {
    let mut tranches: Vec<Tranche> = vec![];
    let (mut sold, mut received) = (0.0, 0.0);
    for log_move in MOVES {
        let until = sale_for_move(&treasury.impact, 1.0, log_move);
        let dollars = treasury.impact.sell(until, 1.0, &mut Pressure::default()).dollars;
        let cost = 1.0 - (dollars - received) / (until - sold).max(f64::MIN_POSITIVE);
        let before = tranches.last().map_or(0.0, |tranche| tranche.cost);
        tranches.push(Tranche { size: until - sold, cost: cost.clamp(before, 0.999) });
        (sold, received) = (until, dollars);
    }
    tranches
}
