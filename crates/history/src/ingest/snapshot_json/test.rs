use std::io::Write as _;

use daotwin_core::{ErrorKind, Run};
use proptest::prelude::*;

use crate::error::{Error, Result};
use crate::history::History;
use crate::ingest::{Options, ingest};
use crate::schema::Table;
use crate::view::DaoView;

fn read(document: &[u8]) -> Result<History> {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    file.write_all(document).unwrap();
    ingest(&[file.path().to_path_buf()], &Options::default(), &Run::default())
}

fn reasons(history: &History) -> Vec<(String, u64)> {
    history.manifest().set_aside.iter().map(|row| (row.reason.clone(), row.rows)).collect()
}

/// A document of one proposal of a system with three choices, and ballots with these choices.
fn ballots(system: &str, choices: &[&str]) -> String {
    let votes: Vec<String> = choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            format!(
                r#"{{"id":"v{index}","voter":"0xAB{index}","created":{index},"vp":1.5,"choice":{choice},"proposal":{{"id":"p"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"data":{{"votes":[{}],"proposals":[{{"id":"p","type":"{system}","choices":["For","Against","Abstain"],"space":{{"id":"s.eth"}},"author":"0xA","created":5}}]}}}}"#,
        votes.join(",")
    )
}

fn entries(history: &History) -> Vec<Vec<(i32, f64)>> {
    let view = DaoView::one(history, None).unwrap();
    view.votes.iter().map(|vote| view.entries(vote).to_vec()).collect()
}

#[test]
fn every_voting_type_is_read() {
    for (system, choices, wanted) in [
        (
            "single-choice",
            vec!["2", "\"3\"", "\"for\""],
            vec![vec![(2, 1.0)], vec![(3, 1.0)], vec![(1, 1.0)]],
        ),
        ("basic", vec!["1"], vec![vec![(1, 1.0)]]),
        ("approval", vec!["[3, 1]", "[]"], vec![vec![(3, 1.0), (1, 1.0)], vec![]]),
        ("ranked-choice", vec!["[2,1,3]"], vec![vec![(2, 1.0), (1, 1.0), (3, 1.0)]]),
        ("copeland", vec!["[2,3,1]"], vec![vec![(2, 1.0), (3, 1.0), (1, 1.0)]]),
        ("weighted", vec![r#"{"1": 60, "3": 40.5}"#], vec![vec![(1, 60.0), (3, 40.5)]]),
        ("quadratic", vec![r#"{"2": 1}"#], vec![vec![(2, 1.0)]]),
        ("custom", vec![r#"["Against"]"#], vec![vec![(2, 1.0)]]),
    ] {
        let history = read(ballots(system, &choices).as_bytes()).unwrap();
        assert_eq!(entries(&history), wanted, "{system}");
        assert_eq!(reasons(&history), [], "{system}");
        assert_eq!(DaoView::one(&history, None).unwrap().dao, "s.eth");
    }
}

#[test]
fn what_cannot_be_read_is_counted_by_reason() {
    let sealed = format!("\"0x{}\"", "9f".repeat(200));
    let choices =
        ["1", &sealed, "4", "0", "-1", "1.5", "NaN", "[1,2]", "[]", "null", "true", "\"maybe\"", "{}"];
    let history = read(ballots("single-choice", &choices).as_bytes()).unwrap();
    assert_eq!(entries(&history), [[(1, 1.0)]]);
    let total: u64 = reasons(&history).iter().map(|row| row.1).sum();
    assert_eq!(total, choices.len() as u64 - 1);
    assert!(reasons(&history).contains(&("the choice is encrypted".to_owned(), 1)));

    let records = [
        r#"{"voter":"0xA","choice":1,"vp":1,"created":1,"proposal":null}"#,
        r#"{"voter":"0xA","choice":1,"vp":-1,"created":1,"proposal":{"id":"q"}}"#,
        r#"{"voter":"0xA","choice":1,"vp":NaN,"created":1,"proposal":{"id":"q"}}"#,
        r#"{"voter":"0xA","choice":1,"vp":1e40,"created":1,"proposal":{"id":"q"}}"#,
        r#"{"voter":"0xA","choice":1,"created":1,"proposal":{"id":"q"}}"#,
        r#"{"voter":7.5,"choice":1,"vp":1,"created":"soon","proposal":{"id":"q"}}"#,
        r#"{"voter":["0xA"],"choice":1,"vp":1,"created":1,"proposal":{"id":"q"}}"#,
        r#"{"voter":null,"choice":1,"vp":1,"created":1,"proposal":{"id":"q"}}"#,
        r#"{"id":"same","voter":"0xA","choice":1,"vp":"12.5","created":"1","proposal":"q"}"#,
        r#"{"id":"same","voter":"0xA","choice":1,"vp":"12.5","created":"1","proposal":"q"}"#,
        "17",
    ];
    let mut document = format!(r#"{{"data":{{"votes":[{}]}}}}"#, records.join(",")).into_bytes();
    let history = read(&document).unwrap();
    assert_eq!(history.rows(Table::Votes), 1);
    // No source lists proposals: a bare row keeps the key resolved.
    assert_eq!(history.rows(Table::Proposals), 1);
    assert_eq!(reasons(&history).iter().map(|row| row.1).sum::<u64>(), records.len() as u64 - 1);

    // A voter that is not UTF-8.
    let at = document.windows(5).rposition(|window| window == b"\"0xA\"").unwrap();
    document[at + 2] = 0xff;
    let history = read(&document).unwrap();
    assert!(reasons(&history).contains(&("a text is not UTF-8".to_owned(), 1)));
}

#[test]
fn spaces_follows_and_proposals_with_faults_are_counted() {
    let history = read(
        br#"{"data":{"spaces":[{"id":"s","name":"S"}],"follows":[{"follower":"0xA"},{"follower":"0xB"}],
        "proposals":[{"id":"p","choices":["a"],"scores":[1,"x"]},{"id":"q","choices":[1]},{"choices":[]},
        {"id":"r","choices":null},{"id":"r","choices":null}]}}"#,
    )
    .unwrap();
    assert_eq!(history.rows(Table::Proposals), 1);
    let total: u64 = reasons(&history).iter().map(|row| row.1).sum();
    assert_eq!(total, 3 + 4, "{:?}", reasons(&history));
}

#[test]
fn flat_lines_and_pages_are_read() {
    let vote = r#"{"id":"1","voter":"0xA","choice":"For","vp":1,"created":1,"proposal_id":"p","space":"s"}"#;
    let proposal = r#"{"id":"p","title":"T","choices":"['For', 'No']","space":"s","start":"2026-03-03"}"#;
    let more = vote.replace("\"1\"", "\"2\"").replace("0xA", "0xB");
    for document in [
        format!("[{vote},{more}]\n[{proposal}]"),
        format!("{proposal}\n{vote}\n{more}\n"),
        format!(
            "[{{\"data\":{{\"votes\":[{vote}]}}}},{{\"data\":{{\"proposals\":[{proposal}],\"votes\":[{more}]}}}}]"
        ),
    ] {
        let history = read(document.as_bytes()).unwrap();
        assert_eq!(history.rows(Table::Votes), 2, "{document}");
        assert_eq!(history.rows(Table::Proposals), 1);
        assert_eq!(history.rows(Table::Members), 2);
        assert_eq!(reasons(&history), []);
    }
    let mixed = read(format!("[{vote},{proposal}]").as_bytes()).unwrap();
    let other = "the record is of another kind than the first of its list".to_owned();
    assert!(reasons(&mixed).contains(&(other, 1)), "{:?}", reasons(&mixed));
}

#[test]
fn broken_documents_are_refused_with_their_place() {
    let whole = ballots("basic", &["1", "2"]);
    for cut in (60..whole.len() - 1).step_by(7) {
        match read(&whole.as_bytes()[..cut]) {
            Err(Error::Source { reason, .. }) => assert!(reason.starts_with("line 1 column "), "{reason}"),
            Err(Error::Unrecognised { .. }) => {}
            other => panic!("{cut}: {other:?}"),
        }
    }
    let deep = format!(r#"{{"data":{{"votes":[{}"#, "[".repeat(100_000));
    let error = read(deep.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.to_string().contains("max_depth"), "{error}");
    for broken in [
        r#"{"data":{"votes":[{"voter":"0xA",}]}}"#,
        r#"{"data":{"votes":[{"voter" "0xA"}]}}"#,
        r#"{"data":{"votes":[{"voter":nul}]}}"#,
        r#"{"data":{"votes":[{"vp":01x}]}}"#,
        r#"{"data":{"votes":[]}} trailing"#,
        r#"{"errors":[{"message":"x"}],"data":{"votes":null}}"#,
        "{\"data\":{\"votes\":[{\"voter\":\"a\nb\"}]}}",
    ] {
        let error = read(broken.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Source { .. }), "{broken}: {error}");
    }
}

#[test]
fn escapes_are_read() {
    let document = r#"{"data":{"proposals":[{"id":"p","title":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud83dx\ude00","choices":[]}]}}"#;
    let history = read(document.as_bytes()).unwrap();
    let titles = history.table(Table::Proposals).unwrap().column_by_name("title").unwrap().clone();
    let title = arrow::array::AsArray::as_string::<i32>(&titles).value(0).to_owned();
    assert_eq!(title, "a\"\\/\u{8}\u{c}\n\r\té😀\u{fffd}x\u{fffd}");
}

/// A JSON number and the base units that it stands for, computed without the code under test.
fn power() -> impl Strategy<Value = (String, i128)> {
    (0..10_i128.pow(18), 0..=18_u32).prop_map(|(digits, decimals)| {
        let unit = 10_i128.pow(decimals);
        let text = if decimals == 0 {
            digits.to_string()
        } else {
            format!("{}.{:0width$}", digits / unit, digits % unit, width = decimals as usize)
        };
        (text, digits * 10_i128.pow(18 - decimals))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_ballots_keep_their_values(
        votes in prop::collection::vec((power(), 1..=3_i32, 0..4_000_000_000_i64, "[ -~é😀]{0,12}", any::<bool>()), 0..40),
        blanks in "[ \n\t]{0,3}",
    ) {
        let records: Vec<String> = votes
            .iter()
            .enumerate()
            .map(|(index, ((vp, _), choice, created, reason, nested))| {
                let reason = serde_json::to_string(reason).unwrap();
                let proposal = if *nested { r#""proposal":{"id":"p"}"# } else { r#""proposal_id":"p""# };
                format!(r#"{{{blanks}"reason":{reason},"voter":"0x{index}",{blanks}"vp":{vp},"choice":{blanks}{choice},"created":{created},{proposal}}}"#)
            })
            .collect();
        let document = format!(r#"{{"data":{{"votes":[{}]}}}}"#, records.join(&format!(",{blanks}")));
        let history = read(document.as_bytes()).unwrap();
        prop_assert_eq!(history.rows(Table::Votes), votes.len());
        if !votes.is_empty() {
            let view = DaoView::one(&history, None).unwrap();
            let mut found: Vec<_> = view
                .votes
                .iter()
                .map(|vote| (view.members[vote.member as usize].clone(), vote.power, vote.choice, vote.at))
                .collect();
            let mut wanted: Vec<_> = votes
                .iter()
                .enumerate()
                .map(|(index, ((_, power), choice, created, _, _))| (format!("0x{index}"), *power, *choice, Some(*created)))
                .collect();
            found.sort();
            wanted.sort();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn random_bytes_never_panic(
        junk in prop::collection::vec(any::<u8>(), 0..200),
        cut in 0..600_usize,
        flip in 0..600_usize,
        byte in any::<u8>(),
    ) {
        let mut document = br#"{"data":{"votes":["#.to_vec();
        document.extend_from_slice(&junk);
        drop(read(&document));
        let mut whole = ballots("weighted", &["1", "[1,2]", r#"{"1":2}"#, "\"\\u00e9\""]).into_bytes();
        let at = flip % whole.len();
        whole[at] = byte;
        drop(read(&whole));
        whole.truncate(cut.min(whole.len()));
        drop(read(&whole));
    }
}
