//! What payments come to: inequality, what false accounts take, what impact costs.

use daotwin_core::statistics;

/// The Gini coefficient of payments over all members, those with nothing among them: 0 all alike, towards 1 one has all.
pub fn inequality(paid: &[u128]) -> f64 {
    statistics::gini(&paid.iter().map(|&paid| paid as f64).collect::<Vec<_>>())
}

/// The share of all that was paid that these members got; 0 where nothing was paid.
pub fn share_of(paid: &[u128], chosen: impl Fn(usize) -> bool) -> f64 {
    let total: u128 = paid.iter().sum();
    let own: u128 = paid.iter().enumerate().filter(|(member, _)| chosen(*member)).map(|(_, paid)| paid).sum();
    if total == 0 { 0.0 } else { own as f64 / total as f64 }
}

/// The share of a pot that goes elsewhere when `with` is paid in place of `without`: half of what shares differ by, in
/// all. This is what Gitcoin calls the fraud tax where `with` holds false accounts and `without` does not, as parts of the pot.
pub fn moved(with: &[f64], without: &[f64]) -> f64 {
    let (one, other): (f64, f64) = (with.iter().sum(), without.iter().sum());
    if one <= 0.0 || other <= 0.0 {
        return 0.0;
    }
    with.iter().zip(without).map(|(with, without)| (with / one - without / other).abs()).sum::<f64>() / 2.0
}

/// What a unit of impact costs; none where there was no impact above zero.
pub fn cost_per_unit(cost: f64, impact: f64) -> Option<f64> {
    (impact > 0.0).then(|| cost / impact)
}
