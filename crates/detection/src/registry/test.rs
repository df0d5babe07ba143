use std::collections::BTreeSet;

use daotwin_community::stream::{Account, Campaign, Label, Message, Stream, baseline};
use daotwin_core::Seed;

use super::*;
use crate::detector::Learns;
use crate::event::events;
use crate::measure::average_precision;

/// A stream with a crude attack: strangers who all say the same within an hour.
fn attacked(seed: u64) -> Stream {
    let mut stream = baseline(60, 20, Seed(seed));
    let label = Label { campaign: Some(0) };
    let last = stream.messages.last().unwrap().at;
    stream.campaigns.push(Campaign { attack: "crude", start_at: last, end_at: last + 400, harm: 1.0 });
    for index in 0..40 {
        let author = stream.accounts.len() as u32;
        stream.accounts.push(Account {
            member: format!("stranger-{seed}-{index}"),
            name: format!("stranger{index}"),
            joined_at: last - 60,
            moderator: false,
            label,
        });
        stream.messages.push(Message {
            author,
            at: last + i64::from(index) * 10,
            channel: 1,
            to: None,
            reply_to: None,
            topic: 0,
            sentiment: 1.0,
            label,
            text: format!("claim your free tokens now {index} https://claim{index}.example"),
        });
    }
    stream.sort();
    stream
}

#[test]
fn every_method_is_what_its_card_says() {
    let train: Vec<Stream> = (1..=2).map(attacked).collect();
    let test = attacked(9);
    let honest = [baseline(20, 4, Seed(1))];
    let mut names = BTreeSet::new();
    for method in METHODS {
        let (name, card) = (method.name(), method.card());
        assert!(names.insert(name), "{name} stands twice");
        for text in [card.purpose, card.score, card.source, card.limits] {
            assert!(text.len() > 20, "{name}");
        }
        let mut detector = method.train(&train, Seed(3)).unwrap();
        let kept = detector.learned().unwrap();
        let text = serde_json::to_string(&kept).unwrap();
        let mut read = method.load(serde_json::from_str(&text).unwrap()).unwrap();
        let mut again = method.train(&train, Seed(3)).unwrap();
        let bytes = detector.bytes();
        assert_eq!(bytes, read.bytes(), "{name}");
        let (mut scores, mut labels) = (Vec::new(), Vec::new());
        for (event, label) in events(&test) {
            let score = detector.score(&event);
            assert!(score.is_finite(), "{name}");
            assert_eq!(score.to_bits(), again.score(&event).to_bits(), "{name} differs from itself");
            assert_eq!(score.to_bits(), read.score(&event).to_bits(), "{name} is not what was kept");
            assert!(detector.reasons().len() <= 3, "{name}");
            scores.push(score);
            labels.push(label.malicious());
        }
        assert_eq!(detector.bytes(), bytes, "{name} grew");
        let base = labels.iter().filter(|&&label| label).count() as f64 / labels.len() as f64;
        let reached = average_precision(&scores, &labels);
        if card.learns == Learns::Labelled {
            assert!(reached > 0.9, "{name}: {reached}, chance is {base}");
            assert!(method.train(&honest, Seed(3)).is_err(), "{name} learned from nothing");
        }
        if card.learns != Learns::Nothing {
            for bad in ["null", "3", "[]", "{\"weights\":[1],\"intercept\":0}"] {
                assert!(method.load(serde_json::from_str(bad).unwrap()).is_err(), "{name} took {bad}");
            }
        }
    }
    assert!(find("boosting").is_ok());
    assert!(find("bosting").unwrap_err().to_string().contains("`boosting`"));
}
