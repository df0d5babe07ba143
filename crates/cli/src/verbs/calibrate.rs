//! `daotwin calibrate`: the parameters of a simulated DAO fitted to a History, with their uncertainty.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::Seed;
use daotwin::history::History;
use daotwin::history::view::DaoView;
use daotwin::simulation::calibration::forecast::{Forecast, HEADS, Score, forecast};
use daotwin::simulation::calibration::{self, Calibration, Options};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::check_parent;
use crate::verbs::evaluate::number;
use crate::verbs::report::Format;
use crate::{Answer, arguments};

/// Fits the parameters of a simulated DAO to a History, by simulation alone: moments, sequential Monte Carlo, and a
/// network that has learned the posterior. Says which parameters the record tells about and which it does not.
///
/// What is done is kept in a folder beside the report (`<report>.parts`) until it is written: interrupted, the same
/// command goes on from there and ends with the same report.
///
/// The report is computed from the records and is not private.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin calibrate history --out calibration.html\n  \
        daotwin calibrate history --dao example.eth --simulations 5000 --out calibration.html --json\n"
)]
pub(crate) struct Calibrate {
    /// The History's folder.
    history: PathBuf,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The DAO, where there are several.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Simulations that the posterior is learned from.
    #[arg(long, value_name = "N", default_value_t = Options::default().simulations)]
    simulations: u64,
    /// Members of the simulated DAO, voters or not; four times as many as voted where not given.
    #[arg(long, value_name = "N")]
    agents: Option<u32>,
    /// Also holds a fit to the first 70 % of the proposals against the others, beside baselines.
    #[arg(long)]
    forecast: bool,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl Calibrate {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let format = Format::of(&self.out)?;
        check_parent(&self.out)?;
        if super::manifest(&self.history).is_ok_and(|manifest| manifest.get("synthesizer").is_some()) {
            return Err(Failure::usage(format!(
                "`{}` is a twin; a calibration reads a History (`daotwin sample` draws one from a twin)",
                self.history.display()
            )));
        }
        let history = History::read(&self.history, &context.run)?;
        let view = DaoView::one(&history, self.dao.as_deref())?;
        let options = Options {
            seed: Seed(self.seed),
            simulations: self.simulations,
            agents: self.agents,
            ..Options::default()
        };
        let mut parts = self.out.as_os_str().to_owned();
        parts.push(".parts");
        let parts = PathBuf::from(parts);
        let found = calibration::calibrate_kept(&view, &options, &parts, &context.run)?;
        let forecast = self
            .forecast
            .then(|| {
                // A forecast takes four fits; each needs fewer simulations than parameters do.
                let options = Options { simulations: self.simulations.min(2_000), epochs: 30, ..options };
                forecast(&view, 0.7, 1_000, &options, &context.run)
            })
            .transpose()?;
        let mut document = found.document();
        let mut words = text(&found);
        if let Some(forecast) = &forecast {
            document.sections.push(forecast.section());
            let rows: Vec<Vec<String>> = forecast.scores.iter().map(Score::cells).collect();
            let (learned, foretold) = forecast.proposals;
            words.push_str(&format!(
                "\nLearned from {learned} proposals, foretold {foretold}; CRPS, less is better:\n{}",
                table(&HEADS, &rows)
            ));
        }
        format.write(&document, &self.out)?;
        std::fs::remove_dir_all(&parts).map_err(|source| daotwin::core::Error::Io {
            action: "remove",
            path: parts,
            source,
        })?;
        context.print(&words, &Found { calibration: &found, forecast: forecast.as_ref() })?;
        context.note(&format!("report written to `{}`; it is not private", self.out.display()));
        Ok(Answer::Yes)
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Found<'a> {
    #[serde(flatten)]
    calibration: &'a Calibration,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<&'a Forecast>,
}

/// The parameters with their intervals, and what the model misses.
fn text(found: &Calibration) -> String {
    let rows: Vec<Vec<String>> = found
        .parameters
        .iter()
        .map(|fitted| {
            let [low, median, high] = fitted.posterior.quantiles;
            let told = if fitted.identified { "yes" } else { "no" };
            vec![
                fitted.name.to_owned(),
                number(median),
                format!("{} to {}", number(low), number(high)),
                told.to_owned(),
            ]
        })
        .collect();
    let missed: Vec<&str> = found.missed().iter().map(|check| check.name).collect();
    let missed = if missed.is_empty() {
        "Every recorded statistic lies where simulations from the posterior do.".to_owned()
    } else {
        format!("The model misses (two-sided p of 0.01): {}.", missed.join(", "))
    };
    format!("{}\n{missed}\n", table(&["parameter", "median", "90 % interval", "identified"], &rows))
}
