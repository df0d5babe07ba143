//! The grammar that texts are written by: rules of alternatives, read once from the files beside this one.
//!
//! A file has rules `= name`, each followed by its alternatives, one a line; `3 *` before an alternative makes it three times
//! as likely. In an alternative `{name}` is a rule or a made-up thing ([`slots`](super::slots)), `[one|two|]` is one of these,
//! and `\n` a new line. `#` begins a remark.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use daotwin_core::random::Stream;

/// The files.
const FILES: [&str; 3] =
    [include_str!("lures.txt"), include_str!("honest.txt"), include_str!("text_messages.txt")];

/// How deep rules may name each other.
const DEPTH: u32 = 12;

/// An alternative with its weight.
type Alternative = (f64, &'static str);

/// All rules by name.
pub(super) fn rules() -> &'static BTreeMap<&'static str, Vec<Alternative>> {
    static RULES: OnceLock<BTreeMap<&'static str, Vec<Alternative>>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules: BTreeMap<&'static str, Vec<Alternative>> = BTreeMap::new();
        for file in FILES {
            let mut name = "";
            for line in file.lines() {
                if let Some(next) = line.strip_prefix("= ") {
                    name = next.trim();
                } else if !line.trim().is_empty() && !line.starts_with('#') {
                    let weighted = line.split_once(" * ").and_then(|(weight, text)| {
                        weight.trim().parse::<f64>().ok().map(|weight| (weight, text))
                    });
                    rules.entry(name).or_default().push(weighted.unwrap_or((1.0, line)));
                }
            }
        }
        rules
    })
}

/// Writes one text by a rule; empty for a rule that there is none of.
pub(super) fn expand(rule: &str, draws: &mut Stream) -> String {
    let mut out = String::new();
    name(rule, draws, &mut out, 0);
    out.trim().replace("\\n", "\n")
}

fn name(rule: &str, draws: &mut Stream, out: &mut String, depth: u32) {
    if depth > DEPTH {
        return;
    }
    if let Some(alternatives) = rules().get(rule) {
        let weights: Vec<f64> = alternatives.iter().map(|(weight, _)| *weight).collect();
        if let Some((_, text)) = alternatives.get(draws.weighted(&weights)) {
            phrase(text, draws, out, depth + 1);
        }
    } else {
        super::slots::fill(rule, draws, out);
    }
}

fn phrase(text: &str, draws: &mut Stream, out: &mut String, depth: u32) {
    let mut rest = text;
    while let Some(place) = rest.find(['{', '[']) {
        out.push_str(&rest[..place]);
        let bracket = rest.as_bytes()[place];
        let (open, close) = if bracket == b'{' { ('{', '}') } else { ('[', ']') };
        let Some(length) = closing(&rest[place..], open, close) else {
            out.push_str(&rest[place..]);
            return;
        };
        let inner = &rest[place + 1..place + length];
        if open == '{' {
            name(inner, draws, out, depth);
        } else {
            let options = alternatives(inner);
            if let Some(option) = options.get(draws.below(options.len() as u64) as usize) {
                phrase(option, draws, out, depth);
            }
        }
        rest = &rest[place + length + 1..];
    }
    out.push_str(rest);
}

/// Where the bracket that `text` begins with is closed.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0;
    for (place, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return Some(place);
            }
        }
    }
    None
}

/// The alternatives of a bracket, those of inner brackets left alone.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0, 0, Vec::new());
    for (place, letter) in text.char_indices() {
        match letter {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            '|' if depth == 0 => {
                found.push(&text[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    found.push(&text[begin..]);
    found
}

/// Every name that an alternative mentions, for the test that all of them exist.
#[cfg(test)]
pub(super) fn mentioned(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}
