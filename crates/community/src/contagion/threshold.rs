//! Linear threshold: who feels enough of its neighbours joins (Granovetter 1978; Kempe, Kleinberg and Tardos 2003, section 2.1).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Network, began};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct LinearThreshold;

impl Model for LinearThreshold {
    fn name(&self) -> &'static str {
        "linear-threshold"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "habits and positions, which the weight of one's neighbours decides",
            source: "Kempe, Kleinberg and Tardos 2003, section 2.1; thresholds uniform from 0 to 1, strengths into a node sum to 1 at most",
            limits: "strengths into a node that sum to more than 1 are used as if what is above 1 were not there",
        }
    }

    fn spread(&self, network: &Network, seeds: &[u32], draws: &mut Draws) -> Vec<bool> {
        // A threshold of exactly 0 would be met by nobody's weight; one minus a uniform is never 0.
        let thresholds: Vec<f64> = (0..network.nodes()).map(|_| 1.0 - draws.uniform()).collect();
        let mut felt = vec![0.0; network.nodes()];
        let (mut has, mut front) = began(network, seeds);
        while let Some(node) = front.pop() {
            for &(other, strength) in &network.out[node as usize] {
                felt[other as usize] += strength;
                // Sums of thirds that should be 1 may miss it by a rounding.
                if !has[other as usize] && felt[other as usize] >= thresholds[other as usize] - 1e-12 {
                    has[other as usize] = true;
                    front.push(other);
                }
            }
        }
        has
    }
}
