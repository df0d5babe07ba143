//! Snapshot's JSON and CSV in one import: ballots of one find their proposals in the other.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use daotwin_core::Run;
use daotwin_history::History;
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::schema::Table;
use daotwin_history::view::DaoView;
use shared::aside;

/// Imports files with these names and texts, in the order given and turned around, which must not matter.
fn import(files: &[(&str, &str)]) -> History {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<_> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    for (path, (_, text)) in paths.iter().zip(files) {
        daotwin_core::files::atomic_write(path, text.as_bytes()).unwrap();
    }
    let read = |paths: &[std::path::PathBuf]| ingest(paths, &Options::default(), &Run::default()).unwrap();
    let history = read(&paths);
    paths.reverse();
    assert_eq!(history.fingerprint().unwrap(), read(&paths).fingerprint().unwrap());
    history
}

/// Each ballot of a DAO: proposal, member, entries.
fn ballots(history: &History, dao: &str) -> Vec<(String, String, Vec<(i32, f64)>)> {
    let view = DaoView::one(history, Some(dao)).unwrap();
    let ballot = |vote: &_| {
        let vote: &daotwin_history::view::VoteView = vote;
        let proposal = view.proposals[vote.proposal as usize].proposal.clone();
        (proposal, view.members[vote.member as usize].clone(), view.entries(vote).to_vec())
    };
    view.votes.iter().map(ballot).collect()
}

/// A proposal of the hub's.
fn proposal(id: &str, space: &str, system: &str, choices: &str, at: i64) -> String {
    format!(
        r#"{{"id":"{id}","title":"t","type":"{system}","choices":{choices},"author":"0xAA","created":{at},
            "start":{at},"end":{},"space":{{"id":"{space}","symbol":"{}"}}}}"#,
        at + 1_000,
        space[..1].to_uppercase()
    )
}

const VOTES: &str = "symbol,proposal_id,voter,voting_power,choice,created\n";

#[test]
fn ballots_of_a_table_find_the_proposals_of_a_document() {
    let hash = format!("0x{}", "4f".repeat(32));
    let proposals = [
        proposal("p1", "s.eth", "single-choice", r#"["Yes","No"]"#, 1_000),
        proposal("both", "s.eth", "single-choice", r#"["Yes","No"]"#, 2_000),
        proposal("both", "t.eth", "single-choice", r#"["Left","Right"]"#, 2_000),
        proposal(&hash, "t.eth", "weighted", r#"["a","b","c"]"#, 3_000),
    ];
    let document = format!(r#"{{"data":{{"proposals":[{}]}}}}"#, proposals.join(","));
    // By label and by index; one id that two spaces have is told by the symbol; a third space is not listed.
    let table = format!(
        "{VOTES}S,p1,0xA,1.5,No,1100\nS,p1,0xB,2,1,1200\nS,p1,0xC,2,3,1200\nS,p1,0xC,2,\"[1, 2]\",1200\n\
         T,both,0xA,1,Right,2100\nU,both,0xA,1,1,2100\nS,gone,0xA,1,1,2100\nU,u1,0xA,1,2,2100\n"
    );
    // By the cells alone this would be a list; the proposal says that they are weights.
    let report =
        "address,choice.1,choice.2,choice.3,voting_power,timestamp\n0xD,3,1,,5,3100\n0xAA,2,,,1,3200\n";
    let history = import(&[
        ("proposals.json", &document),
        ("votes.csv", &table),
        (&format!("snapshot-votes-report-{hash}.csv"), report),
    ]);
    let ballot = |proposal: &str, member: &str, entries: &[(i32, f64)]| {
        (proposal.to_owned(), member.to_owned(), entries.to_vec())
    };
    assert_eq!(
        ballots(&history, "s.eth"),
        [ballot("p1", "0xa", &[(2, 1.0)]), ballot("p1", "0xb", &[(1, 1.0)])]
    );
    assert_eq!(
        ballots(&history, "t.eth"),
        [
            ballot("both", "0xa", &[(2, 1.0)]),
            ballot(&hash, "0xd", &[(1, 3.0), (2, 1.0)]),
            ballot(&hash, "0xaa", &[(1, 2.0)])
        ]
    );
    assert_eq!(ballots(&history, "U"), [ballot("u1", "0xa", &[(2, 1.0)])]);
    // Each proposal, space and member once.
    assert_eq!(history.rows(Table::Proposals), 5);
    assert_eq!(history.rows(Table::Daos), 3);
    assert_eq!(history.rows(Table::Members), 3 + 3 + 1);
    let reasons: Vec<(String, u64)> =
        aside(&history).into_iter().map(|(_, reason, rows)| (reason, rows)).collect();
    assert_eq!(
        reasons,
        [
            ("several spaces have a proposal with the ballot's id".to_owned(), 1),
            ("the ballot does not name exactly one choice, as its voting system wants".to_owned(), 1),
            ("the ballot's proposal has no row".to_owned(), 1),
            ("the choice's index is not among the proposal's choices".to_owned(), 1),
        ]
    );
}

#[test]
fn ballots_of_a_document_find_the_proposals_of_a_table() {
    let table = "symbol,space_id,proposal_id,title,type,state,start,end,quorum,author\n\
                 S,s.eth,p1,t,single-choice,closed,1000,2000,,0xAA\n";
    let document = r#"{"data":{"votes":[
        {"id":"v1","voter":"0xB","created":1500,"vp":2,"choice":2,"proposal":{"id":"p1"},"space":{"id":"s.eth"}},
        {"id":"v2","voter":"0xC","created":1500,"vp":2,"choice":1,"proposal":{"id":"p9"},"space":{"id":"s.eth"}}]}}"#;
    let history = import(&[("proposals.csv", table), ("votes.json", document)]);
    assert_eq!(ballots(&history, "s.eth"), [("p1".to_owned(), "0xb".to_owned(), vec![(2, 1.0)])]);
    assert_eq!(
        [Table::Daos, Table::Proposals, Table::Members, Table::Votes].map(|table| history.rows(table)),
        [1, 1, 2, 1]
    );
    let left = ("votes".to_owned(), "the ballot's proposal has no row".to_owned(), 1);
    assert_eq!(aside(&history), [left]);
}
