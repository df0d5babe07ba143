use daotwin_core::Seed;
use proptest::prelude::*;

use super::ballots::Ballots;
use super::*;
use crate::view::{DaoView, ProposalView, VoteView};

/// A ballot: proposal, member, entries, power in base units of one decimal, seconds after the start.
type Ballot<'a> = (u32, u32, &'a [(i32, f64)], i128, i64);
/// A ballot with one entry that it owns.
type Owned = (u32, u32, [(i32, f64); 1], i128);

/// A DAO from ballots.
fn dao(system: &str, choices: u32, ballots: &[Ballot<'_>]) -> DaoView {
    let proposals = ballots.iter().map(|ballot| ballot.0 + 1).max().unwrap_or(0);
    let members = ballots.iter().map(|ballot| ballot.1 + 1).max().unwrap_or(0);
    let mut view = DaoView {
        decimals: 1,
        members: (0..members).map(|member| format!("m{member}")).collect(),
        ..DaoView::default()
    };
    for proposal in 0..proposals {
        let start = view.votes.len();
        for &(_, member, entries, power, at) in ballots.iter().filter(|ballot| ballot.0 == proposal) {
            view.votes.push(VoteView {
                proposal,
                member,
                at: Some(i64::from(proposal) * 1000 + at),
                precision: crate::schema::Precision::Second,
                power,
                choice: entries.first().map_or(0, |entry| entry.0),
                entries_start: view.entries.len() as u32,
                entries_len: entries.len() as u32,
            });
            view.entries.extend_from_slice(entries);
        }
        view.proposals.push(ProposalView {
            proposal: format!("p{proposal}"),
            voting_system: Some(system.to_owned()),
            choices,
            start_at: Some(i64::from(proposal) * 1000),
            end_at: Some(i64::from(proposal) * 1000 + 100),
            votes: start..view.votes.len(),
            ..ProposalView::default()
        });
    }
    view
}

const YES: &[(i32, f64)] = &[(1, 1.0)];
const NO: &[(i32, f64)] = &[(2, 1.0)];

#[test]
fn facts_of_a_dao_counted_by_hand() {
    // Five voters on p0; 0, 1, 2 and a new one, 5, and 6 on p1; voter 0 alone on p2; five again on p3.
    let view = dao(
        "basic",
        2,
        &[
            (0, 0, YES, 10, 0),
            (0, 1, NO, 20, 50),
            (0, 2, YES, 0, 100),
            (0, 3, NO, 5, 25),
            (0, 4, YES, 5, 25),
            (1, 0, YES, 10, 0),
            (1, 1, YES, 21, 0),
            (1, 2, YES, 0, 0),
            (1, 5, YES, 1, 0),
            (1, 6, YES, 1, 0),
            (2, 0, YES, 10, 0),
            (3, 0, YES, 11, 0),
            (3, 1, YES, 21, 0),
            (3, 2, NO, 0, 0),
            (3, 5, NO, 1, 0),
            (3, 3, NO, 5, 0),
        ],
    );
    let facts = Facts::of(&view);
    assert_eq!(facts.votes_per_member, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0]);
    assert_eq!(facts.votes_per_proposal, [1.0, 5.0, 5.0, 5.0]);
    assert!((facts.one_vote_share - 2.0 / 7.0).abs() < 1e-12);
    assert!((facts.zero_power_share - 1.0 / 7.0).abs() < 1e-12);
    // Repeats: 0 same, 1 changed, 2 same | 0 same | 0 changed, 1 same, 2 same, 5 same, 3 same.
    assert!((facts.unchanged_share - 7.0 / 9.0).abs() < 1e-12);
    // p0 to p1: 0, 1, 2 of five; p1 to p3 (p2 has one voter): 0, 1, 2, 5 of five.
    assert_eq!(facts.returning_share, [0.6, 0.8]);
    assert!((facts.persistence - 0.7).abs() < 1e-12);
    // p0: yes 15 of 40, so no wins with 25 of 40 against three heads of five. p3: yes 32 of 38.
    assert_eq!(facts.majority_share, [25.0 / 40.0, 32.0 / 38.0, 1.0]);
    assert_eq!(facts.head_count_majority, [0.6, 0.6, 1.0]);
    assert_eq!((facts.contested, facts.mismatch), (0, 2));
    // Pairs with three common proposals: 0-1 (agree on p1, p3), 0-2 (p0, p1), 1-2 (p1).
    assert!((facts.pair_agreement - (2.0 / 3.0 + 2.0 / 3.0 + 1.0 / 3.0) / 3.0).abs() < 1e-12);
    assert_eq!(facts.nakamoto, 2);
    assert_eq!(*facts.time_in_window.last().unwrap(), 1.0);
    assert_eq!(facts.first_time_share, [0.0, 0.0, 0.4, 1.0]);
}

#[test]
fn each_voting_system_counts_as_snapshot_does() {
    let ballots: &[Ballot<'_>] = &[
        (0, 0, &[(1, 3.0), (2, 1.0)], 40, 0),
        (0, 1, &[(2, 1.0)], 10, 0),
        (0, 2, &[(2, 1.0), (3, 1.0)], 20, 0),
    ];
    let share = |system| Facts::of(&dao(system, 3, ballots)).majority_share[0];
    // Approval: choice 2 has all 70 of 70.
    assert_eq!(share("approval"), 1.0);
    // Weighted: choice 1 has 30, choice 2 10 + 10 + 10, choice 3 10.
    assert_eq!(share("weighted"), 30.0 / 70.0);
    // First preference: 40 of 70.
    assert_eq!(share("ranked-choice"), 40.0 / 70.0);
    // Quadratic in tokens: choice 1 (sqrt 3)^2 = 3, choice 2 (3 sqrt 1)^2 = 9, choice 3 1.
    assert!((share("quadratic") - 9.0 / 13.0).abs() < 1e-12);
}

#[test]
fn a_tie_of_heads_is_no_mismatch() {
    let view = dao("basic", 2, &[(0, 0, YES, 1, 0), (0, 1, YES, 1, 0), (0, 2, NO, 9, 0), (0, 3, NO, 9, 0)]);
    assert_eq!(Facts::of(&view).mismatch, 0);
}

#[test]
fn nothing_and_one_ballot_are_dao_enough() {
    for view in
        [dao("basic", 2, &[]), dao("basic", 2, &[(0, 0, YES, 0, 0)]), dao("basic", 2, &[(0, 0, &[], 0, 0)])]
    {
        let facts = Facts::of(&view);
        assert!(compare(&facts, &facts).iter().all(|distance| distance.value == 0.0), "{facts:?}");
        assert_eq!(floors(&view, 3, Seed(1)).len(), FACTS.len());
    }
}

#[test]
fn a_dao_holds_against_itself_and_not_against_another() {
    let ballots: Vec<Ballot<'_>> = (0..60_u32)
        .flat_map(|proposal| {
            (0..10).map(move |member| {
                let choice = if (proposal + member) % 3 == 0 { NO } else { YES };
                (proposal, (member + proposal / 7) % 17, choice, i128::from(member * member + 1), 9_i64)
            })
        })
        .collect();
    let real = dao("basic", 2, &ballots);
    let other: Vec<_> = ballots.iter().map(|b| (b.0, b.0 * 10 + b.1 % 10, YES, b.3 * 50, 90)).collect();
    let facts = Facts::of(&real);
    let floors = floors(&real, 50, Seed(4));
    let own = table("a", &facts, std::slice::from_ref(&facts), &floors);
    assert_eq!(own.outside(), 0, "{own:?}");
    assert!(own.counts.iter().all(|check| check.holds));
    let foreign = table("a", &facts, &[Facts::of(&dao("basic", 2, &other))], &floors);
    assert!(foreign.outside() >= 5, "{foreign:?}");
}

#[test]
fn a_count_of_three_may_not_be_answered_by_zero() {
    let facts = |contested| Facts { contested, ..Facts::default() };
    let samples: Vec<Facts> = [0, 0, 0, 9].into_iter().map(facts).collect();
    assert!(count_checks(&facts(1), &samples)[0].holds);
    assert!(!count_checks(&facts(3), &samples)[0].holds, "inside the interval, but the median is zero");
    assert!(!count_checks(&facts(10), &samples)[0].holds);
}

#[test]
fn pictures_are_sane() {
    assert_eq!(activity_tail(&[1.0, 1.0, 2.0, 0.0]), [(1.0, 0.75), (2.0, 0.25)]);
    assert_eq!(lorenz(&[1.0, 3.0]), [(0.0, 0.0), (0.5, 0.25), (1.0, 1.0)]);
    let ballots: Vec<_> =
        (0..4).flat_map(|p| (0..6).map(move |m| (p, m, if m % 2 == 0 { YES } else { NO }, 1, 0))).collect();
    let blocs = co_voting(&dao("basic", 2, &ballots), 6);
    let parity: Vec<u32> = blocs.members.iter().map(|member| member % 2).collect();
    assert_eq!(parity.windows(2).filter(|pair| pair[0] != pair[1]).count(), 1, "two blocs stand together");
    assert_eq!(blocs.agreement[0], 1.0);
    assert_eq!(turnout(&dao("basic", 2, &ballots))[1], (1000.0, 6.0));
}

proptest! {
    /// Counting a member w times is the same as writing the member down w times.
    #[test]
    fn weights_are_copies(
        raw in proptest::collection::vec((0_u32..8, 0_u32..9, 1_i32..4, 0_i128..5), 1..60),
        weights in proptest::collection::vec(0_u32..4, 9),
    ) {
        let mut rows: Vec<Owned> =
            // Whole tokens, so that sums are exact in any order.
            raw.iter().map(|&(p, m, c, power)| (p, m, [(c, 1.0)], power * 10)).collect();
        rows.sort_by_key(|row| (row.0, row.1));
        rows.dedup_by_key(|row| (row.0, row.1));
        let view = dao("basic", 3, &rows.iter().map(|r| (r.0, r.1, &r.2[..], r.3, 1_i64)).collect::<Vec<_>>());
        let voters = view.voters();
        let copies: Vec<Ballot<'_>> = rows
            .iter()
            .flat_map(|row| (0..weights[row.1 as usize]).map(move |copy| (row.0, row.1 * 4 + copy, &row.2[..], row.3, 1)))
            .collect();
        let ballots = Ballots::new(&view);
        // Members of a DAO made by hand that have no ballot must not count.
        let present = |ballots: &Ballots<'_>| -> Vec<u32> {
            ballots.votes.iter().map(|&votes| u32::from(votes > 0)).collect()
        };
        let counts: Vec<u32> =
            present(&ballots).iter().zip(&weights[..voters]).map(|(here, weight)| here * weight).collect();
        let mut weighted = Facts::weighted(&ballots, &counts);
        let written_view = dao("basic", 3, &copies);
        let written_ballots = Ballots::new(&written_view);
        let mut written = Facts::weighted(&written_ballots, &present(&written_ballots));
        // Pairs of copies count in one and not in the other, by design.
        weighted.pair_agreement = 0.0;
        written.pair_agreement = 0.0;
        // Means of power are summed in another order.
        prop_assert!((weighted.gini - written.gini).abs() < 1e-9);
        weighted.gini = written.gini;
        prop_assert_eq!(weighted, written);
    }
}
