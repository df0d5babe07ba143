//! Growth by preferential attachment (Barabási and Albert 1999): degrees have the tail `k^-3`.

use daotwin_core::Seed;

use super::{Card, Fitted, Model, Observed, edges_each, grow};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct BarabasiAlbert;

impl Model for BarabasiAlbert {
    fn name(&self) -> &'static str {
        "barabasi-albert"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "a few members known to everybody: newcomers tie themselves to members with many ties",
            source: "Barabási and Albert 1999; exact degrees P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)): Bollobás et al. 2001",
            limits: "hardly any triangles, no groups, and nobody has fewer ties than came with it",
        }
    }

    fn fit(&self, observed: &Observed, _seed: Seed) -> Option<Fitted> {
        let (nodes, each) = (observed.graph.nodes, edges_each(&observed.graph));
        let sample = Box::new(move |draws: &mut _| grow(nodes, each, 0.0, draws));
        Some(Fitted { parameters: vec![("edges_each", each)], sample })
    }
}
