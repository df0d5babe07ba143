//! The state of a chain between two transactions: cheap to fork, to keep and to throw away.

use std::convert::Infallible;
use std::hash::Hash;
use std::sync::Arc;

use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, U256};
use revm::Database;
use revm::bytecode::Bytecode;
use revm::state::{AccountInfo, EvmState};

use super::machine::block_hash;
use super::remote::Base;

/// A map in two layers: one that is shared by all who forked from it, and what each changed since.
#[derive(Debug, Clone)]
struct Layers<K, V> {
    base: Arc<HashMap<K, V>>,
    /// Ascending by key.
    changed: Vec<(K, V)>,
}

impl<K, V> Default for Layers<K, V> {
    fn default() -> Self {
        Self { base: Arc::default(), changed: Vec::new() }
    }
}

impl<K: Copy + Ord + Hash, V: Clone> Layers<K, V> {
    /// A fork copies what changed: more than so many changes go into a base of their own.
    const MOST: usize = 96;

    fn get(&self, key: &K) -> Option<&V> {
        match self.changed.binary_search_by(|(known, _)| known.cmp(key)) {
            Ok(place) => Some(&self.changed[place].1),
            Err(_) => self.base.get(key),
        }
    }

    fn insert(&mut self, key: K, value: V) {
        match self.changed.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(place) => self.changed[place].1 = value,
            Err(place) => self.changed.insert(place, (key, value)),
        }
        if self.changed.len() > Self::MOST {
            let mut base = (*self.base).clone();
            base.extend(self.changed.drain(..));
            self.base = Arc::new(base);
        }
    }

    /// All entries, ascending.
    fn entries(&self) -> Vec<(K, &V)> {
        let mut all: Vec<(K, &V)> = self.base.iter().map(|(key, value)| (*key, value)).collect();
        all.retain(|(key, _)| self.changed.binary_search_by(|(known, _)| known.cmp(key)).is_err());
        all.extend(self.changed.iter().map(|(key, value)| (*key, value)));
        all.sort_by_key(|(key, _)| *key);
        all
    }
}

/// An account.
#[derive(Debug, Clone, Default)]
struct Account {
    info: AccountInfo,
    storage: Layers<U256, U256>,
    /// Whether words that are not in `storage` are those of the chain that the state is based on.
    based: bool,
}

/// The state of a chain.
///
/// A fork costs a copy of what changed since the last hundred changes or so, not of the state.
#[derive(Debug, Clone, Default)]
pub struct State {
    accounts: Layers<Address, Arc<Account>>,
    /// The number of the block that is next.
    pub block: u64,
    /// Its time, in seconds since 1970.
    pub time: u64,
    /// The chain elsewhere that this one goes on from.
    base: Option<Arc<dyn Base>>,
}

impl State {
    /// An empty chain at this block and time.
    pub fn new(block: u64, time: u64) -> Self {
        Self { accounts: Layers::default(), block, time, base: None }
    }

    /// A chain that goes on from another at this block and time.
    pub fn on(base: Arc<dyn Base>, block: u64, time: u64) -> Self {
        Self { base: Some(base), ..Self::new(block, time) }
    }

    /// The chain elsewhere that this one goes on from.
    pub fn base(&self) -> Option<&Arc<dyn Base>> {
        self.base.as_ref()
    }

    /// What is there where nothing was changed.
    fn unchanged(&self, address: Address) -> Option<Account> {
        let base = self.base.as_ref()?;
        let info = base.account(address).unwrap_or_default();
        Some(Account { info, storage: Layers::default(), based: true })
    }

    /// The account itself.
    fn info(&self, address: Address) -> Option<AccountInfo> {
        match self.accounts.get(&address) {
            Some(account) => Some(account.info.clone()),
            None => self.base.as_ref().and_then(|base| base.account(address)),
        }
    }

    /// What an account has, in wei.
    pub fn balance(&self, address: Address) -> U256 {
        match (self.accounts.get(&address), &self.base) {
            (Some(account), _) => account.info.balance,
            (None, None) => U256::ZERO,
            (None, Some(base)) => base.account(address).map_or(U256::ZERO, |info| info.balance),
        }
    }

    /// Gives an account so much, in wei.
    pub fn set_balance(&mut self, address: Address, balance: U256) {
        self.change(address, |account| account.info.balance = balance);
    }

    /// How many contracts an account has created, or transactions it has sent.
    pub fn nonce(&self, address: Address) -> u64 {
        self.info(address).map_or(0, |info| info.nonce)
    }

    /// Sets that number, from which the addresses of new contracts follow.
    pub fn set_nonce(&mut self, address: Address, nonce: u64) {
        self.change(address, |account| account.info.nonce = nonce);
    }

    /// Puts code at an address; its storage stays.
    pub fn set_code(&mut self, address: Address, code: Bytecode) {
        self.change(address, |account| {
            account.info.code_hash = code.hash_slow();
            account.info.code = Some(code);
        });
    }

    /// The code at an address; empty where there is none.
    pub fn code(&self, address: Address) -> Bytecode {
        match (self.accounts.get(&address), &self.base) {
            (Some(account), _) => account.info.code.clone().unwrap_or_default(),
            (None, None) => Bytecode::default(),
            (None, Some(base)) => base.account(address).and_then(|info| info.code).unwrap_or_default(),
        }
    }

    /// A word of storage; 0 where nothing was stored.
    pub fn storage(&self, address: Address, slot: U256) -> U256 {
        let account = self.accounts.get(&address);
        if let Some(value) = account.and_then(|account| account.storage.get(&slot)) {
            return *value;
        }
        match &self.base {
            Some(base) if account.is_none_or(|account| account.based) => base.storage(address, slot),
            _ => U256::ZERO,
        }
    }

    /// Puts a word of storage.
    pub fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        self.change(address, |account| account.storage.insert(slot, value));
    }

    /// Every address that has or had something, ascending; of a chain elsewhere those that changed since.
    pub fn addresses(&self) -> Vec<Address> {
        self.accounts.entries().into_iter().map(|(address, _)| address).collect()
    }

    /// The storage of an account, ascending, without zeros; of a chain elsewhere what changed since.
    pub fn slots(&self, address: Address) -> Vec<(U256, U256)> {
        let Some(account) = self.accounts.get(&address) else { return Vec::new() };
        let entries = account.storage.entries().into_iter().map(|(slot, value)| (slot, *value));
        entries.filter(|(_, value)| !value.is_zero()).collect()
    }

    /// Whether an account is untouched since another state, as far as that costs nothing to see.
    pub fn same(&self, other: &Self, address: Address) -> bool {
        match (self.accounts.get(&address), other.accounts.get(&address)) {
            (Some(here), Some(there)) => Arc::ptr_eq(here, there),
            (None, None) => true,
            _ => false,
        }
    }

    fn change(&mut self, address: Address, with: impl FnOnce(&mut Account)) {
        let mut account = match self.accounts.get(&address) {
            Some(known) => (**known).clone(),
            None => self.unchanged(address).unwrap_or_default(),
        };
        with(&mut account);
        self.accounts.insert(address, Arc::new(account));
    }

    /// Takes what a transaction changed.
    pub(crate) fn apply(&mut self, changes: &EvmState) {
        let mut changed: Vec<_> = changes.iter().filter(|(_, account)| account.is_touched()).collect();
        changed.sort_unstable_by_key(|(address, _)| **address);
        for (address, new) in changed {
            let address = *address;
            if new.is_selfdestructed() {
                self.accounts.insert(address, Arc::default());
                continue;
            }
            let written = || new.storage.iter().filter(|(_, slot)| slot.is_changed());
            let known = self.accounts.get(&address);
            let same = known.is_some_and(|known| {
                known.info.balance == new.info.balance
                    && known.info.nonce == new.info.nonce
                    && known.info.code_hash == new.info.code_hash
            });
            if same && written().next().is_none() {
                continue;
            }
            // What is created starts from nothing, whatever was stored at its address.
            let mut account = match known {
                _ if new.is_created() => Account::default(),
                Some(known) => (**known).clone(),
                None => self.unchanged(address).unwrap_or_default(),
            };
            let code = new.info.code.clone().or_else(|| account.info.code.take());
            account.info = AccountInfo { code, ..new.info.clone() };
            let mut slots: Vec<(U256, U256)> =
                written().map(|(slot, value)| (*slot, value.present_value())).collect();
            slots.sort_unstable();
            for (slot, value) in slots {
                account.storage.insert(slot, value);
            }
            self.accounts.insert(address, Arc::new(account));
        }
    }
}

/// A state that a machine reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(pub(super) Arc<State>);

impl Database for Shared {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.0.info(address))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Infallible> {
        // Accounts carry their code: nothing asks by hash but for code that several accounts share.
        let same = |account: &Arc<Account>| account.info.code_hash == code_hash;
        let found = self.0.accounts.entries().into_iter().find(|(_, account)| same(account));
        Ok(found.and_then(|(_, account)| account.info.code.clone()).unwrap_or_default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.0.storage(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok(self.0.base.as_ref().map_or_else(|| block_hash(number), |base| base.block_hash(number)))
    }
}
