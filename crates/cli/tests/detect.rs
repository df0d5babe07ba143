//! `daotwin detect` on a History, on files and on standard input that never ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write small files")]

mod support;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::{daotwin, succeed};

/// A quiet chat of four members, with an account that storms near the end.
fn chat(storm: bool) -> String {
    let mut text = String::new();
    for minute in 0..300_u64 {
        let actor = ["ann", "bob", "cem", "dia"][(minute * 7 % 11 % 4) as usize];
        let at = 1_700_000_000 + 3_600 * minute;
        writeln!(text, "{{\"at\":{at},\"actor\":\"{actor}\",\"place\":\"general\",\"text\":\"hour {minute} and all is well\"}}").unwrap();
    }
    for second in 0..if storm { 200 } else { 0 } {
        let at = 1_700_000_000 + 3_600 * 300 + second;
        writeln!(
            text,
            "{{\"at\":{at},\"actor\":\"mal\\u001b[31m\",\"to\":\"m{second}\",\"direct\":true,\"text\":\"claim now https://claim.example\"}}"
        )
        .unwrap();
    }
    text
}

/// Rules, the quickest to learn.
fn model(folder: &Path) {
    let printed = succeed(folder, "detect --train model.json --method velocity");
    assert_eq!(printed, "model.json\n");
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn streams_and_histories_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    model(folder);
    let run = |arguments: &str| daotwin(folder).args(arguments.split(' ')).output().unwrap();

    // A model that is read again is the same.
    succeed(folder, "detect --train again.json --method velocity --threads 1");
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(bytes("model.json"), bytes("again.json"));

    // Nothing found: exit 0.
    std::fs::write(folder.join("quiet.jsonl"), chat(false)).unwrap();
    assert_eq!(succeed(folder, "detect quiet.jsonl --model model.json"), "0 findings in 300 acts\n");

    // Found: exit 1, told once, the same by lines and by words, with a report.
    std::fs::write(folder.join("storm.jsonl"), chat(true)).unwrap();
    let output = run("detect storm.jsonl --model model.json --report report.html --json");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let told = lines(&output.stdout);
    assert_eq!(told.len(), 2, "{told:?}");
    let finding = &told[0]["finding"];
    assert!(finding["line"].as_u64().unwrap() > 300 && finding["finding"] == 1);
    assert!(finding["score"].as_f64().unwrap() > finding["bar"].as_f64().unwrap());
    assert_eq!((told[1]["end"]["acts"].as_u64(), told[1]["end"]["found"].as_u64()), (Some(500), Some(1)));
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for part in ["1 finding in 500 acts", "not private", "<svg", "velocity"] {
        assert!(report.contains(part), "{part}");
    }
    let output = run("detect storm.jsonl --model model.json");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("line ")
            && text.contains("finding 1  2023-11-")
            && text.ends_with("1 finding in 500 acts\n"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "a name reached the terminal as it is");

    // A History: one document.
    let mapping = "[messages]\nfile = 'chat.csv'\ntime = 'iso'\n[messages.columns]\nmember = 'who'\nat = 'at'\ntext = 'text'\nmessage = 'id'\n\
                   [messages.constants]\ndao = 'example'\nchannel = 'general'\n";
    let mut rows = "id,who,at,text\n".to_owned();
    for message in 0..200 {
        let who = if message < 100 { ["ann", "bob"][message % 2] } else { "mal" };
        let (hour, second) = if message < 100 { (message % 24, 0) } else { (23, message % 60) };
        let day = if message < 100 { 1 + message / 24 } else { 9 };
        writeln!(rows, "m{message},{who},2023-04-{day:02}T{hour:02}:00:{second:02}Z,hello {message}")
            .unwrap();
    }
    std::fs::write(folder.join("chat.csv"), rows).unwrap();
    std::fs::write(folder.join("mapping.toml"), mapping).unwrap();
    succeed(folder, "ingest chat.csv --mapping mapping.toml --out history");
    let output = run("detect history --model model.json --json");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["acts"], 200);
    assert_eq!(found["findings"][0]["actor"], "mal");
}

#[test]
fn bad_lines_are_told_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    model(folder);
    let mut bytes = b"nonsense\n{\"at\":\"soon\",\"secret\":\"s3cret\"}\n\n\xff\xfe\n".to_vec();
    bytes.extend(chat(true).bytes());
    bytes.extend(b"{\"at\":17000");
    std::fs::write(folder.join("bad.jsonl"), bytes).unwrap();
    let output =
        daotwin(folder).args(["detect", "bad.jsonl", "--model", "model.json", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    for part in [
        "error: line 1: it is not JSON",
        "error: line 2: `actor` is missing",
        "error: line 2: `at` is a text that cannot be taken; allowed is seconds since 1970",
        "error: line 4: it is not UTF-8",
        "error: line 505: it is not JSON",
    ] {
        assert!(message.contains(part), "{part}\n{message}");
    }
    assert!(!message.contains("s3cret"));
    let told = lines(&output.stdout);
    let end = &told.last().unwrap()["end"];
    assert_eq!(
        (end["acts"].as_u64(), end["unread_lines"].as_u64(), end["found"].as_u64()),
        (Some(500), Some(4), Some(1))
    );

    // Nothing found, and not everything read: that is no clean bill.
    std::fs::write(folder.join("bad.jsonl"), format!("{}oops\n", chat(false))).unwrap();
    let output = daotwin(folder).args(["detect", "bad.jsonl", "--model", "model.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "0 findings in 300 acts; 1 line could not be read\n"
    );
}

#[test]
fn findings_come_while_the_stream_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    model(folder);
    let mut child = daotwin(folder)
        .args(["detect", "-", "--model", "model.json", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    input.write_all(chat(true).as_bytes()).unwrap();
    input.flush().unwrap();
    // Standard input is still open: this would wait for ever if findings came at the end alone.
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["finding"]["finding"], 1);
    drop(input);
    line.clear();
    output.read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"end\":"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
