//! Terms to values of a type, values to words, and reverts to reasons.

use alloy_dyn_abi::{DynSolType, DynSolValue, JsonAbiExt};
use alloy_json_abi::Param;
use alloy_primitives::{Address, I256, U256, hex, keccak256};

use super::amount::{Whole, whole};
use super::term::{self, Call, Term};
use crate::artifact::Artifacts;
use crate::chain::{Outcome, Status};

/// What names and calls in a term stand for.
pub(super) trait Scope {
    /// The address of an actor or contract.
    fn address(&mut self, name: &str) -> Result<Address, String>;
    /// What a view function answers; none where that is not known yet.
    fn view(&mut self, call: &Call) -> Result<Option<DynSolValue>, String>;
    /// The calldata of a call.
    fn calldata(&mut self, call: &Call) -> Result<Vec<u8>, String>;
}

/// Values of parameters, in order; the error names the parameter.
pub(super) fn all(
    terms: &[Term],
    parameters: &[Param],
    kinds: &[DynSolType],
    scope: &mut dyn Scope,
) -> Result<Vec<DynSolValue>, String> {
    if terms.len() != kinds.len() {
        let wanted: Vec<String> =
            parameters.iter().map(|parameter| format!("{} {}", parameter.ty, parameter.name)).collect();
        return Err(format!(
            "{} arguments are given, and {} are wanted: ({})",
            terms.len(),
            kinds.len(),
            wanted.join(", ").replace(" ,", ",")
        ));
    }
    let mut values = Vec::with_capacity(kinds.len());
    for (index, (term, kind)) in terms.iter().zip(kinds).enumerate() {
        let parameter = parameters.get(index);
        let value = value(term, kind, parameter.map_or(&[], |parameter| &parameter.components), scope);
        values.push(value.map_err(|problem| match parameter.map(|parameter| parameter.name.as_str()) {
            Some(name) if !name.is_empty() => format!("argument `{name}`: {problem}"),
            _ => format!("argument {}: {problem}", index + 1),
        })?);
    }
    Ok(values)
}

/// The value of a term as a type.
pub(super) fn value(
    term: &Term,
    kind: &DynSolType,
    components: &[Param],
    scope: &mut dyn Scope,
) -> Result<DynSolValue, String> {
    let wrong = || format!("`{}` cannot stand for `{kind}`", term.shown());
    // What a view function answers may be of any type.
    if let Term::Text(text) = term
        && *kind != DynSolType::String
        && let Some(call) = text.strip_prefix('$').filter(|rest| rest.contains('.'))
    {
        let Some(found) = scope.view(&term::call(call)?)? else { return Ok(blank(kind)) };
        return fit(found, kind).ok_or_else(|| format!("`{}` answers what is no `{kind}`", term.shown()));
    }
    match (kind, term) {
        (DynSolType::Bool, Term::Bool(value)) => Ok(DynSolValue::Bool(*value)),
        (DynSolType::Bool, Term::Text(text)) if text == "true" || text == "false" => {
            Ok(DynSolValue::Bool(text == "true"))
        }
        (DynSolType::Address, Term::Text(text)) => match text.strip_prefix('$') {
            Some(name) => scope.address(name).map(DynSolValue::Address),
            None => text.parse().map(DynSolValue::Address).map_err(|_| {
                format!("`{}` is no address: write `$name`, or `0x` with 40 digits", term.shown())
            }),
        },
        (DynSolType::Uint(bits), Term::Text(text)) => {
            let size = match word(text) {
                Some(size) => size,
                None if text == "max" => U256::MAX >> (256 - bits),
                None => {
                    whole(text).filter(|whole| !whole.negative).map(|whole| whole.size).ok_or_else(wrong)?
                }
            };
            if size.bit_len() > *bits {
                return Err(format!("`{}` is too large for `{kind}`", term.shown()));
            }
            Ok(DynSolValue::Uint(size, *bits))
        }
        (DynSolType::Int(bits), Term::Text(text)) => {
            let limit = U256::from(1) << (bits - 1);
            let Whole { negative, size } = match text.as_str() {
                "max" => Whole { negative: false, size: limit - U256::from(1) },
                "min" => Whole { negative: true, size: limit },
                _ => whole(text).ok_or_else(wrong)?,
            };
            if size > limit || (size == limit && !negative) {
                return Err(format!("`{}` is too large for `{kind}`", term.shown()));
            }
            let size = I256::from_raw(size);
            Ok(DynSolValue::Int(if negative { size.wrapping_neg() } else { size }, *bits))
        }
        // Every text is one, whatever it begins with.
        (DynSolType::String, Term::Text(text)) => Ok(DynSolValue::String(text.clone())),
        (DynSolType::Bytes, Term::Text(text)) => bytes(text, scope).map(DynSolValue::Bytes),
        (DynSolType::FixedBytes(length), Term::Text(text)) => {
            let found = match word(text) {
                Some(hash) => hash.to_be_bytes::<32>().to_vec(),
                None => bytes(text, scope)?,
            };
            if found.len() > *length {
                return Err(format!("`{}` has {} bytes, too many for `{kind}`", term.shown(), found.len()));
            }
            let mut word = [0; 32];
            word[..found.len()].copy_from_slice(&found);
            Ok(DynSolValue::FixedBytes(word.into(), *length))
        }
        (DynSolType::Function, Term::Text(text)) => {
            let found: [u8; 24] = bytes(text, scope)?.try_into().map_err(|_| wrong())?;
            Ok(DynSolValue::Function(found.into()))
        }
        (DynSolType::Array(inner), Term::List(list)) => {
            let values = list.iter().map(|term| value(term, inner, components, scope));
            Ok(DynSolValue::Array(values.collect::<Result<_, _>>()?))
        }
        (DynSolType::FixedArray(inner, length), Term::List(list)) => {
            if list.len() != *length {
                return Err(format!("{} elements are given, and `{kind}` has {length}", list.len()));
            }
            let values = list.iter().map(|term| value(term, inner, components, scope));
            Ok(DynSolValue::FixedArray(values.collect::<Result<_, _>>()?))
        }
        (DynSolType::Tuple(kinds), Term::List(list)) => {
            all(list, components, kinds, scope).map(DynSolValue::Tuple)
        }
        (DynSolType::Tuple(kinds), Term::Members(members)) => {
            if let Some((name, _)) =
                members.iter().find(|(name, _)| components.iter().all(|member| member.name != *name))
            {
                return Err(format!("there is no member `{name}` of `{kind}`"));
            }
            let mut ordered = Vec::with_capacity(kinds.len());
            for member in components {
                let found = members.iter().find(|(name, _)| *name == member.name);
                let (_, term) = found.ok_or_else(|| format!("the member `{}` is missing", member.name))?;
                ordered.push(term.clone());
            }
            all(&ordered, components, kinds, scope).map(DynSolValue::Tuple)
        }
        _ => Err(wrong()),
    }
}

/// A hash, where a text asks for one.
fn word(text: &str) -> Option<U256> {
    text.strip_prefix("keccak:").map(|text| keccak256(text).into())
}

fn bytes(text: &str, scope: &mut dyn Scope) -> Result<Vec<u8>, String> {
    if let Some(call) = text.strip_prefix('@') {
        return scope.calldata(&term::call(call)?);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return hex::decode(digits)
            .map_err(|error| format!("`{}`: {error}", Term::Text(text.to_owned()).shown()));
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Err(format!(
        "`{}` stands for no bytes: write `0x` with digits, `@name.function(arguments)` for calldata, or `keccak:TEXT`",
        Term::Text(text.to_owned()).shown()
    ))
}

/// A value as another type, where that loses nothing.
fn fit(value: DynSolValue, kind: &DynSolType) -> Option<DynSolValue> {
    if kind.matches(&value) {
        return Some(value);
    }
    match (value, kind) {
        (DynSolValue::Uint(size, _), DynSolType::Uint(bits)) => {
            (size.bit_len() <= *bits).then_some(DynSolValue::Uint(size, *bits))
        }
        (DynSolValue::Uint(size, _), DynSolType::Int(bits)) => {
            (size.bit_len() < *bits).then(|| DynSolValue::Int(I256::from_raw(size), *bits))
        }
        (DynSolValue::Int(size, _), DynSolType::Int(bits)) => {
            let least = I256::MINUS_ONE.checked_shl(bits - 1)?;
            (size >= least && size < least.wrapping_neg() || *bits == 256)
                .then_some(DynSolValue::Int(size, *bits))
        }
        (DynSolValue::Int(size, _), DynSolType::Uint(bits)) if !size.is_negative() => {
            let size = size.into_raw();
            (size.bit_len() <= *bits).then_some(DynSolValue::Uint(size, *bits))
        }
        (DynSolValue::FixedBytes(word, 32), DynSolType::Uint(256)) => {
            Some(DynSolValue::Uint(word.into(), 256))
        }
        (DynSolValue::Uint(size, 256), DynSolType::FixedBytes(32)) => {
            Some(DynSolValue::FixedBytes(size.into(), 32))
        }
        (DynSolValue::Tuple(mut values), _) if values.len() == 1 => fit(values.remove(0), kind),
        _ => None,
    }
}

/// A value of a type that nothing is known of yet.
pub(super) fn blank(kind: &DynSolType) -> DynSolValue {
    match kind {
        DynSolType::Bool => DynSolValue::Bool(false),
        DynSolType::Int(bits) => DynSolValue::Int(I256::ZERO, *bits),
        DynSolType::Uint(bits) => DynSolValue::Uint(U256::ZERO, *bits),
        DynSolType::FixedBytes(length) => DynSolValue::FixedBytes([0; 32].into(), *length),
        DynSolType::Address => DynSolValue::Address(Address::ZERO),
        DynSolType::Function => DynSolValue::Function([0; 24].into()),
        DynSolType::Bytes => DynSolValue::Bytes(Vec::new()),
        DynSolType::String => DynSolValue::String(String::new()),
        DynSolType::Array(_) => DynSolValue::Array(Vec::new()),
        DynSolType::FixedArray(inner, length) => DynSolValue::FixedArray(vec![blank(inner); *length]),
        DynSolType::Tuple(kinds) => DynSolValue::Tuple(kinds.iter().map(blank).collect()),
    }
}

/// A value in a line: numbers in decimal, lists in brackets, structures in parentheses.
pub fn show(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(show).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, length) => hex::encode_prefixed(&word[..(*length).min(32)]),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => format!("[{}]", list(values)),
        DynSolValue::Tuple(values) => format!("({})", list(values)),
    }
}

/// Why a transaction did not end well, in words: a reason or a panic, or an error that some contract of the build declares,
/// with its values.
pub fn reason(outcome: &Outcome, artifacts: &Artifacts) -> String {
    let (Status::Reverted, Some((selector, data))) =
        (&outcome.status, outcome.output.split_first_chunk::<4>())
    else {
        return outcome.reason();
    };
    // Panic(uint256).
    if *selector == [0x4e, 0x48, 0x7b, 0x71] && data.len() == 32 {
        let meaning = match U256::from_be_slice(data).saturating_to::<u64>() {
            0x01 => "an assertion does not hold",
            0x11 => "arithmetic over- or underflow",
            0x12 => "division by zero",
            0x21 => "a number that is no member of the enumeration",
            0x22 => "storage that is no valid byte array",
            0x31 => "`pop` of an empty array",
            0x32 => "an index out of bounds",
            0x41 => "too much memory",
            0x51 => "a call of an uninitialised function",
            _ => "a panic",
        };
        return format!("{meaning} ({})", outcome.reason());
    }
    let errors = artifacts.contracts.iter().flat_map(|contract| contract.abi.errors.values().flatten());
    let declared = errors.filter(|error| error.selector() == *selector);
    let decoded = declared.filter_map(|error| {
        let values = error.abi_decode_input(data).ok()?;
        let values: Vec<String> = values.iter().map(show).collect();
        Some(format!("{}({})", error.name, values.join(", ")))
    });
    decoded.min().unwrap_or_else(|| outcome.reason())
}

#[cfg(test)]
mod test {
    use super::*;

    struct Names;

    impl Scope for Names {
        fn address(&mut self, name: &str) -> Result<Address, String> {
            if name == "dao" { Ok(Address::repeat_byte(7)) } else { Err(format!("there is no `{name}`")) }
        }

        fn view(&mut self, call: &Call) -> Result<Option<DynSolValue>, String> {
            assert_eq!((call.name.as_str(), call.function.as_str()), ("dao", "n"));
            Ok(Some(DynSolValue::Uint(U256::from(300), 256)))
        }

        fn calldata(&mut self, call: &Call) -> Result<Vec<u8>, String> {
            Ok(call.function.clone().into_bytes())
        }
    }

    fn read(text: &str, kind: &str) -> Result<String, String> {
        let table: toml::Spanned<toml::de::DeTable<'_>> =
            toml::de::DeTable::parse(text).map_err(|error| error.to_string())?;
        let term = Term::of(table.get_ref().get("x").unwrap())?;
        value(&term, &kind.parse().unwrap(), &[], &mut Names).map(|value| show(&value))
    }

    #[test]
    fn terms_stand_for_values() {
        for (text, kind, expected) in [
            ("x = 5", "uint8", "5"),
            ("x = '5e3'", "uint256", "5000"),
            ("x = -5", "int8", "-5"),
            ("x = -128", "int8", "-128"),
            ("x = 'min'", "int8", "-128"),
            ("x = 'max'", "int8", "127"),
            ("x = 'max'", "uint16", "65535"),
            ("x = 1_000", "uint256", "1000"),
            ("x = 0xff", "uint8", "255"),
            ("x = true", "bool", "true"),
            ("x = '$dao'", "address", "0x0707070707070707070707070707070707070707"),
            ("x = '$dao.n()'", "uint16", "300"),
            (
                "x = '$dao.n()'",
                "bytes32",
                "0x000000000000000000000000000000000000000000000000000000000000012c",
            ),
            ("x = '$dao'", "string", "\"$dao\""),
            ("x = '@dao.f()'", "bytes", "0x66"),
            ("x = '0x12'", "bytes4", "0x12000000"),
            ("x = ''", "bytes", "0x"),
            ("x = [[1, 2], [3]]", "uint256[][]", "[[1, 2], [3]]"),
            ("x = [1, '$dao']", "(uint8,address)", "(1, 0x0707070707070707070707070707070707070707)"),
        ] {
            assert_eq!(read(text, kind).as_deref(), Ok(expected), "{text} as {kind}");
        }
        let hash = read("x = 'keccak:MINTER_ROLE'", "bytes32").unwrap();
        assert_eq!(hash, "0x9f2df0fed2c77648de5860a4cc508cd0818c85b8b8a1ab4ceeef8d981c8956a6");
    }

    #[test]
    fn what_stands_for_no_value_is_told() {
        for (text, kind, expected) in [
            ("x = 256", "uint8", "`256` is too large for `uint8`"),
            ("x = 128", "int8", "`128` is too large for `int8`"),
            ("x = -129", "int8", "too large"),
            ("x = -1", "uint8", "`-1` cannot stand for `uint8`"),
            ("x = 1.5", "uint8", "`1.5` cannot stand for `uint8`"),
            ("x = '$dao.n()'", "uint8", "answers what is no `uint8`"),
            ("x = '$dao.n()'", "bool", "answers what is no `bool`"),
            ("x = '$nobody'", "address", "there is no `nobody`"),
            ("x = '0x12'", "address", "`0x12` is no address: write `$name`"),
            ("x = 'hello'", "bytes", "`hello` stands for no bytes"),
            ("x = '0x1'", "bytes", "odd number"),
            ("x = '0x1234'", "bytes1", "`0x1234` has 2 bytes, too many"),
            ("x = [1]", "uint256", "`a list of 1` cannot stand for `uint256`"),
            ("x = [1]", "uint256[2]", "1 elements are given, and `uint256[2]` has 2"),
            ("x = [1]", "(uint8,uint8)", "1 arguments are given, and 2 are wanted"),
            ("x = 2024-01-01", "uint256", "a date; write seconds since 1970"),
            ("x = 0o7", "uint256", "decimal or hexadecimal"),
        ] {
            let problem = read(text, kind).unwrap_err();
            assert!(problem.contains(expected), "{text} as {kind}: {problem}");
        }
    }
}
