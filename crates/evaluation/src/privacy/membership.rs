//! Was this member's record learned from? By the ratio of two densities (DOMIAS, van Breugel and others 2023):
//! a record is suspect where synthetic records are denser around it than people are.

use daotwin_core::Run;
use daotwin_core::document::Score;
use daotwin_core::statistics::{area_under_curve, mean, standard_deviation, student_quantile};

use super::vectors::{Point, nearest, points, standardise, thin};
use super::{NO_HOLDOUT, area_interval};
use crate::context::{Context, Trial};
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, at_most, id};

/// How many neighbours make the density of people.
const NEIGHBOURS: usize = 5;

/// What a membership attack reached, on one split of the members into learned from and not, or on several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attack {
    /// The area under its ROC curve, averaged over splits; 0.5 is a guess.
    pub area: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Members attacked, over all splits.
    pub members: usize,
    /// Others attacked, over all splits.
    pub others: usize,
    /// Splits of the members.
    pub splits: usize,
}

impl Attack {
    pub(super) fn of(scores: &[f64], inside: &[bool]) -> Self {
        let members = inside.iter().filter(|&&inside| inside).count();
        let others = inside.len() - members;
        let area = area_under_curve(scores, inside);
        Self { area, interval: area_interval(area, members, others), members, others, splits: 1 }
    }

    /// Several splits of the same DAO as one attack; `None` where fewer than half of them had members enough:
    /// those that have them by luck are no fair choice.
    ///
    /// Who is inside is drawn anew for each split, so that given the DAO their areas are independent draws and
    /// the interval is Student's, by how far they lie apart. It is of this DAO: how other DAOs would fare is
    /// another question.
    pub fn pooled(attacks: &[Option<Self>]) -> Option<Self> {
        let splits = attacks.len();
        let attacks: Vec<Self> = attacks.iter().copied().flatten().collect();
        let [first, rest @ ..] = attacks.as_slice() else { return None };
        if attacks.len() * 2 < splits {
            return None;
        }
        if rest.is_empty() {
            return Some(*first);
        }
        let areas: Vec<f64> = attacks.iter().map(|attack| attack.area).collect();
        let (area, count) = (mean(&areas), areas.len());
        let half = student_quantile(0.975, count - 1) * standard_deviation(&areas) / (count as f64).sqrt();
        Some(Self {
            area,
            interval: ((area - half).max(0.0), (area + half).min(1.0)),
            members: attacks.iter().map(|attack| attack.members).sum(),
            others: attacks.iter().map(|attack| attack.others).sum(),
            splits: attacks.iter().map(|attack| attack.splits).sum(),
        })
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

/// The score of an attack. The estimate decides, however wide its interval: what cannot be told from a guess
/// for want of members is not safe for it.
pub(super) fn score(id: String, label: &str, attack: &Attack, meaning: &str) -> Score {
    Score {
        id,
        label: label.to_owned(),
        value: attack.area,
        interval: Some(attack.interval),
        references: vec![("chance".to_owned(), 0.5)],
        bar: Some(BAR),
        outcome: at_most(attack.area, BAR),
        meaning: match attack.splits {
            1 => meaning.to_owned(),
            splits => format!("{meaning}; mean over {splits} random halves of the members"),
        },
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
        let Some(first) = context.trial(run)? else { return Ok(Measured::skipped(self, NO_HOLDOUT)) };
        let mut attacks = vec![attack(first)];
        // A holdout that was given is the one split there is: the samples are of the model that it belongs to.
        if context.holdout.is_none() {
            for index in 1..context.refits() {
                attacks.push(context.refit(index, run)?.and_then(attack));
            }
        }
        let Some(pooled) = Attack::pooled(&attacks) else {
            return Ok(Measured::skipped(self, "fewer than 10 members on a side"));
        };
        let meaning = "area under the ROC curve of telling members that were learned from by the density ratio; \
                       0.5 is a guess, 1 names every one";
        let score = score(id(self.id(), "auc"), "membership by density ratio", &pooled, meaning);
        Ok(Measured { scores: vec![score], skipped: Vec::new() })
    }
}
