#![cfg(test)]
use daotwin_core::{Run, Seed};

use super::allocator::{self, ALLOCATORS, Question};
use super::frontier;
use super::judge::{Tuning, difference, recommend, score, tune};
use super::policy::{FAMILIES, TreasuryPolicy, build, features, find, usual};
use super::simulator::{Asset, Bills, Futures, Kind, Outcomes, State, Treasury, benchmark, simulate};
use crate::Error;
use crate::market::Paths;
use crate::market::impact::{BookShape, Impact, Pressure, Venue};

/// A venue so deep that a sale moves nothing, without fees.
fn deep() -> Impact {
    Impact::new(Venue::OrderBook { depth: 1e15, shape: BookShape::Even, fee: 0.0 }, 0.0, 0.0).unwrap()
}

fn shallow() -> Impact {
    Impact::new(Venue::OrderBook { depth: 1e5, shape: BookShape::Even, fee: 0.003 }, 0.3, 10.0).unwrap()
}

/// Prices that never move.
fn flat(paths: usize, months: usize) -> Paths {
    let assets = ["own", "ETH", "BTC"].map(str::to_owned).to_vec();
    Paths { log_returns: vec![0.0; paths * months * assets.len()], assets, paths, steps: months }
}

fn moving(paths: usize, months: usize, seed: u64) -> Paths {
    let streams = Seed(seed).streams("test market");
    let mut market = flat(paths, months);
    for path in 0..paths {
        let mut stream = streams.stream(path as u64);
        for month in 0..months {
            let common = stream.normal();
            for (asset, scale) in [0.3, 0.2, 0.15].into_iter().enumerate() {
                market.log_returns[(path * months + month) * 3 + asset] =
                    scale * (0.7 * common + 0.7 * stream.normal()) - 0.5 * scale * scale;
            }
        }
    }
    market
}

/// Nothing costs and nothing grows: every month takes 1 of 20.
fn frictionless() -> Treasury {
    let mut treasury = benchmark(deep(), "own", ["ETH", "BTC"]);
    for asset in &mut treasury.assets {
        asset.fee = 0.0;
        if let Kind::Stable { interest, losses, .. } = &mut asset.kind {
            (*interest, *losses) = (0.0, 0.0);
        }
    }
    treasury.bills =
        Bills { payroll: 1e6, growth: 0.0, grants: 0.0, every: 0, success: 1.0, count: 1, revenue: 0.0 };
    treasury
}

#[test]
fn every_family_has_a_card_a_name_of_its_own_and_usual_values_within_bounds() {
    let treasury = benchmark(shallow(), "own", ["ETH", "BTC"]);
    let futures = Futures::new(&treasury, &moving(20, 30, 1), Seed(1)).unwrap();
    for (at, family) in FAMILIES.iter().enumerate() {
        let name = family.name();
        assert!(FAMILIES[..at].iter().all(|other| other.name() != name));
        assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'), "{name}");
        assert_eq!(find(name).unwrap().name(), name);
        let card = family.card();
        assert!(
            [card.purpose, card.source, card.limits]
                .iter()
                .all(|text| text.len() > 20 && text.ends_with('.'))
        );
        let values = usual(*family);
        for (parameter, value) in family.parameters().iter().zip(&values) {
            assert!(
                parameter.low < parameter.high && (parameter.low..=parameter.high).contains(value),
                "{name}"
            );
            assert!(!parameter.meaning.is_empty());
        }
        build(*family, &values, &treasury, &futures).unwrap();
        // Whatever the values within their bounds, a policy can be made and played.
        for high in [false, true] {
            let corner: Vec<f64> = family
                .parameters()
                .iter()
                .map(|parameter| if high { parameter.high } else { parameter.low })
                .collect();
            let policy = build(*family, &corner, &treasury, &futures).unwrap();
            let found = simulate(&treasury, &futures, policy.as_ref());
            assert!(found.runway.iter().all(|months| (0.0..=30.0).contains(months)), "{name}");
            assert!(found.value.iter().all(|value| value.is_finite() && *value >= 0.0), "{name}");
            assert!(found.drawdown.iter().all(|fall| (0.0..=1.0).contains(fall)), "{name}");
        }
        let mut outside: Vec<f64> =
            family.parameters().iter().map(|parameter| parameter.high + 1.0).collect();
        outside.push(0.0);
        let Err(Error::Parameters { problems }) = build(*family, &outside, &treasury, &futures) else {
            panic!()
        };
        assert_eq!(problems.len(), outside.len(), "{name}: one problem a value, and one for their number");
    }
    assert!(find("no-such-policy").err().unwrap().to_string().contains("`sell-down`"));
}

#[test]
fn where_nothing_costs_or_moves_every_policy_lasts_what_there_is() {
    let treasury = frictionless();
    let futures = Futures::new(&treasury, &flat(3, 40), Seed(1)).unwrap();
    for family in FAMILIES {
        let policy = build(*family, &usual(*family), &treasury, &futures).unwrap();
        let found = simulate(&treasury, &futures, policy.as_ref());
        for months in &found.runway {
            assert!((months - 20.0).abs() < 1e-6, "{}: {months}", family.name());
        }
    }
    // Costs show: the same treasury on a shallow market lasts shorter.
    let costly = Treasury { impact: shallow(), ..treasury };
    let policy =
        build(find("sell-down").unwrap(), &usual(find("sell-down").unwrap()), &costly, &futures).unwrap();
    assert!(simulate(&costly, &futures, policy.as_ref()).runway[0] < 18.0);
}

/// Named for the simulator: what comes in pays grants and promises too, does not grow, and what is left over is kept.
#[test]
fn a_simulator_nets_revenue_against_every_bill_and_keeps_the_rest() {
    let mut treasury = frictionless();
    treasury.assets[3].dollars = 2e7;
    let start = treasury.value();
    treasury.bills =
        Bills { payroll: 1e6, growth: 1.0, grants: 3e6, every: 3, success: 1.0, count: 1, revenue: 1.5e6 };
    let futures = Futures::new(&treasury, &flat(2, 24), Seed(1)).unwrap();
    let due = |month: usize| {
        let round = if month % 3 == 2 { 3e6 } else { 0.0 };
        1e6 * 2.0_f64.powf(month as f64 / 12.0) + round - 1.5e6
    };
    for month in 0..24 {
        assert!((futures.bill(1, month) - due(month)).abs() < 1.0, "{month}: {}", futures.bill(1, month));
    }
    assert!(futures.bill(0, 0) < 0.0);
    treasury.plan = 12;
    let policy = build(find("hold").unwrap(), &[], &treasury, &futures).unwrap();
    let found = simulate(&treasury, &futures, policy.as_ref());
    let left = start - (0..12).map(due).sum::<f64>();
    assert!((found.value[0] - left).abs() < 100.0, "{} {left}", found.value[0]);
    // A surplus lasts, and is no rise that a later fall is counted from.
    treasury.bills = Bills { payroll: 1.0, growth: 0.0, grants: 0.0, revenue: 1e6, ..treasury.bills.clone() };
    let futures = Futures::new(&treasury, &flat(2, 24), Seed(1)).unwrap();
    let found = simulate(&treasury, &futures, policy.as_ref());
    assert!(found.runway[0] >= 24.0 && found.drawdown[0] < 1e-6, "{found:?}");
    assert!((found.value[0] - start - 12.0 * (1e6 - 1.0)).abs() < 100.0, "{found:?}");
    treasury.bills.revenue = -1.0;
    treasury.bills.payroll = 0.0;
    let Err(Error::Parameters { problems }) = treasury.check() else { panic!() };
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn a_sale_of_the_own_token_is_paid_and_moves_the_price_as_its_venue_says() {
    struct SellOnce;
    impl TreasuryPolicy for SellOnce {
        fn orders(&self, state: &State<'_>, orders: &mut [f64]) {
            if state.month == 0 {
                orders[0] = -4e6;
            }
        }
    }
    let mut treasury = frictionless();
    treasury.impact = shallow();
    treasury.plan = 1;
    let futures = Futures::new(&treasury, &flat(1, 2), Seed(1)).unwrap();
    let found = simulate(&treasury, &futures, &SellOnce);
    let mut pressure = Pressure::default();
    let trade = treasury.impact.sell(4e6, 1.0, &mut pressure);
    treasury.impact.rest(30.0, &mut pressure);
    let expected = 12e6 * pressure.factor() + 4e6 + trade.dollars - 1e6;
    assert!((found.value[0] - expected).abs() < 1e-3, "{} is not {expected}", found.value[0]);
    assert!((found.turnover[0] / 12.0 - trade.dollars / 20e6).abs() < 1e-12);
}

#[test]
fn a_sale_for_a_move_makes_that_move() {
    let fee = 0.003;
    for venue in [
        Venue::ConstantProduct { value_at_one: 1e6, fee },
        Venue::OrderBook { depth: 1e5, shape: BookShape::Even, fee },
        Venue::OrderBook { depth: 1e5, shape: BookShape::Rising, fee },
    ] {
        let impact = Impact::new(venue, 0.0, 1.0).unwrap();
        for (price, log_move) in [(1.0, 0.3), (0.4, 0.02), (2.5, 1.1)] {
            let dollars = super::policy::sale_for_move(&impact, price, log_move);
            let trade = impact.sell(dollars / price, price, &mut Pressure::default());
            assert!(
                (trade.log_move + log_move).abs() < 1e-12,
                "{venue:?}: {} is not {log_move}",
                trade.log_move
            );
        }
    }
}

#[test]
fn bills_that_cash_cannot_pay_are_paid_from_the_safest_asset_first() {
    let mut treasury = frictionless();
    treasury.assets = vec![
        Asset { name: "own".to_owned(), kind: Kind::Own, dollars: 3e6, fee: 0.0 },
        Asset { name: "stable".to_owned(), kind: Kind::Cash, dollars: 1e6, fee: 0.0 },
    ];
    let mut market = flat(1, 6);
    // The own token halves in the first month: what is left of 3 pays one and a half of two months.
    market.log_returns[0] = 0.5_f64.ln();
    let futures = Futures::new(&treasury, &market, Seed(1)).unwrap();
    let hold = build(find("hold").unwrap(), &[], &treasury, &futures).unwrap();
    let found = simulate(&treasury, &futures, hold.as_ref());
    assert!((found.runway[0] - 2.5).abs() < 1e-6, "{}", found.runway[0]);
    // After the first bill the own token is all there is, and halves; what bills take is no fall.
    assert!((found.drawdown[0] - 0.5).abs() < 1e-6, "{}", found.drawdown[0]);
}

#[test]
fn outcomes_are_the_same_on_any_number_of_threads() {
    let treasury = benchmark(shallow(), "own", ["ETH", "BTC"]);
    let market = moving(200, 30, 4);
    let played = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let futures = Futures::new(&treasury, &market, Seed(2)).unwrap();
            let family = find("cvar-mpc").unwrap();
            let policy = build(family, &usual(family), &treasury, &futures).unwrap();
            simulate(&treasury, &futures, policy.as_ref())
        })
    };
    assert_eq!(played(1), played(3));
}

#[test]
fn a_learned_policy_plays_beside_the_families() {
    /// A layer of weights over the features: the share of the own token that is sold.
    struct Network([f64; super::policy::FEATURES]);
    impl TreasuryPolicy for Network {
        fn orders(&self, state: &State<'_>, orders: &mut [f64]) {
            let sum: f64 = self.0.iter().zip(features(state)).map(|(weight, value)| weight * value).sum();
            orders[0] = -state.values[0] / (1.0 + (-sum).exp());
        }
    }
    let treasury = benchmark(shallow(), "own", ["ETH", "BTC"]);
    let futures = Futures::new(&treasury, &moving(300, 50, 4), Seed(2)).unwrap();
    let learned = simulate(&treasury, &futures, &Network([-0.5; super::policy::FEATURES]));
    let hold = build(find("hold").unwrap(), &[], &treasury, &futures).unwrap();
    let lead = difference(&learned, &simulate(&treasury, &futures, hold.as_ref()), 200, Seed(1)).unwrap();
    assert!(lead.interval.0 > 0.0 && lead.interval.0 <= lead.months && lead.months <= lead.interval.1);
}

fn outcomes(runway: Vec<f64>) -> Outcomes {
    let zeros = vec![0.0; runway.len()];
    Outcomes { value: zeros.clone(), turnover: zeros.clone(), drawdown: zeros, runway, plan: 36, months: 60 }
}

#[test]
fn differences_are_paired_by_path() {
    let mut stream = Seed(5).stream("runways");
    let runway: Vec<f64> = (0..2_000).map(|_| 30.0 + 10.0 * stream.normal()).collect();
    let first = outcomes(runway.clone());
    let same = difference(&first, &first, 200, Seed(1)).unwrap();
    assert_eq!((same.months, same.interval), (0.0, (0.0, 0.0)));
    let shifted = outcomes(runway.iter().map(|months| months + 0.01).collect());
    let lead = difference(&shifted, &first, 200, Seed(1)).unwrap();
    assert!((lead.interval.0 - 0.01).abs() < 1e-9 && (lead.interval.1 - 0.01).abs() < 1e-9);
    // Without the pairs so small a lead is lost in chance.
    let mut turned = shifted.runway.clone();
    turned.rotate_left(1);
    let lead = difference(&outcomes(turned), &first, 200, Seed(1)).unwrap();
    assert!(lead.interval.0 < 0.0 && lead.interval.1 > 0.0);
    assert!(difference(&first, &outcomes(vec![1.0]), 10, Seed(1)).is_err());
}

#[test]
fn scores_are_those_of_the_paths() {
    let mut found = outcomes((0..100).map(f64::from).collect());
    found.value = (0..100).map(|path| if path < 36 { 0.0 } else { f64::from(path) }).collect();
    let score = score(&found);
    assert!((score.runway_p10 - 9.9).abs() < 1e-12 && (score.runway_p50 - 49.5).abs() < 1e-12);
    assert!((score.ruin - 0.36).abs() < 1e-12 && (score.censored - 0.40).abs() < 1e-12);
    assert_eq!(score.worst_value, 0.0);
}

#[test]
fn a_search_betters_the_usual_values_and_a_recommendation_names_its_reasons() {
    let treasury = benchmark(shallow(), "own", ["ETH", "BTC"]);
    let futures = Futures::new(&treasury, &moving(400, 45, 4), Seed(2)).unwrap();
    let unseen = Futures::new(&treasury, &moving(200, 45, 5), Seed(3)).unwrap();
    let tuning = Tuning { evaluations: 60, paths: 100, seed: Seed(1) };
    let run = Run::default();
    let family = find("buckets").unwrap();
    let played = |values: &[f64]| {
        let policy = build(family, values, &treasury, &futures).unwrap();
        score(&simulate(&treasury, &unseen, policy.as_ref())).runway_p10
    };
    let tuned = tune(family, &treasury, &futures, &tuning, &run).unwrap();
    assert!(played(&tuned) > played(&usual(family)) + 0.5);
    let found = recommend(&treasury, &futures, &unseen, &tuning, &run).unwrap();
    assert_eq!(found.table.len(), FAMILIES.len());
    assert_eq!(found.leads.len(), FAMILIES.len() - 1);
    assert!(found.leads.iter().all(|(name, _)| *name != found.chosen.family));
    assert!(found.reasons.len() >= found.leads.len());
    assert_eq!(found.triggers.len(), found.chosen.values.len());
    assert!(found.triggers.iter().any(|trigger| trigger.lost > 0.1), "{:?}", found.triggers);
    // Four fifths in a token that earns nothing: the first order sells of it, and no more than there is.
    assert!(found.orders[0].0 == "own" && (-16e6..-1e5).contains(&found.orders[0].1), "{:?}", found.orders);
    let again = recommend(&treasury, &futures, &unseen, &tuning, &run).unwrap();
    assert_eq!(found, again);
    run.cancel.cancel();
    assert!(recommend(&treasury, &futures, &unseen, &tuning, &run).is_err());
}

#[test]
fn every_problem_of_a_treasury_is_told_at_once() {
    let mut treasury = frictionless();
    treasury.assets[0].dollars = -1.0;
    treasury.assets[3].kind = Kind::Volatile;
    treasury.bills.growth = 100.0;
    treasury.plan = 0;
    let Err(Error::Parameters { problems }) = treasury.check() else { panic!() };
    assert_eq!(problems.len(), 4, "{problems:?}");
    let treasury = benchmark(deep(), "unknown", ["ETH", "SOL"]);
    let Err(Error::Parameters { problems }) = Futures::new(&treasury, &flat(1, 1), Seed(1)) else { panic!() };
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn prices_and_bills_that_run_away_are_refused_and_worthless_ones_stay_finite() {
    let treasury = benchmark(deep(), "own", ["ETH", "BTC"]);
    let with = |returns: &[(usize, f64)]| {
        let mut market = flat(2, 3);
        returns.iter().for_each(|&(place, value)| market.log_returns[place] = value);
        market
    };
    // Path 1 begins at 9; of a month's three returns ETH's is the second.
    let market = with(&[(9, f64::NAN), (10, 90.0), (5, 50.0), (8, 50.0)]);
    let Err(Error::Parameters { problems }) = Futures::new(&treasury, &market, Seed(1)) else { panic!() };
    let expected = [
        "`own` runs away on path 1 in month 0",
        "`ETH` runs away on path 1",
        "`BTC` runs away on path 0 in month 2",
    ];
    assert!(
        expected.iter().zip(&problems).all(|(expected, told)| told.starts_with(expected)),
        "{problems:?}"
    );
    assert_eq!(problems.len(), 3, "{problems:?}");
    let mut costly = treasury.clone();
    costly.bills.growth = 9.0;
    let Err(Error::Parameters { problems }) = Futures::new(&costly, &flat(1, 600), Seed(1)) else { panic!() };
    assert!(problems.len() == 1 && problems[0].contains("bills grow"), "{problems:?}");
    // An own token that loses all, for ever, and a market of the others that does: nothing is paid with them, nothing breaks.
    let dead = with(&[(0, -800.0), (3, -800.0), (6, f64::NEG_INFINITY), (1, -900.0), (9, -3.0)]);
    let futures = Futures::new(&treasury, &dead, Seed(1)).unwrap();
    for family in FAMILIES {
        let policy = build(*family, &usual(*family), &treasury, &futures).unwrap();
        let found = simulate(&treasury, &futures, policy.as_ref());
        assert!(found.value.iter().chain(&found.runway).all(|value| value.is_finite()), "{}", family.name());
    }
}

#[test]
fn every_allocator_has_a_card_and_gives_weights_that_flee_from_risk() {
    let treasury = benchmark(shallow(), "own", ["ETH", "BTC"]);
    let futures = Futures::new(&treasury, &moving(600, 24, 4), Seed(2)).unwrap();
    let question = Question { treasury: &treasury, futures: &futures, months: 12, level: 0.9, reward: 0.1 };
    let run = Run::default();
    for (at, allocator) in ALLOCATORS.iter().enumerate() {
        let name = allocator.name();
        assert!(ALLOCATORS[..at].iter().all(|other| other.name() != name));
        let card = allocator.card();
        assert!(
            [card.purpose, card.source, card.limits]
                .iter()
                .all(|text| text.len() > 20 && text.ends_with('.'))
        );
        let weights = allocator.allocate(&question, &run).unwrap();
        assert_eq!(weights, allocator::find(name).unwrap().allocate(&question, &run).unwrap());
        assert!(
            (weights.iter().sum::<f64>() - 1.0).abs() < 1e-9 && weights.iter().all(|weight| *weight >= -1e-9)
        );
        // Four fifths are held today of a token that earns nothing and moves most.
        assert!(weights[0] < 0.75, "{name}: {weights:?}");
        // Where mean return counts for more than any risk and the own token doubles in a year, it is kept.
        let mut rising = moving(600, 24, 4);
        rising.log_returns.iter_mut().step_by(3).for_each(|value| *value += 0.06);
        let rising = Futures::new(&treasury, &rising, Seed(2)).unwrap();
        let greedy = Question { futures: &rising, reward: 1e3, ..question };
        assert!(allocator.allocate(&greedy, &run).unwrap()[0] > weights[0], "{name}");
        assert!(allocator.allocate(&Question { months: 99, ..question }, &run).is_err());
        assert!(allocator.allocate(&Question { level: 1.0, ..question }, &run).is_err());
    }
    assert!(allocator::find("none").err().unwrap().to_string().contains("`multistage`"));
}

#[test]
fn the_frontier_says_what_it_costs_to_get_there() {
    let treasury = benchmark(shallow(), "own", ["ETH", "BTC"]);
    let futures = Futures::new(&treasury, &moving(600, 24, 4), Seed(2)).unwrap();
    let found = frontier(&treasury, &futures, 6, 0.95, 5).unwrap();
    assert_eq!((found.points.len(), found.assets.len()), (5, 5));
    assert!(found.points[0].portfolio.risk < found.today.risk);
    let sold = treasury.impact.sell(16e6, 1.0, &mut Pressure::default()).dollars;
    let all_cash = super::frontier::cost(&treasury, &[0.0, 0.0, 0.0, 1.0, 0.0]);
    let fees = 2.0 * 1e6 * 0.002 + 1e6 * 0.0005;
    assert!((all_cash - (16e6 - sold + fees) / 20e6).abs() < 1e-12);
    assert_eq!(super::frontier::cost(&treasury, &super::frontier::weights(&treasury)), 0.0);
    assert!(frontier(&treasury, &futures, 6, 0.95, 1).is_err());
}
