//! An account writes so often in an hour, more waits; and to so many strangers a day, more is refused.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use daotwin_core::Seed;

use super::{Card, NEVER, Policy, Response, Scene};
use crate::attack::{DAY, HOUR, Parameters};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateLimit {
    /// Public messages an hour.
    per_hour: usize,
    /// The same for accounts below [`Self::young`].
    young_per_hour: usize,
    /// Days.
    young: f64,
    /// People written to directly for the first time, a day.
    strangers: usize,
}

impl RateLimit {
    pub(super) const DEFAULT: Self = Self { per_hour: 60, young_per_hour: 4, young: 14.0, strangers: 3 };
}

impl Policy for RateLimit {
    fn name(&self) -> &'static str {
        "rate-limit"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "lets an account write 60 public messages an hour (4 in its first 14 days) and to 3 strangers a day; what is more waits there and is refused here",
            how: "slow mode for new roles, and a bot or a platform's setting for direct messages",
            against: &["impersonating-message"],
            blind_to: &["address-poisoning", "phishing-drain", "sybil-funding", "long-con-delegate"],
            source: "velocity rules of message platforms; the numbers are judgements",
            limits: "more accounts get around it, which lures and brigades have anyway; lively newcomers wait",
        }
    }

    fn respond(&self, scene: &Scene<'_>, _seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let mut recent: BTreeMap<u32, VecDeque<i64>> = BTreeMap::new();
        let mut met: BTreeSet<(u32, u32)> = BTreeSet::new();
        let mut strangers: BTreeMap<u32, VecDeque<i64>> = BTreeMap::new();
        for (place, message) in scene.stream.messages.iter().enumerate() {
            let (window, limit, times) = match message.to {
                Some(to) => {
                    // Who was written to may write back.
                    met.insert((to, message.author));
                    if !met.insert((message.author, to)) {
                        continue;
                    }
                    (DAY as i64, self.strangers, strangers.entry(message.author).or_default())
                }
                None => {
                    let young = (scene.age(place) as f64) < self.young * DAY;
                    let limit = if young { self.young_per_hour } else { self.per_hour };
                    (HOUR as i64, limit, recent.entry(message.author).or_default())
                }
            };
            while times.front().is_some_and(|&first| first + window <= message.at) {
                times.pop_front();
            }
            if message.to.is_some() && times.len() >= limit {
                response.messages[place] = NEVER;
                continue;
            }
            // It goes out when there is room again, and takes it; nobody queues for longer than once.
            let room = if times.len() < limit { message.at } else { times[times.len() - limit] + window };
            let goes = room.min(message.at + window);
            response.messages[place] = goes - message.at;
            times.push_back(goes);
        }
        response
    }

    fn provoke(&self, parameters: &mut Parameters) {
        parameters.adapt("accounts", |accounts| accounts * 2.0);
        parameters.adapt("stealth", |stealth| stealth + 0.2);
    }
}
