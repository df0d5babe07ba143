//! The fitted model of `diffusion`: how rows are drawn.
//!
//! Codes come first, a column after the other in an order drawn for each block (a private model keeps to the one in
//! which it was calibrated), each from the network's law of it given all known before; then the numbers of all columns together, along the probability flow that takes noise
//! to numbers given the codes.

use daotwin_core::Stream;
use daotwin_core::statistics::{normal_cdf, normal_quantile};
use daotwin_history::frame::Frame;
use daotwin_nn::{Batch, Matrix, NO_CODE};

use super::layout::{Held, Layout, SIGMA};
use crate::encode::{Encoded, Mixed, MixedAllowed};
use crate::error::Result;
use crate::table::deep::{self, Net};

/// How steps crowd where there is little noise (as in equation 5 of Karras et al. 2022, over angles).
const RHO: f64 = 3.0;

/// Scores beyond this stand for one row in a million.
const FARTHEST: f32 = 5.0;

/// A range of scores so narrow that which of them it is tells nothing more.
const NARROW: f32 = 0.05;

/// Candidates a row among which conditions choose.
const CANDIDATES: usize = 4;

/// Rows drawn where biases are moved to known frequencies, and rounds of fitting.
const CALIBRATED: usize = 4_096;
const ROUNDS: usize = 5;

/// What the model has learned and how it draws.
#[derive(Debug)]
pub(super) struct Sampler {
    pub mixed: Mixed,
    pub layout: Layout,
    pub network: Net,
    pub parameters: Vec<f32>,
    /// Evaluations for codes at most.
    pub code_steps: usize,
    /// Steps of the flow of numbers; each but the last takes two evaluations.
    pub number_steps: usize,
}

/// Rows on their way: what is known of each.
#[derive(Debug, Clone)]
struct Rows {
    count: usize,
    /// Codes, [`NO_CODE`] where masked; columns a row.
    codes: Vec<u32>,
    /// Numbers, NaN where not known.
    values: Vec<f32>,
}

impl Rows {
    fn new(count: usize, layout: &Layout) -> Self {
        let mut codes = vec![NO_CODE; count * layout.shape.columns()];
        for row in codes.chunks_exact_mut(layout.shape.columns().max(1)) {
            for (code, size) in row.iter_mut().zip(&layout.shape.sizes) {
                if *size == 1 {
                    *code = 0;
                }
            }
        }
        Self { count, codes, values: vec![f32::NAN; count * layout.numbers.len()] }
    }

    fn take(&self, rows: &[usize], layout: &Layout) -> Self {
        let (columns, numbers) = (layout.shape.columns(), layout.numbers.len());
        let of = |row: &usize| self.codes[row * columns..(row + 1) * columns].iter().copied();
        let known = |row: &usize| self.values[row * numbers..(row + 1) * numbers].iter().copied();
        Self {
            count: rows.len(),
            codes: rows.iter().flat_map(of).collect(),
            values: rows.iter().flat_map(known).collect(),
        }
    }
}

/// What a condition leaves of one column, with the codes that are possible.
struct Wanted<'a> {
    column: usize,
    allowed: &'a MixedAllowed,
    /// The one possible code, where its number (if it has any) is told too.
    one: Option<u32>,
}

impl Sampler {
    /// Draws rows that meet the conditions.
    pub(super) fn draw(
        &self,
        rows: usize,
        allowed: &[Option<MixedAllowed>],
        stream: &mut Stream,
    ) -> Result<Frame> {
        let mut known = self.meet(rows, allowed, stream)?;
        self.codes(&mut known, stream)?;
        self.numbers(&mut known, stream)?;
        let columns = self.layout.shape.columns();
        let mut encoded = Encoded::new(columns, rows);
        encoded.codes.copy_from_slice(&known.codes);
        for (place, number) in self.layout.numbers.iter().enumerate() {
            for row in 0..rows {
                let value = known.values[row * self.layout.numbers.len() + place];
                encoded.scalars[row * columns + number.column] = if value.is_nan() { 0.0 } else { value };
            }
        }
        self.mixed.decode(&encoded, allowed, stream)
    }

    fn batch(&self, rows: &Rows, noisy: Option<(&[f32], f64)>) -> Batch {
        let layout = &self.layout;
        let (columns, numbers) = (layout.shape.columns(), layout.numbers.len());
        let mut codes = Vec::with_capacity(rows.codes.len());
        for own in rows.codes.chunks_exact(columns.max(1)) {
            let place = |(column, code): (usize, &u32)| match *code {
                NO_CODE => NO_CODE,
                code => layout.code(column, code),
            };
            codes.extend(own.iter().enumerate().map(place));
        }
        let mut dense = Matrix::zeros(rows.count, layout.dense());
        for row in 0..rows.count {
            let input = dense.row_mut(row);
            layout.noise(input, noisy.map(|(_, sigma)| sigma));
            for place in 0..numbers {
                let at = row * numbers + place;
                let held = match noisy {
                    _ if !rows.values[at].is_nan() => Held::Known(rows.values[at]),
                    Some((noisy, _)) if !noisy[at].is_nan() => Held::Noisy(noisy[at]),
                    _ => Held::Absent,
                };
                Layout::hold(input, place, held);
            }
        }
        Batch { dense, codes, per_row: columns }
    }

    /// The logits of a range of codes.
    fn logits(&self, rows: &Rows, part: (usize, usize)) -> Result<Matrix> {
        Ok(self.network.predict_part(&self.parameters, &[], &self.batch(rows, None), part)?)
    }

    /// Draws all codes that are masked.
    fn codes(&self, rows: &mut Rows, stream: &mut Stream) -> Result<()> {
        let shape = &self.layout.shape;
        let columns = shape.columns();
        let known = |rows: &Rows, column: usize| rows.codes.get(column) != Some(&NO_CODE);
        let mut order: Vec<usize> =
            self.layout.live.iter().copied().filter(|&column| !known(rows, column)).collect();
        if rows.count == 0 {
            return Ok(());
        }
        // A private model keeps to the order in which it was calibrated; others gain from many.
        if !self.mixed.is_declared() {
            stream.shuffle(&mut order);
        }
        // Beyond so many evaluations, several columns are drawn at once as if they did not depend on each other.
        let groups = order.len().min(self.code_steps);
        for group in 0..groups {
            let part = &order[order.len() * group / groups..order.len() * (group + 1) / groups];
            let from = part.iter().map(|&column| shape.starts[column]).min().unwrap_or(0);
            let to = part.iter().map(|&column| shape.starts[column + 1]).max().unwrap_or(0);
            let law = self.logits(rows, (from, to))?;
            for (row, law) in law.each_row().enumerate() {
                for &column in part {
                    let own = &law[shape.starts[column] - from..shape.starts[column + 1] - from];
                    rows.codes[row * columns + column] =
                        deep::code(own, None, &shape.unseen[column], stream) as u32;
                }
            }
        }
        Ok(())
    }

    /// Moves the biases of the last layer, column after column, until rows drawn have the codes of each as often as they
    /// should: learning gets relations right before frequencies, and gradients that were scaled down make what is
    /// frequent more so. `frequencies` of each column are positive.
    pub(super) fn calibrate(&mut self, frequencies: &[Vec<f64>], stream: &mut Stream) -> Result<()> {
        let biases = self.parameters.len() - self.layout.shape.width;
        let columns = self.layout.shape.columns();
        let mut rows = Rows::new(CALIBRATED, &self.layout);
        for column in self.layout.live.clone() {
            let part = (self.layout.shape.starts[column], self.layout.shape.starts[column + 1]);
            let mut law = self.logits(&rows, part)?;
            let moved = deep::fitted(&frequencies[column], ROUNDS, || law.each_row());
            let own = &mut self.parameters[biases + part.0..biases + part.1];
            own.iter_mut().zip(&moved).for_each(|(bias, by)| *bias += by);
            for row in 0..rows.count {
                let logits = law.row_mut(row);
                logits.iter_mut().zip(&moved).for_each(|(logit, by)| *logit += by);
                let unseen = &self.layout.shape.unseen[column];
                rows.codes[row * columns + column] = deep::code(logits, None, unseen, stream) as u32;
            }
        }
        Ok(())
    }

    /// Draws all numbers that codes ask for: Heun's method along the probability flow (Karras et al. 2022, algorithm 1)
    /// in other coordinates. With `angle` the one whose tangent is the noise's deviation, and numbers scaled to
    /// unit variance, the flow is `d number / d angle = -output`: numbers that are standard normal stay where they
    /// are, exactly, however few steps there are.
    fn numbers(&self, rows: &mut Rows, stream: &mut Stream) -> Result<()> {
        let (columns, numbers) = (self.layout.shape.columns(), self.layout.numbers.len());
        let mut noisy = vec![f32::NAN; rows.values.len()];
        let mut any = false;
        for row in 0..rows.count {
            for (place, number) in self.layout.numbers.iter().enumerate() {
                let at = row * numbers + place;
                if rows.values[at].is_nan() && number.has(rows.codes[row * columns + number.column]) {
                    noisy[at] = stream.normal() as f32;
                    any = true;
                }
            }
        }
        if !any {
            return Ok(());
        }
        let steps = self.number_steps;
        for step in 0..steps {
            let now = angle(step, steps);
            let first = self.outputs(rows, &noisy, now)?;
            if step + 1 == steps {
                // What the network expects behind the last of the noise.
                let (cos, sin) = (now.cos() as f32, now.sin() as f32);
                noisy.iter_mut().zip(&first).for_each(|(noisy, output)| *noisy = cos * *noisy + sin * output);
                break;
            }
            let next = angle(step + 1, steps);
            let back = (now - next) as f32;
            let there: Vec<f32> =
                noisy.iter().zip(&first).map(|(noisy, output)| noisy + back * output).collect();
            let second = self.outputs(rows, &there, next)?;
            for (noisy, (first, second)) in noisy.iter_mut().zip(first.iter().zip(&second)) {
                *noisy += 0.5 * back * (first + second);
            }
        }
        for (value, drawn) in rows.values.iter_mut().zip(&noisy) {
            if !drawn.is_nan() {
                *value = drawn.clamp(-FARTHEST, FARTHEST);
            }
        }
        Ok(())
    }

    /// What the network says of every number.
    fn outputs(&self, rows: &Rows, noisy: &[f32], angle: f64) -> Result<Vec<f32>> {
        let shape = &self.layout.shape;
        let part = (shape.codes(), shape.width);
        let batch = self.batch(rows, Some((noisy, angle.tan())));
        // Outputs of numbers stand in the order of their columns, as numbers do.
        Ok(self.network.predict_part(&self.parameters, &[], &batch, part)?.data)
    }

    /// Rows of which the columns with conditions are known, everything else masked.
    ///
    /// What is told for certain is simply known: the network was trained to draw the rest given it. Of ranges and of
    /// several possible codes, candidates are drawn in excess, each column from its law given those before (a
    /// number from its marginal law within its range), weighted with the chance of the other conditions under them,
    /// and rows take one of them by these weights.
    fn meet(&self, rows: usize, allowed: &[Option<MixedAllowed>], stream: &mut Stream) -> Result<Rows> {
        let layout = &self.layout;
        let mut open = Vec::new();
        let mut told = Vec::new();
        for (column, allowed) in allowed.iter().enumerate() {
            let Some(allowed) = allowed else { continue };
            let mut possible = (0_u32..).zip(&allowed.shares).filter(|(_, share)| **share > 0.0);
            let one = possible.next().map(|(code, _)| code).filter(|_| possible.next().is_none());
            let certain = |code: &u32| {
                let (from, to) = allowed.scalars[*code as usize];
                let number = layout.numbers.iter().find(|number| number.column == column);
                number.is_none_or(|number| !number.has(*code)) || to - from <= NARROW
            };
            let wanted = Wanted { column, allowed, one: one.filter(certain) };
            if wanted.one.is_some() { &mut told } else { &mut open }.push(wanted);
        }
        if open.is_empty() || rows == 0 {
            let mut known = Rows::new(rows, layout);
            told.iter().for_each(|wanted| self.set(&mut known, wanted, None, stream));
            return Ok(known);
        }
        let choose = open.len() + told.len() > 1;
        let mut pool = Rows::new(if choose { CANDIDATES * rows } else { rows }, layout);
        let mut weights = vec![0.0; pool.count];
        for (place, wanted) in open.iter().chain(&told).enumerate() {
            let part = (layout.shape.starts[wanted.column], layout.shape.starts[wanted.column + 1]);
            let mut law = self.logits(&pool, part)?;
            for (row, weight) in weights.iter_mut().enumerate() {
                let law = law.row_mut(row);
                daotwin_nn::softmax(law);
                let chance = law.iter().zip(&wanted.allowed.shares).map(|(p, share)| f64::from(*p) * share);
                // The first column is drawn from the same law in every row.
                if place > 0 {
                    *weight += chance.sum::<f64>().max(1e-300).ln();
                }
            }
            self.set(&mut pool, wanted, Some(&law), stream);
        }
        Ok(if choose { pool.take(&deep::resample(&weights, rows, stream), layout) } else { pool })
    }

    /// Draws the code of a column with a condition, and its number, among what is allowed.
    fn set(&self, rows: &mut Rows, wanted: &Wanted<'_>, law: Option<&Matrix>, stream: &mut Stream) {
        let (columns, numbers) = (self.layout.shape.columns(), self.layout.numbers.len());
        let found = self.layout.numbers.iter().position(|number| number.column == wanted.column);
        let shares = &wanted.allowed.shares;
        for row in 0..rows.count {
            let code = match (wanted.one, law) {
                (Some(code), _) => code,
                (None, Some(law)) => {
                    // The floor: an allowed code is possible whatever the model thinks of it.
                    let chances = law.row(row).iter().zip(shares);
                    let weights: Vec<f64> =
                        chances.map(|(chance, share)| f64::from(*chance).max(1e-30) * share).collect();
                    stream.weighted(&weights) as u32
                }
                (None, None) => 0,
            };
            rows.codes[row * columns + wanted.column] = code;
            if let Some(place) = found.filter(|&place| self.layout.numbers[place].has(code)) {
                let (from, to) = wanted.allowed.scalars[code as usize];
                rows.values[row * numbers + place] = between(from, to, stream);
            }
        }
    }
}

/// The angle of a step of so many: from that of the greatest noise to that of the least.
fn angle(step: usize, steps: usize) -> f64 {
    let (most, least) = (SIGMA.1.atan().powf(1.0 / RHO), SIGMA.0.atan().powf(1.0 / RHO));
    (most + step as f64 / (steps - 1).max(1) as f64 * (least - most)).powf(RHO)
}

/// A standard normal number within a range.
fn between(from: f32, to: f32, stream: &mut Stream) -> f32 {
    let (low, high) = (normal_cdf(f64::from(from)), normal_cdf(f64::from(to)));
    let rank = low + (high - low) * stream.uniform();
    let value = if rank > 0.0 && rank < 1.0 { normal_quantile(rank) as f32 } else { from };
    if value.is_nan() { from } else { value.max(from).min(to.max(from)) }
}
