use daotwin_core::statistics::pearson;
use daotwin_core::{Run, Seed};
use daotwin_history::frame::synthesizer::{Condition, FittedTable, TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame, Kind, Values};
use daotwin_history::synthesizer::PrivacyOptions;

use super::latent::{self, Latent};
use super::linear::{cholesky, eigen, inverse, nearest_correlation};
use super::moments::{Moments, SCALE, project};
use super::{Copula, bound};

fn number(name: &str) -> Column {
    let kind = Kind::Numeric { decimals: None };
    Column { name: name.to_owned(), kind, optional: false, bounds: (-6.0, 6.0) }
}

/// Two normal numbers with this correlation, and whether the second is above 0.5.
fn frame(rows: usize, correlation: f64) -> Frame {
    let mut stream = Seed(5).stream("copula test");
    let (mut x, mut y, mut b) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let first = stream.normal();
        let second = correlation * first + (1.0 - correlation * correlation).sqrt() * stream.normal();
        x.push(first.clamp(-6.0, 6.0));
        y.push(second.clamp(-6.0, 6.0));
        b.push(u32::from(second > 0.5));
    }
    let labels = ["no".to_owned(), "yes".to_owned()];
    let boolean =
        Column { name: "b".to_owned(), kind: Kind::Boolean { labels }, optional: false, bounds: (0.0, 0.0) };
    Frame::new(
        vec![number("x"), number("y"), boolean],
        vec![Values::Number(x), Values::Number(y), Values::Code(b)],
    )
    .unwrap()
}

fn sampled(model: &dyn FittedTable, rows: u64) -> Frame {
    crate::table::sample(model, rows, &Vec::new(), Seed(2), &Run::default()).unwrap()
}

/// By Fisher's transformation the correlation of n rows has a deviation of 1 / sqrt(n) at most; of the table and
/// of the sample together 0.01 at 20,000 rows. Five deviations: a false alarm in 2 million.
#[test]
fn a_known_correlation_comes_back() {
    for correlation in [-0.6, 0.0, 0.3, 0.9] {
        let real = frame(20_000, correlation);
        let model = Copula.fit(&real, &TableFitOptions::default(), &Run::default()).unwrap();
        let sample = sampled(&*model, 20_000);
        let found = pearson(sample.values(0).numbers(), sample.values(1).numbers());
        assert!((found - correlation).abs() < 0.05, "{found} for {correlation}");
        // A boolean is not taken for weakly related because it is coarse.
        let yes = |frame: &Frame| {
            let codes = frame.values(2).codes().iter();
            let of: Vec<f64> = codes
                .zip(frame.values(0).numbers())
                .filter(|(code, _)| **code == 1)
                .map(|(_, x)| *x)
                .collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        // The mean of 6,000 numbers of deviation 1, twice: a deviation of 0.018.
        assert!((yes(&sample) - yes(&real)).abs() < 0.1, "{} {}", yes(&sample), yes(&real));
    }
}

/// Given x in 1 to 2 and y above 1, z follows exactly computable means; three correlated numbers.
#[test]
fn several_conditions_follow_the_exact_law() {
    let real = frame(20_000, 0.7);
    let model = Copula.fit(&real, &TableFitOptions::default(), &Run::default()).unwrap();
    let asked = vec![(0, Condition::Range(-1.0, -0.5)), (2, Condition::Code(1))];
    let given = crate::table::sample(&*model, 4_000, &asked, Seed(3), &Run::default()).unwrap();
    let free = sampled(&*model, 400_000);
    let rows: Vec<usize> = (0..free.rows())
        .filter(|&row| {
            (-1.0..=-0.5).contains(&free.values(0).numbers()[row]) && free.values(2).codes()[row] == 1
        })
        .collect();
    assert!(rows.len() > 1_000, "{}", rows.len());
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    // Rows that meet the conditions by chance follow the exact law.
    for column in [0, 1] {
        let (given, kept) = (given.values(column).numbers(), free.take(&rows));
        let (left, right) = (mean(given), mean(kept.values(column).numbers()));
        // Deviations of the two means: 0.5 / sqrt(4,000) and 0.5 / sqrt(1,000), together 0.018.
        assert!((left - right).abs() < 0.09, "column {column}: {left} {right}");
    }
    // Without the second condition y would be far below.
    let one = crate::table::sample(&*model, 4_000, &asked[..1].to_vec(), Seed(3), &Run::default()).unwrap();
    assert!(mean(given.values(1).numbers()) > mean(one.values(1).numbers()) + 0.5);
}

#[test]
fn matrices() {
    let run = Run::default();
    // Eigenvalues of this one are 1 and 3.
    let (mut values, _) = eigen(&[2.0, 1.0, 1.0, 2.0], 2, &run).unwrap();
    values.sort_unstable_by(f64::total_cmp);
    assert!((values[0] - 1.0).abs() < 1e-12 && (values[1] - 3.0).abs() < 1e-12);
    // No three numbers have these correlations.
    let impossible = [1.0, 0.9, -0.9, 0.9, 1.0, 0.9, -0.9, 0.9, 1.0];
    assert!(cholesky(&impossible, 3).is_none());
    let near = nearest_correlation(&impossible, 3, &run).unwrap();
    let lower = cholesky(&near, 3).unwrap();
    assert!(near[1] == near[3] && near[2] == near[6] && near[5] == near[7]);
    assert!((0..3).all(|at| near[at * 4] == 1.0) && near[1] > 0.3 && near[2] < -0.3);
    let inverse = inverse(&lower, 3);
    for row in 0..3 {
        for column in 0..3 {
            let product: f64 = (0..3).map(|at| near[row * 3 + at] * inverse[at * 3 + column]).sum();
            assert!((product - f64::from(u8::from(row == column))).abs() < 1e-6);
        }
    }
    // A sound matrix stays as it is.
    let sound = [1.0, 0.5, 0.5, 1.0];
    assert_eq!(nearest_correlation(&sound, 2, &run).unwrap(), sound);
}

/// Two halves: the product of their scores has the arc sine law, 2 / pi asin(correlation) times the square of
/// the score, which is sqrt(2 / pi).
#[test]
fn mehler_is_sheppard_for_halves() {
    let half = Latent::new(vec![0, 1], vec![0.5, 0.5]);
    let scores = half.scores();
    let edge = (2.0 / std::f64::consts::PI).sqrt();
    assert!((scores[0] + edge).abs() < 1e-12 && (scores[1] - edge).abs() < 1e-12);
    let coefficients = half.coefficients();
    for correlation in [-0.8_f64, -0.2, 0.0, 0.5, 0.9] {
        let product = (2.0 / std::f64::consts::PI).powi(2) * correlation.asin();
        let found = latent::correlation(&coefficients, &coefficients, product);
        assert!((found - correlation).abs() < 0.005, "{found} for {correlation}");
    }
}

#[test]
fn noisy_counts_become_probabilities() {
    assert_eq!(project(&[5.0, 3.0, 2.0], 10.0), [0.5, 0.3, 0.2]);
    let law = project(&[8.0, -3.0, 4.0], 10.0);
    assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-12 && law[1] == 0.0 && law[0] > law[2]);
    assert!(project(&[-5.0, -5.0], 1.0).iter().all(|value| (value - 0.5).abs() < 1e-12));
}

/// What the sensitivities claim, on random tables and neighbours: one row more moves the counts by sqrt(C) and
/// the products by [`SCALE`], under any scores; some come near it.
#[test]
fn one_row_moves_no_vector_by_more_than_its_sensitivity() {
    let mut stream = Seed(9).stream("neighbours");
    let run = Run::default();
    let mut most = 0.0_f64;
    for _ in 0..300 {
        let columns = 2 + stream.below(6) as usize;
        let sizes: Vec<usize> = (0..columns).map(|_| 1 + stream.below(6) as usize).collect();
        let rows = stream.below(20) as usize;
        let codes: Vec<Vec<u32>> = sizes
            .iter()
            .map(|&size| (0..=rows).map(|_| stream.below(size as u64) as u32).collect())
            .collect();
        let orders: Vec<Vec<u32>> = sizes.iter().map(|&size| (0..size as u32).collect()).collect();
        let less: Vec<Vec<u32>> = codes.iter().map(|codes| codes[..rows].to_vec()).collect();
        let of = |codes, rows| Moments {
            codes,
            rows,
            sizes: &sizes,
            orders: orders.clone(),
            bound: bound(columns),
            run: &run,
        };
        let (with, without) = (of(&codes, rows + 1), of(&less, rows));
        let square = |left: Vec<i64>, right: Vec<i64>| -> u128 {
            left.iter().zip(right).map(|(a, b)| u128::from((a - b).unsigned_abs()).pow(2)).sum()
        };
        assert_eq!(square(with.counts(), without.counts()), with.counts_sensitivity());
        // Scores of any noisy counts, far ones too.
        let noisy: Vec<f64> = with.counts().iter().map(|_| 40.0 * stream.normal()).collect();
        let scores: Vec<Vec<f64>> = with.latents(&noisy).0.iter().map(Latent::scores).collect();
        let moved = square(with.products(&scores).unwrap(), without.products(&scores).unwrap());
        assert!(moved <= u128::from(SCALE).pow(2), "{moved}");
        most = most.max((moved as f64).sqrt() / f64::from(SCALE));
    }
    assert!(most > 0.99, "no neighbour comes near the bound: {most}");
}

#[test]
fn a_private_fit_reads_nothing_undeclared_and_keeps_the_relation() {
    let privacy = PrivacyOptions {
        epsilon: 1.0,
        delta: 1e-9,
        test_noise: Some(Seed(3)),
        ledger: "unused".into(),
        account: None,
    };
    let options = TableFitOptions { privacy: Some(privacy), ..TableFitOptions::default() };
    let real = frame(20_000, 0.7);
    let refused = Copula.fit(&real, &options, &Run::default()).err().unwrap();
    assert!(refused.to_string().contains("declare"), "{refused}");
    let declared = real.clone().with_declared(0..3);
    let model = Copula.fit(&declared, &options, &Run::default()).unwrap();
    let sample = sampled(&*model, 20_000);
    let found = pearson(sample.values(0).numbers(), sample.values(1).numbers());
    // Noise of the products is 5 / sqrt(2 * 0.006) = 46 of 20,000 rows; cells of 0.375 blur a little.
    assert!((found - 0.7).abs() < 0.06, "{found}");
}
