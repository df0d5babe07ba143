//! The fitted model: sampling and files.

use std::path::Path;
use std::sync::Arc;

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{Condition, Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::Failure;
use serde::{Deserialize, Serialize};

use super::super::deep::{self, Shape, normal};
use super::super::files::{self, Guarantee, TableManifest, Tensors};
use super::train::{self, Choices, Learned};
use crate::encode::{Mixed, MixedAllowed, MixedColumn};
use crate::error::{Error, Result};

/// Numbers of a layer that a model's file may ask for.
const MOST_WIDTH: usize = 1 << 20;

/// A generator and the conditions that it is given.
#[derive(Debug)]
pub(super) struct Fitted {
    pub mixed: Mixed,
    pub shape: Shape,
    pub learned: Learned,
    pub choices: Choices,
    pub hidden: usize,
    pub noise: usize,
    pub rows: u64,
    pub seed: u64,
    pub guarantee: Option<Guarantee>,
}

/// What the manifest keeps beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    parts: Vec<MixedColumn>,
    labels: Vec<usize>,
    hidden: usize,
    noise: usize,
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
        self.mixed.columns()
    }

    fn rows(&self) -> u64 {
        self.rows
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
        let allowed = self.mixed.allowed(conditions)?;
        let given = self.given(conditions, &allowed);
        let Learned { generator, parameters, statistics } = &self.learned;
        let codes = self.shape.codes();
        Ok(deep::draw(&self.mixed, &self.shape, rows, &allowed, stream, |rows, stream| {
            let places: Vec<Option<usize>> = (0..rows)
                .map(|_| self.choices.place(given.or_else(|| self.choices.draw(|count| count, stream))))
                .collect();
            let batch = train::inputs(normal(rows, self.noise, stream), places.into_iter());
            let mut law = generator.predict(parameters, statistics, &batch)?;
            for row in law.data.chunks_exact_mut(self.shape.width) {
                row[codes..].iter_mut().for_each(|scalar| *scalar = scalar.tanh());
            }
            Ok(law)
        })?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let mut manifest = TableManifest::new(super::NAME, self.mixed.columns(), self.rows, self.seed);
        let kept = Kept {
            parts: self.mixed.parts().to_vec(),
            labels: self.choices.columns.iter().map(|(column, _)| *column).collect(),
            hidden: self.hidden,
            noise: self.noise,
        };
        manifest.model = serde_json::to_value(kept).map_err(|error| Error::Defect(error.to_string()))?;
        manifest.privacy = self.guarantee.clone();
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
        let tensors = Tensors::from([
            ("generator".to_owned(), wide(&self.learned.parameters)),
            ("statistics".to_owned(), wide(&self.learned.statistics)),
            ("conditions".to_owned(), self.choices.counts.clone()),
        ]);
        Ok(files::write(folder, &manifest, &tensors)?)
    }
}

/// Reads a model.
pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let not = |reason: &str| Error::NotATable { path: folder.to_path_buf(), reason: reason.to_owned() };
    let manifest = files::read_manifest(folder, run)?;
    let mut tensors = files::read_tensors(folder, run)?;
    let kept: Kept =
        serde_json::from_value(manifest.model).map_err(|_| not("its manifest names no codes and layers"))?;
    let mixed = Mixed::new(manifest.columns.into(), kept.parts)
        .map_err(|_| not("its codes do not fit its columns"))?;
    let shape = Shape::of(&mixed, true);
    if [kept.hidden, kept.noise, shape.width].iter().any(|width| *width == 0 || *width > MOST_WIDTH) {
        return Err(not("its layers have no width, or too much"));
    }
    let known = kept.labels.windows(2).all(|pair| pair[0] < pair[1])
        && kept.labels.last().is_none_or(|last| *last < shape.columns());
    if !known {
        return Err(not("its conditions name columns that it does not have"));
    }
    let mut start = 0;
    let columns = kept.labels.iter().map(|&column| {
        start += shape.sizes[column];
        (column, start - shape.sizes[column])
    });
    let columns: Vec<(usize, usize)> = columns.collect();
    let generator =
        train::generator(&shape, start, kept.hidden, kept.noise).map_err(|_| not("its layers do not fit"))?;
    let mut take = |name: &str| files::take(folder, &mut tensors, name);
    let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<f32>>();
    let (parameters, statistics) = (narrow(take("generator")?), narrow(take("statistics")?));
    let counts = take("conditions")?;
    let finite = parameters.iter().chain(&statistics).all(|value| value.is_finite());
    if parameters.len() != generator.parameters()
        || statistics.len() != generator.statistics()
        || counts.len() != start
        || counts.iter().any(|count| !(0.0..=1e18).contains(count))
        || !finite
    {
        return Err(not("its numbers do not fit its layers"));
    }
    Ok(Fitted {
        mixed,
        shape,
        learned: Learned { generator, parameters, statistics },
        choices: Choices { columns, counts },
        hidden: kept.hidden,
        noise: kept.noise,
        rows: manifest.rows,
        seed: manifest.seed,
        guarantee: manifest.privacy,
    })
}
