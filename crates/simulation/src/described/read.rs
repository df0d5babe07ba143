//! The reader of `population.toml`: what the file does not say is as in [`Parameters::default`].

use std::ops::Range;

use daotwin_core::names::nearest;
use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{DEFAULT_RULE, Described};
use crate::engine::dao::{Condition, Parameters, Rule};
use crate::scenario::read::Reader;
use crate::{Error, Result};

/// Keys of the file that are no parameters of the engine.
const OWN: [&str; 5] = ["title", "about", "rule", "starts", "step_hours"];
/// Kinds of rules.
const KINDS: [&str; 4] = ["shares", "governor", "aave-governance", "aragon-voting"];

impl Described {
    /// Reads a file.
    ///
    /// # Errors
    /// Every problem of the file at once, with its line where it has one, what is allowed, and for a mistyped name what it
    /// probably means.
    pub fn read(text: &str) -> Result<Self> {
        let mut reader = Reader { text, problems: Vec::new() };
        let mut described = Self::default();
        match DeTable::parse(text) {
            Ok(table) => described.fill(&mut reader, table.get_ref()),
            Err(error) => reader.problem(&error.span().unwrap_or(0..0), error.message()),
        }
        if reader.problems.is_empty() {
            match merged(text) {
                Ok(parameters) => {
                    reader.problems.extend(parameters.problems());
                    described.parameters = parameters;
                }
                Err(problem) => reader.problems.push(problem),
            }
        }
        if reader.problems.is_empty() {
            Ok(described)
        } else {
            Err(Error::Parameters { problems: reader.problems })
        }
    }

    /// Reads its own keys and checks the names of all others.
    fn fill(&mut self, reader: &mut Reader<'_>, table: &DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "title" => self.title = reader.text("title", value).unwrap_or_default(),
                "about" => self.about = reader.text("about", value).unwrap_or_default(),
                "starts" => {
                    if let Some(start) = reader.time("starts", value) {
                        self.calendar.start = start;
                    }
                }
                "step_hours" => {
                    if let Some(hours) = reader.number("step_hours", value, (1.0 / 3_600.0, 8_784.0)) {
                        self.calendar.step = (hours * 3_600.0).round() as i64;
                    }
                }
                "rule" => match value.get_ref().as_table() {
                    Some(table) => self.rule = rule(reader, &value.span(), table),
                    None => reader.problem(&value.span(), "`rule` must be a table: `[rule]`"),
                },
                "quorum_millionths" => reader.problem(
                    &key.span(),
                    "unknown key `quorum_millionths`; say `quorum = 0.04`, a share of the supply, in `[rule]`",
                ),
                _ => {}
            }
        }
        let Ok(Value::Table(known)) = Value::try_from(Parameters::default()) else { return };
        names(reader, table, &known, "", &OWN);
        if let Some(list) = table.get("conditions").and_then(|list| list.get_ref().as_array()) {
            let Ok(Value::Table(known)) = Value::try_from(Condition::default()) else { return };
            for table in list.iter().filter_map(|condition| condition.get_ref().as_table()) {
                names(reader, table, &known, "conditions", &[]);
            }
        }
    }
}

/// Tells names that are not known, and values of another shape than they must have.
fn names(reader: &mut Reader<'_>, table: &DeTable<'_>, known: &Table, place: &str, own: &[&str]) {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if own.contains(&name) || name == "quorum_millionths" {
            continue;
        }
        let shown = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        match (known.get(name), value.get_ref()) {
            (None, _) => {
                let all: Vec<&str> = known
                    .keys()
                    .map(String::as_str)
                    .filter(|known| *known != "quorum_millionths")
                    .chain(own.iter().copied())
                    .collect();
                let hint = match nearest(name, all.iter().copied()) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => format!("; known are `{}`", all.join("`, `")),
                };
                reader.problem(&key.span(), &format!("unknown key `{shown}`{hint}"));
            }
            (Some(Value::Table(_)), DeValue::Table(table)) if name == "arrivals" => {
                arrivals(reader, &value.span(), table);
            }
            (Some(Value::Table(known)), DeValue::Table(table)) => names(reader, table, known, &shown, &[]),
            (Some(Value::Table(_)), _) => {
                reader.problem(&value.span(), &format!("`{shown}` must be a table: `[{shown}]`"));
            }
            (Some(Value::Array(_)), DeValue::Array(list)) => {
                if list.iter().any(|entry| entry.get_ref().as_table().is_none()) {
                    reader.problem(&value.span(), "`conditions` must be tables: `[[conditions]]`");
                }
            }
            (Some(Value::Array(_)), _) => {
                reader.problem(&value.span(), "`conditions` must be tables: `[[conditions]]`");
            }
            (Some(Value::Integer(_)), DeValue::Integer(_))
            | (Some(Value::Float(_)), DeValue::Integer(_) | DeValue::Float(_)) => {}
            (Some(Value::Integer(_)), _) => {
                reader.problem(&value.span(), &format!("`{shown}` must be a whole number"));
            }
            _ => reader.problem(&value.span(), &format!("`{shown}` must be a number")),
        }
    }
}

fn arrivals(reader: &mut Reader<'_>, at: &Range<usize>, table: &DeTable<'_>) {
    let keys: Vec<&str> = table.iter().map(|(key, _)| key.get_ref().as_ref()).collect();
    if !matches!(keys.as_slice(), ["random" | "every"]) {
        reader.problem(
            at,
            "`arrivals` is `{ random = 0.025 }`, so many proposals a step on average, or `{ every = 40 }`, one every so many \
             steps",
        );
    }
}

fn rule(reader: &mut Reader<'_>, at: &Range<usize>, table: &DeTable<'_>) -> Rule {
    let text = |name: &str| table.get(name).and_then(|value| value.get_ref().as_str());
    let kind = text("kind").unwrap_or("shares");
    if table.get("kind").is_some() && !KINDS.contains(&kind) {
        reader.unknown(at, "kind of rule", kind, &KINDS);
        return DEFAULT_RULE;
    }
    if kind == "shares" {
        let rest: DeTable<'_> = table
            .iter()
            .filter(|(key, _)| key.get_ref() != "kind")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let change = reader.rule(&rest);
        for (name, given) in [
            ("window", change.window.is_some()),
            ("shielded", change.shielded.is_some()),
            ("power_at_vote", change.power_at_vote.is_some()),
        ] {
            if given {
                reader.problem(at, &format!("`{name}` is no part of a described DAO's rule; `window` stands outside `[rule]`, in steps"));
            }
        }
        return Rule::Shares(change);
    }
    let allowed: &[&str] = match kind {
        "governor" => &["kind", "quorum"],
        "aave-governance" => &["kind", "quorum", "differential"],
        _ => &["kind", "quorum", "approval"],
    };
    let mut share = |name: &str, default: f64| match table.get(name) {
        Some(value) => reader.number(name, value, (0.0, 1.0)).unwrap_or(default),
        None => default,
    };
    let (quorum, approval, differential) =
        (share("quorum", 0.04), share("approval", 0.5), share("differential", 0.005));
    for (key, _) in table {
        if !allowed.contains(&key.get_ref().as_ref()) {
            reader.unknown(&key.span(), &format!("key of rule `{kind}`"), key.get_ref(), allowed);
        }
    }
    match kind {
        "governor" => Rule::Governor { quorum: (quorum * 1e6).round() as u32 },
        "aave-governance" => Rule::Aave {
            quorum: (quorum * 1e4).round() as u32,
            differential: (differential * 1e4).round() as u32,
        },
        _ => Rule::Aragon {
            // 10^18 does not fit the 53 bits of a share: millionths first.
            support: (approval * 1e6).round() as u64 * 1_000_000_000_000,
            quorum: (quorum * 1e6).round() as u64 * 1_000_000_000_000,
        },
    }
}

/// The file's parameters over the default ones.
fn merged(text: &str) -> std::result::Result<Parameters, String> {
    let told: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let default = Value::try_from(Parameters::default()).map_err(|error| error.to_string())?;
    let Value::Table(mut all) = default else { return Err("the defaults are no table".to_owned()) };
    for (key, value) in told {
        if OWN.contains(&key.as_str()) {
            continue;
        }
        match (all.get_mut(&key), value) {
            (Some(Value::Table(known)), Value::Table(told)) if key != "arrivals" => known.extend(told),
            (_, value) => {
                all.insert(key, value);
            }
        }
    }
    Parameters::deserialize(Value::Table(all)).map_err(|error| error.message().to_owned())
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::engine::dao::Arrivals;
    use crate::scenario::Weighting;

    #[test]
    fn what_is_not_said_is_the_default() {
        let described = Described::read(
            "title = 'D'\nsteps = 100\nstep_hours = 24\narrivals = { every = 5 }\n[population]\nagents = 50\n\
             [behaviour]\nherding = 2\n[rule]\nquorum = 0.1\nweighting = 'square_root'\n",
        )
        .unwrap();
        let default = Parameters::default();
        let parameters = &described.parameters;
        assert_eq!((parameters.steps, parameters.population.agents), (100, 50));
        assert_eq!(parameters.population.tail, default.population.tail);
        assert_eq!(
            (parameters.behaviour.herding, parameters.behaviour.ideology),
            (2.0, default.behaviour.ideology)
        );
        assert_eq!(parameters.arrivals, Arrivals::Every(5));
        assert_eq!(described.calendar.step, 86_400);
        let Rule::Shares(change) = described.rule else { panic!("{:?}", described.rule) };
        assert_eq!((change.quorum, change.weighting), (Some(0.1), Some(Weighting::SquareRoot)));
        assert_eq!(Described::read("").unwrap(), Described::default());
        let rule = Described::read("[rule]\nkind = 'aragon-voting'\nquorum = 0.05").unwrap().rule;
        assert_eq!(rule, Rule::Aragon { support: 500_000_000_000_000_000, quorum: 50_000_000_000_000_000 });
    }

    #[test]
    fn every_problem_is_told() {
        let text = "titel = 'x'\nsteps = 1.5\nwindow = 'long'\narrivals = { often = 1 }\nquorum_millionths = 4\n\
                    [behaviour]\nherdin = 1\n[rule]\nkind = 'governer'\n[[conditions]]\nfroom = 3\n";
        let error = Described::read(text).unwrap_err().to_string();
        for said in [
            "line 1: unknown key `titel`; did you mean `title`?",
            "line 2: `steps` must be a whole number",
            "line 3: `window` must be a whole number",
            "line 4: `arrivals` is",
            "line 5: unknown key `quorum_millionths`",
            "line 7: unknown key `behaviour.herdin`; did you mean `herding`?",
            "unknown kind of rule `governer`; did you mean `governor`?",
            "line 11: unknown key `conditions.froom`; did you mean `from`?",
        ] {
            assert!(error.contains(said), "{said}: {error}");
        }
        let error =
            Described::read("steps = 0\n[population]\nagents = 0\ntail = -1\n").unwrap_err().to_string();
        assert_eq!(error.lines().count(), 3, "{error}");
        let error = Described::read("[rule]\nkind = 'governor'\napproval = 0.6\n").unwrap_err().to_string();
        assert!(error.contains("unknown key of rule `governor` `approval`"), "{error}");
    }
}
