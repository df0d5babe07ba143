//! Values as Solidity writes them.

use std::collections::BTreeMap;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, B256, U256, hex};

use crate::sequence::Step;
use crate::shrink::Codec;
use crate::words::number;
use crate::world::World;

/// Words of Solidity and of the test itself, which no account may be called.
const TAKEN: [&str; 45] = [
    "answers",
    "balance",
    "hasCode",
    "setUpCall",
    "succeeds",
    "abstract",
    "address",
    "anonymous",
    "assembly",
    "bool",
    "break",
    "bytes",
    "call",
    "case",
    "catch",
    "constant",
    "constructor",
    "contract",
    "data",
    "default",
    "deploy",
    "emit",
    "enum",
    "event",
    "external",
    "fallback",
    "final",
    "function",
    "harm",
    "import",
    "interface",
    "library",
    "mapping",
    "memory",
    "new",
    "override",
    "payable",
    "probe",
    "receive",
    "setUp",
    "string",
    "struct",
    "this",
    "type",
    "vm",
];

/// The accounts and contracts of a world under names that Solidity takes.
#[derive(Debug)]
pub(super) struct Names {
    names: BTreeMap<Address, String>,
}

impl Names {
    pub(super) fn new(world: &World) -> Self {
        let mut names: BTreeMap<Address, String> = BTreeMap::new();
        let actors = world.actors.iter().map(|actor| (actor.address, &actor.name));
        let contracts = world.contracts.iter().map(|deployed| (deployed.address, &deployed.name));
        for (address, name) in actors.chain(contracts) {
            if names.contains_key(&address) {
                continue;
            }
            let mut own = identifier(name);
            let keyword = TAKEN.contains(&own.as_str())
                || ["uint", "int", "bytes", "before", "step", "test"]
                    .iter()
                    .any(|start| own.starts_with(start));
            if keyword {
                own.push('_');
            }
            while names.values().any(|other| *other == own) {
                own.push('_');
            }
            names.insert(address, own);
        }
        Self { names }
    }

    /// Every name with its address, in the order of names.
    pub(super) fn all(&self) -> Vec<(&str, Address)> {
        let mut all: Vec<(&str, Address)> =
            self.names.iter().map(|(address, name)| (name.as_str(), *address)).collect();
        all.sort_unstable();
        all
    }

    pub(super) fn address(&self, address: Address) -> String {
        self.names.get(&address).cloned().unwrap_or_else(|| address.to_checksum(None))
    }
}

/// Letters, digits and underscores, a letter first.
fn identifier(name: &str) -> String {
    let mut own: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if !own.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        own.insert(0, 'a');
    }
    own
}

/// A literal of text: printable ASCII as it is.
pub(super) fn text(text: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("string({})", bytes(text.as_bytes()))
    }
}

/// A literal of bytes.
pub(super) fn bytes(bytes: &[u8]) -> String {
    format!("bytes(hex\"{}\")", hex::encode(bytes))
}

/// A number with its type.
pub(super) fn uint(value: U256, bits: usize) -> String {
    let text = number(value, bits);
    // `.max` came with 0.6.8.
    if text.starts_with("type") {
        format!("uint{bits}(2 ** {bits} - 1)")
    } else {
        format!("uint{bits}({text})")
    }
}

/// The input of a step: statements that come before, and the expression.
pub(super) fn input(step: &Step, names: &Names, codec: &Codec) -> (Vec<String>, String) {
    let raw = || (Vec::new(), bytes(&step.data()));
    let Some(callable) = &step.function else { return (Vec::new(), "\"\"".to_owned()) };
    if callable.function.is_none() {
        return raw();
    }
    let (mut before, mut parts) = (Vec::new(), vec![text(&callable.signature())]);
    for (number, argument) in step.arguments.iter().enumerate() {
        let own = callable.parameter_names().get(number).copied().unwrap_or_default();
        let name =
            if own.is_empty() { format!("list{number}") } else { format!("{}_{number}", identifier(own)) };
        match argument {
            DynSolValue::Array(values) => {
                let kind = match &callable.inputs[number] {
                    alloy_dyn_abi::DynSolType::Array(kind) => kind.sol_type_name().into_owned(),
                    _ => return raw(),
                };
                // Lists of lists and of structures have no literal.
                if kind.contains(['(', '[']) {
                    return raw();
                }
                before.push(format!("{kind}[] memory {name} = new {kind}[]({});", values.len()));
                for (at, value) in values.iter().enumerate() {
                    let Some(value) = literal(value, names, codec) else { return raw() };
                    before.push(format!("{name}[{at}] = {value};"));
                }
                parts.push(name);
            }
            other => match literal(other, names, codec) {
                Some(value) => parts.push(value),
                None => return raw(),
            },
        }
    }
    (before, format!("abi.encodeWithSignature({})", parts.join(", ")))
}

/// An expression of a value; none where it would need a variable.
fn literal(value: &DynSolValue, names: &Names, codec: &Codec) -> Option<String> {
    Some(match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Uint(value, bits) => uint(*value, *bits),
        DynSolValue::Int(value, bits) if value.is_negative() && value.checked_neg().is_none() => {
            format!("int{bits}(-2 ** 255)")
        }
        DynSolValue::Int(value, bits) => format!("int{bits}({value})"),
        DynSolValue::FixedBytes(word, size) => {
            let size = (*size).min(32);
            format!("bytes{size}(hex\"{}\")", hex::encode(&word[..size]))
        }
        DynSolValue::Address(address) => format!("address({})", names.address(*address)),
        DynSolValue::String(value) => text(value),
        DynSolValue::Bytes(value) => match codec.decode(value) {
            Some((callable, arguments)) if callable.function.is_some() => {
                let arguments: Option<Vec<String>> =
                    arguments.iter().map(|argument| literal(argument, names, codec)).collect();
                match arguments {
                    Some(arguments) => {
                        let parts: Vec<String> =
                            std::iter::once(text(&callable.signature())).chain(arguments).collect();
                        format!("abi.encodeWithSignature({})", parts.join(", "))
                    }
                    None => bytes(value),
                }
            }
            _ => bytes(value),
        },
        _ => return None,
    })
}

/// A word.
pub(super) fn word(word: B256) -> String {
    format!("bytes32(hex\"{}\")", hex::encode(word))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn literals_are_ascii_and_typed() {
        assert_eq!(text("say \"a\\b\""), r#""say \"a\\b\"""#);
        assert_eq!(text("ü"), "string(bytes(hex\"c3bc\"))");
        assert_eq!(uint(U256::MAX, 256), "uint256(2 ** 256 - 1)");
        assert_eq!(uint(U256::from(3), 8), "uint8(3)");
        assert_eq!(identifier("my token-2"), "my_token_2");
        assert_eq!(identifier("2x"), "a2x");
    }
}
