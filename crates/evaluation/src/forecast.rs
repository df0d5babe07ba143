//! Does what came lie in the range that the twin foretold? The twin learned the first 70 % of the proposals.

use daotwin_core::Run;
use daotwin_core::document::{Outcome, Score};
use daotwin_core::statistics::{gini, nakamoto, quantile};
use daotwin_history::view::DaoView;

use crate::context::Context;
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};
use crate::rows::leader;
use crate::utility::TRAIN_SHARE;

/// What is foretold: name, words, meaning.
pub const FIGURES: [(&str, &str, &str); 5] = [
    ("turnout", "turnout", "mean ballots of a proposal"),
    ("new_members", "new members", "members of the last proposals that did not vote on the first ones"),
    (
        "gini",
        "concentration (Gini)",
        "Gini coefficient of the mean power of those who vote on the last proposals",
    ),
    (
        "nakamoto",
        "concentration (Nakamoto)",
        "fewest voters on the last proposals with more than half of mean power",
    ),
    ("pass_rate", "pass rate", "share of proposals whose first choice (for, yes) has most power"),
];

/// The figures of the proposals after the first `share`, in the order of [`FIGURES`]; `None` where there is
/// no such proposal with a ballot.
pub fn figures(view: &DaoView, share: f64) -> Option<[f64; FIGURES.len()]> {
    // Proposals without a ballot are left out first: a twin makes none.
    let voted: Vec<usize> =
        (0..view.proposals.len()).filter(|&p| !view.proposals[p].votes.is_empty()).collect();
    let cut = (voted.len() as f64 * share).round() as usize;
    let (first, last) = voted.split_at(cut.min(voted.len()));
    if last.is_empty() {
        return None;
    }
    let votes = |proposals: &[usize]| -> Vec<u32> {
        proposals.iter().flat_map(|&p| view.proposals[p].votes.clone()).map(|vote| vote as u32).collect()
    };
    let mut known = vec![false; view.members.len()];
    for vote in votes(first) {
        known[view.votes[vote as usize].member as usize] = true;
    }
    let mut power = vec![(0_u32, 0.0); view.members.len()];
    let late = votes(last);
    for &vote in &late {
        let vote = &view.votes[vote as usize];
        let slot = &mut power[vote.member as usize];
        slot.0 += 1;
        slot.1 += view.tokens(vote);
    }
    let voters = power.iter().zip(&known).filter(|((votes, _), _)| *votes > 0);
    let new = voters.clone().filter(|(_, known)| !**known).count();
    let means: Vec<f64> = voters.map(|((votes, total), _)| total / f64::from(*votes)).collect();
    let passed = last.iter().filter(|&&p| leader(view, p).is_some_and(|(choice, _)| choice == 1)).count();
    Some([
        late.len() as f64 / last.len() as f64,
        new as f64,
        gini(&means),
        nakamoto(&means) as f64,
        passed as f64 / last.len() as f64,
    ])
}

/// One figure of the forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Foretold {
    /// What came.
    pub truth: f64,
    /// The 5th percentile, the median and the 95th percentile of the samples.
    pub range: (f64, f64, f64),
}

/// The forecast: what came in the last 30 % of the real proposals, and the range of the same figures over
/// samples that are each as long as the whole DAO; in the order of [`FIGURES`]. `None` without a sample or a
/// last proposal.
pub fn forecast(real: &DaoView, samples: &[DaoView]) -> Option<[Foretold; FIGURES.len()]> {
    let truth = figures(real, TRAIN_SHARE)?;
    let samples: Vec<_> = samples.iter().filter_map(|sample| figures(sample, TRAIN_SHARE)).collect();
    if samples.is_empty() {
        return None;
    }
    Some(std::array::from_fn(|figure| {
        let values: Vec<f64> = samples.iter().map(|sample| sample[figure]).collect();
        let [low, middle, high] = [0.05, 0.5, 0.95].map(|q| quantile(&values, q));
        Foretold { truth: truth[figure], range: (low, middle, high) }
    }))
}

/// The metric.
#[derive(Debug)]
pub struct Forecast;

impl Metric for Forecast {
    fn id(&self) -> &'static str {
        "forecast"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether the last 30 % of the proposals fell in the range foretold from the first 70 %.",
            source: "Out-of-time validation with prediction intervals",
            limits: "One split of one history: five truths, none of them independent of the others.",
        }
    }

    fn ids(&self) -> Vec<String> {
        FIGURES.iter().map(|(name, ..)| id(self.id(), name)).collect()
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        run.check()?;
        let Some(foretold) = forecast(context.real, context.forecasts) else {
            return Ok(Measured::skipped(
                self,
                "needs samples of a twin that learned the first 70 % of proposals",
            ));
        };
        let scores = FIGURES.iter().zip(foretold).map(|((name, label, meaning), figure)| {
            let (low, middle, high) = figure.range;
            Score {
                id: id(self.id(), name),
                label: (*label).to_owned(),
                value: middle,
                interval: Some((low, high)),
                references: vec![("what came".to_owned(), figure.truth)],
                bar: None,
                outcome: if low <= figure.truth && figure.truth <= high {
                    Outcome::Good
                } else {
                    Outcome::Bad
                },
                meaning: format!("{meaning}: median of the samples and their 90 % interval"),
            }
        });
        Ok(Measured { scores: scores.collect(), skipped: Vec::new() })
    }
}
