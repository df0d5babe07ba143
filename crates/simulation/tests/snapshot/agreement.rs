//! Cases of Snapshot's voting types beside the outcomes of Snapshot's own package.

use std::collections::BTreeMap;

use daotwin_simulation::governance::registry::find;
use serde_json::Value;

/// What was compared of one type.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) proposals: usize,
    pub(crate) ballots: usize,
    pub(crate) invalid: usize,
    pub(crate) tied: usize,
    pub(crate) agreed_proposals: usize,
    pub(crate) agreed_ballots: usize,
}

/// Whether two values are equal, numbers to the bit.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().map(f64::to_bits) == right.as_f64().map(f64::to_bits)
        }
        _ => left == right,
    }
}

/// Adds one line to the counts; the error says what does not agree.
pub(crate) fn compare(line: &str, counts: &mut BTreeMap<String, Count>) -> Result<(), String> {
    let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let (rule, case, outcome) = (line["rule"].as_str().unwrap_or_default(), &line["case"], &line["outcome"]);
    let partial = if case["partial"] == true { " (partial)" } else { "" };
    let count = counts.entry(format!("{rule}{partial}")).or_default();
    let ballots = case["ballots"].as_array().map_or(0, Vec::len);
    count.proposals += 1;
    count.ballots += ballots;
    count.invalid += outcome["invalid"].as_array().map_or(0, Vec::len);
    count.tied += usize::from(outcome["winner"].is_null());
    let ours = find(rule).and_then(|rule| rule.decide(case)).map_err(|error| format!("{rule}: {error}"))?;
    if !equal(&ours, outcome) {
        return Err(format!("{rule} of {case}\nours    {ours}\ntheirs  {outcome}"));
    }
    count.agreed_proposals += 1;
    count.agreed_ballots += ballots;
    Ok(())
}
