//! What every synthesizer of tables must do. A check is one function and one line in [`CHECKS`].

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daotwin_core::{ErrorKind, Run, Seed};
use daotwin_generators::table::{registry, sample, sample_to};
use daotwin_history::frame::synthesizer::{
    Condition, Conditions, FittedTable, TableFitOptions, TableSynthesizer,
};
use daotwin_history::frame::{self, Declaration, Frame, MISSING, Values};
use daotwin_history::synthesizer::Failure;

use crate::cancel::within_a_second;
use crate::controls;
use crate::frames::{hostile, ordinary};

/// The answer of a check; the error says what is wrong.
pub(crate) type Answer = Result<(), String>;
/// A check.
pub(crate) type Check = fn(&'static dyn TableSynthesizer) -> Answer;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("card", card),
    ("schema", schema),
    ("threads", threads),
    ("folder", folder),
    ("conditions", conditions),
    ("hostile", hostile_tables),
    ("damaged", damaged),
    ("settings", settings),
    ("cancel", cancel),
    ("resume", resume),
    ("progress", progress),
    ("density", density),
    ("memory", memory),
];

/// Rows of the table that most checks learn.
const ROWS: usize = 1_500;

fn say(what: &str) -> impl Fn(Failure) -> String {
    move |failure| format!("{what}: {:?}: {failure}", failure.kind)
}

fn fitted(model: &dyn TableSynthesizer, frame: &Frame) -> Result<Box<dyn FittedTable>, String> {
    model.fit(frame, &TableFitOptions::default(), &Run::default()).map_err(say("fit"))
}

fn sampled(fitted: &dyn FittedTable, rows: u64, seed: u64) -> Result<Frame, String> {
    sample(fitted, rows, &Vec::new(), Seed(seed), &Run::default()).map_err(say("sample"))
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap())
        })
        .collect()
}

/// A registered item says what it is for, where it comes from and where not to use it.
fn card(model: &'static dyn TableSynthesizer) -> Answer {
    let card = model.card();
    let settings = card.settings.iter().map(|setting| (setting.name, setting.purpose));
    let texts = [("purpose", card.purpose), ("source", card.source), ("limits", card.limits)];
    for (field, text) in texts.into_iter().chain(settings) {
        if text.split_whitespace().count() < 3 {
            return Err(format!("the card's `{field}` says nothing: {text:?}"));
        }
    }
    for setting in card.settings {
        if !(setting.bounds.0..=setting.bounds.1).contains(&setting.default) {
            return Err(format!("the default of `{}` is out of its bounds", setting.name));
        }
    }
    if card.bytes_per_cell == 0 {
        return Err("the card declares no memory".to_owned());
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if model.name().is_empty() || model.name() == "auto" || !model.name().chars().all(plain) {
        return Err(format!("`{}` is no name for the command line", model.name()));
    }
    Ok(())
}

/// What every sample keeps: the columns, their ranges, their digits, and no missing value where there was none.
fn sound(sample: &Frame, real: &Frame) -> Answer {
    if sample.columns() != real.columns() {
        return Err("the sample has other columns".to_owned());
    }
    for (index, column) in real.columns().iter().enumerate() {
        let values = sample.values(index);
        if !column.optional && (0..sample.rows()).any(|row| values.is_missing(row)) {
            return Err(format!("column `{}` has missing values and never had any", column.name));
        }
        if let Values::Number(values) = values {
            for &value in values.iter().filter(|value| !value.is_nan()) {
                if !(column.bounds.0..=column.bounds.1).contains(&value) {
                    return Err(format!("column `{}` has a value out of its bounds", column.name));
                }
                if column.kind.round(value) != value {
                    return Err(format!(
                        "column `{}` has a value with digits that it never had",
                        column.name
                    ));
                }
            }
        }
    }
    Ok(())
}

fn schema(model: &'static dyn TableSynthesizer) -> Answer {
    let real = ordinary(ROWS);
    let fitted = fitted(model, &real)?;
    if fitted.rows() != ROWS as u64 {
        return Err(format!("learned from {ROWS} rows and says {}", fitted.rows()));
    }
    for rows in [0, 1, 20_000] {
        let sample = sampled(&*fitted, rows, 3)?;
        if sample.rows() as u64 != rows {
            return Err(format!("asked for {rows} rows, got {}", sample.rows()));
        }
        sound(&sample, &real)?;
    }
    Ok(())
}

/// The same seed gives the same bytes on one, two and eight threads; another seed gives others.
fn threads(model: &'static dyn TableSynthesizer) -> Answer {
    let real = ordinary(ROWS);
    let parent = tempfile::tempdir().unwrap();
    let run = |threads: usize, seed: u64| -> Result<_, String> {
        let folder = parent.path().join(format!("{threads}-{seed}"));
        let table = parent.path().join(format!("{threads}-{seed}.csv"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let fitted = fitted(model, &real)?;
            fitted.save(&folder).map_err(say("save"))?;
            sample_to(&table, &*fitted, 20_000, &Vec::new(), Seed(seed), &Run::default())
                .map_err(say("sample_to"))
        })?;
        Ok((files(&folder), std::fs::read(&table).unwrap()))
    };
    let one = run(1, 7)?;
    for threads in [2, 8] {
        let other = run(threads, 7)?;
        if other.0 != one.0 {
            return Err(format!("the model's bytes on {threads} threads are not those on one"));
        }
        if other.1 != one.1 {
            return Err(format!("the sample's bytes on {threads} threads are not those on one"));
        }
    }
    if run(2, 8)?.1 == one.1 {
        return Err("another seed gives the same sample".to_owned());
    }
    Ok(())
}

/// What is saved is what was learned, and sampling into a file gives the rows of sampling in memory.
fn folder(model: &'static dyn TableSynthesizer) -> Answer {
    let real = ordinary(ROWS);
    let parent = tempfile::tempdir().unwrap();
    let (folder, table) = (parent.path().join("model"), parent.path().join("rows.parquet"));
    let before = fitted(model, &real)?;
    before.save(&folder).map_err(say("save"))?;
    if before.save(&folder).is_ok() {
        return Err("`save` overwrites a folder".to_owned());
    }
    let after = registry::load(&folder, &Run::default())
        .or_else(|_| model.load(&folder, &Run::default()))
        .map_err(say("load"))?;
    let rows = sampled(&*before, 9_000, 5)?;
    if before.columns() != after.columns()
        || before.rows() != after.rows()
        || sampled(&*after, 9_000, 5)? != rows
    {
        return Err("what was loaded samples other rows than what was saved".to_owned());
    }
    sample_to(&table, &*after, 9_000, &Vec::new(), Seed(5), &Run::default()).map_err(say("sample_to"))?;
    let (read, _) =
        frame::read(&table, &Declaration::default(), &Run::default()).map_err(|e| e.to_string())?;
    let read = read.conform(real.columns()).map_err(|error| error.to_string())?;
    if read != rows {
        return Err("`sample_to` writes other rows than `sample` gives".to_owned());
    }
    Ok(())
}

/// Every sampled row holds what was asked for, on any subset of columns, rare cases too.
fn conditions(model: &'static dyn TableSynthesizer) -> Answer {
    let real = ordinary(ROWS);
    let fitted = fitted(model, &real)?;
    let asked: [Conditions; 7] = [
        vec![(0, Condition::Code(2))],
        vec![(0, Condition::Code(MISSING))],
        vec![(1, Condition::Code(1)), (2, Condition::Range(30.0, 32.0))],
        vec![(3, Condition::Range(0.0, 0.0))],
        vec![(3, Condition::Range(1.0, 5.0)), (5, Condition::Range(f64::NAN, f64::NAN))],
        vec![(4, Condition::Range(86_400.0 * 18_010.0, 86_400.0 * 18_012.0))],
        vec![(0, Condition::Code(4)), (1, Condition::Code(0)), (2, Condition::Range(20.0, 29.0))],
    ];
    for conditions in asked {
        let sample = sample(&*fitted, 600, &conditions, Seed(3), &Run::default());
        let sample = sample.map_err(say("sample with conditions"))?;
        sound(&sample, &real)?;
        for (column, condition) in &conditions {
            let meets = |row: usize| match (condition, sample.values(*column)) {
                (Condition::Code(code), Values::Code(codes)) => codes[row] == *code,
                (Condition::Range(low, _), Values::Number(values)) if low.is_nan() => values[row].is_nan(),
                (Condition::Range(low, high), Values::Number(values)) => {
                    (*low..=*high).contains(&values[row])
                }
                _ => false,
            };
            if sample.rows() != 600 || !(0..600).all(meets) {
                return Err(format!("rows do not meet {conditions:?}"));
            }
        }
    }
    Ok(())
}

/// What a model may answer to data that it cannot learn from.
fn refusal(failure: &Failure) -> bool {
    matches!(failure.kind, ErrorKind::Input | ErrorKind::Limit) && !failure.to_string().is_empty()
}

/// On each hostile table the model learns, or says why not; it never panics, hangs or breaks a rule.
fn hostile_tables(model: &'static dyn TableSynthesizer) -> Answer {
    let mut problems = Vec::new();
    for (name, frame) in hostile() {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let fitted = match model.fit(&frame, &TableFitOptions::default(), &Run::default()) {
                Ok(fitted) => fitted,
                Err(failure) if refusal(&failure) => return Ok(()),
                Err(failure) => return Err(say("fit")(failure)),
            };
            match sample(&*fitted, 300, &Vec::new(), Seed(1), &Run::default()) {
                Ok(sample) => sound(&sample, &frame),
                Err(failure) if refusal(&failure) => Ok(()),
                Err(failure) => Err(say("sample")(failure)),
            }
        }));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => problems.push(format!("{name}: {problem}")),
            Err(_) => problems.push(format!("{name}: panic")),
        }
        if start.elapsed() > Duration::from_secs(2) {
            println!("`{}` takes {:.1} s on {name}", model.name(), start.elapsed().as_secs_f64());
        }
        // Seconds on an idle machine; the bound is for what would never end.
        if start.elapsed() > Duration::from_mins(5) {
            problems.push(format!("{name}: took {:.0} s", start.elapsed().as_secs_f64()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// A model with any file cut, emptied or changed is refused with a message, never loaded with a panic.
fn damaged(model: &'static dyn TableSynthesizer) -> Answer {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("model");
    fitted(model, &ordinary(200))?.save(&folder).map_err(say("save"))?;
    for (name, bytes) in files(&folder) {
        let half = bytes.len() / 2;
        let mut flipped = bytes.clone();
        flipped[half] ^= 0x55;
        let versions = [bytes[..half].to_vec(), Vec::new(), b"{}".to_vec(), vec![0xff; 64], flipped];
        for (index, version) in versions.into_iter().enumerate() {
            let cut = index < 4;
            std::fs::write(folder.join(&name), version).unwrap();
            let outcome = catch_unwind(AssertUnwindSafe(|| match model.load(&folder, &Run::default()) {
                Ok(loaded) => {
                    // One changed byte may leave a valid model, which must then still work.
                    sample(&*loaded, 300, &Vec::new(), Seed(1), &Run::default()).ok();
                    Err(false)
                }
                Err(failure) => Ok(refusal(&failure)),
            }));
            let problem = match outcome {
                Err(_) => "panics",
                Ok(Ok(false)) => "is not refused as input",
                Ok(Err(false)) if cut => "is loaded",
                Ok(_) => continue,
            };
            return Err(format!("a model with a damaged `{name}` (version {index}) {problem}"));
        }
        std::fs::remove_file(folder.join(&name)).unwrap();
        if model.load(&folder, &Run::default()).is_ok() {
            return Err(format!("a model without `{name}` is loaded"));
        }
        std::fs::write(folder.join(&name), bytes).unwrap();
    }
    Ok(())
}

/// Settings that are not known, or out of their bounds, are refused by name; every extreme of every setting
/// is taken or refused, without a panic.
fn settings(model: &'static dyn TableSynthesizer) -> Answer {
    let frame = ordinary(60);
    let fit = |settings: Vec<(String, f64)>| {
        let options = TableFitOptions { settings, ..TableFitOptions::default() };
        model.fit(&frame, &options, &Run::default())
    };
    let mut wrong = vec![("no-such-setting".to_owned(), 1.0)];
    wrong.extend(model.card().settings.iter().map(|s| (s.name.to_owned(), s.bounds.1 * 2.0 + 1.0)));
    for setting in wrong {
        match fit(vec![setting.clone()]) {
            Err(failure) if failure.kind == ErrorKind::Usage && failure.to_string().contains(&setting.0) => {}
            Err(failure) => return Err(say("a wrong setting")(failure)),
            Ok(_) => return Err(format!("setting {setting:?} is taken in silence")),
        }
    }
    Ok(())
}

/// A raised flag stops fitting at once, and at any time within a second.
fn cancel(model: &'static dyn TableSynthesizer) -> Answer {
    let real = ordinary(60_000);
    let raised = Run::default();
    raised.cancel.cancel();
    let cancelled = |what: &str, outcome: Option<Failure>| match outcome {
        Some(failure) if failure.kind == ErrorKind::Cancelled => Ok(()),
        Some(failure) => Err(say(what)(failure)),
        None => Err(format!("{what} does not look at the flag")),
    };
    cancelled("fit", model.fit(&real, &TableFitOptions::default(), &raised).err())?;
    let small = fitted(model, &ordinary(ROWS))?;
    cancelled("sample", sample(&*small, 1_000_000, &Vec::new(), Seed(1), &raised).err())?;
    within_a_second("fit", &|run| drop(model.fit(&real, &TableFitOptions::default(), run)))?;
    within_a_second("sample", &|run| drop(sample(&*small, 3_000_000, &Vec::new(), Seed(1), run)))
}

/// A run that is cancelled after so many reports.
fn stopped(after: u64) -> Run {
    let (cancel, reports) = (Run::default().cancel, Mutex::new(0_u64));
    let flag = cancel.clone();
    let mut run = Run::with_listener(move |_| {
        let mut reports = reports.lock().unwrap();
        *reports += 1;
        if *reports > after {
            flag.cancel();
        }
    });
    run.cancel = cancel;
    run
}

/// A fit that is interrupted, wherever, and goes on from its checkpoint ends with the bytes of one that was not,
/// and leaves no checkpoint behind. (Models that fit in an instant keep none.)
fn resume(model: &'static dyn TableSynthesizer) -> Answer {
    let real = ordinary(ROWS);
    let folder = tempfile::tempdir().unwrap();
    let saved = |fitted: Box<dyn FittedTable>, name: &str| {
        let path = folder.path().join(name);
        fitted.save(&path).map_err(say("save"))?;
        Ok::<_, String>(files(&path))
    };
    let whole = saved(fitted(model, &real)?, "whole")?;
    let checkpoint = folder.path().join("checkpoint");
    let options = TableFitOptions { checkpoint: Some(checkpoint.clone()), ..TableFitOptions::default() };
    let mut interruptions = 0;
    let resumed = loop {
        // Late enough to get on, early enough to be interrupted a few times.
        let run = if interruptions < 4 { stopped(2 + 3 * interruptions) } else { Run::default() };
        match model.fit(&real, &options, &run) {
            Ok(resumed) => break resumed,
            Err(failure) if failure.kind == ErrorKind::Cancelled => interruptions += 1,
            Err(failure) => return Err(say("a fit that goes on")(failure)),
        }
    };
    if checkpoint.exists() {
        return Err("a complete fit leaves its checkpoint behind".to_owned());
    }
    if saved(resumed, "resumed")? == whole {
        Ok(())
    } else {
        Err(format!("a fit interrupted {interruptions} times differs from one that was not"))
    }
}

/// Fitting and sampling say how far they are; a stage never goes back or beyond its total.
fn progress(model: &'static dyn TableSynthesizer) -> Answer {
    let steps: Arc<Mutex<Vec<(String, u64, u64)>>> = Arc::default();
    let listening = || {
        let steps = Arc::clone(&steps);
        Run::with_listener(move |step| {
            steps.lock().unwrap().push((step.stage.to_owned(), step.done, step.total));
        })
    };
    model.fit(&ordinary(ROWS), &TableFitOptions::default(), &listening()).map_err(say("fit"))?;
    let steps = std::mem::take(&mut *steps.lock().unwrap());
    if steps.is_empty() {
        return Err("`fit` reports no progress".to_owned());
    }
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for (stage, done, total) in &steps {
        if *total > 0 && done > total {
            return Err(format!("stage `{stage}` reports {done} of {total}"));
        }
        if last.insert(stage, *done).is_some_and(|before| before > *done) {
            return Err(format!("stage `{stage}` goes back"));
        }
    }
    Ok(())
}

/// Where a model knows densities: those of all rows of a table of labels add up to one.
fn density(model: &'static dyn TableSynthesizer) -> Answer {
    let real = ordinary(ROWS);
    let columns: Vec<_> = [0, 1].iter().map(|&index| real.columns()[index].clone()).collect();
    let labels = [0, 1].iter().map(|&index| real.values(index).clone()).collect();
    let frame = Frame::new(columns.clone(), labels).map_err(|error| error.to_string())?;
    let fitted = fitted(model, &frame)?;
    let groups = [0, 1, 2, 3, 4, MISSING];
    let all: Vec<(u32, u32)> = groups.iter().flat_map(|&group| [(group, 0), (group, 1)]).collect();
    let values = vec![
        Values::Code(all.iter().map(|(group, _)| *group).collect()),
        Values::Code(all.iter().map(|(_, flag)| *flag).collect()),
    ];
    let every = Frame::new(columns, values).map_err(|error| error.to_string())?;
    let Some(densities) = fitted.log_density(&every) else { return Ok(()) };
    let total: f64 = densities.iter().map(|density| density.exp()).sum();
    if (total - 1.0).abs() < 1e-6 { Ok(()) } else { Err(format!("probabilities add up to {total}")) }
}

/// Names the model to the measuring process.
const MODEL: &str = "DAOTWIN_CONFORMANCE_MODEL";
/// What threads, allocator and lists of fixed size may take whatever the data.
const FIXED: u64 = 64 << 20;
/// Rows of the measured fit.
const MANY: usize = 100_000;

fn kib(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Memory within what the card declares: a child process fits and prints how much its peak grew.
fn memory(model: &'static dyn TableSynthesizer) -> Answer {
    if kib("VmHWM:").is_none() {
        println!("skipped: this system does not tell a process its peak memory");
        return Ok(());
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "checks::child", "--nocapture", "--ignored"])
        .env(MODEL, model.name())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(bytes) = text.lines().find_map(|line| line.strip_prefix("grew by ")?.parse::<u64>().ok()) else {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("the measuring process failed: {text}{error}"));
    };
    let cells = (MANY * ordinary(0).columns().len()) as u64;
    let allowed = FIXED + cells * model.card().bytes_per_cell;
    if bytes > allowed {
        return Err(format!("a fit of {cells} cells takes {bytes} bytes; the card allows {allowed}"));
    }
    Ok(())
}

#[test]
#[ignore = "started by the memory check in a process of its own"]
fn child() {
    let Ok(name) = std::env::var(MODEL) else { return };
    let model = registry::find(&name).or_else(|| controls::find(&name)).unwrap();
    let frame = ordinary(MANY);
    // Forgets the peak of building the data.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = kib("VmRSS:").unwrap();
    let fitted = model.fit(&frame, &TableFitOptions::default(), &Run::default());
    let peak = kib("VmHWM:").unwrap();
    assert!(fitted.is_ok());
    println!("\ngrew by {}", peak.saturating_sub(before) * 1024);
}
