//! An announcement appears when a second moderator has agreed.

use daotwin_core::Seed;

use super::{Card, Policy, Response, Scene};
use crate::attack::HOUR;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct TwoPersonAnnouncements {
    /// Hours until the second has looked, in the mean.
    wait: f64,
    /// How often the second sees what is wrong, and refuses what is right.
    sees: f64,
    errs: f64,
}

impl TwoPersonAnnouncements {
    pub(super) const DEFAULT: Self = Self { wait: 1.0, sees: 0.95, errs: 0.005 };
}

impl Policy for TwoPersonAnnouncements {
    fn name(&self) -> &'static str {
        "two-person-announcements"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "holds every announcement until a second moderator has agreed, an hour in the mean",
            how: "announcements posted by a bot that asks two moderators; no person keeps the right to post there",
            against: &["hijacked-announcement"],
            blind_to: &[
                "impersonating-message",
                "look-alike-proposal",
                "airdrop-lure",
                "long-con-delegate",
                "sybil-brigade",
                "vote-buying",
                "phishing-drain",
                "address-poisoning",
                "sybil-funding",
            ],
            source: "the counterfactual of Phantom Galaxies, 19 November 2021; that the second sees 19 of 20 is a judgement",
            limits: "no help where two accounts are taken over, or where the lure is repeated in other channels",
        }
    }

    fn respond(&self, scene: &Scene<'_>, seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let streams = seed.streams("mitigation two-person-announcements");
        for (place, message) in scene.stream.messages.iter().enumerate() {
            if scene.announcements.get(message.channel as usize) == Some(&true) && message.to.is_none() {
                let mut draws = streams.stream(place as u64);
                let malicious = message.label.malicious();
                response.messages[place] =
                    Scene::review(malicious, self.wait * HOUR, self.sees, self.errs, &mut draws);
            }
        }
        response
    }
}
