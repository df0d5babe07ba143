//! `daotwin community`: who talks with whom, when and how they feel, and what would help.

use std::path::{Path, PathBuf};

use clap::Args;
use daotwin::community::study::{Options, Study, study};
use daotwin::community::{contagion, graph, intervention, mitigation, opinion, stream};
use daotwin::core::{ErrorKind, Seed};
use daotwin::history::History;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::report::Format;
use crate::verbs::{check_new, check_parent};
use crate::{Answer, arguments};

/// Studies a DAO's community: who answers whom, when, in which mood; what would keep members, and what helps against
/// attacks.
///
/// Graphs, a process of times and a model of the stream are fitted to the messages, and what they give stands beside the
/// record. Interventions are tried on members who live on as those of the record do; policies are tried against every
/// attack that daotwin can write into the stream. Of a History without messages, ties and times are those of its ballots.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin community history --out community.html\n  \
        daotwin community history --weeks 26 --runs 200 --tolerance 100 --out community.html --json\n  \
        daotwin community history --out community.md --history drawn --learn\n  \
        daotwin community --list\n"
)]
pub(crate) struct Community {
    /// The History's folder.
    #[arg(required_unless_present = "list")]
    history_folder: Option<PathBuf>,
    /// Streams that are drawn to compare their facts with the record's.
    #[arg(long, value_name = "N", default_value_t = Options::default().draws)]
    draws: u64,
    /// Runs of each intervention.
    #[arg(long, value_name = "N", default_value_t = Options::default().runs)]
    runs: u64,
    /// Weeks of each run.
    #[arg(long, value_name = "N", default_value_t = Options::default().weeks)]
    weeks: u32,
    /// Campaigns of each attack against which policies are tried; 0 tries none.
    #[arg(long, value_name = "N", default_value_t = Options::default().campaigns)]
    campaigns: usize,
    /// What policies may cost: minutes of members for every thousand honest acts.
    #[arg(long, value_name = "MINUTES", allow_negative_numbers = true, default_value_t = Options::default().tolerance)]
    tolerance: f64,
    /// A stream drawn from the model, as a History's new folder.
    #[arg(long, value_name = "FOLDER")]
    history: Option<PathBuf>,
    /// Write that stream's texts with a language model of the record's own words, of those that five members or more used;
    /// templates where not given.
    #[arg(long, requires = "history")]
    learn: bool,
    /// The DAO, where there are several.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, required_unless_present = "list", value_name = "FILE")]
    out: Option<PathBuf>,
    /// List the models, interventions and policies instead.
    #[arg(long, conflicts_with_all = ["history_folder", "out", "history"])]
    list: bool,
}

#[derive(Debug, Serialize)]
struct Entry {
    kind: &'static str,
    name: &'static str,
    purpose: &'static str,
    source: &'static str,
    limits: &'static str,
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let mut entries = Vec::new();
    macro_rules! entries {
        ($($kind:literal: $registry:expr),+) => {
            $(entries.extend($registry.iter().map(|entry| {
                let card = entry.card();
                Entry { kind: $kind, name: entry.name(), purpose: card.purpose, source: card.source, limits: card.limits }
            }));)+
        };
    }
    entries!(
        "graph": graph::MODELS, "opinion": opinion::MODELS, "contagion": contagion::MODELS,
        "intervention": intervention::INTERVENTIONS, "policy": mitigation::POLICIES
    );
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| [entry.kind, entry.name, entry.purpose, entry.limits].map(str::to_owned).into())
        .collect();
    context.print(&table(&["kind", "name", "for", "not for"], &rows), &entries)?;
    Ok(Answer::Yes)
}

impl Community {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let (Some(folder), Some(out)) = (&self.history_folder, &self.out) else { return list(context) };
        let options = Options {
            seed: Seed(self.seed),
            dao: self.dao.clone(),
            draws: self.draws,
            runs: self.runs,
            weeks: self.weeks,
            campaigns: self.campaigns,
            tolerance: self.tolerance,
            learn: self.learn,
        };
        // What is wrong with the options, the outputs and the History is told together.
        let mut problems = Vec::new();
        let format = kept(Format::of(out), &mut problems)?;
        kept(check_parent(out), &mut problems)?;
        if let Some(drawn) = &self.history {
            kept(check_new(drawn), &mut problems)?;
        }
        for problem in options.problems() {
            kept(Err::<(), _>(Failure::usage(problem)), &mut problems)?;
        }
        let history = kept(History::read(folder, &context.run).map_err(Failure::from), &mut problems)?;
        let (Some(format), Some(history), []) = (format, history, problems.as_slice()) else {
            let kind = problems.first().map_or(ErrorKind::Usage, |(kind, _)| *kind);
            let lines: Vec<&str> = problems.iter().map(|(_, message)| message.as_str()).collect();
            return Err(Failure::new(kind, lines.join("\n")));
        };
        let found = study(&history, &options, &context.run)?;
        if let Some(folder) = &self.history {
            context.note(&write(&found, &options, folder)?);
        }
        format.write(&found.document(), out)?;
        context.print(&text(&found), &found)?;
        for sentence in &found.missing {
            context.note(sentence);
        }
        context.note(&format!(
            "report written to `{}`; it is computed from the records and is not private",
            out.display()
        ));
        Ok(Answer::Yes)
    }
}

/// What came of it, or nothing with the problem kept for later.
fn kept<T>(
    result: Result<T, Failure>,
    problems: &mut Vec<(ErrorKind, String)>,
) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Error { kind, message }) if kind != ErrorKind::Cancelled => {
            problems.push((kind, message));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Writes a stream drawn from the model, and says so.
fn write(found: &Study, options: &Options, folder: &Path) -> Result<String, Failure> {
    let Some(model) = &found.model else {
        let message = "`--history`: the record has too few messages for a stream to be drawn";
        return Err(Failure::new(ErrorKind::Input, message));
    };
    let drawn = model.sample(options.seed);
    stream::to_history(&drawn.stream, "drawn")?.write(folder)?;
    let (messages, folder) = (drawn.stream.messages.len(), folder.display());
    Ok(format!("{messages} drawn messages written to `{folder}`; they are not private"))
}

/// The sentences, and the tables that decisions need, for people.
fn text(found: &Study) -> String {
    let mut text = found.sentences().join("\n");
    text.push('\n');
    let facts: Vec<Vec<String>> = found
        .facts
        .iter()
        .map(|fact| {
            let mut row = vec![fact.name.to_owned()];
            row.extend([fact.record, fact.drawn, fact.floor].map(super::evaluate::number));
            row.push(if fact.holds { "yes" } else { "no" }.to_owned());
            row
        })
        .collect();
    let apart = |paired: &intervention::Paired| {
        let (low, high) = paired.interval;
        format!("{:+.3} ({low:+.3} to {high:+.3})", paired.difference)
    };
    let help: Vec<Vec<String>> = found
        .interventions
        .iter()
        .map(|judged| {
            vec![
                judged.intervention.to_owned(),
                apart(&judged.retention),
                apart(&judged.breadth),
                apart(&judged.sentiment),
                if judged.helps { "yes" } else { "no" }.to_owned(),
            ]
        })
        .collect();
    let tables: [(&[&str], &[Vec<String>]); 2] = [
        (&["fact", "record", "drawn", "floor", "holds"], &facts),
        (&["intervention", "retention", "breadth", "sentiment", "helps"], &help),
    ];
    for (heading, rows) in tables.iter().filter(|(_, rows)| !rows.is_empty()) {
        text.push('\n');
        text.push_str(&table(heading, rows));
    }
    if !found.reasons.is_empty() {
        text.push('\n');
        text.push_str(&found.reasons.join("\n"));
        text.push('\n');
    }
    text
}
