//! What cases have in common that let members act one after another: names as dense numbers, and what was refused.

use std::collections::BTreeMap;

use serde::Serialize;

/// An event that the original reverts: it changed nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Reverted {
    /// Its place in the case.
    pub(crate) event: usize,
    /// Why.
    pub(crate) reason: String,
}

/// Tells of times that run backwards.
pub(crate) fn out_of_order(times: impl Iterator<Item = u64>) -> Vec<String> {
    let mut last = 0;
    let mut problems = Vec::new();
    for (place, at) in times.enumerate() {
        if at < last {
            problems.push(format!(
                "`events[{place}].at` is {at}, before an event above at {last}; order events by time"
            ));
        }
        if at > 1 << 62 {
            problems.push(format!("`events[{place}].at` is {at}; times end at 2^62"));
        }
        last = last.max(at);
    }
    problems
}

/// What a case calls by name and a rule counts by number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: BTreeMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The number of this name; a new one where it is new.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    /// Every name by its number.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &str)> {
        self.names.iter().enumerate().map(|(number, name)| (number as u32, name.as_str()))
    }
}
