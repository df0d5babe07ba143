//! Maximum likelihood by expectation and maximisation, in linear time.
//!
//! For exponential kernels the sums over the past of the likelihood follow a recursion (Ozaki 1979), and so do the expected
//! numbers and delays of children (Veen and Schoenberg 2008 for the algorithm): each pass costs one step an event and
//! excitation. Updates are those of the exact likelihood of the window, edges included, so that a fixed point is a
//! stationary point of it.

use super::{DAY, Event, Excitation, HOUR, Hawkes, Rhythm};
use crate::{Error, Result};

/// How to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// Passes at most.
    pub passes: usize,
    /// It ends when a pass raises the logarithm of the likelihood by less than this an event.
    pub tolerance: f64,
    /// Whether the hours of the day are learned.
    pub hours: bool,
    /// Whether each day's loudness is learned.
    pub days: bool,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { passes: 400, tolerance: 1e-7, hours: false, days: false }
    }
}

/// A process that was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The process.
    pub hawkes: Hawkes,
    /// The logarithm of its likelihood.
    pub log_likelihood: f64,
    /// Passes over the events.
    pub passes: usize,
}

/// What one pass sees.
struct Pass {
    log_likelihood: f64,
    /// Expected immigrants of each kind, and in each hour from the beginning.
    immigrants: Vec<f64>,
    by_cell: Vec<f64>,
    /// Of each excitation: expected children, and the sum of their delays.
    children: Vec<f64>,
    delays: Vec<f64>,
    /// Of each excitation: the part of the children that come before the end, summed over parents, and its change with decay.
    heard: Vec<f64>,
    edge: Vec<f64>,
}

fn pass(hawkes: &Hawkes, events: &[Event], end: f64) -> Pass {
    let excitations = &hawkes.excitations;
    let integrals = hawkes.rhythm.integrals(end);
    let whole = integrals.last().copied().unwrap_or(0.0);
    let (mut sums, mut lags) = (vec![0.0; excitations.len()], vec![0.0; excitations.len()]);
    let mut shares = vec![0.0; excitations.len()];
    let mut found = Pass {
        log_likelihood: -hawkes.base.iter().sum::<f64>() * whole,
        immigrants: vec![0.0; hawkes.base.len()],
        by_cell: vec![0.0; (end / HOUR).ceil().max(1.0) as usize],
        children: vec![0.0; excitations.len()],
        delays: vec![0.0; excitations.len()],
        heard: vec![0.0; excitations.len()],
        edge: vec![0.0; excitations.len()],
    };
    let mut before = 0.0;
    for event in events {
        let step = event.at - before;
        before = event.at;
        let calm = hawkes.base[event.kind as usize] * hawkes.rhythm.at(event.at);
        let mut rate = calm;
        for (place, excitation) in excitations.iter().enumerate() {
            let fade = (-excitation.decay * step).exp();
            lags[place] = fade * (lags[place] + step * sums[place]);
            sums[place] *= fade;
            if excitation.to == event.kind {
                shares[place] = excitation.weight * excitation.decay;
                rate += shares[place] * sums[place];
            }
        }
        found.log_likelihood += rate.max(f64::MIN_POSITIVE).ln();
        let immigrant = if rate > 0.0 { calm / rate } else { 0.0 };
        found.immigrants[event.kind as usize] += immigrant;
        let cell = ((event.at / HOUR) as usize).min(found.by_cell.len() - 1);
        found.by_cell[cell] += immigrant;
        for (place, excitation) in excitations.iter().enumerate() {
            if excitation.to == event.kind && rate > 0.0 {
                found.children[place] += shares[place] * sums[place] / rate;
                found.delays[place] += shares[place] * lags[place] / rate;
            }
            if excitation.from == event.kind {
                sums[place] += 1.0;
                let left = end - event.at;
                let missed = (-excitation.decay * left).exp();
                found.heard[place] += 1.0 - missed;
                found.edge[place] += left * missed;
            }
        }
    }
    for (excitation, heard) in excitations.iter().zip(&found.heard) {
        found.log_likelihood -= excitation.weight * heard;
    }
    found
}

/// The logarithm of the likelihood of events from 0 to `end` seconds, in order of time, with an empty past.
///
/// # Errors
/// Numbers of the process that make no sense, but for a branching ratio of 1 or more; events out of order or outside.
pub fn log_likelihood(hawkes: &Hawkes, events: &[Event], end: f64) -> Result<f64> {
    check_events(events, hawkes.base.len(), end)?;
    Ok(pass(hawkes, events, end).log_likelihood)
}

/// Fits base rates, weights and decays, from a first guess that says which excitations there are, to events from 0 to `end`
/// seconds in order of time. Events at the same second are allowed: each counts as after those before it in the list.
///
/// # Errors
/// A guess that makes no sense, events out of order or outside, or fewer than two.
pub fn fit(guess: &Hawkes, events: &[Event], end: f64, options: &FitOptions) -> Result<Fit> {
    guess.check()?;
    check_events(events, guess.base.len(), end)?;
    if events.len() < 2 {
        let problem = format!("`events` has {}; a process is fitted to at least 2", events.len());
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let mut hawkes = guess.clone();
    let days = (end / DAY).ceil() as usize;
    if options.days && hawkes.rhythm.days.len() < days {
        hawkes.rhythm.days.resize(days, 1.0);
    }
    let mut before = f64::NEG_INFINITY;
    for passes in 1..=options.passes.max(1) {
        let found = pass(&hawkes, events, end);
        let gain = found.log_likelihood - before;
        before = found.log_likelihood;
        if gain < options.tolerance * events.len() as f64 && passes > 1 {
            return Ok(Fit { hawkes, log_likelihood: before, passes });
        }
        update(&mut hawkes, &found, end, options);
    }
    let log_likelihood = pass(&hawkes, events, end).log_likelihood;
    Ok(Fit { hawkes, log_likelihood, passes: options.passes })
}

fn update(hawkes: &mut Hawkes, found: &Pass, end: f64, options: &FitOptions) {
    for (place, excitation) in hawkes.excitations.iter_mut().enumerate() {
        let children = found.children[place];
        let slowness = found.delays[place] + excitation.weight * found.edge[place];
        if found.heard[place] > 0.0 {
            excitation.weight = children / found.heard[place];
        }
        if slowness > 0.0 && children > 0.0 {
            // Between a thousandth of a second and three years.
            excitation.decay = (children / slowness).clamp(1e-8, 1e3);
        }
    }
    if options.hours || options.days {
        rhythm(&mut hawkes.rhythm, &found.by_cell, end, options);
    }
    let whole = hawkes.rhythm.integrals(end).last().copied().unwrap_or(0.0);
    for (base, immigrants) in hawkes.base.iter_mut().zip(&found.immigrants) {
        *base = if whole > 0.0 { immigrants / whole } else { 0.0 };
    }
}

/// One round of proportional fitting of hours and days to the immigrants of every hour: each is what makes its margin right
/// while the other holds. Hours have mean 1, and so have days.
fn rhythm(rhythm: &mut Rhythm, by_cell: &[f64], end: f64, options: &FitOptions) {
    let total: f64 = by_cell.iter().sum();
    if total <= 0.0 {
        return;
    }
    let length = |cell: usize| (end - cell as f64 * HOUR).clamp(0.0, HOUR);
    if options.hours {
        let (mut seen, mut open) = ([0.0; 24], [0.0; 24]);
        for (cell, immigrants) in by_cell.iter().enumerate() {
            seen[cell % 24] += immigrants;
            open[cell % 24] += length(cell) * rhythm.days.get(cell / 24).copied().unwrap_or(1.0);
        }
        let factors: [f64; 24] =
            std::array::from_fn(|hour| if open[hour] > 0.0 { seen[hour] / open[hour] } else { 0.0 });
        let mean = factors.iter().sum::<f64>() / 24.0;
        rhythm.hours = factors.map(|factor| if mean > 0.0 { factor / mean } else { 1.0 });
    }
    if options.days {
        let days = rhythm.days.len();
        let (mut seen, mut open) = (vec![0.0; days], vec![0.0; days]);
        for (cell, immigrants) in by_cell.iter().enumerate() {
            if cell / 24 < days {
                seen[cell / 24] += immigrants;
                open[cell / 24] += length(cell) * rhythm.hours[cell % 24];
            }
        }
        let factors: Vec<f64> =
            seen.iter().zip(&open).map(|(seen, open)| if *open > 0.0 { seen / open } else { 0.0 }).collect();
        let mean = factors.iter().sum::<f64>() / (days as f64).max(1.0);
        if mean > 0.0 {
            rhythm.days = factors.iter().map(|factor| factor / mean).collect();
        }
    }
}

pub(super) fn check_events(events: &[Event], kinds: usize, end: f64) -> Result<()> {
    let mut problems = Vec::new();
    let mut before = 0.0;
    for (place, event) in events.iter().enumerate() {
        if !(event.at >= before && event.at <= end) {
            problems.push(format!(
                "`events[{place}].at` is {}; it must be from {before}, the time before it, to the end, {end}",
                event.at
            ));
        } else if event.kind as usize >= kinds {
            problems.push(format!("`events[{place}].kind` is {}; it must be below {kinds}", event.kind));
        } else {
            before = event.at;
        }
        if problems.len() >= 20 {
            problems.push("more events make no sense and are not listed; sort them by time first".to_owned());
            break;
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
}

/// Excitations of a first guess: every kind begets every kind, at each of these mean delays in seconds, half an event in all.
pub fn guess(kinds: usize, delays: &[f64]) -> Vec<Excitation> {
    let share = 0.5 / (kinds * delays.len()).max(1) as f64;
    let mut excitations = Vec::new();
    for from in 0..kinds as u32 {
        for to in 0..kinds as u32 {
            for delay in delays {
                excitations.push(Excitation { from, to, weight: share, decay: 1.0 / delay });
            }
        }
    }
    excitations
}
