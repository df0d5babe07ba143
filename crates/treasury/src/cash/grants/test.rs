#![cfg(test)]

use std::collections::BTreeMap;
use std::io::Read;

use daotwin_core::Seed;

use super::*;

#[test]
fn one_group_is_the_closed_form_given_the_law() {
    // With very many outcomes a group is its own share, whatever the others.
    let groups = [Group { successes: 9_000.0, trials: 10_000.0 }, Group { successes: 1.0, trials: 2.0 }];
    let known = Success::fit(&groups).unwrap();
    assert!((known.mean(0) - 0.9).abs() < 1e-3, "{}", known.mean(0));
    // A second method: what is drawn has that mean.
    let mut stream = Seed(3).stream("success");
    let draws: Vec<f64> = (0..20_000).map(|_| known.draw(1, &mut stream)).collect();
    let mean = daotwin_core::statistics::mean(&draws);
    // A deviation of at most 0.3 over 20,000 draws: five standard errors are 0.011.
    assert!((mean - known.mean(1)).abs() < 0.011, "{mean} {}", known.mean(1));
}

#[test]
fn small_groups_borrow_from_the_others() {
    let group = |successes, trials| Group { successes, trials };
    let alike =
        Success::fit(&[group(80.0, 100.0), group(79.0, 100.0), group(82.0, 100.0), group(0.0, 2.0)]).unwrap();
    // Two failures count little where all others are alike, and more where groups differ.
    let apart =
        Success::fit(&[group(95.0, 100.0), group(40.0, 100.0), group(70.0, 100.0), group(0.0, 2.0)]).unwrap();
    assert!(
        alike.mean(3) > 0.55 && alike.mean(3) > apart.mean(3) + 0.1,
        "{} {}",
        alike.mean(3),
        apart.mean(3)
    );
    assert!((alike.mean(9) - 0.75).abs() < 0.08, "{}", alike.mean(9));
    let message = Success::fit(&[group(3.0, 2.0), group(-1.0, 2.0)]).unwrap_err().to_string();
    assert!(message.contains("group 0") && message.contains("group 1"), "{message}");
}

#[test]
fn a_missed_milestone_ends_a_grant_and_the_rest_goes_back() {
    let mut ledger = Ledger::default();
    ledger.receive("DAI", Account::Treasury, 100).unwrap();
    let mut grant = Grant {
        name: "g".into(),
        asset: "DAI".into(),
        recipient: "team".into(),
        milestones: vec![Milestone { at: 10, amount: 30 }, Milestone { at: 20, amount: 50 }],
        judged: 0,
        ended: false,
    };
    grant.fund(&mut ledger).unwrap();
    let mut stream = Seed(1).stream("judge");
    assert_eq!(grant.settle(9, 1.0, &mut stream, &mut ledger).unwrap(), (0, 0));
    assert_eq!(grant.settle(10, 1.0, &mut stream, &mut ledger).unwrap(), (30, 0));
    assert_eq!(grant.settle(99, 0.0, &mut stream, &mut ledger).unwrap(), (0, 50));
    assert_eq!(grant.settle(999, 1.0, &mut stream, &mut ledger).unwrap(), (0, 0));
    assert_eq!(ledger.balance("DAI", &Account::Treasury), 70);
    assert!(ledger.conserves());
}

#[test]
fn the_outcomes_of_decentraland_are_those_of_the_set() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/decentraland/grants.csv.gz");
    let Ok(file) = std::fs::read(path) else {
        println!("no `{path}`: the outcomes are not compared with the set");
        return;
    };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(&*file).read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let number = |name: &str| row[name].parse::<f64>().unwrap_or(0.0);
        let (released, releasable) = (number("Released Amount"), number("Releasable Amount"));
        if released + releasable > 0.0 {
            let group =
                groups.entry(row["Category"].clone()).or_insert(Group { successes: 0.0, trials: 0.0 });
            group.successes += released / (released + releasable);
            group.trials += 1.0;
        }
    }
    let found: Vec<Group> = groups.values().copied().collect();
    assert_eq!(found.len(), 4);
    for (found, stated) in found.iter().zip(DECENTRALAND) {
        assert!(
            (found.successes - stated.successes).abs() < 0.005 && found.trials == stated.trials,
            "{groups:?}"
        );
    }
    let known = Success::fit(&DECENTRALAND).unwrap();
    // What a plan expects of a new group of grants: 24.3 of 38 outcomes.
    assert!((known.mean(9) - 24.34 / 38.0).abs() < 0.05, "{}", known.mean(9));
}
