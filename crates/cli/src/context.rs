//! What every verb is given: the run, the settings, and where to write.

use std::path::Path;

use daotwin::core::Run;
use serde::Serialize;

use crate::arguments::Global;
use crate::config::Config;
use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;

/// The surroundings of a verb.
#[derive(Debug)]
pub(crate) struct Context {
    /// Progress, cancellation and limits, for the rooms.
    pub(crate) run: Run,
    /// The settings of `daotwin.toml`.
    pub(crate) config: Config,
    /// Whether results are printed as JSON.
    pub(crate) json: bool,
    quiet: bool,
    verbose: bool,
    progress: Option<Progress>,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        use std::io::IsTerminal;
        let config = Config::find(global.config.as_deref())?;
        if let Some(threads) = global.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.get())
                .build_global()
                .map_err(|error| Failure::usage(format!("cannot start {threads} threads: {error}")))?;
        }
        let shown =
            !global.quiet && !global.no_progress && (global.progress || std::io::stderr().is_terminal());
        let progress = shown.then(Progress::new);
        let mut run = match progress.clone() {
            Some(progress) => Run::with_listener(move |step| progress.show(step)),
            None => Run::default(),
        };
        run.limits = config.limits;
        crate::interrupt::listen(run.cancel.clone())?;
        Ok(Self { run, config, json: global.json, quiet: global.quiet, verbose: global.verbose, progress })
    }

    /// Says something on standard error.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.clear();
            output::note(text);
        }
    }

    /// Says something on standard error to those who asked for more.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// Suggests what to do next.
    pub(crate) fn next(&self, command: &str) {
        self.note(&format!("next: {command}"));
    }

    /// Prints a verb's result, as text or as the JSON document.
    pub(crate) fn print(&self, text: &str, value: &impl Serialize) -> Result<(), Failure> {
        self.clear();
        if self.json { output::json(value) } else { output::result(text) }
    }

    /// Shows how far a verb is, in its own words, where progress is shown.
    pub(crate) fn status(&self, text: &str) {
        if let Some(progress) = &self.progress {
            progress.say(text);
        }
    }

    /// Takes the progress line away before a result is printed by other means.
    pub(crate) fn finish(&self) {
        self.clear();
    }

    fn clear(&self) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
    }
}

/// A path as it is suggested to the user.
pub(crate) fn shown(path: &Path) -> String {
    output::quoted(path)
}
