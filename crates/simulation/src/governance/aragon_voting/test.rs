use super::*;

#[test]
fn shares_are_exact_beyond_128_bits() {
    // The product by 10^18 does not fit into 128 bits here; Solidity has 256.
    let supply = Amount(1_000_000_000 * WHOLE);
    assert!(above(Amount(supply.0 / 2 + 1_000_000_000), supply, 500_000_000_000_000_000));
    assert!(!above(Amount(supply.0 / 2 + 999_999_999), supply, 500_000_000_000_000_000));
    assert!(!above(Amount(1), Amount::ZERO, 0));
}

#[test]
fn re_voting_leaves_only_the_last_ballots() {
    let settings = Settings::LIDO;
    let mut state = 3_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..100 {
        let powers: Vec<u128> = (0..6).map(|_| u128::from(1 + next(50))).collect();
        let mut vote = Vote::start(0, Amount(1_000), 2).unwrap();
        let mut last = [None; 6];
        for second in 0..20 {
            let (member, yea) = (next(6) as usize, next(2) == 0);
            vote.cast(&settings, second, member as u32, yea, Amount(powers[member])).unwrap();
            last[member] = Some(yea);
        }
        let side =
            |answer| (0..6).filter(|member| last[*member] == Some(answer)).map(|member| powers[member]).sum();
        assert_eq!(*vote.sides(), Sides { in_favour: Amount(side(true)), against: Amount(side(false)) });
    }
}

#[test]
fn the_two_phases_of_lido_execute_nothing_early() {
    let mut vote = Vote::start(0, Amount(100), 1).unwrap();
    vote.cast(&Settings::LIDO, 1, 0, true, Amount(90)).unwrap();
    assert!(vote.can_execute(&Settings::LIDO, 2));
    assert!(!vote.can_execute(&Settings::LIDO_TWO_PHASES, 2));
    assert!(vote.can_execute(&Settings::LIDO_TWO_PHASES, 72 * 3_600));
}
