//! The ledger of privacy budgets: append-only, hash-chained, charged before noise is drawn.
//!
//! # Files
//!
//! A ledger is a folder with two files. `ledger.jsonl` has one record a line; each line holds the SHA-256
//! hash of its own content and of the line before, so that a changed, missing or moved line breaks the chain.
//! `head.jsonl` holds the last line again.
//!
//! # Charging
//!
//! Under an exclusive lock on `ledger.jsonl`, which other processes and threads wait for:
//!
//! 1. read what others appended, and check it;
//! 2. check the budget;
//! 3. write the new line to `head.jsonl`, as a whole (temporary file, fsync, rename, fsync of the folder);
//! 4. append the line to `ledger.jsonl` and fsync;
//! 5. return: the charge is acknowledged, and only now can noise be drawn.
//!
//! # What a crash leaves
//!
//! A crash before step 3 has renamed the file leaves nothing, and nobody was told otherwise. A crash after it
//! leaves `head.jsonl` one record ahead of `ledger.jsonl`, which may end in a part of that record. The next
//! to take the lock completes the record from `head.jsonl`: **the charge counts, whether or not its caller
//! ever learned of it.** Nothing is ever cut off for good, so no torn end can be used, by accident or on
//! purpose, to take back an acknowledged charge: a `ledger.jsonl` that lost any byte of its last record gets
//! it back, and one that lost more is shorter than its head says and is refused.
//!
//! # What is refused
//!
//! A hash that does not match, a record that contradicts the ones before (an overspent account, say), a
//! missing or older `head.jsonl`, a missing or short `ledger.jsonl`: every such ledger is refused whole, and
//! no charge can be made until it is restored. [`Ledger::confirm`] extends this to a head that was recorded
//! elsewhere, such as in the manifest of a release.
//!
//! # What cannot be prevented
//!
//! The hashes are not signatures: an owner of the disk who deletes both files, rewrites them consistently, or
//! puts older copies of both back, spends again. Every release made before carries the head it was charged
//! under, which the new chain does not hold, and so others notice; a handle that was open meanwhile refuses.
//! A power loss on hardware that acknowledges fsync without writing is outside what software can see.

mod record;
mod state;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use daotwin_core::files::{atomic_write, read_limited, sync_folder};
use daotwin_core::{Error as CoreError, ErrorKind, Limits};

use crate::accountant::Budget;
use crate::error::{Error, Result};
use crate::measure::Release;
use crate::noise::{Bits, Charged, OperatingSystem};
use record::{Entry, GENESIS, Record};
use state::State;

pub use record::{Account, Allowance, Fingerprint, Head, MARKS, Unit, marks};
pub use state::{Released, Status};

const LEDGER: &str = "ledger.jsonl";
const HEAD: &str = "head.jsonl";

/// Bytes of a line: every text in it is bounded, and JSON spells a byte with six at most.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// What is about to be released, and who pays.
#[derive(Debug, Clone, Copy)]
pub struct Charge<'a> {
    /// Who pays.
    pub account: &'a Account,
    /// How much.
    pub budget: Budget,
    /// What for, in words: `fit the twin`.
    pub purpose: &'a str,
    /// The fingerprint of the request: data, parameters and version. The same request again may be answered
    /// from [`Ledger::released`] for nothing.
    pub request: Fingerprint,
    /// The data's [`marks`], or none.
    pub marks: &'a [Fingerprint],
}

/// An acknowledged charge: the right to draw noise once. It cannot be copied, and whoever drops it has spent
/// it for nothing.
#[derive(Debug)]
#[must_use = "the charge is spent whether it is used or not"]
pub struct Reservation {
    head: Head,
    budget: Budget,
}

impl Reservation {
    /// The record of the charge, for the manifest.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// What was paid.
    pub const fn budget(&self) -> Budget {
        self.budget
    }
}

/// A ledger on disk. Any number of handles, threads and processes may use one ledger at a time.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("ledger");
/// use daotwin_privacy::ledger::{Account, Charge, Fingerprint, Ledger, Unit};
/// use daotwin_privacy::{Budget, Measurer};
///
/// let mut ledger = Ledger::create(&path)?;
/// let account = Account::new("example.eth", Unit::Member)?;
/// ledger.register(&account, Budget::new(3.0, 1e-6)?)?;
///
/// let request = Fingerprint::of([b"the data and the parameters".as_slice()]);
/// let reservation = ledger.reserve(&Charge {
///     account: &account,
///     budget: Budget::new(2.0, 1e-6)?,
///     purpose: "count the votes",
///     request,
///     marks: &[],
/// })?;
/// let mut measurer = Measurer::charged(reservation);
/// measurer.measure("votes", &[10, 20, 30], 1, 1.0)?;
/// let release = measurer.finish();
/// ledger.commit(&release, Fingerprint::of([b"the file".as_slice()]), "twin")?;
///
/// assert!(ledger.released(&account, request)?.is_some());
/// assert!(ledger.status(&account)?.epsilon_spent()? <= 2.0 + 1e-9);
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    state: State,
    /// Bytes of `ledger.jsonl` that the state covers.
    covered: u64,
    /// The last line that the state covers.
    last: Vec<u8>,
    /// Whether the files must be read anew, because the last attempt failed half-way.
    stale: bool,
    /// The last head that this handle saw. It must be in every later chain.
    known: Option<Head>,
}

fn io(action: &'static str, path: PathBuf, source: std::io::Error) -> Error {
    CoreError::Io { action, path, source }.into()
}

/// Where the user's ledger is: `$DAOTWIN_LEDGER`, or `daotwin/ledger` in `$XDG_DATA_HOME` or
/// `$HOME/.local/share`. It does not depend on the data, the current folder or the output.
///
/// # Errors
/// [`Error::Parameter`] if none of the three is set.
pub fn default_path() -> Result<PathBuf> {
    default_path_from(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
}

fn default_path_from(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = variable("DAOTWIN_LEDGER") {
        return Ok(path);
    }
    variable("XDG_DATA_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| Some(variable("HOME")?.join(".local/share")))
        .map(|data| data.join("daotwin/ledger"))
        .ok_or(Error::Parameter {
            name: "DAOTWIN_LEDGER",
            found: "unset, and so are `XDG_DATA_HOME` and `HOME`".to_owned(),
            allowed: "the path of a folder",
            why: "charges must be kept where the next run finds them",
        })
}

impl Ledger {
    /// Opens a ledger and checks all of it.
    ///
    /// # Errors
    /// [`Error::NoLedger`] if there is none; [`Error::Ledger`] if it is not what it was.
    pub fn open(folder: &Path) -> Result<Self> {
        let mut ledger = Self::at(folder);
        ledger.locked(|_, _| Ok(()))?;
        ledger.remove_leftovers();
        Ok(ledger)
    }

    /// Starts a ledger.
    ///
    /// # Errors
    /// [`Error::LedgerExists`] if there is one, in whatever state; [`Error::Core`] if it cannot be written.
    pub fn create(folder: &Path) -> Result<Self> {
        let mut ledger = Self::at(folder);
        fs::create_dir_all(folder).map_err(|source| io("create", folder.to_path_buf(), source))?;
        let path = ledger.file(LEDGER);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(|source| io("create", path.clone(), source))?;
        file.lock().map_err(|source| io("lock", path.clone(), source))?;
        // Empty and without a head is what a crash within this function leaves; nothing was ever charged.
        if ledger.length(&file)? > 0 || ledger.read_head()?.is_some() {
            return Err(Error::LedgerExists { path: folder.to_path_buf() });
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent)?;
        }
        let mut bits = OperatingSystem::default();
        let random = [bits.bits()?, bits.bits()?, bits.bits()?, bits.bits()?].map(u64::to_le_bytes);
        let name = Fingerprint::of(random.iter().map(<[u8; 8]>::as_slice));
        ledger.append(&mut file, &Entry::Open { version: 1, name })?;
        Ok(ledger)
    }

    /// Opens the ledger, or starts one where there is none at all.
    ///
    /// # Errors
    /// [`Error::Ledger`] if there is one that is not what it was; [`Error::Core`] if it cannot be written.
    pub fn open_or_create(folder: &Path) -> Result<Self> {
        match Self::open(folder) {
            Err(Error::NoLedger { .. }) => match Self::create(folder) {
                // Somebody else was faster.
                Err(Error::LedgerExists { .. }) => Self::open(folder),
                created => created,
            },
            opened => opened,
        }
    }

    /// Registers a DAO with all that may ever be spent on it.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it is registered already; [`Error::Ledger`]; [`Error::Core`].
    pub fn register(&mut self, account: &Account, limit: Budget) -> Result<Head> {
        self.record(&Entry::Register { account: account.clone(), limit: limit.into() })
    }

    /// Raises an account's limit, for a reason that the ledger keeps.
    ///
    /// # Errors
    /// [`Error::NoAccount`]; [`Error::Conflict`] if the limit is not higher; [`Error::Ledger`];
    /// [`Error::Core`].
    pub fn raise(&mut self, account: &Account, limit: Budget, reason: &str) -> Result<Head> {
        self.record(&Entry::Raise {
            account: account.clone(),
            limit: limit.into(),
            reason: reason.to_owned(),
        })
    }

    /// Charges an account. When this returns, the charge is on disk for good; noise may be drawn after it
    /// and never before, which [`Measurer::charged`](crate::Measurer::charged) makes the only way.
    ///
    /// # Errors
    /// [`Error::Budget`] if the account does not have it; [`Error::NoAccount`]; [`Error::Conflict`] if the
    /// data belongs to another account; [`Error::Ledger`]; [`Error::Core`]. After [`Error::Core`] the charge
    /// may or may not be booked, and no noise may be drawn.
    pub fn reserve(&mut self, charge: &Charge<'_>) -> Result<Reservation> {
        let head = self.record(&Entry::Reserve {
            account: charge.account.clone(),
            price: charge.budget.into(),
            purpose: charge.purpose.to_owned(),
            request: charge.request,
            marks: charge.marks.to_vec(),
        })?;
        Ok(Reservation { head, budget: charge.budget })
    }

    /// Records that a reserved release exists, so that the same request can be answered with it again.
    ///
    /// # Errors
    /// [`Error::Conflict`] if its reservation is not in this ledger or was committed before;
    /// [`Error::Ledger`]; [`Error::Core`].
    pub fn commit(
        &mut self,
        release: &Release<Charged>,
        fingerprint: Fingerprint,
        place: &str,
    ) -> Result<Head> {
        let head = release.reservation();
        self.confirm(head)?;
        self.record(&Entry::Commit {
            reservation: head.sequence,
            release: fingerprint,
            place: place.to_owned(),
        })
    }

    /// The release that answered this request before, if any: giving it out again costs nothing.
    ///
    /// # Errors
    /// [`Error::Ledger`]; [`Error::Core`].
    pub fn released(&mut self, account: &Account, request: Fingerprint) -> Result<Option<Released>> {
        self.locked(|ledger, _| Ok(ledger.state.released(account, request).cloned()))
    }

    /// The last record.
    ///
    /// # Errors
    /// [`Error::Ledger`]; [`Error::Core`].
    pub fn head(&mut self) -> Result<Head> {
        self.locked(|ledger, _| ledger.present_head())
    }

    /// Refuses a ledger whose chain does not hold this head, which was recorded elsewhere.
    ///
    /// # Errors
    /// [`Error::Ledger`]; [`Error::Core`].
    pub fn confirm(&mut self, head: Head) -> Result<()> {
        self.locked(|ledger, _| {
            if ledger.state.holds(head) {
                return Ok(());
            }
            Err(ledger.refuse(
                head.sequence,
                "a release made earlier was charged to a record that is not here: records were removed or \
                 rewritten, or this is another ledger",
            ))
        })
    }

    /// An account's balance.
    ///
    /// # Errors
    /// [`Error::NoAccount`]; [`Error::Ledger`]; [`Error::Core`].
    pub fn status(&mut self, account: &Account) -> Result<Status> {
        self.locked(|ledger, _| ledger.state.account(account).cloned())
    }

    /// All accounts, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Ledger`]; [`Error::Core`].
    pub fn accounts(&mut self) -> Result<Vec<Status>> {
        self.locked(|ledger, _| Ok(ledger.state.accounts().cloned().collect()))
    }

    /// Walks the whole chain on disk again, and returns its head.
    ///
    /// # Errors
    /// [`Error::Ledger`] naming the first record that is wrong; [`Error::Core`].
    pub fn verify(&mut self) -> Result<Head> {
        self.stale = true;
        self.head()
    }

    fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            state: State::default(),
            covered: 0,
            last: Vec::new(),
            stale: false,
            known: None,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn refuse(&self, record: u64, problem: &str) -> Error {
        Error::Ledger {
            path: self.file(LEDGER),
            record,
            problem: problem.to_owned(),
            fix: "nothing can be charged until the ledger is restored from a copy that holds every release",
        }
    }

    fn length(&self, file: &File) -> Result<u64> {
        Ok(file.metadata().map_err(|source| io("read", self.file(LEDGER), source))?.len())
    }

    fn present_head(&self) -> Result<Head> {
        self.state.head().ok_or_else(|| self.refuse(0, "there is no record"))
    }

    fn read_head(&self) -> Result<Option<Vec<u8>>> {
        match read_limited(&self.file(HEAD), MAX_LINE_BYTES) {
            Ok(line) => Ok(Some(line)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Runs `work` under the lock, on the state as it is on disk now.
    ///
    /// The file is opened anew each time: a handle on a ledger that was replaced meanwhile would charge a
    /// file that nobody reads again.
    fn locked<T>(&mut self, work: impl FnOnce(&mut Self, &mut File) -> Result<T>) -> Result<T> {
        let path = self.file(LEDGER);
        let mut file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(if self.covered > 0 || self.read_head()?.is_some() {
                    self.refuse(0, "the file is missing")
                } else {
                    Error::NoLedger { path: self.folder.clone() }
                });
            }
            Err(source) => return Err(io("open", path, source)),
        };
        // Released when the file is dropped, and by the kernel when the process dies.
        file.lock().map_err(|source| io("lock", path, source))?;
        if self.stale {
            *self = Self { known: self.known, ..Self::at(&self.folder) };
        }
        // Whatever fails below leaves a state that must be read anew.
        self.stale = true;
        self.refresh(&mut file)?;
        if let Some(known) = self.known.filter(|known| !self.state.holds(*known)) {
            return Err(
                self.refuse(known.sequence, "it was there a moment ago, and is missing or another now")
            );
        }
        self.known = self.state.head();
        self.stale = false;
        work(self, &mut file)
    }

    /// Reads and checks what was appended since, and completes a record that a crash left incomplete.
    fn refresh(&mut self, file: &mut File) -> Result<()> {
        let length = self.length(file)?;
        let head = self.read_head()?;
        let Some(head) = head else {
            return Err(if length == 0 && self.covered == 0 {
                Error::NoLedger { path: self.folder.clone() }
            } else {
                self.refuse(self.state.length(), "`head.jsonl` is missing")
            });
        };
        if length == self.covered && head == self.last {
            return Ok(());
        }
        let limit = Limits::default().max_file_bytes;
        if length > limit {
            let what = format!("`{}`, in bytes,", self.file(LEDGER).display());
            return Err(
                CoreError::Limit { what, limit: "max_file_bytes", found: length, allowed: limit }.into()
            );
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.covered))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(|source| io("read", self.file(LEDGER), source))?;
        if length < self.covered {
            return Err(self.refuse(self.state.length(), "the file is shorter than it was"));
        }
        let newest = record::decode(&head)
            .map_err(|problem| self.refuse(self.state.length(), &format!("in `head.jsonl`, {problem}")))?;
        let mut rest = bytes.as_slice();
        while self.state.length() < newest.sequence {
            let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
                return Err(self.refuse(self.state.length(), "it and later records are missing"));
            };
            let (line, after) = rest.split_at(end + 1);
            let record = record::decode(line).map_err(|problem| self.refuse(self.state.length(), problem))?;
            self.accept(record, line)?;
            rest = after;
        }
        if self.state.length() > newest.sequence {
            return Err(self.refuse(newest.sequence, "`head.jsonl` is older than the ledger"));
        }
        // What is left is the newest record, all of it or what a crash has left of it: its beginning, and
        // zeros where a file system lengthened the file before it wrote.
        let complete = rest == head;
        let same = rest.iter().zip(&head).take_while(|(left, right)| left == right).count();
        let torn = rest.len() <= head.len() && rest[same..].iter().all(|&byte| byte == 0);
        if !complete && !torn {
            let older = rest.starts_with(&head);
            return Err(self.refuse(
                newest.sequence,
                if older {
                    "`head.jsonl` is older than the ledger"
                } else {
                    "it is not the one in `head.jsonl`"
                },
            ));
        }
        let start = self.covered;
        self.accept(newest, &head)?;
        if !complete {
            file.set_len(start)
                .and_then(|()| file.write_all(&head))
                .and_then(|()| file.sync_all())
                .map_err(|source| io("complete", self.file(LEDGER), source))?;
        }
        Ok(())
    }

    /// Books a record whose seal was checked, if it may follow the ones before.
    fn accept(&mut self, record: Record, line: &[u8]) -> Result<()> {
        let sequence = self.state.length();
        let previous = self.state.head().map_or(GENESIS, |head| head.hash);
        if record.sequence != sequence || record.previous != previous {
            return Err(self.refuse(sequence, "it does not follow the record before it"));
        }
        self.state.admit(&record.entry).map_err(|error| self.refuse(sequence, &error.to_string()))?;
        self.state.apply(record.head().hash, record.entry);
        self.covered += line.len() as u64;
        self.last = line.to_vec();
        Ok(())
    }

    fn record(&mut self, entry: &Entry) -> Result<Head> {
        self.locked(|ledger, file| {
            ledger.state.admit(entry)?;
            ledger.append(file, entry)
        })
    }

    /// Writes an admitted entry: first the head, then the ledger. See the module's page for why.
    fn append(&mut self, file: &mut File, entry: &Entry) -> Result<Head> {
        let previous = self.state.head().map_or(GENESIS, |head| head.hash);
        let line = record::encode(self.state.length(), previous, now(), entry)?;
        // A record that this program could not read back must not be written.
        let record = record::decode(&line).map_err(|problem| self.refuse(self.state.length(), problem))?;
        self.stale = true;
        atomic_write(&self.file(HEAD), &line)?;
        file.write_all(&line)
            .and_then(|()| file.sync_all())
            .map_err(|source| io("write", self.file(LEDGER), source))?;
        self.accept(record, &line)?;
        self.known = self.state.head();
        self.stale = false;
        self.present_head()
    }

    /// Removes the temporary files of writers that were killed. Under the lock no writer is alive, so none of
    /// them is in use.
    fn remove_leftovers(&mut self) {
        let removed: Result<()> = self.locked(|ledger, _| {
            let Ok(entries) = fs::read_dir(&ledger.folder) else { return Ok(()) };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name.starts_with(HEAD) && name.ends_with(".partial") {
                    fs::remove_file(entry.path()).ok();
                }
            }
            Ok(())
        });
        // Leftovers do no harm; failing to remove them is no reason to refuse a sound ledger.
        removed.ok();
    }
}

/// Seconds since 1970, for people who read the file; nothing is decided by it.
fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the ledger records when a charge was made")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod test;
