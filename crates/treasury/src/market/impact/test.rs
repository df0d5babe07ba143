#![cfg(test)]

use super::*;

const POOL: Venue = Venue::ConstantProduct { value_at_one: 2_000_000.0, fee: 0.0 };

fn venues() -> [Venue; 3] {
    [
        POOL,
        Venue::OrderBook { depth: 50_000.0, shape: BookShape::Even, fee: 0.0 },
        Venue::OrderBook { depth: 50_000.0, shape: BookShape::Rising, fee: 0.0 },
    ]
}

#[test]
fn a_pool_keeps_its_product() {
    // 1,000,000 tokens and 1,000,000 dollars at price 1: selling 250,000 leaves 800,000 dollars.
    let impact = Impact::new(POOL, 0.0, 0.0).unwrap();
    let mut pressure = Pressure::default();
    let sale = impact.sell(250_000.0, 1.0, &mut pressure);
    assert!((sale.dollars - 200_000.0).abs() < 1e-6, "{sale:?}");
    assert!((pressure.factor() - 0.8 / 1.25).abs() < 1e-12, "{pressure:?}");
    // Spending what was received buys the tokens back, at the price that is left.
    let purchase = impact.buy(sale.dollars, 1.0, &mut pressure);
    assert!((purchase.tokens - 250_000.0).abs() < 1e-6, "{purchase:?}");
    assert!((pressure.factor() - 1.0).abs() < 1e-12);
}

#[test]
fn proceeds_are_the_integral_of_the_price_along_the_way() {
    for venue in venues() {
        let impact = Impact::new(venue, 0.0, 0.0).unwrap();
        let whole = impact.sell(30_000.0, 1.7, &mut Pressure::default());
        // A second method for a pool: many small sales in a row, each at the price that the last left. A book's
        // resting orders are stated from the price of a moment, so that there it holds for its own distances alone.
        if venue == POOL {
            let mut pressure = Pressure::default();
            let parts: f64 = (0..1_000).map(|_| impact.sell(30.0, 1.7, &mut pressure).dollars).sum();
            assert!((parts / whole.dollars - 1.0).abs() < 1e-9, "{venue:?}: {parts} {whole:?}");
        }
        let average = whole.dollars / whole.tokens;
        assert!(average < 1.7 && average > 1.7 * whole.log_move.exp(), "{venue:?}: {whole:?}");
        // Marginal proceeds are the price at the end of the way.
        let more = impact.sell(30_000.01, 1.7, &mut Pressure::default());
        let marginal = (more.dollars - whole.dollars) / 0.01;
        assert!(
            (marginal / (1.7 * whole.log_move.exp()) - 1.0).abs() < 1e-4,
            "{venue:?}: {marginal} {whole:?}"
        );
    }
}

#[test]
fn impact_grows_as_the_book_says() {
    let move_of = |shape, tokens| {
        let impact = Impact::new(Venue::OrderBook { depth: 50_000.0, shape, fee: 0.001 }, 0.0, 0.0).unwrap();
        impact.sell(tokens, 1.0, &mut Pressure::default()).log_move
    };
    assert!((move_of(BookShape::Even, 50_000.0) + 0.02).abs() < 1e-12);
    assert!((move_of(BookShape::Even, 200_000.0) + 0.08).abs() < 1e-12);
    assert!((move_of(BookShape::Rising, 50_000.0) + 0.02).abs() < 1e-12);
    assert!((move_of(BookShape::Rising, 200_000.0) + 0.04).abs() < 1e-12);
}

#[test]
fn a_sale_for_dollars_brings_them_or_sells_everything() {
    for venue in venues() {
        let impact = Impact::new(venue, 0.3, 10.0).unwrap();
        let sale = impact.sell_for(10_000.0, 1e9, 2.0, &mut Pressure::default());
        assert!((sale.dollars - 10_000.0).abs() < 1e-6, "{venue:?}: {sale:?}");
        let all = impact.sell_for(10_000.0, 100.0, 2.0, &mut Pressure::default());
        assert!(all.tokens == 100.0 && all.dollars < 200.0, "{venue:?}: {all:?}");
    }
}

#[test]
fn a_part_of_the_move_fades_and_a_part_stays() {
    let impact = Impact::new(POOL, 0.25, 7.0).unwrap();
    let mut pressure = Pressure::default();
    let whole = impact.sell(100_000.0, 1.0, &mut pressure).log_move;
    impact.rest(7.0, &mut pressure);
    assert!((pressure.factor().ln() - whole * (0.25 + 0.375)).abs() < 1e-12, "{pressure:?}");
    impact.rest(1e4, &mut pressure);
    assert!((pressure.factor().ln() - whole * 0.25).abs() < 1e-9, "{pressure:?}");
}

#[test]
fn bad_numbers_are_all_told_at_once() {
    let message = Impact::new(Venue::ConstantProduct { value_at_one: 0.0, fee: 1.0 }, 2.0, -1.0)
        .unwrap_err()
        .to_string();
    for place in ["impact.value_at_one", "impact.fee", "impact.permanent", "impact.half_life_days"] {
        assert!(message.contains(place), "{message}");
    }
}
