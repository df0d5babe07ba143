//! What attacks with a control group share: their counts, their score, and how they are run.

use daotwin_core::document::Score;
use daotwin_core::statistics::wilson;
use daotwin_core::{Run, Seed};

use super::NO_HOLDOUT;
use crate::context::{Context, Trial};
use crate::error::Result;
use crate::metric::{Measured, Metric, at_most};

/// The largest risk accepted.
const BAR: f64 = 0.1;

/// What an attack with a control group reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Controlled {
    /// Successes against members learned from.
    pub hits: u64,
    /// Successes against as many others.
    pub control: u64,
    /// Successes of a guess without synthetic data.
    pub baseline: u64,
    /// Tries of each.
    pub tries: u64,
}

impl Controlled {
    /// The risk beside the control group (Giomi and others 2023): the share of what could go wrong beyond the
    /// control that does go wrong, with a 95 % interval; 0 where the attack does no better than the control.
    pub fn risk(&self) -> (f64, (f64, f64)) {
        let estimate = |hits: u64| {
            let (low, high) = wilson(hits, self.tries, 0.05);
            (f64::midpoint(low, high), (high - low) / 2.0)
        };
        let ((main, main_half), (control, control_half)) = (estimate(self.hits), estimate(self.control));
        let room = (1.0 - control).max(1e-9);
        let value = (main - control) / room;
        // Propagated through the quotient.
        let slope = (main - 1.0) / (room * room);
        let half = ((main_half / room).powi(2) + (slope * control_half).powi(2)).sqrt();
        let clip = |value: f64| value.clamp(0.0, 1.0);
        (clip(value), (clip(value - half), clip(value + half)))
    }

    fn score(&self, id: String, label: &str) -> Score {
        let (value, interval) = self.risk();
        let share = |hits: u64| hits as f64 / self.tries.max(1) as f64;
        Score {
            id,
            label: label.to_owned(),
            value,
            interval: Some(interval),
            references: vec![
                ("success".to_owned(), share(self.hits)),
                ("control group".to_owned(), share(self.control)),
                ("without synthetic data".to_owned(), share(self.baseline)),
            ],
            bar: Some(BAR),
            outcome: at_most(value, BAR),
            meaning: "success beyond the control group's, as a share of what was left to go wrong; 0 is none"
                .to_owned(),
        }
    }
}

/// Runs an attack on the context's trial and scores it under the metric's only id. `least` members on a side
/// are what the attack needs.
pub(super) fn measure(
    metric: &dyn Metric,
    label: &str,
    least: usize,
    attack: impl Fn(&Trial, Seed) -> Option<Controlled>,
    context: &Context<'_>,
    run: &Run,
) -> Result<Measured> {
    let Some(trial) = context.trial(run)? else { return Ok(Measured::skipped(metric, NO_HOLDOUT)) };
    run.check()?;
    let Some(attack) = attack(trial, context.options.seed) else {
        return Ok(Measured::skipped(metric, &format!("fewer than {least} members on a side")));
    };
    let scores = metric.ids().into_iter().map(|id| attack.score(id, label)).collect();
    Ok(Measured { scores, skipped: Vec::new() })
}
