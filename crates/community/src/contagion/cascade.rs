//! Independent cascade: who has it tries each neighbour once (Goldenberg, Libai and Muller 2001; Kempe, Kleinberg and Tardos
//! 2003, section 2.1).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Network, began};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct IndependentCascade;

impl Model for IndependentCascade {
    fn name(&self) -> &'static str {
        "independent-cascade"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "links and news, for which one contact is enough",
            source: "Kempe, Kleinberg and Tardos 2003, section 2.1; a tie's strength is the chance that it passes on",
            limits: "contacts do not add up, and nobody forgets",
        }
    }

    fn spread(&self, network: &Network, seeds: &[u32], draws: &mut Draws) -> Vec<bool> {
        let (mut has, mut front) = began(network, seeds);
        while let Some(node) = front.pop() {
            for &(other, strength) in &network.out[node as usize] {
                if !has[other as usize] && draws.chance(strength) {
                    has[other as usize] = true;
                    front.push(other);
                }
            }
        }
        has
    }
}
