//! `daotwin randomise`: a table becomes reports that are private before anyone collects them.

use std::path::PathBuf;

use clap::Args;
use daotwin::generators::local;
use daotwin::history::frame::{self, Declaration};

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::{check_new, check_parent};
use crate::{Answer, arguments};

/// Noises every value of a table, for members who trust nobody, before any training.
///
/// Every column must be declared. Each becomes categories: its labels, or bins of a number's bounds; a missing value,
/// where the declaration says `optional = true`, is a category of its own. Each value is kept or replaced by k-ary
/// randomised response. The epsilon is a row's: it is split evenly over the columns, so more columns mean more noise in
/// each; leave out (`kind = "leave-out"`) what nobody needs. Beside the reports a JSON statement says what each costs
/// and with what probabilities it was made; `daotwin fit --reports` takes the noise out of the counts again. Where
/// the declaration names `member`, the epsilon is a member's: it is split over `rows_per_member` rows as well, and rows
/// beyond are left out; else a member with several rows pays for each of them.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin randomise table.csv --columns columns.toml --epsilon 8 --out noisy.csv\n  \
        daotwin fit noisy.csv --columns columns.toml --reports noisy.json --out model\n"
)]
pub(crate) struct Randomise {
    /// The table: a CSV or Parquet file.
    table: PathBuf,
    /// What the columns are, in TOML: labels, bounds, and whether a value may be missing.
    #[arg(long, value_name = "FILE")]
    columns: PathBuf,
    /// The privacy loss of a row's reports together.
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    epsilon: f64,
    /// Bins that a number's bounds are cut into.
    #[arg(long, value_name = "N", default_value_t = 16)]
    bins: usize,
    /// The reports: a new CSV or Parquet file.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The statement; the name of the reports with the ending `.json` where not given.
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
}

impl Randomise {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let statement_path = self.statement.clone().unwrap_or_else(|| self.out.with_extension("json"));
        if statement_path == self.out {
            return Err(Failure::usage("the reports and their statement need different names"));
        }
        check_new(&self.out)?;
        check_parent(&statement_path)?;
        let declaration = Declaration::read(&self.columns, &context.run.limits)?;
        let (frame, left_out) = frame::read(&self.table, &declaration, &context.run)?;
        for column in left_out {
            context.note(&format!("column `{}` is left out: {}", column.column, column.reason));
        }
        let (noisy, statement) = local::randomise(&frame, self.epsilon, self.bins, &context.run)?;
        context.run.check()?;
        // Reports without their statement are of little use, a statement without reports does no harm.
        statement.write(&statement_path)?;
        frame::write(&self.out, &noisy, &context.run)?;
        let rows: Vec<Vec<String>> = statement
            .columns
            .iter()
            .map(|report| {
                vec![
                    report.name.clone(),
                    report.categories.to_string(),
                    format!("{:.4}", report.epsilon),
                    format!("{:.4}", report.truth),
                ]
            })
            .collect();
        context.print(&table(&["column", "categories", "epsilon", "kept"], &rows), &statement)?;
        context.note(&format!(
            "reports written to `{}`, their statement to `{}`; a row's reports cost epsilon {} together",
            self.out.display(),
            statement_path.display(),
            statement.epsilon
        ));
        context.next(&format!(
            "daotwin fit {} --columns {} --reports {} --out model",
            shown(&self.out),
            shown(&self.columns),
            shown(&statement_path)
        ));
        Ok(Answer::Yes)
    }
}
