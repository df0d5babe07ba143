//! The JSON Schema of scenario files, from the same lists as the reader.

use serde_json::{Map, Value, json};

use super::behaviours::BEHAVIOURS;
use super::conditions::{CONDITIONS, Kind};
use super::read::{KEYS, RULE_NUMBERS, RULE_SWITCHES, RULE_WORDS};

/// The JSON Schema (draft 2020-12) of a scenario file, for editors that check and complete TOML.
pub fn json_schema() -> Value {
    let number = |(low, high): (f64, f64)| json!({"type": "number", "minimum": low, "maximum": high});
    let time = json!({"description": "a date, or a date with time"});
    let mut rule = Map::new();
    for (name, bounds) in RULE_NUMBERS {
        rule.insert(name.to_owned(), number(bounds));
    }
    for name in RULE_SWITCHES {
        rule.insert(name.to_owned(), json!({"type": "boolean"}));
    }
    for (name, words) in RULE_WORDS {
        rule.insert(name.to_owned(), json!({"enum": words}));
    }
    let rule = json!({"type": "object", "additionalProperties": false, "properties": rule});
    let condition = |kind: &Kind| {
        let mut properties = Map::new();
        properties.insert("kind".to_owned(), json!({"const": kind.name}));
        properties.insert("from".to_owned(), time.clone());
        properties.insert("until".to_owned(), time.clone());
        let mut required = vec!["kind"];
        for field in kind.fields {
            let mut schema = number(field.bounds);
            schema["description"] = json!(field.what);
            match field.default {
                Some(default) => schema["default"] = json!(default),
                None => required.push(field.name),
            }
            properties.insert(field.name.to_owned(), schema);
        }
        if kind.name == "new_rule" {
            properties.insert("rule".to_owned(), json!({"$ref": "#/$defs/rule"}));
            required.push("rule");
        }
        json!({
            "type": "object", "description": kind.effect, "additionalProperties": false,
            "properties": properties, "required": required,
        })
    };
    let behaviours: Map<String, Value> = BEHAVIOURS
        .iter()
        .map(|behaviour| {
            let schema = json!({
                "description": format!("{}: {}", behaviour.what, behaviour.formula),
                "oneOf": [number(behaviour.bounds), {"enum": ["prior", "off"]}],
            });
            (behaviour.name.to_owned(), schema)
        })
        .collect();
    let behaviours = json!({"oneOf": [
        {"const": "all"},
        {"type": "object", "additionalProperties": false, "properties": behaviours},
    ]});
    let conditions: Vec<Value> = CONDITIONS.iter().map(condition).collect();
    let mut properties = Map::new();
    for key in KEYS {
        let schema = match key {
            "title" | "about" => json!({"type": "string"}),
            "price" => json!({"type": "number", "exclusiveMinimum": 0}),
            "rule" => json!({"$ref": "#/$defs/rule"}),
            "behaviours" => behaviours.clone(),
            _ => json!({"type": "array", "items": {"oneOf": conditions}}),
        };
        properties.insert(key.to_owned(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "daotwin scenario",
        "type": "object", "additionalProperties": false,
        "properties": properties, "required": ["title"],
        "$defs": {"rule": rule},
    })
}
