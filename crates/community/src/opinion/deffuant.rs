//! Pairs meet, and come nearer where they are not too far apart (Deffuant, Neau, Amblard and Weisbuch 2000).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Society};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Deffuant {
    /// Difference above which two do not listen to each other.
    pub bound: f64,
    /// The part of the difference by which each moves, 0 to 0.5.
    pub pull: f64,
    /// Meetings a member, in the mean.
    pub meetings: u32,
}

impl Model for Deffuant {
    fn name(&self) -> &'static str {
        "deffuant"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "talk in pairs among people who listen only to those near them: camps",
            source: "Deffuant, Neau, Amblard and Weisbuch 2000, equation 1; about 1 / bound camps of opinions from -1 to 1",
            limits: "whoever meets is drawn uniformly; strengths of ties do not count beyond being there",
        }
    }

    fn settle(&self, society: &Society, draws: &mut Draws) -> Vec<f64> {
        let mut opinions = society.opinions.clone();
        let nodes = opinions.len() as u64;
        for _ in 0..nodes * u64::from(self.meetings) / 2 {
            let one = draws.below(nodes) as usize;
            let heard = &society.network.into[one];
            if heard.is_empty() {
                continue;
            }
            let other = heard[draws.below(heard.len() as u64) as usize].0 as usize;
            let apart = opinions[other] - opinions[one];
            if apart.abs() <= self.bound {
                if !society.stubborn(one) {
                    opinions[one] += self.pull * apart;
                }
                if !society.stubborn(other) {
                    opinions[other] -= self.pull * apart;
                }
            }
        }
        opinions
    }
}
