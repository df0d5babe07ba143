//! `daotwin export`: a History in a format that other programs read.

use std::path::PathBuf;

use clap::Args;
use daotwin::history::History;
use daotwin::history::export::EXPORTERS;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::verbs::check_new;
use crate::{Answer, arguments, output};

/// Writes a History in another format.
///
/// `daotwin formats` lists them. What is written can be read back by `daotwin ingest`.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin export history --format csv --out tables\n  \
        daotwin export history --format snapshot-json --out history.json\n"
)]
pub(crate) struct Export {
    /// The History's folder.
    history: PathBuf,
    /// The format's name.
    #[arg(long, short, value_name = "NAME")]
    format: String,
    /// The new file or folder.
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,
}

impl Export {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let known: Vec<&str> = EXPORTERS.iter().map(|exporter| exporter.name()).collect();
        let exporter = EXPORTERS
            .iter()
            .find(|exporter| exporter.name() == self.format)
            .ok_or_else(|| output::unknown("format", &self.format, &known))?;
        check_new(&self.out)?;
        let history = History::read(&self.history, &context.run)?;
        context.run.check()?;
        exporter.write(&history, &self.out)?;
        let text = format!("{}\n", self.out.display());
        context.print(&text, &json!({ "format": self.format, "path": self.out }))?;
        Ok(Answer::Yes)
    }
}
