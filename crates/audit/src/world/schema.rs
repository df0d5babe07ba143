//! The JSON Schema of deployment scenarios, from the same lists as the reader.

use serde_json::{Map, Value, json};

use super::Role;
use super::read::{ACTOR, ATTACK, CHAIN, KEYS, SETUP, TIME, TURNOUT};
use crate::chain::Fork;

/// The JSON Schema (draft 2020-12) of a deployment scenario, for editors that check and complete TOML.
pub fn json_schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let amount = |description: &str| json!({"type": ["integer", "string"], "description": description});
    let object = |keys: &[&str], schema: &dyn Fn(&str) -> Value| {
        let properties: Map<String, Value> =
            keys.iter().map(|key| ((*key).to_owned(), schema(key))).collect();
        json!({"type": "object", "additionalProperties": false, "properties": properties})
    };
    let chain = object(&CHAIN, &|key| match key {
        "fork" => json!({"enum": Fork::names(), "default": Fork::default().name()}),
        "block" => json!({"type": "integer", "minimum": 0,
            "description": "number of the first block, 1 where not given; with `node`, the block to go on from, the newest \
                            where not given"}),
        "time" => json!({"type": "integer", "minimum": 0, "default": TIME,
            "description": "time of the first block, in seconds since 1970"}),
        "node" => text("the address of a node's JSON-RPC interface, whose chain this one goes on from"),
        "cache" => text("a folder, relative to this file, where the node's answers are kept"),
        _ => text("a forge broadcast file, relative to this one, whose transactions come before the steps"),
    });
    let mut actor = object(&ACTOR, &|key| match key {
        "name" => {
            text("how lines refer to them, `$name`; `deployer` and `attacker` exist without being named")
        }
        "role" => json!({"enum": Role::ALL.map(|(name, _)| name), "default": "member"}),
        _ => amount("what they begin with, such as \"10 ether\"; 100 ether where nothing is said"),
    });
    actor["required"] = json!(["name"]);
    let mut step = object(&SETUP, &|key| match key {
        "deploy" => text("a contract to deploy: its name, or `path.sol:Name`"),
        "call" => text("`name.function` to call; `name` alone is sent ether"),
        "contract" => text("with `at`: which contract is there"),
        "at" => text("the address of a contract that is there already: `$factory.pair()` or `0x...`"),
        "name" => text(
            "how later lines and findings call the contract; its own name with a small letter where not given",
        ),
        "from" => json!({"type": "string", "default": "deployer", "description": "who sends it"}),
        "arguments" => json!({"type": "array", "items": {"$ref": "#/$defs/value"}}),
        "value" => amount("ether to send along, such as \"1 ether\""),
        "wait" => amount("time that passes before it, such as \"2 days\""),
        "blocks" => amount("blocks that pass before it; one in 12 seconds of `wait` where not given"),
        _ => text("the contract that a proxy hands its calls on to, where its storage does not tell"),
    });
    step["oneOf"] = json!([
        {"required": ["deploy"]}, {"required": ["call"]}, {"required": ["contract", "at"]},
    ]);
    let attack = object(
        &ATTACK,
        &|_| json!({"type": "boolean", "default": false, "description": "ether and every asset can be borrowed within a transaction"}),
    );
    let names: Vec<&str> = TURNOUT.iter().map(|line| line.0).collect();
    let turnout = object(&names, &|key| {
        let line = TURNOUT.iter().find(|line| line.0 == key);
        line.map_or(Value::Null, |(_, (low, high), default, description)| {
            json!({"type": "number", "minimum": low, "maximum": high, "default": default, "description": description})
        })
    });
    let properties: Map<String, Value> = KEYS
        .iter()
        .map(|key| {
            let schema = match *key {
                "chain" => chain.clone(),
                "actors" => json!({"type": "array", "items": actor}),
                "libraries" => json!({"type": "object", "additionalProperties": {"type": "string"},
                    "description": "addresses of libraries that are there already, by name"}),
                "setup" => json!({"type": "array", "items": step}),
                "assets" => json!({"type": "object", "additionalProperties": {"type": ["number", "string"]},
                    "description": "what a unit of each token is worth in ether"}),
                "attack" => attack.clone(),
                _ => turnout.clone(),
            };
            ((*key).to_owned(), schema)
        })
        .collect();
    let value = json!({
        "description": "a number (100, \"100e18\", \"1.5 ether\", \"2 days\", \"max\"), `$name` (an address), \
                        `$name.f(arguments)` (what a view function answers), `@name.f(arguments)` (the calldata of a call), \
                        `keccak:TEXT`, hexadecimal bytes, a text, true or false, a list, or the members of a structure",
        "oneOf": [
            {"type": ["integer", "number", "string", "boolean"]},
            {"type": "array", "items": {"$ref": "#/$defs/value"}},
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}},
        ],
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "daotwin deployment of an audit",
        "type": "object", "additionalProperties": false,
        "properties": properties,
        "$defs": {"value": value},
    })
}
