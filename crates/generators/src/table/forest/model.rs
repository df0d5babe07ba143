//! The fitted forest: a mixture of products, with exact densities, conditions on any columns, and imputation.

use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame, Values};
use daotwin_history::synthesizer::Failure;
use rayon::prelude::*;

use super::fit::Plan;
use super::leaves::Leaves;
use crate::error::Error;
use crate::table::trees::codec::{Allowed, Codec, put};
use crate::table::trees::tree::{LEAF, leaf_of};

/// A mixture: a tree by lot, a leaf by how many rows it has, every column by its law in that leaf.
#[derive(Debug)]
pub(super) struct Fitted {
    /// Values and codes.
    pub codec: Codec,
    /// The trees.
    pub forest: Vec<Leaves>,
    /// Rows learned from.
    pub rows: u64,
    /// The seed of the fit.
    pub seed: u64,
    /// How it was learned.
    pub plan: Plan,
}

/// The weight of every leaf of every tree.
struct Weights {
    /// Tree and leaf.
    of: Vec<(u32, u32)>,
    /// Sums of the weights up to and with each.
    sums: Vec<f64>,
}

impl Weights {
    fn draw(&self, stream: &mut Stream) -> (usize, usize) {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let at = stream.uniform() * total;
        let place = self.sums.partition_point(|sum| *sum <= at).min(self.of.len().saturating_sub(1));
        let (tree, leaf) = self.of[place];
        (tree as usize, leaf as usize)
    }
}

impl Fitted {
    /// Leaves that the evidence leaves, each weighted by its rows and the chance of the evidence in it.
    fn weights(&self, allowed: &[Option<Allowed>]) -> Weights {
        let evidence: Vec<(usize, &Allowed)> = allowed
            .iter()
            .enumerate()
            .filter_map(|(column, allowed)| allowed.as_ref().map(|allowed| (column, allowed)))
            .collect();
        let mut found = self.reach(&evidence, |tree, leaf| {
            let chance = |(column, allowed): &(usize, &Allowed)| tree.chance(leaf, *column, allowed);
            evidence.iter().map(chance).product::<f64>()
        });
        if found.sums.last().is_none_or(|sum| *sum <= 0.0) {
            // No leaf gives all of it together: as much of it as possible counts.
            found = self.reach(&[], |tree, leaf| {
                let chance =
                    |(column, allowed): &(usize, &Allowed)| tree.chance(leaf, *column, allowed).max(1e-9);
                evidence.iter().map(chance).product::<f64>()
            });
        }
        found
    }

    /// Every leaf that is not cut off by evidence of one single code, with its weight.
    fn reach(&self, evidence: &[(usize, &Allowed)], weight: impl Fn(&Leaves, usize) -> f64) -> Weights {
        let mut found = Weights { of: Vec::new(), sums: Vec::new() };
        let mut sum = 0.0;
        for (number, tree) in self.forest.iter().enumerate() {
            let mut single = vec![None; tree.width()];
            for (column, allowed) in evidence {
                if allowed.first == allowed.last {
                    single[*column] = Some(tree.bins(*column).bin(allowed.first));
                }
            }
            let mut stack = vec![0_usize];
            while let Some(at) = stack.pop() {
                let node = tree.nodes[at];
                let next = node.next as usize;
                if node.feature == LEAF {
                    let own = if tree.spans[next].len() == 0 {
                        0.0
                    } else {
                        tree.weight(next) * weight(tree, next)
                    };
                    if own > 0.0 {
                        sum += own;
                        found.of.push((number as u32, node.next));
                        found.sums.push(sum);
                    }
                    continue;
                }
                match single[usize::from(node.feature)] {
                    Some(bin) => stack.push(next + usize::from(bin > node.bin)),
                    None => stack.extend([next + 1, next]),
                }
            }
        }
        found
    }

    fn density(&self, frame: &Frame) -> Option<Vec<f64>> {
        let (codes, seen) = self.codec.encode(frame)?;
        let within: Vec<Option<&[f64]>> = self
            .columns()
            .iter()
            .map(|column| match frame.values(frame.index(&column.name)?) {
                Values::Number(values) => Some(values.as_slice()),
                Values::Code(_) => None,
            })
            .collect();
        let row = |row: usize| {
            if !seen[row] {
                return f64::NEG_INFINITY;
            }
            let trees = self.forest.iter().map(|tree| {
                let leaf = leaf_of(&tree.nodes, |column| tree.bins(column).bin(codes[column][row]));
                let chances = codes.iter().enumerate().map(|(column, codes)| {
                    let code = codes[row];
                    let alone = Allowed { first: code, last: code, shares: (1.0, 1.0), range: None };
                    tree.chance(leaf, column, &alone).ln()
                });
                tree.weight(leaf).ln() + chances.sum::<f64>()
            });
            let logs: Vec<f64> = trees.collect();
            let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if most == f64::NEG_INFINITY {
                return most;
            }
            let mean = logs.iter().map(|log| (log - most).exp()).sum::<f64>() / logs.len() as f64;
            let inner = within.iter().enumerate().filter_map(|(column, values)| {
                values.map(|values| self.codec.log_density(column, codes[column][row], values[row]))
            });
            most + mean.ln() + inner.sum::<f64>()
        };
        Some((0..frame.rows()).into_par_iter().map(row).collect())
    }

    /// The frame with every missing value drawn given the other values of its row. Values that are there stay
    /// as they are. None where the frame's columns are not the model's.
    fn fill(&self, frame: &Frame, stream: &mut Stream) -> Option<Frame> {
        if frame.columns() != self.columns() {
            return None;
        }
        let (codes, _) = self.codec.encode(frame)?;
        let mut values: Vec<Values> = (0..codes.len()).map(|column| frame.values(column).clone()).collect();
        for row in 0..frame.rows() {
            let missing: Vec<usize> =
                (0..codes.len()).filter(|&column| frame.values(column).is_missing(row)).collect();
            if missing.is_empty() {
                continue;
            }
            let allowed: Vec<Option<Allowed>> = (0..codes.len())
                .map(|column| {
                    let part = &self.codec.discrete.parts[column];
                    let code = codes[column][row];
                    let (first, last) = if missing.contains(&column) {
                        // Any value but none at all.
                        (
                            0,
                            part.missing()
                                .map_or(part.size() as u32 - 1, |missing| missing.saturating_sub(1)),
                        )
                    } else {
                        (code, code)
                    };
                    Some(Allowed { first, last, shares: (1.0, 1.0), range: None })
                })
                .collect();
            let weights = self.weights(&allowed);
            if weights.of.is_empty() {
                continue;
            }
            let (tree, leaf) = weights.draw(stream);
            for column in missing {
                let Some(allowed) = &allowed[column] else { continue };
                let code = self.forest[tree].draw_allowed(leaf, column, allowed, stream);
                let code = code.unwrap_or(allowed.first);
                put(&mut values[column], row, &self.codec.decode(column, &[code], None, stream), 0);
            }
        }
        Frame::new(Arc::clone(self.columns()), values).ok()
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
        let weights = (!conditions.is_empty()).then(|| self.weights(&allowed));
        let mut codes = vec![Vec::with_capacity(rows); allowed.len()];
        for _ in 0..rows {
            let (tree, leaf) = match &weights {
                Some(weights) if !weights.of.is_empty() => weights.draw(stream),
                _ => {
                    let tree = stream.below(self.forest.len() as u64) as usize;
                    (tree, self.forest[tree].leaf(stream.below(self.rows) as u32))
                }
            };
            let tree = &self.forest[tree];
            for (column, codes) in codes.iter_mut().enumerate() {
                codes.push(match &allowed[column] {
                    Some(allowed) => {
                        tree.draw_allowed(leaf, column, allowed, stream).unwrap_or(allowed.first)
                    }
                    None => tree.draw(leaf, column, stream),
                });
            }
        }
        let values = codes
            .iter()
            .enumerate()
            .map(|(column, codes)| self.codec.decode(column, codes, allowed[column].as_ref(), stream))
            .collect();
        Ok(Frame::new(Arc::clone(self.columns()), values).map_err(Error::from)?)
    }

    fn log_density(&self, frame: &Frame) -> Option<Vec<f64>> {
        self.density(frame)
    }

    fn impute(&self, frame: &Frame, stream: &mut Stream) -> Option<Frame> {
        self.fill(frame, stream)
    }

    fn save(&self, folder: &std::path::Path) -> std::result::Result<(), Failure> {
        Ok(super::store::write(self, folder)?)
    }
}
