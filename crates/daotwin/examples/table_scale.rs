//! How fast large tables are fitted and sampled, and in how much memory: `table_scale TRAIN [ROWS [SAMPLED [FOLDER]]]`
//! makes a table of ROWS rows (a million where not given) of twice TRAIN's columns, two samples of `trees` side by
//! side, fits it by `trees`, `mst` and `aim` (epsilon 1, noise for tests), samples SAMPLED rows (ten million) of the
//! trees into a CSV below FOLDER (the current one), and samples again on 1, 2 and 8 threads, whose files must be
//! equal. Each in a process of its own, so that its peak of memory is its own.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use daotwin::core::{Run, Seed};
use daotwin::generators::table::{registry, sample, sample_to};
use daotwin::history::frame::synthesizer::TableFitOptions;
use daotwin::history::frame::{Declaration, Frame, read};
use daotwin::history::synthesizer::PrivacyOptions;
use support::{peak_mebibytes, processor_seconds};

/// Rows of each file that is compared between numbers of threads.
const COMPARED: u64 = 200_000;

type Done = Result<(), Box<dyn Error>>;

/// Two samples of the trees of a table, side by side.
fn doubled(train: &Path, rows: u64, run: &Run) -> Result<Frame, Box<dyn Error>> {
    let (frame, _) = read(train, &Declaration::default(), run)?;
    let trees = registry::find("trees").ok_or("no such model")?;
    let fitted =
        trees.fit(&frame, &TableFitOptions::default(), run).map_err(|failure| failure.to_string())?;
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for half in 1..=2 {
        let drawn = sample(fitted.as_ref(), rows, &Vec::new(), Seed(half), run)?;
        for (place, column) in drawn.columns().iter().enumerate() {
            let mut column = column.clone();
            column.name = format!("{}_{half}", column.name);
            columns.push(column);
            values.push(drawn.values(place).clone());
        }
    }
    let places = 0..columns.len();
    Ok(Frame::new(columns, values)?.with_declared(places))
}

/// Fits a model and keeps it.
fn fit(train: &Path, rows: u64, model: &str, out: &Path) -> Done {
    let run = Run::default();
    let frame = doubled(train, rows, &run)?;
    let privacy = (model != "trees").then(|| PrivacyOptions {
        epsilon: 1.0,
        delta: 1e-9,
        ledger: "unused".into(),
        account: None,
        test_noise: Some(Seed(1)),
    });
    let options = TableFitOptions { seed: Seed(1), privacy, ..TableFitOptions::default() };
    let before = processor_seconds();
    let fitted = registry::find(model).ok_or("no such model")?.fit(&frame, &options, &run)?;
    let seconds = processor_seconds() - before;
    fitted.save(out)?;
    let columns = frame.columns().len();
    println!(
        "{model}: {rows} rows of {columns} columns fitted in {seconds:.1} CPU-s, peak {:.0} MiB with the table",
        peak_mebibytes()
    );
    Ok(())
}

/// Samples a model that is kept into a CSV.
fn stream(model: &Path, rows: u64, out: &Path) -> Done {
    let run = Run::default();
    let fitted = registry::load(model, &run)?;
    let (start, before) = (Instant::now(), processor_seconds());
    sample_to(out, fitted.as_ref(), rows, &Vec::new(), Seed(1), &run)?;
    println!(
        "{rows} rows sampled to CSV ({:.0} MiB) on {} threads in {:.1} s, {:.1} CPU-s, peak {:.0} MiB",
        std::fs::metadata(out)?.len() as f64 / f64::from(1 << 20),
        std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| "all".to_owned()),
        start.elapsed().as_secs_f64(),
        processor_seconds() - before,
        peak_mebibytes(),
    );
    Ok(())
}

/// Runs this program again with other arguments.
fn again(arguments: &[&str], threads: Option<&str>) -> Done {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    if let Some(threads) = threads {
        command.env("RAYON_NUM_THREADS", threads);
    }
    if command.status()?.success() { Ok(()) } else { Err(format!("{arguments:?} failed").into()) }
}

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--fit", train, rows, model, out] => return fit(train.as_ref(), rows.parse()?, model, out.as_ref()),
        ["--stream", model, rows, out] => return stream(model.as_ref(), rows.parse()?, out.as_ref()),
        _ => {}
    }
    let train = arguments.first().ok_or("name the table to enlarge")?;
    let rows = arguments.get(1).unwrap_or(&"1000000");
    let sampled = arguments.get(2).unwrap_or(&"10000000");
    let parent = arguments.get(3).unwrap_or(&".");
    let folder = tempfile::Builder::new().prefix("daotwin-scale-").tempdir_in(parent)?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    for model in ["trees", "mst", "aim"] {
        again(&["--fit", train, rows, model, &path(model)], None)?;
    }
    again(&["--stream", &path("trees"), sampled, &path("rows.csv")], None)?;
    std::fs::remove_file(path("rows.csv"))?;
    let mut files = Vec::new();
    for threads in ["1", "2", "8"] {
        let out = path(&format!("{threads}.csv"));
        again(&["--stream", &path("trees"), &COMPARED.to_string(), &out], Some(threads))?;
        files.push(std::fs::read(out)?);
    }
    if files.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err("the number of threads changed the rows".into());
    }
    println!("1, 2 and 8 threads wrote the same bytes");
    Ok(())
}
