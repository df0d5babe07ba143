//! What can be set of an attack, with ranges.

use super::AttackScript;
use crate::{Error, Result};

/// A number that can be set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it means, with its unit.
    pub about: &'static str,
    /// The least that is allowed.
    pub low: f64,
    /// The most that is allowed.
    pub high: f64,
    /// What it is where nothing is set.
    pub default: f64,
}

impl Parameter {
    /// A parameter.
    pub const fn new(name: &'static str, about: &'static str, range: (f64, f64), default: f64) -> Self {
        Self { name, about, low: range.0, high: range.1, default }
    }

    /// How hidden the attack is.
    pub const fn stealth() -> Self {
        Self::new(
            "stealth",
            "from 0, loud, to 1: slower, with more harmless messages around it, in cleaner language, from older accounts",
            (0.0, 1.0),
            0.3,
        )
    }

    /// When it starts.
    pub const fn start() -> Self {
        Self::new("start", "its first act, as a share of the stream's span", (0.0, 0.95), 0.5)
    }

    /// How many accounts the attacker has.
    pub const fn accounts(default: f64, high: f64) -> Self {
        Self::new("accounts", "accounts that the attacker opens", (1.0, high), default)
    }

    /// How old they are.
    pub const fn age_days(default: f64) -> Self {
        Self::new(
            "age_days",
            "days that its accounts have been members before it starts",
            (0.0, 730.0),
            default,
        )
    }

    /// How many of those who are reached fall for it.
    pub const fn conversion(default: f64, high: f64) -> Self {
        Self::new(
            "conversion",
            "the most of those reached that pay; a campaign draws its own below",
            (0.0, high),
            default,
        )
    }

    /// How long until it is exposed.
    pub const fn exposure_hours(default: f64) -> Self {
        Self::new(
            "exposure_hours",
            "hours from its first visible act until it is exposed, where it is loud; three times as long at stealth 1",
            (0.1, 2_400.0),
            default,
        )
    }

    /// Whom it reaches.
    pub const fn reach(default: f64) -> Self {
        Self::new(
            "reach",
            "the share of the honest members that it writes to or is read by",
            (0.0, 1.0),
            default,
        )
    }

    /// What a treasury holds.
    pub const fn treasury(default: f64) -> Self {
        Self::new("treasury", "what the treasury holds, in median members' holdings", (0.0, 1e9), default)
    }
}

/// The values of a script's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    attack: &'static str,
    values: Vec<(Parameter, f64)>,
}

impl Parameters {
    /// The defaults of a script.
    pub fn of(script: &dyn AttackScript) -> Self {
        let values = script.parameters().iter().map(|parameter| (*parameter, parameter.default)).collect();
        Self { attack: script.name(), values }
    }

    /// The defaults with some of them set.
    ///
    /// # Errors
    /// A name that the script lacks or a value outside its range: each of them, with what is allowed.
    pub fn with(script: &dyn AttackScript, set: &[(&str, f64)]) -> Result<Self> {
        let mut parameters = Self::of(script);
        let problems: Vec<String> =
            set.iter().filter_map(|&(name, value)| parameters.put(name, value).err()).collect();
        if problems.is_empty() { Ok(parameters) } else { Err(Error::Parameters { problems }) }
    }

    /// Sets one.
    ///
    /// # Errors
    /// A name that the script lacks, or a value outside its range.
    pub fn set(&mut self, name: &str, value: f64) -> Result<()> {
        self.put(name, value).map_err(|problem| Error::Parameters { problems: vec![problem] })
    }

    fn put(&mut self, name: &str, value: f64) -> std::result::Result<(), String> {
        let attack = self.attack;
        let known =
            || self.values.iter().map(|(at, _)| format!("`{}`", at.name)).collect::<Vec<_>>().join(", ");
        let Some(place) = self.values.iter().position(|(at, _)| at.name == name) else {
            return Err(format!("attack `{attack}` has no parameter `{name}`; it has {}", known()));
        };
        let (at, held) = &mut self.values[place];
        if !(at.low..=at.high).contains(&value) {
            return Err(format!(
                "`{name}` of attack `{attack}` is {value}; allowed is {} to {}",
                at.low, at.high
            ));
        }
        *held = value;
        Ok(())
    }

    /// A value; zero for a name that the script lacks, which is also how a script without it behaves.
    pub fn get(&self, name: &str) -> f64 {
        self.values.iter().find(|(at, _)| at.name == name).map_or(0.0, |(_, value)| *value)
    }

    /// Changes a value where the script has it, kept within its range; for attackers that adapt.
    pub fn adapt(&mut self, name: &str, change: impl FnOnce(f64) -> f64) {
        if let Some((at, value)) = self.values.iter_mut().find(|(at, _)| at.name == name) {
            *value = change(*value).clamp(at.low, at.high);
        }
    }

    /// Names and values, in the script's order.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.values.iter().map(|(at, value)| (at.name, *value))
    }

    /// The script that they are for.
    pub const fn attack(&self) -> &'static str {
        self.attack
    }
}
