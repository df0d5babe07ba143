//! The fitted trees: sampling, with and without conditions, and densities.

use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame, Values};
use daotwin_history::synthesizer::Failure;

use super::codec::{Allowed, Codec};
use super::fit::{Plan, Target};
use super::tree::{Leaf, Span, Tree, leaf_of};
use crate::error::Error;

/// How many times a row is drawn anew to meet conditions before the best supported of its draws is taken.
const ATTEMPTS: usize = 64;

/// Trees of every column given those before it.
#[derive(Debug)]
pub(crate) struct Fitted {
    /// Values and codes.
    pub codec: Codec,
    /// One a column, in the order in which they are drawn.
    pub targets: Vec<Target>,
    /// Rows learned from.
    pub rows: u64,
    /// The seed of the fit.
    pub seed: u64,
    /// How it was learned.
    pub plan: Plan,
}

/// Rows on their way: codes and bins of the columns drawn so far.
struct Draft {
    /// The bin of every column under the current target, row by row.
    bins: Vec<u8>,
    /// The code of every column, a list a position.
    codes: Vec<Vec<u32>>,
    /// Columns a row.
    width: usize,
    rows: usize,
}

impl Draft {
    fn new(width: usize, rows: usize) -> Self {
        Self { bins: vec![0; width * rows], codes: vec![vec![0; rows]; width], width, rows }
    }

    /// Bins of the columns before a target as its trees want them.
    fn bin(&mut self, target: &Target) {
        for (feature, bins) in target.bins.iter().enumerate() {
            let Some(bins) = bins else { continue };
            for (row, &code) in self.codes[feature].iter().enumerate() {
                self.bins[row * self.width + feature] = bins[code as usize];
            }
        }
    }

    fn leaf(&self, tree: &Tree, row: usize) -> usize {
        let bins = &self.bins[row * self.width..(row + 1) * self.width];
        leaf_of(&tree.nodes, |feature| bins[feature])
    }

    fn set(&mut self, position: usize, row: usize, code: u32) {
        self.codes[position][row] = code;
        self.bins[row * self.width + position] = code as u8;
    }
}

/// The chance that a tree's leaf gives an allowed code.
fn chance(tree: &Tree, leaf: &Leaf, allowed: &Allowed) -> f64 {
    let group =
        |(span, weight): (Span, f64)| if weight > 0.0 { weight * mass(tree, span, allowed) } else { 0.0 };
    tree.groups(leaf).map(group).iter().sum()
}

fn mass(tree: &Tree, span: Span, allowed: &Allowed) -> f64 {
    if span.len() == 0 {
        return 0.0;
    }
    let mut sum = tree.count(span, allowed.first, allowed.last) as f64;
    if allowed.shares.0 < 1.0 {
        sum -= (1.0 - allowed.shares.0) * tree.count(span, allowed.first, allowed.first) as f64;
    }
    if allowed.last > allowed.first && allowed.shares.1 < 1.0 {
        sum -= (1.0 - allowed.shares.1) * tree.count(span, allowed.last, allowed.last) as f64;
    }
    sum / span.len() as f64
}

/// A code that is allowed, drawn from a leaf; none where the leaf has none.
fn draw_allowed(tree: &Tree, leaf: &Leaf, allowed: &Allowed, stream: &mut Stream) -> Option<u32> {
    let parts = tree.groups(leaf);
    let weights =
        parts.map(|(span, weight)| if weight > 0.0 { mass(tree, span, allowed) * weight } else { 0.0 });
    if weights.iter().sum::<f64>() <= 0.0 {
        return None;
    }
    let span = parts[stream.weighted(&weights)].0;
    tree.draw_between(span, allowed, stream)
}

impl Fitted {
    /// Draws all columns of rows from `from` on, those with conditions among the allowed codes.
    fn complete(&self, draft: &mut Draft, from: usize, to: usize, stream: &mut Stream) {
        for position in from..to {
            let target = &self.targets[position];
            draft.bin(target);
            let trees = target.trees.len() as u64;
            for row in 0..draft.rows {
                let tree = &target.trees[stream.below(trees) as usize];
                let leaf = draft.leaf(tree, row);
                let code = tree.draw(leaf, stream);
                draft.set(position, row, code);
            }
        }
    }

    /// Draws the columns up to `to` for one attempt at every row; returns the weight of each: the chance, in
    /// the trees that were chosen, of the allowed values.
    fn attempt(
        &self,
        draft: &mut Draft,
        to: usize,
        allowed: &[Option<Allowed>],
        stream: &mut Stream,
    ) -> Vec<f64> {
        let mut weights = vec![1.0; draft.rows];
        for position in 0..to {
            let target = &self.targets[position];
            let Some(allowed) = &allowed[target.column] else {
                self.complete(draft, position, position + 1, stream);
                continue;
            };
            draft.bin(target);
            let trees = target.trees.len() as u64;
            for (row, weight) in weights.iter_mut().enumerate() {
                let tree = &target.trees[stream.below(trees) as usize];
                let leaf = &tree.leaves[draft.leaf(tree, row)];
                let code = draw_allowed(tree, leaf, allowed, stream);
                *weight *= if code.is_some() { chance(tree, leaf, allowed) } else { 0.0 };
                draft.set(position, row, code.unwrap_or(allowed.first));
            }
        }
        weights
    }

    /// Columns drawn so that every condition holds, and the law of the others follows from it: each row is
    /// drawn until it is accepted with the chance of its conditions over the greatest possible one; a row that
    /// is refused too often takes one of its draws by their weights.
    fn constrained(&self, rows: usize, to: usize, allowed: &[Option<Allowed>], stream: &mut Stream) -> Draft {
        let width = self.targets.len();
        let mut bound = 1.0;
        // The first conditions meet no earlier free column: they weigh the same in every row.
        for target in &self.targets[..to] {
            let Some(allowed) = &allowed[target.column] else { continue };
            let leaves =
                target.trees.iter().flat_map(|tree| tree.leaves.iter().map(move |leaf| (tree, leaf)));
            bound *= leaves.map(|(tree, leaf)| chance(tree, leaf, allowed)).fold(0.0, f64::max);
        }
        let mut done = Draft::new(width, rows);
        let mut sums = vec![0.0; rows];
        let mut open: Vec<usize> = (0..rows).collect();
        for _ in 0..ATTEMPTS {
            if open.is_empty() {
                break;
            }
            let mut draft = Draft::new(width, open.len());
            let weights = self.attempt(&mut draft, to, allowed, stream);
            let mut refused = Vec::new();
            for (place, (&row, &weight)) in open.iter().zip(&weights).enumerate() {
                let first = sums[row] == 0.0;
                sums[row] += weight;
                let accepted = bound > 0.0 && stream.uniform() * bound < weight;
                // Weighted reservoir: each draw so far stands with a chance proportional to its weight.
                if accepted || first || stream.uniform() * sums[row] < weight {
                    for position in 0..to {
                        done.set(position, row, draft.codes[position][place]);
                    }
                }
                if !accepted && bound > 0.0 {
                    refused.push(row);
                }
            }
            open = refused;
        }
        done
    }

    /// The natural logarithm of each row's density.
    fn density(&self, frame: &Frame) -> Option<Vec<f64>> {
        let (codes, seen) = self.codec.encode(frame)?;
        let mut draft = Draft::new(self.targets.len(), frame.rows());
        let mut sum = vec![0.0; frame.rows()];
        for (position, target) in self.targets.iter().enumerate() {
            draft.bin(target);
            let known = &codes[target.column];
            let values = match frame.values(frame.index(&self.columns()[target.column].name)?) {
                Values::Number(values) => Some(values),
                Values::Code(_) => None,
            };
            for (row, sum) in sum.iter_mut().enumerate() {
                let code = known[row];
                let alone = Allowed { first: code, last: code, shares: (1.0, 1.0), range: None };
                let chances =
                    target.trees.iter().map(|tree| chance(tree, &tree.leaves[draft.leaf(tree, row)], &alone));
                *sum += (chances.sum::<f64>() / target.trees.len() as f64).ln();
                if let Some(values) = values {
                    *sum += self.codec.log_density(target.column, code, values[row]);
                }
            }
            for (row, &code) in known.iter().enumerate() {
                draft.set(position, row, code);
            }
        }
        sum.iter_mut().zip(seen).filter(|(_, seen)| !seen).for_each(|(sum, _)| *sum = f64::NEG_INFINITY);
        Some(sum)
    }
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.codec.columns()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let allowed = self.codec.allowed(conditions)?;
        let last = self.targets.iter().rposition(|target| allowed[target.column].is_some());
        let mut draft = match last {
            Some(last) => self.constrained(rows, last + 1, &allowed, stream),
            None => Draft::new(self.targets.len(), rows),
        };
        self.complete(&mut draft, last.map_or(0, |last| last + 1), self.targets.len(), stream);
        let mut values: Vec<Option<Values>> = vec![None; self.targets.len()];
        for (target, codes) in self.targets.iter().zip(&draft.codes) {
            let column = target.column;
            values[column] = Some(self.codec.decode(column, codes, allowed[column].as_ref(), stream));
        }
        let values = values.into_iter().flatten().collect();
        Ok(Frame::new(Arc::clone(self.columns()), values).map_err(Error::from)?)
    }

    fn log_density(&self, frame: &Frame) -> Option<Vec<f64>> {
        self.density(frame)
    }

    fn save(&self, folder: &std::path::Path) -> std::result::Result<(), Failure> {
        Ok(super::store::write(self, folder)?)
    }
}
