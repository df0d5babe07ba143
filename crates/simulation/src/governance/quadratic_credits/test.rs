use super::*;

#[test]
fn credits_are_conserved_whatever_is_cast() {
    let mut stream = daotwin_core::Seed(1).stream("credits");
    let credits = vec![100, 0, 9, 1_000_000, u64::MAX];
    let mut count = QuadraticCredits::new(3, credits.clone());
    let mut taken = 0;
    for _ in 0..20_000 {
        let (member, option) = (stream.below(5) as usize, stream.below(3) as usize);
        let most = 1 << stream.below(33);
        let votes = stream.below(2 * most + 1) as i64 - most as i64;
        let before = count.clone();
        if count.cast(member, option, votes) {
            taken += 1;
        } else {
            assert_eq!((count.left(member), count.net(option)), (before.left(member), before.net(option)));
        }
    }
    assert!(taken > 1_000);
    for (member, &credits) in credits.iter().enumerate() {
        let cost: u128 = count.held[member * 3..][..3].iter().map(|&votes| u128::from(square(votes))).sum();
        assert_eq!(u128::from(count.left(member)) + cost, u128::from(credits));
    }
    let all: u128 = credits.iter().map(|&credits| u128::from(credits)).sum();
    assert_eq!(count.spent() + (0..5).map(|member| u128::from(count.left(member))).sum::<u128>(), all);
    for option in 0..3 {
        let held: i128 = (0..5).map(|member| i128::from(count.held[member * 3 + option])).sum();
        assert_eq!(count.net(option), held);
    }
}

#[test]
fn the_last_credit_counts() {
    let mut count = QuadraticCredits::new(2, vec![25]);
    assert!(count.cast(0, 0, 3) && count.cast(0, 1, -4) && count.left(0) == 0);
    assert!(!count.cast(0, 0, 4));
    assert!(count.cast(0, 1, 0) && count.cast(0, 0, 5));
    assert_eq!((count.sides(0), count.sides(1)), ((5, 0), (0, 0)));
}

#[test]
fn order_of_members_does_not_matter() {
    let ballots = [(0, 0, 3), (1, 0, -2), (2, 1, 4), (0, 1, 1)];
    let count = |ballots: &mut dyn Iterator<Item = &(usize, usize, i64)>| {
        let mut count = QuadraticCredits::new(2, vec![16; 3]);
        for &(member, option, votes) in ballots {
            assert!(count.cast(member, option, votes));
        }
        (count.net(0), count.net(1), count.winner())
    };
    assert_eq!(count(&mut ballots.iter()), (1, 5, Some(1)));
    assert_eq!(count(&mut ballots.iter().rev()), (1, 5, Some(1)));
}
