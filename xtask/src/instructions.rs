//! Instruction counts of small pieces of work, held against a table: a slower algorithm shows in them on any machine,
//! however busy it is. `cargo xtask instructions --renew` writes the table anew.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::steps::{Answer, Context, Outcome};
use crate::tools;

/// The counts that are compared with.
const TABLE: &str = "xtask/instructions.txt";

/// How much more than in the table passes: feature tests, hash seeds and addresses move counts by less than a percent.
const TOLERANCE: f64 = 0.05;

/// Counts by `area/op/size`, and the compiler that made the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Table {
    compiler: String,
    counts: BTreeMap<String, u64>,
}

impl Table {
    fn parse(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let wrong =
                || format!("`{TABLE}`: `{line}` is neither `compiler = NAME` nor `area/op/size = COUNT`");
            let (name, value) = line.split_once('=').ok_or_else(wrong)?;
            let (name, value) = (name.trim().to_owned(), value.trim());
            if name == "compiler" {
                value.clone_into(&mut table.compiler);
            } else {
                table.counts.insert(name, value.replace('_', "").parse().map_err(|_| wrong())?);
            }
        }
        Ok(table)
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# Instructions by callgrind; `cargo xtask instructions --renew` writes this file.\ncompiler = {}\n",
            self.compiler
        );
        for (name, count) in &self.counts {
            text += &format!("{name} = {count}\n");
        }
        text
    }

    /// What is wrong with newer counts, and what is only worth saying.
    fn compare(&self, found: &Self) -> (Vec<String>, Vec<String>) {
        let (mut problems, mut notes) = (Vec::new(), Vec::new());
        for (name, &now) in &found.counts {
            let Some(&was) = self.counts.get(name) else {
                problems.push(format!("`{name}` is not in `{TABLE}`; now {now}"));
                continue;
            };
            let change = now as f64 / was.max(1) as f64 - 1.0;
            let line = format!("`{name}`: was {was}, now {now}, {:+.1} %", 100.0 * change);
            if change > TOLERANCE {
                problems.push(line);
            } else if change < -TOLERANCE {
                notes.push(line);
            }
        }
        let gone = self.counts.keys().filter(|name| !found.counts.contains_key(*name));
        problems.extend(gone.map(|name| format!("`{name}` of `{TABLE}` is no work any more")));
        (problems, notes)
    }
}

/// What a program prints.
fn output(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Result<String, String> {
    let name = program.as_ref().to_string_lossy().into_owned();
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start `{name}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{name}`: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The total in what callgrind writes.
fn total(text: &str) -> Option<u64> {
    let line =
        text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Counts every work, one after the other, on one thread.
fn count(context: &Context) -> Result<Table, String> {
    let name = "instructions";
    context.cargo(&["build", "--release", "--quiet", "--workspace", "--example", name])?;
    let target = tools::target(&context.root);
    let program = target.join("release/examples").join(name);
    let program = program.to_string_lossy();
    let out: PathBuf = target.join("callgrind.out");
    let mut table = Table { compiler: compiler()?, counts: BTreeMap::new() };
    for work in output(&*program, &[])?.lines() {
        let status = Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet"])
            .arg(format!("--callgrind-out-file={}", out.display()))
            .args([&*program, work])
            .env("RAYON_NUM_THREADS", "1")
            .status()
            .map_err(|error| format!("cannot start `valgrind`: {error}"))?;
        if !status.success() {
            return Err(format!("`{work}` under valgrind: {status}"));
        }
        let text = std::fs::read_to_string(&out).map_err(|error| format!("`{}`: {error}", out.display()))?;
        let count = total(&text).ok_or_else(|| format!("`{}` has no total", out.display()))?;
        println!("{work:<36} {count:>14}");
        table.counts.insert(work.to_owned(), count);
    }
    Ok(table)
}

/// The compiler, with its commit and day.
fn compiler() -> Result<String, String> {
    Ok(output(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()), &["--version"])?.trim().to_owned())
}

/// Counts and compares.
pub(crate) fn check(context: &Context) -> Answer {
    if !tools::answers("valgrind", &["--version"]) {
        return Ok(Outcome::Skipped("there is no `valgrind`".to_owned()));
    }
    let text = std::fs::read_to_string(context.root.join(TABLE))
        .map_err(|error| format!("cannot read `{TABLE}`: {error}"))?;
    let (table, compiler) = (Table::parse(&text)?, compiler()?);
    if table.compiler != compiler {
        return Ok(Outcome::Skipped(format!(
            "`{TABLE}` was counted with {}, this is {compiler}; renew it with `cargo xtask instructions --renew`",
            table.compiler
        )));
    }
    let (problems, notes) = table.compare(&count(context)?);
    for note in notes {
        println!("fewer than in the table, which can be renewed: {note}");
    }
    if problems.is_empty() {
        return Ok(Outcome::Passed);
    }
    Err(format!(
        "more than {:.0} % above the table; where that is meant, `cargo xtask instructions --renew` writes it anew\n{}",
        100.0 * TOLERANCE,
        problems.join("\n")
    ))
}

/// Writes the table anew.
#[expect(clippy::disallowed_methods, reason = "a file of the checkout, which git keeps")]
pub(crate) fn renew(context: &Context) -> Answer {
    let table = count(context)?;
    std::fs::write(context.root.join(TABLE), table.text())
        .map_err(|error| format!("cannot write `{TABLE}`: {error}"))?;
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod test {
    use super::*;

    fn table(counts: &[(&str, u64)]) -> Table {
        let counts = counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        Table { compiler: "rustc 1".to_owned(), counts }
    }

    #[test]
    fn a_table_reads_what_it_writes() {
        let table = table(&[("a/b/1", 12), ("a/c/2", 3)]);
        assert_eq!(Table::parse(&table.text()).as_ref(), Ok(&table));
        assert!(Table::parse("a/b/1 = many").is_err() && Table::parse("a/b/1").is_err());
    }

    #[test]
    fn more_instructions_are_a_problem_and_fewer_are_not() {
        let was = table(&[("a/b/1", 1000), ("a/c/2", 1000)]);
        assert_eq!(was.compare(&table(&[("a/b/1", 1049), ("a/c/2", 960)])), (Vec::new(), Vec::new()));
        let (problems, notes) = was.compare(&table(&[("a/b/1", 1060), ("a/c/2", 500)]));
        assert_eq!(problems, ["`a/b/1`: was 1000, now 1060, +6.0 %"]);
        assert_eq!(notes, ["`a/c/2`: was 1000, now 500, -50.0 %"]);
        let (problems, _) = was.compare(&table(&[("a/b/1", 1000), ("a/d/3", 1)]));
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn totals_are_read() {
        assert_eq!(total("events: Ir\nfn=x\n1 2\ntotals: 123\n"), Some(123));
        assert_eq!(total("summary: 7\n"), Some(7));
        assert_eq!(total("events: Ir\n"), None);
    }
}
