use daotwin_core::document::Block;
use daotwin_history::ingest::{Options, ingest};

use super::super::data;
use super::super::{Donation, Give, Stake};
use super::*;
use crate::rewards::registry::find;

fn small() -> Round {
    Round {
        members: 4,
        budget: 1_000_000,
        donations: vec![Donation { from: 0, to: 2, amount: 50.0 }, Donation { from: 1, to: 2, amount: 50.0 }],
        gives: vec![Give { from: 0, to: 1, points: 100 }, Give { from: 2, to: 1, points: 100 }],
        stakes: vec![Stake { member: 0, amount: 1_000_000, seconds: 10 }],
        salaries: vec![0, 0, 0, 5],
        ..Round::default()
    }
}

#[test]
fn many_accounts_take_what_the_rule_gives_accounts() {
    let round = small();
    let of = |rule: &str, accounts: usize| share(find(rule).unwrap(), &round, accounts).unwrap();
    // 20 new accounts have 2,000 points, beside 200.
    assert!((of("gift-circle", 20) - 2_000.0 / 2_200.0).abs() < 1e-5);
    assert_eq!(of("gift-circle", 1), 0.0);
    // Money is the same in one account or many.
    assert!((of("staking", 1) - 10_000.0 / 1_010_000.0).abs() < 1e-5);
    assert!((of("staking", 20) - of("staking", 1)).abs() < 1e-5);
    assert_eq!(of("salary", 20), 0.0);
    // One unit of money as 20 gifts of a twentieth: (20 sqrt(1 / 20))^2 - 1 = 19, beside (2 sqrt 50)^2 - 100 = 100.
    assert!((of("quadratic-funding", 20) - 19.0 / 119.0).abs() < 1e-5);
    assert_eq!(of("quadratic-funding", 1), 0.0);
}

#[test]
fn settings_that_are_none_are_all_told() {
    let settings = Settings { days: 0, runs: 0, effect: f64::NAN, ..Settings::default() };
    let message = compare(&History::new(daotwin_history::Manifest::default()), &settings, &Run::default())
        .unwrap_err()
        .to_string();
    assert_eq!(message.lines().count(), 3, "{message}");
}

#[test]
fn every_rule_is_compared_on_a_real_dao() {
    let Some(folder) = data::folder() else {
        println!("skipped: the published sets are not here");
        return;
    };
    let paths: Vec<_> = ["votes", "proposals", "grants"]
        .iter()
        .map(|name| folder.join(format!("decentraland/{name}.csv.gz")))
        .collect();
    let history = ingest(&paths, &Options::default(), &Run::default()).unwrap();
    let settings = Settings { runs: 6, periods: 3, ..Settings::default() };
    let of = compare(&history, &settings, &Run::default()).unwrap();
    assert_eq!(of.lines.len() + of.refused.len(), REWARDS.len());
    assert!(of.refused.len() <= 1, "{:?}", of.refused);
    let response = of.response.unwrap();
    assert!(response.interval.0 > 0.0 && of.effect == response.interval.0, "{response:?}");
    for line in &of.lines {
        // Being paid keeps: with the same draws, who is paid leaves no sooner.
        assert!(line.kept.retention >= of.nothing.retention, "{}", line.rule);
        assert!((0.0..1.0).contains(&line.inequality) && line.paid > 0 && line.paid <= of.members);
    }
    // Points that every account gets anew are worth more to an attacker than money split up.
    let sybil = |rule: &str| of.lines.iter().find(|line| line.rule == rule).unwrap().sybil;
    assert!(sybil("gift-circle").1 > sybil("gift-circle").0);
    assert!((sybil("staking").1 - sybil("staking").0).abs() < 1e-5);
    let chapter = section(&of);
    let Some(Block::Table(table)) = chapter.blocks.iter().find(|block| matches!(block, Block::Table(_)))
    else {
        unreachable!("the chapter has a table")
    };
    assert_eq!(table.rows.len(), of.lines.len());
    assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
}
