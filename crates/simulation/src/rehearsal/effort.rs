//! How hard voters are called where a quorum binds: fitted to what the records say passes.

use daotwin_core::Run;
use daotwin_history::History;
use daotwin_history::synthesizer::Fitted;
use rayon::prelude::*;
use serde::Serialize;

use super::electorate::Electorate;
use super::play::{self, Stage, VARIABLES, play};
use super::policy::Policy;
use super::{Options, draw, strange, view};
use crate::scenario::{RuleChange, Scenario, Strength};
use crate::{Error, Result};

/// The behaviours that are fitted.
const NAMES: [&str; 2] = ["quorum_effort", "relief"];
/// Draws that strengths are fitted on.
const DRAWS: u64 = 24;
/// Halvings of the interval in which a strength is sought: to 0.01 or less.
const HALVINGS: usize = 8;
/// The greatest strengths.
const MOST: [f64; 2] = [3.0, 2.0];

/// Fitted effort to meet quorums, and relief once they are met.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effort {
    /// The strengths of `quorum_effort` and `relief`.
    pub strengths: [f64; 2],
    /// Share of the records' proposals that pass.
    pub recorded: f64,
    /// Share of the drawn ones that pass without it.
    pub without: f64,
    /// Share of the drawn ones that pass with it.
    pub with: f64,
}

/// Fits the strength of `quorum_effort`, so that as many proposals pass with nothing happening as the records say, then
/// that of `relief`, so that the mean of voters is what was learned: by halving an interval on the same draws. More effort
/// never lets fewer proposals reach their quorum, and relief acts after that. Nothing where no quorum is known, or where the
/// model passes as many as the records without it. Where 3 (twenty times the rate) is too little effort, or voters who could
/// be called are too few, `with` stays below `recorded`.
///
/// Deterministic. Costs at most 24 draws of the model and 20 passes over the ballots of each.
///
/// # Errors
/// As [`rehearse`](super::rehearse).
pub fn effort(
    model: &dyn Fitted,
    records: &History,
    baseline: &RuleChange,
    options: &Options,
    run: &Run,
) -> Result<Option<Effort>> {
    let problems = strange(options);
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let records = Electorate::of(&view(records, options)?)?;
    let quorum = |question| Policy::of(question, baseline, &records).quorum > 0;
    if !records.questions.iter().any(quorum) {
        return Ok(None);
    }
    let draws: Result<Vec<Electorate>> = (0..options.runs.min(DRAWS))
        .into_par_iter()
        .map(|number| draw(model, 1.0, options, number, run))
        .collect();
    let draws = draws?;
    // Means of what passes and of voters.
    let played = |electorates: &[Electorate], strengths: [f64; 2]| -> Result<[f64; 2]> {
        run.check()?;
        let scenario = with_strengths(play::as_it_is(*baseline), strengths);
        let stage = |electorate: &Electorate| Stage {
            referee: None,
            scenario: &scenario,
            baseline,
            largest: options.largest,
            span: electorate.span(),
            seed: options.seed.0,
        };
        let found: Vec<[f64; VARIABLES.len()]> = electorates
            .par_iter()
            .enumerate()
            .map(|(number, electorate)| play(electorate, &stage(electorate), 1.0, number as u64).values)
            .collect();
        let mean = |name: &str| {
            let place = VARIABLES.iter().position(|(known, _)| *known == name).unwrap_or(0);
            found.iter().map(|values| values[place]).sum::<f64>() / found.len() as f64
        };
        Ok([mean("passed"), mean("voters")])
    };
    let [recorded, _] = played(std::slice::from_ref(&records), [0.0; 2])?;
    let [without, voters] = played(&draws, [0.0; 2])?;
    if without >= recorded || recorded.is_nan() {
        return Ok(None);
    }
    let halved = |most: f64, too_little: &dyn Fn(f64) -> Result<bool>| -> Result<f64> {
        let (mut low, mut high) = (0.0, most);
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            *(if too_little(middle)? { &mut low } else { &mut high }) = middle;
        }
        Ok((low + high) / 2.0)
    };
    let effort = halved(MOST[0], &|effort| Ok(played(&draws, [effort, 0.0])?[0] < recorded))?;
    let relief = halved(MOST[1], &|relief| Ok(played(&draws, [effort, relief])?[1] > voters))?;
    let strengths = [effort, relief];
    Ok(Some(Effort { strengths, recorded, without, with: played(&draws, strengths)?[0] }))
}

fn with_strengths(mut scenario: Scenario, strengths: [f64; 2]) -> Scenario {
    for (name, strength) in NAMES.into_iter().zip(strengths) {
        if !matches!(scenario.behaviours.get(name), Some(Strength::Off | Strength::Fixed(_))) {
            scenario.behaviours.insert(name, Strength::Fixed(strength));
        }
    }
    scenario
}

/// A scenario in which people make the effort that was fitted, where it does not say another one.
pub(super) fn with_effort(scenario: Scenario, options: &Options) -> Scenario {
    match options.effort {
        Some(strengths) => with_strengths(scenario, strengths),
        None => scenario,
    }
}

/// Whether nothing is on but what is fitted.
pub(super) fn only_effort(scenario: &Scenario) -> bool {
    scenario.behaviours.keys().all(|name| NAMES.contains(name))
}
