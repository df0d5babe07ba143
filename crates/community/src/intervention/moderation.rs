//! Moderators: half of the hostile messages are gone before others read them.

use daotwin_core::random::Stream as Draws;

use super::{Card, Change, Climate, Intervention};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Moderation;

/// Share of hostile messages removed.
const REMOVED: f64 = 0.5;
/// Largest loss in log odds of coming back for whose message it was.
const LOSS: f64 = 1.0;

impl Intervention for Moderation {
    fn name(&self) -> &'static str {
        "moderation"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "moderators take half of the hostile messages away before others read them",
            source: "what hostility costs is the record's own; authors of removed messages lose 0 to 1 of their log odds of coming \
                     back, uniformly drawn, a judgement",
            limits: "hostility is what the lexicon scores below -0.5: sarcasm is missed, plain words about losses are hit; \
                     voices even out partly because those who write most lose most messages and leave",
        }
    }

    fn change(&self, _climate: &Climate, draws: &mut Draws) -> Change {
        Change { removed: REMOVED, removed_keep: -LOSS * draws.uniform(), ..Change::default() }
    }
}
