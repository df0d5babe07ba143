//! Accounts of people: the same name, the same account, here and in exported tests.

use alloy_primitives::{Address, B256, keccak256};
use k256::ecdsa::SigningKey;

/// The secret key of an actor: the Keccak hash of the name, as of Foundry's `makeAddrAndKey`.
pub fn secret_of(name: &str) -> B256 {
    keccak256(name)
}

/// The address of an actor: that of its secret key.
pub fn address_of(name: &str) -> Address {
    match SigningKey::from_slice(secret_of(name).as_slice()) {
        Ok(key) => {
            let point = key.verifying_key().to_encoded_point(false);
            Address::from_raw_public_key(&point.as_bytes()[1..])
        }
        // A hash that is no key of the curve: there is one in 2^128.
        Err(_) => Address::from_word(secret_of(name)),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn names_have_the_accounts_that_foundry_gives_them() {
        // The account of the secret key keccak256("alice"), known from Foundry's test output.
        assert_eq!(address_of("alice").to_string(), "0x328809Bc894f92807417D2dAD6b7C998c1aFdac6");
        assert_ne!(address_of("alice"), address_of("bob"));
    }
}
