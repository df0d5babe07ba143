//! That relations are learned, conditions steer, and an interrupted fit ends as if it had not been.

use daotwin_core::{Run, Seed};
use daotwin_history::frame::synthesizer::{Condition, TableFitOptions, TableSynthesizer};

use super::Gan;
use crate::table::deep::test::{
    a_private_fit_learns_from_declared_columns, interrupted_ends_as_whole, near, related, with,
};
use crate::table::sample;

fn small(epochs: f64) -> TableFitOptions {
    with(&[("epochs", epochs), ("hidden", 48.0), ("noise", 16.0), ("batch", 200.0), ("rate", 0.001)])
}

#[test]
fn relations_are_learned_and_conditions_steer() {
    let (real, run) = (related(2_000, 3), Run::default());
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
    interrupted_ends_as_whole(&Gan, &related(500, 3), &small(8.0));
}

#[test]
fn a_private_fit_learns_from_declared_columns_alone() {
    let settings = [("hidden", 16.0), ("noise", 8.0), ("private_steps", 300.0), ("private_rate", 0.1)];
    a_private_fit_learns_from_declared_columns(&Gan, with(&settings));
}
