//! Learning: one group of trees a column, each given the columns before it.

use std::sync::{Mutex, PoisonError};

use daotwin_core::{Run, Seed};
use daotwin_history::frame::{Column, Frame};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::codec::Codec;
use super::grow::{self, BINS, Data, Growth};
use super::order;
use super::tree::{Tree, leaf_of};
use crate::error::{Error, Result};

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Trees a column.
    pub trees: usize,
    /// Rows that a leaf must have.
    pub min_leaf: usize,
    /// The share of the rows that each tree grows from.
    pub share: f64,
    /// The share of the features that are tried at a node.
    pub tried: f64,
    /// What a split must gain, in nats.
    pub min_gain: f64,
    /// And in addition for every class but one.
    pub class_gain: f64,
    /// How readily a leaf falls back to its wider group.
    pub smoothing: f64,
    /// Rows of the wider group, in leaves.
    pub wide: usize,
}

/// The law of one column given those before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    /// The column's place in the table.
    pub column: usize,
    /// Its trees, each as likely as the other.
    pub trees: Vec<Tree>,
    /// The bin of every code of an earlier column, by its position in the order; none where the code is its
    /// own bin.
    pub bins: Vec<Option<Vec<u8>>>,
}

/// Rows that a tree grows from at most: its splits hardly change with more, and its leaves hold all rows anyway.
const GROWN_FROM: usize = 150_000;

/// Columns beyond which a feature's number does not fit a node.
pub(crate) const MOST_COLUMNS: usize = 4_096;

/// Learns the columns in their order.
pub(crate) fn fit(frame: &Frame, plan: Plan, seed: Seed, run: &Run) -> Result<(Codec, Vec<Target>)> {
    run.step("fit trees", 0, frame.columns().len() as u64)?;
    let (codec, codes) = Codec::fit(frame, plan.min_leaf.max(5));
    let sizes = codec.discrete.sizes();
    let order = order::columns(&codes, &sizes);
    let steps = grow::steps(frame.rows());
    let streams = seed.streams("fit trees");
    let done = Mutex::new(0_u64);
    let targets = (0..order.len())
        .into_par_iter()
        .map(|position| {
            run.check()?;
            let target =
                target(codec.columns(), &codes, &sizes, &order, position, plan, &steps, run, &|tree| {
                    streams.stream((position * plan.trees + tree) as u64)
                })?;
            // Reported under the lock: a listener never hears the count go back.
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            *done += 1;
            run.step("fit trees", *done, order.len() as u64)?;
            Ok(target)
        })
        .collect::<Result<Vec<Target>>>()?;
    Ok((codec, targets))
}

#[expect(clippy::too_many_arguments, reason = "the inner part of one loop")]
fn target(
    columns: &[Column],
    codes: &[Vec<u32>],
    sizes: &[usize],
    order: &[usize],
    position: usize,
    plan: Plan,
    steps: &[f64],
    run: &Run,
    stream: &(dyn Fn(usize) -> daotwin_core::Stream + Sync),
) -> Result<Target> {
    let column = order[position];
    let number = columns[column].kind.labels().is_none();
    let classes = order::classes(&codes[column], sizes[column], number);
    let bins: Vec<Option<Vec<u8>>> = order[..position]
        .iter()
        .map(|&feature| {
            let labels = columns[feature].kind.labels().is_some() && sizes[feature] > 2;
            labels.then(|| order::bins(&codes[feature], sizes[feature], &classes, BINS))
        })
        .collect();
    let features: Vec<Vec<u8>> = order[..position]
        .iter()
        .zip(&bins)
        .map(|(&feature, bins)| match bins {
            Some(bins) => codes[feature].iter().map(|&code| bins[code as usize]).collect(),
            None => codes[feature].iter().map(|&code| code as u8).collect(),
        })
        .collect();
    run.check()?;
    let features: Vec<&[u8]> = features.iter().map(Vec::as_slice).collect();
    let data = Data { features: &features, classes: &classes, steps };
    let growth = Growth {
        min_leaf: plan.min_leaf,
        tried: (plan.tried * position as f64).ceil() as usize,
        min_gain: plan.min_gain,
        class_gain: plan.class_gain,
    };
    let rows = codes[column].len();
    // Without a feature there is nothing to grow, and every tree would be the same.
    let trees = if position == 0 { 1 } else { plan.trees };
    let trees = (0..trees)
        .into_par_iter()
        .map(|tree| {
            let mut stream = stream(tree);
            let mut order: Vec<u32> = (0..rows as u32).collect();
            let share = if trees == 1 { 1.0 } else { plan.share };
            let kept = ((rows as f64 * share).ceil() as usize).clamp(1, rows.min(GROWN_FROM));
            if kept < rows {
                for place in 0..kept {
                    let other = place + stream.below((rows - place) as u64) as usize;
                    order.swap(place, other);
                }
                order.truncate(kept);
                order.sort_unstable();
            }
            let mut nodes = 0_u32;
            let grown = grow::grow(&data, &mut order, growth, &mut stream, || {
                nodes += 1;
                !nodes.is_multiple_of(16) || run.check().is_ok()
            });
            run.check()?;
            let leaf: Vec<u32> =
                (0..rows).map(|row| leaf_of(&grown, |feature| features[feature][row]) as u32).collect();
            let wide = plan.wide * plan.min_leaf;
            Ok::<_, Error>(Tree::fill(grown, &leaf, &codes[column], sizes[column], wide, plan.smoothing))
        })
        .collect::<Result<Vec<Tree>>>()?;
    Ok(Target { column, trees, bins })
}
