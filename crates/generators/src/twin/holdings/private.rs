//! Holdings from noisy counts.

use super::super::bins::{COUNT_STARTS, LEVEL_BINS};
use super::super::estimate::Counts;
use super::super::measure::Query;
use super::super::model::PowerPiece;
use super::super::private::{power, project};
use super::{Amounts, Asset, CELLS, HOLDS, Holdings, LIFE_BINS, RATIO_CELLS, ROLES};

/// Deviations of the noise that the number of holders must pass to be believed.
const BELIEVED: f64 = 4.0;

/// The holdings behind noisy counts, one balance a holder; nothing where noise alone could have made the holders.
/// `by_votes` are the voters by coarse bucket of votes, `unit` names the asset.
///
/// It looks at `counts` and at public facts, nowhere else.
pub(crate) fn private(
    counts: &Counts,
    by_votes: &[f64],
    supply: Option<f64>,
    unit: &str,
) -> Option<Holdings> {
    let noisy = counts.get(Query::Holders);
    let found: f64 = noisy.iter().sum();
    if found < BELIEVED * counts.sigma(Query::Holders) * (noisy.len() as f64).sqrt() || noisy.len() != CELLS {
        return None;
    }
    let holders = project(noisy, found);
    let mut roles = vec![0.0; CELLS * ROLES];
    for (cell, &holders) in holders.iter().enumerate() {
        // Among those who vote, nobody holds more often than there are members.
        let voters = cell.checked_sub(1).map(|bucket| by_votes.get(bucket).copied().unwrap_or(0.0));
        let holders = voters.map_or(holders, |voters| holders.min(voters));
        roles[cell * ROLES + usize::from(HOLDS)] = holders;
        roles[cell * ROLES] = voters.map_or(0.0, |voters| voters - holders);
    }
    let sigma = counts.sigma(Query::Balance);
    let law = power(counts.get(Query::Balance), sigma, counts.grid, found, supply);
    let piece = |(bin, &weight): (usize, &f64)| {
        let (low, high) = counts.grid.edges(bin);
        let (low, high) = if bin == 0 { (0.0, 0.0) } else { (10_f64.powf(low), 10_f64.powf(high)) };
        (weight > 0.0).then_some(PowerPiece { low, high, weight, group: 0 })
    };
    let balances = Amounts(law.iter().enumerate().filter_map(piece).collect());
    let ratios = counts.get(Query::BalanceToPower);
    let known: f64 = ratios.iter().sum();
    let mut to_power = project(ratios, known.max(0.0));
    if to_power.iter().sum::<f64>() <= 0.0 {
        // Nothing is known: what is held is what is voted with.
        to_power = vec![0.0; RATIO_CELLS];
        to_power[LEVEL_BINS] = 1.0;
    }
    let mut rows = vec![0.0; COUNT_STARTS.len()];
    rows[0] = 1.0;
    let asset = Asset {
        name: Some(unit.to_owned()),
        share: 1.0,
        differing: balances.clone(),
        balances,
        to_power,
        rows,
        steps: vec![0.0; RATIO_CELLS],
        times: vec![0.0; 2 * LIFE_BINS],
    };
    Some(Holdings {
        roles,
        voters: by_votes.iter().sum(),
        life: [0, 0],
        beyond: [0, 0],
        assets: vec![asset],
        delegations: None,
        precision: "second".to_owned(),
    })
}
