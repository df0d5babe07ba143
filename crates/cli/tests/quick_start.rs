//! The quick start of the README, run as it stands.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "support makes files for other tests")]

mod support;

use support::daotwin;

/// The commands of the README's block that is marked as this test.
fn commands() -> Vec<String> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let marked = readme.split_once("crates/cli/tests/quick_start.rs runs them").unwrap().1;
    let block = marked.split_once("```console\n").unwrap().1.split_once("```").unwrap().0;
    block.lines().map(|line| line.strip_prefix("$ daotwin ").unwrap().to_owned()).collect()
}

#[test]
fn the_quick_start_runs() {
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    let folder = tempfile::tempdir().unwrap();
    for command in &commands {
        let words = command.split(" #").next().unwrap().split_whitespace();
        let output = daotwin(folder.path()).args(words).output().unwrap();
        assert!(
            output.status.success(),
            "daotwin {command}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!output.stdout.is_empty(), "daotwin {command} prints no result");
    }
    for report in ["demo.html", "report.html"] {
        let html = std::fs::read_to_string(folder.path().join(report)).unwrap();
        assert!(html.starts_with("<!doctype html>") && html.len() < 3 << 20, "{report}");
    }
}
