//! What can be called, and with what.

use alloy_dyn_abi::{DynSolType, Specifier};
use alloy_json_abi::{AbiItem, Function, JsonAbi, Param, StateMutability};
use alloy_primitives::Selector;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use crate::problems::Problems;

/// Functions, events and errors of one contract. Runtime code of 24,576 bytes has room for some 2,000 functions.
pub(super) const MOST_ITEMS: usize = 4_096;
/// Parameters of one item, those within structures included.
const MOST_PARAMETERS: usize = 512;
/// Dimensions of an array, and structures within structures.
const MOST_DEPTH: usize = 8;
/// Words of the smallest value of a type: `uint256[1000][1000]` has a million. Nodes take transactions of 128 KiB.
const MOST_WORDS: usize = 1 << 12;
/// Letters of a type or name.
const MOST_LETTERS: usize = 512;

/// A function that can be called from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callable {
    /// Its first four bytes of input.
    pub selector: Selector,
    /// Its declaration; none where only its selector is known, from code alone.
    pub function: Option<Function>,
    /// Types of its parameters, in order.
    pub inputs: Vec<DynSolType>,
    /// Types of what it answers, in order.
    pub outputs: Vec<DynSolType>,
    /// Whether it may change a state, and take ether.
    pub mutability: StateMutability,
}

impl Callable {
    /// Whether ether can be sent along.
    pub fn payable(&self) -> bool {
        self.mutability == StateMutability::Payable
    }

    /// Whether it changes nothing, by its declaration.
    pub fn view(&self) -> bool {
        matches!(self.mutability, StateMutability::View | StateMutability::Pure)
    }

    /// Its name; the selector where that is all that is known.
    pub fn name(&self) -> String {
        self.function.as_ref().map_or_else(|| self.selector.to_string(), |function| function.name.clone())
    }

    /// Name and types, `transfer(address,uint256)`; the selector where that is all that is known.
    pub fn signature(&self) -> String {
        self.function.as_ref().map_or_else(|| self.selector.to_string(), Function::signature)
    }

    /// Names of its parameters, empty where they have none.
    pub fn parameter_names(&self) -> Vec<&str> {
        self.function.iter().flat_map(|function| &function.inputs).map(|input| input.name.as_str()).collect()
    }
}

/// An ABI as JSON has it: a list, or (before solc 0.5) a text with a list.
#[derive(Debug, Clone, Default)]
pub(super) struct Items(pub(super) Vec<Value>);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Items;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a list of functions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Items, A::Error> {
                let mut items = Vec::new();
                while items.len() < MOST_ITEMS {
                    match list.next_element()? {
                        Some(item) => items.push(item),
                        None => return Ok(Items(items)),
                    }
                }
                match list.next_element::<IgnoredAny>()? {
                    Some(_) => Err(serde::de::Error::custom(format!(
                        "the ABI has more than {MOST_ITEMS} entries, the limit"
                    ))),
                    None => Ok(Items(items)),
                }
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Items, E> {
                serde_json::from_str(text).map_err(E::custom)
            }

            fn visit_unit<E>(self) -> Result<Items, E> {
                Ok(Items::default())
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// Reads an ABI, entry by entry; `place` begins every problem. Functions that no transaction can call, as those of
/// libraries on storage, are left out.
pub(super) fn read(items: Items, place: &str, problems: &mut Problems) -> (JsonAbi, Vec<Callable>) {
    let mut abi = JsonAbi::new();
    for (number, value) in items.0.into_iter().enumerate() {
        let mut budget = MOST_PARAMETERS;
        let at = || format!("{place}: entry {number} of the ABI");
        if let Err(problem) = modest(&value, 0, &mut budget) {
            problems.add(format!("{} {problem}", at()));
            continue;
        }
        if on_storage(&value) {
            continue;
        }
        let value = completed(value);
        match serde_json::from_value::<AbiItem<'_>>(value) {
            Ok(item) => {
                if !insert(&mut abi, item) {
                    problems.add(format!("{} is a second constructor, fallback or receive", at()));
                }
            }
            Err(error) => problems.add(format!("{} cannot be read: {error}", at())),
        }
    }
    let mut callables = Vec::new();
    let mut seen = std::collections::BTreeMap::new();
    for function in abi.functions.values().flatten() {
        let types = |parameters: &[Param]| -> Result<Vec<DynSolType>, String> {
            parameters.iter().map(resolve).collect()
        };
        match (types(&function.inputs), types(&function.outputs)) {
            (Ok(inputs), Ok(outputs)) => {
                let selector = function.selector();
                if let Some(other) = seen.insert(selector, function.signature()) {
                    // The same function twice, as of a contract that declares it again, is one.
                    if other != function.signature() {
                        problems.add(format!(
                            "{place}: `{other}` and `{}` have the same selector {selector}",
                            function.signature()
                        ));
                    }
                    continue;
                }
                let mutability = function.state_mutability;
                let function = Some(function.clone());
                callables.push(Callable { selector, function, inputs, outputs, mutability });
            }
            (Err(problem), _) | (_, Err(problem)) => {
                problems.add(format!("{place}: function `{}`: {problem}", clip(&function.name)));
            }
        }
    }
    let constructor = abi.constructor.iter().flat_map(|constructor| &constructor.inputs);
    for parameter in constructor.chain(abi.errors.values().flatten().flat_map(|error| &error.inputs)) {
        if let Err(problem) = resolve(parameter) {
            problems.add(format!("{place}: constructor or error: {problem}"));
        }
    }
    for event in abi.events.values().flatten() {
        for parameter in &event.inputs {
            let plain = Param {
                ty: parameter.ty.clone(),
                name: String::new(),
                components: parameter.components.clone(),
                internal_type: None,
            };
            if let Err(problem) = resolve(&plain) {
                problems.add(format!("{place}: event `{}`: {problem}", clip(&event.name)));
            }
        }
    }
    callables.sort_by_key(|callable| (callable.signature(), callable.selector));
    (abi, callables)
}

/// Adds an entry; false where there is one already of what there can be one of.
fn insert(abi: &mut JsonAbi, item: AbiItem<'_>) -> bool {
    fn once<T>(place: &mut Option<T>, item: T) -> bool {
        place.replace(item).is_none()
    }
    match item {
        AbiItem::Constructor(item) => return once(&mut abi.constructor, item.into_owned()),
        AbiItem::Fallback(item) => return once(&mut abi.fallback, item.into_owned()),
        AbiItem::Receive(item) => return once(&mut abi.receive, item.into_owned()),
        AbiItem::Function(item) => {
            abi.functions.entry(item.name.clone()).or_default().push(item.into_owned());
        }
        AbiItem::Event(item) => abi.events.entry(item.name.clone()).or_default().push(item.into_owned()),
        AbiItem::Error(item) => abi.errors.entry(item.name.clone()).or_default().push(item.into_owned()),
    }
    true
}

/// The type of a parameter, where a value of it is not too large to be made.
pub(crate) fn resolve(parameter: &Param) -> Result<DynSolType, String> {
    let kind = parameter
        .resolve()
        .map_err(|error| format!("type `{}` of `{}`: {error}", clip(&parameter.ty), clip(&parameter.name)))?;
    let empty = parameter.components.is_empty() && parameter.ty.starts_with("tuple");
    if empty || words(&kind).is_none_or(|words| words > MOST_WORDS) {
        return Err(format!(
            "a value of type `{}` of `{}` would have no words or more than {MOST_WORDS}",
            clip(&parameter.ty),
            clip(&parameter.name)
        ));
    }
    Ok(kind)
}

/// Words that a value of a type has at the least.
fn words(kind: &DynSolType) -> Option<usize> {
    match kind {
        DynSolType::FixedArray(inner, length) => words(inner)?.checked_mul(*length),
        DynSolType::Tuple(inner) => {
            inner.iter().try_fold(0_usize, |sum, inner| sum.checked_add(words(inner)?))
        }
        _ => Some(1),
    }
}

/// Looks at an entry before types are made of it: nesting and lengths.
fn modest(value: &Value, depth: usize, budget: &mut usize) -> Result<(), String> {
    if depth > MOST_DEPTH {
        return Err(format!("has structures in more than {MOST_DEPTH} layers, the limit"));
    }
    for key in ["type", "name"] {
        let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
        if text.len() > MOST_LETTERS {
            return Err(format!("has a {key} of {} letters; at most {MOST_LETTERS} are allowed", text.len()));
        }
        if text.matches('[').count() > MOST_DEPTH || text.matches('(').count() > MOST_DEPTH {
            return Err(format!("has a type of more than {MOST_DEPTH} dimensions, the limit"));
        }
    }
    for key in ["inputs", "outputs", "components"] {
        for parameter in value.get(key).and_then(Value::as_array).into_iter().flatten() {
            let left = budget.checked_sub(1);
            *budget = left.ok_or_else(|| format!("has more than {MOST_PARAMETERS} parameters, the limit"))?;
            modest(parameter, depth + 1, budget)?;
        }
    }
    Ok(())
}

/// Whether a function takes or gives a place in storage, or an enumeration by name: only libraries do, and no transaction
/// can call them by ABI.
fn on_storage(value: &Value) -> bool {
    let parameters = |key| value.get(key).and_then(Value::as_array).into_iter().flatten();
    parameters("inputs").chain(parameters("outputs")).any(|parameter| {
        let kind = parameter.get("type").and_then(Value::as_str).unwrap_or_default();
        let word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "_$".contains(c))
        };
        let qualified = kind.split('[').next().and_then(|kind| kind.split_once('.'));
        kind.ends_with(" storage")
            || kind.starts_with("mapping(")
            || qualified.is_some_and(|(left, right)| word(left) && word(right))
    })
}

/// An entry with what old compilers leave out: a function needs no `type`, and a fallback has no outputs.
fn completed(mut value: Value) -> Value {
    if let Some(entry) = value.as_object_mut() {
        if !entry.contains_key("type") {
            entry.insert("type".to_owned(), Value::from("function"));
        }
        let kind = entry.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let lists: &[&str] = match kind.as_str() {
            "function" => &["inputs", "outputs"],
            "constructor" | "event" | "error" => &["inputs"],
            _ => &[],
        };
        for list in lists {
            if !entry.contains_key(*list) {
                entry.insert((*list).to_owned(), Value::Array(Vec::new()));
            }
        }
        if kind == "event" && !entry.contains_key("anonymous") {
            entry.insert("anonymous".to_owned(), Value::Bool(false));
        }
    }
    value
}

/// Text from a file, short enough for a message.
pub(super) fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        clipped.push_str("...");
    }
    clipped
}

#[cfg(test)]
mod test {
    use super::*;

    fn problems_of(json: &str) -> (usize, String) {
        let mut problems = Problems::new(50);
        match serde_json::from_str::<Items>(json) {
            Ok(items) => {
                let (_, callables) = read(items, "A", &mut problems);
                (callables.len(), problems.into_lines().join("\n"))
            }
            Err(error) => (0, error.to_string()),
        }
    }

    #[test]
    fn functions_of_every_age_are_read() {
        let (count, problems) = problems_of(
            r#"[{"constant":true,"inputs":[],"name":"total","outputs":[{"name":"","type":"uint256"}],"payable":false},
                {"type":"function","name":"pay","inputs":[{"name":"to","type":"tuple[2]","components":[
                    {"name":"who","type":"address"},{"name":"much","type":"uint96"}]}],"outputs":[],"stateMutability":"payable"},
                {"payable":true,"type":"fallback"},
                {"type":"event","name":"Paid","inputs":[{"name":"who","type":"address","indexed":true}]},
                {"type":"error","name":"No","inputs":[]},
                {"type":"function","name":"pay","inputs":[{"name":"set","type":"Set.Data storage"}]},
                {"type":"function","name":"gas","gas":2343,"inputs":[{"name":"kind","type":"Lib.Kind"}]}]"#,
        );
        assert_eq!((count, problems.as_str()), (2, ""));
        let text = r#""[{\"type\":\"function\",\"name\":\"f\",\"inputs\":[],\"outputs\":[],\"gas\":12}]""#;
        assert_eq!(problems_of(text), (1, String::new()));
        assert_eq!(problems_of("null"), (0, String::new()));

        let mut problems = Problems::new(50);
        let items = r#"[{"inputs":[{"name":"to","type":"address"},{"name":"n","type":"uint256"}],"name":"transfer"}]"#;
        let (_, callables) = read(serde_json::from_str(items).unwrap(), "A", &mut problems);
        let transfer = &callables[0];
        assert_eq!(transfer.selector.to_string(), "0xa9059cbb");
        assert_eq!(transfer.signature(), "transfer(address,uint256)");
        assert_eq!(transfer.parameter_names(), ["to", "n"]);
        assert!(!transfer.payable() && !transfer.view());
    }

    #[test]
    fn absurd_types_are_refused_in_words() {
        let function = |kind: &str| {
            format!(
                r#"[{{"type":"function","name":"f","inputs":[{{"name":"x","type":"{kind}"}}],"outputs":[]}}]"#
            )
        };
        for kind in [
            "uint257",
            "bytes33",
            "bytes0",
            "",
            "tuple",
            "tuple[",
            "uint256[0",
            "uint256[-1]",
            "uint256[1000][1000]",
            "a b",
        ] {
            let (count, problems) = problems_of(&function(kind));
            assert!(count == 0 && problems.starts_with("A: "), "{kind}: {problems}");
        }
        let deep = "[".repeat(200_000);
        assert!(problems_of(&function(&format!("uint{}", "[]".repeat(100_000)))).1.contains("letters"));
        assert!(problems_of(&function(&format!("uint{}", "[]".repeat(20)))).1.contains("dimensions"));
        assert!(problems_of(&function(&"(".repeat(400))).1.contains("dimensions"));
        assert!(problems_of(&deep).1.contains("recursion limit"));
        let mut nested = r#"{"name":"x","type":"uint256"}"#.to_owned();
        for _ in 0..9 {
            nested = format!(r#"{{"name":"x","type":"tuple","components":[{nested}]}}"#);
        }
        let nested = format!(r#"[{{"type":"function","name":"f","inputs":[{nested}],"outputs":[]}}]"#);
        assert!(problems_of(&nested).1.contains("more than 8 layers"));
        let wide = vec![r#"{"name":"x","type":"uint256"}"#; 1_000].join(",");
        let wide = format!(r#"[{{"type":"function","name":"f","inputs":[{wide}],"outputs":[]}}]"#);
        assert!(problems_of(&wide).1.contains("more than 512 parameters"));
        let many = vec![r#"{"type":"fallback"}"#; 100_000].join(",");
        assert!(problems_of(&format!("[{many}]")).1.contains("more than 4096 entries"));
        assert!(problems_of(r#"[{"type":"wish"}, 3, null]"#).1.lines().count() == 3);
        assert!(problems_of(r#"[{"type":"receive"},{"type":"receive"}]"#).1.contains("second"));
    }

    #[test]
    fn two_functions_of_one_selector_are_a_problem() {
        // A known collision.
        let function = |name: &str, kind: &str| {
            format!(r#"{{"type":"function","name":"{name}","inputs":[{kind}],"outputs":[]}}"#)
        };
        let burn = function("burn", r#"{"name":"a","type":"uint256"}"#);
        let collate = function("collate_propagate_storage", r#"{"name":"a","type":"bytes16"}"#);
        let (_, problems) = problems_of(&format!("[{burn},{collate},{burn}]"));
        assert_eq!(problems.lines().count(), 1, "{problems}");
        assert!(problems.contains("same selector 0x42966c68"), "{problems}");
    }
}
