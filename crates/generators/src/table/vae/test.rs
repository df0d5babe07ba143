//! What the parts of the autoencoder compute, and that relations are learned.

use daotwin_core::{Run, Seed};
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{Condition, TableSynthesizer};
use daotwin_nn::{Matrix, exp};

use super::Vae;
use super::train::Hidden;
use crate::table::deep::test::{
    a_private_fit_learns_from_declared_columns, interrupted_ends_as_whole, near, related, with,
};
use crate::table::sample;

#[test]
fn relations_are_learned_and_follow_conditions() {
    let real = related(4_000, 4);
    let run = Run::default();
    // Sharp relations of a small table take more steps than its rows give by default.
    let model = Vae.fit(&real, &with(&[("epochs", 300.0)]), &run).unwrap();
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
    interrupted_ends_as_whole(&Vae, &related(300, 4), &with(&[("epochs", 20.0), ("hidden", 32.0)]));
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

#[test]
fn a_private_fit_learns_from_declared_columns_alone() {
    let settings =
        [("hidden", 16.0), ("latent", 2.0), ("private_steps", 150.0), ("private_rate", 0.1), ("rate", 0.01)];
    a_private_fit_learns_from_declared_columns(&Vae, with(&settings));
}
