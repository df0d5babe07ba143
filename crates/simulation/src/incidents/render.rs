//! A replay in plain text.

use std::fmt::Write;

use super::frame::{Grade, Input, Quantity, Reading, Role};
use super::report::{Likelihood, Report};

/// A number of whatever size, as people read it.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = if size >= 1000.0 {
        0
    } else if size >= 10.0 {
        2
    } else {
        4
    };
    let mut text = format!("{size:.digits$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    let whole = text.find('.').unwrap_or(text.len());
    for place in (1..whole).rev().filter(|place| (whole - place).is_multiple_of(3)) {
        text.insert(place, ',');
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

fn quantity(value: Quantity) -> String {
    match value {
        Quantity::Exact(value) => number(value),
        Quantity::Uniform(low, high) => format!("{} to {}", number(low), number(high)),
        Quantity::LogUniform(low, high) => format!("{} to {} (by magnitude)", number(low), number(high)),
    }
}

fn likelihood(outcome: &Likelihood) -> String {
    let percent = |share: f64| 100.0 * share;
    let (low, high) = (percent(outcome.low), percent(outcome.high));
    format!("{:.1} % [{low:.1}-{high:.1} %]", percent(outcome.probability))
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Primary => "primary",
        Grade::Secondary => "secondary",
        Grade::Judgement => "judgement",
    }
}

fn inputs(text: &mut String, inputs: &[Input]) {
    let groups = [
        (Role::PublicBefore, "Public before the vote"),
        (Role::AttackerMeans, "The attacker's means"),
        (Role::Assumed, "Assumed (nobody measured it here)"),
        (Role::Fitted, "Fitted to this incident"),
    ];
    for (role, title) in groups {
        let _ = writeln!(text, "\n{title}:");
        let mut none = true;
        for input in inputs.iter().filter(|input| input.role == role) {
            none = false;
            let (value, source) = (quantity(input.value), input.source);
            let _ = writeln!(
                text,
                "  {}: {value} {} ({}; {}, {})",
                input.name,
                input.unit,
                input.date,
                source.place,
                grade(source.grade)
            );
            for other in input.disagrees {
                let _ = writeln!(text, "    but: {other}");
            }
        }
        if none {
            let _ = writeln!(text, "  nothing");
        }
    }
}

/// The replay in plain text, as the command prints it.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    let card = &report.card;
    let _ = writeln!(text, "{}: {}, {}", report.incident, card.dao, card.date);
    let _ = writeln!(text, "\n{}\n\nRule: {}\nAgents: {}", card.happened, card.rule, card.agents);
    if let Some(under) = report.under {
        let _ = writeln!(text, "\nReplayed with one thing changed: {under}");
    }
    let judged = if report.likely { "the likely outcome" } else { "not the likely outcome" };
    let chance = likelihood(&report.probability);
    let _ = writeln!(
        text,
        "\nRecorded outcome: {}\n  {chance} of {} replicates: {judged}",
        card.outcome, report.probability.replicates
    );
    let _ = writeln!(text, "\nFigures (simulated mean [5-95 %] against what is on record):");
    for measured in &report.figures {
        let figure = &measured.figure;
        let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), number);
        let error =
            measured.relative_error.map_or_else(String::new, |error| format!(" ({:+.1} %)", 100.0 * error));
        let reading = match figure.reading {
            Reading::Predicted => "predicted",
            Reading::Arithmetic => "arithmetic on the inputs",
        };
        let _ = writeln!(
            text,
            "  {}: {} [{} to {}] against {} {}{error}; {reading}; {}, {}",
            figure.name,
            shown(measured.simulated),
            shown(measured.low),
            shown(measured.high),
            number(figure.published),
            figure.unit,
            figure.source.place,
            grade(figure.source.grade)
        );
        for other in figure.disagrees {
            let _ = writeln!(text, "    but: {other}");
        }
    }
    if !report.counterfactuals.is_empty() {
        let _ = writeln!(text, "\nWith one thing changed, the recorded outcome has:");
        for changed in &report.counterfactuals {
            let mark = if changed.flips { ", flips" } else { "" };
            let chance = likelihood(&changed.outcome);
            let _ = writeln!(text, "  {chance}{mark}: {} ({})", changed.change, changed.name);
        }
    }
    inputs(&mut text, report.inputs);
    let _ = writeln!(text, "\nLimits: {}\nSeed: {}", card.limits, report.seed);
    text
}
