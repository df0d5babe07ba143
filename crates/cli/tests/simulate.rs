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
    for name in ["scenario", "attack", "audit", "audit-finding", "treasury"] {
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

/// Governors that are compiled beside the audit's cases.
const GOVERNORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../audit/governors");

/// The deployment of a governor, with one amount in place of another.
fn deployment(folder: &Path, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(format!("{GOVERNORS}/{name}/audit.toml")).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(folder.join(format!("{name}.toml")), text.replace(from, to)).unwrap();
}

fn fails(folder: &Path, arguments: &str) -> String {
    let output = support::daotwin(folder).args(arguments.split(' ')).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every number of every run is the same whether arithmetic decides or the contract does, of draws and of records.
#[test]
fn contracts_decide_as_the_native_rule() {
    let folder = fixture();
    let folder = folder.path();
    deployment(folder, "openzeppelin", "\"900e18\"", "\"499900e18\"");
    deployment(folder, "compound", "\"40e18\"", "\"20000e18\"");
    let mut rows = Vec::new();
    for (name, counts, kind) in [
        ("openzeppelin", "for_and_abstain", "an OpenZeppelin Governor"),
        ("compound", "for", "a Governor Bravo"),
    ] {
        let rule = format!("title = 'q'\n[rule]\nquorum_tokens = 20000\nquorum_counts = '{counts}'\n");
        std::fs::write(folder.join("rule.toml"), rule).unwrap();
        let attack = "title = 'whale'\n[[conditions]]\nkind = 'whale'\ntokens = 9000\nfrom = 2023-11-25\n";
        std::fs::write(folder.join("whale.toml"), attack).unwrap();
        let arguments = "simulate history --scenario downturn --scenario whale.toml --runs 4";
        let native =
            json(folder, &format!("{arguments} --baseline rule.toml --out n.json --rows {name}-native.csv"));
        let own = json(
            folder,
            &format!(
                "{arguments} --contracts {GOVERNORS}/{name} --deploy {name}.toml --out {name}.md --rows {name}.csv"
            ),
        );
        for (native, own) in native["arms"].as_array().unwrap().iter().zip(own["arms"].as_array().unwrap()) {
            assert_eq!(native["variables"], own["variables"], "{name}");
        }
        let [native_rows, own_rows] =
            ["-native", ""].map(|which| std::fs::read(folder.join(format!("{name}{which}.csv"))).unwrap());
        assert!(native_rows == own_rows, "{name}");
        let passed = mean(&own["arms"][0], "passed");
        assert!(0.05 < passed && passed < 0.95, "{name}: a quorum that decides nothing, {passed}");
        let decided = &own["decided"];
        assert!(decided["by"].as_str().unwrap().contains(kind), "{decided}");
        // Thirty proposals of two scenarios and the rule as it is in four runs, and the records once; those that a whale
        // votes on twice.
        assert!(decided["proposals"].as_u64().unwrap() >= 30 * (3 * 4 + 1), "{decided}");
        assert!(decided["ballots"].as_u64().unwrap() > 10_000, "{decided}");
        assert_eq!((decided["different"].as_u64(), decided["refused"].as_u64()), (Some(0), Some(0)));
        let report = std::fs::read_to_string(folder.join(format!("{name}.md"))).unwrap();
        assert!(report.contains(kind) && report.contains("on its own bytecode"), "{report}");
        rows.push(own_rows);
    }
    assert!(rows[0] != rows[1], "abstentions count towards one quorum alone");
    // A contract with another quorum does not decide as the rule.
    deployment(folder, "compound", "\"40e18\"", "\"30000e18\"");
    let other = format!(
        "simulate history --scenario downturn --scenario whale.toml --runs 4 --contracts {GOVERNORS}/compound \
         --deploy compound.toml --out o.json --rows other.csv"
    );
    succeed(folder, &other);
    assert!(std::fs::read(folder.join("other.csv")).unwrap() != rows[1]);
    // The run itself, as the contract decided it; without a scenario, the rule as it is.
    let written = format!(
        "simulate twin --runs 1 --contracts {GOVERNORS}/compound --deploy compound.toml --out p.html --history run"
    );
    succeed(folder, &written);
    let states = succeed(folder, "export run --format csv --out run-csv");
    assert!(states.is_empty() || !states.contains("error"));
}

/// Members without data vote on the contract too; what passes pays, so that the whole course is the same.
#[test]
fn described_members_vote_on_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let people = "title = 'p'\nsteps = 300\nwindow = 30\narrivals = { every = 20 }\n\
                  [population]\nagents = 200\nactivity = 0.01\n";
    let simulate = |file: &str, more: &str| {
        json(folder, &format!("simulate --population {file} --runs 3 --out {file}.md{more}"))
    };
    std::fs::write(folder.join("own.toml"), people).unwrap();
    let supply = simulate("own.toml", "")["supply"].as_u64().unwrap();
    let quorum = supply / 50;
    let rule = format!("{people}[rule]\nquorum_tokens = {quorum}\nquorum_counts = 'for'\n");
    std::fs::write(folder.join("native.toml"), rule).unwrap();
    deployment(folder, "compound", "\"40e18\"", &format!("\"{quorum}e18\""));
    let native = simulate("native.toml", "");
    let own = simulate("own.toml", &format!(" --contracts {GOVERNORS}/compound --deploy compound.toml"));
    for part in ["variables", "courses", "half_pass"] {
        assert_eq!(native[part], own[part], "{part}");
    }
    let passed = own["variables"][2]["mean"].as_f64().unwrap();
    assert!(0.05 < passed && passed < 0.95, "{passed}");
    assert_eq!(own["decided"]["different"], 0);
    assert!(own["decided"]["ballots"].as_u64().unwrap() > 100);
    let told = fails(
        folder,
        &format!("simulate --population native.toml --out x.md --contracts {GOVERNORS}/compound"),
    );
    assert!(told.contains("leave the rule out"), "{told}");
}

#[test]
fn contracts_that_cannot_decide_are_refused() {
    let folder = fixture();
    let folder = folder.path();
    let told = fails(
        folder,
        &format!(
            "simulate twin --out x.md --contracts {GOVERNORS}/../contracts/incidents/parity-july/Fixed.json"
        ),
    );
    assert!(told.contains("no contract here is a governor"), "{told}");
    let bravo = format!("simulate twin --out x.md --contracts {GOVERNORS}/compound");
    let told = fails(folder, &format!("{bravo} --governor timelock"));
    assert!(told.contains("`timelock` is no governor") && told.contains("`governor`"), "{told}");
    let told = fails(folder, &format!("{bravo} --scenario low-quorum"));
    assert!(told.contains("`quorum` is what the contract decides"), "{told}");
    // The records tell no supply, and members cast more than the thousand tokens of the deployment.
    let told = fails(folder, &format!("simulate twin --out x.md --contracts {GOVERNORS}/openzeppelin"));
    assert!(told.contains("the DAO's supply is not known"), "{told}");
    let told = fails(folder, "simulate twin --out x.md --scenario downturn --deploy a.toml");
    assert!(told.contains("--contracts"), "{told}");
}
