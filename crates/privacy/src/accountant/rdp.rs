//! Accounting by Rényi divergences: one upper bound for each order, and the best of them.
//!
//! A mechanism is (alpha, r)-RDP where the Rényi divergence of order alpha between its outputs with and without a
//! member is at most r, both ways (Mironov 2017). Divergences of one order add up under adaptive composition.
//! The bound is never below the truth and is usually 5 to 50 % above it: [`pld`](super::pld) tells how much.

use super::event::{Mechanism, Step, steps};
use super::{Event, check_delta, check_epsilon};
use crate::error::{Error, Result};

/// The orders that are tried: dense near 1, where large epsilons are decided, sparse far out.
fn orders() -> impl Iterator<Item = f64> {
    let near = (1..100).map(|tenth| 1.0 + f64::from(tenth) / 10.0);
    let whole = (11..64).map(f64::from);
    near.chain(whole).chain((0..=32).map(|step| (64.0 * 2.0_f64.powf(f64::from(step) / 4.0)).round()))
}

/// The Rényi divergence of this order that an event amounts to.
///
/// Gaussian, Laplace and randomised response in closed form (Mironov 2017; Gil, Alajaji and Linder 2013), discrete
/// Gaussian by its bound, which is exact at whole orders (Canonne, Kamath and Steinke 2020). Under Poisson sampling:
/// whole orders in closed form (Mironov, Talwar and Zhang 2019, section 3.3); the Gaussian's other orders by an
/// integral that the trapezoid rule takes to machine precision, where the published series may not converge.
///
/// # Errors
/// [`Error::Parameter`] for an event out of range, an order not above 1 or above 1e6, and a sampled mechanism other
/// than Gaussian at an order that is not whole.
pub fn divergence(event: &Event, order: f64) -> Result<f64> {
    if !(order > 1.0 && order <= 1e6) {
        return Err(Error::Parameter {
            name: "order",
            found: order.to_string(),
            allowed: "above 1, up to 1e6",
            why: "divergences of lower orders convert to no epsilon",
        });
    }
    let steps = steps(event)?;
    steps.iter().try_fold(0.0, |sum, (step, times)| {
        let one = of_step(step, order).ok_or_else(|| Error::Parameter {
            name: "order",
            found: order.to_string(),
            allowed: "whole numbers for sampled mechanisms that are not Gaussian",
            why: "no closed form is known for the others",
        })?;
        Ok(sum + *times as f64 * one)
    })
}

/// The smallest epsilon at this delta that some order shows.
///
/// The conversion is that of Canonne, Kamath and Steinke 2020, Proposition 12 (Balle, Barthe, Gaboardi, Hsu and Sato
/// 2020 prove it best possible for one order).
///
/// # Errors
/// [`Error::Parameter`] for an event or a delta out of range.
pub fn epsilon(event: &Event, delta: f64) -> Result<f64> {
    check_delta(delta)?;
    let steps = steps(event)?;
    let at =
        |order: f64| total(&steps, order).map(|moment| moment + slope(order) - delta.ln() / (order - 1.0));
    Ok(orders().filter_map(at).fold(f64::INFINITY, f64::min).max(0.0))
}

/// The smallest delta at this epsilon that some order shows.
///
/// # Errors
/// As [`epsilon`].
pub fn delta(event: &Event, epsilon: f64) -> Result<f64> {
    check_epsilon(epsilon)?;
    let steps = steps(event)?;
    let at =
        |order: f64| total(&steps, order).map(|moment| (order - 1.0) * (moment + slope(order) - epsilon));
    Ok(orders().filter_map(at).fold(f64::INFINITY, f64::min).min(0.0).exp())
}

/// ln((a - 1)/a) - ln(a)/(a - 1).
fn slope(order: f64) -> f64 {
    (-1.0 / order).ln_1p() - order.ln() / (order - 1.0)
}

fn total(steps: &[(Step, u64)], order: f64) -> Option<f64> {
    steps.iter().try_fold(0.0, |sum, (step, times)| Some(sum + *times as f64 * of_step(step, order)?))
}

/// `None` where nothing is known at this order.
fn of_step(step: &Step, order: f64) -> Option<f64> {
    if step.rate == 1.0 {
        return Some(unsampled(&step.mechanism, order));
    }
    let whole = order.fract() == 0.0;
    match step.mechanism {
        Mechanism::Gaussian { sigma } if !whole => Some(sampled_gaussian(step.rate, sigma, order)),
        mechanism if whole => Some(sampled_whole(step.rate, order, |order| unsampled(&mechanism, order))),
        _ => None,
    }
}

fn unsampled(mechanism: &Mechanism, order: f64) -> f64 {
    match *mechanism {
        Mechanism::Gaussian { sigma } => order / (2.0 * sigma * sigma),
        Mechanism::DiscreteGaussian { sigma, sensitivity } => {
            order * f64::from(sensitivity).powi(2) / (2.0 * sigma * sigma)
        }
        Mechanism::Laplace { scale } => {
            let (a, b) = (order, 1.0 / scale);
            log_sum(&[(a / (2.0 * a - 1.0)).ln() + b * (a - 1.0), ((a - 1.0) / (2.0 * a - 1.0)).ln() - b * a])
                / (a - 1.0)
        }
        Mechanism::DiscreteLaplace { scale, sensitivity } => discrete_laplace(scale, sensitivity, order),
        Mechanism::RandomisedResponse { epsilon, categories } => {
            let others = f64::from(categories) - 1.0;
            let lie = -log_sum(&[epsilon, others.ln()]);
            let truth = epsilon + lie;
            let mut terms = vec![order * truth + (1.0 - order) * lie, order * lie + (1.0 - order) * truth];
            if categories > 2 {
                terms.push((others - 1.0).ln() + lie);
            }
            log_sum(&terms) / (order - 1.0)
        }
    }
}

/// P(x) is proportional to exp(-|x| / scale); a sum over the outputs between the centres, and both outer parts.
fn discrete_laplace(scale: f64, sensitivity: u32, order: f64) -> f64 {
    let shift = f64::from(sensitivity);
    let top = (0.5 / scale).tanh().ln();
    let near = -(-1.0 / scale).exp().ln_1p();
    let mut terms = vec![near + (order - 1.0) * shift / scale, near - order * shift / scale];
    terms.extend((1..sensitivity).map(|x| {
        let (from, to) = (f64::from(x), shift - f64::from(x));
        top - order * to / scale - (1.0 - order) * from / scale
    }));
    log_sum(&terms) / (order - 1.0)
}

/// E_Q[((1 - q) + q P/Q)^a] by the binomial theorem: the k-th moment of P/Q is exp((k - 1) D_k).
///
/// The other direction's divergence is not larger: Mironov, Talwar and Zhang 2019, Theorem 5, whose proof uses
/// only that P and Q are mirror images of each other; all mechanisms here are.
fn sampled_whole(rate: f64, order: f64, divergence: impl Fn(f64) -> f64) -> f64 {
    let count = order as u64;
    let (log_in, log_out) = (rate.ln(), (-rate).ln_1p());
    let mut binomial = 0.0;
    let mut terms = Vec::with_capacity(count as usize + 1);
    for k in 0..=count {
        let moment = if k < 2 { 0.0 } else { (k as f64 - 1.0) * divergence(k as f64) };
        terms.push(binomial + k as f64 * log_in + (count - k) as f64 * log_out + moment);
        binomial += ((count - k) as f64 / (k as f64 + 1.0)).ln();
    }
    log_sum(&terms).max(0.0) / (order - 1.0)
}

/// The same for Gaussian noise and any order, as the integral of N(x; 0, sigma) (1 - q + q e^((2x - 1)/(2 sigma^2)))^a.
///
/// The integrand is analytic in a strip of half width pi sigma^2, so the trapezoid rule with steps of sigma^2 / 4 or
/// sigma / 4 errs by less than exp(-70) of it.
fn sampled_gaussian(rate: f64, sigma: f64, order: f64) -> f64 {
    let variance = sigma * sigma;
    let step = 0.25 * sigma.min(variance);
    let (low, high) = (-12.0 * sigma, order + 12.0 * sigma);
    let log_at = |x: f64| {
        let t = (2.0 * x - 1.0) / (2.0 * variance);
        // ln(1 - q + q e^t) without overflow.
        let loss = if t > 30.0 {
            t + rate.ln() + ((1.0 - rate) / rate * (-t).exp()).ln_1p()
        } else {
            (rate * t.exp_m1()).ln_1p()
        };
        -x * x / (2.0 * variance) + order * loss
    };
    let count = ((high - low) / step).ceil() as usize;
    let terms: Vec<f64> = (0..=count).map(|index| log_at(low + index as f64 * step)).collect();
    (log_sum(&terms) + (step / (sigma * std::f64::consts::TAU.sqrt())).ln()).max(0.0) / (order - 1.0)
}

/// ln of a sum of exponentials.
fn log_sum(logs: &[f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + logs.iter().map(|log| (log - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod test {
    use super::*;

    /// Values of an independent implementation with similar orders.
    #[test]
    fn epsilon_matches_known_values() {
        for (rate, sigma, times, delta, expected) in [
            (0.01, 1.0, 1000, 1e-5, 2.101_367),
            (0.01, 1.0, 10_000, 1e-5, 6.712_757),
            (0.01, 0.8, 1000, 1e-5, 3.695_613),
            (0.01, 0.5, 100, 1e-5, 8.034_120),
            (0.001, 0.7, 10_000, 1e-6, 2.473_040),
            (0.004, 1.1, 14_400, 1e-5, 2.448_191),
            (0.1, 2.0, 200, 1e-5, 3.679_746),
            (0.05, 1.0, 500, 1e-5, 8.301_589),
            (0.02, 1.5, 5000, 1e-6, 5.714_354),
            (0.001, 0.6, 100_000, 1e-7, 8.609_238),
            (1.0, 1.0, 1, 1e-5, 4.728_507),
            (1.0, 50.0, 1000, 1e-6, 3.131_090),
        ] {
            let found = epsilon(&Event::sampled_gaussian(rate, sigma).times(times), delta).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-3, "{rate} {sigma} {times}: {found}, not {expected}");
        }
    }

    /// The sum and the integral are two computations of one number.
    #[test]
    fn both_forms_of_the_sampled_gaussian_agree() {
        for rate in [1e-5, 0.01, 0.5, 0.999] {
            for sigma in [0.3, 1.0, 7.0] {
                for order in [2.0, 5.0, 32.0] {
                    let sum = sampled_whole(rate, order, |k| k / (2.0 * sigma * sigma));
                    let integral = sampled_gaussian(rate, sigma, order);
                    // The sum's terms are near 1 where the divergence is tiny.
                    assert!(
                        (sum - integral).abs() < 1e-9 * sum + 1e-13,
                        "{rate} {sigma} {order}: {sum} {integral}"
                    );
                }
            }
        }
    }

    #[test]
    fn divergences_grow_with_the_order_and_shrink_with_the_noise() {
        let at = |sigma, order| divergence(&Event::sampled_gaussian(0.02, sigma), order).unwrap();
        let mut last = 0.0;
        for order in [1.1, 1.5, 2.0, 2.5, 3.0, 8.0, 8.3, 64.0] {
            let found = at(1.0, order);
            assert!(found >= last && at(1.1, order) < found, "{order}");
            last = found;
        }
        // Pure mechanisms stay below their epsilon, and come near it.
        for event in [
            Event::Laplace { scale: 2.0 },
            Event::DiscreteLaplace { scale: 2.0, sensitivity: 1 },
            Event::RandomisedResponse { epsilon: 0.5, categories: 2 },
            Event::RandomisedResponse { epsilon: 0.5, categories: 9 },
        ] {
            let (few, many) = (divergence(&event, 1.5).unwrap(), divergence(&event, 1e5).unwrap());
            assert!(few < 0.5 && many <= 0.5 + 1e-12 && many > 0.499, "{event:?} {few} {many}");
        }
    }

    #[test]
    fn delta_inverts_epsilon() {
        let event = Event::sampled_gaussian(0.01, 1.0).times(1000).and(Event::Laplace { scale: 10.0 });
        let found = epsilon(&event, 1e-5).unwrap();
        assert!((delta(&event, found).unwrap() / 1e-5 - 1.0).abs() < 1e-9);
        let sampled = Event::Sampled { rate: 0.1, event: Box::new(Event::Laplace { scale: 1.0 }) };
        assert!(divergence(&sampled, 2.5).is_err() && divergence(&sampled, 3.0).is_ok());
        assert!(divergence(&event, 1.0).is_err());
    }
}
