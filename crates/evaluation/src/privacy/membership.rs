//! Was this member's record learned from? By the ratio of two densities (DOMIAS, van Breugel and others 2023):
//! a record is suspect where synthetic records are denser around it than people are.

use daotwin_core::Run;
use daotwin_core::document::{Outcome, Score};
use daotwin_core::statistics::area_under_curve;

use super::vectors::{Point, nearest, points, standardise, thin};
use super::{NO_HOLDOUT, area_interval};
use crate::context::{Context, Trial};
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, at_most, id};

/// How many neighbours make the density of people.
const NEIGHBOURS: usize = 5;

/// What a membership attack reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attack {
    /// The area under its ROC curve; 0.5 is a guess.
    pub area: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Members attacked.
    pub members: usize,
    /// Others attacked.
    pub others: usize,
}

impl Attack {
    pub(super) fn of(scores: &[f64], inside: &[bool]) -> Self {
        let members = inside.iter().filter(|&&inside| inside).count();
        let others = inside.len() - members;
        let area = area_under_curve(scores, inside);
        Self { area, interval: area_interval(area, members, others), members, others }
    }
}

/// Distances of targets to synthetic records and to people that are neither targets nor learned from.
#[derive(Debug)]
pub(super) struct Targets {
    pub points: Vec<Point>,
    pub to_synthetic: Vec<Vec<f64>>,
    pub to_people: Vec<Vec<f64>>,
    pub inside: Vec<bool>,
}

/// The targets of a trial: its training members, and every second member of the holdout; the others of the
/// holdout stand for people. `None` with fewer than 10 of any.
pub(super) fn targets(trial: &Trial) -> Option<Targets> {
    let others = points(&trial.holdout);
    let mut people: Vec<Point> = others.iter().step_by(2).copied().collect();
    let mut others = thin(others.iter().skip(1).step_by(2).copied().collect());
    let mut synthetic = thin(points(&trial.synthetic));
    let mut members = thin(points(&trial.train));
    if people.len().min(others.len()).min(members.len()).min(synthetic.len()) < 10 {
        return None;
    }
    standardise(&mut [&mut people, &mut others, &mut synthetic, &mut members]);
    people = thin(people);
    let inside: Vec<bool> = (0..members.len() + others.len()).map(|index| index < members.len()).collect();
    members.extend(others);
    Some(Targets {
        to_synthetic: nearest(&members, &synthetic, NEIGHBOURS, false),
        to_people: nearest(&members, &people, NEIGHBOURS, false),
        points: members,
        inside,
    })
}

/// The attack on one trial; `None` with too few members.
///
/// The density of synthetic records is taken at the nearest one, which sees copies best; that of people at
/// the fifth.
pub fn attack(trial: &Trial) -> Option<Attack> {
    let targets = targets(trial)?;
    let pairs = targets.to_synthetic.iter().zip(&targets.to_people);
    let scores: Vec<f64> = pairs
        .map(|(synthetic, people)| (people[NEIGHBOURS - 1] + 1e-9).ln() - (synthetic[0] + 1e-9).ln())
        .collect();
    Some(Attack::of(&scores, &targets.inside))
}

/// The largest area accepted.
const BAR: f64 = 0.55;

/// The score of an attack. It succeeds above the bar, unless it cannot be told from a guess: among a few dozen
/// members the area moves by more than the bar's distance from one half.
pub(super) fn score(id: String, label: &str, attack: &Attack, meaning: &str) -> Score {
    Score {
        id,
        label: label.to_owned(),
        value: attack.area,
        interval: Some(attack.interval),
        references: vec![("chance".to_owned(), 0.5)],
        bar: Some(BAR),
        outcome: if attack.interval.0 <= 0.5 { Outcome::Good } else { at_most(attack.area, BAR) },
        meaning: format!("{meaning}; bad above the bar where the interval leaves out 0.5"),
    }
}

/// The metric.
#[derive(Debug)]
pub struct Membership;

impl Metric for Membership {
    fn id(&self) -> &'static str {
        "privacy.membership"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether synthetic records crowd around the members that were learned from.",
            source: "DOMIAS (van Breugel, Sun, Qian and van der Schaar 2023), densities by nearest neighbours",
            limits: "One attacker with one idea; a low figure is no proof of safety.",
        }
    }

    fn ids(&self) -> Vec<String> {
        vec![id(self.id(), "auc")]
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        let Some(trial) = context.trial(run)? else { return Ok(Measured::skipped(self, NO_HOLDOUT)) };
        run.check()?;
        let Some(attack) = attack(trial) else {
            return Ok(Measured::skipped(self, "fewer than 10 members on a side"));
        };
        let meaning = "area under the ROC curve of telling members that were learned from by the density ratio; \
                       0.5 is a guess, 1 names every one";
        let score = score(id(self.id(), "auc"), "membership by density ratio", &attack, meaning);
        Ok(Measured { scores: vec![score], skipped: Vec::new() })
    }
}
