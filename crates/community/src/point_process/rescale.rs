//! Goodness of fit by time rescaling: under the true process the integrals of a kind's rate between its events are
//! exponential with mean 1 and independent (Papangelou 1972; Ogata 1988).

use super::fit::check_events;
use super::{Event, Hawkes};
use crate::Result;

/// How well a process fits.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Goodness {
    /// Residuals.
    pub events: usize,
    /// Their Kolmogorov-Smirnov distance from the exponential law with mean 1.
    pub distance: f64,
    /// The chance of at least this distance under the true process, by the limit law (Kolmogorov 1933). Where parameters were
    /// fitted to the same events it is too large.
    pub probability: f64,
}

/// The integrals of each kind's rate between its events, in order, from the first event of each kind on. Linear in the events.
///
/// # Errors
/// Events out of order or outside 0 to `end`.
pub fn residuals(hawkes: &Hawkes, events: &[Event], end: f64) -> Result<Vec<f64>> {
    let kinds = hawkes.base.len();
    check_events(events, kinds, end)?;
    let integrals = hawkes.rhythm.integrals(end);
    let (mut calm, mut last) = (0.0, 0.0);
    let mut sums = vec![0.0; hawkes.excitations.len()];
    // The integral of each kind's rate up to now, and at its last event.
    let mut total = vec![0.0; kinds];
    let mut at_last: Vec<Option<f64>> = vec![None; kinds];
    let mut found = Vec::with_capacity(events.len());
    for event in events {
        let now = hawkes.rhythm.integral(&integrals, event.at);
        for (total, base) in total.iter_mut().zip(&hawkes.base) {
            *total += base * (now - calm);
        }
        calm = now;
        let step = event.at - last;
        last = event.at;
        for (sum, excitation) in sums.iter_mut().zip(&hawkes.excitations) {
            let fade = (-excitation.decay * step).exp();
            total[excitation.to as usize] += excitation.weight * *sum * (1.0 - fade);
            *sum *= fade;
            if excitation.from == event.kind {
                *sum += 1.0;
            }
        }
        let kind = event.kind as usize;
        if let Some(before) = at_last[kind] {
            found.push(total[kind] - before);
        }
        at_last[kind] = Some(total[kind]);
    }
    Ok(found)
}

/// The chance of a distance of at least this between `n` draws and their own law; the alternating series of the limit.
pub fn kolmogorov(distance: f64, n: usize) -> f64 {
    let root = (n as f64).sqrt();
    // Stephens' correction for few draws.
    let scaled = distance * (root + 0.12 + 0.11 / root);
    if scaled < 0.2 {
        return 1.0;
    }
    let terms = (1..=100).map(|k: i32| {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        sign * (-2.0 * f64::from(k * k) * scaled * scaled).exp()
    });
    (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0)
}

/// How well a process fits events from 0 to `end` seconds.
///
/// # Errors
/// Events out of order or outside.
pub fn goodness(hawkes: &Hawkes, events: &[Event], end: f64) -> Result<Goodness> {
    let mut residuals = residuals(hawkes, events, end)?;
    residuals.sort_by(f64::total_cmp);
    let n = residuals.len();
    let mut distance = 0.0_f64;
    for (place, residual) in residuals.iter().enumerate() {
        let law = 1.0 - (-residual).exp();
        distance = distance.max(law - place as f64 / n as f64).max((place + 1) as f64 / n as f64 - law);
    }
    Ok(Goodness { events: n, distance, probability: if n == 0 { 1.0 } else { kolmogorov(distance, n) } })
}
