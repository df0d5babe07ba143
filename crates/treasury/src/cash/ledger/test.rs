#![cfg(test)]

use super::super::share;
use super::*;

#[test]
fn a_share_is_exact_where_a_product_would_leave_128_bits() {
    assert_eq!(share(10, 1, 3), 3);
    assert_eq!(share(u128::MAX, 1, 2), u128::MAX / 2);
    assert_eq!(share(u128::MAX, 7, 7), u128::MAX);
    // 10^36 * 999999999 / 1000000000
    assert_eq!(share(10_u128.pow(36), 999_999_999, 1_000_000_000), 999_999_999 * 10_u128.pow(27));
    assert_eq!(share(u128::MAX, 2, 1), u128::MAX);
    assert_eq!(share(5, 1, 0), 0);
}

#[test]
fn nothing_is_made_or_lost_and_nobody_gives_what_is_not_there() {
    let mut ledger = Ledger::default();
    ledger.receive("USDC", Account::Treasury, 100).unwrap();
    ledger.transfer("USDC", &Account::Treasury, Account::Recipient("ann".into()), 30).unwrap();
    ledger.mint("TKN", Account::Treasury, 7).unwrap();
    ledger.burn("TKN", &Account::Treasury, 2).unwrap();
    ledger.send("USDC", &Account::Treasury, 70).unwrap();
    assert!(ledger.conserves());
    let before = ledger.clone();
    let message = ledger.send("USDC", &Account::Treasury, 1).unwrap_err().to_string();
    assert!(message.contains("holds 0") && message.contains("`USDC`"), "{message}");
    ledger.receive("USDC", Account::Treasury, u128::MAX).unwrap_err();
    assert_eq!(ledger, before);
    // Negative control: a unit that nobody received.
    ledger.balances.insert(("USDC".to_owned(), Account::Treasury), 1);
    assert!(!ledger.conserves());
}
