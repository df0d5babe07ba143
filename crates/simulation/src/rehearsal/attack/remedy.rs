//! Which single change of the rule removes an attack.

use serde::Serialize;

use super::{Finding, Summed, Terms};
use crate::rehearsal::electorate::Electorate;
use crate::scenario::{QuorumCounts, RuleChange, Scenario, Weighting};

/// A change that is tried.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) title: String,
    pub(super) rule: RuleChange,
    pub(super) terms: Terms,
}

impl Change {
    /// Whoever buys tokens answers other weights by splitting them over accounts: only the pair of whale and sybil says what
    /// such a change does to it, and those that hold accounts already.
    fn concerns(&self, attacker: &str) -> bool {
        self.rule.weighting.is_none() || matches!(attacker, "whale" | "cartel" | "boycott" | "briber")
    }
}

/// What a change does to an attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Remedy {
    /// The attacker, of [`ATTACKERS`](super::ATTACKERS).
    pub attacker: &'static str,
    /// The change, in words.
    pub change: String,
    /// Whether no size succeeds any more with a chance above one half.
    pub removed: bool,
    /// Whether it paid and now does not; also where it is removed.
    pub unprofitable: bool,
    /// Size that is needed, over what is needed as it is; capital where a whale turns to splitting; infinite where it is
    /// removed.
    pub factor: f64,
    /// By how much the share of the proposals that pass falls with nobody attacking.
    pub passed_less: f64,
    /// By how many days a decision takes longer.
    pub days_more: f64,
    /// Whether another attack now succeeds with less capital than any did as it is.
    pub opens: Option<&'static str>,
}

/// The rule as it is, then everything that is tried, one change at a time.
pub(super) fn changes(scenario: &Scenario, terms: &Terms, first: &Electorate) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut rule = |title: String, rule: RuleChange| {
        changes.push(Change { title, rule, terms: terms.clone() });
    };
    let none = RuleChange::default();
    rule("as it is".to_owned(), none);
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let supply = first.supply.map(|supply| first.tokens(supply));
    let recorded = first.questions.iter().filter_map(|question| question.quorum);
    let quorum = match (scenario.rule.quorum, scenario.rule.quorum_tokens) {
        (Some(share), _) => supply.map_or(0.0, |supply| supply * share),
        (None, Some(tokens)) => tokens,
        (None, None) => mean(recorded.map(|quorum| first.tokens(quorum)).collect()),
    };
    let steps: Vec<(String, f64)> = if quorum > 0.0 {
        [1.5, 2.0, 3.0, 5.0].map(|factor| (format!("quorum x {factor}"), quorum * factor)).to_vec()
    } else {
        let cast = first.ballots.iter().map(|ballot| first.tokens(ballot.power)).sum::<f64>()
            / first.questions.len().max(1) as f64;
        let steps = [0.1, 0.25, 0.5, 1.0, 2.0];
        steps
            .map(|share| (format!("a quorum of {share} of the power that is usually cast"), cast * share))
            .to_vec()
    };
    for (title, tokens) in steps {
        rule(title, RuleChange { quorum_tokens: Some(tokens), ..none });
    }
    let counts = Some(QuorumCounts::For);
    rule("a quorum that counts only votes for".to_owned(), RuleChange { quorum_counts: counts, ..none });
    for approval in [0.6, 2.0 / 3.0, 0.75, 0.9] {
        let title = format!("approval above {:.0} %", approval * 100.0);
        rule(title, RuleChange { approval: Some(approval), ..none });
    }
    if scenario.rule.power_at_vote == Some(true) {
        let title = "power counted before the vote".to_owned();
        rule(title, RuleChange { power_at_vote: Some(false), ..none });
    }
    rule("windows x 2".to_owned(), RuleChange { window: Some(2.0), ..none });
    rule("windows x 0.5".to_owned(), RuleChange { window: Some(0.5), ..none });
    rule("sealed ballots".to_owned(), RuleChange { shielded: Some(true), ..none });
    let weighting = Some(Weighting::SquareRoot);
    rule("square roots of tokens".to_owned(), RuleChange { weighting, ..none });
    if supply.is_some() {
        let (weighting, cap) = (Some(Weighting::Capped), Some(0.01));
        rule("at most 1 % of the supply each".to_owned(), RuleChange { weighting, cap, ..none });
    }
    let mut other = |title: String, terms: Terms| changes.push(Change { title, rule: none, terms });
    for hours in [24.0, 72.0] {
        let more = terms.number("extension_hours") + hours;
        other(
            format!("voting extended by {hours} more hours after a late change"),
            terms.with("extension_hours", more),
        );
    }
    let timelock = terms.number("timelock_days");
    for days in [2.0, 7.0] {
        other(format!("a timelock {days} days longer"), terms.with("timelock_days", timelock + days));
    }
    if terms.number("guardian") < 0.9 {
        let guarded = terms.with("guardian", 0.9).with("timelock_days", timelock.max(2.0));
        other("a guardian, with a timelock of 2 days at least".to_owned(), guarded);
    }
    if let Some(supply) = terms.known("supply").or(supply) {
        let threshold = terms.number("proposal_threshold").max(0.01 * supply);
        other("1 % of the supply to propose".to_owned(), terms.with("proposal_threshold", threshold));
    }
    other("one proposal at a time".to_owned(), terms.with("fatigue", 0.0));
    let diligence = terms.number("diligence").max(0.1);
    other("every tenth voter reads the actions".to_owned(), terms.with("diligence", diligence));
    other("members may leave at book value".to_owned(), terms.with("exit_at_book", 1.0));
    if terms.number("exit_at_book") >= 0.5 {
        other("nobody may leave at book value".to_owned(), terms.with("exit_at_book", 0.0));
    }
    changes
}

/// What each change does to each attack that succeeds as it is, the best first: what removes it at the least loss of
/// passing proposals, then what makes it dearest.
pub(super) fn rank(base: &Summed, others: &[(&Change, Summed)]) -> Vec<Remedy> {
    let capital = |summed: &Summed, attacker: &str| {
        let finding = summed.findings.iter().find(|finding| finding.attacker == attacker);
        finding.and_then(|finding| finding.best(0)).map(|reached| reached.bill.capital)
    };
    let priced = ["whale", "sybil", "briber", "flash loan", "raider", "spammer"];
    let dearest = |summed: &Summed| {
        priced
            .into_iter()
            .filter_map(|attacker| Some((capital(summed, attacker)?, attacker)))
            .min_by(|left, right| left.0.total_cmp(&right.0))
    };
    let cheapest = dearest(base).map_or(f64::INFINITY, |(capital, _)| capital);
    let mut all = Vec::new();
    for finding in &base.findings {
        let Some(before) = finding.best(0) else { continue };
        let mut remedies: Vec<Remedy> = others
            .iter()
            .filter_map(|(change, after)| {
                if !change.concerns(finding.attacker) {
                    return None;
                }
                let find = |attacker: &str| -> Option<&Finding> {
                    after.findings.iter().find(|known| known.attacker == attacker)
                };
                let best = find(finding.attacker)?.best(0);
                let split = find("sybil")
                    .filter(|_| finding.attacker == "whale" && change.rule.weighting.is_some())
                    .and_then(|sybil| sybil.best(0));
                let splits =
                    split.is_some_and(|split| best.is_none_or(|best| split.bill.capital < best.bill.capital));
                let ratio = |now: f64, before: f64| if before > 0.0 { now / before } else { 1.0 };
                let factor = match (best, split) {
                    (_, Some(split)) if splits => ratio(split.bill.capital, before.bill.capital),
                    (Some(best), _) => ratio(best.size, before.size),
                    (None, _) => f64::INFINITY,
                };
                let best = if splits { split } else { best };
                let paid = before.bill.profit().is_some_and(|profit| profit > 0.0);
                let pays =
                    best.is_some_and(|reached| reached.bill.profit().is_none_or(|profit| profit > 0.0));
                let opened = dearest(after).filter(|(capital, attacker)| {
                    *capital < 0.99 * cheapest && *attacker != finding.attacker
                });
                Some(Remedy {
                    attacker: finding.attacker,
                    change: change.title.clone(),
                    removed: best.is_none(),
                    unprofitable: paid && !pays,
                    factor,
                    passed_less: base.passed - after.passed,
                    days_more: after.days - base.days,
                    opens: opened.map(|(_, attacker)| attacker),
                })
            })
            .collect();
        remedies.sort_by(|left, right| {
            let works = |remedy: &Remedy| u8::from(!(remedy.removed || remedy.unprofitable));
            let key = |remedy: &Remedy| (works(remedy), u8::from(remedy.opens.is_some()));
            let cost = |remedy: &Remedy| remedy.passed_less.max(0.0) + 0.01 * remedy.days_more.max(0.0);
            let tie = if works(left) == 0 {
                cost(left).total_cmp(&cost(right)).then(right.factor.total_cmp(&left.factor))
            } else {
                right.factor.total_cmp(&left.factor).then(cost(left).total_cmp(&cost(right)))
            };
            key(left).cmp(&key(right)).then(tie)
        });
        all.extend(remedies);
    }
    all
}
