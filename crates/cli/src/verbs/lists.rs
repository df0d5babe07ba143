//! `daotwin formats`, `models`, `metrics`, `rules`, `scenarios`, `incidents`: what the registries hold.

use clap::Args;
use daotwin::evaluation::METRICS;
use daotwin::generators::registry::SYNTHESIZERS;
use daotwin::generators::table::registry::TABLE_SYNTHESIZERS;
use daotwin::history::export::EXPORTERS;
use daotwin::history::ingest::IMPORTERS;
use daotwin::simulation::governance::registry as rules;
use daotwin::simulation::governance::{Card, registry::RULES};
use daotwin::simulation::incidents::registry::INCIDENTS;
use daotwin::simulation::scenario::behaviours::{BEHAVIOURS, Behaviour};
use daotwin::simulation::scenario::conditions::{CONDITIONS, Kind};
use daotwin::simulation::scenario::gallery::GALLERY;
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

/// Lists the rules of governance, or asks one what it makes of a case.
#[derive(Debug, Args)]
#[command(
    help_template = crate::arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin rules\n  \
        daotwin rules governor-bravo\n  \
        daotwin rules governor-bravo --case case.json\n"
)]
pub(crate) struct Rules {
    /// Only this rule, with its exact definition and an example of a case.
    rule: Option<String>,
    /// A case to decide, as JSON; its outcome is printed.
    #[arg(long, value_name = "FILE", requires = "rule")]
    case: Option<std::path::PathBuf>,
}

#[derive(Serialize)]
struct Listed {
    rule: &'static str,
    #[serde(flatten)]
    card: Card,
}

impl Rules {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let Some(name) = self.rule else {
            let listed: Vec<Listed> =
                RULES.iter().map(|rule| Listed { rule: rule.name(), card: rule.card() }).collect();
            let text: String =
                listed.iter().map(|listed| format!("{}\n  {}\n", listed.rule, listed.card.purpose)).collect();
            context.print(&text, &listed)?;
            return Ok(Answer::Yes);
        };
        let names: Vec<&str> = RULES.iter().map(|rule| rule.name()).collect();
        let rule = rules::find(&name).map_err(|_| crate::output::unknown("rule", &name, &names))?;
        if let Some(path) = self.case {
            let bytes = daotwin::core::files::read_limited(&path, context.run.limits.max_file_bytes)?;
            let case: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| {
                Failure::usage(format!("`{}`, line {}, is not JSON: {error}", path.display(), error.line()))
            })?;
            let outcome = rule.decide(&case)?;
            context.print(&format!("{outcome:#}\n"), &outcome)?;
            return Ok(Answer::Yes);
        }
        let card = rule.card();
        let text = format!(
            "{name}\n  {}\n\ndefinition\n  {}\n\nsource\n  {}\n\nlimits\n  {}\n\na case\n{}\n",
            card.purpose, card.definition, card.source, card.limits, card.example
        );
        context.print(&text, &Listed { rule: rule.name(), card })?;
        Ok(Answer::Yes)
    }
}

/// Lists the ready scenarios, and the conditions and behaviours that a scenario's file may name.
#[derive(Debug, Args)]
#[command(
    help_template = crate::arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin scenarios\n  \
        daotwin scenarios downturn > downturn.toml\n"
)]
pub(crate) struct Scenarios {
    /// Print the file of this ready scenario.
    name: Option<String>,
}

#[derive(Serialize)]
struct Ready {
    scenario: &'static str,
    file: &'static str,
}

#[derive(Serialize)]
struct Scene {
    ready: Vec<Ready>,
    conditions: &'static [Kind],
    behaviours: &'static [Behaviour],
}

impl Scenarios {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        if let Some(name) = self.name {
            let known: Vec<&str> = GALLERY.iter().map(|(name, _)| *name).collect();
            let Some((scenario, file)) = GALLERY.iter().copied().find(|(known, _)| *known == name) else {
                return Err(crate::output::unknown("scenario", &name, &known));
            };
            context.print(file, &Ready { scenario, file })?;
            return Ok(Answer::Yes);
        }
        let ready: Vec<Ready> = GALLERY.iter().map(|&(scenario, file)| Ready { scenario, file }).collect();
        let mut text = "ready scenarios\n".to_owned();
        for (name, file) in GALLERY {
            let about = file.lines().find_map(|line| line.strip_prefix("about = ")).unwrap_or_default();
            text.push_str(&format!("  {name}: {}\n", about.trim_matches('"')));
        }
        text.push_str("\nconditions of a scenario's file\n");
        for kind in CONDITIONS {
            text.push_str(&format!("  {}: {}\n", kind.name, kind.effect));
            for field in kind.fields {
                let default =
                    field.default.map_or(String::new(), |default| format!(" ({default} where not given)"));
                text.push_str(&format!("    {}: {}{default}\n", field.name, field.what));
            }
        }
        text.push_str(
            "\nbehaviours of a scenario's file (`[behaviours]`: \"prior\", a number, or \"off\")\n",
        );
        for behaviour in BEHAVIOURS {
            let Behaviour { name, what, acts, formula, prior, evidence, .. } = behaviour;
            let on = acts.on();
            text.push_str(&format!(
                "  {name}: {what}\n    on        {on}\n    term      {formula}\n    prior     {prior}\n    evidence  {evidence}\n"
            ));
        }
        context.print(&text, &Scene { ready, conditions: CONDITIONS, behaviours: BEHAVIOURS })?;
        Ok(Answer::Yes)
    }
}

/// Lists the incidents that `simulate --incident` replays.
#[derive(Debug, Args)]
pub(crate) struct Incidents {}

#[derive(Serialize)]
struct Past {
    incident: &'static str,
    dao: &'static str,
    date: &'static str,
    happened: &'static str,
}

impl Incidents {
    #[expect(clippy::unused_self, reason = "every verb is run the same way")]
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let listed: Vec<Past> = INCIDENTS
            .iter()
            .map(|incident| {
                let card = incident.card();
                Past { incident: incident.name(), dao: card.dao, date: card.date, happened: card.happened }
            })
            .collect();
        let text: String = listed
            .iter()
            .map(|past| format!("{} ({}, {})\n  {}\n", past.incident, past.dao, past.date, past.happened))
            .collect();
        context.print(&text, &listed)?;
        Ok(Answer::Yes)
    }
}
