//! Training under a budget (DP-SGD): every step a Poisson sample, a sum of clipped gradients, discrete noise.

use super::{Measurer, Record, Sampled};
use crate::accountant::{Event, rdp};
use crate::error::{Error, Result};
use crate::noise::{Noise, NoiseKind};
use crate::samplers::Rational;

/// Lattice units that the clipping norm is cut into.
const UNITS: f64 = (1_u64 << 20) as f64;

/// By how much more a member may move the sum than the clipping norm says. Gradients are floats: the norms they
/// are clipped to and the sum of a batch are rounded, and so is the sum's place on the lattice. For batches of up to
/// 10,000 and networks of up to 2^28 parameters all of that stays far below this share.
const MARGIN: f64 = 1.0 / 32.0;

/// Orders beyond the one at which this release is converted that are checked too: an account that lists other
/// releases, or that has a smaller delta, converts at another order.
const BEYOND: f64 = 1.3;

/// How far apart the orders are that are checked.
const APART: f64 = 1.02;

/// The noise multiplier at which `steps` steps of this rate cost at most `rho`, in this sense: at every order up to
/// `most` the Rényi divergence is at most the order times `rho`. That is zCDP truncated at `most` (Bun, Dwork,
/// Rothblum and Steinke 2018), which adds up like zCDP and converts to (epsilon, delta) alike wherever the best order
/// is not above `most`. Divergences grow with the order, so each order checked answers for those down to the one
/// before.
fn multiplier(rate: f64, steps: u64, rho: f64, most: f64) -> Result<f64> {
    let keeps = |sigma: f64| -> Result<bool> {
        let event = Event::sampled_gaussian(rate, sigma).times(steps);
        let mut order = 1.0;
        while order < most {
            let next = order * APART;
            if rdp::divergence(&event, next)? > order * rho {
                return Ok(false);
            }
            order = next;
        }
        Ok(true)
    };
    let (mut low, mut high) = (0.2_f64, 0.2_f64);
    while !keeps(high)? {
        low = high;
        high *= 2.0;
        if high > 1e6 {
            return Err(Error::Parameter {
                name: "steps",
                found: format!("{steps} at a rate of {rate}"),
                allowed: "as many as the budget pays for",
                why: "no noise that leaves anything of the gradients keeps the budget",
            });
        }
    }
    for _ in 0..24 {
        let middle = (low * high).sqrt();
        if keeps(middle)? { high = middle } else { low = middle }
    }
    Ok(high)
}

/// How a training samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The chance with which each member takes part in a step, by its own coin.
    pub rate: f64,
    /// Steps, all of them.
    pub steps: u64,
    /// Parameters.
    pub length: usize,
}

/// A training that is paid for: [`Training::step`] as often as was said.
#[derive(Debug)]
pub struct Training<'a, N: Noise> {
    measurer: &'a mut Measurer<N>,
    /// A member takes part where a uniform word is below this.
    threshold: u64,
    length: usize,
    left: u64,
    sigma: f64,
    variance: Rational,
}

impl<N: Noise> Measurer<N> {
    /// Pays for a training with this `share` (0 to 1) of the **whole** budget. The noise follows from the price:
    /// the sum's Rényi divergence stays at or below the order times the price at every order that a conversion
    /// of this release, or of an account that lists it beside others, uses. A few per cent more noise than a release
    /// alone would need, for a price that adds up with all others.
    ///
    /// # Errors
    /// As [`Measurer::measure`]; [`Error::Parameter`] for a rate outside (0, 1], no step, no parameter, a price that
    /// no noise keeps, and for a measurer without noise.
    pub fn training(&mut self, name: &str, sampling: Sampling, share: f64) -> Result<Training<'_, N>> {
        let Sampling { rate, steps, length } = sampling;
        super::check(share, 1)?;
        if !(rate > 0.0 && rate <= 1.0) || steps == 0 || length == 0 {
            return Err(Error::Parameter {
                name: "sampling",
                found: format!("a rate of {rate}, {steps} steps, {length} parameters"),
                allowed: "a rate above 0 and up to 1, at least a step and a parameter",
                why: "it is what the price is computed from",
            });
        }
        let Some(budget) = self.budget.filter(|_| N::KIND != NoiseKind::Exact) else {
            return Err(Error::Parameter {
                name: "noise",
                found: "none".to_owned(),
                allowed: "any that is noise",
                why: "without noise there is nothing to pay for: train as usual",
            });
        };
        let rho = self.price(name, share)?;
        let best = (rho.epsilon(budget.delta())? / rho.to_f64() + 1.0) / 2.0 + 1.0;
        let sigma = multiplier(rate, steps, rho.to_f64(), BEYOND * best)?;
        self.spent = self.spent.checked_add(rho).unwrap_or(self.total());
        let sensitivity = UNITS * (1.0 + MARGIN) * f64::from(self.group);
        let deviation = (sigma * sensitivity).ceil() as u128;
        self.records.push(Record {
            name: name.to_owned(),
            length,
            sensitivity,
            sigma: deviation as f64,
            rho: rho.to_f64(),
            sampled: Some(Sampled { rate, steps }),
        });
        let variance = Rational::new(deviation * deviation, 1)?;
        // Rounded down, so that nobody takes part more often than was paid for.
        let threshold = (rate * 2.0_f64.powi(64)) as u64;
        Ok(Training { measurer: self, threshold, length, left: steps, sigma, variance })
    }
}

impl<N: Noise> Training<'_, N> {
    /// Steps that are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The deviation of the noise over the norm of a member's gradient: the clipping norm times the rows of a group.
    pub fn multiplier(&self) -> f64 {
        self.sigma
    }

    /// One step: draws which of `rows` members take part, hands their places (ascending, maybe none) to `sum`
    /// together with 64 bits to draw from, and returns its answer with noise. What `sum` draws (masks, hidden parts)
    /// must come from those bits: dice that somebody knows would fall differently for all who come after a member
    /// that takes part, and the sum would move by more than that member's gradient. `sum` gives the sum of their gradients, each scaled down to the norm
    /// `bound` before (of a measurer [of groups](Measurer::of_groups), those of each of a member's rows); that it does so is the caller's part of the promise. A sum that is not finite counts as zero,
    /// value by value. Places and noise come from the same source of bits as all noise of this measurer.
    ///
    /// # Errors
    /// [`Error::Parameter`] where no step is left or lengths differ; [`Error::Entropy`]; the errors of `sum`. The
    /// price stays paid.
    pub fn step<E: From<Error>>(
        &mut self,
        rows: usize,
        bound: f64,
        sum: impl FnOnce(&[u32], u64) -> std::result::Result<Vec<f32>, E>,
    ) -> std::result::Result<Vec<f32>, E> {
        let refused = |name, found: String, allowed, why| Error::Parameter { name, found, allowed, why };
        let Some(left) = self.left.checked_sub(1) else {
            return Err(refused(
                "step",
                "one more".to_owned(),
                "as many as were paid for",
                "each has its price",
            )
            .into());
        };
        if !(bound > 0.0 && bound.is_finite()) {
            return Err(refused("bound", bound.to_string(), "above 0", "gradients are clipped to it").into());
        }
        self.left = left;
        let mut batch = Vec::new();
        for row in 0..rows as u32 {
            // A rate of 1 has no threshold within 64 bits.
            if self.threshold == u64::MAX || self.measurer.noise.word()? < self.threshold {
                batch.push(row);
            }
        }
        let sum = sum(&batch, self.measurer.noise.word()?)?;
        if sum.len() != self.length {
            let found = format!("{} parameters", sum.len());
            return Err(refused("sum", found, "as many as were said", "the record says how many").into());
        }
        let unit = bound / UNITS;
        let whole: Vec<i64> = sum.iter().map(|value| (f64::from(*value) / unit).round() as i64).collect();
        let noisy = self.measurer.noise.gaussian(self.variance, &whole)?;
        Ok(noisy.into_iter().map(|value| (value * unit) as f32).collect())
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::Budget;
    use crate::accountant::pld;

    /// The price is above what the exact accountant finds, and not by much.
    #[test]
    fn a_training_keeps_its_budget_alone_and_beside_counts() {
        for (rate, steps, epsilon, delta, share) in [
            (0.02, 1_000, 1.0, 1e-9, 1.0),
            (0.01, 3_000, 3.0, 1e-6, 0.95),
            (1.0, 50, 2.0, 1e-5, 1.0),
            (0.2, 60, 8.0, 1e-6, 0.9),
        ] {
            let mut measurer = Measurer::unaccounted(Budget::new(epsilon, delta).unwrap());
            let sampling = Sampling { rate, steps, length: 3 };
            let sigma = measurer.training("train", sampling, share).unwrap().multiplier();
            let mut event = Event::sampled_gaussian(rate, sigma).times(steps);
            if share < 1.0 {
                let count = measurer.measure("count", &[7], 1, 1.0 - share).unwrap();
                event = event.and(Event::Gaussian { sigma: count.sigma });
            }
            let exact = pld::epsilon(&event, delta).unwrap();
            println!("{rate} {steps}: multiplier {sigma}, epsilon {} of {epsilon}", exact.upper);
            assert!(exact.upper <= epsilon, "{exact:?} {epsilon}");
            assert!(exact.lower > 0.75 * epsilon, "{exact:?} {epsilon}");
            assert!(measurer.remaining().to_f64() < 1e-9 * measurer.total().to_f64());
            assert!(measurer.training("again", sampling, 0.1).is_err());
        }
    }

    /// 400 steps over 1,000 members at a rate of 0.1: 40,000 take part, deviation 190; of one sum of 1 in each of
    /// 400 x 50 values the mean has deviation sigma / 141. Five deviations each.
    #[test]
    fn members_take_part_by_their_coins_and_noise_is_as_paid() {
        let mut measurer = Measurer::unaccounted(Budget::new(5.0, 1e-6).unwrap());
        let mut training =
            measurer.training("train", Sampling { rate: 0.1, steps: 400, length: 50 }, 1.0).unwrap();
        let sigma = training.multiplier();
        let (mut members, mut values) = (0, Vec::new());
        while training.left() > 0 {
            let noisy = training.step(1_000, 0.5, |batch, _| {
                members += batch.len();
                Ok::<_, Error>(vec![1.0; 50])
            });
            values.extend(noisy.unwrap());
        }
        assert!((members as f64 - 40_000.0).abs() < 5.0 * 190.0, "{members}");
        let deviation = 0.5 * sigma * (1.0 + MARGIN);
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / 20_000.0;
        assert!((mean - 1.0).abs() < 5.0 * deviation / 141.0, "{mean}");
        let square = values.iter().map(|value| (f64::from(*value) - 1.0).powi(2)).sum::<f64>() / 20_000.0;
        // The mean square of 20,000 draws has relative deviation 0.01.
        assert!((square.sqrt() / deviation - 1.0).abs() < 0.025, "{} {deviation}", square.sqrt());
        assert!(training.step(1_000, 0.5, |_, _| Ok::<_, Error>(vec![1.0; 50])).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let budget = Budget::new(1.0, 1e-6).unwrap();
        let good = Sampling { rate: 0.1, steps: 10, length: 2 };
        for sampling in [
            Sampling { rate: 0.0, ..good },
            Sampling { rate: 1.5, ..good },
            Sampling { rate: f64::NAN, ..good },
            Sampling { steps: 0, ..good },
            Sampling { length: 0, ..good },
        ] {
            assert!(Measurer::unaccounted(budget).training("train", sampling, 1.0).is_err(), "{sampling:?}");
        }
        assert!(Measurer::unaccounted(budget).training("train", good, 1.1).is_err());
        assert!(Measurer::exact().training("train", good, 1.0).is_err());
        let mut measurer = Measurer::unaccounted(budget);
        let mut training = measurer.training("train", good, 1.0).unwrap();
        assert!(training.step(5, 1.0, |_, _| Ok::<_, Error>(vec![1.0])).is_err());
        assert!(training.step(5, 0.0, |_, _| Ok::<_, Error>(vec![1.0; 2])).is_err());
        // What a training that diverged would hand over.
        let noisy = training.step(5, 1.0, |_, _| Ok::<_, Error>(vec![f32::NAN, f32::INFINITY]));
        assert!(noisy.is_err() || noisy.unwrap().iter().all(|value| value.is_finite()));
    }
}
