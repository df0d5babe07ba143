//! Where to look: exponential tilting of a composition.
//!
//! delta is a tail, often a tiny one. Weighting each loss by e^(theta loss) moves the tail to the middle of the
//! distribution, where a Fourier transform computes it with small *relative* error (Esscher 1932; the theta that
//! is best for a bound by moments is nearly best here). Any theta gives valid bounds.

use super::pair::Mass;

/// The masses of one step under one direction, as logarithms, and how often the step is taken.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    steps: Vec<(Vec<(f64, f64)>, f64)>,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Query {
    /// The epsilon at this delta.
    Epsilon(f64),
    /// The delta at this epsilon.
    Delta(f64),
}

/// A tilt and what it says of the composition. Nothing here needs to be exact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tilt {
    pub(super) theta: f64,
    /// The answer's upper bound by moments: epsilon, or ln(delta).
    pub(super) bound: f64,
    /// The tilted deviation of the composed loss.
    pub(super) deviation: f64,
    /// Nearly all tilted mass lies between these composed losses.
    pub(super) low: f64,
    pub(super) high: f64,
    /// The further tilts that bound what lies outside.
    pub(super) low_tilt: f64,
    pub(super) high_tilt: f64,
}

/// How wide cells may be.
#[derive(Debug)]
pub(super) struct Spacing {
    /// Of each step: the loss of most mass; and up to which loss cells may be as wide as this, times the factor.
    steps: Vec<(f64, Vec<(f64, f64)>)>,
    factor: f64,
}

impl Spacing {
    /// The width of a step's cells at a loss, when all are so much finer.
    pub(super) fn at(&self, step: usize, loss: f64, finer: f64) -> f64 {
        let (center, widths) = &self.steps[step];
        let place = widths.partition_point(|&(end, _)| end < loss).min(widths.len().max(1) - 1);
        let width = widths.get(place).map_or(f64::INFINITY, |found| found.1 * self.factor);
        finer * width.min(AWAY * (loss - center).abs())
    }
}

/// The width of a cell over its distance from where most mass is.
const AWAY: f64 = 0.03;

/// ln of the tilted mass that may lie outside the window on each side.
const OUTSIDE: f64 = -23.0;

impl Moments {
    /// From each step's nodes and count; `present` says whose loss it is.
    pub(super) fn new<'a>(steps: impl Iterator<Item = (&'a [Mass], u64)>, present: bool) -> Self {
        let direct = |mass: &Mass| {
            if present { (mass.present.ln(), mass.loss) } else { (mass.absent.ln(), -mass.loss) }
        };
        Self {
            steps: steps
                .map(|(nodes, times)| {
                    let masses = nodes.iter().map(direct).filter(|(log, _)| log.is_finite()).collect();
                    (masses, times as f64)
                })
                .collect(),
        }
    }

    /// The largest loss of any step.
    pub(super) fn largest(&self) -> f64 {
        let losses = self.steps.iter().flat_map(|(masses, _)| masses).map(|(_, loss)| *loss);
        losses.fold(f64::NEG_INFINITY, f64::max)
    }

    /// The same with losses above `cap` split into the cap and infinity, and without what is infinite.
    pub(super) fn capped(&self, cap: f64) -> Self {
        let steps = self.steps.iter().map(|(masses, times)| {
            (masses.iter().map(|&(log, loss)| (log - (loss - cap).max(0.0), loss.min(cap))).collect(), *times)
        });
        Self { steps: steps.collect() }
    }

    /// A composed loss that is nearly never undercut, by moments; not above 0.
    pub(super) fn least(&self) -> f64 {
        let least = |power: i32| {
            let order = 4.0_f64.powi(power);
            (BESIDE - self.log_moment(-order)) / order
        };
        (-10..=20).map(least).filter(|loss| loss.is_finite()).fold(f64::NEG_INFINITY, f64::max).min(0.0)
    }

    /// ln E[e^(theta loss)] of the composition.
    fn log_moment(&self, theta: f64) -> f64 {
        self.steps
            .iter()
            .map(|(masses, times)| {
                let largest =
                    masses.iter().map(|(log, loss)| log + theta * loss).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = masses.iter().map(|(log, loss)| (log + theta * loss - largest).exp()).sum();
                times * (largest + sum.ln())
            })
            .sum()
    }

    /// The mean and the variance of each step's loss under the tilt.
    fn spread(&self, theta: f64) -> (f64, f64) {
        let (mut mean, mut variance) = (0.0, 0.0);
        for (masses, times) in &self.steps {
            let largest =
                masses.iter().map(|(log, loss)| log + theta * loss).fold(f64::NEG_INFINITY, f64::max);
            let (mut weight, mut first) = (0.0, 0.0);
            for (log, loss) in masses {
                let mass = (log + theta * loss - largest).exp();
                weight += mass;
                first += mass * loss;
            }
            let center = first / weight;
            let second: f64 = masses
                .iter()
                .map(|(log, loss)| (log + theta * loss - largest).exp() * (loss - center).powi(2))
                .sum();
            mean += times * center;
            variance += times * second / weight;
        }
        (mean, variance)
    }

    /// The answer's bound by this moment (Canonne, Kamath and Steinke 2020, Proposition 12; order theta + 1).
    fn bound(&self, query: Query, theta: f64) -> f64 {
        let moment = self.log_moment(theta) + theta * (theta / (1.0 + theta)).ln() - theta.ln_1p();
        match query {
            Query::Epsilon(delta) => (moment - delta.ln()) / theta,
            Query::Delta(epsilon) => moment - theta * epsilon,
        }
    }

    /// How wide cells of each step may be so that all together add `variance`, with as few cells as that takes: the cube
    /// of the width falls with the tilted density. No cell is wide against its distance from where most mass is, for the
    /// density changes over such lengths.
    ///
    /// Losses above the answer, `near`, count the less the larger they are, whatever the tilt.
    pub(super) fn spacing(&self, tilt: &Tilt, near: f64, variance: f64) -> Spacing {
        let weigh = |loss: f64| tilt.theta * loss.min(near) - (loss - near).max(0.0);
        let mut total = 0.0;
        let mut steps = Vec::with_capacity(self.steps.len());
        for (masses, times) in &self.steps {
            let mut masses: Vec<(f64, f64)> =
                masses.iter().map(|(log, loss)| (*loss, log + weigh(*loss))).collect();
            masses.sort_by(|left, right| left.0.total_cmp(&right.0));
            let largest = masses.iter().map(|mass| mass.1).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = masses.iter().map(|mass| (mass.1 - largest).exp()).sum();
            let center = masses.iter().copied().max_by(|left, right| left.1.total_cmp(&right.1));
            let mut widths = Vec::with_capacity(masses.len());
            for pair in masses.windows(2) {
                let [(low, before), (high, after)] = [pair[0], pair[1]];
                let mass = times * ((before - largest).exp() + (after - largest).exp()) / (2.0 * sum);
                let root = (mass / (high - low).max(f64::MIN_POSITIVE)).cbrt();
                total += root * (high - low);
                widths.push((high, root.recip()));
            }
            steps.push((center.map_or(0.0, |mass| mass.0), widths));
        }
        // A split onto the ends of a cell adds a sixth of the width's square.
        Spacing { steps, factor: (6.0 * variance / total).sqrt() }
    }

    /// A wider grid than `width` where most steps lose next to nothing, as where few members are ever sampled: the
    /// split of a loss x much smaller than the width onto its cell's ends adds x times the width to the variance,
    /// not the width's square. What all steps add may come to `variance`, and steps beyond the cell of most mass may
    /// not come to be fewer and coarser than the composed loss is smooth.
    pub(super) fn widen(&self, tilt: &Tilt, width: f64, variance: f64) -> f64 {
        let steps: Vec<(Vec<(f64, f64)>, f64)> = self
            .steps
            .iter()
            .map(|(masses, times)| {
                let most =
                    masses.iter().max_by(|left, right| left.0.total_cmp(&right.0)).map_or(0.0, |mass| mass.1);
                let log = |mass: &(f64, f64)| mass.0 + tilt.theta * mass.1;
                let largest = masses.iter().map(log).fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = masses.iter().map(|mass| (log(mass) - largest).exp()).sum();
                let weigh = |mass: &(f64, f64)| ((mass.1 - most).abs(), (log(mass) - largest).exp() / total);
                (masses.iter().map(weigh).collect(), *times)
            })
            .collect();
        let fine = |width: f64| {
            let (mut added, mut beyond) = (0.0, 0.0);
            for (masses, times) in &steps {
                for &(away, mass) in masses {
                    if away < width {
                        added += times * mass * away * (width - away);
                    } else {
                        added += times * mass * width * width / 6.0;
                        beyond += times * mass;
                    }
                }
            }
            let smooth = 0.25 * tilt.deviation.max(4.0 / tilt.theta);
            added <= variance && width * beyond.max(1.0).sqrt() <= smooth
        };
        let mut best = width;
        for _ in 0..WIDENINGS {
            if !fine(best * 1.25) {
                break;
            }
            best *= 1.25;
        }
        best
    }

    /// The best tilt for a query.
    pub(super) fn tilt(&self, query: Query) -> Tilt {
        let value = |log: f64| self.bound(query, log.exp());
        // Powers of e at first, then golden sections. Where losses are bounded the bound may fall for ever; the
        // smallest tilt that is nearly best keeps the numbers tame.
        let coarse: Vec<(f64, f64)> =
            (-12..=18).map(|step| (f64::from(step), value(f64::from(step)))).collect();
        let best = coarse.iter().map(|found| found.1).fold(f64::INFINITY, f64::min);
        let near = best + 1e-3 * best.abs();
        let center = coarse.iter().find(|found| found.1 <= near).map_or(0.0, |found| found.0);
        let (mut low, mut high) = (center - 1.0, center + 1.0);
        for _ in 0..14 {
            let (left, right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
            if value(left) < value(right) { high = right } else { low = left }
        }
        let log = f64::midpoint(low, high);
        let theta = log.exp();
        let bound = value(log).min(best);
        let (mean, variance) = self.spread(theta);
        // Not below what the tilt can see: a lone mass has no deviation.
        let deviation = variance.sqrt().max(0.1 / theta);
        let window = Tilt { theta, bound, deviation, low: mean, high: mean, low_tilt: 0.0, high_tilt: 0.0 };
        self.window(window, OUTSIDE, 0.0)
    }

    /// The window outside which lie less than e^`outside` of the tilted mass on each side, by moments; the best of a few
    /// further tilts. The grid may add this `variance` to the composed loss.
    fn window(&self, mut tilt: Tilt, outside: f64, variance: f64) -> Tilt {
        let base = self.log_moment(tilt.theta);
        let (mean, spread) = self.spread(tilt.theta);
        (tilt.low, tilt.high) = (f64::NEG_INFINITY, f64::INFINITY);
        let unit = spread.sqrt().max(0.1 / tilt.theta).recip();
        for power in -1..=4 {
            let further = unit * 4.0_f64.powi(power) / 1.5;
            let room = outside - 0.5 * further * further * variance;
            let high = (self.log_moment(tilt.theta + further) - base - room) / further;
            if high < tilt.high {
                (tilt.high, tilt.high_tilt) = (high, further);
            }
            let low = (base - self.log_moment(tilt.theta - further) + room) / further;
            if low > tilt.low {
                (tilt.low, tilt.low_tilt) = (low, further);
            }
        }
        // Outside the range of what can happen there is nothing.
        tilt.low = tilt.low.min(mean);
        tilt.high = tilt.high.max(mean);
        tilt
    }

    /// A tilt with the shortest window that does, now that it is known about where the answer lies. Where delta is that
    /// of a few large losses, the tilt that is best for the bound by moments favours the largest of them far too much,
    /// and what may lie outside the window must be little against a tail far below 1. How much smaller than 1 it may
    /// be is left to the rounding.
    pub(super) fn shorten(&self, tilt: &Tilt, (epsilon, log_delta): (f64, f64), variance: f64) -> Tilt {
        let times: f64 = self.steps.iter().map(|(_, times)| times).sum();
        let mut best = *tilt;
        let (mut shortest, mut least) = (f64::INFINITY, f64::INFINITY);
        for shortening in 0..SHORTENINGS {
            let theta = tilt.theta * SHORTER.powi(shortening);
            let small = (self.log_moment(theta) - theta * epsilon - log_delta).max(0.0);
            let found = self.window(Tilt { theta, ..*tilt }, BESIDE - small, variance);
            let length = found.high - found.low;
            // The errors of all coefficients through the kernel that reads tails, over the tail.
            let reach = theta * length;
            let rounding = times * UNIT * (1.0 + reach / 2.0) / (reach * (1.0 + theta)) * small.exp();
            if if rounding <= ROUNDING {
                length < shortest
            } else {
                shortest.is_infinite() && rounding < least
            } {
                best = found;
            }
            least = least.min(rounding);
            if rounding <= ROUNDING {
                shortest = shortest.min(length);
            } else if shortest.is_finite() {
                break;
            }
        }
        best
    }
}

/// Smaller tilts that are tried, each over the one before.
const SHORTENINGS: i32 = 24;
const SHORTER: f64 = 0.7;

/// About the error of a coefficient of a composition of one step, and what the errors of all may come to, over the tail.
const UNIT: f64 = 600.0 * f64::EPSILON;
const ROUNDING: f64 = 2e-5;

/// ln of what may lie outside the window, over the tail.
const BESIDE: f64 = -12.5;

/// Steps by which a grid may be widened.
const WIDENINGS: usize = 64;

/// The golden section.
const GOLDEN: f64 = 0.618_033_988_749_894_9;
