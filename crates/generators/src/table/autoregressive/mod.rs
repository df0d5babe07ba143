//! An autoregressive network over masked columns, in any order.
//!
//! Columns become small codes (shared cells). One network sees a row with some columns masked and gives the law of each
//! masked one. Drawing column after column, each given those before it, draws a row; columns whose values are
//! asked for come first, so that conditions and missing values cost nothing extra. No value is copied: a number
//! is drawn from within its cell.

mod fit;
mod model;
mod parts;
mod private;
mod store;
#[cfg(test)]
mod test;

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{
    FittedTable, Setting, TableCard, TableFitOptions, TableSynthesizer,
};
use daotwin_history::synthesizer::Failure;

use self::fit::Plan;
use super::checkpoint::Checkpoint;
use super::deep::{BURN, bound, private_rate, private_steps};
use super::private::{BIN_SHARE, Cut};
use super::trees::codec::{CELLS, Codec};
use super::{dpsgd, setting};
use crate::encode::Discrete;
use crate::error::Result;

/// The name in the registry.
const NAME: &str = "autoregressive";

/// Rows that a part of a cell holds at least; see the codec.
const PART: usize = 5;

/// Learns every column given any others by one network.
#[derive(Debug)]
pub struct Autoregressive;

const SETTINGS: &[Setting] = &[
    setting(
        "steps",
        3_000.0,
        (1.0, 10_000_000.0),
        "steps of learning at most, in whole passes over the rows; it stops where rows held out are \
         explained no better",
    ),
    setting("batch", 256.0, (1.0, 65_536.0), "rows of a step"),
    setting("width", 256.0, (8.0, 4_096.0), "numbers in a hidden layer"),
    setting("depth", 1.0, (0.0, 16.0), "residual blocks between the first layer and the last"),
    setting(
        "rate",
        0.002,
        (1e-6, 1.0),
        "learning rate of the first step; it falls to nothing over the epochs",
    ),
    setting("dropout", 0.05, (0.0, 0.9), "share of the hidden numbers that a step of learning leaves out"),
    setting("cells", 100.0, (2.0, CELLS as f64), "cells of a number at most"),
    setting(
        "any_order",
        0.3,
        (0.0, 1.0),
        "share of rows that are learned in an order of their own, for conditions and missing values; \
         the others are learned in the order in which rows are drawn",
    ),
    setting("bins", 16.0, (2.0, CELLS as f64), "of a private fit: cells of a number"),
    setting(
        "private_width",
        64.0,
        (8.0, 4_096.0),
        "of a private fit: numbers in a hidden layer; noise grows with it",
    ),
    setting(
        "private_learning_rate",
        0.01,
        (1e-6, 1.0),
        "of a private fit: learning rate of the first step; it falls to nothing over the steps",
    ),
    private_rate(0.05),
    private_steps(500.0),
    bound(1.0),
    BURN,
    BIN_SHARE,
];

impl TableSynthesizer for Autoregressive {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "conditions on any columns, likelihoods, missing values and sequences of events by one \
                      network",
            source: "order-agnostic autoregression (Uria, Murray and Larochelle 2014; Hoogeboom et al. 2022, \
                     arXiv 2110.02037; TabularARGN, arXiv 2501.12012)",
            limits: "slower than trees by a factor of some dozens; conditions on several \
                     ranges at once are met exactly, and the other columns follow them approximately",
            privacy: Some(dpsgd::PRIVACY),
            settings: SETTINGS,
            bytes_per_cell: 64,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fit(self, frame, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(folder, run)?))
    }
}

fn fit(model: &Autoregressive, frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<model::Fitted> {
    let given = super::begin(model, frame, options)?;
    let plan = Plan {
        steps: given.get("steps") as u64,
        batch: given.get("batch") as usize,
        width: given.get("width") as usize,
        depth: given.get("depth") as usize,
        rate: given.get("rate") as f32,
        dropout: given.get("dropout") as f32,
        any_order: given.get("any_order"),
        device: given.device(),
    };
    if let Some(privacy) = &options.privacy {
        let frame = &super::private::admitted(frame, privacy)?;
        run.check()?;
        let plan = Plan {
            steps: dpsgd::Plan::of(&given).steps,
            width: given.get("private_width") as usize,
            rate: given.get("private_learning_rate") as f32,
            dropout: 0.0,
            ..plan
        };
        let build = |cells: &Discrete| {
            self::private::Private::new(&Codec::of_cells(cells.clone()), frame, plan, options.seed)
        };
        let cut = Cut::of(&given, given.get("bins"));
        let done = dpsgd::fit(NAME, &given, frame, privacy, cut, build, run)?;
        return done.learner.fitted(Codec::of_cells(done.cells), done.rows, done.guarantee);
    }
    let checkpoint = Checkpoint::open(NAME, frame, options, &given.values, run)?;
    let (codec, codes) = Codec::fit_cells(frame, PART, given.get("cells") as usize);
    fit::fit(codec, &codes, &plan, options.seed, checkpoint, run)
}
