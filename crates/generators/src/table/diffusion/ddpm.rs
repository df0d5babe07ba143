//! What `tabddpm` learns and how it draws: Gaussian diffusion of numbers and multinomial diffusion of codes, both in
//! the same discrete steps.

use daotwin_core::Stream;
use daotwin_core::statistics::{normal_cdf, normal_quantile};
use daotwin_history::frame::Frame;
use daotwin_nn::{Batch, Matrix, softmax};

use super::learn::Noising;
use crate::encode::{Encoded, Mixed, MixedAllowed};
use crate::error::Result;
use crate::table::deep::{Net, Shape, by_rows};

/// Numbers that tell the step, in pairs of a sine and a cosine.
const WAVES: usize = 16;

/// Scores beyond this stand for one row in a million.
const FARTHEST: f32 = 5.0;

/// How much of a row is left after each step (Nichol and Dhariwal 2021, equation 17): 1 before the first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Schedule {
    left: Vec<f64>,
}

impl Schedule {
    pub(super) fn cosine(steps: usize) -> Self {
        let curve = |step: usize| {
            let share = (step as f64 / steps.max(1) as f64 + 0.008) / 1.008;
            (share * std::f64::consts::FRAC_PI_2).cos().powi(2)
        };
        let mut left = vec![1.0];
        for step in 0..steps {
            // No step takes all.
            let taken = (1.0 - curve(step + 1) / curve(step)).clamp(1e-8, 0.999);
            left.push(left[step] * (1.0 - taken));
        }
        Self { left }
    }

    pub(super) fn steps(&self) -> usize {
        self.left.len() - 1
    }
}

/// Columns with numbers: their place among the outputs, in the order of columns.
fn numbers(shape: &Shape) -> impl Iterator<Item = (usize, usize)> + '_ {
    shape.scalars.iter().enumerate().filter_map(|(column, output)| Some((column, (*output)?)))
}

/// Numbers that go into the network.
pub(super) fn dense(shape: &Shape) -> usize {
    shape.width - shape.codes() + 2 * WAVES
}

/// Writes which step it is behind the numbers of a row (Vaswani et al. 2017, section 3.5).
fn tell(step: usize, steps: usize, row: &mut [f32]) {
    let at = row.len() - 2 * WAVES;
    // As among a thousand steps, whatever their number.
    let step = step as f64 * 1_000.0 / steps.max(1) as f64;
    for (pair, wave) in row[at..].chunks_exact_mut(2).zip(0..) {
        let (sin, cos) = (step * 10_000_f64.powf(-f64::from(wave) / WAVES as f64)).sin_cos();
        (pair[0], pair[1]) = (sin as f32, cos as f32);
    }
}

/// A code after noise: itself with the chance `left`, else any of `size`.
fn blur(code: u32, size: usize, left: f64, stream: &mut Stream) -> u32 {
    if stream.chance(left) { code } else { stream.below(size as u64) as u32 }
}

/// Rows as the network meets them in training.
#[derive(Debug)]
pub(super) struct Noisy<'a> {
    pub shape: &'a Shape,
    pub encoded: &'a Encoded,
    pub schedule: &'a Schedule,
}

/// What is asked of each row.
#[derive(Debug)]
pub(super) struct Asked {
    rows: Vec<u32>,
    steps: Vec<usize>,
    /// The noisy codes, columns a row.
    codes: Vec<u32>,
    /// The noise of each number.
    noise: Vec<f32>,
}

impl Noising for Noisy<'_> {
    type Asked = Asked;

    fn noise(&self, rows: &[u32], stream: &mut Stream) -> (Batch, Asked) {
        let Self { shape, encoded, schedule } = *self;
        let columns = shape.columns();
        let mut dense = Matrix::zeros(rows.len(), dense(shape));
        let mut codes = Vec::with_capacity(rows.len() * columns);
        let mut asked =
            Asked { rows: rows.to_vec(), steps: Vec::new(), codes: Vec::new(), noise: Vec::new() };
        for (at, &row) in rows.iter().enumerate() {
            let step = 1 + stream.below(schedule.steps() as u64) as usize;
            let left = schedule.left[step];
            let own = encoded.codes_of(row as usize);
            for (column, &code) in own.iter().enumerate() {
                let noisy = blur(code, shape.sizes[column], left, stream);
                asked.codes.push(noisy);
                codes.push(shape.starts[column] as u32 + noisy);
            }
            let input = dense.row_mut(at);
            for (place, (column, _)) in numbers(shape).enumerate() {
                let value = f64::from(encoded.scalars_of(row as usize)[column]);
                let noise = stream.normal();
                input[place] = (left.sqrt() * value + (1.0 - left).sqrt() * noise) as f32;
                asked.noise.push(noise as f32);
            }
            tell(step, schedule.steps(), input);
            asked.steps.push(step);
        }
        (Batch { dense, codes, per_row: columns }, asked)
    }

    /// The mean squared error of the noise of numbers, and the mean over columns of as many times the divergence of
    /// one step's codes as there are steps (Kotelnikov et al. 2023, equations 2 and 4).
    fn gradient(&self, outputs: &mut Matrix, asked: &Asked, scale: f32) {
        let Self { shape, encoded, schedule } = *self;
        let (columns, count) = (shape.columns(), shape.width - shape.codes());
        let of_codes = f64::from(scale) * schedule.steps() as f64 / columns.max(1) as f64;
        let of_numbers = 2.0 * scale / count.max(1) as f32;
        by_rows(outputs, |row, outputs| {
            let own = encoded.codes_of(asked.rows[row] as usize);
            let noisy = &asked.codes[row * columns..(row + 1) * columns];
            let back = Back::new(schedule, asked.steps[row], asked.steps[row] - 1);
            for (column, (code, noisy)) in own.iter().zip(noisy).enumerate() {
                let logits = &mut outputs[shape.starts[column]..shape.starts[column + 1]];
                divergence(logits, *code as usize, *noisy as usize, &back, of_codes as f32);
            }
            for (place, output) in outputs[shape.codes()..].iter_mut().enumerate() {
                *output = of_numbers * (*output - asked.noise[row * count + place]);
            }
            0.0
        });
    }
}

/// A step back from a noisier to a less noisy row.
#[derive(Debug, Clone, Copy)]
struct Back {
    /// What is left at the noisier step, and at the other.
    from: f64,
    to: f64,
    /// What is left between them.
    between: f64,
}

impl Back {
    fn new(schedule: &Schedule, from: usize, to: usize) -> Self {
        let (from, to) = (schedule.left[from], schedule.left[to]);
        Self { from, to, between: from / to }
    }

    /// How likely the step forth leads from a code to the noisy one.
    fn forth(&self, code: usize, noisy: usize, size: usize) -> f32 {
        let any = (1.0 - self.between) / size as f64;
        (if code == noisy { self.between + any } else { any }) as f32
    }

    /// How likely a code is before the step, where the one without noise has this chance.
    fn before(&self, chance: f32, size: usize) -> f32 {
        self.to as f32 * chance + ((1.0 - self.to) / size as f64) as f32
    }
}

/// Turns logits of the code without noise into the gradient of `weight` times the divergence of the step's law of
/// codes under them from the true one (Hoogeboom et al. 2021, equations 13 to 15).
fn divergence(logits: &mut [f32], code: usize, noisy: usize, back: &Back, weight: f32) {
    let size = logits.len();
    softmax(logits);
    let (mut told, mut truth) = (0.0_f32, 0.0_f32);
    for (at, chance) in logits.iter().enumerate() {
        let forth = back.forth(at, noisy, size);
        told += forth * back.before(*chance, size);
        truth += forth * back.before(f32::from(u8::from(at == code)), size);
    }
    let slope = |at: usize, chance: f32| {
        let forth = back.forth(at, noisy, size);
        let before = back.before(chance, size);
        let law = forth * before / told.max(f32::MIN_POSITIVE);
        let wanted =
            forth * back.before(f32::from(u8::from(at == code)), size) / truth.max(f32::MIN_POSITIVE);
        // The share of the law that moves with the logit; all of it in the last step, where nothing is added.
        let share = if back.to < 1.0 { back.to as f32 * chance / before } else { 1.0 };
        share * (law - wanted)
    };
    let sum: f32 = logits.iter().enumerate().map(|(at, chance)| slope(at, *chance)).sum();
    for (at, logit) in logits.iter_mut().enumerate() {
        *logit = weight * (slope(at, *logit) - *logit * sum);
    }
}

/// What the model has learned and how it draws.
#[derive(Debug)]
pub(super) struct Sampler {
    pub mixed: Mixed,
    pub shape: Shape,
    pub network: Net,
    pub parameters: Vec<f32>,
    pub schedule: Schedule,
    /// Evaluations of the network, spread evenly over the steps.
    pub evaluations: usize,
}

impl Sampler {
    /// Draws rows: ancestral sampling, along all steps or some of them. Conditions bind what the network takes a
    /// row without noise to be, at every step.
    pub(super) fn draw(
        &self,
        rows: usize,
        allowed: &[Option<MixedAllowed>],
        stream: &mut Stream,
    ) -> Result<Frame> {
        let Self { shape, schedule, .. } = self;
        let (columns, count) = (shape.columns(), shape.width - shape.codes());
        let mut encoded = Encoded::new(columns, rows);
        let mut values: Vec<f32> = (0..rows * count).map(|_| stream.normal() as f32).collect();
        for codes in encoded.codes.chunks_exact_mut(columns.max(1)) {
            for (code, size) in codes.iter_mut().zip(&shape.sizes) {
                *code = stream.below(*size as u64) as u32;
            }
        }
        let evaluations = self.evaluations.clamp(1, schedule.steps());
        let time = |at: usize| schedule.steps() * at / evaluations;
        let mut weights = Vec::new();
        for at in (0..evaluations).rev() {
            let (from, to) = (time(at + 1), time(at));
            let mut law = self.outputs(&encoded, &values, from)?;
            let back = Back::new(schedule, from, to);
            let step = Gaussian::new(&back);
            for row in 0..rows {
                let law = law.row_mut(row);
                for column in 0..columns {
                    let chances = &mut law[shape.starts[column]..shape.starts[column + 1]];
                    let wanted = allowed.get(column).and_then(Option::as_ref);
                    softmax(chances);
                    bind(chances, wanted, &shape.unseen[column]);
                    let place = row * columns + column;
                    let noisy = encoded.codes[place] as usize;
                    let size = chances.len();
                    weights.clear();
                    weights.extend(chances.iter().enumerate().map(|(code, chance)| {
                        f64::from(back.forth(code, noisy, size)) * f64::from(back.before(*chance, size))
                    }));
                    encoded.codes[place] = stream.weighted(&weights) as u32;
                }
                for (place, (column, output)) in numbers(shape).enumerate() {
                    let value = &mut values[row * count + place];
                    let clean = step.clean(*value, law[output]);
                    let clean = match allowed.get(column).and_then(Option::as_ref) {
                        Some(wanted) => within(wanted, encoded.codes[row * columns + column], clean, stream),
                        None => clean,
                    };
                    *value = step.move_to(*value, clean, stream);
                }
            }
        }
        for row in 0..rows {
            for (place, (column, _)) in numbers(shape).enumerate() {
                encoded.scalars[row * columns + column] =
                    values[row * count + place].clamp(-FARTHEST, FARTHEST);
            }
        }
        self.mixed.decode(&encoded, allowed, stream)
    }

    fn outputs(&self, encoded: &Encoded, values: &[f32], step: usize) -> Result<Matrix> {
        let shape = &self.shape;
        let (columns, count) = (shape.columns(), shape.width - shape.codes());
        let rows = encoded.rows();
        let mut dense = Matrix::zeros(rows, dense(shape));
        for row in 0..rows {
            let input = dense.row_mut(row);
            input[..count].copy_from_slice(&values[row * count..(row + 1) * count]);
            tell(step, self.schedule.steps(), input);
        }
        let starts = shape.starts.iter().take(columns).cycle();
        let codes = encoded.codes.iter().zip(starts).map(|(code, start)| code + *start as u32).collect();
        Ok(self.network.predict(&self.parameters, &[], &Batch { dense, codes, per_row: columns })?)
    }
}

/// Leaves of the chances of codes those that are allowed.
fn bind(chances: &mut [f32], wanted: Option<&MixedAllowed>, unseen: &[usize]) {
    let Some(wanted) = wanted else {
        unseen.iter().for_each(|&code| chances[code] = 0.0);
        return;
    };
    let mut sum = 0.0;
    for (chance, share) in chances.iter_mut().zip(&wanted.shares) {
        // An allowed code is possible whatever the model thinks of it.
        *chance = if *share > 0.0 { (chance.max(1e-20)) * *share as f32 } else { 0.0 };
        sum += *chance;
    }
    if sum > 0.0 {
        chances.iter_mut().for_each(|chance| *chance /= sum);
    }
}

/// A number brought into the range of a condition: the nearer end would gather too many.
fn within(wanted: &MixedAllowed, code: u32, clean: f32, stream: &mut Stream) -> f32 {
    let (from, to) = wanted.scalars.get(code as usize).copied().unwrap_or_default();
    if (from..=to).contains(&clean) || from >= to {
        return clean.max(from).min(to.max(from));
    }
    let (low, high) = (normal_cdf(f64::from(from)), normal_cdf(f64::from(to)));
    let value = normal_quantile(low + (high - low) * stream.uniform()) as f32;
    if value.is_nan() { from } else { value.max(from).min(to) }
}

/// A step back of numbers (Ho et al. 2020, equations 6, 7 and 15).
#[derive(Debug)]
struct Gaussian {
    from: f64,
    of_clean: f64,
    of_noisy: f64,
    deviation: f64,
}

impl Gaussian {
    fn new(back: &Back) -> Self {
        let Back { from, to, between } = *back;
        let all = (1.0 - from).max(1e-12);
        Self {
            from,
            of_clean: to.sqrt() * (1.0 - between) / all,
            of_noisy: between.sqrt() * (1.0 - to) / all,
            deviation: ((1.0 - to) * (1.0 - between) / all).max(0.0).sqrt(),
        }
    }

    /// The number without noise, from the noise that the network sees.
    fn clean(&self, noisy: f32, noise: f32) -> f32 {
        let clean = (f64::from(noisy) - (1.0 - self.from).sqrt() * f64::from(noise)) / self.from.sqrt();
        if clean.is_nan() { 0.0 } else { (clean as f32).clamp(-FARTHEST, FARTHEST) }
    }

    fn move_to(&self, noisy: f32, clean: f32, stream: &mut Stream) -> f32 {
        let mean = self.of_clean * f64::from(clean) + self.of_noisy * f64::from(noisy);
        (mean + self.deviation * stream.normal()) as f32
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    /// Against differences of the divergence written out from its definition.
    #[test]
    fn the_gradient_of_the_divergence_is_that_of_differences() {
        let schedule = Schedule::cosine(20);
        let loss = |logits: &[f32], code: usize, noisy: usize, from: usize| -> f64 {
            let size = logits.len();
            let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
            let left = |at: usize| schedule.left[at];
            let law = |chance: &dyn Fn(usize) -> f64| -> Vec<f64> {
                let between = left(from) / left(from - 1);
                let weights: Vec<f64> = (0..size)
                    .map(|at| {
                        let forth = (1.0 - between) / size as f64 + if at == noisy { between } else { 0.0 };
                        forth * (left(from - 1) * chance(at) + (1.0 - left(from - 1)) / size as f64)
                    })
                    .collect();
                let all: f64 = weights.iter().sum();
                weights.into_iter().map(|weight| weight / all).collect()
            };
            let truth = law(&|at| f64::from(u8::from(at == code)));
            let told = law(&|at| f64::from(logits[at]).exp() / sum);
            truth.iter().zip(&told).filter(|(p, _)| **p > 0.0).map(|(p, q)| p * (p / q).ln()).sum()
        };
        let logits = [0.3_f32, -1.1, 0.8, 0.0];
        for from in [1, 2, 10, 20] {
            for (code, noisy) in [(2, 2), (1, 3)] {
                let mut gradient = logits;
                let back = Back::new(&schedule, from, from - 1);
                divergence(&mut gradient, code, noisy, &back, 1.0);
                for at in 0..4 {
                    let moved = |by: f32| {
                        let mut logits = logits;
                        logits[at] += by;
                        loss(&logits, code, noisy, from)
                    };
                    let difference = (moved(1e-3) - moved(-1e-3)) / 2e-3;
                    assert!(
                        (difference - f64::from(gradient[at])).abs() < 1e-3,
                        "step {from}, {code} and {noisy}, {at}: {difference} {}",
                        gradient[at]
                    );
                }
            }
        }
    }

    /// Steps back from a known row keep the law of steps forth: after all of them the row is there again, and
    /// half-way a code is itself as often as the schedule says.
    #[test]
    fn steps_back_undo_steps_forth() {
        let schedule = Schedule::cosine(10);
        let mut stream = Seed(1).stream("back");
        let (rows, size, middle) = (20_000, 4, 5);
        let (mut same, mut sum) = (0, 0.0);
        for _ in 0..rows {
            let (mut code, mut value) = (stream.below(size as u64) as usize, stream.normal() as f32);
            for from in (1..=10).rev() {
                let back = Back::new(&schedule, from, from - 1);
                let weights: Vec<f64> = (0..size)
                    .map(|at| {
                        let chance = f32::from(u8::from(at == 1));
                        f64::from(back.forth(at, code, size)) * f64::from(back.before(chance, size))
                    })
                    .collect();
                code = stream.weighted(&weights);
                value = Gaussian::new(&back).move_to(value, 2.0, &mut stream);
                if from - 1 == middle {
                    same += usize::from(code == 1);
                    sum += f64::from(value);
                }
            }
            assert_eq!(code, 1);
            assert!((value - 2.0).abs() < 1e-5, "{value}");
        }
        let left = schedule.left[middle];
        let expected = left + (1.0 - left) / size as f64;
        // Five deviations of a share and of a mean: false alarms below 1e-6. The last step before the first leaves
        // a thousandth of the row, which moves both by less than that.
        let rows = f64::from(rows);
        assert!((same as f64 / rows - expected).abs() < 5.0 * (0.25 / rows).sqrt() + 2e-3);
        assert!((sum / rows - left.sqrt() * 2.0).abs() < 5.0 * (1.0 / rows).sqrt() + 2e-2);
    }
}
