//! AIM: round by round, the marginal that the model explains worst for its noise (McKenna, Mullins, Sheldon and
//! Miklau 2022, algorithm 4), for the workload of all triples of columns.
//!
//! Differences: a target, if there is one, weighs more in the workload; there are few rounds at first (the paper has
//! 16 for each column, each with so much noise that most of the budget goes into learning that nothing can be
//! learned); candidates are pairs, and the triples that lie within a bag of the junction tree, whose estimates cost
//! one sum each.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_privacy::Measurer;
use daotwin_privacy::noise::Noise;
use rayon::prelude::*;

use super::super::domain::{Clique, Projection, is_subset, union};
use super::super::inference::Engine;
use super::super::junction_tree::total_cells;
use super::{Effort, Learned, MEAN_SIZE, Select, UNITS, distance};
use crate::error::Result;

/// The share of a round that pays for its selection.
const SELECTION: f64 = 0.1;

/// What a marginal over the target weighs beyond the number of its attributes.
const TARGET_WEIGHT: i64 = 3;

/// Message passes of the estimate after each round, which starts from the last one.
const PASSES: usize = 40;

/// Rounds without noise for each attribute, at most.
pub(super) const EXACT_ROUNDS: usize = 4;

/// Cells of counted triples that are kept for the next round.
const KEPT_CELLS: usize = 1 << 22;

/// What the rows say of triples, as far as they were asked for.
#[derive(Default)]
struct Triples {
    counts: BTreeMap<Clique, Vec<i64>>,
    cells: usize,
}

/// A marginal that may be measured.
struct Candidate {
    clique: Clique,
    score: i64,
    /// What the model says now.
    expected: Vec<f64>,
}

/// What the rounds of AIM have to spend, as shares of the budget.
pub(super) struct Purse {
    left: f64,
    /// What the next round pays for its marginal, and for selecting it.
    pub(super) share: f64,
    pub(super) price: f64,
}

impl Purse {
    /// Pays for a round, the last of which takes all there is; false where nothing is left.
    pub(super) fn pay(&mut self) -> bool {
        if self.left <= 1e-6 {
            return false;
        }
        let last = self.left < 2.0 * (self.share + self.price);
        if last {
            (self.share, self.price) = (self.left * (1.0 - SELECTION), self.left * SELECTION);
        }
        self.left = if last { 0.0 } else { self.left - self.share - self.price };
        true
    }

    /// What was spent.
    pub(super) fn spent(&self) -> f64 {
        1.0 - self.left
    }

    /// Nothing was learned through the noise: less of it from now on.
    pub(super) fn pay_more(&mut self) {
        (self.share, self.price) = (self.share * 4.0, self.price * 4.0);
    }
}

impl Select<'_> {
    /// What every AIM begins with: the single columns, what is left, and the pairs with what the rows say of them.
    pub(super) fn opening<N: Noise>(
        &self,
        measurer: &mut Measurer<N>,
    ) -> Result<(Learned, Purse, Vec<Clique>, Vec<Vec<i64>>)> {
        let count = self.rows.domain.len();
        let rounds = (self.plan.rounds * count as f64).max(1.0);
        let share = if count < 2 { 1.0 } else { (1.0 - SELECTION) / rounds };
        let learned = self.singles(measurer, share)?;
        let purse = Purse { left: 1.0 - share * count as f64, share, price: SELECTION / rounds };
        let pairs = self.pairs(self.plan.max_cells);
        let counted = self.rows.all(&pairs);
        Ok((learned, purse, pairs, counted))
    }

    /// Reports a round.
    pub(super) fn report(&self, done: usize, purse: &Purse) -> Result<()> {
        let exact = done as f64 / (EXACT_ROUNDS * self.rows.domain.len()) as f64;
        self.progress.at(0.9 * if self.plan.rho.is_none() { exact } else { purse.spent() })
    }

    /// By how much a score moves with one row at most: the units of the heaviest marginal.
    pub(super) fn sensitivity(&self) -> u32 {
        (3 + self.plan.target.map_or(0, |_| TARGET_WEIGHT)) as u32 * UNITS as u32
    }

    pub(super) fn aim<N: Noise>(&self, measurer: &mut Measurer<N>) -> Result<Learned> {
        let domain = self.rows.domain;
        let (mut learned, mut purse, pairs, counted) = self.opening(measurer)?;
        if pairs.is_empty() {
            return Ok(learned);
        }
        let effort = Effort { passes: PASSES, ridge: self.plan.ridge };
        let (mut engine, mut total) = learned.estimate(domain, effort, self.progress.run)?;
        let exact = self.plan.rho.is_none();
        let mut done = 0;
        let mut triples = Triples::default();
        while purse.pay() {
            self.report(done, &purse)?;
            let sigma = self.sigma(purse.share);
            let room = if exact { 1.0 } else { purse.spent() };
            let candidates =
                self.candidates(&engine, &learned, &pairs, &counted, &mut triples, total, sigma, room)?;
            let scores: Vec<i64> = candidates.iter().map(|candidate| candidate.score).collect();
            if scores.is_empty()
                || (exact && (done == EXACT_ROUNDS * domain.len() || scores.iter().all(|&score| score <= 0)))
            {
                break;
            }
            let selected = measurer.select("a marginal", &scores, self.sensitivity(), purse.price)?;
            let Candidate { clique, expected, .. } = &candidates[selected];
            learned.add(self.ask(measurer, clique, &self.rows.counts(clique), purse.share)?);
            let before = total;
            (engine, total) = learned.estimate(domain, effort, self.progress.run)?;
            let after = engine.within(clique).unwrap_or_default();
            let moved: f64 =
                after.iter().zip(expected).map(|(new, old)| (new * total - old * before).abs()).sum();
            if moved <= MEAN_SIZE * sigma * after.len() as f64 {
                purse.pay_more();
            }
            done += 1;
        }
        Ok(learned)
    }

    /// What a marginal weighs: the triples of the workload that it tells something of.
    pub(super) fn weight(&self, clique: &[usize]) -> i64 {
        let target = self.plan.target.filter(|target| clique.contains(target));
        clique.len() as i64 + target.map_or(0, |_| TARGET_WEIGHT)
    }

    /// Every marginal that may be measured now, with its score.
    #[expect(clippy::too_many_arguments, reason = "the state of one round")]
    fn candidates(
        &self,
        engine: &Engine,
        learned: &Learned,
        pairs: &[Clique],
        counted: &[Vec<i64>],
        kept: &mut Triples,
        total: f64,
        sigma: f64,
        room: f64,
    ) -> Result<Vec<Candidate>> {
        let domain = self.rows.domain;
        let cliques: Vec<&[usize]> = learned.measured.iter().map(|one| one.clique.as_slice()).collect();
        let most = (self.plan.max_cells as f64 * room) as usize;
        let bags = &engine.tree().bags;
        let fits = |clique: &Clique| {
            bags.iter().any(|bag| is_subset(clique, bag))
                || total_cells(domain, cliques.iter().copied().chain([clique.as_slice()])) <= most
        };
        // Without noise a second look tells nothing.
        let known = |clique: &Clique| self.plan.rho.is_none() && cliques.contains(&clique.as_slice());
        let tables: Vec<Vec<Vec<f64>>> =
            (0..domain.len()).into_par_iter().map(|attribute| engine.pairs(attribute)).collect();
        let exact = self.plan.rho.is_none();
        let score = |clique: &Clique, counts: &[i64], expected: &[f64]| {
            // What noise, or without it the sampling of the rows, would leave of the distance.
            let error = |p: &f64| if exact { MEAN_SIZE * (p * total).sqrt() } else { MEAN_SIZE * sigma };
            let penalty: f64 = expected.iter().map(error).sum();
            (distance(counts, expected, total) - (penalty * UNITS) as i64) * self.weight(clique)
        };
        let mut candidates: Vec<Option<Candidate>> = pairs
            .par_iter()
            .zip(counted)
            .map(|(pair, counts)| {
                self.progress.run.check()?;
                if known(pair) || !fits(pair) {
                    return Ok(None);
                }
                let expected = tables[pair[0]][pair[1]].clone();
                Ok(Some(Candidate { clique: pair.clone(), score: score(pair, counts, &expected), expected }))
            })
            .collect::<Result<_>>()?;
        let mut triples: BTreeSet<Clique> = BTreeSet::new();
        for bag in bags.iter().filter(|bag| bag.len() > 2) {
            for (place, &first) in bag.iter().enumerate() {
                for (next, &second) in bag.iter().enumerate().skip(place + 1) {
                    triples.extend(bag[next + 1..].iter().map(|&third| union(&[first, second], &[third])));
                }
            }
        }
        let triples: Vec<Clique> = triples.into_iter().filter(|triple| !known(triple)).collect();
        let mut new: Vec<Clique> = Vec::new();
        for triple in triples.iter().filter(|triple| !kept.counts.contains_key(*triple)) {
            kept.cells += domain.cells(triple);
            if kept.cells > KEPT_CELLS {
                break;
            }
            new.push(triple.clone());
        }
        let counts = self.rows.all(&new);
        kept.counts.extend(new.into_iter().zip(counts));
        let kept = &*kept;
        let within: Vec<Option<Candidate>> = triples
            .into_par_iter()
            .map(|triple| {
                self.progress.run.check()?;
                let Some(bag) = engine.tree().home(domain, &triple) else { return Ok(None) };
                let projection = Projection::new(domain, &engine.tree().bags[bag], &triple);
                let mut expected = vec![0.0; projection.cells()];
                projection.sum(&engine.beliefs()[bag], &mut expected);
                let score = match kept.counts.get(&triple) {
                    Some(counts) => score(&triple, counts, &expected),
                    None => score(&triple, &self.rows.counts(&triple), &expected),
                };
                Ok(Some(Candidate { clique: triple, score, expected }))
            })
            .collect::<Result<_>>()?;
        candidates.extend(within);
        Ok(candidates.into_iter().flatten().collect())
    }
}
