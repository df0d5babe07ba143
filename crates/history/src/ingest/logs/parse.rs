//! Responses of `eth_getLogs` and of Etherscan, one log at a time.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::abi::{self, Address, Reason, Word};

/// How serde_json names a number's text when it keeps all digits.
const NUMBER: &str = "$serde_json::private::Number";

/// One log, decoded from its JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) address: Address,
    pub(crate) topics: Vec<Word>,
    pub(crate) data: Vec<u8>,
    pub(crate) block: Option<u64>,
    pub(crate) time: Option<i64>,
    pub(crate) transaction: Option<Word>,
    pub(crate) index: Option<u64>,
    pub(crate) removed: bool,
}

/// A log, or why it is none.
pub(crate) type Parsed = Result<Log, Reason>;

/// Calls `each` with every log of a JSON document: an array of logs, a response whose `result` is one, a
/// batch of responses, one log, or several of these one after the other. `each` returns false to stop.
///
/// # Errors
/// Where the text is no JSON, or is neither logs nor responses.
pub(crate) fn read(
    reader: impl std::io::Read,
    each: &mut dyn FnMut(Parsed) -> bool,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut first = true;
    // `end` looks at the next byte without taking it.
    while first || deserializer.end().is_err() {
        first = false;
        Item { each, inside_result: false }.deserialize(&mut deserializer)?;
    }
    Ok(())
}

/// A log, a response, or an array of them.
struct Item<'c> {
    each: &'c mut dyn FnMut(Parsed) -> bool,
    inside_result: bool,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Item<'_> {
    fn give<E: serde::de::Error>(&mut self, parsed: Parsed) -> Result<(), E> {
        if (self.each)(parsed) { Ok(()) } else { Err(E::custom("stopped")) }
    }

    fn not_a_log<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.give(Err("response holds something other than logs"))
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("logs or a response of `eth_getLogs`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            let item = Item { each: &mut *self.each, inside_result: self.inside_result };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut fields = Fields::default();
        let mut response = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "result" if !self.inside_result => {
                    response = true;
                    map.next_value_seed(Item { each: &mut *self.each, inside_result: true })?;
                }
                "jsonrpc" | "status" | "message" | "id" | "error" if !self.inside_result => {
                    response |= key != "error";
                    if key == "error" {
                        fields.refused = true;
                    }
                    map.next_value::<IgnoredAny>()?;
                }
                NUMBER => {
                    map.next_value::<IgnoredAny>()?;
                    return self.not_a_log();
                }
                _ => fields.take(&key, &mut map)?,
            }
        }
        if fields.refused && !fields.seen {
            return self.give(Err("response is an error of the node"));
        }
        if response && !fields.seen {
            return Ok(());
        }
        let parsed = fields.finish();
        self.give(parsed)
    }

    fn visit_str<E: serde::de::Error>(mut self, _: &str) -> Result<(), E> {
        self.not_a_log()
    }

    fn visit_bool<E: serde::de::Error>(mut self, _: bool) -> Result<(), E> {
        self.not_a_log()
    }

    fn visit_u64<E: serde::de::Error>(mut self, _: u64) -> Result<(), E> {
        self.not_a_log()
    }

    fn visit_i64<E: serde::de::Error>(mut self, _: i64) -> Result<(), E> {
        self.not_a_log()
    }

    fn visit_f64<E: serde::de::Error>(mut self, _: f64) -> Result<(), E> {
        self.not_a_log()
    }

    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.not_a_log()
    }
}

/// What the fields of a log said.
#[derive(Debug, Default)]
struct Fields {
    seen: bool,
    refused: bool,
    problem: Option<Reason>,
    address: Option<String>,
    topics: Option<Vec<String>>,
    data: Option<String>,
    block: Option<String>,
    time: Option<String>,
    transaction: Option<String>,
    index: Option<String>,
    removed: Option<String>,
}

impl Fields {
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let slot = match key {
            "address" => &mut self.address,
            "data" => &mut self.data,
            "blockNumber" => &mut self.block,
            // Etherscan's name, and that of newer nodes.
            "timeStamp" | "blockTimestamp" => &mut self.time,
            "transactionHash" => &mut self.transaction,
            "logIndex" => &mut self.index,
            "removed" => &mut self.removed,
            "topics" => {
                self.seen = true;
                match map.next_value_seed(Topics)? {
                    Some(topics) if self.topics.is_none() => self.topics = Some(topics),
                    Some(_) => self.problem = Some("log names a field twice"),
                    None => self.problem = Some("log topics are not a list of at most four texts"),
                }
                return Ok(());
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
                return Ok(());
            }
        };
        self.seen = true;
        match map.next_value_seed(Scalar)? {
            Value::Null => {}
            Value::Text(text) if slot.is_none() => *slot = Some(text),
            Value::Text(_) => self.problem = Some("log names a field twice"),
            Value::Other => self.problem = Some("log field has the wrong type"),
        }
        Ok(())
    }

    fn finish(self) -> Parsed {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let address = self.address.as_deref().and_then(abi::from_hex);
        let address = address.and_then(|bytes| bytes.try_into().ok()).ok_or("log address is not 20 bytes")?;
        let words = self.topics.ok_or("log has no topics")?;
        let topics = words.iter().map(|text| word(text)).collect::<Option<Vec<_>>>();
        let quantity = |text: Option<String>, reason: Reason| match text {
            Some(text) => abi::quantity(&text).map(Some).ok_or(reason),
            None => Ok(None),
        };
        let time = quantity(self.time, "log time is not a quantity")?;
        Ok(Log {
            address,
            topics: topics.ok_or("log topic is not 32 bytes")?,
            data: abi::from_hex(self.data.as_deref().unwrap_or("0x")).ok_or("log data is not hexadecimal")?,
            block: quantity(self.block, "block number is not a quantity")?,
            time: match time.map(i64::try_from) {
                // The year 9999: no later time can be shown as a date.
                Some(Ok(time)) if time <= 253_402_300_799 => Some(time),
                Some(_) => return Err("log time is not a time"),
                None => None,
            },
            transaction: match self.transaction {
                Some(text) => Some(word(&text).ok_or("transaction hash is not 32 bytes")?),
                None => None,
            },
            index: quantity(self.index, "log index is not a quantity")?,
            removed: self.removed.as_deref() == Some("true"),
        })
    }
}

fn word(text: &str) -> Option<Word> {
    if text.len() != 66 {
        return None;
    }
    abi::from_hex(text).and_then(|bytes| bytes.try_into().ok())
}

/// A text, number or boolean as text; anything else only by its kind.
enum Value {
    Null,
    Text(String),
    Other,
}

struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut value = Value::Other;
        while let Some(key) = map.next_key::<String>()? {
            if key == NUMBER {
                value = Value::Text(map.next_value::<String>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(value)
    }
}

/// The topics; `None` where they are something else.
struct Topics;

impl<'de> DeserializeSeed<'de> for Topics {
    type Value = Option<Vec<String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Topics {
    type Value = Option<Vec<String>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of topics")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut topics = Vec::new();
        let mut good = true;
        while let Some(item) = items.next_element_seed(Scalar)? {
            match item {
                Value::Text(text) if topics.len() < 4 => topics.push(text),
                // Some nodes fill the unused places with null.
                Value::Null => {}
                _ => good = false,
            }
        }
        Ok(good.then_some(topics))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<String, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
