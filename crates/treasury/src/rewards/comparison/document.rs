//! The comparison as a chapter of a report.

use daotwin_core::document::{Axis, Block, Chart, Outcome, Plot, Score, Section, Table};

use super::Comparison;

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn money(amount: f64) -> String {
    if amount >= 100.0 { format!("{amount:.0}") } else { format!("{amount:.2}") }
}

/// The chapter: what each rule comes to on the DAO's own records, a picture, and what the figures rest on.
pub fn section(comparison: &Comparison) -> Section {
    let days = comparison.period.days;
    let period = comparison.period.proposals.map_or_else(
        || format!("{days:.0} days"),
        |proposals| format!("{proposals} proposals, {days:.0} days on average"),
    );
    let mut blocks = vec![Block::Text {
        text: format!(
            "What each rule would make of the {} members who acted, or were acted for, in the last {} days, with {} to pay out a \
             period ({}). Retention and acts are simulated over {} periods ({} runs) by a model fitted to the DAO's \
             activity. Sybil share: what an attacker with a hundredth of all money gets with one account, and with {}.",
            comparison.members,
            comparison.days,
            comparison.budget,
            period,
            comparison.periods,
            comparison.runs,
            comparison.accounts
        ),
    }];
    blocks.push(Block::Scores { scores: scores(comparison) });
    let rows = comparison.lines.iter().map(|line| {
        vec![
            line.rule.clone(),
            line.paid.to_string(),
            format!("{:.3}", line.inequality),
            percent(line.kept.retention),
            format!("{:+.0}", line.more_acts),
            line.cost.map_or_else(|| "none more".to_owned(), money),
            format!("{:.2} %", 100.0 * line.sybil.0),
            format!("{:.2} %", 100.0 * line.sybil.1),
        ]
    });
    blocks.push(Block::Table(Table {
        caption: "Reward rules on the same community".to_owned(),
        columns: [
            "rule",
            "members paid",
            "inequality (Gini)",
            "retention",
            "acts more",
            "cost an act more",
            "sybil share, one account",
            "sybil share, many",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.collect(),
    }));
    blocks.push(Block::Chart(Chart {
        id: "rewards-rules".to_owned(),
        title: "Inequality and what an attacker takes".to_owned(),
        description:
            "For each reward rule the Gini coefficient of payments and the attacker's shares of the budget"
                .to_owned(),
        plot: Plot::Bars {
            categories: comparison.lines.iter().map(|line| line.rule.clone()).collect(),
            y: Axis { label: "share, or Gini coefficient".to_owned(), ..Axis::default() },
            series: vec![
                ("inequality".to_owned(), comparison.lines.iter().map(|line| line.inequality).collect()),
                (
                    "sybil share, many accounts".to_owned(),
                    comparison.lines.iter().map(|line| line.sybil.1).collect(),
                ),
            ],
        },
    }));
    let answer = comparison.response.map_or_else(
        || {
            format!(
                "How members answer a reward is not in these records: an effect of {} on the logit of leaving is taken, a judgement.",
                comparison.effect
            )
        },
        |response| {
            format!(
                "How members answer a reward is bounded by those who asked for a grant: of {} who got it {} acted in the 90 days \
                 after, of {} who did not {}. Log odds ratio {:.2} (95 % {:.2} to {:.2}), those who had acted before held apart. Who is \
                 granted money differs in other ways too, so the lower end, 0 at least, is used: {:.2}.",
                response.rewarded.1,
                response.rewarded.0,
                response.refused.1,
                response.refused.0,
                response.effect,
                response.interval.0,
                response.interval.1,
                comparison.effect
            )
        },
    );
    blocks.push(Block::Text { text: answer });
    blocks.push(Block::Table(Table {
        caption: "What the rules go by, and where it is taken from".to_owned(),
        columns: vec!["goes by".to_owned(), "taken from".to_owned()],
        rows: comparison.origins.iter().map(|(list, from)| vec![list.clone(), from.clone()]).collect(),
    }));
    for (rule, why) in &comparison.refused {
        blocks.push(Block::Text { text: format!("`{rule}` is left out: {why}.") });
    }
    Section { id: "rewards".to_owned(), title: "Reward rules".to_owned(), blocks }
}

fn scores(comparison: &Comparison) -> Vec<Score> {
    let mut scores = Vec::new();
    let kept =
        comparison.lines.iter().max_by(|one, other| one.kept.retention.total_cmp(&other.kept.retention));
    if let Some(best) = kept {
        scores.push(Score {
            id: "rewards.retention".to_owned(),
            label: format!("Retention, at best (`{}`)", best.rule),
            value: best.kept.retention,
            interval: Some(best.kept.interval),
            references: vec![("without a reward".to_owned(), comparison.nothing.retention)],
            outcome: Outcome::Neutral,
            meaning: "Share of members who are here that has not left after the periods played".to_owned(),
            ..Score::default()
        });
    }
    let costs = comparison.lines.iter().filter_map(|line| Some((line, line.cost?)));
    let median = {
        let all: Vec<f64> = costs.clone().map(|cost| cost.1).collect();
        daotwin_core::statistics::quantile(&all, 0.5)
    };
    if let Some((line, cost)) = costs.min_by(|one, other| one.1.total_cmp(&other.1)) {
        scores.push(Score {
            id: "rewards.cost".to_owned(),
            label: format!("Cost of an act more, at best (`{}`)", line.rule),
            value: cost,
            references: vec![("middle rule".to_owned(), median)],
            meaning: "What is paid out, by acts that would not be done without a reward".to_owned(),
            ..Score::default()
        });
    }
    let worst = comparison.lines.iter().max_by(|one, other| one.sybil.1.total_cmp(&other.sybil.1));
    if let Some(worst) = worst {
        scores.push(Score {
            id: "rewards.sybil".to_owned(),
            label: format!("Sybil share, at worst (`{}`)", worst.rule),
            value: worst.sybil.1,
            references: vec![
                ("one account".to_owned(), worst.sybil.0),
                (
                    "as many honest members".to_owned(),
                    comparison.accounts as f64 / (comparison.members + comparison.accounts) as f64,
                ),
            ],
            meaning: "Share of the budget that an attacker with many accounts gets".to_owned(),
            ..Score::default()
        });
    }
    scores
}
