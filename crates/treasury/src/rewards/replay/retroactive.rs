//! Optimism's third round of retroactive funding (RetroPGF 3): published ballots, medians and payments.
//!
//! The published ballots are not those that were counted: each is rounded up to two significant digits. So a published median
//! comes out of them exactly where the middle ballots had two digits at most, and else within what rounding allows. Payments
//! follow from published medians to the cent.

use daotwin_simulation::governance::retroactive_funding::{
    Fate, Minimum, Scoring, Settings, allocate, score,
};
use serde::Serialize;

/// What Optimism held the round to: op-analytics, `rpgf/rpgf3/rpgf_calculator`.
pub const SETTINGS: Settings =
    Settings { scoring: Scoring::Median, quorum: 17, minimum: Minimum::Score(1_500.0), pot: 30_000_000.0 };

/// A project as published.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Its ballots, in OP, rounded.
    pub ballots: Vec<f64>,
    /// How many ballots it had.
    pub count: usize,
    /// Their median, in OP.
    pub median: f64,
    /// What it was paid, in OP.
    pub paid: f64,
}

/// How the replay stands to what was published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// Projects.
    pub projects: usize,
    /// Projects whose number of ballots is the published one.
    pub counts_equal: usize,
    /// Ballots with more than two significant digits: none, if rounding is what was done to them.
    pub unrounded: usize,
    /// Projects whose ballots have exactly the published median.
    pub medians_equal: usize,
    /// Projects, those with an equal median among them, whose published median lies within what rounding up allows.
    pub medians_explained: usize,
    /// Projects that ballots, and published medians, say are paid or not as published.
    pub fates_equal: usize,
    /// Projects whose payment out of published medians is the published one to half a cent (and a rounding error of 1e-6).
    pub payments_equal: usize,
    /// Largest difference of those payments, in OP.
    pub largest_error: f64,
    /// Of payments out of rounded ballots: the middle relative error of paid projects, and the largest.
    pub rounded_errors: (f64, f64),
}

/// The largest amount that is not rounded up to `rounded`: one unit of its second digit less.
pub fn below(rounded: f64) -> f64 {
    if rounded <= 0.0 {
        return rounded;
    }
    let power = (rounded.log10() + 1e-12).floor() as i32;
    let whole = (rounded / 10_f64.powi(power) - 1.0).abs() < 1e-9;
    rounded - 10_f64.powi(if whole { power - 2 } else { power - 1 })
}

/// Whether an amount has two significant digits at most.
fn is_rounded(amount: f64) -> bool {
    if amount <= 0.0 {
        return amount == 0.0;
    }
    let power = (amount.log10() + 1e-12).floor() as i32;
    let digits = amount / 10_f64.powi(power - 1);
    (digits - digits.round()).abs() < 1e-9
}

/// Replays the round.
pub fn replay(projects: &[Project]) -> Replay {
    let payment = |fate: &Fate| if let Fate::Funded(paid) = fate { *paid } else { 0.0 };
    let mut ballots: Vec<Vec<f64>> = projects.iter().map(|project| project.ballots.clone()).collect();
    let of_ballots: Vec<f64> = allocate(&mut ballots, SETTINGS).iter().map(payment).collect();
    let mut medians: Vec<Vec<f64>> =
        projects.iter().map(|project| vec![project.median; project.count]).collect();
    let of_medians: Vec<f64> = allocate(&mut medians, SETTINGS).iter().map(payment).collect();
    let mut result = Replay {
        projects: projects.len(),
        counts_equal: 0,
        unrounded: 0,
        medians_equal: 0,
        medians_explained: 0,
        fates_equal: 0,
        payments_equal: 0,
        largest_error: 0.0,
        rounded_errors: (0.0, 0.0),
    };
    let mut relative = Vec::new();
    for (project, (from_ballots, from_median)) in projects.iter().zip(of_ballots.iter().zip(&of_medians)) {
        result.counts_equal += usize::from(project.count == project.ballots.len());
        result.unrounded += project.ballots.iter().filter(|&&ballot| !is_rounded(ballot)).count();
        let median = |amounts: Vec<f64>| score(&mut { amounts }, Scoring::Median).unwrap_or_default();
        let upper = median(project.ballots.clone());
        let lower = median(project.ballots.iter().map(|&ballot| below(ballot)).collect());
        result.medians_equal += usize::from(upper == project.median);
        result.medians_explained +=
            usize::from(upper == project.median || lower < project.median && project.median < upper);
        let paid = project.paid > 0.0;
        result.fates_equal += usize::from(paid == (*from_ballots > 0.0) && paid == (*from_median > 0.0));
        let error = (from_median - project.paid).abs();
        result.payments_equal += usize::from(error < 0.005 + 1e-6);
        result.largest_error = result.largest_error.max(error);
        if paid {
            relative.push((from_ballots / project.paid - 1.0).abs());
        }
    }
    let relative = daotwin_core::statistics::sorted(&relative);
    result.rounded_errors = (
        daotwin_core::statistics::quantile_sorted(&relative, 0.5),
        relative.last().copied().unwrap_or_default(),
    );
    result
}
