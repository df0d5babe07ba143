//! The off-chain sets beside governance-core: every row is a row of the History or counted as set aside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use daotwin_core::Run;
use daotwin_history::History;
use daotwin_history::amount::to_tokens;
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::schema::{Precision, Table};
use daotwin_history::view::DaoView;
use shared::{aside, import};

fn one<'a>(views: &'a [DaoView], dao: &str) -> &'a DaoView {
    views.iter().find(|view| view.dao == dao).unwrap()
}

fn no_proposal(rows: u64) -> Vec<(String, String, u64)> {
    vec![("votes".to_owned(), "the ballot's proposal has no row".to_owned(), rows)]
}

#[test]
fn snapshot_graphql() {
    let files =
        ["ens_eth_proposals.json.gz", "ens_smallgrants_proposals.json.gz", "ens_smallgrants_votes.json.gz"];
    let Some(history) = import("snapshot-graphql", &files) else { return };
    assert_eq!(history.rows(Table::Proposals), 90 + 24);
    assert_eq!(history.rows(Table::Votes), 1_562);
    assert_eq!(aside(&history), []);
    let views = DaoView::all(&history).unwrap();
    let grants = one(&views, "small-grants.eth");
    assert_eq!((grants.proposals.len(), grants.voters(), grants.orphan_votes), (24, 671, 0));
    tallies_agree(&history, grants);
}

/// The recorded scores of an approval round are the sums of its ballots, to the noise of the floats in
/// which the source keeps both.
fn tallies_agree(history: &History, view: &DaoView) {
    let round = "0x4073c5c7d372e6d73f021afff6481bb08b12a4f98125c7326bb5a959ba2f4050";
    let proposal = view.proposals.iter().find(|proposal| proposal.proposal == round).unwrap();
    let mut sums = vec![0.0; proposal.choices as usize];
    for vote in &view.votes[proposal.votes.clone()] {
        for &(index, weight) in view.entries(vote) {
            assert_eq!(weight, 1.0);
            sums[index as usize - 1] += view.tokens(vote);
        }
    }
    let scores = shared::scores(history, "small-grants.eth", round);
    assert_eq!(scores.len(), sums.len());
    for (&score, sum) in scores.iter().zip(&sums) {
        let score = to_tokens(score, history.decimals());
        assert!((score - sum).abs() <= 1e-6 * score.max(1.0), "{score} {sum}");
    }
}

#[test]
fn flat_arrays_of_the_ens_set() {
    let files = ["smallgrants_proposals.json.gz", "smallgrants_votes.json.gz", "snapshot_proposals.json.gz"];
    let Some(history) = import("ens-dao", &files) else { return };
    assert_eq!(history.rows(Table::Proposals), 24 + 90);
    assert_eq!(history.rows(Table::Votes), 1_562);
    assert_eq!(aside(&history), []);
    let views = DaoView::all(&history).unwrap();
    assert!(views.iter().all(|view| view.orphan_votes == 0));
    assert_eq!(views.iter().map(DaoView::voters).sum::<usize>(), 671);
}

#[test]
fn snapshot_mixed() {
    let Some(history) = import("snapshot-mixed", &["proposals.csv.gz", "votes.csv.gz"]) else { return };
    assert_eq!(history.rows(Table::Proposals), 94);
    assert_eq!(history.rows(Table::Votes), 19_151);
    assert_eq!(history.rows(Table::Daos), 4);
    assert_eq!(aside(&history), []);
    let views = DaoView::all(&history).unwrap();
    for (dao, votes) in [
        ("arbitrumfoundation.eth", 16_969),
        ("uniswapgovernance.eth", 1_954),
        ("comp-vote.eth", 198),
        ("dimo.eth", 30),
    ] {
        let view = one(&views, dao);
        assert_eq!(view.votes.len() + view.replaced_votes, votes, "{dao}");
        assert!(view.votes.iter().all(|vote| vote.precision == Precision::Day), "{dao}");
    }
}

#[test]
fn daostack() {
    let files = ["daos", "proposals", "votes", "stakes", "reputation_holders"];
    let files: Vec<String> = files.iter().map(|name| format!("{name}.csv.gz")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(history) = import("daostack", &files) else { return };
    assert_eq!(history.rows(Table::Proposals), 2_363);
    assert_eq!(history.rows(Table::Votes), 7_051);
    assert_eq!(history.rows(Table::Contributions), 2_086);
    assert_eq!(history.rows(Table::Holdings), 11_360);
    // 55 are listed; the others are named by rows only.
    assert_eq!(history.rows(Table::Daos), 257);
    assert_eq!(aside(&history), []);
    let views = DaoView::all(&history).unwrap();
    assert_eq!(views.iter().map(|view| view.votes.len() + view.replaced_votes).sum::<usize>(), 7_051);
    // The tally that the contract kept is the sum of the ballots, to the last unit, on the 1,921 proposals of
    // which the set has every ballot (counted from the files by other means); on the others it is larger.
    let (mut equal, mut larger) = (0, 0);
    for view in &views {
        for proposal in &view.proposals {
            let mut sums = [0_i128; 2];
            for vote in &view.votes[proposal.votes.clone()] {
                sums[vote.choice as usize - 1] += vote.power;
            }
            let scores = shared::scores(&history, &view.dao, &proposal.proposal);
            if scores == sums {
                equal += 1;
            } else {
                larger += 1;
            }
        }
    }
    assert_eq!((equal, larger), (1_921, 442));
}

#[test]
fn decentraland() {
    let names = ["grants", "members", "proposals", "transactions_2020", "transactions_2024", "votes"];
    let files: Vec<String> = names.iter().map(|name| format!("{name}.csv.gz")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(history) = import("decentraland", &files) else { return };
    assert_eq!(history.rows(Table::Grants), 224);
    // 267 authors are no members of the file.
    assert_eq!(history.rows(Table::Members), 2_591 + 267);
    assert_eq!(history.rows(Table::Holdings), 4 * 2_591);
    assert_eq!(history.rows(Table::Proposals), 961);
    assert_eq!(history.rows(Table::Transfers), 396 + 8_763);
    // 1.6 % of the votes have no proposal row: deleted proposals.
    assert_eq!(history.rows(Table::Votes), 19_409 - 320);
    assert_eq!(aside(&history), no_proposal(320));
    let views = DaoView::all(&history).unwrap();
    assert_eq!((views[0].voters(), views[0].orphan_votes), (2_583, 0));
}

#[test]
fn votes_without_any_proposals_file_keep_their_keys() {
    let Some(history) = import("decentraland", &["votes.csv.gz"]) else { return };
    assert_eq!(history.rows(Table::Votes), 19_409);
    assert_eq!(aside(&history), []);
    assert_eq!(DaoView::all(&history).unwrap()[0].orphan_votes, 0);
}

fn report(name: &str, text: &str) -> History {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
    let options = Options { dao: Some("s.eth".to_owned()), ..Options::default() };
    ingest(&[path], &options, &Run::default()).unwrap()
}

fn ballots(history: &History) -> Vec<Vec<(i32, f64)>> {
    let view = DaoView::one(history, Some("s.eth")).unwrap();
    view.votes.iter().map(|vote| view.entries(vote).to_vec()).collect()
}

#[test]
fn votes_reports_as_people_download_them() {
    let id = format!("0x{}", "4f".repeat(32));
    let name = format!("snapshot-votes-report-{id}.csv");
    let head = "voting_power,timestamp,author_ipfs_hash,reason";
    let single = report(
        &name,
        &format!(
            "address,choice,{head}\n0xAb,2,1.5,1700000000,Qm,\"'why, not\"\n0xC,,1,1700000001,Qm,\"'\"\n"
        ),
    );
    assert_eq!(ballots(&single), [[(2, 1.0)]]);
    assert_eq!(DaoView::one(&single, None).unwrap().proposals[0].proposal, id);
    assert_eq!(DaoView::one(&single, None).unwrap().members, ["0xab"]);
    assert_eq!(aside(&single).len(), 1);

    let columns = format!("address,choice.1,choice.2,choice.3,{head}\n");
    let list = report(&name, &format!("{columns}0xA,3,1,,1,1700000000,Qm,\n0xB,2,,,1,1700000001,Qm,\n"));
    assert_eq!(ballots(&list), [vec![(3, 1.0), (1, 1.0)], vec![(2, 1.0)]]);
    let ranking =
        report(&name, &format!("{columns}0xA,3,1,2,1,1700000000,Qm,\n0xB,2,1,3,1,1700000001,Qm,\n"));
    let view = DaoView::one(&ranking, None).unwrap();
    assert_eq!(view.proposals[0].voting_system.as_deref(), Some("ranked-choice"));
    let weights = report(&name, &format!("{columns}0xA,,60,40,1,1700000000,Qm,\n0xB,1,,,1,1700000001,Qm,\n"));
    assert_eq!(ballots(&weights), [vec![(2, 60.0), (3, 40.0)], vec![(1, 1.0)]]);
    assert_eq!(DaoView::one(&weights, None).unwrap().proposals[0].choices, 3);
}
