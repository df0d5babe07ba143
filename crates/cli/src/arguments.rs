//! The command line: options that every verb takes, and the verbs.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::verbs;

/// Verbs show their examples before their options.
pub(crate) const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}";

/// Learns a private statistical twin of a DAO from its history, samples DAOs from it, says how good they are, and
/// rehearses on them what nobody would try on the real thing.
#[derive(Debug, Parser)]
#[command(
    name = "daotwin",
    version,
    help_template = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}",
    before_help = "Examples:\n  \
        daotwin demo --out report.html\n  \
        daotwin ingest votes.json proposals.json --out history\n  \
        daotwin fit history --out twin --epsilon 3 --delta 1e-6\n  \
        daotwin sample twin --out synthetic\n  \
        daotwin evaluate --real history --synthetic synthetic --out report.html\n",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options of every verb.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every verb")]
pub(crate) struct Global {
    /// Threads to use; all cores where not given. Results do not depend on it.
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print the result as one JSON document.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no notes and no progress; errors are still printed.
    #[arg(long, short, global = true, conflicts_with_all = ["verbose", "progress"])]
    pub(crate) quiet: bool,
    /// Print more notes.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Show progress even where standard error is not a terminal.
    #[arg(long, global = true, conflicts_with = "no_progress")]
    pub(crate) progress: bool,
    /// Show no progress.
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Settings; `daotwin.toml` in the current folder where not given.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(verbs::demo::Demo),
    Ingest(verbs::ingest::Ingest),
    Inspect(verbs::inspect::Inspect),
    Export(verbs::export::Export),
    Fit(verbs::fit::Fit),
    Sample(verbs::sample::Sample),
    Evaluate(verbs::evaluate::Evaluate),
    Simulate(verbs::simulate::Simulate),
    Sweep(verbs::sweep::Sweep),
    Compare(verbs::compare::Compare),
    Advise(verbs::advise::Advise),
    Attack(verbs::attack::Attack),
    Audit(verbs::audit::Audit),
    Calibrate(verbs::calibrate::Calibrate),
    Treasury(verbs::treasury::Treasury),
    Community(verbs::community::Community),
    Detect(verbs::detect::Detect),
    Randomise(verbs::randomise::Randomise),
    Report(verbs::report::Report),
    Privacy(verbs::privacy::Privacy),
    Formats(verbs::lists::Formats),
    Models(verbs::lists::Models),
    Metrics(verbs::lists::Metrics),
    Rules(verbs::lists::Rules),
    Scenarios(verbs::lists::Scenarios),
    Incidents(verbs::lists::Incidents),
    Schema(verbs::schema::Schema),
}
