//! A moderator's account is taken over and announces a mint or a migration that robs those who follow it.
//!
//! The pattern and its sizes are those of the fake mint on Phantom Galaxies' Discord (19 November 2021; three hours, 1,571
//! payments of 94,000 members, 0.17 ETH each).

use super::sizes::{CONVERSION_AT_MOST, PHANTOM_GALAXIES_HOURS};
use super::stage::{Answer, Lure, Moment};
use super::texts::{self, Kind};
use super::{AttackScript, Card, Family, Parameter, Stage};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct HijackedAnnouncement;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(PHANTOM_GALAXIES_HOURS),
    Parameter::reach(0.6),
    Parameter::conversion(CONVERSION_AT_MOST, 0.3),
    Parameter::accounts(4.0, 200.0),
    Parameter::age_days(12.0),
];

impl AttackScript for HijackedAnnouncement {
    fn name(&self) -> &'static str {
        "hijacked-announcement"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Takeover,
            purpose: "takes over a moderator's account and announces a mint, a claim or a migration that robs who follows it",
            injects: "announcements by the moderator, repeated elsewhere where it is loud; praise by accounts of its own; payments",
            source: "Phantom Galaxies, 19 November 2021: 1,571 payments of 94,000 members in about three hours",
            limits: "honest members do not answer or warn; moderators are not banned first, as streams know no bans",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let until = start + stage.draw_exposure();
        let mut draws = stage.draws("plan", 0);
        let there = |joined: i64| joined <= start;
        let taken = stage.pick("taken", 1, |account| account.moderator && there(account.joined_at));
        let taken = if taken.is_empty() { stage.pick("taken", 1, |_| true) } else { taken };
        let Some(&taken) = taken.first() else { return };
        stage.take_over(taken);
        let socks = stage.open_many(stage.count("accounts"));
        stage.blend_in(&socks, 4.0, start);
        let purse = socks.first().copied().unwrap_or(taken);
        let announcements = stage.channel(&["announcements", "announce", "news"]);
        let (conversion, reach) = (stage.draw_conversion(), stage.value("reach"));
        let posts = 1 + draws.poisson(2.0 * (1.0 - stealth)) as usize;
        for index in 0..posts {
            let mut draws = stage.draws("post", index);
            let at = if index == 0 {
                start + draws.below(120) as i64
            } else {
                stage.moment(start, until, &mut draws)
            };
            let elsewhere = index > 0 && draws.chance(0.6);
            let channel = if elsewhere { stage.busy_channel(&mut draws) } else { announcements };
            let topic = stage.busy_topic(&mut draws);
            let text = texts::write(Kind::Hijack, stealth, &mut draws);
            let sentiment = (0.4 + 0.25 * draws.normal()).clamp(-1.0, 1.0);
            let moment = Moment {
                author: taken,
                at,
                channel,
                to: None,
                answers: Answer::Nothing,
                topic,
                sentiment,
                text,
            };
            let act = stage.write(moment);
            let readers =
                stage.readers(&format!("post {index}"), if elsewhere { reach / 2.0 } else { reach }, at);
            stage.fall_for(
                Lure { act, at, conversion, lag: 2_400.0, until, to: purse, drained: 0.15 },
                &readers,
            );
            for (nth, &sock) in socks.iter().enumerate() {
                // Each has something to say at least once.
                if (index == 0 && nth % posts == 0) || nth % posts == index {
                    stage.praise(sock, act, until, index * 1_024 + nth);
                }
            }
        }
    }
}
