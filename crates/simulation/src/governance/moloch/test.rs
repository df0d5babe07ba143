use super::*;

const SETTINGS: Settings = Settings {
    period_seconds: 17_280,
    voting_periods: 35,
    grace_periods: 35,
    proposal_deposit: Amount(10),
    dilution_bound: 3,
    processing_reward: Amount(1),
};

fn shares(count: u64) -> Member {
    Member { shares: count, exists: true, ..Member::default() }
}

fn at(period: u64) -> u64 {
    period * SETTINGS.period_seconds
}

fn grant(applicant: u32, shares: u64, payment: u128) -> Request {
    Request::Standard { applicant, shares, loot: 0, tribute: (0, 0), payment: (payment, 0) }
}

/// A guild of three with one proposal in the queue, on which voting begins at period 1.
fn guild() -> Guild {
    let mut guild = Guild::new(SETTINGS, &[shares(50), shares(30), shares(20)], &[(0, 1_000)]);
    guild.submit(9, grant(9, 0, 100)).unwrap();
    guild.sponsor(0, 0, 0).unwrap();
    guild
}

#[test]
fn periods_end_where_the_contract_ends_them() {
    let mut guild = guild();
    assert_eq!(guild.vote(at(1) - 1, 0, 0, true), Err(Refusal::NotBegun));
    assert_eq!(guild.vote(at(36) - 1, 0, 0, true), Ok(()));
    assert_eq!(guild.vote(at(36), 1, 0, true), Err(Refusal::Over));
    assert_eq!(guild.process(at(71) - 1, 7, 0), Err(Refusal::NotReady));
    assert_eq!(guild.process(at(71), 7, 0), Ok(true));
    assert_eq!(guild.process(at(71), 7, 0), Err(Refusal::Processed));
    assert_eq!((guild.balance(7, 0), guild.balance(0, 0), guild.balance(9, 0)), (1, 9, 100));
}

#[test]
fn a_tie_and_silence_fail() {
    let mut silent = guild();
    assert_eq!(silent.process(at(71), 7, 0), Ok(false));
    let mut tied = Guild::new(SETTINGS, &[shares(5), shares(5)], &[(0, 1_000)]);
    tied.submit(9, grant(9, 0, 100)).unwrap();
    tied.sponsor(0, 0, 0).unwrap();
    tied.vote(at(1), 0, 0, true).unwrap();
    tied.vote(at(1), 1, 0, false).unwrap();
    assert_eq!(tied.process(at(71), 7, 0), Ok(false));
}

#[test]
fn one_yes_of_a_single_share_passes_without_a_quorum() {
    let mut guild = Guild::new(SETTINGS, &[shares(1), shares(1_000_000)], &[(0, 1_000)]);
    guild.submit(9, grant(9, 0, 1_000)).unwrap();
    guild.sponsor(0, 0, 0).unwrap();
    guild.vote(at(1), 0, 0, true).unwrap();
    assert_eq!(guild.process(at(71), 7, 0), Ok(true));
    assert_eq!(guild.bank(0), 0);
}

#[test]
fn the_dilution_bound_is_inclusive() {
    // 100 shares at the yes; exactly 34 x 3 = 102 >= 100 remain, then 33 x 3 = 99 < 100.
    for (left, passes) in [(34, true), (33, false)] {
        let mut guild = Guild::new(SETTINGS, &[shares(10), shares(90)], &[(0, 1_000)]);
        for _ in 0..2 {
            let made = guild.submit(9, grant(9, 0, 1)).unwrap();
            guild.sponsor(0, 0, made).unwrap();
        }
        guild.vote(at(2), 0, 1, true).unwrap();
        guild.process(at(71), 7, 0).unwrap();
        guild.rage_quit(1, 100 - left, 0).unwrap();
        assert_eq!(guild.process(at(72), 7, 1), Ok(passes), "{left}");
    }
}

#[test]
fn a_yes_holds_its_voter_until_it_is_processed() {
    let mut guild = guild();
    guild.vote(at(1), 0, 0, true).unwrap();
    assert_eq!(guild.rage_quit(0, 1, 0), Err(Refusal::Locked));
    // The contract starts everyone at place 0, so until that is processed nobody leaves.
    assert_eq!(guild.rage_quit(2, 20, 0), Err(Refusal::Locked));
    guild.process(at(71), 7, 0).unwrap();
    assert_eq!(guild.rage_quit(2, 20, 0), Ok(()));
    assert_eq!(guild.balance(2, 0), 180);
}

#[test]
fn the_queue_is_processed_in_order_and_one_comes_up_a_period() {
    let mut guild = guild();
    guild.submit(9, grant(9, 0, 1)).unwrap();
    guild.sponsor(0, 1, 1).unwrap();
    assert_eq!(guild.proposals()[1].starts, 2);
    assert_eq!(guild.process(at(80), 7, 1), Err(Refusal::OutOfOrder));
}

#[test]
fn a_kick_at_place_zero_does_not_jail() {
    for first in [true, false] {
        let mut guild = Guild::new(SETTINGS, &[shares(50), shares(30)], &[(0, 800)]);
        if !first {
            guild.submit(9, grant(9, 0, 0)).unwrap();
            guild.sponsor(0, 0, 0).unwrap();
        }
        let kick = guild.submit(0, Request::Kick { member: 1 }).unwrap();
        let place = guild.sponsor(0, 0, kick).unwrap();
        guild.vote(at(2), 0, place, true).unwrap();
        if !first {
            guild.process(at(100), 7, 0).unwrap();
        }
        assert_eq!(guild.process(at(100), 7, place), Ok(true));
        assert_eq!((guild.member(1).shares, guild.member(1).loot, guild.shares()), (0, 30, 50));
        assert_eq!(guild.rage_kick(1), if first { Err(Refusal::NotJailed) } else { Ok(()) });
        assert_eq!(guild.balance(1, 0), if first { 0 } else { 300 });
    }
}

/// Random steps, refused or not: what comes in is what is there or what has gone out, and shares are what members have.
#[test]
fn nothing_is_made_or_lost() {
    let settings = Settings { voting_periods: 3, grace_periods: 2, period_seconds: 1, ..SETTINGS };
    let mut guild = Guild::new(settings, &[shares(50), shares(30), shares(20)], &[(0, 10_000), (1, 77)]);
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (mut inside, mut steps) = ([10_000_u128, 77], 0_u32);
    for now in 0..4_000 {
        let (who, token) = (draw(6) as u32, draw(2) as u32);
        let waiting =
            |&place: &usize| guild.proposals()[guild.queue()[place] as usize].stage == Stage::Sponsored;
        let next = (0..guild.queue().len()).find(waiting).unwrap_or(0) as u32;
        let done = match draw(9) {
            0 => {
                let tribute = u128::from(draw(50));
                let payment = (u128::from(draw(300)), draw(2) as u32);
                let request = Request::Standard {
                    applicant: draw(6) as u32,
                    shares: draw(20),
                    loot: draw(20),
                    tribute: (tribute, token),
                    payment,
                };
                let made = guild.submit(who, request);
                inside[token as usize] += if made.is_ok() { tribute } else { 0 };
                made.is_ok()
            }
            1 => {
                let sponsored = guild.sponsor(now, who, draw(guild.proposals().len() as u64 + 1) as u32);
                inside[0] += if sponsored.is_ok() { 10 } else { 0 };
                sponsored.is_ok()
            }
            2 => guild.vote(now, who, next + draw(3) as u32, draw(3) > 0).is_ok(),
            3 | 4 => guild.process(now, who, next).is_ok(),
            5 => guild.rage_quit(who, draw(3), draw(3)).is_ok(),
            6 => guild.rage_kick(who).is_ok(),
            7 => guild.submit(who, Request::Kick { member: draw(6) as u32 }).is_ok(),
            _ => guild.cancel(who, draw(guild.proposals().len() as u64 + 1) as u32).is_ok(),
        };
        steps += u32::from(done);
        for token in 0..2 {
            let owned: u128 = (0..6).map(|account| guild.balance(account, token)).sum();
            assert_eq!(guild.bank(token) + guild.escrow(token) + owned, inside[token as usize], "step {now}");
            assert_eq!(guild.total(token), inside[token as usize]);
        }
        let members = (0..6).map(|account| guild.member(account));
        assert_eq!(members.clone().map(|member| member.shares).sum::<u64>(), guild.shares());
        assert_eq!(members.map(|member| member.loot).sum::<u64>(), guild.loot());
    }
    assert!(steps > 300, "only {steps} steps were taken");
    assert!(guild.proposals().iter().any(|proposal| proposal.stage == Stage::Passed));
}
