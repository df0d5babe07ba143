use std::collections::{BTreeMap, BTreeSet};

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{U256, keccak256};

use super::drive::{cases, play, world};
use super::{all, exploits};
use crate::world::World;

/// What `cases.toml` allows of each case.
fn expected() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(cases().join("cases.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    let mut expected = BTreeMap::new();
    for case in document["case"].as_array().unwrap() {
        let words = |key: &str| -> Vec<String> {
            let list = case.get(key).and_then(|list| list.as_array());
            list.into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        expected.insert(case["name"].as_str().unwrap().to_owned(), words("expect"));
    }
    expected
}

/// A text with the number of a grant in place of `ASKED`: a hash of what was asked for.
fn asked(world: &World, text: &str) -> String {
    let attacker = world.actors.iter().find(|actor| actor.name == "attacker").unwrap().address;
    let amount = U256::from(40) * U256::from(10).pow(U256::from(18));
    let grant = [
        DynSolValue::Address(attacker),
        DynSolValue::Uint(amount, 256),
        DynSolValue::String("bread".to_owned()),
    ];
    let hash = keccak256(DynSolValue::Tuple(grant.to_vec()).abi_encode_params());
    text.replace("ASKED", &hash.to_string())
}

/// What the attacks of a case show on a twin: of several, those of the first that shows something.
fn attacked(world: &World, shown: &exploits::Shown) -> (BTreeSet<&'static str>, Option<String>) {
    let mut last = (BTreeSet::new(), None);
    for attack in &shown.attacks {
        let played = play(world, &asked(world, attack));
        last = (played.oracles(), played.failed);
        if !last.0.is_empty() && last.1.is_none() {
            break;
        }
    }
    last
}

#[test]
fn attacks_are_told_on_vulnerable_twins_and_nothing_on_repaired_ones() {
    let expected = expected();
    let mut wrong = Vec::new();
    for shown in exploits::all() {
        let allowed = &expected[shown.case];
        let (told, _) = attacked(&world(shown.case, "Vulnerable"), &shown);
        if let Some(name) = shown.case.strip_prefix("oracles/")
            && !told.contains(name)
            && !exploits::UNSHOWN.contains(&name)
        {
            wrong.push(format!("{}: {name} says nothing", shown.case));
        }
        if !told.iter().any(|name| allowed.iter().any(|allowed| allowed == name)) && !shown.attacks.is_empty()
        {
            wrong.push(format!("{}: nothing is told", shown.case));
        }
        let beside = told.iter().filter(|name| !allowed.iter().any(|allowed| allowed == *name));
        wrong.extend(beside.map(|name| format!("{}: {name} is told too", shown.case)));
        let (told, _) = attacked(&world(shown.case, "Fixed"), &shown);
        wrong.extend(told.iter().map(|name| format!("{}: {name} is told on the repaired twin", shown.case)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_use_is_not_told() {
    let expected = expected();
    let mut wrong = Vec::new();
    for shown in exploits::all() {
        for twin in ["Vulnerable", "Fixed"] {
            let world = world(shown.case, twin);
            let played = play(&world, &asked(&world, shown.uses));
            if let Some(failed) = &played.failed {
                wrong.push(format!("{} {twin}: the use fails: {failed}", shown.case));
            }
            // Faults that show at once on whoever looks are told, whatever is done.
            let fault = |name: &&'static str| {
                twin == "Vulnerable"
                    && exploits::STANDING.contains(name)
                    && expected[shown.case].iter().any(|allowed| allowed == name)
            };
            let told = played.oracles().into_iter().filter(|name| !fault(name));
            wrong.extend(told.map(|name| format!("{} {twin}: {name} is told of good use", shown.case)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_oracle_has_a_card_and_a_case() {
    let mut names = BTreeSet::new();
    let shown = exploits::all();
    for oracle in all() {
        let card = oracle.card();
        for (what, text) in
            [("about", card.about), ("rule", card.rule), ("source", card.source), ("limits", card.limits)]
        {
            assert!(text.len() > 20, "`{}` has no {what}", card.name);
        }
        assert!(names.insert(card.name), "`{}` is there twice", card.name);
        let case = format!("oracles/{}", card.name);
        for file in ["Vulnerable.json", "Fixed.json", "audit.toml"] {
            assert!(cases().join(&case).join(file).exists(), "`{case}` has no {file}");
        }
        assert!(shown.iter().any(|shown| shown.case == case), "nothing is played on `{case}`");
    }
    assert_eq!(names.len(), 30);
}
