//! A replay in plain text.

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

fn inputs(lines: &mut Vec<String>, inputs: &[Input]) {
    let groups = [
        (Role::PublicBefore, "Public before the vote"),
        (Role::AttackerMeans, "The attacker's means"),
        (Role::Assumed, "Assumed, by people who knew the outcome"),
        (Role::Fitted, "Fitted to this incident"),
    ];
    for (role, title) in groups {
        lines.push(format!("\n{title}:"));
        let mut none = true;
        for input in inputs.iter().filter(|input| input.role == role) {
            none = false;
            let (value, source) = (quantity(input.value), input.source);
            lines.push(format!(
                "  {}: {value} {} ({}; {}, {})",
                input.name,
                input.unit,
                input.date,
                source.place,
                grade(source.grade)
            ));
            for other in input.disagrees {
                lines.push(format!("    but: {other}"));
            }
        }
        if none {
            lines.push("  nothing".to_owned());
        }
    }
}

/// The replay in plain text, as the command prints it.
pub fn render(report: &Report) -> String {
    let mut lines = Vec::new();
    let card = &report.card;
    lines.push(format!("{}: {}, {}", report.incident, card.dao, card.date));
    lines.push(format!("\n{}\n\nRule: {}\nAgents: {}", card.happened, card.rule, card.agents));
    if let Some(under) = report.under {
        lines.push(format!("\nReplayed with one thing changed: {under}"));
    }
    let judged = if report.likely { "the likely outcome" } else { "not the likely outcome" };
    let chance = likelihood(&report.probability);
    lines.push(format!(
        "\nRecorded outcome: {}\n  {chance} of {} replicates (interval: of counting them, not of the inputs): {judged}",
        card.outcome, report.probability.replicates
    ));
    lines.push("\nFigures (simulated mean [5-95 %] against what is on record):".to_owned());
    for measured in &report.figures {
        let figure = &measured.figure;
        let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), number);
        let error =
            measured.relative_error.map_or_else(String::new, |error| format!(" ({:+.1} %)", 100.0 * error));
        let outside = if measured.inside == Some(false) && figure.reading == Reading::Predicted {
            "; outside"
        } else {
            ""
        };
        let reading = match figure.reading {
            Reading::Predicted => "predicted",
            Reading::Arithmetic => "arithmetic on the inputs",
        };
        lines.push(format!(
            "  {}: {} [{} to {}] against {} {}{error}{outside}; {reading}; {}, {}",
            figure.name,
            shown(measured.simulated),
            shown(measured.low),
            shown(measured.high),
            number(figure.published),
            figure.unit,
            figure.source.place,
            grade(figure.source.grade)
        ));
        for other in figure.disagrees {
            lines.push(format!("    but: {other}"));
        }
    }
    if !report.counterfactuals.is_empty() {
        lines.push("\nWith one thing changed, the recorded outcome has:".to_owned());
        for changed in &report.counterfactuals {
            let mark = if changed.flips { ", flips" } else { "" };
            let chance = likelihood(&changed.outcome);
            lines.push(format!("  {chance}{mark}: {} ({})", changed.change, changed.name));
        }
    }
    if !report.sensitivities.is_empty() {
        lines.push("\nWith one range held at its lower or upper end, the recorded outcome has:".to_owned());
        for found in &report.sensitivities {
            let mark = if found.decides { ": decides the outcome" } else { "" };
            let (low, high) = (100.0 * found.at_low, 100.0 * found.at_high);
            lines.push(format!("  {low:.0} % to {high:.0} %: {}{mark}", found.input));
        }
    }
    let turning = report.sensitivities.iter().filter(|found| found.decides).count();
    if turning > 0 {
        lines.push(format!(
            "  Nobody measured these well enough to be sure: {turning} of them alone can turn the outcome."
        ));
    }
    inputs(&mut lines, report.inputs);
    lines.push(format!("\nLimits: {}\nSeed: {}", card.limits, report.seed));
    lines.push(String::new());
    lines.join("\n")
}
