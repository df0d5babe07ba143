//! A mixture on disk.

use std::path::Path;

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::model::Fitted;
use crate::encode::{Discrete, DiscreteColumn};
use crate::error::{Error, Result};
use crate::table::files::{self, TableManifest, Tensors};
use crate::table::trees::store::{read_cuts, write_cuts};

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
    let kept = Kept { cells: model.codec.discrete.parts.clone() };
    manifest.model = serde_json::to_value(kept).map_err(|error| Error::Defect(error.to_string()))?;
    let mut tensors = Tensors::from([("weights".to_owned(), model.weights.clone())]);
    write_cuts(&model.codec, &mut tensors);
    for (column, law) in model.laws.iter().enumerate() {
        tensors.insert(format!("law.{column}"), law.clone());
    }
    files::write(folder, &manifest, &tensors)
}

pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let manifest = files::read_manifest(folder, run)?;
    let mut tensors = files::read_tensors(folder, run)?;
    let not = |reason: &str| Error::NotATable { path: folder.to_path_buf(), reason: reason.to_owned() };
    let kept: Kept =
        serde_json::from_value(manifest.model).map_err(|_| not("its manifest names no cells"))?;
    let discrete = Discrete::new(manifest.columns.into(), kept.cells)
        .map_err(|_| not("its cells do not fit its columns"))?;
    let sizes = discrete.sizes();
    let codec = read_cuts(folder, &mut tensors, discrete)?;
    let law = |values: &[f64]| {
        values.iter().all(|value| *value >= 0.0) && (values.iter().sum::<f64>() - 1.0).abs() < ROUNDING
    };
    let weights = files::take(folder, &mut tensors, "weights")?;
    if !law(&weights) {
        return Err(not("the weights of its components do not add up to 1"));
    }
    let mut laws = Vec::with_capacity(sizes.len());
    for (column, &size) in sizes.iter().enumerate() {
        let values = files::take(folder, &mut tensors, &format!("law.{column}"))?;
        if Some(values.len()) != size.checked_mul(weights.len()) || !values.chunks(size).all(law) {
            return Err(not("the probabilities of a column do not fit it, or do not add up to 1"));
        }
        laws.push(values);
    }
    Ok(Fitted::of(codec, weights, laws, manifest.rows, manifest.seed))
}
