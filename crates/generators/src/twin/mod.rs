//! The twin of a whole History: proposals, members, votes with power, time and choice, all tied together.
//!
//! One process serves every regime (token governors, reputation DAOs, off-chain communities). Proposals
//! follow the learned calendar. Each brings newcomers and returning voters; who returns depends on how often
//! a member voted, how long ago, at which rhythm, and on its power ([`participation`]). A member's power
//! keeps its value or jumps; times in the window come from the member's sitting or from the law of the
//! window; choices meet the proposal's outcome in heads and in power ([`outcome`]). Keys, windows, single
//! ballots and tallies hold by construction. Who holds how much and who votes for whom is learned where the
//! data says ([`holdings`]); fits with privacy leave out who votes for whom.
//!
//! Everything is learned from one fixed list of counts ([`measure`]), exact or noisy, so that the private fit
//! is the same code on noisier numbers.

mod bins;
mod calibrate;
mod charge;
pub mod compare;
mod draw;
mod drift;
mod estimate;
mod files;
mod holdings;
mod manifest;
mod measure;
mod model;
mod outcome;
mod participation;
pub mod parts;
mod plan;
mod prior;
mod private;
mod rows;
mod sample;

use std::collections::BTreeMap;
use std::path::Path;

use daotwin_core::{ErrorKind, Run};
use daotwin_history::history::Manifest as HistoryManifest;
use daotwin_history::schema::Privacy;
use daotwin_history::synthesizer::{
    Card, Failure, FitOptions, Fitted, PrivacyOptions, SampleOptions, Size, Synthesizer,
};
use daotwin_history::view::DaoView;
use daotwin_history::{History, Table};
use rayon::prelude::*;

use crate::error::{Error, Result};
pub use manifest::{DaoEntry, Manifest};
pub use plan::CONDITIONS;

use model::DaoModel;
use parts::Parts;
use sample::{Folder, Memory};

/// The synthesizer of whole Histories.
#[derive(Debug)]
pub struct Twin;

/// A fitted twin.
#[derive(Debug)]
pub struct FittedTwin {
    manifest: Manifest,
    models: Vec<DaoModel>,
    /// One a DAO.
    parts: Vec<Parts>,
    measured: Vec<Measured>,
}

/// The noisy counts of one DAO by the name of their query; empty for a fit without privacy.
pub type Measured = BTreeMap<String, Vec<f64>>;

impl FittedTwin {
    /// What the twin says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Reads a twin's folder.
    ///
    /// # Errors
    /// [`Error::NotATwin`] with what is wrong; limits.
    pub fn read(folder: &Path, run: &Run) -> Result<Self> {
        files::read(folder, run)
    }

    /// Reads a twin from the bytes of its three files: `manifest.json`, `model.json`, `weights.safetensors`.
    ///
    /// # Errors
    /// [`Error::NotATwin`] with what is wrong.
    pub fn from_bytes(manifest: &[u8], model: &[u8], weights: &[u8]) -> Result<Self> {
        let path = Path::new("embedded");
        let twin = files::parse(path, manifest, model, weights)?;
        if twin.manifest.daos.iter().any(|entry| !entry.parts.is_empty()) {
            let reason = "its parts have models in folders of their own; read the whole folder".to_owned();
            return Err(Error::NotATwin { path: path.to_path_buf(), reason });
        }
        Ok(twin)
    }

    /// What a private fit measured of each DAO, noise included: all that it knows of the protected columns.
    pub fn measured(&self) -> &[Measured] {
        &self.measured
    }

    fn assemble(learned: Vec<Learned>, seed: daotwin_core::Seed, fingerprint: Option<String>) -> Self {
        let daos = learned
            .iter()
            .map(|learned| DaoEntry {
                dao: learned.model.dao.clone(),
                proposals: learned.model.slots.len() as u64,
                members: learned.model.members(),
                votes: learned.model.votes(),
                parts: learned.names.clone(),
                privacy: learned.privacy.clone(),
            })
            .collect();
        let manifest = Manifest {
            synthesizer: Twin.name().to_owned(),
            version: manifest::VERSION,
            daotwin: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            fingerprint,
            daos,
            public: columns(Privacy::Public, &learned),
            protected: columns(Privacy::Protected, &learned),
            left_out: BTreeMap::new(),
        };
        let mut twin = Self { manifest, models: Vec::new(), parts: Vec::new(), measured: Vec::new() };
        for learned in learned {
            twin.models.push(learned.model);
            twin.parts.push(learned.parts);
            twin.measured.push(learned.measured);
        }
        twin
    }

    fn history_manifest(&self, options: &SampleOptions) -> HistoryManifest {
        let mut provenance: BTreeMap<String, String> = BTreeMap::new();
        let mut note = |name: &str, value: String| provenance.insert(name.to_owned(), value);
        note("synthesizer", self.manifest.synthesizer.clone());
        note("daotwin", env!("CARGO_PKG_VERSION").to_owned());
        note("seed", options.seed.0.to_string());
        for entry in &self.manifest.daos {
            for (part, model) in &entry.parts {
                note(&format!("{part} of {}", entry.dao), model.clone());
            }
        }
        for (name, value) in &options.conditions {
            note(&format!("condition {name}"), value.clone());
        }
        if let Some(claim) = self.claim() {
            note("epsilon", claim.epsilon.to_string());
            note("delta", claim.delta.to_string());
            note("unit of privacy", claim.unit.clone());
        }
        HistoryManifest {
            decimals: self.decimals(),
            synthetic: true,
            provenance,
            ..HistoryManifest::default()
        }
    }

    fn claim(&self) -> Option<&daotwin_privacy::Claim> {
        self.manifest.daos.first()?.privacy.as_ref()?.claim.as_ref()
    }

    fn decimals(&self) -> u8 {
        self.models.iter().map(|model| model.decimals).max().unwrap_or(18)
    }

    fn fill(&self, options: &SampleOptions, sink: &mut impl sample::Sink, run: &Run) -> Result<()> {
        for (model, parts) in self.models.iter().zip(&self.parts) {
            sample::sample(model, parts, options, self.decimals(), sink, run)?;
        }
        Ok(())
    }
}

/// The tables of every sample.
const TABLES: [Table; 4] = [Table::Daos, Table::Members, Table::Proposals, Table::Votes];
/// The tables of those samples whose data has them; with privacy, holdings alone.
const FURTHER: [Table; 2] = [Table::Holdings, Table::Delegations];

fn columns(privacy: Privacy, learned: &[Learned]) -> BTreeMap<String, Vec<String>> {
    let known = |table: &Table| {
        let holdings = learned.iter().filter_map(|learned| learned.model.holdings.as_ref());
        holdings.into_iter().any(|holdings| holdings.knows(*table == Table::Delegations))
    };
    TABLES
        .into_iter()
        .chain(FURTHER.into_iter().filter(known))
        .map(|table| {
            let columns = table.columns().iter().filter(|column| column.privacy == privacy);
            (table.name().to_owned(), columns.map(|column| column.name.to_owned()).collect())
        })
        .collect()
}

/// The tables that a sample will not have, with the reason. Under privacy the reason comes from the noisy
/// counts and not from the data.
fn left_out(history: &History, twin: &FittedTwin, private: bool) -> BTreeMap<String, String> {
    let holdings = twin.manifest.protected.contains_key(Table::Holdings.name());
    let reason = |table: &Table| match table {
        table if TABLES.contains(table) => None,
        Table::Holdings if private && holdings => None,
        Table::Holdings if private => Some("the noise would hide that many holders"),
        Table::Delegations if private => Some("a row names two members, so no bound on one member holds it"),
        _ if private => Some("fits with privacy do not look at it"),
        table if FURTHER.contains(table) => None,
        table => (history.rows(*table) > 0).then_some("the twin has no model of it"),
    };
    let all = Table::ALL.into_iter();
    all.filter_map(|table| Some((table.name().to_owned(), reason(&table)?.to_owned()))).collect()
}

/// Pools the laws of the DAOs of a public History, as the JSON text of the embedded prior. Made once by
/// `cargo xtask prior`.
///
/// # Errors
/// Cancellation; a damaged History.
pub fn pool_prior(history: &History, daos: &[&str], run: &Run) -> Result<String> {
    let mut views = DaoView::all(history)?;
    views.retain(|view| daos.contains(&view.dao.as_str()));
    let prior = prior::Prior::pool(&views, run)?;
    serde_json::to_string_pretty(&prior).map_err(|error| Error::Defect(error.to_string()))
}

/// Fits the twin.
///
/// # Errors
/// An unknown DAO, a History without votes and proposals, limits, cancellation; the budget.
pub fn fit(history: &History, options: &FitOptions, run: &Run) -> Result<FittedTwin> {
    let views = match &options.dao {
        Some(dao) => vec![DaoView::one(history, Some(dao))?],
        None => DaoView::all(history)?,
    };
    let prior = prior::Prior::embedded()?;
    let chosen = parts::chosen(options)?;
    if let Some(privacy) = &options.privacy {
        // All of them before the first charge: what is charged is spent.
        let problems = refusals(&views, privacy, &prior);
        if !problems.is_empty() {
            return Err(Error::Options { problems });
        }
    }
    let total = views.len() as u64;
    let done = std::sync::atomic::AtomicU64::new(0);
    let one = |view: &DaoView| -> Result<Learned> {
        let law = prior.of(&view.platform);
        let learned = match &options.privacy {
            None => {
                let mut model = estimate::exact_model(view, &law, options.seed, run)?;
                model.holdings = holdings::learn(history, view, model.members())?;
                let (parts, names) = Parts::fit(&model, view, &chosen, options, run)?;
                Learned { model, parts, names, measured: BTreeMap::new(), privacy: None }
            }
            Some(privacy) => {
                // Nothing is charged for a run that has been told to stop.
                run.check()?;
                let (counts, statement) = charge::noisy_counts(history, view, privacy)?;
                let measured = counts.named();
                let model = estimate::private_model(view, counts, &law, options.seed, run)?;
                let (parts, names) = (Parts::default(), BTreeMap::new());
                Learned { model, parts, names, measured, privacy: Some(statement) }
            }
        };
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        run.step("fit", done, total)?;
        Ok(learned)
    };
    let learned: Vec<Learned> = views.par_iter().map(one).collect::<Result<_>>()?;
    // The fingerprint would tell whether a guess of the protected columns is right.
    let fingerprint = match options.privacy {
        None => Some(history.fingerprint()?),
        Some(_) => None,
    };
    let mut twin = FittedTwin::assemble(learned, options.seed, fingerprint);
    twin.manifest.left_out = left_out(history, &twin, options.privacy.is_some());
    Ok(twin)
}

/// Why these DAOs cannot be fitted privately, as far as it is known without a look at the ledger.
fn refusals(views: &[DaoView], privacy: &PrivacyOptions, prior: &prior::Prior) -> Vec<String> {
    let mut problems: Vec<String> = views
        .iter()
        .filter_map(|view| {
            let pooled = prior.pooled_from(view)?;
            let is = if pooled == view.dao { String::new() } else { format!("holds proposals of `{pooled}`, which ") };
            Some(format!(
                "`{}` {is}is one of the DAOs whose public history the prior was made from, so a private fit of \
                 it would claim more than it keeps; fit it without `--epsilon`",
                view.dao
            ))
        })
        .collect();
    if let Some(account) = privacy.account.as_ref().filter(|_| views.len() > 1) {
        problems.push(format!(
            "the History holds {} DAOs, and the account `{account}` is that of one; name it with `--dao`",
            views.len()
        ));
    }
    problems
}

/// What was learned of one DAO.
struct Learned {
    model: DaoModel,
    parts: Parts,
    /// Which model draws which part.
    names: BTreeMap<String, String>,
    measured: Measured,
    privacy: Option<daotwin_privacy::Statement>,
}

impl Synthesizer for Twin {
    fn name(&self) -> &'static str {
        "twin"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "whole Histories: proposals, members, votes with power, time and choice, holdings, \
                      delegations",
            source: "recurrent events with gap-time and count-dependent rates (Cook and Lawless 2007, ch. 4-5); \
                     calibration by indirect inference (Gourieroux, Monfort and Renault 1993)",
            limits: "choices follow each proposal's outcome; opposing blocs are kept only as far as members \
                     differ in their readiness to dissent; private fits leave delegations out",
            bytes_per_vote: 4_096,
        }
    }

    fn fit(
        &self,
        history: &History,
        options: &FitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn Fitted>, Failure> {
        Ok(Box::new(fit(history, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn Fitted>, Failure> {
        Ok(Box::new(FittedTwin::read(folder, run)?))
    }
}

impl Fitted for FittedTwin {
    fn size(&self) -> Size {
        let daos = &self.manifest.daos;
        // Measured under privacy, a count of members can be below zero or fractional.
        Size {
            members: daos.iter().map(|dao| dao.members.max(0.0).round() as u64).sum(),
            proposals: daos.iter().map(|dao| dao.proposals).sum(),
        }
    }

    fn sample(&self, options: &SampleOptions, run: &Run) -> std::result::Result<History, Failure> {
        let mut memory = Memory::default();
        self.fill(options, &mut memory, run)?;
        Ok(memory.finish(self.history_manifest(options))?)
    }

    fn sample_to(
        &self,
        folder: &Path,
        options: &SampleOptions,
        run: &Run,
    ) -> std::result::Result<HistoryManifest, Failure> {
        let mut sink = Folder::create(folder, self.decimals())?;
        self.fill(options, &mut sink, run)?;
        Ok(sink.finish(self.history_manifest(options))?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        if folder.as_os_str().is_empty() {
            let problems = vec!["the twin's folder has an empty name".to_owned()];
            return Err(Failure { kind: ErrorKind::Usage, source: Box::new(Error::Options { problems }) });
        }
        Ok(files::write(folder, self)?)
    }
}
