#![cfg(test)]

use daotwin_core::Seed;

use super::*;
use crate::stream::baseline;

/// Texts of many authors, some of which several wrote alike.
fn corpus() -> Vec<(u32, String)> {
    let stream = baseline(300, 20, Seed(1));
    stream.messages.into_iter().map(|message| (message.author, message.text)).collect()
}

#[test]
fn nothing_long_is_copied_and_a_copier_is_caught() {
    let corpus = corpus();
    let known = || corpus.iter().map(|(_, text)| text.as_str());
    let learn =
        |options| LanguageModel::learn(corpus.iter().map(|(author, text)| (*author, text.as_str())), options);
    let write = |model: &LanguageModel| -> Vec<String> {
        let streams = Seed(2).streams("write");
        (0..500).map(|index| model.write(60, &mut streams.stream(index))).collect()
    };
    let options = LanguageOptions::default();
    let texts = write(&learn(options));
    let copied = longest_copy(texts.iter().map(String::as_str), known(), 12);
    assert!(copied < options.row, "{copied} words in a row");
    // It is not silence that copies nothing.
    assert!(texts.iter().filter(|text| text.len() > 40).count() > 400);
    assert_eq!(texts, write(&learn(options)));
    // Negative control: one author is enough, and nothing is refused.
    let loose = write(&learn(LanguageOptions { authors: 1, row: 0 }));
    let copied = longest_copy(loose.iter().map(String::as_str), known(), 12);
    assert!(copied >= options.row, "a model that may copy was not caught: {copied}");
    assert_eq!(longest_copy(["one two three"], ["zero one two four", "three"], 5), 2);
}

#[test]
fn what_one_member_wrote_alone_is_unknown() {
    let secret = "zanzibar marmalade protocol";
    let mut texts: Vec<(u32, &str)> = (0..6).map(|author| (author, "the vote is on monday")).collect();
    texts.extend([(9, secret), (9, secret), (9, "my key is 0xabcdef and mail me@there.example 123456")]);
    let model = LanguageModel::learn(texts.iter().copied(), LanguageOptions { authors: 5, row: 0 });
    assert_eq!(model.vocabulary(), 5);
    let text = model.write(200, &mut Seed(3).stream("t"));
    assert!(text.len() > 190 && !text.contains("zanzibar") && !text.contains("key"), "{text}");
    assert!(text.contains("vote is on"), "{text}");
    let empty = LanguageModel::learn([], LanguageOptions::default());
    assert_eq!(empty.write(10, &mut Seed(3).stream("t")), "");
}

#[test]
fn the_grammar_knows_its_rules_and_subjects_are_told_apart() {
    // Rules are found by bisection.
    assert!(grammar::RULES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let streams = Seed(4).streams("sentences");
    let (mut right, mut of) = (0, 0);
    for (place, known) in SUBJECTS.iter().enumerate() {
        for index in 0..50 {
            let text = sentence(known, Mood::Even, &mut streams.stream((place * 50 + index) as u64));
            assert!(!text.is_empty() && !text.contains(['{', '}']), "{text}");
            right += usize::from(subject(&text) == *known);
            of += 1;
        }
    }
    // Chance would be right once in eight times.
    assert!(right * 3 > of, "{right} of {of}");
}
