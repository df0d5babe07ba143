//! Places within the arguments of a step: through lists and structures, and into calls that are encoded in bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::Selector;

use crate::artifact::Callable;
use crate::sequence::{Step, encode};
use crate::world::World;

/// The functions of a world, by which bytes are read as calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Codec {
    functions: BTreeMap<Selector, Arc<Callable>>,
}

impl Codec {
    pub(crate) fn new(world: &World) -> Self {
        let mut functions = BTreeMap::new();
        for callable in world.contracts.iter().flat_map(super::super::world::Deployed::functions) {
            functions.entry(callable.selector).or_insert_with(|| Arc::new(callable.clone()));
        }
        Self { functions }
    }

    /// The call that bytes stand for, where they are one and nothing else.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Option<(&Arc<Callable>, Vec<DynSolValue>)> {
        let (selector, rest) = bytes.split_at_checked(4)?;
        let callable = self.functions.get(&Selector::from_slice(selector))?;
        let kind = DynSolType::Tuple(callable.inputs.clone());
        let DynSolValue::Tuple(arguments) = kind.abi_decode_params(rest).ok()? else { return None };
        (call(callable, &arguments) == bytes).then_some((callable, arguments))
    }
}

/// The input of a call.
fn call(callable: &Callable, arguments: &[DynSolValue]) -> Vec<u8> {
    let mut data = callable.selector.to_vec();
    encode(arguments, &mut data);
    data
}

/// A place within the arguments of a step: which inner call, or the step itself, which argument, and which part of it, where
/// parts of bytes are the arguments of the call that they encode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) inner: Option<usize>,
    pub(super) path: Vec<usize>,
}

impl Place {
    /// The call that the place is in.
    pub(super) fn step<'s>(&self, step: &'s Step) -> Option<&'s Step> {
        match self.inner {
            None => Some(step),
            Some(number) => step.inner.get(number),
        }
    }

    /// What stands there.
    pub(super) fn get(&self, step: &Step, codec: &Codec) -> Option<DynSolValue> {
        let (first, rest) = self.path.split_first()?;
        get(self.step(step)?.arguments.get(*first)?, rest, codec)
    }

    /// The step with another value there.
    pub(super) fn set(&self, step: &Step, value: DynSolValue, codec: &Codec) -> Option<Step> {
        let mut step = step.clone();
        let call = match self.inner {
            None => &mut step,
            Some(number) => step.inner.get_mut(number)?,
        };
        let (first, rest) = self.path.split_first()?;
        let argument = call.arguments.get_mut(*first)?;
        *argument = set(argument, rest, value, codec)?;
        Some(step)
    }
}

fn get(value: &DynSolValue, path: &[usize], codec: &Codec) -> Option<DynSolValue> {
    let Some((first, rest)) = path.split_first() else { return Some(value.clone()) };
    match value {
        DynSolValue::Array(parts) | DynSolValue::FixedArray(parts) | DynSolValue::Tuple(parts) => {
            get(parts.get(*first)?, rest, codec)
        }
        DynSolValue::Bytes(bytes) => get(codec.decode(bytes)?.1.get(*first)?, rest, codec),
        _ => None,
    }
}

fn set(value: &DynSolValue, path: &[usize], new: DynSolValue, codec: &Codec) -> Option<DynSolValue> {
    let Some((first, rest)) = path.split_first() else { return Some(new) };
    let within = |parts: &[DynSolValue]| {
        let mut parts = parts.to_vec();
        let part = parts.get_mut(*first)?;
        *part = set(part, rest, new, codec)?;
        Some(parts)
    };
    Some(match value {
        DynSolValue::Array(parts) => DynSolValue::Array(within(parts)?),
        DynSolValue::FixedArray(parts) => DynSolValue::FixedArray(within(parts)?),
        DynSolValue::Tuple(parts) => DynSolValue::Tuple(within(parts)?),
        DynSolValue::Bytes(bytes) => {
            let (callable, arguments) = codec.decode(bytes)?;
            DynSolValue::Bytes(call(callable, &within(&arguments)?))
        }
        _ => return None,
    })
}

/// Every place of a step, each before those within it, with what stands there and the name of its parameter.
pub(super) fn places(step: &Step, codec: &Codec) -> Vec<(Place, DynSolValue, String)> {
    let mut found = Vec::new();
    let calls =
        [(None, step)].into_iter().chain(step.inner.iter().enumerate().map(|(n, call)| (Some(n), call)));
    for (inner, call) in calls {
        for (number, argument) in call.arguments.iter().enumerate() {
            let name = parameter(call.function.as_deref(), number);
            visit(argument, &mut vec![number], &name, codec, &mut |path, value, name| {
                found.push((Place { inner, path: path.to_vec() }, value.clone(), name.to_owned()));
            });
        }
    }
    found
}

/// The name of a parameter; empty where it has none.
pub(super) fn parameter(function: Option<&Callable>, number: usize) -> String {
    let names = function.map(Callable::parameter_names).unwrap_or_default();
    names.get(number).copied().unwrap_or_default().to_owned()
}

fn visit(
    value: &DynSolValue,
    path: &mut Vec<usize>,
    name: &str,
    codec: &Codec,
    with: &mut impl FnMut(&[usize], &DynSolValue, &str),
) {
    with(path, value, name);
    let mut within = |parts: &[DynSolValue], function: Option<&Callable>| {
        for (number, part) in parts.iter().enumerate() {
            let own = parameter(function, number);
            path.push(number);
            visit(part, path, if function.is_some() { &own } else { name }, codec, with);
            path.pop();
        }
    };
    match value {
        DynSolValue::Array(parts) | DynSolValue::FixedArray(parts) | DynSolValue::Tuple(parts) => {
            within(parts, None);
        }
        DynSolValue::Bytes(bytes) => {
            if let Some((callable, arguments)) = codec.decode(bytes) {
                within(&arguments, Some(callable));
            }
        }
        _ => {}
    }
}
