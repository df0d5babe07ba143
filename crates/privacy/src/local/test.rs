use daotwin_core::statistics::clopper_pearson;

use super::*;
use crate::accountant::pld;

const REPORTS: u64 = 300_000;

fn rational(numerator: u128, denominator: u128) -> Rational {
    Rational::new(numerator, denominator).unwrap()
}

/// Shares of the answers in Clopper-Pearson intervals: eight, at 1e-6 together. A mechanism that tells the truth
/// at twice the loss is outside.
#[test]
fn responses_follow_their_law() {
    for (categories, epsilon) in [(2_u32, rational(1, 1)), (5, rational(3, 2))] {
        let mut randomiser = Randomiser::new(Mechanism::Categories { categories, epsilon }).unwrap();
        let mut counts = vec![0_u64; categories as usize];
        for _ in 0..REPORTS {
            counts[usize::try_from(randomiser.report(1).unwrap()).unwrap()] += 1;
        }
        let lie = |epsilon: f64| 1.0 / (epsilon.exp() + f64::from(categories) - 1.0);
        let inside = |loss: f64| {
            counts.iter().enumerate().all(|(answer, &count)| {
                let expected = if answer == 1 { loss.exp() * lie(loss) } else { lie(loss) };
                let (low, high) = clopper_pearson(count, REPORTS, 1e-6 / 8.0);
                (low..=high).contains(&expected)
            })
        };
        assert!(inside(epsilon.to_f64()), "{counts:?}");
        assert!(!inside(2.0 * epsilon.to_f64()), "{counts:?}");
    }
}

/// True shares within 5.5 standard errors: six estimates, below 1e-6 together. The raw shares are not.
#[test]
fn estimates_have_no_bias() {
    let truth = [0.6, 0.3, 0.1];
    let mechanism = Mechanism::Categories { categories: 3, epsilon: rational(1, 1) };
    let mut randomiser = Randomiser::new(mechanism).unwrap();
    let values = (0..REPORTS).map(|member| match member % 10 {
        0..=5 => 0,
        6..=8 => 1,
        _ => 2,
    });
    let reports: Vec<i64> = values.map(|value| randomiser.report(value).unwrap()).collect();
    for (estimate, truth) in frequencies(&reports, 3, 1.0).unwrap().iter().zip(truth) {
        assert!((estimate.value - truth).abs() < 5.5 * estimate.standard_error, "{estimate:?} {truth}");
        assert!(estimate.standard_error < 0.01);
    }
    let raw = reports.iter().filter(|&&report| report == 0).count() as f64 / REPORTS as f64;
    assert!((raw - 0.6).abs() > 0.05);
    for mechanism in [
        Mechanism::Laplace { low: 0, high: 10, epsilon: rational(1, 1) },
        Mechanism::Gaussian { low: 0, high: 10, variance: rational(400, 1) },
    ] {
        let mut randomiser = Randomiser::new(mechanism).unwrap();
        let reports: Vec<i64> =
            (0..REPORTS).map(|member| randomiser.report((member % 11) as i64).unwrap()).collect();
        let found = mean(&reports).unwrap();
        assert!((found.value - 5.0).abs() < 5.5 * found.standard_error, "{found:?}");
    }
}

#[test]
fn values_outside_the_range_are_brought_into_it() {
    // Noise of scale 10 / 50: a report strays by 20 with probability e^-100.
    let mechanism = Mechanism::Laplace { low: 0, high: 10, epsilon: rational(50, 1) };
    let mut randomiser = Randomiser::new(mechanism).unwrap();
    assert!((-10..=30).contains(&randomiser.report(i64::MAX).unwrap()));
    assert!((-20..=20).contains(&randomiser.report(i64::MIN).unwrap()));
}

#[test]
fn events_cost_what_reports_do() {
    let upper =
        |mechanism, delta| pld::epsilon(&Randomiser::new(mechanism).unwrap().event(), delta).unwrap().upper;
    let response = Mechanism::Categories { categories: 4, epsilon: rational(1, 2) };
    assert!((upper(response, 1e-9) - 0.5).abs() < 1e-6);
    let laplace = Mechanism::Laplace { low: -5, high: 5, epsilon: rational(1, 2) };
    assert!((upper(laplace, 1e-9) - 0.5).abs() < 1e-6);
    let gaussian = Mechanism::Gaussian { low: 0, high: 10, variance: rational(100, 1) };
    // Sigma is the range: near the continuous mechanism of sigma 1.
    assert!((upper(gaussian, 1e-5) - 4.377).abs() < 0.02);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let half = rational(1, 2);
    for mechanism in [
        Mechanism::Categories { categories: 1, epsilon: half },
        Mechanism::Categories { categories: 2, epsilon: rational(0, 1) },
        Mechanism::Categories { categories: 2, epsilon: rational(51, 1) },
        Mechanism::Laplace { low: 1, high: 1, epsilon: half },
        Mechanism::Gaussian { low: 2, high: 1, variance: half },
        Mechanism::Gaussian { low: 0, high: 1, variance: rational(0, 1) },
    ] {
        assert!(Randomiser::new(mechanism).is_err(), "{mechanism:?}");
    }
    let mut randomiser = Randomiser::new(Mechanism::Categories { categories: 2, epsilon: half }).unwrap();
    let message = randomiser.report(77).unwrap_err().to_string();
    assert!(!message.contains("77"), "{message}");
    assert!(frequencies(&[], 2, 1.0).is_err() && frequencies(&[5], 2, 1.0).is_err() && mean(&[]).is_err());
}
