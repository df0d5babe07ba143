//! Programs that only checks need, installed on first use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::Context;

/// Whether a command runs and succeeds, with its output thrown away.
pub(crate) fn answers(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The program `name` in the series `version`: the one on the path, else the one in the target folder,
/// which is built there when it is missing.
pub(crate) fn ensure(context: &Context, name: &str, version: &str) -> Result<PathBuf, String> {
    let root = target(&context.root).join("tools");
    let ours = root.join("bin").join(name);
    for candidate in [PathBuf::from(name), ours.clone()] {
        if series(&candidate).is_some_and(|found| found == version) {
            return Ok(candidate);
        }
    }
    println!("{name} {version} is not installed; building it once, in the target folder");
    let root = root.to_string_lossy().into_owned();
    context.command(
        "cargo",
        &["install", "--locked", "--version", &format!("^{version}"), "--root", &root, name],
    )?;
    Ok(ours)
}

/// The Python of the virtual environment in `folder`, which is made with these packages when it is missing.
pub(crate) fn python(context: &Context, folder: &Path, packages: &[&str]) -> Result<PathBuf, String> {
    python_of(context, "python3", folder, packages)
}

/// The same, of this interpreter.
#[expect(
    clippy::disallowed_methods,
    reason = "a mark in the target folder; without it the work is done again"
)]
pub(crate) fn python_of(
    context: &Context,
    interpreter: &str,
    folder: &Path,
    packages: &[&str],
) -> Result<PathBuf, String> {
    let python = folder.join("bin").join("python");
    let complete = folder.join("complete");
    if complete.is_file() {
        return Ok(python);
    }
    context.command(interpreter, &["-m", "venv", &folder.to_string_lossy()])?;
    context.command(&python, &[&["-m", "pip", "install", "--quiet"], packages].concat())?;
    // A broken installation is made again: only a whole one is marked.
    std::fs::write(&complete, packages.join("\n"))
        .map_err(|error| format!("cannot write `{}`: {error}", complete.display()))?;
    Ok(python)
}

/// The first two numbers of a program's version.
fn series(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_series(&String::from_utf8_lossy(&output.stdout))
}

fn parse_series(text: &str) -> Option<String> {
    let mut numbers = text.split_whitespace().last()?.split('.');
    Some(format!("{}.{}", numbers.next()?, numbers.next()?))
}

/// Cargo's target folder.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_series_is_the_first_two_numbers() {
        assert_eq!(parse_series("cargo-deny 0.20.3\n").as_deref(), Some("0.20"));
        assert_eq!(parse_series("cargo-audit-audit 0.22.1").as_deref(), Some("0.22"));
        assert_eq!(parse_series(""), None);
        assert_eq!(series(Path::new("a-program-that-is-not-there")), None);
    }
}
