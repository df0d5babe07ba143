//! What attacks cost and how they are answered: a flat TOML file of numbers.
//!
//! ```toml
//! price = 48.0
//! treasury = 120e6
//! take = 0.2            # of the treasury
//! timelock_days = 2
//! guardian = 0.9
//! ```

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use toml::de::DeTable;

use crate::Result;
use crate::scenario::conditions::Field;
use crate::scenario::read::Reader;

const fn field(name: &'static str, what: &'static str, bounds: (f64, f64), default: Option<f64>) -> Field {
    Field { name, what, bounds, default }
}

/// Every number, with its bounds and what it is where nothing is said: none where it is then not known.
pub const TERMS: &[Field] = &[
    field("price", "money a token", (1e-18, 1e15), Some(1.0)),
    field(
        "treasury",
        "money that the DAO holds; gains and profits are told only where it is given",
        (0.0, 1e18),
        None,
    ),
    field("take", "share of the treasury that a proposal can take", (0.0, 1.0), Some(1.0)),
    field("supply", "tokens; the recorded supply where not given", (1e-9, 1e30), None),
    field("float", "share of the supply that can be bought at all; assumed", (0.0, 1.0), Some(0.5)),
    field("volume", "tokens traded a day; 1 % of the supply where not given (assumed)", (1e-9, 1e30), None),
    field("pace", "share of the day's volume that a buyer takes; assumed", (1e-6, 1.0), Some(0.1)),
    field(
        "impact_linear",
        "rise of the mean price paid, for a day's volume bought: half of 0.314 times a daily volatility of 5 % (Almgren et \
         al. 2005)",
        (0.0, 10.0),
        Some(0.008),
    ),
    field(
        "impact_root",
        "rise of the mean price paid, times the root of the days' volume bought: two thirds of a daily volatility of 5 % \
         (the square-root law: Toth et al. 2011)",
        (0.0, 10.0),
        Some(0.033),
    ),
    field(
        "fall",
        "share of the price that is lost before an attacker can sell: 50 % after Tornado Cash, 6 % after Compound 289",
        (0.0, 1.0),
        Some(0.5),
    ),
    field("rate", "interest a year on capital", (0.0, 10.0), Some(0.1)),
    field("loan_fee", "share of a flash loan: 0.09 % of Aave's second version", (0.0, 1.0), Some(0.0009)),
    field("loan_limit", "tokens that can be borrowed at once", (0.0, 1e30), Some(1e30)),
    field("account_cost", "money an account that votes; assumed", (0.0, 1e9), Some(1.0)),
    field("post_cost", "money a proposal that is posted; assumed", (0.0, 1e12), Some(10.0)),
    field("proposal_threshold", "tokens that proposing asks for", (0.0, 1e30), Some(0.0)),
    field("fatigue", "elasticity of turnout to the number of proposals; assumed", (0.0, 3.0), Some(0.5)),
    field("sellers", "share of the members that sell their vote; assumed", (0.0, 1.0), Some(0.1)),
    field(
        "reserve",
        "median price of a token's vote, as a share of the token's: 5 ETH for 19.3 M ARB (LobbyFi, 2025)",
        (1e-9, 10.0),
        Some(0.0015),
    ),
    field("reserve_spread", "standard deviation of its logarithm; assumed", (0.0, 10.0), Some(1.5)),
    field("diligence", "chance that a member who votes reads the actions; assumed", (0.0, 1.0), Some(0.01)),
    field(
        "recall",
        "chance that a lately active member who stayed away answers an alarm; assumed",
        (0.0, 1.0),
        Some(0.2),
    ),
    field(
        "recall_hours",
        "hours in which half of those who answer have come; assumed",
        (0.01, 1e4),
        Some(12.0),
    ),
    field("extension_hours", "hours that a late change of the outcome extends voting", (0.0, 1e4), Some(0.0)),
    field("delay_days", "days between proposing and voting", (0.0, 365.0), Some(0.0)),
    field("timelock_days", "days between the end of voting and execution", (0.0, 365.0), Some(0.0)),
    field(
        "guardian",
        "chance that a guardian, given time, stops what it knows; 0 where there is none",
        (0.0, 1.0),
        Some(0.0),
    ),
    field(
        "guardian_hours",
        "hours in which a guardian has acted half of the time; assumed",
        (0.01, 1e4),
        Some(24.0),
    ),
    field("exit_at_book", "1: members may leave with their share of the treasury", (0.0, 1.0), Some(0.0)),
    field("exit_threshold", "share of the supply that has to leave together", (0.0, 1.0), Some(0.0)),
];

/// What attacks cost and how they are answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Terms {
    numbers: BTreeMap<&'static str, f64>,
}

impl Default for Terms {
    fn default() -> Self {
        let known = TERMS.iter().filter_map(|field| Some((field.name, field.default?)));
        Self { numbers: known.collect() }
    }
}

impl Terms {
    /// Reads a file of terms.
    ///
    /// # Errors
    /// Every problem of the file at once, with its line, what is allowed, and for a mistyped name what it probably means.
    pub fn read(text: &str) -> Result<Self> {
        let mut terms = Self::default();
        let mut reader = Reader::new(text);
        match DeTable::parse(text) {
            Ok(table) => {
                for (key, value) in table.get_ref() {
                    let name = key.get_ref().as_ref();
                    if let Some(field) = TERMS.iter().find(|field| field.name == name) {
                        if let Some(number) = reader.number(field.name, value, field.bounds) {
                            terms.numbers.insert(field.name, number);
                        }
                    } else {
                        let known: Vec<&str> = TERMS.iter().map(|field| field.name).collect();
                        reader.unknown(&key.span(), "term", name, &known);
                    }
                }
            }
            Err(error) => reader.problem(&error.span().unwrap_or(0..0), error.message()),
        }
        reader.finish(terms)
    }

    /// These terms with another value of one of [`TERMS`].
    #[must_use]
    pub fn with(&self, name: &'static str, value: f64) -> Self {
        let mut terms = self.clone();
        terms.numbers.insert(name, value);
        terms
    }

    /// A number, where it is known.
    pub fn known(&self, name: &str) -> Option<f64> {
        self.numbers.get(name).copied()
    }

    /// A number that has a default.
    pub(super) fn number(&self, name: &str) -> f64 {
        self.known(name).unwrap_or(f64::NAN)
    }
}

/// The JSON Schema (draft 2020-12) of a file of terms, for editors that check and complete TOML.
pub fn json_schema() -> Value {
    let mut properties = Map::new();
    for field in TERMS {
        let (low, high) = field.bounds;
        let mut schema =
            json!({"type": "number", "minimum": low, "maximum": high, "description": field.what});
        if let Some(default) = field.default {
            schema["default"] = json!(default);
        }
        properties.insert(field.name.to_owned(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "daotwin terms of attacks",
        "type": "object", "additionalProperties": false,
        "properties": properties,
    })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let message = Terms::read("prise = 2\ntake = 2\nguardian = 'yes'\n[x]\n").unwrap_err().to_string();
        for expected in [
            "line 1: unknown term `prise`; did you mean `price`?",
            "line 2: `take` must be a number from 0 to 1",
            "line 3: `guardian` must be a number from 0 to 1",
            "line 4: unknown term `x`",
        ] {
            assert!(message.contains(expected), "{expected}\n--\n{message}");
        }
        assert!(Terms::read("price = ").is_err());
    }

    #[test]
    fn defaults_lie_within_their_bounds_and_are_in_the_schema() {
        let schema = json_schema();
        for field in TERMS {
            let (low, high) = field.bounds;
            assert!(low < high && field.default.is_none_or(|default| (low..=high).contains(&default)));
            let known = &schema["properties"][field.name];
            assert_eq!(known["default"].as_f64(), field.default, "{}", field.name);
        }
        let terms = Terms::read("price = 48\ntreasury = 120e6").unwrap();
        assert_eq!((terms.number("price"), terms.known("treasury")), (48.0, Some(120e6)));
        assert_eq!((terms.number("fall"), terms.known("supply")), (0.5, None));
    }
}
