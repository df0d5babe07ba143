use daotwin_core::random::{Seed, Stream};

use super::registry::{REWARDS, find};
use super::*;
use crate::Error;

/// A round in which every rule finds something to go by, with so many pairs of who acts for whom.
fn round(members: u32, count: u32, stream: &mut Stream) -> Round {
    let mut pick = || stream.below(u64::from(members)) as u32;
    let pairs: Vec<(u32, u32)> = (0..count).map(|_| (pick(), pick())).collect();
    let mut some = |most: u64| 1 + stream.below(most);
    Round {
        members: members as usize,
        budget: 1_000_000_007,
        donations: pairs
            .iter()
            .map(|&(from, to)| Donation { from, to, amount: some(1_000) as f64 / 10.0 })
            .collect(),
        ballots: pairs.iter().map(|&(voter, to)| Ballot { voter, to, amount: some(50) as f64 }).collect(),
        gives: pairs.iter().map(|&(from, to)| Give { from, to, points: some(40) }).collect(),
        interactions: pairs
            .iter()
            .map(|&(from, to)| Interaction { from, to, weight: some(9) as f64 })
            .collect(),
        groups: Vec::new(),
        seeds: Vec::new(),
        stakes: (0..members)
            .map(|member| Stake { member, amount: u128::from(some(1 << 60)) << 20, seconds: some(1 << 20) })
            .collect(),
        locks: (0..members)
            .map(|member| Lock {
                member,
                amount: u128::from(some(1 << 60)) << 20,
                weeks: 1 + some(200),
                votes: vec![(member, 2_500), ((member + 1) % members, 7_500)],
            })
            .collect(),
        salaries: (0..members).map(|_| u128::from(some(30_000_000))).collect(),
    }
}

/// The same round with members numbered otherwise: `names[old]` is the new number.
fn renamed(round: &Round, names: &[u32]) -> Round {
    let of = |member: u32| names[member as usize];
    let mut salaries = vec![0; round.salaries.len()];
    round.salaries.iter().enumerate().for_each(|(member, &salary)| salaries[names[member] as usize] = salary);
    Round {
        donations: round
            .donations
            .iter()
            .map(|own| Donation { from: of(own.from), to: of(own.to), ..*own })
            .collect(),
        groups: round.groups.iter().map(|own| (of(own.0), own.1)).collect(),
        ballots: round
            .ballots
            .iter()
            .map(|own| Ballot { voter: of(own.voter), to: of(own.to), ..*own })
            .collect(),
        gives: round.gives.iter().map(|own| Give { from: of(own.from), to: of(own.to), ..*own }).collect(),
        interactions: round
            .interactions
            .iter()
            .map(|own| Interaction { from: of(own.from), to: of(own.to), ..*own })
            .collect(),
        stakes: round.stakes.iter().map(|own| Stake { member: of(own.member), ..*own }).collect(),
        locks: round
            .locks
            .iter()
            .map(|own| Lock {
                member: of(own.member),
                votes: own.votes.iter().map(|vote| (of(vote.0), vote.1)).collect(),
                ..own.clone()
            })
            .collect(),
        salaries,
        ..round.clone()
    }
}

/// What every rule must keep to, or what it breaks.
fn conformance(rule: &dyn Reward) -> std::result::Result<(), String> {
    let card = rule.card();
    for text in [card.purpose, card.definition, card.source, card.goes_by, card.limits] {
        if text.len() < 5 {
            return Err("a text of its card is missing".to_owned());
        }
    }
    let named = |c: char| c.is_ascii_lowercase() || c == '-';
    if !rule.name().chars().all(named) {
        return Err("its name is not in lower case with hyphens".to_owned());
    }
    let mut most = 0;
    for index in 0..8 {
        let mut stream = Seed(7).streams("conformance").stream(index);
        let mut round = round(40, if index % 2 == 0 { 160 } else { 60 }, &mut stream);
        if index >= 4 {
            round.groups = (0..40).map(|member| (member, stream.below(8) as u32)).collect();
        }
        let paid = rule.pay(&round).map_err(|error| error.to_string())?;
        let total: u128 = paid.iter().sum();
        if paid.len() != round.members || total > round.budget {
            return Err(format!("pays {total} of {} to {} members", round.budget, paid.len()));
        }
        if card.spends == Spends::All && total != round.budget {
            return Err(format!("pays {total} of {}", round.budget));
        }
        most = most.max(total);
        if rule.pay(&round).map_err(|error| error.to_string())? != paid {
            return Err("pays otherwise the second time".to_owned());
        }
        // Numbers are no more than names: sums in another order differ in last bits, units left over go elsewhere.
        let mut names: Vec<u32> = (0..40).collect();
        stream.shuffle(&mut names);
        let again = rule.pay(&renamed(&round, &names)).map_err(|error| error.to_string())?;
        for (member, &paid) in paid.iter().enumerate() {
            if again[names[member] as usize].abs_diff(paid) > 2 {
                return Err(format!(
                    "pays {paid} or {}, by a member's number",
                    again[names[member] as usize]
                ));
            }
        }
        let empty = rule.pay(&Round { members: 3, budget: 100, ..Round::default() });
        if empty.map_err(|error| error.to_string())? != [0, 0, 0] {
            return Err("pays where there is nothing to go by".to_owned());
        }
        let wrong = Round {
            donations: vec![Donation { from: 9, to: 0, amount: -1.0 }],
            members: 2,
            ..Round::default()
        };
        if !matches!(rule.pay(&wrong), Err(Error::Parameters { problems }) if problems.len() == 2) {
            return Err("does not tell both problems of a wrong round".to_owned());
        }
    }
    if most == 0 { Err("pays nobody ever".to_owned()) } else { Ok(()) }
}

#[test]
fn every_rule_conforms() {
    for rule in REWARDS {
        conformance(*rule).map_err(|why| format!("{}: {why}", rule.name())).unwrap();
        assert_eq!(find(rule.name()).unwrap().name(), rule.name());
    }
    let mut names: Vec<_> = REWARDS.iter().map(|rule| rule.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), REWARDS.len());
    assert!(find("tips").err().unwrap().to_string().contains("`gift-circle`"));
}

/// A rule that pays by number, and one that pays more than there is: both are caught.
#[test]
fn rules_that_do_not_conform_are_caught() {
    struct Wrong(fn(&Round) -> Vec<u128>);
    impl Reward for Wrong {
        fn name(&self) -> &'static str {
            "wrong"
        }
        fn card(&self) -> Card {
            Card { spends: Spends::AtMost, ..salary::Salary.card() }
        }
        fn pay(&self, round: &Round) -> Result<Vec<u128>> {
            round.check()?;
            Ok(if round.salaries.is_empty() { vec![0; round.members] } else { (self.0)(round) })
        }
    }
    let by_number = Wrong(|round| (0..round.members as u128).map(|member| member * 100).collect());
    assert!(conformance(&by_number).unwrap_err().contains("by a member's number"));
    let too_much = Wrong(|round| vec![round.budget; round.members]);
    assert!(conformance(&too_much).unwrap_err().contains("pays 40000000280"));
}

#[test]
fn shares_are_those_of_largest_remainders() {
    // Quotas 3.5, 3.5, 3: the first of two equal remainders.
    assert_eq!(apportion(10, &[7, 7, 6]), [4, 3, 3]);
    assert_eq!(apportion(0, &[1, 2]), [0, 0]);
    assert_eq!(apportion(5, &[0, 0]), [0, 0]);
    assert_eq!(apportion(1 << 93, &[1, 1]), [1 << 92, 1 << 92]);
    assert_eq!(apportion_by(10, &[0.5, f64::NAN, 0.5, -1.0]), [5, 0, 5, 0]);
    let mut stream = Seed(3).stream("shares");
    for _ in 0..200 {
        let weights: Vec<u128> = (0..9).map(|_| u128::from(stream.below(1_000))).collect();
        let (total, sum) = (u128::from(stream.below(10_000)), weights.iter().sum::<u128>().max(1));
        let shares = apportion(total, &weights);
        assert_eq!(
            shares.iter().sum::<u128>(),
            if weights.iter().all(|&weight| weight == 0) { 0 } else { total }
        );
        assert!(shares.iter().zip(&weights).all(|(share, weight)| share.abs_diff(total * weight / sum) <= 1));
    }
}

#[test]
fn quadratic_funding_is_the_square_of_summed_roots() {
    let gift = |from, to, amount| Donation { from, to, amount };
    let round = Round {
        members: 5,
        budget: 1_000,
        // Raw matches (1 + 2)^2 - 5 = 4 and (3 + 2)^2 - 13 = 12; one donor alone has none.
        donations: vec![
            gift(0, 3, 1.0),
            gift(1, 3, 4.0),
            gift(0, 4, 9.0),
            gift(2, 4, 4.0),
            gift(1, 2, 100.0),
        ],
        ..Round::default()
    };
    assert_eq!(quadratic_funding::PLAIN.pay(&round).unwrap(), [0, 0, 0, 250, 750]);
}

#[test]
fn judges_medians_resist_one_large_ballot() {
    let ballot = |voter, to, amount| Ballot { voter, to, amount };
    let mut ballots: Vec<Ballot> =
        (0..3).flat_map(|voter| [ballot(voter, 3, 10.0), ballot(voter, 4, 10.0)]).collect();
    ballots[0].amount = 1_000.0;
    ballots.push(ballot(0, 2, 1e6));
    let round = Round { members: 5, budget: 1_050, ballots, ..Round::default() };
    assert_eq!(retroactive_funding::MEDIAN.pay(&round).unwrap(), [0, 0, 0, 525, 525]);
    assert_eq!(retroactive_funding::SUM.pay(&round).unwrap(), [0, 0, 0, 1_020, 30]);
}

#[test]
fn gifts_for_oneself_count_for_nothing() {
    let give = |from, to, points| Give { from, to, points };
    let round = Round {
        members: 3,
        budget: 1_000,
        gives: vec![give(0, 0, 100), give(0, 1, 30), give(1, 2, 60), give(2, 1, 10)],
        ..Round::default()
    };
    assert_eq!(gift_circle::GiftCircle.pay(&round).unwrap(), [0, 400, 600]);
}

/// Against the linear equations of the walk's stationary shares, solved by elimination.
#[test]
fn ranks_solve_the_walks_equations() {
    use contribution_rank::{BACKWARD, RESTART, shares};
    let mut stream = Seed(5).stream("ranks");
    let mut round = round(12, 48, &mut stream);
    round.interactions.retain(|trace| trace.from > 1 && trace.to > 1);
    round.seeds = (0..12).map(|member| f64::from(member % 3)).collect();
    let n = round.members;
    let total: f64 = round.seeds.iter().sum();
    let mut step = vec![vec![0.0; n]; n];
    for trace in round.interactions.iter().filter(|trace| trace.from != trace.to) {
        step[trace.from as usize][trace.to as usize] += trace.weight;
        step[trace.to as usize][trace.from as usize] += BACKWARD * trace.weight;
    }
    // Rows of (I - (1 - RESTART) step^T) x = RESTART seeds.
    let mut rows = vec![vec![0.0; n + 1]; n];
    for from in 0..n {
        let out: f64 = step[from].iter().sum();
        for to in 0..n {
            let seed = round.seeds[to] / total;
            let chance = if out > 0.0 { step[from][to] / out } else { seed };
            rows[to][from] = f64::from(u8::from(from == to)) - (1.0 - RESTART) * chance;
            rows[to][n] = RESTART * seed;
        }
    }
    for pivot in 0..n {
        let chosen = rows[pivot].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(row, _)| *row != pivot) {
            let factor = row[pivot] / chosen[pivot];
            row.iter_mut().zip(&chosen).for_each(|(cell, chosen)| *cell -= factor * chosen);
        }
    }
    let found = shares(&round);
    for (member, share) in found.iter().enumerate() {
        assert!((share - rows[member][n] / rows[member][member]).abs() < 1e-12, "{member}");
    }
    assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn stakes_are_paid_by_amount_and_time() {
    let stake = |member, amount, seconds| Stake { member, amount, seconds };
    let round = Round {
        members: 3,
        budget: 700,
        stakes: vec![
            stake(0, 1 << 90, 10),
            stake(1, 1 << 91, 20),
            stake(0, 1 << 90, 10),
            stake(2, 1 << 90, 10),
        ],
        ..Round::default()
    };
    assert_eq!(staking::Staking.pay(&round).unwrap(), [200, 400, 100]);
}

#[test]
fn emissions_follow_votes_of_locked_tokens() {
    let lock = |member, amount: u128, votes| Lock { member, amount, weeks: 104, votes };
    let unit = 1_u128 << 80;
    let round = Round {
        members: 3,
        budget: 1_000_000,
        locks: vec![lock(0, unit, vec![(1, 10_000)]), lock(1, 3 * unit, vec![(1, 5_000), (2, 5_000)])],
        ..Round::default()
    };
    let paid = vote_escrow_emissions::VoteEscrowEmissions.pay(&round).unwrap();
    // 1 + 1.5 of 4 and 1.5 of 4; rounding down leaves a unit or two.
    for (paid, exact) in paid.iter().zip([0, 625_000, 375_000]) {
        assert!(paid.abs_diff(exact) <= 1 && *paid <= exact, "{paid} {exact}");
    }
    let twice = Round { locks: vec![round.locks[0].clone(), round.locks[0].clone()], ..round };
    assert!(
        vote_escrow_emissions::VoteEscrowEmissions.pay(&twice).unwrap_err().to_string().contains("locks[1]")
    );
}

#[test]
fn salaries_in_want_of_money_are_paid_in_proportion() {
    let mut round = Round { members: 3, budget: 100, salaries: vec![10, 20, 30], ..Round::default() };
    assert_eq!(salary::Salary.pay(&round).unwrap(), [10, 20, 30]);
    round.budget = 30;
    assert_eq!(salary::Salary.pay(&round).unwrap(), [5, 10, 15]);
}

#[test]
fn metrics_are_what_they_say() {
    assert!((metrics::inequality(&[0, 0, 0, 8]) - 0.75).abs() < 1e-12);
    assert_eq!(metrics::inequality(&[5, 5]), 0.0);
    assert_eq!(metrics::share_of(&[1, 2, 5], |member| member > 1), 0.625);
    assert_eq!(metrics::moved(&[2.0, 2.0], &[1.0, 3.0]), 0.25);
    assert_eq!(metrics::moved(&[1.0, 3.0], &[2.0, 6.0]), 0.0);
    assert_eq!(metrics::cost_per_unit(10.0, 4.0), Some(2.5));
    assert_eq!(metrics::cost_per_unit(10.0, -1.0), None);
}

#[test]
fn wrong_rounds_tell_all_that_is_wrong() {
    let round = Round {
        members: 2,
        budget: 1 << 94,
        seeds: vec![1.0],
        stakes: vec![Stake { member: 2, amount: 1 << 94, seconds: 1 }],
        locks: vec![Lock { member: 0, amount: 1, weeks: 300, votes: vec![(1, 6_000), (1, 6_000)] }],
        ..Round::default()
    };
    let Err(Error::Parameters { problems }) = round.check() else { unreachable!("the round is wrong") };
    let all = problems.join("\n");
    for part in
        ["budget", "stakes[0]: member 2", "2^94 units", "208 weeks", "10,000 parts", "two votes", "seeds: 1"]
    {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert_eq!(problems.len(), 7);
}

mod published {
    use super::super::data;
    use super::super::replay::{circle, matching, retroactive};
    use super::super::scenarios::sybil_round::{Settings, SybilRound};
    use daotwin_core::random::Seed;
    use daotwin_simulation::governance::quadratic_funding::{Matching, Similarity};

    macro_rules! data_or_return {
        () => {
            match data::folder() {
                Some(folder) => folder,
                None => {
                    println!("skipped: the published sets are not here");
                    return;
                }
            }
        };
    }

    #[test]
    fn retropgf_comes_out_of_its_ballots() {
        let folder = data_or_return!();
        let mut projects = data::retroactive(&folder).unwrap();
        let of = retroactive::replay(&projects);
        assert_eq!((of.projects, of.counts_equal, of.unrounded), (643, 643, 0));
        assert_eq!((of.medians_equal, of.medians_explained), (442, 643));
        assert_eq!((of.fates_equal, of.payments_equal), (643, 643));
        // One cent, and one median beyond rounding, are seen.
        projects[0].paid += 0.01;
        projects[1].median *= 0.9;
        let of = retroactive::replay(&projects);
        assert!(of.payments_equal < 643 && of.medians_explained == 642, "{of:?}");
    }

    #[test]
    fn rounding_up_to_two_digits_is_undone() {
        for (rounded, least) in
            [(670_000.0, 660_000.0), (100.0, 99.0), (1.0, 0.99), (0.0, 0.0), (18_000.0, 17_000.0)]
        {
            assert!((retroactive::below(rounded) - least).abs() < 1e-9, "{rounded}");
        }
    }

    #[test]
    fn the_circle_comes_out_of_its_gifts() {
        let folder = data_or_return!();
        let (mut gifts, members) = data::circle(&folder).unwrap();
        let of = circle::replay(&gifts, &members, 1_000_000).unwrap();
        assert_eq!((of.members, of.gifts, of.points), (779, 5_729, 28_349));
        assert_eq!((of.with_gift, of.received_equal, of.paid_equal), (774, 774, 774));
        assert_eq!(of.without_gift, (5, 211));
        gifts[0].points += 1;
        let of = circle::replay(&gifts, &members, 1_000_000).unwrap();
        assert!(of.received_equal == 773 && of.paid_equal < 500, "{of:?}");
    }

    #[test]
    fn matching_is_that_of_its_totals() {
        let folder = data_or_return!();
        let totals = matching::totals(&data::grants(&folder).unwrap());
        assert_eq!(totals.len(), 15);
        assert!(totals.iter().filter(|own| own.round >= 9).all(|own| own.unequal == 0));
        assert!((totals[9].matched / 700_000.0 - 1.0).abs() < 0.05);
        let mut matches = data::matches(&folder).unwrap();
        let held = |matches: &[matching::Match]| {
            let pools = matching::pools(matches);
            (pools.len(), pools.iter().filter(|pool| pool.largest_error <= pool.rounding).count())
        };
        assert_eq!(held(&matches), (64, 64));
        matches[0].amount *= 2;
        assert_eq!(held(&matches), (64, 63));
    }

    #[test]
    fn clusters_lower_what_false_donors_move() {
        let folder = data_or_return!();
        let tenth = data::grants(&folder).unwrap().into_iter().filter(|grant| grant.round == 10);
        let projects: Vec<(f64, f64)> =
            tenth.step_by(20).map(|grant| (grant.contributors, grant.given)).collect();
        let round = SybilRound::draw(&Settings::tenth_round(20), &projects, Seed(2)).unwrap();
        assert!((round.flagged() - 0.089).abs() < 0.001);
        let gift = round.fit_gift(0.02).unwrap();
        assert!((round.flagged_moves(gift, Matching::Plain) - 0.02).abs() < 1e-4);
        let plain = round.sybils_move(gift, Matching::Plain);
        for similarity in [Similarity::Markov, Similarity::Friends, Similarity::Shared] {
            let clusters = round.sybils_move(gift, Matching::Cluster { similarity, harsh: false });
            assert!(clusters < plain, "{similarity:?}: {clusters} {plain}");
        }
        // Without a gift they move nothing.
        assert_eq!(round.sybils_move(0.0, Matching::Plain), 0.0);
        let wrong = Settings { incidence: 1.2, ring: 0, ..Settings::tenth_round(20) };
        let problems = SybilRound::draw(&wrong, &[], Seed(2)).unwrap_err().to_string();
        assert_eq!(problems.lines().count(), 3, "{problems}");
    }
}

/// Payments of a run are binomial; the mean of 100 runs lies within 4.9 standard errors with chance 1 - 1e-6.
#[test]
fn a_second_signer_stops_a_false_announcement() {
    use scenarios::announcement::{Announcement, PAYMENTS};
    let real = Announcement { members: 9_400, ..Announcement::phantom_galaxies() };
    let payments = real.play(100, Seed(4));
    let (expected, chance) = (PAYMENTS / 10.0, real.conversion());
    assert!((real.expected() - expected).abs() < 1e-9 && chance <= 0.017);
    let mean = payments.iter().sum::<u64>() as f64 / 100.0;
    let error = (expected * (1.0 - chance) / 100.0).sqrt();
    assert!((mean - expected).abs() < 4.9 * error, "{mean}");
    // Negative control: with an hour less the same bound is broken.
    let shorter = Announcement { hours: 2.0, ..real }.play(100, Seed(4));
    assert!((shorter.iter().sum::<u64>() as f64 / 100.0 - expected).abs() > 4.9 * error);
    let two = Announcement { signers: 2, ..real }.play(100, Seed(4));
    assert!(two.iter().filter(|&&payments| payments == 0).count() > 50);
    assert_eq!(payments[..10], real.play(10, Seed(4))[..]);
}
