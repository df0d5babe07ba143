#![cfg(test)]

use super::*;

/// 1,500 days of a GJR recursion; the shocks follow from the linear congruential generator of ANSI C, so that another
/// program can make the same.
fn days() -> Vec<f64> {
    let mut state: u64 = 11;
    let mut uniform = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        state as f64 / (1_u64 << 31) as f64 - 0.5
    };
    let mut variance = 1e-4_f64;
    (0..1_500)
        .map(|_| {
            let z = 2.0 * (uniform() + uniform() + uniform());
            let shock = variance.sqrt() * (z * (1.0 + 0.15 * z * z) / 1.42);
            let lean = if shock < 0.0 { 0.06 } else { 0.0 };
            variance = 5e-6 + (0.08 + lean) * shock * shock + 0.86 * variance;
            0.0005 + shock
        })
        .collect()
}

fn law(mean: f64, gamma: f64) -> Recursion {
    Recursion {
        mean,
        omega: 6e-6,
        alpha: 0.09,
        gamma,
        beta: 0.85,
        freedom: 6.0,
        next_variance: 0.0,
        log_likelihood: 0.0,
    }
}

#[test]
fn the_likelihood_is_that_of_arch() {
    let days = days();
    let centre = mean(&days);
    // arch 8.0.0: `arch_model(r, mean="Constant", vol="GARCH", p=1, o=o, q=1, dist="t", rescale=False).fix(...)`.
    for (gamma, reference) in [(0.0, 4605.0424060895475), (0.04, 4611.856186972247)] {
        let ours = law(centre, gamma).log_likelihood(&days);
        assert!((ours - reference).abs() < 1e-6, "{ours} {reference}");
    }
    // Negative control.
    assert!((law(centre, 0.05).log_likelihood(&days) - 4611.856186972247).abs() > 0.01);
}

#[test]
fn the_fit_is_no_worse_than_that_of_arch() {
    let days = days();
    // arch 8.0.0, the same models fitted to 100 r: likelihood, alpha, gamma, beta, freedom.
    for (asymmetric, likelihood, reference) in [
        (false, 4612.170870712878, [0.09416913, 0.0, 0.87939247, 4.48516661]),
        (true, 4615.69601322013, [0.0492228, 0.07599556, 0.88753394, 4.64442278]),
    ] {
        let fitted = Recursion::fit(&days, asymmetric);
        assert!(fitted.log_likelihood > likelihood - 1e-3, "{fitted:?} {likelihood}");
        let ours = [fitted.alpha, fitted.gamma, fitted.beta, fitted.freedom];
        for (value, reference) in ours.into_iter().zip(reference) {
            assert!((value - reference).abs() < 0.02 * reference.max(1.0), "{fitted:?} {reference}");
        }
    }
}

#[test]
fn simulated_moments_are_the_closed_forms() {
    // Normal-like shocks, so that the fourth moment exists with room: kurtosis 3 (1 - p^2) / (1 - p^2 - 2 a^2) for
    // normal shocks (Bollerslev 1986); with t shocks of kurtosis k it is k (1 - p^2) / (1 - p^2 - (k - 1) a^2).
    let (alpha, beta, freedom) = (0.1, 0.8, 12.0);
    let recursion = Recursion {
        mean: 0.001,
        omega: 1e-5,
        alpha,
        gamma: 0.0,
        beta,
        freedom,
        next_variance: 1e-4,
        log_likelihood: 0.0,
    };
    let model = Clustered {
        assets: vec!["A".to_owned()],
        recursions: vec![recursion],
        margins: vec![Margin::student(freedom)],
        joint: Joint::Copula(Dependence::gaussian(&[-1.0, 0.0, 1.0], 1)),
    };
    let draws = super::super::draws::Draws::new(Seed(6));
    let mut out = vec![0.0; 400_000];
    model.path(&draws, 0, &mut out);
    let shocks: Vec<f64> = out.iter().map(|value| value - 0.001).collect();
    let moment = |power: i32| shocks.iter().map(|value| value.powi(power)).sum::<f64>() / shocks.len() as f64;
    // The standard error of the variance is 0.5 %, that of the kurtosis, from batches, 0.12; five of them.
    assert!((moment(2) / 1e-4 - 1.0).abs() < 0.025, "{}", moment(2));
    let k = 3.0 + 6.0 / (freedom - 4.0);
    let p2 = (alpha + beta) * (alpha + beta);
    let exact = k * (1.0 - p2) / (1.0 - p2 - (k - 1.0) * alpha * alpha);
    let found = moment(4) / moment(2).powi(2);
    assert!((found - exact).abs() < 0.6, "{found} {exact}");
    // The autocorrelation of squares at lag 1 (Bollerslev 1986), and negative control: not the shocks' own.
    let squares: Vec<f64> = shocks.iter().map(|value| value * value).collect();
    let n = squares.len() - 1;
    let lag1 = daotwin_core::statistics::pearson(&squares[..n], &squares[1..]);
    let exact = alpha * (1.0 - alpha * beta - beta * beta) / (1.0 - 2.0 * alpha * beta - beta * beta);
    assert!((lag1 - exact).abs() < 0.05, "{lag1} {exact}");
    assert!(daotwin_core::statistics::pearson(&shocks[..n], &shocks[1..]).abs() < 0.02);
}
