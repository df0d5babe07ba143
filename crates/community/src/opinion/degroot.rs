//! Everybody takes the mean of what it hears (DeGroot 1974).

use daotwin_core::random::Stream as Draws;

use super::{Card, Model, Society};

/// See the module. With stubborn members opinions end where each is the mean of those around it (harmonic).
#[derive(Debug, Clone, Copy)]
pub struct DeGroot {
    /// Weight of one's own opinion, 0 to 1.
    pub own: f64,
    /// Rounds at most.
    pub rounds: u32,
}

impl Model for DeGroot {
    fn name(&self) -> &'static str {
        "degroot"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "talk that leads to agreement: who is heard most decides on what",
            source: "DeGroot 1974; stubborn members as in Acemoglu et al. 2013",
            limits: "without stubborn members everybody agrees in the end, which no community does",
        }
    }

    fn settle(&self, society: &Society, _draws: &mut Draws) -> Vec<f64> {
        let own = self.own.clamp(0.0, 1.0);
        society.rounds(self.rounds, |opinions, node| {
            own * opinions[node] + (1.0 - own) * society.heard(opinions, node)
        })
    }
}
