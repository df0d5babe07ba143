//! Delegated votes, sold as a whole to the option that pays most.

use super::WHOLE_FEE;
use crate::governance::Amount;

/// How the votes are sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Bids below this do not count.
    pub minimum: Amount,
    /// What buys the votes at once.
    pub instant: Option<Amount>,
    /// What the platform keeps of the price, in millionths.
    pub fee_millionths: u128,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// The option that is voted for; none where nobody bid.
    pub winner: Option<u32>,
    /// All bids of the winner.
    pub price: Amount,
    /// Whether the instant price was paid.
    pub instant: bool,
    /// What the platform keeps.
    pub fee: Amount,
    /// Whether each bid was taken (and not returned).
    pub taken: Vec<bool>,
}

/// Holds the auction: (option, amount) in the order of bidding. O(bids).
pub fn hold(terms: Terms, options: usize, bids: &[(u32, Amount)]) -> Sale {
    let mut pools = vec![Amount::ZERO; options];
    // When each pool reached what it has: of equal pools the earlier wins.
    let mut reached = vec![usize::MAX; options];
    let mut instant = None;
    for (place, &(option, amount)) in bids.iter().enumerate() {
        if amount < terms.minimum || amount == Amount::ZERO {
            continue;
        }
        let pool = &mut pools[option as usize];
        *pool = Amount(pool.0.saturating_add(amount.0));
        reached[option as usize] = place;
        if terms.instant.is_some_and(|price| *pool >= price) {
            instant = Some((option, place));
            break;
        }
    }
    let last = instant.map_or(bids.len(), |(_, place)| place + 1);
    let winner = instant.map(|(option, _)| option).or_else(|| {
        let best = (0..options).min_by_key(|&option| (std::cmp::Reverse(pools[option]), reached[option]))?;
        (pools[best] > Amount::ZERO).then_some(best as u32)
    });
    let price = winner.map_or(Amount::ZERO, |winner| pools[winner as usize]);
    let taken = bids
        .iter()
        .enumerate()
        .map(|(place, &(option, amount))| {
            place < last && Some(option) == winner && amount >= terms.minimum && amount > Amount::ZERO
        })
        .collect();
    let fee = price.times(terms.fee_millionths, WHOLE_FEE).unwrap_or_default();
    Sale { winner, price, instant: instant.is_some(), fee, taken }
}
