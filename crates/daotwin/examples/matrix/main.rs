//! Fits every registered model of tables to every table beside a checkout, scores it, and writes which model is
//! for what: the figures to `book/which-model.json`, the page that is drawn from them to `book/which-model.md`.
//!
//! `matrix [--only MODEL]... [--table NAME]... [--render]`: only these models and tables are measured anew, the
//! other figures stay as they are; `--render` measures nothing. Each fit is a process of its own, so that its
//! memory is its own. Private fits take their noise from a fixed seed and charge no ledger: figures are
//! repeatable, and nothing of them can be released.
//!
//! `matrix choices [few|many|bins|noise]...` measures what the rules of `--model auto` and the defaults of private
//! models rest on, and prints it; `matrix one TABLE MODEL EPSILON [rows=N] [beside=N] [noise=N] [SETTING=NUMBER]...`
//! is one fit (epsilon 0: no guarantee).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers")]

mod choices;
mod figures;
mod measure;
mod page;
#[path = "../support/mod.rs"]
mod support;
mod tables;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use daotwin::core::files::atomic_write;
use daotwin::generators::table::registry::{TABLE_SYNTHESIZERS, find};

use figures::{Data, Row};
use measure::Variant;

/// Budgets that private models are fitted at.
const EPSILONS: [f64; 2] = [1.0, 3.0];

/// What the command line asks for.
#[derive(Default)]
struct Call {
    only: Vec<String>,
    tables: Vec<String>,
    render: bool,
}

fn parse(arguments: &[String]) -> Result<Call, String> {
    let mut call = Call::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().cloned().ok_or_else(|| format!("`{argument}` needs a name"));
        match argument.as_str() {
            "--only" => call.only.push(value()?),
            "--table" => call.tables.push(value()?),
            "--render" => call.render = true,
            other => return Err(format!("`{other}` is not known; known are --only, --table, --render")),
        }
    }
    let models = || TABLE_SYNTHESIZERS.iter().map(|model| format!("`{}`", model.name())).collect::<Vec<_>>();
    if let Some(unknown) = call.only.iter().find(|name| find(name).is_none()) {
        return Err(format!("there is no model `{unknown}` of tables; there are {}", models().join(", ")));
    }
    if let Some(unknown) = call.tables.iter().find(|name| tables::TABLES.iter().all(|t| t.name != *name)) {
        let known: Vec<String> = tables::TABLES.iter().map(|table| format!("`{}`", table.name)).collect();
        return Err(format!("there is no table `{unknown}`; there are {}", known.join(", ")));
    }
    Ok(call)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [one, table, model, epsilon, variant @ ..] if one == "one" => {
            println!("{}", measure::one(table, model, epsilon.parse()?, &Variant::read(variant)?));
            return Ok(());
        }
        [choices, only @ ..] if choices == "choices" => return choices::print(only),
        _ => {}
    }
    let call = parse(&arguments)?;
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book");
    let path = book.join("which-model.json");
    let mut data = Data::read(&path)?;
    if !call.render {
        measure_all(&call, &mut data, &path)?;
    }
    data.settle();
    data.write(&path)?;
    atomic_write(&book.join("which-model.md"), page::render(&data).as_bytes())?;
    println!("written: book/which-model.json, book/which-model.md");
    Ok(())
}

/// Measures what is asked for. After every fit the figures are written: an interrupted run loses one at most.
fn measure_all(call: &Call, data: &mut Data, path: &Path) -> Result<(), Box<dyn Error>> {
    let program: PathBuf = std::env::current_exe()?;
    let wanted = |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
    let mut work = Vec::new();
    for table in tables::TABLES.iter().filter(|table| wanted(&call.tables, table.name)) {
        let Some(loaded) = tables::load(table)? else {
            eprintln!("table `{}` is skipped: no data at `../shared/data/{}`", table.name, table.path);
            continue;
        };
        data.describe(table, &loaded);
        for model in TABLE_SYNTHESIZERS.iter().filter(|model| wanted(&call.only, model.name())) {
            work.push((table.name, model.name(), None));
            if model.card().privacy.is_some() {
                work.extend(EPSILONS.map(|epsilon| (table.name, model.name(), Some(epsilon))));
            }
        }
    }
    let start = Instant::now();
    for (done, (table, model, epsilon)) in work.iter().enumerate() {
        let budget = epsilon.map_or(String::new(), |epsilon| format!(" at epsilon {epsilon}"));
        eprint!("[{}/{}] {table}: {model}{budget} ... ", done + 1, work.len());
        let begin = Instant::now();
        let output = Command::new(&program)
            .args(["one", table, model, &epsilon.unwrap_or(0.0).to_string()])
            .stderr(std::process::Stdio::inherit())
            .output()?;
        let row = match serde_json::from_slice::<Row>(&output.stdout) {
            Ok(row) if output.status.success() => row,
            _ => Row::failed(table, model, *epsilon, format!("the fit ended with {}", output.status)),
        };
        let said = row.failed.clone().unwrap_or_else(|| row.brief());
        eprintln!(
            "{:.0} s, {said} ({:.0} s in all)",
            begin.elapsed().as_secs_f64(),
            start.elapsed().as_secs_f64()
        );
        data.replace(row);
        data.write(path)?;
    }
    Ok(())
}
