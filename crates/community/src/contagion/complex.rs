//! Complex contagion: several different neighbours must have passed it on (Centola and Macy 2007).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Network, began};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct ComplexContagion {
    /// Neighbours from whom it must have come; with 1 it is the independent cascade.
    pub needed: u32,
}

impl Model for ComplexContagion {
    fn name(&self) -> &'static str {
        "complex-contagion"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "what is risky or dear, for which people want to see several others first: migrating, delegating, leaving",
            source: "Centola and Macy 2007; each tie passes on once with the chance of its strength",
            limits: "the registry's line needs two neighbours; how many it takes is a judgement",
        }
    }

    fn spread(&self, network: &Network, seeds: &[u32], draws: &mut Draws) -> Vec<bool> {
        let mut heard = vec![0; network.nodes()];
        let (mut has, mut front) = began(network, seeds);
        while let Some(node) = front.pop() {
            for &(other, strength) in &network.out[node as usize] {
                if !has[other as usize] && draws.chance(strength) {
                    heard[other as usize] += 1;
                    if heard[other as usize] >= self.needed.max(1) {
                        has[other as usize] = true;
                        front.push(other);
                    }
                }
            }
        }
        has
    }
}
