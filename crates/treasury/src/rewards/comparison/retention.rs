//! What rewards change in who stays and what is done, by the model of members.

use daotwin_core::random::Seed;
use daotwin_core::statistics::{mean, quantile};
use serde::Serialize;

use super::super::members::{Parameters, Standings, State};

/// Who stays, and what is done, over some periods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Kept {
    /// The share of members who are here at the beginning that is here, or pausing, at the end.
    pub retention: f64,
    /// 90 % of runs lie between these.
    pub interval: (f64, f64),
    /// Acts over all periods.
    pub acts: f64,
}

/// Plays `periods` on, `runs` times, with these answers by member. Runs use the same draws whatever the
/// answers: what differs between two calls is their effect.
pub fn play(
    standings: &Standings,
    parameters: &Parameters,
    answers: &[f64],
    periods: u32,
    runs: u64,
    seed: Seed,
) -> Kept {
    let begins = seed.streams("rewards standing");
    let streams = seed.streams("rewards played");
    let members = answers.len() as u64;
    let (mut kept, mut acts) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let people = standings.draw(&mut begins.stream(run));
        let (mut here, mut stay, mut done) = (0_u32, 0_u32, 0_u64);
        for (member, mut person) in people.into_iter().enumerate() {
            if person.state == State::Gone {
                continue;
            }
            let mut stream = streams.stream(run * members + member as u64);
            let began = person.state == State::Here;
            here += u32::from(began);
            for _ in 0..periods {
                person.advance(parameters, answers[member], &mut stream);
                // Effort has draws of its own, so that those of leaving stay the same.
                let mut own = streams.stream((1 << 63) | stream.bits() >> 1);
                done += u64::from(person.acts(parameters, 0.0, &mut own));
            }
            stay += u32::from(began && person.state != State::Gone);
        }
        kept.push(f64::from(stay) / f64::from(here.max(1)));
        acts.push(done as f64);
    }
    Kept {
        retention: mean(&kept),
        interval: (quantile(&kept, 0.05), quantile(&kept, 0.95)),
        acts: mean(&acts),
    }
}
