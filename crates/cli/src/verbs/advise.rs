//! `daotwin advise`: which parameters of governance are safe and still let the DAO decide.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use daotwin::core::Seed;
use daotwin::simulation::rehearsal::{self, Goal, Options};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::check_parent;
use crate::verbs::report::Format;
use crate::{Answer, arguments};

/// Searches quorums, approvals, weights and windows for a DAO, and says which are safe and still let it decide.
///
/// Every combination is rehearsed on the same draws as the rule as it is. The report has what nothing that was tried
/// beats in everything (the Pareto front), with its figures.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin advise history --goal safety --out advice.html\n  \
        daotwin advise twin --baseline rule.toml --out advice.html --json\n"
)]
pub(crate) struct Advise {
    /// A twin's folder, or a History's.
    dao_folder: PathBuf,
    /// What comes first.
    #[arg(long, value_enum, default_value = "balance")]
    goal: Wanted,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The rule as it is: a scenario's file whose `[rule]` says what the records do not.
    #[arg(long, value_name = "FILE or NAME")]
    baseline: Option<String>,
    /// Accounts are known to be different people: try weights that would reward whoever splits tokens over accounts.
    #[arg(long)]
    unique_members: bool,
    /// How many times the DAO is drawn.
    #[arg(long, value_name = "N", default_value_t = 40)]
    runs: u64,
    /// So many of the largest members are asked whether they could decide alone.
    #[arg(long, value_name = "N", default_value_t = 3)]
    largest: usize,
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

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wanted {
    /// The dearest to take over, among what passes at least nine tenths of what passes now.
    Safety,
    /// What passes most, among what is no cheaper to take over than now.
    Agility,
    /// The best sum of ranks in both.
    Balance,
}

impl Advise {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let format = Format::of(&self.out)?;
        check_parent(&self.out)?;
        let baseline = super::simulate::baseline(self.baseline.as_deref(), context)?;
        let (model, records) = super::simulate::model(&self.dao_folder, self.dao.as_deref(), context)?;
        let goal = match self.goal {
            Wanted::Safety => Goal::Safety,
            Wanted::Agility => Goal::Agility,
            Wanted::Balance => Goal::Balance,
        };
        let options = Options {
            seed: Seed(self.seed),
            runs: self.runs,
            dao: self.dao,
            largest: self.largest,
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
        let advice = rehearsal::advise(
            model.as_ref(),
            records.as_ref(),
            &baseline,
            goal,
            self.unique_members,
            &options,
            &context.run,
        )?;
        advice.check()?;
        format.write(&advice.document(), &self.out)?;
        let number = super::evaluate::number;
        let front = advice.candidates.iter().filter(|candidate| candidate.front);
        let rows: Vec<Vec<String>> = front
            .map(|candidate| {
                vec![
                    candidate.title.clone(),
                    number(candidate.passed),
                    number(candidate.takeover),
                    number(candidate.needed),
                ]
            })
            .collect();
        let text = format!(
            "{}\n\n{}",
            advice.sentences().join("\n"),
            table(&["what nothing tried beats", "pass", "largest alone", "tokens needed"], &rows)
        );
        context.print(&text, &advice)?;
        context.note(&format!("report written to `{}`", self.out.display()));
        Ok(if advice.advised == 0 { Answer::No } else { Answer::Yes })
    }
}
