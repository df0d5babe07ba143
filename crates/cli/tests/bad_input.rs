//! What each verb does with bad input: one clear message, the right exit code, no partial output, nothing
//! lost. The table in [`CASES`] is the specification; a new verb gets its rows there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests make broken files on purpose")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{daotwin, fixture, snapshot};

/// A verb, a situation, and what must come of it.
struct Case {
    /// In words.
    situation: &'static str,
    /// Run in a copy of the fixture folder; see [`support::fixture`].
    arguments: &'static str,
    /// What is broken before.
    prepare: fn(&Path),
    /// The exit code.
    code: i32,
    /// What the message says: the place and the fix among it.
    says: &'static [&'static str],
}

const fn case(
    situation: &'static str,
    arguments: &'static str,
    code: i32,
    says: &'static [&'static str],
) -> Case {
    Case { situation, arguments, prepare: |_| {}, code, says }
}

const fn broken(
    situation: &'static str,
    arguments: &'static str,
    prepare: fn(&Path),
    code: i32,
    says: &'static [&'static str],
) -> Case {
    Case { situation, arguments, prepare, code, says }
}

/// Cuts a file in two and keeps the first half.
fn halve(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// Takes the first record away, not the last: a torn end is what a crash leaves, and is completed.
fn behead(folder: &Path) {
    let path = folder.join("ledger/ledger.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    write(&path, &text[text.find('\n').unwrap() + 1..]);
}

const INGEST: &[Case] = &[
    case("no such source", "ingest missing.json --out new", 2, &["cannot read `missing.json`"]),
    case(
        "two problems at once",
        "ingest missing.json absent.csv --out new",
        2,
        &["2 problems", "missing.json", "absent.csv"],
    ),
    case(
        "a format that nobody knows",
        "ingest notes.txt --out new",
        2,
        &["`notes.txt`", "no format that daotwin recognises", "--mapping"],
    ),
    case("the output exists", "ingest export.json --out history", 2, &["`history` exists already"]),
    case(
        "no folder for the output",
        "ingest export.json --out no/such/new",
        2,
        &["the folder `no/such`", "create it first"],
    ),
    case(
        "decimals that no token has",
        "ingest export.json --out new --decimals 39",
        2,
        &["--decimals", "0..=38"],
    ),
    case("no mapping file", "ingest ballots.csv --mapping absent.toml --out new", 2, &["absent.toml"]),
    broken(
        "a mapping to a column that is not there",
        "ingest ballots.csv --mapping mapping.toml --out new",
        |folder| {
            let map = "[votes]\nfile = \"ballots.csv\"\n[votes.constants]\ndao = \"example\"\n\
                       [votes.columns]\nproposal = \"proposal\"\nmember = \"voter_adr\"\n\
                       choice = \"choice\"\npower = \"power\"\n";
            write(&folder.join("mapping.toml"), map);
        },
        2,
        &["voter_adr"],
    ),
    broken(
        "a cut source",
        "ingest export.json --out new",
        |folder| halve(&folder.join("export.json")),
        2,
        &["export.json"],
    ),
];

const READ: &[Case] = &[
    case("no such History", "inspect missing", 2, &["cannot read `missing`"]),
    case(
        "a file for a folder",
        "inspect export.json",
        2,
        &["`export.json` is not a History", "daotwin ingest"],
    ),
    case(
        "another folder",
        "export cases --format csv --out new",
        2,
        &["`cases` is not a History", "manifest.json"],
    ),
    case(
        "a format that nobody writes",
        "export history --format exel --out new",
        2,
        &["unknown format `exel`", "`csv`"],
    ),
    case(
        "a slip in a format's name",
        "export history --format snapshot-jsn --out new",
        2,
        &["did you mean `snapshot-json`?"],
    ),
    case(
        "the export exists",
        "export history --format csv --out synthetic",
        2,
        &["`synthetic` exists already"],
    ),
    broken(
        "a cut table",
        "inspect history",
        |folder| halve(&folder.join("history/votes.parquet")),
        2,
        &["votes"],
    ),
    broken(
        "a missing table",
        "inspect history",
        |folder| std::fs::remove_file(folder.join("history/votes.parquet")).unwrap(),
        2,
        &["votes.parquet"],
    ),
    broken(
        "a cut manifest",
        "inspect history",
        |folder| halve(&folder.join("history/manifest.json")),
        2,
        &["`history` is not a History", "manifest.json"],
    ),
];

const FIT: &[Case] = &[
    case("no such History", "fit missing --out new", 2, &["cannot read `missing`"]),
    case(
        "no such model",
        "fit history --out new --model twim",
        2,
        &["unknown model `twim`", "did you mean `twin`?"],
    ),
    case("no such DAO", "fit history --out new --dao nobody", 2, &["nobody"]),
    case("the output exists", "fit history --out synthetic", 2, &["`synthetic` exists already"]),
    case("an epsilon of nothing", "fit history --out new --epsilon 0", 2, &["`epsilon` is 0", "allowed is"]),
    case("a negative epsilon", "fit history --out new --epsilon -1", 2, &["`epsilon` is -1", "allowed is"]),
    case("an epsilon that is no number", "fit history --out new --epsilon much", 2, &["--epsilon", "much"]),
    case("an endless epsilon", "fit history --out new --epsilon inf", 2, &["`epsilon` is inf", "allowed is"]),
    case(
        "an impossible delta",
        "fit history --out new --epsilon 1 --delta 1",
        2,
        &["`delta` is 1", "allowed is"],
    ),
    case("a delta without an epsilon", "fit history --out new --delta 1e-6", 2, &["--epsilon"]),
    case(
        "no ledger",
        "fit history --out new --epsilon 1 --ledger absent --account poor",
        2,
        &["no ledger at `absent`"],
    ),
    case(
        "no account",
        "fit history --out new --epsilon 1 --ledger ledger --account stranger",
        2,
        &["no account `stranger`"],
    ),
    case(
        "more than the account has",
        "fit history --out new --epsilon 3 --ledger ledger --account poor",
        3,
        &["`poor`", "left"],
    ),
    broken(
        "the same DAO under another name",
        "fit history --out new --epsilon 1 --ledger ledger --account stranger",
        |folder| {
            support::succeed(folder, "privacy register stranger --epsilon 9 --ledger ledger");
            support::succeed(folder, "fit history --out paid --epsilon 1 --ledger ledger --account poor");
        },
        2,
        &["`poor`"],
    ),
    broken(
        "an account that is spent",
        "fit history --out new --epsilon 0.5 --ledger ledger --account poor",
        |folder| {
            support::succeed(folder, "fit history --out paid --epsilon 1 --ledger ledger --account poor");
        },
        3,
        &["`poor`", "left"],
    ),
    broken(
        "a ledger that lost its first record",
        "fit history --out new --epsilon 1 --ledger ledger --account poor",
        behead,
        3,
        &["ledger.jsonl", "nothing can be charged"],
    ),
];

const SAMPLE: &[Case] = &[
    case("no such twin", "sample missing --out new", 2, &["cannot read `missing`"]),
    case("a History for a twin", "sample history --out new", 2, &["`history` is not a twin", "daotwin fit"]),
    case("the output exists", "sample twin --out history", 2, &["`history` exists already"]),
    case("no such condition", "sample twin --out new --condition weather=3", 2, &["weather"]),
    case("a condition without a value", "sample twin --out new --condition turnout", 2, &["NAME=VALUE"]),
    case("a scale of nothing", "sample twin --out new --scale 0 --by members", 2, &["`--scale` is 0"]),
    case("a scale of what", "sample twin --out new --scale 2", 2, &["--by"]),
    case(
        "a scale and a number",
        "sample twin --out new --scale 2 --by members --members 5",
        2,
        &["cannot be used with"],
    ),
    case(
        "more proposals than the limit",
        "sample twin --out new --proposals 10000000000",
        2,
        &["max_proposals"],
    ),
    broken(
        "a twin with cut weights",
        "sample twin --out new",
        |folder| halve(&folder.join("twin/weights.safetensors")),
        2,
        &["twin"],
    ),
    broken(
        "a twin with a cut manifest",
        "sample twin --out new",
        |folder| halve(&folder.join("twin/manifest.json")),
        2,
        &["`twin`"],
    ),
    broken(
        "a twin without a model",
        "sample twin --out new",
        |folder| std::fs::remove_file(folder.join("twin/model.json")).unwrap(),
        2,
        &["twin"],
    ),
];

const EVALUATE: &[Case] = &[
    case(
        "no real History",
        "evaluate --real missing --synthetic synthetic --out new.html",
        2,
        &["cannot read `missing`"],
    ),
    case(
        "no synthetic History",
        "evaluate --real history --synthetic missing --out new.html",
        2,
        &["cannot read `missing`"],
    ),
    case(
        "a report of no known kind",
        "evaluate --real history --synthetic synthetic --out new.pdf",
        2,
        &["`new.pdf`", "`.html`"],
    ),
    case(
        "no folder for the report",
        "evaluate --real history --synthetic synthetic --out no/new.html",
        2,
        &["the folder `no`"],
    ),
    case(
        "no such metric",
        "evaluate --real history --synthetic synthetic --out new.html --metric beauty",
        2,
        &["unknown metric `beauty`"],
    ),
    broken(
        "a gate on no metric",
        "evaluate --real history --synthetic synthetic --out new.html --config gates.toml",
        |folder| write(&folder.join("gates.toml"), "version = 1\n[evaluate.gates]\n\"beauty\" = \"<= 1\"\n"),
        2,
        &["beauty"],
    ),
    case("no such report", "report missing.json --out new.html", 2, &["cannot read `missing.json`"]),
    case("not a report", "report export.json --out new.html", 2, &["`export.json` is not a report"]),
];

const SIMULATE: &[Case] = &[
    case("nothing to simulate", "simulate --out new.html", 2, &["<DAO_FOLDER>", "--scenario"]),
    case("no such DAO", "simulate missing --scenario downturn --out new.html", 2, &["cannot read `missing`"]),
    case(
        "scenarios with slips",
        "simulate twin --scenario downtrun --scenario apathie --out new.html",
        2,
        &["2 problems", "did you mean `downturn`?", "did you mean `apathy`?"],
    ),
    broken(
        "a file with slips",
        "simulate twin --scenario slips.toml --out new.html",
        |folder| {
            write(
                &folder.join("slips.toml"),
                "title = 'x'\n[rule]\nquorom = 2\n[[conditions]]\nkind = 'whale'\n",
            );
        },
        2,
        &["2 problems", "`slips.toml`: line 3", "did you mean `quorum`?", "line 4", "`whale` needs `tokens`"],
    ),
    case(
        "a share of no supply",
        "simulate twin --scenario low-quorum --out new.html",
        2,
        &["Quorum of 1 %", "supply", "`quorum_tokens`"],
    ),
    broken(
        "more turnout than can be drawn",
        "simulate twin --scenario crowd.toml --out new.html",
        |folder| {
            let drive = "[[conditions]]\nkind = 'voter_drive'\nfactor = 9\n";
            write(&folder.join("crowd.toml"), &format!("title = 'x'\n{drive}{drive}"));
        },
        2,
        &["81 times", "at most 20"],
    ),
    case("no runs", "simulate twin --scenario downturn --runs 0 --out new.html", 2, &["0 runs"]),
    case(
        "rows that are there",
        "simulate twin --scenario downturn --out new.html --rows notes.txt",
        2,
        &["exists already"],
    ),
    broken(
        "a baseline in which something happens",
        "simulate twin --scenario downturn --baseline apathy --out new.html",
        |_| {},
        2,
        &["`apathy`", "nothing happens in it"],
    ),
    case("no such incident", "simulate --incident beanstolk", 2, &["did you mean `beanstalk`?"]),
    case("an incident of a DAO", "simulate twin --incident beanstalk", 2, &["cannot be used with"]),
    case("no such change", "simulate --incident beanstalk --counterfactual luck", 2, &["luck", "`timelock`"]),
    case("advice to no DAO", "advise missing --out new.html", 2, &["cannot read `missing`"]),
    case("an attack on no DAO", "attack missing --out new.html", 2, &["cannot read `missing`"]),
    case("an attack without a report", "attack twin", 2, &["--out"]),
    case("an audit of nothing", "audit missing --out new", 2, &["missing"]),
    case("an audit of minutes", "audit notes.txt --out new", 2, &["notes.txt"]),
    case("an audit by nobody", "audit ballots.csv --oracle takeovr", 2, &["takeovr", "`takeover`"]),
    case("an audit without time", "audit notes.txt --seconds 0", 2, &["`--seconds`"]),
    case("an audit into a full folder", "audit notes.txt --out history", 2, &["history"]),
    case("a replay of nothing", "audit replay missing.json", 2, &["cannot read `missing.json`"]),
    case("a replay of an export", "audit replay export.json", 2, &["export.json", "this is no finding"]),
    case("an unknown goal", "advise twin --goal fame --out new.html", 2, &["fame", "safety"]),
    case("no such proposal", "advise history --proposal absent.toml", 2, &["cannot read `absent.toml`"]),
    broken(
        "a proposal with slips",
        "advise history --proposal slips.toml --out new.html",
        |folder| write(&folder.join("slips.toml"), "titel = 'x'\nsupport = 7\n[rule]\nquorom = 1\n"),
        2,
        &["`slips.toml`: line 1", "did you mean `title`?", "line 2", "line 4", "did you mean `quorum`?"],
    ),
    case(
        "a goal for one proposal",
        "advise history --proposal p.toml --goal safety",
        2,
        &["cannot be used with"],
    ),
    case(
        "no such population",
        "simulate --population absent.toml --out new.html",
        2,
        &["cannot read `absent.toml`"],
    ),
    broken(
        "a population with slips",
        "simulate --population slips.toml --out new.html",
        |folder| {
            write(
                &folder.join("slips.toml"),
                "steps = 'many'\n[population]\nagens = 1\n[rule]\nkind = 'x'\n",
            );
        },
        2,
        &["`slips.toml`: line 1", "whole number", "did you mean `agents`?", "kind of rule `x`"],
    ),
    broken(
        "a population that cannot be",
        "simulate --population none.toml --out new.html",
        |folder| write(&folder.join("none.toml"), "steps = 0\n[population]\nagents = 0\n"),
        2,
        &["2 problems", "`agents` is 0", "`steps` is 0"],
    ),
    case(
        "a sweep over nothing that is there",
        "sweep twin --scenario downturn --vary downturn.dept=0.1 --out new.jsonl",
        2,
        &["downturn.dept", "did you mean `downturn.depth`?"],
    ),
    case("a sweep over nothing", "sweep twin --scenario downturn --out new.jsonl", 2, &["--vary"]),
    case(
        "a sweep where something is",
        "sweep twin --scenario downturn --vary downturn.depth=0.1 --out notes.txt",
        2,
        &["notes.txt"],
    ),
    case(
        "a comparison with nothing",
        "compare twin downturn --out new.html",
        2,
        &["compared with nothing", "--vary"],
    ),
    case(
        "a comparison of what nobody knows",
        "compare twin downturn apathy --of pased --out new.html",
        2,
        &["did you mean `passed`?"],
    ),
    case("a twin to calibrate to", "calibrate twin --out new.html", 2, &["`twin`"]),
    case(
        "too few simulations",
        "calibrate history --simulations 5 --out new.html",
        2,
        &["`simulations` is 5", "500"],
    ),
    case("no such rule", "rules governer", 2, &["did you mean `governor`?"]),
    case("a case that is none", "rules governor --case notes.txt", 2, &["`notes.txt`", "not JSON"]),
    broken(
        "a case of another rule",
        "rules governor --case case.json",
        |folder| write(&folder.join("case.json"), "{\"choices\": 3}"),
        2,
        &["`governor`", "choices"],
    ),
    case("no such scenario", "scenarios downtrun", 2, &["did you mean `downturn`?"]),
];

const OTHERS: &[Case] = &[
    case("no ledger to show", "privacy ledger --ledger absent", 2, &["no ledger at `absent`"]),
    case("an account opened twice", "privacy register poor --epsilon 9 --ledger ledger", 2, &["`poor`"]),
    case("an impossible limit", "privacy register new --epsilon 0 --ledger fresh", 2, &["`epsilon` is 0"]),
    case("no account to show", "privacy account stranger --ledger ledger", 2, &["no account `stranger`"]),
    case("a question without noise", "privacy account --steps 10", 2, &["`--sigma S`", "`--epsilon E`"]),
    case("an account and a question", "privacy account poor --sigma 1", 2, &["`poor`", "do not go together"]),
    case("noise that is none", "privacy account --sigma 0", 2, &["`sigma` is 0"]),
    case("a History of reports", "fit history --out t --reports noisy.json", 2, &["`--reports`"]),
    case(
        "randomised response with a deviation",
        "privacy account --sigma 1 --noise randomised-response",
        2,
        &["`--answer E`"],
    ),
    case("an answer under another noise", "privacy account --answer 1 --noise laplace", 2, &["`--answer`"]),
    case("an answer that tells nothing", "privacy account --answer 0", 2, &["`epsilon` is 0"]),
    case("a sampled answer", "privacy account --answer 1 --rate 0.5", 2, &["`event` is under sampling"]),
    case("an impossible rate", "privacy account --sigma 1 --rate 2", 2, &["`rate` is 2"]),
    case("a curve of no format", "privacy account --sigma 1 --out curve.xyz", 2, &["`curve.xyz`", "`.html`"]),
    case("a twin without a charge", "privacy verify twin --ledger ledger", 2, &["`twin`", "without privacy"]),
    broken(
        "settings with a slip",
        "schema --config slip.toml",
        |folder| write(&folder.join("slip.toml"), "version = 1\n[fit]\nsed = 3\n"),
        2,
        &["slip.toml", "line 3", "`sed`", "`seed`"],
    ),
    case("no such settings", "schema --config absent.toml", 2, &["cannot read `absent.toml`"]),
    case("no such verb", "fitt", 2, &["unrecognized subcommand 'fitt'", "'fit'"]),
    case("no such option", "schema --wide", 2, &["--wide"]),
    case("no threads", "schema --threads 0", 2, &["--threads"]),
];

const DETECT: &[Case] = &[
    case("nothing to judge", "detect", 2, &["HISTORY|STREAM.jsonl|-"]),
    case(
        "everything wrong at once",
        "detect missing --method bosting --budget 0 --report no/such/new.html",
        2,
        &[
            "4 problems",
            "unknown detector `bosting`",
            "did you mean `boosting`?",
            "`--budget` is 0",
            "the folder `no/such`",
            "cannot read `missing`",
        ],
    ),
    case("a report of no format", "detect history --report new.xyz", 2, &["`new.xyz`", "`.html`"]),
    case("a DAO of a stream", "detect - --dao ens", 2, &["`--dao`", "leave it out"]),
    case("no such model", "detect history --model absent.json", 2, &["cannot read `absent.json`"]),
    case("a file that is no model", "detect history --model export.json", 2, &["`export.json`", "--train"]),
    case("to learn from a file", "detect export.json --train new.json", 2, &["`export.json` is no History"]),
    case(
        "to learn and to judge",
        "detect history --train new.json --model export.json",
        2,
        &["cannot be used with"],
    ),
];

const COMMUNITY: &[Case] = &[
    case("no such History", "community missing --out new.html", 2, &["cannot read `missing`"]),
    case(
        "everything wrong at once",
        "community missing --out no/such/new.xyz --draws 1 --weeks 3 --campaigns 1 --tolerance -1",
        2,
        &[
            "7 problems",
            "known are `.html`",
            "the folder `no/such`",
            "`draws` is 1; allowed is 2 to 1000",
            "`weeks` is 3",
            "`campaigns` is 1",
            "`tolerance` is -1",
            "cannot read `missing`",
        ],
    ),
    case("a DAO that is not there", "community history --out new.html --dao other", 2, &["`other`"]),
    case(
        "a stream of a History without messages",
        "community history --out new.html --history new",
        2,
        &["`--history`", "too few messages"],
    ),
    case("texts without a stream to write", "community history --out new.html --learn", 2, &["--history"]),
];

/// The specification.
const CASES: &[&[Case]] = &[INGEST, READ, FIT, SAMPLE, EVALUATE, SIMULATE, COMMUNITY, DETECT, OTHERS];

#[test]
fn every_verb_refuses_bad_input_and_leaves_nothing_behind() {
    let template = fixture();
    let mut problems = Vec::new();
    for case in CASES.iter().copied().flatten() {
        let folder = support::copy(template.path());
        (case.prepare)(folder.path());
        let before = snapshot(folder.path());
        let output = daotwin(folder.path()).args(case.arguments.split(' ')).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut problem = |what: String| {
            problems.push(format!("{}: `daotwin {}`: {what}\n{message}", case.situation, case.arguments));
        };
        if output.status.code() != Some(case.code) {
            problem(format!("ended with {}, not {}", output.status, case.code));
        }
        let errors = message.lines().filter(|line| line.starts_with("error: ")).count();
        if errors != 1 || !message.starts_with("error: ") {
            problem("the message is not one error".to_owned());
        }
        for words in case.says {
            if !message.contains(words) {
                problem(format!("the message does not say {words:?}"));
            }
        }
        if message.contains("panicked") || message.contains("defect") {
            problem("the input is called a defect".to_owned());
        }
        if !output.stdout.is_empty() {
            problem("something is on standard output".to_owned());
        }
        let after = snapshot(folder.path());
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> =
            names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
        if !changed.is_empty() {
            problem(format!("files changed: {changed:?}"));
        }
    }
    assert!(problems.is_empty(), "{} problems\n\n{}", problems.len(), problems.join("\n"));
}

/// Verbs that write.
const WRITERS: &[&str] = &[
    "ingest export.json --out full/new",
    "export history --format csv --out full/new",
    "export history --format snapshot-json --out full/new.json",
    "fit history --out full/new",
    "sample twin --out full/new --proposals 2000",
    "evaluate --real history --synthetic synthetic --out full/new.html --metric fidelity.facts",
    "simulate twin --scenario downturn --runs 4 --out full/new.html",
    "community history --out full/new.html",
];

/// A disk of 8 KiB: a file system of that size where this process may mount one, else a limit on the size of
/// files, which writers meet in the same way.
#[test]
fn a_full_disk_is_told_and_leaves_nothing_behind() {
    let template = fixture();
    let mount = "mount -t tmpfs -o size=8k none";
    let may_mount = Command::new("unshare")
        .args(["--mount", "sh", "-c", &format!("{mount} /mnt")])
        .output()
        .is_ok_and(|output| output.status.success());
    println!("full disk by {}", if may_mount { "a small file system" } else { "a limit on file sizes" });
    for arguments in WRITERS {
        let folder = support::copy(template.path());
        std::fs::create_dir(folder.path().join("full")).unwrap();
        // The listing is made while the file system is still mounted.
        let command = format!("\"$DAOTWIN\" {arguments}; code=$?; ls -A full > left; exit $code");
        let mut shell = Command::new(if may_mount { "unshare" } else { "sh" });
        if may_mount {
            shell.args(["--mount", "sh", "-c", &format!("{mount} full; {command}")]);
        } else {
            shell.args(["-c", &format!("trap '' XFSZ; ulimit -f 8; {command}")]);
        }
        shell.current_dir(folder.path()).env("DAOTWIN", support::BINARY);
        let output = shell.output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        assert!(
            message.contains("No space left on device") || message.contains("File too large"),
            "{arguments}: {message}"
        );
        assert_eq!(message.matches("error: ").count(), 1, "{arguments}: {message}");
        let left = std::fs::read_to_string(folder.path().join("left")).unwrap();
        assert_eq!(left, "", "{arguments} leaves files on the full disk");
    }
}

/// Long work of each verb that can be long, interrupted at several times.
#[test]
fn an_interrupt_ends_the_run_within_a_second_and_leaves_nothing_behind() {
    let long = [
        "sample twin --out new --members 40000000",
        "ingest large.json --out new",
        "evaluate --real large --synthetic synthetic --out new.html",
        "fit large --out new",
        "export large --format snapshot-json --out new.json",
    ];
    let folder = fixture();
    support::large(folder.path());
    let before = snapshot(folder.path());
    let mut interrupted = BTreeMap::new();
    for arguments in long {
        for delay in [10, 20, 35, 50, 150, 400] {
            // A second, and half of one for a machine that does other work too; such work can take longer once, and
            // late three times in a row is the command's own fault.
            let late = (0..3).map(|_| {
                let mut child = daotwin(folder.path())
                    .args(arguments.split(' '))
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();
                std::thread::sleep(Duration::from_millis(delay));
                let sent = Instant::now();
                let pid = child.id().to_string();
                Command::new("kill").args(["-INT", &pid]).status().unwrap();
                let status = child.wait().unwrap();
                let late = sent.elapsed();
                let message = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
                // A signal that comes before the handler stands ends the process in the system's own way.
                let killed = status.signal() == Some(2);
                if status.success() {
                    // It was done before the signal came, so its output is whole.
                    support::remove_new(folder.path());
                } else {
                    assert!(killed || status.code() == Some(130), "{arguments}: {status}: {message}");
                    assert!(killed || message.contains("interrupted"), "{arguments}: {message}");
                    *interrupted.entry(arguments).or_insert(0) += i32::from(!killed);
                }
                assert!(snapshot(folder.path()) == before, "{arguments} leaves files behind or changes some");
                late
            });
            let mut late = late.skip_while(|late| *late >= Duration::from_millis(1_500));
            assert!(late.next().is_some(), "{arguments}: over 1.5 s after the signal, three times");
        }
    }
    let missed: Vec<_> = long.iter().filter(|verb| interrupted.get(*verb).is_none_or(|n| *n == 0)).collect();
    assert!(missed.is_empty(), "never interrupted: {missed:?}");
}

/// A reader that goes away is no error.
#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let folder = tempfile::tempdir().unwrap();
    // `:` ends at once, so that the result meets a pipe without a reader.
    let script = format!("{{ sleep 0.2; {} schema; echo $? > code; }} | :; sleep 0.5", support::BINARY);
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("code")).unwrap().trim(), "0");
}
