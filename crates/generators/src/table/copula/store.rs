//! A copula on disk.

use std::path::Path;

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::latent::Latent;
use super::model::Fitted;
use crate::encode::DiscreteColumn;
use crate::error::Result;
use crate::table::files::{self, TableManifest, Tensors, wide};
use crate::table::trees::store::{read_codec, write_cuts};

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
    manifest.keep(Kept { cells: model.codec.discrete.parts.clone() })?;
    let mut tensors = Tensors::from([("correlations".to_owned(), model.correlations.clone())]);
    write_cuts(&model.codec, &mut tensors);
    for (column, latent) in model.latents.iter().enumerate() {
        tensors.insert(format!("order.{column}"), wide(&latent.order));
        tensors.insert(format!("law.{column}"), latent.law.clone());
    }
    files::write(folder, &manifest, &tensors)
}

pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let kept: Kept =
        serde_json::from_value(manifest.model).map_err(|_| numbers.not("its manifest names no cells"))?;
    let codec = read_codec(&mut numbers, manifest.columns, kept.cells)?;
    let sizes = codec.discrete.sizes();
    let mut latents = Vec::with_capacity(sizes.len());
    for (column, &size) in sizes.iter().enumerate() {
        let order = numbers.take(&format!("order.{column}"))?;
        let law = numbers.take(&format!("law.{column}"))?;
        let mut sorted = order.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        if law.len() != size || !sorted.into_iter().eq((0..size).map(|code| code as f64)) {
            return Err(numbers.not("the order of a column's codes does not fit it"));
        }
        let sum: f64 = law.iter().sum();
        if !law.iter().all(|value| *value >= 0.0) || (sum - 1.0).abs() > ROUNDING {
            return Err(numbers.not("the probabilities of a column do not add up to 1"));
        }
        // A number's ranges are intervals of its latent scale.
        let number = codec.columns()[column].kind.labels().is_none();
        if number && !order.is_sorted() {
            return Err(numbers.not("the cells of a number are not in their order"));
        }
        latents.push(Latent::new(order.into_iter().map(|code| code as u32).collect(), law));
    }
    let size = sizes.len();
    let correlations = numbers.take("correlations")?;
    let at = |row: usize, column: usize| correlations[row * size + column];
    let sound = correlations.len() == size * size
        && (0..size)
            .all(|row| at(row, row) == 1.0 && (0..row).all(|column| at(row, column) == at(column, row)));
    let fitted = sound
        .then(|| Fitted::new(codec, latents, correlations, manifest.rows, manifest.seed, manifest.privacy))
        .flatten();
    fitted.ok_or_else(|| numbers.not("its correlations are no positive definite matrix"))
}
