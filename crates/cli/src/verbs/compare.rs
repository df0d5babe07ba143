//! `daotwin compare`: scenarios side by side, and what moving each parameter alone does.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::Seed;
use daotwin::simulation::rehearsal::{self, Comparison, Options, VARIABLES};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, table};
use crate::verbs::check_parent;
use crate::verbs::report::Format;
use crate::{Answer, arguments};

/// Compares scenarios with the first of them, run by run on the same draws; with `--vary` the first scenario with each
/// parameter moved alone (a tornado chart).
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin compare history quorum-now.toml quorum-low.toml --out report.html\n  \
        daotwin compare twin downturn --vary downturn.depth=0.4,0.9 --vary rule.quorum=0.01,0.05 --of turnout --out report.html\n"
)]
pub(crate) struct Compare {
    /// A twin's folder, or a History's.
    dao_folder: PathBuf,
    /// Scenarios: TOML files, or names of ready ones; others are compared with the first.
    #[arg(required = true, value_name = "FILE or NAME")]
    scenarios: Vec<String>,
    /// A parameter of the first scenario and the values it is moved to, alone: `PATH=LOW,HIGH`, as of `sweep`.
    #[arg(long = "vary", value_name = "PATH=VALUES")]
    varied: Vec<String>,
    /// What the chart and the sentences are about.
    #[arg(long, value_name = "VARIABLE", default_value = "passed")]
    of: String,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The rule as it is: a scenario's file whose `[rule]` says what the records do not.
    #[arg(long, value_name = "FILE or NAME")]
    baseline: Option<String>,
    /// How many times the DAO is drawn; all scenarios meet the same draws.
    #[arg(long, value_name = "N", default_value_t = 100)]
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

impl Compare {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let format = Format::of(&self.out)?;
        check_parent(&self.out)?;
        let known: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
        if !known.contains(&self.of.as_str()) {
            return Err(output::unknown("variable", &self.of, &known));
        }
        let mut scenarios = super::simulate::scenarios(&self.scenarios, context)?;
        if !self.varied.is_empty()
            && let Some(base) = scenarios.first()
        {
            scenarios.extend(rehearsal::one_at_a_time(&base.clone(), &self.varied)?);
        }
        if scenarios.len() < 2 {
            return Err(Failure::usage(
                "one scenario is compared with nothing; give a second one, or `--vary PATH=LOW,HIGH`"
                    .to_owned(),
            ));
        }
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
        let found = rehearsal::rehearse(
            model.as_ref(),
            records.as_ref(),
            &baseline,
            &scenarios,
            &options,
            &context.run,
        )?;
        let found = rehearsal::compare(found, &self.of)?;
        format.write(&found.document(), &self.out)?;
        context.print(&text(&found), &found)?;
        let private =
            if records.is_some() { "; it is computed from the records and is not private" } else { "" };
        context.note(&format!("report written to `{}`{private}", self.out.display()));
        Ok(Answer::Yes)
    }
}

/// The sentences, the means, and the differences.
fn text(found: &Comparison) -> String {
    let number = super::evaluate::number;
    let arms = &found.rehearsal.arms;
    let mut heading: Vec<&str> = vec!["variable"];
    heading.extend(arms.iter().map(|arm| arm.scenario.title.as_str()));
    let rows: Vec<Vec<String>> = VARIABLES
        .iter()
        .enumerate()
        .map(|(place, (name, _))| {
            let means = arms.iter().map(|arm| number(arm.variables[place].mean));
            std::iter::once((*name).to_owned()).chain(means).collect()
        })
        .collect();
    let moved: Vec<Vec<String>> = found
        .ordered()
        .iter()
        .map(|difference| {
            let (mean, (low, high)) = difference.by[found.asked];
            std::iter::once(difference.title.clone()).chain([mean, low, high].map(number)).collect()
        })
        .collect();
    let (asked, _) = VARIABLES[found.asked];
    format!(
        "{}\n\n{}\n{}",
        found.sentences().join("\n"),
        table(&heading, &rows),
        table(&[&format!("{asked} against `{}`", found.reference), "difference", "from", "to"], &moved)
    )
}
