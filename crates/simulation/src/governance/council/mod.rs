//! A council: k of n approve, on a slow path or on a fast one for emergencies.
//!
//! An action opened on a path collects approvals of current members; those of former members do not count. Once
//! approvals >= threshold on an approval (or when somebody asks, after a rotation), it is scheduled; it can be executed
//! from scheduled + delay on, and with an expiry until scheduled + delay + expiry, inclusive.

mod decide;
#[cfg(test)]
mod test;

use serde::{Deserialize, Serialize};

pub use decide::CouncilRule;

use super::lifecycle::{Members, Revert, State};

/// How many have to approve, and how long it waits then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// Approvals needed, inclusive.
    pub threshold: u32,
    /// Seconds from being scheduled to when it can be executed.
    pub delay: u64,
    /// Seconds after that in which it can be executed; for ever where there is none.
    #[serde(default)]
    pub expiry: Option<u64>,
}

/// Which path an action takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The slow one.
    #[default]
    Normal,
    /// The fast one.
    Emergency,
}

/// A council.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Council {
    /// Who sits in it.
    pub members: Members,
    /// The slow path.
    pub normal: Path,
    /// The fast path, where there is one.
    pub emergency: Option<Path>,
}

impl Council {
    /// Arbitrum's Security Council has twelve members: seven schedule on a timelock of three days, nine act at once.
    pub const ARBITRUM: (Path, Path) = (
        Path { threshold: 7, delay: 3 * 86_400, expiry: None },
        Path { threshold: 9, delay: 0, expiry: None },
    );

    /// The path with this name.
    ///
    /// # Errors
    /// The council has no path for emergencies.
    pub const fn path(&self, which: Which) -> Result<Path, Revert> {
        match (which, self.emergency) {
            (Which::Normal, _) => Ok(self.normal),
            (Which::Emergency, Some(path)) => Ok(path),
            (Which::Emergency, None) => Err(Revert::NoPath),
        }
    }

    /// Whether each path's threshold is from 1 to the number of members.
    pub fn can_act(&self) -> bool {
        let members = self.members.len();
        [Some(self.normal), self.emergency]
            .into_iter()
            .flatten()
            .all(|path| (1..=members).contains(&path.threshold))
    }

    /// Lets members in and out, and sets thresholds.
    ///
    /// # Errors
    /// Somebody to let in is a member, or to let out is none, or a threshold would not be from 1 to the number of
    /// members; the council stays as it was.
    pub fn rotate(
        &mut self,
        come: &[u32],
        go: &[u32],
        normal: Option<u32>,
        emergency: Option<u32>,
    ) -> Result<(), Revert> {
        let mut next = self.clone();
        let changed = go.iter().all(|member| next.members.remove(*member))
            && come.iter().all(|member| next.members.insert(*member));
        if let Some(threshold) = normal {
            next.normal.threshold = threshold;
        }
        if let (Some(threshold), Some(path)) = (emergency, &mut next.emergency) {
            path.threshold = threshold;
        }
        if !changed || !next.can_act() {
            return Err(Revert::Rotation);
        }
        *self = next;
        Ok(())
    }
}

/// An action before a council.
#[derive(Debug, Clone)]
pub struct Action {
    path: Path,
    approvals: Members,
    scheduled: Option<u64>,
    executed: bool,
}

impl Action {
    /// Opens an action on a path.
    ///
    /// # Errors
    /// The council has no such path.
    pub fn open(council: &Council, which: Which) -> Result<Self, Revert> {
        Ok(Self {
            path: council.path(which)?,
            approvals: Members::default(),
            scheduled: None,
            executed: false,
        })
    }

    /// How many of the council's members approve.
    pub fn approvals(&self, council: &Council) -> u32 {
        self.approvals.common(&council.members)
    }

    /// When it was scheduled.
    pub const fn scheduled(&self) -> Option<u64> {
        self.scheduled
    }

    /// When it can be executed, once scheduled.
    pub fn ready(&self) -> Option<u64> {
        self.scheduled.map(|second| second.saturating_add(self.path.delay))
    }

    /// Where it is: active while approvals are collected, then queued, expired, executed.
    pub fn state(&self, second: u64) -> State {
        match self.ready() {
            _ if self.executed => State::Executed,
            None => State::Active,
            Some(ready) => match self.path.expiry {
                Some(expiry) if second > ready.saturating_add(expiry) => State::Expired,
                _ => State::Queued,
            },
        }
    }

    /// A member approves, or takes its approval back; the approval that meets the threshold schedules. The threshold is
    /// the one that the council's path has now.
    ///
    /// # Errors
    /// Not a member, or scheduled already.
    #[inline]
    pub fn approve(
        &mut self,
        council: &Council,
        which: Which,
        second: u64,
        member: u32,
        approve: bool,
    ) -> Result<(), Revert> {
        if !council.members.contains(member) {
            return Err(Revert::Caller);
        }
        if self.scheduled.is_some() {
            return Err(Revert::Scheduled);
        }
        if approve {
            self.approvals.insert(member);
        } else {
            self.approvals.remove(member);
        }
        match self.schedule(council, which, second) {
            Err(Revert::Approvals { .. }) => Ok(()),
            result => result,
        }
    }

    /// Schedules where enough approve, which a rotation may have brought about.
    ///
    /// # Errors
    /// Too few approve, or it is scheduled already.
    pub fn schedule(&mut self, council: &Council, which: Which, second: u64) -> Result<(), Revert> {
        if self.scheduled.is_some() {
            return Err(Revert::Scheduled);
        }
        self.path = council.path(which)?;
        let (found, needed) = (self.approvals(council), self.path.threshold);
        if found < needed {
            return Err(Revert::Approvals { found, needed });
        }
        self.scheduled = Some(second);
        Ok(())
    }

    /// Executes.
    ///
    /// # Errors
    /// Not scheduled, not ready, expired or executed.
    pub fn execute(&mut self, second: u64) -> Result<(), Revert> {
        match (self.state(second), self.ready()) {
            (State::Queued, Some(ready)) if second < ready => Err(Revert::Early { ends: ready }),
            (State::Queued, _) => {
                self.executed = true;
                Ok(())
            }
            (state, _) => Err(Revert::State(state)),
        }
    }
}

/// The earliest second at which a path can act, where each member that answers at all takes this many seconds from
/// `second` on: its k-th fastest answer and the delay. None where too few answer. Sorts `latencies`.
pub fn earliest(path: &Path, second: u64, latencies: &mut [u64]) -> Option<u64> {
    latencies.sort_unstable();
    let slowest = latencies.get((path.threshold as usize).checked_sub(1)?)?;
    second.checked_add(*slowest)?.checked_add(path.delay)
}
