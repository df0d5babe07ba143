use super::*;

#[test]
fn many_small_outweigh_one_large() {
    let mut count = Quadratic::new(2);
    for _ in 0..4 {
        assert!(count.cast(&[(1, 1.0)], 1.0));
    }
    assert!(count.cast(&[(2, 1.0)], 4.0));
    // (4 x 1)^2 to (2)^2 of 8.
    assert_eq!(count.scores(), vec![8.0 * 0.8, 8.0 * 0.2]);
}

#[test]
fn who_splits_an_account_gains() {
    let (mut whole, mut split) = (Quadratic::new(2), Quadratic::new(2));
    for count in [&mut whole, &mut split] {
        assert!(count.cast(&[(2, 1.0)], 9.0));
    }
    assert!(whole.cast(&[(1, 1.0)], 9.0));
    for _ in 0..9 {
        assert!(split.cast(&[(1, 1.0)], 1.0));
    }
    assert_eq!(whole.scores(), vec![9.0, 9.0]);
    assert_eq!(split.scores()[0], 18.0 * 0.9);
}

#[test]
fn scores_add_up_to_the_power_of_valid_ballots() {
    let mut count = Quadratic::new(5);
    let mut valid = 0.0;
    for place in 1..200_u32 {
        let power = f64::from(place * 7919 % 1000) / 7.0;
        if count.cast(&[(place % 6, 1.0), (place % 6 + 1, f64::from(place % 3))], power) {
            valid += power;
        }
    }
    assert!(valid > 0.0 && count.total() > valid);
    assert!((sum(count.scores()) - valid).abs() < 1e-9 * valid);
}
