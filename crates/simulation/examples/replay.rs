//! Puts the recorded ballots and acts of real DAOs to the rules that decided them. `replay [DATA]` prints, a DAO a line,
//! how many proposals come out as recorded, and each difference with its cause.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "an example ends where its data is not what it expects"
)]
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

#[expect(dead_code, reason = "the tests alone ask what a wrong rule looks like")]
#[path = "../tests/replay/compare.rs"]
mod compare;

use std::path::PathBuf;

fn main() {
    let data = std::env::args_os().nth(1).map_or_else(compare::data, PathBuf::from);
    println!("{}", compare::head());
    for line in compare::lines(&data) {
        print!("{line}");
    }
}
