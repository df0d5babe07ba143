use std::sync::{Arc, Mutex};

use daotwin_core::{ErrorKind, Run, Seed};
use daotwin_history::frame::synthesizer::{
    Condition, Conditions, FittedTable, TableFitOptions, TableSynthesizer,
};
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};

use super::Mixture;
use super::em::{Learner, Plan};
use super::law::Shape;
use crate::table::trees::codec::Codec;

fn column(name: &str, kind: Kind, optional: bool, bounds: (f64, f64)) -> Column {
    Column { name: name.to_owned(), kind, optional, bounds }
}

fn labels(count: usize) -> Kind {
    Kind::Categorical { labels: (0..count).map(|label| format!("label {label}")).collect() }
}

/// Three hidden groups: two columns of labels, one that may be missing, and a number with a spike.
fn frame(rows: usize) -> Frame {
    let mut stream = Seed(5).stream("mixture test");
    let (mut a, mut b, mut n) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let group = stream.below(3) as u32;
        a.push(if stream.chance(0.7) { group } else { stream.below(4) as u32 });
        let other = if stream.chance(0.8) { (group + 1) % 3 } else { stream.below(3) as u32 };
        b.push(if stream.chance(0.1) { MISSING } else { other });
        let value = f64::from(group) * 10.0 + 3.0 * stream.normal();
        n.push(if stream.chance(0.2) { 0.0 } else { (value * 10.0).round() / 10.0 });
    }
    let bounds = (-20.0, 40.0);
    let columns = vec![
        column("a", labels(4), false, (0.0, 0.0)),
        column("b", labels(3), true, (0.0, 0.0)),
        column("n", Kind::Numeric { decimals: Some(1) }, false, bounds),
    ];
    Frame::new(columns, vec![Values::Code(a), Values::Code(b), Values::Number(n)]).unwrap()
}

fn labels_only(rows: usize) -> Frame {
    let all = frame(rows);
    Frame::new(all.columns()[..2].to_vec(), vec![all.values(0).clone(), all.values(1).clone()]).unwrap()
}

fn fitted(frame: &Frame) -> Box<dyn FittedTable> {
    Mixture.fit(frame, &TableFitOptions::default(), &Run::default()).unwrap()
}

/// Every row that two columns of labels can hold, and its probability.
fn every(model: &dyn FittedTable) -> Vec<(u32, u32, f64)> {
    let all: Vec<(u32, u32)> = (0..4).flat_map(|a| [0, 1, 2, MISSING].map(|b| (a, b))).collect();
    let values = vec![
        Values::Code(all.iter().map(|row| row.0).collect()),
        Values::Code(all.iter().map(|row| row.1).collect()),
    ];
    let densities = model.log_density(&Frame::new(Arc::clone(model.columns()), values).unwrap()).unwrap();
    all.iter().zip(densities).map(|(&(a, b), density)| (a, b, density.exp())).collect()
}

#[test]
fn probabilities_of_all_rows_add_up_to_one() {
    let model = fitted(&labels_only(2_000));
    let total: f64 = every(&*model).iter().map(|(_, _, probability)| probability).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
}

/// Rows drawn under a condition follow its exact conditional law, found by enumeration. Chi-square with 3
/// degrees of freedom exceeds 30.7 with probability 1e-6; systematic sampling only makes it smaller.
#[test]
fn conditionals_are_those_of_enumeration() {
    let model = fitted(&labels_only(2_000));
    let rows = 20_000;
    for (condition, keep) in [(Condition::Code(1), 1), (Condition::Code(MISSING), MISSING)] {
        let mut expected = [0.0; 4];
        for (a, _, probability) in every(&*model).into_iter().filter(|row| row.1 == keep) {
            expected[a as usize] += probability;
        }
        let total: f64 = expected.iter().sum();
        let sample =
            model.sample_block(rows, &vec![(1, condition)], &mut Seed(3).stream("conditionals")).unwrap();
        assert!(sample.values(1).codes().iter().all(|&code| code == keep));
        let mut counts = [0.0; 4];
        sample.values(0).codes().iter().for_each(|&code| counts[code as usize] += 1.0);
        let chi = |expected: &[f64; 4], total: f64| -> f64 {
            let cell = |(count, share): (&f64, &f64)| {
                let mean = rows as f64 * share / total;
                (count - mean).powi(2) / mean
            };
            counts.iter().zip(expected).map(cell).sum()
        };
        assert!(chi(&expected, total) < 30.7, "{counts:?} {expected:?}");
        if keep == 1 {
            // The unconditional law must fail.
            let mut free = [0.0; 4];
            every(&*model).into_iter().for_each(|(a, _, probability)| free[a as usize] += probability);
            assert!(chi(&free, 1.0) > 100.0, "{counts:?} {free:?}");
        }
    }
}

/// Values that are imputed follow the law given the rest of the row; chi-square as above.
#[test]
fn missing_values_follow_the_law_given_the_rest() {
    let model = fitted(&labels_only(2_000));
    let rows = 20_000;
    let values = vec![Values::Code(vec![2; rows]), Values::Code(vec![MISSING; rows])];
    let holes = Frame::new(Arc::clone(model.columns()), values).unwrap();
    let filled = model.impute(&holes, &mut Seed(4).stream("impute")).unwrap();
    assert_eq!(filled.values(0), holes.values(0));
    let mut expected = [0.0; 3];
    every(&*model)
        .into_iter()
        .filter(|row| row.0 == 2 && row.1 != MISSING)
        .for_each(|(_, b, probability)| expected[b as usize] += probability);
    let total: f64 = expected.iter().sum();
    let mut counts = [0.0; 3];
    filled.values(1).codes().iter().for_each(|&code| counts[code as usize] += 1.0);
    let chi: f64 = counts
        .iter()
        .zip(expected)
        .map(|(count, share)| {
            let mean = rows as f64 * share / total;
            (count - mean).powi(2) / mean
        })
        .sum();
    assert!(chi < 27.7, "{counts:?} {expected:?}");
}

/// No plain pass lowers the likelihood with its priors, but for the rounding of 32-bit sums.
#[test]
fn a_pass_never_lowers_the_likelihood() {
    let frame = frame(1_500);
    let (codec, codes) = Codec::fit(&frame, 5);
    for smoothing in [0.1, 1.0, 10.0] {
        let shape = Shape::new(&codec, &codes, 12, smoothing);
        let mut learner = Learner::new(&shape, &codes, Plan::new(5, 1_500, 3, 12), Seed(1));
        // The first counts are around rows and no posterior's: from the second pass on.
        learner.plain_pass();
        let mut last = f64::NEG_INFINITY;
        let mut first = None;
        for pass in 0..40 {
            let (likelihood, prior) = learner.plain_pass();
            let objective = likelihood + prior;
            assert!(objective > last - 1e-5, "pass {pass}: {objective} after {last}");
            first.get_or_insert(objective);
            last = objective;
        }
        assert!(last > first.unwrap() + 0.001, "nothing was learned: {first:?} to {last}");
    }
}

/// A fit that is interrupted anywhere and goes on ends with the bytes of one that was not.
#[test]
fn an_interrupted_fit_ends_the_same() {
    let frame = frame(3_000);
    let folder = tempfile::tempdir().unwrap();
    let bytes = |model: Box<dyn FittedTable>, name: &str| {
        let path = folder.path().join(name);
        model.save(&path).unwrap();
        ["manifest.json", "weights.safetensors"].map(|file| std::fs::read(path.join(file)).unwrap())
    };
    let whole = bytes(fitted(&frame), "whole");
    let path = folder.path().join("fit.checkpoint");
    let options = TableFitOptions { checkpoint: Some(path.clone()), ..TableFitOptions::default() };
    // Every run is stopped after some more steps than the one before, in either phase.
    let stop = |after: u64| {
        let cancel = daotwin_core::Run::default().cancel;
        let (flag, steps) = (cancel.clone(), Mutex::new(0_u64));
        let mut run = Run::with_listener(move |_| {
            let mut steps = steps.lock().unwrap();
            *steps += 1;
            if *steps > after {
                flag.cancel();
            }
        });
        run.cancel = cancel;
        run
    };
    let mut stopped = 0;
    let model = loop {
        match Mixture.fit(&frame, &options, &stop(3 + stopped)) {
            Ok(model) => break model,
            Err(failure) => {
                assert_eq!(failure.kind, ErrorKind::Cancelled, "{failure}");
                assert!(path.exists());
                stopped += 1;
            }
        }
    };
    assert!(stopped > 2, "{stopped}");
    assert!(!path.exists());
    assert_eq!(bytes(model, "resumed"), whole);
    // A checkpoint of another seed is refused.
    assert!(Mixture.fit(&frame, &options, &stop(4)).is_err());
    let other = TableFitOptions { seed: Seed(9), ..options };
    let refused = Mixture.fit(&frame, &other, &Run::default()).err().unwrap();
    assert!(refused.kind == ErrorKind::Input && refused.to_string().contains("another fit"), "{refused}");
}

/// Hidden groups are found: pairs of columns are related as in the table. Total variation between two samples of
/// 12 cells and 20,000 rows is below 0.03 but with probability 1e-6 (its mean is 0.012, and by McDiarmid it
/// passes its mean by t with probability exp(-20,000 t^2)); the fit of 20,000 rows adds a like amount.
#[test]
fn relations_are_kept() {
    let real = frame(20_000);
    let model = fitted(&real);
    let sample = crate::table::sample(&*model, 20_000, &Vec::new(), Seed(2), &Run::default()).unwrap();
    let table = |frame: &Frame| {
        let mut counts = [0.0; 16];
        let pairs = frame.values(0).codes().iter().zip(frame.values(1).codes());
        pairs.for_each(|(&a, &b)| counts[a as usize * 4 + if b == MISSING { 3 } else { b as usize }] += 5e-5);
        counts
    };
    let distance = |left: [f64; 16], right: [f64; 16]| {
        left.iter().zip(right).map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0
    };
    assert!(distance(table(&real), table(&sample)) < 0.06);
    // Independent columns must fail.
    let joint = table(&real);
    let mut independent = [0.0; 16];
    for (cell, value) in independent.iter_mut().enumerate() {
        let row: f64 = joint[cell / 4 * 4..][..4].iter().sum();
        let column: f64 = joint.iter().skip(cell % 4).step_by(4).sum();
        *value = row * column;
    }
    assert!(distance(joint, independent) > 0.1);
}

#[test]
fn conditions_that_contradict_each_other_are_refused() {
    let columns = vec![column("a", labels(3), false, (0.0, 0.0)), column("b", labels(2), false, (0.0, 0.0))];
    let values = vec![Values::Code([0, 1].repeat(200)), Values::Code([0, 1].repeat(200))];
    let model = fitted(&Frame::new(columns, values).unwrap());
    // A label that no row has.
    let never: Conditions = vec![(0, Condition::Code(2))];
    let refused = model.sample_block(3, &never, &mut Seed(1).stream("never")).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Usage);
}
