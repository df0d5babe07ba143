//! What was learned: each proposal's figures and author, and forecasts that weigh past proposals.

use daotwin_core::statistics as core;
use daotwin_history::view::DaoView;

use super::FIGURES;
use super::pool::Ensemble;
use crate::Result;
use crate::calibration::record::Record;

/// How many figures.
pub(super) const COUNT: usize = FIGURES.len();

/// A record with what is public of each proposal before its voting.
#[derive(Debug, Clone)]
pub(super) struct Past {
    pub(super) record: Record,
    /// Who made each proposal; unknown authors are one.
    pub(super) authors: Vec<Option<String>>,
    /// Power cast, voters, passed, margin and the largest ballot's share of each.
    pub(super) figures: Vec<[f64; COUNT]>,
}

/// Turnout, voters, passed, margin and largest share of a proposal.
pub(super) fn figures(cast: f64, voters: f64, favour: f64, largest: f64) -> [f64; COUNT] {
    let passed = if favour.is_finite() { f64::from(u8::from(favour > 0.5)) } else { f64::NAN };
    [cast, voters, passed, (2.0 * favour - 1.0).abs(), largest]
}

impl Past {
    pub(super) fn of(view: &DaoView) -> Result<Self> {
        let voted = view.proposals.iter().filter(|proposal| !proposal.votes.is_empty());
        Ok(Self::new(Record::of(view)?, voted.map(|proposal| proposal.author.clone()).collect()))
    }

    pub(super) fn new(record: Record, authors: Vec<Option<String>>) -> Self {
        let one = |proposal: usize| {
            let found = record.figures(proposal);
            figures(found.cast, found.voters, found.favour, found.largest)
        };
        let figures = (0..record.proposals()).map(one).collect();
        Self { record, authors, figures }
    }

    /// What figures are in units of, learned before `origin`: the mean power cast and the mean number of voters.
    pub(super) fn units(&self, origin: usize) -> [f64; COUNT] {
        let mean = |figure: usize| {
            let values: Vec<f64> = self.figures[..origin].iter().map(|row| row[figure]).collect();
            core::mean(&values).max(f64::MIN_POSITIVE)
        };
        [mean(0), mean(1), 1.0, 1.0, 1.0]
    }

    /// The learned values of a figure.
    pub(super) fn learned(&self, origin: usize, figure: usize, unit: f64) -> Vec<f64> {
        self.figures[..origin]
            .iter()
            .map(|row| row[figure] / unit)
            .filter(|value| value.is_finite())
            .collect()
    }

    /// Past proposals as they were, weights halving with each `half_life` proposals; those of the target's author weigh
    /// n / (n + 2) where there were n of them.
    pub(super) fn again(
        &self,
        origin: usize,
        figure: usize,
        unit: f64,
        half_life: f64,
        author: Option<usize>,
    ) -> Ensemble {
        let recency: Vec<f64> =
            (0..origin).map(|at| 0.5_f64.powf((origin - 1 - at) as f64 / half_life)).collect();
        let all: f64 = recency.iter().sum();
        let same = |at: usize| author.is_some_and(|target| self.authors[at] == self.authors[target]);
        let n = (0..origin).filter(|at| same(*at)).count() as f64;
        let own: f64 = (0..origin).filter(|at| same(*at)).map(|at| recency[at]).sum();
        let share = n / (n + 2.0);
        let weight = |at: usize| {
            let of_author = if same(at) { share * recency[at] / own } else { 0.0 };
            of_author + (1.0 - share) * recency[at] / all
        };
        Ensemble::weighted((0..origin).map(|at| (self.figures[at][figure] / unit, weight(at))))
    }
}
