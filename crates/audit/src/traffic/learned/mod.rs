//! A model of traffic: which function follows which, where arguments come from, how long it takes, and who calls; fitted on
//! calls that were seen, and put to the functions of any world by what they are alike in.
//!
//! The model ([`Model`]) is a smoothed Markov chain over functions (bigrams, backed off to single functions and to anything:
//! Jelinek and Mercer 1980), with for every parameter counts of where its value came from ([`Class`]) and for every function
//! counts of how long after another it came ([`Gap`]). A call follows the last one of the same sender, and the last one whose
//! values it has (a vote follows its proposal): runs of the same function count once.
//!
//! [`Bound`] is a model put to a world: a function there behaves as the functions it is alike to
//! ([`Symbol::likeness`]) did where the model learned. It proposes the next call of a path, with values threaded from the
//! calls before and a time to wait that the contracts' own delays and periods add up to.

mod bound;
mod class;
mod fit;
mod private;
mod symbol;

#[cfg(test)]
mod test;

use std::path::Path;
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::random::Stream;
use serde::{Deserialize, Serialize};

pub use bound::Bound;
pub use class::{Class, Gap, Unit};
pub use private::{Private, Settings as PrivateSettings};
pub use symbol::Symbol;

use crate::chain::State;
use crate::sequence::Step;
use crate::{Error, Result};

/// Bytes of a model's file.
const MOST_BYTES: usize = 64 << 20;
/// Functions that a model knows.
const MOST_SYMBOLS: usize = 4_096;

/// A call that was made on a path, and what it answered.
#[derive(Debug, Clone)]
pub struct Past {
    /// The call.
    pub step: Step,
    /// What it answered, by the types of its function.
    pub answers: Vec<DynSolValue>,
    /// The block in which it ran.
    pub block: u64,
    /// Its time.
    pub time: u64,
}

/// What a proposal of a next call may go by.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    /// The calls so far.
    pub path: &'c [Past],
    /// The state that the next one begins on.
    pub state: &'c State,
    /// Who may call.
    pub senders: &'c [Address],
    /// What whom has of things: numbers that a value may be the whole or a part of.
    pub balances: &'c [U256],
    /// Numbers that stand in the contracts.
    pub constants: &'c [U256],
    /// Calls that are known to do harm if a contract makes them: target, ether, input.
    pub payloads: &'c [(Address, U256, Bytes)],
}

/// Proposes what comes next.
pub trait Proposer: Send + Sync {
    /// The next call of a path; none where nothing can be called. A function of the context and the stream alone.
    fn next(&self, context: &Context<'_>, stream: &mut Stream) -> Option<Step>;
}

/// Counts of what was seen, of one key.
type Counts<T> = Vec<(T, f64)>;

/// Where the values of one parameter came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    symbol: u16,
    parameter: u16,
    classes: Counts<Class>,
}

/// How long after another one function came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    symbol: u16,
    gaps: Counts<Gap>,
}

/// A function after another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Follow {
    before: u16,
    after: u16,
    count: f64,
    /// Of these, how often the sender was the same.
    same_sender: f64,
}

/// A model of traffic. Counts; nothing of any call that was seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The version of this format.
    version: u32,
    /// What it was fitted on, in words.
    pub source: String,
    /// The guarantee, where the fit was private: `(epsilon, delta)` by member.
    pub privacy: Option<(f64, f64)>,
    /// The functions that were seen.
    symbols: Vec<Symbol>,
    /// How often each was called.
    calls: Vec<f64>,
    /// How often each was the first of its kind.
    first: Vec<f64>,
    follows: Vec<Follow>,
    slots: Vec<Slot>,
    waits: Vec<Wait>,
}

const VERSION: u32 = 1;

impl Model {
    /// The model as JSON.
    ///
    /// # Errors
    /// None that is known: numbers are finite.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::Contract { message: format!("a model of traffic: {error}") })
    }

    /// Reads a model, whoever wrote it.
    ///
    /// # Errors
    /// It is too large, no such model, or its numbers do not fit together.
    pub fn from_json(text: &str) -> Result<Self> {
        let refuse = |problem: String| Error::Contract { message: format!("a model of traffic: {problem}") };
        if text.len() > MOST_BYTES {
            return Err(refuse(format!("{} bytes; at most {MOST_BYTES} are read", text.len())));
        }
        let model: Self = serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
        let count = model.symbols.len();
        let known = |symbol: u16| usize::from(symbol) < count;
        let fine = |value: &f64| value.is_finite() && *value >= 0.0 && *value < 1e15;
        let slot = |slot: &Slot| {
            known(slot.symbol)
                && usize::from(slot.parameter) < model.symbols[usize::from(slot.symbol)].inputs.len()
                && slot.classes.iter().all(|(_, count)| fine(count))
        };
        let problem = if model.version != VERSION {
            Some(format!("version {}; this reads version {VERSION}", model.version))
        } else if count > MOST_SYMBOLS {
            Some(format!("{count} functions; at most {MOST_SYMBOLS} are read"))
        } else if model.calls.len() != count
            || model.first.len() != count
            || !model.calls.iter().chain(&model.first).all(fine)
            || !model.symbols.iter().all(|symbol| symbol.parameters.len() == symbol.inputs.len())
            || !model.follows.iter().all(|follow| {
                known(follow.before)
                    && known(follow.after)
                    && fine(&follow.count)
                    && fine(&follow.same_sender)
                    && follow.same_sender <= follow.count
            })
            || !model.slots.iter().all(slot)
            || !model.waits.iter().all(|wait| known(wait.symbol) && wait.gaps.iter().all(|(_, count)| fine(count)))
        {
            Some("its lists do not fit its functions, or a count is negative or no number".to_owned())
        } else {
            None
        };
        problem.map_or(Ok(model), |problem| Err(refuse(problem)))
    }

    /// Writes it to a file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(daotwin_core::files::atomic_write(path, self.to_json()?.as_bytes())?)
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// The file cannot be read, or holds no model.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = daotwin_core::files::read_limited(path, MOST_BYTES as u64)?;
        Self::from_json(&String::from_utf8_lossy(&bytes))
    }

    /// How many functions it knows.
    pub fn functions(&self) -> usize {
        self.symbols.len()
    }

    /// How many calls it was fitted on (with noise where the fit was private).
    pub fn seen(&self) -> f64 {
        self.calls.iter().sum()
    }

    /// How often one function came after another, by their signatures.
    pub fn follows(&self, before: &str, after: &str) -> f64 {
        let named = |symbol: u16, signature: &str| self.symbols[usize::from(symbol)].signature == signature;
        let both = |follow: &&Follow| named(follow.before, before) && named(follow.after, after);
        self.follows.iter().filter(both).map(|follow| follow.count).sum()
    }

    /// How often the value of a parameter came from where, by signature and place.
    pub fn origin(&self, signature: &str, parameter: usize, class: Class) -> f64 {
        let slots = self.slots.iter().filter(|slot| {
            self.symbols[usize::from(slot.symbol)].signature == signature && usize::from(slot.parameter) == parameter
        });
        slots.flat_map(|slot| &slot.classes).filter(|(other, _)| *other == class).map(|(_, count)| *count).sum()
    }

    /// Puts the model to a world.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn bind(self: &Arc<Self>, world: &crate::world::World) -> Result<Bound> {
        Bound::new(self, world)
    }
}
