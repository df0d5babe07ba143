//! Chance that whoever calls can foresee.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Finding, Impact};

pub(super) struct Randomness;

static CARD: Card = Card {
    name: "randomness",
    about: "attackers foresee what a contract takes for chance",
    rule: "an attacker's call reads the hash, the random word or the producer of a block and pays the attacker ether; in the \
           blocks after and all else the same it pays and does not pay in turns, changing more than once",
    source: "SWC-120, Weak sources of randomness from chain attributes",
    limits: "sees gains in ether alone; chance that is drawn in one block and paid in another is not seen",
};

impl Oracle for Randomness {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::RANDOM
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.signs.any(Signs::ETHER) || !look.wavers(|state, by| state.block += by, probe)? {
            return Ok(Vec::new());
        }
        let place = (look.step.to, look.function());
        let title =
            format!("`{}` of `{}` pays by a chance that can be foreseen", place.1, look.name(place.0));
        look.finding(&CARD, place, (Impact::High, Confidence::High), title, look.won(), probe)
    }
}
