use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};

use super::{Asking, Base, Remote};
use crate::chain::{Fork, Machine, State, Transaction};

/// What a server does with a request.
enum Reply {
    /// Answers every question truly.
    True,
    Status(u16, &'static str),
    /// So many bytes of a true answer, of which more are promised.
    Cut(usize),
    Text(String),
    /// A true answer with another result.
    Result(Value),
    Error(i64, &'static str),
    /// Ids that were not asked.
    Ids,
    Silence,
    /// An answer that never ends: so many bytes, then a wait, again and again.
    Endless(usize, Duration),
}

/// A node that speaks JSON-RPC, in a thread; what it does is decided for each request by its number and questions.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

const HASH: B256 = B256::repeat_byte(0x77);
const CONTRACT: Address = Address::repeat_byte(0xcc);

/// The truth: one contract that answers its slot 5, and balances of 9.
fn result(question: &Value) -> Value {
    let parameters = &question["params"];
    let known = parameters[0].as_str() == Some(&format!("{CONTRACT:?}"));
    match question["method"].as_str().unwrap() {
        "eth_getBlockByNumber" if parameters[0] == "0x999" => Value::Null,
        "eth_getBlockByNumber" => json!({"number": "0x64", "hash": HASH, "timestamp": "0x3e8"}),
        "eth_getBalance" => json!("0x9"),
        "eth_chainId" | "eth_getTransactionCount" => json!("0x1"),
        // SLOAD(5), returned.
        "eth_getCode" => json!(if known { "0x60055460005260206000f3" } else { "0x" }),
        "eth_getStorageAt" => json!("0x2a"),
        other => panic!("{other}"),
    }
}

fn serve(decide: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret-key", listener.local_addr().unwrap());
    let (requests, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, ended) = (Arc::clone(&requests), Arc::clone(&stop));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if ended.load(Ordering::SeqCst) {
                return;
            }
            let number = count.fetch_add(1, Ordering::SeqCst);
            answer(stream.unwrap(), number, &decide);
        }
    });
    Server { url, requests, stop }
}

fn answer(mut stream: TcpStream, number: usize, decide: &impl Fn(usize, &Value) -> Reply) {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let body = loop {
        let read = stream.read(&mut buffer).unwrap();
        text.extend(&buffer[..read]);
        let head = text.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(head) = head else { continue };
        let headers = String::from_utf8_lossy(&text[..head]).to_lowercase();
        let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap().trim().parse().unwrap();
        if text.len() >= head + 4 + length {
            break text[head + 4..].to_vec();
        }
    };
    let questions: Value = serde_json::from_slice(&body).unwrap();
    let each = |with: &dyn Fn(&Value) -> Value| match &questions {
        Value::Array(list) => Value::Array(list.iter().map(with).collect()).to_string(),
        single => with(single).to_string(),
    };
    let say =
        |result: Value, question: &Value| json!({"jsonrpc": "2.0", "id": question["id"], "result": result});
    let truth = || each(&|question| say(result(question), question));
    let (status, text, promised) = match decide(number, &questions) {
        Reply::True => (200, truth(), None),
        Reply::Status(status, text) => (status, text.to_owned(), None),
        Reply::Cut(bytes) => {
            let text = truth();
            (200, text[..bytes].to_owned(), Some(text.len()))
        }
        Reply::Text(text) => (200, text, None),
        Reply::Result(value) => (200, each(&|question| say(value.clone(), question)), None),
        Reply::Error(code, message) => {
            let error = json!({"code": code, "message": message});
            (200, json!({"jsonrpc": "2.0", "id": questions["id"], "error": error}).to_string(), None)
        }
        Reply::Ids => (200, each(&|question| json!({"id": 123_456_789, "result": result(question)})), None),
        Reply::Endless(bytes, wait) => {
            let head = "HTTP/1.1 200 X\r\nconnection: close\r\n\r\n{";
            let more = vec![b' '; bytes];
            let mut open = stream.write_all(head.as_bytes()).is_ok();
            // Until the client has gone; a test that fails ends with the server.
            for _ in 0..100_000 {
                open = open && stream.write_all(&more).is_ok();
                if !open {
                    break;
                }
                std::thread::sleep(wait);
            }
            return;
        }
        Reply::Silence => {
            std::thread::sleep(Duration::from_millis(600));
            return;
        }
    };
    let length = promised.unwrap_or(text.len());
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\nretry-after: 0\r\n\r\n"
    );
    // A client that has read enough may have gone.
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes())).ok();
}

fn quick() -> Asking {
    Asking {
        block: Some(100),
        wait: Duration::from_millis(5),
        timeout: Duration::from_millis(300),
        ..Asking::default()
    }
}

fn call(to: Address) -> Transaction {
    Transaction { sender: Address::repeat_byte(1), to: Some(to), value: U256::ZERO, data: Bytes::new() }
}

#[test]
fn a_state_goes_on_from_a_chain_elsewhere() {
    let server = serve(|_, _| Reply::True);
    let remote = Arc::new(Remote::open(&server.url, &quick()).unwrap());
    assert_eq!((remote.number(), remote.time(), remote.chain()), (100, 1_000, 1));
    let state = State::of(Arc::clone(&remote));
    assert_eq!((state.block, state.time), (101, 1_012));
    let mut machine = Machine::new(Fork::default());
    let run = |machine: &mut Machine, state: &State| {
        let outcome = machine.run(&Arc::new(state.clone()), &call(CONTRACT)).unwrap();
        assert!(outcome.success());
        U256::from_be_slice(&outcome.output)
    };
    assert_eq!(run(&mut machine, &state), U256::from(0x2a));
    assert_eq!(state.balance(CONTRACT), U256::from(9));
    assert_eq!(state.nonce(CONTRACT), 1);
    // What changes here is here alone; what does not is still that of the chain.
    let mut changed = state.clone();
    changed.set_storage(CONTRACT, U256::from(5), U256::from(7));
    assert_eq!(run(&mut machine, &changed), U256::from(7));
    assert_eq!(changed.storage(CONTRACT, U256::from(6)), U256::from(0x2a));
    assert_eq!(changed.balance(CONTRACT), U256::from(9));
    assert_eq!(run(&mut machine, &state), U256::from(0x2a));
    let asked = server.requests.load(Ordering::SeqCst);
    assert_eq!(run(&mut machine, &changed), U256::from(7));
    assert_eq!(server.requests.load(Ordering::SeqCst), asked, "asked twice");
    assert_eq!(remote.block_hash(99), HASH);
    assert_ne!(remote.block_hash(101), HASH);
    assert_eq!(remote.problem(), None);
}

#[test]
fn answers_are_kept_and_the_node_is_asked_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let asking = Asking { cache: Some(folder.path().join("deep/er")), ..quick() };
    let server = serve(|_, _| Reply::True);
    let remote = Remote::open(&server.url, &asking).unwrap();
    assert_eq!(remote.storage(CONTRACT, U256::from(5)), U256::from(0x2a));
    assert!(remote.account(CONTRACT).unwrap().code.is_some());
    remote.keep().unwrap();
    let names: Vec<String> = std::fs::read_dir(folder.path().join("deep/er"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.len() == 1 && names[0].ends_with("-100.json") && !names[0].contains("secret"), "{names:?}");
    let asked = server.requests.load(Ordering::SeqCst);
    let again = Remote::open(&server.url, &asking).unwrap();
    assert_eq!(again.storage(CONTRACT, U256::from(5)), U256::from(0x2a));
    assert_eq!(again.account(CONTRACT), remote.account(CONTRACT));
    assert_eq!((again.time(), again.requests()), (1_000, 0));
    assert_eq!(server.requests.load(Ordering::SeqCst), asked);
    // Something new: the node is asked whether it still has that block, and then for it.
    assert_eq!(again.storage(CONTRACT, U256::from(6)), U256::from(0x2a));
    assert_eq!(again.requests(), 2);
    drop((remote, again));
    // A node that was started anew has another.
    let path = folder.path().join("deep/er").join(&names[0]);
    let text = std::fs::read_to_string(&path).unwrap();
    let other = text.replace(&format!("{HASH:?}"), &format!("{:?}", B256::repeat_byte(0x78)));
    assert_ne!(text, other);
    daotwin_core::files::atomic_write(&path, other.as_bytes()).unwrap();
    let stale = Remote::open(&server.url, &asking).unwrap();
    stale.storage(CONTRACT, U256::from(7));
    assert!(stale.problem().unwrap().contains("is another than the one that answers are kept of"));
    drop(stale);
    daotwin_core::files::atomic_write(&path, b"{\"chain\":").unwrap();
    assert!(
        Remote::open(&server.url, &asking).unwrap_err().to_string().contains("holds no answers of a node")
    );
}

#[test]
fn a_node_in_trouble_is_asked_again() {
    // Every kind of passing trouble once, between true answers.
    let server = serve(|number, _| match number {
        0 => Reply::Status(429, "slow down"),
        1 => Reply::Status(500, "oops"),
        2 => Reply::Cut(20),
        3 => Reply::Text("<html>".to_owned()),
        4 => Reply::Ids,
        6 => Reply::Status(503, ""),
        8 => Reply::Silence,
        _ => Reply::True,
    });
    let remote = Remote::open(&server.url, &quick()).unwrap();
    assert_eq!(remote.storage(CONTRACT, U256::from(5)), U256::from(0x2a));
    assert_eq!(remote.storage(CONTRACT, U256::from(6)), U256::from(0x2a));
    assert_eq!(remote.problem(), None);
    assert!(server.requests.load(Ordering::SeqCst) >= 9);
}

#[test]
fn a_node_that_takes_one_question_at_a_time_is_asked_so() {
    let server = serve(|_, questions| match questions {
        Value::Array(_) => Reply::Text(
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches"}}"#.to_owned(),
        ),
        _ => Reply::True,
    });
    let remote = Remote::open(&server.url, &quick()).unwrap();
    assert_eq!(remote.account(CONTRACT).unwrap().balance, U256::from(9));
    assert_eq!(remote.problem(), None);
}

#[test]
fn a_node_that_answers_nonsense_is_refused_in_words() {
    let huge = format!("0x1{}", "0".repeat(64));
    for (reply, expected) in [
        (Reply::Status(404, ""), "answers with status 404"),
        (Reply::Status(429, ""), "answers with status 429, 6 times"),
        (Reply::Cut(3), "breaks off its answer, 6 times"),
        (Reply::Ids, "answers what was not asked, 6 times"),
        (Reply::Text("[]".to_owned()), "6 times"),
        (Reply::Text("x".repeat(300_000)), "answers with more than 100000 bytes"),
        (Reply::Text("[".repeat(90_000)), "answers with what is no JSON"),
        (Reply::Result(json!(huge)), "which is no number"),
        (Reply::Result(json!("0xzz")), "which is no number"),
        (Reply::Result(json!(-5)), "which is no number"),
        (Reply::Result(Value::Null), "which is no number"),
        (Reply::Result(json!({"a": ["b"]})), "which is no number"),
        (Reply::Error(-32601, "unknown method\n"), "refuses `eth_getStorageAt`: unknown method\\n (-32601)"),
        (Reply::Error(-32005, "limit"), "refuses `eth_getStorageAt`: limit (-32005), 6 times"),
        (Reply::Silence, "does not answer in time, 2 times"),
        (Reply::Endless(10_000, Duration::ZERO), "answers with more than 100000 bytes"),
        (Reply::Endless(1, Duration::from_millis(20)), "2 times"),
        (Reply::Text(format!("[{}", "[],".repeat(30_000))), "answers with what is no JSON"),
        (Reply::Result(json!(vec![0; 20_000])), "which is no number"),
    ] {
        let attempts = if matches!(reply, Reply::Silence | Reply::Endless(..)) { 2 } else { 6 };
        let reply = std::sync::Mutex::new(Some(reply));
        let server = serve(move |number, _| {
            if number == 0 {
                return Reply::True;
            }
            let mut reply = reply.lock().unwrap();
            match reply.as_ref().unwrap() {
                Reply::Status(status, text) => Reply::Status(*status, text),
                Reply::Cut(bytes) => Reply::Cut(*bytes),
                Reply::Text(text) => Reply::Text(text.clone()),
                Reply::Result(value) => Reply::Result(value.clone()),
                Reply::Error(code, text) => Reply::Error(*code, text),
                Reply::Ids => Reply::Ids,
                Reply::Silence => Reply::Silence,
                Reply::Endless(bytes, wait) => Reply::Endless(*bytes, *wait),
                Reply::True => reply.take().unwrap(),
            }
        });
        let asking = Asking { most_bytes: 100_000, attempts, ..quick() };
        let remote = Arc::new(Remote::open(&server.url, &asking).unwrap());
        assert_eq!(remote.storage(CONTRACT, U256::from(5)), U256::ZERO);
        let problem = remote.problem().unwrap();
        assert!(problem.contains(expected), "{expected}\n--\n{problem}");
        assert!(!problem.contains("secret-key"), "{problem}");
        // What a machine computes on it counts for nothing.
        let start = Instant::now();
        let state = Arc::new(State::of(remote));
        let error = Machine::new(Fork::default()).run(&state, &call(CONTRACT)).unwrap_err();
        assert_eq!(error.to_string(), problem);
        assert!(start.elapsed() < Duration::from_millis(200), "asked on after a failure");
    }
}

#[test]
fn addresses_and_blocks_that_cannot_be_are_refused() {
    let open = |url: &str, asking: &Asking| Remote::open(url, asking).unwrap_err().to_string();
    for (url, expected) in [
        ("", "is written `http://host:port/path`"),
        ("localhost", "begins with `http://` or `https://`"),
        ("ftp://localhost/", "begins with `http://` or `https://`"),
        ("file:///etc/passwd", "is written `http://host:port/path`"),
        ("http://127.0.0.1:1/key", "the node at `127.0.0.1:1` cannot be reached"),
    ] {
        let asking = Asking { attempts: 1, ..quick() };
        let problem = open(url, &asking);
        assert!(problem.contains(expected) && !problem.contains("key"), "{url}: {problem}");
    }
    let server = serve(|_, _| Reply::True);
    let problem = open(&server.url, &Asking { block: Some(0x999), ..quick() });
    assert!(problem.contains("has no block 2457"), "{problem}");
    let problem = open(&server.url, &Asking { block: Some(5), ..quick() });
    assert!(problem.contains("answers with block 100"), "{problem}");
    let few = Remote::open(&server.url, &Asking { most_entries: 3, ..quick() }).unwrap();
    for slot in 0..5 {
        few.storage(CONTRACT, U256::from(slot));
    }
    assert!(few.problem().unwrap().contains("more than 3 accounts and words"));
}
