//! Marginals: a graphical model of noisy contingency tables (Private-PGM), exact on a junction tree.
//!
//! Numbers are cut into bins, of a private fit into bins that noisy counts found. A few marginals are selected and measured, with exact discrete noise
//! under one zCDP budget where the fit is private; the distribution of the most entropy that explains them is a
//! log-linear model, whose junction tree gives marginals, densities and conditional rows exactly. [`Mst`]
//! selects a spanning tree of pairs, [`Aim`] whatever the model explains worst, [`AimGrem`] what marginals put
//! together from residuals explain worst, without a model of the whole until the end.

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
use self::select::{Learned, Plan, Progress, Select, Strategy};
use super::files::Guarantee;
use super::private::{self, BIN_SHARE, Cut};
use crate::charge::Stage;
use crate::encode::Discrete;
use crate::error::{Error, Result};
use crate::local::{Report, Statement};

/// A spanning tree of pairs of columns.
#[derive(Debug)]
pub struct Mst;

/// The marginals that the model explains worst, round by round.
#[derive(Debug)]
pub struct Aim;

/// [`Aim`] for wide tables: estimates are put together from residuals.
#[derive(Debug)]
pub struct AimGrem;

const PRIVACY: &str = "(epsilon, delta) for a member: all counts and selections, and those of where bins lie, under one zCDP \
     budget, exact discrete Gaussian noise and an exact exponential mechanism; every column must be declared";

const BINS: Setting =
    Setting { name: "bins", default: 16.0, bounds: (1.0, 256.0), purpose: "cells that a number is cut into" };

const MAX_CELLS: Setting = Setting {
    name: "max_cells",
    default: 262_144.0,
    bounds: (16.0, 16_777_216.0),
    purpose: "cells of the junction tree at most; time and memory grow with it",
};

const RIDGE: Setting = Setting {
    name: "ridge",
    default: 0.2,
    bounds: (0.02, 10.0),
    purpose: "the weight of the entropy against the measured counts, in units of their noise",
};

const ROUNDS: Setting = Setting {
    name: "rounds",
    default: 4.0,
    bounds: (1.5, 64.0),
    purpose: "rounds for each column that the budget is cut into at first",
};

const TARGET: Setting = Setting {
    name: "target",
    default: 0.0,
    bounds: (0.0, 4_096.0),
    purpose: "the place of a column (1 is the first) that others will be used to predict; 0 for none",
};

impl TableSynthesizer for Mst {
    fn name(&self) -> &'static str {
        "mst"
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "private tables in a second: the strongest pairs of columns, as a tree",
            source: "McKenna, Miklau and Sheldon 2021 (MST), McKenna, Sheldon and Miklau 2019 (Private-PGM)",
            limits: "relations of three columns are kept only where they follow from the tree; numbers lie within a \
                     bin as a coarse noisy count says",
            privacy: Some(PRIVACY),
            settings: &[BINS, MAX_CELLS, RIDGE, BIN_SHARE],
            bytes_per_cell: 8,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fit(self, Strategy::Mst, frame, None, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fitted::read(folder, run)?))
    }
}

impl TableSynthesizer for Aim {
    fn name(&self) -> &'static str {
        "aim"
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "the most faithful private tables: it spends its budget on what the model explains worst",
            source: "McKenna, Mullins, Sheldon and Miklau 2022 (AIM), McKenna, Sheldon and Miklau 2019 (Private-PGM)",
            limits: "within a bin numbers lie as a coarse noisy count says; with many columns the budget of each marginal is small",
            privacy: Some(PRIVACY),
            settings: &[BINS, MAX_CELLS, RIDGE, BIN_SHARE, ROUNDS, TARGET],
            bytes_per_cell: 8,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fit(self, Strategy::Aim, frame, None, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fitted::read(folder, run)?))
    }
}

impl TableSynthesizer for AimGrem {
    fn name(&self) -> &'static str {
        "aim-grem"
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "private tables of many columns: each round of `aim` without a model of the whole table",
            source: "arXiv 2602.05674 (AIM+GReM), Xiao et al. 2023 (ResidualPlanner), Mullins et al. 2024 (ReM)",
            limits: "rows keep those measured marginals that fit into a junction tree of `max_cells`; at epsilon 1 and 3 \
                     `aim` was closer to a table of 48 columns, and `mst` to one of 192",
            privacy: Some(PRIVACY),
            settings: &[BINS, MAX_CELLS, RIDGE, BIN_SHARE, ROUNDS, TARGET],
            bytes_per_cell: 8,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fit(self, Strategy::AimGrem, frame, None, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fitted::read(folder, run)?))
    }
}

/// [`Mst`] of reports; see [`crate::local::fit`].
pub(crate) fn fit_reports(
    frame: &Frame,
    statement: &Statement,
    options: &TableFitOptions,
    run: &Run,
) -> Result<Box<dyn FittedTable>> {
    Ok(Box::new(fit(&Mst, Strategy::Mst, frame, Some(statement), options, run)?))
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
    synthesizer: &dyn TableSynthesizer,
    strategy: Strategy,
    frame: &Frame,
    reports: Option<&Statement>,
    options: &TableFitOptions,
    run: &Run,
) -> Result<Fitted> {
    let settings = super::begin(synthesizer, frame, options)?;
    let private = match &options.privacy {
        Some(privacy) => Some((private::admitted(frame, privacy)?, privacy)),
        None => None,
    };
    if reports.is_some() && options.privacy.is_some() {
        let what = "reports are private by themselves; leave `--epsilon` out, or fit the members' own values";
        return Err(Error::Options { problems: vec![what.to_owned()] });
    }
    let name = synthesizer.name();
    let stage = format!("fit {name}");
    let progress = Progress { run, stage: &stage };
    progress.at(0.0)?;
    let target = settings.get(5).map_or(0, |place| *place as usize);
    if target > frame.columns().len() {
        let what = format!("setting `target` is {target}; the table has {} columns", frame.columns().len());
        return Err(Error::Options { problems: vec![what] });
    }
    let bins = settings[0] as usize;
    let mut plan = Plan {
        strategy,
        max_cells: settings[1] as usize,
        ridge: settings[2],
        rounds: settings.get(4).copied().unwrap_or_default(),
        target: None,
        rho: None,
    };
    let target = target.checked_sub(1);
    let (discrete, order, domain, mut learned, guarantee) = match &private {
        Some((frame, privacy)) => {
            let cut = Cut { bins, share: settings[3] };
            // What the noise leaves of a row, of which a member may hold several.
            let group = f64::from(private::group(frame));
            let rho = select::rho(privacy.epsilon, privacy.delta)?;
            plan.rho = Some(rho * cut.left(frame) / (group * group));
            let stage = Private { frame, cut, plan, target, progress };
            let (found, guarantee) = private::release(name, frame, &settings, privacy, stage)?;
            let (order, domain) = fitted::order_of(&found.discrete);
            (found.discrete, order, domain, found.learned, Some(guarantee))
        }
        None => {
            // Without noise the data itself may say where its bins lie.
            let discrete = match reports {
                Some(statement) => statement.discrete(frame)?,
                None => Discrete::fit(frame, bins),
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
