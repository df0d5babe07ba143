//! The JSON of an evaluation against `schema.json`, and the report's shape.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a helper of a test fails as the test does, and says what it skips"
)]

mod shared;

use std::collections::BTreeSet;

use daotwin_core::document::{Block, Outcome, Plot};
use daotwin_core::{Run, Seed};
use daotwin_evaluation::{Gates, METRICS, Options, evaluate, metric, variants};
use daotwin_history::History;
use daotwin_history::schema::Precision;
use daotwin_history::view::{DaoView, ProposalView, VoteView};
use serde_json::Value;

/// A small DAO, constructed: no real data is needed here.
fn dao(seed: u64) -> History {
    let streams = Seed(seed).streams("dao of the schema test");
    let mut view = DaoView { dao: "constructed".to_owned(), decimals: 6, ..DaoView::default() };
    let members = 160;
    view.members = (0..members).map(|member| format!("0x{member:040x}")).collect();
    view.entries = vec![(1, 1.0), (2, 1.0)];
    let mut law: Vec<(f64, i128)> = Vec::new();
    for member in 0..members {
        let mut stream = streams.stream(member);
        law.push((0.05 + 0.5 * stream.uniform().powi(2), (stream.normal().exp() * 1e8) as i128));
    }
    for proposal in 0..40_u32 {
        let start = view.votes.len();
        let mut stream = streams.stream(1_000 + u64::from(proposal));
        for (member, &(rate, power)) in law.iter().enumerate() {
            if stream.chance(rate) {
                let no = u32::from(stream.chance(0.25));
                view.votes.push(VoteView {
                    proposal,
                    member: member as u32,
                    at: Some(1_600_000_000 + i64::from(proposal) * 86_400 * 5 + stream.below(250_000) as i64),
                    precision: Precision::Second,
                    power,
                    choice: no as i32 + 1,
                    entries_start: no,
                    entries_len: 1,
                });
            }
        }
        let opens = 1_600_000_000 + i64::from(proposal) * 86_400 * 5;
        view.proposals.push(ProposalView {
            proposal: format!("p{proposal}"),
            choices: 2,
            start_at: Some(opens),
            end_at: Some(opens + 259_200),
            votes: start..view.votes.len(),
            ..ProposalView::default()
        });
    }
    shared::history(&view)
}

/// Whether `value` has the shape that `schema` asks for: the keywords that `schema.json` uses.
fn validate(value: &Value, schema: &Value, root: &Value, path: &str, problems: &mut Vec<String>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap();
        return validate(value, &root["$defs"][name], root, path, problems);
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        problems.push(format!("{path} is not {constant}"));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        problems.push(format!("{path}: {value} is not allowed"));
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if !types.is_empty() && !types.iter().any(|name| is(name)) {
        problems.push(format!("{path}: {value} is not of {types:?}"));
    }
    if let Value::Object(object) = value {
        let empty = serde_json::Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap()) {
                problems.push(format!("{path} lacks {name}"));
            }
        }
        for (name, child) in object {
            match known.get(name) {
                Some(schema) => validate(child, schema, root, &format!("{path}.{name}"), problems),
                None => problems.push(format!("{path}.{name} is not in the schema")),
            }
        }
    }
    if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            validate(item, schema, root, &format!("{path}[{index}]"), problems);
        }
    }
    if let (Value::Array(items), Some(list)) = (value, schema.get("prefixItems").and_then(Value::as_array)) {
        if items.len() != list.len() {
            problems.push(format!("{path} has {} items", items.len()));
        }
        for (index, (item, schema)) in items.iter().zip(list).enumerate() {
            validate(item, schema, root, &format!("{path}[{index}]"), problems);
        }
    }
}

#[test]
fn the_output_has_the_shape_of_the_schema_and_the_same_bytes_on_any_threads() {
    let (real, first, second) = (dao(1), dao(2), dao(3));
    let forecasts = [dao(4), dao(5)];
    let options = Options { replicates: 30, forecasts: &forecasts, ..Options::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let samples = [first.clone(), second.clone()];
            evaluate(&real, &samples, Some(&dao(6)), &options, &Run::default()).unwrap()
        })
    };
    let mut evaluation = on(1);
    let json = |evaluation| serde_json::to_string(evaluation).unwrap();
    assert_eq!(json(&evaluation), json(&on(2)));

    let gates = Gates::parse([
        ("fidelity.facts.votes_per_member", "<= 1"),
        ("detection.trees.auc", "<= 0.1"),
        ("privacy.shadow.auc", "<= 1"),
    ]);
    evaluation.apply(&gates.unwrap());
    let passed: Vec<bool> = evaluation.gates.iter().map(|gate| gate.passed).collect();
    assert_eq!(passed, [true, false, false], "a score that is missing does not pass its gate");
    assert!(!evaluation.passed());

    let schema: Value = serde_json::from_str(include_str!("../schema.json")).unwrap();
    let value = serde_json::to_value(&evaluation).unwrap();
    let mut problems = Vec::new();
    validate(&value, &schema, &schema, "$", &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // Negative control: the check sees a missing field, a wrong type and an unknown field.
    let mut broken = value;
    broken.as_object_mut().unwrap().remove("seed");
    broken["daos"][0]["scores"][0]["value"] = Value::from("text");
    broken["daos"][0]["more"] = Value::from(1);
    validate(&broken, &schema, &schema, "$", &mut problems);
    assert_eq!(problems.len(), 3, "{problems:?}");

    // Every id that a metric announces is a score or has a reason why not.
    let dao = &evaluation.daos[0];
    let given: BTreeSet<&str> =
        dao.scores.iter().map(|s| s.id.as_str()).chain(dao.skipped.iter().map(|s| s.0.as_str())).collect();
    let announced = metric::ids();
    assert_eq!(given, announced.iter().map(String::as_str).collect());
    let skipped: Vec<&str> = dao.skipped.iter().map(|(id, _)| id.as_str()).collect();
    // Hardly any outcome of the constructed DAO is near unanimous, and the model itself is not given.
    assert_eq!(skipped, ["utility.outcome", "privacy.shadow.auc"]);
    for score in &dao.scores {
        assert!(
            score.value.is_finite() && !score.references.is_empty() && !score.meaning.is_empty(),
            "{score:?}"
        );
    }

    let document = evaluation.document();
    assert_eq!(document.verdict.outcome, Outcome::Bad);
    assert!(document.warnings[0].contains("not private"));
    let mut charts = BTreeSet::new();
    for block in document.sections.iter().flat_map(|section| &section.blocks) {
        match block {
            Block::Table(table) => {
                assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.caption);
            }
            Block::Chart(chart) => {
                assert!(charts.insert(chart.id.clone()), "{} twice", chart.id);
                if let Plot::Heatmaps { rows, maps, .. } = &chart.plot {
                    assert!(maps.iter().all(|(_, values)| values.len() == rows.len() * rows.len()));
                }
            }
            _ => {}
        }
    }
    let wanted =
        ["activity-tail", "power-tail", "turnout", "timing", "majority", "co-voting", "correlations"];
    assert!(wanted.iter().all(|name| charts.contains(*name)), "{charts:?}");
    assert!(document.sections.iter().any(|section| section.id == "limits"));
}

#[test]
fn each_metric_has_a_card_and_its_ids_are_its_own() {
    let mut seen = BTreeSet::new();
    for metric in METRICS {
        let card = metric.card();
        assert!(
            !card.purpose.is_empty() && !card.source.is_empty() && !card.limits.is_empty(),
            "{}",
            metric.id()
        );
        for id in metric.ids() {
            assert!(id.starts_with(&format!("{}.", metric.id())), "{id}");
            assert!(seen.insert(id.clone()), "{id} twice");
        }
    }
}

#[test]
fn histories_that_cannot_be_compared_are_refused_and_a_run_can_be_cancelled() {
    let real = dao(1);
    let (options, run) = (Options::default(), Run::default());
    let kind = |error: daotwin_evaluation::Error| error.kind();
    let none = evaluate(&real, &[], None, &options, &run).unwrap_err();
    assert_eq!(kind(none), daotwin_core::ErrorKind::Input);
    let empty = History::new(daotwin_history::Manifest::default());
    let error = evaluate(&empty, std::slice::from_ref(&real), None, &options, &run).unwrap_err();
    assert!(error.to_string().contains("constructed"), "{error}");
    let options = Options { metrics: vec!["privacy.copy".to_owned()], ..Options::default() };
    let error = evaluate(&real, std::slice::from_ref(&real), None, &options, &run).unwrap_err();
    assert!(error.to_string().contains("`privacy.copies.rows`"), "{error}");
    assert_eq!(kind(error), daotwin_core::ErrorKind::Usage);
    let options = Options { metrics: vec!["fidelity.marginals".to_owned()], ..Options::default() };
    let some = evaluate(&real, std::slice::from_ref(&real), None, &options, &run).unwrap();
    assert_eq!(some.daos[0].scores.len(), 3);
    run.cancel.cancel();
    let cancelled = evaluate(&real, std::slice::from_ref(&real), None, &options, &run).unwrap_err();
    assert_eq!(kind(cancelled), daotwin_core::ErrorKind::Cancelled);
}

#[test]
fn references_keep_what_they_should() {
    let real = DaoView::one(&dao(1), None).unwrap();
    let (first, second) = variants::halves(&real, Seed(1));
    assert_eq!(first.voters() + second.voters(), real.voters());
    assert_eq!(first.votes.len() + second.votes.len(), real.votes.len());
    let copies = variants::bootstrap(&real, Seed(1));
    assert_eq!(copies.voters(), real.voters());
    let naive = variants::independent_columns(&real, Seed(1));
    let sizes = |view: &DaoView| view.proposals.iter().map(|p| p.votes.len()).collect::<Vec<_>>();
    assert_eq!(sizes(&naive), sizes(&real));
    let powers = |view: &DaoView| {
        let mut list: Vec<i128> = view.votes.iter().map(|vote| vote.power).collect();
        list.sort_unstable();
        list
    };
    assert_eq!(powers(&naive), powers(&real));
}
