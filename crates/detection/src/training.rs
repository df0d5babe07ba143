//! Streams to learn from: communities that are nobody's, or a History's own, with campaigns written in.

use daotwin_community::attack::{ATTACKS, AttackScript, Family, Injected, Parameters, inject};
use daotwin_community::stream::{Message, Stream, baseline};
use daotwin_core::Seed;

use crate::Result;

/// How much to learn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Streams.
    pub streams: u64,
    /// Members of each.
    pub members: u32,
    /// Days of each.
    pub days: u32,
    /// Campaigns in each, at most one an attack.
    pub campaigns: usize,
    /// Families that none of the campaigns is of.
    pub without: Vec<Family>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { streams: 24, members: 300, days: 60, campaigns: 3, without: Vec::new() }
    }
}

/// A script's parameters as an attacker might choose them: stealth from 0 to 0.8, the start between 0.15 and 0.85 of the span,
/// everything else within a factor of about two of its default.
pub fn parameters(script: &dyn AttackScript, seed: Seed) -> Parameters {
    let mut draws = seed.stream(script.name());
    let mut parameters = Parameters::of(script);
    for parameter in script.parameters() {
        let (uniform, factor) = (draws.uniform(), (0.35 * draws.normal()).exp());
        parameters.adapt(parameter.name, |value| match parameter.name {
            "stealth" => 0.8 * uniform,
            "start" if value > 0.2 => 0.15 + 0.7 * uniform,
            "start" => 0.05 + 0.25 * uniform,
            _ => value * factor,
        });
    }
    parameters
}

/// Writes one campaign of each of these scripts into a stream.
///
/// # Errors
/// A stream that cannot be attacked.
pub fn attacked(
    mut stream: Stream,
    scripts: &[&dyn AttackScript],
    seed: Seed,
) -> Result<(Stream, Vec<Injected>)> {
    let mut injected = Vec::new();
    for script in scripts {
        injected.push(inject(&mut stream, *script, &parameters(*script, seed), seed)?);
    }
    Ok((stream, injected))
}

/// Streams by the plan, their campaigns by turns of all attacks that the plan allows. Stream `i` depends on plan, seed and `i`
/// alone. With an own stream, whose attacks, if it had any, count as honest, that one is attacked each time.
///
/// # Errors
/// An own stream that cannot be attacked.
pub fn streams(plan: &Plan, own: Option<&Stream>, seed: Seed) -> Result<Vec<Stream>> {
    let scripts: Vec<&dyn AttackScript> =
        ATTACKS.iter().copied().filter(|script| !plan.without.contains(&script.card().family)).collect();
    let seeds = seed.streams("training streams");
    (0..plan.streams)
        .map(|index| {
            let seed = Seed(seeds.stream(index).bits());
            let stream = own.map_or_else(|| baseline(plan.members, plan.days, seed), Stream::clone);
            let some: Vec<&dyn AttackScript> = (0..plan.campaigns.min(scripts.len()))
                .map(|place| scripts[(index as usize * plan.campaigns + place) % scripts.len()])
                .collect();
            Ok(attacked(stream, &some, seed)?.0)
        })
        .collect()
}

/// The first messages and transfers of a stream, as many as the share says, and the others; in both all accounts. Answers to
/// messages of the other part answer nothing.
pub fn parts(stream: &Stream, share: f64) -> (Stream, Stream) {
    let mut times: Vec<i64> = stream.messages.iter().map(|message| message.at).collect();
    times.extend(stream.transfers.iter().map(|transfer| transfer.at));
    times.sort_unstable();
    let place = (times.len() as f64 * share.clamp(0.0, 1.0)) as usize;
    let border = times.get(place).copied().unwrap_or(i64::MAX);
    let part = |keep: &dyn Fn(i64) -> bool| {
        let mut went = vec![None; stream.messages.len()];
        let mut messages = Vec::new();
        for (place, message) in stream.messages.iter().enumerate().filter(|(_, message)| keep(message.at)) {
            went[place] = Some(messages.len() as u32);
            let reply_to = message.reply_to.and_then(|asked| went.get(asked as usize).copied().flatten());
            messages.push(Message { reply_to, ..message.clone() });
        }
        let transfers = stream.transfers.iter().filter(|transfer| keep(transfer.at)).cloned().collect();
        Stream { messages, transfers, ..stream.clone() }
    };
    (part(&|at| at < border), part(&|at| at >= border))
}

/// Acts that own streams have together, at most about so many, so that a large History takes no longer than generated streams.
const OWN_ACTS: usize = 300_000;

/// What a method learns from, and what its bars are set on: generated communities and, where a stream is given, that one too,
/// each time with other campaigns; the last third of it sets the bars. Deterministic.
///
/// # Errors
/// An own stream that cannot be attacked.
pub fn lessons(own: Option<&Stream>, seed: Seed) -> Result<(Vec<Stream>, Vec<Stream>)> {
    let held_seed = Seed(seed.streams("held streams").stream(0).bits());
    let plan = Plan::default();
    let Some(own) = own else {
        let held = Plan { streams: plan.streams / 2, ..plan.clone() };
        return Ok((streams(&plan, None, seed)?, streams(&held, None, held_seed)?));
    };
    let (first, last) = parts(own, 2.0 / 3.0);
    let acts = own.messages.len() + own.transfers.len();
    let times = (OWN_ACTS / acts.max(1)).clamp(4, 24) as u64;
    // Own and generated streams take turns: what scores the words of own ones (`boosting`) is fitted on streams of the other
    // parity, and the own ones share their honest words.
    let generated = streams(&Plan { streams: times, ..plan.clone() }, None, seed)?;
    let written = streams(&Plan { streams: times, ..plan.clone() }, Some(&first), held_seed)?;
    let lessons = written.into_iter().zip(generated).flat_map(|(own, other)| [own, other]).collect();
    // Honest acts alone count for the bars, and these are the same whatever is written beside them.
    Ok((lessons, vec![last]))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn parts_are_the_whole_and_answers_stay_within_them() {
        let stream = baseline(60, 20, Seed(1));
        let (first, last) = parts(&stream, 0.6);
        assert_eq!(first.messages.len() + last.messages.len(), stream.messages.len());
        assert_eq!(first.transfers.len() + last.transfers.len(), stream.transfers.len());
        assert!(first.messages.last().unwrap().at <= last.messages[0].at);
        let mut answers = 0;
        for part in [&first, &last] {
            for (place, message) in part.messages.iter().enumerate() {
                if let Some(asked) = message.reply_to {
                    let asked = &part.messages[asked as usize];
                    let whole = stream
                        .messages
                        .iter()
                        .find(|other| {
                            other.at == message.at
                                && other.text == message.text
                                && other.author == message.author
                        })
                        .unwrap();
                    assert_eq!(asked.text, stream.messages[whole.reply_to.unwrap() as usize].text, "{place}");
                    answers += 1;
                }
            }
        }
        assert!(answers > 10, "{answers}");
        let (none, all) = parts(&stream, 0.0);
        assert!(none.messages.is_empty() && all == stream);
    }
}
