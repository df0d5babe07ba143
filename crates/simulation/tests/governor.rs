//! The rules `governor`, `governor-bravo`, `governor-alpha`, `aave-governance` and `aragon-voting` do what the original
//! contracts do.
//!
//! The cases are random: members, delegations, settings, and acts in the order of time. Each was run on bytecode: three
//! contracts put together from OpenZeppelin's (5.4.0) - counting simply, with late quorum, guardian and control timelock;
//! by fractions, with a super quorum; overridable, with late quorum and a timelock of Compound's kind - Compound's
//! own governors with its timelock, Aave's governance 2 with an executor, and Aragon's and Lido's voting, allowed to all and
//! with nothing to run. What each act did there, and the tally, the times and the quorum at the end, stand beside the case.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Read;

use daotwin_simulation::governance::registry;
use flate2::read::GzDecoder;
use serde_json::Value;

const OPENZEPPELIN: &[u8] = include_bytes!("governor/openzeppelin.json.gz");
const AAVE: &[u8] = include_bytes!("governor/aave.json.gz");
const ARAGON: &[u8] = include_bytes!("governor/aragon.json.gz");
const COMPOUND: &[u8] = include_bytes!("governor/compound.json.gz");

fn cases(packed: &[u8]) -> Vec<Value> {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Where what the rule finds is not what the contract did.
fn differences(recorded: &Value) -> Vec<String> {
    let rule = recorded["rule"].as_str().unwrap_or("governor");
    let found = registry::find(rule).unwrap().decide(&recorded["case"]);
    if recorded["refused"] == true {
        return match found {
            Err(error) if error.to_string().contains(": proposal: ") => Vec::new(),
            other => vec![format!("made, not refused: {other:?}")],
        };
    }
    let found = match found {
        Ok(found) => found,
        Err(error) => return vec![format!("refused: {error}")],
    };
    let mut differences = Vec::new();
    let (acts, expected) = (found["acts"].as_array().unwrap(), recorded["acts"].as_array().unwrap());
    assert_eq!(acts.len(), expected.len());
    for (number, (act, expected)) in acts.iter().zip(expected).enumerate() {
        let (act, expected) = (act.as_str().unwrap(), expected.as_str().unwrap());
        // A contract says that it reverts, by its own name of the reason; the rule by its own words.
        let same = if expected == "reverts" { act.starts_with("reverts: ") } else { act == expected };
        if !same {
            differences.push(format!("act {number}: {act}, on the chain {expected}"));
        }
    }
    for key in ["tally", "deadline", "eta", "quorum", "executed"] {
        if found.get(key) != recorded.get(key) {
            differences.push(format!("{key}: {}, on the chain {}", found[key], recorded[key]));
        }
    }
    differences
}

/// Checks that every case comes out; how often each kind of act came out how, so that a test can tell what its
/// comparison is worth.
fn check(packed: &[u8]) -> BTreeMap<String, usize> {
    let cases = cases(packed);
    assert!(cases.len() >= 400);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (number, recorded) in cases.iter().enumerate() {
        let differences = differences(recorded);
        assert!(differences.is_empty(), "case {number}: {differences:?}\n{recorded}");
        let acts = recorded["case"]["acts"].as_array().unwrap();
        for (act, came) in acts.iter().zip(recorded["acts"].as_array().into_iter().flatten()) {
            let name = format!("{} {}", act["act"].as_str().unwrap(), came.as_str().unwrap());
            *seen.entry(name).or_default() += 1;
        }
    }
    seen
}

fn check_states(seen: &BTreeMap<String, usize>) {
    for state in ["pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed"] {
        assert!(seen.contains_key(&format!("state {state}")), "{state}: {seen:?}");
    }
}

#[test]
fn random_proposals_go_as_on_openzeppelins_bytecode() {
    let seen = check(OPENZEPPELIN);
    check_states(&seen);
    for act in
        ["vote", "split", "override", "queue", "execute", "cancel", "timelock_execute", "timelock_cancel"]
    {
        for came in ["done", "reverts"] {
            assert!(seen.contains_key(&format!("{act} {came}")), "{act} {came}: {seen:?}");
        }
    }
}

#[test]
fn random_proposals_go_as_on_compounds_and_aaves_bytecode() {
    for packed in [COMPOUND, AAVE] {
        let seen = check(packed);
        check_states(&seen);
        for act in ["vote", "queue", "execute", "cancel"] {
            for came in ["done", "reverts"] {
                assert!(seen.contains_key(&format!("{act} {came}")), "{act} {came}: {seen:?}");
            }
        }
    }
}

#[test]
fn random_votes_go_as_on_aragons_and_lidos_bytecode() {
    let seen = check(ARAGON);
    for state in ["active", "objection", "defeated", "succeeded", "executed"] {
        assert!(seen.contains_key(&format!("state {state}")), "{state}: {seen:?}");
    }
    for act in ["vote", "execute"] {
        for came in ["done", "reverts"] {
            assert!(seen.contains_key(&format!("{act} {came}")), "{act} {came}: {seen:?}");
        }
    }
}

/// The comparison can fail: another quorum does not come out.
#[test]
fn another_quorum_does_not_come_out() {
    let wrong =
        cases(OPENZEPPELIN).into_iter().filter(|recorded| recorded["refused"] != true).filter(|recorded| {
            let mut changed = recorded.clone();
            changed["case"]["settings"]["quorum"]["fraction"]["numerator"] = 55.into();
            changed["case"]["settings"]["super_quorum"] = Value::Null;
            differences(&changed).iter().any(|difference| difference.starts_with("act"))
        });
    assert!(wrong.count() > 50);
}
