//! What a synthetic DAO gives away of the members that its model learned from.
//!
//! Attacks need members that the model did not see, to tell "it is known of this person" from "it is true
//! of people". They are the holdout given, or, where the model itself is given, the half of the members
//! that it is not trained on. A distance to the closest record alone is no evidence of safety.

pub mod copies;
pub mod inference;
pub mod membership;
pub mod nearest;
pub mod shadow;
pub mod singling_out;
mod vectors;

use daotwin_core::statistics::{normal_quantile, wilson};

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

/// The risk of an attack beside its control (Giomi and others 2023): the share of what could go wrong beyond
/// the control that does go wrong, with a 95 % interval; 0 where the attack does no better than the control.
fn risk(hits: u64, tries: u64, control_hits: u64, control_tries: u64) -> (f64, (f64, f64)) {
    let estimate = |hits: u64, tries: u64| {
        let (low, high) = wilson(hits, tries, 0.05);
        (f64::midpoint(low, high), (high - low) / 2.0)
    };
    let ((main, main_half), (control, control_half)) =
        (estimate(hits, tries), estimate(control_hits, control_tries));
    let room = (1.0 - control).max(1e-9);
    let value = (main - control) / room;
    // Propagated through the quotient.
    let slope = (main - 1.0) / (room * room);
    let half = ((main_half / room).powi(2) + (slope * control_half).powi(2)).sqrt();
    let clip = |value: f64| value.clamp(0.0, 1.0);
    (clip(value), (clip(value - half), clip(value + half)))
}

#[cfg(test)]
mod test;
