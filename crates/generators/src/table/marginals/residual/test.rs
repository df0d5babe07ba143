use daotwin_core::{Run, Seed};
use daotwin_history::frame::synthesizer::{TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Frame, Kind, Values};
use daotwin_privacy::{Budget, Measurer};

use super::super::Strategy;
use super::super::counts::Rows;
use super::super::domain::{Clique, Domain};
use super::super::estimate::Measured;
use super::super::junction_tree::total_cells;
use super::super::select::{Plan, Progress, Select, grem::bounded};
use super::super::test::{cell, close, column, every_row, private, summed};
use super::Residuals;
use crate::charge::Stage;
use crate::table::sample;

/// Noisy marginals of a random table: overlapping, repeated, and each with a deviation of its own.
fn noisy(domain: &Domain, cliques: &[Clique], seed: u64) -> Vec<Measured> {
    let mut stream = Seed(seed).stream("noisy");
    let cells = every_row(domain).len();
    let law: Vec<f64> = (0..cells).map(|_| stream.exponential()).collect();
    let one = |clique: &Clique| {
        let sigma = 0.5 + 4.0 * stream.uniform();
        let values = summed(domain, &law, clique).into_iter().map(|p| p * 500.0 + sigma * stream.normal());
        Measured { clique: clique.clone(), values: values.collect(), sigma }
    };
    cliques.iter().map(one).collect()
}

/// The table of least norm among those of least weighted squares, over the whole domain: conjugate gradients on the
/// normal equations from zero never leave the span of the measurements, in which the solution is unique.
fn least_squares(domain: &Domain, measured: &[Measured]) -> Vec<f64> {
    let rows = every_row(domain);
    let apply = |table: &[f64]| {
        let mut out = vec![0.0; rows.len()];
        for one in measured {
            let mut sums = vec![0.0; one.values.len()];
            rows.iter().zip(table).for_each(|(row, value)| sums[cell(domain, &one.clique, row)] += value);
            for (row, out) in rows.iter().zip(&mut out) {
                *out += sums[cell(domain, &one.clique, row)] / one.sigma.powi(2);
            }
        }
        out
    };
    let mut rest = vec![0.0; rows.len()];
    for one in measured {
        for (row, rest) in rows.iter().zip(&mut rest) {
            *rest += one.values[cell(domain, &one.clique, row)] / one.sigma.powi(2);
        }
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut table = vec![0.0; rows.len()];
    let mut direction = rest.clone();
    let mut size = dot(&rest, &rest);
    let enough = size * 1e-28;
    for _ in 0..2_000 {
        if size <= enough {
            break;
        }
        let image = apply(&direction);
        let step = size / dot(&direction, &image);
        table.iter_mut().zip(&direction).for_each(|(at, by)| *at += step * by);
        rest.iter_mut().zip(&image).for_each(|(at, by)| *at -= step * by);
        let next = dot(&rest, &rest);
        direction.iter_mut().zip(&rest).for_each(|(at, rest)| *at = rest + next / size * *at);
        size = next;
    }
    table
}

#[test]
fn reconstruction_is_weighted_least_squares_over_the_whole_domain() {
    for (seed, sizes, cliques) in [
        (1, vec![3, 2, 4], vec![vec![0], vec![0, 1], vec![1, 2], vec![0, 1], vec![2]]),
        (
            2,
            vec![2, 3, 2, 4],
            vec![vec![0, 1, 2], vec![1, 2, 3], vec![1, 2], vec![3], vec![0, 1, 2], vec![0, 3]],
        ),
        (
            3,
            vec![2, 3, 1, 2, 3],
            vec![vec![0, 1], vec![2, 3], vec![1, 3, 4], vec![0, 4], vec![1, 4], vec![4]],
        ),
    ] {
        let domain = Domain::new(sizes);
        let measured = noisy(&domain, &cliques, seed);
        let mut residuals = Residuals::new(&domain);
        measured.iter().for_each(|one| residuals.add(one));
        let table = least_squares(&domain, &measured);
        let total: f64 = table.iter().sum();
        assert!((residuals.total() - total).abs() < 1e-6);
        let all: Vec<usize> = (0..domain.len()).collect();
        for clique in super::subsets(&all) {
            let expected: Vec<f64> =
                summed(&domain, &table, &clique).iter().map(|share| share * total).collect();
            close(&residuals.counts(&clique), &expected, 1e-6);
        }
        // Without the weights it is another table.
        let even: Vec<Measured> = measured.iter().map(|one| Measured { sigma: 1.0, ..one.clone() }).collect();
        let other = least_squares(&domain, &even);
        assert!(other.iter().zip(&table).any(|(a, b)| (a - b).abs() > 1e-3));
    }
}

/// Of 4,000 draws of the noise the mean square of a cell lies within 12 % of the variance (a standard error is
/// sqrt(2 / 4,000) = 2.2 %, over the 24 cells, which all have the same variance, even less): 5 deviations and more.
#[test]
fn the_deviation_is_that_of_the_noise() {
    let domain = Domain::new(vec![3, 2, 4]);
    let cliques: [(Clique, f64); 4] =
        [(vec![0, 1], 2.0), (vec![1, 2], 1.0), (vec![0, 1, 2], 3.0), (vec![2], 0.5)];
    let mut stream = Seed(4).stream("deviation");
    for clique in [vec![0, 1, 2], vec![0, 2], vec![1]] {
        let (mut square, mut claimed) = (0.0, 0.0);
        for _ in 0..4_000 {
            let mut residuals = Residuals::new(&domain);
            for (clique, sigma) in &cliques {
                let values = (0..domain.cells(clique)).map(|_| sigma * stream.normal()).collect();
                residuals.add(&Measured { clique: clique.clone(), values, sigma: *sigma });
            }
            let counts = residuals.counts(&clique);
            square += counts.iter().map(|count| count * count).sum::<f64>() / counts.len() as f64 / 4_000.0;
            claimed = residuals.deviation(&clique).powi(2);
        }
        assert!((square / claimed - 1.0).abs() < 0.12, "{clique:?} {square} {claimed}");
    }
}

#[test]
fn laws_are_distributions_and_products_where_nothing_is_known() {
    let domain = Domain::new(vec![3, 2, 4, 3]);
    let measured = noisy(&domain, &[vec![0], vec![1], vec![2], vec![3], vec![0, 1], vec![1, 2]], 5);
    let mut residuals = Residuals::new(&domain);
    measured.iter().for_each(|one| residuals.add(one));
    for clique in [vec![0], vec![0, 1], vec![0, 3], vec![0, 1, 2], vec![1, 2, 3]] {
        let law = residuals.law(&clique);
        assert!(law.iter().all(|p| *p >= 0.0));
        assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    let (left, right) = (residuals.law(&[0]), residuals.law(&[3]));
    let product: Vec<f64> = left.iter().flat_map(|p| right.iter().map(move |q| p * q)).collect();
    close(&residuals.law(&[0, 3]), &product, 1e-12);
    // Negative counts leave the others the rows that they had.
    close(&super::nearest(vec![-5.0, 3.0, 7.0, 1.0], 6.0), &[0.0, 1.0 / 6.0, 5.0 / 6.0, 0.0], 1e-12);
}

/// Columns in blocks of four; within a block each follows the one before it.
fn wide(columns: usize, rows: usize) -> Vec<Vec<u32>> {
    let mut stream = Seed(6).stream("wide");
    let mut codes: Vec<Vec<u32>> = Vec::new();
    for column in 0..columns {
        let size = 3 + (column as u64 % 4);
        let drawn = (0..rows).map(|row| match codes.last() {
            Some(before) if column % 4 > 0 && stream.chance(0.7) => before[row].min(size as u32 - 1),
            _ => stream.below(size) as u32,
        });
        let drawn = drawn.collect();
        codes.push(drawn);
    }
    codes
}

/// All of the budget is spent, none of it twice: the measurer refuses what it cannot pay. What rows are drawn from
/// stays within its bound, however much was measured.
#[test]
fn the_budget_is_spent_once_and_the_tree_is_bounded() {
    let codes = wide(12, 4_000);
    let sizes: Vec<usize> = (0..12).map(|column| 3 + column % 4).collect();
    let domain = Domain::new(sizes);
    let budget = Budget::new(3.0, 1e-6).unwrap();
    let rho = Some(budget.rho().to_f64());
    let plan =
        Plan { strategy: Strategy::AimGrem, max_cells: 200, rounds: 4.0, target: Some(3), ridge: 0.2, rho };
    let run = Run::default();
    let rows = Rows { domain: &domain, codes: &codes, count: 4_000, reports: None };
    let select = Select { rows, plan, progress: Progress { run: &run, stage: "test" } };
    let mut measurer = Measurer::unaccounted(budget);
    let learned = select.measure(&mut measurer).unwrap();
    assert!(measurer.measure("more", &[1], 1, 1e-3).is_err());
    assert!(learned.measured.iter().any(|one| one.clique.len() > 1));
    for (most, least) in [(200, 12), (usize::MAX, learned.measured.len())] {
        let kept = bounded(&domain, &learned.measured, most);
        assert!(total_cells(&domain, kept.iter().map(|one| one.clique.as_slice())) <= most);
        assert!(kept.len() >= least);
    }
}

/// 80 columns, 3,160 pairs. In a chain of blocks neighbours agree in 0.7 + 0.3 / size of the rows and more; the fit
/// must find most of the 60 links at epsilon 2.
#[test]
fn wide_tables_are_fitted() {
    let (count, rows) = (80, 6_000);
    let codes = wide(count, rows);
    let columns = (0..count).map(|at| {
        let labels = (0..3 + at % 4).map(|label| format!("l{label}")).collect();
        column(&format!("c{at}"), Kind::Categorical { labels }, false, (0.0, 0.0))
    });
    let frame = Frame::new(columns.collect::<Vec<_>>(), codes.into_iter().map(Values::Code).collect());
    let frame = frame.unwrap().with_declared(0..count);
    let options = TableFitOptions { seed: Seed(1), privacy: Some(private(8)), ..TableFitOptions::default() };
    let run = Run::default();
    let model = Strategy::AimGrem.fit(&frame, &options, &run).unwrap();
    let drawn = sample(&*model, rows as u64, &Vec::new(), Seed(2), &run).unwrap();
    let agree = |frame: &Frame, left: usize, right: usize| {
        let pairs = frame.values(left).codes().iter().zip(frame.values(right).codes());
        pairs.filter(|(a, b)| a == b).count() as f64 / rows as f64
    };
    let close = |&at: &usize| (agree(&frame, at - 1, at) - agree(&drawn, at - 1, at)).abs() < 0.15;
    let kept = (1..count).filter(|at| at % 4 > 0).filter(close).count();
    assert!(kept >= 45, "{kept}");
}
