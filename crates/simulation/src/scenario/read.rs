//! The reader of scenario files: parsed and checked whole, with the line of every problem.

use std::collections::BTreeMap;
use std::ops::Range;

use daotwin_core::names::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::behaviours::{self, BEHAVIOURS, Behaviours, Strength};
use super::conditions::{CONDITIONS, find};
use super::{Condition, QuorumCounts, RuleChange, Scenario, Weighting};
use crate::{Error, Result};

/// Conditions of one file.
const MOST_CONDITIONS: usize = 1_000;

/// Reads a scenario.
///
/// # Errors
/// Every problem of the file at once, with its line, what is allowed, and for a mistyped name what it probably means.
pub fn read(text: &str) -> Result<Scenario> {
    let mut reader = Reader::new(text);
    let scenario = match DeTable::parse(text) {
        Ok(table) => reader.scenario(table.get_ref()),
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            reader.problem(&at, error.message());
            Scenario::default()
        }
    };
    reader.finish(scenario)
}

pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

/// Reads a file's values and collects what is wrong with them.
pub(crate) struct Reader<'t> {
    pub(crate) text: &'t str,
    pub(crate) problems: Vec<String>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    /// What was read, where there was no problem.
    pub(crate) fn finish<T>(self, read: T) -> Result<T> {
        if self.problems.is_empty() { Ok(read) } else { Err(Error::Parameters { problems: self.problems }) }
    }
}

/// The keys of `[rule]` that are numbers, with their bounds.
pub(super) const RULE_NUMBERS: [(&str, (f64, f64)); 5] = [
    ("quorum", (0.0, 1.0)),
    ("quorum_tokens", (0.0, 1e30)),
    ("approval", (0.0, 0.999_999)),
    ("cap", (1e-9, 1.0)),
    ("window", (0.01, 100.0)),
];
/// Those that are yes or no.
pub(super) const RULE_SWITCHES: [&str; 2] = ["shielded", "power_at_vote"];
/// Those that are words, with what they may be.
pub(super) const RULE_WORDS: [(&str, &[&str]); 2] = [
    ("quorum_counts", &["for", "for_and_abstain", "all"]),
    ("weighting", &["tokens", "square_root", "members", "capped"]),
];
/// Keys of the file.
pub(super) const KEYS: [&str; 6] = ["title", "about", "rule", "price", "conditions", "behaviours"];

impl Reader<'_> {
    pub(crate) fn problem(&mut self, at: &Range<usize>, message: &str) {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        self.problems.push(format!("line {line}: {message}"));
    }

    pub(crate) fn unknown(&mut self, at: &Range<usize>, what: &str, name: &str, known: &[&str]) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => format!("; known are {}", quoted(known)),
        };
        self.problem(at, &format!("unknown {what} `{name}`{hint}"));
    }

    pub(crate) fn number(&mut self, name: &str, value: &Value<'_>, (low, high): (f64, f64)) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|n| n as f64)
            }
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        match number.filter(|number: &f64| (low..=high).contains(number)) {
            Some(number) => Some(number),
            None => {
                self.problem(&value.span(), &format!("`{name}` must be a number from {low} to {high}"));
                None
            }
        }
    }

    pub(crate) fn text(&mut self, name: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.problem(&value.span(), &format!("`{name}` must be a text"));
        }
        text
    }

    /// Seconds since 1970 of a date (its midnight) or a date with time, in UTC where no offset is said.
    pub(crate) fn time(&mut self, name: &str, value: &Value<'_>) -> Option<i64> {
        let text = match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Datetime(time) => Some(time.to_string()),
            _ => None,
        };
        let time = text.and_then(|text| daotwin_history::frame::read_time(&text));
        if time.is_none() {
            self.problem(
                &value.span(),
                &format!("`{name}` must be a date such as 2024-03-01 or a time such as 2024-03-01T12:00:00Z"),
            );
        }
        time.map(|seconds| seconds as i64)
    }

    fn scenario(&mut self, table: &DeTable<'_>) -> Scenario {
        let mut scenario = Scenario::default();
        let mut titled = false;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "title" => {
                    titled = true;
                    scenario.title = self.text("title", value).unwrap_or_default();
                }
                "about" => scenario.about = self.text("about", value).unwrap_or_default(),
                "price" => scenario.price = self.number("price", value, (1e-18, 1e15)),
                "rule" => match value.get_ref().as_table() {
                    Some(table) => scenario.rule = self.rule(table),
                    None => self.problem(&value.span(), "`rule` must be a table: `[rule]`"),
                },
                "conditions" => match value.get_ref().as_array() {
                    Some(list) if list.len() > MOST_CONDITIONS => {
                        self.problem(
                            &value.span(),
                            &format!("{} conditions; at most {MOST_CONDITIONS} are allowed", list.len()),
                        );
                    }
                    Some(list) => {
                        for value in list {
                            match value.get_ref().as_table() {
                                Some(table) => {
                                    scenario.conditions.extend(self.condition(&value.span(), table));
                                }
                                None => self
                                    .problem(&value.span(), "a condition must be a table: `[[conditions]]`"),
                            }
                        }
                    }
                    None => self.problem(&value.span(), "`conditions` must be tables: `[[conditions]]`"),
                },
                "behaviours" => scenario.behaviours = self.behaviours(value),
                other => self.unknown(&key.span(), "key", other, &KEYS),
            }
        }
        if !titled {
            self.problem(&(0..0), "the scenario needs a `title`");
        }
        scenario
    }

    fn behaviours(&mut self, value: &Value<'_>) -> Behaviours {
        let table = match value.get_ref() {
            DeValue::String(word) if word == "all" => return behaviours::all(),
            DeValue::Table(table) => table,
            _ => {
                self.problem(&value.span(), "`behaviours` must be a table, `[behaviours]`, or \"all\"");
                return Behaviours::new();
            }
        };
        let mut found = Behaviours::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some((_, behaviour)) = behaviours::find(name) else {
                let known: Vec<&str> = BEHAVIOURS.iter().map(|behaviour| behaviour.name).collect();
                self.unknown(&key.span(), "behaviour", name, &known);
                continue;
            };
            let strength = match value.get_ref().as_str() {
                Some("prior") => Some(Strength::Prior),
                Some("off") => Some(Strength::Off),
                Some(word) => {
                    self.unknown(&value.span(), &format!("strength of `{name}`"), word, &["prior", "off"]);
                    None
                }
                None => self.number(name, value, behaviour.bounds).map(Strength::Fixed),
            };
            found.extend(strength.map(|strength| (behaviour.name, strength)));
        }
        found
    }

    pub(crate) fn rule(&mut self, table: &DeTable<'_>) -> RuleChange {
        let mut rule = RuleChange::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let Some((name, bounds)) = RULE_NUMBERS.iter().find(|(known, _)| *known == name) {
                let number = self.number(name, value, *bounds);
                match *name {
                    "quorum" => rule.quorum = number,
                    "quorum_tokens" => rule.quorum_tokens = number,
                    "approval" => rule.approval = number,
                    "cap" => rule.cap = number,
                    _ => rule.window = number,
                }
            } else if RULE_SWITCHES.contains(&name) {
                let switch = value.get_ref().as_bool();
                if switch.is_none() {
                    self.problem(&value.span(), &format!("`{name}` must be true or false"));
                }
                *(if name == "shielded" { &mut rule.shielded } else { &mut rule.power_at_vote }) = switch;
            } else if let Some((name, known)) = RULE_WORDS.iter().find(|(known, _)| *known == name) {
                let word = value.get_ref().as_str().unwrap_or_default();
                match (*name, word) {
                    ("quorum_counts", "for") => rule.quorum_counts = Some(QuorumCounts::For),
                    ("quorum_counts", "for_and_abstain") => {
                        rule.quorum_counts = Some(QuorumCounts::ForAndAbstain);
                    }
                    ("quorum_counts", "all") => rule.quorum_counts = Some(QuorumCounts::All),
                    ("weighting", "tokens") => rule.weighting = Some(Weighting::Tokens),
                    ("weighting", "square_root") => rule.weighting = Some(Weighting::SquareRoot),
                    ("weighting", "members") => rule.weighting = Some(Weighting::Members),
                    ("weighting", "capped") => rule.weighting = Some(Weighting::Capped),
                    _ => self.unknown(&value.span(), &format!("value of `{name}`"), word, known),
                }
            } else {
                let known: Vec<&str> = rule_keys().collect();
                self.unknown(&key.span(), "key of a rule", name, &known);
            }
        }
        let at = table.iter().next().map_or(0..0, |(key, _)| key.span());
        if rule.quorum.is_some() && rule.quorum_tokens.is_some() {
            self.problem(&at, "`quorum` (a share) and `quorum_tokens` exclude each other");
        }
        if (rule.weighting == Some(Weighting::Capped)) != rule.cap.is_some() {
            self.problem(&at, "`cap` and `weighting = \"capped\"` go together");
        }
        rule
    }

    fn condition(&mut self, at: &Range<usize>, table: &DeTable<'_>) -> Option<Condition> {
        let Some(kind) = table.iter().find(|(key, _)| key.get_ref() == "kind").map(|(_, value)| value) else {
            self.problem(at, "a condition needs a `kind`");
            return None;
        };
        let name = kind.get_ref().as_str().unwrap_or_default();
        let Some(kind) = find(name) else {
            let known: Vec<&str> = CONDITIONS.iter().map(|kind| kind.name).collect();
            self.unknown(&kind.span(), "kind of condition", name, &known);
            return None;
        };
        let mut condition =
            Condition { kind: kind.name, from: None, until: None, numbers: BTreeMap::new(), rule: None };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "kind" => {}
                "from" => condition.from = self.time("from", value),
                "until" => condition.until = self.time("until", value),
                "rule" if kind.name == "new_rule" => match value.get_ref().as_table() {
                    Some(table) => condition.rule = Some(self.rule(table)),
                    None => self.problem(&value.span(), "`rule` must be a table"),
                },
                other => match kind.fields.iter().find(|field| field.name == other) {
                    Some(field) => {
                        if let Some(number) = self.number(field.name, value, field.bounds) {
                            condition.numbers.insert(field.name, number);
                        }
                    }
                    None => {
                        let known: Vec<&str> = keys(kind.name).collect();
                        self.unknown(&key.span(), &format!("key of `{name}`"), other, &known);
                    }
                },
            }
        }
        for field in kind.fields {
            let given = table.iter().any(|(key, _)| key.get_ref() == field.name);
            match field.default {
                Some(default) if !given => {
                    condition.numbers.insert(field.name, default);
                }
                None if !given => {
                    self.problem(at, &format!("`{name}` needs `{}`: {}", field.name, field.what));
                }
                _ => {}
            }
        }
        if kind.name == "new_rule" && condition.rule.is_none() {
            self.problem(at, "`new_rule` needs a `rule`");
        }
        if let (Some(from), Some(until)) = (condition.from, condition.until)
            && until <= from
        {
            self.problem(at, "`until` must come after `from`");
        }
        Some(condition)
    }
}

/// The keys of a rule.
pub(super) fn rule_keys() -> impl Iterator<Item = &'static str> {
    let numbers = RULE_NUMBERS.iter().map(|(name, _)| *name);
    numbers.chain(RULE_SWITCHES).chain(RULE_WORDS.iter().map(|(name, _)| *name))
}

/// The keys of a condition of this kind.
fn keys(kind: &str) -> impl Iterator<Item = &'static str> {
    let fields = find(kind).map_or(&[][..], |kind| kind.fields);
    let rule = (kind == "new_rule").then_some("rule");
    ["kind", "from", "until"].into_iter().chain(rule).chain(fields.iter().map(|field| field.name))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
