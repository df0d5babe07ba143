//! Files that audits write: each is what its format asks for, and a finding's file is enough to play it again.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests, some of which make broken files on purpose"
)]

mod known;

use std::collections::BTreeMap;
use std::path::Path;

use daotwin_audit::chain::Machine;
use daotwin_audit::export::{File, Origin, foundry, lcov, markdown, place, sarif};
use daotwin_audit::shrink::{Budget, Shrunk, shrink};
use daotwin_audit::world::World;
use daotwin_core::Limits;
use serde_json::Value;

fn shrunk(case: &str) -> (World, Shrunk) {
    let (_, world, finding) = known::all().into_iter().find(|(name, ..)| *name == case).unwrap();
    let found = shrink(&mut Machine::new(world.fork), &world, &finding, Budget::default()).unwrap().unwrap();
    (world, found)
}

/// What in a value is not as a schema has it: the keywords that the schema of findings uses.
fn validate(value: &Value, schema: &Value, root: &Value, path: &str, problems: &mut Vec<String>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap();
        return validate(value, &root["$defs"][name], root, path, problems);
    }
    if let Some(ways) = schema.get("oneOf").and_then(Value::as_array) {
        let fits = ways.iter().filter(|way| {
            let mut own = Vec::new();
            validate(value, way, root, path, &mut own);
            own.is_empty()
        });
        if fits.count() != 1 {
            problems.push(format!("{path} is none or several of the kinds"));
        }
        return;
    }
    if schema.get("const").is_some_and(|constant| constant != value) {
        problems.push(format!("{path} is not {}", schema["const"]));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        problems.push(format!("{path}: {value} is not allowed"));
    }
    if let (Some(pattern), Some(text)) = (schema.get("pattern").and_then(Value::as_str), value.as_str()) {
        let digits =
            text.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if !digits || (pattern.contains("{40}") && text.len() != 42) {
            problems.push(format!("{path}: {text} is no hexadecimal of that length"));
        }
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let is = |name: &&str| match *name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if !types.is_empty() && !types.iter().any(is) {
        problems.push(format!("{path}: {value} is not of {types:?}"));
    }
    if let (Value::Object(object), Some(Value::Object(known))) = (value, schema.get("properties")) {
        for name in schema["required"].as_array().unwrap() {
            if !object.contains_key(name.as_str().unwrap()) {
                problems.push(format!("{path} lacks {name}"));
            }
        }
        for (name, child) in object {
            match known.get(name) {
                Some(schema) => validate(child, schema, root, &format!("{path}.{name}"), problems),
                None => problems.push(format!("{path}.{name} is not in the schema")),
            }
        }
    }
    if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            validate(item, schema, root, &format!("{path}[{index}]"), problems);
        }
    }
}

#[test]
fn a_finding_can_be_played_again_from_its_file_alone() {
    let schema = daotwin_audit::export::json_schema();
    let shipped: Value =
        serde_json::from_str(include_str!("../../../docs/audit-finding.schema.json")).unwrap();
    assert_eq!(schema, shipped);
    let folder = tempfile::tempdir().unwrap();
    for (case, world, finding) in known::all() {
        let mut machine = Machine::new(world.fork);
        let found = shrink(&mut machine, &world, &finding, Budget::default()).unwrap().unwrap();
        let file = File::new(&world, &found, Origin::default());
        let value: Value = serde_json::from_str(&file.text()).unwrap();
        let mut problems = Vec::new();
        validate(&value, &schema, &schema, "$", &mut problems);
        assert_eq!(problems, Vec::<String>::new(), "{case}");

        let path = folder.path().join("finding.json");
        std::fs::write(&path, file.text()).unwrap();
        let read = File::open(&path, &Limits::default()).unwrap();
        assert_eq!(read, file, "{case}");
        let again = read.finding().unwrap();
        assert_eq!((&again.steps, &again.effects), (&found.finding.steps, &found.finding.effects), "{case}");
        assert!(again.holds(&mut Machine::new(read.fork().unwrap()), &read.state()).unwrap(), "{case}");
    }
    // Negative controls: the check sees a wrong kind, a missing key and an unknown one.
    let mut wrong: Value = serde_json::from_str(
        &File::new(&shrunk("incidents/compound-62").0, &shrunk("incidents/compound-62").1, Origin::default())
            .text(),
    )
    .unwrap();
    wrong["effects"][0]["check"]["kind"] = "harm".into();
    wrong["world"].as_object_mut().unwrap().remove("block");
    wrong["more"] = 1.into();
    let mut problems = Vec::new();
    validate(&wrong, &schema, &schema, "$", &mut problems);
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn broken_files_are_refused_in_words() {
    let (world, found) = shrunk("incidents/parity-july");
    let whole: Value = serde_json::from_str(&File::new(&world, &found, Origin::default()).text()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("finding.json");
    let refusal = |value: &Value| {
        std::fs::write(&path, value.to_string()).unwrap();
        File::open(&path, &Limits::default()).unwrap_err().to_string()
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = whole.clone();
        change(&mut value);
        refusal(&value)
    };
    assert!(refusal(&Value::Null).contains("this is no finding"));
    assert!(with(&|value| value["version"] = 9.into()).contains("version 9"));
    assert!(with(&|value| value["steps"][0]["data"] = "0x01".into()).contains("less than four bytes"));
    assert!(with(&|value| value["steps"][0]["data"] = "0x01020304".into()).contains("step 1: `data`"));
    assert!(with(&|value| value["steps"][1]["types"][0] = "uint257".into()).contains("uint257"));
    assert!(with(&|value| value["world"]["fork"] = "rome".into()).contains("rome"));
    assert!(
        with(&|value| {
            let callback = value["steps"][0].clone();
            value["steps"][0]["callbacks"] = vec![callback.clone()].into();
            value["steps"][0]["callbacks"][0]["callbacks"] = vec![callback].into();
        })
        .contains("a callback has none of its own")
    );
    assert!(File::open(Path::new("nowhere.json"), &Limits::default()).is_err());
}

#[test]
fn a_log_for_scanners_has_the_line_of_the_function() {
    let (world, found) = shrunk("incidents/parity-july");
    let at = place(&world, &found.finding).unwrap();
    assert_eq!(at.file, "Vulnerable.sol");
    let source =
        std::fs::read_to_string(known::contracts().join("incidents/parity-july/Vulnerable.sol")).unwrap();
    assert!(source.lines().nth(at.line.unwrap() - 1).unwrap().contains("function execute("), "{at:?}");
    let log = sarif(&world, std::slice::from_ref(&found), "contracts", "1.0.0");
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    let result = &run["results"][0];
    let index = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    assert_eq!(result["level"], "error");
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "contracts/Vulnerable.sol");
    assert_eq!(physical["region"]["startLine"], at.line.unwrap());
    assert!(result["message"]["text"].as_str().unwrap().contains("1. attacker calls wallet.initWallet("));
    let text = markdown(&world, &[found]);
    assert!(
        text.contains("1. `attacker calls wallet.initWallet(owners_: [attacker], required_: 1)`"),
        "{text}"
    );
    assert!(
        text.contains("| 1 | critical | high | `wallet.execute(address,uint256,bytes,uint256)` |"),
        "{text}"
    );
    assert_eq!(markdown(&world, &[]), "# Audit\n\nNothing was found.\n");
}

#[test]
fn lines_that_ran_are_covered_and_others_are_not() {
    use daotwin_audit::campaign::{Campaign, Options};
    let world = known::world("incidents/parity-july", "Vulnerable");
    let none = lcov(&world, &[]);
    assert!(
        none.contains("SF:Vulnerable.sol") && none.contains("\nLH:0\n") && !none.contains(",1\n"),
        "{none}"
    );
    let options = Options { executions: Some(20_000), ..Options::default() };
    let mut campaign = Campaign::new(world.clone(), options).unwrap();
    let report = campaign.run(&daotwin_core::Run::default(), &mut |_| ()).unwrap();
    let text = lcov(&world, &report.covered);
    let lines: BTreeMap<usize, u8> = text
        .lines()
        .filter_map(|line| line.strip_prefix("DA:")?.split_once(','))
        .map(|(line, hits)| (line.parse().unwrap(), hits.parse().unwrap()))
        .collect();
    let source =
        std::fs::read_to_string(known::contracts().join("incidents/parity-july/Vulnerable.sol")).unwrap();
    let line_of = |text: &str| 1 + source.lines().position(|line| line.contains(text)).unwrap();
    assert_eq!(lines[&line_of("required = required_;")], 1, "{text}");
    assert_eq!(lines[&line_of("confirmations[id] += 1;")], 1, "{text}");
    // Never reached: no such text is in the constructor's part of the running code.
    let hit = lines.values().filter(|hits| **hits == 1).count();
    assert!(text.contains(&format!("\nLH:{hit}\n")), "{text}");
    let reached = text.lines().filter(|line| line.starts_with("BRDA:") && line.ends_with(",1")).count();
    assert!(text.contains(&format!("\nBRH:{reached}\n")) && reached > 0, "{text}");
}

#[test]
fn tests_name_accounts_and_are_the_same_every_time() {
    let (world, found) = shrunk("incidents/build-finance");
    let first = foundry(&world, &found.finding, &found.explained, 7).unwrap();
    assert_eq!(first, foundry(&world, &found.finding, &found.explained, 7).unwrap());
    assert_eq!(first.file, "audit_07_quorum_bypass.t.sol");
    for part in [
        "contract Audit07QuorumBypassTest {",
        "vm.getCode(\"Vulnerable.sol:Build\")",
        "abi.encodeWithSignature(\"approve(address,uint256)\", address(attacker), uint256(43000e18))",
        "harm = harm && balance(token, attacker) >= before1 + 40000e18;",
        "require(!harm, \"quorum-bypass in dao",
        "//   wait = 2 days: `dao.PERIOD()`",
    ] {
        assert!(first.text.contains(part), "no {part} in {}", first.text);
    }
    assert!(
        first.text.contains(&format!("gas: {}", Machine::GAS)),
        "steps have the gas that the search gives them"
    );
    assert!(!first.text.contains("bury"), "nothing destroys itself here");
    let (world, found) = shrunk("incidents/parity-november");
    let other = foundry(&world, &found.finding, &found.explained, 1).unwrap();
    assert!(other.text.contains("bury(vm.stopAndReturnStateDiff());"));
}
