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
/// Deterministic; about ten queries.
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
    // A bracket, by doubling or halving from 1.
    let start = excess(0.0)?;
    let ((mut low, mut at_low), (mut high, mut at_high)) = if start > 0.0 {
        let mut last = (0.0, start);
        loop {
            let next = (last.0 + 2.0_f64.ln()).min(MOST.ln());
            let found = excess(next)?;
            if found <= 0.0 {
                break (last, (next, found));
            }
            if next >= MOST.ln() {
                return Err(Error::Parameter {
                    name: "epsilon",
                    found: epsilon.to_string(),
                    allowed: "one that noise of up to 1e6 reaches",
                    why: "too much is asked of the data: fewer steps, a smaller rate or a larger delta are needed",
                });
            }
            last = (next, found);
        }
    } else {
        let mut last = (0.0, start);
        loop {
            let next = (last.0 - 2.0_f64.ln()).max(LEAST.ln());
            let found = excess(next)?;
            if found > 0.0 {
                break ((next, found), last);
            }
            if next <= LEAST.ln() {
                return Ok(LEAST);
            }
            last = (next, found);
        }
    };
    // False position, halving where one end would stay (Dowell and Jarratt 1971).
    let (mut weight_low, mut weight_high) = (1.0, 1.0);
    for _ in 0..STEPS {
        if at_high > -CLOSE || high - low < CLOSE * 1e-2 {
            break;
        }
        let (left, right) = (weight_low * at_low, weight_high * at_high);
        // Aimed a little below the goal, so that the end that counts is the one that closes in.
        let goal = -0.3 * CLOSE;
        let share = ((left - goal) / (left - right)).clamp(0.02, 0.98);
        let middle = low + share * (high - low);
        let found = excess(middle)?;
        if found > 0.0 {
            (low, at_low) = (middle, found);
            (weight_low, weight_high) = (1.0, weight_high * 0.5);
        } else {
            (high, at_high) = (middle, found);
            (weight_low, weight_high) = (weight_low * 0.5, 1.0);
        }
    }
    Ok(high.exp())
}

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
            let start = std::time::Instant::now();
            let sigma = noise(event, epsilon, delta).unwrap();
            println!("{rate} {times} {epsilon}: {sigma} in {:?}", start.elapsed());
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
