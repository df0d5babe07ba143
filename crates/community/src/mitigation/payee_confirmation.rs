//! A first payment to somebody asks once more, showing the whole address and that it is new.

use std::collections::BTreeSet;

use daotwin_core::Seed;
use daotwin_core::statistics::quantile;

use super::{Card, NEVER, Policy, Response, Scene};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct PayeeConfirmation {
    /// Seconds that it takes.
    seconds: i64,
    /// How often a member who is about to pay an attacker stops there.
    stops: f64,
    /// Payments below this share of the median payment are not asked about.
    least: f64,
}

impl PayeeConfirmation {
    pub(super) const DEFAULT: Self = Self { seconds: 60, stops: 0.4, least: 0.02 };
}

impl Policy for PayeeConfirmation {
    fn name(&self) -> &'static str {
        "payee-confirmation"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "asks once more, for a minute, before a first payment to an address that the member never paid",
            how: "a wallet with an address book, or the treasury's own payment page",
            against: &["address-poisoning", "phishing-drain", "hijacked-announcement", "airdrop-lure"],
            blind_to: &["sybil-funding", "sybil-brigade", "long-con-delegate", "vote-buying"],
            source: "warnings of wallets on new addresses; that four of ten stop is a judgement",
            limits: "no help where a signature, not a payment, empties a wallet: here every loss is a payment",
        }
    }

    fn respond(&self, scene: &Scene<'_>, seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let transfers = &scene.stream.transfers;
        let tokens = |asset: u32| scene.votes.get(asset as usize) != Some(&true);
        let amounts: Vec<f64> = transfers
            .iter()
            .filter(|transfer| tokens(transfer.asset))
            .map(|transfer| transfer.amount as f64)
            .collect();
        let least = if amounts.is_empty() { 0.0 } else { self.least * quantile(&amounts, 0.5) };
        let streams = seed.streams("mitigation payee-confirmation");
        let mut known: BTreeSet<(u32, u32)> = BTreeSet::new();
        for (place, transfer) in transfers.iter().enumerate() {
            let asked = tokens(transfer.asset) && transfer.amount as f64 > least;
            if !asked || !known.insert((transfer.from, transfer.to)) {
                continue;
            }
            let robbed = transfer.label.malicious() && !scene.bad(transfer.from);
            let stops = robbed && streams.stream(place as u64).chance(self.stops);
            response.transfers[place] = if stops { NEVER } else { self.seconds };
        }
        response
    }
}
