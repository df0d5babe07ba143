use super::*;

fn sampled(rate: f64, sigma: f64, times: u64) -> Event {
    Event::sampled_gaussian(rate, sigma).times(times)
}

#[test]
fn reference_rows() {
    for (rate, sigma, times, delta, expected) in SAMPLED {
        let start = std::time::Instant::now();
        let found = epsilon(&sampled(rate, sigma, times), delta).unwrap();
        println!(
            "{rate} {sigma} {times}: {:.6} {:.6} want {expected} gap {:.1e} off {:.1e} {:?}",
            found.lower, found.upper, found.upper / found.lower - 1.0, found.upper / expected - 1.0, start.elapsed()
        );
    }
}

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
fn other_rows() {
    let rr = |epsilon, categories| Event::RandomisedResponse { epsilon, categories };
    let laplace = |scale| Event::Laplace { scale };
    let dg = |sigma| Event::DiscreteGaussian { sigma, sensitivity: 1 };
    let rows = [
        (dg(1.0), 1e-5, 4.430_238),
        (dg(4.0).times(10), 1e-5, 3.342_871),
        (dg(10.0).times(100), 1e-5, 4.377_753),
        (laplace(1.0), 1e-5, 0.999_980),
        (laplace(10.0).times(50), 1e-6, 3.120_710),
        (laplace(20.0).times(1000), 1e-6, 8.204_440),
        (Event::DiscreteLaplace { scale: 5.0, sensitivity: 1 }.times(20), 1e-6, 3.829_439),
        (rr(0.1, 2).times(100), 1e-6, 4.782_011),
        (rr(1.0, 2).times(10), 1e-6, 9.999_977),
        (Event::Sampled { rate: 0.02, event: Box::new(laplace(2.0)) }.times(1000), 1e-5, 1.132_619),
        (sampled(0.01, 1.0, 1000).and(Event::Gaussian { sigma: 8.0 }.times(10)).and(laplace(10.0)), 1e-5, 2.469_026),
    ];
    for (event, delta, expected) in rows {
        let start = std::time::Instant::now();
        let found = epsilon(&event, delta).unwrap();
        println!(
            "{event:?}: {:.6} {:.6} want {expected} gap {:.1e} off {:.1e} {:?}",
            found.lower, found.upper, found.upper / found.lower - 1.0, found.upper / expected - 1.0, start.elapsed()
        );
    }
    for (epsilon, expected) in [(1.0, 2.61250e-3), (2.0, 2.66572e-6), (4.0, 5.46741e-13)] {
        let found = delta(&sampled(0.01, 1.0, 1000), epsilon).unwrap();
        println!("{epsilon}: {:.5e} {:.5e} want {expected:e}", found.lower, found.upper);
    }
}

/// delta of one gridded step at a loss.
fn tail(masses: &[f64], grid: &grid::Grid, width: f64, epsilon: f64) -> f64 {
    masses
        .iter()
        .enumerate()
        .map(|(index, mass)| {
            let loss = grid.offset + (grid.first + index as i64) as f64 * width;
            if loss > epsilon { mass * -(epsilon - loss).exp_m1() } else { 0.0 }
        })
        .sum()
}

/// One step against its closed form, on and between grid points.
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
            let cells = Cells::cut(&pair, width, offset, 1e-14, MAX_CELLS).unwrap();
            for direction in [Direction::Remove, Direction::Add] {
                if direction == Direction::Add && rate < 1.0 {
                    continue;
                }
                let grid = cells.grid(direction);
                for step in 0..200 {
                    let epsilon = f64::from(step) * if rate < 1.0 { 6e-6 } else { 0.0007 };
                    let truth = exact(epsilon);
                    let (low, high) = (
                        tail(&grid.optimistic, &grid, width, epsilon),
                        tail(&grid.pessimistic, &grid, width, epsilon) + grid.infinite,
                    );
                    let slack = 1e-12;
                    assert!(low <= truth + slack, "{mechanism:?} {width} {epsilon}: {low} above {truth}");
                    assert!(high >= truth - slack, "{mechanism:?} {width} {epsilon}: {high} below {truth}");
                }
            }
        }
    }
}
