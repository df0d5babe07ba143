//! Opinion and sentiment that move with those of others, and what they do to votes.
//!
//! Every model of opinions is one line of [`registry::MODELS`]. They work on a [`Society`]: opinions from -1 to 1, who listens
//! to whom, and who is stubborn, whose opinion no model moves. The mood of a topic is a process of its own ([`mood`]), and
//! [`voting`] hands both to the simulation of governance.

pub mod deffuant;
pub mod degroot;
pub mod friedkin_johnsen;
pub mod hegselmann_krause;
pub mod mood;
pub mod registry;
#[cfg(test)]
mod test;
pub mod voter;
pub mod voting;

pub use deffuant::Deffuant;
pub use degroot::DeGroot;
pub use friedkin_johnsen::FriedkinJohnsen;
pub use hegselmann_krause::HegselmannKrause;
pub use mood::OrnsteinUhlenbeck;
pub use registry::{MODELS, find};
pub use voter::Voter;

use daotwin_core::random::Stream as Draws;

use crate::contagion::Network;

/// Members, what they think, and to whom they listen.
#[derive(Debug, Clone, PartialEq)]
pub struct Society {
    /// Who is heard by whom: a tie's strength is the weight of the speaker at the listener, in proportion to the others'.
    pub network: Network,
    /// Opinions at the start, from -1 to 1, one a node.
    pub opinions: Vec<f64>,
    /// Whose opinion never moves; nobody's where it is shorter.
    pub stubborn: Vec<bool>,
}

impl Society {
    /// A society in which nobody is stubborn. Opinions beyond -1 and 1 are held within, missing ones are 0.
    pub fn new(network: Network, opinions: &[f64]) -> Self {
        let held = |node: usize| opinions.get(node).map_or(0.0, |opinion| opinion.clamp(-1.0, 1.0));
        let opinions = (0..network.nodes()).map(held).collect();
        Self { network, opinions, stubborn: Vec::new() }
    }

    fn stubborn(&self, node: usize) -> bool {
        self.stubborn.get(node).copied().unwrap_or(false)
    }

    /// What a node hears: the mean opinion of those it listens to, by weight; its own where it listens to nobody.
    fn heard(&self, opinions: &[f64], node: usize) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for &(from, strength) in &self.network.into[node] {
            sum += strength * opinions[from as usize];
            weight += strength;
        }
        if weight > 0.0 { sum / weight } else { opinions[node] }
    }

    /// Rounds in which everybody moves at once, until nobody moves by more than 1e-12 or there were so many.
    fn rounds(&self, most: u32, step: impl Fn(&[f64], usize) -> f64) -> Vec<f64> {
        let mut opinions = self.opinions.clone();
        for _ in 0..most {
            let next: Vec<f64> = (0..opinions.len())
                .map(|node| if self.stubborn(node) { opinions[node] } else { step(&opinions, node) })
                .collect();
            let moved = next.iter().zip(&opinions).map(|(new, old)| (new - old).abs()).fold(0.0, f64::max);
            opinions = next;
            if moved <= 1e-12 {
                break;
            }
        }
        opinions
    }
}

/// What a model of opinions is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// Paper and equation.
    pub source: &'static str,
    /// Where not to use it.
    pub limits: &'static str,
}

/// A model of opinions.
pub trait Model: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;
    /// What it is.
    fn card(&self) -> Card;
    /// Opinions at the end. Deterministic in the state of `draws`.
    fn settle(&self, society: &Society, draws: &mut Draws) -> Vec<f64>;
}

/// How far apart opinions are: their variance, and the share of members within 0.25 of the poles.
pub fn polarisation(opinions: &[f64]) -> (f64, f64) {
    let center = daotwin_core::statistics::mean(opinions);
    let many = opinions.len().max(1) as f64;
    let variance = opinions.iter().map(|opinion| (opinion - center).powi(2)).sum::<f64>() / many;
    (variance, opinions.iter().filter(|opinion| opinion.abs() >= 0.75).count() as f64 / many)
}
