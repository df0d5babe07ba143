use super::*;

#[test]
fn a_spoilt_ballot_leaves_no_trace_but_in_the_total() {
    let mut count = Approval::new(3);
    assert!(!count.cast(&[1, 2, 1], 1.0) && !count.cast(&[1, 4], 2.0) && !count.cast(&[0], 4.0));
    assert_eq!((count.scores(), count.total()), (&[0.0; 3][..], 7.0));
    assert!(count.cast(&[2, 1], 0.5) && count.cast(&[], 0.25));
    assert_eq!((count.scores(), count.total()), (&[0.5, 0.5, 0.0][..], 7.75));
}

#[test]
fn one_choice_each_is_a_single_choice() {
    let (mut approval, mut single) = (Approval::new(4), super::super::snapshot_single::SingleChoice::new(4));
    for place in 0..100_u32 {
        let power = f64::from(place).sqrt();
        assert_eq!(approval.cast(&[place % 6], power), single.cast(place % 6, power));
    }
    assert_eq!((approval.scores(), approval.total()), (single.scores(), single.total()));
}
