//! A memory of each account that is taught, without labels, which meetings follow from the company it keeps.

use daotwin_community::stream::Stream;
use daotwin_core::{Seed, random};

use crate::detector::{Card, Detector, Learns, Method};
use crate::event::{Event, events};
use crate::hash;
use crate::midas::concerned;
use crate::slots::Slots;
use crate::{Error, Result};

/// Self-supervised temporal memory (Lee et al. 2024, in a light form).
#[derive(Debug, Clone, Copy)]
pub struct Memory;

/// Numbers a memory.
const SIZE: usize = 32;
/// How much of a memory is the latest meeting: of the one that follows, and of the one that stays.
const FOLLOWS: f32 = 0.3;
const STAYS: f32 = 0.05;
/// Learning rate of plain stochastic gradients.
const RATE: f32 = 0.05;
/// What a meeting is judged by.
const CLUES: usize = 11;

type Vector = [f32; SIZE];

/// What an account is to others: a fixed vector of plus and minus 1, from its key, so that two are nearly at right angles.
fn identity(key: u64) -> Vector {
    let bits = hash::mix(key ^ 0x5bd1_e995);
    std::array::from_fn(|place| if bits >> place & 1 == 1 { 1.0 } else { -1.0 })
}

/// Cosine of the angle between two vectors; 0 where either is nothing.
fn cosine(left: &Vector, right: &Vector) -> f32 {
    let (mut dot, mut a, mut b) = (0.0, 0.0, 0.0);
    for (x, y) in left.iter().zip(right) {
        dot += x * y;
        a += x * x;
        b += y * y;
    }
    let norm = (a * b).sqrt();
    if norm < 1e-12 { 0.0 } else { dot / norm }
}

/// What is remembered of an account: the fading means of the identities of whom it met.
#[derive(Debug, Clone, Copy)]
struct State {
    follows: Vector,
    stays: Vector,
    at: i64,
    met: u32,
}

impl Default for State {
    fn default() -> Self {
        Self { follows: [0.0; SIZE], stays: [0.0; SIZE], at: 0, met: 0 }
    }
}

impl State {
    fn meet(&mut self, identity: &Vector, at: i64) {
        // The first meetings are means, so that memories begin where they will be.
        let share = |least: f32| least.max(1.0 / (self.met as f32 + 1.0));
        let (follows, stays) = (share(FOLLOWS), share(STAYS));
        for ((near, far), new) in self.follows.iter_mut().zip(&mut self.stays).zip(identity) {
            *near += follows * (new - *near);
            *far += stays * (new - *far);
        }
        self.at = self.at.max(at);
        self.met = self.met.saturating_add(1);
    }
}

/// Memories of accounts, and the weights by which a meeting is expected of them.
#[derive(Debug, Clone)]
pub struct Memories {
    weights: [f32; CLUES],
    states: Slots<State>,
}

fn clues(actor: (u64, &State), other: (u64, &State), at: i64) -> [f32; CLUES] {
    let ((actor, own), (other, theirs)) = (actor, other);
    let wait = |state: &State| {
        if state.met == 0 { 2.0 } else { (at.saturating_sub(state.at).max(0) as f32).ln_1p() / 10.0 }
    };
    let known = identity(other);
    [
        cosine(&own.follows, &known),
        cosine(&own.stays, &known),
        cosine(&theirs.stays, &identity(actor)),
        cosine(&own.stays, &theirs.stays),
        cosine(&own.follows, &theirs.follows),
        wait(own),
        wait(theirs),
        (own.met as f32).ln_1p() / 5.0,
        (theirs.met as f32).ln_1p() / 5.0,
        f32::from(u8::from(theirs.met == 0)),
        1.0,
    ]
}

impl Memories {
    /// Untaught, with room for `1 << bits` accounts.
    pub fn new(bits: u32) -> Self {
        Self { weights: [0.0; CLUES], states: Slots::new(bits) }
    }

    /// One with weights that were learned, with room for `1 << bits` accounts.
    ///
    /// # Errors
    /// Weights that are too few, too many or no numbers.
    pub fn of(bits: u32, weights: &[f32]) -> Result<Self> {
        match <[f32; CLUES]>::try_from(weights) {
            Ok(weights) if weights.iter().all(|weight| weight.is_finite()) => {
                Ok(Self { weights, states: Slots::new(bits) })
            }
            _ => Err(Error::model(format!("a memory needs {CLUES} finite weights"))),
        }
    }

    /// What was learned.
    pub fn weights(&self) -> Vec<f32> {
        self.weights.to_vec()
    }

    /// Learns from streams as they are.
    pub fn fit(streams: &[Stream], seed: Seed) -> Self {
        let mut memories = Self::new(BITS);
        let mut left = MOST_EDGES;
        for stream in streams {
            let edges: Vec<(u64, u64, i64)> = events(stream)
                .iter()
                .take(left)
                .map(|(event, _)| (hash::key(event.actor), concerned(event), event.at))
                .collect();
            left -= edges.len();
            memories.teach(&edges, PASSES, seed);
        }
        memories
    }

    /// Passes over edges (actor, other, time) in order, each pass from empty memories, and learns to tell whom an actor meets
    /// from whom others met lately; then forgets the accounts and keeps the weights. O(passes times edges).
    pub fn teach(&mut self, edges: &[(u64, u64, i64)], passes: usize, seed: Seed) {
        let empty = self.states.clone();
        let mut draws = seed.stream("memory strangers");
        for _ in 0..passes {
            self.states = empty.clone();
            let mut strangers: Vec<u64> = Vec::with_capacity(STRANGERS);
            for &(actor, other, at) in edges {
                self.learn((actor, other, at), &strangers, &mut draws);
                self.meet(actor, other, at);
                if strangers.len() < STRANGERS {
                    strangers.push(other);
                } else {
                    strangers[draws.below(STRANGERS as u64) as usize] = other;
                }
            }
        }
        self.states = empty;
    }

    /// One step of the gradient of the logistic loss, of a meeting and of one with a stranger that was not.
    fn learn(&mut self, (actor, other, at): (u64, u64, i64), strangers: &[u64], draws: &mut random::Stream) {
        if strangers.is_empty() {
            return;
        }
        let stranger = strangers[draws.below(strangers.len() as u64) as usize];
        let own = self.states.get(actor).copied().unwrap_or_default();
        for (whom, real) in [(other, 1.0), (stranger, 0.0)] {
            let theirs = self.states.get(whom).copied().unwrap_or_default();
            let clues = clues((actor, &own), (whom, &theirs), at);
            let slope = RATE * (self.expect(&clues) - real);
            for (weight, clue) in self.weights.iter_mut().zip(clues) {
                *weight -= slope * clue;
            }
        }
    }

    /// The chance that a meeting is real, against one with a stranger.
    fn expect(&self, clues: &[f32; CLUES]) -> f32 {
        let odds: f32 = self.weights.iter().zip(clues).map(|(weight, clue)| weight * clue).sum();
        1.0 / (1.0 + (-odds).exp())
    }

    fn meet(&mut self, actor: u64, other: u64, at: i64) {
        self.states.entry(actor).meet(&identity(other), at);
        self.states.entry(other).meet(&identity(actor), at);
    }

    /// How unexpected an edge is: of the chance that it was not to be expected, and of 1 less the cosine of the actor's memories
    /// that follow and that stay, after it, the mean; 0 to 1.
    pub fn edge(&mut self, actor: u64, other: u64, at: i64) -> f64 {
        let own = self.states.get(actor).copied().unwrap_or_default();
        let theirs = self.states.get(other).copied().unwrap_or_default();
        let surprise = 1.0 - self.expect(&clues((actor, &own), (other, &theirs), at));
        self.meet(actor, other, at);
        let own = self.states.entry(actor);
        let drift = (1.0 - cosine(&own.follows, &own.stays)) / 2.0;
        f64::from(surprise + drift.clamp(0.0, 1.0)) / 2.0
    }
}

impl Detector for Memories {
    fn score(&mut self, event: &Event<'_>) -> f64 {
        self.edge(hash::key(event.actor), concerned(event), event.at)
    }

    fn bytes(&self) -> usize {
        self.states.bytes() + size_of::<[f32; CLUES]>()
    }

    fn learned(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self.weights()).map_err(Error::defect)
    }
}

/// Passes over the streams, and the most edges in all: enough for the losses to settle.
const PASSES: usize = 2;
const MOST_EDGES: usize = 60_000;
/// Whom others met lately, from whom strangers are drawn.
const STRANGERS: usize = 256;
/// Room for so many accounts, as a power of two.
pub(crate) const BITS: u32 = 14;

impl Method for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "finds acts that do not follow from the company that an account keeps, such as those of one that was taken over, \
                      without any label",
            score: "the mean of surprise (the chance that the other is a stranger, given both memories) and drift (half of 1 less \
                    the cosine of the memories that follow and that stay); 0 to 1",
            source: "drift and recovery of memory as in Lee, Kim and Shin (SLADE, KDD 2024), taught by contrast \
                     with strangers as temporal graph networks are (Rossi et al. 2020); memories are fading means of identities \
                     and the predictor is logistic, in place of gated networks and attention",
            limits: "needs a history of the account: the first acts of a new one are all odd; blind to words and amounts",
            learns: Learns::Unlabelled,
        }
    }

    fn train(&self, streams: &[Stream], seed: Seed) -> Result<Box<dyn Detector>> {
        Ok(Box::new(Memories::fit(streams, seed)))
    }

    fn load(&self, learned: serde_json::Value) -> Result<Box<dyn Detector>> {
        let weights: Vec<f32> = serde_json::from_value(learned).map_err(Error::model)?;
        Ok(Box::new(Memories::of(BITS, &weights)?))
    }
}

#[cfg(test)]
mod test;
