//! Was this member's record learned from? By shadow models (Shokri and others 2017; Stadler and others 2022): the
//! attacker trains the same kind of model on halves of people that it chose, learns how synthetic records lie
//! around those inside and outside, and asks the same of the model attacked.

use daotwin_core::Run;
use daotwin_core::statistics::area_under_curve;

use super::membership::{Attack, score, targets};
use crate::context::{Context, Trial, fit_on_half};
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};
use crate::trees::{Effort, Samples, scores};

/// The features of a trial's targets: where they lie, and how near synthetic records and people are.
fn features(trial: &Trial) -> Option<(Samples, Vec<bool>)> {
    let targets = targets(trial)?;
    let mut samples = Samples::new(3 + targets.points[0].len());
    for (index, point) in targets.points.iter().enumerate() {
        let (synthetic, people) = (&targets.to_synthetic[index], &targets.to_people[index]);
        let log = |distance: f64| (distance + 1e-9).ln();
        let near =
            [log(synthetic[0]), log(synthetic[0]) - log(people[4]), log(synthetic[4]) - log(people[4])];
        samples.push(near.into_iter().chain(point.iter().copied()), targets.inside[index]);
    }
    Some((samples, targets.inside))
}

/// The attack on `target`, learned on `shadows`; `None` with too few members.
///
/// # Errors
/// None but defects of the tree library.
pub fn attack(shadows: &[Trial], target: &Trial) -> Result<Option<Attack>> {
    let mut areas = Vec::new();
    let Some((test, inside)) = features(target) else { return Ok(None) };
    let mut total = vec![0.0; test.len()];
    for shadow in shadows {
        let Some((train, _)) = features(shadow) else { continue };
        let answers = scores(&train, &test, Effort::Light)?;
        areas.push(area_under_curve(&answers, &inside));
        for (sum, answer) in total.iter_mut().zip(answers) {
            *sum += answer;
        }
    }
    Ok((!areas.is_empty()).then(|| Attack::of(&total, &inside)))
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
        let (Some(synthesizer), Some(history)) = (context.options.synthesizer, context.history) else {
            return Ok(Measured::skipped(self, "needs the model itself, to train shadows of it"));
        };
        let fit =
            |index: u64| fit_on_half(synthesizer, history, context.real, context.options.seed, index, run);
        let shadows = (1..=context.options.shadows.max(1) as u64).map(fit).collect::<Result<Vec<_>>>()?;
        // A holdout that was given belongs to samples of another model than the shadows'.
        let target = match (context.holdout, context.trial(run)?) {
            (None, Some(trial)) => trial.clone(),
            _ => fit(0)?,
        };
        let Some(attack) = attack(&shadows, &target)? else {
            return Ok(Measured::skipped(self, "fewer than 10 members on a side"));
        };
        let meaning = "area under the ROC curve of telling members that were learned from by trees trained on \
                       shadow models; 0.5 is a guess, 1 names every one";
        let score = score(id(self.id(), "auc"), "membership by shadow models", &attack, meaning);
        Ok(Measured { scores: vec![score], skipped: Vec::new() })
    }
}
