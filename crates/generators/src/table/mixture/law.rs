//! From counts to probabilities: the step of maximisation, with its priors.

use rayon::prelude::*;

use crate::table::trees::codec::Codec;

/// Expected counts. Lists run over codes, and over components within a code.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    /// Rows of each component.
    pub(super) rows: Vec<f64>,
    /// One list a column.
    pub(super) columns: Vec<Vec<f32>>,
}

/// What all components share.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) components: usize,
    /// Codes of each column.
    pub(super) sizes: Vec<usize>,
    /// The codes of each column that stand in an order, from 0; none for labels.
    ordered: Vec<usize>,
    /// The share of the rows that each code has.
    pub(super) margins: Vec<Vec<f64>>,
    smoothing: f64,
}

/// How much likelier a component is beforehand, in rows.
const COMPONENT: f64 = 0.01;

impl Shape {
    pub(super) fn new(codec: &Codec, codes: &[Vec<u32>], components: usize, smoothing: f64) -> Self {
        let sizes = codec.discrete.sizes();
        let ordered = codec.cuts.iter().map(|cuts| cuts.starts.len().saturating_sub(1)).collect();
        let margins = codes
            .par_iter()
            .zip(&sizes)
            .map(|(codes, &size)| {
                let mut counts = vec![0_u32; size];
                codes.iter().for_each(|&code| counts[code as usize] += 1);
                counts.iter().map(|&count| f64::from(count) / codes.len() as f64).collect()
            })
            .collect();
        Self { components, sizes, ordered, margins, smoothing }
    }

    pub(super) fn empty(&self) -> Counts {
        Counts {
            rows: vec![0.0; self.components],
            columns: self.sizes.iter().map(|size| vec![0.0; size * self.components]).collect(),
        }
    }

    /// Counts of components around one row each: half of the row, wider where codes have an order, and half of
    /// the whole table.
    pub(super) fn around(&self, codes: &[Vec<u32>], rows: &[usize], weight: f64) -> Counts {
        let mut counts = self.empty();
        counts.rows.fill(weight);
        for (column, all) in counts.columns.iter_mut().enumerate() {
            for (code, own) in all.chunks_exact_mut(self.components).enumerate() {
                own.fill((0.5 * weight * self.margins[column][code]) as f32);
            }
            let ordered = self.ordered[column];
            let reach = ordered / 12;
            for (component, &row) in rows.iter().enumerate() {
                let code = codes[column][row] as usize;
                let (first, last) = if code < ordered {
                    (code.saturating_sub(reach), (code + reach).min(ordered - 1))
                } else {
                    (code, code)
                };
                let near: f64 = self.margins[column][first..=last].iter().sum();
                for code in first..=last {
                    let part = 0.5 * weight * self.margins[column][code] / near;
                    all[code * self.components + component] += part as f32;
                }
            }
        }
        counts
    }

    /// The weights of the components.
    pub(super) fn weights(counts: &Counts) -> Vec<f64> {
        let total: f64 = counts.rows.iter().map(|rows| rows + COMPONENT).sum();
        counts.rows.iter().map(|rows| (rows + COMPONENT) / total).collect()
    }

    /// The probabilities of every column, as lists like the counts.
    pub(super) fn laws(&self, counts: &Counts) -> Vec<Vec<f64>> {
        (0..self.sizes.len()).into_par_iter().map(|column| self.law(counts, column)).collect()
    }

    /// The most probable table of a column. Labels have a Dirichlet prior around the whole table. Numbers have a
    /// Polya tree: every cut of their range in halves has a beta prior around the whole table, with as many rows
    /// as the smoothing at the first cut and more at finer ones, so that a component with few rows is smooth.
    pub(super) fn law(&self, counts: &Counts, column: usize) -> Vec<f64> {
        let (all, margin) = (&counts.columns[column], &self.margins[column]);
        let k = self.components;
        let ordered = self.ordered[column];
        // One row in all at least, whatever float sums say.
        let mut sums = vec![0.0; k];
        for own in all.chunks_exact(k) {
            sums.iter_mut().zip(own).for_each(|(sum, &count)| *sum += f64::from(count));
        }
        let mut law = vec![0.0; all.len()];
        for (code, own) in law.chunks_exact_mut(k).enumerate().skip(ordered) {
            let prior = self.smoothing * margin[code];
            for ((value, &count), sum) in own.iter_mut().zip(&all[code * k..]).zip(&sums) {
                *value = (f64::from(count) + prior) / (sum + self.smoothing);
            }
        }
        if ordered > 0 {
            let mut prefix = vec![0.0; (ordered + 1) * k];
            let mut mass = vec![0.0];
            for (code, share) in margin[..ordered].iter().enumerate() {
                let (before, after) = prefix.split_at_mut((code + 1) * k);
                let before = &before[code * k..];
                for ((after, before), &count) in after.iter_mut().zip(before).zip(&all[code * k..]) {
                    *after = before + f64::from(count);
                }
                mass.push(mass[code] + share);
            }
            // What is there, as opposed to missing.
            let prior = self.smoothing * mass[ordered];
            let present = prefix[ordered * k..].iter().zip(&sums);
            let present: Vec<f64> =
                present.map(|(count, sum)| (count + prior) / (sum + self.smoothing)).collect();
            let tree = Tree { k, smoothing: self.smoothing, prefix: &prefix, mass: &mass };
            tree.fill(0, ordered, 1.0, present, &mut law);
        }
        law
    }

    /// The logarithm of the priors' density at these counts' probabilities, up to a constant: what likelihood
    /// loses for them.
    #[cfg(test)]
    pub(super) fn log_prior(&self, counts: &Counts) -> f64 {
        let k = self.components;
        let mut sum: f64 = Self::weights(counts).iter().map(|weight| COMPONENT * weight.ln()).sum();
        for (column, law) in self.laws(counts).iter().enumerate() {
            let (margin, ordered) = (&self.margins[column], self.ordered[column]);
            let mut mass = vec![0.0];
            margin[..ordered].iter().for_each(|share| mass.push(mass[mass.len() - 1] + share));
            for component in 0..k {
                let of = |code: usize| law[code * k + component];
                let tree = |low: usize, high: usize| (low..high).map(of).sum::<f64>();
                for (code, share) in margin.iter().enumerate().skip(ordered) {
                    sum += self.smoothing * share * of(code).max(f64::MIN_POSITIVE).ln();
                }
                if ordered == 0 {
                    continue;
                }
                sum += self.smoothing * mass[ordered] * tree(0, ordered).ln();
                let mut open = vec![(0, ordered, 1.0)];
                while let Some((low, high, depth)) = open.pop() {
                    if high - low < 2 {
                        continue;
                    }
                    let middle = halve(&mass, low, high);
                    let strength = self.smoothing * depth;
                    for (from, to) in [(low, middle), (middle, high)] {
                        let prior = strength * (mass[to] - mass[from]) / (mass[high] - mass[low]);
                        sum += prior * (tree(from, to) / tree(low, high)).ln();
                        open.push((from, to, depth + 1.0));
                    }
                }
            }
        }
        sum
    }
}

/// Where a range of codes is cut in two, by the rows on each side.
fn halve(mass: &[f64], low: usize, high: usize) -> usize {
    let half = (mass[low] + mass[high]) / 2.0;
    let above = mass[low..=high].partition_point(|sum| *sum < half) + low;
    let nearer = above > low && half - mass[above - 1] < mass[above] - half;
    (if nearer { above - 1 } else { above }).clamp(low + 1, high - 1)
}

struct Tree<'a> {
    k: usize,
    smoothing: f64,
    prefix: &'a [f64],
    mass: &'a [f64],
}

impl Tree<'_> {
    fn fill(&self, low: usize, high: usize, depth: f64, probability: Vec<f64>, law: &mut [f64]) {
        let k = self.k;
        if high - low == 1 {
            law[low * k..high * k].copy_from_slice(&probability);
            return;
        }
        let middle = halve(self.mass, low, high);
        let strength = self.smoothing * depth;
        let whole = self.mass[high] - self.mass[low];
        let share = if whole > 0.0 { (self.mass[middle] - self.mass[low]) / whole } else { 0.5 };
        let at = |code: usize| &self.prefix[code * k..(code + 1) * k];
        let mut left = vec![0.0; k];
        let mut right = probability;
        let sums = at(low).iter().zip(at(middle)).zip(at(high));
        for ((left, right), ((low, middle), high)) in left.iter_mut().zip(&mut right).zip(sums) {
            let scale = *right / (high - low + strength);
            *left = (middle - low + strength * share) * scale;
            *right = (high - middle + strength * (1.0 - share)) * scale;
        }
        self.fill(low, middle, depth + 1.0, left, law);
        self.fill(middle, high, depth + 1.0, right, law);
    }
}
