//! Checkpoints: what a long fit has learned so far, to go on from after an interruption.
//!
//! A checkpoint is one file of numbers with a small JSON state, written whole or not at all. It names the fit
//! that it belongs to (program, model, settings, seed, table), so that another fit never goes on from it. A fit
//! that draws from streams numbered by its own steps, and keeps every number that it goes on from, ends with the
//! same bytes whether or not it was interrupted.
//!
//! A fit with a checkpoint looks like this:
//!
//! ```
//! # use daotwin_core::{Run, Seed};
//! # use daotwin_generators::table::checkpoint::{Checkpoint, Saved};
//! # use daotwin_generators::table::files::Tensors;
//! # use daotwin_history::frame::{Column, Frame, Kind, Values, synthesizer::TableFitOptions};
//! # let column = Column { name: "n".into(), kind: Kind::Integer, optional: false, bounds: (0.0, 9.0) };
//! # let frame = Frame::new(vec![column], vec![Values::Number(vec![1.0, 2.0])])?;
//! # let (run, options) = (Run::default(), TableFitOptions::default());
//! let (mut checkpoint, saved) = Checkpoint::open("example", &frame, &options, &[], &run)?;
//! let (mut epoch, mut weights) = (0_u64, vec![0.0; 3]);
//! if let Some(mut saved) = saved {
//!     epoch = saved.state()?;
//!     weights = saved.take("weights", 3)?;
//! }
//! while epoch < 10 {
//!     // One call reports, keeps the state where that is due or the run was cancelled, and then stops.
//!     checkpoint.step(&run, "fit example", epoch, 10, || {
//!         Saved::new(&epoch, Tensors::from([("weights".to_owned(), weights.clone())]))
//!     })?;
//!     weights[0] += 1.0;
//!     epoch += 1;
//! }
//! checkpoint.finish()?;
//! # Ok::<(), daotwin_generators::Error>(())
//! ```

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use daotwin_core::Run;
use daotwin_core::files::{atomic_write, read_limited};
use daotwin_history::frame::synthesizer::TableFitOptions;
use daotwin_history::frame::{Frame, Values};
use daotwin_privacy::Fingerprint;
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::files::{self, Tensors};
use crate::error::{Error, Result};

/// How long a fit runs between two checkpoints at least.
const INTERVAL: Duration = Duration::from_secs(20);

/// How much of a fit's time may go into checkpoints: one part in so many.
const SHARE: u32 = 20;

/// What every checkpoint says it is.
const WHAT: &str = "checkpoint";

/// The version of the file.
const VERSION: u32 = 1;

/// What stands beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    what: String,
    version: u32,
    model: String,
    fit: Fingerprint,
    /// Of the state and the numbers: a byte that changed on the disk would give another model in silence.
    content: Fingerprint,
    /// JSON.
    state: String,
}

/// What a fit has learned so far.
#[derive(Debug, Clone)]
pub struct Saved {
    path: PathBuf,
    /// JSON.
    state: String,
    tensors: Tensors,
}

impl Saved {
    /// A small state (counters, choices) and lists of numbers. Numbers of 32 bits fit exactly.
    ///
    /// # Errors
    /// [`Error::Defect`] for a state that is no JSON.
    pub fn new(state: &impl Serialize, tensors: Tensors) -> Result<Self> {
        let state = serde_json::to_string(state).map_err(|error| Error::Defect(error.to_string()))?;
        Ok(Self { path: PathBuf::new(), state, tensors })
    }

    /// The state.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where it is another kind of state.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.state).map_err(|_| self.wrong("its state is not of this model"))
    }

    /// Takes a list of so many numbers out, by name.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where it is missing or of another length.
    pub fn take(&mut self, name: &str, length: usize) -> Result<Vec<f64>> {
        match self.tensors.remove(name) {
            Some(values) if values.len() == length => Ok(values),
            Some(values) => {
                Err(self.wrong(format!("its list `{name}` has {} numbers of {length}", values.len())))
            }
            None => Err(self.wrong(format!("it lacks the list `{name}`"))),
        }
    }

    /// Takes a list of so many numbers of 32 bits out, by name.
    ///
    /// # Errors
    /// As [`Saved::take`].
    pub fn narrow(&mut self, name: &str, length: usize) -> Result<Vec<f32>> {
        Ok(files::narrow(self.take(name, length)?))
    }

    /// An error that says what is wrong with this checkpoint.
    pub fn wrong(&self, reason: impl Into<String>) -> Error {
        Error::Checkpoint { path: self.path.clone(), reason: reason.into() }
    }

    fn content(&self) -> Fingerprint {
        let numbers = self.tensors.iter().flat_map(|(name, values)| {
            // Hashed in pieces: a copy of every list would double the memory.
            let hashes = values.chunks(1 << 16).map(|values| hash_numbers(values, f64::to_le_bytes));
            std::iter::once(name.as_bytes().to_vec()).chain(hashes)
        });
        let parts: Vec<Vec<u8>> = std::iter::once(self.state.as_bytes().to_vec()).chain(numbers).collect();
        Fingerprint::of(parts.iter().map(Vec::as_slice))
    }
}

/// Keeps what a fit has learned, where its options name a file.
#[derive(Debug)]
pub struct Checkpoint {
    file: Option<PathBuf>,
    model: String,
    fit: Fingerprint,
    next: Instant,
}

impl Checkpoint {
    /// The checkpoint of a fit, and what an earlier run of the same fit left in it. Without a file in the
    /// options it does nothing. `settings` are all values that decide the fit beside seed and privacy, defaults
    /// included. Costs a hash of the whole table.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where the file is no checkpoint, is damaged, or belongs to another fit; limits;
    /// cancellation.
    pub fn open(
        model: &str,
        frame: &Frame,
        options: &TableFitOptions,
        settings: &[f64],
        run: &Run,
    ) -> Result<(Self, Option<Saved>)> {
        let next = Instant::now() + INTERVAL;
        let Some(path) = options.checkpoint.clone() else {
            let fit = Fingerprint::of([model.as_bytes()]);
            return Ok((Self { file: None, model: model.to_owned(), fit, next }, None));
        };
        let fit = fingerprint(model, frame, options, settings, run)?;
        let saved = if path.exists() { Some(read(&path, model, fit, run)?) } else { None };
        Ok((Self { file: Some(path), model: model.to_owned(), fit, next }, saved))
    }

    /// Whether a checkpoint would be written now. Time decides only when it is written, never what is learned.
    pub fn is_due(&self) -> bool {
        self.file.is_some() && Instant::now() >= self.next
    }

    /// Reports a step; writes the state where that is due, or where the run was cancelled, which then stops.
    ///
    /// # Errors
    /// Cancellation, after the state was written; the errors of `state`; I/O.
    pub fn step(
        &mut self,
        run: &Run,
        stage: &str,
        done: u64,
        total: u64,
        state: impl FnOnce() -> Result<Saved>,
    ) -> Result<()> {
        let stopped = run.step(stage, done, total);
        if self.is_due() || (stopped.is_err() && self.file.is_some()) {
            self.save(&state()?)?;
        }
        Ok(stopped?)
    }

    /// Writes the state now: whole or not at all. Nothing without a file.
    ///
    /// # Errors
    /// I/O.
    pub fn save(&mut self, saved: &Saved) -> Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let start = Instant::now();
        let header = Header {
            what: WHAT.to_owned(),
            version: VERSION,
            model: self.model.clone(),
            fit: self.fit,
            content: saved.content(),
            state: saved.state.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|error| Error::Defect(error.to_string()))?;
        atomic_write(path, &files::pack(&saved.tensors, Some(header))?)?;
        let end = Instant::now();
        self.next = end + INTERVAL.max((end - start) * SHARE);
        Ok(())
    }

    /// Ends a fit that is complete: its checkpoint is removed.
    ///
    /// # Errors
    /// I/O.
    pub fn finish(self) -> Result<()> {
        match self.file {
            Some(path) if path.exists() => std::fs::remove_file(&path)
                .map_err(|source| daotwin_core::Error::Io { action: "remove", path, source }.into()),
            _ => Ok(()),
        }
    }
}

fn read(path: &Path, model: &str, fit: Fingerprint, run: &Run) -> Result<Saved> {
    let wrong = |reason: &str| Error::Checkpoint { path: path.to_path_buf(), reason: reason.to_owned() };
    if !path.is_file() {
        return Err(wrong("it is no file"));
    }
    let bytes = read_limited(path, run.limits.max_file_bytes)?;
    let (tensors, text) = files::unpack(&bytes).map_err(|what| wrong(&format!("it {what}")))?;
    let text = text.ok_or_else(|| wrong("it is no checkpoint"))?;
    let header: Header = serde_json::from_str(&text).map_err(|_| wrong("it is no checkpoint"))?;
    if header.what != WHAT || header.version != VERSION {
        return Err(wrong("it is of another version"));
    }
    if header.model != model {
        return Err(wrong(&format!("it is of model `{}`, not `{model}`", header.model)));
    }
    if header.fit != fit {
        return Err(wrong(
            "it belongs to another fit: the table, the seed, a setting or the program's version differs",
        ));
    }
    let saved = Saved { path: path.to_path_buf(), state: header.state, tensors };
    if saved.content() == header.content { Ok(saved) } else { Err(wrong("it is damaged")) }
}

fn hash_numbers(values: &[f64], bytes: impl Fn(f64) -> [u8; 8]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|&value| bytes(value)).collect();
    Fingerprint::of([bytes.as_slice()]).to_string().into_bytes()
}

/// One missing value of a table is like another, whatever its bits.
fn value_bytes(value: f64) -> [u8; 8] {
    if value.is_nan() { f64::NAN } else { value }.to_le_bytes()
}

/// Everything that decides what a fit learns.
fn fingerprint(
    model: &str,
    frame: &Frame,
    options: &TableFitOptions,
    settings: &[f64],
    run: &Run,
) -> Result<Fingerprint> {
    let json = |value: serde_json::Result<Vec<u8>>| value.map_err(|error| Error::Defect(error.to_string()));
    let columns = json(serde_json::to_vec(&**frame.columns()))?;
    let privacy =
        options.privacy.as_ref().map(|privacy| (privacy.epsilon, privacy.delta, privacy.account.clone()));
    let given = format!("{} {settings:?} {privacy:?} {}", options.seed.0, frame.rows());
    let values: Vec<Vec<u8>> = (0..frame.columns().len())
        .into_par_iter()
        .map(|column| {
            let mut hashes = Vec::new();
            let mut add = |hash: Vec<u8>| -> Result<()> {
                hashes.extend(hash);
                Ok(run.check()?)
            };
            match frame.values(column) {
                Values::Number(values) => {
                    values.chunks(1 << 16).try_for_each(|values| add(hash_numbers(values, value_bytes)))?;
                }
                Values::Code(codes) => codes.chunks(1 << 16).try_for_each(|codes| {
                    let bytes: Vec<u8> = codes.iter().flat_map(|code| code.to_le_bytes()).collect();
                    add(Fingerprint::of([bytes.as_slice()]).to_string().into_bytes())
                })?,
            }
            Ok(hashes)
        })
        .collect::<Result<_>>()?;
    let program = env!("CARGO_PKG_VERSION");
    let parts = [program.as_bytes(), model.as_bytes(), given.as_bytes(), &columns];
    Ok(Fingerprint::of(parts.into_iter().chain(values.iter().map(Vec::as_slice))))
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;
    use daotwin_history::frame::{Column, Kind};

    use super::*;

    fn frame(last: f64) -> Frame {
        let column =
            |name: &str, kind| Column { name: name.to_owned(), kind, optional: true, bounds: (0.0, 9.0) };
        let labels = ["no".to_owned(), "yes".to_owned()];
        Frame::new(
            vec![column("n", Kind::Integer), column("b", Kind::Boolean { labels })],
            vec![Values::Number(vec![1.0, f64::NAN, last]), Values::Code(vec![0, 1, 0])],
        )
        .unwrap()
    }

    fn options(path: &Path) -> TableFitOptions {
        TableFitOptions { checkpoint: Some(path.to_path_buf()), ..TableFitOptions::default() }
    }

    fn saved(epoch: u64) -> Saved {
        let numbers = vec![0.1, f64::NAN, -0.0, f64::MIN_POSITIVE, f64::from(0.3_f32)];
        Saved::new(&(epoch, 0.1), Tensors::from([("weights".to_owned(), numbers)])).unwrap()
    }

    fn open(path: &Path) -> Result<(Checkpoint, Option<Saved>)> {
        Checkpoint::open("a", &frame(2.0), &options(path), &[1.0], &Run::default())
    }

    #[test]
    fn what_was_kept_comes_back_bit_by_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.checkpoint");
        let (mut first, none) = open(&path).unwrap();
        assert!(none.is_none());
        first.save(&saved(7)).unwrap();
        let (second, Some(mut again)) = open(&path).unwrap() else { panic!("nothing was kept") };
        assert_eq!(again.state::<(u64, f64)>().unwrap(), (7, 0.1));
        let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<u64>>();
        assert!(again.clone().take("weights", 4).is_err());
        let before = saved(7).take("weights", 5).unwrap();
        assert_eq!(bits(again.take("weights", 5).unwrap()), bits(before));
        assert!(again.take("weights", 5).is_err() && again.state::<String>().is_err());
        second.finish().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_cancelled_fit_keeps_its_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.checkpoint");
        let run = Run::default();
        let (mut checkpoint, _) = open(&path).unwrap();
        checkpoint.step(&run, "fit a", 1, 9, || panic!("it is not due")).unwrap();
        assert!(!path.exists());
        run.cancel.cancel();
        let stopped = checkpoint.step(&run, "fit a", 2, 9, || Ok(saved(2)));
        assert!(matches!(stopped, Err(Error::Core(daotwin_core::Error::Cancelled))));
        assert_eq!(open(&path).unwrap().1.unwrap().state::<(u64, f64)>().unwrap().0, 2);
    }

    #[test]
    fn without_a_file_nothing_is_written() {
        let run = Run::default();
        run.cancel.cancel();
        let options = TableFitOptions::default();
        let (mut checkpoint, none) = Checkpoint::open("a", &frame(2.0), &options, &[], &run).unwrap();
        assert!(none.is_none() && !checkpoint.is_due());
        assert!(checkpoint.step(&run, "fit a", 0, 1, || panic!("nobody asked")).is_err());
        checkpoint.finish().unwrap();
    }

    #[test]
    fn another_fit_never_goes_on_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.checkpoint");
        open(&path).unwrap().0.save(&saved(1)).unwrap();
        let run = Run::default();
        let same = options(&path);
        let seed = TableFitOptions { seed: Seed(1), ..options(&path) };
        let refused = [
            ("model", Checkpoint::open("b", &frame(2.0), &same, &[1.0], &run)),
            ("table", Checkpoint::open("a", &frame(3.0), &same, &[1.0], &run)),
            ("seed", Checkpoint::open("a", &frame(2.0), &seed, &[1.0], &run)),
            ("setting", Checkpoint::open("a", &frame(2.0), &same, &[2.0], &run)),
        ];
        for (what, opened) in refused {
            let error = opened.unwrap_err();
            assert_eq!(error.kind(), daotwin_core::ErrorKind::Input, "{what}");
            assert!(error.to_string().contains(what) && error.to_string().contains("remove"), "{error}");
        }
        assert!(open(&path).is_ok());
    }

    #[test]
    fn every_damaged_byte_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.checkpoint");
        open(&path).unwrap().0.save(&saved(1)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            atomic_write(&path, &damaged).unwrap();
            assert!(matches!(open(&path), Err(Error::Checkpoint { .. })), "byte {place}");
        }
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            atomic_write(&path, &bytes[..length]).unwrap();
            assert!(matches!(open(&path), Err(Error::Checkpoint { .. })), "{length} bytes");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(open(&path), Err(Error::Checkpoint { .. })));
    }
}
