use daotwin_core::{Limits, Seed};

use super::*;
use crate::event::events;
use crate::registry;
use crate::training::{Plan, streams};

/// A small model, of generated streams.
fn model(name: &str) -> Model {
    let plan = Plan { streams: 3, members: 80, days: 20, campaigns: 3, ..Plan::default() };
    let streams = streams(&plan, None, Seed(1)).unwrap();
    Model::train(registry::find(name).unwrap(), &streams[..2], &streams[2..], Seed(1)).unwrap()
}

#[test]
fn budgets_bars_and_files_hold() {
    let model = model("velocity");
    let bars: Vec<f64> = [1000.0, 100.0, 10.0, 1.0, 0.1].iter().map(|&budget| model.bar(budget)).collect();
    assert!(bars.windows(2).all(|pair| pair[0] <= pair[1]), "{bars:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    model.save(&path).unwrap();
    let read = Model::load(&path, &Limits::default()).unwrap();
    assert_eq!(read, model);
    let text = std::fs::read_to_string(&path).unwrap();
    for bad in
        ["{}", "[]", &text.replace("\"version\":1", "\"version\":9"), &text.replace("velocity", "velocit")]
    {
        let path = folder.path().join("bad.json");
        daotwin_core::files::atomic_write(&path, bad.as_bytes()).unwrap();
        assert!(Model::load(&path, &Limits::default()).is_err(), "{bad}");
    }

    // One account that storms: told once. Many that storm: never more than the budget.
    let mut watch = Watch::new(&model, 5.0).unwrap();
    let mut told = 0_u32;
    for second in 0..500 {
        match watch.see(&Event { at: second, actor: "stormer", place: "general", ..Event::default() }) {
            Seen::New(finding) => {
                assert_eq!((finding.finding, finding.actor.as_str()), (1, "stormer"));
                told += 1;
            }
            Seen::Known(finding) => assert_eq!(finding, 1),
            other => assert!(other == Seen::Quiet, "{other:?}"),
        }
    }
    assert_eq!(told, 1);
    let names: Vec<String> = (0..50).map(|index| format!("stormer-{index}")).collect();
    for second in 500..6_000_i64 {
        watch.see(&Event {
            at: second,
            actor: &names[second as usize % 50],
            place: "general",
            ..Event::default()
        });
    }
    let (acts, findings, held_back) = watch.counts();
    assert!(findings > 5 && findings as f64 <= 1.0 + acts as f64 * 5.0 / 1000.0, "{findings}");
    assert!(held_back > 0);
}

#[test]
fn the_budget_goes_to_the_highest_where_all_score_high() {
    // A third of the accounts acts fast all the time, far above the model's bar, and one much faster near the end.
    let model = model("velocity");
    let mut watch = Watch::new(&model, 1.0).unwrap();
    let names: Vec<String> = (0..3_000).map(|index| format!("fast-{index}")).collect();
    let mut at = 0;
    let mut found = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let acts = if place == 2_800 { 400 } else { 12 };
        for _ in 0..acts {
            at += 1;
            if let Seen::New(finding) =
                watch.see(&Event { at, actor: name, place: "general", ..Event::default() })
            {
                found.push(finding.actor);
            }
        }
        at += 5_000;
    }
    assert!(watch.bar() > model.bar(1.0));
    assert!(found.contains(&"fast-2800".to_owned()), "{found:?}");
}

#[test]
fn findings_have_reasons() {
    let model = model("boosting");
    let plan = Plan { streams: 1, members: 80, days: 20, campaigns: 9, ..Plan::default() };
    let stream = streams(&plan, None, Seed(8)).unwrap().remove(0);
    let mut watch = Watch::new(&model, 20.0).unwrap();
    let (mut right, mut all) = (0, 0);
    for (event, label) in events(&stream) {
        if let Seen::New(finding) = watch.see(&event) {
            assert!((1..=3).contains(&finding.reasons.len()), "{finding:?}");
            assert!(finding.score > finding.bar);
            all += 1;
            right += u32::from(label.malicious());
        }
    }
    // Nine campaigns in some 800 acts; this only holds the parts together, figures are elsewhere.
    assert!(right >= 5 && 2 * right > all, "{right} of {all}");
}
