//! Every hostile file of `attacks/`: an error or rows set aside, in bounded time, never a panic.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use daotwin_core::{ErrorKind, Limits, Run};
use daotwin_history::History;
use daotwin_history::ingest::{Options, ingest};

/// One file may take this long; the machine of a test may be busy with others.
const PATIENCE: Duration = Duration::from_secs(2);

fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../attacks")).to_path_buf()
}

fn entries() -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name != "README.md" && name != "mapping-votes.toml"
    });
    entries
}

fn runs() -> Vec<(&'static str, Run)> {
    let with = |limits| Run { limits, ..Run::default() };
    let bounded = Limits { max_decoded_bytes: 64 << 20, ..Limits::default() };
    let tight = Limits {
        max_decoded_bytes: 1 << 20,
        max_rows: 1_000,
        max_columns: 64,
        max_cell_bytes: 4_096,
        max_depth: 8,
        max_choices: 10,
        max_members: 100,
        max_proposals: 10,
        ..Limits::default()
    };
    vec![("bounded", with(bounded)), ("tight", with(tight))]
}

/// The errors of a hostile file, or how many rows it lost.
fn read(path: &Path, run: &Run) -> Result<u64, daotwin_history::Error> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let history = if path.is_dir() {
        History::read(path, run)?
    } else if name == "mapping-wrong.toml" {
        let options = Options { mapping: Some(path.to_path_buf()), ..Options::default() };
        ingest(&[folder().join("csv-ragged.csv")], &options, run)?
    } else {
        let log = name.starts_with("log-") || name.starts_with("abi-") || name.starts_with("blocks-")
            || name.contains(".json");
        let mapping = (!log).then(|| folder().join("mapping-votes.toml"));
        ingest(&[path.to_path_buf()], &Options { mapping, ..Options::default() }, run)?
    };
    Ok(history.manifest().set_aside.iter().map(|aside| aside.rows).sum())
}

#[test]
fn every_hostile_file_is_refused_or_its_rows_set_aside() {
    let entries = entries();
    assert!(entries.len() >= 25, "{} hostile files", entries.len());
    let mut wrong = Vec::new();
    for path in &entries {
        for (name, run) in runs() {
            let start = Instant::now();
            let outcome = read(path, &run);
            let took = start.elapsed();
            let label = format!("{} with {name} limits", path.file_name().unwrap().to_string_lossy());
            match &outcome {
                Ok(0) => wrong.push(format!("{label}: accepted without a word")),
                Ok(rows) => println!("{label}: {rows} rows set aside, {took:?}"),
                Err(error) if error.kind() == ErrorKind::Internal => wrong.push(format!("{label}: {error}")),
                Err(error) => println!("{label}: {error}, {took:?}"),
            }
            if took > PATIENCE {
                wrong.push(format!("{label}: took {took:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_hostile_file_is_small_and_listed() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for path in entries() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in attacks/README.md");
        if path.is_file() {
            assert!(path.metadata().unwrap().len() < 100_000, "{name} is too large");
        }
    }
}
