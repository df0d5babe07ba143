//! Which room may depend on which, and which heavy dependency belongs to which room.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each package and the rooms it may name. A new room gets a line here, with its reason in ARCHITECTURE.md.
const ALLOWED: &[(&str, &[&str])] = &[
    ("daotwin-core", &[]),
    ("daotwin-privacy", &["daotwin-core"]),
    ("daotwin-nn", &["daotwin-core"]),
    ("daotwin-history", &["daotwin-core"]),
    ("daotwin-report", &["daotwin-core"]),
    ("daotwin-generators", &["daotwin-core", "daotwin-history", "daotwin-nn", "daotwin-privacy"]),
    ("daotwin-evaluation", &["daotwin-core", "daotwin-history"]),
    ("daotwin-simulation", &["daotwin-core", "daotwin-generators", "daotwin-history", "daotwin-nn"]),
    (
        "daotwin-audit",
        &["daotwin-core", "daotwin-history", "daotwin-nn", "daotwin-privacy", "daotwin-simulation"],
    ),
    ("daotwin-treasury", &["daotwin-core", "daotwin-generators", "daotwin-history", "daotwin-simulation"]),
    ("daotwin-community", &["daotwin-core", "daotwin-history", "daotwin-simulation"]),
    ("daotwin-detection", &["daotwin-community", "daotwin-core", "daotwin-history"]),
    (
        "daotwin",
        &[
            "daotwin-audit",
            "daotwin-community",
            "daotwin-core",
            "daotwin-detection",
            "daotwin-evaluation",
            "daotwin-generators",
            "daotwin-history",
            "daotwin-privacy",
            "daotwin-report",
            "daotwin-simulation",
            "daotwin-treasury",
        ],
    ),
    ("daotwin-cli", &["daotwin"]),
    ("xtask", &[]),
];

/// Each heavy or delicate dependency and the only packages that may name it.
const HEAVY: &[(&str, &[&str])] = &[
    // Samples and rehearsed runs are built as columns; no other format is known to those rooms.
    (
        "arrow",
        &[
            "daotwin-audit",
            "daotwin-community",
            "daotwin-detection",
            "daotwin-generators",
            "daotwin-history",
            "daotwin-simulation",
            "daotwin-treasury",
        ],
    ),
    ("askama", &["daotwin-report"]),
    ("burn", &["daotwin-nn"]),
    ("clap", &["daotwin-cli"]),
    ("ctrlc", &["daotwin-cli"]),
    ("forust-ml", &["daotwin-detection", "daotwin-evaluation"]),
    ("gemm", &["daotwin-nn"]),
    // The command names it for its features only; see there.
    ("getrandom", &["daotwin-cli", "daotwin-core", "daotwin-privacy"]),
    ("parquet", &["daotwin-history"]),
    ("pulp", &["daotwin-nn"]),
    ("revm", &["daotwin-audit"]),
    ("rustfft", &["daotwin-privacy"]),
    ("safetensors", &["daotwin-generators"]),
    ("ureq", &["daotwin-audit"]),
];

/// Every package of the workspace with what it depends on in builds (tests may name more).
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let named = package["dependencies"].as_array().unwrap().iter();
            let built = named.filter(|dependency| dependency["kind"].as_str() != Some("dev"));
            let names = built.map(|dependency| dependency["name"].as_str().unwrap().to_owned());
            (package["name"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect()
}

/// What breaks the two tables.
fn violations(packages: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let heavy: BTreeMap<&str, &[&str]> = HEAVY.iter().copied().collect();
    let mut found = Vec::new();
    for (package, named) in packages {
        let Some(rooms) = allowed.get(package.as_str()) else {
            found.push(format!("`{package}` has no line in the table of directions"));
            continue;
        };
        for dependency in named {
            let room = packages.contains_key(dependency);
            if room && !rooms.contains(&dependency.as_str()) {
                found.push(format!("`{package}` may not depend on `{dependency}`"));
            }
            if heavy.get(dependency.as_str()).is_some_and(|owners| !owners.contains(&package.as_str())) {
                found.push(format!("`{package}` may not name `{dependency}`"));
            }
        }
    }
    found
}

#[test]
fn rooms_depend_only_in_the_allowed_directions() {
    let packages = dependencies();
    assert!(packages.len() >= ALLOWED.len(), "cargo metadata listed only {:?}", packages.keys());
    assert_eq!(violations(&packages), Vec::<String>::new());
}

#[test]
fn a_wrong_direction_is_found() {
    let mut packages = dependencies();
    packages.get_mut("daotwin-privacy").unwrap().insert("daotwin-history".to_owned());
    packages.get_mut("daotwin-evaluation").unwrap().insert("parquet".to_owned());
    packages.insert("daotwin-unknown".to_owned(), BTreeSet::new());
    assert_eq!(
        violations(&packages),
        [
            "`daotwin-evaluation` may not name `parquet`",
            "`daotwin-privacy` may not depend on `daotwin-history`",
            "`daotwin-unknown` has no line in the table of directions",
        ]
    );
}

/// The crates of a build with their features, one a line, as cargo resolves them.
fn features(selection: &[&str]) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "--format", "{p}|{f}", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .args(selection)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    lines.map(|(package, features)| (package.to_owned(), features.to_owned())).collect()
}

/// `cargo run --release` and `cargo xtask test` must not compile Arrow twice. Where this fails, name the
/// feature beside the others of its kind in `crates/cli/Cargo.toml`.
#[test]
fn the_command_and_the_tests_share_one_build() {
    let command = features(&["--package", "daotwin-cli", "--edges", "normal,build"]);
    let tests = features(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(command.len() > 50, "cargo tree listed only {} crates", command.len());
    let differ: Vec<_> = command
        .iter()
        .filter(|(package, features)| tests.get(*package) != Some(features))
        .map(|(package, features)| {
            format!("{package}: {features} in the command, {:?} in tests", tests.get(package))
        })
        .collect();
    assert_eq!(differ, Vec::<String>::new());
}
