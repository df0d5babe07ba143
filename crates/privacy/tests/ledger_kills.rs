//! `kill -9` at random moments: no acknowledged charge is lost, and none is refunded.
//!
//! This test starts itself again as the writer, so that what is killed is the ledger's own code. 200 kills by
//! default; `DAOTWIN_KILLS=10000` for more.
#![expect(clippy::unwrap_used, reason = "a test; only its `#[test]` functions are exempt by themselves")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use daotwin_core::Seed;
use daotwin_privacy::ledger::{Account, Charge, Fingerprint, Head, Ledger, Unit};
use daotwin_privacy::{Budget, Rho};

const WRITER: &str = "DAOTWIN_KILL_TEST_LEDGER";

fn account() -> Account {
    Account::new("killed.eth", Unit::Member).unwrap()
}

/// So small that no number of charges here exhausts the account.
fn price() -> Budget {
    Budget::new(1e-3, 1e-6).unwrap()
}

/// The writer: charges for ever, and says so after each acknowledgement. Told apart from an ordinary run of
/// this file by the variable that names its ledger.
#[test]
#[ignore = "the process that the other test kills; it does nothing by itself"]
fn writer() {
    let Some(path) = std::env::var_os(WRITER) else { return };
    let mut ledger = Ledger::open(Path::new(&path)).unwrap();
    let account = account();
    let mut out = std::io::stdout();
    loop {
        let request = Fingerprint::of([b"request".as_slice()]);
        let charge = Charge { account: &account, budget: price(), purpose: "charge", request, marks: &[] };
        let head = ledger.reserve(&charge).unwrap().head();
        let line = format!("acknowledged {}\n", serde_json::to_string(&head).unwrap());
        // Whoever reads the pipe may be gone already.
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn start(ledger: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writer", "--nocapture"])
        .env(WRITER, ledger)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A file that may not grow any more, in the middle of a record: the write is cut short and fails, as on a full
/// disk. The writer learns of the failure; the record counts and is completed once there is room.
#[test]
#[cfg(unix)]
fn a_full_disk_loses_and_refunds_nothing() {
    // Each block of 512 bytes cuts another place of a record.
    for blocks in 4..12 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::create(&path).unwrap();
        ledger.register(&account(), Budget::new(10.0, 1e-6).unwrap()).unwrap();
        let script =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" --ignored --exact writer --nocapture");
        let output = Command::new("sh")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(WRITER, &path)
            .stderr(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success(), "the writer met no limit");
        let heads = acknowledged(&String::from_utf8(output.stdout).unwrap());
        let status = ledger.status(&account()).unwrap();
        assert!(!heads.is_empty());
        // The one that failed was in the head already.
        assert_eq!(status.spent.units(), (heads.len() as u64 + 1) * price().rho().units());
        for head in &heads {
            ledger.confirm(*head).unwrap();
        }
        assert_eq!(Ledger::open(&path).unwrap().head().unwrap(), ledger.verify().unwrap());
    }
}

/// What the writer acknowledged; the last line may be cut by the kill, and then nobody learned of it.
fn acknowledged(text: &str) -> Vec<Head> {
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .filter_map(|line| line.split_once("acknowledged "))
        .map(|(_, head)| serde_json::from_str(head).unwrap())
        .collect()
}

#[test]
fn kills_lose_and_refund_nothing() {
    let kills: u64 = std::env::var("DAOTWIN_KILLS").ok().map_or(200, |text| text.parse().unwrap());
    let mut moments = Seed(1).stream("kills");
    let (mut told, mut untold, mut done) = (0, 0, 0);
    let started = std::time::Instant::now();
    while done < kills {
        // A new ledger now and then: every writer begins by checking all of it.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::create(&path).unwrap();
        ledger.register(&account(), Budget::new(10.0, 1e-6).unwrap()).unwrap();
        let mut heads: Vec<Head> = Vec::new();
        let mut known = Rho::ZERO;
        let mut possible = 0;
        for _ in 0..50.min(kills - done) {
            // Two writers in one round of four, so that a kill also meets a lock that another waits for.
            let writers = if moments.below(4) == 0 { 2 } else { 1 };
            let mut children: Vec<Child> = (0..writers).map(|_| start(&path)).collect();
            let mut outputs: Vec<_> =
                children.iter_mut().map(|child| BufReader::new(child.stdout.take().unwrap())).collect();
            let mut text = String::new();
            // Three rounds in four wait for a first acknowledgement, so that the kill meets a busy writer.
            if moments.below(4) > 0 {
                while !text.contains("acknowledged") && outputs[0].read_line(&mut text).unwrap() > 0 {}
            }
            std::thread::sleep(Duration::from_micros(moments.below(6_000)));
            for child in &mut children {
                // SIGKILL: no handler runs, no buffer is flushed.
                child.kill().unwrap();
            }
            for (child, output) in children.iter_mut().zip(&mut outputs) {
                while output.read_line(&mut text).unwrap() > 0 {}
                child.wait().unwrap();
            }
            let round = acknowledged(&text);
            told += round.len() as u64;
            heads.extend(round);
            possible += writers;
            done += 1;

            // Every other round the handle that was open all along looks first, else a new one.
            let mut reopened = Ledger::open(&path).unwrap();
            let handle = if moments.below(2) == 0 { &mut ledger } else { &mut reopened };
            let status = handle.status(&account()).unwrap();
            let units = price().rho().units();
            // No refund: never less than before, and at least everything that was acknowledged.
            assert!(status.spent >= known);
            assert!(status.spent.units() >= heads.len() as u64 * units);
            // And no invention: at most one charge a killed writer that nobody was told of.
            assert!(status.spent.units() <= (heads.len() as u64 + possible) * units);
            known = status.spent;
        }
        let mut reopened = Ledger::open(&path).unwrap();
        for head in &heads {
            reopened.confirm(*head).unwrap();
        }
        assert_eq!(reopened.verify().unwrap(), ledger.head().unwrap());
        let records = reopened.status(&account()).unwrap();
        assert_eq!(records.spent.units(), records.unfinished * price().rho().units());
        untold += records.unfinished - heads.len() as u64;
    }
    println!(
        "{done} kills, {told} acknowledged charges, {untold} charged but not acknowledged, {:.1} s",
        started.elapsed().as_secs_f64()
    );
    assert!(told > kills / 4, "the writers were killed before they did anything: {told} charges");
}
