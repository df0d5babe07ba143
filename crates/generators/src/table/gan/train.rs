//! Training: a generator makes rows of a condition, a critic tells packs of them from packs of real rows.

use std::sync::Arc;

use daotwin_core::{Run, Seed, Stream, Streams};
use daotwin_nn::{
    Activation, Adam, Batch, Device, Engine, Input, Layer, Matrix, NO_CODE, Network, State, Wanted,
    cross_entropy, softmax,
};
use rayon::prelude::*;

use super::super::checkpoint::{Checkpoint, Saved};
use super::super::deep::{Curves, Net, Shape, calibrate, frequencies, go_on, keep, normal};
use super::super::files::{Tensors, wide};
use crate::encode::Encoded;
use crate::error::Result;

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    /// Numbers of a hidden layer.
    pub hidden: usize,
    /// Random numbers that a row is made from.
    pub noise: usize,
    /// Rows of a step; a multiple of `pack`.
    pub batch: usize,
    /// Rows that the critic sees at once.
    pub pack: usize,
    /// Steps.
    pub steps: u64,
    /// The learning rate.
    pub rate: f32,
    /// The weight of the gradient penalty.
    pub penalty: f32,
    /// What trains.
    pub device: Device,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Learned {
    pub generator: Net,
    pub parameters: Vec<f32>,
    pub statistics: Vec<f32>,
}

/// The temperature of the softmax that stands for a draw of a code (Jang, Gu and Poole 2017).
const TEMPERATURE: f32 = 0.2;

/// The slope of the critic is looked at in one step of so many, and weighs as much more then (Karras et al. 2020, lazy
/// regularisation).
const LAZY: u64 = 2;

/// The parameters that samples are made with are a running mean of those that training went through (Yazıcı et al.
/// 2019); it is moved once in so many steps, and keeps this much of itself.
const MEAN_EVERY: u64 = 5;
const MEAN_KEEP: f32 = 0.98;

/// Batches from which the running statistics are read anew for the mean parameters.
const REFRESHED: usize = 60;

/// The share of the steps, the last ones, over which the learning rate falls.
const FALLING: f32 = 0.5;

/// The generator: random numbers and a condition's code to logits and scalars.
pub(super) fn generator(shape: &Shape, conditions: usize, hidden: usize, noise: usize) -> Result<Net> {
    let bend = || Layer::Activation { bend: Activation::Relu, dropout: 0.0 };
    let input = Input::Embed { dense: noise, codes: conditions.max(1), outputs: hidden };
    let layers = vec![
        Layer::BatchNorm { width: hidden },
        bend(),
        Layer::Concat(vec![
            Layer::Linear { inputs: hidden, outputs: hidden },
            Layer::BatchNorm { width: hidden },
            bend(),
        ]),
        Layer::Linear { inputs: 2 * hidden, outputs: shape.width },
    ];
    Ok(Arc::new(Network::new(input, layers)?))
}

/// The critic: a pack of rows, each beside its condition, to a number. Nothing is dropped: a critic that sees all of a
/// row learns relations between columns sooner.
pub(super) fn critic(width: usize, hidden: usize) -> Result<Net> {
    let bend = || Layer::Activation { bend: Activation::LeakyRelu(0.2), dropout: 0.0 };
    let layers = vec![
        Layer::Linear { inputs: width, outputs: hidden },
        bend(),
        Layer::Linear { inputs: hidden, outputs: hidden },
        bend(),
        Layer::Linear { inputs: hidden, outputs: 1 },
    ];
    Ok(Arc::new(Network::new(Input::Dense(width), layers)?))
}

/// Conditions that rows are made under: one code of one column of labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Choices {
    /// The columns, and where their codes begin among those of all conditions.
    pub columns: Vec<(usize, usize)>,
    /// How many rows have each code, column after column.
    pub counts: Vec<f64>,
}

impl Choices {
    /// The conditions of these columns.
    fn laid(shape: &Shape, labels: &[usize], counts: Vec<f64>) -> Self {
        let mut start = 0;
        let place = |&column: &usize| {
            start += shape.sizes[column];
            (column, start - shape.sizes[column])
        };
        Self { columns: labels.iter().map(place).collect(), counts }
    }

    /// The same of counts that were read; none where they do not fit.
    pub(super) fn new(shape: &Shape, labels: &[usize], counts: Vec<f64>) -> Option<Self> {
        let all: usize = labels.iter().map(|&column| shape.sizes[column]).sum();
        let fits = counts.len() == all && counts.iter().all(|count| (0.0..=1e18).contains(count));
        fits.then(|| Self::laid(shape, labels, counts))
    }

    /// Where the codes of a choice's column end.
    fn end(&self, choice: usize) -> usize {
        self.columns.get(choice + 1).map_or(self.counts.len(), |next| next.1)
    }

    /// One condition: a column, all alike, and a code of it; its weight from its rows. None without columns of
    /// labels.
    pub(super) fn draw(&self, weight: impl Fn(f64) -> f64, stream: &mut Stream) -> Option<(usize, usize)> {
        if self.columns.is_empty() {
            return None;
        }
        let choice = stream.below(self.columns.len() as u64) as usize;
        let (column, start) = self.columns[choice];
        let weights: Vec<f64> =
            self.counts[start..self.end(choice)].iter().map(|&count| weight(count)).collect();
        Some((column, stream.weighted(&weights)))
    }

    /// The place of a condition among those of all columns.
    pub(super) fn place(&self, condition: Option<(usize, usize)>) -> Option<usize> {
        let (column, code) = condition?;
        self.columns.iter().find(|(known, _)| *known == column).map(|(_, start)| start + code)
    }
}

/// The conditions that a table's labels give, and which rows meet each.
pub(super) fn choices(shape: &Shape, labels: &[usize], encoded: &Encoded) -> (Choices, Vec<Vec<u32>>) {
    let mut rows = Vec::new();
    for &column in labels {
        let mut own = vec![Vec::new(); shape.sizes[column]];
        for row in 0..encoded.rows() {
            own[encoded.codes_of(row)[column] as usize].push(row as u32);
        }
        rows.extend(own);
    }
    let counts = rows.iter().map(|rows| rows.len() as f64).collect();
    (Choices::laid(shape, labels, counts), rows)
}

/// Rows of a block that has a stream of its own.
const BLOCK: usize = 32;

/// Replaces logits by near one-hot draws of codes, and what stands for scalars by -1 to 1.
pub(super) fn activate(shape: &Shape, outputs: &mut Matrix, streams: &Streams, step: u64) {
    let width = outputs.columns.max(1);
    outputs.data.par_chunks_mut(BLOCK * width).enumerate().for_each(|(block, rows)| {
        let mut stream = streams.stream((step << 20) | block as u64);
        for row in rows.chunks_exact_mut(width) {
            let (codes, scalars) = row.split_at_mut(shape.codes());
            for logit in codes.iter_mut() {
                // Minus the logarithm of an exponential draw is Gumbel's law.
                let gumbel = -(stream.exponential().max(1e-30)).ln();
                *logit = (*logit + gumbel as f32) / TEMPERATURE;
            }
            for pair in shape.starts.windows(2) {
                softmax(&mut codes[pair[0]..pair[1]]);
            }
            scalars.iter_mut().for_each(|scalar| *scalar = scalar.tanh());
        }
    });
}

/// Brings a gradient by what [`activate`] made back before it.
pub(super) fn activate_back(shape: &Shape, made: &Matrix, gradient: &mut Matrix) {
    let width = made.columns.max(1);
    gradient.data.par_chunks_mut(width).zip(made.data.par_chunks(width)).with_min_len(BLOCK).for_each(
        |(gradient, made)| {
            for pair in shape.starts.windows(2) {
                let (own, made) = (&mut gradient[pair[0]..pair[1]], &made[pair[0]..pair[1]]);
                let mean: f32 = own.iter().zip(made).map(|(down, y)| down * y).sum();
                for (down, y) in own.iter_mut().zip(made) {
                    *down = y * (*down - mean) / TEMPERATURE;
                }
            }
            let codes = shape.codes();
            for (down, y) in gradient[codes..].iter_mut().zip(&made[codes..]) {
                *down *= 1.0 - y * y;
            }
        },
    );
}

/// Rows beside their conditions, as the critic reads them: packs are rows that follow each other.
pub(super) struct Beside<'a> {
    pub shape: &'a Shape,
    pub conditions: usize,
    pub pack: usize,
}

impl Beside<'_> {
    fn width(&self) -> usize {
        self.shape.width + self.conditions
    }

    fn packed(
        &self,
        rows: usize,
        fill: impl Fn(usize, &mut [f32]) + Sync,
        places: &[Option<usize>],
    ) -> Matrix {
        let width = self.width();
        let mut data = vec![0.0; rows * width];
        data.par_chunks_mut(width).with_min_len(BLOCK).enumerate().for_each(|(row, to)| {
            fill(row, &mut to[..self.shape.width]);
            if let Some(place) = places[row] {
                to[self.shape.width + place] = 1.0;
            }
        });
        Matrix::new(rows / self.pack, self.pack * width, data)
    }

    /// Real rows.
    pub(super) fn real(&self, encoded: &Encoded, rows: &[u32], places: &[Option<usize>]) -> Matrix {
        let fill = |row: usize, to: &mut [f32]| {
            let row = rows[row] as usize;
            for (column, code) in encoded.codes_of(row).iter().enumerate() {
                to[self.shape.starts[column] + *code as usize] = 1.0;
                if let Some(place) = self.shape.scalars[column] {
                    to[place] = encoded.scalars_of(row)[column];
                }
            }
        };
        self.packed(rows.len(), fill, places)
    }

    /// Rows that the generator made.
    fn made(&self, made: &Matrix, places: &[Option<usize>]) -> Matrix {
        self.packed(made.rows, |row, to| to.copy_from_slice(made.row(row)), places)
    }

    /// The part of a gradient by packs that belongs to the rows.
    fn unpacked(&self, gradient: &Matrix) -> Matrix {
        let width = self.width();
        let rows = gradient.data.len() / width;
        let mut to = Matrix::zeros(rows, self.shape.width);
        for (row, from) in gradient.data.chunks_exact(width).enumerate() {
            to.row_mut(row).copy_from_slice(&from[..self.shape.width]);
        }
        to
    }
}

/// The generator's input.
pub(super) fn inputs(noise: Matrix, places: impl Iterator<Item = Option<usize>>) -> Batch {
    let codes = places.map(|place| place.map_or(NO_CODE, |place| place as u32)).collect();
    Batch { dense: noise, codes, per_row: 1 }
}

/// Learns from codes and scalars; `labels` are the columns that conditions may name.
///
/// # Errors
/// Cancellation, after the checkpoint was written; the networks'.
pub(super) fn train(
    shape: &Shape,
    encoded: &Encoded,
    labels: &[usize],
    plan: &Plan,
    seed: Seed,
    (mut checkpoint, saved): (Checkpoint, Option<Saved>),
    run: &Run,
) -> Result<(Learned, Choices, Curves)> {
    let (choices, rows_of) = choices(shape, labels, encoded);
    let beside = Beside { shape, conditions: choices.counts.len(), pack: plan.pack };
    let mut first = seed.stream("first parameters of gan");
    let generator = generator(shape, choices.counts.len(), plan.hidden, plan.noise)?;
    let mut maker = plan.device.engine(Arc::clone(&generator), &mut first)?;
    let mut judge = plan.device.engine(critic(plan.pack * beside.width(), plan.hidden)?, &mut first)?;
    let (streams, gumbel) = (seed.streams("steps of gan"), seed.streams("codes of gan"));
    let mut mean = vec![0.0_f32; generator.parameters()];
    let mut from = 0;
    if let Some(mut saved) = saved {
        from = saved.state::<u64>()?;
        mean = saved.narrow("mean", mean.len())?;
        go_on("generator", &mut *maker, &mut saved)?;
        go_on("critic", &mut *judge, &mut saved)?;
    }
    for step in from..plan.steps {
        checkpoint.step(run, "fit gan", step, plan.steps, || {
            let mut tensors = Tensors::new();
            keep("generator", &*maker, &mut tensors)?;
            keep("critic", &*judge, &mut tensors)?;
            tensors.insert("mean".to_owned(), wide(&mean));
            Saved::new(&step, tensors)
        })?;
        let mut stream = streams.stream(step);
        let adam = adam(plan.rate, step, plan.steps);
        // A condition for each row, and a real row that meets it.
        let mut conditions = Vec::with_capacity(plan.batch);
        let mut rows = Vec::with_capacity(plan.batch);
        for _ in 0..plan.batch {
            let condition = choices.draw(rarer, &mut stream);
            let own = choices.place(condition).map(|place| &rows_of[place]).filter(|rows| !rows.is_empty());
            rows.push(match own {
                Some(own) => own[stream.below(own.len() as u64) as usize],
                None => stream.below(encoded.rows() as u64) as u32,
            });
            conditions.push(condition);
        }
        let places: Vec<Option<usize>> =
            conditions.iter().map(|condition| choices.place(*condition)).collect();
        let noise = normal(plan.batch, plan.noise, &mut stream);
        let logits = maker.forward(inputs(noise, places.iter().copied()), &mut stream)?;
        let mut made = logits.clone();
        activate(shape, &mut made, &gumbel, step);
        // The critic: real packs up, made packs down, and a slope of 1 in between.
        let (real, fake) = (beside.real(encoded, &rows, &places), beside.made(&made, &places));
        let packs = real.rows;
        let even = |sign: f32| Matrix::new(packs, 1, vec![sign / packs as f32; packs]);
        let between = (step % LAZY == 0).then(|| {
            let shares: Vec<f32> = (0..packs).map(|_| stream.uniform() as f32).collect();
            mixed(&real, &fake, &shares)
        });
        judge.forward(Batch::dense(real), &mut stream)?;
        judge.backward(even(-1.0), Wanted::PARAMETERS)?;
        judge.forward(Batch::dense(fake.clone()), &mut stream)?;
        judge.backward(even(1.0), Wanted::PARAMETERS)?;
        if let Some(between) = between {
            judge.penalty(between, plan.penalty * LAZY as f32, &mut stream)?;
        }
        judge.step(&adam)?;
        // The generator, on the same rows, against the critic as it is now.
        judge.forward(Batch::dense(fake), &mut stream)?;
        let by_packs = judge.backward(even(-1.0), Wanted::INPUT)?;
        let mut gradient = beside.unpacked(&by_packs);
        activate_back(shape, &made, &mut gradient);
        let scale = 1.0 / plan.batch as f32;
        for (row, condition) in conditions.iter().enumerate() {
            let Some((column, code)) = *condition else { continue };
            let (start, end) = (shape.starts[column], shape.starts[column + 1]);
            let mut own = logits.row(row)[start..end].to_vec();
            cross_entropy(&mut own, code, scale);
            gradient.row_mut(row)[start..end].iter_mut().zip(&own).for_each(|(to, own)| *to += own);
        }
        maker.backward(gradient, Wanted::PARAMETERS)?;
        maker.step(&Adam { decay: 1e-6, ..adam })?;
        if step % MEAN_EVERY == 0 {
            move_mean(&mut mean, &maker.state()?.parameters, MEAN_KEEP, step / MEAN_EVERY);
        }
    }
    run.step("fit gan", plan.steps, plan.steps)?;
    let mut stream = seed.stream("calibration of gan");
    let mut drawn = |rows: usize, weight: fn(f64) -> f64| {
        let places: Vec<Option<usize>> =
            (0..rows).map(|_| choices.place(choices.draw(weight, &mut stream))).collect();
        inputs(normal(rows, plan.noise, &mut stream), places.into_iter())
    };
    // The statistics that the generator learned to make rows with.
    let statistics = refreshed(&mut *maker, mean, seed, run, || drawn(plan.batch, rarer))?;
    let mut parameters = maker.state()?.parameters;
    let shares = frequencies(shape, encoded);
    calibrate(shape, &shares, &mut parameters, |rows, parameters| {
        Ok(generator.predict(parameters, &statistics, &drawn(rows, |count| count))?)
    })?;
    let curves = Curves::fit(shape, encoded, &mut seed.stream("scalars of gan"), |rows| {
        Ok(generator.predict(&parameters, &statistics, &drawn(rows, |count| count))?)
    })?;
    checkpoint.finish()?;
    Ok((Learned { generator, parameters, statistics }, choices, curves))
}

/// How often a condition of so many rows is trained: rare ones more often than rows have them.
fn rarer(count: f64) -> f64 {
    (count + 1.0).ln()
}

/// Rows between two of each pair, so far from the first as its share says.
pub(super) fn mixed(first: &Matrix, second: &Matrix, shares: &[f32]) -> Matrix {
    let mut to = first.clone();
    let columns = to.columns.max(1);
    let pairs = to.data.chunks_exact_mut(columns).zip(second.data.chunks_exact(columns));
    for ((to, second), share) in pairs.zip(shares) {
        to.iter_mut().zip(second).for_each(|(to, second)| *to += share * (second - *to));
    }
    to
}

/// Adam at a step of a training; in its last part the learning rate falls to nothing.
fn adam(rate: f32, step: u64, steps: u64) -> Adam {
    let left = (steps - step) as f32 / steps as f32;
    Adam { rate: rate * (left / FALLING).min(1.0), keep: (0.5, 0.9), decay: 0.0 }
}

/// Moves a running mean of parameters; at first it is a plain mean, so that the beginning is soon forgotten.
pub(super) fn move_mean(mean: &mut [f32], now: &[f32], keep: f32, moved: u64) {
    let keep = keep.min(moved as f32 / (moved + 9) as f32);
    mean.iter_mut().zip(now).for_each(|(mean, now)| *mean = keep * *mean + (1.0 - keep) * now);
}

/// Puts other parameters into a generator and reads its running statistics anew for them, from batches of `drawn`.
pub(super) fn refreshed(
    maker: &mut dyn Engine,
    parameters: Vec<f32>,
    seed: Seed,
    run: &Run,
    mut drawn: impl FnMut() -> Batch,
) -> Result<Vec<f32>> {
    maker.restore(State { parameters, ..maker.state()? })?;
    for _ in 0..REFRESHED {
        run.check()?;
        maker.forward(drawn(), &mut seed.stream("no dice"))?;
    }
    Ok(maker.state()?.statistics)
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::encode::{Form, Mixed, MixedOptions};
    use daotwin_history::frame::{Column, Frame, Kind, Values};

    fn shape() -> Shape {
        let mut stream = Seed(1).stream("gan shape");
        let numbers: Vec<f64> = (0..200).map(|_| stream.normal()).collect();
        let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
        let columns = vec![
            Column {
                name: "l".to_owned(),
                kind: Kind::Categorical { labels },
                optional: false,
                bounds: (0.0, 0.0),
            },
            Column {
                name: "n".to_owned(),
                kind: Kind::Numeric { decimals: None },
                optional: false,
                bounds: (-9.0, 9.0),
            },
        ];
        let values = vec![Values::Code((0..200).map(|row| row % 3).collect()), Values::Number(numbers)];
        let frame = Frame::new(columns, values).unwrap();
        Shape::of(
            &Mixed::fit(&frame, &MixedOptions { form: Form::Modes(2), ..MixedOptions::default() }),
            true,
        )
    }

    /// The gradient through the draws of codes, against differences with the same noise.
    #[test]
    fn the_way_back_through_draws_is_their_slope() {
        let shape = shape();
        let mut stream = Seed(2).stream("gan");
        let (before, down) = (normal(3, shape.width, &mut stream), normal(3, shape.width, &mut stream));
        let streams = Seed(3).streams("gumbel");
        let forth = |before: &Matrix| {
            let mut made = before.clone();
            activate(&shape, &mut made, &streams, 0);
            made
        };
        let loss = |before: &Matrix| -> f64 {
            forth(before).data.iter().zip(&down.data).map(|(y, down)| f64::from(*y) * f64::from(*down)).sum()
        };
        let mut gradient = down.clone();
        activate_back(&shape, &forth(&before), &mut gradient);
        for at in 0..before.data.len() {
            let moved = |step: f32| {
                let mut before = before.clone();
                before.data[at] += step;
                loss(&before)
            };
            let difference = (moved(2e-3) - moved(-2e-3)) / 4e-3;
            assert!(
                (difference - f64::from(gradient.data[at])).abs() < 5e-3,
                "{at}: {difference} {}",
                gradient.data[at]
            );
        }
    }
}
