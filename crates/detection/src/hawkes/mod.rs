//! What a self-exciting process does not explain: acts that come faster than earlier acts give reason for.

use std::collections::BTreeMap;

use daotwin_community::stream::Stream;
use daotwin_core::Seed;

use crate::detector::{Card, Detector, Learns, Method};
use crate::event::{Event, events};
use crate::hash;
use crate::slots::Slots;
use crate::{Error, Result};

/// Residuals of a Hawkes process.
#[derive(Debug, Clone, Copy)]
pub struct Hawkes;

/// A Hawkes process with exponential kernel: intensity `base + branching * decay * sum exp(-decay (t - t_i))`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Process {
    /// Acts a second that nothing excited.
    pub base: f64,
    /// How many acts an act excites in the mean; below 1.
    pub branching: f64,
    /// How fast excitement fades, a second.
    pub decay: f64,
}

/// Rounds of the fit.
const ROUNDS: usize = 60;
/// A branching ratio that still dies out.
const MOST_BRANCHING: f64 = 0.95;

impl Process {
    /// Refuses numbers that are no process.
    pub(crate) fn check(&self) -> Result<()> {
        let sound = self.base > 0.0 && self.decay > 0.0 && (0.0..1.0).contains(&self.branching);
        if sound && self.base.is_finite() && self.decay.is_finite() {
            return Ok(());
        }
        Err(Error::model("a process needs a base and a decay above 0 and a branching from 0 to below 1"))
    }

    /// Fits one process to several sequences of ascending times, each observed from its first act to its own end (expectation
    /// maximisation over who excited whom, Veen and Schoenberg 2008; sums over pairs by recursion, Ogata 1981, so a round is
    /// linear). `None` where fewer than eight acts have one before them.
    pub fn fit(sequences: &[(Vec<f64>, f64)]) -> Option<Self> {
        let acts: usize = sequences.iter().map(|(times, _)| times.len().saturating_sub(1)).sum();
        // Every act may excite others, the last ones and single ones too.
        let parents: usize = sequences.iter().map(|(times, _)| times.len()).sum();
        let observed = sequences.iter().filter_map(|(times, end)| Some(end - times.first()?));
        let exposed: f64 = observed.map(|span| span.max(1.0)).sum();
        if acts < 8 {
            return None;
        }
        let rate = acts as f64 / exposed;
        let mut process = Self { base: rate / 2.0, branching: 0.5, decay: (1.0 / 600.0_f64).max(4.0 * rate) };
        for _ in 0..ROUNDS {
            let (mut immigrants, mut excited, mut waited) = (0.0, 0.0, 0.0);
            for (times, _) in sequences {
                // Sums over earlier acts of exp(-decay wait) and of wait exp(-decay wait).
                let (mut near, mut far) = (0.0, 0.0);
                for pair in times.windows(2) {
                    let wait = pair[1] - pair[0];
                    let fade = (-process.decay * wait).exp();
                    far = fade * (far + wait * (near + 1.0));
                    near = fade * (near + 1.0);
                    let push = process.branching * process.decay;
                    let intensity = process.base + push * near;
                    immigrants += process.base / intensity;
                    excited += push * near / intensity;
                    waited += push * far / intensity;
                }
            }
            process.base = (immigrants / exposed).max(1e-12);
            process.branching = (excited / parents as f64).clamp(1e-6, MOST_BRANCHING);
            process.decay = (excited / waited.max(1e-9)).clamp(1e-7, 1.0);
        }
        Some(process)
    }
}

/// How many waits a residual looks back on.
const LOOK_BACK: usize = 8;

/// What is remembered of an account or a place.
#[derive(Debug, Clone, Copy, Default)]
struct Track {
    at: i64,
    excitement: f64,
    waits: [f32; LOOK_BACK],
    seen: u32,
}

/// A process with the state of so many sequences.
#[derive(Debug, Clone)]
pub struct Residual {
    process: Process,
    tracks: Slots<Track>,
}

impl Residual {
    /// Nothing seen yet; room for `1 << bits` sequences.
    pub fn new(process: Process, bits: u32) -> Self {
        Self { process, tracks: Slots::new(bits) }
    }

    /// An act of a sequence: minus the natural logarithm of the chance that its latest waits were as short or shorter, where
    /// time is counted as the process says (time rescaling: such waits are independent and exponential with mean 1). 0 for the
    /// first act.
    pub fn act(&mut self, key: u64, at: i64) -> f64 {
        let Process { base, branching, decay } = self.process;
        let track = self.tracks.entry(key);
        if track.seen == 0 {
            *track = Track { at, excitement: 1.0, waits: [0.0; LOOK_BACK], seen: 1 };
            return 0.0;
        }
        let wait = at.saturating_sub(track.at).max(0) as f64;
        let fade = (-decay * wait).exp();
        // Times are whole seconds: acts of one second may lie up to a second apart.
        let longest = wait + 1.0;
        let rescaled = base * longest + branching * track.excitement * (1.0 - (-decay * longest).exp());
        track.waits[(track.seen as usize - 1) % LOOK_BACK] = rescaled as f32;
        track.excitement = track.excitement * fade + 1.0;
        track.at = track.at.max(at);
        track.seen = track.seen.saturating_add(1);
        let known = (track.seen as usize - 1).min(LOOK_BACK);
        let sum: f64 = track.waits[..known].iter().map(|&wait| f64::from(wait)).sum();
        -gamma_below(known, sum).max(1e-300).ln()
    }

    fn bytes(&self) -> usize {
        self.tracks.bytes()
    }
}

/// The chance that a sum of `n` independent exponentials with mean 1 is at most `x`: 1 less the Poisson terms below `n`, summed
/// from the other end where `x` is small so that nothing cancels.
fn gamma_below(n: usize, x: f64) -> f64 {
    if x > n as f64 {
        let mut term = (-x).exp();
        let mut above = 0.0;
        for k in 0..n {
            above += term;
            term *= x / (k as f64 + 1.0);
        }
        return 1.0 - above;
    }
    let mut term = (-x).exp();
    for k in 0..n {
        term *= x / (k as f64 + 1.0);
    }
    let mut sum = 0.0;
    for k in n..n + 60 {
        sum += term;
        term *= x / (k as f64 + 1.0);
    }
    sum
}

/// Accounts and places, each with a process of its own.
#[derive(Debug, Clone)]
pub struct Residuals {
    accounts: Residual,
    places: Residual,
}

impl Residuals {
    /// Of the actor and of the place.
    pub fn both(&mut self, event: &Event<'_>) -> (f64, f64) {
        let place = hash::pair(hash::key(event.place), event.act as u64);
        (self.accounts.act(hash::key(event.actor), event.at), self.places.act(place, event.at))
    }

    /// Nothing seen yet, of these processes of accounts and of places.
    pub fn new([accounts, places]: [Process; 2]) -> Self {
        Self { accounts: Residual::new(accounts, 14), places: Residual::new(places, 10) }
    }

    /// The processes of accounts and of places.
    pub const fn processes(&self) -> [Process; 2] {
        [self.accounts.process, self.places.process]
    }

    /// Learns from streams as they are.
    pub fn fit(streams: &[Stream]) -> Self {
        let (mut accounts, mut places) = (Vec::new(), Vec::new());
        for stream in streams {
            let events = events(stream);
            let [Some(start), Some(end)] =
                [events.first(), events.last()].map(|event| event.map(|(event, _)| event.at))
            else {
                continue;
            };
            let end = (end - start) as f64;
            let mut of_account: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            let mut of_place: BTreeMap<(&str, crate::Act), Vec<f64>> = BTreeMap::new();
            for (event, _) in &events {
                let at = (event.at - start) as f64;
                of_account.entry(event.actor).or_default().push(at);
                of_place.entry((event.place, event.act)).or_default().push(at);
            }
            accounts.extend(of_account.into_values().map(|times| (times, end)));
            places.extend(of_place.into_values().map(|times| (times, end)));
        }
        // What a chat's account does, where streams say nothing.
        let usual = Process { base: 1.0 / 86_400.0, branching: 0.5, decay: 1.0 / 300.0 };
        Self::new([&accounts, &places].map(|sequences| Process::fit(sequences).unwrap_or(usual)))
    }
}

impl Detector for Residuals {
    fn score(&mut self, event: &Event<'_>) -> f64 {
        let (account, place) = self.both(event);
        account.max(place)
    }

    fn bytes(&self) -> usize {
        self.accounts.bytes() + self.places.bytes()
    }

    fn learned(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self.processes()).map_err(Error::defect)
    }
}

impl Method for Hawkes {
    fn name(&self) -> &'static str {
        "hawkes"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "finds accounts and places whose acts come faster than talk that excites itself explains",
            score: "minus the natural logarithm of the chance of the last eight waits after time rescaling, the larger of \
                    account and place; nats",
            source: "Hawkes 1971; fit of Veen and Schoenberg 2008 with the recursion of Ogata 1981; time rescaling as in \
                     Brown et al. 2002",
            limits: "times alone: blind to words, money and one single act; times that are exact to the day only look like bursts",
            learns: Learns::Unlabelled,
        }
    }

    fn train(&self, streams: &[Stream], _: Seed) -> Result<Box<dyn Detector>> {
        Ok(Box::new(Residuals::fit(streams)))
    }

    fn load(&self, learned: serde_json::Value) -> Result<Box<dyn Detector>> {
        let processes: [Process; 2] = serde_json::from_value(learned).map_err(Error::model)?;
        processes.iter().try_for_each(Process::check)?;
        Ok(Box::new(Residuals::new(processes)))
    }
}

#[cfg(test)]
mod test;
