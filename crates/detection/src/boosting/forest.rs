//! Boosted trees as data: grown by `forust-ml`, kept, checked and asked here.

use forust_ml::{GradientBooster, Matrix};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How hard trees try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Trees.
    pub trees: usize,
    /// What a tree may correct, from 0 to 1.
    pub rate: f32,
    /// Splits from the root to a leaf, at most.
    pub depth: usize,
    /// The least sum of curvature in a leaf: about four times as many rows where classes are even.
    pub leaf: f32,
}

impl Default for Effort {
    fn default() -> Self {
        Self { trees: 150, rate: 0.1, depth: 5, leaf: 4.0 }
    }
}

/// Rows to learn from, column by column.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    columns: Vec<Vec<f64>>,
    labels: Vec<f64>,
    weights: Vec<f64>,
}

impl Rows {
    /// None yet, of so many columns.
    pub fn new(columns: usize) -> Self {
        Self { columns: vec![Vec::new(); columns], labels: Vec::new(), weights: Vec::new() }
    }

    /// One more. A row counts as often as its weight says. Columns that it lacks are missing; what is over is left out.
    pub fn push(&mut self, row: &[f64], positive: bool, weight: f64) {
        for (place, column) in self.columns.iter_mut().enumerate() {
            column.push(row.get(place).copied().unwrap_or(f64::NAN));
        }
        self.labels.push(f64::from(u8::from(positive)));
        self.weights.push(weight);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    fn positives(&self) -> usize {
        self.labels.iter().filter(|&&label| label > 0.5).count()
    }
}

/// A node of a tree: one that asks whether a column is below a bound, or a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Node {
    /// The column; -1 for a leaf.
    column: i32,
    bound: f64,
    /// Below the bound.
    left: u32,
    right: u32,
    /// Where the column is missing.
    missing: u32,
    /// What the tree would say if it ended here, in natural logarithms of odds.
    value: f64,
}

/// Trees whose answers add up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forest {
    columns: usize,
    base: f64,
    trees: Vec<Vec<Node>>,
}

/// More trees, or larger ones, are none of ours.
const MOST_TREES: usize = 5_000;
const MOST_NODES: usize = 1 << 16;

impl Forest {
    /// Learns to tell positive rows from others (Chen and Guestrin 2016, logistic loss, histograms of 128 bins). On one thread
    /// and without randomness, so that the same rows give the same trees.
    ///
    /// # Errors
    /// Rows of one class alone; a failure of the library.
    pub fn fit(rows: &Rows, effort: Effort) -> Result<Self> {
        let positives = rows.positives();
        if positives == 0 || positives == rows.len() {
            let problem = format!(
                "of {} rows to learn from {positives} are positive; both kinds are needed",
                rows.len()
            );
            return Err(Error::Parameters { problems: vec![problem] });
        }
        // The library refuses columns without variance; they cannot help anyway.
        let usable: Vec<usize> = (0..rows.columns.len())
            .filter(|&place| {
                let mut known = rows.columns[place].iter().filter(|value| !value.is_nan());
                known.next().is_some_and(|first| known.any(|value| value != first))
            })
            .collect();
        let weight: f64 = rows.weights.iter().sum();
        let share =
            rows.labels.iter().zip(&rows.weights).map(|(label, weight)| label * weight).sum::<f64>() / weight;
        let base = (share / (1.0 - share)).ln();
        if usable.is_empty() {
            return Ok(Self { columns: rows.columns.len(), base, trees: Vec::new() });
        }
        let mut booster = GradientBooster::default()
            .set_iterations(effort.trees)
            .set_learning_rate(effort.rate)
            .set_max_depth(effort.depth)
            .set_max_leaves(1 << effort.depth.min(16))
            .set_min_leaf_weight(effort.leaf)
            .set_nbins(128)
            .set_base_score(base)
            .set_initialize_base_score(false)
            .set_parallel(false);
        let flat: Vec<f64> = usable.iter().flat_map(|&place| rows.columns[place].iter().copied()).collect();
        let matrix = Matrix::new(&flat, rows.len(), usable.len());
        booster
            .fit(&matrix, &rows.labels, &rows.weights, None)
            .map_err(|error| Error::Trees(error.to_string()))?;
        let trees = booster
            .trees
            .iter()
            .map(|tree| {
                tree.nodes
                    .iter()
                    .map(|node| Node {
                        column: if node.is_leaf { -1 } else { usable[node.split_feature] as i32 },
                        bound: if node.is_leaf { 0.0 } else { node.split_value },
                        left: if node.is_leaf { 0 } else { node.left_child as u32 },
                        right: if node.is_leaf { 0 } else { node.right_child as u32 },
                        missing: if node.is_leaf { 0 } else { node.missing_node as u32 },
                        value: f64::from(node.weight_value),
                    })
                    .collect()
            })
            .collect();
        Ok(Self { columns: rows.columns.len(), base, trees })
    }

    /// What is wrong with a forest that was read, where something is: nodes that lead nowhere or back, numbers that are none.
    pub(crate) fn problem(&self, columns: usize) -> Option<String> {
        if self.columns != columns || !self.base.is_finite() || self.trees.len() > MOST_TREES {
            return Some(format!("its trees are for {} columns; {columns} are known", self.columns));
        }
        for (place, tree) in self.trees.iter().enumerate() {
            let sound = |(index, node): (usize, &Node)| {
                let ahead = |child: u32| child as usize > index && (child as usize) < tree.len();
                node.value.is_finite()
                    && (node.column == -1
                        || ((0..columns as i32).contains(&node.column)
                            && node.bound.is_finite()
                            && [node.left, node.right, node.missing].into_iter().all(ahead)))
            };
            if tree.is_empty() || tree.len() > MOST_NODES || !tree.iter().enumerate().all(sound) {
                return Some(format!("tree {place} has a node that leads nowhere"));
            }
        }
        None
    }

    /// The natural logarithm of the odds that a row is positive.
    pub fn log_odds(&self, row: &[f64]) -> f64 {
        self.walk(row, |_, _| {})
    }

    /// What each column adds to the log-odds of a row: the change of the trees' answers at each split by it (Saabas 2014).
    pub fn reasons(&self, row: &[f64]) -> Vec<f64> {
        let mut parts = vec![0.0; self.columns];
        self.walk(row, |column, change| parts[column] += change);
        parts
    }

    fn walk(&self, row: &[f64], mut split: impl FnMut(usize, f64)) -> f64 {
        let mut sum = self.base;
        for tree in &self.trees {
            let mut node = &tree[0];
            while let Ok(column) = usize::try_from(node.column) {
                let value = row.get(column).copied().unwrap_or(f64::NAN);
                let next = if value.is_nan() {
                    node.missing
                } else if value < node.bound {
                    node.left
                } else {
                    node.right
                };
                let next = &tree[next as usize];
                split(column, next.value - node.value);
                node = next;
            }
            sum += node.value;
        }
        sum
    }

    /// What it takes.
    pub fn bytes(&self) -> usize {
        self.trees.iter().map(Vec::len).sum::<usize>() * size_of::<Node>()
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;
    use crate::measure::average_precision;

    fn draw(seed: u64) -> (Rows, Vec<[f64; 3]>, Vec<bool>) {
        let mut stream = Seed(seed).stream("forest");
        let (mut rows, mut plain, mut labels) = (Rows::new(3), Vec::new(), Vec::new());
        for _ in 0..2000 {
            let (a, b) = (stream.uniform(), stream.uniform());
            // Exclusive or: no single column tells. The third never changes.
            let row = [a, if b > 0.9 { f64::NAN } else { b }, 1.0];
            let label = (a > 0.5) != (b > 0.5);
            rows.push(&row, label, 1.0);
            plain.push(row);
            labels.push(label);
        }
        (rows, plain, labels)
    }

    #[test]
    fn trees_learn_are_kept_and_give_reasons_that_add_up() {
        let (rows, _, _) = draw(1);
        let (_, test, truth) = draw(2);
        let forest = Forest::fit(&rows, Effort::default()).unwrap();
        let scores: Vec<f64> = test.iter().map(|row| forest.log_odds(row)).collect();
        let reached = average_precision(&scores, &truth);
        assert!(reached > 0.95, "{reached}");
        // The control: the same trees against labels that are not theirs. Chance is one half.
        let shifted: Vec<bool> = truth.iter().cycle().skip(7).take(truth.len()).copied().collect();
        assert!(average_precision(&scores, &shifted) < 0.6);
        let text = serde_json::to_string(&forest).unwrap();
        let read: Forest = serde_json::from_str(&text).unwrap();
        assert_eq!(read, forest);
        assert_eq!(read.problem(3), None);
        for row in &test[..50] {
            let roots: f64 = forest.trees.iter().map(|tree| tree[0].value).sum();
            let whole = forest.base + roots + forest.reasons(row).iter().sum::<f64>();
            assert!((whole - forest.log_odds(row)).abs() < 1e-9);
        }
    }

    #[test]
    fn trees_that_lead_back_are_refused() {
        let (rows, _, _) = draw(1);
        let forest = Forest::fit(&rows, Effort { trees: 2, ..Effort::default() }).unwrap();
        let mut looped = forest.clone();
        looped.trees[0][0].left = 0;
        assert!(looped.problem(3).is_some());
        let mut wide = forest.clone();
        wide.trees[0][0].column = 3;
        assert!(wide.problem(3).is_some());
        assert!(forest.problem(4).is_some());
        let mut one = Rows::new(1);
        one.push(&[1.0], true, 1.0);
        assert!(Forest::fit(&one, Effort::default()).unwrap_err().to_string().contains("both kinds"));
    }
}
