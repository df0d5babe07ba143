use super::*;

const SETTINGS: Settings = Settings { threshold_bps: 2_000, fork_seconds: 604_800, delay_seconds: 2_592_000 };

#[test]
fn the_threshold_must_be_exceeded() {
    let mut dao = Dao::new(SETTINGS, &[200, 646], &[30_000]);
    assert_eq!(dao.threshold(), 169);
    dao.escrow(0, 0, 169).unwrap();
    assert_eq!(dao.execute(0), Err(Refusal::Threshold));
    dao.escrow(0, 0, 1).unwrap();
    assert_eq!(dao.execute(0), Ok(()));
    assert_eq!((dao.adjusted_supply(), dao.escrowed(), dao.forks()[0].unclaimed()), (676, 0, 170));
    assert_eq!(dao.forks()[0].treasury(), [30_000 * 170 / 846]);
}

#[test]
fn the_period_ends_at_its_end() {
    let mut dao = Dao::new(SETTINGS, &[30, 70], &[1_000]);
    dao.escrow(0, 0, 21).unwrap();
    assert_eq!(dao.join(0, 1, 1), Err(Refusal::NotForking));
    dao.execute(100).unwrap();
    let end = 100 + 604_800;
    assert_eq!(dao.escrow(end - 1, 0, 1), Err(Refusal::Forking));
    assert_eq!(dao.join(end - 1, 1, 1), Ok(()));
    assert_eq!(dao.join(end, 1, 1), Err(Refusal::NotForking));
    assert_eq!(dao.escrow(end, 0, 1), Ok(()));
    // Twenty-one tokens are unclaimed: the fork waits for them, or for its delay.
    assert_eq!(dao.quit(end, 0, 1, 1), Err(Refusal::Unclaimed));
    let late = 100 + 2_592_000;
    let mut waited = dao.clone();
    assert_eq!(waited.quit(late - 1, 0, 1, 1), Err(Refusal::Unclaimed));
    assert_eq!(waited.quit(late, 0, 1, 1), Ok(vec![220 / 22]));
    dao.claim(0, 0, 21).unwrap();
    assert_eq!(dao.claim(0, 0, 1), Err(Refusal::TooFew));
    assert_eq!(dao.quit(end, 0, 1, 1), Ok(vec![220 / 22]));
}

/// Whoever leaves, when and in how many parts: nobody gets more than a token's part of the first treasury each, and what
/// they miss is below one unit a step.
#[test]
fn leaving_in_parts_is_leaving_at_once() {
    for seed in 1..200_u64 {
        let mut state = seed;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let treasury = u128::from(draw(1 << 30)) + 1_000_000;
        let mut dao = Dao::new(SETTINGS, &[300, 250, 450], &[treasury]);
        dao.escrow(0, 0, 300).unwrap();
        dao.execute(0).unwrap();
        dao.claim(0, 0, 300).unwrap();
        let (mut joined, mut steps) = (0, 1_u128);
        while joined < 250 {
            let tokens = (draw(40) + 1).min(250 - joined);
            dao.join(1, 1, tokens).unwrap();
            (joined, steps) = (joined + tokens, steps + 1);
        }
        let exact = treasury * 550 / 1_000;
        let forked = dao.forks()[0].treasury()[0];
        assert!(forked <= exact && exact - forked <= steps, "{forked} {exact}");
        assert_eq!(forked + dao.treasury()[0], treasury);
        let first = dao.quit(604_800, 0, 0, 300).unwrap()[0];
        let second = dao.quit(604_800, 0, 1, 250).unwrap()[0];
        assert_eq!(first + second, forked);
        assert!(first <= forked * 300 / 550 && second >= forked * 250 / 550);
    }
}
