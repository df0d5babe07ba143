//! What the parts of the diffusion models compute, that relations are learned, and that an interrupted fit ends as
//! any other.

use daotwin_core::{Run, Seed};
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{Condition, TableSynthesizer};

use super::layout::{Held, Layout, Precondition};
use super::learn::Noising;
use super::masked::Masked;
use super::{Diffusion, TabDdpm};
use crate::encode::{Mixed, MixedOptions};
use crate::table::deep::test::{near, related, with};
use crate::table::sample;

/// `follows` is the share of rows that must follow a condition in the other columns: 0 for the reference, which meets
/// conditions and promises no more.
fn learns_relations(model: &dyn TableSynthesizer, settings: &[(&str, f64)], follows: f64) {
    let (real, run) = (related(2_000, 4), Run::default());
    let model = model.fit(&real, &with(settings), &run).unwrap();
    let rows = sample(&*model, 2_000, &Vec::new(), Seed(1), &run).unwrap();
    assert!(near(&rows) > 0.9, "{}", near(&rows));
    let correlation = daotwin_core::statistics::pearson(rows.values(1).numbers(), rows.values(2).numbers());
    assert!(correlation < -0.9, "{correlation}");
    // The control: columns that do not know of each other.
    let mut order: Vec<usize> = (0..2_000).collect();
    Seed(2).stream("order").shuffle(&mut order);
    let apart = vec![real.values(0).clone(), real.take(&order).values(1).clone(), real.values(2).clone()];
    assert!(near(&Frame::new(real.columns().to_vec(), apart).unwrap()) < 0.4);
    // A condition on the second number tells the label.
    let rows = sample(&*model, 1_000, &vec![(2, Condition::Range(-22.0, -18.0))], Seed(3), &run).unwrap();
    let two = rows.values(0).codes().iter().filter(|label| **label == 2).count();
    assert!(two as f64 >= 1_000.0 * follows, "{two}");
    assert!(rows.values(2).numbers().iter().all(|value| (-22.0..=-18.0).contains(value)));
    // Two ranges, and a label.
    let both = vec![(0, Condition::Code(1)), (1, Condition::Range(5.0, 35.0))];
    let rows = sample(&*model, 1_000, &both, Seed(4), &run).unwrap();
    let close = rows.values(1).numbers().iter().filter(|value| **value < 15.0).count();
    assert!(close as f64 >= 1_000.0 * follows, "{close}");
}

#[test]
fn masks_and_noise_learn_relations_and_follow_conditions() {
    learns_relations(&Diffusion, &[], 0.9);
}

#[test]
fn steps_of_noise_learn_relations_and_meet_conditions() {
    learns_relations(&TabDdpm, &[("iterations", 1_500.0)], 0.0);
}

/// Denoisers of standard normal data are known: `noisy / (1 + sigma^2)`, which is what the preconditioning gives for
/// an output of zero.
#[test]
fn without_a_network_numbers_are_taken_for_standard_normal() {
    for sigma in [0.01, 0.5, 3.0, 40.0] {
        let scale = Precondition::at(sigma);
        assert!((f64::from(scale.skip) - 1.0 / (1.0 + sigma * sigma)).abs() < 1e-6);
        // What is asked of the network has unit variance: (value - skip * noisy) / out.
        let (skip, out) = (f64::from(scale.skip), f64::from(scale.out));
        let variance = ((1.0 - skip).powi(2) + (skip * sigma).powi(2)) / (out * out);
        assert!((variance - 1.0).abs() < 1e-3, "{sigma}: {variance}");
    }
}

/// A masked code is never among what the network sees, nor its number; and what is asked was there.
#[test]
fn what_is_asked_is_not_seen() {
    let frame = related(500, 4);
    let mixed = Mixed::fit(&frame, &MixedOptions::default());
    let layout = Layout::of(&mixed);
    let encoded = mixed.encode(&frame, Seed(1));
    let noising = Masked { layout: &layout, encoded: &encoded, even: true };
    let rows: Vec<u32> = (0..500).collect();
    let (batch, asked) = noising.noise(&rows, &mut Seed(2).stream("noise"));
    let mut row = vec![0.0; layout.dense()];
    Layout::hold(&mut row, 1, Held::Known(2.0));
    assert_eq!(row[..4], [0.0, 0.0, 2.0, 1.0]);
    let mut outputs = daotwin_nn::Matrix::zeros(500, layout.shape.width);
    noising.gradient(&mut outputs, &asked, 1.0);
    let (mut codes, mut numbers) = (0, 0);
    for at in 0..500 {
        let own = encoded.codes_of(at)[0];
        let seen = batch.codes[at * batch.per_row];
        let gradient = outputs.row(at);
        if gradient[..4].iter().any(|value| *value != 0.0) {
            codes += 1;
            assert_eq!(seen, daotwin_nn::NO_CODE);
            assert!(gradient[own as usize] < 0.0, "the code that was there becomes likelier");
        } else {
            assert_eq!(seen, own);
        }
        for (place, number) in layout.numbers.iter().enumerate() {
            let known = batch.dense.row(at)[2 * place + 1] == 1.0;
            let asked = gradient[number.output] != 0.0;
            assert!(!(known && asked), "a known number is asked for");
            numbers += usize::from(asked);
        }
    }
    // 70 % of the rows ask for the only column that is masked, the others for two numbers each, an eighth less.
    assert_eq!(codes, 350);
    assert!((230..=300).contains(&numbers), "{numbers}");
}
