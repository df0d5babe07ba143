//! The fitted copula: drawing latent numbers, with and without conditions.

use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::Failure;

use super::latent::{Latent, Piece, truncated};
use super::linear::{cholesky, inverse};
use crate::error::{Error, Result};
use crate::table::files::Guarantee;
use crate::table::trees::codec::Codec;

/// Sweeps of Gibbs' sampler over several conditions, after draws that follow them one by one were weighted.
const SWEEPS: usize = 24;

/// Latent scales, and the correlations between them.
#[derive(Debug)]
pub(super) struct Fitted {
    pub(super) codec: Codec,
    pub(super) latents: Vec<Latent>,
    /// Row by row.
    pub(super) correlations: Vec<f64>,
    /// The lower Cholesky factor of the correlations.
    factor: Vec<f64>,
    pub(super) rows: u64,
    pub(super) seed: u64,
    pub(super) guarantee: Option<Guarantee>,
}

impl Fitted {
    /// Puts a model together; none where the correlations are not positive definite.
    pub(super) fn new(
        codec: Codec,
        latents: Vec<Latent>,
        correlations: Vec<f64>,
        rows: u64,
        seed: u64,
        guarantee: Option<Guarantee>,
    ) -> Option<Self> {
        let factor = cholesky(&correlations, latents.len())?;
        Some(Self { codec, latents, correlations, factor, rows, seed, guarantee })
    }

    /// The correlations of columns in another order.
    fn reordered(&self, order: &[usize]) -> Vec<f64> {
        let size = self.latents.len();
        let row = |&left: &usize| order.iter().map(move |&right| self.correlations[left * size + right]);
        order.iter().flat_map(row).collect()
    }

    /// Latent numbers of all rows, column by column in `order`; the first columns meet their pieces.
    fn latent(
        &self,
        rows: usize,
        order: &[usize],
        pieces: &[Vec<Piece>],
        stream: &mut Stream,
    ) -> Result<Vec<Vec<f64>>> {
        let size = order.len();
        let own;
        let factor = if pieces.is_empty() {
            &self.factor
        } else {
            let defect = || Error::Defect("correlations are not positive definite".to_owned());
            own = cholesky(&self.reordered(order), size).ok_or_else(defect)?;
            &own
        };
        let known = self.meeting(rows, order, factor, pieces, stream);
        let mut latent = vec![Vec::with_capacity(rows); size];
        // Independent normal numbers; those of the conditions are what gave their latent numbers.
        let mut noise = vec![0.0; size];
        for row in 0..rows {
            for (column, latent) in latent.iter_mut().enumerate() {
                let lower = &factor[column * size..=column * size + column];
                let mean: f64 = lower.iter().zip(&noise[..column]).map(|(a, b)| a * b).sum();
                let z = if let Some(known) = known.get(column) {
                    noise[column] = (known[row] - mean) / lower[column];
                    known[row]
                } else {
                    noise[column] = stream.normal();
                    mean + lower[column] * noise[column]
                };
                latent.push(z);
            }
        }
        Ok(latent)
    }

    /// Latent numbers of the columns with conditions. One condition is met exactly. Several are first met one
    /// after the other (Geweke, Hajivassiliou and Keane); rows are taken again in proportion to the probability
    /// of what each of their conditions found, and Gibbs' sampler, whose law is the exact one, goes on from there.
    fn meeting(
        &self,
        rows: usize,
        order: &[usize],
        factor: &[f64],
        pieces: &[Vec<Piece>],
        stream: &mut Stream,
    ) -> Vec<Vec<f64>> {
        let (size, count) = (order.len(), pieces.len());
        let mut drawn = vec![Vec::with_capacity(rows); count];
        let mut weights = Vec::with_capacity(rows);
        let mut noise = vec![0.0; count];
        for _ in 0..rows {
            let mut weight = 1.0;
            for (column, pieces) in pieces.iter().enumerate() {
                let lower = &factor[column * size..=column * size + column];
                let mean: f64 = lower.iter().zip(&noise[..column]).map(|(a, b)| a * b).sum();
                let (z, probability) = truncated(pieces, mean, lower[column], stream);
                // The first condition weighs the same in every row.
                weight *= if column == 0 { 1.0 } else { probability };
                noise[column] = (z - mean) / lower[column];
                drawn[column].push(z);
            }
            weights.push(weight);
        }
        let total: f64 = weights.iter().sum();
        if count < 2 || total <= 0.0 {
            return drawn;
        }
        let step = total / rows as f64;
        let (mut next, mut sum, mut chosen) = (stream.uniform() * step, 0.0, Vec::with_capacity(rows));
        for (row, weight) in weights.iter().enumerate() {
            sum += weight;
            while next < sum && chosen.len() < rows {
                chosen.push(row);
                next += step;
            }
        }
        chosen.resize(rows, chosen.last().copied().unwrap_or_default());
        stream.shuffle(&mut chosen);
        let first = &order[..count];
        let all = self.latents.len();
        let block: Vec<f64> = first
            .iter()
            .flat_map(|&left| first.iter().map(move |&right| self.correlations[left * all + right]))
            .collect();
        let Some(lower) = cholesky(&block, count) else { return drawn };
        let precision = inverse(&lower, count);
        let mut met = vec![Vec::with_capacity(rows); count];
        for row in chosen {
            let mut z: Vec<f64> = drawn.iter().map(|drawn| drawn[row]).collect();
            for _ in 0..SWEEPS {
                for (column, pieces) in pieces.iter().enumerate() {
                    let own = &precision[column * count..(column + 1) * count];
                    let rest = own.iter().zip(&z).map(|(a, b)| a * b).sum::<f64>() - own[column] * z[column];
                    let (mean, deviation) = (-rest / own[column], own[column].powf(-0.5));
                    z[column] = truncated(pieces, mean, deviation, stream).0;
                }
            }
            met.iter_mut().zip(z).for_each(|(met, z)| met.push(z));
        }
        met
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
        let allowed = self.codec.allowed(conditions)?;
        let mut order: Vec<usize> = (0..allowed.len()).collect();
        order.sort_by_key(|&column| allowed[column].is_none());
        let pieces: Vec<Vec<Piece>> = order
            .iter()
            .filter_map(|&column| {
                let allowed = allowed[column].as_ref()?;
                Some(self.latents[column].pieces(allowed.first, allowed.last, allowed.shares))
            })
            .collect();
        let latent = self.latent(rows, &order, &pieces, stream)?;
        let mut values = vec![None; order.len()];
        for (&column, latent) in order.iter().zip(&latent) {
            let own = &self.latents[column];
            let code = |&z: &f64| match &allowed[column] {
                // At the edge of two codes a latent number belongs to the upper one.
                Some(allowed) if allowed.first == allowed.last => allowed.first,
                Some(allowed) => own.code(z).clamp(allowed.first, allowed.last),
                None => own.code(z),
            };
            let codes: Vec<u32> = latent.iter().map(code).collect();
            values[column] = Some(self.codec.decode(column, &codes, allowed[column].as_ref(), stream));
        }
        let values = values.into_iter().flatten().collect();
        Ok(Frame::new(Arc::clone(self.columns()), values).map_err(Error::from)?)
    }

    fn save(&self, folder: &std::path::Path) -> std::result::Result<(), Failure> {
        Ok(super::store::write(self, folder)?)
    }
}
