//! Memory within what the card declares, measured in a process of its own.

use std::process::Command;

use daotwin_core::Run;
use daotwin_generators::registry;
use daotwin_history::synthesizer::{FitOptions, Synthesizer};
use daotwin_history::{History, Table};

use crate::checks::Answer;
use crate::controls;
use crate::histories::ordinary;

/// Names the model to the child.
const MODEL: &str = "DAOTWIN_CONFORMANCE_MODEL";
/// What threads, allocator and tables of fixed size may take whatever the data.
const FIXED: u64 = 64 << 20;

fn kib(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn data() -> History {
    ordinary(20_000, 500, 1_000)
}

/// The check: a child process fits and prints how much its peak grew.
pub(crate) fn declared(model: &'static dyn Synthesizer) -> Answer {
    if kib("VmHWM:").is_none() {
        println!("skipped: this system does not tell a process its peak memory");
        return Ok(());
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::child", "--nocapture", "--ignored"])
        .env(MODEL, model.name())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(bytes) = text.lines().find_map(|line| line.strip_prefix("grew by ")?.parse::<u64>().ok()) else {
        return Err(format!(
            "the measuring process failed: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    };
    let votes = data().rows(Table::Votes) as u64;
    let allowed = FIXED + votes * model.card().bytes_per_vote;
    if bytes > allowed {
        return Err(format!("a fit of {votes} votes takes {bytes} bytes; the card allows {allowed}"));
    }
    Ok(())
}

#[test]
#[ignore = "started by the memory check in a process of its own"]
fn child() {
    let Ok(name) = std::env::var(MODEL) else { return };
    let model = registry::find(&name).or_else(|| controls::find(&name)).unwrap();
    let history = data();
    // Forgets the peak of building the data.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = kib("VmRSS:").unwrap();
    let fitted = model.fit(&history, &FitOptions::default(), &Run::default());
    let peak = kib("VmHWM:").unwrap();
    assert!(fitted.is_ok());
    println!("\ngrew by {}", peak.saturating_sub(before) * 1024);
}
