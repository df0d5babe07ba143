//! What the tests of the command share.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// The built command.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_daotwin");

/// The command, run in a folder, with a ledger of its own and without the user's settings.
pub(crate) fn daotwin(folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .current_dir(folder)
        .env("DAOTWIN_LEDGER", folder.join("ledger"))
        .stdin(std::process::Stdio::null());
    command
}

/// Runs the command and expects it to succeed.
pub(crate) fn succeed(folder: &Path, arguments: &str) -> String {
    let output = daotwin(folder).args(arguments.split(' ')).output().unwrap();
    assert!(
        output.status.success(),
        "daotwin {arguments}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A Snapshot export of `proposals` proposals with `voters` ballots each.
pub(crate) fn snapshot_json(proposals: usize, voters: usize) -> String {
    let mut text = String::from("{\"data\":{\"proposals\":[");
    for proposal in 0..proposals {
        let (comma, start) = (if proposal == 0 { "" } else { "," }, 1_700_000_000 + 86_400 * proposal);
        text.push_str(&format!(
            "{comma}\n{{\"id\":\"0x{proposal:064x}\",\"title\":\"Proposal {proposal}\",\"author\":\"0x{:040x}\",\
             \"type\":\"single-choice\",\"choices\":[\"For\",\"Against\",\"Abstain\"],\"created\":{},\
             \"start\":{start},\"end\":{},\"state\":\"closed\",\"space\":{{\"id\":\"example.eth\"}}}}",
            proposal % 5,
            start - 600,
            start + 3 * 86_400,
        ));
    }
    text.push_str("],\"votes\":[");
    for proposal in 0..proposals {
        for voter in 0..voters {
            let comma = if proposal + voter == 0 { "" } else { "," };
            // A few vote always, the others now and then; power spans some decades and is the member's own.
            let member = if voter % 3 == 0 { voter } else { (voter * 7 + proposal * 13) % (4 * voters) };
            let power = 10_f64.powf((member * 37 % 400) as f64 / 100.0);
            text.push_str(&format!(
                "{comma}\n{{\"id\":\"0x{:064x}\",\"voter\":\"0x{member:040x}\",\"created\":{},\
                 \"proposal\":{{\"id\":\"0x{proposal:064x}\"}},\"choice\":{},\"vp\":{power:.6},\
                 \"space\":{{\"id\":\"example.eth\"}}}}",
                1_000_000_000 + proposal * voters + voter,
                1_700_000_000 + 86_400 * proposal + (voter * 4_001) % (3 * 86_400),
                1 + (voter * voter + proposal) % 7 / 3,
            ));
        }
    }
    text.push_str("]}}\n");
    text
}

/// A folder with everything that the verbs take: `export.json`, `ballots.csv`, `notes.txt`, `history`, `twin`,
/// `synthetic`, and a `ledger` whose account `poor` has epsilon 1.
pub(crate) fn fixture() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("export.json"), snapshot_json(30, 40)).unwrap();
    std::fs::write(path.join("notes.txt"), "minutes of the last call\n").unwrap();
    std::fs::write(path.join("ballots.csv"), "proposal,address,choice,power\np1,a1,1,3.5\np1,a2,2,1\n")
        .unwrap();
    std::fs::create_dir(path.join("cases")).unwrap();
    std::fs::write(path.join("cases/readme.txt"), "nothing\n").unwrap();
    succeed(path, "ingest export.json --out history");
    succeed(path, "fit history --out twin");
    succeed(path, "sample twin --out synthetic");
    succeed(path, "privacy register poor --epsilon 1 --delta 1e-6 --ledger ledger");
    folder
}

/// Adds `large.json` and `large`, which take every verb some seconds.
pub(crate) fn large(folder: &Path) {
    std::fs::write(folder.join("large.json"), snapshot_json(600, 600)).unwrap();
    succeed(folder, "ingest large.json --out large");
}

/// A copy of a folder in a new place.
pub(crate) fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_into(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Every file and folder below a folder, with the files' bytes.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.insert(format!("{name}/"), Vec::new());
            found
                .extend(snapshot(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Removes what a finished run has written under the name `new`.
pub(crate) fn remove_new(folder: &Path) {
    for name in ["new", "new.json", "new.html"] {
        let path = folder.join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        } else if path.exists() {
            std::fs::remove_file(&path).unwrap();
        }
    }
}
