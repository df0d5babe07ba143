//! `daotwin evaluate`: a synthetic DAO beside the real one.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::Seed;
use daotwin::core::document::{Outcome, Score};
use daotwin::evaluation::{Evaluation, Gates, Options, evaluate};
use daotwin::generators::registry;
use daotwin::history::History;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, table};
use crate::verbs::check_parent;
use crate::verbs::report::Format;
use crate::{Answer, arguments};

/// Compares synthetic Histories with the real one and writes a report.
///
/// Every score stands beside its references. The report is computed from the real data and is not private.
/// Gates in `daotwin.toml` turn into exit code 1 where a score misses its bar.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin evaluate --real history --synthetic synthetic --out report.html\n  \
        daotwin evaluate --real history --synthetic s1 --synthetic s2 --out report.html\n  \
        daotwin evaluate --real history --synthetic synthetic --out report.html --config daotwin.toml --json\n  \
        daotwin evaluate --real train.csv --synthetic rows.csv --holdout test.csv --target income --out r.html\n"
)]
pub(crate) struct Evaluate {
    /// The real History's folder, or a table: a CSV or Parquet file.
    #[arg(long, value_name = "PATH")]
    pub(super) real: PathBuf,
    /// A synthetic History's folder; several, from several seeds, give averages. Of a table, one file.
    #[arg(long, required = true, value_name = "PATH")]
    pub(super) synthetic: Vec<PathBuf>,
    /// A History of members, or a table of rows, that the twin did not learn from.
    #[arg(long, value_name = "PATH")]
    pub(super) holdout: Option<PathBuf>,
    /// The column of a table that models are trained to predict, synthetic beside real.
    #[arg(long, value_name = "COLUMN")]
    pub(super) target: Option<String>,
    /// What a table's columns are, in TOML; what it does not say is read from the data.
    #[arg(long, value_name = "FILE")]
    pub(super) columns: Option<PathBuf>,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// The DAO to evaluate, where the Histories hold several; all of them where not given.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Only metrics whose id starts with this; may be given several times (`daotwin metrics` lists them).
    #[arg(long = "metric", value_name = "ID")]
    metrics: Vec<String>,
    /// The model behind the samples, for attacks that train it anew on parts of the members.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
}

impl Evaluate {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let format = Format::of(&self.out)?;
        check_parent(&self.out)?;
        if self.real.is_file() {
            return super::table::evaluate(&self, format, context);
        }
        if self.target.is_some() || self.columns.is_some() {
            return Err(Failure::usage("`--target` and `--columns` belong to tables"));
        }
        let gates = Gates::parse(context.config.gates.iter().map(|(id, bar)| (id.as_str(), bar.as_str())))?;
        let ids = daotwin::evaluation::metric::ids();
        if let Some(stranger) = self.metrics.iter().find(|start| !ids.iter().any(|id| id.starts_with(*start)))
        {
            let known: Vec<&str> = daotwin::evaluation::METRICS.iter().map(|metric| metric.id()).collect();
            return Err(output::unknown("metric", stranger, &known));
        }
        let known: Vec<&str> = registry::SYNTHESIZERS.iter().map(|model| model.name()).collect();
        let synthesizer = match &self.model {
            Some(name) => Some(registry::find(name).ok_or_else(|| output::unknown("model", name, &known))?),
            None => None,
        };
        let read = |folder: &PathBuf| History::read(folder, &context.run);
        let real = read(&self.real)?;
        let synthetic = self.synthetic.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let holdout = self.holdout.as_ref().map(read).transpose()?;
        let options = Options {
            seed: Seed(self.seed),
            dao: self.dao,
            metrics: self.metrics,
            synthesizer: synthesizer.map(|model| model as &dyn daotwin::history::synthesizer::Synthesizer),
            ..Options::default()
        };
        let mut evaluation = evaluate(&real, &synthetic, holdout.as_ref(), &options, &context.run)?;
        evaluation.apply(&gates);
        context.run.check()?;
        format.write(&evaluation.document(), &self.out)?;
        context.print(&text(&evaluation), &evaluation)?;
        context.note(&format!("report written to `{}`; it is not private", self.out.display()));
        Ok(if evaluation.passed() { Answer::Yes } else { Answer::No })
    }
}

/// The scores beside their first reference, and the gates.
fn text(evaluation: &Evaluation) -> String {
    let several = evaluation.daos.len() > 1;
    let mut rows = Vec::new();
    for dao in &evaluation.daos {
        for score in &dao.scores {
            let mut row = cells(score);
            if several {
                row.insert(0, dao.dao.clone());
            }
            rows.push(row);
        }
    }
    let mut heading = vec!["metric", "value", "bar", "", "reference"];
    if several {
        heading.insert(0, "dao");
    }
    let mut text = table(&heading, &rows);
    if !evaluation.gates.is_empty() {
        let rows: Vec<Vec<String>> = evaluation
            .gates
            .iter()
            .map(|outcome| {
                let gate = &outcome.gate;
                vec![
                    outcome.dao.clone(),
                    gate.id.clone(),
                    format!("{} {}", gate.comparison.sign(), gate.bar),
                    outcome.value.map_or_else(|| "not given".to_owned(), number),
                    if outcome.passed { "passed" } else { "MISSED" }.to_owned(),
                ]
            })
            .collect();
        text.push('\n');
        text.push_str(&table(&["dao", "gate", "bar", "value", ""], &rows));
    }
    text
}

pub(super) fn cells(score: &Score) -> Vec<String> {
    let reference = score.references.first().map(|(name, value)| format!("{name} {}", number(*value)));
    vec![
        score.id.clone(),
        number(score.value),
        score.bar.map(number).unwrap_or_default(),
        match score.outcome {
            Outcome::Good => "within",
            Outcome::Bad => "OUTSIDE",
            Outcome::Neutral => "",
        }
        .to_owned(),
        reference.unwrap_or_default(),
    ]
}

/// Four significant digits, without an exponent where it can be read.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if (0..=8).contains(&digits) { format!("{value:.*}", digits as usize) } else { format!("{value:.3e}") }
}

#[cfg(test)]
mod test {
    use super::number;

    #[test]
    fn numbers_keep_four_digits() {
        let text: Vec<String> = [0.0, 0.012_345, 1.0, 1234.56, 1e-9, f64::NAN].map(number).into();
        assert_eq!(text, ["0", "0.01235", "1.000", "1235", "1.000e-9", "NaN"]);
    }
}
