//! Every hostile file of `attacks/`: an error or rows set aside, in bounded time, never a panic.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

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
    let with = |limits| {
        let mut run = Run::default();
        run.limits = limits;
        run
    };
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

/// What the answer to some files says, so that none is refused for a reason that is not its own.
const REASONS: &[(&str, &str)] = &[
    ("log-deep.json", "max_depth"),
    ("log-duplicate-keys.json", "field twice"),
    ("log-many-topics.json", "at most four"),
    ("log-odd-hexadecimal.json", "not hexadecimal"),
    ("log-short-data.json", "shorter than its event"),
    ("abi-offset-outside.json", "outside itself"),
    ("abi-length-2-255.json", "outside itself"),
    ("abi-array-2-255.json", "outside itself"),
    ("abi-shared-bytes.json", "same bytes more than once"),
    ("abi-support-255.json", "support is not"),
    ("abi-power-2-256.json", "max_amount_digits"),
    ("blocks-contradict.csv", "contradict"),
    ("csv-10000-columns.csv", "max_columns"),
    ("csv-negative-power.csv", "negative"),
    ("csv-nan-power.csv", "not a decimal number"),
    ("bomb-text.json.zst", "max_cell_bytes"),
    ("bomb-logs.json.zst", "max_decoded_bytes"),
    ("bomb.parquet", "max_decoded_bytes"),
    ("history-path-trick", "lists a table"),
    ("history-missing-table", "cannot read"),
    ("history-wrong-schema", "`power` is missing"),
    ("history-decimals", "38 decimals"),
    ("history-other-version", "version 1"),
    ("history-row-count", "manifest says 2000000"),
    ("history-bomb", "max_decoded_bytes"),
    ("mapping-wrong.toml", "did you mean `votes`"),
];

/// The error of a hostile file, or the reasons for which it lost rows.
fn read(path: &Path, run: &Run) -> Result<Vec<String>, daotwin_history::Error> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let history = if path.is_dir() {
        History::read(path, run)?
    } else if name == "mapping-wrong.toml" {
        let options = Options { mapping: Some(path.to_path_buf()), ..Options::default() };
        ingest(&[folder().join("csv-ragged.csv")], &options, run)?
    } else {
        let log = name.starts_with("log-")
            || name.starts_with("abi-")
            || name.starts_with("blocks-")
            || name.contains(".json");
        let mapping = (!log).then(|| folder().join("mapping-votes.toml"));
        ingest(&[path.to_path_buf()], &Options { mapping, ..Options::default() }, run)?
    };
    Ok(history.manifest().set_aside.iter().map(|aside| format!("{} {}", aside.rows, aside.reason)).collect())
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
                Ok(reasons) if reasons.is_empty() => wrong.push(format!("{label}: accepted without a word")),
                Ok(reasons) => println!("{label}: set aside {reasons:?}, {took:?}"),
                Err(error) if error.kind() == ErrorKind::Internal => wrong.push(format!("{label}: {error}")),
                Err(error) => println!("{label}: {error}, {took:?}"),
            }
            let said = match &outcome {
                Ok(reasons) => reasons.join("\n"),
                Err(error) => error.to_string(),
            };
            let file = path.file_name().unwrap().to_string_lossy();
            let reason = REASONS.iter().find(|(named, _)| name == "bounded" && *named == file);
            if let Some((_, reason)) = reason.filter(|(_, reason)| !said.contains(reason)) {
                wrong.push(format!("{label}: said {said}, not {reason}"));
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
