//! Rules on how fast an account acts: the baseline that everything else must beat.

use daotwin_community::stream::Stream;
use daotwin_core::Seed;

use crate::Result;
use crate::detector::{Card, Detector, Learns, Method};
use crate::event::Event;
use crate::hash;
use crate::slots::Slots;

/// Rules on rates.
#[derive(Debug, Clone, Copy)]
pub struct Velocity;

/// A count that halves over its half-life.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fading {
    count: f64,
    at: i64,
}

impl Fading {
    /// The count at a time.
    pub(crate) fn at(&self, at: i64, half_life: f64) -> f64 {
        self.count * (-(at.saturating_sub(self.at).max(0) as f64) / half_life).exp2()
    }

    /// Adds so much at a time, and says what there is now.
    pub(crate) fn add(&mut self, at: i64, half_life: f64, amount: f64) -> f64 {
        self.count = self.at(at, half_life) + amount;
        self.at = self.at.max(at);
        self.count
    }
}

/// What is remembered of an account.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    minutes: Fading,
    hours: Fading,
    days: Fading,
    /// Acts at somebody whom it did not act at just before.
    others: Fading,
    last_other: u64,
}

/// One rule: acts within a half-life in seconds, and how many are still nothing to speak of.
const RULES: [(f64, f64); 3] = [(300.0, 6.0), (7_200.0, 25.0), (86_400.0, 80.0)];
/// The same of acts at ever new others.
const OTHERS: (f64, f64) = (7_200.0, 15.0);

/// The rules with the paces of 16,384 accounts.
#[derive(Debug, Clone)]
pub struct Rules {
    paces: Slots<Pace>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { paces: Slots::new(14) }
    }
}

impl Detector for Rules {
    fn score(&mut self, event: &Event<'_>) -> f64 {
        let pace = self.paces.entry(hash::key(event.actor));
        let counts = [&mut pace.minutes, &mut pace.hours, &mut pace.days];
        let mut most = 0.0_f64;
        for (count, (half_life, allowed)) in counts.into_iter().zip(RULES) {
            most = most.max(count.add(event.at, half_life, 1.0) / allowed);
        }
        let other = hash::key(event.other);
        let fresh = !event.other.is_empty() && other != pace.last_other;
        pace.last_other = other;
        most.max(pace.others.add(event.at, OTHERS.0, f64::from(u8::from(fresh))) / OTHERS.1)
    }

    fn bytes(&self) -> usize {
        self.paces.bytes()
    }

    fn learned(&self) -> Result<serde_json::Value> {
        Ok(serde_json::Value::Null)
    }
}

impl Method for Velocity {
    fn name(&self) -> &'static str {
        "velocity"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "says which account acts faster, or at more others, than people do",
            score: "the largest ratio of a fading count of acts to what its rule allows; above 1 a rule is broken",
            source: "rate limits as moderation bots have them; counts fade by halves (5 minutes, 2 hours, a day)",
            limits: "blind to one well-placed act and to many accounts that each act a little; bots that are welcome break it",
            learns: Learns::Nothing,
        }
    }

    fn train(&self, _: &[Stream], _: Seed) -> Result<Box<dyn Detector>> {
        Ok(Box::new(Rules::default()))
    }

    fn load(&self, _: serde_json::Value) -> Result<Box<dyn Detector>> {
        Ok(Box::new(Rules::default()))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn haste_breaks_rules_and_patience_does_not() {
        let mut rules = Rules::default();
        let slow = (0..200).map(|step| {
            rules.score(&Event { at: step * 7_200, actor: "slow", other: "friend", ..Event::default() })
        });
        assert!(slow.fold(0.0, f64::max) < 1.0);
        let fast = (0..20).map(|step| {
            rules.score(&Event { at: 2_000_000 + step, actor: "fast", other: "friend", ..Event::default() })
        });
        assert!(fast.fold(0.0, f64::max) > 1.0);
    }
}
