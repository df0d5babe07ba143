//! How much noise is needed for an epsilon.

use super::event::within;
use super::{Event, check_delta, pld};
use crate::error::{Error, Result};

/// Noise that is searched: deviations or scales.
const LEAST: f64 = 0.05;
const MOST: f64 = 1e6;

/// How close to the goal the noise found comes, relative in epsilon.
const CLOSE: f64 = 1e-4;

/// Steps of the search, each one query.
const STEPS: usize = 60;

/// The least noise, to 1 in 10,000, with which `event(noise)` is (epsilon, delta)-private by the upper bound of
/// [`pld::epsilon`]. More noise must cost less; the noise is a deviation or a scale between 0.05 and 1e6.
///
/// Deterministic; about five queries.
///
/// ```
/// use daotwin_privacy::accountant::{Event, calibrate};
/// let sigma = calibrate::noise(|sigma| Event::sampled_gaussian(0.01, sigma).times(1000), 3.0, 1e-5)?;
/// assert!((sigma / 0.81359 - 1.0).abs() < 1e-3);
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
///
/// # Errors
/// [`Error::Parameter`] for an epsilon, a delta or an event out of range, and where no noise in that range is
/// enough.
pub fn noise(event: impl Fn(f64) -> Event, epsilon: f64, delta: f64) -> Result<f64> {
    let why = "below it every answer is noise, above it nothing is protected";
    within("epsilon", epsilon, 1e-3..=1e6, "0.001 to 1e6", why)?;
    check_delta(delta)?;
    // How far above the goal: ln(found / goal), falling with the noise. At 0 it is far below.
    let excess = |log: f64| -> Result<f64> {
        Ok((pld::epsilon(&event(log.exp()), delta)?.upper / epsilon).max(1e-9).ln())
    };
    let (least, most) = (LEAST.ln(), MOST.ln());
    // Too little noise, and enough of it; the last two queries.
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut last, mut next) = (None, 0.0);
    for step in 0..STEPS {
        let found = excess(next)?;
        if found > 0.0 {
            if next >= most {
                return Err(Error::Parameter {
                    name: "epsilon",
                    found: epsilon.to_string(),
                    allowed: "one that noise of up to 1e6 reaches",
                    why: "too much is asked of the data: fewer steps, a smaller rate or a larger delta are needed",
                });
            }
            low = next;
        } else {
            high = next;
            if found > -CLOSE || next <= least {
                break;
            }
        }
        if high - low < CLOSE * 1e-2 {
            break;
        }
        // A secant, for the logarithms are nearly on a line; aimed a little below the goal.
        let slope =
            last.map_or(USUAL, |(at, then): (f64, f64)| (found - then) / (next - at)).clamp(-8.0, -0.2);
        last = Some((next, found));
        let aim = next - (found + 0.5 * CLOSE) / slope;
        let bracketed = low.is_finite() && high.is_finite();
        next = if bracketed && (step > SECANTS || aim <= low || aim >= high) {
            f64::midpoint(low, high)
        } else {
            aim.clamp(next - 3.0, next + 3.0).clamp(least, most)
        };
    }
    Ok(if high <= least { LEAST } else { high.exp() })
}

/// How epsilon changes with noise, both as logarithms, where nothing is known yet.
const USUAL: f64 = -1.3;

/// Steps after which a bracket is only halved.
const SECANTS: usize = 12;

#[cfg(test)]
mod test {
    use super::*;

    /// Values of an independent implementation.
    #[test]
    fn known_values_come_out() {
        for (rate, times, epsilon, delta, expected) in [
            (0.01, 1000, 1.0, 1e-5, 1.41464),
            (0.01, 1000, 3.0, 1e-5, 0.81359),
            (0.02, 5000, 8.0, 1e-6, 1.15723),
        ] {
            let event = |sigma| Event::sampled_gaussian(rate, sigma).times(times);
            let queries = std::cell::Cell::new(0);
            let counted = |sigma| {
                queries.set(queries.get() + 1);
                event(sigma)
            };
            let sigma = noise(counted, epsilon, delta).unwrap();
            assert!(queries.get() <= 8, "{} queries", queries.get());
            assert!((sigma / expected - 1.0).abs() < 1e-3, "{sigma}, not {expected}");
            assert!(pld::epsilon(&event(sigma), delta).unwrap().upper <= epsilon);
            assert!(pld::epsilon(&event(sigma * 0.998), delta).unwrap().lower > epsilon * 0.999);
        }
    }

    #[test]
    fn extremes_are_answered_or_refused() {
        let gaussian = |sigma| Event::Gaussian { sigma };
        assert_eq!(noise(gaussian, 1e5, 1e-5).unwrap(), LEAST);
        assert!(noise(gaussian, 0.01, 1e-9).unwrap() > 100.0);
        assert!(noise(gaussian, 0.0, 1e-9).is_err());
        assert!(noise(|sigma| gaussian(sigma).times(1_000_000_000), 1e-3, 1e-30).is_err());
    }
}
