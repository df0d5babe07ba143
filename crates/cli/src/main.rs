//! The `daotwin` command.
//!
//! Standard output carries the result and nothing else; progress, notes and errors go to standard error.
//! Exit codes: 0 done, 1 ran and the answer is no, 2 the input, 3 the privacy budget, 4 a defect,
//! 130 interrupted.

mod arguments;
mod config;
mod context;
mod failure;
mod interrupt;
mod output;
mod progress;
mod verbs;

use std::panic;
use std::process::ExitCode;

use clap::Parser;
use daotwin::core::ErrorKind;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::note;

/// How a verb ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is done, and the answer is yes where there was a question.
    Yes,
    /// It is done, and the answer is no.
    No,
    /// It was interrupted, and what it had until then is written.
    Interrupted,
}

fn main() -> ExitCode {
    panic::set_hook(Box::new(|defect| {
        // The place only: the message of a panic may quote data.
        let place = defect.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        note(&format!(
            "error: this is a defect of daotwin, at {place}\nplease report it, with the command and the version ({}), at {}/issues",
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_REPOSITORY"),
        ));
    }));
    match panic::catch_unwind(run) {
        Ok(Ok(Answer::Yes)) => ExitCode::SUCCESS,
        Ok(Ok(Answer::No)) => ExitCode::FAILURE,
        Ok(Ok(Answer::Interrupted)) => ExitCode::from(ErrorKind::Cancelled.exit_code()),
        Ok(Err(failure)) => {
            failure.report();
            ExitCode::from(failure.exit_code())
        }
        Err(_) => ExitCode::from(ErrorKind::Internal.exit_code()),
    }
}

fn run() -> Result<Answer, Failure> {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error),
    };
    let mut context = Context::new(&arguments.global)?;
    verbs::run(arguments.verb, &mut context)
}
