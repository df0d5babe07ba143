use super::*;

fn count(choices: u32, ballots: &[(&[u32], f64)]) -> Copeland {
    let mut count = Copeland::new(choices);
    for (ranking, power) in ballots {
        assert!(count.cast(ranking, *power), "{ranking:?}");
    }
    count
}

#[test]
fn a_contest_won_is_two_points_and_a_tie_one() {
    let found = count(3, &[(&[1, 2, 3], 1.0), (&[1, 3, 2], 1.0)]);
    // Support: the first is preferred in all of its 2 x 2 comparisons, the others in one of 4 each.
    assert_eq!(found.points(), vec![4.0 + 0.5, 1.0 + 0.125, 1.0 + 0.125]);
    assert_eq!(found.total(), 2.0);
    assert!((sum(found.scores()) - 2.0).abs() < 1e-12);
}

#[test]
fn support_never_overturns_a_contest() {
    // The first wins every contest by a hair; the second has more support against the third and fourth.
    let found = count(4, &[(&[1, 2, 3, 4], 51.0), (&[2, 3, 4, 1], 49.0)]);
    let points = found.points();
    assert!(found.support[1] > found.support[0] && points[0] > points[1], "{points:?}");
}

#[test]
fn only_full_rankings_are_valid() {
    let mut count = Copeland::new(2);
    for ranking in [&[1][..], &[], &[1, 1], &[1, 3], &[0, 1], &[1, 2, 1]] {
        assert!(!count.cast(ranking, 1.0), "{ranking:?}");
    }
    assert_eq!((count.total(), count.scores()), (0.0, vec![0.0; 2]));
}
