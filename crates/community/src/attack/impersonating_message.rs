//! Accounts named nearly like moderators write to members directly: support that asks for a wallet.

use super::stage::{Answer, Lure, Moment, Stage};
use super::texts::{self, Kind};
use super::{AttackScript, Card, DAY, Family, Parameter};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImpersonatingMessage;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(48.0),
    Parameter::reach(0.15),
    Parameter::conversion(0.05, 0.5),
    Parameter::accounts(3.0, 100.0),
    Parameter::age_days(5.0),
];

impl AttackScript for ImpersonatingMessage {
    fn name(&self) -> &'static str {
        "impersonating-message"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Impersonation,
            purpose: "writes to members under names that look like moderators', best soon after they asked something",
            injects: "accounts with look-alike names, direct messages and answers to questions; emptied wallets",
            source: "direct messages by false support, as in the reports that TRM Labs collected in 2022 (more than 100 in two \
                     months); conversion of a personal message is a judgement: three times that of an announcement",
            limits: "one message and a reminder to each member, no conversation",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let until = start + stage.draw_exposure();
        let models = stage.pick("models", 1_000, |account| account.moderator);
        let models = if models.is_empty() { stage.pick("models", 5, |_| true) } else { models };
        let accounts: Vec<u32> = (0..stage.count("accounts"))
            .map(|index| {
                let mut draws = stage.draws("look-alike", index);
                let model = models[index % models.len()];
                let name = Stage::look_alike(&stage.stream().accounts[model as usize].name, &mut draws);
                stage.open_aged(name, index)
            })
            .collect();
        stage.blend_in(&accounts, 3.0, start);
        let direct = stage.channel(&["direct", "dm"]);
        let conversion = stage.draw_conversion();
        let mut readers = stage.readers("targets", stage.value("reach"), start);
        if readers.len() < accounts.len() {
            readers = stage.pick("targets", accounts.len(), |_| true);
        }
        // Who wrote lately is written to soon after its message: it asked something, or seems to.
        let mut wrote = vec![None; stage.stream().accounts.len()];
        for message in &stage.stream().messages {
            if message.at >= start - DAY as i64 && message.at < until && message.to.is_none() {
                wrote[message.author as usize].get_or_insert((message.at, message.topic));
            }
        }
        for (index, &reader) in readers.iter().enumerate() {
            let mut draws = stage.draws("message", index);
            let author = accounts[index % accounts.len()];
            let (at, topic) = match wrote[reader as usize] {
                Some((asked, topic)) => (
                    asked.max(start) + 120 + (draws.exponential() * 1_800.0 * (1.0 + 3.0 * stealth)) as i64,
                    topic,
                ),
                None => (stage.moment(start, until, &mut draws), stage.busy_topic(&mut draws)),
            };
            let at = if index < accounts.len() { at.clamp(start, until) } else { at };
            if at > until {
                continue;
            }
            let kind = if draws.chance(0.8) { Kind::Support } else { Kind::Recovery };
            // A loud one tries in the open too, under the question.
            let open = draws.chance(0.25 * (1.0 - stealth));
            let answers = if open { stage.near(at, &mut draws) } else { None };
            let (to, channel) = match answers {
                Some(place) => (None, stage.message(place).channel),
                None => (Some(reader), direct),
            };
            let sentiment = (0.1 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
            let text = texts::write(kind, stealth, &mut draws);
            let answers = answers.map_or(Answer::Nothing, Answer::Theirs);
            let act = stage.write(Moment { author, at, channel, to, answers, topic, sentiment, text });
            let lure = Lure { act, at, conversion, lag: 3_600.0, until, to: author, drained: 0.8 };
            stage.fall_for(lure, &[reader]);
        }
    }
}
