//! Where the variables of a contract lie in its storage.

use std::collections::BTreeMap;

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};

/// Variables and types of one layout.
const MOST: usize = 20_000;

/// A storage layout, as solc writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StorageLayout {
    /// The variables, in order of their place.
    pub storage: Vec<Variable>,
    /// Their types, by the compiler's name.
    #[serde(deserialize_with = "or_default")]
    pub types: BTreeMap<String, Type>,
}

/// A variable, or a member of a structure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub label: String,
    /// The word it begins in; of a member, counted from the structure's first.
    pub slot: U256,
    /// Bytes from the low end of that word.
    #[serde(default)]
    pub offset: usize,
    /// The name of its type among the layout's.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Type {
    /// Its name in the source.
    pub label: String,
    /// How it lies: `inplace`, `mapping`, `dynamic_array` or `bytes`.
    #[serde(default)]
    pub encoding: String,
    /// Bytes.
    #[serde(default, deserialize_with = "number")]
    pub number_of_bytes: u64,
    /// Of a mapping: the type of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of a mapping: the type of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Of an array: the type of elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Of a structure: its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Variable>,
}

fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A number that compilers write as a text.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = U256::deserialize(deserializer)?;
    Ok(u64::try_from(number).unwrap_or(u64::MAX))
}

impl StorageLayout {
    /// Whether it is of a size that some contract can have; the error says what is too large.
    pub(super) fn check(&self) -> Result<(), String> {
        let members: usize = self.types.values().map(|kind| kind.members.len()).sum();
        let found = self.storage.len().saturating_add(self.types.len()).saturating_add(members);
        if found > MOST {
            return Err(format!(
                "the storage layout has {found} variables and types; at most {MOST} are allowed"
            ));
        }
        Ok(())
    }

    /// The variable that lies in a word, where it is one of the plain ones: neither in a mapping nor in a dynamic array.
    /// Of several that share the word the first; of a structure or array of fixed size, that.
    pub fn variable(&self, slot: U256) -> Option<&Variable> {
        self.storage.iter().find(|variable| {
            let bytes = self.types.get(&variable.kind).map_or(32, |kind| kind.number_of_bytes);
            let words = U256::from(bytes.div_ceil(32).max(1));
            slot >= variable.slot && slot - variable.slot < words
        })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn words_belong_to_variables() {
        let layout: StorageLayout = serde_json::from_str(
            r#"{"storage":[{"astId":3,"contract":"a:A","label":"owner","offset":0,"slot":"0","type":"t_address"},
                {"label":"stopped","offset":20,"slot":"0","type":"t_bool"},
                {"label":"point","offset":0,"slot":"1","type":"t_struct"},
                {"label":"last","offset":0,"slot":"115792089237316195423570985008687907853269984665640564039457584007913129639935","type":"t_wish"}],
              "types":{"t_address":{"encoding":"inplace","label":"address","numberOfBytes":"20"},
                "t_struct":{"encoding":"inplace","label":"struct P","numberOfBytes":"64","members":[
                    {"label":"x","offset":0,"slot":"0","type":"t_uint256"}]}}}"#,
        )
        .unwrap();
        let name = |slot: U256| layout.variable(slot).map(|variable| variable.label.as_str());
        assert_eq!(
            [0, 1, 2, 3].map(|slot| name(U256::from(slot))),
            [Some("owner"), Some("point"), Some("point"), None]
        );
        assert_eq!(name(U256::MAX), Some("last"));
        assert!(layout.check().is_ok());
        let empty: StorageLayout = serde_json::from_str(r#"{"storage":[],"types":null}"#).unwrap();
        assert_eq!(empty.variable(U256::ZERO), None);
        let many = StorageLayout { storage: vec![Variable::default(); MOST + 1], types: BTreeMap::new() };
        assert!(many.check().unwrap_err().contains("at most 20000"));
        for text in [r#"{"storage":[{"label":"a","slot":"-1","type":"t"}]}"#, r#"{"storage":3}"#] {
            assert!(serde_json::from_str::<StorageLayout>(text).is_err());
        }
    }
}
