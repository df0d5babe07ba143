use serde_json::Value;

use super::conditions::CONDITIONS;
use super::gallery::GALLERY;
use super::*;

#[test]
fn every_ready_scenario_is_read() {
    assert!(GALLERY.len() >= 12);
    for (name, text) in GALLERY {
        let scenario = read(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.about.is_empty(), "{name}");
        assert!(
            scenario.rule != RuleChange::default()
                || !scenario.conditions.is_empty()
                || !scenario.behaviours.is_empty(),
            "{name} changes nothing"
        );
    }
}

#[test]
fn all_problems_are_told_at_once_with_their_lines() {
    let text = r#"
tilte = "a"
[rule]
quorom = 0.1
approval = 2
weighting = "root"
[[conditions]]
kind = "downtrun"
[[conditions]]
kind = "whale"
form = 2024-01-01
[[conditions]]
kind = "turnout"
factor = nan
from = 2024-02-01
until = "2024-01-01"
"#;
    let message = read(text).unwrap_err().to_string();
    for expected in [
        "line 2: unknown key `tilte`; did you mean `title`?",
        "line 1: the scenario needs a `title`",
        "line 4: unknown key of a rule `quorom`; did you mean `quorum`?",
        "line 5: `approval` must be a number from 0 to 0.999999",
        "line 6: unknown value of `weighting` `root`; known are `tokens`, `square_root`, `members`, `capped`",
        "line 8: unknown kind of condition `downtrun`; did you mean `downturn`?",
        "line 11: unknown key of `whale` `form`; did you mean `from`?",
        "`whale` needs `tokens`: tokens",
        "line 14: `factor` must be a number from 0 to 10",
        "`until` must come after `from`",
    ] {
        assert!(message.contains(expected), "{expected}\n--\n{message}");
    }
}

#[test]
fn defaults_are_filled_in_and_times_are_read() {
    let text = "title = 't'\n[[conditions]]\nkind = 'downturn'\ndepth = 0.5\nfrom = 2024-03-01\nuntil = 2024-03-02T12:00:00Z\n\
                [[conditions]]\nkind = 'new_rule'\nfrom = '2024-05-01'\nrule = { quorum_tokens = 400000, quorum_counts = 'for' }";
    let scenario = read(text).unwrap();
    let [downturn, rule] = &scenario.conditions[..] else { panic!("{scenario:?}") };
    assert_eq!((downturn.number("depth"), downturn.number("sensitivity")), (0.5, 0.3));
    assert_eq!((downturn.from, downturn.until), (Some(1_709_251_200), Some(1_709_380_800)));
    assert!(
        downturn.holds(1_709_251_200) && !downturn.holds(1_709_380_800) && !downturn.holds(1_709_251_199)
    );
    let changed = RuleChange { quorum: Some(0.1), approval: Some(0.6), ..RuleChange::default() };
    let changed = changed.then(&rule.rule.unwrap());
    assert_eq!((changed.quorum, changed.quorum_tokens, changed.approval), (None, Some(400_000.0), Some(0.6)));
    assert_eq!(changed.quorum_counts, Some(QuorumCounts::For));
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = json_schema();
    let kinds = schema["properties"]["conditions"]["items"]["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), CONDITIONS.len());
    for (kind, schema) in CONDITIONS.iter().zip(kinds) {
        assert_eq!(schema["properties"]["kind"]["const"], Value::from(kind.name));
        assert!(kind.effect.len() > 20 && kind.evidence.len() > 5, "{} has no words", kind.name);
        for field in kind.fields {
            assert!(field.bounds.0 < field.bounds.1, "{} of {}", field.name, kind.name);
            assert_eq!(schema["properties"][field.name]["maximum"], Value::from(field.bounds.1));
        }
    }
}

#[test]
fn hostile_files_are_refused_in_words() {
    for text in [
        "",
        "title",
        "title = 1",
        "conditions = 3\ntitle='a'",
        "title='a'\n[[conditions]]\nkind=7",
        "rule = []",
        "\u{0}",
    ] {
        assert!(!read(text).unwrap_err().to_string().is_empty(), "{text:?}");
    }
}
