//! `daotwin community` on a History with messages, and on one with ballots alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write small files")]

mod support;

use std::path::Path;

use daotwin::community::stream::{baseline, to_history};
use daotwin::core::Seed;
use serde_json::Value;
use support::{daotwin, fixture, snapshot, succeed};

/// Four months of a community that is nobody's.
fn small(folder: &Path) {
    let history = to_history(&baseline(80, 130, Seed(4)), "example").unwrap();
    history.write(&folder.join("history")).unwrap();
}

#[test]
fn a_community_is_told_drawn_and_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small(folder);
    let arguments =
        "community history --draws 3 --runs 6 --weeks 20 --campaigns 2 --out report.html --json --seed 5";
    let printed = succeed(folder, &format!("{arguments} --history drawn"));
    let found: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(found["timing"], "second");
    assert!(found["facts"].as_array().unwrap().len() >= 9);
    assert_eq!(found["ties"]["of"], "an answer");
    // Bursts are no calm process, and time rescaling tells.
    assert!(found["times"]["calm"]["probability"].as_f64().unwrap() < 1e-6, "{}", found["times"]);
    assert_eq!(found["interventions"].as_array().unwrap().len(), 4);
    assert!(!found["reasons"].as_array().unwrap().is_empty());
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    let parts =
        ["Who is tied to whom", "What helps members", "What helps against attacks", "not private", "<svg"];
    for part in parts {
        assert!(report.contains(part), "{part}");
    }
    // What was drawn is a History that the verb reads again.
    let again: Value = serde_json::from_str(&succeed(
        folder,
        "community drawn --draws 2 --runs 2 --weeks 16 --campaigns 0 --out drawn.json --json",
    ))
    .unwrap();
    assert!(again["messages"].as_u64().unwrap() > 100);
    assert!(again["policies"].as_array().unwrap().is_empty());
    // The same seed says the same on any number of threads, another seed other things.
    assert_eq!(printed, succeed(folder, &format!("{arguments} --threads 1")));
    assert_ne!(printed, succeed(folder, &arguments.replace("--seed 5", "--seed 6")));
    let listed = succeed(folder, "community --list");
    for name in ["barabasi-albert", "onboarding", "rate-limit", "hegselmann-krause"] {
        assert!(listed.contains(name), "{name}");
    }
}

#[test]
fn ballots_alone_tell_ties_and_nothing_is_left_of_a_failure() {
    let folder = fixture();
    let folder = folder.path();
    let found: Value =
        serde_json::from_str(&succeed(folder, "community history --out report.md --json")).unwrap();
    assert_eq!(found["ties"]["of"], "the same first choice on three proposals");
    assert!(
        !found["missing"].as_array().unwrap().is_empty()
            && found["interventions"].as_array().unwrap().is_empty()
    );
    assert!(std::fs::read_to_string(folder.join("report.md")).unwrap().contains("Who is tied to whom"));
    let before = snapshot(folder);
    let output = daotwin(folder)
        .args(["community", "history", "--out", "r.html", "--history", "new"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && before == snapshot(folder));
}
