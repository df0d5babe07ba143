//! AIM with residuals (after AIM+GReM, arXiv 2602.05674): the rounds of [`super::aim`], in which the estimate of a
//! candidate is put together from the residuals of all measured marginals ([`Residuals`]) instead of a model of the
//! whole table.
//!
//! A round costs the candidates that share an attribute with what was measured last, and no measurement is
//! refused because the model of the whole would grow: no model of the whole exists. Rows need one: at the end the
//! strongest marginals that a junction tree of bounded size holds are put together from the residuals and explained
//! by the estimate of [`super::super::estimate`], once. A tree, and not columns one after the other given two others,
//! because the tree's densities and conditions on any columns are exact, and it is fitted and drawn from by what is
//! there. What does not fit into the tree still sharpens the marginals in it that it shares attributes with.

use std::collections::BTreeSet;

use daotwin_privacy::Measurer;
use daotwin_privacy::noise::Noise;
use rayon::prelude::*;

use super::super::domain::{Clique, Domain, union};
use super::super::estimate::Measured;
use super::super::junction_tree::total_cells;
use super::super::residual::{Residuals, subsets};
use super::aim::EXACT_ROUNDS;
use super::{Learned, MEAN_SIZE, Select, UNITS, distance};
use crate::error::Result;

/// Cells of a triple that may be measured, at most.
const TRIPLE_CELLS: usize = 1 << 15;

/// A marginal that may be measured, compared with the estimate when an attribute of it was last measured.
struct Candidate {
    clique: Clique,
    /// What the rows say; counted again for triples, which may be many and large.
    counts: Option<Vec<i64>>,
    distance: i64,
    /// What the sampling of the rows would leave of the distance.
    spread: f64,
    stale: bool,
}

impl Candidate {
    fn new(clique: Clique, counts: Option<Vec<i64>>) -> Self {
        Self { clique, counts, distance: 0, spread: 0.0, stale: true }
    }
}

impl Select<'_> {
    pub(super) fn grem<N: Noise>(&self, measurer: &mut Measurer<N>) -> Result<Learned> {
        let domain = self.rows.domain;
        let (mut learned, mut purse, pairs, counted) = self.opening(measurer)?;
        let mut residuals = Residuals::new(domain);
        learned.measured.iter().for_each(|one| residuals.add(one));
        let mut candidates: Vec<Candidate> =
            pairs.into_iter().zip(counted).map(|(pair, counts)| Candidate::new(pair, Some(counts))).collect();
        let exact = self.plan.rho.is_none();
        let most = EXACT_ROUNDS * domain.len();
        let mut done = 0;
        let mut triples = BTreeSet::new();
        while !candidates.is_empty() && purse.pay() {
            self.report(done, &purse)?;
            let sigma = self.sigma(purse.share);
            self.compare(&residuals, &mut candidates)?;
            let score = |one: &Candidate| {
                let penalty =
                    if exact { one.spread } else { MEAN_SIZE * sigma * domain.cells(&one.clique) as f64 };
                (one.distance - (penalty * UNITS) as i64) * self.weight(&one.clique)
            };
            let scores: Vec<i64> = candidates.iter().map(score).collect();
            if exact && (done == most || scores.iter().all(|&score| score <= 0)) {
                break;
            }
            let selected = measurer.select("a marginal", &scores, self.sensitivity(), purse.price)?;
            let clique = candidates[selected].clique.clone();
            let (before, rows) = (self.expected(&residuals, &clique), residuals.total());
            let one = self.ask(measurer, &clique, &self.rows.counts(&clique), purse.share)?;
            residuals.add(&one);
            learned.add(one);
            let (after, now) = (residuals.law(&clique), residuals.total());
            let moved: f64 = after.iter().zip(&before).map(|(new, old)| (new * now - old * rows).abs()).sum();
            if moved <= MEAN_SIZE * sigma * after.len() as f64 {
                purse.pay_more();
            }
            for one in &mut candidates {
                one.stale |= one.clique.iter().any(|attribute| clique.contains(attribute));
            }
            if exact {
                // Without noise a second look tells nothing.
                candidates.remove(selected);
            }
            for triple in self.triples(&residuals, &clique) {
                if triples.insert(triple.clone()) {
                    candidates.push(Candidate::new(triple, None));
                }
            }
            done += 1;
        }
        Ok(learned)
    }

    /// Brings the distances of stale candidates up to the estimate.
    fn compare(&self, residuals: &Residuals<'_>, candidates: &mut [Candidate]) -> Result<()> {
        let total = residuals.total();
        candidates.par_iter_mut().filter(|one| one.stale).try_for_each(|one| {
            self.progress.run.check()?;
            let expected = self.expected(residuals, &one.clique);
            one.distance = match &one.counts {
                Some(counts) => distance(counts, &expected, total),
                None => distance(&self.rows.counts(&one.clique), &expected, total),
            };
            one.spread = expected.iter().map(|p| MEAN_SIZE * (p * total).sqrt()).sum();
            one.stale = false;
            Ok(())
        })
    }

    /// What is expected of a clique. A pair that was not measured follows from those that were: where both its columns
    /// were measured with a third one, it is taken as independent given the third, by the one through which they
    /// depend most. (As if they were independent outright, pairs that others already explain would be measured again.)
    fn expected(&self, residuals: &Residuals<'_>, clique: &[usize]) -> Vec<f64> {
        let &[left, right] = clique else { return residuals.law(clique) };
        if residuals.knows(clique) {
            return residuals.law(clique);
        }
        let domain = self.rows.domain;
        let even = residuals.law(clique);
        let (rows, columns) = (domain.size(left), domain.size(right));
        let through = |third: usize| {
            let [first, second] = [left, right].map(|column| union(&[column], &[third]));
            if third == left || third == right || !residuals.knows(&first) || !residuals.knows(&second) {
                return None;
            }
            let size = domain.size(third);
            // One row of the table for each code of the third column, whichever stands first in the clique.
            let by_third = |pair: &[usize], own: usize| -> Vec<f64> {
                let law = residuals.law(pair);
                if pair[0] == third {
                    return law;
                }
                (0..size * own).map(|at| law[at % own * size + at / own]).collect()
            };
            let (first, second) = (by_third(&first, rows), by_third(&second, columns));
            let mut law = vec![0.0; rows * columns];
            for (first, second) in first.chunks_exact(rows).zip(second.chunks_exact(columns)) {
                let total: f64 = (first.iter().sum::<f64>() + second.iter().sum::<f64>()) / 2.0;
                if total > 0.0 {
                    for (own, left) in law.chunks_exact_mut(columns).zip(first) {
                        own.iter_mut().zip(second).for_each(|(cell, right)| *cell += left * right / total);
                    }
                }
            }
            let sum: f64 = law.iter().sum();
            law.iter_mut().for_each(|cell| *cell /= sum.max(f64::MIN_POSITIVE));
            let moved: f64 = law.iter().zip(&even).map(|(one, other)| (one - other).abs()).sum();
            Some((moved, law))
        };
        let strongest = (0..domain.len()).filter_map(through).max_by(|one, other| one.0.total_cmp(&other.0));
        strongest.map_or(even, |(_, law)| law)
    }

    /// The triples that a newly measured pair opens: two of their pairs are known.
    fn triples(&self, residuals: &Residuals<'_>, clique: &[usize]) -> Vec<Clique> {
        let &[left, right] = clique else { return Vec::new() };
        let domain = self.rows.domain;
        (0..domain.len())
            .filter(|other| !clique.contains(other))
            .filter(|&other| {
                residuals.knows(&union(&[left], &[other])) || residuals.knows(&union(&[right], &[other]))
            })
            .map(|other| union(clique, &[other]))
            .filter(|triple| domain.cells(triple) <= self.plan.max_cells.min(TRIPLE_CELLS))
            .collect()
    }
}

/// The marginals that rows are drawn from: of those whose residuals were measured, by how much they say beyond
/// their own subsets, as many as a junction tree of this many cells holds; with each all its subsets.
pub(in super::super) fn bounded(domain: &Domain, measured: &[Measured], max_cells: usize) -> Vec<Measured> {
    let mut residuals = Residuals::new(domain);
    measured.iter().for_each(|one| residuals.add(one));
    let total = residuals.total();
    let known: Vec<&Clique> = residuals.cliques().filter(|clique| clique.len() > 1).collect();
    let gain = |clique: &Clique| {
        let (with, without) = (residuals.law(clique), residuals.raked(clique));
        let distance: f64 = with.iter().zip(&without).map(|(p, q)| (p - q).abs()).sum();
        distance * total * clique.len() as f64
    };
    let mut strongest: Vec<(f64, &Clique)> = known.par_iter().map(|&clique| (gain(clique), clique)).collect();
    strongest.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(right.1)));
    let mut kept: BTreeSet<Clique> = (0..domain.len()).map(|attribute| vec![attribute]).collect();
    for (_, clique) in strongest {
        if !kept.contains(clique)
            && total_cells(domain, kept.iter().map(Vec::as_slice).chain([clique.as_slice()])) <= max_cells
        {
            kept.extend(subsets(clique).into_iter().filter(|subset| !subset.is_empty()));
        }
    }
    let one = |clique: Clique| Measured {
        values: residuals.counts(&clique),
        sigma: residuals.deviation(&clique),
        clique,
    };
    kept.into_iter().map(one).collect()
}
