//! What `diffusion` learns: codes behind masks, and numbers behind noise given all codes.

use daotwin_core::Stream;
use daotwin_nn::{Batch, Matrix, NO_CODE, cross_entropy};

use super::layout::{Held, Layout, Precondition, SIGMA};
use super::learn::Noising;
use crate::encode::Encoded;
use crate::table::deep::by_rows;

/// The share of a batch that learns numbers, where there are any.
const NUMBERS: f64 = 0.3;

/// The mean and deviation of the logarithm of the noise in training (Karras et al. 2022, table 1, moved to data of
/// unit deviation and to numbers that stand close together).
const LOG_SIGMA: (f64, f64) = (-0.8, 1.5);

/// The share of rows of which some numbers are known beforehand, so that conditions on them can be met.
const KNOWING: f64 = 0.25;

/// Rows as the network meets them in training.
#[derive(Debug)]
pub(super) struct Masked<'a> {
    pub layout: &'a Layout,
    pub encoded: &'a Encoded,
    /// Whether shares of masks and amounts of noise are spread evenly over a batch, which makes its loss less noisy,
    /// or drawn for each row by itself: then no row has a part in what is asked of another.
    pub even: bool,
}

/// What is asked of each row.
#[derive(Debug)]
pub(super) struct Asked {
    /// The code of every masked column, [`NO_CODE`] of the others; columns a row.
    codes: Vec<u32>,
    /// The weight of each masked column's loss in its row.
    weights: Vec<f32>,
    /// What the network should say of each number; NaN where it is not asked.
    numbers: Vec<f32>,
}

impl Masked<'_> {
    /// Masks codes of a row. Of its columns `k` are masked, each `k` as often as another, which is the
    /// continuous-time bound on the likelihood for masks that fall at a uniform time (Shi et al. 2024, section 3;
    /// Hoogeboom et al. 2022, equation 5); so the loss of each weighs `columns / k`.
    fn mask(share: f64, places: &mut [usize], asked: &mut [u32], stream: &mut Stream) -> f32 {
        let count = places.len();
        let masked = ((share * count as f64) as usize + 1).min(count);
        for at in 0..masked {
            let other = at + stream.below((count - at) as u64) as usize;
            places.swap(at, other);
            asked[places[at]] = 0;
        }
        count as f32 / masked as f32
    }
}

impl Noising for Masked<'_> {
    type Asked = Asked;

    fn noise(&self, rows: &[u32], stream: &mut Stream) -> (Batch, Asked) {
        let Self { layout, encoded, even } = *self;
        let (columns, numbers) = (layout.shape.columns(), layout.numbers.len());
        let mut dense = Matrix::zeros(rows.len(), layout.dense());
        let mut codes = Vec::with_capacity(rows.len() * columns);
        let mut asked = Asked {
            codes: vec![NO_CODE; rows.len() * columns],
            weights: vec![0.0; rows.len()],
            numbers: vec![f32::NAN; rows.len() * numbers],
        };
        let for_numbers = match (numbers, layout.live.len()) {
            (0, _) => 0,
            (_, 0) => rows.len(),
            _ => (NUMBERS * rows.len() as f64).round() as usize,
        };
        let mut places = layout.live.clone();
        let offset = stream.uniform();
        for (at, &row) in rows.iter().enumerate() {
            let (own, scalars) = (encoded.codes_of(row as usize), encoded.scalars_of(row as usize));
            let wanted = &mut asked.codes[at * columns..(at + 1) * columns];
            let input = dense.row_mut(at);
            let alone = if even { 0.0 } else { stream.uniform() };
            let spread = |of: usize, count: usize| {
                if even { (offset + of as f64 / count.max(1) as f64).fract() } else { alone }
            };
            let sigma = (at < for_numbers).then(|| {
                let score = daotwin_core::statistics::normal_quantile(spread(at, for_numbers).max(1e-9));
                (LOG_SIGMA.0 + LOG_SIGMA.1 * score).exp().clamp(SIGMA.0, SIGMA.1)
            });
            if sigma.is_none() && !places.is_empty() {
                let share = spread(at - for_numbers, rows.len() - for_numbers);
                asked.weights[at] = Self::mask(share, &mut places, wanted, stream);
            }
            for (column, wanted) in wanted.iter_mut().enumerate() {
                let masked = *wanted != NO_CODE;
                codes.push(if masked { NO_CODE } else { layout.code(column, own[column]) });
                if masked {
                    *wanted = own[column];
                }
            }
            layout.noise(input, sigma);
            let knowing = numbers > 0 && stream.chance(KNOWING);
            for (place, number) in layout.numbers.iter().enumerate() {
                if wanted[number.column] != NO_CODE || !number.has(own[number.column]) {
                    continue;
                }
                let value = scalars[number.column];
                if knowing && stream.chance(0.5) {
                    Layout::hold(input, place, Held::Known(value));
                } else if let Some(sigma) = sigma {
                    let scale = Precondition::at(sigma);
                    let noisy = value + (sigma * stream.normal()) as f32;
                    Layout::hold(input, place, Held::Noisy(scale.into * noisy));
                    asked.numbers[at * numbers + place] = (value - scale.skip * noisy) / scale.out;
                }
            }
        }
        (Batch { dense, codes, per_row: columns }, asked)
    }

    fn gradient(&self, outputs: &mut Matrix, asked: &Asked, scale: f32) {
        let layout = self.layout;
        let (columns, numbers) = (layout.shape.columns(), layout.numbers.len());
        let starts = &layout.shape.starts;
        by_rows(outputs, |row, outputs| {
            let weight = scale * asked.weights[row];
            for (column, code) in asked.codes[row * columns..(row + 1) * columns].iter().enumerate() {
                let logits = &mut outputs[starts[column]..starts[column + 1]];
                if *code == NO_CODE {
                    logits.fill(0.0);
                } else {
                    cross_entropy(logits, *code as usize, weight);
                }
            }
            for (number, wanted) in layout.numbers.iter().zip(&asked.numbers[row * numbers..]) {
                let output = &mut outputs[number.output];
                // With the weight of Karras et al. every amount of noise counts the same here.
                *output = if wanted.is_nan() { 0.0 } else { 2.0 * scale * (*output - wanted) };
            }
            0.0
        });
    }
}
