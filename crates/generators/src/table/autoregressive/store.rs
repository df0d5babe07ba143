//! An autoregressive network on disk.

use std::path::Path;

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::fit::network;
use super::model::Fitted;
use super::parts::Parts;
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
    /// Columns in the order in which they are drawn.
    order: Vec<usize>,
    width: usize,
    depth: usize,
}

/// Numbers of a network that is read at most.
const MOST: usize = 1 << 30;

pub(super) fn write(model: &Fitted, folder: &Path) -> Result<()> {
    let mut manifest = TableManifest::new(super::NAME, model.codec.columns(), model.rows, model.seed);
    let kept = Kept {
        cells: model.codec.discrete.parts.clone(),
        order: model.parts.order(),
        width: model.width,
        depth: model.depth,
    };
    manifest.model = serde_json::to_value(kept).map_err(|error| Error::Defect(error.to_string()))?;
    manifest.privacy = model.guarantee.clone();
    let wide = |list: &[f32]| list.iter().map(|value| f64::from(*value)).collect();
    let mut tensors = Tensors::from([("parameters".to_owned(), wide(&model.parameters))]);
    write_cuts(&model.codec, &mut tensors);
    for (column, ranks) in model.parts.ranks().iter().enumerate().filter(|(_, ranks)| !ranks.is_empty()) {
        tensors.insert(format!("rank.{column}"), ranks.iter().map(|rank| f64::from(*rank)).collect());
    }
    files::write(folder, &manifest, &tensors)
}

pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let manifest = files::read_manifest(folder, run)?;
    let mut tensors = files::read_tensors(folder, run)?;
    let not = |reason: &str| Error::NotATable { path: folder.to_path_buf(), reason: reason.to_owned() };
    let kept: Kept =
        serde_json::from_value(manifest.model).map_err(|_| not("its manifest names no cells or layers"))?;
    let discrete = Discrete::new(manifest.columns.into(), kept.cells)
        .map_err(|_| not("its cells do not fit its columns"))?;
    let sizes = discrete.sizes();
    let codec = read_cuts(folder, &mut tensors, discrete)?;
    let mut sorted = kept.order.clone();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..sizes.len()) {
        return Err(not("the order of its columns is none"));
    }
    let mut ranks = vec![Vec::new(); sizes.len()];
    for (column, &size) in sizes.iter().enumerate().filter(|(_, size)| Parts::has_digits(**size)) {
        let list = files::take(folder, &mut tensors, &format!("rank.{column}"))?;
        let mut seen = vec![false; size];
        for &rank in &list {
            if rank >= 0.0 && rank < size as f64 && rank.fract() == 0.0 {
                seen[rank as usize] = true;
            }
        }
        if list.len() != size || !seen.iter().all(|seen| *seen) {
            return Err(not("the digits of a column do not fit it"));
        }
        ranks[column] = list.iter().map(|rank| *rank as u32).collect();
    }
    let parts = Parts::new(&kept.order, &sizes, ranks);
    let parameters = files::take(folder, &mut tensors, "parameters")?;
    // Before a network of any size is laid out: what was read bounds it.
    let fits = (1..=1 << 20).contains(&kept.width) && kept.depth <= 1 << 10;
    let own = kept.width.saturating_mul(kept.width).saturating_mul(kept.depth);
    if !fits || own > parameters.len() || parameters.len() > MOST {
        return Err(not("its layers do not fit its numbers"));
    }
    let network = network(&parts, kept.width, kept.depth, 0.0)?;
    if parameters.len() != network.parameters() || !parameters.iter().all(|value| value.is_finite()) {
        return Err(not("its layers do not fit its numbers"));
    }
    let parameters = parameters.into_iter().map(|value| value as f32).collect();
    let (width, depth) = (kept.width, kept.depth);
    Ok(Fitted {
        codec,
        parts,
        network,
        parameters,
        width,
        depth,
        rows: manifest.rows,
        seed: manifest.seed,
        guarantee: manifest.privacy,
    })
}
