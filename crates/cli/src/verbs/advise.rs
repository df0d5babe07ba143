//! `daotwin advise`: which parameters of governance are safe and still let the DAO decide, and the outlook of one proposal.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use daotwin::core::Seed;
use daotwin::core::files::read_limited;
use daotwin::history::History;
use daotwin::simulation::rehearsal::proposal::{self, Ask};
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
///
/// With `--proposal` it says of one proposal how likely it is to pass, who decides it, and what would change it, from what
/// each member did on the proposals on record. Of a twin, the members are those of a sample. The file may say `title`,
/// `opens`, `window_days`, `author`, `category`, `support` (the share for that is expected), `choices`, a `[rule]` as in
/// scenarios, and of a proposal that is open already `as_of` and `[[ballots]]` with `member`, `side` and `power`.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin advise history --goal safety --out advice.html\n  \
        daotwin advise twin --baseline rule.toml --out advice.html --json\n  \
        daotwin advise history --proposal proposal.toml --baseline rule.toml --out outlook.html\n"
)]
pub(crate) struct Advise {
    /// A twin's folder, or a History's.
    dao_folder: PathBuf,
    /// Advise on this one proposal instead: a TOML file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["goal", "unique_members", "largest"])]
    proposal: Option<PathBuf>,
    /// What comes first.
    #[arg(long, value_enum, default_value = "balance")]
    goal: Wanted,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, required_unless_present = "proposal", value_name = "FILE")]
    out: Option<PathBuf>,
    /// The rule as it is: a scenario's file whose `[rule]` says what the records do not.
    #[arg(long, value_name = "FILE or NAME")]
    baseline: Option<String>,
    /// Accounts are known to be different people: try weights that would reward whoever splits tokens over accounts.
    #[arg(long)]
    unique_members: bool,
    /// How many times the DAO is drawn; 40 where not given, 2000 for one proposal.
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
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
        let out = self.out.as_deref().map(|out| Ok::<_, Failure>((Format::of(out)?, out))).transpose()?;
        if let Some((_, out)) = out {
            check_parent(out)?;
        }
        if let Some(file) = &self.proposal {
            return self.outlook(file, context);
        }
        let baseline = super::simulate::baseline(self.baseline.as_deref(), context)?;
        let (model, records) = super::simulate::model(&self.dao_folder, self.dao.as_deref(), context)?;
        let goal = match self.goal {
            Wanted::Safety => Goal::Safety,
            Wanted::Agility => Goal::Agility,
            Wanted::Balance => Goal::Balance,
        };
        let options = Options {
            seed: Seed(self.seed),
            runs: self.runs.unwrap_or(40),
            dao: self.dao.clone(),
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
        if let Some((format, out)) = out {
            format.write(&advice.document(), out)?;
        }
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
        if let Some((_, out)) = out {
            context.note(&format!("report written to `{}`", out.display()));
        }
        Ok(if advice.advised == 0 { Answer::No } else { Answer::Yes })
    }

    /// One proposal.
    fn outlook(&self, file: &Path, context: &Context) -> Result<Answer, Failure> {
        let bytes = read_limited(file, context.run.limits.max_file_bytes)?;
        let shown = file.display();
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::usage(format!("`{shown}` is not text in UTF-8")))?;
        let ask = Ask::read(&text).map_err(|error| {
            let lines: Vec<String> =
                error.to_string().lines().map(|line| format!("`{shown}`: {line}")).collect();
            Failure::new(error.kind(), lines.join("\n"))
        })?;
        let baseline = super::simulate::baseline(self.baseline.as_deref(), context)?;
        let options = Options {
            seed: Seed(self.seed),
            runs: self.runs.unwrap_or(proposal::RUNS),
            dao: self.dao.clone(),
            ..Options::default()
        };
        let twin = super::simulate::twin(&self.dao_folder, context)?;
        let records = match &twin {
            Some(model) => proposal::sampled(model.as_ref(), &options, &context.run)?,
            None => History::read(&self.dao_folder, &context.run)?,
        };
        let mut found = proposal::outlook(&records, &ask, &baseline, &options, &context.run)?;
        if twin.is_some() {
            found.notes.insert(
                0,
                "Members are those of one sample of a twin: none is a real one, and another `--seed` has others."
                    .to_owned(),
            );
        }
        if let Some(out) = &self.out {
            Format::of(out)?.write(&found.document(), out)?;
        }
        let number = super::evaluate::number;
        let deciders: Vec<Vec<String>> = found
            .deciders
            .iter()
            .map(|decider| {
                let shares = [
                    decider.comes,
                    decider.with_for,
                    decider.with_against,
                    decider.swing.share,
                    decider.decisive.share,
                    decider.pivot.share,
                ];
                std::iter::once(decider.member.clone()).chain(shares.map(number)).collect()
            })
            .collect();
        let changes: Vec<Vec<String>> = found
            .changes
            .iter()
            .map(|changed| {
                let (low, high) = changed.interval;
                let figures = [changed.chance.share, changed.difference, low, high];
                std::iter::once(changed.title.clone()).chain(figures.map(number)).collect()
            })
            .collect();
        let text = format!(
            "{}\n\n{}\n{}",
            found.sentences().join("\n"),
            table(&["who decides it", "votes", "for", "against", "swing", "decisive", "pivot"], &deciders),
            table(&["what would change it", "passes", "difference", "from", "to"], &changes)
        );
        context.print(&text, &found)?;
        for note in &found.notes {
            context.detail(note);
        }
        if let Some(out) = &self.out {
            let private =
                if twin.is_none() { "; it is computed from the records and is not private" } else { "" };
            context.note(&format!("report written to `{}`{private}", out.display()));
        }
        Ok(Answer::Yes)
    }
}
