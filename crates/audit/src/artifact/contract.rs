//! A compiled contract, and all that a build left.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_json_abi::{Function, JsonAbi};
use alloy_primitives::Selector;
use daotwin_core::names::nearest;

use super::abi::Callable;
use super::code::{Code, same_path};
use super::dispatch;
use super::source_map::{Place, SourceMap, Sources, Span};
use super::storage::StorageLayout;
use crate::{Error, Result};

/// A compiled contract.
#[derive(Debug, Clone, Default)]
pub struct Contract {
    /// Its name.
    pub name: String,
    /// The path of its source as the compiler knew it; empty where it is not known.
    pub source: String,
    /// What it declares.
    pub abi: JsonAbi,
    /// Its functions, by signature. Of code without an ABI those of its dispatcher.
    pub functions: Vec<Callable>,
    /// The code that makes it; empty for interfaces and abstract contracts.
    pub creation: Code,
    /// The code that it has then, but for immutables; empty where only `creation` is known.
    pub runtime: Code,
    /// Where each instruction of `runtime` comes from.
    pub source_map: Option<SourceMap>,
    /// The files that `source_map` speaks of.
    pub sources: Arc<Sources>,
    /// Where its variables lie.
    pub storage_layout: Option<StorageLayout>,
    /// The version of its compiler.
    pub compiler: Option<String>,
}

impl Contract {
    /// Whether it can be deployed.
    pub fn deployable(&self) -> bool {
        !self.creation.is_empty()
    }

    /// Source and name, `src/Token.sol:Token`; the name alone where no source is known.
    pub fn full_name(&self) -> String {
        if self.source.is_empty() { self.name.clone() } else { format!("{}:{}", self.source, self.name) }
    }

    /// Whether it takes ether without a function being called.
    pub fn receives(&self) -> bool {
        let payable = |fallback: &alloy_json_abi::Fallback| {
            fallback.state_mutability == alloy_json_abi::StateMutability::Payable
        };
        self.abi.receive.is_some() || self.abi.fallback.as_ref().is_some_and(payable)
    }

    /// The functions of a name.
    pub fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Callable> {
        self.functions.iter().filter(move |callable| {
            callable
                .function
                .as_ref()
                .map_or_else(|| callable.name() == name, |function| function.name == name)
        })
    }

    /// The function of a selector.
    pub fn function(&self, selector: Selector) -> Option<&Callable> {
        self.functions.iter().find(|callable| callable.selector == selector)
    }

    /// Where in its source the instruction at this place of the runtime code comes from; none for code that the compiler
    /// made on its own, or without source map or text.
    pub fn place(&self, pc: usize) -> Option<Place<'_>> {
        self.place_of(self.source_map.as_ref()?.at(pc)?)
    }

    fn place_of(&self, span: Span) -> Option<Place<'_>> {
        let source = self.sources.get(&span.file)?;
        let last = span.start.checked_add(span.length.saturating_sub(1))?;
        Some(Place { file: &source.path, line: source.line(span.start)?, last_line: source.line(last)? })
    }

    /// The part of the source that the instruction at this place of the runtime code comes from.
    pub fn snippet(&self, pc: usize) -> Option<&str> {
        let span = self.source_map.as_ref()?.at(pc)?;
        let text = self.sources.get(&span.file)?.text.as_deref()?;
        text.get(span.start..span.start.checked_add(span.length)?)
    }

    /// Every place of the runtime code that has a line, ascending: what a report of covered lines is made from. Spans that
    /// hold a whole contract or function say nothing about a line and are left out.
    pub fn lines(&self) -> Vec<(usize, Place<'_>)> {
        let places = self.source_map.iter().flat_map(SourceMap::places);
        places
            .filter(|(_, span)| {
                let text = self.sources.get(&span.file).and_then(|source| source.text.as_deref());
                let text = text.and_then(|text| text.get(span.start..)).unwrap_or_default();
                let declares =
                    ["contract ", "abstract ", "library ", "function ", "constructor", "modifier "];
                !declares.iter().any(|word| text.starts_with(word))
            })
            .filter_map(|(pc, span)| Some((pc, self.place_of(span)?)))
            .collect()
    }
}

/// What a build left.
#[derive(Debug, Clone, Default)]
pub struct Artifacts {
    /// The contracts, by source and name.
    pub contracts: Vec<Arc<Contract>>,
}

impl Artifacts {
    /// Sorts contracts, and leaves out those that are there twice.
    pub(super) fn new(mut contracts: Vec<Contract>) -> Self {
        let key = |contract: &Contract| (contract.source.clone(), contract.name.clone());
        contracts.sort_by_cached_key(key);
        contracts.dedup_by(|next, kept| {
            let same = key(next) == key(kept) && next.creation == kept.creation;
            // Of the same contract from two files the one that knows more stays.
            if same && kept.source_map.is_none() && next.source_map.is_some() {
                std::mem::swap(next, kept);
            }
            same
        });
        Self { contracts: contracts.into_iter().map(Arc::new).collect() }
    }

    /// The contract of a name, or of `path.sol:Name` where several files have one of that name. Of several that only one
    /// of can be deployed, that.
    ///
    /// # Errors
    /// Where there is none, with what was probably meant; where there are several, with their full names.
    pub fn find(&self, name: &str) -> Result<&Arc<Contract>> {
        let (path, short) = name.rsplit_once(':').map_or((None, name), |(path, name)| (Some(path), name));
        let mut found: Vec<&Arc<Contract>> = self
            .contracts
            .iter()
            .filter(|contract| contract.name == short)
            .filter(|contract| path.is_none_or(|path| same_path(&contract.source, path)))
            .collect();
        if found.iter().any(|contract| contract.deployable()) {
            found.retain(|contract| contract.deployable());
        }
        match found[..] {
            [contract] => Ok(contract),
            [] => {
                let names = || self.contracts.iter().map(|contract| contract.name.as_str());
                let hint = match nearest(short, names()) {
                    Some(near) if near != short => format!("; did you mean `{near}`?"),
                    _ => {
                        let mut names: Vec<&str> = names().take(20).collect();
                        names.dedup();
                        format!("; there are `{}`", names.join("`, `"))
                    }
                };
                Err(Error::Contract { message: format!("there is no contract `{name}`{hint}") })
            }
            _ => {
                let names: Vec<String> = found.iter().map(|contract| contract.full_name()).collect();
                let message =
                    format!("several contracts are named `{name}`: say which, `{}`", names.join("` or `"));
                Err(Error::Contract { message })
            }
        }
    }

    /// The contract whose runtime code is on a chain at some address, whatever its immutables and libraries.
    pub fn of_code(&self, deployed: &[u8]) -> Option<&Arc<Contract>> {
        self.contracts.iter().find(|contract| contract.runtime.is_source_of(deployed))
    }

    /// Every function that some contract declares, by selector.
    pub fn declared(&self) -> BTreeMap<Selector, Function> {
        let functions = self.contracts.iter().flat_map(|contract| &contract.functions);
        functions.filter_map(|callable| Some((callable.selector, callable.function.clone()?))).collect()
    }
}

/// A contract of which nothing is known but its runtime code: its functions are those that its dispatcher compares with,
/// with the names and types of those declarations that have the same selectors.
pub(crate) fn of_runtime(name: &str, code: Code, known: &BTreeMap<Selector, Function>) -> Contract {
    let functions = dispatch::callables(&code.bytes, known);
    let mut abi = JsonAbi::new();
    for function in functions.iter().filter_map(|callable| callable.function.clone()) {
        abi.functions.entry(function.name.clone()).or_default().push(function);
    }
    Contract { name: name.to_owned(), functions, abi, runtime: code, ..Contract::default() }
}
