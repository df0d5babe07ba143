//! A copula on disk.

use std::path::Path;

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::latent::Latent;
use super::model::Fitted;
use crate::encode::{Discrete, DiscreteColumn};
use crate::error::{Error, Result};
use crate::table::files::{self, TableManifest, Tensors};
use crate::table::trees::store::{read_cuts, write_cuts};

/// What the manifest keeps beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The cells, one list a column.
    cells: Vec<DiscreteColumn>,
}

/// How far probabilities that were written may be from adding up to 1.
const ROUNDING: f64 = 1e-6;

pub(super) fn write(model: &Fitted, folder: &Path) -> Result<()> {
    let mut manifest = TableManifest::new(super::NAME, model.codec.columns(), model.rows, model.seed);
    manifest.privacy.clone_from(&model.guarantee);
    let kept = Kept { cells: model.codec.discrete.parts.clone() };
    manifest.model = serde_json::to_value(kept).map_err(|error| Error::Defect(error.to_string()))?;
    let mut tensors = Tensors::from([("correlations".to_owned(), model.correlations.clone())]);
    write_cuts(&model.codec, &mut tensors);
    for (column, latent) in model.latents.iter().enumerate() {
        let order = latent.order.iter().map(|&code| f64::from(code)).collect();
        tensors.insert(format!("order.{column}"), order);
        tensors.insert(format!("law.{column}"), latent.law.clone());
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
    let mut latents = Vec::with_capacity(sizes.len());
    for (column, &size) in sizes.iter().enumerate() {
        let order = files::take(folder, &mut tensors, &format!("order.{column}"))?;
        let law = files::take(folder, &mut tensors, &format!("law.{column}"))?;
        let mut sorted = order.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        if law.len() != size || !sorted.into_iter().eq((0..size).map(|code| code as f64)) {
            return Err(not("the order of a column's codes does not fit it"));
        }
        let sum: f64 = law.iter().sum();
        if !law.iter().all(|value| *value >= 0.0) || (sum - 1.0).abs() > ROUNDING {
            return Err(not("the probabilities of a column do not add up to 1"));
        }
        // A number's ranges are intervals of its latent scale.
        let number = codec.columns()[column].kind.labels().is_none();
        if number && !order.is_sorted() {
            return Err(not("the cells of a number are not in their order"));
        }
        latents.push(Latent::new(order.into_iter().map(|code| code as u32).collect(), law));
    }
    let size = sizes.len();
    let correlations = files::take(folder, &mut tensors, "correlations")?;
    let at = |row: usize, column: usize| correlations[row * size + column];
    let sound = correlations.len() == size * size
        && (0..size)
            .all(|row| at(row, row) == 1.0 && (0..row).all(|column| at(row, column) == at(column, row)));
    let fitted = sound
        .then(|| Fitted::new(codec, latents, correlations, manifest.rows, manifest.seed, manifest.privacy))
        .flatten();
    fitted.ok_or_else(|| not("its correlations are no positive definite matrix"))
}
