//! Parts of a History that a model of tables can draw in the twin's place.
//!
//! A part is a frame: columns that are known when a row is drawn, and columns that are drawn. The model learns
//! the whole frame and later fills in what is missing. What the twin guarantees stays its own: who votes, each
//! once, inside the windows, and the heads and power of every choice of a proposal.

mod proposals;
mod sheet;
mod votes;

use std::collections::BTreeMap;
use std::path::Path;

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{FittedTable, TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::{Failure, FitOptions};
use daotwin_history::view::DaoView;

pub(crate) use proposals::Calendar;
pub(crate) use votes::{Setting, Voting};

use super::model::DaoModel;
use crate::error::{Error, Result};
use crate::table::registry;

/// A part of a History that a model of tables can draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// When each ballot is cast, and who leans to which choice.
    Votes,
    /// Kind, quorum, windows and calendar of proposals.
    Proposals,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 2] = [Self::Votes, Self::Proposals];

    /// The name that users give.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Votes => "votes",
            Self::Proposals => "proposals",
        }
    }

    /// The part with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// Rows below which a model would learn little but single rows, and the twin draws the part itself.
    const fn least_rows(self) -> usize {
        match self {
            Self::Votes => 200,
            Self::Proposals => 40,
        }
    }

    /// Rows above which the twin draws the part itself. Proposals follow each other, so that a model draws them one
    /// by one: a hundred thousand would take a minute.
    const fn most_rows(self) -> usize {
        match self {
            Self::Votes => usize::MAX,
            Self::Proposals => 20_000,
        }
    }
}

/// The models of the registry of tables that can draw a part: those that fill in missing values.
pub const MODELS: [&str; 3] = ["forest", "mixture", "autoregressive"];

/// The twin's own estimators: what a fit asks for to draw a part without a model of tables, and what a manifest
/// says where a DAO has too few rows for the model.
pub const OWN: &str = "twin";

/// The models of parts that a fit without privacy takes where it names none: those that score best on DAOs that had
/// no say in the choice (example `parts`).
pub const DEFAULT: [(Part, &str); 1] = [(Part::Proposals, "mixture")];

/// The model of each part that one draws.
pub(crate) type Chosen = BTreeMap<Part, &'static dyn TableSynthesizer>;

/// The models that a fit asks for.
///
/// # Errors
/// [`Error::Options`] with everything wrong: parts and models that are not known, a part named twice, a private
/// fit.
pub(crate) fn chosen(options: &FitOptions) -> Result<Chosen> {
    let mut problems = Vec::new();
    let mut named: BTreeMap<Part, Option<&'static dyn TableSynthesizer>> = BTreeMap::new();
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    for (part, model) in &options.parts {
        let found = Part::find(part);
        if found.is_none() {
            let parts = list(&Part::ALL.map(Part::name));
            problems.push(format!("there is no part `{part}` of a History; parts are {parts}"));
        }
        let synthesizer = if MODELS.contains(&model.as_str()) { registry::find(model) } else { None };
        if synthesizer.is_none() && model != OWN {
            problems.push(format!(
                "part `{part}` cannot be drawn by `{model}`; models that can draw a part are {}, and `{OWN}` is \
                 without any",
                list(&MODELS)
            ));
        }
        if let Some(part) = found
            && named.insert(part, synthesizer).is_some()
        {
            problems.push(format!("part `{}` is given twice; one model a part is allowed", part.name()));
        }
    }
    if options.privacy.is_some() && options.parts.iter().any(|(_, model)| model != OWN) {
        problems.push(
            "models of parts have no private fit; leave them out, and the twin draws every part from what it \
             paid for"
                .to_owned(),
        );
    }
    if !problems.is_empty() {
        return Err(Error::Options { problems });
    }
    if options.privacy.is_none() {
        for (part, model) in DEFAULT {
            named.entry(part).or_insert_with(|| registry::find(model));
        }
    }
    Ok(named.into_iter().filter_map(|(part, synthesizer)| Some((part, synthesizer?))).collect())
}

/// The models of the parts of one DAO.
#[derive(Default)]
pub(crate) struct Parts {
    models: BTreeMap<Part, Box<dyn FittedTable>>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.models.keys()).finish()
    }
}

/// An error of a model of tables as one of this room.
fn own(failure: Failure) -> Error {
    let kind = failure.kind;
    match failure.source.downcast::<Error>() {
        Ok(error) => *error,
        Err(other) if kind == daotwin_core::ErrorKind::Input => Error::Nothing(other.to_string()),
        Err(other) => Error::Defect(other.to_string()),
    }
}

impl Parts {
    /// Fits what was chosen; the second value says, for the manifest, which model draws which part.
    ///
    /// # Errors
    /// Those of the models; cancellation.
    pub(crate) fn fit(
        model: &DaoModel,
        view: &DaoView,
        chosen: &Chosen,
        options: &FitOptions,
        run: &Run,
    ) -> Result<(Self, BTreeMap<String, String>)> {
        let mut parts = Self::default();
        let mut names = BTreeMap::new();
        for (&part, synthesizer) in chosen {
            let frame = match part {
                Part::Votes => votes::learned(model, view)?,
                Part::Proposals => proposals::learned(model)?,
            };
            let enough = (part.least_rows()..=part.most_rows()).contains(&frame.rows());
            names.insert(part.name().to_owned(), if enough { synthesizer.name() } else { OWN }.to_owned());
            if enough {
                let options = TableFitOptions { seed: options.seed, ..TableFitOptions::default() };
                parts.models.insert(part, synthesizer.fit(&frame, &options, run).map_err(own)?);
            }
        }
        Ok((parts, names))
    }

    pub(crate) fn get(&self, part: Part) -> Option<&dyn FittedTable> {
        self.models.get(&part).map(Box::as_ref)
    }

    /// Writes each model as a folder of its own into the twin's.
    ///
    /// # Errors
    /// I/O.
    pub(crate) fn write(&self, folder: &Path, dao: usize) -> Result<()> {
        for (&part, model) in &self.models {
            model.save(&folder.join(place(dao, part))).map_err(own)?;
        }
        Ok(())
    }

    /// Reads the models that a manifest names. Everything is untrusted: a model of other columns is refused.
    ///
    /// # Errors
    /// What is wrong, in words; the errors of the models' readers.
    pub(crate) fn read(
        folder: &Path,
        dao: usize,
        model: &DaoModel,
        names: &BTreeMap<String, String>,
        run: &Run,
    ) -> Result<Self> {
        let not = |reason: String| Error::NotATwin { path: folder.to_path_buf(), reason };
        let mut parts = Self::default();
        for (name, synthesizer) in names.iter().filter(|(_, synthesizer)| *synthesizer != OWN) {
            let part =
                Part::find(name).ok_or_else(|| not("its manifest names an unknown part".to_owned()))?;
            let place = place(dao, part);
            let manifest = crate::table::files::read_manifest(&folder.join(&place), run)?;
            if manifest.synthesizer != *synthesizer || !MODELS.contains(&synthesizer.as_str()) {
                return Err(not(format!("`{place}` does not hold the model that the manifest names")));
            }
            let fitted = registry::load(&folder.join(&place), run).map_err(own)?;
            let expected = match part {
                Part::Votes => votes::columns(),
                Part::Proposals => proposals::columns(model),
            };
            let alike = |(found, known): (&Column, &Column)| {
                found.name == known.name && found.kind == known.kind && found.optional == known.optional
            };
            let found = fitted.columns();
            if found.len() != expected.len() || !found.iter().zip(&expected).all(alike) {
                return Err(not(format!("`{place}` has other columns than a model of {name}")));
            }
            parts.models.insert(part, fitted);
        }
        Ok(parts)
    }
}

/// The folder of a part's model within the twin's.
fn place(dao: usize, part: Part) -> String {
    format!("{dao}-{}", part.name())
}

/// Fills in what is missing.
fn fill(model: &dyn FittedTable, frame: &Frame, stream: &mut Stream) -> Result<Frame> {
    model
        .impute(frame, stream)
        .ok_or_else(|| Error::Defect("a model of a part does not fill in missing values".to_owned()))
}
