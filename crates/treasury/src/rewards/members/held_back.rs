//! The model judged on periods that it was not fitted to, beside simpler forecasts and the records' own sampling error.

use daotwin_core::random::Seed;
use daotwin_core::statistics::{gini, mean, quantile, standard_deviation};
use serde::Serialize;

use super::activity::Activity;
use super::fit::{Fit, fit};
use super::simulate::carry_on;
use crate::{Error, Result};

/// One figure of the later part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// What it came to.
    pub reached: f64,
    /// Its standard error, by drawing members anew (bootstrap).
    pub sampling_error: f64,
    /// The model's mean.
    pub foretold: f64,
    /// 90 % of the model's runs lie between these.
    pub interval: (f64, f64),
    /// The simpler forecast: everything stays as it was at the end of the first part.
    pub persistence: f64,
}

/// How the model did on the later part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldBack {
    /// The model, fitted to the first part.
    pub fit: Fit,
    /// Members active in each later period, then retention of the last first-part period's members, then inequality.
    pub figures: Vec<Figure>,
}

impl HeldBack {
    /// The mean absolute error over figures whose name begins so: the model's, and persistence's.
    pub fn errors(&self, beginning: &str) -> (f64, f64) {
        let own = || self.figures.iter().filter(|figure| figure.name.starts_with(beginning));
        let model: Vec<f64> = own().map(|figure| (figure.foretold - figure.reached).abs()).collect();
        let simple: Vec<f64> = own().map(|figure| (figure.persistence - figure.reached).abs()).collect();
        (mean(&model), mean(&simple))
    }

    /// The share of figures that lie within the model's 90 % interval.
    pub fn covered(&self) -> f64 {
        let inside = |figure: &&Figure| (figure.interval.0..=figure.interval.1).contains(&figure.reached);
        self.figures.iter().filter(inside).count() as f64 / self.figures.len() as f64
    }
}

/// The figures of records from period `cut` on.
fn figures(activity: &Activity, cut: u32) -> Vec<f64> {
    let more = activity.periods - cut;
    let mut figures: Vec<f64> =
        activity.active().iter().skip(cut as usize).map(|&active| f64::from(active)).collect();
    figures.extend(activity.kept(cut - 1, more));
    figures.push(gini(&activity.acts(cut, activity.periods)));
    figures
}

/// Fits the periods before `cut` and foretells those after it with `runs` runs.
///
/// Persistence says: as many active as in the last period; of those the share that is kept after h periods is the one that was
/// kept after h periods before, over the first part; the inequality of acts is that of as many last periods of the first part.
///
/// # Errors
/// A cut that leaves no period on either side, and what [`fit`] refuses.
pub fn held_back(activity: &Activity, cut: u32, runs: u64, seed: Seed) -> Result<HeldBack> {
    if cut < 4 || cut >= activity.periods || 2 * cut < activity.periods {
        return Err(Error::Parameters {
            problems: vec![format!(
                "cut: {cut} of {} periods; allowed: 4 at least, half of the periods at least, and not all",
                activity.periods
            )],
        });
    }
    let first = activity.until(cut);
    let fit = fit(&first)?;
    let more = activity.periods - cut;
    let foretold: Vec<Vec<f64>> =
        carry_on(&first, &fit, more, runs, seed).iter().map(|run| figures(run, cut)).collect();
    let streams = seed.streams("rewards bootstrap");
    let again: Vec<Vec<f64>> = (0..200)
        .map(|draw| {
            let mut stream = streams.stream(draw);
            let size = activity.members.len() as u64;
            let members = (0..size).map(|_| activity.members[stream.below(size) as usize].clone()).collect();
            figures(&Activity { members, ..activity.clone() }, cut)
        })
        .collect();
    let reached = figures(activity, cut);
    let mut simple = vec![f64::from(first.active()[cut as usize - 1]); more as usize];
    simple.extend(first.retention(0, cut, more));
    simple.push(gini(&first.acts(cut - more, cut)));
    let name = |place: usize| match place as u32 {
        place if place < more => format!("active in period {}", cut + place + 1),
        place if place < 2 * more => format!("kept after {}", place - more + 1),
        _ => "inequality of acts (Gini)".to_owned(),
    };
    let column = |rows: &[Vec<f64>], place: usize| -> Vec<f64> {
        rows.iter().map(|row| row[place]).filter(|value| value.is_finite()).collect()
    };
    let figures = (0..reached.len())
        .map(|place| {
            let runs = column(&foretold, place);
            Figure {
                name: name(place),
                reached: reached[place],
                sampling_error: standard_deviation(&column(&again, place)),
                foretold: mean(&runs),
                interval: (quantile(&runs, 0.05), quantile(&runs, 0.95)),
                persistence: simple[place],
            }
        })
        .collect();
    Ok(HeldBack { fit, figures })
}
