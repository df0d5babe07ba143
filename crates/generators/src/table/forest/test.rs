use daotwin_core::{ErrorKind, Run, Seed};
use daotwin_history::frame::synthesizer::{
    Condition, Conditions, FittedTable, TableFitOptions, TableSynthesizer,
};
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};

use super::Forest;
use crate::table::{registry, sample};

fn column(name: &str, kind: Kind, optional: bool) -> Column {
    Column { name: name.to_owned(), kind, optional, bounds: (0.0, 0.0) }
}

fn labels(count: usize) -> Kind {
    Kind::Categorical { labels: (0..count).map(|label| format!("label {label:06}")).collect() }
}

fn fit(frame: &Frame) -> Box<dyn FittedTable> {
    let options = TableFitOptions { seed: Seed(5), ..TableFitOptions::default() };
    Forest.fit(frame, &options, &Run::default()).unwrap()
}

fn draw(model: &dyn FittedTable, rows: u64, conditions: &Conditions) -> Frame {
    sample(model, rows, conditions, Seed(11), &Run::default()).unwrap()
}

/// Two columns of two labels with these counts of 00, 10, 01 and 11.
fn square(counts: [usize; 4]) -> Frame {
    let codes = |bit: usize| {
        let all = counts.iter().enumerate();
        Values::Code(
            all.flat_map(|(place, &count)| std::iter::repeat_n((place >> bit) as u32 & 1, count)).collect(),
        )
    };
    let columns = vec![column("a", labels(2), false), column("b", labels(2), false)];
    Frame::new(columns, vec![codes(0), codes(1)]).unwrap()
}

/// A label, a number that follows it, and a whole number that follows that, with gaps.
fn mixed(rows: usize) -> Frame {
    let mut stream = Seed(4).stream("test forest");
    let (mut kind, mut number, mut whole) = (vec![], vec![], vec![]);
    for _ in 0..rows {
        let label = stream.below(3) as u32;
        let value = f64::from(label) * 5.0 + stream.normal();
        kind.push(if stream.chance(0.1) { MISSING } else { label });
        whole.push(if stream.chance(0.1) { f64::NAN } else { (value * 10.0).round() });
        number.push(value);
    }
    let columns = vec![
        column("kind", labels(3), true),
        column("number", Kind::Numeric { decimals: None }, false),
        column("whole", Kind::Integer, true),
    ];
    Frame::new(columns, vec![Values::Code(kind), Values::Number(number), Values::Number(whole)]).unwrap()
}

#[test]
fn a_known_joint_is_learned_and_densities_add_up_to_one() {
    let counts = [700, 100, 200, 1_000];
    let frame = square(counts);
    let model = fit(&frame);
    let drawn = draw(model.as_ref(), 40_000, &vec![]);
    let cells = square([1; 4]);
    let density: Vec<f64> = model.log_density(&cells).unwrap().iter().map(|log| log.exp()).collect();
    assert!((density.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{density:?}");
    // Hoeffding: 2 · 4 · exp(-2 · 40,000 · t²) = 1e-6.
    let bound = ((8.0_f64 / 1e-6).ln() / 80_000.0).sqrt();
    for place in 0..4 {
        let here = |row: usize| (0..2).all(|bit| drawn.values(bit).codes()[row] == (place >> bit) as u32 & 1);
        let share = (0..drawn.rows()).filter(|&row| here(row)).count() as f64 / 40_000.0;
        assert!((share - density[place]).abs() < bound, "{place}: {share} {}", density[place]);
        // The model itself is within a hundredth of the data; independent columns are not.
        assert!((density[place] - counts[place] as f64 / 2_000.0).abs() < 0.01, "{density:?}");
    }
    assert!((0.45_f64 * 0.4 - 0.35).abs() > 0.01);
}

#[test]
fn conditions_on_any_columns_hold_and_are_exact() {
    let frame = mixed(3_000);
    let model = fit(&frame);
    // The share of a label given a range, by conditioning and by looking at unconditional rows.
    let all = draw(model.as_ref(), 200_000, &vec![]);
    let inside = |row: &usize| (4.0..=7.0).contains(&all.values(1).numbers()[*row]);
    let rows: Vec<usize> = (0..all.rows()).filter(inside).collect();
    let share = |frame: &Frame, rows: &[usize]| {
        rows.iter().filter(|&&row| frame.values(0).codes()[row] == 1).count() as f64 / rows.len() as f64
    };
    let given = draw(model.as_ref(), 40_000, &vec![(1, Condition::Range(4.0, 7.0))]);
    let every: Vec<usize> = (0..given.rows()).collect();
    assert!(every.iter().all(|&row| (4.0..=7.0).contains(&given.values(1).numbers()[row])));
    // Hoeffding on both shares: 4 · exp(-2 n t²) = 1e-6.
    let bound = ((4.0_f64 / 1e-6).ln() / 2.0).sqrt();
    let bound = bound / (rows.len() as f64).sqrt() + bound / 40_000_f64.sqrt();
    assert!((share(&all, &rows) - share(&given, &every)).abs() < bound);
    assert!((share(&all, &(0..all.rows()).collect::<Vec<_>>()) - share(&given, &every)).abs() > bound);
    let both = vec![(0, Condition::Code(2)), (2, Condition::Range(95.0, 103.0))];
    let given = draw(model.as_ref(), 2_000, &both);
    for row in 0..given.rows() {
        assert_eq!(given.values(0).codes()[row], 2);
        assert!((95.0..=103.0).contains(&given.values(2).numbers()[row]));
    }
    let mean = given.values(1).numbers().iter().sum::<f64>() / 2_000.0;
    assert!((mean - 9.9).abs() < 0.7, "{mean}");
    // What contradicts itself under the model is still met.
    let odd = vec![(0, Condition::Code(0)), (1, Condition::Range(9.0, 11.0)), (2, Condition::Code(MISSING))];
    let given = draw(model.as_ref(), 100, &odd);
    assert!((0..100).all(|row| given.values(0).codes()[row] == 0 && given.values(2).is_missing(row)));
}

#[test]
fn missing_values_are_filled_from_the_others() {
    let frame = mixed(3_000);
    let model = fit(&frame);
    let mut stream = Seed(6).stream("test");
    let filled = model.impute(&frame, &mut stream).unwrap();
    let (mut right, mut gaps) = (0, 0);
    for row in 0..frame.rows() {
        for column in 0..3 {
            assert!(!filled.values(column).is_missing(row));
        }
        assert_eq!(frame.values(1).numbers()[row], filled.values(1).numbers()[row]);
        if frame.values(0).is_missing(row) {
            gaps += 1;
            let near = (filled.values(1).numbers()[row] / 5.0).round().clamp(0.0, 2.0) as u32;
            right += usize::from(filled.values(0).codes()[row] == near);
        }
    }
    // A label by lot would be right in a third of the gaps.
    assert!(right as f64 > 0.85 * f64::from(gaps), "{right} of {gaps}");
}

#[test]
fn threads_and_files_change_no_byte() {
    let frame = mixed(1_000);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let model = fit(&frame);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("model");
            model.save(&path).unwrap();
            let again = registry::load(&path, &Run::default()).unwrap();
            let drawn = draw(model.as_ref(), 20_000, &vec![]);
            assert_eq!(drawn, draw(again.as_ref(), 20_000, &vec![]));
            assert_eq!(model.log_density(&frame), again.log_density(&frame));
            (std::fs::read(path.join("weights.safetensors")).unwrap(), drawn)
        })
    };
    let one = on(1);
    assert!(one == on(2) && one == on(8));
}

#[test]
fn hostile_tables_are_learned_or_refused_in_words() {
    let options = TableFitOptions::default();
    let number = || Kind::Numeric { decimals: None };
    let none = Frame::new(vec![column("a", number(), false)], vec![Values::Number(vec![])]).unwrap();
    assert_eq!(Forest.fit(&none, &options, &Run::default()).err().unwrap().kind, ErrorKind::Input);
    let run = Run::default();
    run.cancel.cancel();
    assert_eq!(Forest.fit(&mixed(300), &options, &run).err().unwrap().kind, ErrorKind::Cancelled);
    let extreme = (0..300).map(|row| if row % 2 == 0 { f64::MAX } else { -1e308 + f64::from(row) }).collect();
    let many: Vec<u32> = (0..20_000).collect();
    for table in [
        vec![(number(), false, Values::Number(vec![5.0])), (labels(1), false, Values::Code(vec![0]))],
        vec![
            (number(), true, Values::Number(vec![f64::NAN; 50])),
            (labels(2), true, Values::Code(vec![MISSING; 50])),
        ],
        vec![(number(), false, Values::Number(extreme)), (labels(3), false, Values::Code(vec![1; 300]))],
        vec![
            (labels(20_000), false, Values::Code(many.clone())),
            (Kind::Integer, false, Values::Number(many.iter().map(|&code| f64::from(code / 500)).collect())),
        ],
    ] {
        let columns: Vec<Column> = table
            .iter()
            .enumerate()
            .map(|(place, (kind, optional, _))| column(&place.to_string(), kind.clone(), *optional))
            .collect();
        let frame = Frame::new(columns, table.into_iter().map(|(_, _, values)| values).collect()).unwrap();
        let model = fit(&frame);
        let drawn = draw(model.as_ref(), 300, &vec![]);
        for (index, column) in frame.columns().iter().enumerate() {
            assert!(column.optional || (0..300).all(|row| !drawn.values(index).is_missing(row)));
        }
        assert!(model.log_density(&drawn).unwrap().iter().all(|density| !density.is_nan()));
    }
}
