//! Acts as lines of JSON, as they come from elsewhere.

use std::io::{BufRead, Read as _};

use daotwin_core::names::nearest;
use daotwin_history::frame::read_time;
use serde_json::{Map, Value};

use crate::event::{Act, Event};

/// An act that owns its words.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Line {
    /// When, in Unix seconds.
    pub at: i64,
    /// What.
    pub act: Act,
    /// Who.
    pub actor: String,
    /// The name that others see; empty where it is not known.
    pub name: String,
    /// When the account joined, in Unix seconds, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<i64>,
    /// Whether it may announce and moderate.
    pub moderator: bool,
    /// To whom; empty for nobody.
    pub to: String,
    /// Channel, asset or proposal.
    pub place: String,
    /// Seen by the other alone.
    pub direct: bool,
    /// Tokens in smallest units, or voting power.
    pub amount: f64,
    /// What was written.
    pub text: String,
}

/// The fields of a line, each with what it holds, in the order of the help.
pub const FIELDS: [(&str, &str); 11] = [
    ("at", "seconds since 1970 or a time in ISO 8601"),
    ("actor", "who acted, a text that is not empty"),
    ("act", "`message`, `transfer`, `vote` or `delegation`"),
    ("name", "the name that others see, a text"),
    ("joined_at", "seconds since 1970 or a time in ISO 8601, when the account joined"),
    ("moderator", "true or false: whether it may announce and moderate"),
    ("to", "who is answered, written to, paid, or becomes delegate, a text"),
    ("place", "channel, asset or proposal, a text"),
    ("direct", "true or false: whether `to` alone sees it"),
    ("amount", "a number of at least 0, or its digits as a text: tokens in smallest units, or voting power"),
    ("text", "what was written, a text"),
];

fn holds(name: &str) -> &'static str {
    FIELDS.iter().find(|(known, _)| *known == name).map_or("", |(_, holds)| holds)
}

/// Takes fields out of a line and keeps what is wrong with them.
struct Fields {
    object: Map<String, Value>,
    problems: Vec<String>,
}

impl Fields {
    /// A field that is there and not null, read by `read`; where that does not take it, what it holds is said.
    fn take<T>(&mut self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.object.remove(name).filter(|value| !value.is_null())?;
        let found = read(&value);
        if found.is_none() {
            let holds = holds(name);
            self.problems
                .push(format!("`{name}` is {} that cannot be taken; allowed is {holds}", kind(&value)));
        }
        found
    }

    fn text(&mut self, name: &str) -> String {
        self.take(name, |value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn flag(&mut self, name: &str) -> bool {
        self.take(name, Value::as_bool).unwrap_or_default()
    }
}

/// What a value is, without saying which: lines may hold what is nobody's business.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn time(value: &Value) -> Option<i64> {
    // The years 0 to 9999; what lies outside is in other units.
    let seconds = match value {
        Value::String(text) => read_time(text.trim())?,
        other => other.as_f64()?,
    };
    (-62_167_219_200.0..253_402_300_800.0).contains(&seconds).then(|| seconds.floor() as i64)
}

fn amount(value: &Value) -> Option<f64> {
    let amount = match value {
        Value::String(text) if text.bytes().all(|sign| sign.is_ascii_digit() || sign == b'.') => {
            text.parse().ok()?
        }
        other => other.as_f64()?,
    };
    (amount.is_finite() && amount >= 0.0).then_some(amount)
}

impl Line {
    /// Reads a line; fields that mean nothing here are named beside it.
    ///
    /// # Errors
    /// Every problem of the line, with what is allowed; none quotes what the line holds.
    pub fn read(text: &str) -> std::result::Result<(Self, Vec<String>), Vec<String>> {
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            Ok(other) => return Err(vec![format!("it is {}; an object of JSON is needed", kind(&other))]),
            Err(error) => return Err(vec![format!("it is not JSON (column {})", error.column())]),
        };
        let mut fields = Fields { object, problems: Vec::new() };
        for needed in ["at", "actor"] {
            if fields.object.get(needed).is_none_or(Value::is_null) {
                fields.problems.push(format!("`{needed}` is missing; allowed is {}", holds(needed)));
            }
        }
        let act = |value: &Value| {
            let acts = [Act::Message, Act::Transfer, Act::Vote, Act::Delegation];
            acts.into_iter().find(|act| Some(act.name()) == value.as_str())
        };
        let line = Self {
            at: fields.take("at", time).unwrap_or_default(),
            act: fields.take("act", act).unwrap_or_default(),
            actor: fields
                .take("actor", |value| value.as_str().filter(|actor| !actor.is_empty()).map(str::to_owned))
                .unwrap_or_default(),
            name: fields.text("name"),
            joined_at: fields.take("joined_at", time),
            moderator: fields.flag("moderator"),
            to: fields.text("to"),
            place: fields.text("place"),
            direct: fields.flag("direct"),
            amount: fields.take("amount", amount).unwrap_or_default(),
            text: fields.text("text"),
        };
        if fields.problems.is_empty() {
            Ok((line, fields.object.keys().cloned().collect()))
        } else {
            Err(fields.problems)
        }
    }

    /// The act, as detectors see it.
    pub fn event(&self) -> Event<'_> {
        Event {
            at: self.at,
            act: self.act,
            actor: &self.actor,
            name: &self.name,
            joined_at: self.joined_at,
            moderator: self.moderator,
            other: &self.to,
            place: &self.place,
            direct: self.direct,
            amount: self.amount,
            text: &self.text,
        }
    }

    /// The line of an act.
    pub fn of(event: &Event<'_>) -> Self {
        Self {
            at: event.at,
            act: event.act,
            actor: event.actor.to_owned(),
            name: event.name.to_owned(),
            joined_at: event.joined_at,
            moderator: event.moderator,
            to: event.other.to_owned(),
            place: event.place.to_owned(),
            direct: event.direct,
            amount: event.amount,
            text: event.text.to_owned(),
        }
    }
}

/// What to say of a field that means nothing here.
pub fn stranger(field: &str) -> String {
    let known = FIELDS.map(|(name, _)| name);
    match nearest(field, known) {
        Some(meant) => format!("the field `{field}` is not read; did you mean `{meant}`?"),
        None => format!("the field `{field}` is not read"),
    }
}

/// The next line of a reader, without its end; `None` at the end of all. A line that is longer than `most` bytes is passed over,
/// and so is one that is not UTF-8: both are problems.
///
/// # Errors
/// The reader's own.
pub fn next(
    reader: &mut impl BufRead,
    most: u64,
) -> std::io::Result<Option<std::result::Result<String, String>>> {
    let mut bytes = Vec::new();
    if reader.by_ref().take(most.saturating_add(1)).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.last() != Some(&b'\n') && bytes.len() as u64 > most {
        reader.skip_until(b'\n')?;
        return Ok(Some(Err(format!("it is longer than {most} bytes (`max_cell_bytes`)"))));
    }
    Ok(Some(
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()).map(|text| text.trim().to_owned()),
    ))
}

#[cfg(test)]
mod test;
