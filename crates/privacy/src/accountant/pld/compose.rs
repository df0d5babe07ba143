//! What is read off a composed loss distribution: tails, straight from its Fourier coefficients.
//!
//! With w(j) the tilted masses, a = e^(-theta width) and z(k) the roots of unity, the sums over the points from s on
//! are geometric: sum over j >= s of w(j) a^(j - s) = 1/N sum over k of W(k) (z(k)^s - a^(N - s)) / (1 - a z(k)).

use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;

use super::spectrum::{LEFT_OUT, Part, Spectrum, compose, rotate, work};
use super::tilt::{Query, Tilt};

/// Relative margin on delta over the rounding of the integration and of the moments.
const MARGIN: f64 = 1e-7;

/// The answers at one grid width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// Composes the parts on a grid of this width and answers. `None` where that is too much work.
pub(super) fn answer(
    parts: &[Part<'_>],
    width: f64,
    tilt: &Tilt,
    query: Query,
    planner: &mut FftPlanner<f64>,
) -> Option<Answer> {
    let infinite = above_all(parts);
    let (split_off, least) = (split_off(parts), |loss: f64| overcounted(parts, width, loss));
    let [pessimistic, optimistic] = compose(parts, width, tilt, planner)?;
    let above = Reading::new(pessimistic, tilt.theta, true);
    let below = Reading::new(optimistic, tilt.theta, false);
    Some(match query {
        Query::Epsilon(delta) => {
            let upper = above.epsilon_above(tilt.bound, infinite, delta);
            let from = if upper.is_finite() { upper } else { tilt.bound };
            let known = split_off * (1.0 - MARGIN) - if split_off > 0.0 { least(from) } else { 0.0 };
            Answer { lower: below.epsilon_below(from, known.max(0.0), delta), upper }
        }
        Query::Delta(epsilon) => {
            let known = split_off * (1.0 - MARGIN) - if split_off > 0.0 { least(epsilon) } else { 0.0 };
            Answer {
                lower: (below.delta(epsilon) * (1.0 - MARGIN) + known.max(0.0)).clamp(0.0, 1.0),
                upper: ((above.delta(epsilon) + infinite) * (1.0 + MARGIN)).clamp(0.0, 1.0),
            }
        }
    })
}

/// The chance of an infinite loss at any pessimistic step.
fn above_all(parts: &[Part<'_>]) -> f64 {
    let none: f64 =
        parts.iter().map(|(grid, times)| *times as f64 * (-grid.pessimistic.infinite).ln_1p()).sum();
    -none.exp_m1()
}

/// The chance of an infinite loss at any optimistic step, and of nothing that was given up at the others.
pub(super) fn split_off(parts: &[Part<'_>]) -> f64 {
    let (mut finite, mut any) = (0.0, 0.0);
    for (grid, times) in parts {
        let (count, mass) = (*times as f64, grid.optimistic.masses.iter().sum::<f64>());
        finite += count * mass.ln();
        any += count * (grid.optimistic.infinite / mass).ln_1p();
    }
    finite.exp() * any.exp_m1()
}

/// How much too large delta may be at an epsilon up to this one because optimistic steps' losses above a cap were split
/// into the cap and infinity. A single step's tail at a loss is not changed up to the cap and raised by no more than
/// the mass at infinity above it. In a composition the loss is epsilon less the other steps' losses; that it is above
/// the cap has a bound by moments. Steps are changed one after the other.
pub(super) fn overcounted(parts: &[Part<'_>], width: f64, epsilon: f64) -> f64 {
    let at = |power: i32| {
        let order = 4.0_f64.powi(power);
        let (mut log, mut sum) = (0.0, 0.0);
        for (grid, times) in parts {
            let (moment, cap) = grid.over(width, order);
            let count = *times as f64;
            // One of the steps is not among the others; its own moment, if below 1, may not be left in.
            log += count * moment;
            sum += count * grid.optimistic.infinite * (order * (epsilon - cap) - moment).exp();
        }
        sum * log.exp()
    };
    let best = (-10..=20).map(at).filter(|value| !value.is_nan()).fold(f64::INFINITY, f64::min);
    best * (1.0 + MARGIN)
}

/// The tails of one composed distribution, as bounds from above or from below.
///
/// tail(s) = sum over points j > s of w(j) a^(j - s) (1 - e^(loss(s) - loss(j))) and
/// slope(s) = sum over j >= s of w(j) a^(j - s) e^(loss(s) - loss(j)). Taken times e^(-theta loss(s)) and the moment,
/// they are delta at the point's loss and how it changes below it: there delta is exactly linear in e^epsilon.
#[derive(Debug)]
struct Reading {
    spectrum: Spectrum,
    theta: f64,
    upper: bool,
    /// Of each frequency for tail and slope.
    tail: Vec<Complex64>,
    slope: Vec<Complex64>,
    /// Bounds of the errors of tail and slope.
    tail_error: f64,
    slope_error: f64,
    /// The sums that the window's end takes off: of the tails times a^(N - s), and of the slopes times that and
    /// 1 - e^(loss(s) - loss(N)); of the slopes alone times (a / e^width)^(N - s).
    ends: (f64, f64),
}

/// A point with its tail and slope.
#[derive(Debug, Clone, Copy)]
struct Point {
    index: usize,
    loss: f64,
    tail: f64,
    slope: f64,
}

impl Reading {
    fn new(spectrum: Spectrum, theta: f64, upper: bool) -> Self {
        let (length, width) = (spectrum.length, spectrum.width);
        let (by_tail, by_slope) = (-theta * width, -(theta + 1.0) * width);
        let count = spectrum.coefficients.len();
        let (mut tail, mut slope) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut tail_error, mut slope_error) = (0.0, 0.0);
        let mut ends = (0.0, 0.0);
        let (of_tail, of_slope) = ((by_tail.exp(), -by_tail.exp_m1()), (by_slope.exp(), -by_slope.exp_m1()));
        let scale = by_tail.exp() * -(-width).exp_m1();
        let summed = f64::EPSILON * (200.0 + count as f64 / 8.0);
        for (k, (coefficient, error)) in spectrum.coefficients.iter().zip(&spectrum.errors).enumerate() {
            let (sin, cos) = (std::f64::consts::PI * k as f64 / length as f64).sin_cos();
            let root = Complex64::new(1.0 - 2.0 * sin * sin, 2.0 * sin * cos);
            // 1 - e^by z, without cancellation.
            let gap = |(power, rest): (f64, f64)| {
                let turned = power * 2.0 * sin;
                Complex64::new(rest + turned * sin, -turned * cos)
            };
            let (one, other) = (gap(of_tail).inv(), gap(of_slope).inv());
            // Each but the first and the middle one stands for two.
            let twice = if k == 0 || 2 * k == length { 1.0 } else { 2.0 } / length as f64;
            let kernel = root * one * other * scale;
            let value = coefficient * twice;
            tail.push(value * kernel);
            slope.push(value * other);
            let error = twice * (error + summed * coefficient.norm_sqr().sqrt());
            tail_error += error * kernel.norm_sqr().sqrt();
            slope_error += error * other.norm_sqr().sqrt();
            ends.0 += (value * kernel).re;
            ends.1 += (value * other).re;
        }
        // What was left out, over all frequencies: the first one's kernel, and the others', of which the k-th is below
        // length / 4 k where the damping is weak and below 2 where it is strong.
        let (one, other) = (-by_tail.exp_m1(), -by_slope.exp_m1());
        let sum = |first: f64| LEFT_OUT * ((first * length as f64).recip() + (length as f64).ln() + 2.0);
        tail_error += sum(other) * by_tail.exp() * -(-width).exp_m1() / one;
        slope_error += sum(other);
        Self { spectrum, theta, upper, tail, slope, tail_error, slope_error, ends }
    }

    fn loss(&self, index: usize) -> f64 {
        self.spectrum.begin + index as f64 * self.spectrum.width
    }

    fn point(&self, index: usize) -> Point {
        work(self.tail.len() as f64);
        let (mut tail, mut slope) = (0.0, 0.0);
        rotate(index as i64, self.spectrum.length, self.tail.len(), |first, cos, sin| {
            let (mut tails, mut slopes) = (0.0, 0.0);
            let both = self.tail[first..].iter().zip(&self.slope[first..]);
            for ((by_tail, by_slope), (cos, sin)) in both.zip(cos.iter().zip(sin)) {
                tails += by_tail.re * cos - by_tail.im * sin;
                slopes += by_slope.re * cos - by_slope.im * sin;
            }
            tail += tails;
            slope += slopes;
        });
        let rest = (self.spectrum.length - index) as f64 * self.spectrum.width;
        let (one, other) = ((-self.theta * rest).exp(), (-(self.theta + 1.0) * rest).exp());
        // The two geometric sums' ends nearly cancel, and so do their errors.
        let short = -(-rest).exp_m1();
        tail -= one * (self.ends.0 + short * self.ends.1);
        slope -= other * self.ends.1;
        let sign = if self.upper { 1.0 } else { -1.0 };
        tail += sign * (self.tail_error + one * (self.tail_error + short * self.slope_error));
        slope += sign * self.slope_error * (1.0 + other);
        Point { index, loss: self.loss(index), tail: tail.max(0.0), slope: slope.max(0.0) }
    }

    /// What may lie beyond the window, or may have been folded into it, with the tilt taken off at this loss.
    fn folded(&self, at: f64) -> f64 {
        let Spectrum { above, below, .. } = self.spectrum;
        if self.upper {
            above * (self.theta * (at - self.loss(self.spectrum.length))).exp()
        } else {
            above + below
        }
    }

    /// The first point at or above a loss.
    fn index(&self, loss: f64) -> usize {
        ((loss - self.spectrum.begin) / self.spectrum.width).ceil().max(0.0) as usize
    }

    /// A bound of delta at this epsilon, without margin.
    fn delta(&self, epsilon: f64) -> f64 {
        let index = self.index(epsilon);
        let mut value = 0.0;
        if index < self.spectrum.length {
            let point = self.point(index);
            let raised = (self.theta * (epsilon - point.loss)).exp();
            value = raised * (point.tail - point.slope * (epsilon - point.loss).exp_m1());
        }
        let folded = self.folded(epsilon);
        value += if self.upper { folded } else { -folded };
        value.max(0.0) * (self.spectrum.log_moment - self.theta * epsilon).exp()
    }

    /// An epsilon at which delta is not above this one. `near` is where to look first.
    fn epsilon_above(&self, near: f64, infinite: f64, delta: f64) -> f64 {
        let room = delta * (1.0 - MARGIN) - infinite * (1.0 + MARGIN);
        if room <= 0.0 {
            return f64::INFINITY;
        }
        let log = room.ln() - self.spectrum.log_moment;
        self.cross(near, |loss| (log + self.theta * loss).exp() - self.folded(loss))
    }

    /// An epsilon, not above `most`, at which delta is not below this one, of which `known` lies at an infinite loss.
    fn epsilon_below(&self, most: f64, known: f64, delta: f64) -> f64 {
        let room = delta * (1.0 + MARGIN) - known;
        if room <= 0.0 {
            return most;
        }
        let log = room.ln() - self.spectrum.log_moment;
        // What is folded counts most at the lower end of a cell.
        let raised = (self.theta * self.spectrum.width).exp();
        let goal = |loss: f64| (log + self.theta * loss).exp() * (1.0 + MARGIN) + self.folded(loss) * raised;
        self.cross(most, goal).min(most)
    }

    /// Where the tail passes a goal; at least 0. `goal(loss)` is for the cell below a point.
    ///
    /// A bound from above: the point's tail is not above the goal. From below: the tail at what is returned is not
    /// below it. Neither rests on how the point was found.
    fn cross(&self, near: f64, goal: impl Fn(f64) -> f64) -> f64 {
        let length = self.spectrum.length;
        let lowest = self.index(0.0);
        if lowest >= length {
            // Nothing is above 0 but what may lie beyond the window.
            return if self.upper && goal(0.0) < 0.0 { f64::INFINITY } else { 0.0 };
        }
        // The tail is above its goal below `low` and not above it from `high` on.
        let (mut low, mut high) = (lowest, length);
        let mut found: Option<Point> = None;
        let mut next = self.index(near).clamp(lowest, length - 1);
        let shrink = -(-self.spectrum.width).exp_m1();
        for step in 0..STEPS {
            if low >= high {
                break;
            }
            if next < low || next >= high || step > NEWTON {
                next = low + (high - low) / 2;
            }
            let point = self.point(next);
            let goal = goal(point.loss);
            let passes = point.tail <= goal;
            if passes {
                high = next;
                found = Some(point);
                if point.tail + point.slope * shrink > goal {
                    break;
                }
            } else {
                low = next + 1;
            }
            // Newton's step for the logarithm of delta, which is nearly straight.
            let away = (point.tail / goal).ln() * point.tail / point.slope / self.spectrum.width;
            next = if away.is_finite() && goal > 0.0 {
                let to = (next as f64 + away).ceil().max(low as f64);
                // Two cells too far rather than one too short.
                to.min(high as f64 - 1.0) as usize
            } else {
                length
            };
        }
        let Some(point) = found else { return if self.upper { f64::INFINITY } else { 0.0 } };
        if point.index == 0 {
            return if self.upper { point.loss.max(0.0) } else { 0.0 };
        }
        // tail + slope (1 - e^(epsilon - loss)) = goal
        let share = ((goal(point.loss) - point.tail) / point.slope).clamp(0.0, shrink);
        (point.loss + (-share).ln_1p()).max(0.0)
    }
}

/// Steps of a search, and how many of them may be Newton's.
const STEPS: usize = 80;
const NEWTON: usize = 24;
