//! Noisy marginals taken apart into residuals, and put together again as any marginal.
//!
//! A table over a clique is the sum, over the subsets of the clique, of parts that sum to zero along each of their
//! attributes (the residual queries of Xiao, He, Zhang and Kifer 2023, ResidualPlanner, after the pseudo-inverse of
//! their subtraction matrices: one to one with them, and as large as the table itself instead of one code smaller
//! in each attribute). Parts of different subsets are orthogonal, so that weighted least squares over the whole
//! domain falls apart into one small problem a subset. There, the noise of every view of a part has the same shape:
//! from a clique `A` measured with variance `s^2` the part `t` has covariance `s^2 prod_{A - t} n_i` times
//! `prod_t (I - 1 1'/n_i)`. Views are therefore averaged with scalar weights, and the sum of parts is the exact
//! estimate of least squares and least norm (Mullins, Fuentes, Xiao, Kifer, Musco and Sheldon 2024, ReM, in closed
//! form), in time linear in the cells of the marginals. A part that was never measured is zero.

#[cfg(test)]
mod test;

use std::collections::BTreeMap;

use super::domain::{Clique, Domain, Projection, difference, is_subset};
use super::estimate::Measured;

/// Rounds of raking; the marginals that are raked agree but for what became of their negative cells.
const ROUNDS: usize = 8;

/// What is known of one part.
#[derive(Debug, Clone)]
struct Part {
    /// Sums to zero along each attribute.
    values: Vec<f64>,
    /// One over the scale of its noise.
    precision: f64,
}

/// The parts of all measured marginals; with a clique all its subsets are there.
#[derive(Debug, Clone)]
pub(super) struct Residuals<'a> {
    domain: &'a Domain,
    parts: BTreeMap<Clique, Part>,
}

impl<'a> Residuals<'a> {
    /// Of nothing.
    pub(super) fn new(domain: &'a Domain) -> Self {
        Self { domain, parts: BTreeMap::new() }
    }

    /// Takes a marginal apart and averages its parts with what is known, each weighted by its precision.
    pub(super) fn add(&mut self, one: &Measured) {
        for subset in subsets(&one.clique) {
            let projection = Projection::new(self.domain, &one.clique, &subset);
            let mut values = vec![0.0; projection.cells()];
            projection.sum(&one.values, &mut values);
            centre(self.domain, &subset, &mut values);
            let summed = one.values.len() / values.len();
            let precision = 1.0 / (one.sigma.powi(2) * summed as f64);
            match self.parts.get_mut(&subset) {
                None => {
                    self.parts.insert(subset, Part { values, precision });
                }
                Some(known) => {
                    let sum = known.precision + precision;
                    for (value, other) in known.values.iter_mut().zip(&values) {
                        *value = (*value * known.precision + other * precision) / sum;
                    }
                    known.precision = sum;
                }
            }
        }
    }

    /// Whether this clique's own part was measured.
    pub(super) fn knows(&self, clique: &[usize]) -> bool {
        self.parts.contains_key(clique)
    }

    /// The cliques whose parts are known, the smaller before the larger ones that begin with them.
    pub(super) fn cliques(&self) -> impl Iterator<Item = &Clique> {
        self.parts.keys()
    }

    /// How many rows there are, at least 1.
    pub(super) fn total(&self) -> f64 {
        self.parts.get(&Clique::new()).map_or(1.0, |part| part.values[0].max(1.0))
    }

    /// The counts over a clique: the sum of its parts, each spread evenly over the attributes that it lacks. Without
    /// bias, and negative here and there.
    pub(super) fn counts(&self, clique: &[usize]) -> Vec<f64> {
        let mut counts = vec![0.0; self.domain.cells(clique)];
        for subset in subsets(clique) {
            let Some(part) = self.parts.get(&subset) else { continue };
            let spread = (counts.len() / part.values.len()) as f64;
            let share: Vec<f64> = part.values.iter().map(|value| value / spread).collect();
            Projection::new(self.domain, clique, &subset).add(&mut counts, &share);
        }
        counts
    }

    /// The standard deviation of each of [`Residuals::counts`].
    pub(super) fn deviation(&self, clique: &[usize]) -> f64 {
        let of = |subset: &Clique| {
            let part = self.parts.get(subset)?;
            let own: f64 = subset.iter().map(|&at| 1.0 - 1.0 / self.domain.size(at) as f64).product();
            let spread = self.domain.cells(&difference(clique, subset)) as f64;
            Some(own / (part.precision * spread * spread))
        };
        subsets(clique).iter().filter_map(of).sum::<f64>().sqrt()
    }

    /// A distribution over a clique: the nearest one to its counts where its own part is known. Where it is not, the
    /// one of the most entropy with the distributions of the largest subsets that are (the product, for a pair): a
    /// table without the part would be even in the sums of its cells, which skewed columns are not.
    pub(super) fn law(&self, clique: &[usize]) -> Vec<f64> {
        if self.knows(clique) { nearest(self.counts(clique), self.total()) } else { self.raked(clique) }
    }

    /// The distribution of the most entropy with the distributions of the known proper subsets.
    pub(super) fn raked(&self, clique: &[usize]) -> Vec<f64> {
        let known: Vec<Clique> =
            subsets(clique).into_iter().filter(|one| one.len() < clique.len() && self.knows(one)).collect();
        let maximal = |one: &&Clique| known.iter().all(|other| other == *one || !is_subset(one, other));
        let goals: Vec<(Projection, Vec<f64>)> = known
            .iter()
            .filter(maximal)
            .map(|one| (Projection::new(self.domain, clique, one), self.law(one)))
            .collect();
        let cells = self.domain.cells(clique);
        let mut law = vec![1.0 / cells as f64; cells];
        // Marginals without a common attribute are met at once.
        let rounds = if known.iter().all(|one| one.len() < 2) { 1 } else { ROUNDS };
        for _ in 0..rounds {
            for (projection, goal) in &goals {
                let mut factors = vec![0.0; goal.len()];
                projection.sum(&law, &mut factors);
                for (factor, goal) in factors.iter_mut().zip(goal) {
                    *factor = if *factor > 0.0 { goal / *factor } else { 0.0 };
                }
                projection.multiply(&mut law, &factors);
            }
        }
        law
    }
}

/// All subsets of a clique, the empty one first.
pub(super) fn subsets(clique: &[usize]) -> Vec<Clique> {
    let mut all = vec![Clique::new()];
    for &attribute in clique {
        for place in 0..all.len() {
            let mut larger = all[place].clone();
            larger.push(attribute);
            all.push(larger);
        }
    }
    all
}

/// Takes from a table its means along each attribute.
fn centre(domain: &Domain, clique: &[usize], values: &mut [f64]) {
    for (place, &attribute) in clique.iter().enumerate() {
        let size = domain.size(attribute);
        let inner = domain.cells(&clique[place + 1..]);
        for block in values.chunks_exact_mut(size * inner) {
            for at in 0..inner {
                let mean = block.iter().skip(at).step_by(inner).sum::<f64>() / size as f64;
                block.iter_mut().skip(at).step_by(inner).for_each(|value| *value -= mean);
            }
        }
    }
}

/// The distribution nearest to counts that sum to `total`, by least squares: one number is taken from all, and what
/// falls below zero is zero. (Cutting off and scaling would leave the noise of the many empty cells in the table.)
fn nearest(counts: Vec<f64>, total: f64) -> Vec<f64> {
    let mut falling = counts.clone();
    falling.sort_unstable_by(|left, right| right.total_cmp(left));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (place, value) in falling.iter().enumerate() {
        sum += value;
        let next = (sum - total) / (place + 1) as f64;
        if *value <= next {
            break;
        }
        shift = next;
    }
    counts.into_iter().map(|value| (value - shift).max(0.0) / total).collect()
}
