//! The law of hidden parts after training: a mixture of Gaussians fitted to what the encoder says of the rows.
//!
//! A variational autoencoder whose decoder is sampled under the standard normal prior shows what lies between its
//! rows' hidden parts too; fitted to their aggregate (Tomczak and Welling 2018; Dai and Wipf 2019, the second
//! stage), samples come from where rows are.

use daotwin_core::{Run, Stream};
use daotwin_nn::{Matrix, softmax};
use rayon::prelude::*;

use crate::error::Result;

/// Rounds of expectation and maximisation.
const ROUNDS: usize = 30;

/// Rows of a block; sums of blocks are added in order, whatever the threads.
const BLOCK: usize = 512;

/// No deviation is below this: the encoder's own noise is part of what is fitted.
const FLOOR: f32 = 0.02;

/// Gaussians with independent coordinates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prior {
    /// Coordinates.
    pub width: usize,
    /// The share of each Gaussian.
    pub shares: Vec<f64>,
    /// Their means, one after the other.
    pub means: Vec<f32>,
    /// Their deviations.
    pub deviations: Vec<f32>,
}

impl Prior {
    /// The standard normal law.
    pub(super) fn standard(width: usize) -> Self {
        Self { width, shares: vec![1.0], means: vec![0.0; width], deviations: vec![1.0; width] }
    }

    /// Whether it is a law: for what was read from a file.
    pub(super) fn holds(&self) -> bool {
        let cells = self.shares.len() * self.width;
        !self.shares.is_empty()
            && self.means.len() == cells
            && self.deviations.len() == cells
            && self.shares.iter().all(|share| *share >= 0.0 && *share <= 1.0)
            && self.shares.iter().sum::<f64>() > 0.0
            && self.means.iter().all(|mean| mean.is_finite())
            && self.deviations.iter().all(|deviation| deviation.is_finite() && *deviation > 0.0)
    }

    /// Fits at most `most` Gaussians to rows of hidden parts by expectation and maximisation, from rows drawn as
    /// first means.
    pub(super) fn fit(points: &Matrix, most: usize, stream: &mut Stream, run: &Run) -> Result<Self> {
        let width = points.columns;
        let count = most.min(points.rows / 8).max(1);
        let (mean, square) = moments(points);
        let spread: Vec<f32> = mean
            .iter()
            .zip(&square)
            .map(|(mean, square)| ((square - mean * mean).max(0.0).sqrt() as f32).max(FLOOR))
            .collect();
        let mut prior = Self {
            width,
            shares: vec![1.0 / count as f64; count],
            means: spread_out(points, &spread, count, stream),
            // Wide at first, so that no Gaussian is left without rows.
            deviations: spread
                .iter()
                .map(|spread| (0.7 * spread).max(FLOOR))
                .collect::<Vec<_>>()
                .repeat(count),
        };
        if count == 1 {
            prior.means = mean.iter().map(|mean| *mean as f32).collect();
            prior.deviations = spread;
            return Ok(prior);
        }
        for _ in 0..ROUNDS {
            run.check()?;
            prior.round(points);
        }
        Ok(prior)
    }

    /// One round. Responsibilities of a block are one matrix; so are the sums that they weight.
    fn round(&mut self, points: &Matrix) {
        let (count, width) = (self.shares.len(), self.width);
        // ln of a Gaussian: x^2 a + x b + c, coordinate by coordinate; one row of coefficients a coordinate.
        let mut square = vec![0.0_f32; width * count];
        let mut line = vec![0.0_f32; width * count];
        let mut constant = vec![0.0_f32; count];
        for part in 0..count {
            let mut sum = self.shares[part].max(1e-30).ln();
            for at in 0..width {
                let (mean, deviation) = (self.means[part * width + at], self.deviations[part * width + at]);
                let precision = 1.0 / (deviation * deviation);
                square[at * count + part] = -0.5 * precision;
                line[at * count + part] = mean * precision;
                sum -= f64::from(0.5 * mean * mean * precision) + f64::from(deviation).ln();
            }
            constant[part] = sum as f32;
        }
        let blocks: Vec<(Vec<f64>, Vec<f32>, Vec<f32>)> = points
            .data
            .par_chunks(BLOCK * width)
            .map(|rows| {
                let (mut shares, mut sums, mut squares) =
                    (vec![0.0; count], vec![0.0_f32; width * count], vec![0.0_f32; width * count]);
                let mut chances = vec![0.0_f32; count];
                for row in rows.chunks_exact(width) {
                    chances.copy_from_slice(&constant);
                    for (at, &x) in row.iter().enumerate() {
                        let (square, line) = (&square[at * count..][..count], &line[at * count..][..count]);
                        for ((chance, a), b) in chances.iter_mut().zip(square).zip(line) {
                            *chance += x * (x * a + b);
                        }
                    }
                    softmax(&mut chances);
                    shares.iter_mut().zip(&chances).for_each(|(sum, chance)| *sum += f64::from(*chance));
                    for (at, &x) in row.iter().enumerate() {
                        let own =
                            sums[at * count..][..count].iter_mut().zip(&mut squares[at * count..][..count]);
                        for ((sum, square), chance) in own.zip(&chances) {
                            *sum += x * chance;
                            *square += x * x * chance;
                        }
                    }
                }
                (shares, sums, squares)
            })
            .collect();
        let (mut shares, mut sums, mut squares) =
            (vec![0.0; count], vec![0.0_f64; width * count], vec![0.0_f64; width * count]);
        for (own_shares, own_sums, own_squares) in &blocks {
            shares.iter_mut().zip(own_shares).for_each(|(sum, own)| *sum += own);
            sums.iter_mut().zip(own_sums).for_each(|(sum, own)| *sum += f64::from(*own));
            squares.iter_mut().zip(own_squares).for_each(|(sum, own)| *sum += f64::from(*own));
        }
        for part in 0..count {
            let rows = shares[part];
            self.shares[part] = rows / points.rows as f64;
            if rows < 2.0 {
                continue;
            }
            for at in 0..width {
                let mean = sums[at * count + part] / rows;
                let variance = (squares[at * count + part] / rows - mean * mean).max(0.0);
                self.means[part * width + at] = mean as f32;
                self.deviations[part * width + at] = (variance.sqrt() as f32).max(FLOOR);
            }
        }
    }

    /// So many draws.
    pub(super) fn draw(&self, rows: usize, stream: &mut Stream) -> Matrix {
        let mut drawn = Matrix::zeros(rows, self.width);
        for row in drawn.data.chunks_exact_mut(self.width) {
            let start = stream.weighted(&self.shares) * self.width;
            let own = self.means[start..].iter().zip(&self.deviations[start..]);
            for (value, (mean, deviation)) in row.iter_mut().zip(own) {
                *value = mean + deviation * stream.normal() as f32;
            }
        }
        drawn
    }
}

/// First means: rows drawn one after the other, each by its squared distance from those before (Arthur and
/// Vassilvitskii 2007), in units of the coordinates' deviations.
fn spread_out(points: &Matrix, spread: &[f32], count: usize, stream: &mut Stream) -> Vec<f32> {
    let mut means = Vec::with_capacity(count * points.columns);
    let mut far = vec![1.0_f64; points.rows];
    for _ in 0..count {
        let row = points.row(stream.weighted(&far));
        means.extend_from_slice(row);
        far.par_iter_mut().zip(points.data.par_chunks(points.columns)).with_min_len(BLOCK).for_each(
            |(far, other)| {
                let apart =
                    row.iter().zip(other).zip(spread).map(|((a, b), spread)| ((a - b) / spread).powi(2));
                let apart = f64::from(apart.sum::<f32>());
                *far = if means.len() == points.columns { apart } else { far.min(apart) };
            },
        );
    }
    means
}

/// The mean and mean square of every coordinate.
fn moments(points: &Matrix) -> (Vec<f64>, Vec<f64>) {
    let (mut mean, mut square) = (vec![0.0; points.columns], vec![0.0; points.columns]);
    for row in points.each_row() {
        for ((mean, square), &x) in mean.iter_mut().zip(&mut square).zip(row) {
            *mean += f64::from(x);
            *square += f64::from(x) * f64::from(x);
        }
    }
    let rows = points.rows.max(1) as f64;
    mean.iter_mut().chain(&mut square).for_each(|sum| *sum /= rows);
    (mean, square)
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    /// Two far Gaussians are found: with 4,000 rows each mean is known to 0.016, each share to 0.0055; six of each.
    #[test]
    fn a_mixture_is_found() {
        let mut stream = Seed(2).stream("prior");
        let mut points = Matrix::zeros(8_000, 2);
        for row in 0..8_000 {
            let far = if row % 2 == 0 { 5.0 } else { -5.0 };
            points
                .row_mut(row)
                .copy_from_slice(&[stream.normal() as f32 + far, 0.5 * stream.normal() as f32]);
        }
        let prior = Prior::fit(&points, 2, &mut stream, &Run::default()).unwrap();
        assert!(prior.holds());
        let drawn = prior.draw(8_000, &mut stream);
        let (mean, square) = moments(&drawn);
        assert!(mean[0].abs() < 0.6 && (square[0] - 26.0).abs() < 1.0, "{mean:?} {square:?}");
        assert!((square[1] - 0.25).abs() < 0.03, "{square:?}");
        let between = drawn.each_row().filter(|row| row[0].abs() < 1.0).count();
        // Four deviations away: 8,000 x 6.3e-5 / 2.
        assert!(between < 12, "{between}");
    }

    #[test]
    fn few_points_give_one_gaussian() {
        let points = Matrix::new(3, 1, vec![1.0, 2.0, 3.0]);
        let prior = Prior::fit(&points, 50, &mut Seed(1).stream("prior"), &Run::default()).unwrap();
        assert_eq!(prior.shares.len(), 1);
        assert!((prior.means[0] - 2.0).abs() < 1e-6 && prior.holds());
    }
}
