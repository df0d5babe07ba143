//! Streams to learn from: communities that are nobody's, or a History's own, with campaigns written in.

use daotwin_community::attack::{ATTACKS, AttackScript, Family, Injected, Parameters, inject};
use daotwin_community::stream::{Stream, baseline};
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
pub fn attacked(mut stream: Stream, scripts: &[&dyn AttackScript], seed: Seed) -> Result<(Stream, Vec<Injected>)> {
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
