//! Are synthetic members closer to those learned from than to others? A smoke test only.

use daotwin_core::Run;
use daotwin_core::document::{Outcome, Score};
use daotwin_core::statistics::wilson;

use super::NO_HOLDOUT;
use super::vectors::{Point, nearest, points, standardise, thin};
use crate::context::{Context, Trial};
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};

/// The share of synthetic members whose nearest real member was learned from, and the number compared;
/// equal distances count half. `None` with fewer than 10 on a side.
pub fn share(trial: &Trial) -> Option<(f64, usize)> {
    let (mut train, mut holdout) = (points(&trial.train), points(&trial.holdout));
    let mut synthetic = thin(points(&trial.synthetic));
    let size = train.len().min(holdout.len()).min(super::vectors::MAX_POINTS);
    if size.min(synthetic.len()) < 10 {
        return None;
    }
    // A larger crowd has nearer members by chance.
    let spread = |points: &[Point]| -> Vec<Point> {
        (0..size).map(|index| points[index * points.len() / size]).collect()
    };
    (train, holdout) = (spread(&train), spread(&holdout));
    standardise(&mut [&mut holdout, &mut train, &mut synthetic]);
    let (inside, outside) = (nearest(&synthetic, &train, 1, false), nearest(&synthetic, &holdout, 1, false));
    let closer = inside.iter().zip(&outside).map(|(a, b)| match a[0].total_cmp(&b[0]) {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    });
    Some((closer.sum::<f64>() / synthetic.len() as f64, synthetic.len()))
}

/// The metric.
#[derive(Debug)]
pub struct Nearest;

impl Metric for Nearest {
    fn id(&self) -> &'static str {
        "privacy.nearest"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether synthetic members lie closer to the members learned from than to others.",
            source: "Distance to closest record, as a share with a holdout (Platzer and Reutterer 2021)",
            limits: "A smoke test: data that pass it can leak (Yao, Krco and others 2025).",
        }
    }

    fn ids(&self) -> Vec<String> {
        vec![id(self.id(), "share")]
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        let Some(trial) = context.trial(run)? else { return Ok(Measured::skipped(self, NO_HOLDOUT)) };
        run.check()?;
        let Some((value, members)) = share(trial) else {
            return Ok(Measured::skipped(self, "fewer than 10 members on a side"));
        };
        let interval = wilson((value * members as f64).round() as u64, members as u64, 0.05);
        // The half that is learned from is itself drawn by chance, which moves the share too.
        let outcome = if interval.0 > 0.55 { Outcome::Bad } else { Outcome::Good };
        Ok(Measured {
            scores: vec![Score {
                id: id(self.id(), "share"),
                label: "synthetic members nearer to members learned from".to_owned(),
                value,
                interval: Some(interval),
                references: vec![("chance".to_owned(), 0.5)],
                bar: Some(0.55),
                outcome,
                meaning:
                    "share of synthetic members whose nearest real member was learned from; 0.5 is as it \
                          should be; bad where the whole interval is above the bar"
                        .to_owned(),
            }],
            skipped: Vec::new(),
        })
    }
}
