//! Rehearsals by the command, on a real twin: what is printed and written, and that it can be repeated.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write small files")]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{fixture, succeed};

fn json(folder: &Path, arguments: &str) -> Value {
    serde_json::from_str(&succeed(folder, &format!("{arguments} --json"))).unwrap()
}

fn mean(arm: &Value, name: &str) -> f64 {
    let variables = arm["variables"].as_array().unwrap();
    variables.iter().find(|variable| variable["name"] == name).unwrap()["mean"].as_f64().unwrap()
}

#[test]
fn nothing_happening_is_the_twin_and_a_downturn_is_not() {
    let folder = fixture();
    let folder = folder.path();
    std::fs::write(folder.join("calm.toml"), "title = 'calm'\nabout = 'nothing happens'\n").unwrap();
    let arguments =
        "simulate twin --scenario calm.toml --scenario downturn --runs 20 --out report.html --rows rows.csv";
    let found = json(folder, arguments);
    let arms = found["arms"].as_array().unwrap();
    assert_eq!(arms[0]["variables"], arms[1]["variables"], "a scenario in which nothing happens is the twin");
    assert_eq!(arms.len(), 3);
    // Four fifths of the price are lost: 0.2 to the power of 0.3 of the voters stay, 61.7 %. 20 runs of 30 proposals of
    // 40 voters: a standard error of 0.3 %; 5 % is beyond 1e-6.
    let share = mean(&arms[2], "voters") / mean(&arms[0], "voters");
    assert!((share - 0.617).abs() < 0.05, "{share}");
    // The twin knows which choice is a yes: the fixture's For, Against and Abstain.
    succeed(folder, "export synthetic --format snapshot-json --out synthetic.json");
    let synthetic = std::fs::read_to_string(folder.join("synthetic.json")).unwrap();
    assert!(synthetic.contains("\"for\"") && synthetic.contains("\"abstain\""));

    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("The token loses 80 %") && report.contains("Side by side"));
    let rows = std::fs::read_to_string(folder.join("rows.csv")).unwrap();
    assert!(rows.starts_with("run,scenario,step,at,variable,value\n"));
    assert!(rows.lines().count() > 20 * 3 * 10);

    // The same seed gives the same bytes on any number of threads, another seed others.
    let again = json(
        folder,
        "simulate twin --scenario calm.toml --scenario downturn --runs 20 --out r2.html --threads 1",
    );
    assert_eq!(found, again);
    let other = json(
        folder,
        "simulate twin --scenario calm.toml --scenario downturn --runs 20 --out r3.html --seed 1",
    );
    assert_ne!(found, other);
}

#[test]
fn records_stand_beside_the_runs_of_a_history() {
    let folder = fixture();
    let folder = folder.path();
    std::fs::write(folder.join("q.toml"), "title = 'half'\n[rule]\nquorum_tokens = 1e12\n").unwrap();
    let found = json(folder, "simulate history --scenario q.toml --runs 5 --out report.json");
    let arms = found["arms"].as_array().unwrap();
    let recorded = |arm: &Value| arm["variables"][0]["recorded"].as_f64().unwrap();
    assert!(recorded(&arms[0]) > 0.0);
    assert_eq!((recorded(&arms[1]), mean(&arms[1], "passed")), (0.0, 0.0), "nobody has so many tokens");
    let document = succeed(folder, "report report.json --out report.md");
    assert!(document.is_empty() || !document.contains("error"));
}

/// What people do is in the report with its evidence, and changes what the rule as it is does not.
#[test]
fn behaviours_are_told_and_efforts_are_read() {
    let folder = fixture();
    let folder = folder.path();
    let arguments = "simulate twin --scenario people --runs 5 --out report.md";
    let found = json(folder, arguments);
    let listed = json(folder, "scenarios")["behaviours"].as_array().unwrap().clone();
    assert_eq!(found["arms"][1]["scenario"]["behaviours"].as_object().unwrap().len(), listed.len());
    assert!(found["arms"][0]["scenario"]["behaviours"].is_null());
    assert_ne!(found["arms"][0]["variables"], found["arms"][1]["variables"]);
    let report = std::fs::read_to_string(folder.join("report.md")).unwrap();
    for behaviour in &listed {
        assert!(report.contains(behaviour["evidence"].as_str().unwrap()), "{behaviour}");
    }
    let called = json(folder, &format!("{arguments} --effort 1.5,0.2"));
    assert_eq!(called["arms"][0]["scenario"]["behaviours"]["quorum_effort"], 1.5);
    for wrong in ["1", "much", "1,-1"] {
        let output =
            support::daotwin(folder).args(arguments.split(' ')).args(["--effort", wrong]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("two numbers from 0 to 10"));
    }
}

#[test]
fn advice_is_on_the_front() {
    let folder = fixture();
    let folder = folder.path();
    let arguments = "advise history --goal agility --runs 5 --out advice.html --json";
    let output = support::daotwin(folder).args(arguments.split(' ')).output().unwrap();
    // 1: nothing that was tried is better than the rule as it is.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let advice: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code() == Some(1), advice["advised"] == 0);
    let candidates = advice["candidates"].as_array().unwrap();
    assert!(candidates.len() > 20, "{}", candidates.len());
    let advised = advice["advised"].as_u64().unwrap() as usize;
    assert!(advised == 0 || candidates[advised]["front"].as_bool().unwrap());
    let now = candidates[0]["passed"].as_f64().unwrap();
    assert!(candidates[advised]["passed"].as_f64().unwrap() >= now);
    // No combination of the front is beaten by another in everything that is compared.
    let merits = |candidate: &Value| {
        let number = |name: &str| candidate[name].as_f64().unwrap_or(f64::INFINITY);
        [number("passed"), -number("takeover"), number("needed"), -number("window")]
    };
    for own in candidates.iter().filter(|candidate| candidate["front"].as_bool().unwrap()) {
        for other in candidates {
            let (own, other) = (merits(own), merits(other));
            let better = own.iter().zip(&other).any(|(a, b)| b > a);
            assert!(!better || own.iter().zip(&other).any(|(a, b)| b < a), "{own:?} {other:?}");
        }
    }
}

#[test]
fn rules_scenarios_and_incidents_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rules = json(folder, "rules");
    assert!(rules.as_array().unwrap().len() >= 22);
    // Every rule decides its own example.
    for rule in rules.as_array().unwrap() {
        std::fs::write(folder.join("case.json"), rule["example"].as_str().unwrap()).unwrap();
        let name = rule["rule"].as_str().unwrap();
        assert!(!json(folder, &format!("rules {name} --case case.json")).is_null(), "{name}");
    }
    let scenarios = json(folder, "scenarios");
    assert!(scenarios["ready"].as_array().unwrap().len() >= 12);
    assert!(succeed(folder, "scenarios downturn").contains("kind = \"downturn\""));
    assert_eq!(json(folder, "incidents").as_array().unwrap().len(), 11);
    let flash = succeed(folder, "simulate --incident beanstalk --runs 100");
    assert!(flash.contains("Recorded outcome") && flash.contains("flips"), "{flash}");
}

/// The schema that editors read is the one that the command prints.
#[test]
fn the_shipped_schema_is_the_printed_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["scenario", "attack", "audit", "audit-finding"] {
        let shipped = format!("{}/../../docs/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let shipped: Value = serde_json::from_str(&std::fs::read_to_string(shipped).unwrap()).unwrap();
        assert_eq!(shipped, json(folder.path(), &format!("schema {name}")));
    }
}

#[test]
fn attacks_are_searched_and_mistaken_terms_told_at_once() {
    let folder = fixture();
    let folder = folder.path();
    std::fs::write(folder.join("terms.toml"), "treasury = 1e9\nprise = 2\ntake = 3\n").unwrap();
    let go = |arguments: &str| support::daotwin(folder).args(arguments.split(' ')).output().unwrap();
    let refused = go("attack history --terms terms.toml --scenario downtrun --out attacks.html");
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{message}");
    for expected in ["did you mean `price`?", "`take` must be", "did you mean `downturn`?"] {
        assert!(message.contains(expected), "{expected}\n--\n{message}");
    }
    assert!(!folder.join("attacks.html").exists());
    std::fs::write(folder.join("terms.toml"), "treasury = 1e9\n").unwrap();
    let found = go(
        "attack history --terms terms.toml --scenario downturn --runs 4 --out attacks.html --rows sizes.csv --json",
    );
    // 1: an attack that needs money succeeds more often than not.
    assert!(matches!(found.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&found.stderr));
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found["arms"].as_array().unwrap().len(), 2);
    assert!(folder.join("attacks.html").exists() && folder.join("sizes.csv").exists());
    assert_eq!(json(folder, "attack --list").as_array().unwrap().len(), 13);
}
