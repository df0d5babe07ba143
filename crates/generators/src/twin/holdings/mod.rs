//! Who holds how much, and who votes for whom: the tables `holdings` and `delegations`.
//!
//! Members fall into cells by how many votes they cast (cell 0: none), and in each cell into four roles:
//! neither, holds, delegates, both. A holder's balance follows its mean voting power by the law of their
//! ratio (which decides on ranks, so that the law of balances is met as well), or, without power, a law of
//! balances. A delegator changes its delegate some number of times; the
//! steps between nobody, itself and others form a Markov chain, and which other it names follows the
//! two-parameter Chinese restaurant process (Pitman and Yor 1997, "The two-parameter Poisson-Dirichlet
//! distribution"), a preferential attachment whose discount and strength are found by maximum likelihood.
//! A delegation is one hop, as in ERC20Votes: what a delegate receives, its own delegate does not.
//!
//! Sampled by construction: every name is a member; `from_delegate` is the delegator's previous
//! `to_delegate`; a delegator changes at most once a second; an amount is never above the holding at that
//! time. What is not kept: bursts of changes of many delegators at once, and any relation between the size of
//! a holding and the delegate chosen. No public data set that this program was tested on has a real log of
//! delegations, so that side is tested on constructed ones.
//!
//! Fits with privacy learn one balance a holder ([`private`]). They leave delegations out, and their manifest
//! says so: a row of delegation names two members and counts for both, so without a delegate all who named it
//! are gone, and whatever counts delegators moves by as many as the largest delegate could have. Noise of that
//! size hides everything but that there are delegations at all.

mod draw;
mod learn;
mod private;
#[cfg(test)]
mod test;

use daotwin_core::Stream;
use serde::{Deserialize, Serialize};

use super::bins::{COUNT_STARTS, LEVEL_BINS, bucket, level_bin, level_value};
use super::measure::JOINT_STARTS;
use super::model::PowerPiece;

pub(crate) use draw::{Part, draw};
pub(crate) use learn::{last_balances, learn};
pub(crate) use private::private;

/// Cells of members: without a vote, then by coarse bucket of votes.
pub(crate) const CELLS: usize = 1 + JOINT_STARTS.len();
/// Roles: neither, holds, delegates, both.
const ROLES: usize = 4;
/// The bit of a role for holding.
const HOLDS: u8 = 1;
/// The bit of a role for delegating.
const DELEGATES: u8 = 2;
/// Bins of a time in the life of the DAO.
const LIFE_BINS: usize = 128;
/// Cells of a law of ratios: the bins, equality, zero.
pub(crate) const RATIO_CELLS: usize = LEVEL_BINS + 2;
/// Bins of a delegated share of a holding.
const SHARE_BINS: usize = 20;
/// Cells of that law: the bins, all of it, nothing, unknown.
const SHARE_CELLS: usize = SHARE_BINS + 3;
/// What a change goes to: nobody, the delegator itself, the delegate before, another one.
const KINDS: usize = 4;
/// Assets told apart; later ones count as the last.
const ASSETS: usize = 16;
/// Rows of one member that are kept.
const MOST_ROWS: u32 = 2_000;

/// A law of amounts in tokens, as pieces ascending in the amount.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Amounts(Vec<PowerPiece>);

impl Amounts {
    /// The amount at `share` (0 to 1) of the law; 0 where the law is empty.
    fn at(&self, share: f64) -> f64 {
        let total: f64 = self.0.iter().map(|piece| piece.weight).sum();
        let mut left = share * total;
        for piece in &self.0 {
            if left < piece.weight {
                return piece.at(left / piece.weight);
            }
            left -= piece.weight;
        }
        self.0.last().map_or(0.0, |piece| piece.high)
    }
}

/// How one asset is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asset {
    /// Its name in the source's words.
    name: Option<String>,
    /// Share of the holders that hold it.
    share: f64,
    /// Balances of members without voting power.
    balances: Amounts,
    /// Balances of voters to their mean power: [`RATIO_CELLS`].
    to_power: Vec<f64>,
    /// Balances of voters that differ from their mean power.
    differing: Amounts,
    /// Rows of a holder, by [`COUNT_STARTS`].
    rows: Vec<f64>,
    /// A row's amount to the next one's: [`RATIO_CELLS`].
    steps: Vec<f64>,
    /// Times of first rows, then of later ones: [`LIFE_BINS`] each.
    times: Vec<f64>,
}

/// How delegates change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delegations {
    /// Changes of a delegator, by [`COUNT_STARTS`].
    changes: Vec<f64>,
    /// Steps by what went before (nothing yet, nobody, itself, another), then [`KINDS`].
    steps: Vec<f64>,
    /// Delegates other than the delegator, by cell of their own votes.
    delegates: Vec<f64>,
    /// Discount and strength of the restaurant process.
    attachment: [f64; 2],
    /// Times of first changes, then of later ones: [`LIFE_BINS`] each.
    times: Vec<f64>,
    /// Delegated shares of the holding: [`SHARE_CELLS`].
    shares: Vec<f64>,
    /// Amounts of delegators without a holding.
    amounts: Amounts,
    /// Share of changes without an amount, among those of delegators without a holding.
    unknown: f64,
    precision: String,
}

/// The holdings and delegations of one DAO.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Holdings {
    /// Members by [`CELLS`], then [`ROLES`].
    roles: Vec<f64>,
    /// Voters that the DAO had, to which the members without a vote are in proportion.
    voters: f64,
    /// First and last second of the rows, where the DAO has no calendar.
    life: [i64; 2],
    /// Seconds that the rows begin before the first proposal and end after the last.
    beyond: [i64; 2],
    assets: Vec<Asset>,
    delegations: Option<Delegations>,
    precision: String,
}

impl Holdings {
    /// Whether a table of this name is among what was learned.
    pub(crate) fn knows(&self, delegations: bool) -> bool {
        if delegations { self.delegations.is_some() } else { !self.assets.is_empty() }
    }

    /// Checks what a file said.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let valid = |values: &[f64], length: usize| {
            values.len() == length && values.iter().all(|value| value.is_finite() && *value >= 0.0)
        };
        let amounts = |law: &Amounts| {
            let mut ends = law.0.iter().flat_map(|piece| [piece.low, piece.high, piece.weight]);
            ends.all(|value| value.is_finite() && value >= 0.0)
        };
        let asset = |asset: &Asset| {
            valid(&asset.to_power, RATIO_CELLS)
                && valid(&asset.steps, RATIO_CELLS)
                && valid(&asset.rows, COUNT_STARTS.len())
                && valid(&asset.times, 2 * LIFE_BINS)
                && valid(&[asset.share], 1)
                && amounts(&asset.balances)
                && amounts(&asset.differing)
        };
        let delegations = |law: &Delegations| {
            let [discount, strength] = law.attachment;
            valid(&law.changes, COUNT_STARTS.len())
                && valid(&law.steps, KINDS * KINDS)
                && valid(&law.delegates, CELLS)
                && valid(&law.times, 2 * LIFE_BINS)
                && valid(&law.shares, SHARE_CELLS)
                && valid(&[law.unknown, discount, strength], 3)
                && discount < 1.0
                && strength > 0.0
                && amounts(&law.amounts)
        };
        let near = |seconds: &i64| seconds.unsigned_abs() <= 4 * learn::FARTHEST as u64;
        let fits = valid(&self.roles, CELLS * ROLES)
            && valid(&[self.voters], 1)
            && self.life.iter().chain(&self.beyond).all(near)
            && self.assets.len() <= ASSETS
            && self.assets.iter().all(asset)
            && self.delegations.iter().all(delegations);
        if fits { Ok(()) } else { Err("the laws of holdings and delegations do not fit".to_owned()) }
    }
}

/// The cell of a member with this many votes.
pub(crate) fn cell(votes: u32) -> usize {
    if votes == 0 { 0 } else { 1 + bucket(&JOINT_STARTS, votes) }
}

/// The cell of a ratio.
pub(crate) fn ratio_cell(ratio: f64) -> usize {
    if ratio <= 0.0 {
        LEVEL_BINS + 1
    } else if (ratio - 1.0).abs() < 1e-9 {
        LEVEL_BINS
    } else {
        level_bin(ratio.log10())
    }
}

/// A ratio drawn from a law of [`RATIO_CELLS`]; 1 where nothing was counted.
fn draw_ratio(law: &[f64], stream: &mut Stream) -> f64 {
    if law.iter().sum::<f64>() <= 0.0 {
        return 1.0;
    }
    match stream.weighted(law) {
        LEVEL_BINS => 1.0,
        bin if bin > LEVEL_BINS => 0.0,
        bin => 10_f64.powf(level_value(bin, stream.uniform())),
    }
}

/// A number drawn from a law over [`COUNT_STARTS`]; 1 where nothing was counted.
fn draw_count(law: &[f64], stream: &mut Stream) -> u32 {
    if law.iter().sum::<f64>() <= 0.0 {
        return 1;
    }
    let bucket = stream.weighted(law);
    let low = COUNT_STARTS[bucket];
    let high = COUNT_STARTS.get(bucket + 1).copied().unwrap_or(2 * low);
    (low + stream.below(u64::from(high - low)) as u32).min(MOST_ROWS)
}
