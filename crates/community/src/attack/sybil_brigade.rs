//! One mind under many names: a wave of support for a proposal, or of attacks on those who oppose it, until it looks like the
//! will of all.

use super::sizes::SYBIL_INCIDENCE;
use super::stage::{Answer, Moment};
use super::texts::{self, Kind};
use super::{AttackScript, Card, DAY, Family, HOUR, Parameter, Stage};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct SybilBrigade;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(36.0),
    Parameter::accounts(20.0, 2_000.0),
    Parameter::age_days(15.0),
    Parameter::new("messages", "messages of each account, in the mean", (1.0, 50.0), 1.8),
    Parameter::new("waves", "waves in which they come", (1.0, 20.0), 2.0),
    Parameter::new(
        "sway",
        "voices needed, over the honest voices in the same discussion: the estimated incidence of sybils in Gitcoin's round \
         10 over that of others",
        (0.01, 10.0),
        SYBIL_INCIDENCE / (1.0 - SYBIL_INCIDENCE),
    ),
    Parameter::treasury(1_000.0),
];

impl AttackScript for SybilBrigade {
    fn name(&self) -> &'static str {
        "sybil-brigade"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Brigading,
            purpose: "lets many accounts support one proposal, or shout down its opponents, in waves, to sway a vote",
            injects: "accounts opened within days of each other, short messages and answers about governance in waves",
            source: "Gitcoin's round 10: incidence of sybils 26.1 to 45.4 %, 8.9 % of contributors flagged; that voices sway \
                     votes in proportion is a judgement",
            limits: "sybils hold no votes of their own; sway is a threshold on voices",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let exposure = stage.draw_exposure();
        let until = start + exposure;
        let accounts = stage.open_many(stage.count("accounts"));
        stage.blend_in(&accounts, 5.0, start);
        if accounts.is_empty() {
            return;
        }
        let governance = stage.channel(&["governance", "proposal"]);
        let topic = stage.topic(&["governance", "proposal"]);
        let waves = stage.count("waves").max(1);
        let width = (0.5 + 8.0 * stealth) * HOUR;
        let mut support = Vec::new();
        let mut anchor = None;
        let mut last = start;
        for (number, &author) in accounts.iter().enumerate() {
            let each = stage.value("messages") - 1.0;
            let count = 1 + stage.draws("count", number).poisson(each) as usize;
            for nth in 0..count {
                let index = number * 128 + nth;
                let mut draws = stage.draws("message", index);
                let wave = start + (draws.below(waves as u64) as i64) * exposure / waves as i64;
                let at =
                    if index == 0 { start } else { (wave + (draws.exponential() * width) as i64).min(until) };
                last = last.max(at);
                let reply = if draws.chance(0.35) { stage.near(at, &mut draws) } else { None };
                let ours = anchor.filter(|&act| stage.when(act) < at && draws.chance(0.3));
                let (answers, channel) = match (ours, reply) {
                    (Some(act), _) => (Answer::Ours(act), governance),
                    (None, Some(place)) => (Answer::Theirs(place), stage.message(place).channel),
                    (None, None) => (Answer::Nothing, governance),
                };
                let kind = if draws.chance(0.85 - 0.3 * stealth) { Kind::Brigade } else { Kind::Governance };
                let text = texts::write(kind, stealth, &mut draws);
                // Support sounds glad, shouting down does not.
                let mean = if draws.chance(0.7) { 0.4 } else { -0.4 };
                let sentiment = (mean + 0.3 * draws.normal()).clamp(-1.0, 1.0);
                let moment = Moment { author, at, channel, to: None, answers, topic, sentiment, text };
                let act = stage.write(moment);
                anchor = anchor.or(Some(act));
                // A voice counts once.
                if nth == 0 {
                    support.push((vec![act], 1.0));
                }
            }
        }
        let mut voices: Vec<u32> = stage
            .stream()
            .messages
            .iter()
            .filter(|message| {
                let on_it = message.channel == governance && message.topic == topic;
                on_it && (start - DAY as i64..=until).contains(&message.at)
            })
            .filter(|message| !stage.stream().accounts[message.author as usize].label.malicious())
            .map(|message| message.author)
            .collect();
        voices.sort_unstable();
        voices.dedup();
        let needed =
            stage.value("sway") * voices.len() as f64 * (0.5 * stage.draws("sway", 0).normal()).exp();
        if let Some(act) = anchor {
            let prize = stage.prize();
            stage.lose_decision(last.max(until), prize, act, support, needed.max(1.0));
        }
    }
}
