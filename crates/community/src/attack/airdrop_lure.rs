//! Strangers promise tokens for a click: airdrops, giveaways, mints, with others who say that it works.

use super::stage::{Answer, Lure, Moment};
use super::texts::{self, Kind};
use super::{AttackScript, Card, Family, Parameter, Stage};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct AirdropLure;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(8.0),
    Parameter::reach(0.25),
    Parameter::conversion(0.0167, 0.3),
    Parameter::accounts(6.0, 500.0),
    Parameter::age_days(3.0),
    Parameter::new("posts", "posts of each account over the campaign, in the mean", (1.0, 100.0), 2.5),
];

impl AttackScript for AirdropLure {
    fn name(&self) -> &'static str {
        "airdrop-lure"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lure,
            purpose: "posts links to claim tokens, giveaways and mints from fresh accounts that praise each other",
            injects: "accounts, posts and praise in several channels, a few direct messages, payments and emptied wallets",
            source: "week of September 2023 in CertiK's count: 12 incidents, 6.4 million USD, five of them on Discord; \
                     conversion at most that of Phantom Galaxies (1.7 %)",
            limits: "honest members do not answer",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let until = start + stage.draw_exposure();
        let accounts = stage.open_many(stage.count("accounts"));
        stage.blend_in(&accounts, 4.0, start);
        let Some(&purse) = accounts.first() else { return };
        let direct = stage.channel(&["direct", "dm"]);
        let (conversion, reach) = (stage.draw_conversion(), stage.value("reach"));
        const KINDS: [(Kind, f64); 6] = [
            (Kind::Claim, 0.45),
            (Kind::Giveaway, 0.2),
            (Kind::WalletDrop, 0.1),
            (Kind::Whitelist, 0.05),
            (Kind::Mint, 0.1),
            (Kind::Presale, 0.1),
        ];
        // One campaign pushes one thing, mostly.
        let main = KINDS[stage.draws("kind", 0).weighted(&KINDS.map(|(_, weight)| weight))].0;
        let each = stage.value("posts") * (1.0 - 0.5 * stealth);
        let mut last = None;
        for (number, &author) in accounts.iter().enumerate() {
            let posts = 1 + stage.draws("posts", number).poisson(each - 1.0) as usize;
            for nth in 0..posts {
                let index = number * 128 + nth;
                let mut draws = stage.draws("post", index);
                let at = if index == 0 { start } else { stage.moment(start, until, &mut draws) };
                if let Some(act) = last
                    && stage.when(act) < at
                    && draws.chance(0.3)
                {
                    stage.praise(author, act, until, index);
                    continue;
                }
                let kind = if draws.chance(0.8) {
                    main
                } else {
                    KINDS[draws.weighted(&KINDS.map(|(_, weight)| weight))].0
                };
                let private = draws.chance(0.15);
                let readers = if private {
                    stage.pick(&format!("private {index}"), 1, |_| true)
                } else {
                    stage.readers(&format!("post {index}"), reach, at)
                };
                let to = if private { readers.first().copied() } else { None };
                let reply =
                    if to.is_none() && draws.chance(0.25) { stage.near(at, &mut draws) } else { None };
                let channel = match (to, reply) {
                    (Some(_), _) => direct,
                    (None, Some(place)) => stage.message(place).channel,
                    (None, None) => stage.busy_channel(&mut draws),
                };
                let topic = stage.busy_topic(&mut draws);
                let sentiment = (0.4 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
                let text = texts::write(kind, stealth, &mut draws);
                let answers = reply.map_or(Answer::Nothing, Answer::Theirs);
                let act = stage.write(Moment { author, at, channel, to, answers, topic, sentiment, text });
                last = Some(act);
                let lure = Lure { act, at, conversion, lag: 3_600.0, until, to: purse, drained: 0.4 };
                stage.fall_for(lure, &readers);
            }
        }
    }
}
