//! The fitted model: sampling and files.

use std::path::Path;
use std::sync::Arc;

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{Condition, Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::Failure;

use super::super::deep::{self, Base, Curves, normal};
use super::train::{self, Choices, Learned};
use crate::encode::MixedAllowed;
use crate::error::Result;

/// A generator and the conditions that it is given.
#[derive(Debug)]
pub(super) struct Fitted {
    pub base: Base,
    pub learned: Learned,
    pub choices: Choices,
}

/// The columns that conditions of the generator may name.
pub(super) fn labels(columns: &[Column]) -> Vec<usize> {
    (0..columns.len()).filter(|&column| columns[column].kind.labels().is_some()).collect()
}

impl Fitted {
    /// The condition that the generator is given itself: the first of those asked for that it knows.
    fn given(&self, conditions: &Conditions, allowed: &[Option<MixedAllowed>]) -> Option<(usize, usize)> {
        conditions.iter().find_map(|(column, condition)| {
            let known = self.choices.columns.iter().any(|(known, _)| known == column);
            let shares = &allowed.get(*column)?.as_ref()?.shares;
            let code = shares.iter().position(|share| *share > 0.0)?;
            (known && matches!(condition, Condition::Code(_))).then_some((*column, code))
        })
    }
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.base.mixed.columns()
    }

    fn rows(&self) -> u64 {
        self.base.rows
    }

    fn block_rows(&self) -> u64 {
        2_048
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let Base { mixed, shape, latent, .. } = &self.base;
        let allowed = mixed.allowed(conditions)?;
        let given = self.given(conditions, &allowed);
        let Learned { generator, parameters, statistics } = &self.learned;
        Ok(deep::draw(mixed, shape, rows, &allowed, stream, |rows, stream| {
            let places: Vec<Option<usize>> = (0..rows)
                .map(|_| self.choices.place(given.or_else(|| self.choices.draw(|count| count, stream))))
                .collect();
            let batch = train::inputs(normal(rows, *latent, stream), places.into_iter());
            Ok(generator.predict(parameters, statistics, &batch)?)
        })?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let Learned { parameters, statistics, .. } = &self.learned;
        let networks: [(&str, &[f32]); 3] = [
            ("generator", parameters),
            ("statistics", statistics),
            ("scalars", self.base.shape.curves.points()),
        ];
        Ok(self.base.write(super::NAME, folder, &networks, &[("conditions", &self.choices.counts)])?)
    }
}

/// Reads a model.
pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (mut base, mut numbers) = Base::read(folder, run)?;
    base.shape.curves = Curves::read(&base.shape, numbers.narrow("scalars")?)
        .ok_or_else(|| numbers.not("its scalars do not fit its codes"))?;
    let counts = numbers.take("conditions")?;
    // A private model knows no counts, and has no conditions.
    let known = if counts.is_empty() { Vec::new() } else { labels(base.mixed.columns()) };
    let choices = Choices::new(&base.shape, &known, counts)
        .ok_or_else(|| numbers.not("its conditions do not fit its columns"))?;
    let generator = train::generator(&base.shape, choices.counts.len(), base.hidden, base.latent)
        .map_err(|_| numbers.not("its layers do not fit"))?;
    let parameters = numbers.parameters("generator", &generator)?;
    let statistics = numbers.narrow("statistics")?;
    if statistics.len() != generator.statistics() {
        return Err(numbers.not("its numbers do not fit its layers"));
    }
    Ok(Fitted { base, learned: Learned { generator, parameters, statistics }, choices })
}
