//! Advice: which parameters of governance are safe and still let the DAO decide, as a Pareto front with its evidence.

use daotwin_core::Run;
use daotwin_core::document::{
    Axis, Block, Document, Mark, Outcome, Plot, Role, Scale, Section, Series, Table, Verdict,
};
use daotwin_history::History;
use daotwin_history::synthesizer::Fitted;
use serde::Serialize;

use super::document::{amount, percent};
use super::{Arm, Options, rehearse};
use crate::scenario::{RuleChange, Scenario, Weighting};
use crate::{Error, Result};

/// What matters most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The dearest to take over, among what passes at least nine tenths of what passes now.
    Safety,
    /// What passes most, among what is no cheaper to take over than now.
    Agility,
    /// The best sum of ranks in safety and agility.
    Balance,
}

/// Parameters that were tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// In words.
    pub title: String,
    /// What differs from the recorded rule.
    pub rule: RuleChange,
    /// Share of the proposals that pass, mean over runs.
    pub passed: f64,
    /// Share of the proposals that the largest members could pass alone.
    pub takeover: f64,
    /// Median tokens with which somebody new passes a proposal; infinite where no amount does.
    pub needed: f64,
    /// Length of voting windows, relative to now.
    pub window: f64,
    /// Whether nothing else that was tried is at least as good in all of these and better in one.
    pub front: bool,
}

/// Advice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// The DAO.
    pub dao: String,
    /// What it was asked to put first.
    pub goal: Goal,
    /// Runs of each candidate.
    pub runs: u64,
    /// Members that takeovers are by.
    pub largest: usize,
    /// What was tried; the first is the rule as it is.
    pub candidates: Vec<Candidate>,
    /// The one advised, by its place; 0 where nothing tried is better than the rule as it is.
    pub advised: usize,
}

/// Quorums that are tried, as shares of the supply; where it is not known, of the mean power cast on a proposal.
const QUORUMS: [f64; 8] = [0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1];
const QUORUMS_OF_CAST: [f64; 6] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5];
/// Shares for that must be exceeded.
const APPROVALS: [f64; 3] = [0.5, 0.6, 0.666_666];
/// How ballots weigh. All but the first reward whoever splits tokens over accounts, and are safe only where accounts
/// are known to be different people.
const WEIGHTINGS: [Option<Weighting>; 4] =
    [None, Some(Weighting::SquareRoot), Some(Weighting::Capped), Some(Weighting::Members)];
/// With [`Weighting::Capped`].
const CAP: f64 = 0.01;
/// Lengths of windows; ballots that come later are lost.
const WINDOWS: [f64; 2] = [1.0, 0.5];

fn title(rule: &RuleChange) -> String {
    let mut words = Vec::new();
    words.extend(rule.quorum.map(|quorum| format!("quorum {}", percent(quorum))));
    words.extend(rule.quorum_tokens.map(|quorum| format!("quorum {} tokens", amount(quorum))));
    words.extend(rule.approval.map(|approval| format!("approval above {}", percent(approval))));
    words.extend(rule.weighting.map(|weighting| match weighting {
        Weighting::Tokens => "tokens".to_owned(),
        Weighting::SquareRoot => "square roots".to_owned(),
        Weighting::Members => "one member, one vote".to_owned(),
        Weighting::Capped => format!("at most {} of the supply each", percent(CAP)),
    }));
    words.extend(rule.window.filter(|window| *window != 1.0).map(|window| format!("windows x {window}")));
    words.join(", ")
}

/// Searches parameters of governance.
///
/// Every combination of quorums, approvals, weights and windows is rehearsed on the same draws as the rule as it is.
/// Deterministic for a seed. Costs [`rehearse`] with some fifty scenarios, two hundred with `unique_members`: where every
/// account is known to be a different person, weights other than by tokens are tried too.
///
/// # Errors
/// As [`rehearse`].
pub fn advise(
    model: &dyn Fitted,
    records: Option<&History>,
    baseline: &RuleChange,
    goal: Goal,
    unique_members: bool,
    options: &Options,
    run: &Run,
) -> Result<Advice> {
    let first = super::draw(model, 1.0, options, 0, run)?;
    let cast = first.ballots.iter().map(|ballot| first.tokens(ballot.power)).sum::<f64>()
        / first.questions.len().max(1) as f64;
    let quorums: Vec<RuleChange> = if first.supply.is_some() {
        QUORUMS.map(|share| RuleChange { quorum: Some(share), ..RuleChange::default() }).to_vec()
    } else {
        let tokens = QUORUMS_OF_CAST.map(|share| (share * cast).round());
        tokens.map(|tokens| RuleChange { quorum_tokens: Some(tokens), ..RuleChange::default() }).to_vec()
    };
    let mut scenarios = Vec::new();
    for quorum in &quorums {
        for approval in APPROVALS {
            for weighting in WEIGHTINGS.into_iter().take(if unique_members { WEIGHTINGS.len() } else { 1 }) {
                let cap = (weighting == Some(Weighting::Capped)).then_some(CAP);
                if cap.is_some() && first.supply.is_none() {
                    continue;
                }
                for window in WINDOWS {
                    let rule = RuleChange {
                        approval: Some(approval),
                        weighting,
                        cap,
                        window: Some(window),
                        ..*quorum
                    };
                    scenarios.push(Scenario { title: title(&rule), rule, ..Scenario::default() });
                }
            }
        }
    }
    let found = rehearse(model, records, baseline, &scenarios, options, run)?;
    let mut candidates: Vec<Candidate> = found.arms.iter().map(candidate).collect();
    mark_front(&mut candidates);
    let advised = choose(&candidates, goal);
    Ok(Advice { dao: found.dao, goal, runs: found.runs, largest: found.largest, candidates, advised })
}

fn candidate(arm: &Arm) -> Candidate {
    let mean = |name: &str| arm.variable(name).map_or(f64::NAN, |variable| variable.mean);
    let needed = mean("needed");
    Candidate {
        title: arm.scenario.title.clone(),
        rule: arm.scenario.rule,
        passed: mean("passed"),
        takeover: mean("takeover"),
        needed: if needed.is_nan() { f64::INFINITY } else { needed },
        window: arm.scenario.rule.window.unwrap_or(1.0),
        front: false,
    }
}

/// What is compared, larger is better.
fn merits(candidate: &Candidate) -> [f64; 4] {
    [candidate.passed, -candidate.takeover, candidate.needed, -candidate.window]
}

fn mark_front(candidates: &mut [Candidate]) {
    let all: Vec<[f64; 4]> = candidates.iter().map(merits).collect();
    let beats = |left: &[f64; 4], right: &[f64; 4]| {
        left.iter().zip(right).all(|(a, b)| a >= b) && left.iter().zip(right).any(|(a, b)| a > b)
    };
    for (own, candidate) in all.iter().zip(candidates) {
        candidate.front = !all.iter().any(|other| beats(other, own));
    }
}

/// The place of the advised candidate; the rule as it is where none serves the goal better.
fn choose(candidates: &[Candidate], goal: Goal) -> usize {
    let now = &candidates[0];
    let rank = |place: usize, merit: usize| {
        let own = merits(&candidates[place])[merit];
        candidates.iter().filter(|other| merits(other)[merit] < own).count()
    };
    let front = (0..candidates.len()).filter(|place| candidates[*place].front);
    // Of equals the first; the measure ascends with what is wanted.
    let best = |allowed: &dyn Fn(&Candidate) -> bool, measure: &dyn Fn(usize) -> f64| {
        let mut chosen: Option<(f64, usize)> = None;
        for place in front.clone().filter(|place| allowed(&candidates[*place])) {
            let value = measure(place);
            if chosen.is_none_or(|(known, _)| value > known) {
                chosen = Some((value, place));
            }
        }
        chosen.map_or(0, |(_, place)| place)
    };
    match goal {
        Goal::Safety => {
            best(&|tried| tried.passed >= 0.9 * now.passed, &|place| (rank(place, 1) + rank(place, 2)) as f64)
        }
        Goal::Agility => {
            best(&|tried| tried.needed >= now.needed && tried.takeover <= now.takeover, &|place| {
                candidates[place].passed - 1e-6 * candidates[place].window
            })
        }
        Goal::Balance => {
            best(&|_| true, &|place| rank(place, 0) as f64 + (rank(place, 1) + rank(place, 2)) as f64 / 2.0)
        }
    }
}

impl Advice {
    /// The advice in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let (now, advised) = (&self.candidates[0], &self.candidates[self.advised]);
        let tokens = |needed: f64| {
            if needed.is_finite() {
                format!("{} tokens", amount(needed))
            } else {
                "no amount of tokens in one account".to_owned()
            }
        };
        if self.advised == 0 {
            return vec![format!(
                "Of {} combinations tried, none serves this goal better than the rule as it is.",
                self.candidates.len() - 1
            )];
        }
        vec![
            format!("Advised: {}.", advised.title),
            format!(
                "{} of the proposals pass, instead of {}; the {} largest members alone could pass {} of them, instead of {}; \
                 somebody new needs {}, instead of {}, to pass a typical one against all who vote.",
                percent(advised.passed),
                percent(now.passed),
                self.largest,
                percent(advised.takeover),
                percent(now.takeover),
                tokens(advised.needed),
                tokens(now.needed),
            ),
        ]
    }

    /// The whole of it.
    pub fn document(&self) -> Document {
        let row = |candidate: &Candidate| {
            vec![
                candidate.title.clone(),
                percent(candidate.passed),
                percent(candidate.takeover),
                amount(candidate.needed),
                candidate.window.to_string(),
            ]
        };
        let front: Vec<&Candidate> = self.candidates.iter().filter(|candidate| candidate.front).collect();
        let mut ordered = front.clone();
        ordered.sort_by(|left, right| right.passed.total_cmp(&left.passed));
        let mut rows = vec![row(&self.candidates[0])];
        rows.extend(
            ordered.iter().filter(|candidate| candidate.title != self.candidates[0].title).map(|c| row(c)),
        );
        let points = |list: &[&Candidate]| -> Vec<(f64, f64)> {
            list.iter()
                .filter(|candidate| candidate.needed.is_finite())
                .map(|c| (c.needed, c.passed))
                .collect()
        };
        let dots = |name: &str, role, points| Series {
            name: name.to_owned(),
            role,
            mark: Mark::Dots,
            points,
            upper: Vec::new(),
        };
        let all: Vec<&Candidate> = self.candidates.iter().collect();
        let chart = daotwin_core::document::Chart {
            id: "front".to_owned(),
            title: "Safety against agility".to_owned(),
            description:
                "tokens that a takeover needs and the share of proposals that pass, for every rule tried"
                    .to_owned(),
            plot: Plot::Xy {
                x: Axis { label: "tokens that somebody new needs".to_owned(), scale: Scale::Log },
                y: Axis { label: "share of proposals that pass".to_owned(), scale: Scale::Linear },
                series: vec![
                    dots("tried", Role::Other(0), points(&all)),
                    dots("front", Role::Synthetic, points(&front)),
                    dots("as it is", Role::Real, points(&all[..1])),
                    dots("advised", Role::Measured, points(&all[self.advised..=self.advised])),
                ],
            },
        };
        let columns =
            ["rule", "pass", "largest pass alone", "tokens needed", "window"].map(str::to_owned).to_vec();
        let caption = "The rule as it is, then what nothing tried beats in everything".to_owned();
        let text = self.sentences();
        Document {
            title: format!("Governance parameters for {}", self.dao),
            verdict: Verdict { outcome: Outcome::Neutral, text: text.join(" ") },
            warnings: vec![
                "What was tried keeps people as they are: nobody votes more often because the quorum is higher (but who is \
                 called where one binds, as far as the records tell), or splits tokens over accounts because the \
                 weights invite it. Rehearse the advised rule with conditions before proposing it."
                    .to_owned(),
            ],
            manifest: vec![
                ("DAO".to_owned(), self.dao.clone()),
                ("runs".to_owned(), self.runs.to_string()),
                ("combinations".to_owned(), (self.candidates.len() - 1).to_string()),
            ],
            sections: vec![Section {
                id: "front".to_owned(),
                title: "What can be had".to_owned(),
                blocks: vec![Block::Chart(chart), Block::Table(Table { caption, columns, rows })],
            }],
            ..Document::default()
        }
    }

    /// Why there is no advice to give, where there is none.
    ///
    /// # Errors
    /// A DAO whose proposals all have no outcome.
    pub fn check(&self) -> Result<()> {
        if self.candidates[0].passed.is_nan() {
            let problem =
                format!("no proposal of `{}` could pass or fail: there is nothing to advise on", self.dao);
            return Err(Error::Parameters { problems: vec![problem] });
        }
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn tried(passed: f64, takeover: f64, needed: f64, window: f64) -> Candidate {
        let (title, rule) = (format!("{passed} {takeover} {needed}"), RuleChange::default());
        Candidate { title, rule, passed, takeover, needed, window, front: false }
    }

    #[test]
    fn the_front_is_what_nothing_beats() {
        let mut all = vec![
            tried(0.8, 0.5, 100.0, 1.0),
            tried(0.9, 0.5, 100.0, 1.0),
            tried(0.7, 0.1, 900.0, 1.0),
            tried(0.75, 0.2, 500.0, 1.0),
            tried(0.74, 0.2, 500.0, 1.0),
            tried(0.85, 0.5, 100.0, 0.5),
        ];
        mark_front(&mut all);
        let front: Vec<bool> = all.iter().map(|candidate| candidate.front).collect();
        assert_eq!(front, [false, true, true, true, false, true]);
        assert_eq!(choose(&all, Goal::Agility), 1, "passes most at no less safety");
        assert_eq!(choose(&all, Goal::Safety), 3, "the safest of those that pass 0.72 at least");
    }

    #[test]
    fn the_rule_as_it_is_stays_where_nothing_is_better() {
        let mut all = vec![tried(0.9, 0.1, 900.0, 0.5), tried(0.5, 0.5, 100.0, 1.0)];
        mark_front(&mut all);
        for goal in [Goal::Safety, Goal::Agility, Goal::Balance] {
            assert_eq!(choose(&all, goal), 0, "{goal:?}");
        }
    }
}
