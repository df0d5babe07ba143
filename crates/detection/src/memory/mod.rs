//! A memory of each account that is taught, without labels, to change little and to follow from the company it keeps.

mod network;

use daotwin_community::stream::Stream;
use daotwin_core::Seed;

use crate::Result;
use crate::detector::{Card, Detector, Learns, Method};
use crate::event::{Event, events};
use crate::hash;
use crate::midas::concerned;
use crate::slots::Slots;
use network::{Network, SIZE, Vector, cosine};

/// Self-supervised temporal memory (Lee et al. 2024, in a light form).
#[derive(Debug, Clone, Copy)]
pub struct Memory;

/// Which end of an edge is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Who acts.
    Actor,
    /// Whom it concerns.
    Other,
}

/// What is remembered of an account.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    memory: Vector,
    /// The fading mean of the memories of whom it met.
    company: Vector,
    at: i64,
    met: u32,
}

/// How much of the company is the latest.
const COMPANY: f32 = 0.3;

/// Memories of accounts, and the network that moves them.
#[derive(Debug, Clone)]
pub struct Memories {
    network: Network,
    states: Slots<State>,
    judged: End,
}

/// How odd one end of an edge has become: of 1 less the cosine between its memory before and after, and of 1 less the cosine
/// between what its company lets expect and its memory after.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Oddity {
    drift: f32,
    surprise: f32,
}

impl Memories {
    /// Untaught, with room for `1 << bits` accounts.
    pub fn new(judged: End, bits: u32, seed: Seed) -> Self {
        Self { network: Network::new(seed), states: Slots::new(bits), judged }
    }

    /// Passes over edges (actor, other, time) in order, each pass from empty memories, and learns from each; then forgets the
    /// accounts and keeps the network. `passes` of `n` edges take O(passes n).
    pub fn teach(&mut self, edges: &[(u64, u64, i64)], passes: usize, seed: Seed) {
        let empty = self.states.clone();
        let mut stream = seed.stream("memory negatives");
        let mut strangers = vec![[0.0_f32; SIZE]; 64];
        for _ in 0..passes {
            self.states = empty.clone();
            for &(actor, other, at) in edges {
                let stranger = strangers[stream.below(64) as usize];
                self.meet(actor, other, at, Some(&stranger));
                let kept = stream.below(64) as usize;
                strangers[kept] = self.states.entry(actor).memory;
            }
        }
        self.states = empty;
    }

    /// Moves the memories of both ends; with a stranger's memory it learns too.
    fn meet(&mut self, actor: u64, other: u64, at: i64, stranger: Option<&Vector>) -> [Oddity; 2] {
        let before = [actor, other].map(|key| *self.states.entry(key));
        [(0, actor), (1, other)].map(|(end, key)| {
            let (own, met) = (before[end], before[1 - end]);
            let wait = if own.met == 0 { 0.0 } else { at.saturating_sub(own.at).max(0) as f32 };
            let mut company = own.company;
            for (mean, new) in company.iter_mut().zip(&met.memory) {
                *mean += COMPANY * (new - *mean);
            }
            let step = self.network.step(&own.memory, &met.memory, &company, wait, own.met, stranger);
            let oddity = Oddity {
                drift: 1.0 - cosine(&own.memory, &step.memory),
                surprise: 1.0 - cosine(&step.expected, &step.memory),
            };
            *self.states.entry(key) =
                State { memory: step.memory, company, at: own.at.max(at), met: own.met.saturating_add(1) };
            oddity
        })
    }

    /// An edge: from 0, as ever, to 1, the opposite of what was.
    pub fn edge(&mut self, actor: u64, other: u64, at: i64) -> f64 {
        let oddities = self.meet(actor, other, at, None);
        let Oddity { drift, surprise } = oddities[usize::from(self.judged == End::Other)];
        f64::from(drift + surprise) / 4.0
    }
}

impl Detector for Memories {
    fn score(&mut self, event: &Event<'_>) -> f64 {
        self.edge(hash::key(event.actor), concerned(event), event.at)
    }

    fn bytes(&self) -> usize {
        self.states.bytes() + self.network.bytes()
    }
}

/// Passes over the streams, and the most edges in all: enough for the losses to settle.
const PASSES: usize = 2;
const MOST_EDGES: usize = 60_000;

impl Method for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "finds accounts whose ways change, such as one that was taken over, without any label",
            score: "a quarter of the sum of drift (1 less the cosine of memory before and after) and surprise (1 less the \
                    cosine of memory and what the company lets expect); 0 to 1",
            source: "Lee, Kim, Shin: SLADE (KDD 2024), equations 4 to 10, with a gated update of 16 numbers an account, a linear \
                     generator over a fading mean in place of attention, and gradients of one step",
            limits: "needs a history of the account: the first acts of a new one are all odd; blind to words and amounts",
            learns: Learns::Unlabelled,
        }
    }

    fn train(&self, streams: &[Stream], seed: Seed) -> Result<Box<dyn Detector>> {
        let mut memories = Memories::new(End::Actor, 14, seed);
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
        Ok(Box::new(memories))
    }
}

#[cfg(test)]
mod test;
