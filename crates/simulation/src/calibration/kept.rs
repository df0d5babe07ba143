//! What a fit has done, kept in a folder: a fit that was interrupted goes on from there, to the same bits.

use std::path::{Path, PathBuf};

use daotwin_core::files;
use sha2::{Digest, Sha256};

use super::Options;
use super::record::Record;
use crate::{Error, Result};

/// Where parts of a fit are kept, if anywhere. A part is a list of numbers, kept by their bits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    folder: Option<PathBuf>,
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| daotwin_core::Error::Io { action, path, source }.into()
}

impl Kept {
    /// Takes a folder for the fit of this record with these options; makes it where there is none.
    ///
    /// # Errors
    /// [`Error::Parameters`] where it holds parts of another fit, and failures of files.
    pub(crate) fn open(folder: &Path, dao: &str, record: &Record, options: &Options) -> Result<Self> {
        let fingerprint = fingerprint(dao, record, options);
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        let path = folder.join("fingerprint");
        match std::fs::read_to_string(&path) {
            Ok(found) if found == fingerprint => {}
            Ok(_) => {
                return Err(Error::Parameters {
                    problems: vec![format!(
                        "`{}` holds parts of a fit of other records or with other options; remove it, or choose another target",
                        folder.display()
                    )],
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                files::atomic_write(&path, fingerprint.as_bytes())?;
            }
            Err(error) => return Err(io("read", &path)(error)),
        }
        Ok(Self { folder: Some(folder.to_path_buf()) })
    }

    /// The part of this name: as kept, else as it is computed, and then kept. `fits` says whether so many numbers can be
    /// this part; one that cannot is computed anew.
    pub(crate) fn part(
        &self,
        name: &str,
        fits: impl Fn(usize) -> bool,
        compute: impl FnOnce() -> Result<Vec<f64>>,
    ) -> Result<Vec<f64>> {
        let Some(folder) = &self.folder else { return compute() };
        let path = folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) if bytes.len() % 8 == 0 && fits(bytes.len() / 8) => {
                let number = |bytes: &[u8]| {
                    f64::from_bits(bytes.iter().rev().fold(0, |bits, byte| (bits << 8) | u64::from(*byte)))
                };
                return Ok(bytes.chunks_exact(8).map(number).collect());
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io("read", &path)(error)),
        }
        let numbers = compute()?;
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_bits().to_le_bytes()).collect();
        files::atomic_write(&path, &bytes)?;
        Ok(numbers)
    }
}

/// What a fit depends on, besides the program.
fn fingerprint(dao: &str, record: &Record, options: &Options) -> String {
    let mut hash = Sha256::new();
    // Another version may compute other numbers: its parts are not mixed with these.
    hash.update(concat!("daotwin calibration ", env!("CARGO_PKG_VERSION"), "\n"));
    hash.update(format!("{dao}\n{options:?}\n{:?}\n{} {}\n", record.ends, record.timed, record.sided));
    for ballot in &record.ballots {
        hash.update(ballot.voter.to_le_bytes());
        hash.update(ballot.time.to_bits().to_le_bytes());
        hash.update(ballot.power.to_bits().to_le_bytes());
        hash.update(ballot.side.to_le_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
