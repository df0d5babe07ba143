//! `daotwin attack`: strategic agents against a DAO.

use std::path::{Path, PathBuf};

use clap::Args;
use daotwin::core::Seed;
use daotwin::core::files::read_limited;
use daotwin::simulation::rehearsal::Options;
use daotwin::simulation::rehearsal::attack::{self, ATTACKERS, Attacks, Terms};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::report::Format;
use crate::verbs::{check_new, check_parent};
use crate::{Answer, arguments};

/// Searches attacks on a DAO: what each needs, what it costs, how likely it succeeds, and which single change of the rule
/// removes it.
///
/// Members and ballots are drawn as by `simulate`. For every proposal each attacker's best response is computed: whale,
/// cartel, sybil, briber, flash loan, raider, spammer, griefer, boycott, hidden payload, arbitrageur; against voters, those
/// whom an alarm calls back, and a guardian. `--list` says of each what it does, knows and pays. Exit code 1: an attack that
/// needs money succeeds more often than not.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin attack history --baseline rule.toml --terms attack.toml --out attacks.html\n  \
        daotwin attack twin --scenario downturn --scenario low-quorum --runs 100 --out attacks.html --rows sizes.parquet\n  \
        daotwin attack --list\n"
)]
pub(crate) struct Attack {
    /// A twin's folder, or a History's.
    #[arg(required_unless_present = "list")]
    dao_folder: Option<PathBuf>,
    /// A scenario beside the rule as it is: a TOML file, or the name of a ready one; several are shown side by side.
    #[arg(long = "scenario", value_name = "FILE or NAME")]
    scenarios: Vec<String>,
    /// The rule as it is: a scenario's file whose `[rule]` says what the records do not, such as a quorum.
    #[arg(long, value_name = "FILE or NAME")]
    baseline: Option<String>,
    /// What attacks cost and how they are answered: a TOML file of numbers (`daotwin schema attack`).
    #[arg(long, value_name = "FILE")]
    terms: Option<PathBuf>,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, required_unless_present = "list", value_name = "FILE")]
    out: Option<PathBuf>,
    /// The size that each attack needs at every proposal of every run: `.parquet` or `.csv`.
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// How many times the DAO is drawn.
    #[arg(long, value_name = "N", default_value_t = 40)]
    runs: u64,
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
    /// List attackers and defenders instead.
    #[arg(long, conflicts_with = "dao_folder")]
    list: bool,
}

fn terms(path: &Path, context: &Context) -> Result<Terms, Failure> {
    let bytes = read_limited(path, context.run.limits.max_file_bytes)?;
    let name = path.display();
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::usage(format!("`{name}` is not text in UTF-8")))?;
    Terms::read(&text).map_err(|error| {
        let lines: Vec<String> = error.to_string().lines().map(|line| format!("`{name}`: {line}")).collect();
        Failure::new(error.kind(), lines.join("\n"))
    })
}

impl Attack {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let (Some(folder), Some(out)) = (&self.dao_folder, &self.out) else {
            return list(context);
        };
        let format = Format::of(out)?;
        check_parent(out)?;
        if let Some(rows) = &self.rows {
            check_new(rows)?;
        }
        let mut scenarios = Vec::new();
        let mut problems = Vec::new();
        for name in &self.scenarios {
            match super::simulate::scenario(name, context) {
                Ok(read) => scenarios.push(read),
                Err(Failure::Error { message, .. }) => problems.push(message),
                Err(other) => return Err(other),
            }
        }
        let terms = match self.terms.as_deref().map(|path| terms(path, context)).transpose() {
            Ok(terms) => terms.unwrap_or_default(),
            Err(Failure::Error { message, .. }) => {
                problems.push(message);
                Terms::default()
            }
            Err(other) => return Err(other),
        };
        if !problems.is_empty() {
            return Err(Failure::usage(problems.join("\n")));
        }
        let baseline = super::simulate::baseline(self.baseline.as_deref(), context)?;
        let (model, records) = super::simulate::model(folder, self.dao.as_deref(), context)?;
        let options = Options {
            seed: Seed(self.seed),
            runs: self.runs,
            dao: self.dao.clone(),
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
        let found = attack::attack(model.as_ref(), &baseline, &scenarios, &terms, &options, &context.run)?;
        format.write(&found.document(), out)?;
        if let Some(rows) = &self.rows {
            daotwin::history::frame::write(rows, &found.rows()?, &context.run)?;
        }
        context.print(&text(&found), &found)?;
        let private =
            if records.is_some() { "; it is computed from the records and is not private" } else { "" };
        context.note(&format!("report written to `{}`{private}", out.display()));
        let succeeds = found.arms.first().is_some_and(|arm| arm.cheapest(0).is_some());
        Ok(if succeeds { Answer::No } else { Answer::Yes })
    }
}

fn list(context: &mut Context) -> Result<Answer, Failure> {
    let text: String = ATTACKERS
        .iter()
        .map(|attacker| {
            format!(
                "{}\n  does      {}\n  knows     {}\n  pays      {}\n  evidence  {}\n",
                attacker.name, attacker.does, attacker.knows, attacker.costs, attacker.evidence
            )
        })
        .collect();
    context.print(&text, &ATTACKERS)?;
    Ok(Answer::Yes)
}

/// The sentences, and the cheapest attacks of the rule as it is.
fn text(found: &Attacks) -> String {
    let number = super::evaluate::number;
    let mut text = format!("{}\n", found.sentences().join("\n"));
    for arm in &found.arms {
        let mut rows = Vec::new();
        for finding in &arm.findings {
            let mut row = vec![finding.attacker.to_owned()];
            match &finding.reached[0] {
                Some(reached) => row.extend([
                    number(reached.size),
                    number(reached.bill.capital),
                    number(reached.bill.lost),
                    number(reached.bill.days),
                    number(reached.chance.share),
                    reached.bill.profit().map_or_else(|| "-".to_owned(), number),
                ]),
                None => row.extend(
                    ["no size".to_owned(), String::new(), String::new(), String::new()]
                        .into_iter()
                        .chain([number(finding.most.share), String::new()]),
                ),
            }
            let waiting = |waiting: &attack::Reached| number(waiting.size);
            row.push(finding.timed[0].as_ref().map_or_else(|| "-".to_owned(), waiting));
            row.push(finding.reached[1].as_ref().map_or_else(|| "-".to_owned(), waiting));
            row.push(arm.remedy(finding.attacker).map_or_else(String::new, |remedy| remedy.change.clone()));
            rows.push(row);
        }
        let heading = [
            "attack",
            "size",
            "capital",
            "lost",
            "days",
            "chance",
            "profit",
            "waiting",
            "for 90 %",
            "removed by",
        ];
        text.push_str(&format!("\n{}\n{}", arm.title, table(&heading, &rows)));
    }
    text
}
