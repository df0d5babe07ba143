//! What build tools write, as one shape with everything optional: Foundry, Hardhat, Truffle, Waffle, and solc's
//! Standard-JSON output, alone or within Hardhat's build information.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::abi::Items;
use super::code::{LinkReferences, Reference};
use super::storage::StorageLayout;

/// A JSON file of a build.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Document {
    // One contract.
    pub(super) contract_name: Option<String>,
    pub(super) source_name: Option<String>,
    pub(super) abi: Option<Items>,
    pub(super) bytecode: Option<CodeField>,
    #[serde(alias = "runtimeBytecode")]
    pub(super) deployed_bytecode: Option<CodeField>,
    pub(super) link_references: Option<LinkReferences>,
    pub(super) deployed_link_references: Option<LinkReferences>,
    pub(super) immutable_references: Option<BTreeMap<String, Vec<Reference>>>,
    pub(super) source_map: Option<String>,
    pub(super) deployed_source_map: Option<String>,
    pub(super) source_path: Option<String>,
    /// The text of the source, as Truffle keeps it.
    pub(super) source: Option<String>,
    pub(super) evm: Option<Evm>,
    pub(super) storage_layout: Option<StorageLayout>,
    pub(super) metadata: Option<MetadataField>,
    pub(super) id: Option<Id>,
    // Many.
    pub(super) contracts: Option<BTreeMap<String, Group>>,
    pub(super) sources: Option<BTreeMap<String, SourceOutput>>,
    pub(super) errors: Option<Vec<CompilerMessage>>,
    pub(super) output: Option<Box<Document>>,
    pub(super) input: Option<Input>,
    /// Paths of sources by their numbers (`--combined-json`).
    pub(super) source_list: Option<Vec<String>>,
    #[serde(rename = "source_id_to_path")]
    pub(super) source_id_to_path: Option<BTreeMap<String, String>>,
    pub(super) solc_version: Option<String>,
    pub(super) compiler: Option<Compiler>,
}

/// The same keys with nothing behind them: what a file that cannot be read was meant to be.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Keys {
    abi: Option<IgnoredAny>,
    bytecode: Option<IgnoredAny>,
    evm: Option<IgnoredAny>,
    contracts: Option<IgnoredAny>,
    output: Option<IgnoredAny>,
}

impl Keys {
    /// Whether it looks like what a compiler left.
    pub(super) fn artifact(&self) -> bool {
        (self.abi.is_some() && (self.bytecode.is_some() || self.evm.is_some()))
            || self.contracts.is_some()
            || self.output.is_some()
    }
}

/// What stands under one key of `contracts`: the contracts of a source (Standard-JSON), or one, named `path:Name` (solc's
/// `--combined-json`, and Waffle's).
#[derive(Debug)]
pub(super) enum Group {
    Source(BTreeMap<String, Output>),
    One(Box<Output>),
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keyed;
        impl<'de> Visitor<'de> for Keyed {
            type Value = Group;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the contracts of a source, or a contract")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Group, A::Error> {
                let (mut source, mut one, mut single) = (BTreeMap::new(), Output::default(), false);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "abi" => one.abi = map.next_value()?,
                        "evm" => one.evm = map.next_value()?,
                        "metadata" => one.metadata = map.next_value()?,
                        "storageLayout" | "storage-layout" => one.storage_layout = map.next_value()?,
                        "bin" => one.bin = map.next_value()?,
                        "bin-runtime" => one.bin_runtime = map.next_value()?,
                        "srcmap-runtime" => one.srcmap_runtime = map.next_value()?,
                        "bytecode"
                        | "interface"
                        | "srcmap"
                        | "opcodes"
                        | "asm"
                        | "ast"
                        | "hashes"
                        | "ir"
                        | "devdoc"
                        | "userdoc"
                        | "generated-sources"
                        | "generated-sources-runtime"
                        | "function-debug"
                        | "function-debug-runtime" => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        _ => {
                            source.insert(key, map.next_value()?);
                            continue;
                        }
                    }
                    single = true;
                }
                Ok(if single { Group::One(Box::new(one)) } else { Group::Source(source) })
            }
        }
        deserializer.deserialize_map(Keyed)
    }
}

/// One contract of an output for many.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Output {
    pub(super) abi: Option<Items>,
    pub(super) evm: Option<Evm>,
    pub(super) storage_layout: Option<StorageLayout>,
    pub(super) metadata: Option<MetadataField>,
    /// Of `--combined-json`.
    #[serde(skip)]
    pub(super) bin: Option<String>,
    #[serde(skip)]
    pub(super) bin_runtime: Option<String>,
    #[serde(skip)]
    pub(super) srcmap_runtime: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Evm {
    pub(super) bytecode: Option<CodeObject>,
    pub(super) deployed_bytecode: Option<CodeObject>,
}

/// Code of a contract, as digits or with what belongs to it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum CodeField {
    Digits(String),
    Object(CodeObject),
}

impl CodeField {
    pub(super) fn into_object(self) -> CodeObject {
        match self {
            Self::Digits(object) => CodeObject { object, ..CodeObject::default() },
            Self::Object(object) => object,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CodeObject {
    pub(super) object: String,
    pub(super) source_map: Option<String>,
    pub(super) link_references: Option<LinkReferences>,
    pub(super) immutable_references: Option<BTreeMap<String, Vec<Reference>>>,
}

/// Metadata, as a text or as what it says.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum MetadataField {
    Text(String),
    Object(Metadata),
}

impl MetadataField {
    /// What it says; nothing where it cannot be read, for nothing depends on it.
    pub(super) fn into_metadata(self) -> Metadata {
        match self {
            Self::Text(text) => serde_json::from_str(&text).unwrap_or_default(),
            Self::Object(metadata) => metadata,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) compiler: Compiler,
    pub(super) settings: Settings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Compiler {
    pub(super) version: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Settings {
    /// The source and name of the contract.
    pub(super) compilation_target: BTreeMap<String, String>,
}

/// A number of a source file (Foundry), or the name of a build (Hardhat).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Other(IgnoredAny),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SourceOutput {
    pub(super) id: Option<i64>,
}

/// What a compiler said.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CompilerMessage {
    pub(super) severity: String,
    pub(super) formatted_message: Option<String>,
    pub(super) message: String,
}

/// What a compiler was given.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Input {
    pub(super) sources: BTreeMap<String, SourceInput>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SourceInput {
    pub(super) content: Option<String>,
}
