//! Composition of gridded losses by Fourier transform, and what is read off it.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;

use super::grid::{Grid, Side};
use super::tilt::{Query, Tilt};

/// A step's grid with its count.
pub(super) type Part<'a> = (&'a Grid, u64);

/// Relative margin on delta over the rounding of the integration and of the moments.
const MARGIN: f64 = 1e-7;

/// The largest transform.
const MAX_LENGTH: usize = 1 << 20;

/// One composed and tilted loss distribution.
#[derive(Debug)]
struct Composed {
    /// Tilted masses, ascending in loss.
    masses: Vec<f64>,
    /// ln of the factor that takes the tilt off at loss 0.
    log_moment: f64,
    /// Bounds of the tilted masses below and above the window.
    below: f64,
    above: f64,
    /// A bound of the rounding error in each mass.
    rounding: f64,
}

/// The answers at one grid width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// Composes the parts on a grid of this width and answers. `None` where the transform would be too long.
pub(super) fn answer(
    parts: &[Part<'_>],
    width: f64,
    tilt: &Tilt,
    query: Query,
    planner: &mut FftPlanner<f64>,
) -> Option<Answer> {
    let span = (tilt.high - tilt.low) / width + 4.0;
    if span > MAX_LENGTH as f64 {
        return None;
    }
    let length = transform_length(span as usize);
    let origin = [0, 1]
        .map(|side| parts.iter().map(|(grid, times)| sides(grid)[side].offset * *times as f64).sum::<f64>());
    let start = origin.map(|origin| ((tilt.low - origin) / width).floor() as i64 - 1);
    let infinite: f64 = parts.iter().map(|(grid, times)| grid.infinite * *times as f64).sum();
    let [pessimistic, optimistic] = compose(parts, width, tilt, (origin, start), length, planner);
    let read = |side: usize| Reading { origin: origin[side], start: start[side], width, theta: tilt.theta };
    let (above, below) = (read(0), read(1));
    Some(match query {
        Query::Epsilon(delta) => Answer {
            lower: below.epsilon_below(&optimistic, tilt.bound, delta),
            upper: above.epsilon_above(&pessimistic, tilt.bound, infinite, delta),
        },
        Query::Delta(epsilon) => {
            let (lower, _) = below.delta(&optimistic, epsilon, false);
            let (upper, _) = above.delta(&pessimistic, epsilon, true);
            Answer {
                lower: (lower * (1.0 - MARGIN)).clamp(0.0, 1.0),
                upper: (upper * (1.0 + MARGIN) + infinite).clamp(0.0, 1.0),
            }
        }
    })
}

/// The next length that is a small multiple of a power of two.
fn transform_length(at_least: usize) -> usize {
    [1, 3, 5]
        .into_iter()
        .map(|odd| odd * at_least.div_ceil(odd).next_power_of_two())
        .min()
        .unwrap_or(at_least)
}

/// Pessimistic first.
fn sides(grid: &Grid) -> [&Side; 2] {
    [&grid.pessimistic, &grid.optimistic]
}

/// ln of a grid's moment.
fn log_moment(side: &Side, width: f64, theta: f64) -> f64 {
    let exponent = |index: usize| theta * side.loss(index, width);
    // The exponents are linear, so the largest is at an end.
    let largest = exponent(0).max(exponent(side.masses.len() - 1));
    let sum: f64 =
        side.masses.iter().enumerate().map(|(index, mass)| mass * (exponent(index) - largest).exp()).sum();
    largest + sum.ln()
}

/// Both distributions at once: one is the real and one the imaginary part of every transform.
fn compose(
    parts: &[Part<'_>],
    width: f64,
    tilt: &Tilt,
    (origin, start): ([f64; 2], [i64; 2]),
    length: usize,
    planner: &mut FftPlanner<f64>,
) -> [Composed; 2] {
    let forward = planner.plan_fft_forward(length);
    let half = length / 2 + 1;
    let one = Complex64::new(1.0, 0.0);
    let mut product = [vec![one; half], vec![one; half]];
    let mut log_moments = [0.0; 2];
    let mut log_high = [0.0; 2];
    let mut log_low = [0.0; 2];
    let mut rounding = [0.0; 2];
    let mut offset = 0_i64;
    let mut buffer = vec![Complex64::default(); length];
    let mut scratch = vec![Complex64::default(); forward.get_inplace_scratch_len()];
    let unit = f64::EPSILON * 2.0 * (length as f64).log2().max(1.0);
    for &(grid, times) in parts {
        let count = times as f64;
        let both = sides(grid);
        let moments = both.map(|side| log_moment(side, width, tilt.theta));
        for side in 0..2 {
            log_moments[side] += count * moments[side];
            let at = |theta| log_moment(both[side], width, theta);
            log_high[side] += count * (at(tilt.theta + tilt.high_tilt) - moments[side]);
            log_low[side] += count * (at(tilt.theta - tilt.low_tilt) - moments[side]);
        }
        // Centred, so that phases stay small.
        let tilted = [0, 1].map(|index: usize| {
            let side = both[index];
            let weigh = |(place, mass): (usize, &f64)| {
                mass * (tilt.theta * side.loss(place, width) - moments[index]).exp()
            };
            side.masses.iter().enumerate().map(weigh).collect::<Vec<f64>>()
        });
        let center: f64 = tilted[0]
            .iter()
            .enumerate()
            .map(|(place, mass)| (both[0].first + place as i64) as f64 * mass)
            .sum();
        let center = center.round() as i64;
        buffer.fill(Complex64::default());
        for (index, unit) in [(0, Complex64::new(1.0, 0.0)), (1, Complex64::new(0.0, 1.0))] {
            for (place, mass) in tilted[index].iter().enumerate() {
                let place = both[index].first + place as i64 - center;
                buffer[place.rem_euclid(length as i64) as usize] += unit * mass;
            }
        }
        offset += times as i64 * center;
        forward.process_with_scratch(&mut buffer, &mut scratch);
        // Compared before any logarithm is taken: of many steps nearly all coefficients are left out.
        let negligible = (2.0 * NEGLIGIBLE / count).exp();
        for k in 0..half {
            let (left, right) = (buffer[k], buffer[(length - k) % length].conj());
            let sides = [(left + right) * 0.5, (left - right) * Complex64::new(0.0, -0.5)];
            for side in 0..2 {
                let value = sides[side];
                let old = product[side][k];
                if old.norm_sqr() == 0.0 {
                    continue;
                }
                product[side][k] = if times == 1 {
                    old * value
                } else if value.norm_sqr() < negligible {
                    Complex64::default()
                } else {
                    let log = 0.5 * count * value.norm_sqr().ln();
                    old * Complex64::from_polar(log.exp(), count * value.arg())
                };
            }
        }
        for side in 0..2 {
            // An error of `unit` in a coefficient grows by the count under the power.
            let alive: f64 = product[side].iter().map(|value| value.norm()).sum();
            rounding[side] += 2.0 * alive * count * unit / length as f64;
        }
    }
    // Back, both at once.
    for k in 0..half {
        let (left, right) = (product[0][k], product[1][k]);
        let i = Complex64::new(0.0, 1.0);
        buffer[k] = left + i * right;
        buffer[(length - k) % length] = left.conj() + i * right.conj();
    }
    planner.plan_fft_inverse(length).process(&mut buffer);
    let scale = 1.0 / length as f64;
    [0, 1].map(|side: usize| {
        let (origin, start) = (origin[side], start[side]);
        let end = origin + (start + length as i64) as f64 * width;
        let begin = origin + start as f64 * width;
        let squares: f64 = product[side].iter().map(Complex64::norm_sqr).sum::<f64>() * 2.0;
        let masses = (0..length)
            .map(|index| {
                let place = (start + index as i64 - offset).rem_euclid(length as i64) as usize;
                scale * if side == 0 { buffer[place].re } else { buffer[place].im }
            })
            .collect();
        Composed {
            masses,
            log_moment: log_moments[side],
            above: (log_high[side] - tilt.high_tilt * end).exp().min(1.0),
            below: (log_low[side] + tilt.low_tilt * begin).exp().min(1.0),
            rounding: rounding[side] + unit * scale * squares.sqrt(),
        }
    })
}

/// ln of a Fourier coefficient that is left out; with a million of them still far below the rounding.
const NEGLIGIBLE: f64 = -60.0;

/// Reads tails off a composed distribution.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// The loss of grid index 0 of the composition.
    origin: f64,
    start: i64,
    width: f64,
    theta: f64,
}

impl Reading {
    fn loss(&self, index: usize) -> f64 {
        self.origin + (self.start + index as i64) as f64 * self.width
    }

    /// Walks down from the top. `visit(index, tail, slope)` sees at each grid point s the sums
    /// tail = sum over losses l > s of w(l) (1 - e^(s - l)) and slope = sum over l >= s of w(l) e^(s - l), with
    /// w the untilted masses relative to `reference`. It says whether to go on.
    fn walk(
        &self,
        composed: &Composed,
        upper: bool,
        reference: f64,
        mut visit: impl FnMut(usize, f64, f64) -> bool,
    ) {
        let shrink = (-self.width).exp();
        let whole = -(-self.width).exp_m1();
        let (mut tail, mut slope) = (0.0, 0.0);
        for index in (0..composed.masses.len()).rev() {
            tail += slope * whole;
            let mass = if upper {
                composed.masses[index] + composed.rounding
            } else {
                composed.masses[index] - composed.rounding
            };
            slope = slope * shrink + mass.max(0.0) * (self.theta * (reference - self.loss(index))).exp();
            if !visit(index, tail, slope) {
                return;
            }
        }
    }

    /// What may lie beyond the window, or may have been folded into it, relative to `reference`.
    fn folded(&self, composed: &Composed, upper: bool, reference: f64, from: f64) -> f64 {
        if upper {
            let end = self.loss(composed.masses.len());
            composed.above * (self.theta * (reference - end)).exp()
        } else {
            (composed.above + composed.below) * (self.theta * (reference - from)).exp()
        }
    }

    /// A bound of delta at this epsilon, without margin.
    fn delta(&self, composed: &Composed, epsilon: f64, upper: bool) -> (f64, usize) {
        let mut found = (0.0, composed.masses.len());
        self.walk(composed, upper, epsilon, |index, tail, slope| {
            let at = self.loss(index);
            if at < epsilon {
                return false;
            }
            // Below its grid point the tail is exactly linear in e^epsilon.
            found = (tail - slope * (epsilon - at).exp_m1(), index);
            true
        });
        let folded = self.folded(composed, upper, epsilon, epsilon);
        let value = if upper { found.0 + folded } else { found.0 - folded };
        (value * (composed.log_moment - self.theta * epsilon).exp(), found.1)
    }

    /// An epsilon at which delta is not above this one.
    fn epsilon_above(&self, composed: &Composed, reference: f64, infinite: f64, delta: f64) -> f64 {
        let room = (delta - infinite) * (1.0 - MARGIN);
        if room <= 0.0 {
            return f64::INFINITY;
        }
        let goal = (room.ln() - composed.log_moment + self.theta * reference).exp()
            - self.folded(composed, true, reference, reference);
        if goal > 0.0 { self.cross(composed, true, reference, |_| goal) } else { f64::INFINITY }
    }

    /// An epsilon at which delta is not below this one.
    fn epsilon_below(&self, composed: &Composed, reference: f64, delta: f64) -> f64 {
        let goal = (delta.ln() - composed.log_moment + self.theta * reference).exp() * (1.0 + MARGIN);
        let folded = |from| self.folded(composed, false, reference, from);
        self.cross(composed, false, reference, |from| goal + folded(from))
    }

    /// Where the tail passes a goal, which may depend on the grid point below; at least 0. Where it does not
    /// within the window: the window's lower end, or 0 for a lower bound.
    fn cross(&self, composed: &Composed, upper: bool, reference: f64, goal: impl Fn(f64) -> f64) -> f64 {
        let mut found = None;
        let mut last = self.loss(composed.masses.len());
        self.walk(composed, upper, reference, |index, tail, slope| {
            let at = self.loss(index);
            last = at;
            if at <= 0.0 {
                found = Some(0.0);
                // Between this point and the one before, the tail may have passed the goal already.
                return false;
            }
            let goal = goal(at - self.width);
            let before = tail + slope * -(-self.width).exp_m1();
            if before > goal {
                // tail + slope (1 - e^(epsilon - at)) = goal
                let share = ((goal - tail) / slope).clamp(0.0, 1.0);
                found = Some((at + (-share).ln_1p()).max(0.0));
                return false;
            }
            true
        });
        found.unwrap_or(if upper { last.max(0.0) } else { 0.0 })
    }
}
