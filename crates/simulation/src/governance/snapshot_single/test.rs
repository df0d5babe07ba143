use super::*;

#[test]
fn choices_are_numbered_from_one() {
    let mut count = SingleChoice::new(2);
    assert!(count.cast(1, 1.0) && count.cast(2, 2.0) && count.cast(2, 0.5));
    assert!(!count.cast(0, 4.0) && !count.cast(3, 8.0) && !count.cast(u32::MAX, 16.0));
    assert_eq!((count.scores(), count.total()), (&[1.0, 2.5][..], 31.5));
}

#[test]
fn sums_round_in_the_order_of_the_ballots() {
    let mut count = SingleChoice::new(1);
    for power in [0.1, 0.2, 0.3] {
        assert!(count.cast(1, power));
    }
    assert_eq!(count.scores()[0].to_bits(), (0.1_f64 + 0.2 + 0.3).to_bits());
    assert_ne!(count.scores()[0].to_bits(), (0.3_f64 + 0.2 + 0.1).to_bits());
}
