//! The contracts of our own: every case deploys by its scenario, both twins alike, and is described.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use daotwin_audit::world::{Scenario, World};
use daotwin_audit::{artifact, oracle};
use daotwin_core::Limits;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contracts");

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    mechanism: String,
    source: Option<String>,
    #[serde(default)]
    expect: Vec<String>,
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(Path::new(ROOT).join("cases.toml")).unwrap();
    toml::from_str::<Cases>(&text).unwrap().case
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// The compiled documents of a case, by the names of their files.
fn documents(case: &str) -> Vec<PathBuf> {
    let files = below(&Path::new(ROOT).join(case)).into_iter();
    files.filter(|file| file.extension().is_some_and(|extension| extension == "json")).collect()
}

#[test]
fn every_oracle_that_is_expected_exists() {
    let known: Vec<&str> = oracle::all().iter().map(|oracle| oracle.card().name).collect();
    let mut wrong = Vec::new();
    let mut expected = 0;
    for case in cases() {
        expected += case.expect.len();
        let unknown = case.expect.iter().filter(|name| !known.contains(&name.as_str()));
        wrong.extend(unknown.map(|name| format!("{}: no oracle is named `{name}`", case.name)));
        let twice = case.expect.iter().enumerate().filter(|(at, name)| case.expect[..*at].contains(name));
        wrong.extend(twice.map(|(_, name)| format!("{}: `{name}` is expected twice", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(expected > 100, "{expected} expectations");
}

#[test]
fn every_folder_is_described_and_every_description_has_a_folder() {
    let groups = below(Path::new(ROOT)).into_iter().filter(|path| path.is_dir());
    let mut folders: Vec<String> = groups
        .flat_map(|group| below(&group))
        .map(|case| case.strip_prefix(ROOT).unwrap().to_string_lossy().into_owned())
        .collect();
    let mut names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    folders.sort();
    names.sort();
    assert_eq!(names, folders);
}

#[test]
fn every_case_deploys_both_twins_alike() {
    for Case { name, mechanism, source, expect } in cases() {
        assert!(!mechanism.is_empty(), "{name}");
        assert_eq!(source.is_some(), name.starts_with("incidents/"), "{name} names a source");
        let scenario = Path::new(ROOT).join(&name).join("audit.toml");
        let scenario = Scenario::open(&scenario, &Limits::default()).unwrap();
        let deployed: Vec<Vec<(String, String)>> = documents(&name)
            .iter()
            .map(|document| {
                let artifacts = artifact::read(document, &Limits::default()).unwrap();
                let world = World::deploy(&scenario, &artifacts)
                    .unwrap_or_else(|error| panic!("{}: {error}", document.display()));
                let contracts = world.contracts.iter();
                contracts.map(|one| (one.name.clone(), one.contract.name.clone())).collect()
            })
            .collect();
        assert_eq!(deployed.len(), if expect.is_empty() { 1 } else { 2 }, "{name}");
        assert!(!deployed[0].is_empty() && deployed.iter().all(|one| *one == deployed[0]), "{name}");
    }
}

#[test]
fn every_oracle_has_a_case_of_its_name() {
    for Case { name, expect, .. } in cases() {
        if let Some(oracle) = name.strip_prefix("oracles/") {
            assert_eq!(expect.first().map(String::as_str), Some(oracle), "{name} shows its oracle");
        }
    }
}
