//! A broker offers money for delegations, then casts what it bought.

use super::sizes::BRIBE_OVER_PRIZE;
use super::stage::{Answer, Moment};
use super::texts::{self, Kind};
use super::{AttackScript, Card, DAY, Family, Parameter, Stage};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct VoteBuying;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(60.0),
    Parameter::reach(0.35),
    Parameter::new("sellers", "the share of those reached that sell", (0.0, 1.0), 0.15),
    Parameter::accounts(2.0, 50.0),
    Parameter::age_days(25.0),
    Parameter::treasury(1_000.0),
];

impl AttackScript for VoteBuying {
    fn name(&self) -> &'static str {
        "vote-buying"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Bribery,
            purpose: "offers members money for their delegation, publicly and directly, and casts what it bought",
            injects: "offers, delegations of honest members to the broker, payments by the broker, its vote",
            source: "LobbyFi in Arbitrum's election of 5 April 2025: 5 ETH bought a vote on a seat worth about 66 ETH",
            limits: "sellers do not compare offers; a market of votes with prices is `bribes` of the simulation",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let exposure = stage.draw_exposure();
        let until = start + exposure;
        let brokers = stage.open_many(stage.count("accounts"));
        if brokers.is_empty() {
            return;
        }
        stage.blend_in(&brokers, 6.0, start);
        let direct = stage.channel(&["direct", "dm"]);
        let governance = stage.channel(&["governance", "proposal"]);
        let topic = stage.topic(&["governance", "proposal"]);
        let votes = stage.asset(&["votes", "voting power"]);
        let prize = stage.prize();
        let reached = stage.readers("reached", stage.value("reach"), start);
        // Some are written to directly; the others read one of a few posts.
        let private_share = 0.3 + 0.5 * stealth;
        let posts = brokers.len() + stage.draws("posts", 0).poisson(3.0 * (1.0 - stealth)) as usize;
        let mut public = Vec::new();
        for index in 0..posts {
            let mut draws = stage.draws("post", index);
            let at = if index == 0 { start } else { stage.moment(start, start + exposure / 2, &mut draws) };
            let reply = if draws.chance(0.3) { stage.near(at, &mut draws) } else { None };
            let channel = match reply {
                Some(place) => stage.message(place).channel,
                None if draws.chance(0.5) => governance,
                None => stage.busy_channel(&mut draws),
            };
            let text = texts::write(Kind::VoteOffer, stealth, &mut draws);
            let sentiment = (0.2 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
            let author = brokers[index % brokers.len()];
            let answers = reply.map_or(Answer::Nothing, Answer::Theirs);
            public.push(stage.write(Moment {
                author,
                at,
                channel,
                to: None,
                answers,
                topic,
                sentiment,
                text,
            }));
        }
        let all: f64 = reached.iter().map(|&member| stage.holding(member)).sum();
        let mut support = Vec::new();
        for (index, &member) in reached.iter().enumerate() {
            let mut draws = stage.draws("seller", index);
            let broker = brokers[index % brokers.len()];
            let private = draws.chance(private_share);
            let offer = if private && draws.chance(0.25) {
                let at = stage.moment(start, start + exposure / 2, &mut draws);
                let text = texts::write(Kind::VoteOffer, stealth, &mut draws);
                let sentiment = (0.2 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
                let (to, answers) = (Some(member), Answer::Nothing);
                stage.write(Moment {
                    author: broker,
                    at,
                    channel: direct,
                    to,
                    answers,
                    topic,
                    sentiment,
                    text,
                })
            } else {
                public[draws.below(public.len() as u64) as usize]
            };
            let at = stage.when(offer) + 300 + (draws.exponential() * 0.15 * exposure as f64) as i64;
            if !draws.chance(stage.value("sellers")) || at >= until || !stage.here(member, at) {
                continue;
            }
            let power = stage.holding(member);
            let amount = stage.amount(power);
            let sold = stage.move_asset(at, member, broker, amount, votes);
            // All bribes together are the published share of the prize, split by power.
            let paid = BRIBE_OVER_PRIZE * prize * power / all.max(power);
            let amount = stage.amount(paid);
            stage.transfer(at + 60 + draws.below(7_200) as i64, broker, member, amount);
            support.push((vec![offer, sold], power));
        }
        let needed = stage.opposition();
        let mut draws = stage.draws("vote", 0);
        // It needs to explain nothing.
        let text = texts::write(Kind::Governance, stealth, &mut draws);
        let sentiment = (0.1 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
        let (to, answers) = (None, Answer::Nothing);
        let vote = Moment {
            author: brokers[0],
            at: until,
            channel: governance,
            to,
            answers,
            topic,
            sentiment,
            text,
        };
        let act = stage.write(vote);
        stage.lose_decision(until + DAY as i64, prize, act, support, needed);
    }
}
