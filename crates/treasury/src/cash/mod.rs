//! Cash flow in exact integers: what a treasury owes, earns, mints and buys back, second by second.
//!
//! Amounts are whole base units of a token (wei, 10^-6 dollars), as on a chain: a division rounds down and what is left
//! over stays where it was. A [`ledger::Ledger`] moves them and can always show that nothing was made or lost.

pub mod flows;
pub mod grants;
pub mod ledger;
pub mod schedule;

/// `amount` times `part` over `whole`, rounded down, exact for every amount.
///
/// The quotient of amount and whole is split off first, so that no product leaves 128 bits: with amount = q whole + r, it
/// is q part + r part / whole.
///
/// Returns 0 where `whole` is 0, and `u128::MAX` where the result leaves 128 bits.
pub fn share(amount: u128, part: u64, whole: u64) -> u128 {
    let (part, whole) = (u128::from(part), u128::from(whole));
    if whole == 0 {
        return 0;
    }
    let (quotient, rest) = (amount / whole, amount % whole);
    quotient.saturating_mul(part).saturating_add(rest * part / whole)
}
