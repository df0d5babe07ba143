//! What every metric is given: the real DAO, its samples, and what several metrics need.

use std::sync::OnceLock;

use daotwin_core::{Run, Seed};
use daotwin_history::facts::Facts;
use daotwin_history::synthesizer::{FitOptions, SampleOptions, Synthesizer};
use daotwin_history::view::DaoView;
use daotwin_history::{History, subset};

use crate::error::Result;
use crate::rows::Rows;
use crate::variants;

/// How to evaluate.
#[derive(Clone)]
pub struct Options<'a> {
    /// Drives every draw.
    pub seed: Seed,
    /// The DAO to evaluate, where the Histories hold several; all of them where not given.
    pub dao: Option<String>,
    /// Metrics to run, by the start of their id (`fidelity`, `privacy.copies`); all where empty.
    pub metrics: Vec<String>,
    /// Bootstraps for the floors of the facts.
    pub replicates: usize,
    /// Rows a side that classifiers look at.
    pub max_rows: usize,
    /// The model behind the samples, for attacks that train it on parts of the members.
    pub synthesizer: Option<&'a dyn Synthesizer>,
    /// Shadow models that the membership attack learns on, for each model attacked.
    pub shadows: usize,
    /// Random halves of the members that attacks train the model on, at most; see [`Context::refits`].
    pub splits: usize,
    /// Samples of a twin that learned the first 70 % of the proposals only, each as long as the whole DAO.
    pub forecasts: &'a [History],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            seed: Seed(0),
            dao: None,
            metrics: Vec::new(),
            replicates: 200,
            max_rows: 20_000,
            synthesizer: None,
            shadows: 3,
            splits: 25,
            forecasts: &[],
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Options")
            .field("seed", &self.seed)
            .field("dao", &self.dao)
            .field("metrics", &self.metrics)
            .field("synthesizer", &self.synthesizer.map(Synthesizer::name))
            .finish_non_exhaustive()
    }
}

/// A synthetic DAO with the members whose data it saw and members whose data it did not.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What the model learned from.
    pub train: DaoView,
    /// Others of the same DAO.
    pub holdout: DaoView,
    /// What the model gave.
    pub synthetic: DaoView,
}

/// What every metric is given.
#[derive(Debug)]
pub struct Context<'a> {
    /// The real DAO.
    pub real: &'a DaoView,
    /// The samples, at least one.
    pub samples: &'a [DaoView],
    /// Real members that the model did not learn from.
    pub holdout: Option<&'a DaoView>,
    /// Samples for the forecast, as [`Options::forecasts`].
    pub forecasts: &'a [DaoView],
    /// The whole real History, for attacks that train the model.
    pub history: Option<&'a History>,
    /// How to evaluate.
    pub options: &'a Options<'a>,
    facts: OnceLock<(Facts, Vec<Facts>)>,
    halves: OnceLock<(DaoView, DaoView)>,
    independent: OnceLock<DaoView>,
    rows: OnceLock<(Rows, Rows)>,
    given: OnceLock<Option<Trial>>,
    refits: Vec<OnceLock<Trial>>,
}

/// Fewer halves than these give no interval worth the name: which half the largest members are in moves what
/// a model learns more than the number of members tells.
const LEAST_SPLITS: usize = 10;
/// Voters times halves that bring the standard error of a membership attack's area to about 0.01: with half
/// of `N` voters inside and a quarter attacked outside, one half's area varies by `0.5 / N` where the attack
/// is a guess (Hanley and McNeil 1982).
const VOTERS_ATTACKED: usize = 5_000;

fn refits(voters: usize, options: &Options<'_>) -> usize {
    match options.synthesizer {
        Some(_) => {
            VOTERS_ATTACKED.div_ceil(voters.max(1)).clamp(LEAST_SPLITS, options.splits.max(LEAST_SPLITS))
        }
        None => 0,
    }
}

impl<'a> Context<'a> {
    /// A context. `history` is the real History that `real` is a DAO of.
    pub fn new(
        real: &'a DaoView,
        samples: &'a [DaoView],
        holdout: Option<&'a DaoView>,
        forecasts: &'a [DaoView],
        history: Option<&'a History>,
        options: &'a Options<'a>,
    ) -> Self {
        Self {
            real,
            samples,
            holdout,
            forecasts,
            history,
            options,
            facts: OnceLock::new(),
            halves: OnceLock::new(),
            independent: OnceLock::new(),
            rows: OnceLock::new(),
            given: OnceLock::new(),
            refits: (0..refits(real.voters(), options)).map(|_| OnceLock::new()).collect(),
        }
    }

    /// How many random halves of the members the model is trained on for the attacks on membership, whose
    /// figures are averages over them: at least ten, and in a small DAO, whose model is soon trained, as many
    /// as bring the standard error to about 0.01, up to [`Options::splits`]. 0 without the model.
    pub fn refits(&self) -> usize {
        self.refits.len()
    }

    /// The facts of the real DAO and of each sample.
    pub fn facts(&self) -> &(Facts, Vec<Facts>) {
        self.facts.get_or_init(|| (Facts::of(self.real), self.samples.iter().map(Facts::of).collect()))
    }

    /// Two random halves of the real members.
    pub fn halves(&self) -> &(DaoView, DaoView) {
        self.halves.get_or_init(|| variants::halves(self.real, self.options.seed))
    }

    /// The real DAO with independent columns.
    pub fn independent(&self) -> &DaoView {
        self.independent.get_or_init(|| variants::independent_columns(self.real, self.options.seed))
    }

    /// The vote rows of the real DAO and of the first sample.
    pub fn rows(&self) -> &(Rows, Rows) {
        self.rows.get_or_init(|| (Rows::of(self.real), Rows::of(&self.samples[0])))
    }

    /// What the attacks on members look at: the holdout given, or a model trained on a random half of the
    /// members; `None` where there is neither.
    ///
    /// # Errors
    /// A failure of the synthesizer.
    pub fn trial(&self, run: &Run) -> Result<Option<&Trial>> {
        let given = self.given.get_or_init(|| {
            self.holdout.map(|holdout| Trial {
                train: self.real.clone(),
                holdout: holdout.clone(),
                synthetic: self.samples[0].clone(),
            })
        });
        match given {
            Some(trial) => Ok(Some(trial)),
            None => self.refit(0, run),
        }
    }

    /// A model trained on a random half of the members, which half depending on `index`; `None` from
    /// [`Context::refits`] on. Trained when first asked for, and kept.
    ///
    /// # Errors
    /// A failure of the synthesizer.
    pub fn refit(&self, index: usize, run: &Run) -> Result<Option<&Trial>> {
        let (Some(kept), Some(synthesizer), Some(history)) =
            (self.refits.get(index), self.options.synthesizer, self.history)
        else {
            return Ok(None);
        };
        if kept.get().is_none() {
            let trial = fit_on_half(synthesizer, history, self.real, self.options.seed, index as u64, run)?;
            return Ok(Some(kept.get_or_init(|| trial)));
        }
        Ok(kept.get())
    }
}

/// Trains the model on a random half of the members, which half depending on `index`.
///
/// # Errors
/// A failure of the synthesizer.
fn fit_on_half(
    synthesizer: &dyn Synthesizer,
    history: &History,
    real: &DaoView,
    seed: Seed,
    index: u64,
    run: &Run,
) -> Result<Trial> {
    let streams = seed.streams(&format!("evaluation trial {index}"));
    let inside: Vec<bool> = (0..real.members.len()).map(|m| streams.stream(m as u64).chance(0.5)).collect();
    let outside: Vec<bool> = inside.iter().map(|&member| !member).collect();
    let names: std::collections::BTreeSet<&str> = real
        .members
        .iter()
        .zip(&inside)
        .filter(|(_, inside)| **inside)
        .map(|(name, _)| name.as_str())
        .collect();
    let part = subset::with_members(history, &|member| names.contains(member))?;
    let seed = Seed(seed.streams("evaluation trial seed").stream(index).bits());
    let options = FitOptions { seed, dao: Some(real.dao.clone()), ..FitOptions::default() };
    let fitted = synthesizer.fit(&part, &options, run)?;
    let sample = fitted.sample(&SampleOptions { seed, ..SampleOptions::default() }, run)?;
    let mut views = DaoView::all(&sample)?;
    if views.is_empty() {
        views.push(DaoView { dao: real.dao.clone(), ..DaoView::default() });
    }
    Ok(Trial {
        train: variants::with_members(real, &inside),
        holdout: variants::with_members(real, &outside),
        synthetic: views.swap_remove(0),
    })
}
