//! Can a description read off the synthetic data single out one real member? (Anonymeter, Giomi and others 2023)

use daotwin_core::{Run, Seed};

use super::controlled::{Controlled, measure};
use super::vectors::{Point, WIDTH, points, standardise, thin};
use crate::context::{Context, Trial};
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};

/// Descriptions tried.
const GUESSES: u64 = 2_000;
/// Attributes in a description.
const ATTRIBUTES: usize = 4;
/// Members a side below which there is nothing to single out.
const LEAST: usize = 10;

/// The attack: a description takes a synthetic member and a few attributes at random, and says of each "about
/// this value" (within a twentieth of the spread). It succeeds where exactly one member fits. The baseline
/// takes each attribute from another synthetic member. `None` with fewer than 10 members on a side.
///
/// Train and holdout are cut to one size, since singling out is easier in a smaller crowd.
pub fn attack(trial: &Trial, seed: Seed) -> Option<Controlled> {
    let (mut train, mut holdout) = (thin(points(&trial.train)), thin(points(&trial.holdout)));
    let mut synthetic = thin(points(&trial.synthetic));
    let size = train.len().min(holdout.len());
    if size.min(synthetic.len()) < LEAST {
        return None;
    }
    standardise(&mut [&mut holdout, &mut train, &mut synthetic]);
    let spread = |points: Vec<Point>| -> Vec<Point> {
        (0..size).map(|index| points[index * points.len() / size]).collect()
    };
    let (train, holdout) = (spread(train), spread(holdout));
    let mut stream = seed.stream("privacy singling out");
    let mut result = Controlled { hits: 0, control: 0, baseline: 0, tries: GUESSES };
    for _ in 0..GUESSES {
        let mut axes: Vec<usize> = (0..WIDTH).collect();
        stream.shuffle(&mut axes);
        axes.truncate(ATTRIBUTES);
        let mut draw = || &synthetic[stream.below(synthetic.len() as u64) as usize];
        let (guess, mut mixed) = (draw(), *draw());
        for &axis in &axes {
            mixed[axis] = draw()[axis];
        }
        let singles_out = |description: &Point, crowd: &[Point]| {
            let fits =
                |point: &&Point| axes.iter().all(|&axis| (point[axis] - description[axis]).abs() <= 0.05);
            u64::from(crowd.iter().filter(fits).take(2).count() == 1)
        };
        result.hits += singles_out(guess, &train);
        result.control += singles_out(guess, &holdout);
        result.baseline += singles_out(&mixed, &train);
    }
    Some(result)
}

/// The metric.
#[derive(Debug)]
pub struct SinglingOut;

impl Metric for SinglingOut {
    fn id(&self) -> &'static str {
        "privacy.singling_out"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether descriptions read off synthetic members fit exactly one real member.",
            source: "Anonymeter (Giomi, Boenisch, Wehmeyer and Tasnadi 2023)",
            limits: "Descriptions of four aggregates of a member's record.",
        }
    }

    fn ids(&self) -> Vec<String> {
        vec![id(self.id(), "risk")]
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        measure(self, "singling out", LEAST, attack, context, run)
    }
}
