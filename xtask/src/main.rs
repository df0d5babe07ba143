//! The project's own commands: `cargo xtask test` runs every check, `cargo xtask verify` the long ones too.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people and CI, not a library")]

mod agents;
mod contracts;
mod instructions;
mod peers;
mod real;
mod snapshot;
mod steps;
mod tools;
mod treasury;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test      every check that a change must pass: format, lints, tests, doctests, licences, advisories
cargo xtask verify    the same with the long tests in full length, and every figure of README and book;
                      with names of steps, those alone: cargo xtask verify 'out of sample' calibration
cargo xtask matrix    fits and scores every model of tables, and writes book/which-model.md from the figures;
                      --only MODEL and --table NAME keep the other figures, --render measures nothing
cargo xtask instructions  counts the instructions of small pieces of work and compares them with a table;
                      --renew writes the table anew
cargo xtask contracts compiles the audit's own contracts anew; --check compares them with what is there
cargo xtask prior     pools the prior of the twin anew from public histories
cargo xtask twin      fits the twin that `daotwin demo` carries anew, paid for by the ledger in DAOTWIN_LEDGER
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => steps::run(steps::TEST, &[]),
        ["verify"] => steps::run(steps::VERIFY, steps::LONG),
        ["verify", ref names @ ..] => steps::some(names),
        ["matrix", ..] => steps::matrix(&arguments[1..]),
        ["instructions"] => steps::run(steps::INSTRUCTIONS, &[]),
        ["instructions", "--renew"] => steps::run(steps::RENEW, &[]),
        ["contracts"] => steps::run(steps::CONTRACTS, &[]),
        ["contracts", "--check"] => steps::run(steps::CONTRACTS_CHECK, &[]),
        ["prior"] => steps::run(steps::PRIOR, &[]),
        ["twin"] => steps::run(steps::TWIN, &[]),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("usage:\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("\nfailed: {}", failed.join(", "));
            ExitCode::FAILURE
        }
    }
}
