//! `daotwin audit` from the command line: what it finds, writes and answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests make broken files on purpose")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use support::daotwin;

/// A case of the audit's own contracts.
const CASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../audit/contracts/incidents/parity-july");

fn run(folder: &Path, arguments: &str) -> Output {
    daotwin(folder).args(arguments.replace("CASE", CASE).split(' ')).output().unwrap()
}

fn ended(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_audit_writes_what_it_found_and_a_repaired_build_is_safe_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let search = "audit CASE/Vulnerable.json --executions 20000";
    let text = ended(&run(folder, &format!("{search} --out first")), 1);
    assert!(text.contains("attacker calls wallet.initWallet(") && text.contains("findings in 20,"), "{text}");
    let out = folder.join("first");
    let top = files(&out);
    for name in
        ["report.html", "report.json", "report.md", "findings.sarif", "coverage.lcov", "findings", "test"]
    {
        assert!(top.contains(name), "no {name} in {top:?}");
    }
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("class=\"player\"") && html.contains("Branches passed over calls"));
    let log: Value = serde_json::from_slice(&std::fs::read(out.join("findings.sarif")).unwrap()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap().len();
    let found = files(&out.join("findings"));
    assert!(results > 0 && found.len() == results && files(&out.join("test")).len() == results);

    // The same seed, the same findings, on any number of threads.
    let json: Value =
        serde_json::from_str(&ended(&run(folder, &format!("{search} --threads 1 --json --out second")), 1))
            .unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), results);
    for part in ["findings", "test"] {
        assert_eq!(files(&out.join(part)), files(&folder.join("second").join(part)));
        for name in files(&out.join(part)) {
            let read = |run: &str| std::fs::read(folder.join(run).join(part).join(&name)).unwrap();
            assert_eq!(read("first"), read("second"), "{name}");
        }
    }

    let first = format!("first/findings/{}", found.first().unwrap());
    let text = ended(&run(folder, &format!("audit replay {first}")), 1);
    assert!(text.ends_with("the harm is done\n") && text.contains("[ok]"), "{text}");
    let against = format!("audit replay {first} --against CASE/Fixed.json");
    let text = ended(&run(folder, &against), 0);
    assert!(text.ends_with("the harm is not done\n") && text.contains("[fails: "), "{text}");
    ended(&run(folder, &format!("audit replay {first} --against CASE/Vulnerable.json")), 1);

    let text = ended(&run(folder, "audit CASE/Fixed.json --executions 20000"), 0);
    assert!(text.starts_with("nothing found in 20,"), "{text}");
    let text = ended(&run(folder, "audit --list"), 0);
    assert!(text.contains("ownership-takeover"), "{text}");
}

#[test]
fn impact_decides_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let search = "audit CASE/Vulnerable.json --executions 3000 --oracle ownership-takeover --json";
    let found: Value = serde_json::from_str(&ended(&run(folder.path(), search), 1)).unwrap();
    let impacts = found["findings"].as_array().unwrap().iter().map(|finding| finding["impact"].clone());
    let critical = impacts.clone().any(|impact| impact == "critical");
    assert!(impacts.count() > 0);
    ended(&run(folder.path(), &format!("{search} --fail-on critical")), i32::from(critical));
    assert!(
        found["findings"].as_array().unwrap().iter().all(|finding| finding["oracle"] == "ownership-takeover")
    );
}

#[test]
fn an_interrupt_writes_what_was_found_until_then() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = daotwin(folder.path())
        .args("audit CASE/Vulnerable.json --seconds 600 --out found".replace("CASE", CASE).split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first findings come within milliseconds; a busy machine may take longer to begin.
    std::thread::sleep(Duration::from_secs(4));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted: these are the findings until then"), "{said}");
    assert!(!files(&folder.path().join("found/findings")).is_empty());
    let report = std::fs::read_to_string(folder.path().join("found/report.json")).unwrap();
    assert!(report.contains("The search was interrupted"));
}
