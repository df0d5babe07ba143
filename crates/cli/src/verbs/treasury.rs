//! `daotwin treasury`: how long a treasury lasts, and what to do.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::Seed;
use daotwin::core::files::read_limited;
use daotwin::history::History;
use daotwin::treasury::market::prices::Prices;
use daotwin::treasury::market::registry::MARKET_MODELS;
use daotwin::treasury::plan::described::Described;
use daotwin::treasury::plan::{Options, Plan, plan};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::check_parent;
use crate::verbs::report::Format;
use crate::{Answer, arguments};

/// Plans a DAO's treasury: how long it lasts, how likely it fails, which policy helps, what shocks do, what to hold.
///
/// What it holds and pays is read from the History's transfers and holdings, or said in a TOML file, which counts first.
/// Prices to come are drawn from a market model fitted to price files; where there are none, laws are assumed, and the
/// report says so. Policies are tuned on some paths and judged on others; sales of the own token move its price.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin treasury history --token MANA --prices prices --out treasury.html\n  \
        daotwin treasury history --plan treasury.toml --prices prices.csv --months 24 --out treasury.html\n  \
        daotwin treasury --plan treasury.toml --out treasury.html --json\n  \
        daotwin treasury --list\n"
)]
pub(crate) struct Treasury {
    /// The History's folder; without one, `--plan` says everything.
    #[arg(required_unless_present_any = ["plan", "list"])]
    history_folder: Option<PathBuf>,
    /// What the treasury holds and pays, and its market: TOML with `[[assets]]`, `[bills]`, `[[streams]]`, `[[vesting]]`,
    /// `[[grants]]`, `[impact]`, `token`, `accounts` and `drift` (`daotwin schema treasury`). What it does not say is read from
    /// the records or assumed.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Daily prices: a CSV or Parquet file with columns `symbol`, `day` and `close`, or a folder of such files.
    #[arg(long, value_name = "FILE or FOLDER")]
    prices: Option<PathBuf>,
    /// The DAO's own token.
    #[arg(long, value_name = "NAME")]
    token: Option<String>,
    /// Months of the plan.
    #[arg(long, value_name = "N", default_value_t = 36)]
    months: usize,
    /// Paths that policies are judged on.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    paths: usize,
    /// The market model (`--list`); `t-copula` where not given, `bootstrap` of fewer than 250 days.
    #[arg(long, value_name = "NAME")]
    market: Option<String>,
    /// The DAO, where there are several.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Drives every draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The report: `.html`, `.md` or `.json`.
    #[arg(long, short, required_unless_present = "list", value_name = "FILE")]
    out: Option<PathBuf>,
    /// List market models instead.
    #[arg(long, conflicts_with_all = ["history_folder", "plan", "out"])]
    list: bool,
}

#[derive(Debug, Serialize)]
struct Model {
    name: &'static str,
    purpose: &'static str,
    source: &'static str,
    limits: &'static str,
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let models: Vec<Model> = MARKET_MODELS
        .iter()
        .map(|model| {
            let card = model.card();
            Model { name: model.name(), purpose: card.purpose, source: card.source, limits: card.limits }
        })
        .collect();
    let rows: Vec<Vec<String>> = models
        .iter()
        .map(|model| [model.name, model.purpose, model.limits].map(str::to_owned).into())
        .collect();
    context.print(&table(&["model", "for", "not for"], &rows), &models)?;
    Ok(Answer::Yes)
}

impl Treasury {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        let Some(out) = &self.out else { return list(context) };
        let format = Format::of(out)?;
        check_parent(out)?;
        // What is wrong with each of the files is told together.
        let mut problems = vec![];
        let mut kept = |result: Result<(), Failure>| match result {
            Err(Failure::Error { kind, message }) if kind != daotwin::core::ErrorKind::Cancelled => {
                problems.push((kind, message));
                Ok(())
            }
            other => other,
        };
        let (mut described, mut prices, mut history) = (Described::default(), Prices::default(), None);
        kept(self.described(context).map(|read| described = read))?;
        if let Some(path) = &self.prices {
            kept(Prices::read(path, &context.run).map(|read| prices = read).map_err(Failure::from))?;
        }
        if let Some(folder) = &self.history_folder {
            kept(
                History::read(folder, &context.run).map(|read| history = Some(read)).map_err(Failure::from),
            )?;
        }
        if let Some((kind, _)) = problems.first() {
            let lines: Vec<&str> = problems.iter().map(|(_, message)| message.as_str()).collect();
            return Err(Failure::new(*kind, lines.join("\n")));
        }
        let options = Options {
            months: self.months,
            paths: self.paths,
            seed: Seed(self.seed),
            market: self.market.clone(),
            token: self.token.clone(),
            dao: self.dao.clone(),
            ..Options::default()
        };
        let found = plan(history.as_ref(), &prices, &described, &options, &context.run)?;
        format.write(&found.document(), out)?;
        context.print(&text(&found), &found)?;
        for line in &found.assumptions {
            context.note(line);
        }
        let private =
            if history.is_some() { "; it is computed from the records and is not private" } else { "" };
        context.note(&format!("report written to `{}`{private}", out.display()));
        Ok(Answer::Yes)
    }

    fn described(&self, context: &Context) -> Result<Described, Failure> {
        let Some(path) = &self.plan else { return Ok(Described::default()) };
        let name = path.display();
        let bytes = read_limited(path, context.run.limits.max_file_bytes)?;
        let text =
            String::from_utf8(bytes).map_err(|_| Failure::usage(format!("`{name}` is not text in UTF-8")))?;
        Described::read(&text).map_err(|error| {
            let lines: Vec<String> =
                error.to_string().lines().map(|line| format!("`{name}`: {line}")).collect();
            Failure::new(error.kind(), lines.join("\n"))
        })
    }
}

/// The answer, every policy and every shock, for people.
fn text(found: &Plan) -> String {
    let policies: Vec<Vec<String>> = found
        .policies
        .iter()
        .map(|judged| {
            let mark = if judged.policy == found.recommended { " (recommended)" } else { "" };
            vec![
                format!("{}{mark}", judged.policy),
                format!("{:.1}", judged.score.runway_p10),
                format!("{:.1}", judged.score.runway_p50),
                format!("{:.1} %", 100.0 * judged.score.ruin),
                format!("{:.1} %", 100.0 * judged.cvar.0),
                format!("{:.1} %", 100.0 * judged.drawdown.0),
            ]
        })
        .collect();
    let shocks: Vec<Vec<String>> = found
        .stress
        .iter()
        .map(|stress| {
            vec![
                stress.what.clone(),
                format!("{:.1}", stress.recommended.0),
                format!("{:.1} %", 100.0 * stress.recommended.2),
                format!("{:.1} %", 100.0 * stress.hold.2),
            ]
        })
        .collect();
    format!(
        "{}\n\n{}\n{}",
        found.verdict().text,
        table(&["policy", "runway P10 (months)", "median", "ruin", "CVaR 95 %", "drawdown"], &policies),
        table(&["what happens", "runway P10", "ruin", "ruin, doing nothing"], &shocks)
    )
}
