//! Ctrl-C: the run is asked to stop, and is stopped if it does not within a second.

use std::time::Duration;

use daotwin::core::{Cancel, ErrorKind};

use crate::failure::Failure;
use crate::output::note;

/// How long the rooms have to stop by themselves.
const PATIENCE: Duration = Duration::from_millis(800);

/// Raises `cancel` at the first interrupt.
pub(crate) fn listen(cancel: Cancel) -> Result<(), Failure> {
    ctrlc::set_handler(move || {
        if cancel.is_cancelled() {
            abort();
        }
        cancel.cancel();
        // A room between two looks at the flag, or the operating system flushing a file, may take longer.
        std::thread::spawn(|| {
            std::thread::sleep(PATIENCE);
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
