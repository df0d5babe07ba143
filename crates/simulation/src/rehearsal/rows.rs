//! A rehearsal as tidy rows: one number a row.

use daotwin_history::frame::{Column, Frame, Kind, Values};

use super::Rehearsal;
use super::play::{SERIES, STEPS, VARIABLES};
use crate::Result;

impl Rehearsal {
    /// Every number of every run, a row each: `run` from 0, `scenario`, `step` from 0 (missing for numbers of the whole
    /// run), `at` in seconds since 1970 (missing likewise), `variable`, `value`. For Parquet or CSV by
    /// [`daotwin_history::frame::write`].
    ///
    /// # Errors
    /// A defect of daotwin.
    pub fn rows(&self) -> Result<Frame> {
        let titles = labels(self.arms.iter().map(|arm| arm.scenario.title.as_str()));
        let names = labels(VARIABLES.iter().chain(&SERIES).map(|(name, _)| *name));
        let code =
            |labels: &[String], name: &str| labels.iter().position(|label| label == name).unwrap_or(0) as u32;
        let mut runs = Vec::new();
        let (mut scenarios, mut steps, mut times) = (Vec::new(), Vec::new(), Vec::new());
        let (mut variables, mut values) = (Vec::new(), Vec::new());
        let mut push = |run: usize, arm: usize, step: Option<usize>, name: &str, value: f64| {
            if value.is_finite() {
                runs.push(run as f64);
                scenarios.push(code(&titles, &self.arms[arm].scenario.title));
                steps.push(step.map_or(f64::NAN, |step| step as f64));
                times.push(step.map_or(f64::NAN, |step| self.steps[step] as f64));
                variables.push(code(&names, name));
                values.push(value);
            }
        };
        for (run, (scalars, courses)) in self.values.iter().zip(&self.series).enumerate() {
            for arm in 0..self.arms.len() {
                for ((name, _), value) in VARIABLES.iter().zip(scalars[arm]) {
                    push(run, arm, None, name, value);
                }
                for ((name, _), course) in SERIES.iter().zip(&courses[arm]) {
                    (0..STEPS).for_each(|step| push(run, arm, Some(step), name, course[step]));
                }
            }
        }
        let column = |name: &str, kind: Kind, optional: bool, numbers: &[f64]| {
            let known = || numbers.iter().copied().filter(|number| !number.is_nan());
            let bounds =
                known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            let bounds = if bounds.0 <= bounds.1 { bounds } else { (0.0, 0.0) };
            Column { name: name.to_owned(), kind, optional, bounds }
        };
        let columns = [
            column("run", Kind::Integer, false, &runs),
            column("scenario", Kind::Categorical { labels: titles.clone() }, false, &[]),
            column("step", Kind::Integer, true, &steps),
            column("at", Kind::Datetime { day: false }, true, &times),
            column("variable", Kind::Categorical { labels: names.clone() }, false, &[]),
            column("value", Kind::Numeric { decimals: None }, false, &values),
        ];
        let values = vec![
            Values::Number(runs),
            Values::Code(scenarios),
            Values::Number(steps),
            Values::Number(times),
            Values::Code(variables),
            Values::Number(values),
        ];
        Ok(Frame::new(columns.to_vec(), values)?)
    }
}

/// Names in ascending order, each once.
fn labels<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let names: std::collections::BTreeSet<&str> = names.collect();
    names.into_iter().map(str::to_owned).collect()
}
