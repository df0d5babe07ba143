use daotwin_core::{Seed, Stream};

use super::*;
use crate::accountant::Budget;
use crate::measure::Measurer;
use crate::noise::{Bits, OperatingSystem};
use crate::quantise::quantise_contribution;
use crate::samplers::{DiscreteLaplace, Rational};

/// The probability that one audit convicts a mechanism that keeps its claim.
const ALPHA: f64 = 1e-6;
const RUNS: usize = 4_000;
const SCALE: u32 = 1 << 20;

/// Scores of `measure` on a history of 24 cells and on its neighbour with one member more, whose contribution
/// has the whole norm that is allowed. `understated` divides the declared sensitivity, and so the noise.
fn measured(budget: Budget, understated: u128) -> (Vec<f64>, Vec<f64>) {
    let without: Vec<i64> = (0..24).map(|cell| i64::from(SCALE) * (100 - 4 * cell)).collect();
    let weights: Vec<f64> = (0..24).map(|cell| if cell % 3 == 0 { 0.35 } else { -0.04 }).collect();
    let planted = quantise_contribution(&weights, SCALE);
    let with: Vec<i64> = without.iter().zip(&planted).map(|(count, step)| count + step).collect();
    let sensitivity_squared = u128::from(SCALE) * u128::from(SCALE) / (understated * understated);
    let run = |counts: &[i64]| {
        let mut measurer = Measurer::unaccounted(budget);
        // Two measurements, so that composition is part of what is tested.
        let first = measurer.measure("first", counts, sensitivity_squared, 0.3).unwrap();
        let second = measurer.measure("second", counts, sensitivity_squared, 0.7).unwrap();
        score(&first.values, &planted, first.sigma) + score(&second.values, &planted, second.sigma)
    };
    ((0..RUNS).map(|_| run(&without)).collect(), (0..RUNS).map(|_| run(&with)).collect())
}

/// A budget of rho 1/2, at which one deviation of the noise is one member.
fn budget() -> Budget {
    let budget = Budget::new(4.728_387, 1e-5).unwrap();
    assert!((budget.rho().to_f64() - 0.5).abs() < 1e-6);
    budget
}

#[test]
fn measurements_keep_their_claim() {
    let (without, with) = measured(budget(), 1);
    // Three claims, one sample: the false-alarm probability is 3e-6 / 3.
    let rho = budget().rho();
    for claim in
        [Claimed::Gaussian(rho), Claimed::Zcdp(rho), Claimed::Approximate { epsilon: 4.728_387, delta: 1e-5 }]
    {
        let audit = tradeoff(&without, &with, claim, ALPHA / 3.0).unwrap();
        assert!(!audit.violated, "{claim:?} {audit:?}");
    }
    // The test sees the member. The best event has probabilities 0.69 and 0.31; 2,000 runs and the interval
    // bound sqrt(2 rho) by 0.72 on average, with a standard error of 0.04. A tenth of the claim is nine
    // standard errors below.
    let audit = tradeoff(&without, &with, Claimed::Gaussian(rho), ALPHA).unwrap();
    assert!(audit.lower_bound > 0.05, "{audit:?}");
}

/// Noise halved: with sqrt(2 rho) = 2 instead of 1 the best event has probabilities 0.84 and 0.16, known to
/// 0.008 from 2,000 runs. The bounds fall below the claims only if both miss by 7 standard errors.
#[test]
fn halved_noise_is_caught() {
    let (without, with) = measured(budget(), 2);
    for claim in [Claimed::Gaussian(budget().rho()), Claimed::Zcdp(budget().rho())] {
        let audit = tradeoff(&without, &with, claim, ALPHA).unwrap();
        assert!(audit.violated, "{claim:?} {audit:?}");
    }
}

/// The audit against textbook mechanisms whose parameter is known exactly.
#[test]
fn known_mechanisms_are_judged_rightly() {
    // Randomised response with epsilon 1: the truth with probability e / (1 + e).
    let mut stream = Seed(5).stream("response");
    let truth = 1.0_f64.exp() / (1.0 + 1.0_f64.exp());
    let mut respond = |bit: bool| f64::from(u8::from(stream.chance(truth) == bit));
    let without: Vec<f64> = (0..20_000).map(|_| respond(false)).collect();
    let with: Vec<f64> = (0..20_000).map(|_| respond(true)).collect();
    let judge =
        |epsilon| tradeoff(&without, &with, Claimed::Approximate { epsilon, delta: 0.0 }, ALPHA).unwrap();
    assert!(!judge(1.0).violated);
    assert!(judge(0.7).violated);
    assert!((0.75..1.0).contains(&judge(1.0).lower_bound), "{:?}", judge(1.0));
    // Swapping the histories changes nothing.
    let swapped =
        tradeoff(&with, &without, Claimed::Approximate { epsilon: 0.7, delta: 0.0 }, ALPHA).unwrap();
    assert!(swapped.violated);

    // Continuous Gaussian noise with sqrt(2 rho) = 1.
    let normal = |shift: f64, stream: &mut Stream| -> Vec<f64> {
        (0..20_000).map(|_| stream.normal() + shift).collect()
    };
    let mut stream = Seed(6).stream("normal");
    let (without, with) = (normal(0.0, &mut stream), normal(1.0, &mut stream));
    for (rho, violated) in [(0.5, false), (0.35, true)] {
        let audit = tradeoff(&without, &with, Claimed::Gaussian(Rho::at_most(rho)), ALPHA).unwrap();
        assert_eq!(audit.violated, violated, "{audit:?}");
    }
    for (rho, violated) in [(0.5, false), (0.2, true)] {
        let audit = tradeoff(&without, &with, Claimed::Zcdp(Rho::at_most(rho)), ALPHA).unwrap();
        assert_eq!(audit.violated, violated, "{audit:?}");
    }
}

/// Discrete Laplace noise on a count: epsilon is 1 / scale exactly, and half the scale is caught.
#[test]
fn laplace_noise_keeps_its_epsilon() {
    let mut bits = OperatingSystem::default();
    let sample = |law: DiscreteLaplace, shift: f64, bits: &mut dyn Bits| -> Vec<f64> {
        (0..20_000).map(|_| law.sample(bits).unwrap() as f64 + shift).collect()
    };
    for (denominator, violated) in [(1, false), (2, true)] {
        let law = DiscreteLaplace::new(Rational::new(1, denominator).unwrap()).unwrap();
        let (without, with) = (sample(law, 0.0, &mut bits), sample(law, 1.0, &mut bits));
        let audit =
            tradeoff(&without, &with, Claimed::Approximate { epsilon: 1.0, delta: 0.0 }, ALPHA).unwrap();
        assert_eq!(audit.violated, violated, "{audit:?}");
    }
}

#[test]
fn useless_samples_are_refused() {
    let claim = Claimed::Approximate { epsilon: 1.0, delta: 0.0 };
    let zeros = vec![0.0; 200];
    assert!(tradeoff(&zeros[..99], &zeros, claim, ALPHA).is_err());
    assert!(tradeoff(&zeros, &[f64::NAN; 200], claim, ALPHA).is_err());
    assert!(tradeoff(&zeros, &zeros, claim, 0.0).is_err());
    let audit = tradeoff(&zeros, &zeros, claim, ALPHA).unwrap();
    assert_eq!((audit.violated, audit.lower_bound), (false, 0.0));
}

#[test]
fn divergences_match_hand_calculation() {
    // Order 2 between coins of 0.8 and 0.2: ln(0.64 / 0.2 + 0.04 / 0.8).
    assert!((renyi(2.0, 0.8, 0.2) - 3.25_f64.ln()).abs() < 1e-12);
    let gaussian = Claimed::Gaussian(Rho::ZERO).needed(0.841_344_746, 0.158_655_254);
    assert!((gaussian - 2.0).abs() < 1e-6, "{gaussian}");
    assert_eq!(Claimed::Gaussian(Rho::ZERO).needed(0.2, 0.8), 0.0);
}
