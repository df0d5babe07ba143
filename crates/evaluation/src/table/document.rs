//! The evaluation of a table as a document for the `report` room.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series,
    Verdict,
};
use daotwin_core::statistics::sorted;
use daotwin_history::frame::{Frame, MISSING, Values};

use super::TableEvaluation;

/// Pictures at most; wide tables show their first columns.
const MAX_PICTURES: usize = 40;

/// Labels that a picture shows; rarer ones are left out.
const MAX_LABELS: usize = 12;

/// Points of a curve.
const POINTS: usize = 200;

/// One column, real beside synthetic.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    column: String,
    plot: Plot,
    description: &'static str,
}

/// One picture a column.
pub(super) fn pictures(real: &Frame, synthetic: &Frame) -> Vec<Picture> {
    (0..real.columns().len().min(MAX_PICTURES))
        .map(|index| {
            let column = &real.columns()[index];
            let (plot, description) = match (real.values(index), synthetic.values(index)) {
                (Values::Number(a), Values::Number(b)) => (
                    curves(&column.name, a, b),
                    "Share of rows with at most this value; curves that lie together mean the same distribution.",
                ),
                (a, b) => (
                    bars(column.kind.labels().unwrap_or_default(), a.codes(), b.codes()),
                    "Share of rows with each of the most frequent labels.",
                ),
            };
            Picture { column: column.name.clone(), plot, description }
        })
        .collect()
}

fn curves(name: &str, real: &[f64], synthetic: &[f64]) -> Plot {
    let known = |values: &[f64]| sorted(&values.iter().copied().filter(|v| !v.is_nan()).collect::<Vec<_>>());
    let (real, synthetic) = (known(real), known(synthetic));
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        let count = values.len().min(POINTS);
        (0..count)
            .map(|point| {
                let place = (point + 1) * values.len() / count - 1;
                (values[place], (place + 1) as f64 / values.len() as f64)
            })
            .collect()
    };
    // A column that spans decades above zero is drawn on a logarithmic axis.
    let wide = real.first().is_some_and(|&low| low >= 0.0) && {
        let positive = real.partition_point(|value| *value <= 0.0);
        real.get(positive + (real.len() - positive) / 2)
            .zip(real.last())
            .is_some_and(|(&middle, &high)| high > 50.0 * middle)
    };
    let series = |name: &str, role: Role, values: &[f64]| Series {
        name: name.to_owned(),
        role,
        mark: Mark::Step,
        points: points(values),
        upper: Vec::new(),
    };
    Plot::Xy {
        x: Axis { label: name.to_owned(), scale: if wide { Scale::Log } else { Scale::Linear } },
        y: Axis { label: "share of rows with at most this".to_owned(), scale: Scale::Linear },
        series: vec![series("real", Role::Real, &real), series("synthetic", Role::Synthetic, &synthetic)],
    }
}

fn bars(labels: &[String], real: &[u32], synthetic: &[u32]) -> Plot {
    // The last place counts missing values.
    let shares = |codes: &[u32]| -> Vec<f64> {
        let mut counts = vec![0.0; labels.len() + 1];
        for &code in codes {
            counts[if code == MISSING { labels.len() } else { code as usize }] += 1.0;
        }
        counts.iter().map(|count| count / codes.len().max(1) as f64).collect()
    };
    let (real, synthetic) = (shares(real), shares(synthetic));
    let mut order: Vec<usize> = (0..=labels.len()).filter(|&at| real[at] + synthetic[at] > 0.0).collect();
    order.sort_by(|&a, &b| real[b].total_cmp(&real[a]).then(a.cmp(&b)));
    order.truncate(MAX_LABELS);
    let name = |&at: &usize| labels.get(at).cloned().unwrap_or_else(|| "(missing)".to_owned());
    Plot::Bars {
        categories: order.iter().map(name).collect(),
        y: Axis { label: "share of rows".to_owned(), scale: Scale::Linear },
        series: vec![
            ("real".to_owned(), order.iter().map(|&at| real[at]).collect()),
            ("synthetic".to_owned(), order.iter().map(|&at| synthetic[at]).collect()),
        ],
    }
}

/// Where a figure stands between its best reference (0) and independent columns (1).
fn between(score: &Score) -> Option<f64> {
    let reference =
        |name: &str| score.references.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    let (best, worst) = (reference("holdout").unwrap_or(0.0), reference("independent columns")?);
    ((worst - best).abs() > 1e-9).then(|| (score.value - best) / (worst - best))
}

impl TableEvaluation {
    /// The report of this evaluation. It shows real figures and is not private.
    pub fn document(&self) -> Document {
        let of = |part: &str| -> Vec<Score> {
            self.scores.iter().filter(|score| score.id.starts_with(part)).cloned().collect()
        };
        let section = |id: &str, title: &str, scores: Vec<Score>| Section {
            id: id.to_owned(),
            title: title.to_owned(),
            blocks: vec![Block::Scores { scores }],
        };
        let mut sections = vec![section("fidelity", "Is it faithful?", of("table.fidelity"))];
        sections.push(section("detection", "Can it be told apart?", of("table.detection")));
        if !of("table.utility").is_empty() {
            sections.push(section("utility", "What is it good for?", of("table.utility")));
        }
        sections.push(section("privacy", "What does it give away?", of("table.privacy")));
        sections.push(Section {
            id: "columns".to_owned(),
            title: "Column by column".to_owned(),
            blocks: self.pictures.iter().enumerate().map(|(index, picture)| picture.block(index)).collect(),
        });
        if !self.skipped.is_empty() {
            let text = self
                .skipped
                .iter()
                .map(|(id, reason)| format!("{id}: {reason}"))
                .collect::<Vec<_>>()
                .join("; ");
            sections.push(Section {
                id: "skipped".to_owned(),
                title: "What was not measured".to_owned(),
                blocks: vec![Block::Text { text }],
            });
        }
        Document {
            title: "Synthetic table against real".to_owned(),
            verdict: self.verdict(),
            highlights: self.highlights(),
            warnings: vec![
                "Computed on real data: this report is not private. Show it only to those who may see the data."
                    .to_owned(),
            ],
            manifest: vec![
                ("daotwin".to_owned(), self.version.to_owned()),
                ("schema".to_owned(), self.schema.to_owned()),
                ("seed".to_owned(), self.seed.to_string()),
                ("real rows".to_owned(), self.rows.0.to_string()),
                ("synthetic rows".to_owned(), self.rows.1.to_string()),
                ("holdout rows".to_owned(), self.rows.2.map_or("none".to_owned(), |rows| rows.to_string())),
                ("privacy of this report".to_owned(), "none: real data".to_owned()),
            ],
            sections,
        }
    }

    fn verdict(&self) -> Verdict {
        let mut sentences = Vec::new();
        if let Some(score) = self.score("table.fidelity.marginals3")
            && let Some(share) = between(score)
        {
            let words = match share {
                s if s <= 0.1 => "as close to the real table as unseen real rows are, or nearly so",
                s if s <= 0.4 => "close to the real table",
                s if s <= 0.8 => "better than independent columns, and far from the real table",
                _ => "no better than independent columns",
            };
            sentences.push(format!("Triples of columns are {words} (distance {:.3}).", score.value));
        }
        if let Some(score) = self.score("table.detection.auc") {
            let words = match score.value {
                a if a <= 0.55 => "can hardly tell",
                a if a <= 0.65 => "tell with difficulty",
                a if a <= 0.8 => "can tell",
                _ => "tell easily",
            };
            sentences
                .push(format!("Boosted trees {words} its rows from real ones (AUC {:.2}).", score.value));
        }
        let bad: Vec<&str> = self
            .scores
            .iter()
            .filter(|score| score.outcome == Outcome::Bad && score.id.starts_with("table.privacy"))
            .map(|score| score.label.as_str())
            .collect();
        if !bad.is_empty() {
            sentences.push(format!("Privacy attacks succeed beyond their bar: {}.", bad.join(", ")));
        }
        let outcome = if self.scores.iter().any(|score| score.outcome == Outcome::Bad) {
            Outcome::Bad
        } else {
            Outcome::Good
        };
        Verdict { outcome, text: sentences.join(" ") }
    }

    fn highlights(&self) -> Vec<Highlight> {
        [
            (
                "Fidelity",
                "table.detection.auc",
                "AUC of boosted trees that try to tell the rows apart; 0.5 is a guess",
            ),
            (
                "Utility",
                "table.utility.auc",
                "AUC on unseen real rows of trees that learned from synthetic ones",
            ),
            (
                "Privacy",
                "table.privacy.membership",
                "AUC of an attacker who guesses which rows were learned; 0.5 is a guess",
            ),
        ]
        .into_iter()
        .filter_map(|(label, id, text)| {
            let score = self.score(id)?;
            Some(Highlight {
                label: label.to_owned(),
                figure: format!("{:.3}", score.value),
                outcome: score.outcome,
                text: text.to_owned(),
            })
        })
        .collect()
    }
}

impl Picture {
    fn block(&self, index: usize) -> Block {
        Block::Chart(Chart {
            id: format!("column-{index}"),
            title: self.column.clone(),
            description: self.description.to_owned(),
            plot: self.plot.clone(),
        })
    }
}
