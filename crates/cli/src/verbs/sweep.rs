//! `daotwin sweep`: a scenario with every combination of values of some of its parameters.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::Seed;
use daotwin::simulation::rehearsal::{self, Options, Swept, VARIABLES};
use daotwin::simulation::scenario::axes;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::report::Format;
use crate::verbs::{check_new, check_parent};
use crate::{Answer, arguments};

/// Combinations that are printed; all of them are written.
const PRINTED: usize = 30;

/// Rehearses a scenario with every combination of values of its parameters.
///
/// The values are written as JSON lines, a line a combination. A sweep that was interrupted goes on where it was when it
/// is called again, to the same bytes. What may be varied: `rule.KEY` of the scenario's `[rule]`, `price`, `KIND.FIELD`
/// of its conditions, and `behaviours.NAME` (`daotwin scenarios` lists them).
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin sweep twin --scenario low-quorum --vary rule.quorum=0.01,0.02,0.05 --out sweep.jsonl\n  \
        daotwin sweep history --scenario downturn --vary rule.quorum=0.01,0.05 --vary downturn.depth=0.2:0.8:4 \
        --runs 50 --out sweep.jsonl --report report.html\n"
)]
pub(crate) struct Sweep {
    /// A twin's folder, or a History's.
    dao_folder: PathBuf,
    /// A scenario: a TOML file, or the name of a ready one.
    #[arg(long, value_name = "FILE or NAME")]
    scenario: String,
    /// A parameter and its values: `PATH=VALUE,VALUE,...`, or `PATH=FROM:TO:COUNT` for evenly spaced numbers; several are
    /// combined.
    #[arg(long = "vary", required = true, value_name = "PATH=VALUES")]
    varied: Vec<String>,
    /// The numbers of every combination, as JSON lines.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// A report: `.html`, `.md` or `.json`.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The rule as it is: a scenario's file whose `[rule]` says what the records do not.
    #[arg(long, value_name = "FILE or NAME")]
    baseline: Option<String>,
    /// How many times the DAO is drawn; all combinations meet the same draws.
    #[arg(long, value_name = "N", default_value_t = 40)]
    runs: u64,
    /// So many of the largest members are asked whether they could decide alone.
    #[arg(long, value_name = "N", default_value_t = 3)]
    largest: usize,
    /// Proposals of a run; as many as were learned where not given.
    #[arg(long, value_name = "N")]
    proposals: Option<u64>,
    /// How hard voters are called where a quorum binds, and how many stay at home once it is met: `off`, or the strengths of
    /// `quorum_effort` and `relief`; fitted to the records where not given.
    #[arg(long, value_name = "EFFORT,RELIEF")]
    effort: Option<String>,
    /// The DAO, where there are several.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl Sweep {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        check_new(&self.out)?;
        let report = self.report.as_ref().map(|report| Ok::<_, Failure>((Format::of(report)?, report)));
        let report = report.transpose()?;
        if let Some((_, report)) = report {
            check_parent(report)?;
        }
        let scenario = super::simulate::scenario(&self.scenario, context)?;
        let axes = axes(&scenario, &self.varied)?;
        let baseline = super::simulate::baseline(self.baseline.as_deref(), context)?;
        let (model, records) = super::simulate::model(&self.dao_folder, self.dao.as_deref(), context)?;
        let options = Options {
            seed: Seed(self.seed),
            runs: self.runs,
            dao: self.dao,
            largest: self.largest,
            proposals: self.proposals,
            ..Options::default()
        };
        let options = super::simulate::with_effort(
            options,
            self.effort.as_deref(),
            model.as_ref(),
            records.as_ref(),
            &baseline,
            context,
        )?;
        let swept =
            rehearsal::sweep(model.as_ref(), &baseline, &scenario, &axes, &options, &self.out, &context.run)?;
        if let Some((format, report)) = report {
            let base = rehearsal::rehearse(model.as_ref(), None, &baseline, &[], &options, &context.run)?;
            format.write(&swept.document(Some(&base)), report)?;
            context.note(&format!("report written to `{}`", report.display()));
        }
        context.print(&text(&swept), &swept)?;
        let private =
            if records.is_some() { "; it is computed from the records and is not private" } else { "" };
        context.note(&format!("sweep written to `{}`{private}", self.out.display()));
        Ok(Answer::Yes)
    }
}

/// The means of the first combinations that matter most.
fn text(swept: &Swept) -> String {
    const SHOWN: [&str; 5] = ["passed", "quorate", "voters", "taken_over", "needed"];
    let mut heading: Vec<&str> = swept.axes.iter().map(|axis| axis.path.as_str()).collect();
    heading.extend(SHOWN);
    let rows: Vec<Vec<String>> = swept
        .points
        .iter()
        .take(PRINTED)
        .map(|point| {
            let means = VARIABLES
                .iter()
                .zip(&point.figures)
                .filter(|((name, _), _)| SHOWN.contains(name))
                .map(|(_, figure)| super::evaluate::number(figure.mean));
            point.settings.iter().map(ToString::to_string).chain(means).collect()
        })
        .collect();
    let mut text = format!("{}\n\n{}", swept.sentences().join("\n"), table(&heading, &rows));
    if rows.len() < swept.points.len() {
        text.push_str(&format!("... and {} more\n", swept.points.len() - rows.len()));
    }
    text
}
