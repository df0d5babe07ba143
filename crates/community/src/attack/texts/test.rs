use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use super::*;

#[test]
fn every_name_in_the_grammar_exists() {
    let rules = grammar::rules();
    for (rule, alternatives) in rules {
        for (weight, text) in alternatives {
            assert!(*weight > 0.0 && weight.is_finite(), "{rule}");
            for name in grammar::mentioned(text) {
                assert!(
                    rules.contains_key(name) || slots::SLOTS.contains(&name),
                    "`{name}` in rule `{rule}`"
                );
            }
            assert_eq!(text.matches('[').count(), text.matches(']').count(), "rule `{rule}`: {text}");
        }
    }
    for kind in Kind::ALL {
        assert!(rules.contains_key(kind.rule()), "{kind:?}");
    }
}

#[test]
fn every_slot_is_filled() {
    for slot in slots::SLOTS {
        let mut out = String::new();
        slots::fill(slot, &mut Seed(1).stream("slot"), &mut out);
        assert!(!out.is_empty(), "{slot}");
    }
    let mut out = String::new();
    slots::fill("no such slot", &mut Seed(1).stream("slot"), &mut out);
    assert!(out.is_empty());
}

#[test]
fn texts_are_varied_whole_and_repeatable() {
    for kind in Kind::ALL {
        let streams = Seed(7).streams("texts");
        let write = |index: u64| write(kind, 0.0, &mut streams.stream(index));
        let texts: BTreeSet<String> = (0..400).map(write).collect();
        assert!(texts.len() > 100, "{kind:?}: {} of 400 differ", texts.len());
        for text in &texts {
            assert!(!text.is_empty() && !text.contains(['{', '}', '|']), "{kind:?}: {text}");
        }
        assert_eq!(write(3), write(3));
    }
}

#[test]
fn a_place_has_its_kinds() {
    for place in [Place::Community, Place::Posts, Place::TextMessages] {
        for harmful in [false, true] {
            let sum: f64 = place
                .kinds()
                .iter()
                .filter(|(kind, _)| kind.harmful() == harmful)
                .map(|(_, weight)| weight)
                .sum();
            assert!((sum - 1.0).abs() < 1e-9, "{place:?} {harmful} {sum}");
        }
        let corpus = corpus(place, 0.3, 2_000, Seed(5));
        let share = corpus.iter().filter(|sample| sample.kind.harmful()).count() as f64 / 2_000.0;
        // Six standard deviations of a share of 0.3 in 2,000: false alarm below 1e-8.
        assert!((share - 0.3).abs() < 6.0 * (0.21_f64 / 2_000.0).sqrt(), "{share}");
    }
}

#[test]
fn hidden_texts_are_calmer() {
    let loud = |stealth: f64| {
        let streams = Seed(9).streams("calm");
        let texts: Vec<String> =
            (0..500).map(|index| write(Kind::Claim, stealth, &mut streams.stream(index))).collect();
        texts
            .iter()
            .flat_map(|text| text.chars())
            .filter(|letter| matches!(letter, '!' | '#' | '🚀' | '🔥'))
            .count()
    };
    assert_eq!(loud(1.0), 0);
    assert!(loud(0.0) > 300);
}

/// Words that stand together in a row in both a generated and a real text; made-up things are no words.
const ROW: usize = 7;

fn rows_of_words(text: &str) -> Vec<String> {
    let split = text.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<String> = split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.windows(ROW).map(|row| row.join(" ")).collect()
}

#[test]
fn no_text_is_copied_from_a_real_collection() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/scam-text");
    let mut real = BTreeSet::new();
    let mut sample = None;
    for name in ["sms_spam.csv.gz", "x_posts_train.csv.gz", "x_posts_valid.csv.gz"] {
        let Ok(file) = std::fs::File::open(format!("{folder}/{name}")) else {
            writeln!(std::io::stderr(), "skipped: {folder}/{name} is not there").unwrap();
            return;
        };
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let column = reader.headers().unwrap().iter().position(|name| name == "text").unwrap();
        for row in reader.records() {
            let text = row.unwrap()[column].to_owned();
            let rows = rows_of_words(&text);
            if rows.len() > 5 {
                sample = Some(text);
            }
            real.extend(rows);
        }
    }
    let mut found = BTreeSet::new();
    let copied = |text: &str| rows_of_words(text).into_iter().find(|row| real.contains(row));
    let streams = Seed(11).streams("copied");
    for (place, kind) in Kind::ALL.into_iter().enumerate() {
        for index in 0..3_000 {
            let text = write(kind, 0.0, &mut streams.stream(place as u64 * 10_000 + index));
            found.extend(copied(&text).map(|row| format!("{kind:?}: {row}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    // A text that is copied is found.
    assert!(copied(&format!("hello {}", sample.unwrap())).is_some());
}
