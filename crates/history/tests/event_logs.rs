//! Event logs: constructed vectors for every event, and the real sets.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its ground is missing, and says why it is skipped"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use daotwin_core::Run;
use daotwin_core::files::atomic_write;
use daotwin_history::constraints::{self, Severity};
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::view::DaoView;
use daotwin_history::{History, Table};

/// An argument for the encoder below, which knows nothing of the decoder.
#[derive(Clone)]
enum Value {
    Number(u128),
    /// 32 bytes as they are.
    Raw([u8; 32]),
    Bytes(Vec<u8>),
    List(Vec<Value>),
}

fn number(value: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

fn encode(values: &[Value]) -> Vec<u8> {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    for value in values {
        let body = match value {
            Value::Number(value) => {
                head.extend(number(*value));
                continue;
            }
            Value::Raw(word) => {
                head.extend(word);
                continue;
            }
            Value::Bytes(bytes) => {
                let mut body = number(bytes.len() as u128).to_vec();
                body.extend(bytes);
                body.resize(body.len().div_ceil(32) * 32, 0);
                body
            }
            Value::List(items) => {
                let mut body = number(items.len() as u128).to_vec();
                body.extend(encode(items));
                body
            }
        };
        head.extend(number((32 * values.len() + tail.len()) as u128));
        tail.extend(body);
    }
    head.extend(tail);
    head
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn text(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}

const CREATED: &str = "0x7d84a6263ae0d98d3329bd7b46bb4e8d6f98cd35a7adb45c274c8b7fd5ebd5e0";
const CAST: &str = "0xb8e138887d0aa13bab447e82de9d5c1777041ecd21ca36ba824ff1e6c07ddda4";
const CAST_WITH_PARAMS: &str = "0xe2babfbac5889a709b63bb7f598b324e08bc5a4fb9ec647fb3cbc9ec07eb8712";
const QUEUED: &str = "0x9a2e42fd6722813d69113e7d0079d3d940171428df7373df9c7f7617cfda2892";
const EXECUTED: &str = "0x712ae1383f79ac853f8d882153778e0260ef8f03b504e2866e0593e04d2b291f";
const EXTENDED: &str = "0x541f725fb9f7c98a30cc9c0ff32fbb14358cd7159c847a3aa20a2bdc442ba511";
const DELEGATE: &str = "0x3134e8a2e6d97e929a7e54011ea5485d7d196dd5f0ba4d4ef95803e8e3fc257f";
const POWER: &str = "0xdec2bacdd2f05b59de34da9b523dff8be42e5e38e818c82fdb0bae774387a724";
const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const START_VOTE: &str = "0x4d72fe0577a3a3f7da968d7b892779dde102519c25527b29cf7054f245c791b9";
const CAST_VOTE: &str = "0xb34ee265e3d4f5ec4e8b52d59b2a9be8fceca2f274ebc080d8fba797fea9391f";
const OBJECTION: &str = "0xfa539989fcfb5d8fa8c97a1102d1777a34c3543f0725fb8ab66109619bb9de18";
const VOTE_TIME: &str = "0x776dcd10c15e7a1bd4fbb6c824d2a80fa8a40a3a6b401fddc678696b7fb06abe";

const GOVERNOR: &str = "0x1111111111111111111111111111111111111111";
const TOKEN: &str = "0x2222222222222222222222222222222222222222";
const TOKENS: u128 = 1_000_000_000_000_000_000;

fn address(last: u8) -> String {
    format!("0x{last:040x}")
}

fn topic(last: u8) -> String {
    format!("0x{last:064x}")
}

/// One log in the shape of Etherscan, with its time.
fn log(contract: &str, topics: &[&str], data: &[Value], index: u64, time: u64) -> String {
    let topics: Vec<String> = topics.iter().map(|topic| format!("\"{topic}\"")).collect();
    format!(
        r#"{{"address":"{contract}","topics":[{}],"data":"{}","blockNumber":"{:#x}","timeStamp":"{time:#x}","logIndex":"{index:#x}","transactionHash":"0x{index:064x}"}}"#,
        topics.join(","),
        hex(&encode(data)),
        1_000 + index
    )
}

fn import(files: &[(&str, String)], options: &Options) -> History {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, content)| {
            let path = folder.path().join(name);
            atomic_write(&path, content.as_bytes()).unwrap();
            path
        })
        .collect();
    ingest(&paths, options, &Run::default()).unwrap()
}

fn etherscan(logs: &[String]) -> String {
    format!(r#"{{"status":"1","message":"OK","result":[{}]}}"#, logs.join(","))
}

fn ids(history: &History, table: Table, column: &str) -> Vec<Option<String>> {
    let Some(batch) = history.table(table) else { return Vec::new() };
    let array = batch.column_by_name(column).unwrap().as_dictionary::<Int32Type>();
    let values = array.downcast_dict::<arrow::array::StringArray>().unwrap();
    values.into_iter().map(|value| value.map(str::to_owned)).collect()
}

/// An id that no 128-bit integer holds, as OpenZeppelin's hashes are.
fn hashed_id() -> [u8; 32] {
    let mut id = [7; 32];
    id[31] = 1;
    id
}

const HASHED_ID: &str = "3178606371220444580254889784552217078325058402586211561867463090413301597953";

fn created(id: Value, start: u128, end: u128, description: &str) -> Vec<Value> {
    vec![
        id,
        Value::Number(0xaa),
        Value::List(vec![Value::Number(0x51), Value::Number(0x52)]),
        Value::List(vec![Value::Number(0), Value::Number(5)]),
        Value::List(vec![text(""), text("transfer(address,uint256)")]),
        Value::List(vec![Value::Bytes(vec![0xde, 0xad]), Value::Bytes(Vec::new())]),
        Value::Number(start),
        Value::Number(end),
        text(description),
    ]
}

#[test]
fn open_zeppelin_governor_with_a_clock_in_seconds() {
    let id = || Value::Raw(hashed_id());
    let raw = hex(&hashed_id());
    let start = 1_700_000_000;
    let mut parameters = Vec::new();
    for part in [1_u128, 3, 0] {
        parameters.extend((part * TOKENS).to_be_bytes());
    }
    let vote = |voter: u8, support: u128, power: u128, index: u64| {
        let data = [id(), Value::Number(support), Value::Number(power), text("because")];
        log(GOVERNOR, &[CAST, &topic(voter)], &data, index, 1_700_000_100 + 10 * index)
    };
    let split =
        [id(), Value::Number(255), Value::Number(4 * TOKENS), text("split"), Value::Bytes(parameters)];
    let proposal = created(id(), start + 100, start + 500, "\n# Fund the guild\nbody");
    let logs = [
        log(GOVERNOR, &[CREATED], &proposal, 1, 1_700_000_000),
        vote(1, 1, 5 * TOKENS, 2),
        vote(2, 0, 2 * TOKENS, 3),
        vote(3, 2, 0, 4),
        log(GOVERNOR, &[CAST_WITH_PARAMS, &topic(4)], &split, 5, 1_700_000_150),
        vote(5, 9, 1, 6),
        log(GOVERNOR, &[EXTENDED, &raw], &[Value::Number(start + 900)], 7, 1_700_000_160),
        log(GOVERNOR, &[QUEUED], &[id(), Value::Number(start + 2_000)], 8, 1_700_001_000),
        log(GOVERNOR, &[EXECUTED], &[id()], 9, 1_700_003_000),
    ];
    let history = import(&[("logs.json", etherscan(&logs))], &Options::default());
    let view = DaoView::one(&history, Some(GOVERNOR)).unwrap();
    assert_eq!(view.platform, "openzeppelin-governor");
    let proposal = &view.proposals[0];
    assert_eq!(proposal.proposal, HASHED_ID);
    assert_eq!((proposal.start_at, proposal.end_at), (Some(1_700_000_100), Some(1_700_000_900)));
    assert_eq!(proposal.author.as_deref(), Some(address(0xaa).as_str()));
    assert_eq!(proposal.state.as_deref(), Some("executed"));
    let votes: Vec<_> = view.votes.iter().map(|vote| (vote.at, vote.choice, view.tokens(vote))).collect();
    assert_eq!(
        votes,
        [
            (Some(1_700_000_120), 1, 5.0),
            (Some(1_700_000_130), 2, 2.0),
            (Some(1_700_000_140), 3, 0.0),
            (Some(1_700_000_150), 1, 4.0),
        ]
    );
    let token = TOKENS as f64;
    assert_eq!(view.entries(&view.votes[3]), [(1, 3.0 * token), (2, token)]);
    let events: Vec<_> = ids(&history, Table::ProposalEvents, "event").into_iter().flatten().collect();
    assert_eq!(events, ["created", "extended", "queued", "executed"]);
    let actions = history.table(Table::Actions).unwrap();
    let calls = actions.column_by_name("calldata").unwrap().as_string::<i32>();
    assert_eq!(calls.iter().flatten().collect::<Vec<_>>(), ["0xdead", "0x"]);
    assert_eq!(ids(&history, Table::Actions, "target"), [Some(address(0x51)), Some(address(0x52))]);
    let titles = history.table(Table::Proposals).unwrap().column_by_name("title").unwrap();
    assert_eq!(titles.as_string::<i32>().value(0), "Fund the guild");
    let aside = &history.manifest().set_aside;
    assert_eq!(aside.len(), 1);
    assert!(aside[0].reason.starts_with("support is not 0") && aside[0].rows == 1);
    assert_eq!(constraints::check(&history, &Run::default()).unwrap(), []);
}

#[test]
fn the_same_events_from_a_bravo_count_blocks() {
    let blocks = "block_number,timestamp\n1000,1000000\n2000,1012000\n3000,1024000\n".to_owned();
    let plain = |topics: &[&str], data: &[Value], block: u64, index: u64| {
        let told = format!("\"blockNumber\":\"{:#x}\"", 1_000 + index);
        log(GOVERNOR, topics, data, index, 0)
            .replace("\"timeStamp\":\"0x0\",", "")
            .replace(&told, &format!("\"blockNumber\":\"{block:#x}\""))
    };
    let id = || Value::Number(12);
    let logs = [
        plain(&[CAST, &topic(1)], &[id(), Value::Number(0), Value::Number(7), text("")], 1_500, 5),
        plain(&[CREATED], &created(id(), 1_100, 2_900, "Raise"), 1_000, 1),
        // The same log again, and one that a reorganisation removed.
        plain(&[CAST, &topic(1)], &[id(), Value::Number(0), Value::Number(7), text("")], 1_500, 5),
        plain(&[CAST, &topic(2)], &[id(), Value::Number(1), Value::Number(7), text("")], 1_501, 6)
            .replace("{\"address\"", "{\"removed\":true,\"address\""),
    ];
    let options = Options { dao: Some("guild".to_owned()), decimals: Some(6), ..Options::default() };
    let files = [("blocks.csv", blocks), ("logs.json", format!("[{}]", logs.join(",")))];
    let history = import(&files, &options);
    let view = DaoView::one(&history, None).unwrap();
    assert_eq!((view.dao.as_str(), view.platform.as_str()), ("guild", "governor-bravo"));
    let proposal = &view.proposals[0];
    let window = (proposal.created_at, proposal.start_at, proposal.end_at);
    assert_eq!(window, (Some(1_000_000), Some(1_001_200), Some(1_022_800)));
    assert_eq!(view.votes.len(), 1);
    assert_eq!(view.votes[0].power, 7_000_000_000_000);
    assert_eq!((view.votes[0].at, view.votes[0].precision.name()), (Some(1_006_000), "block"));
    let aside: BTreeMap<_, _> =
        history.manifest().set_aside.iter().map(|aside| (aside.reason.as_str(), aside.rows)).collect();
    let expected = [("log repeats one that was read", 1), ("log was removed by a chain reorganisation", 1)];
    assert_eq!(aside, BTreeMap::from(expected));
}

#[test]
fn a_vote_token_gives_transfers_delegations_and_power() {
    let zero = topic(0);
    let logs = [
        log(TOKEN, &[TRANSFER, &zero, &topic(1)], &[Value::Number(10 * TOKENS)], 1, 100),
        log(TOKEN, &[DELEGATE, &topic(1), &zero, &topic(9)], &[], 2, 200),
        log(TOKEN, &[POWER, &topic(9)], &[Value::Number(0), Value::Number(10 * TOKENS)], 3, 200),
        log(TOKEN, &[DELEGATE, &topic(1), &topic(9), &zero], &[], 4, 300),
        log(TOKEN, &[POWER, &topic(9)], &[Value::Number(10 * TOKENS), Value::Number(0)], 5, 300),
        log(TOKEN, &[TRANSFER, &topic(1), &topic(2)], &[Value::Number(TOKENS)], 6, 400),
        // Four topics: a token of another kind (ERC-721) shares the hash.
        log(TOKEN, &[TRANSFER, &topic(1), &topic(2), &topic(3)], &[], 7, 500),
    ];
    let history = import(&[("token.json", logs.join("\n"))], &Options::default());
    assert_eq!(ids(&history, Table::Daos, "platform"), [Some("erc20-votes".to_owned())]);
    assert_eq!(ids(&history, Table::Transfers, "purpose"), [Some("mint".to_owned()), None]);
    assert_eq!(ids(&history, Table::Delegations, "delegator"), [Some(address(1)), Some(address(1))]);
    assert_eq!(ids(&history, Table::Delegations, "from_delegate"), [None, Some(address(9))]);
    assert_eq!(ids(&history, Table::Delegations, "to_delegate"), [Some(address(9)), None]);
    assert_eq!(ids(&history, Table::Holdings, "asset"), vec![Some(format!("votes:{TOKEN}")); 2]);
    let members = [Some(address(1)), Some(address(2)), Some(address(9))];
    assert_eq!(ids(&history, Table::Members, "member"), members);
    assert_eq!(history.manifest().set_aside[0].reason, "log has more or fewer topics than its event");
    assert_eq!(constraints::check(&history, &Run::default()).unwrap(), []);
}

#[test]
fn aragon_ballots_repeat_and_objections_are_counted_once() {
    let stake = |yes: u128, tokens: u128| [Value::Number(yes), Value::Number(tokens * TOKENS)];
    let logs = [
        log(GOVERNOR, &[VOTE_TIME], &[Value::Number(1_000)], 1, 5_000),
        log(GOVERNOR, &[START_VOTE, &topic(3), &topic(8)], &[text("Omnibus: 1) pay")], 2, 10_000),
        log(GOVERNOR, &[CAST_VOTE, &topic(3), &topic(1)], &stake(1, 4), 3, 10_100),
        log(GOVERNOR, &[CAST_VOTE, &topic(3), &topic(1)], &stake(0, 4), 4, 10_200),
        log(GOVERNOR, &[OBJECTION, &topic(3), &topic(1)], &[Value::Number(4 * TOKENS)], 5, 10_200)
            .replace("\"blockNumber\":\"0x3ed\"", "\"blockNumber\":\"0x3ec\""),
        log(GOVERNOR, &[OBJECTION, &topic(3), &topic(2)], &[Value::Number(TOKENS)], 6, 10_300),
    ];
    let history = import(&[("aragon.json", etherscan(&logs))], &Options::default());
    let view = DaoView::one(&history, None).unwrap();
    assert_eq!(view.platform, "aragon-voting");
    assert_eq!((view.proposals[0].start_at, view.proposals[0].end_at), (Some(10_000), Some(11_000)));
    assert_eq!((history.rows(Table::Votes), view.votes.len(), view.replaced_votes), (3, 2, 1));
    assert_eq!(view.votes.iter().map(|vote| vote.choice).collect::<Vec<_>>(), [2, 2]);
    let aside = &history.manifest().set_aside;
    assert!(aside.iter().any(|aside| aside.reason.starts_with("objection repeats")));
    let violations = constraints::check(&history, &Run::default()).unwrap();
    assert_eq!(violations.len(), 1);
    assert_eq!((violations[0].constraint, violations[0].severity), ("votes.one_ballot", Severity::Note));
}

/// The folder of real data; absent where the checkout stands alone.
fn data() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if !path.exists() {
        println!("skipped: the real data is not beside this checkout");
        return None;
    }
    Some(path.to_path_buf())
}

fn aside(history: &History) -> u64 {
    history.manifest().set_aside.iter().map(|aside| aside.rows).sum()
}

fn real(folder: &Path, name: &str) -> History {
    let folder = folder.join("evm-governor-events");
    let paths = [folder.join("block_timestamps.csv.gz"), folder.join(format!("eth_getLogs/{name}.json.gz"))];
    ingest(&paths, &Options::default(), &Run::default()).unwrap()
}

/// A ballot of the normalised set: choice, power in tokens, time.
type Known = (i32, f64, i64);

/// The votes of a DAO in the normalised set by proposal and voter.
fn normalised(folder: &Path, dao: &str) -> BTreeMap<(String, String), Vec<Known>> {
    let file = std::fs::File::open(folder.join("governance-core/votes.csv.gz")).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::MultiGzDecoder::new(file));
    let mut votes: BTreeMap<_, Vec<Known>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        if &row[0] == dao {
            let choice = ["for", "against", "abstain"].iter().position(|label| *label == &row[3]).unwrap();
            let ballot = (choice as i32 + 1, row[4].parse().unwrap(), row[5].parse().unwrap());
            votes.entry((row[1].to_owned(), row[2].to_owned())).or_default().push(ballot);
        }
    }
    votes
}

#[test]
fn the_real_governors_are_read_without_loss() {
    let Some(folder) = data() else { return };
    // Name, logs, votes, platform, DAO of the normalised set.
    let sets = [
        ("aave_governance_v2", 15_828, 15_828, "aave-governance-v2", "aave-v2"),
        ("compound_governor_alpha", 2_532, 2_416, "governor-alpha", "compound-alpha"),
        ("compound_governor_bravo", 7_994, 7_733, "governor-bravo", "compound-bravo"),
        ("lido_governance", 1_236, 968, "aragon-voting", "lido-aragon"),
    ];
    for (name, logs, votes, platform, dao) in sets {
        let history = real(&folder, name);
        let view = DaoView::one(&history, None).unwrap();
        assert_eq!(view.platform, platform);
        assert_eq!(history.rows(Table::Votes), votes, "{name}");
        // A log is a ballot, or something that happened to a proposal, or set aside.
        let rows = history.rows(Table::Votes) + history.rows(Table::ProposalEvents);
        assert_eq!(rows as u64 + aside(&history), logs, "{name}: {:?}", history.manifest().set_aside);
        assert_eq!(aside(&history), 0, "{name}: {:?}", history.manifest().set_aside);
        assert_eq!(view.orphan_votes, 0);

        // The normalised set was made from the same contracts by other code. It has as many ballots, the
        // repeated ones included, so there is no difference to explain but its binary floats.
        let known = normalised(&folder, dao);
        assert_eq!(known.values().map(Vec::len).sum::<usize>(), votes, "{name}");
        for vote in &view.votes {
            let proposal = view.proposals[vote.proposal as usize].proposal.clone();
            let ballots = known.get(&(proposal.clone(), view.members[vote.member as usize].clone()));
            let tokens = view.tokens(vote);
            let same = ballots.into_iter().flatten().any(|&(choice, power, at)| {
                choice == vote.choice
                    && (power - tokens).abs() <= 1e-6 * power.abs().max(1.0)
                    && Some(at) == vote.at
            });
            assert!(same, "{name}: a ballot on proposal {proposal} differs");
        }

        let violations = constraints::check(&history, &Run::default()).unwrap();
        println!("{name}: {violations:?}");
        let errors: Vec<_> = violations
            .iter()
            .filter(|violation| violation.severity == Severity::Error)
            .map(|violation| violation.constraint)
            .collect();
        assert_eq!(errors, [""; 0], "{name}");
    }
}

#[test]
fn unknown_events_are_counted() {
    let Some(folder) = data() else { return };
    let history = real(&folder, "makerdao_dschief_1_2");
    assert_eq!(aside(&history), 5_142);
    assert!(history.manifest().set_aside.iter().all(|aside| aside.reason == "unknown event"));
    assert_eq!(history.tables().count(), 0);
}
