//! Both engines against each other and against differences.

use std::sync::Arc;

use daotwin_core::{Seed, Stream};

use crate::*;

fn random(rows: usize, columns: usize, stream: &mut Stream) -> Matrix {
    Matrix::new(rows, columns, (0..rows * columns).map(|_| stream.normal() as f32).collect())
}

fn linear(inputs: usize, outputs: usize) -> Layer {
    Layer::Linear { inputs, outputs }
}

fn bend(bend: Activation, dropout: f32) -> Layer {
    Layer::Activation { bend, dropout }
}

/// Networks with every kind of layer.
fn networks() -> Vec<Arc<Network>> {
    let embed = Input::Embed { dense: 3, codes: 11, outputs: 6 };
    let leaky = Activation::LeakyRelu(0.2);
    let all = [
        (Input::Dense(3), vec![linear(3, 5), bend(Activation::Relu, 0.0), linear(5, 2)]),
        (Input::Dense(3), vec![linear(3, 8), bend(leaky, 0.5), linear(8, 8), bend(leaky, 0.5), linear(8, 1)]),
        (embed, vec![bend(Activation::Silu, 0.3), linear(6, 4), bend(Activation::Silu, 0.0), linear(4, 7)]),
        (
            embed,
            vec![
                Layer::Residual(vec![bend(Activation::Relu, 0.0), linear(6, 6)]),
                Layer::Residual(vec![linear(6, 9), bend(Activation::Silu, 0.1), linear(9, 6)]),
                bend(leaky, 0.0),
                linear(6, 3),
            ],
        ),
        (
            Input::Dense(3),
            vec![
                Layer::Concat(vec![linear(3, 5), Layer::BatchNorm { width: 5 }, bend(Activation::Relu, 0.0)]),
                Layer::Concat(vec![linear(8, 4), Layer::BatchNorm { width: 4 }, bend(leaky, 0.0)]),
                linear(12, 2),
            ],
        ),
        (Input::Embed { dense: 0, codes: 11, outputs: 6 }, vec![bend(leaky, 0.0), linear(6, 3)]),
    ];
    all.into_iter().map(|(input, layers)| Arc::new(Network::new(input, layers).unwrap())).collect()
}

fn batch(network: &Network, rows: usize, stream: &mut Stream) -> Batch {
    match network.input() {
        Input::Dense(width) => Batch::dense(random(rows, width, stream)),
        Input::Embed { dense, codes, .. } => {
            let mut code = |_| if stream.chance(0.1) { NO_CODE } else { stream.below(codes as u64) as u32 };
            let codes = (0..rows * 4).map(&mut code).collect();
            Batch { dense: random(rows, dense, stream), codes, per_row: 4 }
        }
    }
}

fn close(left: &[f32], right: &[f32], what: &str) {
    assert_eq!(left.len(), right.len(), "{what}");
    let scale = right.iter().fold(0.1_f32, |scale, value| scale.max(value.abs()));
    for (at, (left, right)) in left.iter().zip(right).enumerate() {
        assert!((left - right).abs() <= 2e-4 * scale, "{what} at {at}: {left} and {right}");
    }
}

fn both(network: &Arc<Network>) -> [Box<dyn Engine>; 2] {
    [Device::Fused, Device::Tensors]
        .map(|device| device.engine(Arc::clone(network), &mut Seed(7).stream("first")).unwrap())
}

/// Runs the same work on both engines, with the same dice.
fn compare<T>(network: &Arc<Network>, mut work: impl FnMut(&mut dyn Engine, &mut Stream) -> T) -> [T; 2] {
    both(network).map(|mut engine| work(engine.as_mut(), &mut Seed(11).stream("dice")))
}

#[test]
fn engines_agree_on_the_way_forth_and_back_and_over_steps() {
    for (index, network) in networks().iter().enumerate() {
        let mut stream = Seed(index as u64).stream("data");
        let batches: Vec<Batch> = (0..4).map(|_| batch(network, 9, &mut stream)).collect();
        let goals = random(9, network.outputs(), &mut stream);
        let adam = Adam { rate: 0.01, keep: (0.5, 0.9), decay: 0.1 };
        let [fused, tensors] = compare(network, |engine, dice| {
            let mut seen = Vec::new();
            for batch in &batches {
                let mut y = engine.forward(batch.clone(), dice).unwrap();
                seen.push(y.data.clone());
                y.data.iter_mut().zip(&goals.data).for_each(|(y, goal)| *y -= goal);
                seen.push(engine.backward(y, Wanted::ALL).unwrap().data);
                let gradient = engine.gradient().unwrap();
                seen.push(gradient.to_vec());
                // Adam makes a whole step of a gradient that is zero but for rounding.
                gradient.iter_mut().filter(|g| g.abs() < 1e-4).for_each(|g| *g = 0.0);
                engine.step(&adam).unwrap();
            }
            let state = engine.state().unwrap();
            seen.extend([state.parameters, state.statistics]);
            seen
        });
        for (at, (fused, tensors)) in fused.iter().zip(&tensors).enumerate() {
            close(fused, tensors, &format!("network {index}, value {at}"));
        }
    }
}

/// The loss of a fixed linear form of the output, and its gradient by all parameters.
fn slope(network: &Arc<Network>, state: &State, batch: &Batch, form: &Matrix) -> (f64, Vec<f32>, Vec<f32>) {
    let mut engine = Fused::new(Arc::clone(network), &mut Seed(1).stream("any"));
    engine.restore(state.clone()).unwrap();
    let y = engine.forward(batch.clone(), &mut Seed(5).stream("dice")).unwrap();
    let loss = y.data.iter().zip(&form.data).map(|(y, form)| f64::from(y * form)).sum();
    let input = engine.backward(form.clone(), Wanted::ALL).unwrap();
    (loss, engine.gradient().unwrap().to_vec(), input.data)
}

#[test]
fn gradients_are_those_of_differences() {
    for (index, network) in networks().iter().enumerate() {
        let mut stream = Seed(40 + index as u64).stream("data");
        let batch = batch(network, 6, &mut stream);
        let form = random(6, network.outputs(), &mut stream);
        let state = Fused::new(Arc::clone(network), &mut stream).state().unwrap();
        let (_, gradient, input) = slope(network, &state, &batch, &form);
        // A step across a kink gives another difference: most must agree, not all.
        let mut wrong = 0;
        let step = 2e-3_f32;
        for (at, gradient) in gradient.iter().enumerate() {
            let loss = |by: f32| {
                let mut state = state.clone();
                state.parameters[at] += by;
                slope(network, &state, &batch, &form).0
            };
            let difference = (loss(step) - loss(-step)) / (2.0 * f64::from(step));
            wrong += usize::from((difference - f64::from(*gradient)).abs() > 0.02);
        }
        for (at, input) in input.iter().enumerate() {
            let loss = |by: f32| {
                let mut batch = batch.clone();
                batch.dense.data[at] += by;
                slope(network, &state, &batch, &form).0
            };
            let difference = (loss(step) - loss(-step)) / (2.0 * f64::from(step));
            wrong += usize::from((difference - f64::from(*input)).abs() > 0.02);
        }
        assert!(wrong * 20 <= network.parameters(), "network {index}: {wrong} of {}", network.parameters());
    }
}

#[test]
fn clipped_gradients_are_those_of_single_samples() {
    for network in networks().iter().filter(|network| !network.mixes_samples()) {
        let mut stream = Seed(3).stream("data");
        // Dropout would roll other dice for a sample alone.
        let layers = network.layers.iter().map(|layer| match layer {
            Layer::Activation { bend, .. } => Layer::Activation { bend: *bend, dropout: 0.0 },
            other => other.clone(),
        });
        let layers: Vec<Layer> = layers.collect();
        if layers.iter().any(|layer| matches!(layer, Layer::Residual(_))) {
            continue;
        }
        let network = Arc::new(Network::new(network.input(), layers).unwrap());
        let batch = batch(&network, 8, &mut stream);
        let form = random(8, network.outputs(), &mut stream);
        let bound = 1.5;
        let found = compare(&network, |engine, dice| {
            engine.forward(batch.clone(), dice).unwrap();
            let (norms, input) = engine.backward_clipped(form.clone(), bound, true).unwrap();
            (norms, engine.gradient().unwrap().to_vec(), input)
        });
        let state = both(&network)[0].state().unwrap();
        let mut sum = vec![0.0_f32; network.parameters()];
        let mut clipped = 0;
        for row in 0..8 {
            let alone = Batch {
                dense: Matrix::new(1, batch.dense.columns, batch.dense.row(row).to_vec()),
                codes: batch.codes[row * batch.per_row..(row + 1) * batch.per_row].to_vec(),
                per_row: batch.per_row,
            };
            let form = Matrix::new(1, form.columns, form.row(row).to_vec());
            let (_, gradient, by_input) = slope(&network, &state, &alone, &form);
            let norm = gradient.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
            for (norms, _, input) in &found {
                assert!((norms[row] - norm).abs() < 1e-3 * norm.max(1.0), "{} and {norm}", norms[row]);
                if batch.dense.columns > 0 {
                    close(input.row(row), &by_input, "gradient of what went in, not scaled down");
                }
            }
            clipped += usize::from(norm > f64::from(bound));
            let factor = (f64::from(bound) / norm).min(1.0) as f32;
            sum.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += factor * g);
        }
        assert!(clipped > 0, "no sample was clipped: the test says nothing");
        for (_, gradient, _) in &found {
            close(gradient, &sum, "clipped gradient");
        }
    }
}

#[test]
fn a_network_that_mixes_samples_is_not_clipped() {
    let network = &networks()[4];
    for mut engine in both(network) {
        let mut dice = Seed(1).stream("dice");
        let batch = batch(network, 4, &mut dice);
        let y = engine.forward(batch, &mut dice).unwrap();
        assert!(engine.backward_clipped(y, 1.0, false).is_err());
    }
}

#[test]
fn the_penalty_is_that_of_differences_on_both_engines() {
    let leaky = Activation::LeakyRelu(0.2);
    let layers = vec![linear(4, 7), bend(leaky, 0.0), linear(7, 6), bend(leaky, 0.0), linear(6, 1)];
    let network = Arc::new(Network::new(Input::Dense(4), layers).unwrap());
    let x = random(10, 4, &mut Seed(2).stream("data"));
    let weight = 10.0;
    let found = compare(&network, |engine, dice| {
        let mean = engine.penalty(x.clone(), weight, dice).unwrap();
        (mean, engine.gradient().unwrap().to_vec())
    });
    assert!((found[0].0 - found[1].0).abs() < 1e-5);
    close(&found[0].1, &found[1].1, "penalty");
    let state = both(&network)[0].state().unwrap();
    // The penalty by its definition: the input's gradient from a way back.
    let value = |parameters: Vec<f32>| {
        let state = State { parameters, ..state.clone() };
        let ones = Matrix::new(10, 1, vec![1.0; 10]);
        let (_, _, input) = slope(&network, &state, &Batch::dense(x.clone()), &ones);
        let gap = |row: &[f32]| (row.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt() - 1.0).powi(2);
        input.chunks(4).map(gap).sum::<f64>() / 10.0
    };
    assert!((value(state.parameters.clone()) - found[0].0).abs() < 1e-5);
    let here = value(state.parameters.clone());
    for at in 0..network.parameters() {
        let step = 1e-3;
        let moved = |by: f32| {
            let mut parameters = state.parameters.clone();
            parameters[at] += by;
            f64::from(weight) * (value(parameters) - here) / f64::from(by)
        };
        // A step across a kink of an activation jumps; the step to the other side does not.
        let wrong = |difference: f64| (difference - f64::from(found[0].1[at])).abs();
        let least = wrong(moved(step)).min(wrong(moved(-step)));
        assert!(least < 0.02, "parameter {at}: off by {least}");
    }
}

#[test]
fn a_penalty_with_dropout_is_the_same_on_both_engines() {
    let network = &networks()[1];
    let x = random(20, 3, &mut Seed(2).stream("data"));
    let found = compare(network, |engine, dice| {
        let mean = engine.penalty(x.clone(), 10.0, dice).unwrap();
        (mean, engine.gradient().unwrap().to_vec())
    });
    assert!((found[0].0 - found[1].0).abs() < 1e-5);
    close(&found[0].1, &found[1].1, "penalty");
}

#[test]
fn a_penalty_of_other_layers_is_refused() {
    for index in [2, 3, 4] {
        for mut engine in both(&networks()[index]) {
            assert!(engine.penalty(Matrix::zeros(2, 3), 1.0, &mut Seed(1).stream("dice")).is_err());
        }
    }
}

#[test]
fn use_is_training_without_dropout() {
    for index in [0, 3, 5] {
        let network = &networks()[index];
        let mut stream = Seed(9).stream("data");
        let batch = batch(network, 5, &mut stream);
        let engine = Fused::new(Arc::clone(network), &mut stream);
        let state = engine.state().unwrap();
        let whole = network.predict(&state.parameters, &state.statistics, &batch).unwrap();
        let part = (1.min(network.outputs() - 1), network.outputs());
        let some = network.predict_part(&state.parameters, &state.statistics, &batch, part).unwrap();
        for row in 0..5 {
            close(some.row(row), &whole.row(row)[part.0..], "part");
        }
    }
}

#[test]
fn a_state_goes_on_to_the_same_bytes() {
    let network = &networks()[4];
    let train = |engine: &mut Fused, from: u64, to: u64| {
        for step in from..to {
            let mut stream = Seed(step).stream("step");
            let batch = batch(network, 8, &mut stream);
            let y = engine.forward(batch, &mut stream).unwrap();
            engine.backward(y, Wanted::PARAMETERS).unwrap();
            engine.step(&Adam::default()).unwrap();
        }
    };
    let mut whole = Fused::new(Arc::clone(network), &mut Seed(1).stream("first"));
    train(&mut whole, 0, 10);
    let mut half = Fused::new(Arc::clone(network), &mut Seed(1).stream("first"));
    train(&mut half, 0, 4);
    let mut other = Fused::new(Arc::clone(network), &mut Seed(2).stream("other"));
    other.restore(half.state().unwrap()).unwrap();
    train(&mut other, 4, 10);
    assert_eq!(whole.state().unwrap(), other.state().unwrap());
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(Network::new(Input::Dense(3), vec![linear(4, 2)]).is_err());
    assert!(Network::new(Input::Dense(3), vec![Layer::Residual(vec![linear(3, 2)])]).is_err());
    let network = &networks()[2];
    let mut engine = Fused::new(Arc::clone(network), &mut Seed(1).stream("first"));
    let mut dice = Seed(1).stream("dice");
    let mut bad = batch(network, 3, &mut dice);
    bad.codes[0] = 11;
    assert!(engine.forward(bad, &mut dice).is_err());
    assert!(engine.backward(Matrix::zeros(3, 7), Wanted::ALL).is_err());
}
