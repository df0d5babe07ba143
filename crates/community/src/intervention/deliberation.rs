//! Rounds: once a month a third of the silent members are asked for their view in small facilitated groups.

use daotwin_core::random::Stream as Draws;

use super::{Card, Change, Climate, Intervention};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Deliberation;

/// Share of silent members invited, weeks between rounds, and the range of those who come.
const INVITED: f64 = 0.33;
const EVERY: u32 = 4;
const COME: (f64, f64) = (0.05, 0.3);

impl Intervention for Deliberation {
    fn name(&self) -> &'static str {
        "deliberation"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "once a month a third of the silent members are asked for their view in small facilitated groups",
            source: "structure and facilitation even out who speaks (Kim, Eun, Seering and Lee 2021); of the invited 5 to 30 % write, \
                     uniformly drawn, a judgement",
            limits: "what is said in rounds, and whether decisions get better, is not counted",
        }
    }

    fn change(&self, _climate: &Climate, draws: &mut Draws) -> Change {
        let rounds = COME.0 + (COME.1 - COME.0) * draws.uniform();
        Change { rounds, every: EVERY, invited: INVITED, ..Change::default() }
    }
}
