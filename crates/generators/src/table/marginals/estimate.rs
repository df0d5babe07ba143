//! The distribution of the most entropy that explains noisy marginals.
//!
//! With measured counts `y_k` of standard deviation `s_k` over clique `k`, marginals `mu_k(theta)` of the
//! log-linear model and `n` rows in all, the potentials minimise the convex
//!
//! `log Z(theta) - sum_k theta_k . y_k / n + sum_k ridge_k |theta_k|^2 / 2`, `ridge_k = r s_k^2 / (n s)`,
//!
//! whose gradient is `mu_k - y_k / n + ridge_k theta_k`. It is the dual of the estimate of McKenna, Sheldon and
//! Miklau 2019 (least squares over the marginal polytope, weighted by the noise) with an entropy term of weight
//! `r / s` (`s` the typical deviation), which chooses among the minimisers as they do, smooths cells that noise
//! made negative, and makes the problem unconstrained: L-BFGS (Nocedal and Wright 2006, algorithm 7.4) on a
//! diagonal preconditioner solves it in tens of message passes where mirror descent takes hundreds.

use daotwin_core::Run;

use super::domain::Clique;
use super::inference::Engine;
use crate::error::Result;

/// Noisy counts over a clique.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// The attributes.
    pub(super) clique: Clique,
    /// The counts.
    pub(super) values: Vec<f64>,
    /// The standard deviation of each.
    pub(super) sigma: f64,
}

/// Takes measurements of one clique together, each weighted by its precision.
pub(super) fn merged(measured: &[Measured]) -> Vec<Measured> {
    let mut merged: Vec<Measured> = Vec::new();
    for one in measured {
        match merged.iter_mut().find(|known| known.clique == one.clique) {
            None => merged.push(one.clone()),
            Some(known) => {
                let (old, new) = (known.sigma.powi(-2), one.sigma.powi(-2));
                for (value, other) in known.values.iter_mut().zip(&one.values) {
                    *value = (*value * old + other * new) / (old + new);
                }
                known.sigma = (old + new).powf(-0.5);
            }
        }
    }
    merged
}

/// The number of rows: the sums of all measurements, weighted by their precision (the unbiased estimate of the
/// least variance). At least 1.
pub(super) fn total(measured: &[Measured]) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for one in measured {
        let precision = 1.0 / (one.sigma.powi(2) * one.values.len() as f64);
        sum += precision * one.values.iter().sum::<f64>();
        weight += precision;
    }
    if weight > 0.0 { (sum / weight).max(1.0) } else { 1.0 }
}

/// How hard to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Message passes at most.
    pub(super) passes: usize,
    /// The weight `r` of the entropy.
    pub(super) ridge: f64,
}

/// Pairs of steps that L-BFGS remembers.
const MEMORY: usize = 20;

/// How far a potential moves at most in one step.
const LONGEST_STEP: f64 = 3.0;

/// Ends where the largest gradient is below this share of the typical deviation of a measured probability.
const TOLERANCE: f64 = 1e-2;

/// Moves `theta` (one list of cells a measurement, one behind the other) to the estimate, and leaves the
/// engine at its marginals. The measurements are those the engine was made for, each clique once.
///
/// # Errors
/// Cancellation.
pub(super) fn fit(
    engine: &mut Engine,
    measured: &[Measured],
    rows: f64,
    theta: &mut [f64],
    effort: Effort,
    run: &Run,
) -> Result<()> {
    let cells: usize = measured.iter().map(|one| one.values.len()).sum();
    let typical =
        (measured.iter().map(|one| one.sigma.powi(2)).sum::<f64>() / measured.len().max(1) as f64).sqrt();
    let mut target = Vec::with_capacity(cells);
    let mut ridge = Vec::with_capacity(cells);
    for one in measured {
        // All cliques agree on the number of rows, or their potentials drift apart by constants.
        let excess = (one.values.iter().sum::<f64>() - rows) / one.values.len() as f64;
        target.extend(one.values.iter().map(|value| (value - excess) / rows));
        ridge.resize(target.len(), effort.ridge * one.sigma.powi(2) / (rows * typical));
    }
    let none = vec![None; engine.domain().len()];
    let mut marginals = vec![0.0; cells];
    let mut gradient = vec![0.0; cells];
    let objective = |engine: &mut Engine, theta: &[f64], marginals: &mut [f64], gradient: &mut [f64]| {
        let Some(log_sum) = engine.run(theta, &none) else { return f64::INFINITY };
        engine.marginals(marginals);
        let mut value = log_sum;
        for ((&at, slope), (cell, marginal)) in theta.iter().zip(gradient).zip(marginals.iter().enumerate()) {
            value += at * (0.5 * ridge[cell] * at - target[cell]);
            *slope = marginal - target[cell] + ridge[cell] * at;
        }
        value
    };
    let mut value = objective(engine, theta, &mut marginals, &mut gradient);
    if !value.is_finite() {
        // A start that leaves no row is none.
        theta.fill(0.0);
        value = objective(engine, theta, &mut marginals, &mut gradient);
    }
    let mut passes = 1;
    let tolerance = TOLERANCE * typical / rows;
    let mut memory: std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)> = std::collections::VecDeque::new();
    let mut trial = vec![0.0; cells];
    let mut trial_gradient = vec![0.0; cells];
    let mut direction = vec![0.0; cells];
    let mut alphas = [0.0; MEMORY];
    while passes < effort.passes && value.is_finite() {
        run.check()?;
        if gradient.iter().all(|slope| slope.abs() <= tolerance) {
            break;
        }
        // The two loops of L-BFGS.
        direction.copy_from_slice(&gradient);
        for ((step, change, inverse), alpha) in memory.iter().zip(&mut alphas) {
            *alpha = inverse * dot(step, &direction);
            axpy(&mut direction, -*alpha, change);
        }
        // A cell whose target is far above it must not be thrown past it.
        let curvature = |cell: usize| marginals[cell].max(target[cell]) + ridge[cell];
        let scale = memory.front().map_or(1.0, |(_, change, inverse)| {
            let sum: f64 =
                change.iter().enumerate().map(|(cell, change)| change * change / curvature(cell)).sum();
            1.0 / (inverse * sum)
        });
        for (cell, value) in direction.iter_mut().enumerate() {
            *value *= scale / curvature(cell);
        }
        for ((step, change, inverse), alpha) in memory.iter().zip(&alphas).rev() {
            let beta = inverse * dot(change, &direction);
            axpy(&mut direction, alpha - beta, step);
        }
        // Far from the estimate the model of the objective is poor: no potential moves by more than this.
        direction.iter_mut().for_each(|value| *value = value.clamp(-LONGEST_STEP, LONGEST_STEP));
        let mut slope = dot(&gradient, &direction);
        if slope <= 0.0 {
            memory.clear();
            for (cell, value) in direction.iter_mut().enumerate() {
                *value = (gradient[cell] / curvature(cell)).clamp(-LONGEST_STEP, LONGEST_STEP);
            }
            slope = dot(&gradient, &direction);
        }
        let mut length = 1.0;
        let accepted = loop {
            for (cell, at) in trial.iter_mut().enumerate() {
                *at = theta[cell] - length * direction[cell];
            }
            let next = objective(engine, &trial, &mut marginals, &mut trial_gradient);
            passes += 1;
            if next <= value - 1e-4 * length * slope {
                break Some(next);
            }
            if passes >= effort.passes || length < 1e-3 {
                break None;
            }
            length *= 0.3;
        };
        let Some(next) = accepted else {
            if memory.is_empty() || passes >= effort.passes {
                break;
            }
            // What was remembered misleads: start again from the preconditioned gradient.
            memory.clear();
            objective(engine, theta, &mut marginals, &mut trial_gradient);
            passes += 1;
            continue;
        };
        let mut entry = if memory.len() == MEMORY { memory.pop_back() } else { None }
            .unwrap_or_else(|| (vec![0.0; cells], vec![0.0; cells], 0.0));
        subtract(&trial, theta, &mut entry.0);
        subtract(&trial_gradient, &gradient, &mut entry.1);
        let product = dot(&entry.0, &entry.1);
        if product > 0.0 {
            entry.2 = 1.0 / product;
            memory.push_front(entry);
        }
        theta.copy_from_slice(&trial);
        std::mem::swap(&mut gradient, &mut trial_gradient);
        value = next;
    }
    // The engine may stand at a refused trial.
    engine.run(theta, &none);
    Ok(())
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn subtract(left: &[f64], right: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(left.iter().zip(right)).for_each(|(out, (left, right))| *out = left - right);
}

fn axpy(sum: &mut [f64], by: f64, other: &[f64]) {
    sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += by * other);
}
