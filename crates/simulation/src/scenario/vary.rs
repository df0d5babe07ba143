//! What of a scenario a sweep varies: paths, the values they take, and the scenarios they make.

use std::fmt;

use daotwin_core::names::nearest;
use serde::Serialize;

use super::behaviours::BEHAVIOURS;
use super::conditions::find;
use super::read::{RULE_NUMBERS, RULE_SWITCHES, RULE_WORDS};
use super::{QuorumCounts, Scenario, Strength, Weighting};
use crate::{Error, Result};

/// Values of one range, at most.
const MOST_VALUES: usize = 1_000;

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// Yes or no.
    Switch(bool),
    /// A word.
    Word(&'static str),
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Switch(switch) => switch.fmt(formatter),
            Self::Word(word) => word.fmt(formatter),
        }
    }
}

/// A parameter of a scenario and the values it takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Axis {
    /// `rule.KEY`, `price`, `KIND.FIELD` of a condition, or `behaviours.NAME`.
    pub path: String,
    /// The values, in the order in which they were given.
    pub values: Vec<Setting>,
}

impl Axis {
    /// The values as numbers; none where one is not.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let number = |setting: &Setting| match setting {
            Setting::Number(number) => Some(*number),
            _ => None,
        };
        self.values.iter().map(number).collect()
    }
}

/// What a path takes.
enum Takes {
    Number(f64, f64),
    Switch,
    Words(&'static [&'static str]),
}

/// Every path of a scenario: the keys of its rule, its price, the strengths of behaviours, and the numbers of its
/// conditions.
fn paths(scenario: &Scenario) -> Vec<(String, Takes)> {
    let mut paths = vec![("price".to_owned(), Takes::Number(f64::MIN_POSITIVE, 1e18))];
    let rule = |name: &str| format!("rule.{name}");
    paths.extend(RULE_NUMBERS.iter().map(|(name, (low, high))| (rule(name), Takes::Number(*low, *high))));
    paths.extend(RULE_SWITCHES.iter().map(|name| (rule(name), Takes::Switch)));
    paths.extend(RULE_WORDS.iter().map(|(name, words)| (rule(name), Takes::Words(words))));
    paths.extend(BEHAVIOURS.iter().map(|behaviour| {
        let (low, high) = behaviour.bounds;
        (format!("behaviours.{}", behaviour.name), Takes::Number(low, high))
    }));
    for (place, condition) in scenario.conditions.iter().enumerate() {
        let earlier = &scenario.conditions[..place];
        if earlier.iter().all(|earlier| earlier.kind != condition.kind) {
            for field in find(condition.kind).map_or(&[][..], |kind| kind.fields) {
                let (low, high) = field.bounds;
                paths.push((format!("{}.{}", condition.kind, field.name), Takes::Number(low, high)));
            }
        }
    }
    paths
}

/// Reads what is varied: `rule.quorum=0.01,0.02`, `downturn.depth=0.2:0.8:4` (4 values from 0.2 to 0.8, evenly),
/// `rule.weighting=tokens,square_root`. A path of a kind of which the scenario has several conditions means all of them.
///
/// # Errors
/// Every problem at once: paths that the scenario does not have, with what they probably mean; values that a path does
/// not take, with those it does; a path or a value given twice; two keys that exclude each other.
pub fn axes(scenario: &Scenario, texts: &[String]) -> Result<Vec<Axis>> {
    let paths = paths(scenario);
    let mut problems = Vec::new();
    let mut axes: Vec<Axis> = Vec::new();
    if texts.is_empty() {
        problems.push("nothing is varied; give `PATH=VALUE,VALUE,...` or `PATH=FROM:TO:COUNT`".to_owned());
    }
    for text in texts {
        let Some((path, values)) = text.split_once('=') else {
            problems.push(format!("`{text}` is not `PATH=VALUE,VALUE,...` or `PATH=FROM:TO:COUNT`"));
            continue;
        };
        let path = path.trim();
        let Some((_, takes)) = paths.iter().find(|(known, _)| known == path) else {
            let hint = match nearest(path, paths.iter().map(|(known, _)| known.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let known: Vec<String> = paths.iter().map(|(known, _)| format!("`{known}`")).collect();
                    format!("known are {}", known.join(", "))
                }
            };
            problems.push(format!("the scenario has no parameter `{path}`; {hint}"));
            continue;
        };
        if axes.iter().any(|axis| axis.path == path) {
            problems.push(format!("`{path}` is varied twice"));
        }
        match read(values, takes) {
            Ok(values) => axes.push(Axis { path: path.to_owned(), values }),
            Err(found) => problems.extend(found.into_iter().map(|problem| format!("`{path}`: {problem}"))),
        }
    }
    let varied = |path: &str| axes.iter().any(|axis| axis.path == path);
    if varied("rule.quorum") && varied("rule.quorum_tokens") {
        problems.push("`rule.quorum` and `rule.quorum_tokens` exclude each other".to_owned());
    }
    if problems.is_empty() { Ok(axes) } else { Err(Error::Parameters { problems }) }
}

/// The values of a list or a range.
fn read(text: &str, takes: &Takes) -> std::result::Result<Vec<Setting>, Vec<String>> {
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for part in text.split(',').map(str::trim) {
        let found = match takes {
            Takes::Number(low, high) => numbers(part, *low, *high),
            Takes::Switch => part
                .parse()
                .map(|switch| vec![Setting::Switch(switch)])
                .map_err(|_| format!("`{part}` is not true or false")),
            Takes::Words(words) => match words.iter().find(|word| **word == part) {
                Some(word) => Ok(vec![Setting::Word(word)]),
                None => Err(match nearest(part, words.iter().copied()) {
                    Some(near) => format!("`{part}` is unknown; did you mean `{near}`?"),
                    None => format!("`{part}` is unknown; known are {}", words.join(", ")),
                }),
            },
        };
        match found {
            Ok(found) => {
                for value in found {
                    if values.contains(&value) {
                        problems.push(format!("`{value}` is given twice"));
                    } else {
                        values.push(value);
                    }
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// A number, or `FROM:TO:COUNT`.
fn numbers(text: &str, low: f64, high: f64) -> std::result::Result<Vec<Setting>, String> {
    let number = |text: &str| {
        let number: Option<f64> = text.trim().parse().ok();
        number
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(|| format!("`{text}` is not a number from {low} to {high}"))
    };
    let parts: Vec<&str> = text.split(':').collect();
    let [from, to, count] = parts[..] else { return Ok(vec![Setting::Number(number(text)?)]) };
    let (from, to) = (number(from)?, number(to)?);
    let count: usize =
        count.trim().parse().ok().filter(|count| (2..=MOST_VALUES).contains(count)).ok_or_else(|| {
            format!("`{text}`: a range is `FROM:TO:COUNT` with a count from 2 to {MOST_VALUES}")
        })?;
    let last = (count - 1) as f64;
    // The ends are exactly what was said; between them the twelve digits that a reader would write.
    let value = |step: usize| {
        let between = from + (to - from) * (step as f64 / last);
        let ends = step == 0 || step + 1 == count;
        let shown = format!("{between:.11e}").parse().unwrap_or(between);
        if !ends {
            shown
        } else if step == 0 {
            from
        } else {
            to
        }
    };
    Ok((0..count).map(|step| Setting::Number(value(step))).collect())
}

/// The scenario with these values in the places of its own; its title says them.
///
/// # Errors
/// A weight that needs a `cap` without one, or the reverse.
pub fn with(scenario: &Scenario, settings: &[(&str, &Setting)]) -> Result<Scenario> {
    let mut changed = scenario.clone();
    for &(path, setting) in settings {
        match setting {
            Setting::Number(number) => set_number(&mut changed, path, *number),
            Setting::Switch(switch) if path == "rule.shielded" => changed.rule.shielded = Some(*switch),
            Setting::Switch(switch) => changed.rule.power_at_vote = Some(*switch),
            Setting::Word(word) => set_word(&mut changed, word),
        }
    }
    let told: Vec<String> = settings.iter().map(|(path, setting)| format!("{path} = {setting}")).collect();
    changed.title = told.join(", ");
    if (changed.rule.weighting == Some(Weighting::Capped)) != changed.rule.cap.is_some() {
        let problem = format!("`{}`: `rule.cap` and `rule.weighting = capped` go together", changed.title);
        return Err(Error::Parameters { problems: vec![problem] });
    }
    Ok(changed)
}

fn set_number(scenario: &mut Scenario, path: &str, number: f64) {
    let rule = &mut scenario.rule;
    match path {
        "price" => scenario.price = Some(number),
        "rule.quorum" => (rule.quorum, rule.quorum_tokens) = (Some(number), None),
        "rule.quorum_tokens" => (rule.quorum, rule.quorum_tokens) = (None, Some(number)),
        "rule.approval" => rule.approval = Some(number),
        "rule.cap" => rule.cap = Some(number),
        "rule.window" => rule.window = Some(number),
        _ => {
            let behaviour = path.strip_prefix("behaviours.").and_then(super::behaviours::find);
            if let Some((_, behaviour)) = behaviour {
                scenario.behaviours.insert(behaviour.name, Strength::Fixed(number));
            }
            for condition in &mut scenario.conditions {
                if let Some(field) = path.strip_prefix(condition.kind).and_then(|rest| rest.strip_prefix('.'))
                    && let Some(value) = condition.numbers.get_mut(field)
                {
                    *value = number;
                }
            }
        }
    }
}

/// No two keys of a rule share a word, so that the word says its key. A cap belongs to one weight only.
fn set_word(scenario: &mut Scenario, word: &str) {
    let rule = &mut scenario.rule;
    match word {
        "for" => rule.quorum_counts = Some(QuorumCounts::For),
        "for_and_abstain" => rule.quorum_counts = Some(QuorumCounts::ForAndAbstain),
        "all" => rule.quorum_counts = Some(QuorumCounts::All),
        "tokens" => (rule.weighting, rule.cap) = (Some(Weighting::Tokens), None),
        "square_root" => (rule.weighting, rule.cap) = (Some(Weighting::SquareRoot), None),
        "members" => (rule.weighting, rule.cap) = (Some(Weighting::Members), None),
        _ => rule.weighting = Some(Weighting::Capped),
    }
}
