//! What the parts of the autoencoder compute, and that relations are learned.

use daotwin_core::{Cancel, Run, Seed};
use daotwin_history::frame::synthesizer::{Condition, TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame, Kind, Values};
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_nn::{Matrix, exp};

use super::Vae;
use super::train::Hidden;
use crate::table::sample;

/// A label, a number that lies around ten times the label, and a second number around minus the first.
fn related(rows: usize) -> Frame {
    let mut stream = Seed(21).stream("related");
    let (mut label, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let of = stream.below(4) as u32;
        let number = 10.0 * f64::from(of) + stream.normal();
        label.push(of);
        first.push(number);
        second.push(-number + stream.normal());
    }
    let ends = |values: &[f64]| {
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), &at| (low.min(at), high.max(at)))
    };
    let number = |name: &str, bounds| Column {
        name: name.to_owned(),
        kind: Kind::Numeric { decimals: None },
        optional: false,
        bounds,
    };
    let labels = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let columns = vec![
        Column {
            name: "label".to_owned(),
            kind: Kind::Categorical { labels },
            optional: false,
            bounds: (0.0, 0.0),
        },
        number("first", ends(&first)),
        number("second", ends(&second)),
    ];
    Frame::new(columns, vec![Values::Code(label), Values::Number(first), Values::Number(second)]).unwrap()
}

/// The share of rows whose first number lies within 5 of where its label says: all but 1e-6 of the real ones, a
/// quarter of independent columns.
fn near(frame: &Frame) -> f64 {
    let rows = frame.values(0).codes().iter().zip(frame.values(1).numbers());
    let near = rows.filter(|(label, number)| (*number - 10.0 * f64::from(**label)).abs() < 5.0).count();
    near as f64 / frame.rows() as f64
}

#[test]
fn relations_are_learned_and_follow_conditions() {
    let real = related(4_000);
    let run = Run::default();
    // Sharp relations of a small table take more steps than its rows give by default.
    let options =
        TableFitOptions { settings: vec![("epochs".to_owned(), 300.0)], ..TableFitOptions::default() };
    let model = Vae.fit(&real, &options, &run).unwrap();
    let rows = sample(&*model, 4_000, &Vec::new(), Seed(1), &run).unwrap();
    assert!(near(&rows) > 0.8, "{}", near(&rows));
    let correlation = daotwin_core::statistics::pearson(rows.values(1).numbers(), rows.values(2).numbers());
    assert!(correlation < -0.8, "{correlation}");
    // The control: columns that do not know of each other.
    let mut order: Vec<usize> = (0..4_000).collect();
    Seed(2).stream("order").shuffle(&mut order);
    let mixed = Frame::new(
        real.columns().to_vec(),
        vec![real.values(0).clone(), real.take(&order).values(1).clone(), real.values(2).clone()],
    );
    assert!(near(&mixed.unwrap()) < 0.4);
    // A condition on the second number tells the label.
    let rows = sample(&*model, 1_000, &vec![(2, Condition::Range(-22.0, -18.0))], Seed(3), &run).unwrap();
    let two = rows.values(0).codes().iter().filter(|label| **label == 2).count();
    assert!(two > 800, "{two}");
    assert!(rows.values(2).numbers().iter().all(|value| (-22.0..=-18.0).contains(value)));
}

#[test]
fn an_interrupted_fit_ends_with_the_same_bytes() {
    let real = related(300);
    let settings = vec![("epochs".to_owned(), 20.0), ("hidden".to_owned(), 32.0)];
    let options = TableFitOptions { settings, ..TableFitOptions::default() };
    let whole = Vae.fit(&real, &options, &Run::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = TableFitOptions { checkpoint: Some(folder.path().join("fit")), ..options };
    let cancel = Cancel::default();
    let flag = cancel.clone();
    let mut stopping = Run::with_listener(move |step| {
        if step.done == 7 {
            flag.cancel();
        }
    });
    stopping.cancel = cancel;
    assert!(Vae.fit(&real, &options, &stopping).is_err());
    assert!(folder.path().join("fit").exists());
    let resumed = Vae.fit(&real, &options, &Run::default()).unwrap();
    assert!(!folder.path().join("fit").exists());
    whole.save(&folder.path().join("whole")).unwrap();
    resumed.save(&folder.path().join("resumed")).unwrap();
    let bytes = |name: &str| std::fs::read(folder.path().join(name).join("weights.safetensors")).unwrap();
    assert_eq!(bytes("whole"), bytes("resumed"));
}

/// The gradient of `down . drawn + beta KL` by what the encoder said, against differences.
#[test]
fn the_hidden_part_has_its_gradient() {
    let mut stream = Seed(4).stream("hidden");
    let mut draw = |rows, columns| {
        Matrix::new(rows, columns, (0..rows * columns).map(|_| stream.normal() as f32).collect())
    };
    let (law, noise, down) = (draw(3, 4), draw(3, 2), draw(3, 2));
    let beta = 0.7_f32;
    let loss = |law: &Matrix| -> f64 {
        let hidden = Hidden::new(law.clone(), noise.clone());
        let mut sum: f64 =
            hidden.drawn.data.iter().zip(&down.data).map(|(drawn, down)| f64::from(drawn * down)).sum();
        for row in law.each_row() {
            for at in 0..2 {
                let (mean, log) = (row[at], row[2 + at]);
                sum += f64::from(beta / 3.0 * 0.5 * (exp(log) + mean * mean - 1.0 - log));
            }
        }
        sum
    };
    let gradient = Hidden::new(law.clone(), noise.clone()).back(&down, beta, 1.0 / 3.0);
    for at in 0..law.data.len() {
        let moved = |step: f32| {
            let mut law = law.clone();
            law.data[at] += step;
            loss(&law)
        };
        let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
        assert!(
            (difference - f64::from(gradient.data[at])).abs() < 2e-3,
            "{at}: {difference} {}",
            gradient.data[at]
        );
    }
}

/// Two labels that are nearly always the same: a private fit learns it at a large epsilon, tells a count of rows near
/// the true one (deviation below 5 at a hundredth of the budget), and is refused where a column is not declared.
#[test]
fn a_private_fit_learns_from_declared_columns_alone() {
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
    let settings =
        [("hidden", 16.0), ("latent", 2.0), ("private_steps", 150.0), ("private_rate", 0.1), ("rate", 0.01)];
    let options = TableFitOptions {
        settings: settings.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        privacy: Some(PrivacyOptions {
            epsilon: 20.0,
            delta: 1e-6,
            account: None,
            ledger: std::path::PathBuf::new(),
            test_noise: Some(Seed(7)),
        }),
        ..TableFitOptions::default()
    };
    let run = Run::default();
    let refused = Vae.fit(&frame, &options, &run).err().unwrap();
    assert!(refused.to_string().contains("declare the columns `a`, `b`"), "{refused}");
    let model = Vae.fit(&frame.with_declared([0, 1]), &options, &run).unwrap();
    assert!(model.rows().abs_diff(3_000) < 50, "{}", model.rows());
    let rows = sample(&*model, 4_000, &Vec::new(), Seed(8), &run).unwrap();
    let same = rows.values(0).codes().iter().zip(rows.values(1).codes()).filter(|(a, b)| a == b).count();
    // Half of them where the columns do not know of each other.
    assert!(same > 3_000, "{same}");
}
