use super::*;

#[test]
fn power_is_split_and_conserved() {
    let mut count = Weighted::new(3);
    assert!(count.cast(&[(1, 1.0), (3, 3.0)], 8.0) && count.cast(&[(2, 0.1)], 4.0));
    let scores = count.scores();
    for (score, expected) in scores.iter().zip([2.0, 4.0, 6.0]) {
        assert!((score - expected).abs() < 1e-12, "{scores:?}");
    }
}

#[test]
fn weights_are_relative_and_in_order() {
    let mut count = Weighted::new(2);
    assert!(!count.cast(&[(2, 1.0), (1, 1.0)], 1.0), "choices must go upwards");
    assert!(!count.cast(&[(1, 1.0), (1, 1.0)], 1.0), "a choice twice");
    assert!(
        !count.cast(&[(1, -1.0), (2, 2.0)], 1.0) && !count.cast(&[], 1.0) && !count.cast(&[(2, 0.0)], 1.0)
    );
    assert_eq!((count.scores(), count.total()), (vec![0.0; 2], 5.0));
    let mut twice = count.clone();
    assert!(count.cast(&[(1, 1.0), (2, 3.0)], 7.0) && twice.cast(&[(1, 2.0), (2, 6.0)], 7.0));
    assert_eq!(count.scores(), twice.scores());
}

#[test]
fn a_quotient_that_is_no_number_counts_zero() {
    assert_eq!((percent(0.0, 0.0), percent(1.0, 4.0)), (0.0, 25.0));
}
