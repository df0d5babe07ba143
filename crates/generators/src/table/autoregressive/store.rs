//! An autoregressive network on disk.

use std::path::Path;

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::fit::network;
use super::model::Fitted;
use super::parts::Parts;
use crate::encode::DiscreteColumn;
use crate::error::Result;
use crate::table::files::{self, TableManifest, Tensors, narrow, wide};
use crate::table::trees::store::{read_codec, write_cuts};

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
    manifest.keep(kept)?;
    manifest.privacy = model.guarantee.clone();
    let mut tensors = Tensors::from([("parameters".to_owned(), wide(&model.parameters))]);
    write_cuts(&model.codec, &mut tensors);
    for (column, ranks) in model.parts.ranks().iter().enumerate().filter(|(_, ranks)| !ranks.is_empty()) {
        tensors.insert(format!("rank.{column}"), wide(ranks));
    }
    files::write(folder, &manifest, &tensors)
}

pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let kept: Kept = serde_json::from_value(manifest.model)
        .map_err(|_| numbers.not("its manifest names no cells or layers"))?;
    let codec = read_codec(&mut numbers, manifest.columns, kept.cells)?;
    let sizes = codec.discrete.sizes();
    let mut sorted = kept.order.clone();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..sizes.len()) {
        return Err(numbers.not("the order of its columns is none"));
    }
    let mut ranks = vec![Vec::new(); sizes.len()];
    for (column, &size) in sizes.iter().enumerate().filter(|(_, size)| Parts::has_digits(**size)) {
        let list = numbers.take(&format!("rank.{column}"))?;
        let mut seen = vec![false; size];
        for &rank in &list {
            if rank >= 0.0 && rank < size as f64 && rank.fract() == 0.0 {
                seen[rank as usize] = true;
            }
        }
        if list.len() != size || !seen.iter().all(|seen| *seen) {
            return Err(numbers.not("the digits of a column do not fit it"));
        }
        ranks[column] = list.iter().map(|rank| *rank as u32).collect();
    }
    let parts = Parts::new(&kept.order, &sizes, ranks);
    let parameters = numbers.take("parameters")?;
    // Before a network of any size is laid out: what was read bounds it.
    let fits = (1..=1 << 20).contains(&kept.width) && kept.depth <= 1 << 10;
    let own = kept.width.saturating_mul(kept.width).saturating_mul(kept.depth);
    if !fits || own > parameters.len() || parameters.len() > MOST {
        return Err(numbers.not("its layers do not fit its numbers"));
    }
    let network = network(&parts, kept.width, kept.depth, 0.0)?;
    if parameters.len() != network.parameters() || !parameters.iter().all(|value| value.is_finite()) {
        return Err(numbers.not("its layers do not fit its numbers"));
    }
    let parameters = narrow(parameters);
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
