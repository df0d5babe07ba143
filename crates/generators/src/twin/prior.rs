//! What other DAOs teach about one of which little or nothing is known.
//!
//! Three regimes behave differently (token governors, reputation DAOs, off-chain communities), so there is a
//! pooled law for each. They were made once from public histories of other DAOs (`prior.json`; its `daos`
//! names them), are constants of the program, and so cost no privacy. A private fit of one of those DAOs
//! would lean on its own past: [`Prior::pooled_from`] lets the fit refuse to claim otherwise, whatever the DAO
//! is called. The marks it goes by are hashes of public columns (proposal ids, times and numbers of choices).

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::Run;
use daotwin_core::statistics::{mean, quantile, standard_deviation};
use daotwin_history::view::DaoView;
use daotwin_privacy::Fingerprint;
use daotwin_privacy::ledger::marks;
use serde::{Deserialize, Serialize};

use super::bins::PowerGrid;
use super::charge::public_names;
use super::estimate::{exact_counts, outcomes};
use super::measure::{Query, Record, records};
use crate::error::{Error, Result};

/// Queries whose shares are pooled.
pub(crate) const POOLED: [Query; 12] = [
    Query::Count,
    Query::Gap,
    Query::Previous,
    Query::Time,
    Query::Session,
    Query::Steady,
    Query::Spread,
    Query::Level,
    Query::Hour,
    Query::BallotSize,
    Query::Choice,
    Query::Authored,
];

/// The kinds of DAO that behave alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Regime {
    /// Power is a token, votes are transactions.
    Governor,
    /// Power is earned.
    Reputation,
    /// Votes are signed messages.
    Community,
}

impl Regime {
    /// Told from the platform's name, which is public.
    pub(crate) fn of(platform: &str) -> Self {
        let platform = platform.to_lowercase();
        if platform.contains("daostack") || platform.contains("reputation") {
            Self::Reputation
        } else if platform.contains("snapshot") || platform.contains("offchain") {
            Self::Community
        } else {
            Self::Governor
        }
    }
}

/// The pooled law of one regime.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pooled {
    /// The DAOs it was made from.
    pub(crate) daos: Vec<String>,
    /// The marks of each of them: they tell its proposals under another name.
    #[serde(default)]
    pub(crate) marks: BTreeMap<String, Vec<Fingerprint>>,
    /// Mean shares of each query's cells, each DAO counting alike.
    pub(crate) shares: BTreeMap<String, Vec<f64>>,
    /// Pairs of the leading choice's share of heads and of power, with their weights.
    pub(crate) outcomes: Vec<[f32; 3]>,
    /// Mean and spread over DAOs of the mean log turnout, and the mean spread within a DAO.
    pub(crate) log_turnout: [f64; 3],
    /// Share of voters that are new.
    pub(crate) newcomers: f64,
    /// Mean and spread of members' log power.
    pub(crate) log_power: [f64; 2],
    /// Quantiles of members' log power less its mean, at [`quantile_shares`], each DAO counting alike: the
    /// lower tail is longer than the upper one.
    #[serde(default)]
    pub(crate) power_quantiles: Vec<f64>,
    /// Share of members without power.
    pub(crate) no_power: f64,
    /// Seconds: median gap between proposals, median window.
    pub(crate) calendar: [i64; 2],
}

/// The pooled laws.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prior {
    pub(crate) regimes: BTreeMap<Regime, Pooled>,
}

/// Edges of the classes of dissent (1 less the leading share) in which outcome pairs are pooled; the first
/// class is unanimity.
const DISSENT_EDGES: [f32; 15] =
    [1e-9, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7];

fn dissent_class(share: f32) -> usize {
    DISSENT_EDGES.partition_point(|&edge| edge <= 1.0 - share)
}

/// A leading share in the middle of a class.
fn typical_share(class: usize) -> f32 {
    let low = match class {
        0 => return 1.0,
        class => DISSENT_EDGES[class - 1].max(1e-6),
    };
    let high = DISSENT_EDGES.get(class).copied().unwrap_or(1.0);
    1.0 - (low * high).sqrt()
}

/// The shares of members at which powers are pooled; closer together at the top, which decides on
/// concentration.
pub(crate) fn quantile_shares() -> Vec<f64> {
    let body = (0..48).map(|step| f64::from(step) / 48.0);
    body.chain([0.985, 0.99, 0.995, 0.998, 1.0]).collect()
}

impl Prior {
    /// The prior that the program carries.
    ///
    /// # Errors
    /// [`Error::Defect`] if the embedded file is damaged.
    pub(crate) fn embedded() -> Result<Self> {
        serde_json::from_str(include_str!("prior.json"))
            .map_err(|error| Error::Defect(format!("the embedded prior: {error}")))
    }

    /// The law for a platform. Where its regime has no outcomes, those of the other regimes stand in.
    pub(crate) fn of(&self, platform: &str) -> Pooled {
        let mut law = self.regimes.get(&Regime::of(platform)).cloned().unwrap_or_default();
        if law.outcomes.is_empty() {
            law.outcomes = self.regimes.values().flat_map(|other| other.outcomes.iter().copied()).collect();
        }
        law
    }

    /// The DAO that the prior was made from and that this one is, going by its name or by proposals of it.
    ///
    /// A part `s` of a DAO's proposals is told with probability `1 - (1 - s)^16`, because each DAO left 16 marks.
    pub(crate) fn pooled_from(&self, view: &DaoView) -> Option<&str> {
        let names = public_names(view);
        let own: BTreeSet<Fingerprint> = names.iter().flat_map(|name| marks([name.as_str()])).collect();
        self.regimes.values().find_map(|pooled| {
            let named = pooled.daos.iter().find(|name| **name == view.dao);
            let marked = || {
                let mut known = pooled.marks.iter();
                known.find(|(_, marks)| marks.iter().any(|mark| own.contains(mark))).map(|(name, _)| name)
            };
            named.or_else(marked).map(String::as_str)
        })
    }

    /// Pools the laws of DAOs, each counting alike.
    ///
    /// # Errors
    /// Cancellation.
    pub(crate) fn pool(views: &[DaoView], run: &Run) -> Result<Self> {
        let mut regimes: BTreeMap<Regime, Vec<&DaoView>> = BTreeMap::new();
        for view in views.iter().filter(|view| !view.votes.is_empty()) {
            regimes.entry(Regime::of(&view.platform)).or_default().push(view);
        }
        let mut prior = Self::default();
        for (regime, views) in regimes {
            run.check()?;
            prior.regimes.insert(regime, pooled(&views));
        }
        Ok(prior)
    }
}

fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn pooled(views: &[&DaoView]) -> Pooled {
    let mut law = Pooled { daos: views.iter().map(|view| view.dao.clone()).collect(), ..Pooled::default() };
    let mut pairs: BTreeMap<(usize, usize), f32> = BTreeMap::new();
    let (mut levels, mut widths, mut newcomers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut power, mut without) = (Vec::new(), Vec::new());
    let (mut gaps, mut windows) = (Vec::new(), Vec::new());
    for view in views {
        law.marks.insert(view.dao.clone(), marks(public_names(view).iter().map(String::as_str)));
        let records = records(view, &BTreeMap::new());
        let counts = exact_counts(&records, PowerGrid::FINE, view.proposals.len());
        for query in POOLED {
            let values = counts.get(query);
            let total: f64 = values.iter().sum();
            let sums = law.shares.entry(query.name().to_owned()).or_insert_with(|| vec![0.0; values.len()]);
            if total > 0.0 {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value / total / views.len() as f64;
                }
            }
        }
        for (proposal, outcome) in view.proposals.iter().zip(outcomes(view, &vec![false; view.voters()])) {
            // With many choices to divide the votes between, a lead means something else.
            if proposal.votes.len() >= 3 && proposal.choices <= 3 {
                let lead = outcome.lead();
                // Where ballots are sets, shares of all entries, as in the other systems.
                let part = |shares: &[f32]| shares[lead] / shares.iter().sum::<f32>().max(1e-6);
                let cell = (dissent_class(part(&outcome.heads)), dissent_class(part(&outcome.power)));
                *pairs.entry(cell).or_default() += 1.0 / (view.proposals.len() * views.len()) as f32;
            }
        }
        let logs: Vec<f64> = view
            .proposals
            .iter()
            .filter(|proposal| !proposal.votes.is_empty())
            .map(|proposal| (proposal.votes.len() as f64).ln())
            .collect();
        levels.push(mean(&logs));
        widths.push(standard_deviation(&logs));
        newcomers.push(view.voters() as f64 / view.votes.len() as f64);
        let means: Vec<f64> = records.iter().filter_map(Record::mean_power).collect();
        without.push(means.iter().filter(|mean| **mean <= 0.0).count() as f64 / means.len().max(1) as f64);
        power.push(means.iter().filter(|mean| **mean > 0.0).map(|mean| mean.ln()).collect::<Vec<f64>>());
        let starts: Vec<i64> = view.proposals.iter().filter_map(|proposal| proposal.start_at).collect();
        gaps.push(median(starts.windows(2).map(|pair| pair[1] - pair[0]).collect()));
        let lengths = view.proposals.iter().filter_map(|p| p.start_at.zip(p.end_at).map(|(s, e)| e - s));
        windows.push(median(lengths.collect()));
    }
    law.outcomes = pairs
        .into_iter()
        .map(|((heads, power), weight)| [typical_share(heads), typical_share(power), weight])
        .collect();
    law.log_turnout = [mean(&levels), standard_deviation(&levels).max(0.5), mean(&widths)];
    law.newcomers = mean(&newcomers);
    law.log_power = [
        mean(&power.iter().map(|logs| mean(logs)).collect::<Vec<_>>()),
        mean(&power.iter().map(|logs| standard_deviation(logs)).collect::<Vec<_>>()),
    ];
    law.power_quantiles = quantile_shares()
        .into_iter()
        .map(|share| {
            let own = power.iter().filter(|logs| !logs.is_empty());
            mean(&own.map(|logs| quantile(logs, share) - mean(logs)).collect::<Vec<_>>())
        })
        .collect();
    law.no_power = mean(&without);
    law.calendar = [median(gaps), median(windows)];
    law
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_embedded_prior_is_whole() {
        let prior = Prior::embedded().unwrap();
        for regime in [Regime::Governor, Regime::Reputation, Regime::Community] {
            let law = &prior.regimes[&regime];
            for query in POOLED {
                let shares = &law.shares[query.name()];
                assert_eq!(shares.len(), query.cells(PowerGrid::FINE, 0));
                assert!(shares.iter().all(|share| share.is_finite() && *share >= 0.0));
            }
            assert!(!prior.of("snapshot").outcomes.is_empty());
            assert_eq!(law.power_quantiles.len(), quantile_shares().len());
            assert!(law.power_quantiles.is_sorted());
            assert!(law.daos.iter().all(|dao| !law.marks[dao].is_empty()));
        }
        // The DAOs on which private fits are demonstrated and tested are not in it.
        for dao in ["decentraland", "aave-v2", "compound-bravo"] {
            assert!(prior.regimes.values().all(|law| law.daos.iter().all(|name| name != dao)));
        }
    }
}
