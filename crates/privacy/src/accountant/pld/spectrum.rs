//! The Fourier coefficients of a composed and tilted loss distribution.
//!
//! A composition's coefficients are its steps' to the power of their counts, and of many steps nearly all vanish.
//! Which do is known beforehand ([`band`]), so only the others are computed: one by one where they are few, by a fast
//! transform otherwise.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;

use super::grid::{Grid, Side};
use super::tilt::Tilt;

/// A step's grid with its count.
pub(super) type Part<'a> = (&'a Grid, u64);

/// The longest fast transform.
const MAX_LENGTH: usize = 1 << 20;

/// The most products of a point and a coefficient that are computed one by one.
const MAX_PRODUCTS: f64 = 3e7;

/// ln of a coefficient that is left out.
const NEGLIGIBLE: f64 = -45.0;

/// A composed and tilted loss distribution on a window of a lattice, as its Fourier coefficients.
#[derive(Debug)]
pub(super) struct Spectrum {
    /// Points of the window.
    pub(super) length: usize,
    /// The loss of the window's first point.
    pub(super) begin: f64,
    pub(super) width: f64,
    /// From frequency 0, seen from the window's first point; real masses have the conjugates at the other end.
    pub(super) coefficients: Vec<Complex64>,
    /// A bound of each coefficient's error.
    pub(super) errors: Vec<f64>,
    /// ln of the factor that takes the tilt off at loss 0.
    pub(super) log_moment: f64,
    /// Bounds of the tilted masses below and above the window.
    pub(super) below: f64,
    pub(super) above: f64,
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

/// One side of one part: its tilted masses, which add up to 1, from a center that keeps phases small.
struct Tilted {
    points: Vec<(i64, f64)>,
    count: u64,
}

/// Composes the parts on a lattice of this width: pessimistic and optimistic. `None` where that is too much work.
pub(super) fn compose(
    parts: &[Part<'_>],
    width: f64,
    tilt: &Tilt,
    planner: &mut FftPlanner<f64>,
) -> Option<[Spectrum; 2]> {
    let span = (tilt.high - tilt.low) / width + 4.0;
    if span > f64::from(u32::MAX) {
        return None;
    }
    let mut tilted = [Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len())];
    // The composed loss of the points that lie at the centers.
    let mut centers = [0.0; 2];
    let (mut log_moments, mut log_high, mut log_low) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    for &(grid, times) in parts {
        let count = times as f64;
        for (index, side) in sides(grid).into_iter().enumerate() {
            let moment = log_moment(side, width, tilt.theta);
            log_moments[index] += count * moment;
            log_high[index] += count * (log_moment(side, width, tilt.theta + tilt.high_tilt) - moment);
            log_low[index] += count * (log_moment(side, width, tilt.theta - tilt.low_tilt) - moment);
            let weigh =
                |place: usize| (tilt.theta * side.loss(place, width) - moment).exp() * side.masses[place];
            let masses: Vec<(i64, f64)> = (0..side.masses.len())
                .map(|place| (side.places[place], weigh(place)))
                .filter(|&(_, mass)| mass > 0.0)
                .collect();
            let center = masses.iter().map(|&(place, mass)| place as f64 * mass).sum::<f64>().round();
            centers[index] += count * (side.offset + center * width);
            let center = center as i64;
            let points = masses.into_iter().map(|(place, mass)| (place - center, mass)).collect();
            tilted[index].push(Tilted { points, count: times });
        }
    }
    let band = tilted.iter().map(|parts| band(parts)).fold(0.0, f64::max);
    let points: usize = tilted.iter().flatten().map(|part| part.points.len()).sum();
    let few = (band * span / std::f64::consts::TAU).ceil() + 2.0;
    let fast = transform_length(span as usize);
    let fast_products = fast as f64 * (fast as f64).log2();
    let one_by_one = few < span / 2.0
        && points as f64 * few < if fast <= MAX_LENGTH { fast_products } else { MAX_PRODUCTS };
    let (length, half) = if one_by_one {
        (span as usize, few as usize)
    } else if fast <= MAX_LENGTH {
        let few = (band * fast as f64 / std::f64::consts::TAU).ceil() + 2.0;
        (fast, (few as usize).min(fast / 2 + 1))
    } else {
        return None;
    };
    let mut spectra = [0, 1].map(|index: usize| {
        // The window's first point, counted from the center.
        let start = ((tilt.low - centers[index]) / width).floor() as i64 - 1;
        let begin = centers[index] + start as f64 * width;
        let end = begin + length as f64 * width;
        let mut coefficients = vec![Complex64::default(); half];
        rotate(start, length, half, |first, re, im| {
            for (lane, coefficient) in coefficients[first..].iter_mut().take(LANES).enumerate() {
                *coefficient = Complex64::new(re[lane], im[lane]);
            }
        });
        Spectrum {
            length,
            begin,
            width,
            coefficients,
            errors: vec![f64::EPSILON * 100.0; half],
            log_moment: log_moments[index],
            above: (log_high[index] - tilt.high_tilt * end).exp().min(1.0),
            below: (log_low[index] + tilt.low_tilt * begin).exp().min(1.0),
        }
    });
    work(if one_by_one { points as f64 * few } else { fast_products * parts.len() as f64 });
    let [pessimistic, optimistic] = &tilted;
    for (left, right) in pessimistic.iter().zip(optimistic) {
        let points = [&left.points, &right.points];
        let (transforms, unit) = if one_by_one {
            // A sum of sums of as many terms, each turned by at most TURNS products.
            let sums = points[0].len().max(points[1].len()).div_ceil(BLOCK);
            let unit = f64::EPSILON * (100.0 + (BLOCK + sums) as f64 / 2.0);
            (points.map(|points| each(points, length, half)), unit)
        } else {
            // The usual estimate.
            (together(points, length, half, planner), 2.0 * f64::EPSILON * (length as f64).log2().max(1.0))
        };
        for (spectrum, transform) in spectra.iter_mut().zip(&transforms) {
            multiply(spectrum, transform, left.count, unit);
        }
    }
    Some(spectra)
}

/// Multiplies a spectrum by the power of a step's transform, whose values err by `unit`.
fn multiply(spectrum: &mut Spectrum, transform: &[Complex64], times: u64, unit: f64) {
    let count = times as f64;
    // Compared before any logarithm is taken.
    let negligible = (2.0 * NEGLIGIBLE / count).exp();
    for ((coefficient, error), value) in
        spectrum.coefficients.iter_mut().zip(&mut spectrum.errors).zip(transform)
    {
        let (old, square) = (coefficient.norm_sqr().sqrt(), value.norm_sqr());
        if times == 1 {
            *error = *error * (square.sqrt() + unit) + old * unit;
            *coefficient *= value;
            continue;
        }
        if *coefficient == Complex64::default() || square < negligible {
            (*coefficient, *error) = (Complex64::default(), 0.0);
            continue;
        }
        let power = (0.5 * count * square.ln()).exp();
        *coefficient *= if times <= 64 {
            value.powu(times as u32)
        } else {
            Complex64::from_polar(power, count * value.arg())
        };
        // An error of `unit` grows by the count under the power.
        let growth = count * unit / square.sqrt();
        *error = if growth < 1.0 { (*error + (*error + old) * 2.0 * growth) * power } else { f64::INFINITY };
    }
}

/// A bound of what is left out of a coefficient that is set to zero or not computed: with errors of several parts,
/// a little more than what is compared.
pub(super) const LEFT_OUT: f64 = 1e-19;

/// The next length that is a small multiple of a power of two.
fn transform_length(at_least: usize) -> usize {
    [1, 3, 5, 9]
        .into_iter()
        .map(|odd| odd * at_least.div_ceil(odd).next_power_of_two())
        .min()
        .unwrap_or(at_least)
}

/// Coefficients that are turned at once, and how often each is before its angle is computed anew.
const LANES: usize = 8;
const TURNS: usize = 32;

/// `visit(k, cosines, sines)` of the angles k, k + 1, ... times `turns / length` of a circle, for k below `count`.
pub(super) fn rotate(
    turns: i64,
    length: usize,
    count: usize,
    mut visit: impl FnMut(usize, &[f64; LANES], &[f64; LANES]),
) {
    let turns = turns.rem_euclid(length as i64) as u64;
    let angle = |k: usize| {
        // Exact but for the last division: the product is below 2^64.
        let part = (k as u64 * turns) % length as u64;
        (std::f64::consts::TAU * (part as f64 / length as f64)).sin_cos()
    };
    let lanes: [(f64, f64); LANES] = std::array::from_fn(angle);
    let (by_sin, by_cos) = angle(LANES);
    for first in (0..count).step_by(LANES * TURNS) {
        let (sin, cos) = angle(first);
        let mut re = lanes.map(|lane| cos * lane.1 - sin * lane.0);
        let mut im = lanes.map(|lane| sin * lane.1 + cos * lane.0);
        for k in (first..count.min(first + LANES * TURNS)).step_by(LANES) {
            visit(k, &re, &im);
            for (re, im) in re.iter_mut().zip(&mut im) {
                (*re, *im) = (*re * by_cos - *im * by_sin, *re * by_sin + *im * by_cos);
            }
        }
    }
}

/// Points that are summed before they are added to the others: sums err by the number of their terms.
const BLOCK: usize = 64;

/// The first `count` coefficients of a few points.
fn each(points: &[(i64, f64)], length: usize, count: usize) -> Vec<Complex64> {
    let mut re = vec![[0.0; LANES]; count.div_ceil(LANES)];
    let mut im = re.clone();
    let (mut part_re, mut part_im) = (re.clone(), im.clone());
    for block in points.chunks(BLOCK) {
        part_re.fill([0.0; LANES]);
        part_im.fill([0.0; LANES]);
        for &(place, mass) in block {
            rotate(-place, length, count, |first, cos, sin| {
                let (re, im) = (&mut part_re[first / LANES], &mut part_im[first / LANES]);
                for lane in 0..LANES {
                    re[lane] += mass * cos[lane];
                    im[lane] += mass * sin[lane];
                }
            });
        }
        for (sum, part) in re.iter_mut().zip(&part_re).chain(im.iter_mut().zip(&part_im)) {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    }
    let flat = re.iter().flatten().zip(im.iter().flatten());
    flat.map(|(&re, &im)| Complex64::new(re, im)).take(count).collect()
}

/// The first `count` coefficients of both sides: one is the real and one the imaginary part of one fast transform.
fn together(
    points: [&Vec<(i64, f64)>; 2],
    length: usize,
    count: usize,
    planner: &mut FftPlanner<f64>,
) -> [Vec<Complex64>; 2] {
    let mut buffer = vec![Complex64::default(); length];
    for (points, unit) in points.into_iter().zip([Complex64::new(1.0, 0.0), Complex64::new(0.0, 1.0)]) {
        for &(place, mass) in points {
            buffer[place.rem_euclid(length as i64) as usize] += unit * mass;
        }
    }
    planner.plan_fft_forward(length).process(&mut buffer);
    let both = |k: usize| (buffer[k], buffer[(length - k) % length].conj());
    [
        (0..count).map(both).map(|(left, right)| (left + right) * 0.5).collect(),
        (0..count).map(both).map(|(left, right)| (left - right) * Complex64::new(0.0, -0.5)).collect(),
    ]
}

/// Frequencies, in angle a lattice point, above which the composition's coefficients are all negligible.
///
/// With masses p at places x, 1 - |f(w)|^2 is the sum over pairs of p p' (1 - cos(w (x - x'))), of which each term is
/// at least p p' (y^2 / 2 - y^4 / 24), y = w (x - x'). Summed over the pairs within blocks of points so close that this
/// is positive, it is a difference of a linear and a quadratic function of w^2, and least at an end of an interval.
fn band(parts: &[Tilted]) -> f64 {
    let mut high = std::f64::consts::PI;
    for _ in 0..BINS {
        let low = high * BIN;
        let log: f64 = parts
            .iter()
            .map(|part| {
                let lost = lost(&part.points, low, high, false).max(lost(&part.points, low, high, true));
                0.5 * part.count as f64 * (-lost.clamp(0.0, 0.999)).ln_1p()
            })
            .sum();
        if log > NEGLIGIBLE {
            break;
        }
        high = low;
    }
    high
}

/// Intervals of frequencies, and the ratio of their ends.
const BINS: usize = 160;
const BIN: f64 = 0.84;

/// A lower bound of 1 - |f|^2 between two frequencies.
fn lost(points: &[(i64, f64)], low: f64, high: f64, backwards: bool) -> f64 {
    let reach = (2.4 / high).max(1.0) as i64;
    let (mut second, mut fourth) = (0.0, 0.0);
    let mut sums = [0.0; 5];
    let mut first = None;
    let mut close = |sums: &mut [f64; 5]| {
        let [mass, one, two, three, four] = *sums;
        second += 2.0 * (mass * two - one * one);
        fourth += 2.0 * (mass * four - 4.0 * one * three + 3.0 * two * two);
        *sums = [0.0; 5];
    };
    let mut add = |&(place, mass): &(i64, f64)| {
        let from = *first.get_or_insert(place);
        let mut away = (place - from).abs();
        if away > reach {
            close(&mut sums);
            (first, away) = (Some(place), 0);
        }
        let mut power = mass;
        for sum in &mut sums {
            *sum += power;
            power *= away as f64;
        }
    };
    if backwards {
        points.iter().rev().for_each(&mut add);
    } else {
        points.iter().for_each(&mut add);
    }
    close(&mut sums);
    let at = |frequency: f64| {
        let square = frequency * frequency;
        square * second / 2.0 - square * square * fourth / 24.0
    };
    at(low).min(at(high)).max(0.0)
}

#[cfg(test)]
thread_local! {
    /// Products of two complex numbers that this thread has spent on transforms and tails: what a query costs, however
    /// busy the machine is.
    pub(super) static WORK: std::cell::Cell<f64> = const { std::cell::Cell::new(0.0) };
}

/// Counts products, for tests.
pub(super) fn work(products: f64) {
    #[cfg(test)]
    WORK.with(|work| work.set(work.get() + products));
    #[cfg(not(test))]
    let _: f64 = products;
}

#[cfg(test)]
mod test {
    use super::*;

    /// A lump, a lattice and a few large losses.
    fn points(stream: &mut daotwin_core::Stream) -> Vec<(i64, f64)> {
        let mut points: Vec<(i64, f64)> = (-20..20).map(|place| (place, stream.uniform())).collect();
        points[20].1 = 30.0;
        points.extend((3..40).map(|step| (step * step, 0.01 * stream.uniform())));
        points.sort_unstable_by_key(|point| point.0);
        points.dedup_by_key(|point| point.0);
        let sum: f64 = points.iter().map(|point| point.1).sum();
        points.iter_mut().for_each(|point| point.1 /= sum);
        points
    }

    #[test]
    fn both_transforms_agree() {
        let mut stream = daotwin_core::Seed(1).stream("points of a test");
        let (length, points) = (4096, [points(&mut stream), points(&mut stream)]);
        let fast = together([&points[0], &points[1]], length, 2049, &mut FftPlanner::new());
        for (points, fast) in points.iter().zip(&fast) {
            let slow = each(points, length, 2049);
            let apart = slow.iter().zip(fast).map(|(left, right)| (left - right).norm()).fold(0.0, f64::max);
            assert!(apart < 1e-14, "{apart}");
        }
    }

    /// Beyond the band nothing is above what is negligible; a band a fifth as wide would not do.
    #[test]
    fn nothing_counts_beyond_the_band() {
        let mut stream = daotwin_core::Seed(2).stream("points of a test");
        for count in [20_000, 300_000, 10_000_000] {
            let points = points(&mut stream);
            let found = band(&[Tilted { points: points.clone(), count }]);
            assert!(found < std::f64::consts::PI, "{count}");
            let at = |frequency: f64| {
                let value: Complex64 = points
                    .iter()
                    .map(|&(place, mass)| Complex64::from_polar(mass, frequency * place as f64))
                    .sum();
                count as f64 * value.norm().ln()
            };
            let steps = 20_000;
            for step in 0..=steps {
                let frequency = found + (std::f64::consts::PI - found) * f64::from(step) / f64::from(steps);
                assert!(at(frequency) <= NEGLIGIBLE, "{count} {frequency}: {}", at(frequency));
            }
            assert!(at(found * 0.2) > NEGLIGIBLE, "{count}: {}", at(found * 0.2));
        }
    }
}
