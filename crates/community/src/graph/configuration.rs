//! Every graph with these degrees, equally likely, by double edge swaps (Milo et al. 2003; Fosdick et al. 2018).

use std::collections::BTreeSet;

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;

use super::{Card, Fitted, Graph, Model, Observed};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Configuration;

/// Swaps an edge.
const SWAPS: usize = 10;

/// A graph with the same degrees: pairs of edges exchange ends where that makes no loop and no repeated edge; a refused swap
/// counts as a step, so that in the limit every graph with these degrees is equally likely.
pub fn swapped(graph: &Graph, draws: &mut Draws) -> Graph {
    let mut edges = graph.edges.clone();
    let mut known: BTreeSet<(u32, u32)> = edges.iter().copied().collect();
    let ordered = |a: u32, b: u32| (a.min(b), a.max(b));
    if edges.len() >= 2 {
        for _ in 0..SWAPS * edges.len() {
            let (first, second) =
                (draws.below(edges.len() as u64) as usize, draws.below(edges.len() as u64) as usize);
            let ((a, b), (mut c, mut d)) = (edges[first], edges[second]);
            if draws.chance(0.5) {
                (c, d) = (d, c);
            }
            let (new_first, new_second) = (ordered(a, d), ordered(c, b));
            let fits = first != second
                && a != d
                && c != b
                && new_first != new_second
                && !known.contains(&new_first)
                && !known.contains(&new_second);
            if fits {
                known.remove(&edges[first]);
                known.remove(&edges[second]);
                known.extend([new_first, new_second]);
                (edges[first], edges[second]) = (new_first, new_second);
            }
        }
    }
    Graph::new(graph.nodes, edges)
}

impl Model for Configuration {
    fn name(&self) -> &'static str {
        "configuration"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "as many ties for every member as observed, and nothing else: what structure is beyond degrees",
            source: "double edge swaps, Milo et al. 2003; stub-labelled against vertex-labelled: Fosdick et al. 2018",
            limits: "the degrees are those of the records: not private, and no model of a community of another size",
        }
    }

    fn fit(&self, observed: &Observed, _seed: Seed) -> Option<Fitted> {
        let graph = observed.graph.clone();
        let parameters = vec![("edges", graph.edges.len() as f64)];
        Some(Fitted { parameters, sample: Box::new(move |draws| swapped(&graph, draws)) })
    }
}
