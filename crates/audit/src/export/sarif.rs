//! Findings for code scanners of forges: SARIF 2.1.0 (OASIS Standard, 27 March 2020).

use serde_json::{Value, json};

use super::place::place;
use crate::finding::Impact;
use crate::oracle;
use crate::shrink::Shrunk;
use crate::words::Words;
use crate::world::World;

/// The log of findings: a rule for every oracle, a result for every finding, at the line of the function at fault where the
/// source is at hand, with its steps in the message. `folder` begins the paths, from the root of the repository.
pub fn sarif(world: &World, findings: &[Shrunk], folder: &str, version: &str) -> Value {
    let words = Words::new(world);
    let cards: Vec<_> = oracle::all().into_iter().map(oracle::Oracle::card).collect();
    let rules: Vec<Value> = cards
        .iter()
        .map(|card| {
            json!({
                "id": card.name,
                "shortDescription": {"text": card.about},
                "fullDescription": {"text": format!("{} {}", card.rule, card.limits)},
                "help": {"text": format!("Source: {}", card.source)},
            })
        })
        .collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|shrunk| {
            let finding = &shrunk.finding;
            let steps = finding.steps.iter().enumerate();
            let steps = steps.map(|(number, step)| format!("{}. {}", number + 1, words.sentence(step)));
            let effects = finding.effects.iter().map(|effect| format!("After it {}", words.effect(effect)));
            let lines: Vec<String> =
                std::iter::once(finding.title.clone()).chain(steps).chain(effects).collect();
            let mut location = json!({
                "logicalLocations": [{
                    "name": finding.function,
                    "fullyQualifiedName": format!("{}.{}", finding.contract, finding.function),
                    "kind": "function",
                }],
            });
            if let Some(place) = place(world, finding) {
                let uri = if folder.is_empty() { place.file } else { format!("{folder}/{}", place.file) };
                location["physicalLocation"] = json!({"artifactLocation": {"uri": uri}});
                if let Some(line) = place.line {
                    location["physicalLocation"]["region"] = json!({"startLine": line});
                }
            }
            let (oracle, contract, function) = finding.key();
            let mut result = json!({
                "ruleId": oracle,
                "level": match finding.impact {
                    Impact::Critical | Impact::High => "error",
                    Impact::Medium => "warning",
                    Impact::Low => "note",
                },
                "message": {"text": lines.join("\n")},
                "locations": [location],
                "partialFingerprints": {"daotwin/v1": format!("{oracle}:{contract}:{function}")},
                "properties": {
                    "impact": finding.impact,
                    "confidence": finding.confidence,
                    // Forges order by this number, as by CVSS.
                    "security-severity": match finding.impact {
                        Impact::Critical => "9.5",
                        Impact::High => "8.0",
                        Impact::Medium => "5.5",
                        Impact::Low => "2.5",
                    },
                },
            });
            if let Some(index) = cards.iter().position(|card| card.name == oracle) {
                result["ruleIndex"] = json!(index);
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "daotwin", "semanticVersion": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}
