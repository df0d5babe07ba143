//! The trees on disk.

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Column;
use serde::{Deserialize, Serialize};

use super::codec::{Codec, Cuts};
use super::fit::{Plan, Target};
use super::model::Fitted;
use super::tree::{Node, Pool, Span, Tree, check};
use crate::encode::{Discrete, DiscreteColumn};
use crate::error::Result;
use crate::table::files::{self, Numbers, TableManifest, Tensors, wide};

/// What the manifest keeps beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The cells of every column.
    cells: Vec<DiscreteColumn>,
    /// The columns in the order in which they are drawn.
    order: Vec<usize>,
    /// Trees of each, in that order.
    trees: Vec<usize>,
    /// How it was learned.
    plan: Plan,
}

/// Writes a model as a new folder.
pub(crate) fn write(model: &Fitted, folder: &Path) -> Result<()> {
    let mut manifest = TableManifest::new(super::NAME, model.codec.columns(), model.rows, model.seed);
    let kept = Kept {
        cells: model.codec.discrete.parts.clone(),
        order: model.targets.iter().map(|target| target.column).collect(),
        trees: model.targets.iter().map(|target| target.trees.len()).collect(),
        plan: model.plan,
    };
    manifest.keep(kept)?;
    let mut tensors = Tensors::new();
    write_cuts(&model.codec, &mut tensors);
    for (position, target) in model.targets.iter().enumerate() {
        for (feature, bins) in target.bins.iter().enumerate() {
            if let Some(bins) = bins {
                tensors.insert(format!("{position}.bins.{feature}"), wide(bins));
            }
        }
        for (number, tree) in target.trees.iter().enumerate() {
            let name = format!("{position}.{number}");
            put_nodes(&name, &tree.nodes, &mut tensors);
            put_runs(&name, &tree.pool, tree.leaves.iter().map(|leaf| leaf.own), &mut tensors);
        }
    }
    files::write(folder, &manifest, &tensors)
}

/// The cuts of every column.
pub(crate) fn write_cuts(codec: &Codec, tensors: &mut Tensors) {
    for (column, cuts) in codec.cuts.iter().enumerate() {
        let starts = cuts.starts.iter().map(|&start| start as f64).collect();
        tensors.insert(format!("cuts.{column}.start"), starts);
        tensors.insert(format!("cuts.{column}.at"), cuts.at.clone());
    }
}

/// Reads the cells of every column, and their cuts.
///
/// # Errors
/// Cells or cuts that do not fit the columns.
pub(crate) fn read_codec(
    numbers: &mut Numbers,
    columns: Vec<Column>,
    cells: Vec<DiscreteColumn>,
) -> Result<Codec> {
    let discrete =
        Discrete::new(columns.into(), cells).map_err(|_| numbers.not("its cells do not fit its columns"))?;
    let cuts = (0..discrete.parts.len())
        .map(|column| {
            let starts = numbers.take(&format!("cuts.{column}.start"))?;
            let at = numbers.take(&format!("cuts.{column}.at"))?;
            Ok(Cuts { starts: starts.into_iter().map(|start| start as usize).collect(), at })
        })
        .collect::<Result<Vec<Cuts>>>()?;
    Codec::new(discrete, cuts).map_err(|_| numbers.not("its cuts do not fit its columns"))
}

/// Puts the splits of a tree down.
pub(crate) fn put_nodes(name: &str, nodes: &[Node], tensors: &mut Tensors) {
    let mut put = |part: &str, values: Vec<f64>| tensors.insert(format!("{name}.{part}"), values);
    put("feature", nodes.iter().map(|node| f64::from(node.feature)).collect());
    put("bin", nodes.iter().map(|node| f64::from(node.bin)).collect());
    put("next", nodes.iter().map(|node| f64::from(node.next)).collect());
}

/// Puts the codes of every leaf down, each with how often it was seen: counts and not rows.
pub(crate) fn put_runs(name: &str, pool: &Pool, leaves: impl Iterator<Item = Span>, tensors: &mut Tensors) {
    let (mut codes, mut counts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for leaf in leaves {
        let before = codes.len();
        for place in leaf.start..leaf.end {
            let code = f64::from(pool.get(place as usize));
            if codes.len() > before && codes.last() == Some(&code) {
                if let Some(count) = counts.last_mut() {
                    *count += 1.0;
                }
            } else {
                codes.push(code);
                counts.push(1.0);
            }
        }
        ends.push((codes.len() - before) as f64);
    }
    let mut put = |part: &str, values: Vec<f64>| tensors.insert(format!("{name}.{part}"), values);
    put("code", codes);
    put("count", counts);
    put("leaf", ends);
}

/// The splits of a tree and how many leaves it has.
///
/// # Errors
/// Splits that make no tree over so many features.
pub(crate) fn take_nodes(name: &str, numbers: &mut Numbers, features: usize) -> Result<(Vec<Node>, usize)> {
    let mut take = |part: &str| numbers.take(&format!("{name}.{part}"));
    let (feature, bin, next) = (take("feature")?, take("bin")?, take("next")?);
    let damaged = || numbers.not("a tree is damaged");
    if feature.len() != bin.len() || feature.len() != next.len() {
        return Err(damaged());
    }
    let all = feature.iter().zip(&bin).zip(&next);
    let nodes: Vec<Node> = all
        .map(|((&feature, &bin), &next)| Node { feature: feature as u16, bin: bin as u8, next: next as u32 })
        .collect();
    let leaves = check(&nodes, features).ok_or_else(damaged)?;
    Ok((nodes, leaves))
}

/// The codes of all leaves, and where those of each end.
///
/// # Errors
/// Codes that a column of this size does not have, or that do not add up to the rows.
pub(crate) fn take_runs(
    name: &str,
    numbers: &mut Numbers,
    leaves: usize,
    size: usize,
    rows: u64,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let mut take = |part: &str| numbers.take(&format!("{name}.{part}"));
    let (code, count, leaf) = (take("code")?, take("count")?, take("leaf")?);
    let whole = |value: &f64| value.fract() == 0.0 && *value >= 0.0;
    let sum: f64 = count.iter().sum();
    let damaged = || numbers.not("a tree is damaged");
    // Counts decide how much memory is taken: they must add up to the rows.
    if leaf.len() != leaves
        || code.len() != count.len()
        || !count.iter().all(|count| whole(count) && *count >= 1.0)
        || !leaf.iter().all(whole)
        || leaf.iter().sum::<f64>() != code.len() as f64
        || sum != rows as f64
        || sum >= f64::from(u32::MAX)
        || !code.iter().all(|code| whole(code) && *code < size as f64)
    {
        return Err(damaged());
    }
    let mut ends = vec![0_u32];
    let mut codes = Vec::with_capacity(sum as usize);
    let mut place = 0;
    for own in leaf {
        for at in place..place + own as usize {
            if at > place && code[at] <= code[at - 1] {
                return Err(damaged());
            }
            codes.extend(std::iter::repeat_n(code[at] as u32, count[at] as usize));
        }
        place += own as usize;
        ends.push(codes.len() as u32);
    }
    Ok((codes, ends))
}

/// Reads a model.
pub(crate) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let kept: Kept = serde_json::from_value(manifest.model)
        .map_err(|_| numbers.not("its manifest names no cells, order and trees"))?;
    let codec = read_codec(&mut numbers, manifest.columns, kept.cells)?;
    let sizes = codec.discrete.sizes();
    let mut sorted = kept.order.clone();
    sorted.sort_unstable();
    if sorted != (0..sizes.len()).collect::<Vec<_>>() || kept.trees.len() != sizes.len() {
        return Err(numbers.not("its order does not fit its columns"));
    }
    let mut targets = Vec::new();
    for (position, (&column, &trees)) in kept.order.iter().zip(&kept.trees).enumerate() {
        run.check()?;
        let mut bins = Vec::new();
        for (feature, &earlier) in kept.order[..position].iter().enumerate() {
            let own = numbers.find(&format!("{position}.bins.{feature}"));
            if own.as_ref().is_some_and(|own| own.len() != sizes[earlier])
                || (own.is_none() && sizes[earlier] > 256)
            {
                return Err(numbers.not("its bins do not fit its columns"));
            }
            bins.push(own.map(|own| own.into_iter().map(|bin| bin as u8).collect()));
        }
        if trees == 0 {
            return Err(numbers.not("a column has no tree"));
        }
        let trees = (0..trees)
            .map(|tree| {
                let name = format!("{position}.{tree}");
                read_tree(&name, &mut numbers, position, sizes[column], manifest.rows, kept.plan)
            })
            .collect::<Result<Vec<Tree>>>()?;
        targets.push(Target { column, trees, bins });
    }
    Ok(Fitted { codec, targets, rows: manifest.rows, seed: manifest.seed, plan: kept.plan })
}

fn read_tree(
    name: &str,
    numbers: &mut Numbers,
    features: usize,
    size: usize,
    rows: u64,
    plan: Plan,
) -> Result<Tree> {
    let (nodes, leaves) = take_nodes(name, numbers, features)?;
    let (codes, ends) = take_runs(name, numbers, leaves, size, rows)?;
    let wide = plan.wide.saturating_mul(plan.min_leaf);
    Ok(Tree::assemble(nodes, &ends, Pool::new(codes, size), size, wide, plan.smoothing))
}
