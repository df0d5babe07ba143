//! What a watch told, counted and listed, as a document.

use std::collections::BTreeMap;

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series, Table,
    Verdict,
};

use crate::event::{Act, Event};
use crate::measure::{average_precision, precision_at};
use crate::model::Model;
use crate::registry;
use crate::watch::{Finding, Seen, Watch};

/// Findings beyond so many are counted and not listed.
pub const LISTED: usize = 1_000;

/// What was told. Constant memory, but for labels ([`Told::label`]).
#[derive(Debug, Clone, Default)]
pub struct Told {
    listed: Vec<Finding>,
    reasons: BTreeMap<String, u64>,
    acts: BTreeMap<Act, u64>,
    first_at: Option<i64>,
    last_at: i64,
    late: u64,
    unread: u64,
    scores: Vec<f64>,
    labels: Vec<bool>,
}

impl Told {
    /// Counts an act and what it came to.
    pub fn take(&mut self, event: &Event<'_>, seen: &Seen) {
        *self.acts.entry(event.act).or_default() += 1;
        self.late += u64::from(self.first_at.is_some() && event.at < self.last_at);
        self.first_at = Some(self.first_at.map_or(event.at, |first| first.min(event.at)));
        self.last_at = self.last_at.max(event.at);
        if let Seen::New(finding) = seen {
            for (reason, _) in &finding.reasons {
                *self.reasons.entry(reason.clone()).or_default() += 1;
            }
            if self.listed.len() < LISTED {
                self.listed.push(finding.clone());
            }
        }
    }

    /// Remembers what is known of an act, to measure by; 9 bytes each.
    pub fn label(&mut self, score: f64, malicious: bool) {
        self.scores.push(score);
        self.labels.push(malicious);
    }

    /// Counts a line that could not be read.
    pub const fn unread(&mut self) {
        self.unread += 1;
    }

    /// Lines that could not be read, and acts earlier than the one before.
    pub const fn troubles(&self) -> (u64, u64) {
        (self.unread, self.late)
    }

    /// The findings that are listed, at most [`LISTED`].
    pub fn listed(&self) -> &[Finding] {
        &self.listed
    }

    /// The answer in a sentence.
    pub fn sentence(&self, watch: &Watch) -> String {
        let (acts, findings, held_back) = watch.counts();
        let some =
            |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
        let mut text = format!("{} in {}", some(findings, "finding", "findings"), some(acts, "act", "acts"));
        if held_back > 0 {
            text.push_str(&format!(
                "; {} worth an alert held back by the budget",
                some(held_back, "act", "acts")
            ));
        }
        if self.unread > 0 {
            text.push_str(&format!("; {} could not be read", some(self.unread, "line", "lines")));
        }
        text
    }

    /// The whole of it. `source` is what was read.
    pub fn document(&self, watch: &Watch, model: &Model, alerts_per_thousand: f64, source: &str) -> Document {
        let (acts, findings, held_back) = watch.counts();
        let outcome = if findings > 0 { Outcome::Bad } else { Outcome::Good };
        let mut warnings =
            vec!["Computed from the records, and not private; names of accounts are shown.".to_owned()];
        if held_back > 0 {
            warnings.push(format!(
                "{held_back} acts were worth an alert and are not told, because {alerts_per_thousand} alerts a thousand acts were \
                 spent; a larger budget tells them."
            ));
        }
        if self.unread > 0 {
            warnings.push(format!("{} lines could not be read and were not judged.", self.unread));
        }
        if self.late > 0 {
            warnings.push(format!(
                "{} acts came after later ones and were taken as simultaneous with them.",
                self.late
            ));
        }
        let mut sections = vec![self.findings_section(findings), self.counts_section(watch)];
        sections.extend(self.labels_section(alerts_per_thousand));
        sections.extend(method_section(model));
        Document {
            title: format!("What to look at in {source}"),
            verdict: Verdict { outcome, text: format!("{}.", self.sentence(watch)) },
            highlights: vec![
                Highlight {
                    label: "Findings".to_owned(),
                    figure: findings.to_string(),
                    outcome,
                    text: "alerts, one for what belongs together".to_owned(),
                },
                Highlight {
                    label: "Alerts".to_owned(),
                    figure: format!("{:.2} a thousand acts", 1000.0 * findings as f64 / acts.max(1) as f64),
                    outcome: Outcome::Neutral,
                    text: format!("at most {alerts_per_thousand}, and one at the start"),
                },
                Highlight {
                    label: "Held back".to_owned(),
                    figure: held_back.to_string(),
                    outcome: if held_back > 0 { Outcome::Bad } else { Outcome::Good },
                    text: "acts worth an alert that the budget did not pay for".to_owned(),
                },
            ],
            warnings,
            manifest: vec![
                ("detector".to_owned(), model.method().to_owned()),
                ("alerts a thousand acts, at most".to_owned(), alerts_per_thousand.to_string()),
                ("bar at the end".to_owned(), format!("{:.3}", watch.bar())),
                ("acts".to_owned(), acts.to_string()),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ],
            sections,
        }
    }

    fn findings_section(&self, findings: u64) -> Section {
        let row = |finding: &Finding| {
            vec![
                finding.finding.to_string(),
                iso(finding.at),
                finding.act.name().to_owned(),
                finding.actor.clone(),
                finding.other.clone(),
                finding.place.clone(),
                format!("{:.2}", finding.score),
                finding.reasons.iter().map(|(reason, _)| reason.as_str()).collect::<Vec<_>>().join("; "),
            ]
        };
        let mut blocks = Vec::new();
        if !self.listed.is_empty() {
            let series = |name: &str, role, mark, points| Series {
                name: name.to_owned(),
                role,
                mark,
                points,
                upper: Vec::new(),
            };
            let points = |of: fn(&Finding) -> f64| {
                self.listed.iter().map(|finding| (finding.at as f64, of(finding))).collect()
            };
            blocks.push(Block::Chart(Chart {
                id: "findings".to_owned(),
                title: "When".to_owned(),
                description: "The score of every finding by its time, above the bar of that time.".to_owned(),
                plot: Plot::Xy {
                    x: Axis { label: "time".to_owned(), scale: Scale::Time },
                    y: Axis { label: "score".to_owned(), scale: Scale::Linear },
                    series: vec![
                        series("findings", Role::Other(0), Mark::Dots, points(|finding| finding.score)),
                        series("bar", Role::Other(1), Mark::Line, points(|finding| finding.bar)),
                    ],
                },
            }));
        }
        if !self.reasons.is_empty() {
            let mut reasons: Vec<(&String, u64)> =
                self.reasons.iter().map(|(reason, count)| (reason, *count)).collect();
            reasons.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            reasons.truncate(12);
            blocks.push(Block::Chart(Chart {
                id: "reasons".to_owned(),
                title: "Why".to_owned(),
                description: "How many findings have each reason among their three largest.".to_owned(),
                plot: Plot::Bars {
                    categories: reasons.iter().map(|(reason, _)| (*reason).clone()).collect(),
                    y: Axis { label: "findings".to_owned(), scale: Scale::Linear },
                    series: vec![(
                        "findings".to_owned(),
                        reasons.iter().map(|(_, count)| *count as f64).collect(),
                    )],
                },
            }));
        }
        if self.listed.is_empty() {
            blocks.push(Block::Text { text: "Nothing was worth an alert.".to_owned() });
        } else {
            let listed = if findings > self.listed.len() as u64 {
                format!("; the first {} are listed", self.listed.len())
            } else {
                String::new()
            };
            blocks.push(Block::Table(Table {
                caption: format!("{findings} findings{listed}"),
                columns: ["finding", "time", "act", "account", "to", "place", "score", "because of"]
                    .map(str::to_owned)
                    .to_vec(),
                rows: self.listed.iter().map(row).collect(),
            }));
        }
        Section { id: "findings".to_owned(), title: "Findings".to_owned(), blocks }
    }

    fn counts_section(&self, watch: &Watch) -> Section {
        let mut rows: Vec<Vec<String>> = self
            .acts
            .iter()
            .map(|(act, count)| vec![format!("{}s", act.name()), count.to_string()])
            .collect();
        let (_, findings, held_back) = watch.counts();
        rows.push(vec!["findings".to_owned(), findings.to_string()]);
        rows.push(vec!["held back".to_owned(), held_back.to_string()]);
        rows.push(vec!["lines that could not be read".to_owned(), self.unread.to_string()]);
        rows.push(vec!["acts after later ones".to_owned(), self.late.to_string()]);
        let table = Table {
            caption: "Counts".to_owned(),
            columns: vec!["what".to_owned(), "count".to_owned()],
            rows,
        };
        Section {
            id: "counts".to_owned(),
            title: "What was seen".to_owned(),
            blocks: vec![Block::Table(table)],
        }
    }

    /// How right it was, where that is known.
    fn labels_section(&self, alerts_per_thousand: f64) -> Option<Section> {
        let positives = self.labels.iter().filter(|&&label| label).count();
        if positives == 0 {
            return None;
        }
        let chance = positives as f64 / self.labels.len() as f64;
        let score = |id: &str, label: &str, value: f64, meaning: &str| Score {
            id: format!("detection.{id}"),
            label: label.to_owned(),
            value,
            references: vec![("chance".to_owned(), chance)],
            meaning: meaning.to_owned(),
            ..Score::default()
        };
        let scores = vec![
            score(
                "average_precision",
                "Average precision",
                average_precision(&self.scores, &self.labels),
                "mean precision over all bars, at the base rate of the record's own labels",
            ),
            score(
                "precision_at_budget",
                "Precision at the budget",
                precision_at(&self.scores, &self.labels, alerts_per_thousand),
                "of the highest scores, as many as the budget allows, the share that is labelled",
            ),
        ];
        let title = "Against the record's labels".to_owned();
        Some(Section { id: "labels".to_owned(), title, blocks: vec![Block::Scores { scores }] })
    }
}

/// What the method is for, and what it is not for.
fn method_section(model: &Model) -> Option<Section> {
    let card = registry::find(model.method()).ok()?.card();
    let line = |name: &str, text: &str| vec![name.to_owned(), text.to_owned()];
    let rows = vec![
        line("finds", card.purpose),
        line("score", card.score),
        line("source", card.source),
        line("limits", card.limits),
    ];
    let table =
        Table { caption: format!("`{}`", model.method()), columns: vec![String::new(), String::new()], rows };
    Some(Section {
        id: "detector".to_owned(),
        title: "The detector".to_owned(),
        blocks: vec![Block::Table(table)],
    })
}

/// A time in ISO 8601, in UTC, of the years 0 to 9999.
pub fn iso(at: i64) -> String {
    let at = at.clamp(-62_167_219_200, 253_402_300_799);
    // Days from 1 March of year 0, so that the leap day is the last of its year, in cycles of 400 years.
    let days = at.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let (year, day) =
        (year_of_era + era * 400 + i64::from(month <= 2), day_of_year - (153 * shifted + 2) / 5 + 1);
    let second = at.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;
    use crate::event::events;
    use crate::training::{Plan, streams};

    #[test]
    fn times_are_those_that_are_read() {
        for at in [0, 951_782_400, 1_700_000_000, -1, 253_402_300_799] {
            assert_eq!(daotwin_history::frame::read_time(&iso(at)), Some(at as f64), "{}", iso(at));
        }
        assert_eq!(iso(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(iso(i64::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn everything_that_was_told_is_in_the_document() {
        let plan = Plan { streams: 3, members: 60, days: 15, campaigns: 3, ..Plan::default() };
        let streams = streams(&plan, None, Seed(5)).unwrap();
        let model = Model::train(registry::find("velocity").unwrap(), &[], &streams[..2], Seed(1)).unwrap();
        let mut watch = Watch::new(&model, 10.0).unwrap();
        let mut told = Told::default();
        for (event, label) in events(&streams[2]) {
            let seen = watch.see(&event);
            told.take(&event, &seen);
            told.label(watch.score(), label.malicious());
        }
        told.take(&Event { at: 0, ..Event::default() }, &Seen::Quiet);
        told.unread();
        assert_eq!(told.troubles(), (1, 1));
        let document = told.document(&watch, &model, 10.0, "`stream.jsonl`");
        let (_, findings, _) = watch.counts();
        assert!(
            findings > 0 && document.verdict.text.starts_with(&format!("{findings} finding")),
            "{}",
            document.verdict.text
        );
        assert!(document.verdict.text.contains("1 line could not be read"));
        let ids: Vec<&str> = document.sections.iter().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["findings", "counts", "labels", "detector"]);
        let Some(Block::Table(table)) = document.sections[0].blocks.last() else { panic!("no table") };
        assert_eq!(table.rows.len() as u64, findings);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
