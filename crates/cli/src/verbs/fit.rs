//! `daotwin fit`: a model learns a History and is written as a twin.

use std::path::PathBuf;

use clap::Args;
use daotwin::core::Seed;
use daotwin::generators::registry;
use daotwin::history::History;
use daotwin::history::synthesizer::{FitOptions, PrivacyOptions, Synthesizer};

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::verbs::{check_new, facts, manifest};
use crate::{Answer, arguments, output};

/// The delta of a private fit that names none.
const DELTA: f64 = 1e-6;

/// Learns a History's statistics, or a table's, and writes them as a twin.
///
/// With `--epsilon` the twin hides each member with everything it did, up to (epsilon, delta): the price is
/// charged to the DAO's account in the privacy ledger before anything is drawn; `daotwin privacy register`
/// opens the account. Without it the twin is exact and as private as the History itself.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin fit history --out twin\n  \
        daotwin fit history --out twin --part votes=forest\n  \
        daotwin privacy register decentraland --epsilon 3 --delta 1e-6\n  \
        daotwin fit history --out twin --epsilon 3 --delta 1e-6 --account decentraland\n  \
        daotwin fit table.csv --out model --model auto\n  \
        daotwin fit noisy.csv --columns columns.toml --reports noisy.json --out model\n"
)]
pub(crate) struct Fit {
    /// The History's folder, or a table: a CSV or Parquet file.
    pub(super) history: PathBuf,
    /// The twin's new folder.
    #[arg(long, short, value_name = "FOLDER")]
    pub(super) out: PathBuf,
    /// The model, by name (`daotwin models` lists them), or `auto`; `twin+NAME` has each part of a History drawn
    /// by a model of tables.
    #[arg(long, value_name = "NAME")]
    pub(super) model: Option<String>,
    /// Has a part of a History, `votes` or `proposals`, drawn by a model of tables (`votes=forest`) or by the twin's
    /// own estimators (`proposals=twin`). May be given several times.
    #[arg(long = "part", value_name = "PART=MODEL", value_parser = part)]
    pub(super) parts: Vec<(String, String)>,
    /// The DAO to learn, where the History holds several; all of them together where not given.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Drives everything but privacy noise (0 where not given).
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// What a table's columns are, in TOML; what it does not say is read from the data.
    #[arg(long, value_name = "FILE")]
    pub(super) columns: Option<PathBuf>,
    /// The statement of a table of reports (`daotwin randomise`); their noise is taken out of the counts.
    #[arg(long, value_name = "FILE")]
    pub(super) reports: Option<PathBuf>,
    /// A setting of a table's model (`daotwin models` lists them); may be given several times.
    #[arg(long = "set", value_name = "NAME=NUMBER", value_parser = setting)]
    pub(super) settings: Vec<(String, f64)>,
    /// Where a long fit of a table keeps what it has learned so far: after an interruption the same command goes
    /// on from there, to the same model. As private as the table; removed at the end.
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,
    /// The privacy loss that each member accepts; no privacy where not given.
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    epsilon: Option<f64>,
    /// The chance that the loss is larger (1e-6 where not given).
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    delta: Option<f64>,
    /// The privacy ledger's folder.
    #[arg(long, value_name = "FOLDER")]
    ledger: Option<PathBuf>,
    /// The ledger's account to charge; the DAO's own id where not given.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

impl Fit {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        check_new(&self.out)?;
        if self.history.is_file() {
            if !self.parts.is_empty() {
                return Err(Failure::usage(
                    "`--part` belongs to Histories; a table has one model, `--model`",
                ));
            }
            return super::table::fit(&self, context);
        }
        if self.columns.is_some()
            || self.reports.is_some()
            || !self.settings.is_empty()
            || self.checkpoint.is_some()
        {
            return Err(Failure::usage(
                "`--columns`, `--reports`, `--set` and `--checkpoint` belong to tables; a History has its own \
                 columns and is learned in seconds",
            ));
        }
        let privacy = self.privacy(context)?;
        let (model, mut parts) = model(self.model.as_deref().or(context.config.fit.model.as_deref()))?;
        parts.extend(self.parts.iter().cloned());
        let history = History::read(&self.history, &context.run)?;
        let seed = Seed(self.seed.or(context.config.fit.seed).unwrap_or(0));
        let options = FitOptions { seed, dao: self.dao.clone(), privacy, parts };
        let fitted = model.fit(&history, &options, &context.run)?;
        context.run.check()?;
        fitted.save(&self.out)?;
        let manifest = manifest(&self.out)?;
        context.print(&facts(&manifest), &manifest)?;
        context.note(&format!("twin written to `{}`", self.out.display()));
        if options.privacy.is_none() {
            context.note("this twin has no privacy guarantee; `--epsilon 3` gives one");
        }
        context.next(&format!("daotwin sample {} --out synthetic", shown(&self.out)));
        Ok(Answer::Yes)
    }

    /// The guarantee that the options and the settings ask for.
    pub(super) fn privacy(&self, context: &Context) -> Result<Option<PrivacyOptions>, Failure> {
        let config = &context.config.privacy;
        let Some(epsilon) = self.epsilon.or(config.epsilon) else {
            if self.delta.is_some() || self.account.is_some() || self.ledger.is_some() {
                return Err(Failure::usage(
                    "`--delta`, `--ledger` and `--account` belong to a private fit; give `--epsilon` too",
                ));
            }
            return Ok(None);
        };
        let delta = self.delta.or(config.delta).unwrap_or(DELTA);
        // Refuses what no fit can keep before any data is read.
        daotwin::privacy::Budget::new(epsilon, delta)?;
        let ledger = match self.ledger.clone().or_else(|| config.ledger.clone()) {
            Some(ledger) => ledger,
            None => daotwin::privacy::ledger::default_path()?,
        };
        let account = self.account.clone().or_else(|| config.account.clone());
        Ok(Some(PrivacyOptions { epsilon, delta, ledger, account, test_noise: None }))
    }
}

fn setting(text: &str) -> Result<(String, f64), String> {
    let read = text.split_once('=').and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
    read.ok_or_else(|| "a setting is `NAME=NUMBER`, for example `min_leaf=20`".to_owned())
}

fn part(text: &str) -> Result<(String, String), String> {
    let read = text.split_once('=').map(|(part, model)| (part.to_owned(), model.to_owned()));
    read.ok_or_else(|| "a part is `PART=MODEL`, for example `votes=forest`".to_owned())
}

/// A model, and models of its parts as (part, model).
type Named = (&'static dyn Synthesizer, Vec<(String, String)>);

/// The model of this name, with the models of parts that the name asks for; the first one for `auto`.
fn model(name: Option<&str>) -> Result<Named, Failure> {
    let known = || registry::SYNTHESIZERS.iter().map(|model| model.name()).collect::<Vec<_>>();
    match name {
        None | Some("auto") => {
            let first = registry::SYNTHESIZERS.first().copied();
            first.map(|model| (model, Vec::new())).ok_or_else(|| Failure::defect("no model is registered"))
        }
        Some(name) => registry::find_with_parts(name).ok_or_else(|| output::unknown("model", name, &known())),
    }
}
