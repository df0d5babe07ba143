//! `daotwin community` on a small History with messages, on ballots alone, and on a real channel where the shared data are
//! there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write small files")]

mod support;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use support::{daotwin, fixture, snapshot, succeed};

const MAPPING: &str = "[messages]\nfile = 'messages.csv'\n[messages.columns]\nmessage = 'id'\nmember = 'author'\nat = 'at'\n\
                       reply_to = 'to'\ntext = 'text'\n[messages.constants]\ndao = 'example'\nchannel = 'general'\n";

/// Three months in which thirty members talk in bursts, in three moods.
fn small(folder: &Path) {
    let moods = ["thanks, this is great", "how do I delegate votes", "this is a terrible waste of the treasury"];
    let mut messages = "id,author,at,to,text\n".to_owned();
    let mut number = 0_u64;
    for day in 0..90_u64 {
        for burst in 0..1 + day * day % 4 {
            for turn in 0..2 + (day + burst) % 3 {
                // The first few write most.
                let member = (number * number + 7 * day) % if turn == 0 { 30 } else { 6 };
                let at = 1_700_006_400 + 86_400 * day + 30_011 * burst % 80_000 + 100 * turn;
                let to = if turn == 0 { String::new() } else { format!("m{}", number - 1) };
                let text = moods[(member + day / 30) as usize % 3];
                writeln!(messages, "m{number},u{member},{at},{to},\"{text}\"").unwrap();
                number += 1;
            }
        }
    }
    std::fs::write(folder.join("messages.csv"), messages).unwrap();
    std::fs::write(folder.join("mapping.toml"), MAPPING).unwrap();
    succeed(folder, "ingest messages.csv --mapping mapping.toml --out history");
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
    let parts = ["Who is tied to whom", "What helps members", "What helps against attacks", "not private", "<svg"];
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
    assert!(!found["missing"].as_array().unwrap().is_empty() && found["interventions"].as_array().unwrap().is_empty());
    assert!(std::fs::read_to_string(folder.join("report.md")).unwrap().contains("Who is tied to whom"));
    let before = snapshot(folder);
    let output =
        daotwin(folder).args(["community", "history", "--out", "r.html", "--history", "new"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && before == snapshot(folder));
}

#[test]
fn a_real_channel_is_told() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/community-discord/aave.csv.gz");
    if !Path::new(data).exists() {
        println!("no `{data}`: not told");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mapping = format!(
        "[messages]\nfile = '{data}'\ntime = 'iso'\n[messages.columns]\nmember = 'author'\nat = 'date'\ntext = 'content'\n\
         [messages.constants]\ndao = 'aave'\nchannel = 'governance'\n"
    );
    std::fs::write(folder.join("mapping.toml"), mapping).unwrap();
    succeed(folder, &format!("ingest {data} --mapping mapping.toml --out history"));
    let arguments = "community history --draws 4 --runs 10 --weeks 20 --campaigns 0 --out report.html --json";
    let found: Value = serde_json::from_str(&succeed(folder, arguments)).unwrap();
    assert_eq!(found["messages"].as_u64(), Some(3844));
    let held = found["facts"].as_array().unwrap().iter().filter(|fact| fact["holds"] == true).count();
    assert!(held >= 8, "{}", found["facts"]);
    let help = found["interventions"].as_array().unwrap();
    let onboarding = help.iter().find(|judged| judged["intervention"] == "onboarding").unwrap();
    assert!(onboarding["retention"]["difference"].as_f64().unwrap() > 0.0, "{onboarding}");
}
