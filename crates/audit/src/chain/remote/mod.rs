//! The state of a chain elsewhere, read from a node as it is needed.
//!
//! A [`Remote`] is pinned to one block: whatever is asked twice has one answer, kept in memory and in a file, so that a
//! second audit asks the node nothing. States that fork from it carry only what changed.

mod cache;
mod wire;

#[cfg(test)]
mod test;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use revm::bytecode::Bytecode;
use revm::state::AccountInfo;
use serde_json::{Value, json};

use self::cache::{Cache, Known};
use self::wire::{Wire, bytes, quantity, word};
use super::State;
use crate::{Error, Result};

/// Where a state comes from that is not made here.
///
/// Answers are always given; what could not be found out is told by [`Base::problem`], which a machine asks for after every
/// transaction.
pub trait Base: Debug + Send + Sync {
    /// An account; none where there is none.
    fn account(&self, address: Address) -> Option<AccountInfo>;
    /// A word of storage.
    fn storage(&self, address: Address, slot: U256) -> U256;
    /// The hash of a block.
    fn block_hash(&self, number: u64) -> B256;
    /// The number of the chain.
    fn chain(&self) -> u64;
    /// What went wrong since the beginning: whatever was computed after it counts for nothing.
    fn problem(&self) -> Option<String>;
}

/// How a node is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The block; the newest where none.
    pub block: Option<u64>,
    /// A folder for what was answered.
    pub cache: Option<PathBuf>,
    /// How often a question is put before it fails.
    pub attempts: u32,
    /// The wait before the second time; doubled each time, at most eight seconds.
    pub wait: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Bytes of an answer.
    pub most_bytes: u64,
    /// Accounts and words of storage that are asked for.
    pub most_entries: usize,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            block: None,
            cache: None,
            attempts: 6,
            wait: Duration::from_millis(250),
            timeout: Duration::from_secs(30),
            most_bytes: 16 << 20,
            most_entries: 2_000_000,
        }
    }
}

/// A chain elsewhere, at one block.
#[derive(Debug)]
pub struct Remote {
    wire: Wire,
    known: Mutex<Known>,
    cache: Option<Cache>,
    most_entries: usize,
    /// The first failure.
    problem: OnceLock<String>,
    /// Whether the node still has the block that the file of answers is of.
    checked: OnceLock<()>,
    number: u64,
    hash: B256,
    time: u64,
    chain: u64,
}

impl Remote {
    /// Opens a node's JSON-RPC interface, `http://...` (or `https://...` where it is built with the feature `tls`). Where
    /// the block is named and answers about it are kept, the node is asked nothing until something new is wanted.
    ///
    /// # Errors
    /// A node that does not answer, or not as a node of Ethereum's kind; a block that it does not have; a file of answers
    /// that cannot be read.
    pub fn open(url: &str, asking: &Asking) -> Result<Self> {
        let wire = Wire::new(url, asking)?;
        if let (Some(folder), Some(number)) = (&asking.cache, asking.block) {
            let cache = Cache::of(folder, url, number);
            if let Some(known) = cache.read()? {
                return Ok(Self::from(wire, known, Some(cache), asking, OnceLock::new()));
            }
        }
        let tag = asking.block.map_or_else(|| json!("latest"), |number| json!(format!("0x{number:x}")));
        let failed = |message: String| Error::Remote { message };
        let answers = wire.ask(&[("eth_chainId", json!([])), ("eth_getBlockByNumber", json!([tag, false]))]);
        let answers = answers.map_err(failed)?;
        let chain = small(&answers[0]).map_err(failed)?;
        let block = &answers[1];
        if block.is_null() {
            let what =
                asking.block.map_or_else(|| "newest block".to_owned(), |number| format!("block {number}"));
            return Err(failed(format!("the node at {} has no {what}", wire.host())));
        }
        let field = |name: &str| block.get(name).cloned().unwrap_or(Value::Null);
        let number = small(&field("number")).map_err(failed)?;
        if asking.block.is_some_and(|wanted| wanted != number) {
            return Err(failed(format!("the node at {} answers with block {number}", wire.host())));
        }
        let (hash, time) =
            (word(&field("hash")).map_err(failed)?, small(&field("timestamp")).map_err(failed)?);
        let cache = asking.cache.as_ref().map(|folder| Cache::of(folder, url, number));
        let kept = cache.as_ref().map(Cache::read).transpose()?.flatten();
        let fresh = Known { chain, number, time, hash: hash.into(), ..Known::default() };
        // Answers about another block of the same number, before a reorganisation or of a restarted node, are void.
        let known = kept.filter(|kept| kept.hash == fresh.hash && kept.chain == chain).unwrap_or(fresh);
        Ok(Self::from(wire, known, cache, asking, OnceLock::from(())))
    }

    fn from(wire: Wire, known: Known, cache: Option<Cache>, asking: &Asking, checked: OnceLock<()>) -> Self {
        let (number, hash, time, chain) = (known.number, known.hash, known.time, known.chain);
        let (known, most_entries) = (Mutex::new(known), asking.most_entries);
        Self {
            wire,
            known,
            cache,
            most_entries,
            problem: OnceLock::new(),
            checked,
            number,
            hash,
            time,
            chain,
        }
    }

    /// The number of its block.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The time of its block, in seconds since 1970.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.wire.requests()
    }

    /// Keeps what was answered so far; without a folder, nothing.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(&self) -> Result<()> {
        match &self.cache {
            Some(cache) => cache.write(&mut self.known()),
            None => Ok(()),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks about the state of the block, once the node is known to have it.
    fn ask(&self, questions: &[(&str, Value)]) -> std::result::Result<Vec<Value>, String> {
        if let Some(problem) = self.problem.get() {
            return Err(problem.clone());
        }
        if self.known().entries() >= self.most_entries {
            return Err(format!(
                "more than {} accounts and words are asked of the node, the limit",
                self.most_entries
            ));
        }
        if self.checked.get().is_none() {
            let tag = json!(format!("0x{:x}", self.number));
            let answers = self.wire.ask(&[("eth_getBlockByNumber", json!([tag, false]))])?;
            let hash = answers[0].get("hash").cloned().unwrap_or(Value::Null);
            if B256::from(word(&hash)?) != self.hash {
                return Err(format!(
                    "block {} of the node at {} is another than the one that answers are kept of; remove the file of answers",
                    self.number,
                    self.wire.host()
                ));
            }
            self.checked.set(()).ok();
        }
        self.wire.ask(questions)
    }

    fn fetch_account(&self, address: Address) -> std::result::Result<cache::Account, String> {
        let at = json!([address, format!("0x{:x}", self.number)]);
        let answers = self.ask(&[
            ("eth_getBalance", at.clone()),
            ("eth_getTransactionCount", at.clone()),
            ("eth_getCode", at),
        ])?;
        Ok(cache::Account {
            balance: quantity(&answers[0])?,
            nonce: small(&answers[1])?,
            code: bytes(&answers[2])?.into(),
        })
    }

    fn fetch_storage(&self, address: Address, slot: U256) -> std::result::Result<U256, String> {
        let slot = format!("0x{slot:064x}");
        let answers =
            self.ask(&[("eth_getStorageAt", json!([address, slot, format!("0x{:x}", self.number)]))])?;
        Ok(U256::from_be_bytes(word(&answers[0])?))
    }

    fn fetch_hash(&self, number: u64) -> std::result::Result<B256, String> {
        let answers = self.ask(&[("eth_getBlockByNumber", json!([format!("0x{number:x}"), false]))])?;
        Ok(word(&answers[0].get("hash").cloned().unwrap_or(Value::Null))?.into())
    }

    /// What is known, or what the node says; a failure is kept, and answered by nothing.
    fn get<T: Clone>(
        &self,
        look: impl Fn(&mut Known) -> Option<T>,
        fetch: impl Fn() -> std::result::Result<T, String>,
        insert: impl Fn(&mut Known, T),
    ) -> Option<T> {
        if let Some(found) = look(&mut self.known()) {
            return Some(found);
        }
        // Not under the lock: others go on with what is known.
        match fetch() {
            Ok(found) => {
                let mut known = self.known();
                insert(&mut known, found.clone());
                if known.due()
                    && let Some(cache) = &self.cache
                    && let Err(error) = cache.write(&mut known)
                {
                    self.problem.set(error.to_string()).ok();
                }
                Some(found)
            }
            Err(problem) => {
                self.problem.set(problem).ok();
                None
            }
        }
    }
}

impl Base for Remote {
    fn account(&self, address: Address) -> Option<AccountInfo> {
        let found = self.get(
            |known| known.accounts.get(&address).cloned(),
            || self.fetch_account(address),
            |known, account| _ = known.accounts.insert(address, account),
        )?;
        if found.balance.is_zero() && found.nonce == 0 && found.code.is_empty() {
            return None;
        }
        let code = Bytecode::new_raw(found.code);
        let code_hash = code.hash_slow();
        Some(AccountInfo {
            balance: found.balance,
            nonce: found.nonce,
            code_hash,
            code: Some(code),
            ..AccountInfo::default()
        })
    }

    fn storage(&self, address: Address, slot: U256) -> U256 {
        let found = self.get(
            |known| known.storage.get(&address).and_then(|slots| slots.get(&slot)).copied(),
            || self.fetch_storage(address, slot),
            |known, value| _ = known.storage.entry(address).or_default().insert(slot, value),
        );
        found.unwrap_or_default()
    }

    fn block_hash(&self, number: u64) -> B256 {
        if number > self.number {
            return super::machine::block_hash(number);
        }
        let found = self.get(
            |known| known.hashes.get(&number).copied(),
            || self.fetch_hash(number),
            |known, hash| _ = known.hashes.insert(number, hash),
        );
        found.unwrap_or_default()
    }

    fn chain(&self) -> u64 {
        self.chain
    }

    fn problem(&self) -> Option<String> {
        self.problem.get().cloned()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Whoever needs to know calls `keep`: here there is nobody to tell.
        self.keep().ok();
    }
}

impl State {
    /// The state after a block of a chain elsewhere; the next block comes twelve seconds later.
    pub fn of(remote: std::sync::Arc<Remote>) -> Self {
        let (block, time) = (remote.number() + 1, remote.time() + crate::BLOCK_SECONDS);
        Self::on(remote, block, time)
    }
}

/// A number that fits 64 bits.
fn small(value: &Value) -> std::result::Result<u64, String> {
    let found = quantity(value)?;
    u64::try_from(found).map_err(|_| format!("the node answers {found}, which is too large to be true"))
}
