//! `daotwin formats`, `models`: what the registries hold.

use clap::Args;
use daotwin::generators::registry::SYNTHESIZERS;
use daotwin::history::ingest::IMPORTERS;
use serde::Serialize;

use crate::Answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;

/// Lists the formats that `ingest` recognises and `export` writes.
#[derive(Debug, Args)]
pub(crate) struct Formats {}

#[derive(Serialize)]
struct Format {
    format: &'static str,
    description: &'static str,
}

impl Formats {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let formats: Vec<Format> = IMPORTERS
            .iter()
            .map(|importer| Format { format: importer.name(), description: importer.description() })
            .collect();
        let rows: Vec<Vec<String>> = formats
            .iter()
            .map(|format| vec![format.format.to_owned(), format.description.to_owned()])
            .collect();
        context.print(&table(&["format", "reads"], &rows), &formats)?;
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
