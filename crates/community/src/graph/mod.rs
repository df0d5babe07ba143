//! Who is tied to whom: models of graphs, fitted to a History's interactions.
//!
//! Every model is one line of [`registry::MODELS`]. [`select`] fits them all to what was observed and ranks them by how far
//! their samples are from it in degrees, clustering and assortativity.

pub mod barabasi_albert;
pub mod bipartite;
pub mod block_model;
pub mod configuration;
pub mod holme_kim;
pub mod interactions;
pub mod registry;
#[cfg(test)]
mod test;
pub mod watts_strogatz;

pub use interactions::{answers, covoting};
pub use registry::{MODELS, find};

use std::collections::BTreeSet;

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;
use daotwin_core::statistics::{kolmogorov_smirnov, mean};

/// An undirected graph without loops or repeated edges.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// Nodes, numbered from 0.
    pub nodes: u32,
    /// Edges, the smaller node first, in ascending order, each once.
    pub edges: Vec<(u32, u32)>,
}

impl Graph {
    /// The graph of these edges; loops, repeated edges and nodes beyond `nodes` are left out.
    pub fn new(nodes: u32, edges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut edges: Vec<(u32, u32)> = edges
            .into_iter()
            .filter(|&(from, to)| from != to && from < nodes && to < nodes)
            .map(|(from, to)| (from.min(to), from.max(to)))
            .collect();
        edges.sort_unstable();
        edges.dedup();
        Self { nodes, edges }
    }

    /// Neighbours of each node, ascending.
    pub fn neighbours(&self) -> Vec<Vec<u32>> {
        let mut lists = vec![Vec::new(); self.nodes as usize];
        for &(from, to) in &self.edges {
            lists[from as usize].push(to);
            lists[to as usize].push(from);
        }
        lists.iter_mut().for_each(|list| list.sort_unstable());
        lists
    }

    /// Edges of each node.
    pub fn degrees(&self) -> Vec<u32> {
        let mut degrees = vec![0; self.nodes as usize];
        for &(from, to) in &self.edges {
            degrees[from as usize] += 1;
            degrees[to as usize] += 1;
        }
        degrees
    }

    /// The transitivity: three times the triangles over the paths of two edges (Newman 2003, equation 3); 0 where there are none.
    pub fn clustering(&self) -> f64 {
        let lists = self.neighbours();
        let mut closed = 0_u64;
        for &(from, to) in &self.edges {
            let (mut left, mut right) =
                (lists[from as usize].iter().peekable(), lists[to as usize].iter().peekable());
            while let (Some(&&a), Some(&&b)) = (left.peek(), right.peek()) {
                closed += u64::from(a == b);
                if a <= b {
                    left.next();
                }
                if b <= a {
                    right.next();
                }
            }
        }
        let paths: u64 =
            lists.iter().map(|list| list.len() as u64).map(|k| k * k.saturating_sub(1) / 2).sum();
        // Every triangle was seen from each of its three edges.
        if paths == 0 { 0.0 } else { closed as f64 / paths as f64 }
    }

    /// The correlation of the degrees at the two ends of an edge (Newman 2002, equation 4); 0 where degrees do not vary.
    pub fn assortativity(&self) -> f64 {
        let degrees = self.degrees();
        let (mut product, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for &(from, to) in &self.edges {
            let (a, b) = (f64::from(degrees[from as usize]), f64::from(degrees[to as usize]));
            product += a * b;
            sum += 0.5 * (a + b);
            squares += 0.5 * (a * a + b * b);
        }
        let edges = self.edges.len() as f64;
        let center = (sum / edges).powi(2);
        let spread = squares / edges - center;
        if self.edges.is_empty() || spread <= 1e-12 { 0.0 } else { (product / edges - center) / spread }
    }
}

/// What a DAO's records say of ties.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// The ties.
    pub graph: Graph,
    /// The members of each group (thread, channel, proposal) that they come from; empty where there are none.
    pub groups: Vec<Vec<u32>>,
}

/// What a model of graphs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// Paper and equation.
    pub source: &'static str,
    /// Where not to use it.
    pub limits: &'static str,
}

/// A model that was fitted.
pub struct Fitted {
    /// What was learned, by name.
    pub parameters: Vec<(&'static str, f64)>,
    /// Draws a graph of as many nodes.
    pub sample: Box<dyn Fn(&mut Draws) -> Graph + Send + Sync>,
}

impl std::fmt::Debug for Fitted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fitted").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

/// A model of graphs.
pub trait Model: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;
    /// What it is.
    fn card(&self) -> Card;
    /// Learns from what was observed; nothing where it has not what the model needs. Deterministic in `seed`.
    fn fit(&self, observed: &Observed, seed: Seed) -> Option<Fitted>;
}

/// How far a model's samples are from what was observed.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Ranked {
    /// The model.
    pub model: &'static str,
    /// What it learned.
    pub parameters: Vec<(&'static str, f64)>,
    /// Mean Kolmogorov-Smirnov distance of degrees.
    pub degrees: f64,
    /// Mean clustering of its samples.
    pub clustering: f64,
    /// Mean assortativity of its samples.
    pub assortativity: f64,
    /// Distance of degrees and absolute differences of clustering and of assortativity, added up.
    pub distance: f64,
}

/// Fits every model and ranks them by the distance of so many samples each, the nearest first. Deterministic in `seed`.
pub fn select(observed: &Observed, samples: u64, seed: Seed) -> Vec<Ranked> {
    let numbers = |graph: &Graph| graph.degrees().into_iter().map(f64::from).collect::<Vec<_>>();
    let (degrees, clustering, assortativity) =
        (numbers(&observed.graph), observed.graph.clustering(), observed.graph.assortativity());
    let mut ranked: Vec<Ranked> = MODELS
        .iter()
        .filter_map(|model| {
            let fitted = model.fit(observed, seed)?;
            let streams = seed.streams(&format!("graph {}", model.name()));
            let drawn: Vec<[f64; 3]> = (0..samples)
                .map(|sample| {
                    let graph = (fitted.sample)(&mut streams.stream(sample));
                    let distance = kolmogorov_smirnov(&degrees, &numbers(&graph));
                    [distance, graph.clustering(), graph.assortativity()]
                })
                .collect();
            let of = |place: usize| mean(&drawn.iter().map(|row| row[place]).collect::<Vec<_>>());
            let apart = |place: usize, real: f64| {
                mean(&drawn.iter().map(|row| (row[place] - real).abs()).collect::<Vec<_>>())
            };
            Some(Ranked {
                model: model.name(),
                parameters: fitted.parameters,
                degrees: of(0),
                clustering: of(1),
                assortativity: of(2),
                distance: of(0) + apart(1, clustering) + apart(2, assortativity),
            })
        })
        .collect();
    ranked.sort_by(|left, right| left.distance.total_cmp(&right.distance));
    ranked
}

/// Growth by preferential attachment with `each` edges a new node, as both models of growth have it. A further edge of a
/// node closes a triangle with chance `triads`. `each` may be broken: a part of the nodes has one more.
fn grow(nodes: u32, each: f64, triads: f64, draws: &mut Draws) -> Graph {
    let first = (each.ceil() as u32).max(1).min(nodes);
    let mut edges: Vec<(u32, u32)> = Vec::new();
    // Every end of every edge: a uniform draw prefers nodes by degree.
    let mut ends: Vec<u32> = Vec::new();
    let mut lists: Vec<Vec<u32>> = vec![Vec::new(); nodes as usize];
    for node in first..nodes {
        let wanted = (each.floor() as usize + usize::from(draws.chance(each.fract()))).min(node as usize);
        let mut chosen: BTreeSet<u32> = BTreeSet::new();
        let mut last: Option<u32> = None;
        while chosen.len() < wanted {
            let triad = last.filter(|_| draws.chance(triads)).and_then(|friend| {
                let open: Vec<u32> =
                    lists[friend as usize].iter().copied().filter(|other| !chosen.contains(other)).collect();
                (!open.is_empty()).then(|| open[draws.below(open.len() as u64) as usize])
            });
            let other = triad.unwrap_or_else(|| match ends.len() {
                // The first nodes have no edges yet.
                0 => draws.below(u64::from(node)) as u32,
                many => ends[draws.below(many as u64) as usize],
            });
            if chosen.insert(other) {
                if triad.is_none() {
                    last = Some(other);
                }
            } else if ends.len() < 4 * wanted {
                // A young graph may have fewer ends than are wanted.
                let other = draws.below(u64::from(node)) as u32;
                chosen.insert(other);
            }
        }
        for other in chosen {
            edges.push((other, node));
            ends.extend([other, node]);
            lists[other as usize].push(node);
            lists[node as usize].push(other);
        }
    }
    Graph::new(nodes, edges)
}

/// Edges a node that growth needs for as many edges.
fn edges_each(graph: &Graph) -> f64 {
    // The first m nodes have no edges of their own: of n nodes come m (n - m) edges, n^2 / 4 at most.
    let (nodes, edges) = (f64::from(graph.nodes.max(1)), graph.edges.len() as f64);
    ((nodes - (nodes * nodes - 4.0 * edges).max(0.0).sqrt()) / 2.0).max(0.05)
}
