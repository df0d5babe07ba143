//! How a row stands before the network of `diffusion`: codes that are known or masked, numbers that are absent,
//! noisy or known.

use daotwin_nn::NO_CODE;

use crate::encode::Mixed;
use crate::table::deep::Shape;

/// A column whose numbers are not all codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// The column.
    pub column: usize,
    /// The first and last code of it that comes with a number.
    pub codes: (u32, u32),
    /// Where its number stands among the outputs.
    pub output: usize,
}

impl Number {
    /// Whether this code comes with a number.
    pub(super) fn has(&self, code: u32) -> bool {
        (self.codes.0..=self.codes.1).contains(&code)
    }
}

/// What the network is given and asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub shape: Shape,
    /// Columns with more than one code.
    pub live: Vec<usize>,
    pub numbers: Vec<Number>,
}

/// What a row holds of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Held {
    /// Nothing.
    Absent,
    /// The number with noise, scaled to about unit variance.
    Noisy(f32),
    /// The number.
    Known(f32),
}

/// Numbers that tell how much noise there is.
const FEATURES: usize = 10;

/// The least and greatest deviation of the noise. Normal scores have unit deviation.
pub(super) const SIGMA: (f64, f64) = (0.005, 40.0);

impl Layout {
    pub(super) fn of(mixed: &Mixed) -> Self {
        let shape = Shape::of(mixed, true);
        let numbers = mixed
            .parts()
            .iter()
            .zip(&shape.scalars)
            .enumerate()
            .filter_map(|(column, (part, output))| {
                Some(Number { column, codes: part.scalars()?, output: (*output)? })
            })
            .collect();
        let live = (0..shape.columns()).filter(|&column| shape.sizes[column] > 1).collect();
        Self { shape, live, numbers }
    }

    /// Numbers that go into the network.
    pub(super) fn dense(&self) -> usize {
        if self.numbers.is_empty() { 0 } else { 2 * self.numbers.len() + FEATURES }
    }

    /// The place of a column's code in the alphabet of all; none for the one code of a column.
    pub(super) fn code(&self, column: usize, code: u32) -> u32 {
        if self.shape.sizes[column] > 1 { self.shape.starts[column] as u32 + code } else { NO_CODE }
    }

    /// Writes a number into a row of the network's input.
    pub(super) fn hold(row: &mut [f32], number: usize, held: Held) {
        (row[2 * number], row[2 * number + 1]) = match held {
            Held::Absent => (0.0, 0.0),
            Held::Noisy(value) => (value, 0.0),
            Held::Known(value) => (value, 1.0),
        };
    }

    /// Writes how much noise there is into a row of the network's input; without any, the row asks for codes.
    pub(super) fn noise(&self, row: &mut [f32], sigma: Option<f64>) {
        if self.numbers.is_empty() {
            return;
        }
        let features = &mut row[2 * self.numbers.len()..];
        let Some(sigma) = sigma else { return features.fill(0.0) };
        let share = (sigma / SIGMA.0).ln() / (SIGMA.1 / SIGMA.0).ln();
        features[0] = 1.0;
        features[1] = (2.0 * share - 1.0) as f32;
        for (pair, wave) in features[2..].chunks_exact_mut(2).zip(1..) {
            let (sin, cos) = (std::f64::consts::PI * f64::from(wave) * share).sin_cos();
            (pair[0], pair[1]) = (sin as f32, cos as f32);
        }
    }
}

/// How outputs of the network become numbers without noise (Karras et al. 2022, table 1, for data of unit
/// deviation): `skip * noisy + out * output`, where the network was given `into * noisy`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Precondition {
    pub skip: f32,
    pub out: f32,
    pub into: f32,
}

impl Precondition {
    pub(super) fn at(sigma: f64) -> Self {
        let both = (1.0 + sigma * sigma).sqrt();
        Self { skip: (1.0 / (both * both)) as f32, out: (sigma / both) as f32, into: (1.0 / both) as f32 }
    }
}
