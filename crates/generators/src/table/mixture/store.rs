//! A mixture on disk.

use std::path::Path;

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::model::Fitted;
use crate::encode::DiscreteColumn;
use crate::error::Result;
use crate::table::files::{self, TableManifest, Tensors};
use crate::table::trees::store::{read_codec, write_cuts};

/// What the manifest keeps beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The shared cells, one a column.
    cells: Vec<DiscreteColumn>,
}

/// How far probabilities that were written may be from adding up to 1.
const ROUNDING: f64 = 1e-6;

pub(super) fn write(model: &Fitted, folder: &Path) -> Result<()> {
    let mut manifest = TableManifest::new(super::NAME, model.codec.columns(), model.rows, model.seed);
    manifest.keep(Kept { cells: model.codec.discrete.parts.clone() })?;
    let mut tensors = Tensors::from([("weights".to_owned(), model.weights.clone())]);
    write_cuts(&model.codec, &mut tensors);
    for (column, law) in model.laws.iter().enumerate() {
        tensors.insert(format!("law.{column}"), law.clone());
    }
    files::write(folder, &manifest, &tensors)
}

pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let kept: Kept =
        serde_json::from_value(manifest.model).map_err(|_| numbers.not("its manifest names no cells"))?;
    let codec = read_codec(&mut numbers, manifest.columns, kept.cells)?;
    let sizes = codec.discrete.sizes();
    let law = |values: &[f64]| {
        values.iter().all(|value| *value >= 0.0) && (values.iter().sum::<f64>() - 1.0).abs() < ROUNDING
    };
    let weights = numbers.take("weights")?;
    if !law(&weights) {
        return Err(numbers.not("the weights of its components do not add up to 1"));
    }
    let mut laws = Vec::with_capacity(sizes.len());
    for (column, &size) in sizes.iter().enumerate() {
        let values = numbers.take(&format!("law.{column}"))?;
        if Some(values.len()) != size.checked_mul(weights.len()) || !values.chunks(size).all(law) {
            return Err(numbers.not("the probabilities of a column do not fit it, or do not add up to 1"));
        }
        laws.push(values);
    }
    Ok(Fitted::of(codec, weights, laws, manifest.rows, manifest.seed))
}
