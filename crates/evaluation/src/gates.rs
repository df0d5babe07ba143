//! Gates: bars that a user sets on scores, in `daotwin.toml`:
//!
//! ```toml
//! [evaluate.gates]
//! "fidelity.facts.votes_per_member" = "<= 0.05"
//! "detection.trees.auc" = "< 0.65"
//! ```

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::metric;

/// How a score is compared with its gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
}

impl Comparison {
    /// Whether `value` passes against `bar`. NaN passes nothing.
    pub fn holds(self, value: f64, bar: f64) -> bool {
        match self {
            Self::Less => value < bar,
            Self::AtMost => value <= bar,
            Self::Greater => value > bar,
            Self::AtLeast => value >= bar,
        }
    }

    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// The score's id.
    pub id: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub bar: f64,
}

/// The gates of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Gates(pub Vec<Gate>);

/// How one gate stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateOutcome {
    /// The DAO.
    pub dao: String,
    /// The gate.
    pub gate: Gate,
    /// The score; none where it could not be given.
    pub value: Option<f64>,
    /// Whether it passes. A score that could not be given does not.
    pub passed: bool,
}

impl Gates {
    /// Reads the table `[evaluate.gates]` of a `daotwin.toml`; no gates where there is no such table.
    ///
    /// # Errors
    /// [`Error::Gates`] with every problem: no TOML, an unknown id (with the ids that come near), a bar that
    /// is not a comparison and a number.
    pub fn from_toml(text: &str) -> Result<Self> {
        let document: toml::Table = text.parse().map_err(|error: toml::de::Error| Error::Gates {
            problems: vec![format!("`daotwin.toml`: {error}")],
        })?;
        let Some(evaluate) = document.get("evaluate") else { return Ok(Self::default()) };
        let Some(gates) = evaluate.get("gates") else { return Ok(Self::default()) };
        let Some(table) = gates.as_table() else {
            let problem = "`daotwin.toml`: `evaluate.gates` must be a table of `\"id\" = \"<= number\"`";
            return Err(Error::Gates { problems: vec![problem.to_owned()] });
        };
        Self::parse(table.iter().map(|(id, bar)| (id.as_str(), bar.as_str().unwrap_or(""))))
    }

    /// Reads pairs of an id and a bar such as `<= 0.05`.
    ///
    /// # Errors
    /// [`Error::Gates`], as [`Gates::from_toml`].
    pub fn parse<'t>(pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self> {
        let known = metric::ids();
        let (mut gates, mut problems) = (Vec::new(), Vec::new());
        for (id, bar) in pairs {
            if !known.iter().any(|other| other == id) {
                problems.push(format!(
                    "gate `{id}`: there is no such score; near are {}",
                    near(id, &known).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
                ));
            }
            match parse_bar(bar) {
                Some((comparison, bar)) => gates.push(Gate { id: id.to_owned(), comparison, bar }),
                None => problems.push(format!(
                    "gate `{id}`: the bar must be one of `<`, `<=`, `>`, `>=` and a number, such as `\"<= 0.05\"`"
                )),
            }
        }
        if problems.is_empty() { Ok(Self(gates)) } else { Err(Error::Gates { problems }) }
    }
}

fn parse_bar(text: &str) -> Option<(Comparison, f64)> {
    let text = text.trim();
    let signs = [Comparison::AtMost, Comparison::AtLeast, Comparison::Less, Comparison::Greater];
    let (sign, rest) = signs.iter().find_map(|sign| Some((*sign, text.strip_prefix(sign.sign())?)))?;
    let bar: f64 = rest.trim().parse().ok()?;
    bar.is_finite().then_some((sign, bar))
}

/// The three known ids that share most two-letter pieces with `id`.
pub(crate) fn near<'k>(id: &str, known: &'k [String]) -> impl Iterator<Item = &'k String> {
    let pieces = |text: &str| -> std::collections::BTreeSet<Vec<char>> {
        text.chars().collect::<Vec<_>>().windows(2).map(<[char]>::to_vec).collect()
    };
    let wanted = pieces(id);
    let mut ranked: Vec<(usize, &String)> = known
        .iter()
        .map(|other| {
            let other_pieces = pieces(other);
            let shared = wanted.intersection(&other_pieces).count();
            (2000 * shared / (wanted.len() + other_pieces.len()).max(1), other)
        })
        .collect();
    ranked.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    ranked.into_iter().take(3).map(|(_, id)| id)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn gates_are_read() {
        let text = "[evaluate.gates]\n\"fidelity.facts.votes_per_member\" = \"<= 0.05\"\n\"utility.choice\" = \">0.6\"";
        let gates = Gates::from_toml(text).unwrap();
        assert_eq!(gates.0[0].comparison, Comparison::AtMost);
        assert_eq!((gates.0[1].comparison, gates.0[1].bar), (Comparison::Greater, 0.6));
        assert_eq!(Gates::from_toml("[other]\na = 1").unwrap(), Gates::default());
        assert!(Comparison::AtMost.holds(0.05, 0.05) && !Comparison::Less.holds(0.05, 0.05));
        assert!(!Comparison::AtMost.holds(f64::NAN, 1.0) && !Comparison::AtLeast.holds(f64::NAN, 0.0));
    }

    #[test]
    fn all_problems_are_listed_with_what_was_meant() {
        let error = Gates::parse([("fidelity.facts.vote_per_members", "<= 0.05"), ("utility.choice", "0.6")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("`fidelity.facts.votes_per_member`"), "{error}");
        assert!(error.contains("gate `utility.choice`: the bar must be"), "{error}");
        assert!(Gates::from_toml("[evaluate.gates").is_err());
        assert!(Gates::from_toml("[evaluate]\ngates = 3").is_err());
        assert!(Gates::parse([("utility.choice", "<= NaN")]).is_err());
    }
}
