//! What to do in a community: the policies that avoid most harm for a friction that is bearable, with reasons.

use daotwin_core::document::{Block, Chart, Plot, Section, Table};
use daotwin_core::{Run, Seed};

use super::scene::Friction;
use super::stand_in::{StandIns, stand_in};
use super::trial::{Interval, Plan, Trials, run};
use super::{POLICIES, Policy};
use crate::Result;
use crate::attack::ATTACKS;
use crate::stream::Stream;

/// Minutes of members for every thousand honest acts that are bearable where nothing is said: a quarter of a
/// minute an act.
pub const TOLERANCE: f64 = 250.0;
/// Messages that are played in at most.
const RECENT: usize = 20_000;
/// Differences in the share of harm avoided that are too small to pay for.
const SMALL: f64 = 0.02;

/// What is recommended, with what it rests on.
#[derive(Debug, Clone)]
pub struct Recommendation {
    /// Everything that was tried.
    pub trials: Trials,
    /// The place of the recommended set in [`Trials::sets`].
    pub chosen: usize,
    /// Friction that was called bearable, in minutes of members for every thousand honest acts.
    pub tolerance: f64,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// What the stream lacks and a made-up community's stood in for.
    pub stand_ins: StandIns,
}

/// Plays `campaigns` campaigns of every attack in a community's stream against every policy and every set of them, and
/// recommends the set that avoids most harm in the mean over attacks among those whose friction is at most `tolerance` (see
/// [`TOLERANCE`]); of sets within two points of it, the one with the least friction. Of a long stream the last 20,000 messages
/// are played in, with the transfers of that time: how it is now. Where records have no texts or no payments, a made-up
/// community's stand in for them. Deterministic in `seed` on any number of threads.
///
/// # Errors
/// A stream with fewer than two honest accounts or no span, fewer than two campaigns; an interrupt.
pub fn recommend(
    stream: &Stream,
    campaigns: usize,
    tolerance: f64,
    seed: Seed,
    work: &Run,
) -> Result<Recommendation> {
    let plan = Plan { attacks: ATTACKS, policies: POLICIES, together: POLICIES.len(), campaigns };
    let mut recent = recent(stream, RECENT);
    let stand_ins = stand_in(&mut recent, seed);
    let streams = std::slice::from_ref(&recent);
    let chosen = choose(&run(streams, &plan, seed, work)?, tolerance);
    // The best of many sets owes some of its figures to luck: what is told of it is of other campaigns.
    let again = Seed(seed.streams("mitigation told").stream(0).bits());
    Ok(told(run(streams, &plan, again, work)?, chosen, tolerance, stand_ins))
}

/// The last messages of a stream, so many, with the transfers since the first of them; all accounts stay.
pub(super) fn recent(stream: &Stream, messages: usize) -> Stream {
    let from = stream.messages.len().saturating_sub(messages);
    let mut recent = Stream {
        accounts: stream.accounts.clone(),
        channels: stream.channels.clone(),
        topics: stream.topics.clone(),
        assets: stream.assets.clone(),
        messages: stream.messages[from..].to_vec(),
        transfers: stream.transfers.clone(),
        campaigns: stream.campaigns.clone(),
    };
    for message in &mut recent.messages {
        message.reply_to = message.reply_to.and_then(|asked| asked.checked_sub(from as u32));
    }
    if let (Some(first), true) = (recent.messages.first(), from > 0) {
        let since = first.at;
        recent.transfers.retain(|transfer| transfer.at >= since);
    }
    recent
}

/// The set that is recommended, a place in [`Trials::sets`].
pub(super) fn choose(trials: &Trials, tolerance: f64) -> usize {
    let minutes = |set: usize| trials.friction(set, |friction| friction.minutes).mean;
    let overall: Vec<f64> = (0..trials.sets.len()).map(|set| trials.overall(set).mean).collect();
    let bearable: Vec<usize> = (0..trials.sets.len()).filter(|&set| minutes(set) <= tolerance).collect();
    // The empty set is always bearable; the first of equal ones is the smallest.
    let best =
        bearable.iter().copied().fold(0, |best, set| if overall[set] > overall[best] { set } else { best });
    bearable
        .iter()
        .copied()
        .filter(|&set| overall[set] >= overall[best] - SMALL)
        .min_by(|&left, &right| minutes(left).total_cmp(&minutes(right)))
        .unwrap_or(best)
}

/// The choice with its reasons, as these trials tell them.
pub(super) fn told(trials: Trials, chosen: usize, tolerance: f64, stand_ins: StandIns) -> Recommendation {
    let reasons = reasons(&trials, chosen, tolerance);
    Recommendation { trials, chosen, tolerance, reasons, stand_ins }
}

fn policy(name: &str) -> Option<&'static dyn Policy> {
    POLICIES.iter().copied().find(|policy| policy.name() == name)
}

fn reasons(trials: &Trials, chosen: usize, tolerance: f64) -> Vec<String> {
    let set = &trials.sets[chosen];
    let minutes = |set: usize| trials.friction(set, |friction| friction.minutes).mean;
    let mut reasons = Vec::new();
    if set.is_empty() {
        reasons.push(format!(
            "No policy avoids anything worth its friction within {tolerance:.0} minutes of members for every 1,000 honest acts."
        ));
    } else {
        reasons.push(format!(
            "Together they avoid {} of the harm of a campaign, in the mean over {} attacks counted alike, and cost members {:.0} \
             minutes for every 1,000 honest acts (bearable was said to be {tolerance:.0}).",
            percent(trials.overall(chosen)),
            trials.attacks.len(),
            minutes(chosen),
        ));
    }
    for &place in set {
        let rest: Vec<usize> = set.iter().copied().filter(|&other| other != place).collect();
        let Some(without) = trials.set(&rest) else { continue };
        let most = (0..trials.attacks.len())
            .map(|attack| (attack, trials.gain(attack, chosen, without)))
            .max_by(|left, right| left.1.mean.total_cmp(&right.1.mean));
        let (purpose, how) = policy(trials.policies[place])
            .map_or(("", ""), |policy| (policy.card().purpose, policy.card().how));
        let mut text = format!("`{}` {purpose}. It needs {how}.", trials.policies[place]);
        if let Some((attack, gain)) = most {
            text.push_str(&format!(
                " Without it {} less would be avoided overall, most against `{}` ({} of its harm); it adds {:.1} minutes.",
                points(trials.overall_gain(chosen, without)),
                trials.attacks[attack],
                points(gain),
                minutes(chosen) - minutes(without),
            ));
        }
        reasons.push(text);
    }
    for place in (0..trials.policies.len()).filter(|place| !set.contains(place)) {
        let Some(alone) = trials.set(&[place]) else { continue };
        let cost = minutes(alone);
        let mut more: Vec<usize> = set.iter().copied().chain([place]).collect();
        more.sort_unstable();
        let Some(more) = trials.set(&more) else { continue };
        let gain = trials.overall_gain(more, chosen);
        let why = if minutes(more) > tolerance {
            format!("with the others members would pay {:.0} minutes, more than is bearable", minutes(more))
        } else {
            format!(
                "with the others it adds {} for {:.1} minutes",
                points(gain),
                minutes(more) - minutes(chosen)
            )
        };
        reasons.push(format!(
            "Not `{}`: alone it avoids {} for {cost:.0} minutes; {why}.",
            trials.policies[place],
            percent(trials.overall(alone)),
        ));
    }
    for attack in 0..trials.attacks.len() {
        let left = trials.avoided(attack, chosen);
        if left.mean < 0.3 {
            reasons.push(format!(
                "`{}` stays open: {} of its harm is avoided.",
                trials.attacks[attack],
                percent(left)
            ));
        }
    }
    reasons
}

/// A share and its interval in words.
fn percent(share: Interval) -> String {
    // What is a share lies between none and all.
    let end = |value: f64| 100.0 * value.clamp(-1.0, 1.0);
    format!("{:.0} % ({:.0} to {:.0})", 100.0 * share.mean, end(share.low), end(share.high))
}

fn points(difference: Interval) -> String {
    let end = |value: f64| 100.0 * value.clamp(-1.0, 1.0);
    format!(
        "{:.0} points ({:.0} to {:.0})",
        100.0 * difference.mean,
        end(difference.low),
        end(difference.high)
    )
}

impl Recommendation {
    /// The recommended policies by name.
    pub fn policies(&self) -> Vec<&'static str> {
        self.trials.sets[self.chosen].iter().map(|&place| self.trials.policies[place]).collect()
    }

    /// The recommendation as a chapter of a report.
    pub fn section(&self) -> Section {
        let trials = &self.trials;
        let names = self.policies();
        let headline = if names.is_empty() {
            "Recommended: no new policy.".to_owned()
        } else {
            format!(
                "Recommended: {}.",
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )
        };
        let mut blocks = vec![Block::Text { text: headline }];
        blocks.extend(self.reasons.iter().map(|reason| Block::Text { text: reason.clone() }));
        blocks.push(Block::Table(self.matrix()));
        let singles: Vec<usize> =
            (0..trials.policies.len()).filter_map(|place| trials.set(&[place])).collect();
        let mut values = Vec::new();
        for attack in 0..trials.attacks.len() {
            values.extend(singles.iter().map(|&set| trials.avoided(attack, set).mean));
            values.push(trials.avoided(attack, self.chosen).mean);
        }
        let owned = |names: &[&'static str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let mut columns = owned(&trials.policies);
        columns.push("recommended".to_owned());
        blocks.push(Block::Chart(Chart {
            id: "mitigation-matrix".to_owned(),
            title: "Share of harm avoided".to_owned(),
            description: "Each policy, and the recommended ones together, against each attack".to_owned(),
            plot: Plot::Heatmaps {
                rows: owned(&trials.attacks),
                columns,
                maps: vec![("avoided".to_owned(), values)],
                range: (0.0, 1.0),
            },
        }));
        blocks.push(Block::Table(self.frictions()));
        blocks.push(Block::Table(self.adapted()));
        let mut limits = "Campaigns are played in this community's own stream. Harm is counted in median members' holdings; how \
                          readily members fall for lures, heed warnings and report, what moderators see, and what friction costs \
                          are judgements that the policies' cards name; the attacks are counted alike, as nobody knows how often \
                          each comes."
            .to_owned();
        for (lacks, what) in [(self.stand_ins.texts, "texts"), (self.stand_ins.payments, "payments")] {
            if lacks {
                limits.push_str(&format!(
                    " The records have no {what}; those of a made-up community stand in, so what policies on them cost is no \
                     figure of this community."
                ));
            }
        }
        blocks.push(Block::Text { text: limits });
        Section { id: "mitigation".to_owned(), title: "What helps against attacks".to_owned(), blocks }
    }

    /// Attack by policy: the share of harm avoided.
    fn matrix(&self) -> Table {
        let trials = &self.trials;
        let mut columns = vec!["attack".to_owned(), "harm".to_owned(), "campaigns".to_owned()];
        columns.extend(trials.policies.iter().map(|&name| name.to_owned()));
        columns.push("recommended".to_owned());
        let rows = (0..trials.attacks.len()).map(|attack| {
            let mut row = vec![
                trials.attacks[attack].to_owned(),
                format!("{:.1}", trials.harm(attack)),
                format!("{} of {}", trials.campaigns(attack), trials.drawn[attack]),
            ];
            let singles = (0..trials.policies.len()).filter_map(|place| trials.set(&[place]));
            row.extend(singles.chain([self.chosen]).map(|set| percent(trials.avoided(attack, set))));
            row
        });
        Table {
            caption: "Share of a campaign's harm that is avoided, with 95 % intervals; harm of the median campaign without any \
                      policy in median members' holdings; campaigns that harmed of those drawn"
                .to_owned(),
            columns,
            rows: rows.collect(),
        }
    }

    fn frictions(&self) -> Table {
        let trials = &self.trials;
        let heads =
            ["policy", "held", "refused", "hours waited", "false alarms read", "minutes", "harm avoided"];
        let mut shown: Vec<(String, usize)> = (0..trials.policies.len())
            .filter_map(|place| Some((trials.policies[place].to_owned(), trials.set(&[place])?)))
            .collect();
        shown.push(("recommended".to_owned(), self.chosen));
        let rows = shown.into_iter().map(|(name, set)| {
            let figure = |figure: fn(&Friction) -> f64| format!("{:.1}", trials.friction(set, figure).mean);
            let minutes = |set: usize| {
                let minutes = trials.friction(set, |friction| friction.minutes);
                format!("{:.1} ({:.1} to {:.1})", minutes.mean, minutes.low, minutes.high)
            };
            vec![
                name,
                figure(|friction| friction.held),
                figure(|friction| friction.refused),
                figure(|friction| friction.hours),
                figure(|friction| friction.notices),
                minutes(set),
                percent(trials.overall(set)),
            ]
        });
        Table {
            caption: "What members pay, for every 1,000 honest messages and transfers, beside the mean share of harm avoided"
                .to_owned(),
            columns: heads.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }
    }

    fn adapted(&self) -> Table {
        let trials = &self.trials;
        let mut columns = vec!["attack".to_owned()];
        columns.extend(trials.policies.iter().map(|&name| name.to_owned()));
        let rows = (0..trials.attacks.len()).map(|attack| {
            let cells = (0..trials.policies.len()).map(|place| percent(trials.adapted(attack, place)));
            std::iter::once(trials.attacks[attack].to_owned()).chain(cells).collect()
        });
        Table {
            caption: "The same where the attacker knows of the policy and changes its campaign (older accounts, more of them, \
                      calmer words, more patience): harm saved over the larger of the harms before and after; below zero the \
                      change pays for the attacker"
                .to_owned(),
            columns,
            rows: rows.collect(),
        }
    }
}
