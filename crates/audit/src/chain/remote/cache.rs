//! What a node has answered, in memory and in a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use daotwin_core::Limits;
use daotwin_core::files::{atomic_write, read_limited};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// New answers after which the file is written again: at least so many, and a quarter of all.
const OFTEN: usize = 2_000;

/// An account as a node has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) balance: U256,
    pub(super) nonce: u64,
    pub(super) code: Bytes,
}

/// All answers about one block.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) chain: u64,
    pub(super) number: u64,
    pub(super) time: u64,
    pub(super) hash: B256,
    pub(super) accounts: BTreeMap<Address, Account>,
    pub(super) storage: BTreeMap<Address, BTreeMap<U256, U256>>,
    pub(super) hashes: BTreeMap<u64, B256>,
    /// Answers that the file has.
    #[serde(skip)]
    pub(super) kept: usize,
}

impl Known {
    pub(super) fn entries(&self) -> usize {
        self.accounts.len() + self.hashes.len() + self.storage.values().map(BTreeMap::len).sum::<usize>()
    }

    /// Whether enough is new for the file to be written again.
    pub(super) fn due(&self) -> bool {
        let entries = self.entries();
        entries - self.kept.min(entries) >= OFTEN.max(entries / 4)
    }
}

/// The file of answers about one block of one node.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
}

impl Cache {
    pub(super) fn of(folder: &Path, url: &str, number: u64) -> Self {
        // The address may hold a key: its hash names the file.
        let node = hex::encode(&keccak256(url)[..8]);
        Self { path: folder.join(format!("{node}-{number}.json")) }
    }

    /// What the file has; none where there is none.
    pub(super) fn read(&self) -> Result<Option<Known>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let bytes = read_limited(&self.path, Limits::default().max_file_bytes)?;
        let mut known: Known = serde_json::from_slice(&bytes).map_err(|error| Error::Remote {
            message: format!("`{}` holds no answers of a node: {error}; remove it", self.path.display()),
        })?;
        known.kept = known.entries();
        Ok(Some(known))
    }

    pub(super) fn write(&self, known: &mut Known) -> Result<()> {
        let entries = known.entries();
        if entries == known.kept && self.path.exists() {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| daotwin_core::Error::Io {
                action: "create",
                path: folder.to_path_buf(),
                source,
            })?;
        }
        let text = serde_json::to_vec(known).map_err(|error| Error::Remote { message: error.to_string() })?;
        atomic_write(&self.path, &text)?;
        known.kept = entries;
        Ok(())
    }
}
