//! A made History on governors of three generations.

use daotwin_core::random::Stream;
use daotwin_core::{Limits, Seed};
use daotwin_history::builder::{Cell, HistoryBuilder, ProposalRow, VoteRow};
use daotwin_history::schema::{Precision, Table};

use super::*;
use crate::traffic::site;

const DAY: i64 = 86_400;

/// So many proposals, a day or two apart, each voted on for three days by some of so many members.
pub(crate) fn history(stream: &mut Stream, proposals: u64, members: u64) -> History {
    let mut builder = HistoryBuilder::new(0, Limits::default());
    let labels = ["For", "Against", "Abstain"].map(str::to_owned);
    let mut start = 1_600_000_000_i64;
    let name = |member: u64| format!("member {member}");
    for proposal in 0..proposals {
        start += DAY + stream.below(86_400) as i64;
        let (id, author) = (format!("proposal {proposal}"), name(stream.below(members)));
        builder
            .table(Table::Proposals)
            .push_proposal(&ProposalRow {
                dao: "made",
                proposal: &id,
                author: Some(&author),
                choices: &labels,
                voting_system: Some("single-choice"),
                created_at: Some(start),
                start_at: Some(start),
                end_at: Some(start + 3 * DAY),
                ..ProposalRow::default()
            })
            .unwrap();
        for member in 0..members {
            if stream.chance(0.4) {
                continue;
            }
            let choice = 1 + stream.weighted(&[0.6, 0.25, 0.15]) as i32;
            builder
                .table(Table::Votes)
                .push_vote(&VoteRow {
                    dao: "made",
                    proposal: &id,
                    member: &name(member),
                    cast_at: Some(start + stream.below(3 * 86_400) as i64),
                    precision: Precision::Second,
                    choice: &[(choice, 1.0)],
                    power: 1 + i128::from(stream.below(1_000)),
                })
                .unwrap();
        }
        let at = Cell::Time(start + 3_600, Precision::Second);
        let (from, to) = (name(stream.below(members)), name(stream.below(members)));
        builder
            .table(Table::Transfers)
            .push_named(&[
                ("dao", Cell::Text("made")),
                ("at", at),
                ("from", Cell::Text(&from)),
                ("to", Cell::Text(&to)),
                ("amount", Cell::Amount(5)),
            ])
            .unwrap();
        builder
            .table(Table::Delegations)
            .push_named(&[
                ("dao", Cell::Text("made")),
                ("at", at),
                ("delegator", Cell::Text("idler")),
                ("to_delegate", Cell::Text(&to)),
            ])
            .unwrap();
    }
    builder.finish().unwrap()
}

/// What the ballots of a proposal add up to, by label.
fn sums(view: &DaoView) -> Vec<BTreeMap<String, i128>> {
    view.proposals
        .iter()
        .map(|proposal| {
            let mut sums = BTreeMap::new();
            for vote in &view.votes[proposal.votes.clone()] {
                let label = proposal.labels[vote.choice as usize - 1].clone();
                *sums.entry(label).or_default() += vote.power;
            }
            sums
        })
        .collect()
}

#[test]
fn a_population_keeps_working_and_is_a_history_again() {
    let history = history(&mut Seed(7).stream("history"), 12, 20);
    let before = DaoView::one(&history, None).unwrap();
    for world in [
        site::governor((1, 7_200, 10, 4, Some(172_800))),
        site::governor((0, 50, 0, 10, None)),
        site::compound("GovernorBravo", (1, 7_200, 10, 400, Some(172_800))),
    ] {
        let load = play(&history, &world, &Options::default(), &Run::default()).unwrap();
        assert_eq!(load.failures, []);
        assert!((load.share() - 1.0).abs() < 1e-12);
        assert_eq!(load.counts[&Act::Propose].done, 12);
        assert_eq!(load.counts[&Act::Vote].done as usize, before.votes.len());
        assert_eq!(load.counts[&Act::Transfer].done, 12);
        let after = DaoView::one(&load.history, None).unwrap();
        // Every ballot weighs what it weighed, for the same answer.
        assert_eq!(sums(&after), sums(&before));
        let passed =
            after.proposals.iter().filter(|proposal| proposal.state.as_deref() == Some("executed")).count();
        assert_eq!(passed as u64, load.counts[&Act::Execute].done);
        assert!(passed >= 6, "{passed}");
        for (old, new) in before.proposals.iter().zip(&after.proposals) {
            assert_eq!(old.proposal, new.proposal);
            // Made when it was, but for the seconds that a block takes.
            assert!((new.created_at.unwrap() - old.start_at.unwrap()).abs() <= 24);
        }
        let trades = load.counts[&Act::Trade].done as usize;
        assert_eq!(load.history.rows(Table::Transactions), load.recording.calls.len() + trades);
        let again = play(&history, &world, &Options::default(), &Run::default()).unwrap();
        assert_eq!(again.history.fingerprint().unwrap(), load.history.fingerprint().unwrap());
    }
}

/// A governor that nobody can vote on in time is told so.
#[test]
fn what_the_contracts_refuse_is_told_with_the_reason() {
    let history = history(&mut Seed(8).stream("history"), 4, 10);
    let world = site::governor((1, 5, 0, 4, Some(24)));
    let options = Options { windows: Windows::Own, ..Options::default() };
    let load = play(&history, &world, &options, &Run::default()).unwrap();
    let late = load.failures.iter().filter(|failure| failure.act == Act::Vote).count();
    assert!(late as u64 == load.counts[&Act::Vote].refused && late > 10, "{late}");
    assert!(load.failures.iter().all(|failure| failure.reason.contains("GovernorUnexpectedProposalState")));
    assert!(load.share() < 0.9);
}
