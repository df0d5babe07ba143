use super::*;

const SIMPLE: Settings = Settings {
    voting_delay: 1,
    voting_period: 100,
    proposal_threshold: Amount(0),
    quorum: Quorum::Fraction { numerator: 4, denominator: 100 },
    super_quorum: None,
    counting: Counting::Simple,
    late_quorum_extension: None,
    guardian: Guardian::Absent,
    timelock: Timelock::None,
};

fn open(settings: &Settings, supply: u128) -> Proposal {
    Proposal::propose(settings, Moment::of_second(0), 0, Amount(0), Amount(supply), 8).unwrap()
}

/// A small generator of numbers, so that the tests need none of the engine's.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn quorums_round_down_without_overflow() {
    let quarter = Quorum::Fraction { numerator: 25, denominator: 100 };
    assert_eq!(quarter.amount(Amount(u128::MAX)), Some(Amount(u128::MAX / 4)));
    assert_eq!(quarter.amount(Amount(7)), Some(Amount(1)));
    assert_eq!(Quorum::Absolute(Amount(9)).amount(Amount(0)), Some(Amount(9)));
}

#[test]
fn tallies_equal_a_count_by_hand_in_any_order() {
    let mut next = numbers(7);
    for _ in 0..200 {
        let mut proposal = open(&SIMPLE, 1_000_000);
        let mut expected = [0_u128; 3];
        let mut seen = [false; 8];
        for _ in 0..20 {
            let (member, answer, power) = (next(8) as u32, next(3) as usize, u128::from(next(1000)));
            let support = [Support::Against, Support::For, Support::Abstain][answer];
            let result =
                proposal.cast(&SIMPLE, Moment::of_second(2 + next(100)), member, support, Amount(power));
            assert_eq!(result.is_ok(), !seen[member as usize]);
            if result.is_ok() {
                expected[answer] += power;
                seen[member as usize] = true;
            }
        }
        let tally = proposal.tally();
        assert_eq!([tally.against.0, tally.in_favour.0, tally.abstain.0], expected);
        let passes = expected[1] > expected[0] && expected[1] + expected[2] >= 40_000;
        let state = proposal.state(&SIMPLE, Moment::of_second(102));
        assert_eq!(state, if passes { State::Succeeded } else { State::Defeated });
    }
}

#[test]
fn overriding_keeps_the_sum_of_power() {
    let settings = Settings { counting: Counting::Overridable, ..SIMPLE };
    let mut next = numbers(11);
    for _ in 0..200 {
        // Members 1 to 7 delegate to member 0 or to themselves; whoever votes and overrides, each token counts once.
        let balances: Vec<u128> = (0..8).map(|_| u128::from(next(100))).collect();
        let delegates: Vec<u32> = (0..8_u32).map(|member| if next(2) == 0 { 0 } else { member }).collect();
        let mut powers = [0; 8];
        for (balance, delegate) in balances.iter().zip(&delegates) {
            powers[*delegate as usize] += balance;
        }
        let mut proposal = open(&settings, 1_000);
        let (mut voted, mut overridden) = ([false; 8], [false; 8]);
        for _ in 0..30 {
            let member = next(8) as usize;
            let support = [Support::Against, Support::For, Support::Abstain][next(3) as usize];
            let now = Moment::of_second(5);
            if next(2) == 0 {
                let power = Amount(powers[member]);
                let done = proposal.cast(&settings, now, member as u32, support, power).is_ok();
                assert_eq!(done, !voted[member]);
                voted[member] = true;
            } else {
                let (balance, delegate) = (Amount(balances[member]), Some(delegates[member]));
                let done =
                    proposal.cast_override(&settings, now, member as u32, support, balance, delegate).is_ok();
                assert_eq!(done, !overridden[member]);
                overridden[member] = true;
            }
        }
        let expected: u128 = (0..8)
            .filter(|member| overridden[*member] || voted[delegates[*member] as usize])
            .map(|member| balances[member])
            .sum();
        let tally = proposal.tally();
        assert_eq!(tally.against.0 + tally.in_favour.0 + tally.abstain.0, expected);
    }
}

#[test]
fn ballots_of_members_beyond_the_reserved_room_count() {
    for counting in [Counting::Simple, Counting::Fractional, Counting::Overridable] {
        let settings = Settings { counting, ..SIMPLE };
        let mut proposal = open(&settings, 1_000);
        let now = Moment::of_second(50);
        proposal.cast(&settings, now, 10_000, Support::For, Amount(3)).unwrap();
        let again = proposal.cast(&settings, now, 10_000, Support::For, Amount(3));
        assert_eq!(again, Err(Revert::Voted), "{counting:?}");
        assert_eq!(proposal.tally().in_favour, Amount(3));
    }
}
