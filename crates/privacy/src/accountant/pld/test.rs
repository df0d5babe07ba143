use proptest::prelude::*;

use super::*;
use crate::accountant::rdp;

fn sampled(rate: f64, sigma: f64, times: u64) -> Event {
    Event::sampled_gaussian(rate, sigma).times(times)
}

/// The bounds are in order, close together, and the upper one is within 0.1 % of what is expected and not below.
#[track_caller]
fn check(event: &Event, delta: f64, expected: f64) {
    let found = epsilon(event, delta).unwrap();
    assert!(found.lower <= found.upper, "{event:?}: {found:?}");
    assert!(found.upper < found.lower * 1.001, "{event:?}: {found:?}");
    assert!((found.upper / expected - 1.0).abs() < 1e-3, "{event:?}: {found:?}, not {expected}");
}

/// Poisson-sampled Gaussians: rate, sigma, steps, delta, and epsilon by an independent implementation on a grid
/// of 1e-5.
const SAMPLED: [(f64, f64, u64, f64, f64); 12] = [
    (0.01, 1.0, 1000, 1e-5, 1.828_237),
    (0.01, 1.0, 10_000, 1e-5, 6.187_713),
    (0.01, 0.8, 1000, 1e-5, 3.141_014),
    (0.01, 0.5, 100, 1e-5, 6.476_210),
    (0.001, 0.7, 10_000, 1e-6, 1.636_917),
    (0.004, 1.1, 14_400, 1e-5, 2.244_657),
    (0.1, 2.0, 200, 1e-5, 3.359_660),
    (0.05, 1.0, 500, 1e-5, 7.523_694),
    (0.256 / 60.0, 1.1, 14_040, 1e-5, 2.379_555),
    (0.02, 1.5, 5000, 1e-6, 5.330_840),
    (0.001, 0.6, 100_000, 1e-7, 7.781_575),
    (0.5, 10.0, 1000, 1e-5, 7.545_180),
];

#[test]
fn sampled_gaussians_match_known_values() {
    for (rate, sigma, times, delta, expected) in SAMPLED {
        let event = sampled(rate, sigma, times);
        check(&event, delta, expected);
        let found = epsilon(&event, delta).unwrap();
        // Not below the known value by more than 1e-4, and never above the bound by Rényi divergences.
        assert!(found.upper > expected * (1.0 - 1e-4) && found.lower < expected * (1.0 + 1e-4), "{found:?}");
        assert!(found.upper < rdp::epsilon(&event, delta).unwrap());
    }
}

#[test]
fn other_mechanisms_match_known_values() {
    let laplace = |scale| Event::Laplace { scale };
    let discrete = |sigma| Event::DiscreteGaussian { sigma, sensitivity: 1 };
    check(&discrete(1.0), 1e-5, 4.430_238);
    check(&discrete(4.0).times(10), 1e-5, 3.342_871);
    check(&discrete(10.0).times(100), 1e-5, 4.377_753);
    check(&laplace(1.0), 1e-5, 0.999_980);
    check(&laplace(10.0).times(50), 1e-6, 3.120_710);
    check(&laplace(20.0).times(1000), 1e-6, 8.204_440);
    check(&Event::DiscreteLaplace { scale: 5.0, sensitivity: 1 }.times(20), 1e-6, 3.829_439);
    check(&Event::RandomisedResponse { epsilon: 1.0, categories: 2 }.times(10), 1e-6, 9.999_977);
    check(&Event::Sampled { rate: 0.02, event: Box::new(laplace(2.0)) }.times(1000), 1e-5, 1.132_619);
    let mixed = sampled(0.01, 1.0, 1000).and(Event::Gaussian { sigma: 8.0 }.times(10)).and(laplace(10.0));
    check(&mixed, 1e-5, 2.469_026);
}

/// delta of the first row. At epsilon 4 the independent implementation itself says 5.46740e-13. The step that it
/// puts on its grid, composed under a tilt (of 4 or of 6) instead of as it is, gives the value here; of the 1.16e-14
/// between them 1e-15 is mass that it truncates and counts as an infinite loss, the rest the rounding of its untilted
/// transform, which makes its other direction's delta come out as -6e-15.
#[test]
fn deltas_match_known_values() {
    for (epsilon, expected) in [(1.0, 2.61250e-3), (2.0, 2.66572e-6), (4.0, 5.35175e-13)] {
        let found = delta(&sampled(0.01, 1.0, 1000), epsilon).unwrap();
        assert!(found.lower <= found.upper && found.upper < found.lower * 1.001, "{found:?}");
        assert!((found.upper / expected - 1.0).abs() < 1e-3, "{found:?}, not {expected}");
    }
}

/// ln C(n, k).
fn log_binomial(n: u64, k: u64) -> f64 {
    (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum()
}

/// Binary randomised response composes to a binomial law: its delta is a finite sum.
/// A hundred answers of loss 0.1 have epsilon 4.774568 at 1e-6. An independent implementation on a grid of 1e-4 says
/// 4.782011: 0.1 is a hair above its thousandth grid point, each truth counts as 0.1001 and each lie as -0.1, and this
/// sum, with those two losses, gives its value to all digits.
#[test]
fn randomised_response_matches_its_binomial_sum() {
    for (loss, times) in [(0.1_f64, 100_u64), (0.5, 37), (0.02, 1000)] {
        let sum = |epsilon: f64, truth: f64| -> f64 {
            (0..=times)
                .map(|k| {
                    let total = truth * k as f64 - loss * (times - k) as f64;
                    let log = log_binomial(times, k) + k as f64 * loss - times as f64 * loss.exp().ln_1p();
                    if total > epsilon { log.exp() * -(epsilon - total).exp_m1() } else { 0.0 }
                })
                .sum()
        };
        let exact = |epsilon: f64| sum(epsilon, loss);
        if times == 100 {
            for (epsilon, truth) in [(4.774_568, 0.1), (4.782_011, 0.1001)] {
                assert!((sum(epsilon, truth) / 1e-6 - 1.0).abs() < 1e-5);
            }
        }
        let event = Event::RandomisedResponse { epsilon: loss, categories: 2 }.times(times);
        let found = epsilon(&event, 1e-6).unwrap();
        assert!(exact(found.upper) <= 1e-6 * (1.0 + 1e-6) && exact(found.lower) >= 1e-6 * (1.0 - 1e-6));
        assert!(found.upper < found.lower * (1.0 + 1e-6), "{found:?}");
        for epsilon in [0.0, 0.3, 1.7] {
            let (found, exact) = (delta(&event, epsilon).unwrap(), exact(epsilon));
            assert!(found.lower <= exact && exact <= found.upper, "{found:?} {exact}");
            assert!(found.upper <= found.lower * 1.0001, "{found:?}");
        }
    }
}

/// Where the answer is known in closed form, composition brackets it: Gaussians (Balle and Wang 2018), and one
/// Laplace draw, whose delta is 1 - e^((epsilon - 1/b)/2).
#[test]
fn closed_forms_lie_between_the_bounds() {
    for (sigma, times, delta) in
        [(1.0, 1, 1e-5), (4.0, 1, 1e-5), (10.0, 100, 1e-5), (30.0, 10, 1e-9), (100.0, 1000, 1e-3)]
    {
        let step = Step { rate: 1.0, mechanism: Mechanism::Gaussian { sigma } };
        let found = solve(&[(step, times)], Query::Epsilon(delta));
        let (low, high) = gaussian_epsilon(sigma / (times as f64).sqrt(), delta);
        assert!(found.lower <= high && low <= found.upper, "{sigma} {times}: {found:?}, not {low}");
        assert!(found.upper < found.lower * 1.001, "{sigma} {times}: {found:?}");
    }
    for (scale, delta) in [(1.0, 1e-5), (0.3, 1e-3), (5.0, 0.01)] {
        let exact = 1.0 / scale + 2.0 * f64::ln_1p(-delta);
        let found = epsilon(&Event::Laplace { scale }, delta).unwrap();
        assert!(
            found.lower <= exact * (1.0 + 1e-9) && exact <= found.upper * (1.0 + 1e-9),
            "{found:?} {exact}"
        );
        assert!(found.upper < found.lower * 1.001, "{scale}: {found:?}");
    }
}

/// delta of one gridded step at a loss.
fn tail(side: &grid::Side, width: f64, epsilon: f64) -> f64 {
    side.masses
        .iter()
        .enumerate()
        .map(|(index, mass)| {
            let loss = side.loss(index, width);
            if loss > epsilon { mass * -(epsilon - loss).exp_m1() } else { 0.0 }
        })
        .sum()
}

/// One step against its closed form, on and between grid points, wherever the grid lies.
#[test]
fn a_gridded_step_lies_on_both_sides_of_the_curve() {
    let laplace = |epsilon: f64| -f64::min(0.0, (epsilon - 0.05) / 2.0).exp_m1();
    let gaussian = |epsilon: f64| gaussian_delta(2.0, epsilon);
    // Under sampling a removal's delta is the rate times the mechanism's at ln(1 + (e^epsilon - 1) / rate).
    let sampled = |epsilon: f64| 0.02 * laplace((epsilon.exp_m1() / 0.02).ln_1p());
    let cases: [(f64, Mechanism, &dyn Fn(f64) -> f64); 3] = [
        (1.0, Mechanism::Laplace { scale: 20.0 }, &laplace),
        (1.0, Mechanism::Gaussian { sigma: 2.0 }, &gaussian),
        (0.02, Mechanism::Laplace { scale: 20.0 }, &sampled),
    ];
    for (rate, mechanism, exact) in cases {
        let pair = Pair::new(Step { rate, mechanism });
        for (width, offset) in [(0.01, 0.0), (0.0023, 0.001), (0.0011, -0.0003), (0.000_01, 0.0)] {
            // Cells of one width, and cells that are wider where the loss is larger.
            for growth in [0.0, 0.2] {
                let wide = |loss: f64| growth * loss.abs();
                let cells = Cells::cut(&pair, width, offset, &wide, (1e-14, f64::INFINITY), 1 << 24).unwrap();
                for direction in [Direction::Remove, Direction::Add] {
                    if direction == Direction::Add && rate < 1.0 {
                        continue;
                    }
                    let grid = cells.grid(direction, rate == 1.0);
                    for step in 0..200 {
                        let epsilon = f64::from(step) * if rate < 1.0 { 6e-6 } else { 0.0007 };
                        let truth = exact(epsilon);
                        let low = tail(&grid.optimistic, width, epsilon);
                        let high = tail(&grid.pessimistic, width, epsilon) + grid.pessimistic.infinite;
                        let name = format!("{mechanism:?} {width} {growth} {epsilon}");
                        // The rounding of sums of about 1.
                        assert!(low <= truth + 1e-12, "{name}: {low} above {truth}");
                        assert!(high >= truth - 1e-12, "{name}: {high} below {truth}");
                    }
                }
            }
        }
    }
}

/// No failure from sigma 0.3 to 100, one step to a million, any rate: bounds in order, within 0.1 % of each other,
/// below the bound by Rényi divergences. What a query takes is counted in products of its transforms, of which a
/// processor does a few hundred millions a second: the slowest takes some 5 million, and twice that still passes.
#[test]
fn the_whole_range_is_answered() {
    let mut slowest = (0.0, String::new());
    for sigma in [0.3, 0.5, 1.0, 3.0, 10.0, 100.0] {
        for times in [1, 10, 1000, 100_000, 1_000_000] {
            for rate in [1e-5, 1e-4, 1e-3, 0.03, 0.5, 1.0] {
                let event = sampled(rate, sigma, times);
                let start = spectrum::WORK.get();
                let found = epsilon(&event, 1e-6).unwrap();
                let work = spectrum::WORK.get() - start;
                let name = format!("rate {rate} sigma {sigma} times {times}: {found:?}, {work:e} products");
                assert!(found.upper.is_finite() && found.lower <= found.upper, "{name}");
                assert!(found.upper <= found.lower * 1.001 + 1e-9, "{name}");
                assert!(found.upper <= rdp::epsilon(&event, 1e-6).unwrap() * (1.0 + 1e-6) + 1e-9, "{name}");
                if work > slowest.0 {
                    slowest = (work, name);
                }
            }
        }
    }
    println!("slowest: {}", slowest.1);
    assert!(slowest.0 < 1e7, "{}", slowest.1);
}

/// Where few members are ever sampled and delta is tiny, it is the tail of a few large losses, which spread over many
/// powers of e. The bounds stay within 0.1 % of each other, and around what one step costs by its closed form: a removal
/// costs the most, and its delta is the rate times the Gaussian's at ln(1 + (e^epsilon - 1) / rate).
#[test]
fn rare_large_losses_are_bounded_closely() {
    for (rate, sigma, times, delta) in [
        (1e-6, 0.7, 1, 1e-12),
        (3e-5, 1.3, 1, 1e-12),
        (1e-6, 0.42, 3, 1e-9),
        (1e-6, 0.7, 100, 1e-12),
        (3e-5, 1.3, 100, 1e-12),
        (4e-4, 0.3, 3, 1e-3),
        (1e-6, 0.7, 30_000, 1e-12),
        (4e-4, 0.7, 700_000, 1e-12),
        (1e-6, 0.7, 700_000, 1e-12),
        (3e-5, 7.0, 700_000, 1e-3),
    ] {
        let start = spectrum::WORK.get();
        let found = epsilon(&sampled(rate, sigma, times), delta).unwrap();
        let work = spectrum::WORK.get() - start;
        let name =
            format!("rate {rate} sigma {sigma} times {times} delta {delta}: {found:?}, {work:e} products");
        assert!(found.lower <= found.upper && found.upper < found.lower * 1.001, "{name}");
        assert!(found.upper <= rdp::epsilon(&sampled(rate, sigma, times), delta).unwrap(), "{name}");
        assert!(work < 2e7, "{name}");
        if times == 1 {
            let exact = |epsilon: f64| rate * gaussian_delta(sigma, (epsilon.exp_m1() / rate).ln_1p());
            let (at_lower, at_upper) = (exact(found.lower), exact(found.upper));
            assert!(at_upper <= delta * (1.0 + 1e-6) && at_lower >= delta * (1.0 - 1e-6), "{name}");
        }
        // The other question, asked at the answer to the first: delta is no smaller than what epsilon's bounds say.
        let back = super::delta(&sampled(rate, sigma, times), found.upper).unwrap();
        assert!(back.lower <= delta * (1.0 + 1e-6), "{name}: {back:?}");
        assert!(back.lower <= back.upper && back.upper < back.lower * 1.01, "{name}: {back:?}");
    }
}

/// Splitting losses above a cap off the grid changes no tail below the cap, and tails of sums by no more than is
/// allowed for.
#[test]
fn losses_above_a_cap_keep_their_tails_below_it() {
    let pair = Pair::new(Step { rate: 1e-4, mechanism: Mechanism::Gaussian { sigma: 0.7 } });
    let (width, cap) = (1e-5, 5e-3);
    let exact = |epsilon: f64| 1e-4 * gaussian_delta(0.7, (epsilon.exp_m1() / 1e-4).ln_1p());
    let cells = Cells::cut(&pair, width, 0.0, &|_| 0.0, (1e-18, cap), 1 << 20).unwrap();
    let grid = cells.grid(Direction::Remove, false);
    assert!(grid.pessimistic.infinite > 1e-9 && grid.optimistic.infinite > 1e-9);
    let end = grid.pessimistic.places.last().map_or(0.0, |&last| last as f64 * width);
    assert!(end <= cap + width, "{end}");
    for step in 1..49 {
        let epsilon = 1e-4 * f64::from(step);
        let truth = exact(epsilon);
        let low = tail(&grid.optimistic, width, epsilon) + grid.optimistic.infinite;
        let high = tail(&grid.pessimistic, width, epsilon) + grid.pessimistic.infinite;
        assert!(
            low <= truth * (1.0 + 1e-7) && truth <= high * (1.0 + 1e-7),
            "{epsilon}: {low} {truth} {high}"
        );
        assert!(high < low * 1.01, "{epsilon}: {low} {high}");
    }
    // Above it the optimistic one counts too much.
    let beyond = tail(&grid.optimistic, width, 2.0 * cap) + grid.optimistic.infinite;
    assert!(beyond > exact(2.0 * cap) * 1.1, "{beyond}");
    let parts = [(&grid, 10)];
    // Below the cap next to nothing; far above it all that was split off is in doubt.
    assert!(compose::overcounted(&parts, width, cap / 3.0) < 1e-9 * compose::split_off(&parts));
    assert!(compose::overcounted(&parts, width, 3.0 * cap) > compose::split_off(&parts));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// More noise, fewer steps, a smaller rate and a larger delta never cost more.
    #[test]
    fn costs_are_monotone(
        rate in 1e-4..0.3_f64, sigma in 0.6..5.0_f64, times in 1..3000_u64, exponent in -9.0..-3.0_f64,
    ) {
        let delta = 10.0_f64.powf(exponent);
        let cost = |rate, sigma, times, delta| epsilon(&sampled(rate, sigma, times), delta).unwrap();
        let base = cost(rate, sigma, times, delta);
        for other in [
            cost(rate, sigma * 1.1, times, delta),
            cost(rate * 0.9, sigma, times, delta),
            cost(rate, sigma, times.div_ceil(2), delta),
            cost(rate, sigma, times, delta * 2.0),
        ] {
            prop_assert!(other.lower <= base.upper, "{:?} {:?}", other, base);
        }
    }
}

#[test]
fn nothing_costs_nothing_and_a_curve_rises() {
    assert_eq!(epsilon(&Event::Composed(Vec::new()), 1e-6).unwrap(), Bounds { lower: 0.0, upper: 0.0 });
    assert_eq!(epsilon(&sampled(0.0, 1.0, 10), 1e-6).unwrap().upper, 0.0);
    let points = curve(&Event::sampled_gaussian(0.01, 1.0), &[1, 10, 100, 1000], 1e-5).unwrap();
    assert!(points.windows(2).all(|pair| pair[0].1.upper < pair[1].1.upper));
    assert!(epsilon(&sampled(0.1, 1.0, 1), 0.0).is_err() && delta(&sampled(0.1, 1.0, 1), -1.0).is_err());
}
