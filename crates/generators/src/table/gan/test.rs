//! That relations are learned, conditions steer, and an interrupted fit ends as if it had not been.

use daotwin_core::{Cancel, Run, Seed};
use daotwin_history::frame::synthesizer::{Condition, TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame, Kind, Values};

use super::Gan;
use crate::table::sample;

/// A label, and a number that lies around ten times the label.
fn related(rows: usize) -> Frame {
    let mut stream = Seed(21).stream("related");
    let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let codes: Vec<u32> = (0..rows).map(|_| stream.below(3) as u32).collect();
    let numbers: Vec<f64> = codes.iter().map(|code| 10.0 * f64::from(*code) + stream.normal()).collect();
    let ends = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), &at| (low.min(at), high.max(at)));
    let column = |name: &str, kind, bounds| Column { name: name.to_owned(), kind, optional: false, bounds };
    let columns = vec![
        column("label", Kind::Categorical { labels }, (0.0, 0.0)),
        column("number", Kind::Numeric { decimals: None }, ends),
    ];
    Frame::new(columns, vec![Values::Code(codes), Values::Number(numbers)]).unwrap()
}

fn small(epochs: f64) -> TableFitOptions {
    let settings = [("epochs", epochs), ("hidden", 48.0), ("noise", 16.0), ("batch", 200.0), ("rate", 0.001)];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
    TableFitOptions { settings, ..TableFitOptions::default() }
}

/// The share of rows whose number lies within 5 of where their label says; a third of independent columns.
fn near(frame: &Frame) -> f64 {
    let rows = frame.values(0).codes().iter().zip(frame.values(1).numbers());
    let near = rows.filter(|(label, number)| (*number - 10.0 * f64::from(**label)).abs() < 5.0).count();
    near as f64 / frame.rows() as f64
}

#[test]
fn relations_are_learned_and_conditions_steer() {
    let (real, run) = (related(2_000), Run::default());
    let model = Gan.fit(&real, &small(150.0), &run).unwrap();
    let rows = sample(&*model, 3_000, &Vec::new(), Seed(1), &run).unwrap();
    assert!(near(&rows) > 0.7, "{}", near(&rows));
    let given = sample(&*model, 1_000, &vec![(0, Condition::Code(2))], Seed(2), &run).unwrap();
    assert!(given.values(0).codes().iter().all(|code| *code == 2) && near(&given) > 0.6, "{}", near(&given));
    let given = sample(&*model, 1_000, &vec![(1, Condition::Range(-2.0, 2.0))], Seed(3), &run).unwrap();
    let first = given.values(0).codes().iter().filter(|code| **code == 0).count();
    assert!(first > 600, "{first}");
}

#[test]
fn an_interrupted_fit_ends_with_the_same_bytes() {
    let real = related(500);
    let whole = Gan.fit(&real, &small(8.0), &Run::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = TableFitOptions { checkpoint: Some(folder.path().join("fit")), ..small(8.0) };
    let cancel = Cancel::default();
    let flag = cancel.clone();
    let mut stopping = Run::with_listener(move |step| {
        if step.done == 7 {
            flag.cancel();
        }
    });
    stopping.cancel = cancel;
    assert!(Gan.fit(&real, &options, &stopping).is_err());
    assert!(folder.path().join("fit").exists());
    let resumed = Gan.fit(&real, &options, &Run::default()).unwrap();
    assert!(!folder.path().join("fit").exists());
    whole.save(&folder.path().join("whole")).unwrap();
    resumed.save(&folder.path().join("resumed")).unwrap();
    let bytes = |name: &str| std::fs::read(folder.path().join(name).join("weights.safetensors")).unwrap();
    assert_eq!(bytes("whole"), bytes("resumed"));
}
