//! What is asked: one proposal's parameters, and the file that says them.

use daotwin_core::names::nearest;
use daotwin_history::Side;
use toml::de::{DeTable, DeValue};

use crate::scenario::RuleChange;
use crate::scenario::read::Reader;
use crate::{Error, Result};

/// A ballot that is known of a proposal that is open already.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct KnownBallot {
    /// Who cast it.
    pub member: String,
    /// For whom.
    #[serde(serialize_with = "word")]
    pub side: Side,
    /// Its tokens; those of the member's latest ballot where not said.
    pub power: Option<f64>,
}

fn word<S: serde::Serializer>(side: &Side, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(match side {
        Side::For => "for",
        Side::Against => "against",
        Side::Abstain => "abstain",
        Side::Other => "other",
    })
}

/// One proposal's parameters. What is none is as the DAO's records have it.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Ask {
    /// What it is called in sentences.
    pub title: Option<String>,
    /// When voting opens, in seconds since 1970; a day after the last recorded proposal where not said.
    pub opens: Option<i64>,
    /// For how many days it is open.
    pub window_days: Option<f64>,
    /// Who makes it.
    pub author: Option<String>,
    /// Its kind, as the records spell it.
    pub category: Option<String>,
    /// The share for, among the power for and against, that is expected.
    pub support: Option<f64>,
    /// What voters choose from; one of them has to be for it.
    pub choices: Vec<String>,
    /// Until when the known ballots are known, in seconds since 1970: whoever is not among them has not voted.
    pub as_of: Option<i64>,
    /// Ballots that are known.
    pub ballots: Vec<KnownBallot>,
    /// What differs from the rule as it is.
    pub rule: RuleChange,
}

const KEYS: [&str; 10] =
    ["title", "opens", "window_days", "author", "category", "support", "choices", "as_of", "ballots", "rule"];
const BALLOT_KEYS: [&str; 3] = ["member", "side", "power"];
/// Known ballots of one file.
const MOST_BALLOTS: usize = 100_000;

impl Ask {
    /// Reads a file.
    ///
    /// # Errors
    /// Every problem of the file at once, with its line, what is allowed, and for a mistyped name what it probably means.
    pub fn read(text: &str) -> Result<Self> {
        let mut reader = Reader { text, problems: Vec::new() };
        let ask = match DeTable::parse(text) {
            Ok(table) => ask(&mut reader, table.get_ref()),
            Err(error) => {
                reader.problem(&error.span().unwrap_or(0..0), error.message());
                Self::default()
            }
        };
        if reader.problems.is_empty() {
            Ok(ask)
        } else {
            Err(Error::Parameters { problems: reader.problems })
        }
    }
}

fn ask(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Ask {
    let mut ask = Ask::default();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "title" => ask.title = reader.text("title", value),
            "opens" => ask.opens = reader.time("opens", value),
            "window_days" => ask.window_days = reader.number("window_days", value, (1e-3, 3_650.0)),
            "author" => ask.author = reader.text("author", value),
            "category" => ask.category = reader.text("category", value),
            "support" => ask.support = reader.number("support", value, (0.001, 0.999)),
            "as_of" => ask.as_of = reader.time("as_of", value),
            "choices" => match value.get_ref().as_array() {
                Some(list) => {
                    ask.choices.extend(list.iter().filter_map(|choice| reader.text("choices", choice)));
                    let sides: Vec<Side> = ask.choices.iter().map(|choice| Side::of(choice)).collect();
                    if !(sides.contains(&Side::For) && sides.contains(&Side::Against)) {
                        reader.problem(
                            &value.span(),
                            "`choices` need one for the proposal and one against it, such as `[\"for\", \"against\"]`",
                        );
                    }
                }
                None => reader.problem(&value.span(), "`choices` must be a list of texts"),
            },
            "rule" => match value.get_ref().as_table() {
                Some(table) => {
                    ask.rule = reader.rule(table);
                    if ask.rule.window.is_some() {
                        reader.problem(&value.span(), "`window` of a proposal is its `window_days`");
                    }
                }
                None => reader.problem(&value.span(), "`rule` must be a table: `[rule]`"),
            },
            "ballots" => match value.get_ref().as_array() {
                Some(list) if list.len() <= MOST_BALLOTS => {
                    for value in list {
                        match value.get_ref().as_table() {
                            Some(table) => ask.ballots.extend(ballot(reader, &value.span(), table)),
                            None => reader.problem(&value.span(), "a ballot must be a table: `[[ballots]]`"),
                        }
                    }
                }
                Some(list) => reader.problem(
                    &value.span(),
                    &format!("{} ballots; at most {MOST_BALLOTS} are allowed", list.len()),
                ),
                None => reader.problem(&value.span(), "`ballots` must be tables: `[[ballots]]`"),
            },
            other => reader.unknown(&key.span(), "key", other, &KEYS),
        }
    }
    if let (Some(opens), Some(as_of)) = (ask.opens, ask.as_of)
        && as_of < opens
    {
        reader.problem(&(0..0), "`as_of` comes before `opens`");
    }
    ask
}

fn ballot(reader: &mut Reader<'_>, at: &std::ops::Range<usize>, table: &DeTable<'_>) -> Option<KnownBallot> {
    let (mut member, mut side, mut power) = (None, None, None);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "member" => member = reader.text("member", value),
            "side" => {
                let word = match value.get_ref() {
                    DeValue::String(word) => word.as_ref(),
                    _ => "",
                };
                side = Some(Side::of(word)).filter(|side| *side != Side::Other);
                if side.is_none() {
                    reader.unknown(&value.span(), "`side`", word, &["for", "against", "abstain"]);
                }
            }
            "power" => power = reader.number("power", value, (0.0, 1e30)),
            other => reader.unknown(&key.span(), "key of a ballot", other, &BALLOT_KEYS),
        }
    }
    for missing in ["member", "side"] {
        if !table.iter().any(|(key, _)| key.get_ref() == missing) {
            reader.problem(at, &format!("a ballot needs a `{missing}`"));
        }
    }
    Some(KnownBallot { member: member?, side: side?, power })
}

/// A name that is probably meant.
pub(super) fn hint<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
