//! The documents name what the program has, and link to what exists.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_daotwin")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Names in the first column of what a list prints as JSON.
fn names(verb: &str, field: &str) -> Vec<String> {
    let list: serde_json::Value = serde_json::from_str(&help(&[verb, "--json"])).unwrap();
    list.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_verb_is_in_the_book() {
    let help = help(&["--help"]);
    let listed = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let verbs: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(verbs.len() >= 10, "{verbs:?}");
    let book = read("book/commands.md");
    for verb in verbs {
        assert!(book.contains(&format!("`{verb}`")), "`{verb}` is not in book/commands.md");
    }
}

#[test]
fn every_format_and_metric_is_in_the_book() {
    let formats = read("book/formats.md");
    for name in names("formats", "format") {
        assert!(formats.contains(&format!("`{name}`")), "`{name}` is not in book/formats.md");
    }
    let evaluation = read("book/evaluation.md");
    for id in names("metrics", "metric") {
        let room = id.split('.').next().unwrap();
        assert!(evaluation.contains(&format!("| `{room}` |")), "`{room}` is not in book/evaluation.md");
    }
}

#[test]
fn every_model_is_in_the_page_of_models() {
    let page = read("book/which-model.md");
    let models = names("models", "model");
    assert!(models.len() >= 5, "{models:?}");
    for name in models {
        let row = format!("| `{name}` |");
        assert!(
            page.contains(&row),
            "`{name}` is not in book/which-model.md; `cargo xtask matrix --only {name}` measures it"
        );
    }
}

#[test]
fn links_lead_somewhere() {
    let mut documents = vec!["README.md".to_owned(), "ARCHITECTURE.md".into(), "CONTRIBUTING.md".into()];
    for entry in std::fs::read_dir(root().join("book")).unwrap() {
        documents.push(format!("book/{}", entry.unwrap().file_name().to_string_lossy()));
    }
    for document in documents {
        let text = read(&document);
        let folder = root().join(&document).parent().unwrap().to_path_buf();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let outside = target.contains("://") || target.starts_with('#');
            assert!(outside || folder.join(target).exists(), "{document} links to `{target}`");
        }
    }
}
