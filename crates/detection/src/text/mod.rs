//! Words: hashed n-grams and a logistic regression on them.

mod logistic;
pub mod synthetic;

use daotwin_community::stream::Stream;
use daotwin_core::Seed;

pub use logistic::Logistic;

use crate::detector::{Card, Detector, Learns, Method};
use crate::event::Event;
use crate::{Error, Result, hash};

/// A classifier of texts.
#[derive(Debug, Clone, Copy)]
pub struct Text;

/// How many features texts are hashed to.
pub const FEATURES: usize = 1 << 13;
/// Longer texts are read so far, in bytes.
const LONGEST: usize = 8_192;

/// Links of a text, from their scheme on; at most eight.
pub(crate) fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .filter_map(|word| {
            let start =
                word.find("http://").or_else(|| word.find("https://")).or_else(|| word.find("www."))?;
            word.get(start..)
        })
        .take(8)
}

/// The host that a link leads to, in the case in which it is written.
pub(crate) fn host(link: &str) -> &str {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', ')', '>', ',']).unwrap_or(rest.len());
    rest[..end].trim_end_matches('.')
}

/// How many addresses and mentions a text has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub(crate) addresses: u32,
    pub(crate) mentions: u32,
}

pub(crate) fn kinds(text: &str) -> Kinds {
    let mut kinds = Kinds::default();
    for chunk in text.split_whitespace().take(1_000) {
        kinds.addresses += u32::from(is_address(chunk));
        kinds.mentions += u32::from(chunk.starts_with('@') || chunk.starts_with("<@"));
    }
    kinds
}

fn is_address(chunk: &str) -> bool {
    let letters = chunk.bytes().all(|byte| byte.is_ascii_alphanumeric());
    letters && ((chunk.len() >= 20 && chunk.starts_with("0x")) || (32..=64).contains(&chunk.len()))
}

/// A text's words: links, mentions, addresses and numbers by their kind, letters in lower case, other signs one by one.
fn words(text: &str) -> Vec<String> {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut words = Vec::new();
    for chunk in text[..end].split_whitespace() {
        if chunk.contains("http://") || chunk.contains("https://") || chunk.starts_with("www.") {
            words.push("<link>".to_owned());
            continue;
        }
        if chunk.starts_with("@u_") || chunk.starts_with("<@") {
            words.push("<mention>".to_owned());
            continue;
        }
        if is_address(chunk) {
            words.push("<address>".to_owned());
            continue;
        }
        let mut word = String::new();
        let mut digits = false;
        for sign in chunk.chars() {
            let is_digit = sign.is_numeric();
            if sign.is_alphanumeric() && (word.is_empty() || digits == is_digit) {
                digits = is_digit;
                // Which digits there are tells nothing; how many do.
                if is_digit {
                    word.push('0');
                } else {
                    word.extend(sign.to_lowercase());
                }
                continue;
            }
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if sign.is_alphanumeric() {
                digits = is_digit;
                if is_digit { word.push('0') } else { word.extend(sign.to_lowercase()) }
            } else {
                words.push(sign.to_string());
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
    }
    words
}

/// The features of a text, ascending and each once: its words, pairs of words and four letters in a row within a word, hashed
/// to [`FEATURES`] (Weinberger et al. 2009).
pub fn features(text: &str) -> Vec<u32> {
    let words = words(text);
    let mut features: Vec<u32> = Vec::with_capacity(words.len() * 4);
    let mut push = |key: u64| features.push((key % FEATURES as u64) as u32);
    let mut last = None;
    for word in &words {
        let key = hash::key(word);
        push(key);
        if let Some(last) = last {
            push(hash::pair(last, key));
        }
        last = Some(key);
        let framed: Vec<char> =
            std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
        for four in framed.windows(4) {
            push(hash::mix(four.iter().fold(4, |hash, &sign| hash::pair(hash, u64::from(sign)))));
        }
    }
    features.sort_unstable();
    features.dedup();
    features
}

/// A key of what a text says, for texts that are the same but for numbers, links, mentions, signs and case, and of how many
/// words it is.
pub(crate) fn gist(text: &str) -> (u64, usize) {
    words(text)
        .iter()
        .filter(|word| word.chars().any(char::is_alphabetic) && !word.starts_with('<'))
        .fold((17, 0), |(hash, count), word| (hash::pair(hash, hash::key(word)), count + 1))
}

/// The features of the labelled messages of streams, and whether they are malicious.
pub(crate) fn messages<'a>(streams: impl IntoIterator<Item = &'a Stream>) -> (Vec<Vec<u32>>, Vec<bool>) {
    streams
        .into_iter()
        .flat_map(|stream| &stream.messages)
        .filter(|message| !message.text.is_empty())
        .map(|message| (features(&message.text), message.label.malicious()))
        .unzip()
}

/// The ridge penalty of the regression, for a sum of losses over rows.
pub const PENALTY: f64 = 10.0;

/// A classifier that is no stream's: it remembers nothing.
impl Detector for Logistic {
    fn score(&mut self, event: &Event<'_>) -> f64 {
        if event.text.is_empty() { self.intercept() } else { self.log_odds(&features(event.text)) }
    }

    fn bytes(&self) -> usize {
        FEATURES * size_of::<f64>()
    }

    fn learned(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self).map_err(Error::defect)
    }
}

impl Method for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "tells texts that lure from texts that do not, by the words and pieces of words that they use",
            score: "natural logarithm of the odds of being malicious, at the base rate of what it learned from",
            source: "feature hashing of Weinberger et al. 2009; ridge logistic regression by cyclic coordinate descent, Genkin, \
                     Lewis and Madigan 2007",
            limits: "knows the words it was shown: other languages and new wordings pass; acts without words get the same score",
            learns: Learns::Labelled,
        }
    }

    fn train(&self, streams: &[Stream], _: Seed) -> Result<Box<dyn Detector>> {
        let (documents, labels) = messages(streams);
        both_classes(&labels)?;
        Ok(Box::new(Logistic::fit(&documents, &labels, PENALTY)))
    }

    fn load(&self, learned: serde_json::Value) -> Result<Box<dyn Detector>> {
        let model: Logistic = serde_json::from_value(learned).map_err(Error::model)?;
        model.check()?;
        Ok(Box::new(model))
    }
}

/// Refuses labels of one class.
pub(crate) fn both_classes(labels: &[bool]) -> Result<()> {
    let positives = labels.iter().filter(|&&label| label).count();
    if positives == 0 || positives == labels.len() {
        let problem = format!(
            "of {} acts to learn from {positives} are malicious; both kinds are needed: write attacks into honest streams",
            labels.len()
        );
        return Err(Error::Parameters { problems: vec![problem] });
    }
    Ok(())
}

#[cfg(test)]
mod test;
