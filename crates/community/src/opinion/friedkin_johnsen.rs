//! Everybody hears the others and holds on to where it began (Friedkin and Johnsen 1990).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Society};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct FriedkinJohnsen {
    /// Weight of what is heard against one's first opinion, 0 to 1.
    pub open: f64,
    /// Rounds at most.
    pub rounds: u32,
}

impl Model for FriedkinJohnsen {
    fn name(&self) -> &'static str {
        "friedkin-johnsen"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "discussion before a vote: opinions come nearer and stay different",
            source: "Friedkin and Johnsen 1990; the end is (I - a W)^-1 (1 - a) x(0)",
            limits: "one openness for all; opinions never lie beyond those at the start",
        }
    }

    fn settle(&self, society: &Society, _draws: &mut Draws) -> Vec<f64> {
        let open = self.open.clamp(0.0, 1.0);
        society.rounds(self.rounds, |opinions, node| {
            open * society.heard(opinions, node) + (1.0 - open) * society.opinions[node]
        })
    }
}
