//! The fitted mixture: sampling, conditions, densities and missing values, all from the components' weights.

use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame, Values};
use daotwin_history::synthesizer::Failure;
use rayon::prelude::*;

use crate::error::Error;
use crate::table::trees::codec::{Allowed, Codec, put};

/// Weights of components, and within each one table of probabilities a column.
#[derive(Debug)]
pub(super) struct Fitted {
    pub(super) codec: Codec,
    /// They add up to 1.
    pub(super) weights: Vec<f64>,
    /// One list a column: the probabilities of each component, one component behind the other.
    pub(super) laws: Vec<Vec<f64>>,
    /// The same, summed up within each component.
    sums: Vec<Vec<f64>>,
    pub(super) rows: u64,
    pub(super) seed: u64,
}

/// Probabilities of codes `first` on, of every component, summed up within it.
struct Narrowed {
    first: usize,
    size: usize,
    sums: Vec<f64>,
}

fn summed(laws: &[f64], size: usize) -> Vec<f64> {
    let mut sums = laws.to_vec();
    for own in sums.chunks_exact_mut(size) {
        let mut sum = 0.0;
        own.iter_mut().for_each(|value| {
            sum += *value;
            *value = sum;
        });
    }
    sums
}

/// An index drawn from sums of probabilities.
fn draw(sums: &[f64], stream: &mut Stream) -> usize {
    let last = sums.len() - 1;
    let place = stream.uniform() * sums[last];
    sums[..last].partition_point(|sum| *sum <= place)
}

impl Fitted {
    /// Puts a model together. `laws` run over components within each code, as they are learned.
    pub(super) fn new(codec: Codec, weights: Vec<f64>, laws: Vec<Vec<f64>>, rows: u64, seed: u64) -> Self {
        let k = weights.len();
        let turned = laws
            .into_par_iter()
            .map(|law| {
                let size = law.len() / k;
                let mut turned = vec![0.0; law.len()];
                for (code, own) in law.chunks_exact(k).enumerate() {
                    own.iter()
                        .enumerate()
                        .for_each(|(component, value)| turned[component * size + code] = *value);
                }
                turned
            })
            .collect();
        Self::of(codec, weights, turned, rows, seed)
    }

    /// Puts a model together whose tables run over codes within each component.
    pub(super) fn of(codec: Codec, weights: Vec<f64>, laws: Vec<Vec<f64>>, rows: u64, seed: u64) -> Self {
        let sums = laws.iter().zip(codec.discrete.sizes()).map(|(law, size)| summed(law, size)).collect();
        Self { codec, weights, laws, sums, rows, seed }
    }

    fn law(&self, column: usize, component: usize) -> &[f64] {
        let size = self.laws[column].len() / self.weights.len();
        &self.laws[column][component * size..(component + 1) * size]
    }

    /// What is left of a column under a condition.
    fn narrowed(&self, column: usize, allowed: &Allowed) -> Narrowed {
        let (first, last) = (allowed.first as usize, allowed.last as usize);
        let size = last - first + 1;
        let shares: Vec<f64> = (allowed.first..=allowed.last).map(|code| allowed.share(code)).collect();
        let mut left = Vec::with_capacity(size * self.weights.len());
        for component in 0..self.weights.len() {
            let own = &self.law(column, component)[first..=last];
            left.extend(own.iter().zip(&shares).map(|(value, share)| value * share));
        }
        Narrowed { first, size, sums: summed(&left, size) }
    }

    /// The weights of the components given conditions; none where no component meets them.
    fn posterior(&self, conditions: &[Option<Narrowed>]) -> Option<Vec<f64>> {
        let mut logs: Vec<f64> = self.weights.iter().map(|weight| weight.ln()).collect();
        for narrowed in conditions.iter().flatten() {
            for (log, sums) in logs.iter_mut().zip(narrowed.sums.chunks_exact(narrowed.size)) {
                *log += sums[narrowed.size - 1].ln();
            }
        }
        from_logs(logs)
    }

    /// The frame with every missing value drawn.
    fn fill(&self, frame: &Frame, stream: &mut Stream) -> Option<Frame> {
        if frame.columns() != self.columns() {
            return None;
        }
        let (codes, _) = self.codec.encode(frame)?;
        let mut values: Vec<Values> = (0..codes.len()).map(|column| frame.values(column).clone()).collect();
        // Codes of values that are there, and the first code that stands for a missing one.
        let present: Vec<usize> = (0..codes.len())
            .map(|column| {
                let part = &self.codec.discrete.parts[column];
                part.missing().map_or(part.size(), |missing| missing as usize)
            })
            .collect();
        for row in 0..frame.rows() {
            let missing: Vec<usize> = (0..codes.len())
                .filter(|&column| frame.values(column).is_missing(row) && present[column] > 0)
                .collect();
            if missing.is_empty() {
                continue;
            }
            let mut weights = self.weights.clone();
            for (column, codes) in codes.iter().enumerate() {
                let size = self.laws[column].len() / self.weights.len();
                let (numbers, place) = if missing.contains(&column) {
                    (&self.sums[column], present[column] - 1)
                } else {
                    (&self.laws[column], codes[row] as usize)
                };
                let mut most = 0.0_f64;
                for (weight, law) in weights.iter_mut().zip(numbers.chunks_exact(size)) {
                    *weight *= law[place];
                    most = most.max(*weight);
                }
                // Products of many columns would fall below the smallest float.
                weights.iter_mut().for_each(|weight| *weight /= most);
            }
            // Where no component explains the row, its weights are not numbers.
            if !weights.iter().all(|weight| weight.is_finite()) {
                continue;
            }
            let component = stream.weighted(&weights);
            for column in missing {
                let size = self.laws[column].len() / self.weights.len();
                let sums = &self.sums[column][component * size..][..present[column]];
                let code = draw(sums, stream) as u32;
                put(&mut values[column], row, &self.codec.decode(column, &[code], None, stream), 0);
            }
        }
        Frame::new(Arc::clone(self.columns()), values).ok()
    }

    fn density(&self, frame: &Frame) -> Option<Vec<f64>> {
        let (codes, known) = self.codec.encode(frame)?;
        let numbers: Vec<Option<&[f64]>> = self
            .columns()
            .iter()
            .map(|column| {
                let values = frame.values(frame.index(&column.name)?);
                column.kind.labels().is_none().then(|| values.numbers())
            })
            .collect();
        let logs: Vec<f64> = self.weights.iter().map(|weight| weight.ln()).collect();
        let all: Vec<f64> = (0..frame.rows())
            .into_par_iter()
            .map(|row| {
                if !known[row] {
                    return f64::NEG_INFINITY;
                }
                let each = logs.iter().enumerate().map(|(component, log)| {
                    let columns = codes.iter().enumerate();
                    log + columns
                        .map(|(column, codes)| self.law(column, component)[codes[row] as usize].ln())
                        .sum::<f64>()
                });
                let each: Vec<f64> = each.collect();
                let most = each.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if most == f64::NEG_INFINITY {
                    return most;
                }
                let within = numbers.iter().enumerate().filter_map(|(column, numbers)| {
                    numbers.map(|numbers| self.codec.log_density(column, codes[column][row], numbers[row]))
                });
                most + each.iter().map(|log| (log - most).exp()).sum::<f64>().ln() + within.sum::<f64>()
            })
            .collect();
        Some(all)
    }
}

/// Weights whose logarithms are these, up to a factor; none where all are 0.
fn from_logs(logs: Vec<f64>) -> Option<Vec<f64>> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (most > f64::NEG_INFINITY).then(|| logs.into_iter().map(|log| (log - most).exp()).collect())
}

/// Components for the rows of a block: systematic sampling, so that each has close to its share of them, then a
/// random order. Each row by itself follows the weights exactly.
fn components(weights: &[f64], rows: usize, stream: &mut Stream) -> Vec<u32> {
    let step = weights.iter().sum::<f64>() / rows as f64;
    let mut next = stream.uniform() * step;
    let mut sum = 0.0;
    let mut drawn = Vec::with_capacity(rows);
    let mut last = 0;
    for (component, weight) in weights.iter().enumerate() {
        sum += weight;
        if *weight > 0.0 {
            last = component as u32;
        }
        while next < sum && drawn.len() < rows {
            drawn.push(component as u32);
            next += step;
        }
    }
    // Sums of floats may end a row short.
    drawn.resize(rows, last);
    stream.shuffle(&mut drawn);
    drawn
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.codec.columns()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    /// Exact under any conditions: components are weighted anew by the probability that they give to them, and
    /// nothing is drawn in vain.
    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let allowed = self.codec.allowed(conditions)?;
        let narrowed: Vec<Option<Narrowed>> = allowed
            .iter()
            .enumerate()
            .map(|(column, allowed)| allowed.as_ref().map(|allowed| self.narrowed(column, allowed)))
            .collect();
        let Some(weights) = self.posterior(&narrowed) else {
            let what = "no row of the model meets these conditions together".to_owned();
            return Err(Error::Options { problems: vec![what] }.into());
        };
        let drawn = components(&weights, rows, stream);
        let mut values = Vec::with_capacity(allowed.len());
        for (column, narrowed) in narrowed.iter().enumerate() {
            let (first, size, sums) = match narrowed {
                Some(narrowed) => (narrowed.first, narrowed.size, &narrowed.sums),
                None => (0, self.laws[column].len() / self.weights.len(), &self.sums[column]),
            };
            let codes: Vec<u32> = drawn
                .iter()
                .map(|&component| {
                    let own = &sums[component as usize * size..(component as usize + 1) * size];
                    (first + draw(own, stream)) as u32
                })
                .collect();
            values.push(self.codec.decode(column, &codes, allowed[column].as_ref(), stream));
        }
        Ok(Frame::new(Arc::clone(self.columns()), values).map_err(Error::from)?)
    }

    /// Exact: the probability of the row's cells, times the density within each cell.
    fn log_density(&self, frame: &Frame) -> Option<Vec<f64>> {
        self.density(frame)
    }

    /// Exact: missing values are drawn together from the components that explain the values that are there.
    fn impute(&self, frame: &Frame, stream: &mut Stream) -> Option<Frame> {
        self.fill(frame, stream)
    }

    fn save(&self, folder: &std::path::Path) -> std::result::Result<(), Failure> {
        Ok(super::store::write(self, folder)?)
    }
}
