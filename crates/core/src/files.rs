//! Files that appear whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// What is being written now and has not got its name yet.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished(change: impl FnOnce(&mut BTreeSet<PathBuf>)) {
    change(&mut UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner));
}

/// Removes every unfinished file and folder of this process. Only for a process that is about to end while
/// other threads still write: what they hold loses its name, and their later commits fail.
pub fn abandon() {
    unfinished(|paths| {
        for path in std::mem::take(paths) {
            // A writer may add a file while the folder is being emptied; the second round gets it.
            for _ in 0..3 {
                if fs::remove_file(&path).is_ok() || fs::remove_dir_all(&path).is_ok() {
                    break;
                }
            }
        }
    });
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io { action, path, source }
}

/// The folder that holds `path`; the current folder for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename in `folder` durable.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(io("sync", folder))
}

fn partial_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(std::ffi::OsStr::to_os_string).unwrap_or_default();
    name.push(format!(".{}.partial", std::process::id()));
    parent(path).join(name)
}

#[expect(clippy::disallowed_methods, reason = "this is the function the others are sent to")]
fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(io("create", to))?;
    sync_folder(parent(to))
}

/// Writes `bytes` to `path`: a temporary sibling, fsync, rename, fsync of the folder.
///
/// # Errors
/// [`Error::Io`] naming the file; the temporary sibling is removed.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic_write_with(path, |file| file.write_all(bytes).map_err(io("write", path)))
}

/// Like [`atomic_write`], with the content produced by `fill`.
///
/// # Errors
/// [`Error::Io`] naming the file, or the error of `fill`; the temporary sibling is removed.
pub fn atomic_write_with<E: From<Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let partial = partial_name(path);
    unfinished(|paths| _ = paths.insert(partial.clone()));
    let result = (|| {
        let mut file = File::create(&partial).map_err(io("create", path))?;
        fill(&mut file)?;
        file.sync_all().map_err(io("write", path))?;
        rename(&partial, path)?;
        Ok(())
    })();
    if result.is_err() {
        // The first failure is the one to report; a sibling that never came to be needs no removal.
        fs::remove_file(&partial).ok();
    }
    unfinished(|paths| _ = paths.remove(&partial));
    result
}

/// A folder that is filled beside its destination and takes its name only when it is complete.
///
/// Dropping it without [`PartialFolder::commit`] removes what was written.
#[derive(Debug)]
pub struct PartialFolder {
    partial: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl PartialFolder {
    /// Opens an empty folder beside `target`.
    ///
    /// # Errors
    /// [`Error::Exists`] if `target` exists and is not an empty folder; [`Error::Io`] otherwise.
    pub fn create(target: &Path) -> Result<Self> {
        if let Ok(mut entries) = fs::read_dir(target) {
            if entries.next().is_some() {
                return Err(Error::Exists { path: target.to_path_buf() });
            }
        } else if target.exists() {
            return Err(Error::Exists { path: target.to_path_buf() });
        }
        let partial = partial_name(target);
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(io("remove", &partial))?;
        }
        // The message names what the user gave: the sibling's name would mean nothing to them.
        fs::create_dir_all(&partial).map_err(io("create", target))?;
        unfinished(|paths| _ = paths.insert(partial.clone()));
        Ok(Self { partial, target: target.to_path_buf(), committed: false })
    }

    /// Where to write while the folder is being filled.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be synced or the rename fails.
    pub fn commit(mut self) -> Result<()> {
        for entry in fs::read_dir(&self.partial).map_err(io("read", &self.partial))? {
            let path = entry.map_err(io("read", &self.partial))?.path();
            if path.is_file() {
                File::open(&path).and_then(|file| file.sync_all()).map_err(io("sync", &path))?;
            }
        }
        sync_folder(&self.partial)?;
        if self.target.exists() {
            fs::remove_dir(&self.target).map_err(io("replace", &self.target))?;
        }
        rename(&self.partial, &self.target)?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for PartialFolder {
    fn drop(&mut self) {
        if !self.committed {
            fs::remove_dir_all(&self.partial).ok();
        }
        unfinished(|paths| _ = paths.remove(&self.partial));
    }
}

/// Reads a file, refusing one larger than `limit` bytes.
///
/// # Errors
/// [`Error::Io`] or [`Error::Limit`] (`max_file_bytes`).
pub fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let length = fs::metadata(path).map_err(io("read", path))?.len();
    if length > limit {
        return Err(Error::Limit {
            what: format!("`{}`, in bytes,", path.display()),
            limit: "max_file_bytes",
            found: length,
            allowed: limit,
        });
    }
    fs::read(path).map_err(io("read", path))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        atomic_write(&path, b"old").unwrap();
        let failed: Result<()> = atomic_write_with(&path, |file| {
            file.write_all(b"half").unwrap();
            Err(Error::Cancelled)
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_dropped_folder_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("history");
        let folder = PartialFolder::create(&target).unwrap();
        atomic_write(&folder.path().join("a"), b"x").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        let folder = PartialFolder::create(&target).unwrap();
        atomic_write(&folder.path().join("a"), b"x").unwrap();
        folder.commit().unwrap();
        assert!(matches!(PartialFolder::create(&target), Err(Error::Exists { .. })));
    }
}
