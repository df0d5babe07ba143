//! A ring of neighbours, rewired a little (Watts and Strogatz 1998).

use std::collections::BTreeSet;

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;

use super::{Card, Fitted, Graph, Model, Observed};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct WattsStrogatz;

/// A ring in which each node is tied to the `near` nodes on each side, each edge rewired to a uniform node with chance
/// `rewired`; an edge that has nowhere to go stays.
pub fn ring(nodes: u32, near: u32, rewired: f64, draws: &mut Draws) -> Graph {
    let near = near.min(nodes.saturating_sub(1) / 2);
    let mut lists: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); nodes as usize];
    for node in 0..nodes {
        for step in 1..=near {
            let other = (node + step) % nodes;
            lists[node as usize].insert(other);
            lists[other as usize].insert(node);
        }
    }
    for step in 1..=near {
        for node in 0..nodes {
            let other = (node + step) % nodes;
            if !draws.chance(rewired) || lists[node as usize].len() as u32 >= nodes - 1 {
                continue;
            }
            let new = loop {
                let new = draws.below(u64::from(nodes)) as u32;
                if new != node && !lists[node as usize].contains(&new) {
                    break new;
                }
            };
            lists[node as usize].remove(&other);
            lists[other as usize].remove(&node);
            lists[node as usize].insert(new);
            lists[new as usize].insert(node);
        }
    }
    let edges =
        lists.iter().enumerate().flat_map(|(node, list)| list.iter().map(move |&other| (node as u32, other)));
    Graph::new(nodes, edges.collect::<Vec<_>>())
}

impl Model for WattsStrogatz {
    fn name(&self) -> &'static str {
        "watts-strogatz"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "close circles with a few far ties, all members about alike",
            source: "Watts and Strogatz 1998; the ring's clustering is 3 (k - 2) / (4 (k - 1)), and (1 - p)^3 of it is left \
                     (Barrat and Weigt 2000)",
            limits: "degrees hardly differ: not for communities with hubs, which DAOs are",
        }
    }

    fn fit(&self, observed: &Observed, _seed: Seed) -> Option<Fitted> {
        let nodes = observed.graph.nodes;
        let near = (observed.graph.edges.len() as f64 / f64::from(nodes.max(1))).round().max(1.0) as u32;
        let degree = f64::from(2 * near);
        let of_ring = 3.0 * (degree - 2.0) / (4.0 * (degree - 1.0));
        let left = if of_ring > 0.0 { (observed.graph.clustering() / of_ring).clamp(0.0, 1.0) } else { 0.0 };
        let rewired = 1.0 - left.cbrt();
        let sample = Box::new(move |draws: &mut Draws| ring(nodes, near, rewired, draws));
        Some(Fitted { parameters: vec![("near", f64::from(near)), ("rewired", rewired)], sample })
    }
}
