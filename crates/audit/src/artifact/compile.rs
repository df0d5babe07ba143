//! Sources to contracts, by Solidity's own compiler: Standard-JSON in and out, whichever way it is run.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use daotwin_core::Limits;
use daotwin_core::files::read_limited;
use serde_json::json;

use super::contract::Artifacts;
use super::read::standard_json;
use crate::{Error, Result};

/// Runs the compiler of npm's package `solc`.
const DRIVER: &str = include_str!("solc.js");
/// Files of one compilation, imports not counted.
const MOST_FILES: usize = 2_000;

/// Which compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solc {
    /// A native compiler; where none, `solc` on the path, and where that is not there, node with npm's package.
    pub program: Option<PathBuf>,
    /// npm's package, or another name that it is installed by.
    pub package: String,
    /// How long it may take.
    pub limit: Duration,
}

impl Default for Solc {
    fn default() -> Self {
        Self { program: None, package: "solc".to_owned(), limit: Duration::from_mins(10) }
    }
}

/// Compiles Solidity sources, optimised for 200 runs, with imports from the folder `base`, its `node_modules` and Foundry's
/// remappings.
///
/// # Errors
/// What the compiler says; that there is none; limits.
pub fn compile(base: &Path, files: &[PathBuf], solc: &Solc, limits: &Limits) -> Result<Artifacts> {
    if files.len() > MOST_FILES {
        let message = format!("{} sources; at most {MOST_FILES} are compiled at once", files.len());
        return Err(Error::Compiler { message });
    }
    let canonical = |path: &Path| {
        std::fs::canonicalize(path).map_err(|source| daotwin_core::Error::Io {
            action: "read",
            path: path.to_path_buf(),
            source,
        })
    };
    let base = canonical(base)?;
    let mut texts: BTreeMap<String, Arc<str>> = BTreeMap::new();
    for file in files {
        let path = canonical(file)?;
        let Ok(relative) = path.strip_prefix(&base) else {
            return Err(Error::Compiler {
                message: format!("`{}` lies outside of its project", file.display()),
            });
        };
        let bytes = read_limited(&path, limits.max_cell_bytes)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::Compiler { message: format!("`{}` is not UTF-8", file.display()) })?;
        texts.insert(relative.to_string_lossy().replace('\\', "/"), Arc::from(text));
    }
    let sources: serde_json::Map<String, serde_json::Value> =
        texts.iter().map(|(path, text)| (path.clone(), json!({"content": &**text}))).collect();
    let input = json!({
        "language": "Solidity",
        "sources": sources,
        "settings": {
            "optimizer": {"enabled": true, "runs": 200},
            "remappings": remappings(&base, limits),
            "outputSelection": {"*": {"*": [
                "abi", "metadata", "storageLayout", "evm.bytecode.object", "evm.bytecode.linkReferences",
                "evm.deployedBytecode.object", "evm.deployedBytecode.sourceMap",
                "evm.deployedBytecode.linkReferences", "evm.deployedBytecode.immutableReferences",
            ]}},
        },
    });
    let output = run(&base, &input.to_string(), solc, limits)?;
    let place = match files {
        [file] => file.display().to_string(),
        _ => base.display().to_string(),
    };
    // Imports are read by the compiler: their texts are looked for where it found them.
    let found = standard_json(&output, &base.join("*").display().to_string(), &texts, limits);
    found.map_err(|error| match error {
        Error::Artifacts { problems } => {
            let text = problems.join("\n").replace(&format!("{}: ", base.join("*").display()), "");
            let hint = if text.contains("requires different compiler version") {
                "\ninstall the version that the source asks for (`npm install solc@VERSION`), or name a native compiler"
            } else {
                ""
            };
            Error::Compiler { message: format!("{place} does not compile:\n{text}{hint}") }
        }
        other => other,
    })
}

/// Runs the compiler on an input.
fn run(base: &Path, input: &str, solc: &Solc, limits: &Limits) -> Result<Vec<u8>> {
    let includes: Vec<PathBuf> = base
        .ancestors()
        .take(8)
        .map(|folder| folder.join("node_modules"))
        .filter(|folder| folder.is_dir())
        .collect();
    let native = |program: &Path| {
        let mut command = Command::new(program);
        command.arg("--standard-json").arg("--base-path").arg(base);
        for include in &includes {
            command.arg("--include-path").arg(include);
        }
        command
    };
    let node = || {
        let mut command = Command::new("node");
        // With `--eval` the first argument is where a script's name would be.
        command.args(["--eval", DRIVER, "--", "solc.js", "--solc-package", &solc.package]);
        command.arg("--base-path").arg(base);
        for include in &includes {
            command.arg("--include-path").arg(include);
        }
        command
    };
    let mut commands = match &solc.program {
        Some(program) => vec![native(program)],
        None => vec![native(Path::new("solc")), node()],
    };
    for command in &mut commands {
        command.current_dir(base).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match command.spawn() {
            Ok(child) => return talk(child, input, solc.limit, limits),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && solc.program.is_none() => {}
            Err(error) => {
                let program = Path::new(command.get_program()).display().to_string();
                return Err(Error::Compiler { message: format!("cannot start `{program}`: {error}") });
            }
        }
    }
    Err(Error::Compiler {
        message: "there is no Solidity compiler: neither `solc` nor `node` is on the path; install one, or \
                  `npm install solc` beside node"
            .to_owned(),
    })
}

/// Gives a compiler its input, and takes its output, within the limits.
fn talk(mut child: Child, input: &str, limit: Duration, limits: &Limits) -> Result<Vec<u8>> {
    let most = limits.max_file_bytes;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(Error::Compiler { message: "the compiler has no pipes".to_owned() });
    };
    let failed = |error: std::io::Error| Error::Compiler { message: format!("the compiler: {error}") };
    let start = Instant::now();
    let (status, output, said) = std::thread::scope(|scope| {
        // A compiler that reads nothing closes its input: then its answer says why.
        scope.spawn(move || _ = stdin.write_all(input.as_bytes()));
        let read = |pipe: &mut dyn Read, most: u64| {
            let mut bytes = Vec::new();
            pipe.take(most.saturating_add(1)).read_to_end(&mut bytes).map(|_| bytes)
        };
        let output = scope.spawn(move || {
            let mut stdout = stdout;
            read(&mut stdout, most)
        });
        let said = scope.spawn(move || {
            let mut stderr = stderr;
            read(&mut stderr, 1 << 16)
        });
        let mut silent = None;
        let status = loop {
            if output.is_finished() {
                silent = silent.or_else(|| Some(Instant::now()));
            }
            // One whose output is over, or too long to be read on, has a moment to end.
            let over = silent.is_some_and(|since: Instant| since.elapsed() > Duration::from_secs(5));
            match child.try_wait() {
                Ok(Some(status)) => break Ok(Some(status)),
                Ok(None) if start.elapsed() > limit || over => {
                    child.kill().ok();
                    child.wait().ok();
                    break Ok(None);
                }
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => break Err(error),
            }
        };
        (status, output.join(), said.join())
    });
    let lost = || Error::Compiler { message: "what the compiler said was lost".to_owned() };
    let output = output.map_err(|_| lost())?.map_err(failed)?;
    let said = String::from_utf8_lossy(&said.map_err(|_| lost())?.map_err(failed)?).trim().to_owned();
    match status.map_err(failed)? {
        None if start.elapsed() > limit => Err(Error::Compiler {
            message: format!("the compiler took more than {} seconds", limit.as_secs()),
        }),
        _ if output.len() as u64 > most => Err(daotwin_core::Error::Limit {
            what: "what the compiler said, in bytes,".to_owned(),
            limit: "max_file_bytes",
            found: output.len() as u64,
            allowed: most,
        }
        .into()),
        status if !status.is_some_and(|status| status.success()) || output.is_empty() => {
            Err(Error::Compiler { message: format!("the compiler failed: {said}") })
        }
        _ => {
            // npm's compiler writes warnings of its own before the JSON.
            let begin = output.iter().position(|byte| *byte == b'{').unwrap_or_default();
            Ok(output[begin..].to_vec())
        }
    }
}

/// What Foundry maps imports to: `remappings.txt`, and `remappings` of `foundry.toml`'s default profile.
fn remappings(base: &Path, limits: &Limits) -> Vec<String> {
    let text = |name: &str| {
        let bytes = read_limited(&base.join(name), limits.max_cell_bytes).ok()?;
        String::from_utf8(bytes).ok()
    };
    let mut found: Vec<String> = text("remappings.txt")
        .iter()
        .flat_map(|text| text.lines())
        .map(str::trim)
        .filter(|line| line.contains('=') && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let table = text("foundry.toml").and_then(|text| text.parse::<toml::Table>().ok());
    let list =
        table.as_ref().and_then(|table| table.get("profile")?.get("default")?.get("remappings")?.as_array());
    found.extend(list.into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)));
    found
}
