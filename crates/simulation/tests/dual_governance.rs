//! The state machine of the rule `dual-governance` does what the original does.
//!
//! The cases are random: settings, and in the order of time changes of support, steps, claims that are done, and looks at
//! the state. Each was run on the bytecode of Lido's state machine, configuration and escrow's state, under an escrow whose
//! support is set; what each look found there stands beside it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Read;

use daotwin_simulation::governance::dual_governance::{Machine, Settings};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

fn cases() -> Vec<Value> {
    let mut text = String::new();
    let packed = include_bytes!("dual_governance/bytecode.json.gz").as_slice();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn whole(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

fn settings(case: &Value) -> Settings {
    let of = |name: &str| whole(&case["settings"][name]);
    Settings {
        first_seal: of("first_seal"),
        second_seal: of("second_seal"),
        min_assets_lock: of("min_assets_lock"),
        veto_signalling_min: of("veto_signalling_min"),
        veto_signalling_max: of("veto_signalling_max"),
        veto_signalling_min_active: of("veto_signalling_min_active"),
        deactivation_max: of("deactivation_max"),
        veto_cooldown: of("veto_cooldown"),
        rage_quit_extension: of("rage_quit_extension"),
        withdrawals_delay_min: of("withdrawals_delay_min"),
        withdrawals_delay_max: of("withdrawals_delay_max"),
        withdrawals_delay_growth: of("withdrawals_delay_growth"),
    }
}

/// The looks that find something else than the original, and what all looks found, counted.
fn compare(case: &Value, settings: &Settings, seen: &mut BTreeMap<String, usize>) -> Vec<String> {
    let mut machine = Machine::new(whole(&case["start"]));
    let (mut support, mut differences) = (0, Vec::new());
    for act in case["acts"].as_array().unwrap() {
        let at = whole(&act["at"]);
        match act["act"].as_str().unwrap() {
            "support" => support = whole(&act["support"]),
            "step" => {
                if machine.step(settings, at, support) {
                    support = 0;
                }
            }
            "claimed" => {
                if machine.start_extension(at).is_ok() != act["done"].as_bool().unwrap() {
                    differences.push(act.to_string());
                }
            }
            _ => {
                let found = json!({
                    "act": "look", "at": at, "submitted": act["submitted"],
                    "state": machine.state().name(),
                    "next": machine.next(settings, at, support).name(),
                    "entered": machine.entered(),
                    "rounds": machine.rounds(),
                    "submit": machine.can_submit(),
                    "schedule": machine.can_schedule(whole(&act["submitted"])),
                    "cancel": machine.can_cancel(),
                    "ether": machine.ether_after().is_some_and(|after| at > after),
                });
                if found != *act {
                    differences.push(format!("{found} is {act} on the chain"));
                }
                let name = format!("{} after {}", machine.state().name(), machine.rounds());
                *seen.entry(name).or_default() += 1;
            }
        }
    }
    differences
}

#[test]
fn random_histories_go_as_on_the_contracts_own_bytecode() {
    let (cases, mut seen) = (cases(), BTreeMap::new());
    assert!(cases.len() >= 200);
    for (number, case) in cases.iter().enumerate() {
        let settings = settings(case);
        assert!(settings.problems().is_empty());
        let differences = compare(case, &settings, &mut seen);
        assert!(differences.is_empty(), "case {number}: {differences:#?}");
    }
    for state in [
        "normal after 0",
        "veto_signalling after 0",
        "veto_signalling_deactivation after 0",
        "veto_cooldown after 0",
        "rage_quit after 1",
        "veto_signalling after 1",
        "rage_quit after 2",
    ] {
        assert!(seen.get(state).is_some_and(|looks| *looks >= 10), "{state}: {seen:?}");
    }
}

/// The comparison can fail: a second more of the cooldown does not come out.
#[test]
fn another_cooldown_does_not_come_out() {
    let wrong = cases().into_iter().filter(|case| {
        let settings = settings(case);
        let wrong = Settings { veto_cooldown: settings.veto_cooldown + 1, ..settings };
        !compare(case, &wrong, &mut BTreeMap::new()).is_empty()
    });
    assert!(wrong.count() > 5);
}
