//! One suite for every rule of the registry: its card is whole, its example is decided, its vectors come out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use daotwin_simulation::governance::registry::RULES;
use serde_json::Value;

/// Vectors that a rule has at least.
const LEAST_VECTORS: usize = 5;

/// Whether two outcomes are equal: floating-point numbers to 1e-12, all else exactly.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            (left - right).abs() <= 1e-12 * left.abs().max(right.abs())
        }
        _ => left == right,
    }
}

#[test]
fn every_rule_is_named_described_and_sourced() {
    let mut names = BTreeSet::new();
    for rule in RULES {
        let (name, card) = (rule.name(), rule.card());
        assert!(names.insert(name), "two rules are named `{name}`");
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{name}"
        );
        for (what, text) in [
            ("purpose", card.purpose),
            ("definition", card.definition),
            ("source", card.source),
            ("limits", card.limits),
        ] {
            assert!(text.len() >= 20, "`{name}` has no {what}");
        }
        let example: Value = serde_json::from_str(card.example).unwrap();
        rule.decide(&example).unwrap_or_else(|error| panic!("the example of `{name}`: {error}"));
    }
}

#[test]
fn every_vector_comes_out() {
    let mut problems = Vec::new();
    for rule in RULES {
        let vectors: Vec<Value> = serde_json::from_str(rule.vectors()).unwrap();
        assert!(vectors.len() >= LEAST_VECTORS, "`{}` has {} vectors", rule.name(), vectors.len());
        assert!(
            vectors.iter().any(|vector| vector.get("refused").is_some()),
            "`{}` refuses nothing",
            rule.name()
        );
        for vector in &vectors {
            let name = format!("{}: {}", rule.name(), vector["name"].as_str().unwrap());
            assert!(vector["source"].as_str().unwrap().len() > 3, "{name} has no source");
            match (rule.decide(&vector["case"]), vector.get("outcome"), vector.get("refused")) {
                (Ok(outcome), Some(expected), None) if equal(&outcome, expected) => {}
                (Err(error), None, Some(part)) if error.to_string().contains(part.as_str().unwrap()) => {}
                (found, _, _) => problems.push(format!("{name}: {found:?}")),
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_rule_takes_what_it_does_not_know() {
    for rule in RULES {
        let mut case: Value = serde_json::from_str(rule.card().example).unwrap();
        case.as_object_mut().unwrap().insert("misspelt".to_owned(), Value::Null);
        let error = rule.decide(&case).unwrap_err().to_string();
        assert!(error.contains("misspelt") && error.contains(rule.name()), "{}: {error}", rule.name());
        assert!(rule.decide(&Value::Null).is_err(), "{} takes nothing for a case", rule.name());
    }
}

#[test]
fn every_folder_of_a_rule_is_registered() {
    let governance = concat!(env!("CARGO_MANIFEST_DIR"), "/src/governance");
    for folder in std::fs::read_dir(governance).unwrap() {
        let vectors = folder.unwrap().path().join("vectors.json");
        let Ok(text) = std::fs::read_to_string(&vectors) else { continue };
        assert!(RULES.iter().any(|rule| rule.vectors() == text), "{} belongs to no rule", vectors.display());
    }
}
