//! Gauge voting: holders of escrowed power split it over gauges, whose weights fall with it and set shares of emissions
//! week by week (Curve).

mod json;

use std::collections::BTreeMap;

use serde_json::Value;

use super::vote_escrow::WEEK;
use super::{Card, Family, Rule, Wide};
use crate::Result;

/// Power is split in these.
pub const WHOLE: u64 = 10_000;

/// Seconds between two votes of one voter on one gauge.
pub const VOTE_DELAY: u64 = 10 * 86_400;

/// What stands for a share of one.
pub const ONE: u128 = 1_000_000_000_000_000_000;

/// Weeks that the contract fills at a time, at most.
const MOST_WEEKS: u32 = 500;

/// Types that the contract sums over, at most.
pub const MOST_TYPES: usize = 100;

/// Why the contract would revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The voter's lock ends before next week is over.
    LockExpiresTooSoon,
    /// More than all on one gauge.
    MoreThanAll,
    /// The voter voted on the gauge within ten days.
    TooOften,
    /// More than all on all gauges.
    TooMuchPower,
    /// The time lies before the last one.
    Past,
    /// A number leaves its bits: 128 for weights, 256 for totals.
    Overflow,
}

type Try<T> = std::result::Result<T, Refusal>;

/// A weight at the beginning of a week and what a second takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Point {
    bias: u128,
    slope: u128,
}

/// A weight by week, with slopes that end.
#[derive(Debug, Clone, Default)]
struct Line {
    points: BTreeMap<u64, Point>,
    /// By week: slope that ends then.
    changes: BTreeMap<u64, u128>,
    /// The last week that is filled; zero before the first.
    filled: u64,
}

impl Line {
    fn at(&self, week: u64) -> Point {
        self.points.get(&week).copied().unwrap_or_default()
    }

    /// Fills weeks up to the first after now; its weight then.
    fn fill(&mut self, now: u64) -> Try<u128> {
        let mut week = self.filled;
        if week == 0 {
            return Ok(0);
        }
        let mut point = self.at(week);
        for _ in 0..MOST_WEEKS {
            if week > now {
                break;
            }
            week += WEEK;
            let fall = point.slope.checked_mul(WEEK.into()).ok_or(Refusal::Overflow)?;
            if point.bias > fall {
                point.bias -= fall;
                let change = self.changes.get(&week).copied().unwrap_or_default();
                point.slope = point.slope.checked_sub(change).ok_or(Refusal::Overflow)?;
            } else {
                point = Point::default();
            }
            self.points.insert(week, point);
            if week > now {
                self.filled = week;
            }
        }
        Ok(point.bias)
    }

    /// Replaces one voter's part from a week on. The line is filled to that week.
    fn replace(&mut self, next: u64, now: u64, old: Vote, new: Vote) -> Try<()> {
        let (old_bias, new_bias) = (old.bias(next)?, new.bias(next)?);
        let mut point = self.at(next);
        // The part of the old vote is at least taken off to zero: rounding may have left less of it.
        let put = |weight: u128, new: u128, old: u128| {
            weight.checked_add(new).map(|sum| sum.saturating_sub(old)).ok_or(Refusal::Overflow)
        };
        point.bias = put(point.bias, new_bias, old_bias)?;
        point.slope = put(point.slope, new.slope, if old.end > next { old.slope } else { 0 })?;
        self.points.insert(next, point);
        if old.end > now {
            *self.changes.entry(old.end).or_default() -= old.slope;
        }
        *self.changes.entry(new.end).or_default() += new.slope;
        Ok(())
    }
}

/// One voter's vote on one gauge.
#[derive(Debug, Clone, Copy, Default)]
struct Vote {
    slope: u128,
    power: u64,
    end: u64,
    /// When it was made; none before the first.
    made: Option<u64>,
}

impl Vote {
    fn bias(self, week: u64) -> Try<u128> {
        self.slope.checked_mul(self.end.saturating_sub(week).into()).ok_or(Refusal::Overflow)
    }
}

/// The gauges, their types, and who votes for them. A vote costs the weeks since the last one on the gauge's line, its
/// type's and the total.
#[derive(Debug, Clone)]
pub struct Controller {
    now: u64,
    gauges: Vec<(u32, Line)>,
    types: Vec<Line>,
    /// By type and week, and the last week that is filled.
    type_weights: Vec<(BTreeMap<u64, u128>, u64)>,
    totals: BTreeMap<u64, Wide>,
    total_filled: u64,
    /// By voter and gauge.
    votes: BTreeMap<(u32, u32), Vote>,
    /// By voter, of [`WHOLE`].
    used: Vec<u64>,
}

/// The week after the one that holds a moment.
const fn next_week(now: u64) -> u64 {
    (now + WEEK) / WEEK * WEEK
}

impl Controller {
    /// No gauge yet.
    pub fn new(voters: usize, now: u64) -> Self {
        Self {
            now,
            gauges: Vec::new(),
            types: Vec::new(),
            type_weights: Vec::new(),
            totals: BTreeMap::new(),
            total_filled: now / WEEK * WEEK,
            votes: BTreeMap::new(),
            used: vec![0; voters],
        }
    }

    /// The time of the last change.
    pub fn now(&self) -> u64 {
        self.now
    }

    fn advance(&mut self, now: u64) -> Try<u64> {
        if now < self.now {
            return Err(Refusal::Past);
        }
        self.now = now;
        Ok(next_week(now))
    }

    fn type_weight_at(&self, kind: usize, week: u64) -> u128 {
        self.type_weights[kind].0.get(&week).copied().unwrap_or_default()
    }

    /// Fills the weeks of a type's weight.
    fn fill_type_weight(&mut self, kind: usize) -> u128 {
        let now = self.now;
        let (weights, filled) = &mut self.type_weights[kind];
        let mut week = *filled;
        if week == 0 {
            return 0;
        }
        let weight = weights.get(&week).copied().unwrap_or_default();
        for _ in 0..MOST_WEEKS {
            if week > now {
                break;
            }
            week += WEEK;
            weights.insert(week, weight);
            if week > now {
                *filled = week;
            }
        }
        weight
    }

    /// Fills the weeks of everything but gauges; the total of next week.
    fn fill_total(&mut self) -> Try<Wide> {
        let now = self.now;
        let mut week = self.total_filled;
        if week > now {
            // Filled already, but its value may have changed since.
            week -= WEEK;
        }
        let mut total = self.totals.get(&week).copied().unwrap_or_default();
        for kind in 0..self.types.len() {
            self.types[kind].fill(now)?;
            self.fill_type_weight(kind);
        }
        for _ in 0..MOST_WEEKS {
            if week > now {
                break;
            }
            week += WEEK;
            total = Wide::ZERO;
            for kind in 0..self.types.len() {
                let part = Wide::product(self.types[kind].at(week).bias, self.type_weight_at(kind, week));
                total = total.plus(part).ok_or(Refusal::Overflow)?;
            }
            self.totals.insert(week, total);
            if week > now {
                self.total_filled = week;
            }
        }
        Ok(total)
    }

    /// Adds a type of gauges; its weight counts from next week. The caller adds [`MOST_TYPES`] at most.
    ///
    /// # Errors
    /// [`Refusal::Past`], [`Refusal::Overflow`].
    pub fn add_type(&mut self, weight: u128, now: u64) -> Try<u32> {
        self.advance(now)?;
        self.types.push(Line::default());
        self.type_weights.push((BTreeMap::new(), 0));
        let kind = self.types.len() as u32 - 1;
        if weight != 0 {
            self.change_type_weight(kind, weight, now)?;
        }
        Ok(kind)
    }

    /// Changes a type's weight from next week on.
    ///
    /// # Errors
    /// [`Refusal::Past`], [`Refusal::Overflow`].
    pub fn change_type_weight(&mut self, kind: u32, weight: u128, now: u64) -> Try<()> {
        let next = self.advance(now)?;
        let kind = kind as usize;
        let old_weight = self.fill_type_weight(kind);
        let sum = self.types[kind].fill(now)?;
        let total = self.fill_total()?;
        let total = total
            .plus(Wide::product(sum, weight))
            .and_then(|total| total.minus(Wide::product(sum, old_weight)))
            .ok_or(Refusal::Overflow)?;
        self.totals.insert(next, total);
        self.total_filled = next;
        let (weights, filled) = &mut self.type_weights[kind];
        weights.insert(next, weight);
        *filled = next;
        Ok(())
    }

    /// Adds a gauge of a type, with a weight that nobody votes for and that does not fall.
    ///
    /// # Errors
    /// [`Refusal::Past`], [`Refusal::Overflow`].
    pub fn add_gauge(&mut self, kind: u32, weight: u128, now: u64) -> Try<u32> {
        let next = self.advance(now)?;
        let own = kind as usize;
        let mut line = Line { filled: next, ..Line::default() };
        if weight > 0 {
            let type_weight = self.fill_type_weight(own);
            let sum = self.types[own].fill(now)?.checked_add(weight).ok_or(Refusal::Overflow)?;
            let total =
                self.fill_total()?.plus(Wide::product(type_weight, weight)).ok_or(Refusal::Overflow)?;
            let of_type = &mut self.types[own];
            of_type.points.entry(next).or_default().bias = sum;
            of_type.filled = next;
            self.totals.insert(next, total);
            self.total_filled = next;
            line.points.insert(next, Point { bias: weight, slope: 0 });
        }
        if self.types[own].filled == 0 {
            self.types[own].filled = next;
        }
        self.gauges.push((kind, line));
        Ok(self.gauges.len() as u32 - 1)
    }

    /// Gives a gauge a part of a voter's power, of [`WHOLE`], in place of the part it had; zero takes it back. `slope` and
    /// `end` are those of the voter's escrow ([`super::vote_escrow::Escrow::last_slope`],
    /// [`super::vote_escrow::Lock::end`]). It counts from next week.
    ///
    /// # Errors
    /// Why the contract would revert; no vote changes then.
    pub fn vote(&mut self, voter: u32, gauge: u32, part: u64, slope: u128, end: u64, now: u64) -> Try<()> {
        let next = self.advance(now)?;
        if end <= next {
            return Err(Refusal::LockExpiresTooSoon);
        }
        if part > WHOLE {
            return Err(Refusal::MoreThanAll);
        }
        let old = self.votes.get(&(voter, gauge)).copied().unwrap_or_default();
        // Before the first vote the contract reads time zero.
        if now < old.made.unwrap_or(0).saturating_add(VOTE_DELAY) {
            return Err(Refusal::TooOften);
        }
        let used = self.used[voter as usize] + part - old.power;
        if used > WHOLE {
            return Err(Refusal::TooMuchPower);
        }
        let slope = Wide::product(slope, part.into()).over(WHOLE.into());
        let slope = slope.and_then(Wide::narrow).ok_or(Refusal::Overflow)?;
        let new = Vote { slope, power: part, end, made: Some(now) };
        let (kind, line) = &mut self.gauges[gauge as usize];
        line.fill(now)?;
        let of_type = &mut self.types[*kind as usize];
        of_type.fill(now)?;
        // Tried first on the sum, which is the larger one.
        of_type.replace(next, now, old, new)?;
        line.replace(next, now, old, new)?;
        self.votes.insert((voter, gauge), new);
        self.used[voter as usize] = used;
        self.fill_total()?;
        Ok(())
    }

    /// Fills all weeks up to the one after now.
    ///
    /// # Errors
    /// [`Refusal::Past`], [`Refusal::Overflow`].
    pub fn checkpoint(&mut self, now: u64) -> Try<()> {
        self.advance(now)?;
        for (_, line) in &mut self.gauges {
            line.fill(now)?;
        }
        self.fill_total().map(|_| ())
    }

    /// A gauge's weight in the week of a moment that is filled.
    pub fn weight(&self, gauge: u32, at: u64) -> u128 {
        self.gauges[gauge as usize].1.at(at / WEEK * WEEK).bias
    }

    /// The sum of weights times their types' in the week of a moment that is filled.
    pub fn total(&self, at: u64) -> Wide {
        self.totals.get(&(at / WEEK * WEEK)).copied().unwrap_or_default()
    }

    /// A gauge's share in the week of a moment that is filled, of [`ONE`], rounded down; zero where nothing has weight.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn share(&self, gauge: u32, at: u64) -> Try<u128> {
        let total = self.total(at);
        if total == Wide::ZERO {
            return Ok(0);
        }
        let kind = self.gauges[gauge as usize].0 as usize;
        let type_weight = self.type_weight_at(kind, at / WEEK * WEEK);
        let share = Wide::product(ONE, type_weight)
            .times(self.weight(gauge, at).into())
            .and_then(|share| share.over(total))
            .and_then(Wide::narrow);
        share.ok_or(Refusal::Overflow)
    }

    /// What a voter has given away, of [`WHOLE`].
    pub fn used(&self, voter: u32) -> u64 {
        self.used[voter as usize]
    }
}

/// The rule.
#[derive(Debug)]
pub struct Gauge;

const NAME: &str = "gauge";

impl Rule for Gauge {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Holders of escrowed power split it over gauges; shares of emissions follow the gauges' weights week by \
                week (Curve).",
            definition: "A vote gives a gauge part p of 10000 of a voter's slope: floor(slope x p / 10000), until the lock's \
                end, which must be after the next week begins. Parts of a voter add up to 10000 at most. A vote replaces the \
                voter's part on the gauge, at the earliest 864000 s after the last one there (that second included), and counts \
                from the beginning of the next week: bias slope x (end - week). Biases fall by slope x week; slopes leave in \
                the week of their end; a bias that would reach zero or less is zero with its slope. A type's sum has the same \
                line. Total = sum over types of sum x type weight; share of a gauge = floor(10^18 x type weight x weight / \
                total), zero where the total is. Gauges and types may have weights of their own that do not fall. 500 weeks \
                are filled at a time at most.",
            source: "curvefi/curve-dao-contracts `contracts/GaugeController.vy`: `vote_for_gauge_weights`, `_get_weight`, \
                `_get_sum`, `_get_total`, `_get_type_weight`, `_gauge_relative_weight`, `add_type`, `add_gauge`, \
                `_change_type_weight`",
            limits: "Slopes and ends are told by the case (amount / 4 years): a lock that changes counts at the next vote alone, as \
                there. Shares are those after all weeks are filled; the contract's view shows zero for weeks nobody filled.",
            example: r#"{"start": 1600000000, "types": ["1000000000000000000"], "gauges": [{"type": 0}, {"type": 0}],
                "voters": {"ann": {"amount": "1000000000000000000000", "until": 1700000000}},
                "events": [{"vote": {"at": 1600000100, "member": "ann", "gauge": 0, "part": 10000}}], "at": [1601000000]}"#,
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
