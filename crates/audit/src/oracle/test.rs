use std::collections::{BTreeMap, BTreeSet};

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{U256, keccak256};
use daotwin_core::Run;
use daotwin_core::random::Seed;

use super::drive::{cases, play, world};
use super::{all, exploits};
use crate::campaign::{Campaign, Options};
use crate::finding::Finding;
use crate::world::World;

/// What a search finds in so many executions.
fn search(world: World, executions: u64, seed: u64) -> (Vec<Finding>, f64) {
    let options = Options { seed: Seed(seed), executions: Some(executions), ..Options::default() };
    let mut campaign = Campaign::new(world, options).unwrap();
    let report = campaign.run(&Run::default(), &mut |_| ()).unwrap();
    (report.findings, report.executions as f64 / report.seconds)
}

fn show(world: &World, finding: &Finding) {
    println!(
        "    {} [{} {}] {} after {}",
        finding.oracle, finding.contract, finding.function, finding.title, finding.executions
    );
    for step in &finding.steps {
        show_step(world, step, 3);
    }
    for effect in &finding.effects {
        println!("        {effect:?}");
    }
}

fn show_step(world: &World, step: &crate::Step, depth: usize) {
    let arguments: Vec<String> = step.arguments.iter().map(crate::world::show).collect();
    println!(
        "{}{} -> {}.{}({}) value {} wait {}",
        "    ".repeat(depth),
        world.name_of(step.sender),
        world.name_of(step.to),
        step.function.as_ref().map(|f| f.name()).unwrap_or_default(),
        arguments.join(", "),
        step.value,
        step.wait.seconds
    );
    for inner in &step.inner {
        show_step(world, inner, depth + 1);
    }
}

#[test]
#[ignore = "a look at what is found where"]
fn sweep() {
    let only = std::env::var("CASE").unwrap_or_default();
    let executions = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let seed = std::env::var("SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for group in ["incidents", "oracles", "held-out", "small"] {
        let Ok(entries) = std::fs::read_dir(cases().join(group)) else { continue };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        for name in names.iter().filter(|name| name.contains(&only)) {
            let twins = std::env::var("TWIN").map_or(vec!["Vulnerable", "Fixed"], |_| vec!["Fixed"]);
            for twin in twins {
                if !cases().join(group).join(name).join(format!("{twin}.json")).exists() {
                    continue;
                }
                let world = world(&format!("{group}/{name}"), twin);
                let kept = world.clone();
                let start = std::time::Instant::now();
                let (findings, rate) = search(world, executions, seed);
                println!("{group}/{name} {twin}: {:.1} s, {rate:.0}/s", start.elapsed().as_secs_f64());
                for finding in &findings {
                    show(&kept, finding);
                }
            }
        }
    }
}

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

#[test]
#[ignore = "a look at what every attack shows"]
fn attacks() {
    let only = std::env::var("CASE").unwrap_or_default();
    let expected = expected();
    for shown in exploits::all().into_iter().filter(|shown| shown.case.contains(&only)) {
        for twin in ["Vulnerable", "Fixed"] {
            let world = world(shown.case, twin);
            for (number, attack) in shown.attacks.iter().enumerate() {
                let played = play(&world, &asked(&world, attack));
                if played.failed.is_some() && number + 1 < shown.attacks.len() && played.findings.is_empty() {
                    continue;
                }
                println!(
                    "{} {twin}: {:?} {} (of {:?})",
                    shown.case,
                    played.oracles(),
                    played.failed.clone().unwrap_or_default(),
                    expected.get(shown.case)
                );
                for finding in &played.findings {
                    let bad = !expected[shown.case].iter().any(|name| name == finding.oracle);
                    if twin == "Fixed" || bad || std::env::var("SHOW").is_ok_and(|show| !show.is_empty()) {
                        show(&world, finding);
                    }
                }
                if !played.findings.is_empty() {
                    break;
                }
            }
            let used = play(&world, &asked(&world, shown.uses));
            if !used.findings.is_empty() || used.failed.is_some() {
                println!(
                    "{} {twin} USE: {:?} {}",
                    shown.case,
                    used.oracles(),
                    used.failed.clone().unwrap_or_default()
                );
                for finding in &used.findings {
                    show(&world, finding);
                }
            }
        }
    }
}

#[test]
#[ignore = "a look at what oracles cost a step"]
fn cost() {
    for shown in exploits::all() {
        let world = world(shown.case, "Fixed");
        let played = super::drive::timed(&world, &asked(&world, shown.uses), 2_000);
        println!("{}: {:?} ns a step", shown.case, played);
    }
}
