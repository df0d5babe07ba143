//! Kou's jump diffusion: normal days, and now and then jumps up or down of exponential size.
//!
//! The law of a day is known by its characteristic function (Kou 2002); density and distribution come from its cosine
//! series (Fang and Oosterlee 2008, equations 11 and 12), which converges exponentially here. Fitted by maximum
//! likelihood; assets go together by a Gaussian copula.

#[cfg(test)]
mod test;

use daotwin_core::statistics::{mean, standard_deviation};
use daotwin_core::{Run, Seed};

use super::dependence::{Dependence, normal_scores};
use super::joint::{IndependentDays, Joint};
use super::margin::Margin;
use super::numeric::{minimise, root_between};
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Exponential jumps up and down.
#[derive(Debug)]
pub struct Kou;

/// Jumps a day at most; more are no jumps.
const MOST_JUMPS: f64 = 2.0;

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Complex {
    pub(super) re: f64,
    pub(super) im: f64,
}

impl Complex {
    pub(super) const fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    pub(super) fn exp(self) -> Self {
        let (sine, cosine) = self.im.sin_cos();
        let size = self.re.exp();
        Self { re: size * cosine, im: size * sine }
    }
}

/// A law on an interval, as a cosine series.
#[derive(Debug)]
pub(super) struct Cosines {
    low: f64,
    width: f64,
    coefficients: Vec<f64>,
}

impl Cosines {
    /// The law with this characteristic function; next to no mass may lie outside of `low` to `high`.
    pub(super) fn new(low: f64, high: f64, terms: usize, characteristic: impl Fn(f64) -> Complex) -> Self {
        let width = high - low;
        let coefficients = (0..terms).map(|k| {
            let u = k as f64 * std::f64::consts::PI / width;
            let value = characteristic(u);
            let turned = Complex::new(0.0, -u * low).exp();
            let weight = if k == 0 { 1.0 } else { 2.0 };
            weight / width * (value.re * turned.re - value.im * turned.im)
        });
        Self { low, width, coefficients: coefficients.collect() }
    }

    /// The density at a value within the interval.
    pub(super) fn density(&self, x: f64) -> f64 {
        // Cosines of multiples of an angle by Clenshaw's recurrence.
        let twice = 2.0 * (std::f64::consts::PI * (x - self.low) / self.width).cos();
        let (mut next, mut after) = (0.0, 0.0);
        for coefficient in self.coefficients[1..].iter().rev() {
            (next, after) = (coefficient + twice * next - after, next);
        }
        self.coefficients[0] + 0.5 * twice * next - after
    }

    /// The densities at all values, four at a time: the recurrence waits for itself otherwise.
    fn ln_densities(&self, values: &[f64]) -> f64 {
        let mut sum = 0.0;
        let mut chunks = values.chunks_exact(8);
        for chunk in &mut chunks {
            let mut twice = [0.0; 8];
            for (twice, x) in twice.iter_mut().zip(chunk) {
                *twice = 2.0 * (std::f64::consts::PI * (x - self.low) / self.width).cos();
            }
            let (mut next, mut after) = ([0.0; 8], [0.0; 8]);
            for coefficient in self.coefficients[1..].iter().rev() {
                for lane in 0..8 {
                    let value = coefficient + twice[lane] * next[lane] - after[lane];
                    after[lane] = next[lane];
                    next[lane] = value;
                }
            }
            for lane in 0..8 {
                sum += floor_ln(self.coefficients[0] + 0.5 * twice[lane] * next[lane] - after[lane]);
            }
        }
        sum + chunks.remainder().iter().map(|x| floor_ln(self.density(*x))).sum::<f64>()
    }

    /// The mass below a value within the interval.
    pub(super) fn below(&self, x: f64) -> f64 {
        let angle = std::f64::consts::PI * (x - self.low) / self.width;
        let twice = 2.0 * angle.cos();
        let (mut before, mut sine) = (0.0, angle.sin());
        let mut sum = self.coefficients[0] * (x - self.low);
        for (k, coefficient) in self.coefficients.iter().enumerate().skip(1) {
            sum += coefficient * sine * self.width / (k as f64 * std::f64::consts::PI);
            (before, sine) = (sine, twice * sine - before);
        }
        sum
    }
}

/// The logarithm of a density that rounding may have made negative.
fn floor_ln(density: f64) -> f64 {
    density.max(1e-12).ln()
}

/// One asset's law, in units of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// Mean of a day without jumps.
    pub mean: f64,
    /// Standard deviation of a day without jumps.
    pub volatility: f64,
    /// Jumps a day.
    pub jumps: f64,
    /// The share of jumps that go up.
    pub up: f64,
    /// Mean size of a jump up.
    pub rise: f64,
    /// Mean size of a jump down, positive.
    pub fall: f64,
}

impl Law {
    fn characteristic(&self, u: f64) -> Complex {
        // 1 / (1 - i u a) = (1 + i u a) / (1 + u^2 a^2)
        let (a, b) = (u * self.rise, u * self.fall);
        let (p, q) = (self.up / (1.0 + a * a), (1.0 - self.up) / (1.0 + b * b));
        Complex::new(
            -0.5 * (u * self.volatility).powi(2) + self.jumps * (p + q - 1.0),
            u * self.mean + self.jumps * (p * a - q * b),
        )
        .exp()
    }

    /// The series on an interval that holds all but some 1e-9 of the law.
    pub(super) fn series(&self, farthest: f64) -> Cosines {
        let reach = (9.0 * self.volatility + 18.0 * self.rise.max(self.fall)).max(1.1 * farthest);
        let terms = (2.0 * reach / self.volatility * 2.4) as usize + 16;
        Cosines::new(self.mean - reach, self.mean + reach, terms.min(4_096), |u| self.characteristic(u))
    }

    /// Maximum likelihood, from a rare-jumps and a frequent-jumps start.
    pub fn fit(returns: &[f64]) -> Self {
        let (centre, spread) = (mean(returns), standard_deviation(returns));
        let farthest = returns.iter().fold(0.0_f64, |far, x| far.max((x - centre).abs())) + spread;
        let law = |p: &[f64]| Self {
            mean: centre + spread * p[0],
            volatility: spread * p[1].exp(),
            jumps: MOST_JUMPS / (1.0 + (-p[2]).exp()),
            up: 1.0 / (1.0 + (-p[3]).exp()),
            rise: spread * p[4].exp(),
            fall: spread * p[5].exp(),
        };
        let worth = |p: &[f64]| -> f64 {
            let law = law(p);
            let thin = 0.1 * spread;
            if law.volatility < thin
                || law.rise.min(law.fall) < thin
                || law.rise.max(law.fall) > 10.0 * spread
            {
                return f64::INFINITY;
            }
            -law.series(farthest).ln_densities(returns)
        };
        let starts = [[0.0, -0.3, -3.0, 0.0, 0.5, 0.5], [0.0, -0.7, -1.0, 0.0, -0.2, -0.2]];
        let found = starts.map(|start| minimise(&start, &[0.1, 0.2, 0.7, 0.5, 0.3, 0.3], 250, &worth));
        let [first, second] = &found;
        law(if first.1 <= second.1 { &first.0 } else { &second.0 })
    }

    fn margin(&self) -> Margin {
        let series = self.series(0.0);
        let (low, high) = (series.low, series.low + series.width);
        // Where rounding would show, the tails are the exponentials that jumps have.
        let edge = 1e-8;
        let inner = |x: f64| series.below(x.clamp(low, high));
        let left = root_between(low, self.mean, |x| inner(x) - edge);
        let right = root_between(self.mean, high, |x| inner(x) - (1.0 - edge));
        let spread =
            (self.volatility.powi(2) + 2.0 * self.jumps * (self.rise.powi(2) + self.fall.powi(2))).sqrt();
        Margin::of_tails(
            spread,
            |x| if x < left { edge * ((x - left) / self.fall).exp() } else { inner(x) },
            |x| if x > right { edge * ((right - x) / self.rise).exp() } else { 1.0 - inner(x) },
        )
    }

    fn named(&self, asset: &str) -> Vec<(String, f64)> {
        [
            ("mean", self.mean),
            ("volatility", self.volatility),
            ("jumps", self.jumps),
            ("up", self.up),
            ("rise", self.rise),
            ("fall", self.fall),
        ]
        .map(|(name, value)| (format!("{asset}.{name}"), value))
        .into()
    }
}

impl MarketModel for Kou {
    fn name(&self) -> &'static str {
        "kou"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "fat tails that differ up and down, from rare jumps of exponential size",
            source: "Kou 2002, A jump-diffusion model for option pricing; Fang and Oosterlee 2008 for its density",
            limits: "jumps come at any time alike: volatility does not cluster, so drawdowns last too short",
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), 100)?;
        let mut laws = vec![];
        for asset in 0..panel.assets().len() {
            run.check()?;
            laws.push(Law::fit(&panel.column(asset)));
        }
        let scores = normal_scores(panel.returns(), panel.assets().len());
        Ok(Box::new(IndependentDays {
            assets: panel.assets().to_vec(),
            margins: laws.iter().map(Law::margin).collect(),
            joint: Joint::Copula(Dependence::gaussian(&scores, panel.assets().len())),
            parameters: panel.assets().iter().zip(&laws).flat_map(|(name, law)| law.named(name)).collect(),
        }))
    }
}
