#![cfg(test)]

use daotwin_core::random::Stream as Draws;
use daotwin_core::{Run, Seed};

use super::*;
use crate::stream::{Label, Message, Record, Stream, Timing, baseline};

/// A climate in which answers and hostility matter much.
fn climate() -> Climate {
    Climate {
        weeks: 100,
        present: 120,
        arrivals: 6.0,
        effort: vec![0.2, 0.5, 1.0, 2.0, 8.0],
        answered: [0.2, 0.5],
        keep: [0.5, -1.0, 1.5, -1.5, 0.3],
        keep_errors: [0.1; 5],
        mood: [0.01, 0.6, 0.3],
        moods: [0.1, 0.2],
        noise: 0.4,
        hostile: 0.07,
        rows: 1_000,
    }
}

struct Nothing;

impl Intervention for Nothing {
    fn name(&self) -> &'static str {
        "nothing"
    }

    fn card(&self) -> Card {
        Card { purpose: "", source: "", limits: "" }
    }

    fn change(&self, _climate: &Climate, _draws: &mut Draws) -> Change {
        Change::default()
    }
}

#[test]
fn interventions_do_what_they_are_for_and_nothing_does_nothing() {
    let options = Options { runs: 30, weeks: 40 };
    let found = judge(&climate(), INTERVENTIONS, &options, Seed(1), &Run::default()).unwrap();
    let named = |name: &str| found.iter().find(|judged| judged.intervention == name).unwrap();
    assert!(named("onboarding").retention.interval.0 > 0.0, "{:?}", named("onboarding"));
    assert!(named("recognition").retention.interval.0 > 0.0, "{:?}", named("recognition"));
    assert!(named("moderation").sentiment.interval.0 > 0.0, "{:?}", named("moderation"));
    assert!(named("deliberation").breadth.interval.0 > 0.0, "{:?}", named("deliberation"));
    assert!(found.iter().all(|judged| judged.acts > 0.0));
    // The community without an intervention is one and the same.
    assert!(found.windows(2).all(|pair| pair[0].retention.without == pair[1].retention.without));
    assert_eq!(found, judge(&climate(), INTERVENTIONS, &options, Seed(1), &Run::default()).unwrap());
    // Negative controls: doing nothing changes nothing, and answers that keep nobody keep nobody.
    let nothing = &judge(&climate(), &[&Nothing], &options, Seed(1), &Run::default()).unwrap()[0];
    assert!(!nothing.helps && nothing.acts == 0.0);
    assert_eq!((nothing.retention.difference, nothing.breadth.interval), (0.0, (0.0, 0.0)));
    let mut deaf = climate();
    deaf.keep[2] = 0.0;
    let greeted = &judge(&deaf, &[&Onboarding], &options, Seed(1), &Run::default()).unwrap()[0];
    assert_eq!(greeted.retention.difference, 0.0);
    assert!(greeted.acts > 0.0 && !greeted.helps);
}

#[test]
fn every_intervention_is_told() {
    for (place, intervention) in INTERVENTIONS.iter().enumerate() {
        assert!(INTERVENTIONS[..place].iter().all(|other| other.name() != intervention.name()));
        let card = intervention.card();
        assert!(!card.purpose.is_empty() && !card.source.is_empty() && !card.limits.is_empty());
        assert!(find(intervention.name()).is_ok());
    }
    assert!(find("x").is_err());
}

/// Members who write once a week and stay while they are answered, which is decided by a coin.
fn answered_stay(matters: bool) -> Record {
    let mut draws = Seed(3).stream("made");
    let mut stream =
        Stream { channels: vec!["general".to_owned()], topics: vec!["all".to_owned()], ..Stream::default() };
    let mut gone = vec![false; 2_000];
    let message = |author, at, reply_to| Message {
        author,
        at,
        channel: 0,
        to: None,
        reply_to,
        topic: 0,
        sentiment: 0.1,
        label: Label::HONEST,
        text: String::new(),
    };
    for week in 0..60_i64 {
        for member in 0..(week as u32 + 1) * 30 {
            if gone[member as usize] || member >= 1_800 {
                continue;
            }
            let at = week * 604_800 + i64::from(member) * 300;
            let asked = stream.messages.len() as u32;
            stream.messages.push(message(member, at, None));
            let answered = draws.chance(0.5);
            if answered {
                // One member answers everybody.
                stream.messages.push(message(1_999, at + 60, Some(asked)));
            }
            let stays = if matters && answered { 0.9 } else { 0.5 };
            gone[member as usize] = !draws.chance(stays);
        }
    }
    stream.accounts = vec![baseline(2, 1, Seed(1)).accounts[0].clone(); 2_000];
    Record { stream, timing: Timing::Second, left_out: 0, scored: false }
}

#[test]
fn what_answers_do_is_learned_and_only_where_they_do() {
    let found = Climate::fit(&answered_stay(true)).unwrap();
    // Log odds of 0.9 against 0.5.
    assert!((found.keep[2] - 9.0_f64.ln()).abs() < 5.0 * found.keep_errors[2], "{found:?}");
    assert!(found.keep_errors[2] < 0.2 && (found.answered[0] - 0.5).abs() < 0.05);
    assert!((found.arrivals - 30.0).abs() < 3.0, "{}", found.arrivals);
    let control = Climate::fit(&answered_stay(false)).unwrap();
    assert!(control.keep[2].abs() < 5.0 * control.keep_errors[2], "{control:?}");
    // At the mean mood the normal law has as many hostile messages as the record.
    let edge = climate().edge();
    assert!((daotwin_core::statistics::normal_cdf((edge - 0.1) / 0.4) - 0.07).abs() < 1e-9);
    let mut short = answered_stay(true);
    short.timing = Timing::Order;
    assert!(Climate::fit(&short).unwrap_err().to_string().contains("at least 16"));
}
