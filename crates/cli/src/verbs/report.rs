//! `daotwin report`: a report that was kept as JSON, rendered again.

use std::path::{Path, PathBuf};

use clap::Args;
use daotwin::core::document::Document;
use daotwin::core::files::{atomic_write, read_limited};
use daotwin::core::{ErrorKind, Limits};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::verbs::check_parent;
use crate::{Answer, arguments, output};

/// Renders a report that was written as JSON to HTML or Markdown.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin report report.json --out report.html\n  \
        daotwin report report.json --out report.md\n"
)]
pub(crate) struct Report {
    /// The report as JSON, from `--out FILE.json` of `evaluate` or `demo`.
    document: PathBuf,
    /// The file to write: `.html`, `.md` or `.json`.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
}

impl Report {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let format = Format::of(&self.out)?;
        check_parent(&self.out)?;
        let bytes = read_limited(&self.document, Limits::default().max_file_bytes)?;
        let damaged = |reason: String| {
            let path = self.document.display();
            Failure::new(ErrorKind::Input, format!("`{path}` is not a report in JSON: {reason}"))
        };
        let text = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8 text".to_owned()))?;
        let document = daotwin::report::parse_json(&text).map_err(|error| damaged(error.to_string()))?;
        format.write(&document, &self.out)?;
        context.print(&format!("{}\n", self.out.display()), &json!({ "report": self.out }))?;
        Ok(Answer::Yes)
    }
}

/// How a report is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Html,
    Markdown,
    Json,
}

impl Format {
    /// The format that a file's name asks for.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("html" | "htm") => Ok(Self::Html),
            Some("md") => Ok(Self::Markdown),
            Some("json") => Ok(Self::Json),
            _ => Err(Failure::usage(format!(
                "`{}` has no ending that names a report's format; known are {}",
                path.display(),
                output::list(&[".html", ".md", ".json"])
            ))),
        }
    }

    /// Writes a report, replacing one of the same name.
    pub(crate) fn write(self, document: &Document, path: &Path) -> Result<(), Failure> {
        let text = match self {
            Self::Html => daotwin::report::render_html(document),
            Self::Markdown => daotwin::report::render_markdown(document),
            Self::Json => daotwin::report::render_json(document)?,
        };
        Ok(atomic_write(path, text.as_bytes())?)
    }
}
