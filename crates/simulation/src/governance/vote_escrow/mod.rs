//! Vote escrow: power is tokens times the time they stay locked, and falls to zero until they are free (Curve).

mod json;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Card, Family, Rule};
use crate::Result;

/// Ends of locks are whole weeks, in seconds.
pub const WEEK: u64 = 7 * 86_400;

/// The longest lock, in seconds: four years of 365 days.
pub const MAX_TIME: u64 = 4 * 365 * 86_400;

/// Weeks that the contract goes over at a time, at most.
const MOST_WEEKS: u32 = 255;

/// Power and how fast it falls, at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Power at `at`.
    pub bias: i128,
    /// What a second takes off.
    pub slope: i128,
    /// In seconds.
    pub at: u64,
}

/// Tokens of a member, and until when they are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lock {
    /// Tokens in their smallest unit.
    pub amount: i128,
    /// In seconds; a whole week, zero for none.
    pub end: u64,
}

/// Why the contract would revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// An amount of zero.
    Zero,
    /// Old tokens must be withdrawn first.
    WithdrawFirst,
    /// Nothing is locked.
    NothingLocked,
    /// The lock is over.
    Expired,
    /// The lock is not over.
    NotExpired,
    /// The end, rounded down to a week, is not in the future.
    NotInFuture,
    /// The end, rounded down to a week, is more than four years away.
    TooLong,
    /// A lock can only be made longer.
    NotLonger,
    /// The time lies before the last one.
    Past,
    /// A number above 127 bits.
    Overflow,
}

type Try<T> = std::result::Result<T, Refusal>;

/// What all members have locked. A change costs the weeks since the last one, and a look-up by week for each.
#[derive(Debug, Clone, Default)]
pub struct Escrow {
    locks: Vec<Lock>,
    /// By member, over time; a change adds one.
    own: Vec<Vec<Point>>,
    /// Of all, over time.
    all: Vec<Point>,
    /// By end of locks: what the slope of all changes by then; not above zero.
    changes: BTreeMap<u64, i128>,
    now: u64,
}

impl Escrow {
    /// Members who have locked nothing.
    pub fn new(members: usize) -> Self {
        Self { locks: vec![Lock::default(); members], own: vec![Vec::new(); members], ..Self::default() }
    }

    /// What a member has locked.
    pub fn lock(&self, member: u32) -> Lock {
        self.locks[member as usize]
    }

    /// The slope of a member's last change, which gauges go by.
    pub fn last_slope(&self, member: u32) -> i128 {
        self.own[member as usize].last().map_or(0, |point| point.slope)
    }

    /// A member's power at a time.
    pub fn power(&self, member: u32, at: u64) -> u128 {
        let points = &self.own[member as usize];
        let last = points.partition_point(|point| point.at <= at);
        let Some(point) = last.checked_sub(1).map(|place| points[place]) else { return 0 };
        // Long after the end the product may leave its bits, and is above the bias all the more.
        let fallen = point.slope.saturating_mul(i128::from(at - point.at));
        point.bias.saturating_sub(fallen).max(0) as u128
    }

    /// The power of all at a time.
    pub fn total(&self, at: u64) -> u128 {
        let last = self.all.partition_point(|point| point.at <= at);
        let Some(mut point) = last.checked_sub(1).map(|place| self.all[place]) else { return 0 };
        let mut week = point.at / WEEK * WEEK;
        for _ in 0..MOST_WEEKS {
            week += WEEK;
            let change = if week > at { 0 } else { self.change(week) };
            week = week.min(at);
            point.bias -= point.slope * i128::from(week - point.at);
            if week == at {
                break;
            }
            point.slope += change;
            point.at = week;
        }
        point.bias.max(0) as u128
    }

    fn change(&self, week: u64) -> i128 {
        self.changes.get(&week).copied().unwrap_or_default()
    }

    fn advance(&mut self, at: u64) -> Try<()> {
        if at < self.now {
            return Err(Refusal::Past);
        }
        self.now = at;
        Ok(())
    }

    /// Locks tokens until a time, which is rounded down to whole weeks.
    ///
    /// # Errors
    /// Why the contract would revert; nothing changes then but the time.
    pub fn create(&mut self, member: u32, amount: u128, until: u64, now: u64) -> Try<()> {
        self.advance(now)?;
        let end = until / WEEK * WEEK;
        if amount == 0 {
            return Err(Refusal::Zero);
        }
        if self.lock(member).amount != 0 {
            return Err(Refusal::WithdrawFirst);
        }
        if end <= now {
            return Err(Refusal::NotInFuture);
        }
        if end > now.saturating_add(MAX_TIME) {
            return Err(Refusal::TooLong);
        }
        self.deposit(member, amount, end)
    }

    /// Adds tokens to a lock.
    ///
    /// # Errors
    /// Why the contract would revert; nothing changes then but the time.
    pub fn add(&mut self, member: u32, amount: u128, now: u64) -> Try<()> {
        self.advance(now)?;
        let lock = self.lock(member);
        if amount == 0 {
            return Err(Refusal::Zero);
        }
        if lock.amount == 0 {
            return Err(Refusal::NothingLocked);
        }
        if lock.end <= now {
            return Err(Refusal::Expired);
        }
        self.deposit(member, amount, lock.end)
    }

    /// Makes a lock longer, until a time that is rounded down to whole weeks.
    ///
    /// # Errors
    /// Why the contract would revert; nothing changes then but the time.
    pub fn extend(&mut self, member: u32, until: u64, now: u64) -> Try<()> {
        self.advance(now)?;
        let (lock, end) = (self.lock(member), until / WEEK * WEEK);
        if lock.end <= now {
            return Err(Refusal::Expired);
        }
        if lock.amount == 0 {
            return Err(Refusal::NothingLocked);
        }
        if end <= lock.end {
            return Err(Refusal::NotLonger);
        }
        if end > now.saturating_add(MAX_TIME) {
            return Err(Refusal::TooLong);
        }
        self.deposit(member, 0, end)
    }

    /// Takes all tokens back; returns how many.
    ///
    /// # Errors
    /// Why the contract would revert; nothing changes then but the time.
    pub fn withdraw(&mut self, member: u32, now: u64) -> Try<u128> {
        self.advance(now)?;
        let old = self.lock(member);
        if now < old.end {
            return Err(Refusal::NotExpired);
        }
        self.checkpoint(member, old, Lock::default());
        Ok(old.amount.unsigned_abs())
    }

    fn deposit(&mut self, member: u32, amount: u128, end: u64) -> Try<()> {
        let old = self.lock(member);
        let amount = i128::try_from(amount).ok().and_then(|amount| amount.checked_add(old.amount));
        let amount = amount.ok_or(Refusal::Overflow)?;
        self.checkpoint(member, old, Lock { amount, end });
        Ok(())
    }

    /// Records a change. Slopes are amounts / [`MAX_TIME`] and biases at most amounts, so sums of fewer than 2^127 tokens
    /// stay within 127 bits.
    fn checkpoint(&mut self, member: u32, old: Lock, new: Lock) {
        let now = self.now;
        let point = |lock: Lock| {
            if lock.amount > 0 && lock.end > now {
                let slope = lock.amount / i128::from(MAX_TIME);
                Point { slope, bias: slope * i128::from(lock.end - now), at: now }
            } else {
                Point { at: now, ..Point::default() }
            }
        };
        let (was, is) = (point(old), point(new));
        let mut old_change = self.change(old.end);
        let mut new_change = if new.end == old.end { old_change } else { self.change(new.end) };
        let mut last = self.all.last().copied().unwrap_or(Point { at: now, ..Point::default() });
        let mut week = last.at / WEEK * WEEK;
        for _ in 0..MOST_WEEKS {
            week += WEEK;
            let change = if week > now { 0 } else { self.change(week) };
            week = week.min(now);
            last.bias = (last.bias - last.slope * i128::from(week - last.at)).max(0);
            last.slope = (last.slope + change).max(0);
            last.at = week;
            if week == now {
                break;
            }
            self.all.push(last);
        }
        last.slope = (last.slope + is.slope - was.slope).max(0);
        last.bias = (last.bias + is.bias - was.bias).max(0);
        self.all.push(last);
        if old.end > now {
            old_change += was.slope;
            if new.end == old.end {
                old_change -= is.slope;
            }
            self.changes.insert(old.end, old_change);
        }
        if new.end > now && new.end > old.end {
            new_change -= is.slope;
            self.changes.insert(new.end, new_change);
        }
        self.own[member as usize].push(is);
        self.locks[member as usize] = new;
    }
}

/// The rule.
#[derive(Debug)]
pub struct VoteEscrow;

const NAME: &str = "vote-escrow";

impl Rule for VoteEscrow {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Power,
            purpose: "Power is tokens times the time for which they stay locked, out of four years, and falls to zero until \
                they are free (Curve's veCRV).",
            definition: "A lock ends at a whole week (the time asked for, rounded down), in the future and at most 4 x 365 days \
                away. Slope = floor(amount / 126144000) per second; power at t = slope x (end - t), zero from the end on. The \
                sum of all is kept as one line whose slope changes at the ends of locks, gone over week by week, 255 weeks at a \
                time at most; it is not below zero. A lock is made once, added to or made longer while it lasts, and withdrawn \
                whole from its end on (that second included).",
            source: "curvefi/curve-dao-contracts `contracts/VotingEscrow.vy`: `create_lock`, `increase_amount`, \
                `increase_unlock_time`, `withdraw`, `_checkpoint`, `balanceOf`, `supply_at`, `totalSupply`",
            limits: "The past is asked by time, not by block: the contract interpolates times of blocks. Whether a contract may \
                lock (the wallet checker) is left out. Where nobody changed anything for 255 weeks totals are wrong, as they \
                are there.",
            example: r#"{"events": [{"at": 1600000000, "member": "ann", "create": {"amount": "1000000000000000000000", "until": 1700000000}}],
                "at": [1600000000, 1650000000, 1700000000]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(NAME, case)
    }
}

#[cfg(test)]
mod test;
