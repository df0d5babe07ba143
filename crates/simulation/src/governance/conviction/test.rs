use super::*;

const ALPHA: u64 = 9_000_000;

#[test]
fn a_block_is_a_step() {
    // y' = a y + x, by hand: 1000, 1900, 2710, 3439.
    let steps = [0, 1000, 1900, 2710, 3439, 4095];
    for (blocks, &expected) in (0..).zip(&steps) {
        assert_eq!(conviction(ALPHA, blocks, 0, 1000), Some(expected), "{blocks}");
    }
    assert_eq!(conviction(ALPHA, 10_000, 0, 1000), Some(10_000));
    assert_eq!(max_conviction(ALPHA, 1000), Some(10_000));
    assert_eq!(conviction(0, 3, 77, 5), Some(5), "without memory");
}

#[test]
fn integers_follow_the_closed_form() {
    let mut stream = daotwin_core::Seed(2).stream("conviction");
    for _ in 0..2_000 {
        let decay = stream.below(D);
        let (blocks, staked) = (stream.below(50_000), u128::from(stream.bits() >> 8));
        let last = u128::from(stream.bits() >> 8);
        let exact = conviction(decay, blocks, last, staked).unwrap() as f64;
        let closed = closed_form(decay as f64 / D as f64, blocks as f64, last as f64, staked as f64);
        assert!(
            (exact - closed).abs() <= 1e-8 * closed + 1.0,
            "{decay} {blocks} {last} {staked}: {exact} {closed}"
        );
    }
}

#[test]
fn conviction_approaches_its_limit_and_fades() {
    let (mut rising, mut falling) = (0, 1_000_000_u128);
    for blocks in 1..300 {
        let next = conviction(ALPHA, blocks, 0, 5_000).unwrap();
        assert!(next >= rising && next <= max_conviction(ALPHA, 5_000).unwrap());
        rising = next;
        let next = conviction(ALPHA, blocks, 1_000_000, 0).unwrap();
        assert!(next <= falling);
        falling = next;
    }
    assert_eq!((rising, falling), (50_000, 0));
}

#[test]
fn two_intervals_are_one_to_a_unit() {
    let whole = conviction(ALPHA, 30, 500, 12_345).unwrap();
    let half = conviction(ALPHA, 15, 500, 12_345).unwrap();
    assert!(conviction(ALPHA, 15, half, 12_345).unwrap().abs_diff(whole) <= 1);
}

#[test]
fn asking_for_more_takes_more() {
    let parameters = Parameters { decay: ALPHA, max_ratio: 2_000_000, weight: 20_000, min_stake: 0 };
    let mut last = Wide::ZERO;
    for requested in (0..3_000).step_by(100) {
        let next = threshold(&parameters, requested, 15_000, 45_000, 10_000).unwrap();
        let share = requested as f64 / 15_000.0;
        let closed = 0.002 * 10_000.0 / 0.1 / (0.2 - share).powi(2);
        assert!(
            next > last && (next.to_f64() - closed).abs() <= 1.0 + 1e-9 * closed,
            "{requested}: {next} {closed}"
        );
        last = next;
    }
    assert_eq!(threshold(&parameters, 3_000, 15_000, 45_000, 10_000), Err(Refusal::OverMaxRatio));
    assert_eq!(threshold(&parameters, 0, 0, 45_000, 10_000), Err(Refusal::OverMaxRatio));
}

#[test]
fn stakes_on_ended_proposals_are_taken_back_first() {
    let parameters = Parameters { decay: ALPHA, max_ratio: 2_000_000, weight: 20_000, min_stake: 0 };
    let mut pool = Pool::new(parameters, 1_000, 1_000, vec![100]);
    let proposals: Vec<u32> = (0..12).map(|_| pool.propose(1)).collect();
    for &proposal in &proposals[..10] {
        pool.stake(0, proposal, 10, 1).unwrap();
    }
    assert_eq!(pool.stake(0, 10, 1, 2), Err(Refusal::MoreThanAvailable));
    pool.cancel(3, 3).unwrap();
    assert_eq!(pool.stake(0, 10, 11, 3), Err(Refusal::MoreThanAvailable));
    assert_eq!(pool.stake_of(0, 3), 10, "what reverts changes nothing");
    pool.stake(0, 10, 4, 4).unwrap();
    assert_eq!((pool.stake_of(0, 3), pool.stake_of(0, 10), pool.staked()), (0, 4, 94));
    assert_eq!(pool.stake(0, 11, 1, 5), Err(Refusal::TooManyProposals));
    assert_eq!(pool.stake(0, 3, 1, 5), Err(Refusal::NotActive));
    assert_eq!(pool.withdraw(0, 10, 5, 5), Err(Refusal::MoreThanStaked));
    assert_eq!(pool.withdraw(0, 10, 4, 5), Ok(()));
    assert_eq!(pool.stake(0, 11, 1, 3), Err(Refusal::Past));
    assert_eq!(pool.stake(0, 11, 6, 5), Ok(()));
}

#[test]
fn time_to_pass_is_told_by_the_closed_form() {
    let alpha = 0.9;
    let blocks = blocks_to(alpha, 5_000.0, 100.0, 1_000.0).unwrap();
    assert!((closed_form(alpha, blocks, 100.0, 1_000.0) - 5_000.0).abs() < 1e-6, "{blocks}");
    assert_eq!(blocks_to(alpha, 10_001.0, 100.0, 1_000.0), None, "above the limit");
    assert_eq!(blocks_to(alpha, 500.0, 100.0, 10.0), None, "it fades");
    assert_eq!(blocks_to(alpha, 500.0, 600.0, 0.0), Some(0.0));
    assert_eq!(blocks_to(0.0, 500.0, 100.0, 600.0), Some(0.0), "without memory, the next block");
}
