use super::super::{axes, json_schema, read, with};
use super::*;

#[test]
fn every_behaviour_has_words_a_prior_and_evidence() {
    for behaviour in BEHAVIOURS {
        let Behaviour { name, what, formula, prior, bounds, evidence, .. } = behaviour;
        assert!(what.len() > 20 && formula.len() > 10 && evidence.len() > 20, "{name} lacks words");
        let figure = evidence.contains(|letter: char| letter.is_ascii_digit());
        assert!(figure || evidence.contains("assumed"), "{name}: {evidence}");
        let quantiles = [0.05, 0.5, 0.95].map(|probability| prior.quantile(probability));
        assert!(quantiles[0] < quantiles[1] && quantiles[1] < quantiles[2], "{name}: {quantiles:?}");
        assert!(
            quantiles.iter().all(|quantile| (bounds.0..=bounds.1).contains(quantile)),
            "{name}: {quantiles:?}"
        );
        assert!(!prior.to_string().is_empty());
        let (_, found) = find(name).unwrap();
        assert_eq!(found.what, *what, "{name} is listed twice");
    }
    // What the evidence of abm.md asks for.
    for asked in [
        "apathy",
        "cost",
        "duty",
        "pivotality",
        "ideology",
        "herding",
        "whale_cue",
        "delegate_cue",
        "delegation_inertia",
        "status_quo",
        "timing",
        "loss_aversion",
        "vote_selling",
        "attention",
        "decline",
        "reactivation",
    ] {
        assert!(find(asked).is_some(), "{asked}");
    }
}

#[test]
fn strengths_are_read_and_mistakes_are_told() {
    let scenario = read("title = 't'\n[behaviours]\nherding = 0.8\nduty = 'prior'\ntiming = 'off'").unwrap();
    let expected = [("duty", Strength::Prior), ("herding", Strength::Fixed(0.8)), ("timing", Strength::Off)];
    assert_eq!(scenario.behaviours, Behaviours::from(expected));
    assert_eq!(read("title = 't'\nbehaviours = 'all'").unwrap().behaviours.len(), BEHAVIOURS.len());
    let message = read("title = 't'\n[behaviours]\nhreding = 1\nduty = 2\ncost = 'piror'\nattention = true")
        .unwrap_err()
        .to_string();
    for expected in [
        "line 3: unknown behaviour `hreding`; did you mean `herding`?",
        "line 4: `duty` must be a number from 0 to 1",
        "line 5: unknown strength of `cost` `piror`; did you mean `prior`?",
        "line 6: `attention` must be a number",
    ] {
        assert!(message.contains(expected), "{expected}\n--\n{message}");
    }
    assert!(read("title = 't'\nbehaviours = 'none'").unwrap_err().to_string().contains("\"all\""));
}

#[test]
fn strengths_can_be_swept_and_stand_in_the_schema() {
    let scenario = read("title = 't'").unwrap();
    let axes = axes(&scenario, &["behaviours.herding=0,1".to_owned()]).unwrap();
    let changed = with(&scenario, &[("behaviours.herding", &axes[0].values[1])]).unwrap();
    assert_eq!(changed.behaviours, Behaviours::from([("herding", Strength::Fixed(1.0))]));
    let schema = json_schema();
    let properties = &schema["properties"]["behaviours"]["oneOf"][1]["properties"];
    for behaviour in BEHAVIOURS {
        assert_eq!(properties[behaviour.name]["oneOf"][0]["maximum"], serde_json::json!(behaviour.bounds.1));
    }
}

/// Each term alone, against its formula worked by hand.
#[test]
fn terms_are_what_their_formulas_say() {
    let ordinary = State { habit: 0.3, ..State::default() };
    let term = |name: &str, state: &State| match find(name).unwrap().1.acts {
        Acts::Vote(term) | Acts::Side(term) | Acts::Both(term, _) => term(state),
        Acts::Time | Acts::Delegation => 0.0,
    };
    for behaviour in BEHAVIOURS {
        assert_eq!(term(behaviour.name, &ordinary), 0.0, "{} acts in the ordinary state", behaviour.name);
    }
    let state = State {
        lead: 0.2,
        open: 0.1,
        contested: 0.4,
        short: 1.0,
        met: 1.0,
        whales: -0.5,
        delegates: 0.25,
        load: 0.7,
        discouraged: -0.6,
        fee: -0.9,
        fall: -0.3,
        doubt: 0.15,
        pay: 1.2,
        habit: 0.25,
        leaning: -0.35,
        years: 2.0,
        silence: 0.5,
    };
    for (name, expected) in [
        ("apathy", -0.45),
        ("cost", -0.9),
        ("duty", 0.15),
        ("pivotality", 0.1),
        ("quorum_effort", 1.0),
        ("relief", -1.0),
        ("ideology", -0.35),
        ("herding", 0.2),
        ("whale_cue", -0.5),
        ("delegate_cue", 0.25),
        ("status_quo", -0.15),
        ("loss_aversion", -0.3),
        ("vote_selling", 1.2),
        ("attention", -0.7),
        ("decline", -2.0),
        ("reactivation", 0.2),
    ] {
        assert!((term(name, &state) - expected).abs() < 1e-12, "{name}: {}", term(name, &state));
    }
}
