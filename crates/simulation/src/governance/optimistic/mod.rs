//! Passing unless enough object: a motion of Lido's Easy Track.
//!
//! A motion made at second t can be enacted from t + duration on. It is gone at once where, with S the supply at its
//! snapshot, floor(10,000 x objections / S) reaches the threshold. Objections are taken until the motion is enacted, so
//! also after its duration.

#[cfg(test)]
mod test;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lifecycle::{Members, Revert, State};
use super::script::{self, Problems, Roll};
use super::{Amount, Card, Family, Powers, Rule, read_case, write_outcome};
use crate::Result;

/// The parameters of motions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seconds before a motion can be enacted.
    pub duration: u64,
    /// Objections that reject it, in hundredths of a percent of the supply, inclusive.
    pub objections_threshold: u32,
}

impl Settings {
    /// Lido's: 72 hours, 0.5 %.
    pub const EASY_TRACK: Self = Self { duration: 72 * 3_600, objections_threshold: 50 };
}

/// A motion from its making to its end.
#[derive(Debug, Clone)]
pub struct Motion {
    settings: Settings,
    start: u64,
    supply: Amount,
    objections: Amount,
    objected: Members,
    ended: Option<State>,
}

impl Motion {
    /// Makes a motion; `members` is the room to reserve for objectors.
    ///
    /// # Errors
    /// The supply is zero.
    pub fn create(
        settings: &Settings,
        second: u64,
        supply: Amount,
        members: usize,
    ) -> std::result::Result<Self, Revert> {
        if supply == Amount::ZERO {
            return Err(Revert::NoPower);
        }
        Ok(Self {
            settings: *settings,
            start: second,
            supply,
            objections: Amount::ZERO,
            objected: Members::with_room(members),
            ended: None,
        })
    }

    /// The power that has objected.
    pub const fn objections(&self) -> Amount {
        self.objections
    }

    /// Where the motion is: active, then succeeded; defeated, canceled or executed for good.
    pub fn state(&self, second: u64) -> State {
        match self.ended {
            Some(state) => state,
            None if self.start.saturating_add(self.settings.duration) <= second => State::Succeeded,
            None => State::Active,
        }
    }

    fn open(&self) -> std::result::Result<(), Revert> {
        self.ended.map_or(Ok(()), |state| Err(Revert::State(state)))
    }

    /// Objects with the member's power at the snapshot.
    ///
    /// # Errors
    /// The motion has ended, the member has objected, or has no power.
    #[inline]
    pub fn object(&mut self, member: u32, power: Amount) -> std::result::Result<(), Revert> {
        self.open()?;
        if self.objected.contains(member) {
            return Err(Revert::Voted);
        }
        if power == Amount::ZERO {
            return Err(Revert::NoPower);
        }
        self.objections = self.objections.checked_add(power).ok_or(Revert::Overflow)?;
        self.objected.insert(member);
        let share = self.objections.times(10_000, self.supply.0).ok_or(Revert::Overflow)?;
        if share.0 >= self.settings.objections_threshold.into() {
            self.ended = Some(State::Defeated);
        }
        Ok(())
    }

    /// Enacts.
    ///
    /// # Errors
    /// The motion has ended, or its duration is not over.
    pub fn enact(&mut self, second: u64) -> std::result::Result<(), Revert> {
        self.open()?;
        let ends = self.start.saturating_add(self.settings.duration);
        if second < ends {
            return Err(Revert::Early { ends });
        }
        self.ended = Some(State::Executed);
        Ok(())
    }

    /// Cancels; `allowed` for its creator and for who holds the role.
    ///
    /// # Errors
    /// The motion has ended, or the caller may not.
    pub fn cancel(&mut self, allowed: bool) -> std::result::Result<(), Revert> {
        self.open()?;
        if !allowed {
            return Err(Revert::Caller);
        }
        self.ended = Some(State::Canceled);
        Ok(())
    }
}

/// Passing unless enough object.
#[derive(Debug)]
pub struct Optimistic;

const NAME: &str = "optimistic";

#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Object { at: u64, by: String },
    Enact { at: u64 },
    Cancel { at: u64, by: String },
    State { at: u64 },
}

impl Act {
    const fn at(&self) -> u64 {
        match *self {
            Self::Object { at, .. } | Self::Enact { at } | Self::Cancel { at, .. } | Self::State { at } => at,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default = "easy_track")]
    settings: Settings,
    supply: Amount,
    powers: Powers,
    start: u64,
    creator: String,
    /// Who else may cancel.
    #[serde(default)]
    cancellers: Vec<String>,
    acts: Vec<Value>,
}

const fn easy_track() -> Settings {
    Settings::EASY_TRACK
}

#[derive(Debug, Serialize)]
struct Outcome {
    acts: Vec<String>,
    objections: Amount,
}

impl Rule for Optimistic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "Passing after a delay unless enough of the supply objects: a motion of Lido's Easy Track",
            definition: "Enacted from start + duration on. Rejected at once where floor(10,000 x objections / supply at the \
                snapshot) >= threshold. One objection a member, with power above zero, until the motion is enacted, so also \
                after its duration. The creator may cancel at any time before. Lido's figures: 72 hours, 50 (0.5 %); its \
                contract allows at least 48 hours and at most 500",
            source: "lidofinance/easy-track, contracts/EasyTrack.sol (createMotion, objectToMotion, enactMotion, cancelMotion) and \
                contracts/MotionSettings.sol",
            limits: "One motion; the limit of motions at a time (24 at the most), pausing, and factories of scripts are left out",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = Problems::of(NAME);
        let roll = Roll::new(&case.powers, &mut problems);
        problems.check(case.settings.duration > 0, "settings.duration", "0 leaves no time to object");
        problems.check(
            case.settings.objections_threshold <= 10_000,
            "settings.objections_threshold",
            format_args!("{} hundredths of a percent is above 10000", case.settings.objections_threshold),
        );
        problems.check(case.supply > Amount::ZERO, "supply", "is zero: shares of it mean nothing");
        problems.check(
            case.supply >= roll.total(),
            "supply",
            format_args!("{} is less than all powers together, {}", case.supply, roll.total()),
        );
        let acts: Vec<Act> = problems.read_each("acts", &case.acts);
        problems.check_seconds(case.start, acts.iter().map(Act::at));
        let members: Vec<u32> = acts
            .iter()
            .enumerate()
            .map(|(number, act)| match act {
                Act::Object { by, .. } => roll.find(by, &format!("acts {number}"), &mut problems),
                _ => 0,
            })
            .collect();
        problems.settle()?;

        let mut motion = Motion::create(&case.settings, case.start, case.supply, roll.len())
            .map_err(|revert| script::refuse(NAME, "supply", revert))?;
        let mut came = Vec::with_capacity(acts.len());
        for (act, member) in acts.iter().zip(members) {
            let result = match act {
                Act::Object { .. } => motion.object(member, roll.power(member)),
                Act::Enact { at } => motion.enact(*at),
                Act::Cancel { by, .. } => motion.cancel(*by == case.creator || case.cancellers.contains(by)),
                Act::State { at } => {
                    came.push(motion.state(*at).name().to_owned());
                    continue;
                }
            };
            came.push(script::came(result));
        }
        write_outcome(NAME, &Outcome { acts: came, objections: motion.objections() })
    }
}

const EXAMPLE: &str = r#"{
  "supply": "1000000", "powers": {"ann": "4999", "ben": "1"}, "start": 0, "creator": "cas",
  "acts": [{"act": "object", "at": 10, "by": "ann"}, {"act": "enact", "at": 259200}]
}"#;
