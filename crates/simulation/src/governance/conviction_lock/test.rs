use super::*;

fn level(level: u8) -> Level {
    Level::new(level).unwrap()
}

fn standard(aye: bool, conviction: u8, balance: u128) -> Ballot {
    Ballot::Standard { aye, conviction: level(conviction), balance }
}

#[test]
fn levels_are_those_of_the_pallet() {
    let votes: Vec<u128> = (0..=6).map(|number| level(number).votes(19)).collect();
    assert_eq!(votes, [1, 19, 38, 57, 76, 95, 114]);
    let periods: Vec<u64> = (0..=6).map(|number| level(number).periods()).collect();
    assert_eq!(periods, [0, 1, 2, 4, 8, 16, 32]);
    assert_eq!(Level::new(7), None);
    assert_eq!(level(2).votes(u128::MAX), u128::MAX);
}

#[test]
fn billionths_are_rounded_as_the_original_does() {
    assert_eq!((perbill(1, 3), perbill(2, 3), perbill(0, 5)), (333_333_333, 666_666_666, 0));
    assert_eq!((perbill(0, 0), perbill(3, 2), perbill(7, 7)), (1_000_000_000, 1_000_000_000, 1_000_000_000));
    // Whole 1,999,999,999: the factor is 2, and 1 / 2 is 0.
    assert_eq!(perbill(1, 1_999_999_999), 0);
    // 10^9 + 1 by 2: 500,000,000; 3 by 2: 1; so 2 billionths where 2.99 would be exact.
    assert_eq!(perbill(3, 1_000_000_001), 2);
    assert_eq!(perbill(u128::MAX / 2, u128::MAX), 499_999_999, "both lose their fraction first");
}

/// Winners of the pallet's test of lock times: three blocks a period, an end at block 3.
#[test]
fn a_vote_that_won_stays_locked_for_its_periods() {
    let mut track = Track::new(3, 3, &[10, 20, 30, 40, 50]);
    let poll = track.open();
    for account in 0..5 {
        track.vote(account, poll, standard(true, account as u8 + 1, 10)).unwrap();
    }
    track.advance(3).unwrap();
    track.close(poll, Poll::Completed(3, true)).unwrap();
    for account in 0..5 {
        assert_eq!(track.remove(account, poll, true), Err(Refusal::NoPermissionYet));
        track.remove(account, poll, false).unwrap();
    }
    for block in 3..=60 {
        track.advance(block).unwrap();
        for account in 0..5 {
            track.unlock(account);
            let expired = block >= (3 << account) + 3;
            assert_eq!(track.locked(account), if expired { 0 } else { 10 }, "{account} at {block}");
        }
    }
}

#[test]
fn a_tally_is_the_sum_of_what_stands_however_it_came_about() {
    let mut stream = daotwin_core::Seed(4).stream("locks");
    let balances: Vec<u128> = (0..12).map(|_| u128::from(stream.below(1_000))).collect();
    let mut track = Track::new(5, 4, &balances);
    let polls: Vec<u32> = (0..3).map(|_| track.open()).collect();
    let mut taken = [0; 4];
    for _ in 0..20_000 {
        let (account, poll) = (stream.below(12) as u32, polls[stream.below(3) as usize]);
        let amount = u128::from(stream.below(1_000));
        let kind = stream.below(4) as usize;
        let done = match kind {
            0 if stream.chance(0.3) => {
                track.vote(account, poll, Ballot::Split { aye: amount / 2, nay: amount / 3, abstain: 1 })
            }
            0 => track.vote(account, poll, standard(stream.chance(0.5), stream.below(7) as u8, amount)),
            1 => track.remove(account, poll, false),
            2 => track.delegate(account, stream.below(12) as u32, level(stream.below(7) as u8), amount),
            _ => track.undelegate(account),
        };
        taken[kind] += usize::from(done.is_ok());
        let mut expected = vec![Tally::default(); 3];
        let mut given = vec![Delegated::default(); 12];
        for account in &track.accounts {
            if let Voting::Delegating { balance, target, conviction } = account.voting {
                given[target as usize].votes += conviction.votes(balance);
                given[target as usize].capital += balance;
            }
        }
        for (account, given) in track.accounts.iter().zip(&given) {
            assert_eq!(account.delegated, *given);
            let Voting::Casting(votes) = &account.voting else { continue };
            for &(poll, ballot) in votes {
                let tally = &mut expected[poll as usize];
                *tally = tally.add(Tally::of(ballot)).unwrap();
                if let Some(aye) = ballot.way() {
                    tally.increase(aye, *given);
                }
            }
        }
        let found: Vec<Tally> = polls.iter().map(|&poll| track.poll(poll).1).collect();
        assert_eq!(found, expected);
    }
    assert!(taken.iter().all(|&taken| taken > 400), "{taken:?}");
}
