//! The governance-core set, whole.

mod shared;

use daotwin_history::schema::{Precision, Table};
use daotwin_history::view::DaoView;
use shared::{aside, import};

#[test]
fn every_row_is_read() {
    let files = ["daos.csv.gz", "members.csv.gz", "proposals.csv.gz", "votes.csv.gz"];
    let Some(history) = import("governance-core", &files) else { return };
    assert_eq!(history.rows(Table::Daos), 16);
    assert_eq!(history.rows(Table::Members), 24_009);
    assert_eq!(history.rows(Table::Proposals), 2_962);
    assert_eq!(history.rows(Table::Votes), 82_139);
    assert_eq!(aside(&history), []);

    let views = DaoView::all(&history).unwrap();
    let dao = |name: &str| views.iter().find(|view| view.dao == name).unwrap();
    // Lido re-votes and one ENS row: the 19 of the README.
    assert_eq!(views.iter().map(|view| view.replaced_votes).sum::<usize>(), 19);
    assert_eq!(views.iter().map(|view| view.orphan_votes).sum::<usize>(), 0);
    for (name, proposals, voters) in
        [("compound-bravo", 99, 2_710), ("aave-v2", 130, 6_628), ("decentraland", 959, 2_583)]
    {
        assert_eq!(dao(name).proposals.len(), proposals, "{name}");
        assert_eq!(dao(name).voters(), voters, "{name}");
    }
    assert_eq!(dao("compound-alpha").supply, Some(1e7));
    assert_eq!(dao("daostack-dxdao").supply, None);
    // Known cells: the first proposal of Compound, in base units, to the last digit that the file prints.
    let unit = 10_i128.pow(16);
    assert_eq!(shared::scores(&history, "compound-alpha", "1"), [79_798_128 * unit, 8_558_073 * unit]);

    // Recorded scores are the sums of the counting ballots wherever ballots name one choice (the small grants
    // are approval and weighted rounds). Lido and ENS have proposals where the source's own figures differ.
    for view in views.iter().filter(|view| view.dao != "ens-smallgrants") {
        let (mut equal, mut all) = (0, 0);
        for proposal in &view.proposals {
            let scores = shared::scores(&history, &view.dao, &proposal.proposal);
            if scores.is_empty() {
                continue;
            }
            let mut sums = vec![0_i128; scores.len()];
            for vote in &view.votes[proposal.votes.clone()] {
                sums[vote.choice as usize - 1] += vote.power;
            }
            // The source rounds scores to a hundredth.
            let near =
                |(score, sum): (&i128, &i128)| (score - sum).abs() <= 11 * unit / 10 + score / 1_000_000;
            equal += usize::from(scores.iter().zip(&sums).all(near));
            all += 1;
        }
        let wanted = match view.dao.as_str() {
            "lido-aragon" => 134,
            "ens-governor" => 61,
            _ => all,
        };
        assert_eq!(equal, wanted, "{}", view.dao);
    }
    let day = |name: &str| dao(name).votes.iter().all(|vote| vote.precision == Precision::Day);
    assert!(["snapshot-uni", "snapshot-comp", "snapshot-arb"].into_iter().all(day));
    assert!(!day("aave-v2") && !day("decentraland"));
}
