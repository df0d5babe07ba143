//! `daotwin formats`, `models`, `metrics`: what the registries hold.

use clap::Args;
use daotwin::evaluation::METRICS;
use daotwin::generators::registry::SYNTHESIZERS;
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
    purpose: &'static str,
    source: &'static str,
    limits: &'static str,
}

impl Models {
    #[expect(clippy::unused_self, reason = "every verb is run the same way")]
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let models: Vec<Model> = SYNTHESIZERS
            .iter()
            .map(|model| {
                let card = model.card();
                Model { model: model.name(), purpose: card.purpose, source: card.source, limits: card.limits }
            })
            .collect();
        let text: String = models
            .iter()
            .map(|model| {
                let Model { model, purpose, source, limits } = model;
                format!("{model}\n  for     {purpose}\n  limits  {limits}\n  source  {source}\n")
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
