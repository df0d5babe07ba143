//! The Gaussian mechanism in closed form.

use daotwin_core::statistics::normal_cdf;

/// Relative margin over the rounding of the two normal probabilities.
const MARGIN: f64 = 1e-9;

/// ln of the standard normal distribution function, finite for any finite argument.
fn log_normal_cdf(x: f64) -> f64 {
    if x > -30.0 {
        return normal_cdf(x).ln();
    }
    // The asymptotic series of Mills' ratio; at 30 its fourth term is below 1e-9, and the sum is short of it.
    let square = x * x;
    let series = 1.0 - (1.0 - (3.0 - 15.0 / square) / square) / square;
    -square / 2.0 - (-x).ln() - 0.5 * std::f64::consts::TAU.ln() + series.ln()
}

/// The exact delta of the Gaussian mechanism of deviation `sigma` at this epsilon (Balle and Wang 2018, Theorem
/// 8): Phi(1/(2 sigma) - epsilon sigma) - e^epsilon Phi(-1/(2 sigma) - epsilon sigma).
pub(super) fn gaussian_delta(sigma: f64, epsilon: f64) -> f64 {
    let first = log_normal_cdf(0.5 / sigma - epsilon * sigma);
    let second = epsilon + log_normal_cdf(-0.5 / sigma - epsilon * sigma);
    if second >= first { 0.0 } else { -(second - first).exp_m1() * first.exp() }
}

/// The smallest epsilon at which the Gaussian mechanism has this delta, rounded down and up.
pub(super) fn gaussian_epsilon(sigma: f64, delta: f64) -> (f64, f64) {
    if gaussian_delta(sigma, 0.0) <= delta {
        return (0.0, 0.0);
    }
    // The bound of zCDP is never below.
    let rho = 0.5 / (sigma * sigma);
    let (mut low, mut high) = (0.0, rho + 2.0 * (rho * -delta.ln()).sqrt());
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if gaussian_delta(sigma, middle) <= delta { high = middle } else { low = middle }
    }
    (low * (1.0 - MARGIN), high * (1.0 + MARGIN))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn both_forms_of_the_logarithm_agree_where_they_meet() {
        for x in [-30.0, -30.5, -33.0, -36.0] {
            let direct = normal_cdf(x).ln();
            assert!((log_normal_cdf(x) / direct - 1.0).abs() < 1e-11, "{x}");
        }
        assert!(log_normal_cdf(-1e6).is_finite());
    }

    /// Exact values, to the digits given, of an independent implementation.
    #[test]
    fn epsilon_matches_known_values() {
        for (sigma, delta, expected) in [
            (1.0, 1e-5, 4.377_178),
            (4.0, 1e-5, 0.926_342),
            (0.5, 1e-6, 10.997_151),
            (50.0 / 1000.0_f64.sqrt(), 1e-6, 2.921_601),
        ] {
            let (low, high) = gaussian_epsilon(sigma, delta);
            assert!((high - expected).abs() < 1e-6 && low <= high, "{sigma} {delta}: {low} {high}");
        }
    }
}
