//! `daotwin inspect`: what a History holds and whether it is sound; what a twin says of itself.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::document::{Block, Document, Outcome};
use daotwin::history::{History, constraints};

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::output::{self, table};
use crate::verbs::{facts, manifest};
use crate::{Answer, arguments};

/// Shows what a History holds and every constraint that its rows break, or what a twin says of itself.
///
/// A constraint that the platform lets members break, such as voting once, is a note. No cell of a protected
/// column is shown.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin inspect history\n  \
        daotwin inspect history --strict --json\n  \
        daotwin inspect twin\n"
)]
pub(crate) struct Inspect {
    /// The folder of a History or a twin.
    folder: PathBuf,
    /// Exit with 1 where a constraint is broken.
    #[arg(long)]
    strict: bool,
}

impl Inspect {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        // A twin's manifest names its synthesizer; everything else is a History or says why it is not one.
        if let Some(manifest) =
            manifest(&self.folder).ok().filter(|manifest| manifest.get("synthesizer").is_some())
        {
            context.print(&facts(&manifest), &manifest)?;
            context.next(&format!("daotwin sample {} --out synthetic", shown(&self.folder)));
            return Ok(Answer::Yes);
        }
        let history = History::read(&self.folder, &context.run)?;
        let document = constraints::inspect(&history, &context.run)?;
        if context.json {
            context.finish();
            output::result(&daotwin::report::render_json(&document)?)?;
        } else {
            context.finish();
            output::result(&text(&document))?;
        }
        context.next(&format!("daotwin fit {} --out twin", shown(&self.folder)));
        let broken = document.verdict.outcome == Outcome::Bad;
        Ok(if broken && self.strict { Answer::No } else { Answer::Yes })
    }
}

/// The document's verdict and tables for a terminal. The list of columns is long and the same for every
/// History; `daotwin schema` has it.
fn text(document: &Document) -> String {
    let mut text = format!("{}\n", document.verdict.text);
    for (name, value) in document.manifest.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{name}: {value}\n"));
    }
    for section in document.sections.iter().filter(|section| section.id != "columns") {
        for block in &section.blocks {
            if let Block::Table(grid) = block
                && !grid.rows.is_empty()
            {
                let heading: Vec<&str> = grid.columns.iter().map(String::as_str).collect();
                text.push_str(&format!("\n{}\n", section.title));
                text.push_str(&table(&heading, &grid.rows));
            }
        }
    }
    text
}
