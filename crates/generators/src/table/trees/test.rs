use std::sync::Arc;

use daotwin_core::{Run, Seed};
use daotwin_history::frame::synthesizer::{
    Condition, Conditions, FittedTable, TableFitOptions, TableSynthesizer,
};
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};

use super::Trees;
use crate::table::{registry, sample};

fn column(name: &str, kind: Kind, optional: bool) -> Column {
    Column { name: name.to_owned(), kind, optional, bounds: (0.0, 0.0) }
}

fn labels(count: usize) -> Kind {
    Kind::Categorical { labels: (0..count).map(|label| format!("label {label:06}")).collect() }
}

fn fit(frame: &Frame, settings: &[(&str, f64)]) -> Box<dyn FittedTable> {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let options = TableFitOptions { seed: Seed(7), settings, ..TableFitOptions::default() };
    Trees.fit(frame, &options, &Run::default()).unwrap()
}

fn draw(model: &dyn FittedTable, rows: u64, conditions: &Conditions) -> Frame {
    sample(model, rows, conditions, Seed(11), &Run::default()).unwrap()
}

/// Three labels in eight combinations, with these counts.
fn cube(counts: [usize; 8]) -> Frame {
    let mut codes = [vec![], vec![], vec![]];
    for (place, count) in counts.into_iter().enumerate() {
        for (bit, codes) in codes.iter_mut().enumerate() {
            codes.extend(std::iter::repeat_n((place >> bit) as u32 & 1, count));
        }
    }
    let columns: Vec<Column> = ["a", "b", "c"].map(|name| column(name, labels(2), false)).to_vec();
    Frame::new(columns, codes.into_iter().map(Values::Code).collect()).unwrap()
}

fn shares(frame: &Frame) -> [f64; 8] {
    let mut counts = [0.0; 8];
    for row in 0..frame.rows() {
        let place = (0..3).fold(0, |place, bit| place | (frame.values(bit).codes()[row] as usize) << bit);
        counts[place] += 1.0 / frame.rows() as f64;
    }
    counts
}

/// Largest deviation of a share of `rows` draws with a false alarm below 1e-6 over eight cells: Hoeffding's
/// 2 · 8 · exp(-2 rows t²) = 1e-6.
fn bound(rows: f64) -> f64 {
    ((16.0_f64 / 1e-6).ln() / (2.0 * rows)).sqrt()
}

#[test]
fn a_known_joint_comes_back_with_its_densities() {
    let counts = [400, 50, 100, 300, 10, 40, 80, 20];
    let frame = cube(counts);
    let model = fit(&frame, &[("min_gain", 0.0), ("class_gain", 0.0), ("trees", 1.0), ("smoothing", 0.0)]);
    let drawn = shares(&draw(model.as_ref(), 40_000, &vec![]));
    let density = model.log_density(&frame).unwrap();
    let mut first = 0;
    for (place, count) in counts.into_iter().enumerate() {
        let share = count as f64 / 1_000.0;
        assert!((drawn[place] - share).abs() < bound(40_000.0), "{place}: {} {share}", drawn[place]);
        // One tree without smoothing holds the very counts.
        assert!((density[first].exp() - share).abs() < 1e-6, "{place}: {} {share}", density[first].exp());
        first += count;
    }
    // Negative control: the bound tells columns drawn by themselves from the joint.
    let alone = registry::find("independent")
        .unwrap()
        .fit(&frame, &TableFitOptions::default(), &Run::default())
        .unwrap();
    let alone = shares(&draw(alone.as_ref(), 40_000, &vec![]));
    assert!((0..8).any(|place| (alone[place] - counts[place] as f64 / 1e3).abs() > bound(40_000.0)));
}

#[test]
fn exclusive_or_of_three_columns_is_kept() {
    // No pair of columns depends on each other: a slight lack of balance lets the first split gain.
    let frame = cube([260, 0, 0, 250, 0, 250, 240, 0]);
    let drawn =
        shares(&draw(fit(&frame, &[("min_gain", 0.0), ("class_gain", 0.0)]).as_ref(), 40_000, &vec![]));
    for (place, share) in drawn.into_iter().enumerate() {
        let odd = place.count_ones() % 2 == 1;
        assert!(if odd { share < 1e-9 } else { (share - 0.25).abs() < 0.04 }, "{place}: {share}");
    }
}

#[test]
fn columns_independent_given_a_third_stay_so() {
    // a and b follow c and are independent given it.
    let law = [0.9 * 0.8, 0.1 * 0.8, 0.9 * 0.2, 0.1 * 0.2, 0.2 * 0.3, 0.8 * 0.3, 0.2 * 0.7, 0.8 * 0.7];
    let frame = cube(law.map(|share| (share * 5_000.0_f64).round() as usize));
    let rows = 80_000_u64;
    let drawn = shares(&draw(fit(&frame, &[]).as_ref(), rows, &vec![]));
    for c in [0, 4] {
        let all: f64 = drawn[c..c + 4].iter().sum();
        let (a, b) = (drawn[c + 1] + drawn[c + 3], drawn[c + 2] + drawn[c + 3]);
        assert!((drawn[c + 3] / all - a * b / all / all).abs() < 4.0 * bound(rows as f64 * all));
    }
    // Negative control: without regard to c they do depend on each other.
    let (a, b) = (drawn[1] + drawn[3] + drawn[5] + drawn[7], drawn[2] + drawn[3] + drawn[6] + drawn[7]);
    assert!((drawn[3] + drawn[7] - a * b).abs() > 4.0 * bound(rows as f64));
}

/// Mixed columns with missing values, zero mass, a heavy tail, a day, and a rule between two of them.
fn mixed(rows: usize) -> Frame {
    let mut stream = Seed(3).stream("test table");
    let mut values = [vec![], vec![], vec![], vec![]];
    let (mut first, mut kind) = (vec![], vec![]);
    for _ in 0..rows {
        let prior = if stream.chance(0.4) { 0.0 } else { (stream.exponential() * 9.0).ceil() };
        first.push(u32::from(prior == 0.0));
        let weight = if stream.chance(0.3) { 0.0 } else { (stream.exponential() * 3.0 + prior * 0.1).exp() };
        values[0].push(prior);
        values[1].push((weight * 100.0).round() / 100.0);
        values[2].push(if stream.chance(0.2) { f64::NAN } else { prior * 2.0 + stream.normal() });
        values[3].push(((stream.uniform() * 300.0).floor() + 18_000.0) * 86_400.0);
        kind.push(if stream.chance(0.1) { MISSING } else { stream.below(3) as u32 });
    }
    let columns = vec![
        column("prior", Kind::Integer, false),
        column("weight", Kind::Numeric { decimals: Some(2) }, false),
        column("score", Kind::Numeric { decimals: None }, true),
        column("day", Kind::Datetime { day: true }, false),
        column("first", Kind::Boolean { labels: ["no".to_owned(), "yes".to_owned()] }, false),
        column("kind", labels(3), true),
    ];
    let mut all: Vec<Values> = values.into_iter().map(Values::Number).collect();
    all.extend([Values::Code(first), Values::Code(kind)]);
    Frame::new(columns, all).unwrap()
}

#[test]
fn mixed_columns_keep_their_kinds_rules_and_gaps() {
    let frame = mixed(4_000);
    let drawn = draw(fit(&frame, &[]).as_ref(), 20_000, &vec![]);
    for (index, column) in frame.columns().iter().enumerate() {
        assert!(
            drawn
                .values(index)
                .numbers()
                .iter()
                .all(|&value| value.is_nan() || column.kind.round(value) == value)
        );
    }
    let (prior, first) = (drawn.values(0).numbers(), drawn.values(4).codes());
    assert!(prior.iter().zip(first).all(|(prior, first)| (*prior == 0.0) == (*first == 1)));
    let share = |frame: &Frame, test: &dyn Fn(usize) -> bool| {
        (0..frame.rows()).filter(|&row| test(row)).count() as f64 / frame.rows() as f64
    };
    let pairs: [[f64; 2]; 3] = [
        [&frame, &drawn].map(|frame| share(frame, &|row| frame.values(1).numbers()[row] == 0.0)),
        [&frame, &drawn].map(|frame| share(frame, &|row| frame.values(2).is_missing(row))),
        [&frame, &drawn].map(|frame| share(frame, &|row| frame.values(5).codes()[row] == MISSING)),
    ];
    assert!(pairs.iter().all(|[real, other]| (real - other).abs() < 0.02), "{pairs:?}");
    let tail = |frame: &Frame| {
        let mut values = frame.values(1).numbers().to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() * 99 / 100]
    };
    // The logarithm of the weight has an exponential tail of scale 3: its 99th percentile over 20,000 draws varies
    // by 3 sqrt(99 / 20,000) = 0.21, and 5 times that happens less than once in a million. The body alone, without
    // the tail, would be off by more: half of the weights are below 4.
    assert!((tail(&drawn) / tail(&frame)).ln().abs() < 1.05, "{} {}", tail(&drawn), tail(&frame));
    assert!((4.0 / tail(&frame)).ln().abs() > 1.05);
    // Numbers that nearly every row has by itself are not copied.
    let own: std::collections::BTreeSet<u64> =
        frame.values(2).numbers().iter().map(|value| value.to_bits()).collect();
    assert!(!drawn.values(2).numbers().iter().any(|value| !value.is_nan() && own.contains(&value.to_bits())));
}

#[test]
fn conditions_hold_in_every_row_and_shape_the_others() {
    let frame = mixed(4_000);
    let model = fit(&frame, &[]);
    let conditions =
        vec![(0, Condition::Range(5.0, 9.0)), (5, Condition::Code(MISSING)), (1, Condition::Range(1.5, 1e9))];
    let drawn = draw(model.as_ref(), 2_000, &conditions);
    for row in 0..drawn.rows() {
        assert!((5.0..=9.0).contains(&drawn.values(0).numbers()[row]));
        assert!(drawn.values(1).numbers()[row] >= 1.5 && drawn.values(5).codes()[row] == MISSING);
        assert_eq!(drawn.values(4).codes()[row], 0);
    }
    // A condition on a late column moves the earlier ones: `score` follows `prior`.
    let drawn = draw(model.as_ref(), 4_000, &vec![(2, Condition::Range(20.0, 24.0))]);
    let mean = |frame: &Frame, test: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..frame.rows()).filter(|&row| test(row)).collect();
        rows.iter().map(|&row| frame.values(0).numbers()[row]).sum::<f64>() / rows.len() as f64
    };
    let real = mean(&frame, &|row| (20.0..=24.0).contains(&frame.values(2).numbers()[row]));
    assert!((mean(&drawn, &|_| true) - real).abs() < 1.0, "{} {real}", mean(&drawn, &|_| true));
    // Even what was never seen is met; what cannot be is refused with all reasons.
    let drawn = draw(model.as_ref(), 10, &vec![(0, Condition::Range(1e6, 1e6))]);
    assert!(drawn.values(0).numbers().iter().all(|value| *value == 1e6));
    let refused = sample(
        model.as_ref(),
        10,
        &vec![(0, Condition::Range(1.2, 1.8)), (4, Condition::Code(MISSING)), (3, Condition::Code(1))],
        Seed(1),
        &Run::default(),
    );
    assert_eq!(refused.unwrap_err().to_string().lines().count(), 3);
}

#[test]
fn rejection_gives_the_exact_conditional() {
    let counts = [400, 50, 100, 300, 10, 40, 80, 20];
    let model = fit(&cube(counts), &[("min_gain", 0.0), ("class_gain", 0.0), ("smoothing", 0.0)]);
    for column in 0..3 {
        let drawn = shares(&draw(model.as_ref(), 40_000, &vec![(column, Condition::Code(1))]));
        let all: usize = (0..8).filter(|place| place >> column & 1 == 1).map(|place| counts[place]).sum();
        for place in 0..8 {
            let share = if place >> column & 1 == 1 { counts[place] as f64 / all as f64 } else { 0.0 };
            assert!(
                (drawn[place] - share).abs() < bound(40_000.0),
                "{column} {place}: {} {share}",
                drawn[place]
            );
        }
    }
}

#[test]
fn threads_and_files_change_no_byte() {
    let frame = mixed(2_000);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let model = fit(&frame, &[]);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("model");
            model.save(&path).unwrap();
            let again = registry::load(&path, &Run::default()).unwrap();
            let conditions = vec![(2, Condition::Range(0.0, 3.0))];
            let drawn = draw(model.as_ref(), 20_000, &vec![]);
            assert_eq!(drawn, draw(again.as_ref(), 20_000, &vec![]));
            assert_eq!(draw(model.as_ref(), 500, &conditions), draw(again.as_ref(), 500, &conditions));
            let files = ["weights.safetensors", "manifest.json"];
            (files.map(|name| std::fs::read(path.join(name)).unwrap()), drawn)
        })
    };
    let one = on(1);
    assert!(one == on(2) && one == on(8));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that damages a file")]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    fit(&mixed(200), &[]).save(&path).unwrap();
    let manifest = std::fs::read_to_string(path.join("manifest.json")).unwrap();
    for (from, to) in
        [("\"rows\": 200", "\"rows\": 900"), ("\"order\": [", "\"order\": [0, "), ("\"cells\"", "\"other\"")]
    {
        assert!(manifest.contains(from), "{from}");
        std::fs::write(path.join("manifest.json"), manifest.replacen(from, to, 1)).unwrap();
        assert!(registry::load(&path, &Run::default()).is_err(), "{from}");
    }
}

#[test]
fn hostile_tables_are_learned_or_refused_in_words() {
    let number = || Kind::Numeric { decimals: None };
    let options = TableFitOptions::default();
    let none = Frame::new(vec![column("a", number(), false)], vec![Values::Number(vec![])]).unwrap();
    let refused = Trees.fit(&none, &options, &Run::default()).err().unwrap();
    assert!(refused.to_string().contains("no row"));
    let many: Vec<u32> = (0..100_000).collect();
    let tables = [
        vec![(number(), false, Values::Number(vec![5.0])), (labels(1), false, Values::Code(vec![0]))],
        vec![
            (number(), true, Values::Number(vec![f64::NAN; 50])),
            (labels(0), true, Values::Code(vec![MISSING; 50])),
        ],
        vec![(number(), false, Values::Number(vec![3.0; 60])), (labels(2), false, Values::Code(vec![1; 60]))],
        vec![
            (
                number(),
                false,
                Values::Number(
                    (0..400)
                        .map(|row| if row % 2 == 0 { f64::MAX } else { -f64::MAX + f64::from(row) * 1e304 })
                        .collect(),
                ),
            ),
            (number(), true, Values::Number((0..400).map(|row| 1e-300 * f64::from(row)).collect())),
        ],
        vec![
            (labels(100_000), false, Values::Code(many.clone())),
            (
                Kind::Integer,
                false,
                Values::Number(many.iter().map(|&code| f64::from(code / 1_000)).collect()),
            ),
            (labels(100_000), true, Values::Code(many.iter().rev().copied().collect())),
        ],
    ];
    for table in tables {
        let columns: Vec<Column> = table
            .iter()
            .enumerate()
            .map(|(place, (kind, optional, _))| column(&place.to_string(), kind.clone(), *optional))
            .collect();
        let columns: Arc<[Column]> = columns.into();
        let frame =
            Frame::new(Arc::clone(&columns), table.into_iter().map(|(_, _, values)| values).collect())
                .unwrap();
        let model = fit(&frame, &[]);
        let drawn = draw(model.as_ref(), 300, &vec![]);
        assert_eq!(drawn.rows(), 300);
        for (index, column) in columns.iter().enumerate() {
            assert!(column.optional || (0..300).all(|row| !drawn.values(index).is_missing(row)));
        }
        assert!(model.log_density(&drawn).unwrap().iter().all(|density| !density.is_nan()));
    }
}

#[test]
fn a_cancelled_fit_says_so() {
    let run = Run::default();
    run.cancel.cancel();
    let refused = Trees.fit(&mixed(500), &TableFitOptions::default(), &run).err().unwrap();
    assert_eq!(refused.kind, daotwin_core::ErrorKind::Cancelled);
}
