//! `daotwin detect`: what to look at among messages, payments, votes and delegations, as they come.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::Args;
use daotwin::core::{Error as CoreError, ErrorKind, Limits, Seed};
use daotwin::detection::Event;
use daotwin::detection::detector::Card;
use daotwin::detection::line::{self, Line};
use daotwin::detection::model::Model;
use daotwin::detection::record::Record;
use daotwin::detection::registry::{self, METHODS};
use daotwin::detection::told::{Told, iso};
use daotwin::detection::training::lessons;
use daotwin::detection::watch::{Finding, Seen, Watch};
use daotwin::history::History;
use serde::Serialize;

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::output::{self, note, table};
use crate::verbs::check_parent;
use crate::verbs::report::Format;
use crate::{Answer, arguments, interrupt};

/// The method, where none is named.
const METHOD: &str = "boosting";

/// Looks for social engineering and malicious activity: prints what deserves a look, as it comes.
///
/// Of a History, messages, transfers, votes and delegations are judged in order of time. A stream has one act a line, as a JSON
/// object: `at` (seconds since 1970 or ISO 8601) and `actor` are needed; `act` (`message` where not given, `transfer`, `vote`,
/// `delegation`), `name`, `joined_at`, `moderator`, `to`, `place`, `direct`, `amount` and `text` help. A line that cannot be
/// read is told on standard error with its number, and the stream goes on.
///
/// Acts that belong together are told once, and never more than the budget allows. With `--json` a History gives one document, a
/// stream a line for each finding and one for the end. Exit code 1: something was found; 2: nothing was, but lines could not be
/// read.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin detect --train model.json\n  \
        daotwin detect --train model.json history --method boosting\n  \
        daotwin detect history --model model.json --report findings.html\n  \
        tail -F chat.jsonl | daotwin detect - --model model.json --budget 0.5 --json\n  \
        daotwin detect --list\n"
)]
pub(crate) struct Detect {
    /// A History's folder, a file of JSON lines, or `-` for standard input.
    #[arg(value_name = "HISTORY|STREAM.jsonl|-", required_unless_present_any = ["train", "list"])]
    source: Option<PathBuf>,
    /// The detector, as `--train` wrote it; where not given one learns from generated communities first.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Learn and write the detector to this file instead: from generated communities and, where one is named, from a History
    /// in which attacks are written (those that it had count as honest).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "report", "list"])]
    train: Option<PathBuf>,
    /// How to detect, where no model says (`--list`); `boosting` where not given.
    #[arg(long, value_name = "NAME", conflicts_with = "model")]
    method: Option<String>,
    /// Alerts a thousand acts, at most; one more at the start.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    budget: f64,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The DAO, where there are several.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Drives what is learned.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// List the detectors instead.
    #[arg(long, conflicts_with_all = ["source", "model"])]
    list: bool,
}

/// What comes out of a History.
#[derive(Debug, Serialize)]
struct Found<'a> {
    #[serde(flatten)]
    end: End<'a>,
    findings: &'a [Finding],
}

/// How it ended.
#[derive(Debug, Serialize)]
struct End<'a> {
    method: &'a str,
    budget: f64,
    bar: f64,
    acts: u64,
    found: u64,
    held_back: u64,
    unread_lines: u64,
    late: u64,
}

impl End<'_> {
    fn of<'a>(watch: &Watch, told: &Told, model: &'a Model, budget: f64) -> End<'a> {
        let (acts, found, held_back) = watch.counts();
        let (unread_lines, late) = told.troubles();
        End { method: model.method(), budget, bar: watch.bar(), acts, found, held_back, unread_lines, late }
    }
}

/// A line of the output of a stream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Out<'a> {
    Finding {
        /// The line that raised it, from 1.
        line: u64,
        #[serde(flatten)]
        finding: &'a Finding,
    },
    End(End<'a>),
}

impl Detect {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        if self.list {
            return list(context);
        }
        let method = self.method.as_deref().unwrap_or(METHOD);
        let format = self.checked(method)?;
        if let Some(out) = &self.train {
            return self.learn(method, out, context);
        }
        let Some(source) = &self.source else {
            return Err(Failure::defect("a source is required by the arguments"));
        };
        let model = if let Some(path) = &self.model {
            Model::load(path, &context.run.limits)?
        } else {
            context.note(&format!(
                "no `--model`: `{method}` learns from generated communities first; `daotwin detect --train model.json` keeps it"
            ));
            self.model_of(method, None, context)?
        };
        let mut watch = Watch::new(&model, self.budget)?;
        let mut told = Told::default();
        let whole = if source.is_dir() {
            self.history(source, (&mut watch, &mut told), &model, context)?
        } else {
            self.stream(source, (&mut watch, &mut told), &model, context)?
        };
        if let (Some(format), Some(path)) = (format, &self.report) {
            let name = if standard(source) {
                "standard input".to_owned()
            } else {
                format!("`{}`", source.display())
            };
            format.write(&told.document(&watch, &model, self.budget, &name), path)?;
            context.note(&format!(
                "report written to `{}`; it names accounts and is not private",
                path.display()
            ));
        }
        let (_, found, _) = watch.counts();
        let (unread, late) = told.troubles();
        if late > 0 {
            context
                .note(&format!("{late} acts came after later ones and were taken as simultaneous with them"));
        }
        if !whole {
            return Ok(Answer::Interrupted);
        }
        match (found, unread) {
            (0, 0) => Ok(Answer::Yes),
            (0, unread) => Err(Failure::new(
                ErrorKind::Input,
                format!(
                    "lines that could not be read, of {}: {unread}; all others were judged, and nothing was found",
                    shown(source)
                ),
            )),
            _ => Ok(Answer::No),
        }
    }

    /// The report's format, after every argument was looked at; what is wrong is told together.
    fn checked(&self, method: &str) -> Result<Option<Format>, Failure> {
        let mut problems = Vec::new();
        let known: Vec<&str> = METHODS.iter().map(|method| method.name()).collect();
        if !known.contains(&method) {
            kept(Err::<(), _>(output::unknown("detector", method, &known)), &mut problems)?;
        }
        if !(self.budget > 0.0 && self.budget <= 1000.0) {
            problems.push(format!(
                "`--budget` is {}; allowed is more than 0, at most 1000 alerts a thousand acts",
                self.budget
            ));
        }
        let format = kept(self.report.as_deref().map(Format::of).transpose(), &mut problems)?.flatten();
        for path in self.report.iter().chain(&self.train) {
            kept(check_parent(path), &mut problems)?;
        }
        if let Some(source) = self.source.as_deref().filter(|source| !standard(source) && !source.exists()) {
            problems.push(format!("cannot read `{}`: there is no such file or folder", source.display()));
        }
        let stream = self.source.as_deref().filter(|source| standard(source) || source.is_file());
        if let (Some(source), Some(_)) = (stream, &self.dao) {
            problems.push(format!(
                "`--dao` chooses among the DAOs of a History, and `{}` is a stream of one; leave it out",
                source.display()
            ));
        }
        if problems.is_empty() { Ok(format) } else { Err(Failure::usage(problems.join("\n"))) }
    }

    /// A detector that has learned.
    fn model_of(&self, method: &str, own: Option<&Record>, context: &Context) -> Result<Model, Failure> {
        context.status("writing attacks into communities to learn from");
        let (lessons, held) = lessons(own.map(|own| &own.stream), Seed(self.seed))?;
        context.run.check()?;
        context.status("learning");
        let model = Model::train(registry::find(method)?, &lessons, &held, Seed(self.seed))?;
        context.run.check()?;
        Ok(model)
    }

    fn learn(&self, method: &str, out: &Path, context: &Context) -> Result<Answer, Failure> {
        let own = match &self.source {
            None => None,
            Some(folder) if folder.is_dir() => {
                let record = Record::of(&History::read(folder, &context.run)?, self.dao.as_deref())?;
                context.note(
                    "what attacks the History had count as honest; the model tells of it, and is not private",
                );
                Some(record)
            }
            Some(other) => {
                return Err(Failure::usage(format!(
                    "`{}` is no History; `--train` learns from a History's folder, or from generated communities alone",
                    other.display()
                )));
            }
        };
        let model = self.model_of(method, own.as_ref(), context)?;
        model.save(out)?;
        context
            .print(&format!("{}\n", out.display()), &serde_json::json!({ "model": out, "method": method }))?;
        let source = self.source.as_deref().map_or_else(|| "history".to_owned(), shown);
        context.next(&format!("daotwin detect {source} --model {}", shown(out)));
        Ok(Answer::Yes)
    }

    /// Judges a History. False where it was interrupted.
    fn history(
        &self,
        folder: &Path,
        (watch, told): (&mut Watch, &mut Told),
        model: &Model,
        context: &Context,
    ) -> Result<bool, Failure> {
        context.status("reading the History");
        let record = Record::of(&History::read(folder, &context.run)?, self.dao.as_deref())?;
        if record.left_out > 0 {
            context.note(&format!(
                "{} rows have no time or nobody who acted, and are not judged",
                record.left_out
            ));
        }
        if !record.exact {
            context.note("messages have no exact times: what is told of paces says little");
        }
        let labelled = record.labelled();
        let mut findings = Vec::new();
        for (event, label) in record.events() {
            context.run.check()?;
            let seen = watch.see(&event);
            told.take(&event, &seen);
            if labelled {
                told.label(watch.score(), label.malicious());
            }
            if let Seen::New(finding) = seen {
                if context.json {
                    findings.push(finding);
                } else {
                    context.finish();
                    output::result(&text(&finding))?;
                }
            }
        }
        let end = End::of(watch, told, model, self.budget);
        context.print(&format!("{}\n", told.sentence(watch)), &Found { end, findings: &findings })?;
        Ok(true)
    }

    /// Judges lines as they come. False where it was interrupted.
    fn stream(
        &self,
        source: &Path,
        (watch, told): (&mut Watch, &mut Told),
        model: &Model,
        context: &Context,
    ) -> Result<bool, Failure> {
        interrupt::be_patient();
        let failed = |error: std::io::Error| {
            Failure::from(CoreError::Io { action: "read", path: source.to_path_buf(), source: error })
        };
        let mut reader: Box<dyn BufRead + Send> = if standard(source) {
            Box::new(BufReader::new(std::io::stdin()))
        } else {
            Box::new(BufReader::new(std::fs::File::open(source).map_err(failed)?))
        };
        let Limits { max_cell_bytes, max_problems, .. } = context.run.limits;
        // A thread of its own waits for lines, so that an interrupt ends the wait.
        let (sender, lines) = sync_channel(8);
        std::thread::spawn(move || {
            while let Some(line) = line::next(&mut reader, max_cell_bytes).transpose() {
                let last = line.is_err();
                if sender.send(line).is_err() || last {
                    return;
                }
            }
        });
        let mut strangers: Vec<String> = Vec::new();
        let (mut number, mut whole, mut bad) = (0_u64, true, 0_u64);
        loop {
            if context.run.cancel.is_cancelled() {
                whole = false;
                break;
            }
            let line = match lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => line.map_err(failed)?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            number += 1;
            let read = match line {
                Ok(text) if text.is_empty() => continue,
                Ok(text) => Line::read(&text),
                Err(problem) => Err(vec![problem]),
            };
            match read {
                Ok((line, others)) => {
                    for other in others {
                        // A stream may have as many names as it has lines; a few are enough to say.
                        if strangers.len() < 20 && !strangers.contains(&other) {
                            context.note(&format!("line {number}: {}", plain(&line::stranger(&other))));
                            strangers.push(other);
                        }
                    }
                    judge(number, &line.event(), (watch, told), context)?;
                }
                Err(problems) => {
                    told.unread();
                    bad += 1;
                    context.finish();
                    if bad <= max_problems {
                        problems.iter().for_each(|problem| note(&format!("error: line {number}: {problem}")));
                    } else if bad == max_problems + 1 {
                        note(&format!(
                            "error: line {number} and others: these are only counted (`max_problems` is {max_problems})"
                        ));
                    }
                }
            }
        }
        let end = End::of(watch, told, model, self.budget);
        if context.json {
            json_line(&Out::End(end), context)?;
        } else {
            context.finish();
            output::result(&format!("{}\n", told.sentence(watch)))?;
        }
        Ok(whole)
    }
}

/// Judges one act of a stream, and tells what it came to.
fn judge(
    number: u64,
    event: &Event<'_>,
    (watch, told): (&mut Watch, &mut Told),
    context: &Context,
) -> Result<(), Failure> {
    let seen = watch.see(event);
    told.take(event, &seen);
    let Seen::New(finding) = seen else { return Ok(()) };
    if context.json {
        return json_line(&Out::Finding { line: number, finding: &finding }, context);
    }
    context.finish();
    output::result(&format!("line {number}  {}", text(&finding)))
}

fn json_line(value: &Out<'_>, context: &Context) -> Result<(), Failure> {
    context.finish();
    let mut text = serde_json::to_string(value).map_err(Failure::defect)?;
    text.push('\n');
    output::result(&text)
}

/// What came out well; of an error its message, to be told with others.
fn kept<T>(result: Result<T, Failure>, problems: &mut Vec<String>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Error { message, .. }) => {
            problems.push(message);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn standard(source: &Path) -> bool {
    source.as_os_str() == "-"
}

/// Text from outside without what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { '\u{fffd}' } else { sign }).collect()
}

/// A finding for people, in a line.
fn text(finding: &Finding) -> String {
    let Finding { finding: number, at, act, actor, other, place, score, bar, reasons } = finding;
    let part = |word: &str, what: &str| {
        if what.is_empty() { String::new() } else { format!(" {word} {}", plain(what)) }
    };
    let because: Vec<&str> = reasons.iter().map(|(reason, _)| reason.as_str()).collect();
    let because =
        if because.is_empty() { String::new() } else { format!("; because of {}", because.join("; ")) };
    format!(
        "finding {number}  {}  {}{}{}{}: {score:.2} above {bar:.2}{because}\n",
        iso(*at),
        act.name(),
        part("by", actor),
        part("to", other),
        part("in", place)
    )
}

/// A detector, as it is listed.
#[derive(Debug, Serialize)]
struct Entry {
    name: &'static str,
    #[serde(flatten)]
    card: Card,
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let entries: Vec<Entry> =
        METHODS.iter().map(|method| Entry { name: method.name(), card: method.card() }).collect();
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| [entry.name, entry.card.purpose, entry.card.limits].map(str::to_owned).into())
        .collect();
    context.print(&table(&["detector", "for", "not for"], &rows), &entries)?;
    Ok(Answer::Yes)
}
