//! Votes delegated to a new delegate count only after a while.

use std::collections::BTreeMap;

use daotwin_core::Seed;

use super::{Card, Policy, Response, Scene};
use crate::attack::{DAY, Parameters};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct DelegateCoolDown {
    /// Days until a delegation counts.
    days: f64,
    /// Days from its first delegation on in which a delegate is new.
    new: f64,
}

impl DelegateCoolDown {
    pub(super) const DEFAULT: Self = Self { days: 14.0, new: 90.0 };
}

impl Policy for DelegateCoolDown {
    fn name(&self) -> &'static str {
        "delegate-cool-down"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "lets votes that are delegated to somebody in the first 90 days as a delegate count after 14 days",
            how: "a hold in the voting contract or strategy; delegations to known delegates count at once",
            against: &["vote-buying", "long-con-delegate"],
            blind_to: &[
                "hijacked-announcement",
                "impersonating-message",
                "look-alike-proposal",
                "airdrop-lure",
                "sybil-brigade",
                "phishing-drain",
                "address-poisoning",
                "sybil-funding",
            ],
            source: "holding periods against votes bought for one ballot (LobbyFi, April 2025); the days are judgements",
            limits: "patience gets around it; new honest delegates start late",
        }
    }

    fn respond(&self, scene: &Scene<'_>, _seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let mut first: BTreeMap<u32, i64> = BTreeMap::new();
        for (place, transfer) in scene.stream.transfers.iter().enumerate() {
            if scene.votes.get(transfer.asset as usize) == Some(&true) {
                let since = *first.entry(transfer.to).or_insert(transfer.at);
                if ((transfer.at - since) as f64) < self.new * DAY {
                    response.transfers[place] = (self.days * DAY) as i64;
                }
            }
        }
        response
    }

    fn provoke(&self, parameters: &mut Parameters) {
        parameters.adapt("rush", |_| 0.0);
        parameters.adapt("trust_share", |share| share + 0.2);
    }
}
