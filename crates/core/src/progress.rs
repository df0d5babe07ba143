//! Progress, cancellation and the size of the thread pool, handed to everything that takes long.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::limits::Limits;

/// A flag that one side raises and the other side looks at. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Raises the flag.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a stage has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step<'a> {
    /// The stage, in the words a user sees: `fit decentraland`.
    pub stage: &'a str,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 where it is not known.
    pub total: u64,
}

type Listener = Arc<dyn Fn(Step<'_>) + Send + Sync>;

/// What a long call is given: where to report, whether to stop, and the limits to obey.
#[derive(Clone, Default)]
pub struct Run {
    /// The flag to look at, at least every tenth of a second.
    pub cancel: Cancel,
    /// The limits to obey.
    pub limits: Limits,
    listener: Option<Listener>,
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Run").field("cancel", &self.cancel).finish_non_exhaustive()
    }
}

impl Run {
    /// A run that reports each step to `listener`.
    pub fn with_listener(listener: impl Fn(Step<'_>) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..Self::default() }
    }

    /// Reports a step, and stops the caller if the run is cancelled.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the flag is raised.
    pub fn step(&self, stage: &str, done: u64, total: u64) -> Result<()> {
        if let Some(listener) = &self.listener {
            listener(Step { stage, done, total });
        }
        self.check()
    }

    /// Stops the caller if the run is cancelled.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the flag is raised.
    pub fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}
