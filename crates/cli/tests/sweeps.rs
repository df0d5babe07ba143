//! Sweeps, and rehearsed runs as Histories, by the command and the real twin.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "support makes files for other tests")]

mod support;

use std::path::Path;

use daotwin::core::{Run, Seed};
use daotwin::generators::registry;
use daotwin::history::synthesizer::FitOptions;
use daotwin::history::{History, Table, constraints};
use daotwin::simulation::rehearsal::{self, Options};
use daotwin::simulation::scenario::{RuleChange, Scenario, read};
use support::{daotwin, snapshot_json, succeed};

/// A History of few ballots, of a platform whose twin keeps what is for and what is against.
fn history(folder: &Path) {
    let export = snapshot_json(12, 20).replace("\"type\":\"single-choice\"", "\"type\":\"basic\"");
    std::fs::write(folder.join("export.json"), export).unwrap();
    succeed(folder, "ingest export.json --out snapshot");
    succeed(folder, "export snapshot --format csv --out csv");
    let daos = folder.join("csv/daos.csv");
    let text = std::fs::read_to_string(&daos).unwrap();
    assert!(text.contains(",snapshot,"));
    std::fs::write(&daos, text.replace(",snapshot,", ",governor,")).unwrap();
    succeed(
        folder,
        "ingest csv/daos.csv csv/members.csv csv/proposals.csv csv/votes.csv csv/manifest.json --out history",
    );
}

fn refused(folder: &Path, arguments: &str) -> String {
    let output = daotwin(folder).args(arguments.split(' ')).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "daotwin {arguments}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_sweep_is_written_once_with_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    history(path);
    let sweep = "sweep history --scenario downturn --vary downturn.depth=0.2:0.8:3 \
                 --vary rule.quorum_tokens=1,5000 --runs 5";
    let printed = succeed(path, &format!("{sweep} --out one.jsonl --report one.html --threads 1"));
    assert!(printed.contains("downturn.depth"), "{printed}");
    succeed(path, &format!("{sweep} --out two.jsonl --threads 2"));
    let bytes = std::fs::read_to_string(path.join("one.jsonl")).unwrap();
    assert!(bytes == std::fs::read_to_string(path.join("two.jsonl")).unwrap());
    assert_eq!(bytes.lines().count(), 7);
    for line in bytes.lines().skip(1) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["variables"]["voters"]["count"], 5);
    }
    assert!(std::fs::read_to_string(path.join("one.html")).unwrap().contains("downturn.depth"));
    assert!(refused(path, &format!("{sweep} --out one.jsonl")).contains("`one.jsonl` exists already"));
    let message = refused(
        path,
        "sweep history --scenario downturn --vary rule.quorm=1 --vary downturn.depht=2 --out new.jsonl",
    );
    assert!(message.contains("did you mean `rule.quorum`?"), "{message}");
    assert!(message.contains("did you mean `downturn.depth`?"), "{message}");
}

#[test]
fn a_run_is_a_history_that_other_verbs_take() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    history(path);
    let raid = "title = 'raid'\n[[conditions]]\nkind = 'sybil'\ntokens = 1000\nidentities = 3\n\
                [[conditions]]\nkind = 'exploit_news'\n";
    std::fs::write(path.join("raid.toml"), raid).unwrap();
    succeed(path, "simulate history --scenario raid.toml --runs 2 --out new.html --history run");
    succeed(path, "inspect run --strict");
    succeed(path, "evaluate --real history --synthetic run --out run.html --metric fidelity.facts");
    let written = History::read(&path.join("run"), &Run::default()).unwrap();
    assert!(written.manifest().synthetic);
    assert_eq!(written.manifest().provenance["scenario"], "raid");
    let several = "simulate history --scenario raid.toml --scenario downturn --out new.html --history more";
    assert!(refused(path, several).contains("give one `--scenario`"));
}

#[test]
fn with_nothing_happening_a_run_is_the_twins_sample() {
    let folder = tempfile::tempdir().unwrap();
    history(folder.path());
    let run = Run::default();
    let real = History::read(&folder.path().join("history"), &run).unwrap();
    let twin = registry::SYNTHESIZERS[0].fit(&real, &FitOptions::default(), &run).unwrap();
    let write = |scenario: &Scenario| {
        let options = Options { seed: Seed(8), ..Options::default() };
        rehearsal::history(twin.as_ref(), &RuleChange::default(), scenario, &options, 1, &run).unwrap()
    };
    let votes = |history: &History| {
        let mut part = History::new(history.manifest().clone());
        part.set(Table::Votes, history.table(Table::Votes).unwrap().clone());
        part.fingerprint().unwrap()
    };
    let nothing = write(&Scenario { title: "nothing".to_owned(), ..Scenario::default() });
    assert_eq!(constraints::check(&nothing, &run).unwrap(), []);
    // A condition that changes no ballot leaves the same draw: its ballots are the model's own.
    let priced = read("title = 'p'\n[[conditions]]\nkind = 'price_shock'\nfactor = 2").unwrap();
    assert_eq!(votes(&nothing), votes(&write(&priced)));
    let news = read("title = 'n'\n[[conditions]]\nkind = 'exploit_news'\nattention = 1\ndoubt = 1").unwrap();
    assert_ne!(votes(&nothing), votes(&write(&news)));
}
