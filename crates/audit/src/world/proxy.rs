//! What a proxy hands its calls on to.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256, b256, hex};

use crate::Result;
use crate::chain::{CallKind, Machine, State, Transaction};

/// Where proxies keep the address of their implementation: EIP-1967, the UUPS proposal before it (EIP-1822), and
/// ZeppelinOS.
const SLOTS: [alloy_primitives::B256; 3] = [
    b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"),
    b256!("c5f16f0fcc639fa48a6947836d9850f504798523bf8c9a3a87d5876cf622bcf7"),
    b256!("7050c9e0f4ca769c69bd3a8ef740bc37934f8e2c036e5a723fd8ee048ed3f8c3"),
];
/// And of a beacon that tells it (EIP-1967).
const BEACON: alloy_primitives::B256 =
    b256!("a3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50");
/// `implementation()`, which a beacon answers.
const IMPLEMENTATION: [u8; 4] = hex!("5c60da1b");
/// A selector that no contract is made for, and a caller that is nobody's admin.
const UNKNOWN: [u8; 4] = hex!("f0f1f2f3");
const NOBODY: Address = Address::repeat_byte(0xfe);
/// Bytes that the code of a minimal proxy (EIP-1167 and its kin) has at the most.
const MINIMAL: usize = 128;

/// The address of the implementation of the proxy at this address; none where there is no proxy.
///
/// Known places in storage count first; then the code of minimal proxies; then where a call with an unknown selector is
/// handed on to whole, which every other kind of proxy does.
///
/// # Errors
/// A defect of the interpreter.
pub(super) fn implementation(
    machine: &mut Machine,
    state: &Arc<State>,
    proxy: Address,
) -> Result<Option<Address>> {
    let code = state.code(proxy);
    let code = code.original_byte_slice();
    if code.is_empty() {
        return Ok(None);
    }
    let stored = |slot: alloy_primitives::B256| {
        let word = state.storage(proxy, slot.into());
        let address = Address::from_word(word.into());
        (word.bit_len() <= 160 && has_code(state, address)).then_some(address)
    };
    if let Some(found) = SLOTS.into_iter().find_map(stored) {
        return Ok(Some(found));
    }
    if let Some(beacon) = stored(BEACON) {
        let data = Bytes::copy_from_slice(&IMPLEMENTATION);
        let transaction = Transaction { sender: NOBODY, to: Some(beacon), value: U256::ZERO, data };
        let outcome = machine.run(state, &transaction)?;
        if outcome.success() && outcome.output.len() == 32 {
            let address = Address::from_slice(&outcome.output[12..]);
            if has_code(state, address) {
                return Ok(Some(address));
            }
        }
    }
    // PUSH20 address, GAS, DELEGATECALL.
    if code.len() <= MINIMAL {
        let minimal = code.windows(23).find(|window| window[0] == 0x73 && window[21..] == [0x5a, 0xf4]);
        if let Some(window) = minimal {
            return Ok(Some(Address::from_slice(&window[1..21])));
        }
    }
    let data = Bytes::copy_from_slice(&UNKNOWN);
    let transaction = Transaction { sender: NOBODY, to: Some(proxy), value: U256::ZERO, data };
    machine.run(state, &transaction)?;
    let handed_on = machine.trace().calls.iter().find(|call| {
        call.kind == CallKind::Delegate
            && call.target == proxy
            && call.code_address != proxy
            && call.input[..] == UNKNOWN
            && call.depth == 1
    });
    Ok(handed_on.map(|call| call.code_address).filter(|address| has_code(state, *address)))
}

fn has_code(state: &State, address: Address) -> bool {
    !address.is_zero() && !state.code(address).original_byte_slice().is_empty()
}
