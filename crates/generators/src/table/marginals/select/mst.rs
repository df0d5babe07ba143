//! MST: all single columns, then a spanning tree of pairs (McKenna, Miklau and Sheldon 2021).

use daotwin_privacy::Measurer;
use daotwin_privacy::noise::Noise;
use rayon::prelude::*;

use super::{Effort, Learned, MEAN_SIZE, Select, UNITS, distance};
use crate::error::Result;

/// Shares of the budget: single columns, selections, and what is left for pairs.
const SINGLES: f64 = 0.2;
const SELECTIONS: f64 = 0.1;

/// Message passes of the estimate that pairs are compared with; columns are independent in it.
const PASSES: usize = 60;

impl Select<'_> {
    pub(super) fn mst<N: Noise>(&self, measurer: &mut Measurer<N>) -> Result<Learned> {
        let domain = self.rows.domain;
        let count = domain.len();
        let share = if count > 1 { SINGLES } else { 1.0 } / count.max(1) as f64;
        let mut learned = self.singles(measurer, share)?;
        if count < 2 {
            return Ok(learned);
        }
        let (engine, rows) =
            learned.estimate(domain, Effort { passes: PASSES, ridge: self.plan.ridge }, self.progress.run)?;
        let laws: Vec<Vec<f64>> =
            (0..count).map(|attribute| engine.within(&[attribute]).unwrap_or_default()).collect();
        let pairs = self.pairs(self.plan.max_cells / count);
        self.progress.at(0.1)?;
        let scores: Vec<i64> = pairs
            .par_iter()
            .map(|pair| {
                self.progress.run.check()?;
                let (left, right) = (&laws[pair[0]], &laws[pair[1]]);
                let expected: Vec<f64> = left.iter().flat_map(|p| right.iter().map(move |q| p * q)).collect();
                // Reports lie apart from any law by their noise alone.
                let noise =
                    self.rows.deviation(pair).map_or(0.0, |sigma| MEAN_SIZE * sigma * expected.len() as f64);
                Ok(distance(&self.rows.counts(pair), &expected, rows) - (noise * UNITS) as i64)
            })
            .collect::<Result<_>>()?;
        // Kruskal's algorithm; `part` names the part of the forest that each attribute is in.
        let mut part: Vec<usize> = (0..count).collect();
        let edges = (count - 1) as f64;
        for edge in 1..count {
            self.progress.at(0.5 + 0.4 * edge as f64 / edges)?;
            let open: Vec<usize> = (0..pairs.len())
                .filter(|&at| part[pairs[at][0]] != part[pairs[at][1]])
                .filter(|&at| self.rows.reports.is_none() || scores[at] > 0)
                .collect();
            if open.is_empty() {
                break;
            }
            let scores: Vec<i64> = open.iter().map(|&at| scores[at]).collect();
            let selected = measurer.select("a pair of columns", &scores, UNITS as u32, SELECTIONS / edges)?;
            let pair = &pairs[open[selected]];
            let (from, to) = (part[pair[0]], part[pair[1]]);
            part.iter_mut().filter(|part| **part == from).for_each(|part| *part = to);
            let share = (1.0 - SINGLES - SELECTIONS) / edges;
            learned.add(self.ask(measurer, pair, &self.rows.counts(pair), share)?);
        }
        Ok(learned)
    }
}
