//! JSON-RPC over HTTP, with patience and without trust.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use alloy_primitives::{U256, hex};
use serde_json::{Value, json};
use ureq::http::Uri;
use ureq::{Agent, Body};

use super::Asking;
use crate::artifact::MOST_CODE;
use crate::{Error, Result};

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(8);

/// A node, and how it is asked.
#[derive(Debug)]
pub(super) struct Wire {
    agent: Agent,
    url: String,
    /// The part of the address that holds no key.
    host: String,
    attempts: u32,
    wait: Duration,
    most_bytes: u64,
    requests: AtomicU64,
    /// Whether the node refuses several questions in one request.
    single: AtomicBool,
}

/// Why a request failed, and whether another may not.
struct Refusal {
    message: String,
    again: bool,
    /// What the node asks to wait.
    wait: Option<Duration>,
}

impl Wire {
    pub(super) fn new(url: &str, asking: &Asking) -> Result<Self> {
        let failed = |message: String| Error::Remote { message };
        let uri: Option<Uri> = url.parse().ok();
        let uri = uri.filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
        let uri =
            uri.ok_or_else(|| failed("the address of a node is written `http://host:port/path`".to_owned()))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") if cfg!(feature = "tls") => {}
            Some("https") => {
                let message = "this build speaks no TLS: build with the feature `tls`, or name a node or proxy by `http://`";
                return Err(failed(message.to_owned()));
            }
            _ => return Err(failed("the address of a node begins with `http://` or `https://`".to_owned())),
        }
        let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("`{}{port}`", uri.host().unwrap_or_default());
        let config = Agent::config_builder()
            .timeout_global(Some(asking.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Ok(Self {
            agent: config.new_agent(),
            url: url.to_owned(),
            host,
            attempts: asking.attempts.max(1),
            wait: asking.wait,
            most_bytes: asking.most_bytes,
            requests: AtomicU64::new(0),
            single: AtomicBool::new(false),
        })
    }

    /// The node's name and port, for messages.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Asks all of these, and answers in their order.
    pub(super) fn ask(&self, questions: &[(&str, Value)]) -> std::result::Result<Vec<Value>, String> {
        if questions.len() > 1 && self.single.load(Ordering::Relaxed) {
            let mut answers = Vec::with_capacity(questions.len());
            for question in questions {
                answers.extend(self.patiently(std::slice::from_ref(question))?);
            }
            return Ok(answers);
        }
        self.patiently(questions)
    }

    fn patiently(&self, questions: &[(&str, Value)]) -> std::result::Result<Vec<Value>, String> {
        let mut wait = self.wait;
        let mut attempt = 1;
        loop {
            let refusal = match self.once(questions) {
                Ok(answers) => return Ok(answers),
                Err(refusal) => refusal,
            };
            if questions.len() > 1 && self.single.load(Ordering::Relaxed) {
                return self.ask(questions);
            }
            if !refusal.again || attempt >= self.attempts {
                let tries = if attempt > 1 { format!(", {attempt} times") } else { String::new() };
                return Err(format!("the node at {} {}{tries}", self.host, refusal.message));
            }
            std::thread::sleep(refusal.wait.unwrap_or(wait).min(LONGEST));
            wait = (wait * 2).min(LONGEST);
            attempt += 1;
        }
    }

    /// One request.
    fn once(&self, questions: &[(&str, Value)]) -> std::result::Result<Vec<Value>, Refusal> {
        let first = self.requests.fetch_add(1, Ordering::Relaxed) * 16;
        let calls: Vec<Value> = questions
            .iter()
            .enumerate()
            .map(|(index, (method, parameters))| {
                json!({"jsonrpc": "2.0", "id": first + index as u64, "method": method, "params": parameters})
            })
            .collect();
        let request = match &calls[..] {
            [call] => call.clone(),
            _ => Value::Array(calls),
        };
        let again = |message: &str| Refusal { message: message.to_owned(), again: true, wait: None };
        let never = |message: String| Refusal { message, again: false, wait: None };
        let sent =
            self.agent.post(&self.url).header("content-type", "application/json").send(request.to_string());
        // What the client says may hold the address, and that a key: its kind is enough.
        let mut response = sent.map_err(|error| match error {
            ureq::Error::Timeout(_) => again("does not answer in time"),
            ureq::Error::HostNotFound => never("is not known".to_owned()),
            ureq::Error::Io(error) => again(&format!("cannot be reached ({})", error.kind())),
            ureq::Error::ConnectionFailed => again("cannot be reached"),
            _ => again("does not speak HTTP"),
        })?;
        let status = response.status();
        if status.as_u16() == 429 || status.is_server_error() {
            let wait =
                response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
            let wait = wait.map(Duration::from_secs);
            return Err(Refusal { wait, ..again(&format!("answers with status {}", status.as_u16())) });
        }
        if !status.is_success() {
            return Err(never(format!("answers with status {}", status.as_u16())));
        }
        let text = read(response.body_mut(), self.most_bytes).map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => {
                never(format!("answers with more than {} bytes", self.most_bytes))
            }
            _ => again("breaks off its answer"),
        })?;
        let answer: Value =
            serde_json::from_slice(&text).map_err(|_| again("answers with what is no JSON"))?;
        let list = match (answer, questions.len()) {
            (Value::Array(list), more) if more > 1 => list,
            (single, 1) => vec![single],
            _ => {
                // A list is asked for: a node that takes none answers with one error.
                self.single.store(true, Ordering::Relaxed);
                return Err(again("takes one question at a time"));
            }
        };
        let mut answers = vec![None; questions.len()];
        for entry in list {
            let id = entry.get("id").and_then(Value::as_u64);
            let index = id.and_then(|id| usize::try_from(id.checked_sub(first)?).ok());
            let place = index.and_then(|index| answers.get_mut(index));
            let Some(place) = place else { return Err(again("answers what was not asked")) };
            if let Some(error) = entry.get("error").filter(|error| !error.is_null()) {
                let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
                let said = error.get("message").and_then(Value::as_str).unwrap_or_default();
                let said: String = said.chars().take(120).flat_map(char::escape_debug).collect();
                let message =
                    format!("refuses `{}`: {said} ({code})", questions[index.unwrap_or_default()].0);
                // Limits of the moment, by their usual numbers.
                let again = [-32005, -32016, 429].contains(&code) || said.contains("rate limit");
                return Err(Refusal { message, again, wait: None });
            }
            *place = Some(entry.get("result").cloned().unwrap_or(Value::Null));
        }
        let answers: Option<Vec<Value>> = answers.into_iter().collect();
        answers.ok_or_else(|| again("leaves questions open"))
    }
}

fn read(body: &mut Body, most: u64) -> std::result::Result<Vec<u8>, ureq::Error> {
    body.with_config().limit(most).read_to_vec()
}

/// A number as nodes write it: `0x` and digits.
pub(super) fn quantity(value: &Value) -> std::result::Result<U256, String> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).filter(|digits| !digits.is_empty());
    let number =
        digits.filter(|digits| digits.len() <= 64).and_then(|digits| U256::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| format!("the node answers `{}`, which is no number", shown(value)))
}

/// A word of 32 bytes; nodes may leave out zeros at its beginning.
pub(super) fn word(value: &Value) -> std::result::Result<[u8; 32], String> {
    quantity(value).map(|word| word.to_be_bytes())
}

/// Bytes of code.
pub(super) fn bytes(value: &Value) -> std::result::Result<Vec<u8>, String> {
    let digits = value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .filter(|digits| digits.len() <= 2 * MOST_CODE);
    digits.and_then(|digits| hex::decode(digits).ok()).ok_or_else(|| {
        format!("the node answers `{}`, which is no code of at most {MOST_CODE} bytes", shown(value))
    })
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(60).flat_map(char::escape_debug).collect()
}
