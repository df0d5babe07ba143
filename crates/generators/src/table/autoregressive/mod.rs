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
use super::deep::{BURN, Given, bound, private_rate, private_steps};
use super::dpsgd;
use super::trees::codec::{CELLS, Codec};
use crate::error::{Error, Result};

/// The name in the registry.
const NAME: &str = "autoregressive";

/// Rows that a part of a cell holds at least; see the codec.
const PART: usize = 5;

/// Learns every column given any others by one network.
#[derive(Debug)]
pub struct Autoregressive;

const SETTINGS: &[Setting] = &[
    Setting {
        name: "steps",
        default: 3_000.0,
        bounds: (1.0, 10_000_000.0),
        purpose: "steps of learning at most, in whole passes over the rows; it stops where rows held out are \
                  explained no better",
    },
    Setting { name: "batch", default: 256.0, bounds: (1.0, 65_536.0), purpose: "rows of a step" },
    Setting { name: "width", default: 256.0, bounds: (8.0, 4_096.0), purpose: "numbers in a hidden layer" },
    Setting {
        name: "depth",
        default: 1.0,
        bounds: (0.0, 16.0),
        purpose: "residual blocks between the first layer and the last",
    },
    Setting {
        name: "rate",
        default: 0.002,
        bounds: (1e-6, 1.0),
        purpose: "learning rate of the first step; it falls to nothing over the epochs",
    },
    Setting {
        name: "dropout",
        default: 0.05,
        bounds: (0.0, 0.9),
        purpose: "share of the hidden numbers that a step of learning leaves out",
    },
    Setting {
        name: "cells",
        default: 100.0,
        bounds: (2.0, CELLS as f64),
        purpose: "cells of a number at most",
    },
    Setting {
        name: "any_order",
        default: 0.3,
        bounds: (0.0, 1.0),
        purpose: "share of rows that are learned in an order of their own, for conditions and missing values; \
                  the others are learned in the order in which rows are drawn",
    },
    Setting {
        name: "bins",
        default: 16.0,
        bounds: (2.0, CELLS as f64),
        purpose: "of a private fit: cells of a number's declared bounds",
    },
    Setting {
        name: "private_width",
        default: 64.0,
        bounds: (8.0, 4_096.0),
        purpose: "of a private fit: numbers in a hidden layer; noise grows with it",
    },
    Setting {
        name: "private_learning_rate",
        default: 0.01,
        bounds: (1e-6, 1.0),
        purpose: "of a private fit: learning rate of the first step; it falls to nothing over the steps",
    },
    private_rate(0.05),
    private_steps(500.0),
    bound(1.0),
    BURN,
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
            privacy: Some(
                "(epsilon, delta) for a row: DP-SGD with Poisson sampling, gradients of rows scaled down to a bound, \
                 discrete Gaussian noise, and a noisy count of rows; every column must be declared",
            ),
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
    let values = super::begin(model, frame, options)?;
    let given = Given { settings: SETTINGS, values, options };
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
        let problems = crate::table::private::refusals(frame, privacy);
        if !problems.is_empty() {
            return Err(Error::Options { problems });
        }
        run.check()?;
        let codec = Codec::declared(frame.columns(), given.get("bins") as usize);
        let private = dpsgd::Plan::of(&given);
        let plan = Plan {
            steps: private.steps,
            width: given.get("private_width") as usize,
            rate: given.get("private_learning_rate") as f32,
            dropout: 0.0,
            ..plan
        };
        let learner = private::Private::new(&codec, frame, plan, options.seed)?;
        let (learner, rows, guarantee) =
            dpsgd::fit(NAME, frame, privacy, &given.values, learner, private, options.seed, run)?;
        return learner.fitted(codec, rows, guarantee);
    }
    let (checkpoint, saved) = Checkpoint::open(NAME, frame, options, &given.values, run)?;
    let (codec, codes) = Codec::fit_cells(frame, PART, given.get("cells") as usize);
    fit::fit(codec, &codes, &plan, options.seed, checkpoint, saved, run)
}
