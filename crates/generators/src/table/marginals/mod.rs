//! Marginals: a graphical model of noisy contingency tables (Private-PGM), exact on a junction tree.
//!
//! Numbers are cut into bins, of a private fit into bins that noisy counts found. A few marginals are selected and measured, with exact discrete noise
//! under one zCDP budget where the fit is private; the distribution of the most entropy that explains them is a
//! log-linear model, whose junction tree gives marginals, densities and conditional rows exactly. What is
//! measured is up to a [`Strategy`].

#[cfg(test)]
mod audit;
mod counts;
mod domain;
mod estimate;
mod fitted;
mod inference;
mod junction_tree;
mod residual;
mod sample;
mod select;
#[cfg(test)]
mod test;

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{
    FittedTable, Setting, TableCard, TableFitOptions, TableSynthesizer,
};
use daotwin_history::synthesizer::Failure;
use daotwin_privacy::{Measurer, Noise};

use self::counts::Rows;
use self::domain::Domain;
use self::fitted::Fitted;
pub use self::select::Strategy;
use self::select::{Learned, Plan, Progress, Select};
use super::files::Guarantee;
use super::private::{self, BIN_SHARE, Cut};
use super::setting;
use crate::charge::Stage;
use crate::encode::Discrete;
use crate::error::{Error, Result};
use crate::local::{Report, Statement};

const PRIVACY: &str = "(epsilon, delta) for a member: all counts and selections, and those of where bins lie, under one zCDP \
     budget, exact discrete Gaussian noise and an exact exponential mechanism; every column must be declared";

/// MST goes in no rounds and has no target, which stand last.
const SETTINGS: &[Setting] = &[
    setting("bins", 16.0, (1.0, 256.0), "cells that a number is cut into"),
    setting(
        "max_cells",
        262_144.0,
        (16.0, 16_777_216.0),
        "cells of the junction tree at most; time and memory grow with it",
    ),
    setting(
        "ridge",
        0.2,
        (0.02, 10.0),
        "the weight of the entropy against the measured counts, in units of their noise",
    ),
    BIN_SHARE,
    setting("rounds", 4.0, (1.5, 64.0), "rounds for each column that the budget is cut into at first"),
    setting(
        "target",
        0.0,
        (0.0, 4_096.0),
        "the place of a column (1 is the first) that others will be used to predict; 0 for none",
    ),
];

impl TableSynthesizer for Strategy {
    fn name(&self) -> &'static str {
        match self {
            Self::Mst => "mst",
            Self::Aim => "aim",
            Self::AimGrem => "aim-grem",
        }
    }

    fn card(&self) -> TableCard {
        let (purpose, source, limits) = match self {
            Self::Mst => (
                "private tables in a second: the strongest pairs of columns, as a tree",
                "McKenna, Miklau and Sheldon 2021 (MST), McKenna, Sheldon and Miklau 2019 (Private-PGM)",
                "relations of three columns are kept only where they follow from the tree; numbers lie within a \
                 bin as a coarse noisy count says",
            ),
            Self::Aim => (
                "the most faithful private tables: it spends its budget on what the model explains worst",
                "McKenna, Mullins, Sheldon and Miklau 2022 (AIM), McKenna, Sheldon and Miklau 2019 (Private-PGM)",
                "within a bin numbers lie as a coarse noisy count says; with many columns the budget of each marginal is small",
            ),
            Self::AimGrem => (
                "private tables of many columns: each round of `aim` without a model of the whole table",
                "arXiv 2602.05674 (AIM+GReM), Xiao et al. 2023 (ResidualPlanner), Mullins et al. 2024 (ReM)",
                "rows keep those measured marginals that fit into a junction tree of `max_cells`; at epsilon 1 and 3 \
                 `aim` was closer to a table of 48 columns, and `mst` to one of 192",
            ),
        };
        let settings = if *self == Self::Mst { SETTINGS.split_at(4).0 } else { SETTINGS };
        TableCard { purpose, source, limits, privacy: Some(PRIVACY), settings, bytes_per_cell: 8 }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fit(*self, frame, None, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fitted::read(folder, run)?))
    }
}

/// [`Strategy::Mst`] of reports; see [`crate::local::fit`].
pub(crate) fn fit_reports(
    frame: &Frame,
    statement: &Statement,
    options: &TableFitOptions,
    run: &Run,
) -> Result<Box<dyn FittedTable>> {
    Ok(Box::new(fit(Strategy::Mst, frame, Some(statement), options, run)?))
}

/// The codes of rows, one list an attribute.
fn codes_of(frame: &Frame, discrete: &Discrete, order: &[usize]) -> Vec<Vec<u32>> {
    let mut codes = discrete.encode(frame);
    order.iter().map(|&column| std::mem::take(&mut codes[column])).collect()
}

/// The attribute of a column.
fn place_of(column: Option<usize>, order: &[usize]) -> Option<usize> {
    column.and_then(|column| order.iter().position(|&known| known == column))
}

/// A private fit: the cells of numbers, then the marginals of their codes.
struct Private<'a> {
    frame: &'a Frame,
    cut: Cut,
    plan: Plan,
    /// The column whose relations matter most.
    target: Option<usize>,
    progress: Progress<'a>,
}

/// What a private fit releases.
struct Found {
    discrete: Discrete,
    learned: Learned,
}

impl Stage for Private<'_> {
    type Release = Found;

    fn measure<N: Noise>(self, measurer: &mut Measurer<N>) -> Result<Found> {
        let discrete = self.cut.cells(self.frame, measurer)?;
        let (order, domain): (Vec<usize>, Domain) = fitted::order_of(&discrete);
        let codes = codes_of(self.frame, &discrete, &order);
        let rows = Rows { domain: &domain, codes: &codes, count: self.frame.rows(), reports: None };
        let plan = Plan { target: place_of(self.target, &order), ..self.plan };
        let learned = Select { rows, plan, progress: self.progress }.measure(measurer)?;
        Ok(Found { discrete, learned })
    }

    fn bytes(found: &Found) -> Vec<Vec<u8>> {
        let mut bytes = vec![serde_json::to_vec(&found.discrete.parts).unwrap_or_default()];
        bytes.extend(Select::bytes(&found.learned));
        bytes
    }
}

fn fit(
    strategy: Strategy,
    frame: &Frame,
    reports: Option<&Statement>,
    options: &TableFitOptions,
    run: &Run,
) -> Result<Fitted> {
    let given = super::begin(&strategy, frame, options)?;
    let private = match &options.privacy {
        Some(privacy) => Some((private::admitted(frame, privacy)?, privacy)),
        None => None,
    };
    if reports.is_some() && options.privacy.is_some() {
        let what = "reports are private by themselves; leave `--epsilon` out, or fit the members' own values";
        return Err(Error::Options { problems: vec![what.to_owned()] });
    }
    let name = strategy.name();
    let stage = format!("fit {name}");
    let progress = Progress { run, stage: &stage };
    progress.at(0.0)?;
    let target = given.get("target") as usize;
    if target > frame.columns().len() {
        let what = format!("setting `target` is {target}; the table has {} columns", frame.columns().len());
        return Err(Error::Options { problems: vec![what] });
    }
    let bins = given.get("bins");
    let mut plan = Plan {
        strategy,
        max_cells: given.get("max_cells") as usize,
        ridge: given.get("ridge"),
        rounds: given.get("rounds"),
        target: None,
        rho: None,
    };
    let target = target.checked_sub(1);
    let (discrete, order, domain, mut learned, guarantee) = match &private {
        Some((frame, privacy)) => {
            let cut = Cut::of(&given, bins);
            // What the noise leaves of a row, of which a member may hold several.
            let group = f64::from(private::group(frame));
            let rho = select::rho(privacy.epsilon, privacy.delta)?;
            plan.rho = Some(rho * cut.left(frame) / (group * group));
            let stage = Private { frame, cut, plan, target, progress };
            let (found, guarantee) = private::release(name, frame, &given.values, privacy, stage)?;
            let (order, domain) = fitted::order_of(&found.discrete);
            (found.discrete, order, domain, found.learned, Some(guarantee))
        }
        None => {
            // Without noise the data itself may say where its bins lie.
            let discrete = match reports {
                Some(statement) => statement.discrete(frame)?,
                None => Discrete::fit(frame, bins as usize),
            };
            let guarantee = reports.map(|statement| Guarantee {
                epsilon: statement.epsilon,
                delta: 0.0,
                unit: "member (the reports of a row, noised before they were collected)".to_owned(),
                ledger_head: None,
                test_noise: false,
            });
            let (order, domain) = fitted::order_of(&discrete);
            let codes = codes_of(frame, &discrete, &order);
            let reported: Option<Vec<Report>> = reports
                .map(|statement| order.iter().map(|&column| statement.columns[column].clone()).collect());
            let rows =
                Rows { domain: &domain, codes: &codes, count: frame.rows(), reports: reported.as_deref() };
            let plan = Plan { target: place_of(target, &order), ..plan };
            let learned = Select { rows, plan, progress }.measure(&mut Measurer::exact())?;
            (discrete, order, domain, learned, guarantee)
        }
    };
    let (engine, total) = learned.finish(&domain, &plan, run)?;
    let fitted = Fitted::new(name, discrete, order, engine, learned.theta, total, options.seed.0, guarantee);
    progress.at(1.0)?;
    Ok(fitted)
}
