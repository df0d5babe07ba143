//! What a forge script has deployed, done again: its broadcast file names every transaction.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256, address, hex};
use daotwin_core::Limits;
use daotwin_core::files::read_limited;
use revm::bytecode::Bytecode;
use serde::Deserialize;

use super::stage::{Failure, Stage};
use super::{Actor, Role};
use crate::BLOCK_SECONDS;
use crate::artifact::{Code, of_runtime};
use crate::chain::{State, Transaction};

/// Transactions of one file.
const MOST: usize = 10_000;
/// Ether of each sender: 10,000.
const ETHER: U256 = U256::from_limbs([1_864_712_049_423_024_128, 542, 0, 0]);
/// The account that forge deploys through where an address is to be the same on every chain, and its code.
const FACTORY: Address = address!("4e59b44847b379578588920ca78fbf26c0b4956c");
const FACTORY_CODE: &[u8] = &hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

#[derive(Debug, Deserialize)]
struct File {
    transactions: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    #[serde(default)]
    contract_name: Option<String>,
    #[serde(default)]
    contract_address: Option<Address>,
    #[serde(default)]
    function: Option<String>,
    transaction: Sent,
}

#[derive(Debug, Deserialize)]
struct Sent {
    from: Address,
    #[serde(default)]
    to: Option<Address>,
    #[serde(default)]
    value: Option<U256>,
    #[serde(default, alias = "data")]
    input: Bytes,
    #[serde(default)]
    nonce: Option<U256>,
}

/// Does the transactions of a broadcast file again, each in a block of its own, and names what they deploy. Answers the
/// state before the first.
pub(super) fn replay(stage: &mut Stage<'_>, path: &Path) -> Result<Arc<State>, Failure> {
    let shown = path.display();
    let bytes = read_limited(path, Limits::default().max_file_bytes).map_err(|error| error.to_string())?;
    let file: File = serde_json::from_slice(&bytes).map_err(|error| {
        format!("`{shown}` is no broadcast file of forge (`broadcast/**/run-latest.json`): {error}")
    })?;
    if file.transactions.len() > MOST {
        return Err(Failure::Line(format!(
            "`{shown}` has {} transactions; at most {MOST} are allowed",
            file.transactions.len()
        )));
    }
    let mut state = (*stage.state).clone();
    // A new contract's address follows from its sender's nonce: the first one seen is that before all.
    let mut nonces: BTreeMap<Address, u64> = BTreeMap::new();
    for line in &file.transactions {
        let sent = &line.transaction;
        let nonce = sent.nonce.and_then(|nonce| u64::try_from(nonce).ok()).unwrap_or_default();
        nonces.entry(sent.from).and_modify(|known| *known = nonce.min(*known)).or_insert(nonce);
        if sent.to == Some(FACTORY) {
            state.set_code(FACTORY, Bytecode::new_legacy(FACTORY_CODE.into()));
        }
    }
    for (number, (sender, nonce)) in nonces.iter().enumerate() {
        state.set_nonce(*sender, *nonce);
        state.set_balance(*sender, ETHER);
        let name = if number == 0 { "script".to_owned() } else { format!("script{}", number + 1) };
        stage.names.insert(
            name.clone(),
            super::stage::Named { address: *sender, contract: None, implementation: None },
        );
        stage.actors.push(Actor { name, address: *sender, role: Role::Trusted, ether: ETHER });
    }
    stage.state = Arc::new(state);
    let genesis = Arc::clone(&stage.state);
    for (number, line) in file.transactions.into_iter().enumerate() {
        let sent = line.transaction;
        let at = |problem: String| Failure::Line(format!("`{shown}`, transaction {number}: {problem}"));
        let contract = line.contract_name.clone().unwrap_or_default();
        let words = match (&line.function, sent.to) {
            (_, None) => format!("new {contract}(...)"),
            (Some(function), Some(to)) => format!("{to}.{function}"),
            (None, Some(to)) => format!("{to}"),
        };
        let transaction = Transaction {
            sender: sent.from,
            to: sent.to,
            value: sent.value.unwrap_or_default(),
            data: sent.input,
        };
        let deploys = sent.to.is_none();
        let named = if deploys {
            Some(stage.free_name(if contract.is_empty() { "contract" } else { &contract }))
        } else {
            None
        };
        let outcome = stage.run(transaction, words, named.as_deref()).map_err(|failure| match failure {
            Failure::Line(problem) => at(problem),
            other @ Failure::Other(_) => other,
        })?;
        if deploys && outcome.created != line.contract_address && line.contract_address.is_some() {
            return Err(at("its contract gets another address than it has in the file".to_owned()));
        }
        if let Some(created) = outcome.created {
            let code = stage.state.code(created);
            let code = code.original_byte_slice();
            let known = stage.artifacts.of_code(code).cloned();
            let known = known.or_else(|| stage.artifacts.find(&contract).ok().cloned());
            let known = known.unwrap_or_else(|| {
                let name = if contract.is_empty() { "Contract" } else { &contract };
                let code = Code { bytes: code.to_vec(), ..Code::default() };
                Arc::new(of_runtime(name, code, &stage.artifacts.declared()))
            });
            stage.add(named, created, known, None);
        }
        stage.factories(outcome.created.unwrap_or_default());
        stage.wait(1, BLOCK_SECONDS);
    }
    Ok(genesis)
}
