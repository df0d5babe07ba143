//! Cases with numbers at the ends of their types: every rule decides or refuses them, none panics.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use daotwin_core::{Seed, Stream};
use daotwin_simulation::governance::registry::RULES;
use serde_json::{Value, json};

/// Replaces numbers and amounts of a case here and there.
fn spoil(value: &mut Value, stream: &mut Stream) {
    match value {
        Value::Array(list) => {
            for item in list.iter_mut() {
                spoil(item, stream);
            }
            if stream.chance(0.03) && !list.is_empty() {
                let last = list.pop().unwrap();
                if stream.chance(0.5) {
                    list.extend([last.clone(), last]);
                }
            }
        }
        Value::Object(map) => map.values_mut().for_each(|item| spoil(item, stream)),
        Value::Number(_) if stream.chance(0.15) => {
            let ends = [
                json!(0),
                json!(1),
                json!(2),
                json!(u32::MAX),
                json!(u64::MAX),
                json!(-1),
                json!(1_u64 << 40),
                json!(1e300),
            ];
            *value = ends[stream.below(ends.len() as u64) as usize].clone();
        }
        Value::String(text) if stream.chance(0.15) && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let ends = [
                "0",
                "1",
                "18446744073709551615",
                "85070591730234615865843651857942052863",
                "340282366920938463463374607431768211455",
            ];
            *value = json!(ends[stream.below(ends.len() as u64) as usize]);
        }
        Value::Bool(flag) if stream.chance(0.1) => *flag = !*flag,
        _ => {}
    }
}

#[test]
fn no_rule_panics() {
    let mut problems = Vec::new();
    for rule in RULES {
        let mut stream = Seed(11).stream(rule.name());
        let vectors: Vec<Value> = serde_json::from_str(rule.vectors()).unwrap();
        let (mut decided, mut refused) = (0, 0);
        for round in 0..2_000 {
            let mut case = vectors[round % vectors.len()]["case"].clone();
            spoil(&mut case, &mut stream);
            match catch_unwind(AssertUnwindSafe(|| rule.decide(&case))) {
                Ok(Ok(_)) => decided += 1,
                Ok(Err(_)) => refused += 1,
                Err(_) => problems.push(format!("`{}` panics at {case}", rule.name())),
            }
        }
        assert!(decided > 10 && refused > 10, "`{}`: {decided} decided, {refused} refused", rule.name());
    }
    assert!(problems.is_empty(), "{} cases: {}", problems.len(), problems[0]);
}
