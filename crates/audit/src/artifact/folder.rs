//! The files of a build folder, none outside of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use daotwin_core::{Error, Limits};

use crate::problems::Problems;

/// Files and folders looked at.
const MOST_ENTRIES: usize = 200_000;
/// Folders within folders.
const MOST_DEPTH: usize = 24;
/// Files that mark the folder of a project.
const MARKS: [&str; 8] = [
    "foundry.toml",
    "hardhat.config.js",
    "hardhat.config.ts",
    "hardhat.config.cjs",
    "hardhat.config.mjs",
    "truffle-config.js",
    "truffle.js",
    "waffle.json",
];
/// Where the tools of those projects put what they build.
const BUILDS: [&str; 4] = ["out", "artifacts", "build/contracts", "build"];
/// Folders of a project that hold no build of its own.
const NOT_OURS: [&str; 6] = ["node_modules", "cache", "cache_forge", "broadcast", "typechain-types", "test"];

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// JSON files.
    pub(super) json: Vec<PathBuf>,
    /// Files of hexadecimal digits.
    pub(super) code: Vec<PathBuf>,
    /// Solidity sources.
    pub(super) sol: Vec<PathBuf>,
}

/// Lists the files of a folder, of a project those of its build, in order of their paths. Links are followed where they
/// stay within the folder.
pub(super) fn walk(root: &Path, problems: &mut Problems) -> Result<Files, Error> {
    let mut files = Files::default();
    let project = MARKS.iter().any(|mark| root.join(mark).is_file());
    let build = BUILDS.iter().map(|name| root.join(name)).find(|folder| project && folder.is_dir());
    let built = build.is_some();
    let root = build.unwrap_or_else(|| root.to_path_buf());
    let io = |source| Error::Io { action: "read", path: root.clone(), source };
    let canonical = fs::canonicalize(&root).map_err(io)?;
    let mut walk = Walk { root: canonical.clone(), entries: 0, seen: BTreeSet::from([canonical]), problems };
    walk.folder(&root, 0, project && !built, &mut files)?;
    Ok(files)
}

struct Walk<'p> {
    root: PathBuf,
    entries: usize,
    /// Folders already read, for links that lead back.
    seen: BTreeSet<PathBuf>,
    problems: &'p mut Problems,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize, sources: bool, files: &mut Files) -> Result<(), Error> {
        let io = |source| Error::Io { action: "read", path: folder.to_path_buf(), source };
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(io)? {
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                self.problems.add(format!(
                    "`{}` holds more than {MOST_ENTRIES} files and folders, the limit; name the build folder itself",
                    self.root.display()
                ));
                return Ok(());
            }
            entries.push(entry.map_err(io)?);
        }
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if self.entries > MOST_ENTRIES {
                return Ok(());
            }
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let mut kind = entry.file_type().map_err(io)?;
            if name.starts_with('.') {
                continue;
            }
            if kind.is_symlink() {
                // A link to nothing is not ours to judge.
                let Ok(target) = fs::canonicalize(&path) else { continue };
                if !target.starts_with(&self.root) {
                    if !NOT_OURS.contains(&&*name) {
                        self.problems.add(format!(
                            "`{}` is a link out of the folder; it is not followed",
                            path.display()
                        ));
                    }
                    continue;
                }
                let Ok(metadata) = fs::metadata(&target) else { continue };
                kind = metadata.file_type();
            }
            if kind.is_dir() {
                let Ok(canonical) = fs::canonicalize(&path) else { continue };
                if NOT_OURS.contains(&&*name) || (sources && name == "lib") || !self.seen.insert(canonical) {
                    continue;
                }
                if depth >= MOST_DEPTH {
                    self.problems
                        .add(format!("`{}` lies more than {MOST_DEPTH} folders deep", path.display()));
                    continue;
                }
                self.folder(&path, depth + 1, sources, files)?;
            } else if kind.is_file() {
                let ends = |ending: &str| name.ends_with(ending);
                if ends(".json")
                    && !ends(".dbg.json")
                    && name != "package.json"
                    && name != "package-lock.json"
                {
                    files.json.push(path);
                } else if ends(".hex") || ends(".bin") || ends(".evm") {
                    files.code.push(path);
                } else if ends(".sol") && !ends(".t.sol") && !ends(".s.sol") {
                    files.sol.push(path);
                }
            }
        }
        Ok(())
    }
}

/// The folder of the project that a path belongs to.
pub(super) fn project_of(path: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    let marked = |folder: &&Path| MARKS.iter().any(|mark| folder.join(mark).is_file());
    path.ancestors().take(8).find(marked).map(Path::to_path_buf)
}

/// The text of a source file, where it lies within the folder.
pub(super) fn text(folder: &Path, path: &str, limits: &Limits) -> Option<Arc<str>> {
    let path = Path::new(path);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder = fs::canonicalize(folder).ok()?;
    if path.components().any(|component| component == Component::ParentDir) {
        return None;
    }
    // A library of npm is named without the folder that it lies in.
    let file = [folder.join(path), folder.join("node_modules").join(path)];
    let file = file.iter().find_map(|file| fs::canonicalize(file).ok())?;
    if !file.starts_with(&folder) || !file.is_file() {
        return None;
    }
    let bytes = daotwin_core::files::read_limited(&file, limits.max_cell_bytes).ok()?;
    String::from_utf8(bytes).ok().map(Arc::from)
}
