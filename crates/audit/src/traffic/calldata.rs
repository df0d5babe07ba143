//! Real transactions as [`Recording`]s: their input decoded under the types that contracts declare.
//!
//! Two shapes are read: transactions as explorers and TrueBlocks export them (`from`, `to`, `input`, `value`, `blockNumber`,
//! `timestamp`, `isError`; numbers decimal or hexadecimal; anywhere in the JSON), and notes as contracts of the `ds-note` kind log
//! them (the caller and the input of a call, up to 224 bytes of it). What names no known function, or does not decode, is
//! counted and left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue, Specifier};
use alloy_json_abi::Function;
use alloy_primitives::{Address, Bytes, U256, hex};
use serde_json::{Map, Value};

use super::{Recorded, Recording};
use crate::artifact::Callable;
use crate::sequence::{Step, Wait};
use crate::world::Role;
use crate::{Error, Result};

/// Transactions of one file.
const MOST: usize = 1_000_000;
/// Bytes of input of one transaction.
const MOST_INPUT: usize = 1 << 17;
/// Layers of JSON that are looked through.
const MOST_DEPTH: usize = 16;

/// Functions by their first four bytes.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    known: BTreeMap<[u8; 4], Arc<Callable>>,
}

impl Functions {
    /// Functions as Solidity declares them, `vote(address[] yays)`, `donate((address,uint256)[] gifts) payable`; members of
    /// structures without names.
    ///
    /// # Errors
    /// A declaration that cannot be read.
    pub fn declared(declarations: &[&str]) -> Result<Self> {
        let mut known = BTreeMap::new();
        for declaration in declarations {
            let refuse = |problem: String| Error::Contract { message: format!("`{declaration}`: {problem}") };
            let function = Function::parse(declaration).map_err(|error| refuse(error.to_string()))?;
            let types = |parameters: &[alloy_json_abi::Param]| -> Result<Vec<DynSolType>> {
                parameters
                    .iter()
                    .map(|parameter| parameter.resolve().map_err(|error| refuse(error.to_string())))
                    .collect()
            };
            let (inputs, outputs) = (types(&function.inputs)?, types(&function.outputs)?);
            let (selector, mutability) = (function.selector(), function.state_mutability);
            let callable = Callable { selector, function: Some(function), inputs, outputs, mutability };
            known.insert(*selector, Arc::new(callable));
        }
        Ok(Self { known })
    }

    /// The functions, by their first four bytes.
    pub fn all(&self) -> Vec<Callable> {
        self.known.values().map(|callable| (**callable).clone()).collect()
    }
}

/// What was read of a file.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The calls, in their order on the chain.
    pub recording: Recording,
    /// Calls that name no known function, or do not decode.
    pub unknown: usize,
    /// Entries that are no transactions: without a sender, a receiver or an input.
    pub strange: usize,
}

/// One transaction before it is decoded.
struct Raw {
    order: (u64, u64),
    from: Address,
    to: Address,
    input: Vec<u8>,
    value: U256,
    time: u64,
    success: bool,
}

fn number(value: Option<&Value>) -> Option<U256> {
    match value? {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => match text.strip_prefix("0x") {
            Some("") => Some(U256::ZERO),
            Some(digits) => U256::from_str_radix(digits, 16).ok(),
            None => U256::from_str_radix(text, 10).ok(),
        },
        _ => None,
    }
}

fn small(value: Option<&Value>) -> Option<u64> {
    u64::try_from(number(value)?).ok()
}

fn address(value: Option<&Value>) -> Option<Address> {
    value?.as_str()?.parse().ok()
}

fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    let text = value?.as_str()?.strip_prefix("0x")?;
    if text.len() > 2 * MOST_INPUT { None } else { hex::decode(text).ok() }
}

fn json(text: &[u8]) -> Result<Value> {
    let refuse = |error: serde_json::Error| Error::Contract { message: format!("no JSON: {error}") };
    serde_json::from_slice(text).map_err(refuse)
}

/// Entries of a tree that have all of these keys.
fn entries<'v>(tree: &'v Value, keys: &[&str], depth: usize, found: &mut Vec<&'v Map<String, Value>>) {
    if depth > MOST_DEPTH || found.len() >= MOST {
        return;
    }
    match tree {
        Value::Array(list) => list.iter().for_each(|one| entries(one, keys, depth + 1, found)),
        Value::Object(map) if keys.iter().all(|key| map.contains_key(*key)) => found.push(map),
        Value::Object(map) => map.values().for_each(|one| entries(one, keys, depth + 1, found)),
        _ => {}
    }
}

/// Transactions as explorers export them.
///
/// # Errors
/// A text that is no JSON.
pub fn transactions(text: &[u8], functions: &Functions) -> Result<Read> {
    let tree = json(text)?;
    let mut found = Vec::new();
    entries(&tree, &["from", "to", "input"], 0, &mut found);
    let mut strange = 0;
    let mut seen = BTreeSet::new();
    let mut raws = Vec::new();
    for entry in found {
        // The same transaction is listed again for every address that it touches.
        if let Some(hash) = entry.get("hash").and_then(Value::as_str)
            && !seen.insert(hash.to_owned())
        {
            continue;
        }
        let place = small(entry.get("blockNumber")).zip(small(entry.get("transactionIndex")).or(Some(0)));
        let parties = address(entry.get("from")).zip(address(entry.get("to")));
        let (Some(order), Some((from, to)), Some(input)) = (place, parties, bytes(entry.get("input"))) else {
            strange += 1;
            continue;
        };
        let time = small(entry.get("timestamp").or_else(|| entry.get("timeStamp"))).unwrap_or(0);
        let value = number(entry.get("value")).unwrap_or_default();
        let failed = entry.get("isError").is_some_and(|error| {
            error.as_bool().unwrap_or(false) || number(Some(error)).is_some_and(|error| !error.is_zero())
        });
        raws.push(Raw { order, from, to, input, value, time, success: !failed });
    }
    Ok(decoded(raws, functions, strange))
}

/// Notes of calls as contracts log them: four bytes of the function and three arguments as topics, the input as data. The log
/// has no time: `clock` tells it of a block.
///
/// # Errors
/// A text that is no JSON.
pub fn notes(text: &[u8], functions: &Functions, clock: impl Fn(u64) -> Option<u64>) -> Result<Read> {
    let tree = json(text)?;
    let mut found = Vec::new();
    entries(&tree, &["address", "topics", "data"], 0, &mut found);
    let mut strange = 0;
    let mut raws = Vec::new();
    for (place, entry) in found.into_iter().enumerate() {
        let topics: Vec<Vec<u8>> =
            entry["topics"].as_array().into_iter().flatten().filter_map(|topic| bytes(Some(topic))).collect();
        // Other events have the hash of their name there.
        let noted =
            topics.len() == 4 && topics[0].len() == 32 && topics[0][4..].iter().all(|byte| *byte == 0);
        if !noted {
            continue;
        }
        let caller = topics[1].get(12..32).map(Address::from_slice);
        let parties = caller.zip(address(entry.get("address")));
        let data = bytes(entry.get("data"));
        let input = data.as_deref().and_then(|data| {
            let start = usize::try_from(U256::from_be_slice(data.get(32..64)?)).ok()?;
            let length =
                usize::try_from(U256::from_be_slice(data.get(start..start.checked_add(32)?)?)).ok()?;
            let begin = start.checked_add(32)?;
            data.get(begin..begin.checked_add(length)?).map(<[u8]>::to_vec)
        });
        let (Some(block), Some((from, to)), Some(input)) = (small(entry.get("blockNumber")), parties, input)
        else {
            strange += 1;
            continue;
        };
        let order = (block, small(entry.get("logIndex")).unwrap_or(place as u64));
        let time = clock(block).unwrap_or(0);
        raws.push(Raw { order, from, to, input, value: U256::ZERO, time, success: true });
    }
    Ok(decoded(raws, functions, strange))
}

fn decoded(mut raws: Vec<Raw>, functions: &Functions, strange: usize) -> Read {
    raws.sort_by_key(|raw| raw.order);
    let mut read = Read { strange, ..Read::default() };
    let mut contracts = BTreeSet::new();
    for raw in raws {
        let known = raw.input.get(..4).and_then(|selector| functions.known.get(selector));
        let arguments = known.and_then(|callable| {
            match DynSolType::Tuple(callable.inputs.clone()).abi_decode_params(&raw.input[4..]) {
                Ok(DynSolValue::Tuple(values)) => Some(values),
                _ => None,
            }
        });
        let (Some(function), Some(arguments)) = (known, arguments) else {
            read.unknown += 1;
            continue;
        };
        contracts.insert(raw.to);
        let step = Step {
            sender: raw.from,
            to: raw.to,
            function: Some(Arc::clone(function)),
            arguments,
            value: raw.value,
            wait: Wait::default(),
            inner: Vec::new(),
        };
        let (block, time, success) = (raw.order.0, raw.time, raw.success);
        read.recording.calls.push(Recorded {
            step,
            role: Role::Member,
            output: Bytes::new(),
            success,
            block,
            time,
        });
    }
    read.recording.contracts = contracts.into_iter().collect();
    read
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::traffic::learned::{Class, Model};

    const SENDER: &str = "0x1111111111111111111111111111111111111111";
    const TOKEN: &str = "0x2222222222222222222222222222222222222222";

    fn word(number: u64) -> String {
        format!("{number:064x}")
    }

    #[test]
    fn exported_transactions_are_calls_with_values() {
        let functions =
            Functions::declared(&["transfer(address to, uint256 amount)", "pull() payable"]).unwrap();
        let input = format!("0xa9059cbb{}{}", word(7), word(5_000_000));
        let text = serde_json::json!({"data": [[
            {"hash": "0x1", "from": SENDER, "to": TOKEN, "input": input, "value": 0, "blockNumber": 9, "transactionIndex": 1,
             "timestamp": 1_600_000_000, "isError": 0},
            {"hash": "0x2", "from": SENDER, "to": TOKEN, "input": input, "value": "0x5", "blockNumber": "0x8", "isError": true},
            {"hash": "0x1", "from": SENDER, "to": TOKEN, "input": input, "blockNumber": 9},
            {"hash": "0x3", "from": SENDER, "to": TOKEN, "input": "0x12345678", "blockNumber": 9},
            {"hash": "0x4", "from": SENDER, "to": TOKEN, "input": "0xa9059cbb00", "blockNumber": 9},
            {"hash": "0x5", "from": "nobody", "to": TOKEN, "input": input, "blockNumber": 9},
            {"hash": "0x6", "from": SENDER, "to": "0x0", "input": "0x60", "blockNumber": 9},
        ]]});
        let read = transactions(text.to_string().as_bytes(), &functions).unwrap();
        assert_eq!((read.recording.calls.len(), read.unknown, read.strange), (2, 2, 2));
        let [first, second] = &read.recording.calls[..] else { panic!() };
        assert_eq!((first.block, first.success, first.step.value), (8, false, U256::from(5)));
        assert_eq!((second.block, second.time, second.success), (9, 1_600_000_000, true));
        assert_eq!(second.step.arguments[1], DynSolValue::Uint(U256::from(5_000_000), 256));
        assert_eq!(second.step.transaction().data, input.parse::<Bytes>().unwrap());
        let model = Model::fit(&[read.recording], "real");
        assert!(model.origin("transfer(address,uint256)", 1, Class::Round) > 0.0);
        assert!(transactions(b"{", &functions).is_err());
        assert!(Functions::declared(&["transfer(address"]).is_err());
        let gifts = Functions::declared(&["donate((address,uint256,address)[] gifts) payable"]).unwrap();
        assert_eq!(*gifts.all()[0].selector, [0x91, 0x20, 0x49, 0x1c]);
        assert_eq!(gifts.all()[0].inputs[0].sol_type_name(), "(address,uint256,address)[]");
    }

    #[test]
    fn notes_are_calls_with_their_input() {
        let functions = Functions::declared(&["lock(uint256 wad)"]).unwrap();
        let topic = |number: &str| format!("0x{number:0>64}");
        let selector = format!("0xdd467064{}", "0".repeat(56));
        let data = format!("0x{}{}{}dd467064{}{}", word(0), word(64), word(36), word(77), "0".repeat(56));
        let note = |data: &str| {
            serde_json::json!({"address": TOKEN, "topics": [selector, topic(&SENDER[2..]), topic("4d"), topic("0")], "data": data,
                "blockNumber": "0x10", "logIndex": null})
        };
        let event = serde_json::json!({"address": TOKEN, "topics": [topic(&"ab".repeat(32))], "data": "0x", "blockNumber": "0x10"});
        let wild = format!("0x{}{}", word(0), "f".repeat(64));
        let text = serde_json::json!({"result": [note(&data), event, note(&wild), note("0x")]}).to_string();
        let read = notes(text.as_bytes(), &functions, |block| Some(100 * block)).unwrap();
        assert_eq!((read.recording.calls.len(), read.unknown, read.strange), (1, 0, 2));
        let call = &read.recording.calls[0];
        assert_eq!(call.step.sender, SENDER.parse::<Address>().unwrap());
        assert_eq!((call.time, &call.step.arguments[0]), (1_600, &DynSolValue::Uint(U256::from(77), 256)));
    }
}
