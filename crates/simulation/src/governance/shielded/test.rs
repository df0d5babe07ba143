use super::*;

const SETTINGS: Settings = Settings { closes_at: 100, keypers: 5, threshold: 3 };

#[test]
fn nothing_but_turnout_is_seen_before_the_close() {
    let mut ballots = Ballots::new(SETTINGS, 2);
    assert!(ballots.cast(0, 0, 1, Amount(5)));
    assert!(ballots.cast(99, 1, 0, Amount(3)));
    assert!(!ballots.cast(100, 2, 0, Amount(3)));
    for colluding in 0..=5 {
        let keypers = Keypers { colluding, answering: 5 };
        let public = ballots.public(99, keypers);
        assert_eq!((public.ballots, public.power, public.tally), (2, Amount(8), None));
        assert_eq!(ballots.colluders(99, keypers).tally.is_some(), colluding >= 3);
    }
    for answering in 0..=5 {
        let seen = ballots.public(100, Keypers { colluding: 0, answering });
        assert_eq!(seen.tally.is_some(), answering >= 3, "{answering}");
    }
}

/// The public view before the close is a function of who voted with what power alone.
#[test]
fn choices_change_nothing_that_is_seen() {
    let (mut left, mut right) = (Ballots::new(SETTINGS, 3), Ballots::new(SETTINGS, 3));
    for voter in 0..50 {
        left.cast(voter.into(), voter, voter % 3, Amount(voter.into()));
        right.cast(voter.into(), voter, 2, Amount(voter.into()));
        let keypers = Keypers { colluding: 2, answering: 5 };
        assert_eq!(left.public(voter.into(), keypers), right.public(voter.into(), keypers));
        assert_eq!(left.colluders(voter.into(), keypers), right.colluders(voter.into(), keypers));
    }
    let all = Keypers { colluding: 0, answering: 5 };
    assert_ne!(left.public(100, all).tally, right.public(100, all).tally);
}

#[test]
fn a_second_ballot_replaces_the_first() {
    let mut ballots = Ballots::new(SETTINGS, 2);
    ballots.cast(0, 0, 1, Amount(5));
    ballots.cast(1, 0, 0, Amount(7));
    ballots.cast(2, 1, 9, Amount(2));
    let seen = ballots.public(100, Keypers { colluding: 0, answering: 3 });
    assert_eq!((seen.ballots, seen.power), (2, Amount(9)));
    assert_eq!(seen.tally, Some(vec![Amount(7), Amount(0)]));
}

#[test]
fn chances_are_binomial() {
    let half = Settings { closes_at: 0, keypers: 3, threshold: 2 };
    assert!((chance_of_break(half, 0.5) - 0.5).abs() < 1e-15);
    assert!((chance_of_break(half, 0.1) - (3.0 * 0.01 * 0.9 + 0.001)).abs() < 1e-15);
    assert!((chance_of_loss(half, 0.1) - (3.0 * 0.01 * 0.9 + 0.001)).abs() < 1e-15);
    let most = Settings { closes_at: 0, keypers: 7, threshold: 7 };
    assert!((chance_of_break(most, 0.5) - 0.5_f64.powi(7)).abs() < 1e-15);
    assert!((chance_of_loss(most, 0.5) - (1.0 - 0.5_f64.powi(7))).abs() < 1e-15);
    // A higher threshold is harder to break and easier to lose.
    for threshold in 1..5 {
        let (low, high) =
            (Settings { threshold, ..SETTINGS }, Settings { threshold: threshold + 1, ..SETTINGS });
        assert!(chance_of_break(high, 0.3) < chance_of_break(low, 0.3));
        assert!(chance_of_loss(high, 0.3) > chance_of_loss(low, 0.3));
    }
}
