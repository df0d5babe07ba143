//! A fit held against what came next: fitted on the first proposals, foretelling the others, beside three baselines.
//!
//! Each figure's forecast is a linear pool (Stone 1961) of nine ensembles, [`MEMBERS`]: the calibrated DAO simulated on,
//! the members that are known played on (an agent a known voter), and past proposals again, weighing by age and by
//! author. Who made a proposal is public before its voting; nothing else of the foretold proposals is used.
//! The weights are those that would have scored best within the learned part, held towards equal
//! ones: from half, 65 % and 80 % of it all nine foretell what follows there, the calibrated DAO fitted
//! anew each time.
//!
//! Scores are CRPS (Gneiting and Raftery 2007, equation 21); power cast and voters in units of their learned means; a
//! passing proposal is one with more power for than against, whatever its quorum.

mod baselines;
mod document;
mod members;
mod past;
mod pool;
mod pooled;
mod simulated;
#[cfg(test)]
mod test;

use daotwin_core::{Run, statistics as core};
use daotwin_history::view::DaoView;
use serde::Serialize;

use super::{Options, refuse};
use crate::{Error, Result};
use baselines::{Whole, baselines};
use past::{COUNT, Past};
use pool::{Energies, Ensemble};

pub use document::HEADS;
pub use pool::crps;
pub use pooled::{Pooled, pooled};

/// What is foretold of each proposal: power cast, voters, passing, margin, the largest ballot's share of power cast.
pub const FIGURES: [&str; 5] = ["turnout", "voters", "passed", "margin", "largest ballot"];
/// What it is held against.
pub const BASELINES: [&str; 3] = ["persistence", "recent ten", "beta-binomial"];
/// What the forecast is pooled of; numbers are half-lives in proposals.
pub const MEMBERS: [&str; 9] = [
    "calibrated DAO",
    "known members 5",
    "known members 15",
    "proposals 3",
    "proposals 10",
    "proposals 30",
    "all proposals",
    "author 10",
    "author",
];

/// Where in the learned part the pool's weights are learned.
const ORIGINS: [f64; 3] = [0.5, 0.65, 0.8];
/// How strongly weights are held towards equal ones.
const PULL: f64 = 1.0;

/// How one figure was foretold, mean over the proposals that came next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The figure.
    pub figure: &'static str,
    /// Proposals judged.
    pub proposals: usize,
    /// CRPS of the forecast.
    pub model: f64,
    /// CRPS of the calibrated DAO alone.
    pub simulated: f64,
    /// CRPS of each baseline.
    pub baselines: [f64; 3],
    /// Of each proposal, the forecast's CRPS less each baseline's.
    pub apart: Vec<[f64; 3]>,
    /// Share of 90 % intervals that held the truth; NaN for what is 0 or 1.
    pub coverage: f64,
    /// The recorded mean over these proposals, and the foretold mean.
    pub means: (f64, f64),
    /// The standard error of the recorded mean, from the proposals' own spread.
    pub error: f64,
    /// The weights of [`MEMBERS`].
    pub weights: Vec<f64>,
}

/// One DAO's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// The DAO.
    pub dao: String,
    /// Proposals learned and foretold.
    pub proposals: (usize, usize),
    /// A score a figure, in the order of [`FIGURES`]; a figure that no proposal has is missing.
    pub scores: Vec<Score>,
}

/// Raw figures by draw.
type Draws = Vec<[f64; COUNT]>;

/// What is foretold from one origin.
struct Outlook<'a> {
    past: &'a Past,
    origin: usize,
    units: [f64; COUNT],
    /// By proposal ahead.
    simulated: Vec<Draws>,
    played: [Draws; 2],
}

impl<'a> Outlook<'a> {
    fn new(
        past: &'a Past,
        origin: usize,
        end: usize,
        draws: usize,
        options: &Options,
        run: &Run,
    ) -> Result<Self> {
        let learned = past.record.first(origin);
        let simulated = simulated::futures(&learned, end - origin, draws, options, run)?;
        let streams = options.seed.streams("forecast members");
        let play = |number: u64, half_life: f64| {
            let mut stream = streams.stream(2 * origin as u64 + number);
            members::play(&learned, origin, half_life, draws, &mut stream)
        };
        let played = [play(0, 5.0), play(1, 15.0)];
        Ok(Self { past, origin, units: past.units(origin), simulated, played })
    }

    /// The ensembles of [`MEMBERS`] for a proposal.
    fn members(&self, target: usize, figure: usize) -> Vec<Ensemble> {
        let Self { past, origin, units, .. } = self;
        let unit = units[figure];
        let again =
            |half_life, author: bool| past.again(*origin, figure, unit, half_life, author.then_some(target));
        let played = |at: usize| Ensemble::equal(self.played[at].iter().map(|row| row[figure] / unit));
        // Simulated power is in units of its learned mean as it is.
        let scale = if figure == 0 { 1.0 } else { unit };
        let mut members = vec![
            Ensemble::equal(self.simulated[target - origin].iter().map(|row| row[figure] / scale)),
            played(0),
            played(1),
        ];
        let always = f64::INFINITY;
        for (half_life, author) in
            [(3.0, false), (10.0, false), (30.0, false), (always, false), (10.0, true), (always, true)]
        {
            members.push(again(half_life, author));
        }
        for at in 0..members.len() {
            if members[at].values.is_empty() {
                members[at] = again(always, false);
            }
        }
        members
    }

    fn truth(&self, target: usize, figure: usize) -> f64 {
        self.past.figures[target][figure] / self.units[figure]
    }
}

/// Fits the first `share` of a DAO's proposals and foretells the others, from `draws` simulations; four fits.
///
/// # Errors
/// [`Error::Parameters`] for a share outside 0.1 to 0.9, for fewer than 10 learned proposals or 5 foretold ones, and as
/// [`super::calibrate`].
pub fn forecast(view: &DaoView, share: f64, draws: u64, options: &Options, run: &Run) -> Result<Forecast> {
    let past = Past::of(view)?;
    let scores = judge(&view.dao, &past, view.supply, share, draws, options, run)?;
    Ok(Forecast { dao: view.dao.clone(), ..scores })
}

fn judge(
    dao: &str,
    past: &Past,
    supply: Option<f64>,
    share: f64,
    draws: u64,
    options: &Options,
    run: &Run,
) -> Result<Forecast> {
    let all = past.figures.len();
    if !(0.1..=0.9).contains(&share) || draws < 100 {
        let problem = format!("`share` is {share} and `draws` {draws}; give 0.1 to 0.9 and at least 100");
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let cut = (all as f64 * share).round() as usize;
    let learned = past.record.first(cut);
    refuse(dao, &learned, options)?;
    if all - cut < 5 {
        let problem = format!("DAO `{dao}` has {} proposals to foretell; 5 are needed", all - cut);
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let weights = weigh(past, cut, share, draws as usize, options, run)?;
    let outlook = Outlook::new(past, cut, all, draws as usize, options, run)?;
    let whole = Whole {
        members: learned.distinct() as f64,
        voters: outlook.units[1],
        power: supply.unwrap_or(0.0) / outlook.units[0],
    };
    let mut stream = options.seed.stream("calibration baselines");
    let mut scores = vec![];
    for (figure, name) in FIGURES.into_iter().enumerate() {
        let known = past.learned(cut, figure, outlook.units[figure]);
        let came: Vec<(usize, f64)> = (cut..all)
            .map(|target| (target, outlook.truth(target, figure)))
            .filter(|(_, truth)| truth.is_finite())
            .collect();
        if known.len() < 3 || came.is_empty() {
            continue;
        }
        let others = baselines(figure, &known, whole, &mut stream);
        let n = came.len() as f64;
        let (mut model, mut simulated, mut covered, mut foretold) = (0.0, 0.0, 0.0, 0.0);
        let (mut baselines, mut apart) = ([0.0; 3], vec![]);
        for (target, truth) in &came {
            run.check()?;
            let members = outlook.members(*target, figure);
            let pool = Ensemble::mixture(&members, &weights[figure]);
            let score = pool.crps(*truth);
            model += score / n;
            simulated += members[0].crps(*truth) / n;
            foretold += pool.mean() / n;
            covered += f64::from(u8::from(pool.holds(*truth))) / n;
            let theirs: [f64; 3] = std::array::from_fn(|at| others[at].crps(*truth));
            (0..3).for_each(|at| baselines[at] += theirs[at] / n);
            apart.push(theirs.map(|other| score - other));
        }
        let values: Vec<f64> = came.iter().map(|(_, truth)| *truth).collect();
        scores.push(Score {
            figure: name,
            proposals: came.len(),
            model,
            simulated,
            baselines,
            apart,
            coverage: if figure == 2 { f64::NAN } else { covered },
            means: (core::mean(&values), foretold),
            error: core::standard_deviation(&values) / n.sqrt(),
            weights: weights[figure].clone(),
        });
    }
    Ok(Forecast { dao: dao.to_owned(), proposals: (cut, all - cut), scores })
}

/// The pool's weights for each figure, from forecasts within the first `cut` proposals alone.
fn weigh(
    past: &Past,
    cut: usize,
    share: f64,
    draws: usize,
    options: &Options,
    run: &Run,
) -> Result<Vec<Vec<f64>>> {
    let mut energies = vec![Energies::new(MEMBERS.len()); COUNT];
    for part in ORIGINS {
        let origin = (cut as f64 * part).round() as usize;
        let end = cut.min((origin as f64 / share).ceil() as usize);
        if end <= origin || refuse("", &past.record.first(origin), options).is_err() {
            continue;
        }
        let outlook = Outlook::new(past, origin, end, draws.min(200), options, run)?;
        for (figure, energies) in energies.iter_mut().enumerate() {
            for target in origin..end {
                run.check()?;
                let truth = outlook.truth(target, figure);
                if truth.is_finite() && past.learned(origin, figure, 1.0).len() >= 3 {
                    energies.add(&outlook.members(target, figure), truth);
                }
            }
        }
    }
    Ok(energies.iter().map(|energies| energies.weights(PULL)).collect())
}
