//! A false announcement in a community's own channel: Phantom Galaxies' Discord, 19 November 2021. A hijacked account
//! announced a mint to 94,000 members for about three hours; 1,571 payments brought 265 ETH.

use daotwin_core::random::Seed;
use serde::Serialize;

/// What is known or taken of the incident.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Announcement {
    /// Members who could read it.
    pub members: u64,
    /// How long it stood, in hours.
    pub hours: f64,
    /// Payments that a member makes an hour of its standing; the one fitted number.
    pub rate: f64,
    /// Mean ETH of a payment.
    pub payment: f64,
    /// How many accounts of the team must agree before an announcement appears.
    pub signers: u32,
    /// The chance that one more account of the team is in the same hands.
    pub also_taken: f64,
}

/// What was published of the incident.
pub const PAYMENTS: f64 = 1_571.0;
/// ETH that was paid.
pub const PAID: f64 = 265.0;

impl Announcement {
    /// The incident. The rate is that with which its payments are expected, members paying once at most; a chance of 0.05 that
    /// a second account was taken as well is a judgement.
    pub fn phantom_galaxies() -> Self {
        let (members, hours) = (94_000, 3.0);
        Self {
            members,
            hours,
            rate: -(-PAYMENTS / members as f64).ln_1p() / hours,
            payment: PAID / PAYMENTS,
            signers: 1,
            also_taken: 0.05,
        }
    }

    /// The chance that a member pays before it is taken down.
    pub fn conversion(&self) -> f64 {
        -(-self.rate * self.hours).exp_m1()
    }

    /// Expected payments: members x conversion x chance that all signers' accounts are taken.
    pub fn expected(&self) -> f64 {
        self.members as f64 * self.conversion() * self.also_taken.powi(self.signers as i32 - 1)
    }

    /// Plays it `runs` times; payments by run. Every member's moment of paying is exponential; payments after the announcement
    /// is taken down do not happen.
    pub fn play(&self, runs: u64, seed: Seed) -> Vec<u64> {
        let streams = seed.streams("rewards announcement");
        (0..runs)
            .map(|run| {
                let mut stream = streams.stream(run);
                let appears = (1..self.signers).all(|_| stream.chance(self.also_taken));
                if !appears {
                    return 0;
                }
                (0..self.members).filter(|_| stream.exponential() < self.rate * self.hours).count() as u64
            })
            .collect()
    }
}
