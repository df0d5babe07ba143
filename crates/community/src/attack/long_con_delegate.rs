//! A delegate earns trust and votes for weeks or months, then votes the treasury away.

use super::stage::{Answer, Moment};
use super::texts::{self, Kind};
use super::{AttackScript, Card, DAY, Family, Parameter, Stage};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongConDelegate;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::new("start", "its first act, as a share of the stream's span", (0.0, 0.9), 0.1),
    Parameter::new(
        "trust_share",
        "the share of what is left of the span in which it earns trust",
        (0.05, 1.0),
        0.7,
    ),
    Parameter::new("per_week", "harmless messages a week while it earns trust", (0.0, 500.0), 7.0),
    Parameter::reach(0.06),
    Parameter::accounts(1.0, 20.0),
    Parameter::age_days(60.0),
    Parameter::new(
        "rush",
        "the share of its delegations that it wins in the last tenth of that time",
        (0.0, 1.0),
        0.4,
    ),
    Parameter::exposure_hours(72.0),
    Parameter::treasury(2_000.0),
];

impl AttackScript for LongConDelegate {
    fn name(&self) -> &'static str {
        "long-con-delegate"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Infiltration,
            purpose: "earns delegations as an active, helpful delegate, then casts them for a proposal that takes the treasury",
            injects: "one or a few old accounts, weeks of harmless messages, delegations of honest members, the betraying vote",
            source: "Build Finance (9 February 2022), Compound 289 (28 July 2024) and Synthetify (October 2023) for what such \
                     votes took; the patience is a judgement",
            limits: "who follows the delegate's word without delegating is not modelled; opponents cast 5 % of what is held in \
                     the middle, whatever the question",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let trust = ((stage.span().1 - start) as f64 * stage.value("trust_share")) as i64;
        let betrayal = start + trust.max(3_600);
        let exposure = stage.draw_exposure();
        let delegates = stage.open_many(stage.count("accounts"));
        if delegates.is_empty() {
            return;
        }
        let governance = stage.channel(&["governance", "proposal"]);
        let topic = stage.topic(&["governance", "proposal"]);
        let votes = stage.asset(&["votes", "voting power"]);
        let weeks = trust as f64 / (7.0 * DAY);
        for (number, &delegate) in delegates.iter().enumerate() {
            let mut draws = stage.draws("trust", number);
            for _ in 0..=draws.below(2) {
                let at = start + (draws.uniform().powi(2) * trust as f64 * 0.5) as i64;
                let text = texts::write(Kind::Delegate, 0.0, &mut draws);
                let sentiment = (0.3 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
                let (to, answers) = (None, Answer::Nothing);
                stage.cover(Moment {
                    author: delegate,
                    at,
                    channel: governance,
                    to,
                    answers,
                    topic,
                    sentiment,
                    text,
                });
            }
            let count = draws.poisson(stage.value("per_week") * weeks * (0.5 + stealth)) as usize;
            for nth in 0..count {
                stage.chat(delegate, start, betrayal, number * 65_536 + nth);
            }
        }
        // Members delegate what they hold; most of them hold little.
        let delegators = stage.readers("delegators", stage.value("reach"), betrayal);
        let mut support = Vec::new();
        for (index, &delegator) in delegators.iter().enumerate() {
            let mut draws = stage.draws("delegation", index);
            let late = draws.chance(stage.value("rush"));
            let share = if late { 0.9 + 0.1 * draws.uniform() } else { 0.1 + 0.8 * draws.uniform() };
            let at = start + (share * (trust - 1) as f64) as i64;
            if !stage.here(delegator, at) {
                continue;
            }
            let delegate = delegates[index % delegates.len()];
            let power = stage.holding(delegator);
            let amount = stage.amount(power);
            let act = stage.move_asset(at, delegator, delegate, amount, votes);
            support.push((vec![act], power));
        }
        let needed = stage.opposition();
        let prize = stage.prize();
        let mut first = None;
        for (number, &delegate) in delegates.iter().enumerate() {
            let mut draws = stage.draws("betrayal", number);
            for nth in 0..=draws.below(3) {
                let at = betrayal
                    + (nth as f64 * draws.uniform() * exposure as f64 / 3.0) as i64
                    + draws.below(600) as i64;
                let text = texts::write(Kind::Defection, stealth, &mut draws);
                let sentiment = (0.1 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
                let (to, answers) = (None, Answer::Nothing);
                let act = stage.write(Moment {
                    author: delegate,
                    at,
                    channel: governance,
                    to,
                    answers,
                    topic,
                    sentiment,
                    text,
                });
                if first.is_none_or(|known| stage.when(known) > at) {
                    first = Some(act);
                }
            }
        }
        if let Some(act) = first {
            stage.lose_decision(stage.when(act) + exposure, prize, act, support, needed);
        }
    }
}
