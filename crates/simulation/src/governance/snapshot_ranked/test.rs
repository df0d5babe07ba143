use super::*;

/// The rankings with these powers, all taken.
fn count(choices: u32, partial: bool, ballots: &[(&[u32], f64)]) -> RunOff {
    let mut count = RankedChoice::new(choices, partial);
    for (ranking, power) in ballots {
        assert!(count.cast(ranking, *power), "{ranking:?}");
    }
    count.count()
}

#[test]
fn power_of_the_eliminated_moves_on() {
    let found = count(3, false, &[(&[1, 2, 3], 4.0), (&[2, 1, 3], 3.0), (&[3, 2, 1], 2.0)]);
    assert_eq!(found.scores, vec![4.0, 5.0, 0.0]);
    assert_eq!(found.order, vec![2, 1, 3]);
    assert_eq!(found.rounds, vec![vec![(1, 4.0), (2, 3.0), (3, 2.0)], vec![(2, 5.0), (1, 4.0)]]);
}

#[test]
fn half_is_not_enough_and_of_equal_lowest_the_lowest_number_goes() {
    let found = count(3, false, &[(&[3, 1, 2], 2.0), (&[1, 2, 3], 1.0), (&[2, 1, 3], 1.0)]);
    assert_eq!(found.rounds.len(), 2);
    assert_eq!(found.order, vec![2, 3, 1]);
    assert_eq!(found.scores, vec![0.0, 2.0, 2.0]);
}

#[test]
fn exhausted_ballots_leave_the_majority() {
    // 4 of 10 are no majority; when the 3 of the first choice are exhausted, 4 of 7 are.
    let found = count(4, true, &[(&[2], 4.0), (&[1], 3.0), (&[3], 3.0)]);
    assert_eq!(found.scores, vec![0.0, 4.0, 3.0, 0.0]);
    assert_eq!(found.order, vec![2, 3, 1, 4], "nobody ranked the fourth");
    assert_eq!(found.rounds.len(), 2);
}

#[test]
fn only_full_rankings_are_valid_where_partial_ones_are_not_let_in() {
    let mut count = RankedChoice::new(3, false);
    for ranking in [&[1, 2][..], &[], &[1, 2, 2], &[1, 2, 4], &[0, 1, 2], &[1, 2, 3, 1]] {
        assert!(!count.cast(ranking, 1.0), "{ranking:?}");
    }
    assert_eq!(count.total(), 6.0);
    assert_eq!(count.count().scores, vec![0.0; 3]);
    let mut count = RankedChoice::new(3, true);
    assert!(count.cast(&[3, 1], 1.0) && !count.cast(&[], 1.0) && !count.cast(&[1, 1], 1.0));
}
