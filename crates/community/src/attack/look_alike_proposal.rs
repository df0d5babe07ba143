//! A proposal, or the page to vote on it, that is not the real one: who signs there signs away a wallet.

use super::stage::{Answer, Lure, Moment, Stage};
use super::texts::{self, Kind};
use super::{AttackScript, Card, Family, Parameter};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookAlikeProposal;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(24.0),
    Parameter::reach(0.3),
    Parameter::conversion(0.0167, 0.3),
    Parameter::accounts(3.0, 100.0),
    Parameter::age_days(20.0),
];

impl AttackScript for LookAlikeProposal {
    fn name(&self) -> &'static str {
        "look-alike-proposal"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Impersonation,
            purpose: "posts a copy of a proposal, or a link to vote, under a name like its author's; who signs pays",
            injects: "accounts named like busy members, posts where proposals are talked about, reminders, payments",
            source: "the class of human and computer interaction of \"SoK: Attacks on DAOs\" (arXiv 2406.15071); Tornado Cash, \
                     20 May 2023, for a proposal whose text is another's",
            limits: "the page behind the link is not modelled; for a real copy put to the vote see the audit of contracts",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let until = start + stage.draw_exposure();
        let governance = stage.channel(&["governance", "proposal"]);
        let topic = stage.topic(&["governance", "proposal"]);
        // Those who write most about it are imitated.
        let mut written = vec![0_u32; stage.stream().accounts.len()];
        for message in stage.stream().messages.iter().filter(|message| message.channel == governance) {
            written[message.author as usize] += 1;
        }
        let mut models = stage.honest().to_vec();
        models.sort_by_key(|&account| std::cmp::Reverse(written[account as usize]));
        models.truncate(10);
        stage.draws("models", 0).shuffle(&mut models);
        let accounts: Vec<u32> = (0..stage.count("accounts"))
            .map(|index| {
                let mut draws = stage.draws("look-alike", index);
                let model = models[index % models.len()];
                let name = Stage::look_alike(&stage.stream().accounts[model as usize].name, &mut draws);
                stage.open_aged(name, index)
            })
            .collect();
        stage.blend_in(&accounts, 5.0, start);
        let (conversion, reach) = (stage.draw_conversion(), stage.value("reach"));
        let posts = accounts.len() + stage.draws("posts", 0).poisson(3.0 * (1.0 - stealth) + 1.0) as usize;
        for index in 0..posts {
            let mut draws = stage.draws("post", index);
            let author = accounts[index % accounts.len()];
            let at = if index == 0 { start } else { stage.moment(start, until, &mut draws) };
            let reply = if draws.chance(0.4) { stage.near(at, &mut draws) } else { None };
            let channel = match reply {
                Some(place) => stage.message(place).channel,
                None if draws.chance(0.7) => governance,
                None => stage.busy_channel(&mut draws),
            };
            let text = texts::write(Kind::LookAlike, stealth, &mut draws);
            let sentiment = (0.1 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
            let topic = if draws.chance(0.7) { topic } else { stage.busy_topic(&mut draws) };
            let answers = reply.map_or(Answer::Nothing, Answer::Theirs);
            let act = stage.write(Moment { author, at, channel, to: None, answers, topic, sentiment, text });
            let readers = stage.readers(&format!("post {index}"), reach, at);
            stage.fall_for(
                Lure { act, at, conversion, lag: 7_200.0, until, to: author, drained: 0.6 },
                &readers,
            );
        }
    }
}
