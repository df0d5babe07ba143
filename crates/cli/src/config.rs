//! `daotwin.toml`: settings that a project keeps. Options of the command line come first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use daotwin::core::files::read_limited;
use daotwin::core::{ErrorKind, Limits};
use serde::Deserialize;

use crate::failure::Failure;
use crate::output;

/// The name looked for in the current folder.
const NAME: &str = "daotwin.toml";

/// The settings, checked.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) fit: Fit,
    pub(crate) privacy: Privacy,
    /// Score id and bar, as they are written; the evaluation room reads them.
    pub(crate) gates: Vec<(String, String)>,
    pub(crate) limits: Limits,
}

/// Defaults of `daotwin fit`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fit {
    pub(crate) model: Option<String>,
    pub(crate) seed: Option<u64>,
}

/// The privacy of fits. Paths are relative to the file's folder.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Privacy {
    pub(crate) epsilon: Option<f64>,
    pub(crate) delta: Option<f64>,
    pub(crate) ledger: Option<PathBuf>,
    pub(crate) account: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Evaluate {
    gates: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    fit: Fit,
    #[serde(default)]
    privacy: Privacy,
    #[serde(default)]
    evaluate: Evaluate,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
}

impl Config {
    /// Reads the file given, or the one in the current folder where there is one.
    pub(crate) fn find(path: Option<&Path>) -> Result<Self, Failure> {
        match path {
            Some(path) => Self::read(path),
            None if Path::new(NAME).is_file() => Self::read(Path::new(NAME)),
            None => Ok(Self::default()),
        }
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = read_limited(path, Limits::default().max_file_bytes)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(ErrorKind::Input, format!("`{}` is not UTF-8 text", path.display())))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(""))).map_err(|problems| {
            let lines: Vec<String> =
                problems.iter().map(|problem| format!("`{}`: {problem}", path.display())).collect();
            Failure::new(ErrorKind::Input, lines.join("\n"))
        })
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, Vec<String>> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            vec![format!("line {line}: {}", error.message().replace('\n', " "))]
        })?;
        let mut problems = Vec::new();
        if file.version != 1 {
            problems.push("`version` must be 1".to_owned());
        }
        let mut limits = Limits::default();
        for (name, value) in &file.limits {
            if !limits.set(name, *value) {
                let entries = Limits::default().entries();
                let known: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
                problems
                    .push(format!("no limit `{name}` can be {value}; limits are {}", output::list(&known)));
            }
        }
        let mut privacy = file.privacy;
        privacy.ledger = privacy.ledger.map(|ledger| folder.join(ledger));
        let gates = file.evaluate.gates.into_iter().collect();
        if problems.is_empty() { Ok(Self { fit: file.fit, privacy, gates, limits }) } else { Err(problems) }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_whole_file_is_read() {
        let text = "version = 1\n[fit]\nmodel = \"twin\"\nseed = 7\n[privacy]\nepsilon = 3.0\nledger = \"a\"\n\
                    [evaluate.gates]\n\"fidelity.x\" = \"<= 0.05\"\n[limits]\nmax_rows = 5\n";
        let config = Config::parse(text, Path::new("project")).unwrap();
        assert_eq!((config.fit.model.as_deref(), config.fit.seed), (Some("twin"), Some(7)));
        assert_eq!(config.privacy.ledger.as_deref(), Some(Path::new("project/a")));
        assert_eq!((config.privacy.epsilon, config.limits.max_rows), (Some(3.0), 5));
        assert_eq!(config.gates, [("fidelity.x".to_owned(), "<= 0.05".to_owned())]);
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let problems = Config::parse("version = 1\n[fit]\nsed = 7\n", Path::new("")).unwrap_err();
        assert!(problems[0].starts_with("line 3: unknown field `sed`, expected"), "{problems:?}");
        let text = "version = 2\n[limits]\nmax_wishes = 3\n";
        let problems = Config::parse(text, Path::new("")).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
