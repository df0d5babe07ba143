//! What every private fit of a table has in common: what it refuses, and how it is paid for.

use daotwin_history::frame::Frame;
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_privacy::ledger::Unit;

use super::files::Guarantee;
use crate::charge::{Payment, Stage, pay};
use crate::error::{Error, Result};

/// Why this table cannot be fitted privately.
pub(super) fn refusals(frame: &Frame, privacy: &PrivacyOptions) -> Vec<String> {
    let undeclared: Vec<String> = (0..frame.columns().len())
        .filter(|&column| !frame.is_declared(column))
        .map(|column| format!("`{}`", frame.columns()[column].name))
        .collect();
    let mut problems = Vec::new();
    if !undeclared.is_empty() {
        problems.push(format!(
            "a private fit reads no bounds and no labels from the data; declare the columns {}, or leave them out",
            undeclared.join(", ")
        ));
    }
    if privacy.account.is_none() && privacy.test_noise.is_none() {
        problems.push("a private fit of a table needs the name of the `account` that pays for it".to_owned());
    }
    problems
}

/// Rows of a member at most.
pub(super) fn group(frame: &Frame) -> u32 {
    frame.members().map_or(1, |members| members.most_rows)
}

/// Charges the account for a model of a frame and runs the stage: what it released, and what may be claimed.
///
/// # Errors
/// As [`pay`].
pub(super) fn release<S: Stage>(
    name: &str,
    frame: &Frame,
    settings: &[f64],
    privacy: &PrivacyOptions,
    stage: S,
) -> Result<(S::Release, Guarantee)> {
    let columns = serde_json::to_vec(&**frame.columns()).map_err(|error| Error::Defect(error.to_string()))?;
    let settings = format!("{settings:?}, {} rows a member", group(frame));
    let purpose = format!("fit {name}");
    let payment = Payment {
        account: privacy.account.as_deref().unwrap_or_default(),
        unit: Unit::Member,
        purpose: &purpose,
        request: &[name.as_bytes(), settings.as_bytes(), &columns],
        marks: &[],
        place: "table",
        group: group(frame),
    };
    let (released, statement) = pay(&payment, privacy, stage)?;
    let guarantee = Guarantee {
        epsilon: privacy.epsilon,
        delta: privacy.delta,
        unit: match frame.members() {
            Some(members) => format!("member (at most {} rows each)", members.most_rows),
            None => "member (a row each)".to_owned(),
        },
        ledger_head: statement.ledger.map(|head| head.hash.to_string()),
        test_noise: privacy.test_noise.is_some(),
    };
    Ok((released, guarantee))
}
