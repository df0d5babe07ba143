//! `daotwin formats`, `models`, `metrics`: what the registries hold.

use clap::Args;
use daotwin::evaluation::METRICS;
use daotwin::generators::registry::SYNTHESIZERS;
use daotwin::generators::table::registry::TABLE_SYNTHESIZERS;
use daotwin::history::export::EXPORTERS;
use daotwin::history::ingest::IMPORTERS;
use serde::Serialize;

use crate::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Lists the formats that `ingest` recognises and `export` writes.
#[derive(Debug, Args)]
pub(crate) struct Formats {}

#[derive(Serialize)]
struct Format {
    format: &'static str,
    reads: bool,
    writes: bool,
    description: String,
}

impl Formats {
    #[expect(clippy::unused_self, reason = "every verb is run the same way")]
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let mut formats: Vec<Format> = IMPORTERS
            .iter()
            .map(|importer| Format {
                format: importer.name(),
                reads: true,
                writes: false,
                description: importer.description().to_owned(),
            })
            .collect();
        for exporter in EXPORTERS {
            match formats.iter_mut().find(|format| format.format == exporter.name()) {
                Some(format) => format.writes = true,
                None => formats.push(Format {
                    format: exporter.name(),
                    reads: false,
                    writes: true,
                    description: exporter.description().to_owned(),
                }),
            }
        }
        let text: String = formats
            .iter()
            .map(|format| {
                let use_of = match (format.reads, format.writes) {
                    (true, true) => "ingest, export",
                    (true, false) => "ingest",
                    _ => "export",
                };
                format!("{} ({use_of})\n  {}\n", format.format, format.description)
            })
            .collect();
        context.print(&text, &formats)?;
        Ok(Answer::Yes)
    }
}

/// Lists the models that `fit` knows.
#[derive(Debug, Args)]
pub(crate) struct Models {}

#[derive(Serialize)]
struct Model {
    model: &'static str,
    learns: &'static str,
    purpose: &'static str,
    source: &'static str,
    limits: &'static str,
    privacy: Option<&'static str>,
    settings: Vec<Steering>,
}

/// A setting, with its default and bounds.
#[derive(Serialize)]
struct Steering {
    setting: &'static str,
    default: f64,
    minimum: f64,
    maximum: f64,
    purpose: &'static str,
}

impl Models {
    #[expect(clippy::unused_self, reason = "every verb is run the same way")]
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let histories = SYNTHESIZERS.iter().map(|model| {
            let card = model.card();
            Model {
                model: model.name(),
                learns: "histories",
                purpose: card.purpose,
                source: card.source,
                limits: card.limits,
                privacy: Some("each member with everything it did (`--epsilon`)"),
                settings: Vec::new(),
            }
        });
        let tables = TABLE_SYNTHESIZERS.iter().map(|model| {
            let card = model.card();
            let settings = card.settings.iter().map(|setting| Steering {
                setting: setting.name,
                default: setting.default,
                minimum: setting.bounds.0,
                maximum: setting.bounds.1,
                purpose: setting.purpose,
            });
            Model {
                model: model.name(),
                learns: "tables",
                purpose: card.purpose,
                source: card.source,
                limits: card.limits,
                privacy: card.privacy,
                settings: settings.collect(),
            }
        });
        let models: Vec<Model> = histories.chain(tables).collect();
        let text: String = models
            .iter()
            .map(|model| {
                let Model { model, learns, purpose, source, limits, privacy, settings } = model;
                let privacy = privacy.unwrap_or("none");
                let mut text = format!(
                    "{model} ({learns})\n  for      {purpose}\n  privacy  {privacy}\n  limits   {limits}\n  source   {source}\n"
                );
                for Steering { setting, default, minimum, maximum, purpose } in settings {
                    text.push_str(&format!("  --set    {setting}={default} ({minimum} to {maximum}): {purpose}\n"));
                }
                text
            })
            .collect();
        context.print(&text, &models)?;
        Ok(Answer::Yes)
    }
}

/// Lists the metrics of `evaluate`, with the ids that gates name.
#[derive(Debug, Args)]
pub(crate) struct Metrics {}

#[derive(Serialize)]
struct MetricCard {
    metric: &'static str,
    ids: Vec<String>,
    purpose: &'static str,
    source: &'static str,
    limits: &'static str,
}

impl Metrics {
    #[expect(clippy::unused_self, reason = "every verb is run the same way")]
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let metrics: Vec<MetricCard> = METRICS
            .iter()
            .map(|metric| {
                let card = metric.card();
                MetricCard {
                    metric: metric.id(),
                    ids: metric.ids(),
                    purpose: card.purpose,
                    source: card.source,
                    limits: card.limits,
                }
            })
            .collect();
        let text: String = metrics
            .iter()
            .map(|card| {
                let MetricCard { metric, ids, purpose, source, limits } = card;
                let ids = ids.join("\n          ");
                format!(
                    "{metric}\n  for     {purpose}\n  limits  {limits}\n  source  {source}\n  ids     {ids}\n"
                )
            })
            .collect();
        context.print(&text, &metrics)?;
        Ok(Answer::Yes)
    }
}
