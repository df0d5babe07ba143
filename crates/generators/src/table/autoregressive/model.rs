//! The fitted network: sampling with and without conditions, densities, missing values.

use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame, Values};
use daotwin_history::synthesizer::Failure;
use daotwin_nn::{Batch, Matrix, Network, softmax};

use super::parts::{Digit, Parts};
use crate::error::Result;
use crate::table::files::Guarantee;
use crate::table::trees::codec::{Allowed, Codec, put};

/// Draws of the columns with conditions that a row chooses from, where several are ranges.
const CANDIDATES: usize = 8;

/// Rows that frequencies are compared on.
const CALIBRATED: usize = 8_192;

/// Rounds of proportional fitting of one part.
const ROUNDS: usize = 8;

/// Rows that go through the network at once.
const ROWS: usize = 1_024;

/// A network that has learned a table.
#[derive(Debug)]
pub(super) struct Fitted {
    pub codec: Codec,
    pub parts: Parts,
    pub network: Arc<Network>,
    pub parameters: Vec<f32>,
    pub width: usize,
    pub depth: usize,
    pub rows: u64,
    pub seed: u64,
    pub guarantee: Option<Guarantee>,
}

/// Rows on their way: the code of every part, or that it is masked.
struct Draft {
    codes: Vec<Option<u32>>,
    width: usize,
}

impl Draft {
    fn new(width: usize, rows: usize) -> Self {
        Self { codes: vec![None; width * rows], width }
    }

    fn rows(&self) -> usize {
        self.codes.len() / self.width
    }

    fn row(&self, row: usize) -> &[Option<u32>] {
        &self.codes[row * self.width..(row + 1) * self.width]
    }
}

impl Fitted {
    /// Moves the biases of the last layer, part after part, until rows drawn from the model have the codes of each
    /// part as often as they should: learning gets relations right before frequencies, and gradients that were
    /// scaled down make what is frequent more so. `frequencies` of each part are positive.
    pub(super) fn calibrate(&mut self, frequencies: &[Vec<f64>], stream: &mut Stream) -> Result<()> {
        let biases = self.parameters.len() - self.parts.outputs();
        let rows: Vec<u32> = (0..CALIBRATED as u32).collect();
        let mut draft = Draft::new(self.parts.list.len(), CALIBRATED);
        for (place, wanted) in frequencies.iter().enumerate() {
            let part = self.parts.list[place];
            // Low digits differ from one high digit to another: they have no frequencies of their own.
            if part.digit != Digit::Low {
                let law = self.law(&draft, &rows, place)?;
                let mut factors = vec![1.0_f64; part.size];
                for _ in 0..ROUNDS {
                    let mut sums = vec![0.0_f64; part.size];
                    for law in law.each_row() {
                        let all =
                            || law.iter().zip(&factors).map(|(chance, factor)| f64::from(*chance) * factor);
                        let total: f64 = all().sum();
                        sums.iter_mut().zip(all()).for_each(|(sum, chance)| *sum += chance / total);
                    }
                    for ((factor, sum), wanted) in factors.iter_mut().zip(sums).zip(wanted) {
                        let ratio = wanted * CALIBRATED as f64 / sum.max(1e-9);
                        *factor = (*factor * ratio).clamp(1e-4, 1e4);
                    }
                }
                let own = &mut self.parameters[biases + part.output..][..part.size];
                own.iter_mut().zip(&factors).for_each(|(bias, factor)| *bias += factor.ln() as f32);
            }
            self.draw(&mut draft, &rows, place, &|_| 1.0, stream)?;
        }
        Ok(())
    }

    /// The law of a part in the given rows: probabilities, a row each.
    fn law(&self, draft: &Draft, rows: &[u32], place: usize) -> Result<Matrix> {
        let part = &self.parts.list[place];
        let mut codes = Vec::with_capacity(rows.len() * draft.width);
        for &row in rows {
            codes.extend(
                draft
                    .row(row as usize)
                    .iter()
                    .zip(&self.parts.list)
                    .map(|(code, part)| part.input as u32 + code.unwrap_or(part.size as u32)),
            );
        }
        let batch = Batch { dense: Matrix::zeros(rows.len(), 0), codes, per_row: draft.width };
        let range = (part.output, part.output + part.size);
        let mut law = self.network.predict_part(&self.parameters, &[], &batch, range)?;
        for (law, &row) in law.data.chunks_exact_mut(part.size).zip(rows) {
            if part.digit == Digit::Low {
                // The last high digit has fewer low ones.
                let high = draft.row(row as usize)[place - 1].unwrap_or(0);
                law[self.parts.lows(part.column, high)..].fill(f32::NEG_INFINITY);
            }
            softmax(law);
        }
        Ok(law)
    }

    /// Draws a part of the given rows, among the codes that a weight leaves; returns the chance of those.
    fn draw(
        &self,
        draft: &mut Draft,
        rows: &[u32],
        place: usize,
        weight: &dyn Fn(u32) -> f64,
        stream: &mut Stream,
    ) -> Result<Vec<f64>> {
        let weights: Vec<f64> = (0..self.parts.list[place].size as u32).map(weight).collect();
        let mut chances = Vec::with_capacity(rows.len());
        for rows in rows.chunks(ROWS) {
            let law = self.law(draft, rows, place)?;
            for (law, &row) in law.each_row().zip(rows) {
                let all = law.iter().zip(&weights).map(|(chance, weight)| f64::from(*chance) * weight);
                let sum: f64 = all.clone().sum();
                let code = if sum > 0.0 {
                    let mut left = stream.uniform() * sum;
                    let mut found = 0;
                    for (code, chance) in all.enumerate() {
                        if chance > 0.0 {
                            found = code;
                            if left < chance {
                                break;
                            }
                            left -= chance;
                        }
                    }
                    found
                } else {
                    // The network gives no chance to what is asked for: any of it is as good.
                    stream.weighted(&weights)
                };
                draft.codes[row as usize * draft.width + place] = Some(code as u32);
                chances.push(sum);
            }
        }
        Ok(chances)
    }

    /// Rows whose parts with conditions are drawn, each among the allowed codes.
    fn conditioned(&self, rows: usize, allowed: &[Option<Allowed>], stream: &mut Stream) -> Result<Draft> {
        let width = self.parts.list.len();
        let fixed = |allowed: &Allowed| allowed.first == allowed.last;
        let ranges = allowed.iter().flatten().filter(|allowed| !fixed(allowed)).count();
        // With one range the draw is exact; several are drawn one after the other, and a row chooses among
        // candidates by the chance of what came later.
        let several = ranges > 0 && allowed.iter().flatten().count() > 1;
        let candidates = if several { CANDIDATES } else { 1 };
        let mut draft = Draft::new(width, rows * candidates);
        // What is fixed comes first: every later draw follows it.
        for (place, part) in self.parts.list.iter().enumerate() {
            let Some(one) = allowed[part.column].as_ref().filter(|one| fixed(one)) else { continue };
            let digit = self.parts.digit(part, one.first);
            draft.codes.iter_mut().skip(place).step_by(width).for_each(|code| *code = Some(digit));
        }
        let each: Vec<u32> = (0..(rows * candidates) as u32).collect();
        let mut weights = vec![1.0; rows * candidates];
        for (place, part) in self.parts.list.iter().enumerate() {
            let Some(one) = allowed[part.column].as_ref().filter(|one| !fixed(one)) else { continue };
            // A range is one of numbers, and a number's codes are one part.
            let chances = self.draw(&mut draft, &each, place, &|code| one.share(code), stream)?;
            weights.iter_mut().zip(chances).for_each(|(weight, chance)| *weight *= chance);
        }
        if !several {
            return Ok(draft);
        }
        let mut chosen = Draft::new(width, 0);
        for (row, weights) in weights.chunks_exact(candidates).enumerate() {
            let sum: f64 = weights.iter().sum();
            let own = if sum > 0.0 { stream.weighted(weights) } else { 0 };
            chosen.codes.extend_from_slice(draft.row(row * candidates + own));
        }
        Ok(chosen)
    }

    /// Draws every masked part, in the order of the parts.
    fn complete(&self, draft: &mut Draft, forbidden: &[Option<u32>], stream: &mut Stream) -> Result<()> {
        for place in 0..self.parts.list.len() {
            let masked = |row: &u32| draft.row(*row as usize)[place].is_none();
            let rows: Vec<u32> = (0..draft.rows() as u32).filter(masked).collect();
            let part = &self.parts.list[place];
            let forbidden = forbidden[part.column].filter(|_| part.digit == Digit::Whole);
            let weight = |code: u32| if Some(code) == forbidden { 0.0 } else { 1.0 };
            self.draw(draft, &rows, place, &weight, stream)?;
        }
        Ok(())
    }

    /// The codes of a column, of rows whose parts are all drawn.
    fn column(&self, draft: &Draft, column: usize) -> Vec<u32> {
        let place = self.parts.list.iter().position(|part| part.column == column).unwrap_or(0);
        let part = &self.parts.list[place];
        let code = |row: usize| {
            let own = draft.row(row);
            let first = own[place].unwrap_or(0);
            match part.digit {
                Digit::Whole => first,
                _ => self.parts.join(column, first, own[place + 1].unwrap_or(0)),
            }
        };
        (0..draft.rows()).map(code).collect()
    }

    fn sample(&self, rows: usize, conditions: &Conditions, stream: &mut Stream) -> Result<Frame> {
        let allowed = self.codec.allowed(conditions)?;
        let mut draft = self.conditioned(rows, &allowed, stream)?;
        self.complete(&mut draft, &vec![None; allowed.len()], stream)?;
        let values = allowed.iter().enumerate().map(|(column, allowed)| {
            let codes = self.column(&draft, column);
            self.codec.decode(column, &codes, allowed.as_ref(), stream)
        });
        let values = values.collect();
        Ok(Frame::new(Arc::clone(self.codec.columns()), values)?)
    }

    fn density(&self, frame: &Frame) -> Option<Vec<f64>> {
        let (codes, seen) = self.codec.encode(frame)?;
        let data = self.parts.split(&codes);
        let width = self.parts.list.len();
        let mut draft = Draft::new(width, frame.rows());
        let mut sums = vec![0.0; frame.rows()];
        let rows: Vec<u32> = (0..frame.rows() as u32).collect();
        for (place, part) in self.parts.list.iter().enumerate() {
            let values = match frame.values(frame.index(&self.columns()[part.column].name)?) {
                Values::Number(values) => Some(values),
                Values::Code(_) => None,
            };
            for rows in rows.chunks(ROWS) {
                let law = self.law(&draft, rows, place).ok()?;
                for (law, &row) in law.each_row().zip(rows) {
                    let row = row as usize;
                    sums[row] += f64::from(law[data[row * width + place] as usize]).ln();
                    if let Some(values) = values {
                        sums[row] +=
                            self.codec.log_density(part.column, codes[part.column][row], values[row]);
                    }
                }
            }
            for row in 0..frame.rows() {
                draft.codes[row * width + place] = Some(data[row * width + place]);
            }
        }
        sums.iter_mut().zip(seen).filter(|(_, seen)| !seen).for_each(|(sum, _)| *sum = f64::NEG_INFINITY);
        Some(sums)
    }

    fn fill(&self, frame: &Frame, stream: &mut Stream) -> Option<Frame> {
        if frame.columns() != self.columns() {
            return None;
        }
        let (codes, _) = self.codec.encode(frame)?;
        let width = self.parts.list.len();
        let data = self.parts.split(&codes);
        let mut draft = Draft::new(width, frame.rows());
        for (at, code) in draft.codes.iter_mut().enumerate() {
            let part = &self.parts.list[at % width];
            // A column that has no value at all has none to fill in.
            let empty = self.codec.discrete.parts[part.column].size() == 1;
            if empty || !frame.values(part.column).is_missing(at / width) {
                *code = Some(data[at]);
            }
        }
        let missing: Vec<Option<u32>> =
            self.codec.discrete.parts.iter().map(crate::encode::DiscreteColumn::missing).collect();
        self.complete(&mut draft, &missing, stream).ok()?;
        let mut all = Vec::with_capacity(codes.len());
        for (column, missing) in missing.iter().enumerate() {
            let mut values = frame.values(column).clone();
            let mut drawn = self.column(&draft, column);
            // Of two digits the missing code is not kept out: it is drawn anew as the most frequent one.
            drawn.iter_mut().filter(|code| Some(**code) == *missing).for_each(|code| *code = 0);
            let drawn = self.codec.decode(column, &drawn, None, stream);
            let gaps = (0..frame.rows()).filter(|&row| frame.values(column).is_missing(row));
            gaps.for_each(|row| put(&mut values, row, &drawn, row));
            all.push(values);
        }
        Frame::new(Arc::clone(self.columns()), all).ok()
    }
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.codec.columns()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        Ok(self.sample(rows, conditions, stream)?)
    }

    fn log_density(&self, frame: &Frame) -> Option<Vec<f64>> {
        self.density(frame)
    }

    fn impute(&self, frame: &Frame, stream: &mut Stream) -> Option<Frame> {
        self.fill(frame, stream)
    }

    fn save(&self, folder: &std::path::Path) -> std::result::Result<(), Failure> {
        Ok(super::store::write(self, folder)?)
    }
}
