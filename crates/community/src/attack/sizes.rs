//! Published sizes of attacks, which the scripts' parameters start from.

/// Members that the fake mint on Phantom Galaxies' Discord was announced to, 19 November 2021.
pub const PHANTOM_GALAXIES_MEMBERS: f64 = 94_000.0;

/// Payments that the fake mint drew in about three hours. One victim may have paid more than once, so the share of members that
/// paid is at most [`CONVERSION_AT_MOST`].
pub const PHANTOM_GALAXIES_PAYMENTS: f64 = 1_571.0;

/// Hours until the fake mint was stopped.
pub const PHANTOM_GALAXIES_HOURS: f64 = 3.0;

/// The largest share of those reached that can have paid: 1,571 of 94,000.
pub const CONVERSION_AT_MOST: f64 = PHANTOM_GALAXIES_PAYMENTS / PHANTOM_GALAXIES_MEMBERS;

/// Standard deviation of the logarithm of members' holdings: 2.6 to 3.6 over Snapshot communities; the least of them, because a
/// larger one lets one member be nearly all that can be lost.
pub const HOLDING_SIGMA: f64 = 2.6;

/// Shares of a treasury that attacks through votes took or were granted: Compound 289 (5 % of the treasury, July 2024),
/// Synthetify (230,000 of 319,689 USD, October 2023), Build Finance (all that could be moved, February 2022).
pub const TREASURY_SHARES: [f64; 3] = [0.05, 230.0 / 319.689, 1.0];

/// Contributors of Gitcoin's round 10 that were flagged as sybil, and the bounds of the estimated incidence.
pub const SYBIL_FLAGGED: f64 = 0.089;

/// Incidence of sybil accounts estimated in the same round: 26.1 to 45.4 %, mean 36.2 %.
pub const SYBIL_INCIDENCE: f64 = 0.362;

/// Share of the round's matching pool that went to them: 14,394.79 of 700,000 USD.
pub const SYBIL_TAX: f64 = 14_394.79 / 700_000.0;

/// What one vote cost where votes were sold, over what it could decide: 5 ETH bought a vote worth a seat with a reward of
/// about 66 ETH (LobbyFi, Arbitrum, April 2025).
pub const BRIBE_OVER_PRIZE: f64 = 5.0 / 66.0;
