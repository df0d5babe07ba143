//! Can an attribute of a member be read off the most similar synthetic member? (Anonymeter, Giomi and others 2023)

use daotwin_core::statistics::sorted;
use daotwin_core::{Run, Seed};

use super::controlled::{Controlled, measure};
use super::vectors::{Point, WIDTH, nearest_by, points, standardise, thin};
use crate::context::{Context, Trial};
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};

/// Members attacked a secret.
const TARGETS: usize = 500;
/// The secrets: first power, last proposal, mean time in window.
const SECRETS: [usize; 3] = [2, 5, 6];
/// A guess is right in the same of so many bins with equal numbers of people.
const BINS: usize = 20;

/// The attack: all axes that do not follow from the secret are known; the secret of the nearest synthetic
/// member is the guess, right where it falls in the same twentieth of people. The baseline takes a synthetic
/// member at random. `None` with fewer than 20 members on a side.
pub fn attack(trial: &Trial, seed: Seed) -> Option<Controlled> {
    let (mut train, mut holdout) = (thin(points(&trial.train)), thin(points(&trial.holdout)));
    let mut synthetic = thin(points(&trial.synthetic));
    if train.len().min(holdout.len()).min(synthetic.len()) < BINS {
        return None;
    }
    standardise(&mut [&mut holdout, &mut train, &mut synthetic]);
    let size = train.len().min(holdout.len()).min(TARGETS);
    let mut stream = seed.stream("privacy inference");
    let mut result = Controlled { hits: 0, control: 0, baseline: 0, tries: (size * SECRETS.len()) as u64 };
    for secret in SECRETS {
        let known: Vec<usize> = (0..WIDTH)
            // Mean and first power nearly say each other, as do first and last proposal.
            .filter(|axis| !(secret == 2 && matches!(axis, 1..=3) || secret == 5 && matches!(axis, 4 | 5)))
            .filter(|&axis| axis != secret)
            .collect();
        let crowd = sorted(&holdout.iter().map(|point| point[secret]).collect::<Vec<_>>());
        let edges: Vec<f64> = (1..BINS).map(|bin| crowd[bin * crowd.len() / BINS]).collect();
        let bin = |point: &Point| edges.partition_point(|edge| *edge <= point[secret]);
        for index in 0..size {
            let mut right = |crowd: &[Point]| {
                let target = &crowd[index * crowd.len() / size];
                let near = nearest_by(target, &synthetic, &known).map(|found| bin(&synthetic[found]));
                let random = bin(&synthetic[stream.below(synthetic.len() as u64) as usize]);
                (u64::from(near == Some(bin(target))), u64::from(random == bin(target)))
            };
            let (hit, guess) = right(&train);
            result.hits += hit;
            result.baseline += guess;
            result.control += right(&holdout).0;
        }
    }
    Some(result)
}

/// The metric.
#[derive(Debug)]
pub struct Inference;

impl Metric for Inference {
    fn id(&self) -> &'static str {
        "privacy.inference"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether a member's power, last vote or timing can be read off the most similar synthetic member.",
            source: "Anonymeter (Giomi, Boenisch, Wehmeyer and Tasnadi 2023)",
            limits: "Three secrets; what is true of everybody is inferred for everybody and is not counted.",
        }
    }

    fn ids(&self) -> Vec<String> {
        vec![id(self.id(), "risk")]
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        measure(self, "inference of an attribute", BINS, attack, context, run)
    }
}
