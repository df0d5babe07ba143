//! Contingency tables of coded rows.

use rayon::prelude::*;

use super::domain::{Clique, Domain};
use crate::local::{Report, invert};

/// Coded rows: one list of codes an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) domain: &'a Domain,
    pub(super) codes: &'a [Vec<u32>],
    /// How many.
    pub(super) count: usize,
    /// How each attribute's codes were reported, where they are reports and not the members' values.
    pub(super) reports: Option<&'a [Report]>,
}

impl Rows<'_> {
    /// How many rows lie in each cell of a clique. **One row more or less moves one cell by 1.** Of reports it is an
    /// estimate without bias, to which that does not apply.
    pub(super) fn counts(&self, clique: &[usize]) -> Vec<i64> {
        let counts = self.raw(clique);
        let Some(reports) = self.reports else { return counts };
        let mut table: Vec<f64> = counts.iter().map(|&count| count as f64).collect();
        let reports: Vec<&Report> = clique.iter().map(|&attribute| &reports[attribute]).collect();
        invert(&mut table, &reports);
        table.iter().map(|count| count.round() as i64).collect()
    }

    /// The standard deviation of the counts of a clique that comes of reporting; none where rows are no reports.
    pub(super) fn deviation(&self, clique: &[usize]) -> Option<f64> {
        let reports = self.reports?;
        let each: f64 = clique.iter().map(|&attribute| reports[attribute].variance()).product();
        Some((self.count as f64 * each).sqrt())
    }

    fn raw(&self, clique: &[usize]) -> Vec<i64> {
        let mut counts = vec![0_i64; self.domain.cells(clique)];
        match clique {
            [] => counts[0] = self.count as i64,
            [only] => self.codes[*only].iter().for_each(|&code| counts[code as usize] += 1),
            [left, right] => {
                let size = self.domain.size(*right);
                for (&left, &right) in self.codes[*left].iter().zip(&self.codes[*right]) {
                    counts[left as usize * size + right as usize] += 1;
                }
            }
            [first, second, third] => {
                let (middle, last) = (self.domain.size(*second), self.domain.size(*third));
                let pairs = self.codes[*first].iter().zip(&self.codes[*second]);
                for ((&first, &second), &third) in pairs.zip(&self.codes[*third]) {
                    counts[(first as usize * middle + second as usize) * last + third as usize] += 1;
                }
            }
            _ => {
                for row in 0..self.count {
                    let cell = clique.iter().fold(0, |cell, &attribute| {
                        cell * self.domain.size(attribute) + self.codes[attribute][row] as usize
                    });
                    counts[cell] += 1;
                }
            }
        }
        counts
    }

    /// The counts of several cliques, on all threads.
    pub(super) fn all(&self, cliques: &[Clique]) -> Vec<Vec<i64>> {
        cliques.par_iter().map(|clique| self.counts(clique)).collect()
    }
}
