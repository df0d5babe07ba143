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
use daotwin_nn::Device;

use self::fit::Plan;
use super::checkpoint::Checkpoint;
use super::dpsgd;
use super::private::{BIN_SHARE, Cut};
use super::trees::codec::{CELLS, Codec};
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
        purpose: "of a private fit: cells of a number",
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
    Setting {
        name: "private_rate",
        default: 0.05,
        bounds: (1e-6, 1.0),
        purpose: "of a private fit: the chance with which a row takes part in a step",
    },
    Setting {
        name: "private_steps",
        default: 500.0,
        bounds: (1.0, 1_000_000.0),
        purpose: "of a private fit: steps, which share the budget",
    },
    Setting {
        name: "bound",
        default: 1.0,
        bounds: (1e-6, 1e6),
        purpose: "of a private fit: the norm that the gradient of a row is scaled down to",
    },
    Setting {
        name: "burn",
        default: 0.0,
        bounds: (0.0, 1.0),
        purpose: "1 trains through the tensor library, on a GPU where the build has one",
    },
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
            privacy: Some(
                "(epsilon, delta) for a member: DP-SGD with Poisson sampling, gradients of rows scaled down to a bound, \
                 discrete Gaussian noise, and noisy counts of rows, of each column and of where its cells lie; every \
                 column must be declared",
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
    let settings = super::begin(model, frame, options)?;
    let given = |name: &str| {
        let place = SETTINGS.iter().position(|setting| setting.name == name);
        place.and_then(|place| settings.get(place)).copied().unwrap_or_default()
    };
    let plan = Plan {
        steps: given("steps") as u64,
        batch: given("batch") as usize,
        width: given("width") as usize,
        depth: given("depth") as usize,
        rate: given("rate") as f32,
        dropout: given("dropout") as f32,
        any_order: given("any_order"),
        device: if given("burn") > 0.5 { Device::Tensors } else { Device::Fused },
    };
    if let Some(privacy) = &options.privacy {
        let frame = &crate::table::private::admitted(frame, privacy)?;
        run.check()?;
        let private = dpsgd::Plan {
            rate: given("private_rate"),
            steps: given("private_steps") as u64,
            bound: given("bound") as f32,
        };
        let plan = Plan {
            steps: private.steps,
            width: given("private_width") as usize,
            rate: given("private_learning_rate") as f32,
            dropout: 0.0,
            ..plan
        };
        let cut = Cut { bins: given("bins") as usize, share: given("bin_share") };
        let build = |cells: &Discrete| {
            self::private::Private::new(&Codec::of_cells(cells.clone()), frame, plan, options.seed)
        };
        let done = dpsgd::fit(NAME, frame, privacy, &settings, cut, build, private, options.seed, run)?;
        return done.learner.fitted(Codec::of_cells(done.cells), done.rows, done.guarantee);
    }
    let (checkpoint, saved) = Checkpoint::open(NAME, frame, options, &settings, run)?;
    let (codec, codes) = Codec::fit_cells(frame, PART, given("cells") as usize);
    fit::fit(codec, &codes, &plan, options.seed, checkpoint, saved, run)
}
