use super::*;
use daotwin_core::{Seed, Stream};

fn give(from: u32, to: u32, parts: u32) -> Delegation {
    Delegation { from, to, parts, topic: None, expires: None }
}

/// Members with powers, delegations in parts, and some who vote; circles come about.
fn random(stream: &mut Stream) -> (Vec<u128>, Vec<Delegation>, Vec<bool>) {
    let members = 1 + stream.below(30) as u32;
    let powers = (0..members).map(|_| u128::from(stream.bits() >> 24)).collect();
    let mut delegations = Vec::new();
    for from in (0..members).filter(|from| from % 5 != 4) {
        let mut left = WHOLE;
        for _ in 0..=stream.below(3) {
            let parts = if stream.chance(0.5) { left } else { stream.below(u64::from(left) + 1) as u32 };
            if parts > 0 {
                delegations.push(give(from, stream.below(members.into()) as u32, parts));
                left -= parts;
            }
        }
    }
    let votes = (0..members).map(|_| stream.chance(0.2)).collect();
    (powers, delegations, votes)
}

#[test]
fn power_is_conserved_in_any_order() {
    let mut stream = Seed(5).stream("delegation");
    let mut circles = 0;
    for round in 0..3_000_u64 {
        let (powers, mut delegations, votes) = random(&mut stream);
        let keep = Keep { numerator: round % 4 + 1, denominator: 4 };
        let graph = Graph::new(powers.len(), &delegations, None, 0).unwrap();
        let flow = graph.transitive(&powers, &votes, keep);
        let reached: u128 = flow.reached.iter().sum();
        let all: u128 = powers.iter().sum();
        assert_eq!(reached + flow.unrepresented + flow.circular + flow.decayed, all);
        assert!(
            votes
                .iter()
                .zip(&flow.reached)
                .zip(&powers)
                .all(|((&votes, &reached), &own)| { if votes { reached >= own } else { reached == 0 } })
        );
        circles += u32::from(flow.circular > 0);
        stream.shuffle(&mut delegations);
        let again = Graph::new(powers.len(), &delegations, None, 0).unwrap();
        assert_eq!(again.transitive(&powers, &votes, keep), flow);
        if keep.numerator == keep.denominator {
            assert_eq!(flow.decayed, 0);
        }
        let everyone = graph.transitive(&powers, &vec![true; powers.len()], keep);
        assert_eq!(everyone.reached, powers);
    }
    assert!(circles > 300, "{circles}");
}

/// A second method for delegations of the whole: walk from every member on its own.
#[test]
fn chains_are_what_a_walk_finds() {
    let mut stream = Seed(6).stream("walk");
    for _ in 0..2_000 {
        let members = 1 + stream.below(40) as u32;
        let to: Vec<Option<u32>> =
            (0..members).map(|_| stream.chance(0.8).then(|| stream.below(members.into()) as u32)).collect();
        let votes: Vec<bool> = (0..members).map(|_| stream.chance(0.15)).collect();
        let powers: Vec<u128> = (0..members).map(|_| u128::from(stream.below(100))).collect();
        let mut expected =
            Flow { reached: vec![0; members as usize], unrepresented: 0, circular: 0, decayed: 0 };
        for from in 0..members {
            let mut at = from;
            let power = powers[from as usize];
            for step in 0.. {
                let own = at as usize;
                if votes[own] {
                    expected.reached[own] += power;
                } else if to[own].is_none_or(|next| next == at) {
                    expected.unrepresented += power;
                } else if step > members {
                    expected.circular += power;
                } else {
                    at = to[own].unwrap();
                    continue;
                }
                break;
            }
        }
        let delegations: Vec<Delegation> =
            (0..).zip(&to).filter_map(|(from, to)| to.map(|to| give(from, to, WHOLE))).collect();
        let graph = Graph::new(members as usize, &delegations, None, 0).unwrap();
        assert_eq!(graph.transitive(&powers, &votes, Keep::ALL), expected);
    }
}

#[test]
fn long_chains_and_large_circles_end() {
    let members = 300_000_u32;
    let chain: Vec<Delegation> = (0..members - 1).map(|from| give(from, from + 1, WHOLE)).collect();
    let powers = vec![1; members as usize];
    let mut votes = vec![false; members as usize];
    let graph = Graph::new(members as usize, &chain, None, 0).unwrap();
    votes[members as usize - 1] = true;
    assert_eq!(graph.transitive(&powers, &votes, Keep::ALL).reached[members as usize - 1], members.into());
    let circle: Vec<Delegation> = chain.into_iter().chain([give(members - 1, 0, WHOLE)]).collect();
    let graph = Graph::new(members as usize, &circle, None, 0).unwrap();
    assert_eq!(graph.transitive(&powers, &votes, Keep::ALL).circular, 0, "someone on it votes");
    votes[members as usize - 1] = false;
    assert_eq!(graph.transitive(&powers, &votes, Keep::ALL).circular, members.into());
}

#[test]
fn votes_and_overrides_count_alike_in_any_order() {
    let mut stream = Seed(7).stream("override");
    for round in 0..2_000_u64 {
        let (powers, delegations, votes) = random(&mut stream);
        let graph = Graph::new(powers.len(), &delegations, None, 0).unwrap();
        let keep = Keep { numerator: round % 3 + 1, denominator: 3 };
        let mut ballots: Vec<(u32, u32, bool)> =
            (0..).zip(&votes).filter(|(_, votes)| **votes).map(|(m, _)| (m, m % 3, false)).collect();
        for member in 0..powers.len() as u32 {
            if stream.chance(0.3) {
                ballots.push((member, (member + 1) % 3, true));
            }
        }
        let count = |ballots: &[(u32, u32, bool)]| {
            let mut count = Overridable::new(&graph, &powers, 3, keep, round % 2 == 0);
            for &(member, choice, taken_back) in ballots {
                let done =
                    if taken_back { count.cast_override(member, choice) } else { count.cast(member, choice) };
                done.unwrap();
            }
            (count.votes().to_vec(), count.decayed())
        };
        let found = count(&ballots);
        stream.shuffle(&mut ballots);
        assert_eq!(count(&ballots), found);
        let all: u128 = powers.iter().sum();
        assert!(found.0.iter().sum::<u128>() + found.1 <= all);
        // With a vote of everyone nothing is left over where what is not given is its owner's.
        let mut everyone = Overridable::new(&graph, &powers, 1, keep, true);
        for member in 0..powers.len() as u32 {
            everyone.cast(member, 0).unwrap();
        }
        assert_eq!(everyone.votes()[0] + everyone.decayed(), all);
        // And with an override of everyone each has its own again.
        for member in 0..powers.len() as u32 {
            everyone.cast_override(member, 0).unwrap();
        }
        assert_eq!((everyone.votes()[0], everyone.decayed()), (all, 0));
    }
}

#[test]
fn topics_and_expiry_choose_what_holds() {
    let general = give(0, 1, WHOLE);
    let special = Delegation { topic: Some(7), expires: Some(10), to: 2, ..general };
    let of = |topic, now| Graph::new(3, &[general, special], topic, now).unwrap().of(0).to_vec();
    assert_eq!(of(None, 0), [(1, WHOLE)]);
    assert_eq!(of(Some(8), 0), [(1, WHOLE)]);
    assert_eq!(of(Some(7), 9), [(2, WHOLE)]);
    assert_eq!(of(Some(7), 10), [(1, WHOLE)], "it ends at that moment");
    assert_eq!(Graph::new(2, &[general, give(0, 0, 1)], None, 0).unwrap_err(), [0]);
    assert_eq!(Graph::new(2, &[give(0, 1, 4_000), give(0, 1, 6_000)], None, 0).unwrap().of(0), [(1, WHOLE)]);
}
