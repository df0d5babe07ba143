use super::*;

const START: u64 = 2_600 * WEEK;

/// A second method: every vote by itself, in closed form, at the beginning of a week.
fn expected(votes: &BTreeMap<(u32, u32), (u128, u64)>, gauge: u32, week: u64) -> u128 {
    votes
        .iter()
        .filter(|((_, of), _)| *of == gauge)
        .map(|(_, (slope, end))| slope * u128::from(end.saturating_sub(week)))
        .sum()
}

#[test]
fn weights_are_the_sum_of_votes_week_by_week() {
    let mut stream = daotwin_core::Seed(9).stream("gauge");
    for _ in 0..20 {
        let mut controller = Controller::new(8, START);
        let kinds = [controller.add_type(ONE, START).unwrap(), controller.add_type(ONE / 3, START).unwrap()];
        let gauges: Vec<u32> =
            (0..5).map(|gauge| controller.add_gauge(kinds[gauge % 2], 0, START).unwrap()).collect();
        let locks: Vec<(u128, u64)> = (0..8)
            .map(|_| (u128::from(stream.bits() >> 20), START + (3 + stream.below(150)) * WEEK))
            .collect();
        let mut votes = BTreeMap::new();
        let (mut now, mut taken) = (START, 0);
        for _ in 0..150 {
            now += stream.below(3 * WEEK);
            let (voter, gauge) = (stream.below(8) as u32, gauges[stream.below(5) as usize]);
            let part = stream.below(6_000);
            let (slope, end) = locks[voter as usize];
            if controller.vote(voter, gauge, part, slope, end, now).is_ok() {
                votes.insert((voter, gauge), (slope * u128::from(part) / u128::from(WHOLE), end));
                taken += 1;
            }
            let next = next_week(now);
            controller.checkpoint(now).unwrap();
            let mut total = Wide::ZERO;
            for &gauge in &gauges {
                let weight = expected(&votes, gauge, next);
                assert_eq!(controller.weight(gauge, next), weight);
                let type_weight = if gauge % 2 == 0 { ONE } else { ONE / 3 };
                total = total.plus(Wide::product(weight, type_weight)).unwrap();
            }
            assert_eq!(controller.total(next), total);
            let shares: u128 = gauges.iter().map(|&gauge| controller.share(gauge, next).unwrap()).sum();
            assert!(shares <= ONE && (total == Wide::ZERO || shares > ONE - 5));
        }
        assert!(taken > 15, "{taken}");
        controller.checkpoint(now + 400 * WEEK).unwrap();
        assert!(gauges.iter().all(|&gauge| controller.weight(gauge, now + 400 * WEEK) == 0));
    }
}

#[test]
fn a_voter_waits_ten_days_and_gives_no_more_than_all() {
    let mut controller = Controller::new(1, START);
    let kind = controller.add_type(ONE, START).unwrap();
    let gauges = [0; 2].map(|_| controller.add_gauge(kind, 0, START).unwrap());
    let end = START + 60 * WEEK;
    let mut vote = |gauge: usize, part, end, now| controller.vote(0, gauges[gauge], part, 1_000, end, now);
    assert_eq!(vote(0, 10_001, end, START), Err(Refusal::MoreThanAll));
    assert_eq!(vote(0, 1, START + WEEK, START), Err(Refusal::LockExpiresTooSoon));
    assert_eq!(vote(0, 6_000, end, START), Ok(()));
    assert_eq!(vote(1, 4_001, end, START), Err(Refusal::TooMuchPower));
    assert_eq!(vote(1, 4_000, end, START + 1), Ok(()));
    assert_eq!(vote(0, 0, end, START + VOTE_DELAY - 1), Err(Refusal::TooOften));
    assert_eq!(vote(0, 0, end, START + VOTE_DELAY), Ok(()));
    assert_eq!(controller.used(0), 4_000);
}

#[test]
fn a_vote_counts_from_next_week() {
    let mut controller = Controller::new(1, START + 5);
    let kind = controller.add_type(ONE, START + 5).unwrap();
    let gauge = controller.add_gauge(kind, 0, START + 5).unwrap();
    controller.vote(0, gauge, 10_000, 10, START + 3 * WEEK, START + 5).unwrap();
    controller.checkpoint(START + 4 * WEEK).unwrap();
    let shares: Vec<u128> =
        (0..5).map(|week| controller.share(gauge, START + week * WEEK + 9).unwrap()).collect();
    assert_eq!(shares, [0, ONE, ONE, 0, 0]);
    assert_eq!(controller.weight(gauge, START + WEEK), 10 * 2 * u128::from(WEEK));
}

#[test]
fn weights_of_their_own_do_not_fall() {
    let mut controller = Controller::new(0, START);
    let kinds = [1, 3].map(|times| controller.add_type(times * ONE, START).unwrap());
    let gauges = [(0, 30), (0, 10), (1, 20)]
        .map(|(kind, weight)| controller.add_gauge(kinds[kind], weight, START).unwrap());
    controller.checkpoint(START + 30 * WEEK).unwrap();
    let share = |controller: &Controller, week| {
        gauges.map(|gauge| controller.share(gauge, START + week * WEEK).unwrap())
    };
    assert_eq!(share(&controller, 30), [3 * ONE / 10, ONE / 10, 6 * ONE / 10]);
    controller.change_type_weight(kinds[1], 0, START + 30 * WEEK).unwrap();
    controller.checkpoint(START + 31 * WEEK).unwrap();
    assert_eq!(share(&controller, 30), [3 * ONE / 10, ONE / 10, 6 * ONE / 10]);
    assert_eq!(share(&controller, 31), [3 * ONE / 4, ONE / 4, 0]);
}
