//! A detector on watch: it speaks where an act is worth an alert, once for what belongs together, and never more than it may.

use crate::detector::Detector;
use crate::event::{Act, Event};
use crate::model::Model;
use crate::slots::Slots;
use crate::{Result, hash, text};

/// An alert.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Finding {
    /// Its number, from 1.
    pub finding: u64,
    /// When, in Unix seconds.
    pub at: i64,
    /// What was done.
    pub act: Act,
    /// Who did it.
    pub actor: String,
    /// To whom; empty for nobody.
    pub other: String,
    /// Where.
    pub place: String,
    /// How suspicious it is, in the unit of the method's score.
    pub score: f64,
    /// The score above which alerts were raised then.
    pub bar: f64,
    /// Why: at most three reasons with their weight; empty where the method gives none.
    pub reasons: Vec<(String, f64)>,
}

/// What an act came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Nothing to speak of.
    Quiet,
    /// It belongs to a finding that was told, which has this number.
    Known(u64),
    /// A finding.
    New(Finding),
    /// Worth an alert, but the budget is spent.
    HeldBack,
}

/// A finding that is open: since it was told last, and its number.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    until: i64,
    finding: u64,
}

/// So long after its last suspicious act a finding is closed, in seconds.
const QUIET: i64 = 7 * 86_400;

/// Letters of a name that a finding keeps: names come from outside, and findings stay in memory.
const LETTERS: usize = 256;

fn shortened(name: &str) -> String {
    name.chars().take(LETTERS).collect()
}

/// A step of the bar, as a share of what lies between the lowest and the highest bar that the model knows.
const STEP: f64 = 0.02;

/// Of the alerts that are paid for, the share that the bar lets through in the long run: the others are in the purse when worse
/// comes.
const SHARE: f64 = 0.3;

/// A detector with a bar and a budget. Constant memory.
///
/// A community whose honest acts score higher than those that the model knows would spend the budget on the first of them that
/// comes. So the bar rises with every act that asks for an alert of its own, and sinks back as others pass, by stochastic
/// approximation of a quantile that the budget pays for (Robbins and Monro 1951); it is never below the model's.
pub struct Watch {
    detector: Box<dyn Detector>,
    least: f64,
    bar: f64,
    step: f64,
    earns: f64,
    purse: f64,
    open: Slots<Open>,
    findings: u64,
    held_back: u64,
    acts: u64,
    score: f64,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bar, findings, acts, .. } = self;
        formatter
            .debug_struct("Watch")
            .field("bar", bar)
            .field("findings", findings)
            .field("acts", acts)
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// On watch from now. It may raise one alert at once, and so many more for every thousand acts.
    ///
    /// # Errors
    /// A model that is none.
    pub fn new(model: &Model, alerts_per_thousand: f64) -> Result<Self> {
        Ok(Self {
            detector: model.detector()?,
            least: model.bar(alerts_per_thousand),
            bar: model.bar(alerts_per_thousand),
            step: STEP * model.spread(),
            earns: alerts_per_thousand / 1000.0,
            purse: 1.0,
            open: Slots::new(14),
            findings: 0,
            held_back: 0,
            acts: 0,
            score: 0.0,
        })
    }

    /// An act, in order of time. Acts of an account that was told, and texts that were told under another name, belong to what was
    /// told, until a week has passed without one.
    pub fn see(&mut self, event: &Event<'_>) -> Seen {
        let score = self.detector.score(event);
        self.score = score;
        self.acts += 1;
        self.purse += self.earns;
        let bar = self.bar;
        self.bar = (bar - SHARE * self.step * self.earns).max(self.least);
        if score <= bar {
            return Seen::Quiet;
        }
        let actor = hash::key(event.actor);
        // A few words alone are said by many.
        let (gist, words) = text::gist(event.text);
        let keys = [Some(actor), (words >= 5).then(|| hash::pair(7, gist))];
        let known = keys
            .into_iter()
            .flatten()
            .find_map(|key| self.open.get(key).filter(|open| open.until >= event.at).copied());
        let (finding, seen) = match known {
            Some(open) => (open.finding, Seen::Known(open.finding)),
            None if self.purse < 1.0 => {
                self.bar += self.step;
                self.held_back += 1;
                return Seen::HeldBack;
            }
            None => {
                self.bar += self.step;
                self.purse -= 1.0;
                self.findings += 1;
                (self.findings, Seen::New(self.finding(event, score, bar)))
            }
        };
        for key in keys.into_iter().flatten() {
            *self.open.entry(key) = Open { until: event.at.saturating_add(QUIET), finding };
        }
        seen
    }

    fn finding(&self, event: &Event<'_>, score: f64, bar: f64) -> Finding {
        let reasons =
            self.detector.reasons().into_iter().map(|(name, weight)| (name.to_owned(), weight)).collect();
        Finding {
            finding: self.findings,
            at: event.at,
            act: event.act,
            actor: shortened(event.actor),
            other: shortened(event.other),
            place: shortened(event.place),
            score,
            bar,
            reasons,
        }
    }

    /// The score of the act that it saw last.
    pub const fn score(&self) -> f64 {
        self.score
    }

    /// The score above which it speaks now.
    pub const fn bar(&self) -> f64 {
        self.bar
    }

    /// How many acts it saw, findings it told, and acts it would have told with a larger budget.
    pub const fn counts(&self) -> (u64, u64, u64) {
        (self.acts, self.findings, self.held_back)
    }
}

#[cfg(test)]
mod test;
