use std::path::Path;

use alloy_primitives::U256;
use daotwin_core::random::Seed;
use daotwin_core::{Limits, Run};

use super::{Cost, of};
use crate::artifact;
use crate::campaign::{Campaign, Options};
use crate::chain::Machine;
use crate::oracle::{Facts, drive};
use crate::shrink::{self, Budget};
use crate::world::{Scenario, Turnout, World};

/// What the takeover of a case takes, its scenario changed by `change`.
fn takeover(case: &str, change: impl Fn(&mut World)) -> Cost {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")).join(case);
    let artifacts = artifact::read(&folder.join("Vulnerable.json"), &Limits::default()).unwrap();
    let scenario = Scenario::open(&folder.join("audit.toml"), &Limits::default()).unwrap();
    let mut world = World::deploy(&scenario, &artifacts).unwrap();
    change(&mut world);
    let options = Options {
        oracles: vec!["takeover".to_owned()],
        executions: Some(2_000_000),
        findings: Some(1),
        ..Options::default()
    };
    let mut campaign = Campaign::new(world, options).unwrap();
    let report = campaign.run(&Run::default(), &mut |_| ()).unwrap();
    let world = campaign.world();
    let shrunk = shrink::all(world, &report.findings, Budget::default()).unwrap();
    let mut machine = Machine::new(world.fork);
    let facts = Facts::new(world, &mut machine).unwrap();
    of(world, &facts, &shrunk[0].finding, Seed(5), &mut machine).unwrap().unwrap()
}

/// The chance that none of two members votes, each with a chance drawn from a Beta distribution: the mean of (1 - s)^2, of the
/// second moment of the Beta distribution.
fn nobody(turnout: Turnout) -> f64 {
    let (sum, other) = (turnout.concentration, (1.0 - turnout.mean) * turnout.concentration);
    other * (other + 1.0) / (sum * (sum + 1.0))
}

#[test]
fn a_takeover_costs_what_the_contract_asks_and_works_as_often_as_members_stay_away() {
    // The contract takes proposals of who has 100 tokens, votes last two days, and either of the two members outvotes the
    // attacker alone.
    let hundred = U256::from(100) * U256::from(10).pow(U256::from(18));
    for mean in [0.02, 0.5] {
        let turnout = Turnout { mean, concentration: 10.0, against: 1.0 };
        let cost = takeover("incidents/build-finance", |world| world.turnout = Some(turnout));
        let [capital] = cost.capital.as_slice() else { panic!("{:?}", cost.capital) };
        assert_eq!(capital.asset, "token");
        assert!(capital.amount >= hundred && capital.amount <= hundred * U256::from(105) / U256::from(100));
        // 0.002 ether each.
        let worth = f64::from(capital.amount) * 0.002;
        assert!((cost.worth.unwrap() / worth - 1.0).abs() < 1e-9);
        assert_eq!(cost.seconds, 2 * 86_400);
        assert!(cost.borrowed.is_empty());
        let success = cost.success.unwrap();
        assert!(success.opposed);
        // 4.9 standard errors: one in a million. Another mean is far away.
        let expected = nobody(turnout);
        let error = (expected * (1.0 - expected) / success.trials as f64).sqrt();
        for successes in [success.successes, success.with_least] {
            let share = successes as f64 / success.trials as f64;
            assert!((share - expected).abs() < 4.9 * error, "{share} {expected}");
            assert!((share - nobody(Turnout { mean: 0.26, ..turnout })).abs() > 20.0 * error);
        }
        assert!(success.interval.0 <= expected + 4.9 * error && success.interval.1 >= expected - 4.9 * error);
    }
}

#[test]
fn the_rule_that_lets_a_minority_decide_is_named_with_the_value_that_ends_it() {
    // The attacker has a hundredth of the supply, and the quorum is 4 of `QUORUM_DENOMINATOR`: 1000 where 100 was meant. Below
    // 400 a hundredth is no quorum; the other holder, with all the rest, still has one.
    let world = drive::world("oracles/takeover", "Vulnerable");
    let attack = "attacker: governor.propose($attacker, 50e18, 0x)
                  attacker: governor.castVote(0, true)
                  [432000] attacker: governor.execute(0)";
    let findings = drive::play(&world, attack).findings;
    let finding = findings.iter().find(|finding| finding.oracle == "takeover").unwrap();
    let mut machine = Machine::new(world.fork);
    let facts = Facts::new(&world, &mut machine).unwrap();
    let cost = of(&world, &facts, finding, Seed(5), &mut machine).unwrap().unwrap();
    let [remedy] = cost.remedies.as_slice() else { panic!("{:?}", cost.remedies) };
    assert_eq!((remedy.rule.as_str(), remedy.from), ("QUORUM_DENOMINATOR", U256::from(1000)));
    assert!(remedy.to < U256::from(400) && remedy.to > U256::from(392), "{remedy:?}");
    assert!(remedy.searched >= 20_000);
    // 4 of 1000 of a million tokens.
    let [capital] = cost.capital.as_slice() else { panic!("{:?}", cost.capital) };
    let needed = U256::from(4000) * U256::from(10).pow(U256::from(18));
    assert!(
        capital.amount >= needed && capital.amount <= needed * U256::from(105) / U256::from(100),
        "{capital:?}"
    );
}

#[test]
fn a_rule_ends_a_takeover_only_where_a_majority_still_decides() {
    // Votes count what is locked, most votes win, and a vote of no length is none: shorter or longer votes end nothing that a
    // majority could not decide as well.
    let cost = takeover("incidents/swerve", |_| ());
    assert!(cost.rules > 0 && cost.remedies.is_empty(), "{:?}", cost.remedies);
    assert!(cost.sentences().iter().any(|line| line.contains("No rule of the contracts ends it alone")));
}
