//! Compiled contracts, from whatever a build tool left: Foundry's `out/`, Hardhat's `artifacts/`, Truffle and Waffle
//! builds, solc's Standard-JSON output, sources, or code alone.
//!
//! Everything here comes from outside: files are read with limits, every problem is collected, and no file outside of the
//! folder is read.

pub(crate) mod abi;
mod code;
mod common;
mod compile;
mod contract;
mod dispatch;
mod document;
mod folder;
mod read;
mod source_map;
mod storage;

#[cfg(test)]
mod test;

pub use abi::Callable;
pub use code::{Code, Immutable, Link, MOST_CODE};
pub use compile::{Solc, compile};
pub(crate) use contract::of_runtime;
pub use contract::{Artifacts, Contract};
pub use dispatch::selectors;
pub(crate) use read::standard_json;
pub use read::{read, read_with};
pub use source_map::{Jump, Place, Source, SourceMap, Sources, Span};
pub use storage::{StorageLayout, Type, Variable};
