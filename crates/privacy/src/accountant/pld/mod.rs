//! Accounting by privacy loss distributions: lower and upper bounds that nearly meet.
//!
//! The privacy loss of an output is the logarithm of how much likelier it is with a member than without. Losses of
//! independent mechanisms add up, so a composition's loss distribution is a convolution, and
//! delta(epsilon) = E[max(0, 1 - e^(epsilon - loss))]. Here each step's loss is put on a grid twice, once never too
//! small and once never too large ([`grid`]), tilted to where the answer lies ([`tilt`]), and composed by Fourier
//! transform ([`spectrum`]), from which tails are read ([`compose`]). Both neighbours, the member added and removed, are
//! computed; the larger one counts.
//!
//! The bounds allow for the grid, for mass left out of it, for what a transform of finite length folds over, and for
//! the rounding of transforms by its a-priori estimate. They rest on the elementary functions of `f64` being good
//! to 1e-13.
//!
//! Where few members are ever sampled, delta is that of a few large losses that spread over many powers of e. A loss so
//! far above the answer that the other steps' losses do not make up for it counts in full, however large: it is split
//! into a cap and infinity, which keeps the likelihoods of both laws and hence every tail below the cap, and what that
//! may change of tails above is bounded by moments and allowed for (`compose::overcounted`).
//!
//! Deterministic. A query takes about three milliseconds of one processor. Of 1,152 cases with sigma 0.3 to 100, up to
//! 700,000 steps, rates from 1e-6 and delta from 1e-12, the slowest takes 43 to 58 and the bounds are nowhere more than
//! 0.095 % apart, relative to epsilon or to 0.001 where that is larger: the example `queries scan` prints both.
//!
//! # Sources
//! Sommer, Meiser and Mohammadi 2019 (privacy loss distributions); Koskela, Jälkö and Honkela 2020 (composition by
//! Fourier transform); Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022 (connect the dots); Zhu, Dong and Wang
//! 2022 (dominating pairs, both neighbours under Poisson sampling).

mod compose;
mod grid;
mod pair;
mod spectrum;
mod tilt;

use rustfft::FftPlanner;

use crate::accountant::event::{Mechanism, Step, steps};
use crate::accountant::normal::{gaussian_delta, gaussian_epsilon};
use crate::accountant::{Bounds, Event, check_delta, check_epsilon};
use crate::error::Result;
use grid::{Cells, Direction, Grid};
use pair::{Mass, Pair};
use tilt::{Moments, Query, Tilt};

/// The epsilon of an event at this delta.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) for an event or a delta out of range.
pub fn epsilon(event: &Event, delta: f64) -> Result<Bounds> {
    check_delta(delta)?;
    let steps = steps(event)?;
    if let Some(sigma) = only_gaussian(&steps) {
        let (lower, upper) = gaussian_epsilon(sigma, delta);
        return Ok(Bounds { lower, upper });
    }
    Ok(solve(&steps, Query::Epsilon(delta)))
}

/// The delta of an event at this epsilon.
///
/// # Errors
/// As [`epsilon`].
pub fn delta(event: &Event, epsilon: f64) -> Result<Bounds> {
    check_epsilon(epsilon)?;
    let steps = steps(event)?;
    if let Some(sigma) = only_gaussian(&steps) {
        let delta = gaussian_delta(sigma, epsilon);
        // The difference of two normal probabilities, each good to 1e-15.
        return Ok(Bounds { lower: delta * (1.0 - 1e-9), upper: (delta * (1.0 + 1e-9)).min(1.0) });
    }
    Ok(solve(&steps, Query::Delta(epsilon)))
}

/// The epsilon after each number of repetitions of an event, in the order given.
///
/// # Errors
/// As [`epsilon`].
pub fn curve(event: &Event, times: &[u64], delta: f64) -> Result<Vec<(u64, Bounds)>> {
    times.iter().map(|&times| Ok((times, epsilon(&event.clone().times(times), delta)?))).collect()
}

/// The deviation, where there is nothing but one Gaussian.
fn only_gaussian(steps: &[(Step, u64)]) -> Option<f64> {
    match steps {
        [(Step { rate: 1.0, mechanism: Mechanism::Gaussian { sigma } }, 1)] => Some(*sigma),
        _ => None,
    }
}

/// The gap between the bounds that is aimed at, relative to the answer.
const GAP: f64 = 4e-4;

/// The gap at which a finer grid is tried.
const WIDE: f64 = 9.5e-4;

/// The part of that gap that cells wider than the lattice may add.
const CELLS: f64 = 0.15;

/// Cells that one step may have.
const MAX_CELLS: usize = 1 << 18;

/// Finer grids that are tried.
const ATTEMPTS: usize = 5;

/// The part of delta that may be left out of all grids together.
const LEFT_OUT: f64 = 1e-6;

/// Answers by composition; also where a closed form is known.
fn solve(steps: &[(Step, u64)], query: Query) -> Bounds {
    if steps.is_empty() {
        return Bounds { lower: 0.0, upper: 0.0 };
    }
    let pairs: Vec<(Pair, u64)> = steps.iter().map(|&(step, times)| (Pair::new(step), times)).collect();
    // Moments of what is put on the grids: losses that are rarer still may have moments far above all others.
    let rest = match query {
        Query::Epsilon(delta) => left_out(&pairs, delta),
        Query::Delta(_) => 1e-52,
    };
    let nodes: Vec<(Vec<Mass>, u64)> = pairs.iter().map(|(pair, times)| (pair.nodes(rest), *times)).collect();
    let tilt = |direction| {
        let steps = nodes.iter().map(|(nodes, times)| (nodes.as_slice(), *times));
        let moments = Moments::new(steps, direction == Direction::Remove);
        let tilt = moments.tilt(query);
        (direction, moments, tilt)
    };
    let mut tilts = vec![tilt(Direction::Remove)];
    if !pairs.iter().all(|(pair, _)| pair.is_symmetric()) {
        tilts.push(tilt(Direction::Add));
        tilts.sort_by(|left, right| right.2.bound.total_cmp(&left.2.bound));
    }
    let mut bounds = Bounds { lower: 0.0, upper: 0.0 };
    // Both neighbours' transforms often have one length.
    let mut planner = FftPlanner::new();
    for (direction, moments, tilt) in tilts {
        // The bound by moments is above the truth, and may already be below what the other neighbour costs.
        let above = match query {
            Query::Epsilon(_) => tilt.bound,
            Query::Delta(_) => tilt.bound.exp(),
        };
        if above <= bounds.lower * (1.0 - 1e-5) || above <= 0.0 {
            continue;
        }
        let found = refine(&pairs, direction, &moments, &tilt, query, &mut planner);
        bounds.lower = bounds.lower.max(found.lower);
        bounds.upper = bounds.upper.max(found.upper);
    }
    bounds
}

/// What may be left out of each side of each step's grid.
fn left_out(pairs: &[(Pair, u64)], delta: f64) -> f64 {
    let times: u64 = pairs.iter().map(|(_, times)| times).sum();
    (delta * LEFT_OUT / times as f64).max(1e-300)
}

/// Narrows the grid until the bounds are close.
fn refine(
    pairs: &[(Pair, u64)],
    direction: Direction,
    moments: &Moments,
    tilt: &Tilt,
    query: Query,
    planner: &mut FftPlanner<f64>,
) -> Bounds {
    let times: u64 = pairs.iter().map(|(_, times)| times).sum();
    let delta = match query {
        Query::Epsilon(delta) => delta,
        Query::Delta(_) => tilt.bound.exp() * 1e-2,
    };
    let mut rest = left_out(pairs, delta);
    let sampled = pairs.iter().all(|(pair, _)| !pair.is_symmetric());
    // The lattice's width for an answer, and the variance that cells wider than it may add.
    let plan = |moments: &Moments, tilt: &Tilt, near: f64| {
        let smooth = 0.25 * tilt.deviation.max(4.0 / tilt.theta) / (times as f64).sqrt();
        // A loss moved by x with E[e^-x] = 1 adds (1 + theta) E[x^2] / 2 to epsilon, and theta times that to
        // ln(delta). E[x^2] is width^2 / 6 for the one grid and width^2 / 12 for the other.
        let allowed = match query {
            Query::Epsilon(_) => near * GAP,
            Query::Delta(_) => GAP / tilt.theta,
        };
        let width = (8.0 * allowed / ((1.0 + tilt.theta) * times as f64)).sqrt().min(smooth);
        let variance = 4.0 / 3.0 * allowed / (1.0 + tilt.theta);
        (if sampled { moments.widen(tilt, width, variance) } else { width }, variance)
    };
    let mut near = match query {
        Query::Epsilon(_) => tilt.bound,
        Query::Delta(epsilon) => epsilon,
    };
    // Whatever the other steps' losses, one as large as this is above the answer.
    let least = if sampled && direction == Direction::Remove { moments.least() } else { f64::NEG_INFINITY };
    let limited = |near: f64| {
        let cap = CAP * near - least;
        if cap >= moments.largest() {
            return (f64::INFINITY, moments.clone(), *tilt);
        }
        let moments = moments.capped(cap);
        let tilt = Tilt { bound: tilt.bound, ..moments.tilt(query) };
        (cap, moments, tilt)
    };
    let (mut cap, mut capped, mut tilt) = limited(near);
    let (mut width, mut variance) = plan(&capped, &tilt, near);
    let mut finer = 1.0;
    let spacing = pairs.iter().find_map(|(pair, _)| pair.lattice).map(|(_, spacing)| spacing);
    let mut best = Bounds { lower: 0.0, upper: f64::INFINITY };
    // The width that was answered last.
    let mut last = f64::INFINITY;
    let mut window = tilt;
    // Where the work would be long, it is first found out about where the answer lies.
    let pilot = (tilt.high - tilt.low) / PILOT;
    let mut piloting = spacing.is_none() && width < pilot;
    let planned = width;
    if piloting {
        width = pilot;
    }
    for attempt in 0..ATTEMPTS {
        let aligned = match spacing {
            // Losses that sit on grid points cost nothing; a lattice finer than the grid is no reason to refine.
            Some(spacing) if spacing > width => spacing / (spacing / width).ceil(),
            Some(spacing) if spacing * 4.0 > width => spacing,
            _ => width,
        };
        let cells = capped.spacing(&tilt, near, CELLS * variance);
        let wide = |step: usize, loss: f64| cells.at(step, loss, finer);
        let found = at_width(pairs, direction, &window, query, aligned, (&wide, (rest, cap)), planner);
        let Some(found) = found else {
            width = if last.is_finite() { (aligned * last).sqrt() } else { 2.0 * aligned };
            continue;
        };
        last = aligned;
        let up = if best.lower > 0.0 { found.lower / best.lower - 1.0 } else { 1.0 };
        let moved = (1.0 - found.upper.min(best.upper) / best.upper).max(up);
        best.lower = best.lower.max(found.lower);
        best.upper = best.upper.min(found.upper);
        let gap = (best.upper - best.lower) / best.upper.max(f64::MIN_POSITIVE);
        // Where both bounds have settled, more time is not worth it.
        if gap <= WIDE || best.upper == 0.0 || (!piloting && moved < GAP / 4.0) {
            break;
        }
        // Where the work is long, there is no more of it than is needed.
        let aim = if (window.high - window.low) / aligned > LONG { 1.5 * GAP } else { 0.8 * GAP };
        let ratio = if gap.is_finite() { (aim / gap).sqrt().clamp(0.03, 0.7) } else { 0.3 };
        width = aligned * ratio;
        finer *= ratio;
        if best.upper.is_finite() {
            let answer = match query {
                Query::Epsilon(delta) => (best.upper, delta.ln()),
                Query::Delta(epsilon) => (epsilon, best.upper.ln()),
            };
            if answer.0 < 0.8 * near || piloting {
                if answer.0 < 0.8 * near {
                    (cap, capped, tilt) = limited(answer.0);
                }
                let planned = plan(&capped, &tilt, answer.0);
                (width, variance, finer) = (width.min(planned.0), planned.1, 1.0);
            }
            near = answer.0;
            if query == Query::Delta(near) {
                rest = rest.min(left_out(pairs, 1e-2 * best.upper));
            }
            if spacing.is_none() {
                // The smaller of what it may be is the harder one.
                let hard = match query {
                    _ if gap <= VAGUE => answer,
                    Query::Epsilon(_) => (best.lower.max(UNLIKELY * answer.0), answer.1),
                    Query::Delta(_) => (answer.0, best.lower.max(UNLIKELY * best.upper).ln()),
                };
                window = capped.shorten(&tilt, hard, 2.0 * variance);
            }
        } else if piloting {
            width = planned;
        }
        // A look that tells little is followed by a closer one.
        piloting &= gap > VAGUE && attempt == 0;
        if piloting {
            width = width.max((window.high - window.low) / (4.0 * PILOT));
        }
    }
    best
}

/// A loss that need not be told from larger ones, over the answer.
const CAP: f64 = 2.0;

/// Points of a window that take long.
const LONG: f64 = 5e4;

/// The gap above which a first look tells little.
const VAGUE: f64 = 0.3;

/// A part of a bound that the answer is unlikely to be below when the other bound tells little.
const UNLIKELY: f64 = 0.25;

/// Points of the window of a first look.
const PILOT: f64 = 4096.0;

fn at_width(
    pairs: &[(Pair, u64)],
    direction: Direction,
    tilt: &Tilt,
    query: Query,
    width: f64,
    (wide, limits): (&dyn Fn(usize, f64) -> f64, (f64, f64)),
    planner: &mut FftPlanner<f64>,
) -> Option<compose::Answer> {
    let mut grids = Vec::with_capacity(pairs.len());
    for (step, (pair, times)) in pairs.iter().enumerate() {
        let wide = |loss: f64| wide(step, if direction == Direction::Remove { loss } else { -loss });
        grids.push((placed(pair, width, &wide, limits, direction)?, *times));
    }
    let parts: Vec<spectrum::Part<'_>> = grids.iter().map(|(grid, times)| (grid, *times)).collect();
    compose::answer(&parts, width, tilt, query, planner)
}

/// A step on a grid of this width that lies well for it.
fn placed(
    pair: &Pair,
    width: f64,
    wide: &dyn Fn(f64) -> f64,
    limits: (f64, f64),
    direction: Direction,
) -> Option<Grid> {
    let fits = |spacing: f64| (spacing / width - (spacing / width).round()).abs() < 1e-6;
    let lattice = pair.lattice.filter(|&(_, spacing)| fits(spacing)).map(|(first, _)| first);
    let offset = lattice.or(pair.is_symmetric().then_some(0.0));
    let place = offset.unwrap_or_else(|| grid::place(pair, width, limits.0));
    let even = |_| width;
    let wide = if lattice.is_some() { &even } else { wide };
    let cells = Cells::cut(pair, width, place, wide, limits, MAX_CELLS)?;
    Some(cells.grid(direction, offset.is_some()))
}

#[cfg(test)]
mod test;
