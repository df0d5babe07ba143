use daotwin_core::{ErrorKind, Run, Seed, Stream};
use daotwin_history::frame::synthesizer::{Condition, FittedTable, TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_privacy::ledger::Unit;
use daotwin_privacy::{Account, Budget, Ledger};

use super::Strategy::{Aim, AimGrem, Mst};
use super::domain::{Clique, Domain, Projection};
use super::estimate::{self, Effort, Measured};
use super::inference::Engine;
use super::junction_tree::JunctionTree;
use super::sample::Sampler;
use crate::table::sample;

/// The codes of every row of the whole domain.
pub(super) fn every_row(domain: &Domain) -> Vec<Vec<usize>> {
    (0..domain.len()).fold(vec![Vec::new()], |rows, attribute| {
        rows.iter()
            .flat_map(|row: &Vec<usize>| {
                (0..domain.size(attribute)).map(|code| row.iter().copied().chain([code]).collect())
            })
            .collect()
    })
}

pub(super) fn cell(domain: &Domain, clique: &[usize], row: &[usize]) -> usize {
    clique.iter().fold(0, |cell, &attribute| cell * domain.size(attribute) + row[attribute])
}

/// Random cliques of up to three attributes with random potentials.
fn model(domain: &Domain, stream: &mut Stream) -> (Vec<Clique>, Vec<f64>) {
    let cliques: Vec<Clique> = (0..5)
        .map(|_| {
            let mut clique: Clique =
                (0..=stream.below(3)).map(|_| stream.below(domain.len() as u64) as usize).collect();
            clique.sort_unstable();
            clique.dedup();
            clique
        })
        .collect();
    let cells: usize = cliques.iter().map(|clique| domain.cells(clique)).sum();
    let theta = (0..cells).map(|_| 2.0 * stream.normal()).collect();
    (cliques, theta)
}

/// The weight of every row, by multiplying all factors.
fn brute_force(
    domain: &Domain,
    cliques: &[Clique],
    theta: &[f64],
    evidence: &[Option<Vec<f64>>],
) -> Vec<f64> {
    let weight = |row: &Vec<usize>| {
        let mut start = 0;
        let mut sum = 0.0;
        for clique in cliques {
            sum += theta[start + cell(domain, clique, row)];
            start += domain.cells(clique);
        }
        let seen = |(weights, &code): (&Option<Vec<f64>>, &usize)| weights.as_ref().map_or(1.0, |w| w[code]);
        sum.exp() * evidence.iter().zip(row).map(seen).product::<f64>()
    };
    every_row(domain).iter().map(weight).collect()
}

pub(super) fn summed(domain: &Domain, weights: &[f64], clique: &[usize]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let mut sums = vec![0.0; domain.cells(clique)];
    for (row, weight) in every_row(domain).iter().zip(weights) {
        sums[cell(domain, clique, row)] += weight / total;
    }
    sums
}

pub(super) fn close(left: &[f64], right: &[f64], within: f64) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert!((left - right).abs() <= within, "{left} and {right}");
    }
}

#[test]
fn messages_give_the_marginals_of_brute_force() {
    let mut stream = Seed(1).stream("messages");
    for sizes in [vec![2; 6], vec![2, 3, 1, 4, 2, 3], vec![3, 3, 3]] {
        let domain = Domain::new(sizes);
        for round in 0..30 {
            let (cliques, theta) = model(&domain, &mut stream);
            let mut evidence = vec![None; domain.len()];
            if round % 2 == 1 {
                let seen = stream.below(domain.len() as u64) as usize;
                let weights = (0..domain.size(seen)).map(|code| if code == 0 { 0.5 } else { 0.1 }).collect();
                evidence[seen] = Some(weights);
            }
            let weights = brute_force(&domain, &cliques, &theta, &evidence);
            let mut engine = Engine::new(&domain, cliques.clone());
            let log_sum = engine.run(&theta, &evidence).unwrap();
            assert!((log_sum - weights.iter().sum::<f64>().ln()).abs() < 1e-9);
            let mut marginals = vec![0.0; theta.len()];
            engine.marginals(&mut marginals);
            let expected: Vec<f64> =
                cliques.iter().flat_map(|clique| summed(&domain, &weights, clique)).collect();
            close(&marginals, &expected, 1e-12);
            for attribute in 0..domain.len() {
                for (other, pair) in engine.pairs(attribute).iter().enumerate() {
                    if other == attribute {
                        assert!(pair.is_empty());
                        continue;
                    }
                    let clique = [attribute.min(other), attribute.max(other)];
                    close(pair, &summed(&domain, &weights, &clique), 1e-12);
                }
            }
        }
    }
}

#[test]
fn projections_are_sums_over_the_other_attributes() {
    let domain = Domain::new(vec![2, 3, 4, 2]);
    let from = [0, 1, 2, 3];
    let table: Vec<f64> = (0..48).map(f64::from).collect();
    for onto in [vec![], vec![3], vec![0], vec![1, 2], vec![0, 3], vec![0, 1, 2, 3], vec![0, 2, 3]] {
        let projection = Projection::new(&domain, &from, &onto);
        let mut small = vec![0.0; projection.cells()];
        projection.sum(&table, &mut small);
        let mut expected = vec![0.0; small.len()];
        for (at, row) in every_row(&domain).iter().enumerate() {
            assert_eq!(projection.target(at), cell(&domain, &onto, row));
            expected[cell(&domain, &onto, row)] += table[at];
        }
        assert_eq!(small, expected);
        let mut product = table.clone();
        projection.multiply(&mut product, &small);
        for (at, value) in product.iter().enumerate() {
            assert_eq!(*value, table[at] * small[projection.target(at)]);
        }
    }
}

#[test]
fn the_bags_of_every_attribute_are_connected() {
    let mut stream = Seed(2).stream("trees");
    let domain = Domain::new((0..90).map(|at| 2 + at % 5).collect());
    for _ in 0..20 {
        let cliques: Vec<Clique> = (0..60)
            .map(|_| {
                let mut clique: Clique = (0..3).map(|_| stream.below(90) as usize).collect();
                clique.sort_unstable();
                clique.dedup();
                clique
            })
            .collect();
        let tree = JunctionTree::new(&domain, cliques.iter().map(Vec::as_slice));
        assert!(cliques.iter().all(|clique| tree.home(&domain, clique).is_some()));
        for attribute in 0..domain.len() {
            let holds = |bag: usize| tree.bags[bag].contains(&attribute);
            // A connected part of a tree has exactly one bag whose parent is not in it.
            let tops =
                (0..tree.bags.len()).filter(|&bag| holds(bag) && !tree.parents[bag].is_some_and(holds));
            assert_eq!(tops.count(), 1);
        }
        assert!(tree.parents.iter().enumerate().skip(1).all(|(bag, parent)| parent.unwrap() < bag));
    }
}

/// The chain 0 - 2 - 1 has a closed form: p(0, 2) p(1, 2) / p(2).
#[test]
fn the_estimate_is_the_one_of_most_entropy() {
    let domain = Domain::new(vec![3, 2, 4]);
    let mut stream = Seed(3).stream("estimate");
    let law: Vec<f64> = (0..24).map(|_| stream.exponential()).collect();
    let cliques: Vec<Clique> = vec![vec![2], vec![0, 2], vec![1, 2]];
    let rows = 10_000.0;
    let measured: Vec<Measured> = cliques
        .iter()
        .map(|clique| {
            let values = summed(&domain, &law, clique).iter().map(|p| p * rows).collect();
            Measured { clique: clique.clone(), values, sigma: 1.0 }
        })
        .collect();
    assert!((estimate::total(&measured) - rows).abs() < 1e-6);
    let mut engine = Engine::new(&domain, cliques);
    let mut theta = vec![0.0; 4 + 12 + 8];
    let effort = Effort { passes: 400, ridge: 1e-4 };
    estimate::fit(&mut engine, &measured, rows, &mut theta, effort, &Run::default()).unwrap();
    let [one, left, right] = [&measured[0], &measured[1], &measured[2]].map(|one| &one.values);
    let expected: Vec<f64> = (0..3)
        .flat_map(|a| (0..2).map(move |b| (a, b)))
        .map(|(a, b)| (0..4).map(|c| left[a * 4 + c] * right[b * 4 + c] / one[c]).sum::<f64>() / rows)
        .collect();
    close(&engine.pairs(0)[1], &expected, 2e-6);
}

/// Noise that no distribution explains: negative counts, columns that disagree. The estimate must still come
/// close to what was measured, from a cold start, whatever the weight of the entropy.
#[test]
fn contradictory_measurements_are_reconciled() {
    let domain = Domain::new(vec![16; 6]);
    let mut stream = Seed(4).stream("noise");
    let law: Vec<f64> = (0..16).map(|code| 0.5_f64.powi(code)).collect();
    let total: f64 = law.iter().sum();
    let rows = 20_000.0;
    let sigma = 60.0;
    let mut cliques: Vec<Clique> = (0..6).map(|attribute| vec![attribute]).collect();
    cliques.extend([vec![0, 1], vec![1, 2], vec![2, 3], vec![0, 3], vec![3, 4], vec![4, 5]]);
    let truth = |clique: &Clique| -> Vec<f64> {
        match clique.len() {
            1 => law.iter().map(|p| p / total * rows).collect(),
            // Equal codes half of the time.
            _ => (0..256)
                .map(|at| {
                    let (left, right) = (law[at / 16] / total, law[at % 16] / total);
                    rows * (0.5 * left * right + if at / 16 == at % 16 { 0.5 * left } else { 0.0 })
                })
                .collect(),
        }
    };
    let measured: Vec<Measured> = cliques
        .iter()
        .map(|clique| {
            let values = truth(clique).iter().map(|value| value + sigma * stream.normal()).collect();
            Measured { clique: clique.clone(), values, sigma }
        })
        .collect();
    for ridge in [0.02, 0.2, 1.0] {
        let mut engine = Engine::new(&domain, cliques.clone());
        let mut theta = vec![0.0; measured.iter().map(|one| one.values.len()).sum()];
        let effort = Effort { passes: 300, ridge };
        let total = estimate::total(&measured);
        estimate::fit(&mut engine, &measured, total, &mut theta, effort, &Run::default()).unwrap();
        for clique in &cliques {
            let found = engine.within(clique).unwrap();
            let wrong: f64 =
                found.iter().zip(truth(clique)).map(|(p, truth)| (p * total - truth).abs()).sum();
            // Left as they are, 256 noisy counts are wrong by 256 * 48 together.
            assert!(wrong < 5_000.0, "ridge {ridge} {clique:?}: {wrong}");
        }
    }
}

/// Pearson's statistic of independence of attributes 0 and 1 given 2, over all codes of 2.
fn dependence(codes: &[Vec<u32>]) -> f64 {
    let mut statistic = 0.0;
    for given in 0..2 {
        let mut table = [[0.0; 3]; 3];
        for row in (0..codes[0].len()).filter(|&row| codes[2][row] == given) {
            table[codes[0][row] as usize][codes[1][row] as usize] += 1.0;
        }
        let total: f64 = table.iter().flatten().sum();
        let [rows, columns]: [[f64; 3]; 2] = [
            std::array::from_fn(|at| table[at].iter().sum()),
            std::array::from_fn(|at| (0..3).map(|a| table[a][at]).sum()),
        ];
        for (a, counts) in table.iter().enumerate() {
            for (b, count) in counts.iter().enumerate() {
                let expected = rows[a] * columns[b] / total;
                statistic += (count - expected).powi(2) / expected;
            }
        }
    }
    statistic
}

/// Given the third column, the first two are independent: 2 * (3 - 1) * (3 - 1) = 8 degrees of freedom, of which
/// chi-square exceeds 42.7 with probability 1e-6 (margins are fixed, which Pearson's statistic conditions on).
/// Served in the order of rows, the draws tie them together: a released sampler of a peer does so.
#[test]
fn columns_stay_independent_given_a_third() {
    let domain = Domain::new(vec![3, 3, 2]);
    let mut engine = Engine::new(&domain, vec![vec![0, 2], vec![1, 2]]);
    let theta = [0.3, -0.5, 0.8, 0.1, -0.2, 0.6, -0.7, 0.4, 0.2, 0.5, 0.0, -0.3];
    engine.run(&theta, &vec![None; 3]).unwrap();
    let sampler = Sampler::new(&engine);
    let mut stream = Seed(5).stream("independence");
    let shuffled = dependence(&sampler.draw(8_192, &mut stream));
    assert!(shuffled < 42.7, "{shuffled}");
    let in_order = dependence(&sampler.draw_shuffled(8_192, &mut stream, |_, _| {}));
    assert!(in_order > 1_000.0, "{in_order}");
}

#[test]
fn counts_come_out_within_one_of_the_expected() {
    let domain = Domain::new(vec![3, 5]);
    let mut engine = Engine::new(&domain, vec![vec![0, 1]]);
    let theta: Vec<f64> = (0..15).map(|cell| f64::from(cell) * 0.3).collect();
    engine.run(&theta, &vec![None; 2]).unwrap();
    let codes = Sampler::new(&engine).draw(1_000, &mut Seed(6).stream("counts"));
    let law = engine.within(&[0, 1]).unwrap();
    for (at, p) in law.iter().enumerate() {
        let drawn =
            (0..1_000).filter(|&row| codes[0][row] as usize * 5 + codes[1][row] as usize == at).count();
        assert!((drawn as f64 - 1_000.0 * p).abs() < 1.0 + 1e-9, "{drawn} {p}");
    }
}

pub(super) fn column(name: &str, kind: Kind, optional: bool, bounds: (f64, f64)) -> Column {
    Column { name: name.to_owned(), kind, optional, bounds }
}

/// A table in which `b` follows `a`, `n` follows `b`, `y` follows both, and `m` is missing now and then.
fn table(rows: usize) -> Frame {
    let mut stream = Seed(7).stream("table");
    let labels = |count: u32| (0..count).map(|at| format!("l{at}")).collect::<Vec<_>>();
    let columns = vec![
        column("a", Kind::Categorical { labels: labels(4) }, false, (0.0, 0.0)),
        column("n", Kind::Integer, false, (0.0, 99.0)),
        column("b", Kind::Categorical { labels: labels(5) }, false, (0.0, 0.0)),
        column("y", Kind::Boolean { labels: ["no".to_owned(), "yes".to_owned()] }, false, (0.0, 0.0)),
        column("m", Kind::Numeric { decimals: None }, true, (0.0, 10_000.0)),
    ];
    let (mut a, mut n, mut b, mut y, mut m) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let first = stream.below(4) as u32;
        let second = if stream.chance(0.8) { first } else { stream.below(5) as u32 };
        a.push(first);
        b.push(second);
        n.push((f64::from(second) * 19.0 + stream.below(20) as f64).min(99.0));
        y.push(u32::from(stream.chance(if first == second { 0.9 } else { 0.2 })));
        m.push(if stream.chance(0.1) { f64::NAN } else { (stream.exponential() * 300.0).min(1e4) });
    }
    let values =
        vec![Values::Code(a), Values::Number(n), Values::Code(b), Values::Code(y), Values::Number(m)];
    Frame::new(columns, values).unwrap().with_declared(0..5)
}

pub(super) fn private(seed: u64) -> PrivacyOptions {
    PrivacyOptions {
        epsilon: 2.0,
        delta: 1e-6,
        ledger: "unused".into(),
        account: None,
        test_noise: Some(Seed(seed)),
    }
}

const MODELS: [&dyn TableSynthesizer; 3] = [&Mst, &Aim, &AimGrem];

fn fitted(
    synthesizer: &dyn TableSynthesizer,
    frame: &Frame,
    privacy: Option<PrivacyOptions>,
) -> Box<dyn FittedTable> {
    let options = TableFitOptions { seed: Seed(1), privacy, ..TableFitOptions::default() };
    synthesizer.fit(frame, &options, &Run::default()).unwrap()
}

/// The share of rows in which `b` equals `a`: 0.84 in the table, 0.21 were they independent. With 20,000 rows and
/// noise of about 30 in each of 20 cells the samples' share lies within 0.04.
#[test]
fn relations_are_kept_with_and_without_privacy() {
    let frame = table(20_000);
    for synthesizer in MODELS {
        for privacy in [None, Some(private(3))] {
            let model = fitted(synthesizer, &frame, privacy.clone());
            let rows = sample(&*model, 20_000, &Vec::new(), Seed(2), &Run::default()).unwrap();
            let equal =
                rows.values(0).codes().iter().zip(rows.values(2).codes()).filter(|(a, b)| a == b).count();
            let share = equal as f64 / 20_000.0;
            assert!((share - 0.84).abs() < 0.04, "{} {privacy:?} {share}", synthesizer.name());
            let missing = rows.values(4).numbers().iter().filter(|value| value.is_nan()).count();
            assert!((1_600..2_400).contains(&missing), "{missing}");
        }
    }
}

#[test]
fn conditions_hold_in_every_row() {
    let frame = table(5_000);
    for synthesizer in MODELS {
        let model = fitted(synthesizer, &frame, Some(private(4)));
        let conditions = vec![
            (3, Condition::Code(1)),
            (1, Condition::Range(20.5, 44.0)),
            (0, Condition::Code(2)),
            (4, Condition::Range(77.0, 77.0)),
        ];
        let rows = sample(&*model, 3_000, &conditions, Seed(2), &Run::default()).unwrap();
        assert!(rows.values(3).codes().iter().all(|&code| code == 1));
        assert!(rows.values(0).codes().iter().all(|&code| code == 2));
        assert!(
            rows.values(1)
                .numbers()
                .iter()
                .all(|value| (21.0..=44.0).contains(value) && value.fract() == 0.0)
        );
        assert!(rows.values(4).numbers().iter().all(|&value| value == 77.0));
        for missing in [Condition::Code(MISSING), Condition::Range(f64::NAN, f64::NAN)] {
            let rows = sample(&*model, 100, &vec![(4, missing)], Seed(2), &Run::default()).unwrap();
            assert!(rows.values(4).numbers().iter().all(|value| value.is_nan()));
        }
        for impossible in [
            (1, Condition::Range(3.2, 3.8)),
            (1, Condition::Range(100.0, 200.0)),
            (0, Condition::Code(MISSING)),
            (0, Condition::Code(9)),
            (9, Condition::Code(0)),
        ] {
            assert!(
                sample(&*model, 1, &vec![impossible], Seed(2), &Run::default()).is_err(),
                "{impossible:?}"
            );
        }
    }
}

/// Over all rows of the domain (numbers are whole and few) the densities sum to 1, and a condition's rows follow
/// them.
#[test]
fn densities_sum_to_one() {
    let labels = |count: u32| (0..count).map(|at| format!("l{at}")).collect::<Vec<_>>();
    let columns = vec![
        column("a", Kind::Categorical { labels: labels(3) }, true, (0.0, 0.0)),
        column("n", Kind::Integer, false, (1.0, 40.0)),
        column("y", Kind::Boolean { labels: ["no".to_owned(), "yes".to_owned()] }, false, (0.0, 0.0)),
    ];
    let mut stream = Seed(8).stream("densities");
    let (mut a, mut n, mut y) = (vec![], vec![], vec![]);
    for _ in 0..2_000 {
        let first = stream.below(4) as u32;
        a.push(if first == 3 { MISSING } else { first });
        n.push(1.0 + f64::from(first) * 10.0 + stream.below(10) as f64);
        y.push(u32::from(stream.chance(f64::from(first) / 4.0)));
    }
    let frame =
        Frame::new(columns.clone(), vec![Values::Code(a), Values::Number(n), Values::Code(y)]).unwrap();
    let frame = frame.with_declared(0..3);
    let (mut a, mut n, mut y) = (vec![], vec![], vec![]);
    for first in [0, 1, 2, MISSING] {
        for number in 1..=40 {
            for last in 0..2 {
                a.push(first);
                n.push(f64::from(number));
                y.push(last);
            }
        }
    }
    let all = Frame::new(columns, vec![Values::Code(a), Values::Number(n), Values::Code(y)]).unwrap();
    for synthesizer in MODELS {
        let model = fitted(synthesizer, &frame, Some(private(5)));
        let densities = model.log_density(&all).unwrap();
        let sum: f64 = densities.iter().map(|log| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
}

#[test]
fn saved_models_sample_the_same_rows() {
    let frame = table(2_000);
    let folder = tempfile::tempdir().unwrap();
    let run = Run::default();
    for (synthesizer, privacy) in MODELS.into_iter().flat_map(|one| [(one, None), (one, Some(private(6)))]) {
        let model = fitted(synthesizer, &frame, privacy.clone());
        let path = folder.path().join(format!("{}-{}", synthesizer.name(), privacy.is_some()));
        model.save(&path).unwrap();
        let again = crate::table::registry::load(&path, &run).unwrap();
        let [first, second] =
            [&model, &again].map(|model| sample(&**model, 500, &Vec::new(), Seed(3), &run).unwrap());
        assert_eq!(first, second);
        let manifest = crate::table::files::read_manifest(&path, &run).unwrap();
        assert_eq!(manifest.privacy.is_some(), privacy.is_some());
        // A damaged structure is refused, not trusted.
        let text = std::fs::read_to_string(path.join("manifest.json")).unwrap();
        for (from, to) in [("\"cliques\"", "\"clicks\""), ("\"seed\": 1", "\"seed\": 1, \"version\": 7")] {
            assert!(text.contains(from), "{from}");
            daotwin_core::files::atomic_write(&path.join("manifest.json"), text.replace(from, to).as_bytes())
                .unwrap();
            assert!(crate::table::registry::load(&path, &run).is_err(), "{from}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let frame = table(3_000);
    for synthesizer in MODELS {
        for privacy in [None, Some(private(9))] {
            let rows = [1, 2, 8].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let model = fitted(synthesizer, &frame, privacy.clone());
                    sample(&*model, 20_000, &Vec::new(), Seed(4), &Run::default()).unwrap()
                })
            });
            assert_eq!(rows[0], rows[1]);
            assert_eq!(rows[0], rows[2]);
        }
    }
}

#[test]
fn hostile_tables_are_fitted() {
    let number = |optional, bounds| column("n", Kind::Numeric { decimals: None }, optional, bounds);
    let label = column("l", Kind::Categorical { labels: vec!["x".to_owned()] }, false, (0.0, 0.0));
    let many = Kind::Categorical { labels: (0..3_000).map(|at| at.to_string()).collect() };
    let run = Run::default();
    for (columns, values) in [
        (vec![], vec![]),
        (vec![number(false, (0.0, 0.0))], vec![Values::Number(vec![])]),
        (vec![number(true, (0.0, 1.0))], vec![Values::Number(vec![f64::NAN; 9])]),
        (
            vec![number(false, (-1e300, 1e300)), label.clone()],
            vec![Values::Number(vec![1e300, -1e300, 0.0]), Values::Code(vec![0; 3])],
        ),
        (
            vec![
                column("many", many.clone(), false, (0.0, 0.0)),
                Column { name: "more".to_owned(), ..column("", many, true, (0.0, 0.0)) },
            ],
            vec![
                Values::Code((0..400).collect()),
                Values::Code((0..400).map(|at| if at % 2 == 0 { MISSING } else { at }).collect()),
            ],
        ),
    ] {
        let count = columns.len();
        let frame = Frame::new(columns, values).unwrap().with_declared(0..count);
        for synthesizer in MODELS {
            for privacy in [None, Some(private(1))] {
                let options = TableFitOptions { privacy, ..TableFitOptions::default() };
                let model = match synthesizer.fit(&frame, &options, &run) {
                    Ok(model) => model,
                    // Without noise a table of nothing is refused.
                    Err(failure) => {
                        let nothing = frame.rows() == 0 && options.privacy.is_none() || count == 0;
                        assert!(nothing && failure.kind == ErrorKind::Input, "{failure}");
                        continue;
                    }
                };
                let rows = sample(&*model, 50, &Vec::new(), Seed(1), &run).unwrap();
                assert_eq!(rows.columns(), frame.columns());
            }
        }
    }
}

#[test]
fn undeclared_columns_and_unknown_accounts_are_refused() {
    let frame = table(500);
    let undeclared = Frame::new(frame.columns().clone(), (0..5).map(|at| frame.values(at).clone()).collect());
    let undeclared = undeclared.unwrap().with_declared([1, 2]);
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let privacy = |account: Option<&str>, epsilon| PrivacyOptions {
        epsilon,
        delta: 1e-6,
        ledger: ledger.clone(),
        account: account.map(str::to_owned),
        test_noise: None,
    };
    let fit = |frame: &Frame, privacy| {
        let options = TableFitOptions { privacy: Some(privacy), ..TableFitOptions::default() };
        Mst.fit(frame, &options, &Run::default())
    };
    let message = fit(&undeclared, privacy(None, 1.0)).err().unwrap().source.to_string();
    assert!(message.contains("`a`, `y`, `m`") && message.contains("account"), "{message}");
    // Nothing is fitted that was not paid for.
    assert!(fit(&frame, privacy(Some("census"), 1.0)).is_err());
    let account = Account::new("census", Unit::Member).unwrap();
    Ledger::create(&ledger).unwrap().register(&account, Budget::new(1.5, 1e-6).unwrap()).unwrap();
    let model = fit(&frame, privacy(Some("census"), 1.0)).unwrap();
    let spent = Ledger::open(&ledger).unwrap().status(&account).unwrap();
    assert!(spent.epsilon_spent().unwrap() > 0.99);
    assert!(fit(&frame, privacy(Some("census"), 1.2)).is_err());
    let path = folder.path().join("model");
    model.save(&path).unwrap();
    let guarantee = crate::table::files::read_manifest(&path, &Run::default()).unwrap().privacy.unwrap();
    assert!(guarantee.epsilon == 1.0 && !guarantee.test_noise && guarantee.ledger_head.is_some());
}

/// A target that exists changes what is measured, one that does not is refused.
#[test]
fn a_target_is_a_column() {
    let frame = table(3_000);
    let fit = |target| {
        let settings = vec![("target".to_owned(), target)];
        let options = TableFitOptions { settings, privacy: Some(private(2)), ..TableFitOptions::default() };
        Aim.fit(&frame, &options, &Run::default())
    };
    assert!(fit(5.0).is_ok());
    let message = fit(6.0).err().unwrap().source.to_string();
    assert!(message.contains("`target` is 6") && message.contains("5 columns"), "{message}");
}

#[test]
fn a_cancelled_fit_ends() {
    let run = Run::default();
    run.cancel.cancel();
    for synthesizer in MODELS {
        assert!(synthesizer.fit(&table(100), &TableFitOptions::default(), &run).is_err());
    }
}

/// The same objective minimised densely: every row of the domain has a probability of its own, and Newton's method
/// solves for the potentials. The cliques close a loop and contradict each other by their noise.
#[test]
fn the_junction_tree_and_a_dense_solver_agree() {
    let domain = Domain::new(vec![3, 2, 4]);
    let mut stream = Seed(9).stream("dense");
    let law: Vec<f64> = (0..24).map(|_| 0.2 + stream.exponential()).collect();
    let cliques: Vec<Clique> = vec![vec![0, 1], vec![1, 2], vec![0, 2]];
    let (rows, sigma, weight) = (10_000.0, 0.5, 0.2);
    let measured: Vec<Measured> = cliques
        .iter()
        .map(|clique| {
            let noisy = |p: &f64| p * rows + sigma * stream.normal();
            Measured {
                clique: clique.clone(),
                values: summed(&domain, &law, clique).iter().map(noisy).collect(),
                sigma,
            }
        })
        .collect();
    let rows = estimate::total(&measured);
    let mut engine = Engine::new(&domain, cliques.clone());
    let mut theta = vec![0.0; 26];
    let effort = Effort { passes: 2_000, ridge: weight };
    estimate::fit(&mut engine, &measured, rows, &mut theta, effort, &Run::default()).unwrap();
    let mut found = vec![0.0; 26];
    engine.marginals(&mut found);

    // One row of the design a cell of the domain: which potentials it has.
    let starts = [0, 6, 14];
    let design: Vec<[usize; 3]> = every_row(&domain)
        .iter()
        .map(|row| [0, 1, 2].map(|place| starts[place] + cell(&domain, &cliques[place], row)))
        .collect();
    let target: Vec<f64> = measured
        .iter()
        .flat_map(|one| {
            let excess = (one.values.iter().sum::<f64>() - rows) / one.values.len() as f64;
            one.values.iter().map(move |value| (value - excess) / rows)
        })
        .collect();
    let ridge = weight * sigma / rows;
    let mut dense = vec![0.0; 26];
    let mut marginals = vec![0.0; 26];
    for _ in 0..200 {
        let weights: Vec<f64> =
            design.iter().map(|places| places.iter().map(|&at| dense[at]).sum::<f64>().exp()).collect();
        let total: f64 = weights.iter().sum();
        marginals.fill(0.0);
        let mut hessian = vec![vec![0.0; 26]; 26];
        for (places, weight) in design.iter().zip(&weights) {
            for &left in places {
                marginals[left] += weight / total;
                for &right in places {
                    hessian[left][right] += weight / total;
                }
            }
        }
        for left in 0..26 {
            for right in 0..26 {
                hessian[left][right] -= marginals[left] * marginals[right];
            }
            hessian[left][left] += ridge;
        }
        let slope: Vec<f64> = (0..26).map(|at| marginals[at] - target[at] + ridge * dense[at]).collect();
        for (at, step) in dense.iter_mut().zip(solved(hessian, slope)) {
            *at -= step.clamp(-0.5, 0.5);
        }
    }
    close(&found, &marginals, 1e-6);
    // The measurements themselves are further away than that: the solvers agree on more than the input.
    assert!(found.iter().zip(&target).any(|(found, target)| (found - target).abs() > 1e-5));
}

/// Gaussian elimination with pivots.
pub(super) fn solved(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))
            .unwrap();
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        for row in (0..size).filter(|&row| row != column) {
            let by = matrix[row][column] / matrix[column][column];
            let own = matrix[column].clone();
            matrix[row][column..].iter_mut().zip(&own[column..]).for_each(|(to, value)| *to -= by * value);
            right[row] -= by * right[column];
        }
    }
    (0..size).map(|place| right[place] / matrix[place][place]).collect()
}
