//! One after another takes over somebody's opinion whole; stubborn members never do (Clifford and Sudbury 1973; Yildiz, Acemoglu,
//! Ozdaglar, Saberi and Scaglione 2013).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Society};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Voter {
    /// Meetings a member, in the mean.
    pub meetings: u32,
}

impl Model for Voter {
    fn name(&self) -> &'static str {
        "voter"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "sides that are taken over whole, and what a few stubborn members make of them",
            source: "Yildiz et al. 2013, theorem 2.2: a side's chance at a member is harmonic between stubborn members",
            limits: "nobody weighs or remembers; without stubborn members one side wins by chance",
        }
    }

    fn settle(&self, society: &Society, draws: &mut Draws) -> Vec<f64> {
        let mut opinions = society.opinions.clone();
        let nodes = opinions.len() as u64;
        for _ in 0..nodes * u64::from(self.meetings) {
            let one = draws.below(nodes) as usize;
            let heard = &society.network.into[one];
            let total: f64 = heard.iter().map(|(_, strength)| strength).sum();
            if society.stubborn(one) || total <= 0.0 {
                continue;
            }
            let mut at = draws.uniform() * total;
            for &(other, strength) in heard {
                at -= strength;
                if at < 0.0 {
                    opinions[one] = opinions[other as usize];
                    break;
                }
            }
        }
        opinions
    }
}
