#![cfg(test)]

use super::*;

#[test]
fn the_length_is_that_of_the_papers() {
    // x = 0.6 x + u, with u from the linear congruential generator of ANSI C.
    let (mut state, mut x) = (7_u64, 0.0);
    let series: Vec<f64> = (0..500)
        .map(|_| {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            x = 0.6 * x + (state as f64 / (1_u64 << 31) as f64 - 0.5);
            x
        })
        .collect();
    // The papers' formulas in numpy: the last lag that matters is 3. arch 8.0.0 takes the first that does not, 4, and
    // has 10.06.
    let length = best_length(&series).unwrap();
    assert!((length - 9.402231092086861).abs() < 1e-9, "{length}");
    assert_eq!(best_length(&[1.0; 200]), None);
}

#[test]
fn blocks_are_real_days_in_order_and_of_geometric_length() {
    let n = 400;
    // Each day's return is its number, so that a path tells where it was taken from.
    let returns: Vec<f64> = (0..n).flat_map(|day| [f64::from(day), -f64::from(day)]).collect();
    let panel = Panel::new(vec!["A".into(), "B".into()], returns).unwrap();
    let fitted = Fitted { panel, mean_length: 8.0 };
    let steps = 40_000;
    let mut out = vec![0.0; 2 * steps];
    fitted.path(&Draws::new(Seed(3)), 0, &mut out);
    assert!(out.chunks_exact(2).all(|row| row[0] == -row[1]));
    let days: Vec<f64> = out.iter().step_by(2).copied().collect();
    let breaks = days.windows(2).filter(|two| two[1] != (two[0] + 1.0) % f64::from(n)).count() as f64;
    // Binomial: 40,000 chances of 1/8, of which 1/400 goes on by accident; deviation 66; five of them.
    assert!((breaks - 40_000.0 / 8.0 * (1.0 - 1.0 / 400.0)).abs() < 330.0, "{breaks}");
    let mean = daotwin_core::statistics::mean(&days);
    // The mean of about 5,000 independent blocks, wrapped, is 199.5 with a deviation near 1.6.
    assert!((mean - 199.5).abs() < 9.0, "{mean}");
}
