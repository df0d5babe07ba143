//! Wallets that signed something are emptied, and what was in them is passed on until nobody follows.

use super::stage::{Answer, Moment};
use super::texts::{self, Kind};
use super::{AttackScript, Card, Family, HOUR, Parameter, Stage};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct PhishingDrain;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(24.0),
    Parameter::reach(0.4),
    Parameter::conversion(0.08, 0.5),
    Parameter::accounts(4.0, 200.0),
    Parameter::age_days(2.0),
    Parameter::new("hops", "how often what was taken is passed on", (0.0, 20.0), 3.0),
];

impl AttackScript for PhishingDrain {
    fn name(&self) -> &'static str {
        "phishing-drain"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Drain,
            purpose: "empties wallets that signed something elsewhere, and passes the tokens on through wallets of its own",
            injects: "payments of nearly all that victims hold to a few wallets, then ever fewer and larger ones between these; \
                      where it is loud, a few direct messages before",
            source: "phishing accounts of the public Ethereum sets (1,165 among some 3 million accounts): many small incomings \
                     from strangers, few large outgoings, short lives",
            limits: "signatures are not modelled: a victim's wallet pays; exchanges and mixers are wallets like others",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let until = start + stage.draw_exposure();
        let wallets = stage.open_many(stage.count("accounts"));
        let Some((&last, drains)) = wallets.split_last() else { return };
        let drains = if drains.is_empty() { &wallets[..] } else { drains };
        let direct = stage.channel(&["direct", "dm"]);
        let conversion = stage.draw_conversion();
        let mut readers = stage.readers("targets", stage.value("reach"), start);
        if readers.is_empty() {
            readers = stage.pick("targets", 1, |_| true);
        }
        let mut held = vec![0.0; drains.len()];
        for (index, &reader) in readers.iter().enumerate() {
            let mut draws = stage.draws("target", index);
            let place = draws.below(drains.len() as u64) as usize;
            let mut at = stage.moment(start, until, &mut draws);
            let falls = draws.chance((conversion * stage.susceptibility(reader, at)).min(1.0)) || index == 0;
            if draws.chance(0.1 * (1.0 - stealth)) {
                let text = texts::write(Kind::Support, stealth, &mut draws);
                let topic = stage.busy_topic(&mut draws);
                let sentiment = (0.3 * draws.normal()).clamp(-1.0, 1.0);
                let (to, answers) = (Some(reader), Answer::Nothing);
                let author = drains[place];
                stage.write(Moment { author, at, channel: direct, to, answers, topic, sentiment, text });
                at += 120 + draws.below(3_600) as i64;
            }
            if !falls {
                continue;
            }
            // One asset after the other, the largest part first; a hidden campaign leaves something.
            let parts = 1 + draws.below(3);
            let mut rest = stage.holding(reader) * (1.0 - 0.5 * stealth * draws.uniform());
            for part in 0..parts {
                let paid = if part + 1 == parts { rest } else { rest * (0.5 + 0.4 * draws.uniform()) };
                rest -= paid;
                let amount = stage.amount(paid);
                let act = stage.transfer(at, reader, drains[place], amount);
                stage.lose(reader, paid, act, act);
                held[place] += paid;
                at += 12 + (draws.exponential() * 300.0 * (1.0 + 10.0 * stealth)) as i64;
            }
        }
        // What was taken is passed on, split and joined.
        for hop in 0..stage.count("hops") {
            for place in 0..drains.len() {
                let mut draws = stage.draws("hop", hop * 1_024 + place);
                let to = if draws.chance(0.5) { last } else { drains[(place + 1 + hop) % drains.len()] };
                if to == drains[place] || held[place] <= 0.0 {
                    continue;
                }
                let moved = held[place] * (0.4 + 0.59 * draws.uniform());
                held[place] -= moved;
                if let Some(other) = drains.iter().position(|&wallet| wallet == to) {
                    held[other] += moved;
                }
                let at = until + ((hop as f64 + draws.uniform()) * HOUR * (1.0 + 6.0 * stealth)) as i64;
                let amount = stage.amount(moved);
                stage.transfer(at, drains[place], to, amount);
            }
        }
    }
}
