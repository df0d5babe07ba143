use daotwin_core::Seed;

use super::*;
use crate::ledger::{Account, Charge, Fingerprint, Ledger, Unit};

fn budget() -> Budget {
    Budget::new(1.0, 1e-6).unwrap()
}

#[test]
fn the_budget_is_never_passed() {
    let mut measurer = Measurer::seeded(budget(), Seed(1).stream("measure"));
    // Ten tenths are 1 only up to a rounding.
    for round in 0..10 {
        measurer.measure(&format!("round {round}"), &[1, 2], 1, 0.1).unwrap();
    }
    assert!(measurer.remaining().to_f64() < 1e-9 * measurer.total().to_f64());
    let error = measurer.measure("one more", &[1], 1, 0.01).unwrap_err();
    assert_eq!(error.kind(), daotwin_core::ErrorKind::Budget);
    let release = measurer.finish();
    assert!(release.spent() <= budget().rho());
    assert_eq!(release.records().len(), 10);
}

#[test]
fn the_variance_is_never_below_the_claim() {
    for sensitivity_squared in [1, 2, 3, 1 << 40, (1 << 40) + 1, 1 << 62, 1 << 80] {
        for units in [1, 7, 12_345_678, 1 << 40, (1 << 50) - 1, 1 << 50, 70 << 50] {
            let rho = Rho::from_units(units);
            let Ok(variance) = variance_for(sensitivity_squared, rho) else {
                assert!(sensitivity_squared >= 1 << 62, "{sensitivity_squared} {units}");
                continue;
            };
            // variance >= sensitivity^2 2^49 / units, crosswise and exactly.
            let left = BigUint::from(variance.numerator()) * units;
            let right = (BigUint::from(sensitivity_squared) << 49_u32) * variance.denominator();
            assert!(left >= right, "{sensitivity_squared} {units}");
            let excess = variance.to_f64() / (sensitivity_squared as f64 / (2.0 * rho.to_f64())) - 1.0;
            assert!(excess.abs() < 1e-12, "{sensitivity_squared} {units} {excess}");
        }
    }
}

#[test]
fn only_charged_noise_claims() {
    let mut seeded = Measurer::seeded(budget(), Seed(1).stream("measure"));
    let first = seeded.measure("a", &[5; 4], 1, 0.5).unwrap();
    let mut again = Measurer::seeded(budget(), Seed(1).stream("measure"));
    assert_eq!(first, again.measure("a", &[5; 4], 1, 0.5).unwrap());
    let statement = seeded.finish().statement().unwrap();
    assert_eq!((statement.claim, statement.noise), (None, NoiseKind::Seeded));

    let mut exact = Measurer::exact();
    let truth = exact.measure("a", &[5, -3], 1, 1.0).unwrap();
    assert_eq!((truth.values.as_slice(), truth.sigma, truth.rho), ([5.0, -3.0].as_slice(), 0.0, Rho::ZERO));
    assert_eq!(exact.finish().statement().unwrap().claim, None);

    let mut unaccounted = Measurer::unaccounted(budget());
    unaccounted.measure("a", &[5], 1, 1.0).unwrap();
    assert_eq!(unaccounted.finish().statement().unwrap().claim, None);

    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::create(&folder.path().join("ledger")).unwrap();
    let account = Account::new("dao", Unit::Member).unwrap();
    ledger.register(&account, budget()).unwrap();
    let request = Fingerprint::of([b"request".as_slice()]);
    let charge = Charge { account: &account, budget: budget(), purpose: "test", request, marks: &[] };
    let mut charged = Measurer::charged(ledger.reserve(&charge).unwrap());
    charged.measure("a", &[5], 1, 1.0).unwrap();
    let statement = charged.finish().statement().unwrap();
    assert_eq!(statement.ledger, Some(ledger.head().unwrap()));
    let claim = statement.claim.clone().unwrap();
    assert_eq!((claim.epsilon, claim.delta), (1.0, 1e-6));
    let text = serde_json::to_string(&statement).unwrap();
    assert_eq!(serde_json::from_str::<Statement>(&text).unwrap(), statement);
}

#[test]
fn outputs_lie_on_the_lattice_and_fresh_noise_differs() {
    let mut measurer = Measurer::unaccounted(budget());
    let first = measurer.measure("a", &[0; 64], 1 << 40, 0.5).unwrap();
    let second = measurer.measure("b", &[0; 64], 1 << 40, 0.5).unwrap();
    assert!(first.values.iter().all(|value| value.fract() == 0.0));
    assert_ne!(first.values, second.values);
}

#[test]
fn wrong_shares_and_sensitivities_cost_nothing() {
    let mut measurer = Measurer::unaccounted(budget());
    for share in [0.0, -0.5, 1.5, f64::NAN] {
        assert!(measurer.measure("a", &[1], 1, share).is_err());
    }
    assert!(measurer.measure("a", &[1], 0, 0.5).is_err());
    assert!(matches!(measurer.measure("a", &[1], u128::MAX, 0.5), Err(Error::Overflow { .. })));
    assert_eq!(measurer.remaining(), measurer.total());
}

#[test]
fn selections_are_paid_for_and_never_cheaper_than_their_rate() {
    let mut measurer = Measurer::unaccounted(budget());
    assert!(measurer.select("best", &[1, 2], 1, 0.7).unwrap() < 2);
    assert!(measurer.select("too much", &[1, 2], 1, 0.5).is_err());
    assert!(measurer.select("no sensitivity", &[1, 2], 0, 0.1).is_err());
    for units in [1, 3, 1 << 44, (1 << 50) - 1, 1 << 63] {
        let rate = rate_for(5, Rho::from_units(units)).unwrap();
        // (2 sensitivity rate)^2 / 8 <= rho, crosswise: numerator^2 <= units 2^33.
        assert!(BigUint::from(rate.numerator()).pow(2) <= BigUint::from(units) << 33_u32, "{units}");
        let epsilon = rate.to_f64() * 10.0;
        assert!((epsilon * epsilon / 8.0 / Rho::from_units(units).to_f64() - 1.0).abs() < 1e-4, "{units}");
    }
    assert_eq!(Measurer::exact().select("best", &[1, 7, 7], 1, 1.0).unwrap(), 1);
}

/// A member of seven rows moves everything seven times as far as a row does.
#[test]
fn groups_get_as_much_more_noise() {
    let budget = Budget::new(1.0, 1e-6).unwrap();
    let sampling = Sampling { rate: 0.1, steps: 5, length: 2 };
    let records = |rows: Option<u32>| {
        let mut measurer = Measurer::unaccounted(budget);
        if let Some(rows) = rows {
            measurer = measurer.of_groups(rows);
        }
        measurer.measure("counts", &[5, 6], 3, 0.3).unwrap();
        measurer.select("candidates", &[1, 2], 4, 0.3).unwrap();
        measurer.training("gradients", sampling, 0.3).unwrap();
        measurer.finish().records().to_vec()
    };
    let (one, seven) = (records(None), records(Some(7)));
    assert_eq!(records(Some(1)), one);
    for (one, seven) in one.iter().zip(&seven) {
        assert!((seven.sensitivity / one.sensitivity - 7.0).abs() < 1e-9, "{}", one.name);
        // Rounded up to whole numbers, or to 56 bits.
        assert!((seven.sigma - 7.0 * one.sigma).abs() <= 7.0, "{}", one.name);
        assert!((seven.rho - one.rho).abs() < 1e-12, "{}", one.name);
    }
    // A selection's noise lies in its rate.
    let rho = Rho::from_units(1 << 40);
    let (one, seven) = (rate_for(4, rho).unwrap(), rate_for(28, rho).unwrap());
    assert!((one.to_f64() / seven.to_f64() - 7.0).abs() < 1e-9);
    let huge = Measurer::unaccounted(budget).of_groups(u32::MAX).measure("counts", &[1], u128::MAX / 2, 0.5);
    assert!(huge.is_err());
}
