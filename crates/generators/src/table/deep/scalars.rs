//! Scalars brought to the law that they have in the rows of their code: a network that makes scalars gets their order
//! within a code right before their law, as it does with codes and how often they occur.

use daotwin_core::Stream;
use daotwin_nn::Matrix;

use super::{Shape, code};
use crate::encode::Encoded;
use crate::error::Result;

/// Points of a curve.
const POINTS: usize = 33;

/// Rows that a code needs for a curve of its own.
const LEAST: usize = 2 * POINTS;

/// Rows that are made to see where scalars lie.
const MADE: usize = 16_384;

/// Rows made at once.
const CHUNK: usize = 1_024;

/// A monotone curve for each code: quantiles of what a network makes, and those of rows at the same shares.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Curves {
    /// For each code the made quantiles, then those of rows; empty without scalars.
    points: Vec<f32>,
}

impl Curves {
    /// From the rows and from what `outputs` makes of so many new hidden parts. A code of few rows has the
    /// hyperbolic tangent.
    ///
    /// # Errors
    /// Those of `outputs`.
    pub(crate) fn fit(
        shape: &Shape,
        encoded: &Encoded,
        stream: &mut Stream,
        mut outputs: impl FnMut(usize) -> Result<Matrix>,
    ) -> Result<Self> {
        if shape.scalars.iter().all(Option::is_none) {
            return Ok(Self::default());
        }
        let mut made: Vec<Vec<f32>> = vec![Vec::new(); shape.codes()];
        for _ in 0..MADE / CHUNK {
            let law = outputs(CHUNK)?;
            for row in law.each_row() {
                for (column, place) in shape.scalars.iter().enumerate() {
                    let Some(place) = place else { continue };
                    let own = code(shape.own(row, column), None, &shape.unseen[column], stream);
                    made[shape.starts[column] + own].push(row[*place]);
                }
            }
        }
        let mut real: Vec<Vec<f32>> = vec![Vec::new(); shape.codes()];
        for row in 0..encoded.rows() {
            for (column, own) in encoded.codes_of(row).iter().enumerate() {
                if shape.scalars[column].is_some() {
                    real[shape.starts[column] + *own as usize].push(encoded.scalars_of(row)[column]);
                }
            }
        }
        let mut points = Vec::with_capacity(2 * POINTS * shape.codes());
        for (made, real) in made.iter_mut().zip(&mut real) {
            if made.len().min(real.len()) >= LEAST {
                points.extend(quantiles(made));
                points.extend(quantiles(real));
            } else {
                let even = |at: usize| 4.0 * at as f32 / (POINTS - 1) as f32 - 2.0;
                points.extend((0..POINTS).map(even));
                points.extend((0..POINTS).map(|at| even(at).tanh()));
            }
        }
        Ok(Self { points })
    }

    /// Those of a file; none where they do not fit.
    pub(crate) fn read(shape: &Shape, points: Vec<f32>) -> Option<Self> {
        let any = shape.scalars.iter().any(Option::is_some);
        let rising = points.chunks_exact(POINTS).all(<[f32]>::is_sorted);
        let wanted = if any { 2 * POINTS * shape.codes() } else { 0 };
        (rising && points.len() == wanted).then_some(Self { points })
    }

    /// As it stands in a file.
    pub(crate) fn points(&self) -> &[f32] {
        &self.points
    }

    /// The scalar of a row that has this code and for which a network made `scalar`; as it is without curves.
    pub(super) fn bend(&self, code: usize, scalar: f32) -> f32 {
        let Some(own) = self.points.get(2 * POINTS * code..2 * POINTS * (code + 1)) else { return scalar };
        let (made, real) = own.split_at(POINTS);
        // Among equal points the one in the middle.
        let (from, to) =
            (made.partition_point(|point| *point < scalar), made.partition_point(|point| *point <= scalar));
        match (from, to) {
            (0, 0) => real[0],
            (POINTS, _) => real[POINTS - 1],
            _ if from < to => real[usize::midpoint(from, to - 1)],
            _ => {
                let share = (scalar - made[from - 1]) / (made[from] - made[from - 1]);
                real[from - 1] + share * (real[from] - real[from - 1])
            }
        }
    }
}

fn quantiles(values: &mut [f32]) -> impl Iterator<Item = f32> {
    values.sort_unstable_by(f32::total_cmp);
    (0..POINTS).map(|at| values[at * (values.len() - 1) / (POINTS - 1)])
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_curve_brings_one_law_to_another() {
        let mut made: Vec<f32> = (0..1_000).map(|at| at as f32 / 999.0).collect();
        let mut real: Vec<f32> = made.iter().map(|value| value * value).collect();
        let curves = Curves { points: quantiles(&mut made).chain(quantiles(&mut real)).collect() };
        for at in 0..=100 {
            let x = at as f32 / 100.0;
            assert!((curves.bend(0, x) - x * x).abs() < 2e-3, "{x}");
        }
        assert_eq!((curves.bend(0, -3.0), curves.bend(0, 7.0)), (0.0, 1.0));
        assert_eq!(curves.bend(1, 0.3), 0.3);
    }

    #[test]
    fn equal_points_stand_for_their_middle() {
        let mut made = vec![0.5_f32; POINTS];
        let mut real: Vec<f32> = (0..POINTS).map(|at| at as f32).collect();
        let curves = Curves { points: quantiles(&mut made).chain(quantiles(&mut real)).collect() };
        assert_eq!(curves.bend(0, 0.5), 16.0);
    }
}
