//! Learning: a forest that tells real rows from drawn ones, grown again until it cannot.

use daotwin_core::{Run, Seed, Stream};
use daotwin_history::frame::{Column, Frame};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::leaves::{Bins, Leaves};
use crate::error::{Error, Result};
use crate::table::trees::codec::Codec;
use crate::table::trees::grow::{self, BINS, Data, Growth};
use crate::table::trees::order;
use crate::table::trees::tree::{Node, leaf_of};

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Trees of the forest.
    pub trees: usize,
    /// Rows, real and drawn together, that a leaf must have while it grows.
    pub min_leaf: usize,
    /// Rounds at most.
    pub rounds: usize,
    /// How much better than one half the forest may still be when the rounds end.
    pub delta: f64,
    /// How readily a leaf gives a value that it has not seen.
    pub smoothing: f64,
}

/// The share of all rows that a tree grows from; the others judge it.
const SHARE: f64 = 0.632;

/// Learns a forest of leaves.
pub(super) fn fit(frame: &Frame, plan: Plan, seed: Seed, run: &Run) -> Result<(Codec, Vec<Leaves>)> {
    let (codec, codes) = Codec::fit(frame, plan.min_leaf.max(5));
    let sizes = codec.discrete.sizes();
    let rows = frame.rows();
    let classes: Vec<Vec<u8>> = (0..codes.len())
        .into_par_iter()
        .map(|column| {
            let number = codec.columns()[column].kind.labels().is_none();
            order::classes(&codes[column], sizes[column], number)
        })
        .collect();
    let steps = grow::steps(2 * rows);
    let streams = seed.streams("fit forest");
    let mut drawn = apart(&codes, &mut seed.stream("fit forest: columns apart"));
    let mut best: Option<(f64, Vec<Leaves>)> = None;
    for round in 0..plan.rounds {
        run.step("fit forest", round as u64, plan.rounds as u64)?;
        let grown = (0..plan.trees)
            .into_par_iter()
            .map(|tree| {
                let mut stream = streams.stream((round * plan.trees + tree) as u64);
                one(codec.columns(), &codes, &drawn, &classes, &sizes, plan, &steps, run, &mut stream)
            })
            .collect::<Result<Vec<(Leaves, Vec<f32>)>>>()?;
        let accuracy = accuracy(grown.iter().map(|(_, votes)| votes.as_slice()), rows);
        let forest: Vec<Leaves> = grown.into_iter().map(|(leaves, _)| leaves).collect();
        // A forest that tells the rows of the one before it better apart has learned nothing new.
        let better = best.as_ref().is_none_or(|(least, _)| accuracy < *least);
        if better {
            let last = round + 1 == plan.rounds || accuracy <= 0.5 + plan.delta;
            if !last {
                drawn = redraw(&forest, rows, seed, round);
            }
            best = Some((accuracy, forest));
            if last {
                break;
            }
        } else {
            break;
        }
    }
    run.step("fit forest", plan.rounds as u64, plan.rounds as u64)?;
    let forest = best.map(|(_, forest)| forest).ok_or_else(|| Error::Defect("no forest".to_owned()))?;
    Ok((codec, forest))
}

/// Every column put in another order: its law without any other column.
fn apart(codes: &[Vec<u32>], stream: &mut Stream) -> Vec<Vec<u32>> {
    codes
        .iter()
        .map(|codes| {
            let mut codes = codes.clone();
            stream.shuffle(&mut codes);
            codes
        })
        .collect()
}

/// As many rows, drawn from the leaves of a forest.
fn redraw(forest: &[Leaves], rows: usize, seed: Seed, round: usize) -> Vec<Vec<u32>> {
    let mut stream = seed.streams("fit forest: rows").stream(round as u64);
    let width = forest.first().map_or(0, Leaves::width);
    let mut drawn = vec![Vec::with_capacity(rows); width];
    for _ in 0..rows {
        let tree = &forest[stream.below(forest.len() as u64) as usize];
        let leaf = tree.leaf(stream.below(rows as u64) as u32);
        for (column, drawn) in drawn.iter_mut().enumerate() {
            drawn.push(tree.draw(leaf, column, &mut stream));
        }
    }
    drawn
}

/// How many rows, real first, the trees that did not grow from them judge rightly. Half a point for a tie.
fn accuracy<'a>(votes: impl Iterator<Item = &'a [f32]>, rows: usize) -> f64 {
    let mut sum = vec![0.0_f64; 2 * rows];
    votes.for_each(|votes| sum.iter_mut().zip(votes).for_each(|(sum, vote)| *sum += f64::from(*vote)));
    let right = sum.iter().enumerate().map(|(row, sum)| {
        let signed = if row < rows { *sum } else { -sum };
        if signed > 0.0 {
            1.0
        } else if signed < 0.0 {
            0.0
        } else {
            0.5
        }
    });
    right.sum::<f64>() / (2 * rows) as f64
}

/// One tree: its leaves with the real rows in them, and for every row that it did not grow from the share of
/// real rows in its leaf, less one half.
#[expect(clippy::too_many_arguments, reason = "the inner part of one loop")]
fn one(
    columns: &[Column],
    codes: &[Vec<u32>],
    drawn: &[Vec<u32>],
    classes: &[Vec<u8>],
    sizes: &[usize],
    plan: Plan,
    steps: &[f64],
    run: &Run,
    stream: &mut Stream,
) -> Result<(Leaves, Vec<f32>)> {
    let width = codes.len();
    let rows = codes.first().map_or(0, Vec::len);
    let bins: Vec<Bins> = (0..width)
        .map(|column| {
            if columns[column].kind.labels().is_none() || sizes[column] <= 2 || width == 1 {
                return Bins::plain(sizes[column]);
            }
            // The order of labels that another column gives, chosen by lot: trees differ in it.
            let other = (column + 1 + stream.below(width as u64 - 1) as usize) % width;
            Bins::new(order::bins(&codes[column], sizes[column], &classes[other], BINS))
        })
        .collect();
    let features: Vec<Vec<u8>> = (0..width)
        .map(|column| {
            let bin = |code: &u32| bins[column].bin(*code);
            codes[column].iter().chain(&drawn[column]).map(bin).collect()
        })
        .collect();
    let features: Vec<&[u8]> = features.iter().map(Vec::as_slice).collect();
    let real: Vec<u8> = (0..2 * rows).map(|row| u8::from(row < rows)).collect();
    let mut order: Vec<u32> = (0..2 * rows as u32).collect();
    let kept = ((2.0 * rows as f64 * SHARE).ceil() as usize).clamp(1, 2 * rows);
    for place in 0..kept {
        let other = place + stream.below((2 * rows - place) as u64) as usize;
        order.swap(place, other);
    }
    let mut outside = vec![false; 2 * rows];
    order[kept..].iter().for_each(|&row| outside[row as usize] = true);
    order.truncate(kept);
    order.sort_unstable();
    let growth = Growth {
        min_leaf: plan.min_leaf,
        tried: (width as f64).sqrt().ceil() as usize,
        min_gain: 0.0,
        class_gain: 0.0,
    };
    let data = Data { features: &features, classes: &real, steps };
    let mut nodes = 0_u32;
    let grown: Vec<Node> = grow::grow(&data, &mut order, growth, stream, || {
        nodes += 1;
        !nodes.is_multiple_of(16) || run.check().is_ok()
    });
    run.check()?;
    let leaf: Vec<u32> =
        (0..2 * rows).map(|row| leaf_of(&grown, |feature| features[feature][row]) as u32).collect();
    // Votes of the rows outside, by the rows inside.
    let leaves = grown.len().div_ceil(2);
    let mut inside = vec![[0_u32; 2]; leaves];
    (0..2 * rows)
        .filter(|&row| !outside[row])
        .for_each(|row| inside[leaf[row] as usize][usize::from(real[row])] += 1);
    let vote = |row: usize| {
        let [drawn, real] = inside[leaf[row] as usize];
        if outside[row] && drawn + real > 0 { real as f32 / (drawn + real) as f32 - 0.5 } else { 0.0 }
    };
    let votes = (0..2 * rows).map(vote).collect();
    Ok((Leaves::fill(grown, bins, &leaf[..rows], codes, sizes, plan.smoothing), votes))
}
