//! The forest on disk.

use std::path::Path;

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::fit::Plan;
use super::leaves::{Bins, Leaves};
use super::model::Fitted;
use crate::encode::DiscreteColumn;
use crate::error::Result;
use crate::table::files::{self, TableManifest, Tensors, wide};
use crate::table::trees::store::{put_nodes, put_runs, read_codec, take_nodes, take_runs, write_cuts};

/// What the manifest keeps beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The cells of every column.
    cells: Vec<DiscreteColumn>,
    /// How it was learned.
    plan: Plan,
}

/// Writes a model as a new folder.
pub(super) fn write(model: &Fitted, folder: &Path) -> Result<()> {
    let mut manifest = TableManifest::new(super::NAME, model.codec.columns(), model.rows, model.seed);
    manifest.keep(Kept { cells: model.codec.discrete.parts.clone(), plan: model.plan })?;
    let mut tensors = Tensors::new();
    write_cuts(&model.codec, &mut tensors);
    for (number, tree) in model.forest.iter().enumerate() {
        put_nodes(&number.to_string(), &tree.nodes, &mut tensors);
        for column in 0..tree.width() {
            let name = format!("{number}.{column}");
            if let Some(bins) = &tree.bins(column).of {
                tensors.insert(format!("{name}.bins"), wide(bins));
            }
            put_runs(&name, tree.pool(column), tree.spans.iter().copied(), &mut tensors);
        }
    }
    files::write(folder, &manifest, &tensors)
}

/// Reads a model.
pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let kept: Kept = serde_json::from_value(manifest.model)
        .map_err(|_| numbers.not("its manifest names no cells and settings"))?;
    let codec = read_codec(&mut numbers, manifest.columns, kept.cells)?;
    let sizes = codec.discrete.sizes();
    if kept.plan.trees == 0 || manifest.rows == 0 {
        return Err(numbers.not("it has no tree or no row"));
    }
    let mut forest = Vec::new();
    for number in 0..kept.plan.trees {
        run.check()?;
        let (nodes, leaves) = take_nodes(&number.to_string(), &mut numbers, sizes.len())?;
        let (mut bins, mut pools, mut all) = (Vec::new(), Vec::new(), None);
        for (column, &size) in sizes.iter().enumerate() {
            let name = format!("{number}.{column}");
            let own = numbers.find(&format!("{name}.bins"));
            if own.as_ref().is_some_and(|own| own.len() != size) || (own.is_none() && size > 256) {
                return Err(numbers.not("its bins do not fit its columns"));
            }
            bins.push(own.map_or_else(
                || Bins::plain(size),
                |own| Bins::new(own.into_iter().map(|bin| bin as u8).collect()),
            ));
            let (codes, ends) = take_runs(&name, &mut numbers, leaves, size, manifest.rows)?;
            // The leaves hold the same rows in every column.
            if all.get_or_insert_with(|| ends.clone()) != &ends {
                return Err(numbers.not("a tree is damaged"));
            }
            pools.push(codes);
        }
        let ends = all.unwrap_or_default();
        forest.push(Leaves::assemble(nodes, bins, &ends, pools, &sizes, kept.plan.smoothing));
    }
    Ok(Fitted { codec, forest, rows: manifest.rows, seed: manifest.seed, plan: kept.plan })
}
