//! Exact simulation, in two ways that share nothing but the random numbers.

use daotwin_core::random::Stream as Draws;

use super::{DAY, Event, HOUR, Hawkes};
use crate::Result;

/// Events from 0 to `end` seconds with an empty past, by the process's clusters (Hawkes and Oakes 1974): immigrants come as a
/// Poisson process at the base rate, each event begets Poisson many of each kind after exponential delays. Exact. In order
/// of time; deterministic in the state of `draws`.
///
/// # Errors
/// Numbers that make no sense; see [`Hawkes::check`].
pub fn by_clusters(hawkes: &Hawkes, end: f64, draws: &mut Draws) -> Result<Vec<Event>> {
    hawkes.check()?;
    let mut events = Vec::new();
    for (kind, &base) in hawkes.base.iter().enumerate() {
        for (begin, length, factor) in hawkes.rhythm.cells(end) {
            for _ in 0..draws.poisson(base * factor * length) {
                events.push(Event { at: begin + draws.uniform() * length, kind: kind as u32 });
            }
        }
    }
    let mut next = 0;
    while next < events.len() {
        let parent: Event = events[next];
        for excitation in hawkes.excitations.iter().filter(|excitation| excitation.from == parent.kind) {
            for _ in 0..draws.poisson(excitation.weight) {
                let at = parent.at + draws.exponential() / excitation.decay;
                if at < end {
                    events.push(Event { at, kind: excitation.to });
                }
            }
        }
        next += 1;
    }
    events.sort_by(|left, right| left.at.total_cmp(&right.at));
    Ok(events)
}

/// Events from 0 to `end` seconds with an empty past, by thinning (Ogata 1981): candidates come at a rate that bounds the
/// process's until the next change of the rhythm, and are kept with the chance that the true rate has of the bound. Exact.
/// In order of time; deterministic in the state of `draws`.
///
/// # Errors
/// Numbers that make no sense; see [`Hawkes::check`].
pub fn by_thinning(hawkes: &Hawkes, end: f64, draws: &mut Draws) -> Result<Vec<Event>> {
    hawkes.check()?;
    let base: f64 = hawkes.base.iter().sum();
    // The excited rate of each excitation at time `now`.
    let mut excited = vec![0.0; hawkes.excitations.len()];
    let mut events = Vec::new();
    let mut now = 0.0_f64;
    let mut cell = 0_usize;
    while now < end {
        let change = ((cell + 1) as f64 * HOUR).min(end);
        let factor = hawkes.rhythm.cell(cell / 24, cell % 24);
        // Excitement only fades until the next event, and the rhythm holds until `change`.
        let bound = base * factor + excited.iter().sum::<f64>();
        let wait = if bound > 0.0 { draws.exponential() / bound } else { f64::INFINITY };
        let next = (now + wait).min(change);
        for (rate, excitation) in excited.iter_mut().zip(&hawkes.excitations) {
            *rate *= (-excitation.decay * (next - now)).exp();
        }
        let jumped = now + wait >= change;
        now = next;
        if jumped {
            cell += 1;
            continue;
        }
        let mut rates: Vec<f64> = hawkes.base.iter().map(|rate| rate * factor).collect();
        for (rate, excitation) in excited.iter().zip(&hawkes.excitations) {
            rates[excitation.to as usize] += rate;
        }
        if draws.uniform() * bound < rates.iter().sum() {
            let kind = draws.weighted(&rates) as u32;
            events.push(Event { at: now, kind });
            for (rate, excitation) in excited.iter_mut().zip(&hawkes.excitations) {
                if excitation.from == kind {
                    *rate += excitation.weight * excitation.decay;
                }
            }
        }
    }
    Ok(events)
}

/// The mean number of events of a process of one kind and one excitation without rhythm from 0 to `end` with an empty past:
/// the mean rate solves `λ' = β (μ - (1 - α) λ)` with `λ(0) = μ`.
pub fn expected_events(base: f64, weight: f64, decay: f64, end: f64) -> f64 {
    let left = 1.0 - weight;
    let fade = decay * left;
    base / left * (end - weight * (1.0 - (-fade * end).exp()) / fade)
}

/// Times within one day, given how many: clusters whose immigrants follow the hours, until there are so many; what a cluster
/// has beyond is left out, and what would come after midnight comes instead as a new immigrant. Of the excitations those
/// from kind 0 to kind 0 count. In order of time, in seconds from midnight.
pub fn within_day(hawkes: &Hawkes, count: usize, draws: &mut Draws) -> Vec<f64> {
    let mut times: Vec<f64> = Vec::with_capacity(count);
    let mut next = 0;
    while times.len() < count {
        if next == times.len() {
            let hour = draws.weighted(&hawkes.rhythm.hours);
            times.push((hour as f64 + draws.uniform()) * HOUR);
        }
        let parent = times[next];
        next += 1;
        for excitation in
            hawkes.excitations.iter().filter(|excitation| excitation.from == 0 && excitation.to == 0)
        {
            for _ in 0..draws.poisson(excitation.weight) {
                let at = parent + draws.exponential() / excitation.decay;
                if at < DAY && times.len() < count {
                    times.push(at);
                }
            }
        }
    }
    times.sort_by(f64::total_cmp);
    times
}
