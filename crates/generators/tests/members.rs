//! Private fits of tables in which members hold several rows.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use daotwin_core::{Run, Seed};
use daotwin_generators::table::registry::TABLE_SYNTHESIZERS;
use daotwin_generators::table::sample;
use daotwin_history::frame::synthesizer::{FittedTable, TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame, Kind, Members, Values};
use daotwin_history::synthesizer::PrivacyOptions;

/// Rows of these members: a label, and a number of heavy tails.
fn frame(of_rows: Vec<u32>, most_rows: Option<u32>) -> Frame {
    let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let label = Column {
        name: "label".to_owned(),
        kind: Kind::Categorical { labels },
        optional: false,
        bounds: (0.0, 0.0),
    };
    let number = Column {
        name: "number".to_owned(),
        kind: Kind::Numeric { decimals: None },
        optional: false,
        bounds: (0.0, 1e6),
    };
    let mut stream = Seed(5).stream("rows of members");
    let codes = of_rows.iter().map(|member| member % 3).collect();
    let numbers = of_rows.iter().map(|_| 10_f64.powf(6.0 * stream.uniform())).collect();
    let frame = Frame::new(vec![label, number], vec![Values::Code(codes), Values::Number(numbers)]).unwrap();
    let frame = frame.with_declared(0..2);
    match most_rows {
        Some(most_rows) => frame.with_members(Members { of_rows, most_rows }).unwrap(),
        None => frame,
    }
}

fn private() -> impl Iterator<Item = &'static dyn TableSynthesizer> {
    TABLE_SYNTHESIZERS.iter().copied().filter(|model| model.card().privacy.is_some())
}

fn fit(model: &dyn TableSynthesizer, frame: &Frame, ledger: &Path) -> Box<dyn FittedTable> {
    let privacy = PrivacyOptions {
        epsilon: 2.0,
        delta: 1e-6,
        ledger: ledger.to_path_buf(),
        account: None,
        test_noise: Some(Seed(7)),
    };
    // A few steps tell as much as many.
    let short = model.card().settings.iter().find(|setting| setting.name == "private_steps");
    let settings = short.map(|setting| (setting.name.to_owned(), 20.0)).into_iter().collect();
    let options = TableFitOptions { privacy: Some(privacy), settings, ..TableFitOptions::default() };
    model.fit(frame, &options, &Run::default()).unwrap()
}

fn drawn(fitted: &dyn FittedTable) -> Frame {
    sample(fitted, 200, &Vec::new(), Seed(3), &Run::default()).unwrap()
}

/// Rows beyond a member's bound leave no trace: the same noise gives the same model without them.
#[test]
fn rows_beyond_the_bound_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    // Member 0 holds every other row.
    let many = frame((0..400).map(|row| if row % 2 == 0 { 0 } else { row }).collect(), Some(2));
    let bounded = many.bounded().into_owned();
    assert_eq!(bounded.rows(), 202);
    for model in private() {
        let (all, kept) = (fit(model, &many, &ledger), fit(model, &bounded, &ledger));
        assert_eq!(all.rows(), kept.rows(), "{}", model.name());
        assert_eq!(drawn(&*all), drawn(&*kept), "{}", model.name());
    }
}

/// Members of one row each are rows; where they might hold four, the same rows get more noise, and the manifest says
/// for whom.
#[test]
fn a_higher_bound_costs_noise_and_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    for (index, model) in private().enumerate() {
        let of = |most_rows| fit(model, &frame((0..200).collect(), most_rows), &ledger);
        let [plain, one, four] = [None, Some(1), Some(4)].map(of);
        assert_eq!(drawn(&*plain), drawn(&*one), "{}", model.name());
        assert_ne!(drawn(&*one), drawn(&*four), "{}", model.name());
        let place = folder.path().join(index.to_string());
        four.save(&place).unwrap();
        let manifest = std::fs::read_to_string(place.join("manifest.json")).unwrap();
        assert!(manifest.contains("member (at most 4 rows each)"), "{}: {manifest}", model.name());
    }
}
