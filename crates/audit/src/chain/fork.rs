//! Ethereum's hard forks.

use std::fmt;
use std::str::FromStr;

use revm::primitives::hardfork::SpecId;

use crate::Error;

/// A hard fork of Ethereum: which instructions there are and what they do and cost.
///
/// `selfdestruct` removes code and storage up to Shanghai; from Cancun on (EIP-6780) only in the transaction that made the
/// contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fork(SpecId);

impl Fork {
    const NAMES: [(&'static str, SpecId); 15] = [
        ("frontier", SpecId::FRONTIER),
        ("homestead", SpecId::HOMESTEAD),
        ("tangerine", SpecId::TANGERINE),
        ("spurious-dragon", SpecId::SPURIOUS_DRAGON),
        ("byzantium", SpecId::BYZANTIUM),
        ("petersburg", SpecId::PETERSBURG),
        ("istanbul", SpecId::ISTANBUL),
        ("berlin", SpecId::BERLIN),
        ("london", SpecId::LONDON),
        ("paris", SpecId::MERGE),
        ("shanghai", SpecId::SHANGHAI),
        ("cancun", SpecId::CANCUN),
        ("prague", SpecId::PRAGUE),
        ("osaka", SpecId::OSAKA),
        ("amsterdam", SpecId::AMSTERDAM),
    ];

    /// The names of all hard forks, oldest first.
    pub fn names() -> Vec<&'static str> {
        Self::NAMES.iter().map(|(name, _)| *name).collect()
    }

    pub(crate) fn spec(self) -> SpecId {
        self.0
    }

    /// The name that Foundry and solc know it by.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, spec)| *spec == self.0).map_or("prague", |(name, _)| name)
    }
}

impl Default for Fork {
    /// Prague: what solc 0.8.30 and later compile for.
    fn default() -> Self {
        Self(SpecId::PRAGUE)
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Fork {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, spec)| Self(*spec)).ok_or_else(|| Error::Unknown {
            what: "hard fork",
            name: name.to_owned(),
            known: Self::names().join("`, `"),
        })
    }
}
