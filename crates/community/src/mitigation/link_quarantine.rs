//! Public messages with links by accounts that are not known yet wait until somebody has looked.

use daotwin_core::Seed;

use super::{Card, Policy, Response, Scene};
use crate::attack::{HOUR, Parameters};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkQuarantine {
    /// Days and public messages after which an account is known.
    days: f64,
    messages: u32,
    /// Hours until somebody has looked, in the mean.
    wait: f64,
    /// How often a malicious message is seen to be one, and an honest one taken for one.
    sees: f64,
    errs: f64,
}

impl LinkQuarantine {
    pub(super) const DEFAULT: Self = Self { days: 30.0, messages: 10, wait: 1.0, sees: 0.9, errs: 0.02 };
}

impl Policy for LinkQuarantine {
    fn name(&self) -> &'static str {
        "link-quarantine"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "holds public messages with links or addresses by accounts below 30 days or 10 messages until a moderator \
                      has looked, an hour in the mean",
            how: "a moderation bot with a queue, and moderators in enough time zones",
            against: &["airdrop-lure", "look-alike-proposal"],
            blind_to: &["address-poisoning", "phishing-drain", "sybil-funding", "long-con-delegate"],
            source: "quarantine as moderation tools have it; that moderators see nine of ten and err in one of fifty is a judgement",
            limits: "sees no direct messages and no links of moderators",
        }
    }

    fn respond(&self, scene: &Scene<'_>, seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let streams = seed.streams("mitigation link-quarantine");
        for (place, message) in scene.stream.messages.iter().enumerate() {
            if message.to.is_none() && scene.link[place] && !scene.trusted(place, self.days, self.messages) {
                let mut draws = streams.stream(place as u64);
                let malicious = message.label.malicious();
                response.messages[place] =
                    Scene::review(malicious, self.wait * HOUR, self.sees, self.errs, &mut draws);
            }
        }
        response
    }

    fn provoke(&self, parameters: &mut Parameters) {
        parameters.adapt("age_days", |days| days.max(60.0));
        parameters.adapt("stealth", |stealth| stealth + 0.3);
    }
}
