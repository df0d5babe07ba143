//! The governance-core set, whole.

mod shared;

use daotwin_history::schema::Table;
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
}
