//! Wallets whose first money came from one purse that made many such wallets in a week are looked at before what they give
//! counts.

use std::collections::BTreeMap;

use daotwin_core::Seed;

use super::{Card, Policy, Response, Scene};
use crate::attack::{DAY, HOUR, Parameters};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct FundingScreen {
    /// So many wallets with first money from one purse, within so many days.
    wallets: usize,
    days: f64,
    /// Hours until somebody has looked, in the mean, and how often it sees, or errs.
    wait: f64,
    sees: f64,
    errs: f64,
}

impl FundingScreen {
    pub(super) const DEFAULT: Self = Self { wallets: 5, days: 7.0, wait: 12.0, sees: 0.85, errs: 0.03 };
}

impl Policy for FundingScreen {
    fn name(&self) -> &'static str {
        "funding-screen"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "holds what a wallet gives in the two weeks after its first money came from a purse that made five such wallets \
                      within seven days, until somebody has looked",
            how: "a query over the chain before matching is paid out; whoever is flagged may explain",
            against: &["sybil-funding"],
            blind_to: &[
                "hijacked-announcement",
                "impersonating-message",
                "look-alike-proposal",
                "sybil-brigade",
                "long-con-delegate",
            ],
            source: "funding graphs of the sybil hunts after Gitcoin's round 10; the numbers are judgements",
            limits: "chains of wallets, each paid by the one before, are not seen; a working group's first payday looks the same",
        }
    }

    fn respond(&self, scene: &Scene<'_>, seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let transfers = &scene.stream.transfers;
        let tokens = |asset: u32| scene.votes.get(asset as usize) != Some(&true);
        // Of each wallet, whose money came first and when; of each purse, when it was somebody's first.
        let mut origin: BTreeMap<u32, (u32, i64)> = BTreeMap::new();
        let mut made: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
        for transfer in transfers.iter().filter(|transfer| tokens(transfer.asset) && transfer.amount > 0) {
            origin.entry(transfer.to).or_insert_with(|| {
                made.entry(transfer.from).or_default().push(transfer.at);
                (transfer.from, transfer.at)
            });
        }
        let window = (self.days * DAY) as i64;
        let streams = seed.streams("mitigation funding-screen");
        for (place, transfer) in transfers.iter().enumerate().filter(|(_, transfer)| tokens(transfer.asset)) {
            let Some(&(purse, since)) = origin.get(&transfer.from) else { continue };
            if !(0..=14 * DAY as i64).contains(&(transfer.at - since)) {
                continue;
            }
            let siblings = made.get(&purse).map_or(&[][..], Vec::as_slice);
            let near = siblings.iter().filter(|&&at| (at - since).abs() <= window).count();
            if near >= self.wallets {
                let mut draws = streams.stream(place as u64);
                // What an honest victim pays is not a sybil's gift.
                let sybil = transfer.label.malicious() && scene.bad(transfer.from);
                response.transfers[place] =
                    Scene::review(sybil, self.wait * HOUR, self.sees, self.errs, &mut draws);
            }
        }
        response
    }

    fn provoke(&self, parameters: &mut Parameters) {
        parameters.adapt("spread_hours", |hours| hours * 8.0);
        parameters.adapt("stealth", |stealth| stealth.max(0.8));
    }
}
