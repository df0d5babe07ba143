//! Small pieces of work for `cargo xtask instructions`, which counts the processor's instructions in each of them:
//! `instructions NAME` does one, `instructions` lists their names. Seeds are fixed, the noise of private fits too.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a lab tool")]

use std::sync::Arc;

use daotwin_core::{Run, Seed};
use daotwin_generators::table;
use daotwin_history::frame::synthesizer::{FittedTable, TableFitOptions};
use daotwin_history::frame::{Column, Frame, Kind, Values};
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_nn::{Activation, Adam, Batch, Device, Input, Layer, Matrix, Network, Wanted};
use daotwin_privacy::accountant::{Event, pld};

/// A name as `area/op/size`, and the work.
type Work = (&'static str, fn());

const WORKS: &[Work] = &[
    ("nn/step_fused/64x64", steps),
    ("privacy/pld_epsilon/1e6", epsilon),
    ("generators/fit_trees/1000x5", || drop(fitted("trees", 1_000, None))),
    ("generators/fit_aim/1000x5", || drop(fitted("aim", 1_000, Some(1.0)))),
    ("generators/sample_trees/10000x5", sample),
];

/// Twenty steps of a network of three layers.
fn steps() {
    let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
    let bend = Layer::Activation { bend: Activation::Relu, dropout: 0.1 };
    let layers = vec![linear(50, 64), bend.clone(), linear(64, 64), bend, linear(64, 50)];
    let network = Arc::new(Network::new(Input::Dense(50), layers).unwrap());
    let mut stream = Seed(1).stream("instructions");
    let mut engine = Device::Fused.engine(network, &mut stream).unwrap();
    let x = Batch::dense(Matrix::new(64, 50, (0..64 * 50).map(|_| stream.normal() as f32).collect()));
    for _ in 0..20 {
        let y = engine.forward(x.clone(), &mut stream).unwrap();
        engine.backward(y, Wanted::PARAMETERS).unwrap();
        engine.step(&Adam::default()).unwrap();
    }
}

/// Three queries of a million steps.
fn epsilon() {
    for (rate, sigma) in [(1e-5, 0.5), (0.001, 1.0), (0.03, 3.0)] {
        let event = Event::sampled_gaussian(rate, sigma).times(1_000_000);
        assert!(pld::epsilon(&event, 1e-6).unwrap().upper > 0.0);
    }
}

/// Five related columns.
fn rows(count: usize) -> Frame {
    let mut stream = Seed(2).stream("instructions");
    let (mut numbers, mut codes) = (vec![Vec::new(); 2], vec![Vec::new(); 3]);
    for _ in 0..count {
        let hidden = stream.normal();
        numbers[0].push((20.0 * (hidden + stream.normal())).round());
        numbers[1].push((hidden * 100.0).exp().min(1e6).round());
        for (place, codes) in codes.iter_mut().enumerate() {
            let code = (2.0 + place as f64 + hidden + stream.normal()).clamp(0.0, 4.0 + place as f64);
            codes.push(code as u32);
        }
    }
    let mut columns = Vec::new();
    for (place, values) in numbers.iter().enumerate() {
        let fold = |start, least: fn(f64, f64) -> f64| values.iter().copied().fold(start, least);
        let bounds = (fold(f64::MAX, f64::min), fold(f64::MIN, f64::max));
        columns.push(Column { name: format!("n{place}"), kind: Kind::Integer, optional: false, bounds });
    }
    for place in 0..codes.len() {
        let labels = (0..=4 + place).map(|label| format!("l{label}")).collect();
        let kind = Kind::Categorical { labels };
        columns.push(Column { name: format!("c{place}"), kind, optional: false, bounds: (0.0, 0.0) });
    }
    let values = numbers.into_iter().map(Values::Number).chain(codes.into_iter().map(Values::Code)).collect();
    Frame::new(columns, values).unwrap().with_declared(0..5)
}

fn fitted(model: &str, count: usize, epsilon: Option<f64>) -> Box<dyn FittedTable> {
    let privacy = epsilon.map(|epsilon| PrivacyOptions {
        epsilon,
        delta: 1e-9,
        ledger: "unused".into(),
        account: None,
        test_noise: Some(Seed(3)),
    });
    let options = TableFitOptions { seed: Seed(3), privacy, ..TableFitOptions::default() };
    table::registry::find(model).unwrap().fit(&rows(count), &options, &Run::default()).unwrap()
}

/// A small fit and many rows of it.
fn sample() {
    let fitted = fitted("trees", 300, None);
    let sample = table::sample(&*fitted, 10_000, &Vec::new(), Seed(4), &Run::default()).unwrap();
    assert_eq!(sample.rows(), 10_000);
}

fn main() {
    let asked = std::env::args().nth(1);
    for (name, work) in WORKS {
        match &asked {
            None => println!("{name}"),
            Some(asked) if asked == name => return work(),
            Some(_) => {}
        }
    }
    assert!(asked.is_none(), "no such work");
}
