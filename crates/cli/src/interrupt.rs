//! Ctrl-C: the run is asked to stop, and is stopped if it does not within a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use daotwin::core::{Cancel, ErrorKind};

use crate::failure::Failure;
use crate::output::note;

/// How long the rooms have to stop by themselves.
const PATIENCE: Duration = Duration::from_millis(800);

/// How long a verb has that writes what it has found until then.
const LONG_PATIENCE: Duration = Duration::from_secs(30);

static WRITES: AtomicBool = AtomicBool::new(false);

/// Lets the verb write what it has when it is interrupted; a second interrupt ends it at once.
pub(crate) fn be_patient() {
    WRITES.store(true, Ordering::Relaxed);
}

/// Raises `cancel` at the first interrupt.
pub(crate) fn listen(cancel: Cancel) -> Result<(), Failure> {
    ctrlc::set_handler(move || {
        if cancel.is_cancelled() {
            abort();
        }
        cancel.cancel();
        // A room between two looks at the flag, or the operating system flushing a file, may take longer.
        std::thread::spawn(|| {
            std::thread::sleep(if WRITES.load(Ordering::Relaxed) { LONG_PATIENCE } else { PATIENCE });
            abort();
        });
    })
    .map_err(|error| Failure::defect(format!("cannot listen for interrupts: {error}")))
}

#[expect(clippy::exit, reason = "the main thread is busy, and what it was writing has just been removed")]
fn abort() {
    daotwin::core::files::abandon();
    note("interrupted: no output was left behind");
    std::process::exit(i32::from(ErrorKind::Cancelled.exit_code()));
}
