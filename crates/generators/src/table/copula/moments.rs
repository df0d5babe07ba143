//! What the copula measures of the rows: one count a code, then the products of their scores.
//!
//! **Sensitivity.** A row adds 1 to one code of each of the C columns: the vector of all counts moves by
//! sqrt(C) in L2 norm. Scores come from the released counts, so they are public when products are summed. A
//! row's products over all pairs of columns are one vector, which has norm 1 at most in units of a public bound,
//! and is cut to it and brought to integers of norm at most [`SCALE`], exactly (`quantise_contribution`): the sum moves by
//! [`SCALE`].

use daotwin_core::Run;
use daotwin_privacy::noise::Noise;
use daotwin_privacy::{Measurer, quantise_contribution};
use rayon::prelude::*;

use super::latent::{self, Latent};
use crate::charge::Stage;
use crate::error::Result;

/// Lattice units of a whole contribution.
pub(super) const SCALE: u32 = 1 << 20;

/// The share of the budget that counts get; products get the rest.
const COUNTS: f64 = 0.5;

/// Rows of one task.
const BLOCK: usize = 1_024;

/// The protected rows, and everything public about how they are measured.
#[derive(Debug)]
pub(super) struct Moments<'a> {
    pub(super) codes: &'a [Vec<u32>],
    pub(super) rows: usize,
    pub(super) sizes: &'a [usize],
    /// The codes of each column in their latent order.
    pub(super) orders: Vec<Vec<u32>>,
    /// The norm that the products of a row have at most.
    pub(super) bound: f64,
    pub(super) run: &'a Run,
}

/// What was measured, and what follows from it.
#[derive(Debug)]
pub(super) struct Measured {
    /// Noisy counts of all columns, one behind the other.
    pub(super) counts: Vec<f64>,
    /// Noisy sums of products, pair by pair, in lattice units.
    pub(super) products: Vec<f64>,
    /// The deviation of the noise in each.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the audit judges by"))]
    pub(super) sigmas: (f64, f64),
    pub(super) latents: Vec<Latent>,
    /// How many rows there are, as far as the counts tell.
    pub(super) total: f64,
}

/// Probabilities near noisy counts: the nearest list without negative counts that has this sum (Duchi et al.
/// 2008).
pub(super) fn project(counts: &[f64], total: f64) -> Vec<f64> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (place, value) in sorted.iter().enumerate() {
        sum += value;
        let next = (sum - total) / (place + 1) as f64;
        if *value <= next {
            break;
        }
        shift = next;
    }
    let kept: Vec<f64> = counts.iter().map(|count| (count - shift).max(0.0)).collect();
    let sum: f64 = kept.iter().sum();
    kept.iter().map(|count| if sum > 0.0 { count / sum } else { 1.0 / counts.len() as f64 }).collect()
}

impl Moments<'_> {
    /// The counts of all codes. One row more or less moves one count of each column by 1.
    pub(super) fn counts(&self) -> Vec<i64> {
        let lists: Vec<Vec<i64>> = self
            .codes
            .par_iter()
            .zip(self.sizes)
            .map(|(codes, &size)| {
                let mut counts = vec![0; size];
                codes.iter().for_each(|&code| counts[code as usize] += 1);
                counts
            })
            .collect();
        lists.concat()
    }

    /// The latent scale of every column, from counts that may be noisy.
    pub(super) fn latents(&self, counts: &[f64]) -> (Vec<Latent>, f64) {
        let mut start = 0;
        let lists: Vec<&[f64]> = self
            .sizes
            .iter()
            .map(|size| {
                start += size;
                &counts[start - size..start]
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / self.sizes.len() as f64;
        let total = mean.max(1.0);
        let latents = lists.iter().zip(&self.orders).map(|(counts, order)| {
            let law = project(counts, total);
            Latent::new(order.clone(), order.iter().map(|&code| law[code as usize]).collect())
        });
        (latents.collect(), total)
    }

    /// What one row adds to the products: a vector of norm [`SCALE`] at most.
    pub(super) fn contribution(&self, scores: &[Vec<f64>], row: usize) -> Vec<i64> {
        let own: Vec<f64> =
            scores.iter().zip(self.codes).map(|(scores, codes)| scores[codes[row] as usize]).collect();
        let mut products = Vec::with_capacity(own.len() * own.len() / 2);
        for (place, left) in own.iter().enumerate() {
            products.extend(own[place + 1..].iter().map(|right| left * right / self.bound));
        }
        quantise_contribution(&products, SCALE)
    }

    /// The products of all rows, summed. One row more or less moves them by [`SCALE`] in L2 norm.
    ///
    /// # Errors
    /// Cancellation.
    pub(super) fn products(&self, scores: &[Vec<f64>]) -> Result<Vec<i64>> {
        let pairs = scores.len() * (scores.len() - 1) / 2;
        let rows: Vec<usize> = (0..self.rows).step_by(BLOCK).collect();
        let sum = |mut left: Vec<i64>, right: Vec<i64>| {
            left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
            left
        };
        // Integers add up to the same in any order.
        rows.into_par_iter()
            .map(|start| {
                self.run.check()?;
                let rows = start..(start + BLOCK).min(self.rows);
                Ok(rows.map(|row| self.contribution(scores, row)).fold(vec![0; pairs], sum))
            })
            .try_reduce(|| vec![0; pairs], |left, right| Ok(sum(left, right)))
    }

    /// The squared sensitivity of the counts.
    pub(super) fn counts_sensitivity(&self) -> u128 {
        self.sizes.len() as u128
    }
}

impl Stage for Moments<'_> {
    type Release = Measured;

    fn measure<N: Noise>(self, measurer: &mut Measurer<N>) -> Result<Measured> {
        let pairs = self.sizes.len() > 1;
        let share = if pairs { COUNTS } else { 1.0 };
        let counts =
            measurer.measure("counts of every column", &self.counts(), self.counts_sensitivity(), share)?;
        let (latents, total) = self.latents(&counts.values);
        let scores: Vec<Vec<f64>> = latents.iter().map(Latent::scores).collect();
        let (products, sigma) = if pairs {
            let sums = self.products(&scores)?;
            let square = u128::from(SCALE).pow(2);
            let measured = measurer.measure("products of scores", &sums, square, 1.0 - COUNTS)?;
            (measured.values, measured.sigma)
        } else {
            (Vec::new(), 0.0)
        };
        Ok(Measured { counts: counts.values, products, sigmas: (counts.sigma, sigma), latents, total })
    }

    fn bytes(measured: &Measured) -> Vec<Vec<u8>> {
        let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        vec![bytes(&measured.counts), bytes(&measured.products)]
    }
}

impl Measured {
    /// The correlations of the latent numbers; not yet positive definite.
    pub(super) fn correlations(&self, bound: f64) -> Vec<f64> {
        let size = self.latents.len();
        let coefficients: Vec<Vec<f64>> = self.latents.par_iter().map(Latent::coefficients).collect();
        let mut matrix = vec![0.0; size * size];
        let mut pairs = self.products.iter();
        for (left, own) in coefficients.iter().enumerate() {
            matrix[left * size + left] = 1.0;
            for (right, other) in coefficients.iter().enumerate().skip(left + 1) {
                let sum = pairs.next().copied().unwrap_or_default();
                let product = sum * bound / f64::from(SCALE) / self.total;
                let value = latent::correlation(own, other, product);
                matrix[left * size + right] = value;
                matrix[right * size + left] = value;
            }
        }
        matrix
    }
}
