//! What the tests of the deep models share.

use daotwin_core::{Cancel, Run, Seed};
use daotwin_history::frame::synthesizer::{TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame, Kind, Values};
use daotwin_history::synthesizer::PrivacyOptions;

use crate::table::sample;

/// Settings by name.
pub(crate) fn with(settings: &[(&str, f64)]) -> TableFitOptions {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    TableFitOptions { settings, ..TableFitOptions::default() }
}

/// A label of so many, a number that lies around ten times the label, and a second number around minus the first.
pub(crate) fn related(rows: usize, labels: usize) -> Frame {
    let mut stream = Seed(21).stream("related");
    let codes: Vec<u32> = (0..rows).map(|_| stream.below(labels as u64) as u32).collect();
    let first: Vec<f64> = codes.iter().map(|code| 10.0 * f64::from(*code) + stream.normal()).collect();
    let second: Vec<f64> = first.iter().map(|number| -number + stream.normal()).collect();
    let ends = |values: &[f64]| {
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), &at| (low.min(at), high.max(at)))
    };
    let column = |name: &str, kind, bounds| Column { name: name.to_owned(), kind, optional: false, bounds };
    let number = |name: &str, values: &[f64]| column(name, Kind::Numeric { decimals: None }, ends(values));
    let labels = (0..labels).map(|label| format!("label {label}")).collect();
    let columns = vec![
        column("label", Kind::Categorical { labels }, (0.0, 0.0)),
        number("first", &first),
        number("second", &second),
    ];
    Frame::new(columns, vec![Values::Code(codes), Values::Number(first), Values::Number(second)]).unwrap()
}

/// The share of rows whose first number lies within 5 of where its label says: all but 1e-6 of the real ones, one
/// in so many as there are labels of independent columns.
pub(crate) fn near(frame: &Frame) -> f64 {
    let rows = frame.values(0).codes().iter().zip(frame.values(1).numbers());
    let near = rows.filter(|(label, number)| (*number - 10.0 * f64::from(**label)).abs() < 5.0).count();
    near as f64 / frame.rows() as f64
}

/// A fit that is interrupted after seven steps and taken up again ends with the bytes of one that was not.
pub(crate) fn interrupted_ends_as_whole(
    model: &dyn TableSynthesizer,
    real: &Frame,
    options: &TableFitOptions,
) {
    let whole = model.fit(real, options, &Run::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = TableFitOptions { checkpoint: Some(folder.path().join("fit")), ..options.clone() };
    let cancel = Cancel::default();
    let flag = cancel.clone();
    let mut stopping = Run::with_listener(move |step| {
        if step.done == 7 {
            flag.cancel();
        }
    });
    stopping.cancel = cancel;
    assert!(model.fit(real, &options, &stopping).is_err());
    assert!(folder.path().join("fit").exists());
    let resumed = model.fit(real, &options, &Run::default()).unwrap();
    assert!(!folder.path().join("fit").exists());
    whole.save(&folder.path().join("whole")).unwrap();
    resumed.save(&folder.path().join("resumed")).unwrap();
    let bytes = |name: &str| std::fs::read(folder.path().join(name).join("weights.safetensors")).unwrap();
    assert_eq!(bytes("whole"), bytes("resumed"));
}

/// Two labels that are nearly always the same: a private fit learns it at a large epsilon, tells a count of rows near
/// the true one (deviation below 5 at a hundredth of the budget), and is refused where a column is not declared.
pub(crate) fn a_private_fit_learns_from_declared_columns(
    model: &dyn TableSynthesizer,
    options: TableFitOptions,
) {
    let mut stream = Seed(6).stream("same");
    let first: Vec<u32> = (0..3_000).map(|_| stream.below(2) as u32).collect();
    let second: Vec<u32> =
        first.iter().map(|code| if stream.chance(0.05) { 1 - code } else { *code }).collect();
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: Kind::Boolean { labels: ["no".to_owned(), "yes".to_owned()] },
        optional: false,
        bounds: (0.0, 0.0),
    };
    let frame =
        Frame::new(vec![column("a"), column("b")], vec![Values::Code(first), Values::Code(second)]).unwrap();
    let privacy = PrivacyOptions {
        epsilon: 20.0,
        delta: 1e-6,
        account: None,
        ledger: std::path::PathBuf::new(),
        test_noise: Some(Seed(7)),
    };
    let options = TableFitOptions { privacy: Some(privacy), ..options };
    let run = Run::default();
    let refused = model.fit(&frame, &options, &run).err().unwrap();
    assert!(refused.to_string().contains("declare the columns `a`, `b`"), "{refused}");
    let fitted = model.fit(&frame.with_declared([0, 1]), &options, &run).unwrap();
    assert!(fitted.rows().abs_diff(3_000) < 50, "{}", fitted.rows());
    let rows = sample(&*fitted, 4_000, &Vec::new(), Seed(8), &run).unwrap();
    let same = rows.values(0).codes().iter().zip(rows.values(1).codes()).filter(|(a, b)| a == b).count();
    // Half of them where the columns do not know of each other.
    assert!(same > 3_000, "{same}");
}
