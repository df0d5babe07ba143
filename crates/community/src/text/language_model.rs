//! A small language model that repeats nobody: words that follow words, as far as several authors wrote them so.
//!
//! It knows the words that at least `authors` different authors used and, of each two that it knows, whether so many wrote them
//! one after the other (a bigram model with absolute discounting, Ney, Essen and Kneser 1994). Mentions, links, numbers of five
//! digits and more, and addresses are no words. What it draws is refused where it holds so many words in a row of a text that
//! it was made from; of those texts it keeps hashes of such rows, and no text.
//!
//! It is no private model: that a word is known tells that several members used it.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::random::Stream as Draws;

/// What may be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LanguageOptions {
    /// Different authors who must have used a word, or two in a row, before the model knows it.
    pub authors: usize,
    /// So many words in a row of a text that was learned from are never written; no check where it is 0.
    pub row: usize,
}

impl Default for LanguageOptions {
    fn default() -> Self {
        Self { authors: 5, row: 6 }
    }
}

/// The part of each count that goes to words that did not follow.
const DISCOUNT: f64 = 0.75;
/// Draws before a text is given up as too near to what was learned.
const TRIES: usize = 20;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageModel {
    options: LanguageOptions,
    words: Vec<String>,
    /// How often each word was used, summed up.
    used: Vec<f64>,
    /// After each word, the words that followed with counts summed up; the last place is for the beginning of a text.
    after: Vec<Vec<(u32, f64)>>,
    /// Hashes of rows of words of the texts.
    rows: BTreeSet<u64>,
}

/// The words of a text as the model and the test of copies see them: lower case, without punctuation around, without
/// mentions, links, addresses and long numbers.
pub fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| !word.contains("://") && !word.starts_with(['@', '<', ':']) && !word.starts_with("0x"))
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase())
        .filter(|word| {
            !word.is_empty()
                && word.chars().count() <= 20
                && !word.starts_with("u_")
                && word.chars().filter(char::is_ascii_digit).count() < 5
                && word.chars().all(|letter| {
                    letter.is_alphanumeric() || letter == '\'' || letter == '’' || letter == '-'
                })
        })
        .collect()
}

/// A hash of some words that is the same on every machine (FNV-1a, 64 bits).
fn hashed(row: &[String]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in row.iter().flat_map(|word| word.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// The longest row of words of one text that another text holds too, over all pairs of `written` and `known`, in words; rows
/// longer than `most` count as `most`.
pub fn longest_copy<'a>(
    written: impl IntoIterator<Item = &'a str>,
    known: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> usize {
    let mut rows: BTreeSet<u64> = BTreeSet::new();
    for text in known {
        let words = words(text);
        for length in 1..=most {
            rows.extend(words.windows(length).map(hashed));
        }
    }
    let mut longest = 0;
    for text in written {
        let words = words(text);
        while longest < most && words.windows(longest + 1).any(|row| rows.contains(&hashed(row))) {
            longest += 1;
        }
    }
    longest
}

impl LanguageModel {
    /// Learns from texts with their authors' numbers. Linear in words.
    pub fn learn<'a>(texts: impl IntoIterator<Item = (u32, &'a str)>, options: LanguageOptions) -> Self {
        let mut known: BTreeMap<String, (BTreeSet<u32>, f64)> = BTreeMap::new();
        let mut read: Vec<(u32, Vec<String>)> = Vec::new();
        let mut rows = BTreeSet::new();
        for (author, text) in texts {
            let words = words(text);
            if options.row > 0 {
                rows.extend(words.windows(options.row).map(hashed));
            }
            for word in &words {
                let entry = known.entry(word.clone()).or_default();
                entry.0.insert(author);
                entry.1 += 1.0;
            }
            read.push((author, words));
        }
        known.retain(|_, (authors, _)| authors.len() >= options.authors);
        let numbers: BTreeMap<&str, u32> =
            known.keys().enumerate().map(|(number, word)| (word.as_str(), number as u32)).collect();
        let beginning = numbers.len() as u32;
        let mut pairs: BTreeMap<(u32, u32), (BTreeSet<u32>, f64)> = BTreeMap::new();
        for (author, words) in &read {
            let mut before = Some(beginning);
            for word in words {
                let number = numbers.get(word.as_str()).copied();
                if let (Some(before), Some(number)) = (before, number) {
                    let entry = pairs.entry((before, number)).or_default();
                    entry.0.insert(*author);
                    entry.1 += 1.0;
                }
                before = number;
            }
        }
        let mut after = vec![Vec::new(); known.len() + 1];
        for ((before, next), (authors, count)) in pairs {
            if authors.len() >= options.authors {
                let list: &mut Vec<(u32, f64)> = &mut after[before as usize];
                let sum = list.last().map_or(0.0, |(_, sum)| *sum);
                list.push((next, sum + count));
            }
        }
        let mut sum = 0.0;
        let used = known.values().map(|(_, count)| {
            sum += count;
            sum
        });
        let used = used.collect();
        let words = known.keys().cloned().collect();
        Self { options, words, used, after, rows }
    }

    /// Words that it knows.
    pub fn vocabulary(&self) -> usize {
        self.words.len()
    }

    fn next(&self, before: usize, draws: &mut Draws) -> usize {
        let list = &self.after[before];
        let total = list.last().map_or(0.0, |(_, sum)| *sum);
        // Absolute discounting leaves this share to the words at large.
        let at_large = if total > 0.0 { DISCOUNT * list.len() as f64 / total } else { 1.0 };
        if !draws.chance(at_large.min(1.0)) {
            let at = draws.uniform() * total;
            let place = list.partition_point(|(_, sum)| *sum <= at).min(list.len() - 1);
            return list[place].0 as usize;
        }
        let at = draws.uniform() * self.used.last().copied().unwrap_or(0.0);
        self.used.partition_point(|&sum| sum <= at).min(self.words.len() - 1)
    }

    /// A text of about so many characters, as near as whole words come; empty where it knows no word or, time and again, would
    /// repeat a text that it was made from. Deterministic in the state of `draws`.
    pub fn write(&self, characters: usize, draws: &mut Draws) -> String {
        if self.words.is_empty() {
            return String::new();
        }
        for _ in 0..TRIES {
            let mut text = String::new();
            let mut length = 0;
            let mut written: Vec<String> = Vec::new();
            let mut before = self.words.len();
            while length < characters {
                let next = self.next(before, draws);
                let word = &self.words[next];
                let longer = length + word.chars().count() + usize::from(length > 0);
                // The word stays where the text is nearer to its length with it than without.
                if length > 0 && longer > characters && longer - characters >= characters - length {
                    break;
                }
                if length > 0 {
                    text.push(' ');
                }
                text.push_str(word);
                written.push(word.clone());
                (length, before) = (longer, next);
            }
            let row = self.options.row;
            if row == 0 || !written.windows(row).any(|row| self.rows.contains(&hashed(row))) {
                return text;
            }
        }
        String::new()
    }
}
