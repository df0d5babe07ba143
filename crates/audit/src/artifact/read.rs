//! Recognises what a build tool left, and reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daotwin_core::Limits;
use daotwin_core::files::read_limited;

use super::abi::{self, clip};
use super::code::{Code, Immutable, Link, LinkReferences, Reference};
use super::common;
use super::compile::Solc;
use super::contract::{self, Artifacts, Contract};
use super::document::{CodeObject, Document, Group, Id, Keys, MetadataField};
use super::folder::{self, Files};
use super::source_map::{Source, SourceMap, Sources};
use super::storage::StorageLayout;
use crate::problems::Problems;
use crate::{Error, Result};

/// Contracts of one build.
const MOST_CONTRACTS: usize = 20_000;
/// Bytes of code of one build: source maps take eight times as much memory.
const MOST_CODE_OF_ALL: usize = 64 << 20;

/// What an audit can be given.
const ALLOWED: &str = "give the folder of a Foundry or Hardhat project that is built (`forge build`, `npx hardhat compile`), an \
                       artifact or a solc Standard-JSON output (`.json`), a source (`.sol`), or a file of hexadecimal code";

/// Reads compiled contracts: a folder (a Foundry or Hardhat project, its `out` or `artifacts`, a Truffle or Waffle build,
/// sources), an artifact, a Standard-JSON output, a `.sol` file, or a file of hexadecimal digits.
///
/// Sources are compiled by [`super::compile`] with what [`Solc::default`] finds.
///
/// # Errors
/// All problems at once: what is no JSON, absurd ABIs and code, links that leave the folder, limits; or that nothing here
/// is a build.
pub fn read(path: &Path, limits: &Limits) -> Result<Artifacts> {
    read_with(path, &Solc::default(), limits)
}

/// Reads compiled contracts as [`read`] does, and compiles sources by this compiler.
///
/// # Errors
/// As [`read`].
pub fn read_with(path: &Path, solc: &Solc, limits: &Limits) -> Result<Artifacts> {
    let mut reader = Reader::new(limits);
    reader.solc = solc.clone();
    if path.is_dir() {
        let files = folder::walk(path, &mut reader.problems)?;
        reader.folder(path, files)?;
    } else {
        reader.file(path)?;
    }
    reader.finish(path)
}

/// Reads a Standard-JSON output. `texts` are the sources, by the compiler's path.
///
/// # Errors
/// As [`read`].
pub(crate) fn standard_json(
    json: &[u8],
    place: &str,
    texts: &BTreeMap<String, Arc<str>>,
    limits: &Limits,
) -> Result<Artifacts> {
    let mut reader = Reader::new(limits);
    match serde_json::from_slice::<Document>(json) {
        Ok(document) => reader.document(document, place, Path::new(place), texts),
        Err(error) => reader.problems.add(broken(place, &error)),
    }
    reader.finish(Path::new(place))
}

struct Reader<'l> {
    limits: &'l Limits,
    solc: Solc,
    problems: Problems,
    contracts: Vec<Contract>,
    /// Contracts of build information, which know more of those above.
    details: Vec<Contract>,
    code: usize,
    /// Numbers of source files, from all files of a folder.
    numbers: BTreeMap<i64, String>,
}

/// One contract as it was found.
#[derive(Default)]
struct Found {
    name: String,
    source: String,
    abi: abi::Items,
    creation: CodeObject,
    runtime: CodeObject,
    storage_layout: Option<StorageLayout>,
    compiler: Option<String>,
}

impl<'l> Reader<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            solc: Solc::default(),
            problems: Problems::new(limits.max_problems),
            contracts: Vec::new(),
            details: Vec::new(),
            code: 0,
            numbers: BTreeMap::new(),
        }
    }

    fn finish(mut self, path: &Path) -> Result<Artifacts> {
        if self.problems.is_empty() && self.contracts.is_empty() && self.details.is_empty() {
            self.problems.add(format!("`{}` holds no compiled contract; {ALLOWED}", path.display()));
        }
        if !self.problems.is_empty() {
            return Err(Error::Artifacts { problems: self.problems.into_lines() });
        }
        if self.contracts.is_empty() {
            self.contracts = std::mem::take(&mut self.details);
        }
        // Build information may be older than the artifacts: it counts where the code is the same.
        let mut known: BTreeMap<&str, Vec<&Contract>> = BTreeMap::new();
        for detail in &self.details {
            known.entry(&detail.name).or_default().push(detail);
        }
        for contract in &mut self.contracts {
            let same = |detail: &&&Contract| {
                detail.creation.bytes == contract.creation.bytes
                    && detail.runtime.bytes == contract.runtime.bytes
            };
            let of_name = known.get(contract.name.as_str());
            let Some(detail) = of_name.and_then(|details| details.iter().find(same)) else { continue };
            if contract.source_map.is_none() {
                contract.source_map.clone_from(&detail.source_map);
                contract.sources = Arc::clone(&detail.sources);
            }
            if contract.storage_layout.is_none() {
                contract.storage_layout.clone_from(&detail.storage_layout);
            }
            if contract.runtime.immutables.is_empty() {
                contract.runtime.immutables.clone_from(&detail.runtime.immutables);
            }
            if contract.compiler.is_none() {
                contract.compiler.clone_from(&detail.compiler);
            }
        }
        Ok(Artifacts::new(self.contracts))
    }

    /// A single file, by its name and content.
    fn file(&mut self, path: &Path) -> Result<()> {
        let place = path.display().to_string();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if extension == "sol" {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let base = folder::project_of(path).or(folder.map(Path::to_path_buf));
            return self.sources(base.as_deref().unwrap_or(Path::new(".")), &[path.to_path_buf()]);
        }
        let bytes = read_limited(path, self.limits.max_file_bytes)?;
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first.is_none() {
            self.problems.add(format!("`{place}` is empty; {ALLOWED}"));
            return Ok(());
        }
        if extension == "json" || first == Some(&b'{') {
            match serde_json::from_slice::<Document>(&bytes) {
                Ok(document) => {
                    let texts = BTreeMap::new();
                    self.document(document, &place, path, &texts);
                }
                Err(error) => self.problems.add(broken(&place, &error)),
            }
            return Ok(());
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("contract");
        let text = match digits(&bytes) {
            Ok(text) => text,
            Err(seen) => {
                self.problems
                    .add(format!("`{place}` is neither JSON nor hexadecimal code: {seen}; {ALLOWED}"));
                return Ok(());
            }
        };
        match Code::parse(text) {
            Ok(code) if !code.is_empty() => self.contracts.push(bare(name, code)),
            Ok(_) => self.problems.add(format!("`{place}` holds no code; {ALLOWED}")),
            Err(problem) => self
                .problems
                .add(format!("{place}: {problem}; write the file anew, with hexadecimal digits alone")),
        }
        Ok(())
    }

    /// All files of a folder.
    fn folder(&mut self, root: &Path, files: Files) -> Result<()> {
        let texts = BTreeMap::new();
        for path in &files.json {
            let place = path.strip_prefix(root).unwrap_or(path).display().to_string();
            let bytes = match read_limited(path, self.limits.max_file_bytes) {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.problems.add(error.to_string());
                    continue;
                }
            };
            match serde_json::from_slice::<Document>(&bytes) {
                Ok(document) => self.document(document, &place, path, &texts),
                // Many files of a project are JSON and no artifacts; what is no JSON at all is none of them.
                Err(error) => {
                    let meant = serde_json::from_slice::<Keys>(&bytes);
                    if error.is_syntax() || error.is_eof() || meant.is_ok_and(|keys| keys.artifact()) {
                        self.problems.add(broken(&place, &error));
                    }
                }
            }
        }
        if self.contracts.is_empty() && self.details.is_empty() && self.problems.is_empty() {
            for path in &files.code {
                self.file(path)?;
            }
        }
        if self.contracts.is_empty()
            && self.details.is_empty()
            && self.problems.is_empty()
            && !files.sol.is_empty()
        {
            return self.sources(root, &files.sol);
        }
        // Foundry's artifacts tell the number of their own source only: together they tell all.
        let project = folder::project_of(root).unwrap_or_else(|| root.to_path_buf());
        let numbers = std::mem::take(&mut self.numbers);
        let shared: Sources = numbers
            .into_iter()
            .map(|(number, path)| {
                let text = folder::text(&project, &path, self.limits)
                    .or_else(|| folder::text(root, &path, self.limits));
                (number, Source::new(path, text))
            })
            .collect();
        let shared = Arc::new(shared);
        for contract in &mut self.contracts {
            if contract.source_map.is_some() && contract.sources.is_empty() {
                contract.sources = Arc::clone(&shared);
            }
        }
        Ok(())
    }

    fn sources(&mut self, base: &Path, files: &[PathBuf]) -> Result<()> {
        let found = super::compile(base, files, &self.solc, self.limits)?;
        self.contracts.extend(found.contracts.iter().map(|contract| (**contract).clone()));
        Ok(())
    }

    /// One JSON file, whatever it is; nothing where it is no artifact.
    fn document(
        &mut self,
        mut document: Document,
        place: &str,
        path: &Path,
        texts: &BTreeMap<String, Arc<str>>,
    ) {
        for (number, path) in document.source_id_to_path.take().into_iter().flatten() {
            if let Ok(number) = number.parse() {
                self.numbers.insert(number, path);
            }
        }
        if let Some(mut output) = document.output.take() {
            let inputs = document.input.take().unwrap_or_default().sources;
            let texts = inputs
                .into_iter()
                .filter_map(|(path, source)| Some((path, Arc::from(source.content?.as_str()))))
                .collect();
            for contract in self.outputs(&mut output, place, path, &texts) {
                self.details.push(match document.solc_version.clone() {
                    Some(version) => Contract { compiler: Some(version), ..contract },
                    None => contract,
                });
            }
        } else if document.contracts.is_some() || document.errors.is_some() {
            let contracts = self.outputs(&mut document, place, path, texts);
            self.contracts.extend(contracts);
        } else if document.abi.is_some()
            && (document.bytecode.is_some() || document.deployed_bytecode.is_some() || document.evm.is_some())
        {
            let contract = self.single(document, place, path);
            self.contracts.extend(contract);
        }
    }

    /// A Standard-JSON output.
    fn outputs(
        &mut self,
        document: &mut Document,
        place: &str,
        path: &Path,
        texts: &BTreeMap<String, Arc<str>>,
    ) -> Vec<Contract> {
        for message in document.errors.iter().flatten().filter(|message| message.severity == "error") {
            let text = message.formatted_message.as_ref().unwrap_or(&message.message);
            self.problems.add(format!("{place}: {}", text.trim()));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let listed = document.source_list.take().into_iter().flatten().enumerate();
        let mut paths: BTreeMap<i64, String> = listed.map(|(number, path)| (number as i64, path)).collect();
        let told = document.sources.take().into_iter().flatten();
        paths.extend(told.filter_map(|(path, source)| Some((source.id?, path))));
        let sources: Sources = paths
            .into_iter()
            .map(|(number, path)| {
                let text = texts.get(&path).cloned().or_else(|| folder::text(folder, &path, self.limits));
                (number, Source::new(path, text))
            })
            .collect();
        let sources = Arc::new(sources);
        let version = document.compiler.take().and_then(|compiler| compiler.version);
        let mut contracts = Vec::new();
        for (source, group) in document.contracts.take().into_iter().flatten() {
            let outputs = match group {
                Group::Source(outputs) => {
                    outputs.into_iter().map(|(name, output)| (source.clone(), name, output)).collect()
                }
                Group::One(output) => {
                    let (source, name) = source.rsplit_once(':').unwrap_or(("", &source));
                    vec![(source.to_owned(), name.to_owned(), *output)]
                }
            };
            for (source, name, output) in outputs {
                let evm = output.evm.unwrap_or_default();
                let object = |object: Option<String>, source_map| CodeObject {
                    object: object.unwrap_or_default(),
                    source_map,
                    ..CodeObject::default()
                };
                let found = Found {
                    source,
                    name,
                    abi: output.abi.unwrap_or_default(),
                    creation: evm.bytecode.unwrap_or_else(|| object(output.bin, None)),
                    runtime: evm
                        .deployed_bytecode
                        .unwrap_or_else(|| object(output.bin_runtime, output.srcmap_runtime)),
                    storage_layout: output.storage_layout,
                    compiler: version
                        .clone()
                        .or_else(|| output.metadata.and_then(|field| field.into_metadata().compiler.version)),
                };
                if let Some(contract) = self.contract(found, place) {
                    contracts.push(Contract { sources: Arc::clone(&sources), ..contract });
                }
            }
        }
        contracts
    }

    /// An artifact of one contract.
    fn single(&mut self, mut document: Document, place: &str, path: &Path) -> Option<Contract> {
        let metadata = document.metadata.take().map(MetadataField::into_metadata).unwrap_or_default();
        let target = metadata.settings.compilation_target.into_iter().next();
        let (source, name) = target.unzip();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        // `Name.0.8.20.json` is what Foundry writes for a second compiler.
        let stem = stem.split('.').next().unwrap_or_default();
        // `out/Token.sol/Token.json` tells the file's name where nothing else does.
        let above = path.parent().and_then(|folder| folder.file_name()).and_then(|name| name.to_str());
        let above = above
            .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "sol"))
            .map(str::to_owned);
        let source =
            document.source_name.take().or(source).or_else(|| document.source_path.clone()).or(above);
        let source = source.unwrap_or_default();
        if let Some(Id::Number(number)) = document.id {
            self.numbers.insert(number, source.clone());
        }
        let evm = document.evm.take().unwrap_or_default();
        let code = |field: Option<super::document::CodeField>, evm: Option<CodeObject>| {
            let field = field.map(super::document::CodeField::into_object).unwrap_or_default();
            // Waffle writes both, the second with its link references.
            match evm {
                Some(evm) if !evm.object.is_empty() => evm,
                _ => field,
            }
        };
        let mut creation = code(document.bytecode.take(), evm.bytecode);
        let mut runtime = code(document.deployed_bytecode.take(), evm.deployed_bytecode);
        creation.link_references = creation.link_references.or(document.link_references.take());
        runtime.link_references = runtime.link_references.or(document.deployed_link_references.take());
        runtime.immutable_references = runtime.immutable_references.or(document.immutable_references.take());
        creation.source_map = creation.source_map.or(document.source_map.take());
        runtime.source_map = runtime.source_map.or(document.deployed_source_map.take());
        let found = Found {
            name: document.contract_name.take().or(name).unwrap_or_else(|| stem.to_owned()),
            source: source.clone(),
            abi: document.abi.take().unwrap_or_default(),
            creation,
            runtime,
            storage_layout: document.storage_layout.take(),
            compiler: metadata
                .compiler
                .version
                .or(document.compiler.take().and_then(|compiler| compiler.version)),
        };
        let mut contract = self.contract(found, place)?;
        // Truffle compiles many files and keeps the text of one; its own spans name it by a number of that build.
        if let Some(text) = document.source.take()
            && let Some(map) = &contract.source_map
        {
            let mut spans: BTreeMap<i64, usize> = BTreeMap::new();
            for (_, span) in map.places() {
                *spans.entry(span.file).or_default() += 1;
            }
            let own = spans.into_iter().filter(|(file, _)| *file >= 0).max_by_key(|(_, count)| *count);
            let own = own.map(|(file, _)| (file, Source::new(source, Some(Arc::from(text)))));
            contract.sources = Arc::new(own.into_iter().collect());
        }
        Some(contract)
    }

    /// Checks what was found; every problem is kept.
    fn contract(&mut self, found: Found, place: &str) -> Option<Contract> {
        if self.contracts.len() + self.details.len() >= MOST_CONTRACTS {
            if self.contracts.len() + self.details.len() == MOST_CONTRACTS {
                self.problems.add(format!("more than {MOST_CONTRACTS} contracts, the limit"));
            }
            return None;
        }
        let before = self.problems.len();
        let named = format!("{place}: contract `{}`", clip(&found.name));
        let (abi, functions) = abi::read(found.abi, &named, &mut self.problems);
        let mut code = |object: &CodeObject, what: &str| {
            let none = LinkReferences::new();
            let links = object.link_references.as_ref().unwrap_or(&none);
            Code::with_links(&object.object, links).unwrap_or_else(|problem| {
                self.problems.add(format!("{named}: {what} code: {problem}"));
                Code::default()
            })
        };
        let creation = code(&found.creation, "creation");
        let mut runtime = code(&found.runtime, "runtime");
        match immutables(found.runtime.immutable_references.as_ref(), runtime.bytes.len()) {
            Ok(immutables) => runtime.immutables = immutables,
            Err(problem) => self.problems.add(format!("{named}: {problem}")),
        }
        self.code = self.code.saturating_add(creation.bytes.len() + runtime.bytes.len());
        if self.code > MOST_CODE_OF_ALL {
            self.problems
                .add(format!("{named}: with it there are more than {MOST_CODE_OF_ALL} bytes of code"));
        }
        let map = found.runtime.source_map.filter(|map| !map.is_empty() && !runtime.is_empty());
        let map = map.map(|map| SourceMap::parse(&map, &runtime.bytes)).transpose();
        let source_map = map.unwrap_or_else(|problem| {
            self.problems.add(format!("{named}: {problem}"));
            None
        });
        if let Some(Err(problem)) = found.storage_layout.as_ref().map(StorageLayout::check) {
            self.problems.add(format!("{named}: {problem}"));
        }
        (self.problems.len() == before).then(|| Contract {
            name: found.name,
            source: found.source,
            abi,
            functions,
            creation,
            runtime,
            source_map,
            sources: Arc::default(),
            storage_layout: found.storage_layout.filter(|layout| !layout.storage.is_empty()),
            compiler: found.compiler,
        })
    }
}

/// JSON that cannot be read, with what to do about it.
fn broken(place: &str, error: &serde_json::Error) -> String {
    let fix = if error.is_eof() {
        "the file is cut off; build the project again"
    } else if error.is_syntax() {
        "this is no JSON; build the project again, or name its build folder"
    } else {
        "no compiler writes it so; build the project again"
    };
    format!("{place}: {error}: {fix}")
}

/// A file as text, if it begins as code does: with `0x`, digits, or the hole of a library. Else what stands there, with its place.
fn digits(bytes: &[u8]) -> std::result::Result<&str, String> {
    /// Letters that must be digits.
    const BEGINNING: usize = 16;
    let Ok(text) = std::str::from_utf8(bytes) else { return Err("it is no text".to_owned()) };
    let begun = text.trim_start();
    let skipped = text.len() - begun.len();
    if begun.starts_with("0x") {
        return Ok(text);
    }
    let strange = begun
        .char_indices()
        .take(BEGINNING)
        .take_while(|(_, letter)| *letter != '_')
        .find(|(_, letter)| !letter.is_ascii_hexdigit() && !letter.is_ascii_whitespace());
    match strange {
        None => Ok(text),
        Some((at, letter)) => {
            let before = &text[..skipped + at];
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
            Err(format!("`{}` in line {line}, column {column}", letter.escape_debug()))
        }
    }
}

/// Places of immutables, ascending.
fn immutables(
    references: Option<&BTreeMap<String, Vec<Reference>>>,
    code: usize,
) -> std::result::Result<Vec<Immutable>, String> {
    let mut places = Vec::new();
    for reference in references.into_iter().flat_map(BTreeMap::values).flatten() {
        if reference.start.checked_add(reference.length).is_none_or(|end| end > code)
            || places.len() >= 65_536
        {
            return Err(format!("an immutable at byte {} of {code} bytes of runtime code", reference.start));
        }
        places.push(Immutable { offset: reference.start, length: reference.length });
    }
    places.sort_unstable();
    Ok(places)
}

/// Code alone: runtime code, which gets creation code that leaves it, or creation code where runtime code is seen in it.
fn bare(name: &str, code: Code) -> Contract {
    /// Places at which runtime code is looked for.
    const MOST_PLACES: usize = 64;
    let known = common::functions();
    let direct = contract::of_runtime(name, code.clone(), &known);
    if direct.functions.is_empty() {
        // The runtime code begins with a prologue of its own: the free memory pointer is set, or the selector is read.
        let begins =
            |code: &[u8]| matches!(code, [0x60, _, 0x60, 0x40, 0x52, ..] | [0x5f | 0x60, 0x35 | 0x00, ..]);
        let places = (1..code.bytes.len()).filter(|at| begins(&code.bytes[*at..])).take(MOST_PLACES);
        for at in places {
            let runtime = Code { bytes: code.bytes[at..].to_vec(), ..Code::default() };
            let within = contract::of_runtime(name, runtime, &known);
            if !within.functions.is_empty() {
                return Contract { creation: code, runtime: Code::default(), ..within };
            }
        }
    }
    // PUSH3 length, DUP1, PUSH1 13, PUSH1 0, CODECOPY, PUSH1 0, RETURN: what every hard fork knows.
    let length = (code.bytes.len() as u32).to_be_bytes();
    let mut bytes = vec![0x62, length[1], length[2], length[3], 0x80, 0x60, 13, 0x60, 0, 0x39, 0x60, 0, 0xf3];
    let creation = code.bytes.iter().copied();
    bytes.extend(creation);
    let shifted = |link: &Link| Link {
        library: link.library.clone(),
        offsets: link.offsets.iter().map(|offset| offset + 13).collect(),
    };
    let links = code.links.iter().map(shifted).collect();
    Contract { creation: Code { bytes, links, immutables: Vec::new() }, ..direct }
}
