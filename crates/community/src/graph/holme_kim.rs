//! Preferential attachment with triads (Holme and Kim 2002): heavy-tailed degrees and friends of friends.

use daotwin_core::Seed;
use daotwin_core::statistics::mean;

use super::{Card, Fitted, Model, Observed, edges_each, grow};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct HolmeKim;

/// Samples over which clustering is taken while the chance of a triad is sought, and halvings.
const SAMPLES: u64 = 3;
const HALVINGS: u32 = 8;

impl Model for HolmeKim {
    fn name(&self) -> &'static str {
        "holme-kim"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "growth in which newcomers also meet the friends of whom they met",
            source: "Holme and Kim 2002; the chance of a triad is fitted to the clustering by bisection",
            limits: "clustering has a ceiling that depends on the number of edges; no groups",
        }
    }

    fn fit(&self, observed: &Observed, seed: Seed) -> Option<Fitted> {
        let (nodes, each) = (observed.graph.nodes, edges_each(&observed.graph));
        let wanted = observed.graph.clustering();
        let streams = seed.streams("graph holme-kim fit");
        let clustering = |triads: f64| {
            let of = |sample| grow(nodes, each, triads, &mut streams.stream(sample)).clustering();
            mean(&(0..SAMPLES).map(of).collect::<Vec<_>>())
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if clustering(middle) < wanted { low = middle } else { high = middle }
        }
        let triads = 0.5 * (low + high);
        let sample = Box::new(move |draws: &mut _| grow(nodes, each, triads, draws));
        Some(Fitted { parameters: vec![("edges_each", each), ("triads", triads)], sample })
    }
}
