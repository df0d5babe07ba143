//! What helps a community: onboarding, recognition, moderation, formats of deliberation, judged by who stays, how many voices are
//! heard and how people feel.
//!
//! A [`Climate`] is learned from a record: who joins, how much members write, how moods pass from member to member, and how
//! the chance of coming back goes with being answered and with meeting hostility. Members then live on, week by week, with
//! and without each intervention, under the same draws, so that differences are the intervention's ([`judge`]).
//!
//! What a record shows are associations. Of each a part, uniform between none and all, counts as cause, drawn anew in every
//! run; where an intervention works in ways that no record shows, its strength is drawn from a range that its card names. The
//! intervals hold both, and the chance of draws; they do not hold that the model may be wrong.

pub mod climate;
pub mod deliberation;
pub mod life;
pub mod moderation;
pub mod onboarding;
pub mod recognition;
pub mod registry;
#[cfg(test)]
mod test;

pub use climate::Climate;
pub use deliberation::Deliberation;
pub use life::{Judged, Options, Paired, judge};
pub use moderation::Moderation;
pub use onboarding::Onboarding;
pub use recognition::Recognition;
pub use registry::{INTERVENTIONS, find};

use daotwin_core::random::Stream as Draws;

/// What an intervention is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// What is done, in a sentence.
    pub purpose: &'static str,
    /// Where its strength comes from.
    pub source: &'static str,
    /// What is not counted.
    pub limits: &'static str,
}

/// What an intervention changes in the lives of members, in one run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Change {
    /// Chance that what a newcomer writes in its first week is answered, at least.
    pub greeted: f64,
    /// Chance that an active member is thanked in a week.
    pub thanked: f64,
    /// What thanks add to the log odds of coming back.
    pub thanks_keep: f64,
    /// What thanks add to a mood.
    pub thanks_lift: f64,
    /// Share of hostile messages that are taken away before others read them.
    pub removed: f64,
    /// What a removed message adds to its author's log odds of coming back, usually below 0.
    pub removed_keep: f64,
    /// Chance that a silent member who is invited to a round writes a message in it.
    pub rounds: f64,
    /// Weeks from one round to the next; none where 0.
    pub every: u32,
    /// Share of silent members who are invited.
    pub invited: f64,
}

/// Something that a community can do.
pub trait Intervention: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;
    /// What it is.
    fn card(&self) -> Card;
    /// What it changes in a run; strengths that are not known are drawn here.
    fn change(&self, climate: &Climate, draws: &mut Draws) -> Change;
}
