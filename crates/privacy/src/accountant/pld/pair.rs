//! The two laws that a step's output may follow, and the loss between them.
//!
//! A step's neighbours are told apart best by a pair of laws on a line: the *base* `Q` (the member is not
//! there) and `P = (1 - rate) Q + rate S` with `S` the base shifted by the sensitivity. With
//! `t = ln(dS/dQ)` the loss is `ln(dP/dQ) = ln(1 - rate + rate e^t)`, which grows with `t`; for each mechanism
//! here `t` grows with the output. Every law is a smooth part, atoms, and a negligible rest.

use daotwin_core::statistics::normal_cdf;

use crate::accountant::event::{Mechanism, Step};

/// An output, or many with one loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    /// ln(dS/dQ).
    t: f64,
    base: f64,
    shifted: f64,
}

/// Where a law is smooth.
#[derive(Debug, Clone, Copy)]
enum Curve {
    Gaussian {
        sigma: f64,
    },
    /// Between the two centres; beyond them the loss is constant.
    Laplace {
        scale: f64,
    },
    None,
}

/// What a panel of the integration sees.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mass {
    /// Under the member's presence.
    pub(super) present: f64,
    /// Under its absence.
    pub(super) absent: f64,
    pub(super) loss: f64,
}

/// A step's pair of laws.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    rate: f64,
    curve: Curve,
    atoms: Vec<Atom>,
    /// A length over which the smooth densities and `t` change little.
    pub(super) scale: f64,
    /// A loss and a spacing: every atom's loss is the one plus a multiple of the other.
    pub(super) lattice: Option<(f64, f64)>,
}

/// Deviations beyond which no mass of a discrete law is listed: below 1e-50 of it.
const DISCRETE_REACH: f64 = 15.5;

/// What the unlisted values of a discrete law can add up to, under either law.
const UNLISTED: f64 = 1e-50;

impl Pair {
    pub(super) fn new(step: Step) -> Self {
        let Step { rate, mechanism } = step;
        let (curve, scale, atoms) = match mechanism {
            Mechanism::Gaussian { sigma } => {
                (Curve::Gaussian { sigma }, sigma.min(sigma * sigma), Vec::new())
            }
            Mechanism::Laplace { scale } => {
                let (near, far) = (0.5, 0.5 * (-1.0 / scale).exp());
                let ends = vec![
                    Atom { t: -1.0 / scale, base: near, shifted: far },
                    Atom { t: 1.0 / scale, base: far, shifted: near },
                ];
                (Curve::Laplace { scale }, scale / 2.0, ends)
            }
            Mechanism::DiscreteGaussian { sigma, sensitivity } => {
                (Curve::None, 1.0, discrete_gaussian(sigma, sensitivity))
            }
            Mechanism::DiscreteLaplace { scale, sensitivity } => {
                (Curve::None, 1.0, discrete_laplace(scale, sensitivity))
            }
            Mechanism::RandomisedResponse { epsilon, categories } => {
                let others = f64::from(categories) - 1.0;
                let lie = 1.0 / (epsilon.exp() + others);
                let truth = epsilon.exp() * lie;
                let atoms = vec![
                    Atom { t: -epsilon, base: truth, shifted: lie },
                    Atom { t: 0.0, base: (others - 1.0) * lie, shifted: (others - 1.0) * lie },
                    Atom { t: epsilon, base: lie, shifted: truth },
                ];
                (Curve::None, 1.0, atoms)
            }
        };
        let mut pair = Self { rate, curve, atoms, scale, lattice: None };
        let span = |pair: &Self| {
            let (first, last) = (pair.atoms.first()?, pair.atoms.last()?);
            Some((pair.loss(first.t), pair.loss(last.t) - pair.loss(first.t)))
        };
        pair.lattice = match mechanism {
            Mechanism::Laplace { .. } if rate == 1.0 => span(&pair),
            Mechanism::RandomisedResponse { epsilon, .. } => Some((0.0, epsilon)),
            Mechanism::DiscreteGaussian { .. } | Mechanism::DiscreteLaplace { .. } if rate == 1.0 => {
                span(&pair).map(|(first, span)| (first, span / (pair.atoms.len() - 1) as f64))
            }
            Mechanism::Gaussian { .. }
            | Mechanism::Laplace { .. }
            | Mechanism::DiscreteGaussian { .. }
            | Mechanism::DiscreteLaplace { .. } => None,
        };
        pair
    }

    /// Whether presence and absence may be exchanged.
    pub(super) fn is_symmetric(&self) -> bool {
        self.rate == 1.0
    }

    /// ln(1 - rate + rate e^t).
    fn loss(&self, t: f64) -> f64 {
        let rate = self.rate;
        if rate == 1.0 {
            t
        } else if t > 30.0 {
            t + rate.ln() + ((1.0 - rate) / rate * (-t).exp()).ln_1p()
        } else {
            (rate * t.exp_m1()).ln_1p()
        }
    }

    /// The inverse of [`Pair::loss`]; minus infinity for a loss that is not reached.
    fn inverse(&self, loss: f64) -> f64 {
        let rate = self.rate;
        if rate == 1.0 {
            loss
        } else if loss > 30.0 {
            loss - rate.ln() + (-(1.0 - rate) * (-loss).exp()).ln_1p()
        } else {
            let ratio = loss.exp_m1() / rate;
            if ratio <= -1.0 { f64::NEG_INFINITY } else { ratio.ln_1p() }
        }
    }

    fn mix(&self, base: f64, shifted: f64) -> f64 {
        (1.0 - self.rate) * base + self.rate * shifted
    }

    fn t_at(&self, x: f64) -> f64 {
        match self.curve {
            Curve::Gaussian { sigma } => (x - 0.5) / (sigma * sigma),
            Curve::Laplace { scale } => (2.0 * x - 1.0) / scale,
            Curve::None => 0.0,
        }
    }

    /// The output at which the loss is this much.
    pub(super) fn output(&self, loss: f64) -> f64 {
        let t = self.inverse(loss);
        match self.curve {
            Curve::Gaussian { sigma } => t * sigma * sigma + 0.5,
            Curve::Laplace { scale } => (t * scale + 1.0) / 2.0,
            Curve::None => 0.0,
        }
    }

    /// Both densities of the smooth part, present and absent.
    pub(super) fn densities(&self, x: f64) -> (f64, f64) {
        let base = match self.curve {
            Curve::Gaussian { sigma } => {
                (-x * x / (2.0 * sigma * sigma)).exp() / (sigma * std::f64::consts::TAU.sqrt())
            }
            Curve::Laplace { scale } => (-x / scale).exp() / (2.0 * scale),
            Curve::None => 0.0,
        };
        let t = self.t_at(x);
        if t > 300.0 {
            // Far beyond the member's centre the base may be lost to underflow; the shifted density is not.
            let shifted = match self.curve {
                Curve::Gaussian { sigma } => {
                    (-(x - 1.0) * (x - 1.0) / (2.0 * sigma * sigma)).exp()
                        / (sigma * std::f64::consts::TAU.sqrt())
                }
                Curve::Laplace { scale } => (-(1.0 - x) / scale).exp() / (2.0 * scale),
                Curve::None => 0.0,
            };
            return (self.mix(base, shifted), base);
        }
        (base * (1.0 + self.rate * t.exp_m1()), base)
    }

    pub(super) fn loss_at(&self, x: f64) -> f64 {
        self.loss(self.t_at(x))
    }

    pub(super) fn atoms(&self) -> impl Iterator<Item = Mass> {
        self.atoms.iter().filter(|atom| atom.base > 0.0 || atom.shifted > 0.0).map(|atom| Mass {
            present: self.mix(atom.base, atom.shifted),
            absent: atom.base,
            loss: self.loss(atom.t),
        })
    }

    /// Where the smooth part is integrated so that less than `rest` is left out on each side, and the mass left
    /// out, present and absent.
    pub(super) fn range(&self, rest: f64) -> (f64, f64, f64, f64) {
        match self.curve {
            Curve::Gaussian { sigma } => {
                // Phi(-z) <= exp(-z^2 / 2) / 2.
                let z = |rest: f64| (-2.0 * rest.clamp(1e-300, 0.5).ln()).sqrt();
                let low = -sigma * z(rest);
                let high = (1.0 + sigma * z(rest / self.rate)).max(sigma * z(rest));
                let outside =
                    |center: f64| normal_cdf((low - center) / sigma) + normal_cdf((center - high) / sigma);
                (low, high, self.mix(outside(0.0), outside(1.0)), outside(0.0))
            }
            Curve::Laplace { .. } => (0.0, 1.0, 0.0, 0.0),
            Curve::None => (0.0, 0.0, UNLISTED, UNLISTED),
        }
    }

    /// The law as a moderate number of masses whose moments are its moments: for choosing the grid and the tilt,
    /// and for bounds by moments. All but `rest` of the smooth part on each side.
    pub(super) fn nodes(&self, rest: f64) -> Vec<Mass> {
        let mut nodes: Vec<Mass> = self.atoms().collect();
        let (low, high, _, _) = self.range(rest);
        if high > low {
            // The trapezoid rule: exponentially exact for a density that vanishes at both ends. Laplace's does
            // not, and its error there is of second order, which a guess can bear.
            let count = ((high - low) / (0.1 * self.scale)).ceil().clamp(64.0, 4e4);
            let width = (high - low) / count;
            nodes.extend((0..=count as usize).map(|index| {
                let x = low + width * index as f64;
                let weight = if index == 0 || index == count as usize { width / 2.0 } else { width };
                let (present, absent) = self.densities(x);
                Mass { present: weight * present, absent: weight * absent, loss: self.loss_at(x) }
            }));
        }
        nodes
    }
}

fn discrete_gaussian(sigma: f64, sensitivity: u32) -> Vec<Atom> {
    let reach = (DISCRETE_REACH * sigma).ceil() as i64 + 1;
    let weight = |x: i64| (-(x as f64).powi(2) / (2.0 * sigma * sigma)).exp();
    let total: f64 = (1..=reach).rev().map(|x| 2.0 * weight(x)).sum::<f64>() + 1.0;
    let shift = i64::from(sensitivity);
    (-reach..=shift + reach)
        .map(|x| {
            let t = (2.0 * x as f64 - shift as f64) * shift as f64 / (2.0 * sigma * sigma);
            Atom { t, base: weight(x) / total, shifted: weight(x - shift) / total }
        })
        .collect()
}

fn discrete_laplace(scale: f64, sensitivity: u32) -> Vec<Atom> {
    // P(x) = tanh(1/(2 scale)) exp(-|x| / scale).
    let top = (0.5 / scale).tanh();
    let at = |x: i64| top * (-(x.unsigned_abs() as f64) / scale).exp();
    // The mass at and beyond the nearer centre: 1/(1 + e^(-1/scale)).
    let near = 1.0 / (1.0 + (-1.0 / scale).exp());
    let far = near * (-f64::from(sensitivity) / scale).exp();
    let shift = i64::from(sensitivity);
    let t = shift as f64 / scale;
    let mut atoms = vec![Atom { t: -t, base: near, shifted: far }];
    atoms.extend((1..shift).map(|x| Atom {
        t: (2 * x - shift) as f64 / scale,
        base: at(x),
        shifted: at(shift - x),
    }));
    atoms.push(Atom { t, base: far, shifted: near });
    atoms
}
