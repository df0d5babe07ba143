//! Findings for people to read.

use super::place::place;
use crate::finding::{Confidence, Impact};
use crate::shrink::Shrunk;
use crate::words::Words;
use crate::world::World;

/// The findings as Markdown: a table, then each with its rule, its steps, what they bring about and where values come from.
pub fn markdown(world: &World, findings: &[Shrunk]) -> String {
    if findings.is_empty() {
        return "# Audit\n\nNothing was found.\n".to_owned();
    }
    let words = Words::new(world);
    let mut text =
        "# Audit\n\n| | impact | confidence | where | what |\n| ---: | --- | --- | --- | --- |\n".to_owned();
    for (number, shrunk) in findings.iter().enumerate() {
        let finding = &shrunk.finding;
        text.push_str(&format!(
            "| {} | {} | {} | `{}` | {} |\n",
            number + 1,
            impact(finding.impact),
            confidence(finding.confidence),
            whole(&finding.contract, &finding.function),
            cell(&finding.title),
        ));
    }
    for (number, shrunk) in findings.iter().enumerate() {
        let finding = &shrunk.finding;
        text.push_str(&format!("\n## {}. {}: {}\n\n", number + 1, finding.oracle, plain(&finding.title)));
        text.push_str(&format!("{}\n\n", plain(&finding.rule)));
        if let Some(place) = place(world, finding) {
            let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
            text.push_str(&format!("At `{}{line}`.\n\n", place.file));
        }
        for (number, step) in finding.steps.iter().enumerate() {
            text.push_str(&format!("{}. {}\n", number + 1, code(&words.sentence(step))));
            for call in &step.inner {
                text.push_str(&format!("    - called back: {}\n", code(&words.call(call))));
            }
            for note in shrunk.explained.iter().filter(|note| note.step == number) {
                let call = note.call.map_or_else(String::new, |call| format!(" of callback {}", call + 1));
                text.push_str(&format!(
                    "    - `{}`{call} = {}: {}\n",
                    note.place,
                    code(&note.value),
                    plain(&note.why)
                ));
            }
        }
        text.push_str("\nAfter it:\n\n");
        for effect in &finding.effects {
            text.push_str(&format!("- {}\n", plain(&words.effect(effect))));
        }
        if let Some(cost) = &shrunk.cost {
            text.push_str("\nWhat it takes:\n\n");
            cost.sentences().iter().for_each(|line| text.push_str(&format!("- {}\n", plain(line))));
        }
        if !shrunk.also.is_empty() {
            text.push_str(&format!("\nAlso seen as {}.\n", shrunk.also.join(", ")));
        }
        if !shrunk.simpler.is_empty() {
            text.push_str("\nThe steps are not minimal: shrinking used up its calls.\n");
        }
    }
    text
}

/// The name of an impact.
pub fn impact(impact: Impact) -> &'static str {
    match impact {
        Impact::Low => "low",
        Impact::Medium => "medium",
        Impact::High => "high",
        Impact::Critical => "critical",
    }
}

/// The name of a confidence.
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// Contract and function.
pub(super) fn whole(contract: &str, function: &str) -> String {
    if function.is_empty() { contract.to_owned() } else { format!("{contract}.{function}") }
}

/// Text of contracts on one line, without anything that Markdown would make something of.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '<' | '>' | '[' | ']' | '*' | '_' | '#' | '|' | '\\' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}

fn cell(text: &str) -> String {
    plain(text)
}

/// Text in a span of code.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
