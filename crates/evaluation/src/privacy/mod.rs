//! What a synthetic DAO gives away of the members that its model learned from.
//!
//! Attacks need members that the model did not see, to tell "it is known of this person" from "it is true
//! of people". They are the holdout given, or, where the model itself is given, the half of the members
//! that it is not trained on. A distance to the closest record alone is no evidence of safety.

pub mod controlled;
pub mod copies;
pub mod inference;
pub mod membership;
pub mod nearest;
pub mod shadow;
pub mod singling_out;
mod vectors;

use daotwin_core::statistics::normal_quantile;

/// Why attacks on members are left out.
const NO_HOLDOUT: &str = "needs members that the model did not learn from: give a holdout or the model";

/// The 95 % interval of an area under the curve (Hanley and McNeil 1982).
fn area_interval(area: f64, positives: usize, negatives: usize) -> (f64, f64) {
    let (p, n) = (positives.max(1) as f64, negatives.max(1) as f64);
    let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    let variance =
        (area * (1.0 - area) + (p - 1.0) * (q1 - area * area) + (n - 1.0) * (q2 - area * area)) / (p * n);
    let half = normal_quantile(0.975) * variance.max(0.0).sqrt();
    ((area - half).max(0.0), (area + half).min(1.0))
}

#[cfg(test)]
mod test;
