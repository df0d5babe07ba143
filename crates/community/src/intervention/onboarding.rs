//! Greeters: nine in ten newcomers are answered in their first week.

use daotwin_core::random::Stream as Draws;

use super::{Card, Change, Climate, Intervention};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Onboarding;

/// Share of newcomers who are answered.
const GREETED: f64 = 0.9;

impl Intervention for Onboarding {
    fn name(&self) -> &'static str {
        "onboarding"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "greeters answer nine in ten newcomers in their first week",
            source: "who is answered comes back more often: Lampe and Johnston 2005, Arguello et al. 2006; how much more is the \
                     record's own",
            limits: "an answer by a greeter counts as any other; whether greeters tire is not counted",
        }
    }

    fn change(&self, _climate: &Climate, _draws: &mut Draws) -> Change {
        Change { greeted: GREETED, ..Change::default() }
    }
}
