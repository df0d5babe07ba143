//! Approximate Bayesian computation by sequential Monte Carlo (Toni et al. 2009; adaptive kernel and weights of Beaumont
//! et al. 2009, tolerances by quantiles), then a local-linear regression adjustment (Beaumont et al. 2002).
//!
//! Records are compared by the parameters' means that a linear regression on the statistics expects (Fearnhead and
//! Prangle 2012), in units of what that regression leaves open: many statistics would otherwise drown each other. The
//! first population is the best of the simulations from the prior, so it costs nothing.

use daotwin_core::{Run, statistics as core};
use rayon::prelude::*;

use super::kept::Kept;
use super::linear::{self, Linear};
use super::model::{Design, PARAMETERS};
use super::simulations::{Memory, Pilot, seed_of, statistics};
use super::statistics::COUNT;
use crate::Result;
use crate::engine::random::Key;

/// How it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) particles: usize,
    pub(crate) generations: usize,
    /// Simulations at most, beside those from the prior.
    pub(crate) most: u64,
    pub(crate) seed: u64,
}

/// A weighted sample of the posterior.
#[derive(Debug, Clone)]
pub(crate) struct Population {
    pub(crate) scores: Vec<[f64; PARAMETERS]>,
    pub(crate) weights: Vec<f64>,
    /// The tolerance of each generation.
    pub(crate) tolerances: Vec<f64>,
    /// The last generation's share of simulations that were accepted.
    pub(crate) accepted: f64,
    pub(crate) simulations: u64,
    /// (sum w)^2 / sum w^2.
    pub(crate) effective: f64,
}

/// Expected parameters, and what is left open.
#[derive(Debug)]
pub(crate) struct Expectation {
    linear: Linear,
    /// Inverse squared residual deviation; 0 for a parameter that statistics say next to nothing about.
    weights: [f64; PARAMETERS],
}

impl Expectation {
    pub(crate) fn of(pilot: &Pilot) -> Self {
        let linear = Linear::fit(
            pilot.standard.as_flattened(),
            COUNT,
            pilot.scores.as_flattened(),
            PARAMETERS,
            1e-4,
            |_| 1.0,
        );
        let mut open = [0.0; PARAMETERS];
        for (standard, scores) in pilot.standard.iter().zip(&pilot.scores) {
            for (open, (expected, score)) in open.iter_mut().zip(linear.at(standard).iter().zip(scores)) {
                *open += (expected - score) * (expected - score) / pilot.scores.len() as f64;
            }
        }
        // Below 5 % of the variance explained, a parameter's expectation is mostly the noise of the others.
        Self { linear, weights: open.map(|open| if open < 0.95 { 1.0 / open } else { 0.0 }) }
    }

    pub(crate) fn at(&self, standard: &[f64; COUNT]) -> [f64; PARAMETERS] {
        let expected = self.linear.at(standard);
        std::array::from_fn(|at| expected[at])
    }

    fn distance(&self, a: &[f64; PARAMETERS], b: &[f64; PARAMETERS]) -> f64 {
        let squares: f64 =
            (0..PARAMETERS).map(|at| self.weights[at] * (a[at] - b[at]) * (a[at] - b[at])).sum();
        squares.sqrt()
    }
}

#[derive(Debug, Clone, Copy)]
struct Particle {
    scores: [f64; PARAMETERS],
    expected: [f64; PARAMETERS],
    distance: f64,
}

/// Twice the weighted covariance, factored: Beaumont's kernel.
fn kernel(particles: &[Particle], weights: &[f64]) -> Vec<f64> {
    let n = PARAMETERS;
    let mean: [f64; PARAMETERS] =
        std::array::from_fn(|at| particles.iter().zip(weights).map(|(p, w)| w * p.scores[at]).sum());
    let mut factor = vec![0.0; n * n];
    for (particle, weight) in particles.iter().zip(weights) {
        for i in 0..n {
            for j in 0..n {
                factor[i * n + j] +=
                    2.0 * weight * (particle.scores[i] - mean[i]) * (particle.scores[j] - mean[j]);
            }
        }
    }
    (0..n).for_each(|at| factor[at * n + at] += 1e-6);
    let whole = factor.clone();
    if !linear::cholesky(&mut factor, n) {
        factor.fill(0.0);
        (0..n).for_each(|at| factor[at * n + at] = whole[at * n + at].sqrt());
    }
    factor
}

/// Weights of a new generation: prior over the mixture of kernels that proposed it.
fn reweigh(new: &[Particle], old: &[Particle], weights: &[f64], factor: &[f64]) -> Vec<f64> {
    let n = PARAMETERS;
    let logs: Vec<f64> = new
        .par_iter()
        .map(|particle| {
            let prior: f64 = particle.scores.iter().map(|score| -0.5 * score * score).sum();
            let parts: Vec<f64> = old
                .iter()
                .map(|from| {
                    let mut z: [f64; PARAMETERS] =
                        std::array::from_fn(|at| particle.scores[at] - from.scores[at]);
                    linear::forward(factor, n, &mut z);
                    -0.5 * z.iter().map(|z| z * z).sum::<f64>()
                })
                .collect();
            let most = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = parts.iter().zip(weights).map(|(part, weight)| weight * (part - most).exp()).sum();
            prior - most - sum.ln()
        })
        .collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let raw: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
    let total: f64 = raw.iter().sum();
    raw.into_iter().map(|weight| weight / total).collect()
}

/// A generation, and how it came to be.
#[derive(Debug, Clone)]
struct Generation {
    particles: Vec<Particle>,
    weights: Vec<f64>,
    /// The first number of a simulation that is free.
    number: u64,
    /// The share of simulations that were accepted.
    accepted: f64,
    /// Whether it is whole; one that ran out of simulations has nobody.
    whole: bool,
}

impl Generation {
    const WIDTH: usize = 2 * PARAMETERS + 2;

    fn numbers(&self) -> Vec<f64> {
        let mut numbers = vec![self.number as f64, self.accepted];
        for (particle, weight) in self.particles.iter().zip(&self.weights) {
            numbers.extend(particle.scores.iter().chain(&particle.expected));
            numbers.extend([particle.distance, *weight]);
        }
        numbers
    }

    fn of(numbers: &[f64]) -> Self {
        let rows = || numbers[2..].chunks_exact(Self::WIDTH);
        let particle = |row: &[f64]| Particle {
            scores: std::array::from_fn(|at| row[at]),
            expected: std::array::from_fn(|at| row[PARAMETERS + at]),
            distance: row[2 * PARAMETERS],
        };
        Self {
            particles: rows().map(particle).collect(),
            weights: rows().map(|row| row[2 * PARAMETERS + 1]).collect(),
            number: numbers[0] as u64,
            accepted: numbers[1],
            whole: numbers.len() > 2,
        }
    }
}

/// Runs it; the same bits for any number of threads. Each generation is kept.
///
/// # Errors
/// [`daotwin_core::Error::Cancelled`], and failures of files.
pub(crate) fn sample(
    design: &Design,
    pilot: &Pilot,
    expectation: &Expectation,
    recorded: &[f64; COUNT],
    plan: &Plan,
    kept: &Kept,
    run: &Run,
) -> Result<Population> {
    const BLOCK: u64 = 256;
    let goal = expectation.at(recorded);
    let measured = |scores: [f64; PARAMETERS], standard: &[f64; COUNT]| {
        let expected = expectation.at(standard);
        Particle { scores, expected, distance: expectation.distance(&expected, &goal) }
    };
    let mut particles: Vec<Particle> = pilot
        .scores
        .iter()
        .zip(&pilot.standard)
        .map(|(scores, standard)| measured(*scores, standard))
        .collect();
    particles.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    particles.truncate(plan.particles);
    let count = particles.len();
    let mut weights = vec![1.0 / count as f64; count];
    let mut tolerances = vec![particles[count - 1].distance];
    let (mut number, mut accepted) = (0_u64, count as f64 / pilot.scores.len() as f64);
    for generation in 0..plan.generations {
        let distances: Vec<f64> = particles.iter().map(|particle| particle.distance).collect();
        let tolerance = core::quantile(&distances, 0.5);
        let first = number;
        let fits = |length: usize| length == 2 || length == 2 + count * Generation::WIDTH;
        let numbers = kept.part(&format!("generation-{generation:02}"), fits, || {
            let factor = kernel(&particles, &weights);
            let mut cumulated = weights.clone();
            (1..count).for_each(|at| cumulated[at] += cumulated[at - 1]);
            let mut next = Vec::with_capacity(count);
            let mut number = first;
            while next.len() < count && number < plan.most {
                let block: Vec<Particle> = (number..number + BLOCK)
                    .into_par_iter()
                    .map_init(Memory::default, |memory, number| {
                        let key = Key::new(plan.seed, number, 2_000, generation as u64);
                        let from = cumulated.partition_point(|sum| *sum < key.uniform(0)).min(count - 1);
                        let z: [f64; PARAMETERS] = std::array::from_fn(|at| key.normal(1 + at as u32));
                        let scores = std::array::from_fn(|row| {
                            let moved: f64 = (0..=row).map(|at| factor[row * PARAMETERS + at] * z[at]).sum();
                            particles[from].scores[row] + moved
                        });
                        let seed = seed_of(plan.seed, 3, number);
                        measured(scores, &pilot.scale.standard(&statistics(design, &scores, seed, memory)))
                    })
                    .collect();
                number += BLOCK;
                next.extend(block.into_iter().filter(|particle| particle.distance <= tolerance));
                run.step("sequential Monte Carlo", number.min(plan.most), plan.most)?;
            }
            let whole = next.len() >= count;
            let accepted = next.len() as f64 / (number - first) as f64;
            next.truncate(if whole { count } else { 0 });
            let weights = if whole { reweigh(&next, &particles, &weights, &factor) } else { vec![] };
            Ok(Generation { particles: next, weights, number, accepted, whole }.numbers())
        })?;
        let next = Generation::of(&numbers);
        number = next.number;
        if !next.whole {
            // An unfinished generation is not a sample of its tolerance: the last whole one stands.
            break;
        }
        accepted = next.accepted;
        (particles, weights) = (next.particles, next.weights);
        tolerances.push(tolerance);
        if accepted < 0.015 {
            break;
        }
    }
    Ok(adjusted(particles, weights, tolerances, &goal, accepted, number))
}

/// Moves particles to where the record is, along a regression of parameters on expectations.
fn adjusted(
    particles: Vec<Particle>,
    weights: Vec<f64>,
    tolerances: Vec<f64>,
    goal: &[f64; PARAMETERS],
    accepted: f64,
    simulations: u64,
) -> Population {
    let widest = particles.iter().map(|particle| particle.distance).fold(0.0, f64::max).max(1e-12);
    let smoothed: Vec<f64> = particles
        .iter()
        .zip(&weights)
        .map(|(particle, weight)| {
            weight * (1.0 - (particle.distance / widest) * (particle.distance / widest))
        })
        .collect();
    let total: f64 = smoothed.iter().sum();
    let apart: Vec<f64> = particles
        .iter()
        .flat_map(|particle| (0..PARAMETERS).map(|at| particle.expected[at] - goal[at]))
        .collect();
    let scores: Vec<f64> = particles.iter().flat_map(|particle| particle.scores).collect();
    let map = Linear::fit(&apart, PARAMETERS, &scores, PARAMETERS, 1e-3, |at| smoothed[at]);
    let here = map.at(&[0.0; PARAMETERS]);
    let scores = particles
        .iter()
        .zip(apart.chunks_exact(PARAMETERS))
        .map(|(particle, apart)| {
            let there = map.at(apart);
            std::array::from_fn(|at| particle.scores[at] + here[at] - there[at])
        })
        .collect();
    let weights: Vec<f64> = smoothed.iter().map(|weight| weight / total).collect();
    let effective = 1.0 / weights.iter().map(|weight| weight * weight).sum::<f64>();
    Population { scores, weights, tolerances, accepted, simulations, effective }
}
