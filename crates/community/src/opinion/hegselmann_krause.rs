//! Everybody takes the mean of those who think nearly as it does (Hegselmann and Krause 2002).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Society};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct HegselmannKrause {
    /// Difference above which nobody listens.
    pub bound: f64,
    /// Rounds at most.
    pub rounds: u32,
}

impl Model for HegselmannKrause {
    fn name(&self) -> &'static str {
        "hegselmann-krause"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "open rounds in which many are heard at once, but only by those near them: camps that freeze",
            source: "Hegselmann and Krause 2002, model BC; a member listens to its ties and to itself, alike",
            limits: "strengths of ties do not count beyond being there",
        }
    }

    fn settle(&self, society: &Society, _draws: &mut Draws) -> Vec<f64> {
        society.rounds(self.rounds, |opinions, node| {
            let (mut sum, mut many) = (opinions[node], 1.0);
            for &(other, _) in &society.network.into[node] {
                if (opinions[other as usize] - opinions[node]).abs() <= self.bound {
                    sum += opinions[other as usize];
                    many += 1.0;
                }
            }
            sum / many
        })
    }
}
