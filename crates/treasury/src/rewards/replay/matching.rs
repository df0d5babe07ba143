//! Gitcoin's published matching, held against its totals. What was matched cannot be computed again: single donations were
//! not published.

use std::collections::BTreeMap;

use daotwin_core::statistics::gini;
use serde::Serialize;

/// A project of one of the rounds on Gitcoin's own site.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Which round.
    pub round: u32,
    /// Different contributors.
    pub contributors: f64,
    /// Contributions.
    pub contributions: f64,
    /// What they gave, in USD.
    pub given: f64,
    /// What was matched, in USD.
    pub matched: f64,
    /// Both, as published.
    pub funded: f64,
}

/// A round's totals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Totals {
    /// Which round.
    pub round: u32,
    /// Projects.
    pub grants: usize,
    /// Contributions.
    pub contributions: f64,
    /// Given, in USD.
    pub given: f64,
    /// Matched, in USD.
    pub matched: f64,
    /// Projects whose published total is not what was given and matched, to a cent.
    pub unequal: usize,
    /// Projects that were matched though one contributor alone, or none, gave: no matching pays them.
    pub alone: usize,
    /// Inequality of matching over projects.
    pub inequality: f64,
    /// Inequality of what was given.
    pub inequality_given: f64,
}

/// The totals of every round, in order.
pub fn totals(grants: &[Grant]) -> Vec<Totals> {
    let mut rounds: BTreeMap<u32, Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        rounds.entry(grant.round).or_default().push(grant);
    }
    rounds
        .into_iter()
        .map(|(round, own)| {
            let column = |of: fn(&Grant) -> f64| -> Vec<f64> { own.iter().map(|grant| of(grant)).collect() };
            let unequal = |grant: &&&Grant| (grant.given + grant.matched - grant.funded).abs() > 0.010_001;
            Totals {
                round,
                grants: own.len(),
                contributions: column(|grant| grant.contributions).iter().sum(),
                given: column(|grant| grant.given).iter().sum(),
                matched: column(|grant| grant.matched).iter().sum(),
                unequal: own.iter().filter(unequal).count(),
                alone: own.iter().filter(|grant| grant.contributors <= 1.0 && grant.matched > 0.0).count(),
                inequality: gini(&column(|grant| grant.matched)),
                inequality_given: gini(&column(|grant| grant.given)),
            }
        })
        .collect()
}

/// A project's share of a pool on Gitcoin's later contracts.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The round: its chain and address.
    pub round: String,
    /// The published part of the pool.
    pub share: f64,
    /// The amount, in the token's smallest unit.
    pub amount: u128,
}

/// A pool against its published shares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pool {
    /// The round.
    pub round: String,
    /// Projects.
    pub projects: usize,
    /// What the published shares sum to.
    pub shares: f64,
    /// The largest difference between a project's part of all amounts and its part of all shares.
    pub largest_error: f64,
    /// What rounding shares to six digits may make of it: half a unit of the sixth digit, and the sum's own.
    pub rounding: f64,
    /// Inequality of the amounts.
    pub inequality: f64,
    /// The largest part, and how many projects have it, to 2e-6: several where there is a cap.
    pub largest: (f64, usize),
}

/// Every pool in which something was matched, in order of the rounds' names.
pub fn pools(matches: &[Match]) -> Vec<Pool> {
    let mut rounds: BTreeMap<&str, Vec<&Match>> = BTreeMap::new();
    for own in matches {
        rounds.entry(&own.round).or_default().push(own);
    }
    let pool = |(round, own): (&str, Vec<&Match>)| {
        let total: u128 = own.iter().map(|own| own.amount).sum();
        let shares: f64 = own.iter().map(|own| own.share).sum();
        if total == 0 || shares <= 0.0 {
            return None;
        }
        let part = |own: &&Match| own.amount as f64 / total as f64;
        let parts: Vec<f64> = own.iter().map(part).collect();
        let largest = parts.iter().copied().fold(0.0, f64::max);
        // Of a pool paid in full shares sum to one; where they are given in other units, their sum is the unit.
        let unit = if shares > 2.0 { shares } else { 1.0 };
        Some(Pool {
            round: round.to_owned(),
            projects: own.len(),
            shares,
            largest_error: own.iter().map(|own| (part(own) - own.share / shares).abs()).fold(0.0, f64::max),
            rounding: 1e-6 + own.len() as f64 * 1e-6 * largest * unit / shares,
            inequality: gini(&parts),
            largest: (largest, parts.iter().filter(|&&part| part > largest - 2e-6).count()),
        })
    };
    rounds.into_iter().filter_map(pool).collect()
}
