//! What spreads: independent cascade, linear threshold, complex contagion, rumour with correction.
//!
//! Each is one line of [`registry::MODELS`]; all run on a [`Network`] of directed ties with a strength each, and all are
//! deterministic in the state of the random numbers.

pub mod cascade;
pub mod complex;
pub mod registry;
pub mod rumour;
#[cfg(test)]
mod test;
pub mod threshold;

pub use cascade::IndependentCascade;
pub use complex::ComplexContagion;
pub use registry::{MODELS, find};
pub use rumour::Rumour;
pub use threshold::LinearThreshold;

use daotwin_core::random::Stream as Draws;

use crate::graph::Graph;

/// Who can pass something to whom, and how strongly.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    /// Of each node those it can reach, ascending, with the tie's strength from 0 to 1.
    pub out: Vec<Vec<(u32, f64)>>,
    /// Of each node those who can reach it, ascending, with the tie's strength.
    pub into: Vec<Vec<(u32, f64)>>,
}

impl Network {
    /// A network of `nodes` with ties (from, to, strength); strengths are held within 0 and 1, ties of nodes beyond left out.
    pub fn new(nodes: u32, ties: impl IntoIterator<Item = (u32, u32, f64)>) -> Self {
        let mut network =
            Self { out: vec![Vec::new(); nodes as usize], into: vec![Vec::new(); nodes as usize] };
        for (from, to, strength) in ties {
            if from < nodes && to < nodes && from != to {
                let strength = if strength.is_nan() { 0.0 } else { strength.clamp(0.0, 1.0) };
                network.out[from as usize].push((to, strength));
                network.into[to as usize].push((from, strength));
            }
        }
        let order = |list: &mut Vec<(u32, f64)>| list.sort_by_key(|(node, _)| *node);
        network.out.iter_mut().for_each(order);
        network.into.iter_mut().for_each(order);
        network
    }

    /// Both directions of every edge, at one strength.
    pub fn even(graph: &Graph, strength: f64) -> Self {
        let both = graph.edges.iter().flat_map(|&(a, b)| [(a, b, strength), (b, a, strength)]);
        Self::new(graph.nodes, both.collect::<Vec<_>>())
    }

    /// Both directions of every edge, as strong as one over the receiver's degree: the strengths into a node sum to 1.
    pub fn shared(graph: &Graph) -> Self {
        let degrees = graph.degrees();
        let part = |node: u32| 1.0 / f64::from(degrees[node as usize].max(1));
        let both = graph.edges.iter().flat_map(|&(a, b)| [(a, b, part(b)), (b, a, part(a))]);
        Self::new(graph.nodes, both.collect::<Vec<_>>())
    }

    /// Nodes.
    pub fn nodes(&self) -> usize {
        self.out.len()
    }
}

/// What a model of contagion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// Paper and definition.
    pub source: &'static str,
    /// Where not to use it.
    pub limits: &'static str,
}

/// A model of what spreads.
pub trait Model: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;
    /// What it is.
    fn card(&self) -> Card;
    /// Who has it in the end, where `seeds` have it first. Seeds beyond the network are left out.
    fn spread(&self, network: &Network, seeds: &[u32], draws: &mut Draws) -> Vec<bool>;
}

/// The mean number of nodes reached over so many runs, and its standard error; run `r` draws from stream `r`.
pub fn reach(
    model: &dyn Model,
    network: &Network,
    seeds: &[u32],
    runs: u64,
    streams: &daotwin_core::random::Streams,
) -> (f64, f64) {
    let counts: Vec<f64> = (0..runs)
        .map(|run| {
            model.spread(network, seeds, &mut streams.stream(run)).iter().filter(|&&has| has).count() as f64
        })
        .collect();
    let spread = daotwin_core::statistics::standard_deviation(&counts);
    (daotwin_core::statistics::mean(&counts), spread / (runs.max(1) as f64).sqrt())
}

/// Nobody but these.
fn began(network: &Network, seeds: &[u32]) -> (Vec<bool>, Vec<u32>) {
    let mut has = vec![false; network.nodes()];
    let mut front = Vec::new();
    for &seed in seeds {
        if let Some(known) = has.get_mut(seed as usize)
            && !std::mem::replace(known, true)
        {
            front.push(seed);
        }
    }
    (has, front)
}
