//! A rumour and its correction, which race: who is reached by the correction believes the rumour no more, and passes the
//! correction on.
//!
//! Both spread as independent cascades in rounds (Budak, Agrawal and El Abbadi 2011, the campaign-oblivious model); in a round
//! in which both reach a node the correction wins. The correction begins from the node with most ties out, `delay` rounds
//! after the rumour.

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Network, began};

/// See the module. The correction starts one round late.
#[derive(Debug, Clone, Copy)]
pub struct Rumour {
    /// Factor on a tie's strength for who has not heard: how readily a rumour is believed.
    pub heeded: f64,
    /// Factor on a tie's strength for the correction.
    pub corrected: f64,
}

/// Where a race ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Race {
    /// Who believes the rumour in the end.
    pub believes: Vec<bool>,
    /// Who heard the correction.
    pub corrected: Vec<bool>,
    /// Who believed it at any time.
    pub believed: Vec<bool>,
}

impl Rumour {
    /// The race from these seeds, with the correction from those, so many rounds later.
    pub fn race(
        &self,
        network: &Network,
        seeds: &[u32],
        corrections: &[u32],
        delay: u32,
        draws: &mut Draws,
    ) -> Race {
        let (mut believes, mut front) = began(network, seeds);
        let mut believed = believes.clone();
        let mut corrected = vec![false; network.nodes()];
        let mut correcting: Vec<u32> = Vec::new();
        let mut round = 0;
        while !front.is_empty() || !correcting.is_empty() || round <= delay {
            let mut next = Vec::new();
            if round == delay {
                let (has, first) = began(network, corrections);
                for (node, has) in has.into_iter().enumerate().filter(|(_, has)| *has) {
                    corrected[node] = has;
                    believes[node] = false;
                }
                next.extend(first);
            }
            for &node in &correcting {
                for &(other, strength) in &network.out[node as usize] {
                    if !corrected[other as usize] && draws.chance(strength * self.corrected) {
                        corrected[other as usize] = true;
                        believes[other as usize] = false;
                        next.push(other);
                    }
                }
            }
            let mut rumoured = Vec::new();
            for &node in &front {
                // Who was corrected in the meantime does not pass it on.
                if corrected[node as usize] {
                    continue;
                }
                for &(other, strength) in &network.out[node as usize] {
                    let open = !believes[other as usize] && !corrected[other as usize];
                    if open && draws.chance(strength * self.heeded) {
                        believes[other as usize] = true;
                        believed[other as usize] = true;
                        rumoured.push(other);
                    }
                }
            }
            (front, correcting) = (rumoured, next);
            round += 1;
        }
        Race { believes, corrected, believed }
    }
}

impl Model for Rumour {
    fn name(&self) -> &'static str {
        "rumour"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "false news and what a correction from the best-tied member, a round later, leaves of it",
            source: "Budak, Agrawal and El Abbadi 2011, sections 3 and 4: two cascades, the good one wins ties",
            limits: "who was corrected never believes again; how readily rumours are believed is a judgement",
        }
    }

    fn spread(&self, network: &Network, seeds: &[u32], draws: &mut Draws) -> Vec<bool> {
        let best = (0..network.nodes()).filter(|&node| !seeds.contains(&(node as u32)));
        let best = best.max_by_key(|&node| (network.out[node].len(), std::cmp::Reverse(node)));
        let corrections: Vec<u32> = best.map(|node| node as u32).into_iter().collect();
        self.race(network, seeds, &corrections, 1, draws).believes
    }
}
