//! Snapshot's voting types on cases that Snapshot's own package decided. `cargo xtask verify` makes many more.

#[path = "snapshot/agreement.rs"]
mod agreement;

use std::collections::BTreeMap;

use agreement::{Count, compare};

/// Made by `generate.mjs - 2026 220 16` of `xtask/peers/snapshot`.
const CASES: &str = include_str!("snapshot/cases.jsonl");

#[test]
fn every_type_agrees_with_the_package_to_the_bit() {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let problems: Vec<String> = CASES.lines().filter_map(|line| compare(line, &mut counts).err()).collect();
    assert!(problems.is_empty(), "{} of {}: {}", problems.len(), CASES.lines().count(), problems[0]);
    assert_eq!(counts.len(), 8, "{counts:?}");
    for (rule, count) in &counts {
        assert!(count.ballots >= 200 && count.proposals >= 20, "{rule}: {count:?}");
        assert!(count.invalid > 0 && count.tied > 0, "{rule} has no case that is odd: {count:?}");
        assert_eq!(count.agreed_ballots, count.ballots, "{rule}");
    }
}

#[test]
fn a_last_bit_is_told() {
    let line = CASES.lines().next().unwrap();
    let mut counts = BTreeMap::new();
    compare(line, &mut counts).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
    let total = value["outcome"]["scores_total"].as_f64().unwrap();
    value["outcome"]["scores_total"] = f64::from_bits(total.to_bits() + 1).into();
    assert!(compare(&value.to_string(), &mut counts).unwrap_err().contains("theirs"));
}

#[test]
fn cards_name_the_version_that_is_compared_with() {
    let pinned = include_str!("../../../xtask/peers/snapshot/package.json");
    for rule in daotwin_simulation::governance::registry::RULES {
        let Some(named) = rule.card().source.strip_prefix("npm package `@snapshot-labs/snapshot.js` ") else {
            assert!(!rule.name().starts_with("snapshot-"), "`{}` does not name the package", rule.name());
            continue;
        };
        let version = named.split(',').next().unwrap_or_default();
        assert!(
            pinned.contains(&format!("\"@snapshot-labs/snapshot.js\": \"{version}\"")),
            "{}",
            rule.name()
        );
    }
}
