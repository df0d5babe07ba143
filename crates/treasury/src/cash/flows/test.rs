#![cfg(test)]

use daotwin_core::Seed;

use super::super::grants::{Grant, Milestone};
use super::*;
use crate::market::impact::Venue;

#[test]
fn a_stream_pays_by_the_second_and_ends_exact() {
    let mut stream = Stream::new("s", "USDC", "ann", 1_000, 100, 300);
    assert_eq!(
        [99, 100, 101, 250, 399, 400, 9_999].map(|at| stream.due(at)),
        [0, 0, 3, 500, 996, 1_000, 1_000]
    );
    stream.cliff = 150;
    stream.step = 100;
    assert_eq!([249, 250, 300, 399, 400].map(|at| stream.due(at)), [0, 333, 666, 666, 1_000]);
    let mut ledger = Ledger::default();
    ledger.receive("USDC", Account::Treasury, 1_500).unwrap();
    stream.fund(&mut ledger).unwrap();
    assert!(stream.fund(&mut ledger).is_err());
    assert_eq!(stream.settle(260, &mut ledger).unwrap(), 333);
    assert_eq!(stream.revoke(310, &mut ledger).unwrap(), 334);
    assert_eq!(stream.settle(1_000, &mut ledger).unwrap(), 333);
    assert_eq!(ledger.balance("USDC", &Account::Treasury), 834);
    assert_eq!(ledger.balance("USDC", &Account::Escrow("s".into())), 0);
    assert!(ledger.conserves());
}

#[test]
fn a_salary_is_paid_in_periods_and_in_part_at_its_end() {
    let mut salary = Salary {
        recipient: "ann".into(),
        asset: "USDC".into(),
        amount: 700,
        period: 100,
        start: 0,
        end: Some(250),
        paid: 0,
    };
    assert_eq!([0, 99, 100, 249, 250, 900].map(|at| salary.due(at)), [0, 0, 700, 1_400, 1_750, 1_750]);
    let mut ledger = Ledger::default();
    ledger.receive("USDC", Account::Treasury, 1_000).unwrap();
    assert_eq!(salary.settle(240, &mut ledger).unwrap(), 400);
    ledger.receive("USDC", Account::Treasury, 1_000).unwrap();
    assert_eq!(salary.settle(900, &mut ledger).unwrap(), 0);
    assert_eq!(ledger.balance("USDC", &Account::Treasury), 250);
}

#[test]
fn an_emission_halves_down_to_nothing_and_stops_at_its_cap() {
    let emission = Emission {
        asset: "TKN".into(),
        first: 100,
        keep: 1,
        of: 2,
        epoch: 10,
        start: 0,
        cap: 10_000,
        made: 0,
    };
    // 100 + 50 + 25 + 12 + 6 + 3 + 1
    assert_eq!([9, 10, 29, 10_000].map(|at| emission.due(at)), [0, 100, 150, 197]);
    assert_eq!(Emission { cap: 160, ..emission.clone() }.due(10_000), 160);
    assert_eq!(
        Emission { keep: 1, of: 1, cap: u128::MAX, ..emission }.due(u64::MAX),
        100 * u128::from(u64::MAX / 10)
    );
}

/// Settles everything at these moments and returns the ledger.
fn played(seed: u64, moments: &[u64]) -> Ledger {
    let mut stream = Seed(seed).stream("cash");
    let mut amount =
        |most_bits: u64| u128::from(stream.bits()) >> (64 - most_bits.min(64)) << stream.below(40);
    let mut ledger = Ledger::default();
    let mut flows = vec![];
    let mut salaries = vec![];
    for name in ["a", "b", "c"] {
        let total = amount(60);
        ledger.receive("USDC", Account::Treasury, total).unwrap();
        let mut flow = Stream::new(name, "USDC", name, total, amount(8) as u64 % 500, amount(9) as u64 % 900);
        (flow.cliff, flow.step) = (amount(7) as u64 % 300, 1 + amount(5) as u64 % 40);
        flow.fund(&mut ledger).unwrap();
        flows.push(flow);
        salaries.push(Salary {
            recipient: name.into(),
            asset: "USDC".into(),
            amount: amount(20) % 100_000,
            period: 1 + amount(6) as u64 % 60,
            start: amount(7) as u64 % 300,
            end: Some(700),
            paid: 0,
        });
    }
    let mut revenue =
        Revenue { asset: "USDC".into(), amount: amount(50), seconds: 31, start: 5, received: 0 };
    let mut emission = Emission {
        asset: "TKN".into(),
        first: amount(50),
        keep: 9,
        of: 10,
        epoch: 20,
        start: 0,
        cap: u128::MAX,
        made: 0,
    };
    let mut grant = Grant {
        name: "g".into(),
        asset: "TKN".into(),
        recipient: "g".into(),
        milestones: (1..=3).map(|k| Milestone { at: 200 * k, amount: amount(30) % 1_000_000 }).collect(),
        judged: 0,
        ended: false,
    };
    ledger.mint("TKN", Account::Treasury, 10_000_000).unwrap();
    grant.fund(&mut ledger).unwrap();
    let mut judge = Seed(seed).stream("judge");
    for at in moments {
        revenue.settle(*at, &mut ledger).unwrap();
        emission.settle(*at, &mut ledger).unwrap();
        grant.settle(*at, 0.7, &mut judge, &mut ledger).unwrap();
        for (flow, salary) in flows.iter_mut().zip(&mut salaries) {
            flow.settle(*at, &mut ledger).unwrap();
            salary.settle(*at, &mut ledger).unwrap();
            if *at >= 450 && flow.name == "b" {
                flow.revoke(450, &mut ledger).unwrap();
            }
        }
        assert!(ledger.conserves(), "seed {seed}, {at}");
    }
    ledger
}

#[test]
fn everything_is_conserved_and_often_or_seldom_settled_comes_to_the_same() {
    for seed in 0..200 {
        let every: Vec<u64> = (0..=1_500).collect();
        let often = played(seed, &every);
        let seldom = played(seed, &[450, 1_500]);
        for asset in ["USDC", "TKN"] {
            // What salaries find in the treasury depends on when they ask; what all hold together does not.
            assert_eq!(often.held(asset), seldom.held(asset), "seed {seed}");
            assert_eq!(often.totals(asset), seldom.totals(asset), "seed {seed}");
        }
        for name in ["a", "b", "c"] {
            let escrow = Account::Escrow(name.into());
            assert_eq!(often.balance("USDC", &escrow), 0, "seed {seed}");
        }
    }
}

#[test]
fn a_buy_back_spends_its_share_and_destroys_what_it_bought() {
    let impact =
        Impact::new(Venue::ConstantProduct { value_at_one: 2_000_000.0, fee: 0.003 }, 0.5, 7.0).unwrap();
    let rule = BuyBack {
        asset: "USDC".into(),
        decimals: 6,
        own: "TKN".into(),
        own_decimals: 18,
        share: 2_500,
        burn: true,
    };
    let mut ledger = Ledger::default();
    ledger.receive("USDC", Account::Treasury, 40_000_000_001).unwrap();
    let mut pressure = Pressure::default();
    let (spent, bought) = rule.settle(40_000_000_001, 2.0, &impact, &mut pressure, &mut ledger).unwrap();
    assert_eq!(spent, 10_000_000_000);
    assert!(bought > 4_900 * 10_u128.pow(18) && bought < 5_000 * 10_u128.pow(18), "{bought}");
    assert!(pressure.factor() > 1.0);
    assert_eq!((ledger.balance("TKN", &Account::Treasury), ledger.totals("TKN").burned), (0, bought));
    assert!(ledger.conserves());
}
