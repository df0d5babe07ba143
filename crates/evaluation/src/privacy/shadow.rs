//! Was this member's record learned from? By shadow models (Shokri and others 2017; Stadler and others 2022): the
//! attacker trains the same kind of model on halves of people that it chose, learns how synthetic records lie
//! around those inside and outside, and asks the same of the model attacked.

use daotwin_core::Run;

use super::membership::{Attack, score, targets};
use crate::context::{Context, Trial};
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};
use crate::trees::{Effort, Samples, scores};

/// A trial's targets: where they lie, how near synthetic records and people are, and who was learned from.
struct Lesson {
    samples: Samples,
    inside: Vec<bool>,
}

impl Lesson {
    /// `None` with too few members.
    fn of(trial: &Trial) -> Option<Self> {
        let targets = targets(trial)?;
        let mut samples = Samples::new(3 + targets.points[0].len());
        for (index, point) in targets.points.iter().enumerate() {
            let (synthetic, people) = (&targets.to_synthetic[index], &targets.to_people[index]);
            let log = |distance: f64| (distance + 1e-9).ln();
            let near =
                [log(synthetic[0]), log(synthetic[0]) - log(people[4]), log(synthetic[4]) - log(people[4])];
            samples.push(near.into_iter().chain(point.iter().copied()), targets.inside[index]);
        }
        Some(Self { samples, inside: targets.inside })
    }

    /// The attack on this one's model, learned on the others'; `None` without others.
    fn attacked<'l>(&self, shadows: impl IntoIterator<Item = &'l Self>) -> Result<Option<Attack>> {
        let mut total = vec![0.0; self.samples.len()];
        let mut learned = false;
        for shadow in shadows {
            learned = true;
            for (sum, answer) in total.iter_mut().zip(scores(&shadow.samples, &self.samples, Effort::Light)?)
            {
                *sum += answer;
            }
        }
        Ok(learned.then(|| Attack::of(&total, &self.inside)))
    }
}

/// The attack on `target`, learned on `shadows`; `None` with too few members.
///
/// # Errors
/// None but defects of the tree library.
pub fn attack(shadows: &[Trial], target: &Trial) -> Result<Option<Attack>> {
    let Some(target) = Lesson::of(target) else { return Ok(None) };
    target.attacked(&shadows.iter().filter_map(Lesson::of).collect::<Vec<_>>())
}

/// The metric.
#[derive(Debug)]
pub struct Shadow;

impl Metric for Shadow {
    fn id(&self) -> &'static str {
        "privacy.shadow"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether an attacker who can train the same kind of model recognises the members learned from.",
            source: "Shadow models (Shokri, Stronati, Song and Shmatikov 2017; Stadler, Oprisanu and Troncoso 2022)",
            limits: "A few shadow models of one size; an attacker with more may do better.",
        }
    }

    fn ids(&self) -> Vec<String> {
        vec![id(self.id(), "auc")]
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        let refits = context.refits();
        if refits == 0 {
            return Ok(Measured::skipped(self, "needs the model itself, to train shadows of it"));
        }
        let mut lessons = Vec::new();
        for index in 0..refits {
            lessons.extend(context.refit(index, run)?.and_then(Lesson::of));
        }
        // Each model is attacked in its turn with the next ones as its shadows: who is inside is drawn for
        // each apart, so that a shadow knows nothing of the model attacked.
        let mut attacks = vec![None; refits - lessons.len()];
        for (index, lesson) in lessons.iter().enumerate() {
            run.check()?;
            let others = lessons.iter().cycle().skip(index + 1).take(lessons.len() - 1);
            attacks.push(lesson.attacked(others.take(context.options.shadows.max(1)))?);
        }
        let Some(pooled) = Attack::pooled(&attacks) else {
            return Ok(Measured::skipped(self, "fewer than 10 members on a side"));
        };
        let meaning = "area under the ROC curve of telling members that were learned from by trees trained on \
                       shadow models; 0.5 is a guess, 1 names every one";
        let score = score(id(self.id(), "auc"), "membership by shadow models", &pooled, meaning);
        Ok(Measured { scores: vec![score], skipped: Vec::new() })
    }
}
