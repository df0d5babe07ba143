use super::*;

fn draws(seed: u64) -> impl FnMut(f64) -> f64 {
    let mut state = seed;
    move |scale| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5) * scale
    }
}

/// Whatever is traded and whichever outcome comes true, the maker loses at most b ln n; and it comes close to that.
#[test]
fn the_loss_is_bounded() {
    for seed in 1..60 {
        let mut draw = draws(seed);
        let outcomes = 2 + seed as usize % 5;
        let mut market = Scoring::new(50.0, outcomes);
        let mut taken = 0.0;
        for _ in 0..200 {
            let outcome = ((draw(1.0) + 0.5) * outcomes as f64) as usize;
            taken += market.trade(outcome, draw(100.0));
            for &owed in market.shares() {
                assert!(owed - taken <= market.most_lost() + 1e-9);
            }
            let prices: f64 = (0..outcomes).map(|outcome| market.price(outcome)).sum();
            assert!((prices - 1.0).abs() < 1e-12);
        }
    }
    let mut market = Scoring::new(50.0, 2);
    let taken = market.trade(0, 1e6);
    assert!((1e6 - taken - market.most_lost()).abs() < 1e-6);
}

#[test]
fn costs_do_not_depend_on_the_way() {
    let mut draw = draws(4);
    let (mut once, mut often) = (Scoring::new(10.0, 3), Scoring::new(10.0, 3));
    let mut sum = 0.0;
    let mut all = 0.0;
    for _ in 0..100 {
        let shares = draw(4.0);
        all += shares;
        sum += often.trade(1, shares);
    }
    assert!((once.trade(1, all) - sum).abs() < 1e-11);
}

#[test]
fn money_buys_what_it_costs_and_prices_are_reached() {
    for seed in 1..50 {
        let mut draw = draws(seed);
        let mut market = Scoring::new(25.0, 2);
        market.trade(0, draw(200.0));
        let money = draw(40.0) + 21.0;
        let shares = market.shares_for(1, money);
        assert!((market.clone().trade(1, shares) - money).abs() < 1e-9);
        let to = draw(0.9) + 0.5;
        let shares = market.shares_to(1, to);
        market.trade(1, shares);
        assert!((market.price(1) - to).abs() < 1e-12);
    }
}

#[test]
fn large_positions_stay_finite() {
    let mut market = Scoring::new(1.0, 2);
    assert!((market.trade(0, 1e9) - (1e9 - std::f64::consts::LN_2)).abs() < 1e-6);
    assert!((market.price(0), market.price(1)) == (1.0, 0.0));
    assert!((Scoring::new(1.0, 2).shares_for(0, 1e6) - (1e6 + std::f64::consts::LN_2)).abs() < 1e-6);
}

#[test]
fn a_mean_weights_by_time_and_a_bound_holds_back_a_push() {
    let mut mean = Average::new(0, 10, 5.0, f64::INFINITY);
    mean.observe(20, 8.0);
    mean.observe(40, 2.0);
    assert_eq!(mean.mean(50), (5.0 * 10.0 + 8.0 * 20.0 + 2.0 * 10.0) / 40.0);
    let mut held = Average::new(0, 0, 5.0, 0.5);
    held.observe(10, 100.0);
    assert_eq!(held.mean(20), (5.0 * 10.0 + 5.5 * 10.0) / 20.0);
}

#[test]
fn the_margin_must_be_exceeded_and_the_close_is_out() {
    let settings = Settings {
        b: 10.0,
        low: 0.0,
        high: 1.0,
        closes_at: 100,
        counts_from: 0,
        margin: 0.0,
        most_change: None,
    };
    let mut markets = Futarchy::new(0, settings);
    assert!(!markets.adopted());
    assert_eq!(markets.trade(100, Market::Pass, true, 1.0), None);
    markets.trade(99, Market::Pass, true, 1.0).unwrap();
    assert!(markets.adopted());
}
