//! `daotwin demo`: the main job on the embedded private twin of a real DAO.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::Seed;
use daotwin::core::files::atomic_write;
use daotwin::generators::twin::{FittedTwin, compare};
use daotwin::history::Table;
use daotwin::report::render_html;
use serde::Serialize;

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::verbs::check_parent;
use crate::{Answer, arguments};

/// Samples a synthetic DAO from the private twin of a real one, which is part of this program, and reports it
/// beside what the twin measured.
///
/// The twin was fitted on the Decentraland DAO (data: Decentraland DAO transparency, Apache-2.0) with
/// member-level differential privacy. It holds no row of the real DAO.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin demo\n  \
        daotwin demo --out report.html --history synthetic --seed 7\n"
)]
pub(crate) struct Demo {
    /// The report.
    #[arg(long, short, value_name = "FILE", default_value = "daotwin-demo.html")]
    out: PathBuf,
    /// Also write the synthetic History to this new folder.
    #[arg(long, value_name = "FOLDER")]
    history: Option<PathBuf>,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Summary {
    report: PathBuf,
    verdict: String,
    members: usize,
    proposals: usize,
    votes: usize,
}

impl Demo {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        check_parent(&self.out)?;
        if let Some(folder) = &self.history {
            super::check_new(folder)?;
        }
        let twin = FittedTwin::from_bytes(
            include_bytes!("../../demo/manifest.json"),
            include_bytes!("../../demo/model.json"),
            include_bytes!("../../demo/weights.safetensors"),
        )?;
        let (history, document) = compare::document(&twin, Seed(self.seed), &context.run)?;
        atomic_write(&self.out, render_html(&document).as_bytes())?;
        if let Some(folder) = &self.history {
            history.write(folder)?;
        }
        let summary = Summary {
            verdict: document.verdict.text.clone(),
            members: history.rows(Table::Members),
            proposals: history.rows(Table::Proposals),
            votes: history.rows(Table::Votes),
            report: self.out,
        };
        let text = format!(
            "{}: {} members, {} proposals, {} votes\n{}\n",
            summary.report.display(),
            summary.members,
            summary.proposals,
            summary.votes,
            summary.verdict
        );
        context.print(&text, &summary)?;
        context.note(&format!("open {} in a browser", shown(&summary.report)));
        context.next("daotwin ingest SOURCE... --out history");
        Ok(Answer::Yes)
    }
}
