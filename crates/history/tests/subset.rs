//! Parts of a History.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a helper of a test fails as the test does, and says what it skips"
)]

mod shared;

use daotwin_history::schema::Table;
use daotwin_history::subset::{first_proposals, with_members};
use daotwin_history::view::DaoView;

fn files() -> [&'static str; 4] {
    ["daos.csv.gz", "members.csv.gz", "proposals.csv.gz", "votes.csv.gz"]
}

#[test]
fn members_that_are_left_out_leave_nothing() {
    let Some(history) = shared::import("governance-core", &files()) else { return };
    let keep = |member: &str| member.ends_with(['0', '1', '2', '3']);
    let part = with_members(&history, &keep).unwrap();
    assert_eq!(part.rows(Table::Proposals), history.rows(Table::Proposals));
    assert!(part.rows(Table::Votes) < history.rows(Table::Votes) / 2 && part.rows(Table::Votes) > 10_000);
    let (whole, part) = (DaoView::all(&history).unwrap(), DaoView::all(&part).unwrap());
    for (whole, part) in whole.iter().zip(&part) {
        assert_eq!(whole.proposals.len(), part.proposals.len());
        assert!(part.members.iter().all(|member| keep(member)));
        assert!(part.proposals.iter().all(|proposal| proposal.author.is_none()));
        let kept = whole.votes.iter().filter(|vote| keep(&whole.members[vote.member as usize])).count();
        assert_eq!(part.votes.len(), kept, "{}", whole.dao);
    }
    let scores = with_members(&history, &|_| true).unwrap();
    let scores = scores.table(Table::Proposals).unwrap().column_by_name("scores").unwrap().clone();
    assert_eq!(scores.null_count(), scores.len(), "scores tell of those left out");
}

#[test]
fn the_first_proposals_know_nothing_of_the_rest() {
    let Some(history) = shared::import("governance-core", &files()) else { return };
    let whole = DaoView::one(&history, Some("ens-governor")).unwrap();
    let part = DaoView::one(&first_proposals(&history, &whole, 40).unwrap(), None).unwrap();
    assert_eq!(part.proposals.len(), 40);
    assert_eq!(part.votes.len(), whole.proposals[39].votes.end);
    assert_eq!(part.voters(), part.members.len(), "members who come later are not known yet");
    assert!(part.voters() < whole.voters());
}
