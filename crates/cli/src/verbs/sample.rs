//! `daotwin sample`: a twin gives a new History.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use daotwin::core::Seed;
use daotwin::generators::registry;
use daotwin::generators::table::files;
use daotwin::history::Table;
use daotwin::history::synthesizer::{SampleOptions, Size};

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::verbs::{Rows, check_new};
use crate::{Answer, arguments};

/// Samples a synthetic DAO from a twin.
///
/// The same twin, options and seed give the same files on any number of threads. A sample of a private twin
/// costs no further privacy.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin sample twin --out synthetic --seed 1\n  \
        daotwin sample twin --out large --scale 100 --by proposals\n  \
        daotwin sample twin --out busy --members 500 --proposals 40 --condition turnout=2\n  \
        daotwin sample model --out rows.csv --rows 1000 --condition age=30..40\n"
)]
pub(crate) struct Sample {
    /// The twin's folder.
    pub(super) twin: PathBuf,
    /// The new History's folder; of a table's model, the new file (`.parquet`, any other ending gives CSV).
    #[arg(long, short, value_name = "PATH")]
    pub(super) out: PathBuf,
    /// Rows of a table; as many as were learned where not given.
    #[arg(long, value_name = "N", conflicts_with_all = ["scale", "members", "proposals"])]
    pub(super) rows: Option<u64>,
    /// Size as a multiple of the learned DAO's.
    #[arg(long, value_name = "X", requires = "by", conflicts_with_all = ["members", "proposals"], allow_negative_numbers = true)]
    scale: Option<f64>,
    /// What `--scale` multiplies.
    #[arg(long, value_name = "WHAT", requires = "scale")]
    by: Option<By>,
    /// Members with a vote; the learned DAO's number where not given.
    #[arg(long, value_name = "N")]
    members: Option<u64>,
    /// Proposals; the learned DAO's number where not given.
    #[arg(long, value_name = "N")]
    proposals: Option<u64>,
    /// A shift of what the twin learned, or what every row of a table must hold (`age=30..40`); may be given
    /// several times.
    #[arg(long = "condition", value_name = "NAME=VALUE", value_parser = condition)]
    pub(super) conditions: Vec<(String, String)>,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
}

/// What a scale multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// More members, as many proposals.
    Members,
    /// More proposals, as many members.
    Proposals,
}

fn condition(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a condition is `NAME=VALUE`, for example `turnout=2`".to_owned()),
    }
}

impl Sample {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        check_new(&self.out)?;
        if files::is_table(&self.twin, &context.run) {
            return super::table::sample(&self, context);
        }
        if self.rows.is_some() {
            return Err(Failure::usage(
                "`--rows` belongs to a table's model; a DAO's size is `--members` and `--proposals`",
            ));
        }
        let fitted = registry::load(&self.twin, &context.run)?;
        let (mut members, mut proposals) = (self.members, self.proposals);
        if let (Some(scale), Some(by)) = (self.scale, self.by) {
            let Size { members: m, proposals: p } = fitted.size();
            match by {
                By::Members => members = Some(scaled(m, scale)?),
                By::Proposals => proposals = Some(scaled(p, scale)?),
            }
        }
        let options =
            SampleOptions { seed: Seed(self.seed), members, proposals, conditions: self.conditions };
        let manifest = fitted.sample_to(&self.out, &options, &context.run)?;
        let tables: Vec<Rows> = Table::ALL
            .into_iter()
            .filter_map(|table| {
                manifest.tables.get(table.name()).map(|entry| Rows::new(table, entry.rows as usize))
            })
            .collect();
        context.print(&Rows::text(&tables), &manifest)?;
        context.note(&format!("synthetic history written to `{}`", self.out.display()));
        context.next(&format!(
            "daotwin evaluate --real HISTORY --synthetic {} --out report.html",
            shown(&self.out)
        ));
        Ok(Answer::Yes)
    }
}

/// A size times a scale, to the nearest whole number.
fn scaled(size: u64, scale: f64) -> Result<u64, Failure> {
    if !(scale > 0.0 && scale <= 1e9) {
        return Err(Failure::usage(format!("`--scale` is {scale}; allowed is more than 0 and at most 1e9")));
    }
    Ok((size as f64 * scale).round() as u64)
}
