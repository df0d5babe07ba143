//! New accounts read, answer and talk, but write to no strangers, post no links and stay out of the talk on proposals.

use std::collections::BTreeSet;

use daotwin_core::Seed;

use super::{Card, NEVER, Policy, Response, Scene};
use crate::attack::Parameters;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReputationGate {
    /// Days and public messages until the gate opens.
    days: f64,
    messages: u32,
}

impl ReputationGate {
    pub(super) const DEFAULT: Self = Self { days: 14.0, messages: 3 };
}

impl Policy for ReputationGate {
    fn name(&self) -> &'static str {
        "reputation-gate"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "refuses direct messages to strangers, links and posts about proposals by accounts below 14 days or 3 messages",
            how: "a role that comes with age and messages, and permissions that ask for it; direct messages through the platform's \
                  own setting",
            against: &[
                "airdrop-lure",
                "impersonating-message",
                "look-alike-proposal",
                "sybil-brigade",
                "vote-buying",
            ],
            blind_to: &["address-poisoning", "phishing-drain", "sybil-funding"],
            source: "roles by age and activity as communities have them; the numbers are judgements",
            limits: "accounts can be aged or bought; newcomers are kept from what matters in their first two weeks",
        }
    }

    fn respond(&self, scene: &Scene<'_>, _seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let mut met: BTreeSet<(u32, u32)> = BTreeSet::new();
        for (place, message) in scene.stream.messages.iter().enumerate() {
            let stranger = message.to.is_some_and(|to| !met.contains(&(message.author, to)));
            let open = message.to.is_none();
            let sensitive = stranger
                || (open
                    && (scene.link[place] || scene.governance.get(message.channel as usize) == Some(&true)));
            if sensitive && !scene.trusted(place, self.days, self.messages) {
                response.messages[place] = NEVER;
            } else if let Some(to) = message.to {
                met.insert((to, message.author));
                met.insert((message.author, to));
            }
        }
        response
    }

    fn provoke(&self, parameters: &mut Parameters) {
        parameters.adapt("age_days", |days| days.max(45.0));
        parameters.adapt("stealth", |stealth| stealth.max(0.7));
    }
}
